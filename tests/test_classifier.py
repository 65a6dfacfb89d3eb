"""The estimator: what is learned, and what the parameters do."""

import pickle
import re
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.linear_model import LogisticRegression

from skbalance import BalancedMultiLabelClassifier
from skbalance.losses import (
    BinaryCrossEntropy,
    DistributionBalancedLoss,
    FocalLoss,
    LabelStatistics,
)
from skbalance.training import hold_out_rows
from tests.classifiers import make_data, small


@pytest.fixture(scope="module")
def data():
    return make_data()


def test_counts_come_from_the_samples_and_their_weights(data):
    X, y = data
    weight = np.random.default_rng(0).integers(0, 3, len(y))
    model = small(loss="db").fit(X, y, sample_weight=weight)
    np.testing.assert_array_equal(model.label_counts_, weight @ y)
    assert model.loss_.mu == LabelStatistics.from_targets(y, weight).rebalance_center
    np.testing.assert_array_equal(small().fit(X, y).label_counts_, y.sum(axis=0))


def test_the_loss_is_left_alone(data):
    X, y = data
    loss = DistributionBalancedLoss()
    model = small(loss=loss).fit(X, y)
    assert model.loss is loss
    assert loss.mu == "auto"
    assert isinstance(model.loss_, DistributionBalancedLoss)
    assert 0 < model.loss_.mu <= 1
    assert not hasattr(small(), "loss_")


def test_objective_is_what_it_says(data):
    X, y = data
    model = small(loss="db", alpha=1e-2).fit(X, y)
    statistics = LabelStatistics(model.label_counts_, len(y))
    criterion = model.loss_.bind(statistics, "row_sum")
    logits = torch.tensor(model.decision_function(X))
    data_term = criterion(logits, torch.tensor(y)).mean().item()
    share = y.mean(axis=0)
    penalty = 0.5 * 1e-2 * (share * (1 - share) * model.coefs_[0] ** 2).sum()
    assert model.loss_curve_[-1] == pytest.approx(data_term + penalty, rel=1e-9)


def test_lbfgs_reaches_the_minimum(data):
    X, y = data
    model = small(loss="bce", alpha=1e-2, tol=1e-13).fit(X, y)
    proba = model.predict_proba(X)
    share = y.mean(axis=0)
    gradient = X.T @ (proba - y) / len(y) + 1e-2 * share * (1 - share) * model.coefs_[0]
    # torch takes no curvature from steps that gain less than 1e-10, which bounds how near L-BFGS comes.
    assert np.abs(gradient).max() < 1e-6
    assert np.abs((proba - y).mean(axis=0)).max() < 1e-6


def test_iterations_and_curves(data):
    X, y = data
    model = small().fit(X, y)
    assert model.solver_ == "lbfgs"
    assert model.n_iter_ == len(model.loss_curve_)
    assert np.diff(model.loss_curve_).max() <= 1e-12
    model = small(solver="adam", max_iter=200, tol=1e-2).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) < 200
    assert not hasattr(model, "validation_scores_")


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_max_iter_is_held_and_warned_of(data, solver):
    X, y = data
    with pytest.warns(ConvergenceWarning, match="max_iter=7"):
        model = small(solver=solver, max_iter=7, n_iter_no_change=5, tol=0).fit(X, y)
    assert model.n_iter_ == 7


def test_solver_auto(data):
    X, y = data
    assert small().fit(X, y).solver_ == "lbfgs"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        assert small(hidden_layer_sizes=(3,), max_iter=3).fit(X, y).solver_ == "adam"
        assert small(early_stopping=True, max_iter=3).fit(X, y).solver_ == "adam"


def test_coefficients_are_those_of_a_linear_model(data):
    X, y = data[:2]
    model = BalancedMultiLabelClassifier().fit(X, y)
    np.testing.assert_allclose(X @ model.coef_.T + model.intercept_, model.decision_function(X), rtol=1e-6, atol=1e-6)
    assert model.coef_.shape == (y.shape[1], X.shape[1])
    binary = BalancedMultiLabelClassifier().fit(X, y[:, 0])
    assert (binary.coef_.shape, binary.intercept_.shape) == ((1, X.shape[1]), (1,))
    few = RFE(BalancedMultiLabelClassifier(max_iter=50), n_features_to_select=3, step=0.5).fit(X, y)
    largest = SelectFromModel(BalancedMultiLabelClassifier(), max_features=3, threshold=-np.inf).fit(X, y)
    assert few.transform(X).shape == largest.transform(X).shape == (X.shape[0], 3)
    with pytest.raises(AttributeError):
        _ = BalancedMultiLabelClassifier().coef_
    deep = BalancedMultiLabelClassifier(hidden_layer_sizes=(4,), tol=0.01).fit(X, y)
    for name in ("coef_", "intercept_"):
        with pytest.raises(AttributeError, match=f"{name} is that of a linear model"):
            getattr(deep, name)


def test_early_stopping_keeps_the_best_weights(data):
    X, y = data
    model = small(
        early_stopping=True, learning_rate_init=0.5, batch_size=32, alpha=0.0, n_iter_no_change=5, max_iter=500
    ).fit(X, y)
    curve = [-score for score in model.validation_scores_]
    assert model.n_iter_ == len(curve) < 500
    train, held = hold_out_rows(sp.csr_array(y), 0.1, np.random.RandomState(0))
    np.testing.assert_array_equal(model.label_counts_, y[train].sum(axis=0))
    assert model.n_samples_fit_ == len(train)
    criterion = model.loss_.bind(LabelStatistics(model.label_counts_, len(train)), "row_sum")
    value = criterion(torch.tensor(model.decision_function(X[held])), torch.tensor(y[held])).mean().item()
    assert value == pytest.approx(min(curve), rel=1e-9)
    refitted = model.set_params(early_stopping=False, max_iter=1000, solver="lbfgs", alpha=1e-3).fit(X, y)
    assert not hasattr(refitted, "validation_scores_")


def test_warm_start_goes_on(data):
    X, y = data
    cold = small(tol=1e-10).fit(X, y)
    warm = clone(cold).set_params(warm_start=True).fit(X, y)
    again = warm.fit(X, y)
    assert again.n_iter_ < cold.n_iter_
    assert again.loss_curve_[0] == pytest.approx(cold.loss_curve_[-1], rel=1e-4)
    with pytest.raises(ValueError, match=r"previous fit, \[60, 8\]; got \[60, 5\]"):
        warm.fit(X, y[:, :5])


def test_dropout_only_in_training(data):
    X, y = data
    with pytest.warns(ConvergenceWarning):
        model = small(hidden_layer_sizes=(9,), dropout=0.5, max_iter=5).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), model.predict_proba(X))


def test_verbose_prints_the_objective(data, capsys):
    X, y = data
    small(verbose=1).fit(X, y)
    assert re.search(r"Iteration \d+: objective 0\.\d+", capsys.readouterr().out)


@pytest.mark.parametrize(
    "params", [{}, {"solver": "adam", "batch_size": 50, "hidden_layer_sizes": (5,), "dropout": 0.2}]
)
def test_random_state_decides_and_nothing_leaks(data, params):
    X, y = data
    torch.manual_seed(1)
    np.random.seed(1)
    before_torch, before_numpy = torch.get_rng_state(), np.random.get_state()[1].copy()
    threads = torch.get_num_threads()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        models = [small(max_iter=5, random_state=3, **params).fit(X, y) for _ in range(2)]
    assert torch.equal(torch.get_rng_state(), before_torch)
    np.testing.assert_array_equal(np.random.get_state()[1], before_numpy)
    assert torch.get_num_threads() == threads
    for one, two in zip(models[0].coefs_, models[1].coefs_, strict=True):
        np.testing.assert_array_equal(one, two)


def test_zero_weight_is_absence(data):
    X, y = data
    weight = (np.arange(300) % 3 > 0).astype(float)
    kept = weight > 0
    params = {"solver": "adam", "batch_size": 40, "max_iter": 5}
    with pytest.warns(ConvergenceWarning):
        one = small(**params).fit(X, y, sample_weight=weight)
    with pytest.warns(ConvergenceWarning):
        two = small(**params).fit(X[kept], y[kept])
    np.testing.assert_array_equal(one.coefs_[0], two.coefs_[0])


def test_balanced_positives_are_those_of_logistic_regression(data):
    # Up to a factor of each label, 2 (N - n) / N, which the penalty is divided by here, the objectives are the same.
    X, y = data
    label, n_samples = 2, len(y)
    n = y[:, label].sum()
    loss = BinaryCrossEntropy(pos_weight="balanced", scale=n_samples / (2 * (n_samples - n)))
    model = small(loss=loss, alpha=1e-3, tol=1e-10).fit(X, y[:, [label]])
    peer = LogisticRegression(class_weight="balanced", C=1 / (1e-3 * n_samples), tol=1e-10, max_iter=10_000)
    peer.fit(X, y[:, label])
    np.testing.assert_allclose(model.coefs_[0][:, 0], peer.coef_[0], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(model.intercepts_[0], peer.intercept_, rtol=1e-3, atol=1e-4)


def test_auto_is_resolved_in_fit(data):
    X, y = data
    auto = {"alpha": "auto", "term_weighting": "auto", "tol": "auto"}
    model = BalancedMultiLabelClassifier("balanced_ntr", **auto).fit(X, y)
    assert (model.alpha, model.term_weighting, model.tol) == ("auto", "auto", "auto")
    assert (model.term_weighting_, model.tol_) == ("rf", 3e-3)
    spread = X.toarray().var(axis=0).sum() / np.sqrt(len(y))
    assert model.alpha_ == pytest.approx(model.loss_.penalty_strength * spread, rel=1e-9)
    same = BalancedMultiLabelClassifier("balanced_ntr", alpha=model.alpha_, term_weighting="rf", tol=3e-3).fit(X, y)
    np.testing.assert_array_equal(model.coefs_[0], same.coefs_[0])
    hinge = BalancedMultiLabelClassifier("squared_hinge", **auto, hidden_layer_sizes=(3,), max_iter=1)
    with pytest.warns(ConvergenceWarning):
        hinge.fit(X, y)
    assert (hinge.term_weighting_, hinge.tol_) == (None, 1e-3)


def test_auto_does_not_mind_the_unit_of_the_features(data):
    X, y = data
    one, other = (
        BalancedMultiLabelClassifier(alpha="auto", tol=1e-9, max_iter=3000).fit(unit * X, y) for unit in (1.0, 100.0)
    )
    assert other.alpha_ == pytest.approx(1e4 * one.alpha_, rel=1e-9)
    np.testing.assert_allclose(other.decision_function(100 * X), one.decision_function(X), rtol=1e-3, atol=1e-3)


class CustomLoss(FocalLoss):
    """A loss of the user's own."""


def test_a_loss_of_the_users_own(data):
    X, y = data
    model = pickle.loads(pickle.dumps(small(loss=CustomLoss(gamma=1.5)).fit(X, y)))
    assert isinstance(model.loss_, CustomLoss)
    np.testing.assert_array_equal(model.predict(X), small(loss=FocalLoss(gamma=1.5)).fit(X, y).predict(X))


def test_degenerate_labels_warn_and_work(data):
    X, y = data
    y = y.copy()
    y[:, 3], y[:, 4] = 0, 1
    y[:20, [0, 1, 2, 5, 6, 7]] = 0
    with pytest.warns(UserWarning, match="labels have") as record:
        model = small(alpha=1e-4).fit(X, y)
    messages = [str(w.message) for w in record]
    assert any("1 of 8 labels have no positive sample" in m and "columns [3]" in m for m in messages)
    assert any("1 of 8 labels have every sample positive" in m and "columns [4]" in m for m in messages)
    assert not model.predict(X)[:, 3].any()
    assert model.predict(X)[:, 4].all()
    assert np.isfinite(model.predict_proba(X)).all()
