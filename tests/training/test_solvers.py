"""The minimum that is reached, in one block of labels and in several."""

import numpy as np
import pytest
import scipy.sparse as sp

from skbalance import BalancedMultiLabelClassifier
from skbalance.losses import (
    BinaryCrossEntropy,
    ClassBalancedFocalLoss,
    DistributionBalancedLoss,
    LabelStatistics,
    SquaredHingeLoss,
)
from skbalance.training import _problem, fit_head
from skbalance.training._batches import TrainingData
from skbalance.training._problem import Problem
from skbalance.training._solvers import penalty_strengths

# One of each kind of weights, with what belongs to labels.
SEPARABLE = [
    "bce",
    "balanced_ntr",
    "squared_hinge",
    ClassBalancedFocalLoss(mode="min_n"),
    DistributionBalancedLoss(reweight_norm="batch"),
    "asymmetric",
]

PARAMETERS = {
    "alpha": 1e-3,
    "learning_rate_init": 0.1,
    "batch_size": 200,
    "max_iter": 2000,
    "tol": 1e-14,
    "n_iter_no_change": 10,
    "term_weighting": None,
    "device": "cpu",
}


def counted_problem(dtype=np.float64):
    """Sparse counts, weights, and unknown and soft labels besides the usual ones."""
    rng = np.random.default_rng(3)
    X = sp.csr_array(rng.poisson(0.4, (150, 12)).astype(dtype))
    y = (rng.random((150, 7)) < [0.5, 0.4, 0.3, 0.2, 0.2, 0.15, 0.1]).astype(float)
    y[:30, 1], y[:10, 2] = np.nan, 0.3
    return X, y, rng.integers(1, 4, 150).astype(dtype)


@pytest.mark.parametrize("term_weighting", [None, "rf"])
@pytest.mark.parametrize("loss", SEPARABLE)
def test_blocks_of_labels_have_the_minimum_of_all_labels(loss, term_weighting, monkeypatch):
    X, y, weight = counted_problem()
    params = {"alpha": 1.0, "tol": 1e-15, "max_iter": 3000, "term_weighting": term_weighting, "uncertain_labels": True}
    one = BalancedMultiLabelClassifier(loss, **params).fit(X, y, sample_weight=weight)
    monkeypatch.setattr(_problem, "BLOCK_LABELS", 3)
    many = BalancedMultiLabelClassifier(loss, **params).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(many.decision_function(X), one.decision_function(X), atol=1e-6)
    assert many.loss_curve_[-1] == pytest.approx(one.loss_curve_[-1], rel=1e-9)
    assert many.n_iter_ == len(many.loss_curve_)


class Monitor:
    """Keeps the weights after each iteration; wants to stop after so many."""

    def __init__(self, most=10**9):
        self.begun, self.weights, self.most = 0, [], most

    def begin(self):
        self.begun += 1

    def end(self, to_numpy):
        (coef,), (intercept,) = to_numpy()
        self.weights.append((coef, intercept))
        return self.begun == self.most


def test_a_monitor_sees_all_labels_and_stops_all_blocks():
    X, y = linear_problem()
    statistics = LabelStatistics.from_targets(y)
    data = TrainingData(X, sp.csr_array(y), np.ones(len(y)))
    blocks = [slice(0, 1), slice(1, 2)]
    options = BalancedMultiLabelClassifier(BinaryCrossEntropy(), solver="lbfgs", **{**PARAMETERS, "tol": 1e-6})

    def fit(monitor):
        problem = Problem([4, 2], data, statistics, BinaryCrossEntropy().bind(statistics, "row_sum"), blocks)
        return fit_head(problem, options, random_state=np.random.RandomState(0), monitor=monitor)

    monitor = Monitor()
    result = fit(monitor)
    first, second = (run.n_iter for run in result.runs)
    assert monitor.begun == len(monitor.weights) == first + second
    assert result.n_iter == max(first, second) == len(result.loss_curve)
    assert result.loss_curve[-1] == pytest.approx(sum(run.curve[-1] for run in result.runs))
    for coef, _ in monitor.weights[:first]:
        assert not coef[:, 1].any()
    for coef, _ in monitor.weights[first:]:
        np.testing.assert_array_equal(coef[:, 0], result.coefs[0][:, 0])
    for seen, given in zip(monitor.weights[-1], (*result.coefs, *result.intercepts)):
        np.testing.assert_array_equal(seen, given)

    stopped = fit(Monitor(3))
    assert [run.asked for run in stopped.runs] == [True]
    assert not stopped.coefs[0][:, 1].any()
    np.testing.assert_array_equal(stopped.coefs[0][:, 0], monitor.weights[2][0][:, 0])


def test_units_do_not_move_the_minimum():
    # Features and labels of very different size: the curvature scales differ by orders of magnitude.
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4)) * [1.0, 0.1, 0.01, 1.0]
    y = (X @ rng.normal(size=(4, 2)) > [0.0, 2.0]).astype(np.int8)
    data = TrainingData(X, sp.csr_array(y), np.ones(200))
    statistics = LabelStatistics.from_targets(y)
    options = BalancedMultiLabelClassifier(BinaryCrossEntropy(), solver="lbfgs", **PARAMETERS)
    criterion = BinaryCrossEntropy().bind(statistics, "row_sum")
    problem = Problem([4, 2], data, statistics, criterion)
    result = fit_head(problem, options, random_state=np.random.RandomState(0))
    proba = 1 / (1 + np.exp(-(X @ result.coefs[0] + result.intercepts[0])))
    penalty = 1e-3 * statistics.variance * result.coefs[0]
    assert np.abs(X.T @ (proba - y) / 200 + penalty).max() < 1e-6
    assert np.abs((proba - y).mean(axis=0)).max() < 1e-6


def test_penalty_follows_the_variance_of_the_labels():
    statistics = LabelStatistics([50, 10, 0, 100], 100)
    (output,) = penalty_strengths(
        [7, 4], statistics, BalancedMultiLabelClassifier(BinaryCrossEntropy(), solver="lbfgs", **PARAMETERS)
    )
    np.testing.assert_allclose(output, [0.25e-3, 0.09e-3, 0.0099e-3, 0.0099e-3])
    hidden, output = penalty_strengths(
        [7, 5, 4], statistics, BalancedMultiLabelClassifier(BinaryCrossEntropy(), solver="adam", **PARAMETERS)
    )
    assert hidden.item() == pytest.approx(output.sum().item())


def test_the_loss_says_how_steeply_the_penalty_follows():
    statistics = LabelStatistics([50, 10], 100)
    options = BalancedMultiLabelClassifier(BinaryCrossEntropy(pos_weight="sqrt_balanced"), **PARAMETERS)
    (output,) = penalty_strengths([7, 2], statistics, options)
    np.testing.assert_allclose(output, [0.5e-3, 0.3e-3])


def linear_problem(seed=0):
    rng = np.random.default_rng(seed)
    X = rng.random((200, 4))
    scores = X @ rng.normal(size=(4, 2)) + 0.3 * rng.normal(size=(200, 2))
    return X, (scores > np.quantile(scores, 0.7, axis=0)).astype(float)


def fit_linear(X, y, criterion, **options):
    statistics = LabelStatistics.from_targets(y)
    data = TrainingData(X, sp.csr_array(y), np.ones(len(y)))
    problem = Problem([X.shape[1], y.shape[1]], data, statistics, criterion.bind(statistics, "row_sum"))
    options = BalancedMultiLabelClassifier(criterion, solver="lbfgs", **{**PARAMETERS, **options})
    return fit_head(problem, options, random_state=np.random.RandomState(0))


def test_the_squared_hinge_reaches_its_minimum():
    X, y = linear_problem()
    result = fit_linear(X, y, SquaredHingeLoss(scale=1))
    (coef,), (intercept,) = result.coefs, result.intercepts
    sign = 2 * y - 1
    pull = -2 * sign * np.maximum(1 - sign * (X @ coef + intercept), 0) / 200
    penalty = 1e-3 * LabelStatistics.from_targets(y).variance ** 0.25 * coef
    assert np.abs(X.T @ pull + penalty).max() < 1e-6
    assert np.abs(pull.sum(axis=0)).max() < 1e-6


@pytest.mark.parametrize("loss", [BinaryCrossEntropy(), SquaredHingeLoss(scale=1)])
def test_the_origin_of_the_features_does_not_matter(loss):
    X, y = linear_problem()
    here, there = (fit_linear(X + shift, y, loss, tol=1e-6) for shift in (0.0, 100.0))
    assert here.n_iter == there.n_iter < 60
    np.testing.assert_allclose(there.coefs[0], here.coefs[0], rtol=1e-6)
    np.testing.assert_allclose(there.intercepts[0], here.intercepts[0] - 100 * here.coefs[0].sum(axis=0), rtol=1e-6)
