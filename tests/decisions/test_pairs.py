"""Candidates of several parts put together."""

import numpy as np
import pytest

from skbalance.decisions._pairs import Candidates, weighted_quantiles


def part(n_rows, width, n_matches, seed):
    rng = np.random.default_rng(seed)
    labels = np.array([rng.permutation(9)[:width] for _ in range(n_rows)])
    ways = ("match", "found")[:n_matches]
    return Candidates(labels, rng.normal(size=(n_rows, width, 2)), rng.random((n_rows, width, n_matches)), ways)


def test_parts_of_other_widths_and_blocks_of_matches():
    narrow, wide = part(2, 3, 0, seed=0), part(3, 5, 2, seed=1)
    found = Candidates.concatenate([narrow, wide])
    assert found.labels.shape == (5, 5)
    assert found.scores.shape == found.matches.shape == (5, 5, 2)
    assert found.ways == ("match", "found")
    np.testing.assert_array_equal(found.labels[:2, :3], narrow.labels)
    np.testing.assert_array_equal(found.scores[:2, :3], narrow.scores)
    # What is added is not trained and matches nothing.
    assert (found.scores[:2, 3:] == -np.inf).all()
    assert not found.trained[:2, 3:].any()
    assert not found.matches[:2].any()
    for name in ("labels", "scores", "matches"):
        np.testing.assert_array_equal(getattr(found, name)[2:], getattr(wide, name))


def test_scores_that_are_not_given():
    labels, inf, nan = np.zeros((2, 3), dtype=int), np.inf, np.nan
    scores = np.moveaxis(np.array([[[2.0, nan, -inf], [1, nan, 3]], [[nan, nan, -inf], [nan, nan, nan]]]), 0, -1)
    given = Candidates(labels, scores, np.zeros((2, 3, 0)))
    np.testing.assert_array_equal(given.first_scores, [[2, -inf, -inf], [1, -inf, 3]])
    assert given.lowest_scores == [1, 0]


@pytest.mark.parametrize("method", ["linear", "inverted_cdf"])
@pytest.mark.parametrize("n_values", [1, 2, 30])
def test_weighted_quantiles_are_those_of_copies(method, n_values):
    rng = np.random.default_rng(0)
    values, shares = rng.normal(size=n_values).astype(np.float32).round(1), np.linspace(0, 1, 77)
    for weights in (np.ones(n_values), np.full(n_values, 2.0), rng.integers(1, 4, n_values)):
        expected = np.quantile(np.repeat(values, weights.astype(int)), shares, method=method)
        np.testing.assert_array_equal(weighted_quantiles(values, weights, shares, method), expected)
        assert weighted_quantiles(values, weights, 0.5, method) == np.quantile(
            np.repeat(values, weights.astype(int)), 0.5, method=method
        )
    # Weights that sum up to less than one value are scaled up.
    small = weighted_quantiles(values, rng.integers(1, 4, n_values) / 2**30, np.array([0.0, 1.0]), method)
    np.testing.assert_array_equal(small, [values.min(), values.max()])
