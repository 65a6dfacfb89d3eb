"""What a fit leaves alone, and what it leaves behind when it fails."""

import contextlib
import os
import signal
import warnings
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import skops.io
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, KFold

from skbalance import BalancedMultiLabelClassifier
from skbalance.losses import BinaryCrossEntropy, get_loss_names
from skbalance.losses._kernel import focal
from skbalance.training._lbfgs import LBFGS
from skbalance.training._net import Net, PlateauStop


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 10))
    return X, (X[:, :4] + 0.5 * rng.normal(size=(120, 4)) > 0.7).astype(int)


def model_of(**params):
    return BalancedMultiLabelClassifier("bce", **{"random_state": 0, "max_iter": 300, "alpha": 1e-3, **params})


def same_state(one, two):
    """Whether two dictionaries hold the same objects."""
    return one.keys() == two.keys() and all(one[name] is two[name] for name in one)


# Interrupts


@pytest.fixture(autouse=True)
def ctrl_c_is_not_ignored():
    """A shell has it ignored in what it runs in the background, and so would the tests be there."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt_at(monkeypatch, owner, method, count):
    """Press Ctrl-C at the n-th call of a method."""
    calls, original = iter(range(1, 10**9)), getattr(owner, method)

    def press(self, *args, **kwargs):
        if next(calls) == count:
            os.kill(os.getpid(), signal.SIGINT)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(owner, method, press)
    return calls


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize(
    ("owner", "method"), [(PlateauStop, "on_epoch_end"), (Net, "train_step_single"), (Net, "get_loss")]
)
def test_an_interrupt_reaches_the_caller(data, monkeypatch, solver, owner, method):
    X, y = data
    model = model_of(solver=solver, max_iter=20, tol=0.1).fit(X, y)
    before = dict(vars(model))
    interrupt_at(monkeypatch, owner, method, 3)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, 1 - y)
    assert same_state(vars(model), before)


@pytest.mark.parametrize("warm_start", [False, True])
def test_an_interrupt_within_a_step_of_lbfgs(data, monkeypatch, warm_start):
    X, y = data
    model = model_of(tol=0.1, warm_start=warm_start).fit(X, y)
    before, coefs = dict(vars(model)), model.coefs_[0].copy()
    original, trials = LBFGS.step, []

    def step(self, closure):
        def interrupted():
            trials.append(self.param_groups[0]["params"][0].detach().clone())
            if len(trials) == 4:
                raise KeyboardInterrupt
            return closure()

        return original(self, interrupted)

    monkeypatch.setattr(LBFGS, "step", step)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, 1 - y)
    assert not torch.equal(trials[-1], trials[-2])  # half way through a step
    assert same_state(vars(model), before)
    np.testing.assert_array_equal(model.coefs_[0], coefs)
    assert not hasattr(model_of(), "coefs_")


def test_an_interrupt_ends_a_search(data, monkeypatch):
    X, y = data
    calls = interrupt_at(monkeypatch, PlateauStop, "on_epoch_end", 3)
    search = GridSearchCV(model_of(solver="adam", max_iter=8), {"alpha": [1e-3, 1e-2]}, cv=KFold(2), scoring="f1_macro")
    with pytest.raises(KeyboardInterrupt):
        search.fit(X, y)
    assert next(calls) == 4
    assert not hasattr(search, "cv_results_")


# What belongs to the process, or to the caller's thread

DROPOUT = {"hidden_layer_sizes": (12,), "dropout": 0.4, "max_iter": 4, "batch_size": 40}


def fitted(X, y, seed):
    with warnings.catch_warnings():  # in a process of its own, or before any thread is started
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model_of(random_state=seed, **DROPOUT).fit(X, y).coefs_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_threads_processes_and_turns_give_the_same_models(data):
    X, y = data
    in_turn = [fitted(X, y, seed) for seed in range(4)]
    filters = list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        threads = list(pool.map(lambda seed: model_of(random_state=seed, **DROPOUT).fit(X, y).coefs_, range(4)))
    assert warnings.filters == filters
    with joblib.parallel_config("loky", inner_max_num_threads=1):
        processes = joblib.Parallel(2)(joblib.delayed(fitted)(X, y, seed) for seed in range(4))
    for turn, thread, process in zip(in_turn, threads, processes, strict=True):
        for one, two, three in zip(turn, thread, process, strict=True):
            np.testing.assert_array_equal(one, two)
            np.testing.assert_array_equal(one, three)
    assert not np.array_equal(in_turn[0][0], in_turn[1][0])


@contextlib.contextmanager
def default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextlib.contextmanager
def deterministic():
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize(
    "setting",
    [
        torch.inference_mode,
        torch.no_grad,
        lambda: torch.device("meta"),
        lambda: torch.autocast("cpu", dtype=torch.bfloat16),
        lambda: default_dtype(torch.float16),
        lambda: default_dtype(torch.float64),
        deterministic,
    ],
    ids=["inference", "no grad", "default device", "autocast", "float16", "float64", "deterministic"],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_the_caller_set_in_torch_changes_nothing(data, setting):
    X, y = data
    settings = [{"max_iter": 4}, DROPOUT, {"solver": "adam", "early_stopping": True, "max_iter": 3}]
    for params in settings:
        expected = BalancedMultiLabelClassifier("db", random_state=0, **params).fit(X.astype(np.float32), y)
        torch.manual_seed(5)
        state = torch.get_rng_state()
        with setting():
            found = BalancedMultiLabelClassifier("db", random_state=0, **params).fit(X.astype(np.float32), y)
        assert torch.equal(torch.get_rng_state(), state)
        for one, two in zip(expected.coefs_, found.coefs_, strict=True):
            np.testing.assert_array_equal(one, two)


# The caller's arrays


@pytest.mark.parametrize("weighting", [None, "rf"])
def test_sparse_features_that_are_not_canonical(data, weighting):
    rng = np.random.default_rng(0)
    rows, columns = np.sort(rng.integers(0, 60, 600)), rng.integers(0, 30, 600)
    indptr = np.r_[0, np.cumsum(np.bincount(rows, minlength=60))]
    X = sp.csr_matrix((np.ones(600), columns.copy(), indptr), shape=(60, 30))  # repeated and unsorted
    for array in (X.data, X.indices, X.indptr):
        array.flags.writeable = False
    y = (rng.random((60, 3)) < 0.4).astype(int)
    model = model_of(term_weighting=weighting, tol=0.01).fit(X, y)
    assert X.nnz == 600
    np.testing.assert_array_equal(X.indices, columns)
    dense = model_of(term_weighting=weighting, tol=0.01).fit(X.toarray(), y)
    np.testing.assert_allclose(model.coefs_[0], dense.coefs_[0], atol=1e-6)


@pytest.mark.parametrize("where", ["X", "y", "predict"])
def test_malformed_sparse_matrices_are_refused(data, where):
    X, y = data
    good, bad = sp.csr_array(X), sp.csr_array(y)
    model = model_of(tol=0.1).fit(good, y)
    bad = good.copy() if where != "y" else bad
    bad.indices[5] = 2**30
    calls = {"X": lambda: model.fit(bad, y), "y": lambda: model.fit(X, bad), "predict": lambda: model.predict(bad)}
    with pytest.raises(ValueError, match=f"{where[0].replace('p', 'X')} is a malformed CSR matrix: .*must be"):
        calls[where]()
    assert model.predict(good).shape == y.shape


# Training that fails


@pytest.mark.parametrize(
    ("X_scale", "dtype", "params", "message"),
    [
        (1e200, np.float64, {"solver": "lbfgs"}, "X holds values too large to train on in float64"),
        (1e30, np.float32, {"solver": "lbfgs"}, r"too large to train on in float32: their squares pass 3e\+38. Scale"),
        (1e300, np.float64, {"solver": "adam"}, "X holds values too large"),
        (
            1.0,
            np.float32,
            {"solver": "adam", "learning_rate_init": 1e30},
            r"Training diverged: .*learning_rate_init \(it is 1e\+30\)",
        ),
        (1e9, np.float32, {"loss": BinaryCrossEntropy(scale=1e30)}, r"Training diverged: .*another alpha"),
    ],
)
def test_training_that_diverges_is_an_error(data, X_scale, dtype, params, message):
    X, y = data
    model = model_of(tol=0.1).fit(X, y)
    before = dict(vars(model))
    model.set_params(max_iter=30, **params)
    with pytest.raises(ValueError, match=message):
        model.fit((X * X_scale).astype(dtype), y)
    assert same_state(
        {name: vars(model)[name] for name in before if name.endswith("_")},
        {name: before[name] for name in before if name.endswith("_")},
    )


def test_an_objective_that_ends_above_its_start_is_warned_of(data):
    X, y = data
    with pytest.warns(ConvergenceWarning, match=r"larger objective.*smaller learning_rate_init \(it is 100\)"):
        model = model_of(solver="adam", learning_rate_init=100, batch_size=120).fit(X, y)
    assert np.isfinite(model.coefs_[0]).all()
    # A rate that suits ends without a word.
    model_of(solver="adam", learning_rate_init=0.05, batch_size=120, tol=0.01).fit(X, y)


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_offsets_in_single_precision_are_warned_of(data, solver):
    X, y = data
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        model_of(solver=solver, max_iter=3).fit((X + 1e5).astype(np.float32), y)
    assert any("float32 keeps too few digits" in str(w.message) for w in seen)


class Uphill(BinaryCrossEntropy):
    """A loss whose gradient points the wrong way."""

    def _criterion(self, statistics, reduction):
        criterion = super()._criterion(statistics, reduction)
        for name in ("margin_loss", "negative_margin_loss"):
            setattr(criterion, name, uphill)
        return criterion


def uphill(neg_margin):
    value, slope = focal(neg_margin)
    return value, -slope


def test_a_solver_that_cannot_move_says_so(data):
    X, y = data
    with pytest.warns(ConvergenceWarning, match="no step along the gradient lowers the objective"):
        model = BalancedMultiLabelClassifier(Uphill()).fit(X, y)
    assert model.n_iter_ < 5


def test_offsets_of_dense_features_cost_no_digits(data):
    # What is left is what single precision keeps of the features themselves.
    X, y = data
    near = model_of(tol=1e-6).fit(X.astype(np.float32), y)
    far = model_of(tol=1e-6).fit((X + 1000).astype(np.float32), y)
    assert far.n_iter_ == pytest.approx(near.n_iter_, abs=3)
    np.testing.assert_allclose(far.coefs_[0], near.coefs_[0], atol=0.01)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
@pytest.mark.parametrize("hidden", [(), (3,)])
def test_scores_that_overflow_are_refused(data, method, hidden):
    X, y = data
    model = BalancedMultiLabelClassifier("bce", hidden_layer_sizes=hidden, max_iter=3, tol=1.0, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    with pytest.raises(ValueError, match="scores overflow"):
        getattr(model, method)(np.full_like(X, 1.7e308))


@pytest.mark.parametrize("loss", get_loss_names())
def test_no_positive_at_all_is_warned_of(data, loss):
    X, y = data
    with pytest.warns(UserWarning, match="4 of 4 labels have no positive sample"):
        model = BalancedMultiLabelClassifier(loss, tol=0.1).fit(X, np.zeros_like(y))
    assert not model.predict(X).any()


# Same shape, other meaning


def test_warm_start_needs_the_same_classes(data):
    X, _ = data
    index = X[:, :3].argmax(axis=1)
    old, new = np.array(["a", "b", "c"])[index], np.array(["x", "c", "a"])[index]
    model = model_of(warm_start=True, tol=0.1).fit(X, old)
    before = dict(vars(model))
    for target, found in (
        (new, r"\['a', 'c', 'x'\] of a multiclass"),
        (index, r"\[0, 1, 2\] of a multiclass"),
        (np.eye(3, dtype=int)[index], r".* of a multilabel"),
    ):
        with pytest.raises(ValueError, match=rf"classes of the previous fit, \['a', 'b', 'c'\] of a mult.*got {found}"):
            model.fit(X, target)
    assert same_state(vars(model), before)
    model.fit(X[:90], old[:90])


def test_warm_start_needs_the_same_features(data):
    X, y = data
    frame = pd.DataFrame(X, columns=[f"f{i}" for i in range(10)])
    model = model_of(warm_start=True, tol=0.1).fit(frame, y)
    with pytest.raises(ValueError, match="feature names should match"):
        model.fit(frame[frame.columns[::-1]], y)
    model.fit(frame, y)
    with pytest.raises(ValueError, match="X has 9 features"):
        model_of(warm_start=True, tol=0.1).fit(X, y).fit(X[:, :9], y)
    assert model_of(tol=0.1).fit(frame, y).fit(X[:, :9], y).n_features_in_ == 9


# Saved models


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array, sp.csr_matrix])
def test_skops_lists_the_class_alone(data, container):
    X, y = data
    model = BalancedMultiLabelClassifier("db", tol=0.1).fit(sp.csr_array(X), container(y))
    blob = skops.io.dumps(model)
    untrusted = skops.io.get_untrusted_types(data=blob)
    assert untrusted == ["skbalance._classifier.BalancedMultiLabelClassifier"]
    loaded = skops.io.loads(blob, trusted=untrusted)
    predicted = loaded.predict(X)
    assert type(predicted) is type(container(y))
    assert not (predicted != model.predict(X)).sum()
