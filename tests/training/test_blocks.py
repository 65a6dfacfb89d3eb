"""Blocks of labels side by side: in threads, in processes, and on a Dask cluster that loses a worker."""

import os
import signal
from concurrent.futures import CancelledError
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from distributed import Client, LocalCluster
from joblib import parallel_config, register_parallel_backend
from joblib.parallel import ThreadingBackend
from sklearn.exceptions import ConvergenceWarning

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import make_long_tailed_multilabel
from skbalance.losses import BinaryCrossEntropy
from skbalance.training import _blocks, _problem, _solvers
from skbalance.training._blocks import BlockWeights, drop_small, side_by_side
from skbalance.training._solvers import SharedByBlocks
from tests.training.test_solvers import SEPARABLE

N_LABELS = 64


@pytest.fixture(scope="module")
def data():
    X, y = make_long_tailed_multilabel(150, N_LABELS, n_features=60, labels_per_sample=4, length=30, random_state=0)
    return X.astype(np.float64), y


def fit(data, loss="bce", **params):
    return BalancedMultiLabelClassifier(loss, random_state=0, **params).fit(*data)


def assert_same_weights(model, expected):
    for found, wanted in zip((*model.coefs_, *model.intercepts_), (*expected.coefs_, *expected.intercepts_)):
        np.testing.assert_array_equal(_dense(found), _dense(wanted))


def _dense(array):
    return array.toarray() if sp.issparse(array) else array


@pytest.mark.parametrize("loss", SEPARABLE)
def test_blocks_side_by_side_have_the_minimum_of_all_labels(data, loss):
    params = {"tol": 1e-13, "max_iter": 3000, "alpha": 1.0}
    one = fit(data, loss, **params)
    with parallel_config("threading"):
        many = fit(data, loss, n_jobs=2, **params)
    np.testing.assert_allclose(many.decision_function(data[0]), one.decision_function(data[0]), atol=1e-4)
    assert many.loss_curve_[-1] == pytest.approx(one.loss_curve_[-1], rel=1e-8)


def test_backend_and_number_of_jobs_change_nothing(data):
    with parallel_config("threading"):
        two, three = (fit(data, "db", n_jobs=n_jobs) for n_jobs in (2, 3))
    assert_same_weights(two, three)
    assert_same_weights(fit(data, "db", n_jobs=2), two)


class Listed(ThreadingBackend):
    """Returns all results at once, as the backend of Ray does."""

    supports_return_generator = False


def test_backend_that_returns_all_blocks_at_once(data):
    register_parallel_backend("listed", Listed)
    with parallel_config("listed"):
        listed = fit(data, "db", n_jobs=2)
    assert_same_weights(listed, fit(data, "db", n_jobs=2))


def test_none_is_one_job_whatever_the_backend_says(data, monkeypatch):
    monkeypatch.setattr(_blocks, "Parallel", None)
    with parallel_config("threading", n_jobs=2):
        fit(data)
        fit(data, n_jobs=1)
        fit(data, "zlpr", n_jobs=2)  # one block
        fit(data, n_jobs=2, solver="adam", tol=1.0, max_iter=30)


def test_a_warning_comes_once_and_an_error_is_that_of_one_job(data):
    with parallel_config("threading"), pytest.warns(ConvergenceWarning, match="max_iter=3") as caught:
        fit(data, n_jobs=2, max_iter=3)
    assert len(caught) == 1
    X = data[0].astype(np.float32)
    with parallel_config("threading"), pytest.raises(ValueError, match="Training diverged"):
        fit((1e9 * X, data[1]), BinaryCrossEntropy(scale=1e30), n_jobs=2)


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("loss", ["bce", "zlpr"])
def test_a_model_without_small_coefficients(data, loss, n_jobs):
    X = data[0]
    with parallel_config("threading"):
        dense = fit(data, loss, n_jobs=n_jobs)
        model = fit(data, loss, coef_threshold=0.1, n_jobs=n_jobs)
    assert isinstance(model.coefs_[0], sp.csr_matrix)
    coef, size = model.coefs_[0].toarray(), np.abs(dense.coefs_[0])
    assert 0.05 < (coef != 0).mean() < 0.8
    assert model.coef_threshold_ == 0.1
    np.testing.assert_allclose(
        model.decision_function(X).mean(axis=0), dense.decision_function(X).mean(axis=0), atol=1e-6
    )
    kept = size >= 0.1 * size.max(axis=0)
    np.testing.assert_array_equal(coef, np.where(kept, dense.coefs_[0], 0))


def test_drop_small_keeps_the_mean_score():
    rng = np.random.default_rng(0)
    X, coef, intercept = rng.random((50, 8)), rng.normal(size=(8, 3)), rng.normal(size=3)
    scores = X @ coef + intercept
    found, shifted = drop_small(coef.copy(), intercept, X.mean(axis=0), 0.5)
    assert 3 <= found.nnz < 24
    np.testing.assert_allclose((X @ found + shifted).mean(axis=0), scores.mean(axis=0))
    all_zero, _ = drop_small(np.zeros((8, 3)), intercept, X.mean(axis=0), 0.5)
    assert all_zero.nnz == 0


@pytest.mark.parametrize("kind", [np.asarray, sp.csc_array])
def test_block_weights_are_put_together(kind):
    blocks, start = [slice(0, 2), slice(2, 3)], np.arange(12.0).reshape(4, 3)
    weights = BlockWeights(kind(start.copy()), np.arange(3.0), blocks)
    coef, intercept = weights.of(1)
    np.testing.assert_array_equal(_dense(coef), start[:, 2:])
    (seen,), (by_intercept,) = weights.with_block(1, kind(np.ones((4, 1))), 7.0)
    np.testing.assert_array_equal(_dense(seen), np.hstack([start[:, :2], np.ones((4, 1))]))
    np.testing.assert_array_equal(by_intercept, [0, 1, 7])
    np.testing.assert_array_equal(_dense(weights.coef), start)
    np.testing.assert_array_equal(weights.intercept, [0, 1, 2])
    weights.put(0, kind(np.zeros((4, 2))), [5, 6])
    np.testing.assert_array_equal(_dense(weights.coef), np.hstack([np.zeros((4, 2)), start[:, 2:]]))
    np.testing.assert_array_equal(weights.intercept, [5, 6, 2])


class Loser:
    """Fits blocks, and loses the worker at some of the calls."""

    def __init__(self, *losses):
        self.losses, self.calls = losses, []

    def __call__(self, shared, block):
        self.calls.append(block)
        if len(self.calls) in self.losses:
            raise CancelledError
        return shared + block


def test_what_is_fitted_is_kept_when_a_worker_is_lost():
    loser, blocks = Loser(3, 4), [(i,) for i in range(4)]
    with parallel_config("threading"):
        assert list(side_by_side(loser, 10, blocks, 1)) == [10, 11, 12, 13]
    assert loser.calls == [0, 1, 2, 2, 2, 3]


def test_workers_that_are_lost_again_and_again_end_the_fit():
    loser = Loser(*range(1, 10))
    with parallel_config("threading"), pytest.raises(CancelledError):
        list(side_by_side(loser, 10, [(0,)], 1))
    assert len(loser.calls) == 4


class CountedData(SharedByBlocks):
    """Counts how often it is pickled in this process."""

    n_pickled = 0

    def __reduce__(self):
        type(self).n_pickled += 1
        return (_shared, ({name: value for name, value in vars(self).items() if name != "_placed"},))


def _shared(fields):
    return SharedByBlocks(**fields)


class DeadlyOnce(BinaryCrossEntropy):
    """The first block that is trained in another process kills it, as running out of memory does."""

    def __init__(self, marker=None):
        super().__init__()
        self.marker = marker

    def _criterion(self, statistics, reduction):
        criterion = super()._criterion(statistics, reduction)
        criterion.register_forward_pre_hook(_Kill(str(self.marker), os.getpid()))
        return criterion


class _Kill:
    def __init__(self, marker, parent):
        self.marker, self.parent = marker, parent

    def __call__(self, *ignored):
        if os.getpid() != self.parent:
            try:
                with Path(self.marker).open("x") as file:
                    file.write(str(os.getpid()))
            except FileExistsError:
                return
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
class TestOnACluster:
    @pytest.fixture
    def client(self):
        with (
            LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster,
            Client(cluster) as client,
        ):
            yield client

    def test_the_data_are_sent_once_and_the_result_is_the_same(self, client, data, monkeypatch):
        monkeypatch.setattr(_problem, "LEAST_LABELS", 8)
        with parallel_config("threading"):
            expected = fit(data, "db", n_jobs=2)
        monkeypatch.setattr(_solvers, "SharedByBlocks", CountedData)
        with parallel_config("dask"):
            model = fit(data, "db", n_jobs=2)
        assert CountedData.n_pickled == 1  # for 4 blocks
        assert_same_weights(model, expected)

    def test_a_fit_survives_the_death_of_a_worker(self, client, data, tmp_path):
        marker, before = tmp_path / "died", set(client.run(os.getpid).values())
        with parallel_config("dask"):
            model = fit(data, DeadlyOnce(marker), n_jobs=2)
        assert int(marker.read_text()) in before
        with parallel_config("threading"):
            assert_same_weights(model, fit(data, n_jobs=2))


def test_a_fit_survives_the_death_of_a_process(data, tmp_path):
    marker = tmp_path / "died"
    with parallel_config("loky"):
        model = fit(data, DeadlyOnce(marker), n_jobs=2)
    assert int(marker.read_text()) != os.getpid()
    with parallel_config("threading"):
        assert_same_weights(model, fit(data, n_jobs=2))
