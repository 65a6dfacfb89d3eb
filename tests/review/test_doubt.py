"""Tests of the model of how many labels of a row are wrong."""

import numpy as np
import pytest
from scipy.special import logit
from sklearn.linear_model import PoissonRegressor

from skbalance.review import DoubtModel, decision_features


def test_features_of_a_decision():
    scores = logit(np.array([[0.9, 0.6, 0.2], [0.3, 0.1, 0.5]]))
    margins = np.array([[3.0, 1.0, -1.0], [-2.0, -np.inf, -0.5]])
    chosen = np.array([[True, True, False], [False, False, False]])
    expected = [
        [0.6, 1.0, np.log1p(0.5), np.log1p(2), -1.0, 0.2, np.log1p(0.2)],
        [1.0, 4.0, 0.0, 0.0, -0.5, 0.5, np.log1p(0.9)],
    ]
    np.testing.assert_allclose(decision_features(scores, margins, chosen), expected)


def test_labels_that_do_not_count_change_nothing():
    scores, margins, chosen = np.array([[1.0, -1.0]]), np.array([[2.0, -3.0]]), np.array([[True, False]])
    wider = [np.append(a, [[b]], axis=1) for a, b in ((scores, -np.inf), (margins, -np.inf), (chosen, False))]
    np.testing.assert_array_equal(decision_features(*wider), decision_features(scores, margins, chosen))


def test_margins_without_bound_are_as_good_as_large_ones():
    chosen = np.array([[True, False]])
    features = decision_features(np.array([[1e5, -np.inf]]), np.array([[np.inf, -np.inf]]), chosen)
    np.testing.assert_allclose(features, [[1, 4, 0, np.log(2), -4, 0, 0]])


def problem(n_rows=400, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n_rows, 7))
    return features, rng.poisson(np.exp(features @ rng.normal(scale=0.3, size=7) - 0.5))


def test_the_model_is_a_poisson_regression():
    features, errors = problem()
    model = DoubtModel.fit(features, errors, blank=1.5)
    peer = PoissonRegressor(alpha=3 / 400, solver="newton-cholesky", tol=1e-8).fit(features, errors)
    np.testing.assert_allclose(model.weights, peer.coef_, atol=5e-3)
    np.testing.assert_allclose(model(features), peer.predict(features), rtol=2e-2)
    assert model.blank == 1.5


@pytest.mark.parametrize("n_rows", [1, 10])
def test_rows_that_are_all_right(n_rows):
    features, _ = problem(n_rows)
    doubt = DoubtModel.fit(features, np.zeros(n_rows), blank=1)(features)
    np.testing.assert_allclose(doubt, 0.5 / n_rows)


def test_a_row_like_no_other_has_a_finite_doubt():
    model = DoubtModel.fit(*problem(), blank=1)
    assert np.isfinite(model(np.full((1, 7), 1e6))).all()
    assert np.isfinite(model(np.full((1, 7), -1e6))).all()
