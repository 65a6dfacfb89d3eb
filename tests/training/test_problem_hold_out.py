"""The hold-out of early stopping."""

import re

import numpy as np
import pytest
import scipy.sparse as sp

from skbalance.training import hold_out_rows


def long_tail(seed, n_samples=300):
    """One common label, and eleven of two samples each."""
    rng = np.random.default_rng(seed)
    y = np.zeros((n_samples, 12), int)
    y[: n_samples // 2, 0] = 1
    for label in range(1, 12):
        y[rng.choice(n_samples, 2, replace=False), label] = 1
    return y


@pytest.mark.parametrize("seed", range(10))
def test_every_label_keeps_a_positive_to_train_on(seed):
    y = long_tail(seed)
    train, held_out = hold_out_rows(sp.csr_array(y), 0.2, np.random.RandomState(seed))
    assert sorted([*train, *held_out]) == list(range(300))
    assert 55 <= len(held_out) <= 60
    assert y[train].sum(axis=0).min() >= 1
    assert y[held_out, 0].sum() == pytest.approx(30, abs=1)


def test_labels_that_nobody_has_do_not_matter():
    y = np.zeros((20, 3), int)
    y[:10, 0] = 1
    train, held_out = hold_out_rows(sp.csr_array(y), 0.2, np.random.RandomState(0))
    assert (len(train), len(held_out)) == (16, 4)
    assert y[held_out, 0].sum() == 2


def test_only_what_a_label_needs_goes_back():
    # Each sample has a label of its own; half of them share another, so that two thirds of the hold-out go back.
    y = sp.csr_array(np.vstack([np.eye(4), np.zeros((8, 4))]).astype(bool))
    train, held_out = hold_out_rows(y, 0.5, np.random.RandomState(0))
    assert set(train) >= {0, 1, 2, 3}
    assert 0 < len(held_out) <= 6


def test_no_part_is_empty():
    with pytest.raises(ValueError, match=re.escape("validation_fraction=0.99 of 23 samples leaves none")):
        hold_out_rows(sp.csr_array((23, 2), dtype=int), 0.99, np.random.RandomState(0))
    with pytest.raises(ValueError, match=r"early_stopping=True has no sample to hold out: .* each of the 2 would"):
        hold_out_rows(sp.csr_array(np.eye(10, dtype=int)), 0.2, np.random.RandomState(0))
    train, held_out = hold_out_rows(sp.csr_array((5, 2), dtype=int), 0.01, np.random.RandomState(0))
    assert (len(train), len(held_out)) == (4, 1)
