"""The pooled model: what it learns, what it leaves out."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skbalance.crossfit import ScoredPairs, rank_pairs
from skbalance.decisions._cooccurrence import LabelCooccurrence
from skbalance.decisions._decision_model import PooledDecisionModel, pool, rival_lifts


def make_rows(seed=0, n_rows=2000, width=4):
    rng = np.random.default_rng(seed)
    scores = -np.sort(-rng.normal(size=(n_rows, width)), axis=1)
    counts = rng.integers(1, 500, (n_rows, width))
    lifts = rng.normal(size=scores.shape)
    log_odds = 2 * scores + 0.5 * np.log1p(counts) + lifts - 4
    return scores, rng.random(scores.shape) < 1 / (1 + np.exp(-log_odds)), counts, lifts, log_odds


def make_pairs(y, scores, n_parts=5):
    """All pairs of rows and labels, best first, in parts of every fifth row."""
    labels, ranked = rank_pairs(scores.astype(np.float32), y.shape[1])
    parts = np.arange(len(y)) % n_parts
    positives = np.array([y[parts == part].sum(axis=0) for part in range(n_parts)])
    return ScoredPairs(labels, ranked, np.take_along_axis(y, labels, axis=1), positives, parts)


def test_recovers_log_odds():
    scores, targets, counts, lifts, log_odds = make_rows(n_rows=20_000)
    found = PooledDecisionModel().fit(scores, targets, counts, lifts).decision_function(scores, counts, lifts)
    assert np.corrcoef(found.ravel(), log_odds.ravel())[0, 1] > 0.98
    assert abs(found - log_odds).mean() < 0.3


def test_left_out_pairs_stay_out():
    scores, targets, counts, lifts, _ = make_rows()
    scores[::2, -1] = -np.inf
    scores[0, 1:] = -np.inf
    found = PooledDecisionModel().fit(scores, targets, counts, lifts).decision_function(scores, counts, lifts)
    np.testing.assert_array_equal(np.isneginf(found), np.isneginf(scores))
    assert not np.isnan(found).any()


def test_nothing_known():
    scores, targets, counts, lifts, _ = make_rows()
    model = PooledDecisionModel().fit(scores, targets, counts, lifts)
    assert np.isneginf(model.decision_function(np.full((2, 4), -np.inf), np.ones((2, 4)), np.zeros((2, 4)))).all()


def test_a_part_of_the_rows_is_enough_and_reproducible():
    scores, targets, counts, lifts, _ = make_rows(n_rows=20_000)
    model = PooledDecisionModel(max_pairs=20_000, random_state=0)
    first = model.fit(scores, targets, counts, lifts).decision_function(scores, counts, lifts)
    second = clone(model).fit(scores, targets, counts, lifts).decision_function(scores, counts, lifts)
    whole = PooledDecisionModel().fit(scores, targets, counts, lifts).decision_function(scores, counts, lifts)
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, whole)
    assert abs(first - whole).mean() < 0.5


def test_not_fitted():
    with pytest.raises(NotFittedError):
        PooledDecisionModel().decision_function(np.zeros((1, 2)), np.ones((1, 2)), np.zeros((1, 2)))


def test_lifts_are_those_given_the_best_other_label():
    y = np.random.default_rng(0).random((200, 4)) < 0.4
    counted = LabelCooccurrence.of(sp.csr_array(y))
    labels = np.array([[2, 0, 3, 1], [1, 3, 0, 2], [3, 1, 2, 0]])
    scores = np.array([[3.0, 2.0, 1.0, 0.0], [1.0, 1.0, -np.inf, -np.inf], [0.0, -np.inf, -np.inf, -np.inf]])
    found = rival_lifts(labels, scores, counted)
    np.testing.assert_array_equal(found[0], counted.log_lift(labels[0], np.array([0, 2, 2, 2])))
    np.testing.assert_array_equal(found[1, :2], counted.log_lift(labels[1, :2], np.array([3, 1])))
    assert found[2, 0] == 0


def test_a_companion_is_told_from_an_exclusive_label():
    """Label 1 comes with label 0 only, label 2 never does; the scores of both are the same."""
    rng = np.random.default_rng(0)
    y = np.zeros((3000, 3), dtype=bool)
    y[:1500, 0] = True
    y[:600, 1] = True
    y[1500:2100, 2] = True
    scores = np.where(y, 1.0, -1.0) + rng.normal(size=y.shape)
    scores[:, 0] += np.where(y[:, 0], 3, 0)
    rows = rng.permutation(len(y))
    y, scores = y[rows], scores[rows]
    pairs = make_pairs(y, scores)
    seen = y.sum(axis=0) - pairs.positives
    model, pooled = pool(pairs, seen, np.arange(len(y)), sp.csr_array(y), 3, np.random.RandomState(0))
    assert model is not None
    log_odds = np.empty(y.shape)
    np.put_along_axis(log_odds, pooled.labels, pooled.scores, axis=1)
    with_0 = y[:, 0] & (abs(scores[:, 1] - scores[:, 2]) < 0.2)
    assert with_0.sum() > 50
    # Score, lead and count are as good as the same: without lifts the mean is near 0.
    assert (log_odds[with_0, 1] - log_odds[with_0, 2]).mean() > 2


def test_lifts_of_a_row_do_not_know_its_labels():
    """Whatever the targets of a part are, the lifts of its rows are counted on the others."""
    rng = np.random.default_rng(0)
    y = rng.random((200, 4)) < 0.3
    scores = rng.normal(size=y.shape)
    pairs = make_pairs(y, scores)
    seen = y.sum(axis=0) - pairs.positives
    model, pooled = pool(pairs, seen, np.arange(200), sp.csr_array(y), 4, np.random.RandomState(0))
    inside = pairs.parts == 0
    lifts = rival_lifts(pairs.labels[inside], pairs.scores[inside], LabelCooccurrence.of(sp.csr_array(y[~inside])))
    expected = model.decision_function(pairs.scores[inside], seen[0][pairs.labels[inside]], lifts)
    np.testing.assert_array_equal(pooled.scores[inside], expected)


@pytest.mark.parametrize("targets", [np.zeros, np.ones])
def test_nothing_to_model(targets):
    y = targets((20, 3)).astype(bool)
    pairs = make_pairs(y, np.random.default_rng(0).normal(size=y.shape))
    model, same = pool(pairs, pairs.positives, np.arange(20), sp.csr_array(y), 3, np.random.RandomState(0))
    assert model is None
    assert same is pairs
