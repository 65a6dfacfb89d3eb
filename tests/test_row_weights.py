"""A row of weight 0 is as if it were not there, and one of weight 2 is as two rows."""

import warnings
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.multioutput import MultiOutputClassifier

from skbalance import (
    BalancedMultiLabelClassifier,
    CalibratedMultiLabelClassifierCV,
    FixedThresholdMultiLabelClassifier,
    TunedThresholdMultiLabelClassifierCV,
)


class Ridge(ClassifierMixin, BaseEstimator):
    """Weighted least squares in closed form; what is unknown is taken as 0."""

    def fit(self, X, y, sample_weight=None):
        y = np.nan_to_num(np.asarray(y, dtype=float)).reshape(len(X), -1)
        weight = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight)
        self.mean_, self.centre_ = (np.average(each, axis=0, weights=weight) for each in (X, y))
        X = X - self.mean_
        self.coef_ = np.linalg.solve(X.T @ (weight[:, None] * X) + np.eye(X.shape[1]), X.T @ (weight[:, None] * y))
        self.classes_ = np.array([0, 1])
        self.n_features_in_ = X.shape[1]
        return self

    def decision_function(self, X):
        return np.round(4 * ((X - self.mean_) @ self.coef_ + self.centre_ - 0.3), 6)


def f1_of_samples(y_true, y_pred):
    return f1_score(y_true, y_pred, average="macro", zero_division=0)


def make_problem(seed, n_rows=60, n_labels=4, unknown=False):
    """Features, an indicator, weights of 0 to 3, and two folds; each label has a positive and a negative in each."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 5))
    y = (X[:, :n_labels] + rng.normal(size=(n_rows, n_labels)) > np.linspace(0, 1.5, n_labels)).astype(float)
    y[:4] = [[0], [1]] * 2
    if unknown:
        y[4:][rng.random((n_rows - 4, n_labels)) < 0.1] = np.nan
    weight = np.r_[1, 1, 1, 1, rng.integers(0, 4, n_rows - 4)]
    fold = np.r_[0, 0, 1, 1, rng.integers(0, 2, n_rows - 4)]
    return X, y, weight, fold


def splits_of(fold):
    return [(np.flatnonzero(fold != part), np.flatnonzero(fold == part)) for part in np.unique(fold)]


def fit(meta, X, y, fold, weight=None):
    model = meta(cv=splits_of(fold))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return model.fit(X, y) if weight is None else model.fit(X, y, sample_weight=weight)


def learnt(model, X):
    """Numbers that say what was learnt."""
    if isinstance(model, TunedThresholdMultiLabelClassifierCV):
        return model.decision_scores(X), model.thresholds_, model.best_score_, model.label_counts_, model.min_labels_
    if isinstance(model, CalibratedMultiLabelClassifierCV):
        return model.predict_proba(X), model.label_counts_
    return model.decision_function(X), model.thresholds_


def assert_alike(first, second, X, tolerance):
    for one, other in zip(learnt(first, X), learnt(second, X)):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


TUNERS = st.fixed_dictionaries(
    {
        "strategy": st.sampled_from(["per_label_shrunk", "per_label", "micro_macro", "global", "top_k"]),
        "scores": st.sampled_from(["pooled", "estimator"]),
        # Of metrics whose sums are exact, so that ties stay ties.
        "scoring": st.sampled_from(["f1_micro_macro", "f1_micro", "jaccard_micro", "jaccard_macro", accuracy_score]),
        "max_candidates": st.sampled_from(["auto", 2]),
    }
)
CALIBRATORS = st.fixed_dictionaries({"method": st.sampled_from(["sigmoid", "isotonic", "temperature"])})
METAS = {
    "tuner": (TunedThresholdMultiLabelClassifierCV, TUNERS),
    "calibrator": (CalibratedMultiLabelClassifierCV, CALIBRATORS),
}
PROBLEMS = st.builds(make_problem, st.integers(0, 10**6), n_labels=st.sampled_from([2, 4]), unknown=st.booleans())


@pytest.mark.parametrize("name", METAS)
@settings(max_examples=20, deadline=None)
@given(data=st.data(), problem=PROBLEMS)
def test_rows_of_weight_zero_are_as_if_removed(name, data, problem):
    X, y, weight, fold = problem
    kind, options = METAS[name]
    options, keep = data.draw(options), weight > 0
    weighted, without = (
        fit(partial(kind, Ridge(), random_state=0, **options), *rows)
        for rows in ((X, y, fold, weight), (X[keep], y[keep], fold[keep], weight[keep]))
    )
    assert_alike(weighted, without, X, 0)
    np.testing.assert_array_equal(weighted.predict(X), without.predict(X))


@pytest.mark.parametrize("name", METAS)
@settings(max_examples=20, deadline=None)
@given(data=st.data(), problem=PROBLEMS)
def test_weights_are_numbers_of_copies(name, data, problem):
    X, y, weight, fold = problem
    kind, options = METAS[name]
    options = data.draw(options)
    weighted, copied = (
        fit(partial(kind, Ridge(), random_state=0, **options), *rows)
        for rows in ((X, y, fold, weight), (*(np.repeat(each, weight, axis=0) for each in (X, y, fold)),))
    )
    assert_alike(weighted, copied, X, 1e-3)


@pytest.mark.parametrize(
    "inner",
    [MultiOutputClassifier(LogisticRegression(tol=1e-12, max_iter=10_000)), BalancedMultiLabelClassifier(tol=1e-12)],
)
@pytest.mark.parametrize("name", METAS)
def test_weights_are_numbers_of_copies_around_real_classifiers(name, inner):
    X, y, weight, fold = make_problem(0, n_rows=120)
    kind, _ = METAS[name]
    weighted, copied = (
        fit(partial(kind, inner, random_state=0), *rows)
        for rows in ((X, y, fold, weight), (*(np.repeat(each, weight, axis=0) for each in (X, y, fold)),))
    )
    assert_alike(weighted, copied, X, 1e-3)
    assert (
        np.abs(learnt(fit(partial(kind, inner, random_state=0), X, y, fold), X)[0] - learnt(weighted, X)[0]).max()
        > 1e-2
    )


def test_weights_are_numbers_of_copies_with_given_thresholds():
    X, y, weight, _ = make_problem(0)
    weighted, copied, without = (
        FixedThresholdMultiLabelClassifier(Ridge()).fit(X[rows], y[rows], sample_weight=values)
        for rows, values in (
            (slice(None), weight),
            (np.repeat(np.arange(len(X)), weight), None),
            (weight > 0, weight[weight > 0]),
        )
    )
    assert_alike(weighted, copied, X, 1e-6)
    assert_alike(weighted, without, X, 0)


def test_a_metric_that_takes_weights_is_given_them():
    X, y, weight, fold = make_problem(0)
    given = []

    def metric(y_true, y_pred, sample_weight=None):
        assert len(sample_weight) == len(y_true)
        given.append(sample_weight)
        return f1_of_samples(y_true, y_pred)

    for score in (metric, f1_of_samples):
        fit(partial(TunedThresholdMultiLabelClassifierCV, Ridge(), scoring=score), X, y, fold, weight)
    order = np.concatenate([rows for _, rows in splits_of(fold)])
    np.testing.assert_array_equal(max(given, key=len), weight[order][weight[order] > 0])
