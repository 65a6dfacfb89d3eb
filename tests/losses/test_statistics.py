"""Label statistics: counts, their limits, and the centre of the rebalancing ratio."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from skbalance.losses import LabelStatistics


def center_by_hand(y, weight=None):
    """The definition, pair by pair, samples repeated by their integer weight."""
    y = np.repeat(y, np.ones(len(y), int) if weight is None else weight, axis=0)
    counts = y.sum(axis=0)
    ratios = [
        (1 / counts[i]) / sum(1 / counts[j] for j in np.flatnonzero(row)) for row in y for i in np.flatnonzero(row)
    ]
    return (np.mean(ratios) + np.median(ratios)) / 2


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 12), st.integers(1, 6))
def test_center_matches_its_definition(seed, n_samples, n_labels):
    rng = np.random.default_rng(seed)
    y = (rng.random((n_samples, n_labels)) < 0.5).astype(int)
    y[0, 0] = 1
    weight = rng.integers(0, 4, n_samples)
    weight[0] = 1
    assert LabelStatistics.from_targets(y).rebalance_center == pytest.approx(center_by_hand(y), rel=1e-12)
    weighted = LabelStatistics.from_targets(sp.csr_matrix(y), weight)
    assert weighted.rebalance_center == pytest.approx(center_by_hand(y, weight), rel=1e-12)
    assert weighted.n_samples == weight.sum()
    np.testing.assert_array_equal(weighted.counts, weight @ y)


def test_without_a_positive_pair_the_center_is_that_of_single_labels():
    assert LabelStatistics.from_targets(np.zeros((3, 2))).rebalance_center == 1
    assert LabelStatistics.from_targets(np.eye(3)).rebalance_center == 1


def test_the_callers_sparse_target_is_not_changed():
    y = sp.csr_array((np.array([0, 1, 1, 1]), np.array([1, 0, 2, 1]), np.array([0, 2, 4])), shape=(2, 3))
    for array in (y.data, y.indices, y.indptr):
        array.flags.writeable = False
    np.testing.assert_array_equal(LabelStatistics.from_targets(y).counts, [1, 1, 1])
    assert y.indices.tolist() == [1, 0, 2, 1]
    y = y.copy()
    y.indices[0] = -1
    with pytest.raises(ValueError, match="y is a malformed CSR matrix"):
        LabelStatistics.from_targets(y)


def test_explicit_zeros_of_a_sparse_target_do_not_count():
    y = sp.csr_array((np.array([1, 0, 1]), np.array([0, 1, 1]), np.array([0, 2, 3])), shape=(2, 2))
    np.testing.assert_array_equal(LabelStatistics.from_targets(y).counts, [1, 1])


def test_clipping():
    statistics = LabelStatistics([0, 1, 50, 100], 100)
    np.testing.assert_array_equal(statistics.clipped_counts, [1, 1, 50, 100])
    np.testing.assert_allclose(statistics.log_odds, [np.log(99), np.log(99), 0, -np.log(99)])


def test_light_weights_are_not_clipped_away():
    statistics = LabelStatistics([0.0, 0.01, 0.5], 1.0)
    np.testing.assert_array_equal(statistics.clipped_counts, [0.01, 0.01, 0.5])
    assert np.isfinite(LabelStatistics([0.0, 0.0], 1e-3).log_odds).all()
    assert np.isfinite(LabelStatistics([1e-300, 1.0], 1.0).log_odds).all()


@pytest.mark.parametrize(
    ("counts", "n_samples", "message"),
    [
        ([[1, 2]], 3, r"shape \(n_labels,\)"),
        ([], 3, "at least one label"),
        ([1, 5], 3, "between 0 and n_samples=3; got \\[5.0\\]"),
        ([-1], 3, "got \\[-1.0\\]"),
        ([np.nan], 3, "got \\[nan\\]"),
        ([0], 0, "positive finite"),
        ([0], np.inf, "positive finite"),
        ([0], [3], "positive finite"),
        ([0], [1, [2]], "n_samples must hold numbers"),
    ],
)
def test_bad_counts(counts, n_samples, message):
    with pytest.raises(ValueError, match=message):
        LabelStatistics(counts, n_samples)


def test_counts_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        LabelStatistics([1, 2], 3).counts[0] = 5


@pytest.mark.parametrize("center", [np.nan, -5, 0, np.inf, "a", 10**400, [0.5, 0.5]])
def test_a_center_is_a_positive_number(center):
    with pytest.raises(ValueError, match="rebalance_center must"):
        LabelStatistics([1, 2], 10, rebalance_center=center)


@pytest.mark.parametrize("n_known", [5, ["a", "b"], [10**400, 1], [11, 1]])
def test_known_rows_are_a_number_for_each_label(n_known):
    with pytest.raises(ValueError, match="n_known must hold"):
        LabelStatistics([1, 2], 10, n_known=n_known)
