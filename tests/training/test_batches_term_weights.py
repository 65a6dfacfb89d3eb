"""Weights of each feature for each label."""

import numpy as np
import pytest
import scipy.sparse as sp

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import make_long_tailed_multilabel
from skbalance.training import hold_out_rows
from skbalance.training._batches import TrainingData, relevance_frequency

# Of three samples with the label two have the first feature and one the second; of the others two have the second.
X = np.array([[0.5, 0.0, 1.0], [-2.0, 0.3, 1.0], [0.0, 0.0, 1.0], [0.0, 0.1, 1.0], [0.0, 0.2, 1.0], [0.0, 0.0, 1.0]])
Y = np.array([[1, 0], [1, 0], [1, 0], [0, 0], [0, 0], [0, 0]])
EXPECTED = np.log2(2 + np.array([[2 / 1, 0.0], [1 / 2, 0.0], [3 / 3, 0.0]]))


def training_data(X, y, weight=None):
    return TrainingData(X, sp.csr_array(np.asarray(y)), np.ones(len(y)) if weight is None else np.asarray(weight))


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_relevance_frequency(container, dtype):
    weights = relevance_frequency(training_data(container(X.astype(dtype)), Y))
    assert isinstance(weights, np.ndarray)
    assert weights.dtype == dtype
    np.testing.assert_allclose(weights, EXPECTED, rtol=1e-6)


def test_a_stored_zero_is_no_presence():
    stored = sp.csr_array(np.ones_like(X))
    stored.data = X.ravel().copy()
    assert stored.nnz == X.size
    np.testing.assert_allclose(relevance_frequency(training_data(stored, Y)), EXPECTED)


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_a_weight_is_a_repetition(container):
    repeats = [2, 1, 3, 1, 4, 1]
    weighted = relevance_frequency(training_data(container(X), Y, repeats))
    index = np.repeat(np.arange(6), repeats)
    np.testing.assert_allclose(weighted, relevance_frequency(training_data(container(X[index]), Y[index])))
    assert np.abs(weighted - EXPECTED).max() > 0.1


@pytest.fixture(scope="module")
def data():
    X, y = make_long_tailed_multilabel(300, 6, n_features=60, random_state=0)
    X = sp.csr_array(X, dtype=np.float64)
    return X / sp.linalg.norm(X, axis=1).max(), y.toarray()


@pytest.mark.parametrize("dense", [False, True])
def test_it_is_a_model_of_weighted_features_for_each_label(data, dense):
    X, y = data
    X = X.toarray() if dense else X
    params = {"loss": "bce", "alpha": 1e-2, "tol": 1e-10, "max_iter": 5000, "solver": "lbfgs"}
    model = BalancedMultiLabelClassifier(term_weighting="rf", **params).fit(X, y)
    weights = relevance_frequency(training_data(X, y))
    assert weights.max() > 2
    for label in range(y.shape[1]):
        alone = BalancedMultiLabelClassifier(term_weighting=None, **params).fit(X * weights[:, label], y[:, [label]])
        np.testing.assert_allclose(model.coefs_[0][:, [label]], alone.coefs_[0] * weights[:, [label]], atol=1e-4)
        np.testing.assert_allclose(model.intercepts_[0][label], alone.intercepts_[0][0], atol=1e-4)


def test_adam_goes_to_the_same_minimum(data):
    X, y = data
    params = {"loss": "bce", "alpha": 1e-2, "term_weighting": "rf", "max_iter": 3000, "random_state": 0}
    exact = BalancedMultiLabelClassifier(solver="lbfgs", tol=1e-9, **params).fit(X, y)
    near = BalancedMultiLabelClassifier(solver="adam", tol=1e-6, batch_size=300, learning_rate_init=0.01, **params)
    assert near.fit(X, y).loss_curve_[-1] == pytest.approx(exact.loss_curve_[-1], rel=1e-3)
    np.testing.assert_allclose(near.coefs_[0], exact.coefs_[0], atol=0.1 * np.abs(exact.coefs_[0]).max())


def test_warm_start_goes_on_from_the_weights(data):
    X, y = data
    model = BalancedMultiLabelClassifier(term_weighting="rf", warm_start=True, tol=1e-7, max_iter=2000).fit(X, y)
    reached, n_iter = model.loss_curve_[-1], model.n_iter_
    model.fit(X, y)
    assert model.loss_curve_[0] == pytest.approx(reached, rel=1e-3)
    assert model.n_iter_ < n_iter


def test_early_stopping_keeps_the_best_weights(data):
    X, y = data
    model = BalancedMultiLabelClassifier(
        "bce",
        term_weighting="rf",
        early_stopping=True,
        learning_rate_init=0.5,
        batch_size=32,
        alpha=0.0,
        random_state=0,
    ).fit(X, y)
    curve = [-score for score in model.validation_scores_]
    assert min(curve) < curve[-1]
    _, held = hold_out_rows(sp.csr_array(y), 0.1, np.random.RandomState(0))
    proba = np.clip(model.predict_proba(X[held]), 1e-15, None)
    value = -(y[held] * np.log(proba) + (1 - y[held]) * np.log1p(-proba)).sum(axis=1).mean()
    assert value == pytest.approx(min(curve), rel=1e-6)


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_unknown_labels_are_in_neither_count_and_soft_ones_in_both(container):
    rng = np.random.default_rng(5)
    X = container((rng.random((60, 7)) < 0.4).astype(float))
    y, weight = (rng.random((60, 3)) < 0.3).astype(float), rng.random(60) + 0.5
    hidden = y.copy()
    hidden[40:, 1] = np.nan
    hidden[:, 2] = 0.75 * y[:, 2]
    got = relevance_frequency(TrainingData.from_arrays(X, sp.csr_array(hidden), weight))
    known = relevance_frequency(TrainingData.from_arrays(X[:40], sp.csr_array(y[:40]), weight[:40]))
    twice = sp.vstack if container is sp.csr_array else np.vstack
    parts = np.r_[0.75 * weight, 0.25 * weight]
    both = sp.csr_array(np.vstack([y, np.zeros_like(y)]))
    soft = relevance_frequency(TrainingData.from_arrays(twice([X, X]), both, parts))
    whole = relevance_frequency(TrainingData.from_arrays(X, sp.csr_array(y), weight))
    np.testing.assert_allclose(got, np.column_stack([whole[:, 0], known[:, 1], soft[:, 2]]))
