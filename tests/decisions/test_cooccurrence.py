"""Label co-occurrence: counts, and lifts against their definition."""

import numpy as np
import pytest
import scipy.sparse as sp

from skbalance.decisions._cooccurrence import LabelCooccurrence


def make_indicator(seed=0, shape=(60, 7)):
    y = np.random.default_rng(seed).random(shape) < np.linspace(0.6, 0.05, shape[1])
    y[:, -1] = False
    return y


@pytest.mark.parametrize("dtype", [np.int8, np.bool_, np.float32])
def test_counts_rows_that_have_both(dtype):
    # More rows than an int8 holds.
    y = make_indicator(shape=(1000, 7))
    found = LabelCooccurrence.of(sp.csr_array(y.astype(dtype)))
    expected = (y[:, :, None] & y[:, None, :]).sum(axis=0)
    np.testing.assert_array_equal(found.together.toarray(), expected)
    assert found.n_rows == 1000


def test_log_lift_by_its_definition():
    y = make_indicator()
    labels, others = (grid.T for grid in np.meshgrid(range(7), range(7)))
    found = LabelCooccurrence.of(sp.csr_array(y)).log_lift(labels, others)
    assert found.shape == (7, 7)
    for label, other, lift in zip(labels.ravel(), others.ravel(), found.ravel()):
        share = (y[:, label].sum() + 0.5) / (len(y) + 1)
        # One row more that has the other label, and the label in that share.
        given = ((y[:, label] & y[:, other]).sum() + share) / (y[:, other].sum() + 1)
        assert lift == pytest.approx(np.log(given / share), rel=1e-12)


def test_log_lift_says_how_labels_go_together():
    both = np.array([[1, 1, 0], [1, 1, 1], [0, 0, 1], [0, 0, 0]] * 50, dtype=np.int8)
    counted = LabelCooccurrence.of(sp.csr_array(both))
    together, apart, unrelated = counted.log_lift(np.array([0, 0, 2]), np.array([1, 2, 0]))
    assert together == pytest.approx(np.log(2), abs=0.02)
    assert apart == pytest.approx(0, abs=0.02)
    assert unrelated == pytest.approx(0, abs=0.02)
    excluded = LabelCooccurrence.of(sp.csr_array(np.array([[1, 0], [0, 1]] * 50, dtype=np.int8)))
    assert excluded.log_lift(np.array([0]), np.array([1]))[0] < -3


def test_a_label_without_rows_has_a_finite_lift():
    found = LabelCooccurrence.of(sp.csr_array(make_indicator())).log_lift(np.array([[6, 0]]), np.array([[0, 6]]))
    assert np.isfinite(found).all()
    assert found[0, 1] == pytest.approx(0, abs=1e-12)
