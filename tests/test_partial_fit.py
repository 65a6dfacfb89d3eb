"""Chunks of samples, one after the other."""

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.metrics import label_ranking_average_precision_score

from skbalance import BalancedMultiLabelClassifier
from skbalance.losses import get_loss_names

LABELS = 6


def draw(n_rows, seed=0):
    """Rows of words, some of which tell the labels; the first label is the most frequent one."""
    rng = np.random.default_rng(seed)
    y = (rng.random((n_rows, LABELS)) < [0.5, 0.3, 0.2, 0.1, 0.06, 0.04]).astype(int)
    words = np.hstack([np.repeat(0.05 + 0.2 * y, 4, axis=1), np.full((n_rows, 36), 0.1)])
    X = (rng.random(words.shape) < words) * rng.uniform(0.5, 1, words.shape)
    return sp.csr_array(X / np.maximum(np.linalg.norm(X, axis=1, keepdims=True), 1e-9)), y


X, Y = draw(600)
TEST, Y_TEST = draw(1000, 1)
HALVES = slice(0, 300), slice(300, 600)


def model_of(loss="squared_hinge", **params):
    return BalancedMultiLabelClassifier(loss, random_state=0, **params)


def in_chunks(model, order=None, n_chunks=6):
    for rows in np.array_split(np.arange(len(Y)) if order is None else order, n_chunks):
        model.partial_fit(X[rows], Y[rows])
    return model


def precision(model, rows=TEST, y=Y_TEST):
    return label_ranking_average_precision_score(y, model.decision_function(rows))


def same(one, two):
    """Whether two models hold equal state."""
    one, two = (pickle.dumps(sorted(vars(model).items())) for model in (one, two))
    return one == two


@pytest.mark.parametrize("loss", get_loss_names())
def test_the_first_chunk_is_fitted(loss):
    one, whole = model_of(loss).partial_fit(X, Y), model_of(loss).fit(X, Y)
    np.testing.assert_allclose(one.decision_function(TEST), whole.decision_function(TEST), rtol=1e-4, atol=1e-4)
    assert one.alpha_ == whole.alpha_
    assert str(one.loss_) == str(whole.loss_)


@pytest.mark.parametrize("loss", ["squared_hinge", "balanced_ntr", "bce", "db", "asymmetric"])
def test_chunks_teach_what_all_of_them_do(loss):
    whole, first = model_of(loss).fit(X, Y), model_of(loss).fit(X[:100], Y[:100])
    lost, missing = (precision(whole) - precision(model) for model in (in_chunks(model_of(loss)), first))
    assert lost < 0.01
    assert lost < 0.001 + missing / 3


def test_the_order_of_the_chunks_matters_little():
    whole, order = model_of().fit(X, Y), np.arange(len(Y))
    scores = [
        in_chunks(model_of(), rows).decision_function(TEST)
        for rows in (order, order[::-1], np.random.default_rng(0).permutation(order))
    ]
    for found in scores:
        for label in range(LABELS):
            assert np.corrcoef(found[:, label], whole.decision_function(TEST)[:, label])[0, 1] > 0.88
    assert max(np.ptp([label_ranking_average_precision_score(Y_TEST, found) for found in scores], keepdims=True)) < 0.01


def test_what_was_learnt_before_is_kept():
    """A chunk that says nothing of most features and labels does not undo them."""
    model = model_of().fit(X, Y)
    before = precision(model)
    rows = np.flatnonzero(Y[:, 5])
    model.partial_fit(X[rows], Y[rows])
    assert precision(model) > before - 0.03


def test_only_features_of_the_chunk_are_changed():
    model = model_of().fit(X, Y)
    before, rows = model.coefs_[0].copy(), np.zeros((4, X.shape[1]))
    rows[:, [1, 7]] = [[1, 0], [0, 1], [1, 1], [0.5, 1]]
    model.partial_fit(sp.csr_array(rows), Y[:4])
    changed = np.flatnonzero((model.coefs_[0] != before).any(axis=1))
    np.testing.assert_array_equal(changed, [1, 7])


@pytest.mark.parametrize("first", ["fit", "partial_fit"])
@pytest.mark.parametrize("loss", ["db", "squared_hinge"])
def test_counts_add_up(loss, first):
    weight = np.random.default_rng(0).integers(0, 3, len(Y)).astype(float)
    model = model_of(loss)
    getattr(model, first)(X[HALVES[0]], Y[HALVES[0]], sample_weight=weight[HALVES[0]])
    model.partial_fit(X[HALVES[1]], Y[HALVES[1]], sample_weight=weight[HALVES[1]])
    whole = model_of(loss).fit(X, Y, sample_weight=weight)
    np.testing.assert_allclose(model.label_counts_, weight @ Y)
    assert model.n_samples_fit_ == weight.sum()
    assert model.alpha_ == pytest.approx(whole.alpha_, rel=1e-9)
    np.testing.assert_allclose(model._seen[2], whole._seen[2])
    np.testing.assert_allclose(model._seen[3], whole._seen[3], atol=1e-12)
    if loss == "db":
        assert model.loss_.mu == pytest.approx(whole.loss_.mu, rel=0.1)


def test_unknown_labels_are_not_counted():
    y = Y.astype(float)
    y[:50, 1] = np.nan
    model = model_of(uncertain_labels=True)
    for half in HALVES:
        model.partial_fit(X[half], y[half])
    np.testing.assert_array_equal(model._seen[0], [600, 550, 600, 600, 600, 600])


@pytest.mark.parametrize("params", [{}, {"solver": "adam", "tol": 1e-2}])
def test_a_weight_of_two_is_two_rows(params):
    rows, weight = np.arange(300, 600), np.random.default_rng(0).integers(0, 3, 300)
    params = {"tol": 1e-9, "batch_size": 1000, **params}
    weighted, repeated = (model_of(max_iter=500, **params).fit(X[:300], Y[:300]) for _ in range(2))
    weighted.partial_fit(X[rows], Y[rows], sample_weight=weight)
    many = np.repeat(rows, weight)
    repeated.partial_fit(X[many], Y[many])
    np.testing.assert_allclose(weighted.decision_function(TEST), repeated.decision_function(TEST), atol=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dense_and_sparse_rows_teach_the_same(dtype):
    rows = X.astype(dtype)
    sparse, dense = (
        in_two(model_of(term_weighting=None, tol=1e-6, max_iter=1000), make)
        for make in (
            lambda half: rows[half],
            lambda half: rows[half].toarray(),
        )
    )
    assert sparse.coefs_[0].dtype == dtype
    np.testing.assert_allclose(sparse.decision_function(TEST), dense.decision_function(TEST), atol=2e-3)


def in_two(model, rows):
    for half in HALVES:
        model.partial_fit(rows(half), Y[half])
    return model


@pytest.mark.parametrize("params", [{"hidden_layer_sizes": (16,)}, {"solver": "adam"}])
def test_mini_batches_do_one_pass_over_a_chunk(params):
    model = model_of("bce", learning_rate_init=0.01, batch_size=50, **params).fit(X[HALVES[0]], Y[HALVES[0]])
    before, coefs = precision(model, X[300:], Y[300:]), [coef.copy() for coef in model.coefs_]
    model.partial_fit(X[HALVES[1]], Y[HALVES[1]])
    assert model.n_iter_ == 1
    assert all((new != old).any() for new, old in zip(model.coefs_, coefs))
    assert precision(model, X[300:], Y[300:]) > before


@pytest.mark.parametrize("params", [{}, {"hidden_layer_sizes": (4,), "max_iter": 400, "tol": 1e-2}])
def test_pickles_between_chunks(params):
    one = model_of(**params).partial_fit(X[HALVES[0]], Y[HALVES[0]])
    two = pickle.loads(pickle.dumps(one))
    for model in (one, two):
        model.partial_fit(X[HALVES[1]], Y[HALVES[1]])
    np.testing.assert_array_equal(one.decision_function(TEST), two.decision_function(TEST))


def test_coefficients_that_cannot_be_written_are_copied():
    model = model_of().fit(X[HALVES[0]], Y[HALVES[0]])
    expected = copy.deepcopy(model).partial_fit(X[HALVES[1]], Y[HALVES[1]])
    kept = model.coefs_[0]
    kept.flags.writeable = False
    before = kept.copy()
    model.partial_fit(X[HALVES[1]], Y[HALVES[1]])
    np.testing.assert_array_equal(model.coefs_[0], expected.coefs_[0])
    np.testing.assert_array_equal(kept, before)


@pytest.mark.parametrize("classes", [["a", "b"], ["c", "a", "b"]])
def test_classes_need_not_all_be_in_the_first_chunk(classes):
    y = np.array(sorted(classes))[np.minimum(Y[:, :2] @ [1, 1], len(classes) - 1)]
    first = np.flatnonzero(y == "a")[:50]
    model = model_of().partial_fit(X[first], y[first], classes=classes)
    np.testing.assert_array_equal(model.predict(TEST), ["a"] * len(Y_TEST))
    model.partial_fit(X, y).partial_fit(X, y, classes=classes)
    np.testing.assert_array_equal(model.classes_, sorted(classes))
    assert (model.predict(X) == y).mean() > (model_of().fit(X, y).predict(X) == y).mean() - 0.03


FITTED = model_of().fit(X, Y)
BY_CLASS = model_of("bce").fit(X, Y[:, 0])
SOME = {"X": X[:20], "y": Y[:20]}


@pytest.mark.parametrize(
    ("model", "given", "match"),
    [
        (FITTED, {"X": X[:0], "y": Y[:0]}, "0 sample"),
        (FITTED, {"X": X[:20, :5]}, "features"),
        (FITTED, {"X": X[:20] * np.nan}, "NaN"),
        (FITTED, {"y": Y[:20, :5]}, "6 labels.*5 columns"),
        (FITTED, {"y": Y[:19]}, "inconsistent"),
        (FITTED, {"y": 2 * Y[:20]}, "0 and 1"),
        (FITTED, {"y": Y[:20, 0]}, "kind"),
        (FITTED, {"classes": [0, 1]}, "numbers of its 6 columns"),
        (FITTED, {"sample_weight": -np.ones(20)}, "negative"),
        (BY_CLASS, {"y": np.full(20, 3)}, "not among those of the model.*3"),
        (BY_CLASS, {"y": Y[:20, 0], "classes": [0, 1, 2]}, "those of the rows before"),
        (BY_CLASS, {}, "kind"),
        (model_of(), {"y": Y[:20, 0]}, "classes must name all"),
        (model_of(), {"y": np.zeros(20), "classes": [0]}, "two classes"),
    ],
)
def test_bad_chunks_change_nothing(model, given, match):
    model = copy.deepcopy(model)
    before = copy.deepcopy(model)
    with pytest.raises(ValueError, match=match):
        model.partial_fit(**{**SOME, **given})
    assert same(model, before)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"early_stopping": True}, "early_stopping=False"),
        ({"device": "tpu"}, "device"),
        ({"solver": "lbfgs", "hidden_layer_sizes": (3,)}, "hidden layers"),
        ({"alpha": -1.0}, "alpha"),
        ({"loss": "hinge"}, "loss"),
    ],
)
def test_bad_settings_change_nothing(params, match):
    model = copy.deepcopy(FITTED).set_params(**params)
    before = copy.deepcopy(model)
    with pytest.raises(ValueError, match=match):
        model.partial_fit(**SOME)
    assert same(model, before)


def test_features_that_come_later():
    model = model_of().fit(X[HALVES[0]], Y[HALVES[0]])
    before, places = model.decision_function(TEST), np.r_[np.arange(30), np.arange(33, 63)]
    model._widen(places, 65)

    def wider(rows):
        found = np.zeros((rows.shape[0], 65))
        found[:, places] = rows.toarray()
        return found

    np.testing.assert_allclose(model.decision_function(wider(TEST)), before, rtol=1e-10)
    chunk = wider(X[HALVES[1]])
    chunk[:, 64] = Y[HALVES[1]][:, 0]
    model.partial_fit(sp.csr_array(chunk), Y[HALVES[1]])
    assert model.n_features_in_ == 65
    assert model.coefs_[0][64, 0] > 0.5
    assert not model.coefs_[0][[30, 63]].any()


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_a_chunk_of_zeros_changes_no_coefficient(solver):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 5)), rng.integers(0, 2, size=(30, 3))
    model = BalancedMultiLabelClassifier(solver=solver, random_state=0).partial_fit(X, y)
    coef = model.coef_.copy()
    model.partial_fit(np.zeros((4, 5)), y[:4])
    np.testing.assert_array_equal(model.coef_, coef)
    np.testing.assert_array_equal(model.label_counts_, y.sum(axis=0) + y[:4].sum(axis=0))
    first = BalancedMultiLabelClassifier(solver=solver, random_state=0).partial_fit(np.zeros((30, 5)), y)
    assert not first.coef_.any()


@pytest.mark.parametrize("params", [{"solver": "lbfgs"}, {"solver": "adam", "tol": 0.05}])
def test_chunks_of_a_sparse_model_teach_what_those_of_a_dense_one_do(params):
    dense, model = (in_chunks(model_of(coef_threshold=threshold, **params)) for threshold in (None, 0.001))
    assert isinstance(model.coefs_[0], sp.csr_matrix)
    assert abs(precision(model) - precision(dense)) < 0.01


def test_a_sparse_model_takes_later_features_and_labels():
    model = model_of(coef_threshold=0.01).fit(X, Y)
    before, places = model.decision_function(TEST), np.r_[np.arange(30), np.arange(33, 63)]
    wide = sp.csr_array((TEST.data, places[TEST.indices], TEST.indptr), shape=(TEST.shape[0], 65))
    model._widen(places, 65)
    np.testing.assert_allclose(model.decision_function(wide), before, rtol=1e-10)
    model._of_outputs(np.array([5, 6, 0]), sp.csr_matrix(np.ones((65, 1))), [0.5], [3], len(Y))
    assert isinstance(model.coefs_[0], sp.csr_matrix)
    scores = model.decision_function(wide)
    np.testing.assert_allclose(scores[:, [0, 2]], before[:, [5, 0]], rtol=1e-10)
    np.testing.assert_allclose(scores[:, 1], wide.sum(axis=1) + 0.5)


@pytest.mark.parametrize(("before", "after"), [(None, 0.01), (0.01, None)])
def test_a_model_stays_sparse_or_dense_as_chunks_come(before, after):
    model = model_of(coef_threshold=before).fit(X[HALVES[0]], Y[HALVES[0]]).set_params(coef_threshold=after)
    model.partial_fit(X[HALVES[1]], Y[HALVES[1]])
    assert sp.issparse(model.coefs_[0]) == (before is not None)
    assert precision(model) > 0.9 * precision(model_of().fit(X, Y))
