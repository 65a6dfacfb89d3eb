"""Candidates of several parts put together."""

import numpy as np

from skbalance.decisions._pairs import Candidates


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
