"""The choice of a solver."""

import numpy as np
import pytest
import scipy.sparse as sp

from skbalance.losses import BinaryCrossEntropy, LabelStatistics
from skbalance.training import TrainingData, TrainingOptions, choose_solver, fit_head
from skbalance.training._solvers import penalty_strengths

REUTERS = {"n_samples": 7770, "n_features": 15_000, "n_outputs": 90, "itemsize": 4}

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
        ({"solver": "adam"}, "adam"),
        ({"solver": "lbfgs", "n_outputs": 18_211}, "lbfgs"),
    ],
)
def test_choice(change, expected):
    assert choose_solver(
        **{"solver": "auto", "hidden_layer_sizes": (), "early_stopping": False, **REUTERS, **change}
    ) == (expected)


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
