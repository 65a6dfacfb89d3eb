"""The choice of a solver."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from skbalance.losses import BinaryCrossEntropy, LabelStatistics, SquaredHingeLoss
from skbalance.training import TrainingData, TrainingOptions, choose_solver, fit_head
from skbalance.training._solvers import penalty_strengths

REUTERS = {"n_samples": 7770, "n_features": 15_000, "n_outputs": 90, "itemsize": 4}

AUTO = {
    "solver": "auto",
    "hidden_layer_sizes": (),
    "early_stopping": False,
    "weighted": False,
    "device": "cpu",
    **REUTERS,
}

PARAMETERS = {
    "alpha": 1e-3,
    "learning_rate_init": 0.1,
    "batch_size": 200,
    "max_iter": 2000,
    "tol": 1e-14,
    "n_iter_no_change": 10,
    "dropout": 0.0,
    "device": "cpu",
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "lbfgs"),
        ({"hidden_layer_sizes": (5,)}, "adam"),
        ({"early_stopping": True}, "adam"),
        ({"n_outputs": 18_211}, "adam"),
        ({"n_samples": 10**7}, "adam"),
        ({"n_outputs": 2_000}, "lbfgs"),
        ({"n_outputs": 2_000, "weighted": True}, "adam"),
        ({"solver": "adam"}, "adam"),
        ({"solver": "lbfgs", "n_outputs": 18_211}, "lbfgs"),
    ],
)
def test_choice(change, expected):
    assert choose_solver(**{**AUTO, **change}) == expected


def test_lbfgs_has_no_early_stopping():
    with pytest.raises(ValueError, match=r"early_stopping=True is for solver='adam'.*got solver='lbfgs'"):
        choose_solver(**{**AUTO, "solver": "lbfgs", "early_stopping": True})


def test_a_gpu_has_a_limit_of_its_own(monkeypatch):
    needed = (16 * 15_000 + 7770) * 90 * 4
    for free, expected in ((2 * needed, "lbfgs"), (2 * needed - 2, "adam"), (10**12, "lbfgs")):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device, free=free: (free, 10**12))
        assert choose_solver(**{**AUTO, "device": "cuda:0"}) == expected
    assert choose_solver(**{**AUTO, "device": "cuda:0", "n_outputs": 18_211}) == "adam"


def test_units_do_not_move_the_minimum():
    # Features and labels of very different size: the curvature scales differ by orders of magnitude.
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4)) * [1.0, 0.1, 0.01, 1.0]
    y = (X @ rng.normal(size=(4, 2)) > [0.0, 2.0]).astype(np.int8)
    data = TrainingData(X, sp.csr_array(y), np.ones(200))
    statistics = LabelStatistics.from_targets(y)
    options = TrainingOptions(solver="lbfgs", **PARAMETERS)
    criterion = BinaryCrossEntropy().bind(statistics, "row_sum")
    result = fit_head(
        [4, 2], criterion, data, statistics=statistics, options=options, random_state=np.random.RandomState(0)
    )
    proba = 1 / (1 + np.exp(-(X @ result.coefs[0] + result.intercepts[0])))
    penalty = 1e-3 * statistics.variance * result.coefs[0]
    assert np.abs(X.T @ (proba - y) / 200 + penalty).max() < 1e-6
    assert np.abs((proba - y).mean(axis=0)).max() < 1e-6


def test_penalty_follows_the_variance_of_the_labels():
    statistics = LabelStatistics([50, 10, 0, 100], 100)
    (output,) = penalty_strengths([7, 4], statistics, TrainingOptions(solver="lbfgs", **PARAMETERS))
    np.testing.assert_allclose(output, [0.25e-3, 0.09e-3, 0.0099e-3, 0.0099e-3])
    hidden, output = penalty_strengths([7, 5, 4], statistics, TrainingOptions(solver="adam", **PARAMETERS))
    assert hidden.item() == pytest.approx(output.sum().item())


def test_the_loss_says_how_steeply_the_penalty_follows():
    statistics = LabelStatistics([50, 10], 100)
    options = TrainingOptions(solver="lbfgs", **PARAMETERS, penalty_exponent=0.5)
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
    return fit_head(
        [X.shape[1], y.shape[1]],
        criterion.bind(statistics, "row_sum"),
        data,
        statistics=statistics,
        options=TrainingOptions(solver="lbfgs", **{**PARAMETERS, **options}),
        random_state=np.random.RandomState(0),
    )


def test_the_squared_hinge_reaches_its_minimum():
    X, y = linear_problem()
    result = fit_linear(X, y, SquaredHingeLoss(scale=1), penalty_exponent=0.25)
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
