"""Nearness to the mean of a label's rows."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp

from skbalance.memory import CosineCentroidClassifier, _classifiers

from .problems import BINARY, CLASSES, CONTAINERS, ROWS, TARGETS, X, Y, assert_same, memberships, unit


def means(X, y, weight=None):
    """Mean of the rows of length 1 of each label, of length 1."""
    weight = np.ones(len(X)) if weight is None else weight
    return unit((memberships(y) * weight[:, None]).T @ unit(X))


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("n_rows", [1, 90])
def test_scores_are_the_cosine_with_the_mean(container, target, n_rows):
    y, make = TARGETS[target], CONTAINERS[container]
    model = CosineCentroidClassifier().fit(make(X), y)
    cosines = unit(ROWS[:n_rows]) @ means(X, y).T
    found = model.decision_function(make(ROWS[:n_rows]))
    expected = 2 * (cosines[:, 1] - cosines[:, 0]) if target == "binary" else 2 * cosines - 1.2
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(model.centroids_.toarray(), means(X, y), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("container", CONTAINERS)
def test_predictions_are_of_the_kind_of_the_target(container):
    make = CONTAINERS[container]
    labels = (unit(ROWS) @ means(X, Y).T > 0.6).astype(Y.dtype)
    assert labels.any()
    for kind in (np.asarray, sp.csr_array, sp.csr_matrix):
        assert_same(CosineCentroidClassifier().fit(make(X), kind(Y)).predict(make(ROWS)), kind(labels))
    for y in (BINARY, CLASSES):
        model = CosineCentroidClassifier().fit(make(X), y)
        best = (unit(ROWS) @ means(X, y).T).argmax(axis=1)
        np.testing.assert_array_equal(model.classes_, np.unique(y))
        assert_same(model.predict(make(ROWS)), np.unique(y)[best])


def test_a_label_without_a_row_is_near_nothing():
    model = CosineCentroidClassifier().fit(X, Y)
    assert not Y[:, 4].any()
    np.testing.assert_array_equal(model.decision_function(ROWS)[:, 4], -1.2)
    np.testing.assert_array_equal(model.decision_function(np.zeros((2, 12))), -1.2)


@pytest.mark.parametrize("most", [1, 3, 7])
def test_the_largest_entries_of_each_mean_are_kept(most):
    whole = means(X, Y)
    expected = np.where(whole >= -np.sort(-whole, axis=1)[:, [most - 1]], whole, 0)
    model = CosineCentroidClassifier(max_features=most).fit(X, Y)
    assert (np.diff(model.centroids_.indptr) <= most).all()
    np.testing.assert_allclose(model.centroids_.toarray(), unit(expected), rtol=1e-10, atol=1e-12)


def test_the_size_of_an_entry_counts_and_not_its_sign():
    model = CosineCentroidClassifier(max_features=2).fit([[-3.0, 1, 2], [1, 0, 0]], [[1, 0], [0, 1]])
    np.testing.assert_allclose(model.centroids_.toarray(), [unit(np.array([[-3.0, 0, 2]]))[0], [1, 0, 0]])


@pytest.mark.parametrize("container", ["dense", "csr_matrix"])
@pytest.mark.parametrize("target", TARGETS)
def test_a_weight_is_so_many_rows(container, target):
    y, make = TARGETS[target], CONTAINERS[container]
    y = y.toarray() if sp.issparse(y) else y
    weight = np.random.default_rng(1).integers(0, 4, 60)
    assert (weight == 0).any()
    weighted = CosineCentroidClassifier().fit(make(X), y, sample_weight=weight)
    repeated = CosineCentroidClassifier().fit(make(np.repeat(X, weight, axis=0)), np.repeat(y, weight, axis=0))
    np.testing.assert_allclose(
        weighted.decision_function(ROWS), repeated.decision_function(ROWS), rtol=1e-10, atol=1e-12
    )
    halves = CosineCentroidClassifier().fit(make(X), y, sample_weight=weight / 2)
    np.testing.assert_allclose(halves.decision_function(ROWS), weighted.decision_function(ROWS), rtol=1e-10, atol=1e-12)


def test_rows_of_any_length_count_alike():
    longer = X * np.random.default_rng(0).uniform(0.1, 10, (60, 1))
    expected = CosineCentroidClassifier().fit(X, Y).decision_function(ROWS)
    found = CosineCentroidClassifier().fit(longer, Y).decision_function(7 * ROWS)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_float32_stays():
    model = CosineCentroidClassifier().fit(sp.csr_array(X.astype(np.float32)), Y)
    assert model.centroids_.dtype == np.float32
    assert model.decision_function(ROWS.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("container", ["dense", "csr_matrix"])
@pytest.mark.parametrize("target", TARGETS)
def test_pickle(container, target):
    make = CONTAINERS[container]
    model = CosineCentroidClassifier().fit(make(X), TARGETS[target])
    again = pickle.loads(pickle.dumps(model))
    assert_same(again.decision_function(make(ROWS)), model.decision_function(make(ROWS)))
    assert_same(again.predict(make(ROWS)), model.predict(make(ROWS)))
    assert pickle.loads(pickle.dumps(CosineCentroidClassifier(7))).max_features == 7


@pytest.mark.parametrize(
    ("settings", "y", "weight", "match"),
    [
        ({"max_features": 0}, Y, None, "max_features"),
        ({"max_features": 2.5}, Y, None, "max_features"),
        ({}, Y[:-1], None, "inconsistent numbers of samples"),
        ({}, Y * 2, None, "0 and 1"),
        ({}, Y, np.zeros(60), "not all zero"),
        ({}, Y, -np.ones(60), "egative"),
        ({}, Y, np.ones(59), "sample_weight"),
    ],
)
def test_bad_input_is_named(settings, y, weight, match):
    model = CosineCentroidClassifier(**settings)
    with pytest.raises(ValueError, match=match):
        model.fit(X, y, sample_weight=weight)
    assert not hasattr(model, "centroids_")


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("target", TARGETS)
def test_chunks_give_the_means_of_all_rows(container, target):
    y, make, weight = TARGETS[target], CONTAINERS[container], np.random.default_rng(0).integers(0, 3, 60)
    model, classes = CosineCentroidClassifier(), None if np.ndim(y) == 2 else np.unique(y)
    for rows in (slice(0, 20), slice(20, 60)):
        model.partial_fit(make(X[rows]), y[rows], classes=classes, sample_weight=weight[rows])
        classes = None
    np.testing.assert_allclose(model.centroids_.toarray(), means(X, y, weight), rtol=1e-10, atol=1e-12)
    whole = CosineCentroidClassifier().fit(make(X), y, sample_weight=weight)
    assert_same(model.predict(make(ROWS)), whole.predict(make(ROWS)))


def test_chunks_go_on_from_a_fit_and_keep_the_largest_entries():
    model = CosineCentroidClassifier(max_features=7).fit(X[:30], Y[:30]).partial_fit(X[30:], Y[30:])
    assert (np.diff(model.centroids_.indptr) <= 7).all()
    cosines = (unit(model.centroids_.toarray()) * means(X, Y)).sum(axis=1)
    assert (cosines[:4] > 0.85).all()


def test_features_that_come_later():
    model = CosineCentroidClassifier().fit(X[:30, :9], Y[:30])
    model._widen(np.arange(3, 12), 12)
    moved = np.roll(X, 3, axis=1)
    moved[:30, :3] = 0
    model.partial_fit(moved[30:], Y[30:])
    np.testing.assert_allclose(model.centroids_.toarray(), means(moved, Y), rtol=1e-10, atol=1e-12)
    assert model.n_features_in_ == 12


@pytest.mark.parametrize(
    ("X", "y", "settings", "match"),
    [
        (X[:0], Y[:0], {}, "no rows"),
        (X[:, :5], Y, {}, "features"),
        (X, Y[:, :3], {}, "5 labels"),
        (X, BINARY, {}, "kind"),
        (X, Y, {"classes": [0, 1]}, "numbers of its 5 columns"),
        (X, Y, {"sample_weight": np.zeros(60)}, "not all zero"),
        (np.full_like(X, np.nan), Y, {}, "NaN"),
    ],
)
def test_bad_chunks_change_nothing(X, y, settings, match):
    model = CosineCentroidClassifier().fit(ROWS[:60], Y)
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match=match):
        model.partial_fit(X, y, **settings)
    assert pickle.dumps(model) == before


@pytest.mark.parametrize("n_rows", [1, 90])
def test_large_means_stay_sparse(n_rows, monkeypatch):
    rows = sp.csr_array(ROWS[:n_rows])
    expected = CosineCentroidClassifier().fit(X, Y).decision_function(rows)
    model = CosineCentroidClassifier().fit(X, Y)
    size = len(pickle.dumps(model))
    monkeypatch.setattr(_classifiers, "_MOST_DENSE", 1)
    for _ in range(2):
        np.testing.assert_allclose(model.decision_function(rows), expected, rtol=1e-12, atol=1e-12)
    assert len(pickle.dumps(model)) == size
    model.partial_fit(X, Y[::-1].copy())  # what was turned is of the means before
    expected = CosineCentroidClassifier().fit(np.vstack([X, X]), np.vstack([Y, Y[::-1]])).decision_function(rows)
    np.testing.assert_allclose(model.decision_function(rows), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("most", [3, 1000])
def test_means_are_the_same_by_blocks_of_labels(most, monkeypatch):
    def fitted():
        model = CosineCentroidClassifier(max_features=most).fit(sp.csr_array(X), Y)
        return model.partial_fit(sp.csr_array(X[::-1]), Y).centroids_.toarray()

    expected = fitted()
    monkeypatch.setattr(_classifiers, "_LABELS", 2)
    np.testing.assert_allclose(fitted(), expected, rtol=1e-12, atol=1e-12)
