"""The estimator: targets of every kind, and predictions of the same kind."""

import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import skops.io
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import f1_score

from skbalance import BalancedMultiLabelClassifier
from skbalance.losses import (
    ClassBalancedFocalLoss,
    FocalLoss,
    PositivePairs,
    get_loss_names,
)
from tests.classifiers import make_data, small


@pytest.fixture(scope="module")
def data():
    return make_data()


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
