"""The pooled model: what it learns, what it leaves out."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skbalance.model_selection._decision_model import PooledDecisionModel


def make_rows(seed=0, n_rows=2000, width=4):
    rng = np.random.default_rng(seed)
    scores = -np.sort(-rng.normal(size=(n_rows, width)), axis=1)
    counts = rng.integers(1, 500, (n_rows, width))
    log_odds = 2 * scores + 0.5 * np.log1p(counts) - 4
    return scores, rng.random(scores.shape) < 1 / (1 + np.exp(-log_odds)), counts, log_odds


def test_recovers_log_odds():
    scores, targets, counts, log_odds = make_rows(n_rows=20_000)
    found = PooledDecisionModel().fit(scores, targets, counts).decision_function(scores, counts)
    assert np.corrcoef(found.ravel(), log_odds.ravel())[0, 1] > 0.98
    assert abs(found - log_odds).mean() < 0.3


def test_left_out_pairs_stay_out():
    scores, targets, counts, _ = make_rows()
    scores[::2, -1] = -np.inf
    scores[0, 1:] = -np.inf
    found = PooledDecisionModel().fit(scores, targets, counts).decision_function(scores, counts)
    np.testing.assert_array_equal(np.isneginf(found), np.isneginf(scores))
    assert not np.isnan(found).any()


def test_nothing_known():
    scores, targets, counts, _ = make_rows()
    model = PooledDecisionModel().fit(scores, targets, counts)
    assert np.isneginf(model.decision_function(np.full((2, 4), -np.inf), np.ones((2, 4)))).all()


def test_a_part_of_the_rows_is_enough_and_reproducible():
    scores, targets, counts, _ = make_rows(n_rows=20_000)
    model = PooledDecisionModel(max_pairs=20_000, random_state=0)
    first = model.fit(scores, targets, counts).decision_function(scores, counts)
    second = clone(model).fit(scores, targets, counts).decision_function(scores, counts)
    whole = PooledDecisionModel().fit(scores, targets, counts).decision_function(scores, counts)
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, whole)
    assert abs(first - whole).mean() < 0.5


def test_not_fitted():
    with pytest.raises(NotFittedError):
        PooledDecisionModel().decision_function(np.zeros((1, 2)), np.ones((1, 2)))
