"""Thresholds that are given."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from skbalance import BalancedMultiLabelClassifier, FixedThresholdMultiLabelClassifier
from skbalance.datasets import make_long_tailed_multilabel

X, Y = make_long_tailed_multilabel(120, 5, n_features=30, return_indicator="dense", random_state=0)
MODEL = BalancedMultiLabelClassifier().fit(X, Y)
PROBA = MODEL.predict_proba(X)


def fixed(thresholds="auto", estimator=MODEL, **params):
    return FixedThresholdMultiLabelClassifier(FrozenEstimator(estimator), thresholds=thresholds, **params).fit(X, Y)


@parametrize_with_checks(
    [
        FixedThresholdMultiLabelClassifier(BalancedMultiLabelClassifier()),
        FixedThresholdMultiLabelClassifier(OneVsRestClassifier(LogisticRegression()), max_labels=1),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("thresholds", "full"),
    [
        ("auto", [0.5] * 5),
        (0.2, [0.2] * 5),
        ([0.1, 0.2, 0.3, 0.4, np.inf], [0.1, 0.2, 0.3, 0.4, np.inf]),
        ({3: 0.1, np.int64(0): -np.inf}, [-np.inf, 0.5, 0.5, 0.1, 0.5]),
    ],
)
def test_every_form_of_thresholds(thresholds, full):
    model = fixed(thresholds)
    np.testing.assert_array_equal(model.thresholds_, full)
    np.testing.assert_array_equal(model.predict(X), (full < PROBA).astype(Y.dtype))
    np.testing.assert_array_equal(model.predict_proba(X), PROBA)


def test_decision_values():
    scores = MODEL.decision_function(X)
    model = fixed([0, 1, 2, -1, 0], response_method="decision_function")
    np.testing.assert_array_equal(model.predict(X), (scores > model.thresholds_).astype(int))
    margins = OneVsRestClassifier(LinearSVC()).fit(X, Y)
    np.testing.assert_array_equal(fixed(estimator=margins).predict(X), margins.predict(X))


def test_bounds_on_the_labels_of_a_row():
    least = fixed(0.99, min_labels=2).predict(X)
    assert (least.sum(axis=1) >= 2).all()
    few = (PROBA > 0.99).sum(axis=1) < 2
    best = np.argsort(-PROBA, axis=1, kind="stable")[:, :2]
    np.testing.assert_array_equal(np.sort(best[few], axis=1), least[few].nonzero()[1].reshape(-1, 2))
    most = fixed(0.01, max_labels=1).predict(X)
    assert (most.sum(axis=1) <= 1).all()
    np.testing.assert_array_equal(most.argmax(axis=1)[most.any(axis=1)], PROBA.argmax(axis=1)[most.any(axis=1)])
    never = fixed(dict.fromkeys(range(5), np.inf), min_labels=2).predict(X)
    assert not never.any()


def test_a_fitted_model_is_kept_and_another_is_not_touched():
    frozen = fixed()
    assert frozen.estimator_.estimator is MODEL
    inner = BalancedMultiLabelClassifier()
    model = FixedThresholdMultiLabelClassifier(inner).fit(X, Y)
    assert not hasattr(inner, "coefs_")
    assert hasattr(model.estimator_, "coefs_")
    with pytest.raises(NotFittedError):
        FixedThresholdMultiLabelClassifier(FrozenEstimator(inner)).fit(X, Y)


def test_sparse_targets_and_blocks(monkeypatch):
    monkeypatch.setattr("skbalance._responses.BLOCK_ELEMENTS", 50)
    model = FixedThresholdMultiLabelClassifier(FrozenEstimator(MODEL), thresholds=0.3).fit(X, sp.csr_array(Y))
    found = model.predict(X)
    assert isinstance(found, sp.csr_array)
    np.testing.assert_array_equal(found.toarray(), PROBA > 0.3)


def test_binary_target():
    y = np.where(Y[:, 0] == 1, "yes", "no")
    inner = LogisticRegression().fit(X, y)
    model = FixedThresholdMultiLabelClassifier(FrozenEstimator(inner), thresholds=0.3).fit(X, y)
    np.testing.assert_array_equal(model.predict(X) == "yes", inner.predict_proba(X)[:, 1] > 0.3)
    np.testing.assert_array_equal(model.predict_proba(X), inner.predict_proba(X))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"thresholds": [0.1, 0.2]}, r"one number for each of 5 labels.*got shape \(2,\)"),
        ({"thresholds": [0.1, 0.2, 0.3, 0.4, np.nan]}, "none of them NaN"),
        ({"thresholds": {5: 0.1}}, r"columns of y, 0 to 4, to numbers; got \[5\]"),
        ({"thresholds": {"wheat": 0.1}}, r"got \['wheat'\]"),
        ({"thresholds": "usual"}, "thresholds"),
        ({"min_labels": 6}, "min_labels=6 is more than y has labels, 5"),
        ({"min_labels": 3, "max_labels": 2}, "min_labels=3 is more than max_labels=2"),
    ],
)
def test_what_is_not_allowed(params, message):
    model = FixedThresholdMultiLabelClassifier(FrozenEstimator(MODEL), **params)
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)
    assert not hasattr(model, "thresholds_")


def test_a_method_that_is_missing():
    with pytest.raises(ValueError, match="has no decision_function"):
        fixed(estimator=DummyClassifier().fit(X, Y), response_method="decision_function")


def test_as_many_labels_as_wanted():
    predicted = fixed(min_labels=2, max_labels=2).predict(X)
    np.testing.assert_array_equal(predicted.sum(axis=1), 2)


@pytest.mark.parametrize(
    ("thresholds", "message"),
    [
        (True, "thresholds"),
        ([True, False, True, False, True], "thresholds must hold numbers"),
        ({True: 0.2}, "thresholds maps columns of y"),
        ({0: True}, "thresholds must hold numbers"),
        ([10**400] * 5, "thresholds must hold numbers"),
        ({0: 10**400}, "thresholds must hold numbers"),
        (["a"] * 5, "thresholds must hold numbers"),
        ([1, [2]], "thresholds must hold numbers"),
    ],
)
def test_what_is_no_threshold_is_refused(thresholds, message):
    with pytest.raises(ValueError, match=message):
        fixed(thresholds)


@pytest.mark.parametrize(
    ("given", "message"), [({"X": None}, "X is None"), ({"sample_weight": [1, [2]]}, "sample_weight must hold numbers")]
)
def test_rows_and_weights_that_are_none(given, message):
    with pytest.raises(ValueError, match=message):
        FixedThresholdMultiLabelClassifier(MODEL).fit(**{"X": X, "y": Y} | given)
