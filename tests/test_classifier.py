"""The estimator: targets of every kind, parameters, attributes, errors."""

import pickle
import re
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import skops.io
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import make_long_tailed_multilabel
from skbalance.losses import (
    BinaryCrossEntropy,
    ClassBalancedFocalLoss,
    DistributionBalancedLoss,
    FocalLoss,
    LabelStatistics,
    PositivePairs,
    get_loss_names,
)
from skbalance.training import hold_out_rows


@pytest.fixture(scope="module")
def data():
    X, y = make_long_tailed_multilabel(300, 8, n_features=60, random_state=0)
    X = sp.csr_array(X, dtype=np.float64)
    return X / sp.linalg.norm(X, axis=1).max(), y.toarray()


def small(**params):
    settings = {"loss": "db", "alpha": 1e-3, "term_weighting": None, "max_iter": 1000, "tol": 1e-5, "random_state": 0}
    return BalancedMultiLabelClassifier(**{**settings, **params})


# What goes in and comes out


@pytest.mark.parametrize("container", [np.asarray, sp.csr_matrix, sp.csc_matrix, sp.csr_array, sp.coo_array])
@pytest.mark.parametrize("dtype", [bool, np.int64, np.uint8, np.float32])
def test_predictions_are_of_the_kind_of_y(data, container, dtype):
    X, y = data
    y = container(y.astype(dtype))
    model = small().fit(X, y)
    predicted = model.predict(X)
    assert predicted.dtype == dtype
    assert predicted.shape == y.shape
    assert sp.issparse(predicted) == sp.issparse(y)
    assert isinstance(predicted, sp.sparray) == isinstance(y, sp.sparray)
    reference = small().fit(X, data[1]).predict(X)
    np.testing.assert_array_equal(predicted.toarray() if sp.issparse(y) else predicted, reference)


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.parametrize("hidden", [(), (7,), (6, 5)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sparse_and_dense_features_agree(data, solver, hidden, dtype):
    X, y = data
    X = X.astype(dtype)
    params = {"solver": solver, "hidden_layer_sizes": hidden, "batch_size": 64, "max_iter": 15, "tol": 0}
    with pytest.warns(ConvergenceWarning):
        dense = small(**params).fit(X.toarray(), y)
    with pytest.warns(ConvergenceWarning):
        sparse = small(**params).fit(X, y)
    assert dense.coefs_[0].dtype == sparse.decision_function(X).dtype == dtype
    rtol = 1e-2 if dtype == np.float32 else 1e-6
    np.testing.assert_allclose(dense.predict_proba(X.toarray()), sparse.predict_proba(X), rtol=rtol, atol=rtol / 10)
    assert [c.shape for c in dense.coefs_] == [(a, b) for a, b in zip((60, *hidden), (*hidden, 8), strict=True)]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"solver": "adam", "learning_rate_init": 0.3},
        {"hidden_layer_sizes": (20,), "alpha": 1e-3, "learning_rate_init": 0.02},
    ],
)
def test_learns(data, params):
    X, y = data
    model = small(**{"alpha": 1e-5, "tol": 1e-2, **params}).fit(X, y)
    assert f1_score(y, model.predict(X), average="macro") > 0.8


@pytest.mark.parametrize("loss", get_loss_names())
def test_one_dimensional_targets(loss):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 4))
    classes = np.array(["ham", "spam", "tofu"])
    index = (X @ rng.normal(size=(4, 3))).argmax(axis=1)
    multiclass = small(loss=loss, alpha=1e-4).fit(X, classes[index])
    assert multiclass.score(X, classes[index]) > 0.2 + np.bincount(index).max() / 90
    assert multiclass.predict_proba(X).shape == multiclass.decision_function(X).shape == (90, 3)
    np.testing.assert_allclose(multiclass.predict_proba(X).sum(axis=1), 1)
    binary = small(loss=loss, alpha=1e-4).fit(X, classes[np.minimum(index, 1)])
    assert binary.score(X, classes[np.minimum(index, 1)]) > 0.9
    assert binary.predict_proba(X).shape == (90, 2)
    assert binary.decision_function(X).shape == (90,)
    assert binary.classes_.tolist() == ["ham", "spam"]


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.parametrize("loss", get_loss_names())
def test_many_labels_need_no_dense_target(loss, solver, monkeypatch):
    monkeypatch.setattr(PositivePairs, "dense", lambda pairs: pytest.fail("the target was made dense"))
    monkeypatch.setattr(sp.csr_array, "toarray", lambda matrix: pytest.fail("the target was made dense"))
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    rows, columns = np.repeat(np.arange(60), 12), rng.integers(18_211, size=720)
    y = sp.csr_array((np.ones(720, dtype=bool), (rows, columns)), shape=(60, 18_211))
    model = BalancedMultiLabelClassifier(loss, solver=solver, max_iter=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # labels without a sample, and no convergence so soon
        model.fit(X, y)
    assert model.decision_function(X[:2]).shape == (2, 18_211)
    assert np.isfinite(model.coefs_[0]).all()


@pytest.mark.parametrize("base", ["focal", "sigmoid", "softmax"])
def test_single_label_class_balanced(base):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 4))
    y = (X @ rng.normal(size=(4, 3))).argmax(axis=1)
    loss = ClassBalancedFocalLoss(base=base, mode="average_w", normalize=True, alpha=None, beta=0.99)
    model = small(loss=loss, alpha=1e-4).fit(X, y)
    assert model.score(X, y) > 0.9
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    np.testing.assert_array_equal(model.predict_proba(X).argmax(axis=1), model.predict(X))


def test_a_single_column_of_zero_and_one_is_one_label(data):
    X, y = data
    model = small().fit(X, y[:, :1])
    assert model.predict_proba(X).shape == model.predict(X).shape == model.decision_function(X).shape == (300, 1)
    flat = small().fit(X, y[:, 0])
    np.testing.assert_allclose(flat.predict_proba(X)[:, 1], model.predict_proba(X)[:, 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_probabilities_stay_inside(dtype):
    X = np.array([[1.0], [-1.0]], dtype=dtype)
    for y in (np.array([[1, 0], [0, 1]]), np.array([0, 1]), np.array([0, 1])[:, None]):
        model = small(alpha=1e-6).fit(X, y)
        proba = model.predict_proba(np.array([[1e6], [-1e6]], dtype=dtype))
        assert ((proba > 0) & (proba < 1)).all()
    model = small(alpha=1e-6).fit(np.eye(3, dtype=dtype), np.arange(3))
    proba = model.predict_proba(1e6 * np.eye(3, dtype=dtype))
    assert ((proba > 0) & (proba < 1)).all()


# What is learned


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


@pytest.mark.parametrize("k", [1, 3, 8])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_topk(data, k, dtype, monkeypatch):
    X, y = data[0].astype(dtype), data[1]
    model = small(loss="bce").fit(X, y)
    proba = model.predict_proba(X)
    monkeypatch.setattr("skbalance._responses.BLOCK_ELEMENTS", 56)
    top = model.predict_topk(X, k)
    assert isinstance(top, sp.csr_matrix)
    assert top.shape == (300, 8)
    assert top.dtype == dtype
    assert top.has_canonical_format
    np.testing.assert_array_equal(np.diff(top.indptr), k)
    np.testing.assert_array_equal(np.sort(top.data.reshape(-1, k), axis=1), np.sort(proba, axis=1)[:, -k:])
    np.testing.assert_array_equal(top.data, np.take_along_axis(proba, top.indices.reshape(-1, k), axis=1).ravel())


def test_bad_topk(data):
    X, y = data
    model = small().fit(X, y)
    for k in (0, -1, 9, 1.5, "all", True):
        with pytest.raises(ValueError, match=f"k must be an integer from 1 to the number of labels, 8; got {k!r}"):
            model.predict_topk(X, k)
    with pytest.raises(ValueError, match="fitted to a 1-D target"):
        small().fit(X, y.argmax(axis=1)).predict_topk(X, 1)
    with pytest.raises(NotFittedError):
        small().predict_topk(X, 1)


def test_prediction_in_blocks(data, monkeypatch):
    X, y = data
    for target in (y, sp.csr_array(y), y[:, 0], y.argmax(axis=1)):
        model = small().fit(X, target)
        whole = model.predict(X)
        monkeypatch.setattr("skbalance._responses.BLOCK_ELEMENTS", 56)
        parts = model.predict(X)
        monkeypatch.undo()
        difference = whole != parts
        assert type(whole) is type(parts)
        assert not (difference.nnz if sp.issparse(difference) else difference.any())


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_nothing_sparse_is_densified(data, solver, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a sparse matrix was made dense")

    X, y = data
    y = sp.csr_array(y)
    for container in (sp.csr_array, sp.csc_array, sp.coo_array, sp.csr_matrix):
        for method in ("toarray", "todense"):
            monkeypatch.setattr(container, method, refuse)
    with pytest.warns(ConvergenceWarning):
        model = small(solver=solver, max_iter=3, tol=0).fit(X, y)
    assert model.predict(X).shape == y.shape


# Pickles


@pytest.mark.parametrize("loss", ["db", FocalLoss(gamma=1.0), FocalLoss(pos_weight=np.arange(1.0, 9.0))])
def test_pickle_and_skops(data, loss):
    X, y = data
    model = small(loss=loss).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    blob = skops.io.dumps(model)
    untrusted = skops.io.get_untrusted_types(data=blob)
    own = [] if isinstance(loss, str) else ["skbalance.losses._focal.FocalLoss"]
    assert untrusted == ["skbalance._classifier.BalancedMultiLabelClassifier", *own]
    loaded = skops.io.loads(blob, trusted=untrusted)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert repr(loaded.loss_) == repr(again.loss_) == repr(model.loss_)


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


# Bad input


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"loss": "focall"}, r"'bce', 'focal'.*got 'focall'"),
        ({"loss": BinaryCrossEntropy(reweight="inv")}, r"'reweight'.*'inverse'.*Got 'inv'"),
        ({"loss": FocalLoss(gamma=-1)}, r"'gamma'.*Got -1"),
        ({"solver": "sgd"}, r"'solver'.*'lbfgs'.*Got 'sgd'"),
        ({"alpha": -1}, "'alpha'.*Got -1"),
        ({"alpha": "best"}, "'alpha'.*'auto'.*Got 'best'"),
        ({"tol": "best"}, "'tol'.*'auto'.*Got 'best'"),
        ({"term_weighting": "idf"}, r"'term_weighting'.*'rf'.*None.*Got 'idf'"),
        ({"term_weighting": "rf", "hidden_layer_sizes": (5,)}, r"'rf' is for linear models; got.*\(5,\)"),
        ({"hidden_layer_sizes": (0,)}, r"positive integers up to 1048576; got \(0,\)"),
        ({"hidden_layer_sizes": (2.5,)}, r"positive integers up to 1048576; got \(2.5,\)"),
        ({"hidden_layer_sizes": True}, "'hidden_layer_sizes'.*array-like or an int.*Got True"),
        ({"alpha": True}, "'alpha'.*float in the range.*Got True"),
        ({"max_iter": np.True_}, "'max_iter'.*int in the range.*Got .*True"),
        ({"solver": "lbfgs", "early_stopping": True}, "early_stopping=True is for solver='adam'"),
        ({"dropout": 1.0}, "'dropout'"),
        ({"batch_size": 0}, "'batch_size'"),
        ({"max_iter": 0}, "'max_iter'"),
        ({"validation_fraction": 1.0}, "'validation_fraction'"),
        ({"device": "tpu"}, "device='tpu' cannot be used here"),
        ({"device": "meta"}, "device='meta' cannot be used here"),
        ({"loss": ClassBalancedFocalLoss(base="softmax")}, "exclude each other; y is a label indicator"),
    ],
)
def test_bad_parameters(data, params, message):
    X, y = data
    model = small(**params)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert vars(model) == {**vars(model), **params}
    assert not hasattr(model, "n_features_in_")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (np.where(X.toarray() > 0, np.nan, 0), y), "NaN"),
        (lambda X, y: (np.full(X.shape, np.inf), y), "infinity"),
        (lambda X, y: (X, y * 2), r"holds only 0 and 1; it holds \[2\]"),
        (lambda X, y: (X, sp.csr_array(y * 3)), r"holds only 0 and 1; it holds \[3\]"),
        (lambda X, y: (X, y - 0.5), r"holds only 0 and 1; it holds \[-0.5, 0.5\]"),
        (lambda X, y: (X, np.where(y == 1, "yes", "no")), "MultiLabelBinarizer"),
        (lambda X, y: (X, y[:-1]), "inconsistent numbers of samples"),
        (lambda X, y: (X, np.zeros(300)), "only one class is present"),
        (lambda X, y: (X, np.linspace(0, 1, 300)), "Unknown label type: continuous"),
        (lambda X, y: (X[:0], y[:0]), "0 sample"),
    ],
)
def test_bad_data_leaves_the_estimator_as_it_was(data, change, message):
    X, y = data
    model = small().fit(X, y)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=message):
        model.fit(*change(X, y))
    assert vars(model) == before
    model.predict(X)


def test_bad_weights(data):
    X, y = data
    with pytest.raises(ValueError, match="zero"):
        small().fit(X, y, sample_weight=np.zeros(300))
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        small().fit(X, y, sample_weight=np.linspace(-1, 1, 300))
    with pytest.raises(ValueError, match=r"finite.*got array"):
        small().fit(X, y, sample_weight=np.full(300, np.nan))


def test_parameters_of_a_loss_named_by_a_string():
    model = small(loss="db")
    before = model.get_params()
    with pytest.raises(ValueError, match=re.escape("loss=FocalLoss()")):
        model.set_params(loss="focal", loss__gamma=1)
    with pytest.raises(ValueError, match=re.escape("loss=DistributionBalancedLoss()")):
        model.set_params(loss__gamma=1)
    assert model.get_params() == before
    model.set_params(loss=FocalLoss(), loss__gamma=1)
    assert model.loss.gamma == 1
    with pytest.raises(ValueError, match="Invalid parameter 'gama'"):
        model.set_params(loss__gama=1)


@pytest.mark.parametrize("device", ["cuda:99"] if torch.cuda.is_available() else ["cuda", "cuda:99"])
def test_a_gpu_that_is_not_there(data, device):
    X, y = data
    with pytest.raises(ValueError, match=f"device='{device}' cannot be used here"):
        small(device=device).fit(X, y)


def test_bad_predictions(data):
    X, y = data
    with pytest.raises(NotFittedError):
        small().predict(X)
    with pytest.raises(ValueError, match="60 features"):
        small().fit(X, y).predict(X[:, :59])


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
