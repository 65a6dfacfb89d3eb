"""Scorers that give only the best labels of a row, as a sparse matrix."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin

from skbalance import (
    CalibratedMultiLabelClassifierCV,
    FixedThresholdMultiLabelClassifier,
    TunedThresholdMultiLabelClassifierCV,
)
from tests.decisions.problems import RIDGE, Ridge, make_data

X, Y, X_TEST, _ = make_data(seed=1)
Y = Y[:, Y.sum(axis=0) > 9]


def best_of(scores, k):
    """The k best scores of each row, sparse."""
    best = np.argsort(-scores, axis=1)[:, :k]
    index = np.repeat(np.arange(len(scores)), best.shape[1]), best.ravel()
    return sp.csr_array((np.take_along_axis(scores, best, axis=1).ravel(), index), shape=scores.shape)


class BestRidge(Ridge):
    """The k best scores of each row."""

    def __init__(self, k=2):
        self.k = k

    def decision_function(self, X):
        return best_of(super().decision_function(X), self.k)

    def predict_proba(self, X):
        return best_of(RIDGE.predict_proba.__func__(Dense(self), X), self.k)


class Dense(Ridge):
    """The model inside, which gives all scores."""

    def __init__(self, fitted):
        vars(self).update(vars(fitted))


class Oracle(ClassifierMixin, BaseEstimator):
    """Knows a rare label from the last column, and says nothing of others."""

    def __init__(self, label=0):
        self.label = label

    def fit(self, X, y):
        self.classes_ = [np.array([0, 1])] * y.shape[1]
        return self

    def decision_function(self, X):
        rows = np.flatnonzero(X[:, -1] > 0)
        index = rows, np.full(len(rows), self.label)
        return sp.csr_array((X[rows, -1], index), shape=(len(X), len(self.classes_)))


@pytest.mark.parametrize("settings", [{}, {"scores": "estimator"}, {"max_candidates": 3}])
@pytest.mark.parametrize("method", ["decision_function", "predict_proba"])
def test_with_all_labels_it_is_as_a_dense_one(settings, method):
    dense, sparse = (
        TunedThresholdMultiLabelClassifierCV(each, response_method=method, random_state=0, **settings).fit(X, Y)
        for each in (RIDGE, BestRidge(Y.shape[1]))
    )
    np.testing.assert_array_equal(sparse.thresholds_, dense.thresholds_)
    np.testing.assert_array_equal(sparse.decision_scores(X_TEST), dense.decision_scores(X_TEST))
    np.testing.assert_array_equal(sparse.predict(X_TEST), dense.predict(X_TEST))


@pytest.mark.parametrize("settings", [{}, {"scores": "estimator"}, {"min_labels": 3}, {"max_candidates": 5}])
@pytest.mark.parametrize("method", ["decision_function", "predict_proba"])
def test_nothing_else_is_predicted(settings, method):
    model = TunedThresholdMultiLabelClassifierCV(BestRidge(), response_method=method, random_state=0, **settings)
    model.fit(X, Y)
    given = getattr(model.estimator_, method)(X_TEST).toarray() != 0
    predicted, scores = model.predict(X_TEST) == 1, model.decision_scores(X_TEST)
    assert predicted.any()
    assert not (predicted & ~given).any()
    pooled = settings.get("scores") != "estimator"
    nothing = 0 if pooled or method == "predict_proba" else -np.inf
    np.testing.assert_array_equal(scores == nothing, ~given)
    assert sp.issparse(getattr(model, method)(X_TEST))
    if pooled:
        assert all(len(row) == chosen.sum() for row, chosen in zip(model.explain(X_TEST), predicted))


def test_what_one_scorer_does_not_give_another_may():
    rng = np.random.default_rng(0)
    y = Y.copy()
    y[:, 0] = rng.random(len(y)) < 0.3
    told = np.hstack([X, (2 * y[:, :1] - 1) * rng.uniform(0.5, 1, (len(y), 1))])
    scorers = [("best", BestRidge(1)), ("oracle", Oracle())]
    model = TunedThresholdMultiLabelClassifierCV(scorers, random_state=0).fit(told, y)
    given = model.estimator_[0].decision_function(told).toarray()[:, 0] != 0
    found = model.predict(told)[:, 0]
    assert given.mean() < 0.6
    assert (found == y[:, 0]).mean() > 0.95
    assert (found[~given] == 1).any()
    shown = model.decision_scores(told)[:, 0]
    assert (shown[~given & (y[:, 0] == 0)] == 0).all()  # none of the two speaks for these
    (row,) = model.explain(told[[np.flatnonzero(~given & (found == 1))[0]]])
    evidence = next(each for each in row if each.label == 0).evidence
    columns = {column.name: column for column in model.decisions_.model.columns}
    assert evidence["score of best"][0] == pytest.approx(columns["score of best"].missing)
    assert columns["score of best"].missing < 0


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_probabilities_are_0_where_there_is_no_score(method):
    model = CalibratedMultiLabelClassifierCV(BestRidge(4), method=method, random_state=0).fit(X, Y)
    given = model.estimator_.decision_function(X_TEST).toarray() != 0
    probabilities = model.predict_proba(X_TEST)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    assert (probabilities[~given] == 0).all()
    assert probabilities[given].mean() > 0.1


@pytest.mark.parametrize("threshold", [-1.0, 0.0])
def test_fixed_thresholds_are_held_against_scores_that_are_given(threshold):
    model = FixedThresholdMultiLabelClassifier(
        BestRidge(), thresholds=threshold, response_method="decision_function"
    ).fit(X, Y)
    scores = model.decision_function(X_TEST)
    assert sp.issparse(scores)
    expected = (scores.toarray() != 0) & (scores.toarray() > threshold)
    np.testing.assert_array_equal(model.predict(X_TEST) == 1, expected)
