"""A vote of the most similar rows."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp

from skbalance.memory import CosineNeighborsClassifier, _classifiers

from .problems import CONTAINERS, ROWS, TARGETS, X, Y, assert_same, memberships, unit


def nearest(k, rows=ROWS):
    """Nearest training rows and their cosines, one row after the other."""
    cosines = unit(rows) @ unit(X).T
    best = np.array([sorted(range(len(X)), key=lambda j, row=row: (-row[j], j))[:k] for row in cosines])
    return best, np.take_along_axis(cosines, best, axis=1)


def shares(k, y):
    best, cosines = nearest(k)
    members = memberships(y)
    found = []
    for rows, row in zip(best, cosines):
        votes = np.maximum(row, 0)
        found.append(votes @ members[rows] / (votes.sum() or 1))
    return np.array(found)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("k", [1, 7, 60, 100])
def test_neighbours_are_those_of_brute_force(container, k):
    make = CONTAINERS[container]
    rows, cosines = CosineNeighborsClassifier(k).fit(make(X), Y).kneighbors(make(ROWS))
    expected, values = nearest(min(k, 60))
    np.testing.assert_allclose(cosines, values, rtol=1e-10, atol=1e-12)
    # Rows without anything in common come in any order.
    np.testing.assert_array_equal(rows[cosines > 1e-9], expected[cosines > 1e-9])
    assert all(len(set(row)) == min(k, 60) for row in rows.tolist())


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("k", [1, 7, 60])
def test_scores_are_the_share_of_the_vote(container, target, k):
    y, make = TARGETS[target], CONTAINERS[container]
    model = CosineNeighborsClassifier(k).fit(make(X), y)
    expected = shares(k, y)
    found = model.decision_function(make(ROWS))
    if target == "binary":
        np.testing.assert_allclose(found, expected[:, 1] - expected[:, 0], rtol=1e-10, atol=1e-12)
        assert_same(model.predict(make(ROWS)), np.unique(y)[(found > 0).astype(int)])
    elif target == "classes":
        np.testing.assert_allclose(found, expected - 0.5, rtol=1e-10, atol=1e-12)
        assert_same(model.predict(make(ROWS)), np.unique(y)[found.argmax(axis=1)])
    else:
        np.testing.assert_allclose(found, expected - 0.5, rtol=1e-10, atol=1e-12)
        predicted = (found > 0).astype(int)
        assert_same(model.predict(make(ROWS)), type(y)(predicted) if sp.issparse(y) else predicted)


@pytest.mark.parametrize("container", ["dense", "csr_array"])
def test_blocks_of_rows_do_not_matter(container, monkeypatch):
    make = CONTAINERS[container]
    model = CosineNeighborsClassifier(5).fit(make(X), Y)
    whole = model.decision_function(make(ROWS)), *model.kneighbors(make(ROWS))
    for pairs in (1, 60 * 7):
        monkeypatch.setattr(_classifiers, "_BLOCK_PAIRS", pairs)
        for found, expected in zip((model.decision_function(make(ROWS)), *model.kneighbors(make(ROWS))), whole):
            np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_what_points_the_other_way_does_not_vote():
    model = CosineNeighborsClassifier(2).fit([[1.0, 0], [-1, 0], [0, 1]], [[1, 0], [0, 1], [0, 0]])
    np.testing.assert_array_equal(model.decision_function([[2.0, 0]]), [[0.5, -0.5]])
    rows, cosines = model.set_params(n_neighbors=3).kneighbors([[2.0, 0]])
    np.testing.assert_array_equal(rows, [[0, 2, 1]])
    np.testing.assert_array_equal(cosines, [[1, 0, -1]])
    np.testing.assert_array_equal(model.decision_function([[2.0, 0]]), [[0.5, -0.5]])


def test_a_row_like_no_other_has_no_vote():
    scores = CosineNeighborsClassifier(3).fit(X, Y).decision_function(np.zeros((2, 12)))
    np.testing.assert_array_equal(scores, -0.5)


@pytest.mark.parametrize("container", ["dense", "csr_matrix"])
@pytest.mark.parametrize("target", TARGETS)
def test_pickle(container, target):
    make = CONTAINERS[container]
    model = CosineNeighborsClassifier(5).fit(make(X), TARGETS[target])
    again = pickle.loads(pickle.dumps(model))
    assert_same(again.decision_function(make(ROWS)), model.decision_function(make(ROWS)))
    assert_same(again.predict(make(ROWS)), model.predict(make(ROWS)))
    assert pickle.loads(pickle.dumps(CosineNeighborsClassifier(7))).n_neighbors == 7


@pytest.mark.parametrize(
    ("settings", "y", "match"),
    [
        ({"n_neighbors": 0}, Y, "n_neighbors"),
        ({"n_neighbors": None}, Y, "n_neighbors"),
        ({}, Y[:-1], "inconsistent numbers of samples"),
        ({}, Y * 2, "0 and 1"),
    ],
)
def test_bad_input_is_named(settings, y, match):
    model = CosineNeighborsClassifier(**settings)
    with pytest.raises(ValueError, match=match):
        model.fit(X, y)
    assert not hasattr(model, "classes_")


@pytest.mark.parametrize("second", CONTAINERS)
@pytest.mark.parametrize("first", CONTAINERS)
@pytest.mark.parametrize("weighted", [False, True])
def test_chunks_are_remembered_like_all_rows(first, second, weighted):
    weight = np.random.default_rng(0).integers(1, 3, 60) if weighted else np.ones(60)
    whole = CosineNeighborsClassifier(7).fit(X, Y, sample_weight=weight)
    model = CosineNeighborsClassifier(7).partial_fit(CONTAINERS[first](X[:25]), Y[:25], sample_weight=weight[:25])
    model.partial_fit(CONTAINERS[second](X[25:]), sp.csr_array(Y[25:]), sample_weight=weight[25:])
    np.testing.assert_allclose(model.decision_function(ROWS), whole.decision_function(ROWS), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("container", CONTAINERS)
def test_features_that_come_later(container):
    make, moved = CONTAINERS[container], np.roll(X, 3, axis=1)
    moved[:30, :3] = 0
    model = CosineNeighborsClassifier(7).fit(make(X[:30, :9]), Y[:30])
    model._widen(np.arange(3, 12), 12)
    model.partial_fit(make(moved[30:]), Y[30:])
    expected = CosineNeighborsClassifier(7).fit(moved, Y).decision_function(ROWS)
    np.testing.assert_allclose(model.decision_function(ROWS), expected, rtol=1e-10, atol=1e-12)
