"""Candidates of rows: those with the highest scores, and those whose text matches."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import expit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skbalance import _responses
from skbalance.decisions._candidates import (
    Candidates,
    FittedScorers,
    _below_where_missing,
    _best_others,
    _standardise,
    _without_repeats,
    rank_pairs,
)


class Scores:
    """Gives columns of X as scores."""

    def __init__(self, columns):
        self.columns = columns

    def decision_function(self, X):
        return X[:, self.columns]


class Probabilities(Scores):
    """And their logistic function as probabilities."""

    def predict_proba(self, X):
        return expit(self.decision_function(X))


class Best(Scores):
    """Gives the k best of them, as a sparse matrix."""

    def __init__(self, columns, k):
        self.columns, self.k = columns, k

    def decision_function(self, X):
        scores = super().decision_function(X)
        best = np.argsort(-scores, axis=1)[:, : self.k]
        index = np.repeat(np.arange(len(X)), self.k), best.ravel()
        return sp.csr_matrix((np.take_along_axis(scores, best, axis=1).ravel(), index), shape=scores.shape)


class ByColumn:
    """In place of a matcher and its vectors: the last columns of the features are the matches."""

    names = ("match",)

    def features(self, scorer, X):
        return scorer[:-1].transform(X), True

    def vectors(self, scorer):
        return self

    def match(self, features):
        return [features[:, 6:].copy()]


def test_standard_scores_have_mean_0_and_deviation_1_in_each_row():
    values = np.random.default_rng(0).normal(3, 5, size=(6, 8))
    values[:3, :2] = -np.inf
    found = _standardise(values)
    np.testing.assert_array_equal(found == -np.inf, values == -np.inf)
    for row, before in zip(found, values):
        known = row[np.isfinite(row)]
        assert (known.mean(), known.std()) == pytest.approx((0, 1))
        np.testing.assert_array_equal(np.argsort(known), np.argsort(before[np.isfinite(before)]))
    np.testing.assert_array_equal(_standardise(np.full((2, 3), 7.0)), np.zeros((2, 3)))
    np.testing.assert_array_equal(_standardise(np.full((2, 3), -np.inf)), np.full((2, 3), -np.inf))


def test_others_are_those_that_match_best():
    matches = np.random.default_rng(0).random((5, 20))
    before, labels = matches.copy(), np.tile([3, 7], (5, 1))
    found = _best_others(matches, labels)
    np.testing.assert_array_equal(matches, before)
    matches[:, [3, 7]] = -1
    np.testing.assert_array_equal(found, np.argsort(-matches, axis=1)[:, :8])
    assert _best_others(before[:, :5], labels[:, :1]).shape == (5, 5)


def test_a_label_stands_once_and_the_best_first():
    total = np.array([[5.0, 4, 3, 2, 1], [1, 2, 3, 4, 5]])
    found = _without_repeats(np.array([[0, 4, 4], [0, 2, 1]]), total)
    np.testing.assert_array_equal(found, [[0, 1, 4], [2, 1, 0]])
    # Without any repetition nothing else takes a place.
    np.testing.assert_array_equal(_without_repeats(np.array([[4, 2, 3], [0, 2, 1]]), total), [[2, 3, 4], [2, 1, 0]])


def scored(scorers, X, width, trained=(True, True, True, False), **settings):
    fitted = FittedScorers.of(scorers, ["decision_function"] * len(scorers), np.array(trained), None)
    ((block, candidates),) = fitted.candidates(X, width, **settings)
    assert (block.start, block.stop) == (0, len(settings.get("rows", X)))
    return candidates


def test_candidates_are_the_trained_labels_with_the_highest_scores():
    X = np.array([[1.0, 3, 2, 9], [0, 2, 4, 9], [5, 1, 0, 9]])
    found = scored([Scores([0, 1, 2, 3])], X, 2)
    np.testing.assert_array_equal(found.labels, [[1, 2], [2, 1], [0, 1]])
    np.testing.assert_array_equal(found.scores[..., 0], [[3, 2], [4, 2], [5, 1]])
    assert found.matches.shape == (3, 2, 0)
    np.testing.assert_array_equal(scored([Scores([0, 1, 2, 3])], X, 2, rows=np.array([2, 0])).labels, [[0, 1], [1, 2]])
    # All labels, more than there are, and one that must be there.
    for width in (4, 9):
        np.testing.assert_array_equal(scored([Scores([0, 1, 2, 3])], X, width).labels[:, -1], [3, 3, 3])
    forced = scored([Scores([0, 1, 2, 3])], X, 1, forced=[3])
    np.testing.assert_array_equal(forced.labels, [[1, 3], [2, 3], [0, 3]])
    assert (forced.scores[:, 1] == -np.inf).all()
    assert not forced.trained[:, 1].any()


def test_blocks_of_rows_do_not_matter(monkeypatch):
    X = np.random.default_rng(0).normal(size=(4, 5))
    fitted = FittedScorers.of([Scores([0, 1, 2, 3, 4])], ["decision_function"], np.ones(5, dtype=bool), None)
    for given, settings in ((X, {}), (X[[3, 0, 2]], {"rows": np.array([3, 0, 2])})):
        ((_, whole),) = fitted.candidates(given, 3)
        with monkeypatch.context() as patched:
            patched.setattr(_responses, "scoring_blocks", lambda n, _: [slice(i, i + 1) for i in range(n)])
            parts = [candidates for _, candidates in fitted.candidates(X, 3, **settings)]
        assert [len(part.labels) for part in parts] == [1] * len(given)
        np.testing.assert_array_equal(np.concatenate([part.labels for part in parts]), whole.labels)
        np.testing.assert_array_equal(np.concatenate([part.scores for part in parts]), whole.scores)


def test_malformed_features_are_refused_before_rows_are_taken():
    matrix = sp.csr_matrix(np.eye(3))
    matrix.indptr[1] = 2**30
    fitted = FittedScorers.of([Scores([0, 1, 2])], ["decision_function"], np.ones(3, dtype=bool), None)
    with pytest.raises(ValueError, match="X is a malformed CSR matrix"):
        next(fitted.candidates(matrix, 3, rows=np.array([0])))


def test_a_block_in_the_middle_is_not_all_rows(monkeypatch):
    X = np.random.default_rng(0).normal(size=(6, 3))
    fitted = FittedScorers.of([Scores([0, 1, 2])], ["decision_function"], np.ones(3, dtype=bool), None)
    monkeypatch.setattr(_responses, "scoring_blocks", lambda n, _: [slice(i, i + n // 3) for i in range(0, n, n // 3)])
    assert [len(candidates.labels) for _, candidates in fitted.candidates(X, 3)] == [2, 2, 2]


def test_several_scorers_are_heard_in_units_of_their_own_deviations():
    rng = np.random.default_rng(0)
    X = np.hstack([rng.normal(size=(30, 3)), 1000 * rng.normal(size=(30, 3)) + 1e4])
    found = scored([Scores([0, 1, 2]), Scores([3, 4, 5])], X, 3, trained=(True, True, True))
    total = sum(
        (part - part.mean(axis=1, keepdims=True)) / part.std(axis=1, keepdims=True) for part in (X[:, :3], X[:, 3:])
    )
    np.testing.assert_array_equal(found.labels, np.argsort(-total, axis=1))
    for scorer in range(2):
        part = X[:, 3 * scorer : 3 * scorer + 3]
        np.testing.assert_allclose(found.scores[..., scorer], np.take_along_axis(part, found.labels, axis=1))


def test_each_scorer_is_asked_by_its_own_method_where_one_shares_its_features_with_the_matches():
    X = np.random.default_rng(0).normal(size=(5, 9))
    doubled = make_pipeline(FunctionTransformer(lambda X: 2 * X), FunctionTransformer(), Scores([0, 1, 2]))
    methods = ["decision_function", "predict_proba"]
    fitted = FittedScorers.of([doubled, Probabilities([3, 4, 5])], methods, np.ones(3, dtype=bool), ByColumn())
    ((_, found),) = fitted.candidates(X, 3)
    for values, expected in (
        (found.scores[..., 0], 2 * X[:, :3]),
        (found.scores[..., 1], X[:, 3:6]),
        (found.matches[..., 0], 2 * X[:, 6:]),
    ):
        np.testing.assert_allclose(values, np.take_along_axis(expected, found.labels, axis=1), rtol=1e-6)


def test_what_a_scorer_does_not_give_is_a_little_below_all_that_it_gives():
    values = np.array([[3.0, np.nan, 1, -np.inf], [np.nan, 7, np.nan, -np.inf], [np.nan, np.nan, np.nan, -np.inf]])
    found = _below_where_missing(values)
    np.testing.assert_array_equal(found, [[3, 0, 1, -np.inf], [6, 7, 6, -np.inf], [-1, -1, -1, -np.inf]])
    whole = np.array([[3.0, 2, -np.inf]])
    assert _below_where_missing(whole) is whole


def test_a_sparse_scorer_that_gives_all_is_as_a_dense_one():
    X = np.random.default_rng(0).normal(size=(20, 8))
    for others in ([], [Scores([4, 5, 6, 7])]):
        dense = scored([Scores([0, 1, 2, 3]), *others], X, 3)
        sparse = scored([Best([0, 1, 2, 3], 4), *others], X, 3)
        np.testing.assert_array_equal(sparse.labels, dense.labels)
        np.testing.assert_array_equal(sparse.scores, dense.scores)


def test_candidates_are_the_best_of_every_scorer():
    X = np.random.default_rng(0).normal(size=(30, 400))
    columns, rows = np.arange(200), np.arange(30)[:, None]
    found = scored([Best(columns, 5), Best(columns + 200, 5)], X, 20, trained=np.ones(200, dtype=bool))
    for scorer, part in enumerate((X[:, :200], X[:, 200:])):
        best = np.argsort(-part, axis=1)[:, :5]
        assert all(np.isin(mine, candidates).all() for mine, candidates in zip(best, found.labels))
        given = np.isin(200 * rows + found.labels, 200 * rows + best)
        scores = found.scores[..., scorer]
        np.testing.assert_array_equal(np.isnan(scores), ~given)
        np.testing.assert_allclose(scores[given], np.take_along_axis(part, found.labels, axis=1)[given])
    np.testing.assert_array_equal(found.trained, np.isfinite(found.scores).any(axis=-1))


def test_labels_that_were_not_trained_are_told_from_those_that_a_scorer_does_not_give():
    X = np.array([[1.0, 3, 2, 9], [0, 2, 4, 9]])
    found = scored([Best([0, 1, 2, 3], 2)], X, 4)
    np.testing.assert_array_equal(found.labels, [[1, 0, 2, 3], [2, 0, 1, 3]])
    np.testing.assert_array_equal(found.scores[..., 0], [[3, np.nan, np.nan, -np.inf], [4, np.nan, np.nan, -np.inf]])
    # Nothing speaks for a pair that no scorer gives, unless its text matches.
    np.testing.assert_array_equal(found.trained, [[True, False, False, False]] * 2)
    matched = replace(found, matches=np.array([0.0, 0, 0.5, 0.5])[None, :, None] * np.ones((2, 1, 1)))
    np.testing.assert_array_equal(matched.trained, [[True, False, True, False]] * 2)


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


@pytest.mark.parametrize("width", [1, 3, 7])
def test_rank_pairs_keeps_the_best(width):
    scores = np.random.default_rng(0).normal(size=(80, 7)).round(1)
    labels, ranked = rank_pairs(scores, width)
    np.testing.assert_array_equal(ranked, -np.sort(-scores, axis=1)[:, :width])
    np.testing.assert_array_equal(np.take_along_axis(scores, labels, axis=1), ranked)
