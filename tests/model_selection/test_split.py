import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from iterstrat.ml_stratifiers import MultilabelStratifiedKFold as Oracle
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import make_multilabel_classification
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.neighbors import KNeighborsClassifier

from skbalance.model_selection import (
    MultilabelStratifiedKFold,
    MultilabelStratifiedShuffleSplit,
    RepeatedMultilabelStratifiedKFold,
    multilabel_train_test_split,
)

SPLITTERS = [
    MultilabelStratifiedKFold(3),
    MultilabelStratifiedKFold(3, shuffle=True, random_state=0),
    RepeatedMultilabelStratifiedKFold(2, n_repeats=3, random_state=0),
    MultilabelStratifiedShuffleSplit(4, test_size=0.3, random_state=0),
]


def target(n=200, n_labels=15, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.random((n, n_labels)) < 0.7 / np.arange(1, n_labels + 1)).astype(int)


def deviation(y, splits):
    """Mean over used labels and folds of |positives - expected|, and the spread of the sizes."""
    tests = [test for _, test in splits]
    counts = np.array([y[test].sum(axis=0) for test in tests])
    used = y.any(axis=0)
    spread = np.ptp([len(test) for test in tests])
    return np.abs(counts - y.sum(axis=0) / len(tests))[:, used].mean(), spread


@pytest.mark.parametrize("n_splits", [2, 5, 10])
@pytest.mark.parametrize(
    "y",
    [
        target(),
        target(1000, 60, 1),
        make_multilabel_classification(1000, 5, n_classes=30, n_labels=3, random_state=0)[1],
        (np.random.default_rng(2).random((1000, 40)) < 0.1).astype(int),
        (np.random.default_rng(3).random((10_000, 100)) < np.minimum(0.5, 3 * np.arange(1, 101) ** -1.5)).astype(int),
    ],
    ids=["small", "power law", "linked", "uniform", "many rows, steep tail"],
)
def test_no_worse_than_iterative_stratification(y, n_splits):
    X = np.zeros((len(y), 1))
    ours, theirs = (
        np.mean(
            [deviation(y, splitter(n_splits, shuffle=True, random_state=s).split(X, y)) for s in range(8)],
            axis=0,
        )
        for splitter in (MultilabelStratifiedKFold, Oracle)
    )
    plain, _ = deviation(y, KFold(n_splits, shuffle=True, random_state=0).split(X))
    assert ours[0] <= theirs[0]
    assert ours[0] < plain
    assert ours[1] <= 1


@pytest.mark.parametrize("cv", SPLITTERS, ids=repr)
@pytest.mark.parametrize("container", [sp.csr_array, sp.csr_matrix, sp.csc_array, pd.DataFrame, np.ndarray.tolist])
def test_containers_give_the_same_splits(cv, container):
    y = target()
    dense = list(cv.split(y, y))
    assert len(dense) == cv.get_n_splits(y, y) == cv.get_n_splits()
    for (train, test), (train_c, test_c) in zip(dense, cv.split(y, container(y))):
        assert_array_equal(train, train_c)
        assert_array_equal(test, test_c)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32])
def test_dtypes_give_the_same_splits(dtype):
    y = target()
    for (_, test), (_, other) in zip(SPLITTERS[1].split(y, y), SPLITTERS[1].split(y, y.astype(dtype))):
        assert_array_equal(test, other)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.booleans())
def test_folds_are_a_partition(seed, n_splits, shuffle):
    y = target(30, 8, seed)
    cv = MultilabelStratifiedKFold(n_splits, shuffle=shuffle, random_state=seed if shuffle else None)
    splits = list(cv.split(y, y))
    assert_array_equal(np.sort(np.concatenate([test for _, test in splits])), np.arange(30))
    for train, test in splits:
        assert_array_equal(np.setdiff1d(np.arange(30), test), train)


def test_random_state():
    y = target()
    tests = {
        seed: [t.tolist() for _, t in MultilabelStratifiedKFold(3, shuffle=True, random_state=seed).split(y, y)]
        for seed in (0, 1)
    }
    again = [t.tolist() for _, t in MultilabelStratifiedKFold(3, shuffle=True, random_state=0).split(y, y)]
    assert tests[0] == again
    assert tests[0] != tests[1]
    cv = MultilabelStratifiedKFold(3)
    for (_, first), (_, second) in zip(cv.split(y, y), cv.split(y, y)):
        assert_array_equal(first, second)
    repeated = [t.tolist() for _, t in RepeatedMultilabelStratifiedKFold(3, n_repeats=2, random_state=0).split(y, y)]
    assert repeated[:3] != repeated[3:]


@pytest.mark.parametrize(
    ("sizes", "n_train", "n_test"),
    [
        ({}, 180, 20),
        ({"test_size": 0.25}, 150, 50),
        ({"train_size": 0.25}, 50, 150),
        ({"test_size": 37}, 163, 37),
        ({"train_size": 40, "test_size": 0.2}, 40, 40),
    ],
)
def test_shuffle_split_sizes_and_shares(sizes, n_train, n_test):
    y = target()
    for train, test in MultilabelStratifiedShuffleSplit(3, **sizes, random_state=0).split(y, y):
        assert (len(train), len(test)) == (n_train, n_test)
        assert not np.intersect1d(train, test).size
        assert not (np.diff(train) > 0).all()
        assert np.abs(y[test].sum(axis=0) - y.sum(axis=0) * n_test / 200).max() <= 2


@pytest.mark.parametrize("cv", SPLITTERS, ids=repr)
def test_in_model_selection(cv):
    X, y = make_multilabel_classification(120, n_classes=4, random_state=0)
    model = KNeighborsClassifier()
    search = GridSearchCV(model, {"n_neighbors": [1, 5]}, cv=cv).fit(X, y)
    assert search.n_splits_ == cv.get_n_splits()
    assert len(cross_val_score(model, X, sp.csr_array(y).toarray(), cv=cv, n_jobs=2)) == cv.get_n_splits()
    learning_curve(model, X, y, cv=cv, train_sizes=[0.5, 1.0])
    assert repr(clone(search).cv) == repr(cv)
    again = pickle.loads(pickle.dumps(cv))
    assert_array_equal(next(again.split(X, y))[1], next(cv.split(X, y))[1])


def test_cross_val_predict_and_metadata_routing():
    X, y = make_multilabel_classification(120, n_classes=4, random_state=0)
    assert cross_val_predict(KNeighborsClassifier(), X, y, cv=SPLITTERS[0]).shape == y.shape
    with sklearn.config_context(enable_metadata_routing=True):
        for cv in SPLITTERS:
            assert (
                len(cross_validate(KNeighborsClassifier(), X, y, cv=cv, params={})["test_score"]) == cv.get_n_splits()
            )


def test_repr():
    assert repr(MultilabelStratifiedKFold()) == (
        "MultilabelStratifiedKFold(n_splits=5, random_state=None, shuffle=False)"
    )
    assert repr(RepeatedMultilabelStratifiedKFold()) == (
        "RepeatedMultilabelStratifiedKFold(n_repeats=10, n_splits=5, random_state=None)"
    )
    assert " ".join(repr(MultilabelStratifiedShuffleSplit()).split()) == (
        "MultilabelStratifiedShuffleSplit(n_splits=10, random_state=None, test_size=None, train_size=None)"
    )


@pytest.mark.parametrize("cv", SPLITTERS, ids=repr)
def test_groups_are_ignored_with_a_warning(cv):
    y = target()
    with pytest.warns(UserWarning, match=f"groups parameter is ignored by {type(cv).__name__}"):
        splits = cv.split(y, y, groups=np.arange(200))
    assert_array_equal(next(splits)[1], next(cv.split(y, y))[1])


@pytest.mark.parametrize("y", [["b", "a", "a"] * 20, [0, 1, 1] * 20, [0, 1, 2] * 20, [[0], [1], [1]] * 20])
def test_one_dimensional_targets_are_split_by_class(y):
    for _, test in MultilabelStratifiedKFold(4, shuffle=True, random_state=0).split(y, y):
        _, counts = np.unique(np.asarray(y)[test], return_counts=True)
        _, all_counts = np.unique(y, return_counts=True)
        assert_array_equal(counts * 4, all_counts)


def test_edge_labels_and_rows():
    y = np.zeros((41, 5), dtype=int)
    y[:2, 0] = 1  # fewer positives than folds
    y[:, 2] = 1  # in every row
    y[20:30, 3] = 1
    y[20:25, 4] = 1  # label 1 has none; duplicate rows
    for cv in (MultilabelStratifiedKFold(5), MultilabelStratifiedKFold(5, shuffle=True, random_state=0)):
        counts = np.array([y[test].sum(axis=0) for _, test in cv.split(y, y)])
        assert np.ptp(counts, axis=0).tolist() == [1, 0, 1, 0, 0]
    rows = np.zeros((12, 3), dtype=int)
    sizes = [len(test) for _, test in MultilabelStratifiedKFold(5).split(rows, rows)]
    assert sorted(sizes) == [2, 2, 2, 3, 3]


def test_as_many_folds_as_rows():
    y = target(9, 4)
    assert [len(test) for _, test in MultilabelStratifiedKFold(9).split(y, y)] == [1] * 9


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: MultilabelStratifiedKFold(1), "n_splits=2 or more.*1"),
        (lambda: MultilabelStratifiedKFold(2.5), "Integral.*2.5"),
        (lambda: MultilabelStratifiedKFold(201), "n_splits=201.*n_samples=200"),
        (lambda: MultilabelStratifiedKFold(shuffle="yes"), "shuffle must be True or False; got yes"),
        (lambda: MultilabelStratifiedKFold(random_state=0), "shuffle is False"),
        (lambda: RepeatedMultilabelStratifiedKFold(n_repeats=0), "n_repeats.*0"),
        (lambda: RepeatedMultilabelStratifiedKFold(True), "n_splits=2 or more"),
        (lambda: MultilabelStratifiedShuffleSplit(0), "n_splits.*0"),
        (lambda: MultilabelStratifiedShuffleSplit(test_size=1.5), "test_size"),
        (lambda: MultilabelStratifiedShuffleSplit(test_size=0.7, train_size=0.7), "train_size"),
        (lambda: MultilabelStratifiedShuffleSplit(test_size=[1]), r"test_size must be .* got \[1\]"),
        (lambda: MultilabelStratifiedShuffleSplit(train_size="x" * 1000), r"train_size must be .* got 'x{79}\."),
        (lambda: MultilabelStratifiedShuffleSplit(test_size=True), "test_size must be .* got True"),
    ],
)
def test_bad_parameters(make, match):
    y = target()
    with pytest.raises((TypeError, ValueError), match=match):
        list(make().split(y, y))


@pytest.mark.parametrize("cv", SPLITTERS, ids=repr)
@pytest.mark.parametrize(
    ("y", "match"),
    [
        (None, "requires y"),
        (np.linspace(0, 1, 6), "continuous"),
        ([0.0, 1, np.nan, 0, 1, 0], "NaN"),
        (np.array([[0, 2]] * 6), r"holds \[2\]"),
        (np.array([[0, 2, 1]] * 6), r"holds \[2\]"),
        (np.array([[0, np.inf]] * 6), "infinity"),
        (sp.csr_array([[0, 2]] * 6), r"holds \[2\]"),
        (sp.csr_array(np.array([[0, np.inf]] * 6)), "infinity"),
        ([["a"], ["a", None]] * 3, "missing tag"),
        (np.zeros((6, 2, 2)), r"shape \(6, 2, 2\)"),
        (np.zeros((5, 2)), "inconsistent"),
    ],
)
def test_bad_targets_are_named_at_once(cv, y, match):
    with pytest.raises(ValueError, match=match):
        cv.split(np.zeros((6, 1)), y)


@pytest.mark.parametrize("cv", SPLITTERS, ids=repr)
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_folds_are_even_in_known_positives_and_rounded_soft_labels(cv, container):
    hard = target()
    y = np.where(hard == 1, 0.7, 0.2)
    y[np.random.default_rng(0).random(y.shape) < 0.1] = np.nan
    expected = cv.split(hard, np.nan_to_num(y) >= 0.5)
    for got, wanted in zip(cv.split(hard, container(y)), expected, strict=True):
        for part, other in zip(got, wanted):
            np.testing.assert_array_equal(part, other)


def test_sparse_target_is_left_alone():
    y = sp.csr_matrix(target())
    y.data[::3] = 0  # stored zeros
    before = y.data.copy(), y.indices.copy(), y.indptr.copy()
    list(MultilabelStratifiedKFold(3).split(y, y))
    for old, new in zip(before, (y.data, y.indices, y.indptr)):
        assert_array_equal(old, new)


def test_train_test_split_of_many_kinds():
    y = target()
    X = pd.DataFrame({"text": [f"row {i}" for i in range(200)]})
    texts = X["text"].tolist()
    parts = multilabel_train_test_split(X, sp.csr_array(y), texts, test_size=0.2, random_state=0)
    X_train, X_test, y_train, y_test, texts_train, texts_test = parts
    assert X_train["text"].tolist() == texts_train
    assert X_test["text"].tolist() == texts_test
    assert sp.issparse(y_train)
    assert y_test.shape == (40, 15)
    assert_array_equal(y[X_test.index], y_test.toarray())
    assert_array_equal(y[X_train.index], y_train.toarray())
    assert np.abs(y_test.sum(axis=0) - y.sum(axis=0) * 0.2).max() < 1.5
    again = multilabel_train_test_split(texts, test_size=0.2, random_state=0, stratify=y)
    assert again == [texts_train, texts_test]
    assert len(multilabel_train_test_split(y, random_state=0)[1]) == 50
    assert len(multilabel_train_test_split(y, train_size=10, test_size=20, random_state=0)[0]) == 10


def test_train_test_split_errors():
    with pytest.raises(ValueError, match="At least one array"):
        multilabel_train_test_split()
    with pytest.raises(ValueError, match="inconsistent"):
        multilabel_train_test_split(np.zeros(3), np.zeros((4, 2)))
    with pytest.raises(ValueError, match="continuous"):
        multilabel_train_test_split(np.linspace(0, 1, 5))
    with pytest.raises(ValueError, match="test_size"):
        multilabel_train_test_split(target(), test_size=200)


def test_tens_of_thousands_of_sparse_labels():
    rng = np.random.default_rng(0)
    rows = np.arange(20_000).repeat(6)
    columns = np.minimum(rng.zipf(1.3, rows.size) - 1, 29_999)
    y = sp.csr_array((np.ones(rows.size), (rows, columns)), shape=(20_000, 30_000))
    y.data[:] = 1
    y = (y > 0).astype(np.int8)
    folds = np.empty(20_000, dtype=int)
    for fold, (_, test) in enumerate(MultilabelStratifiedKFold(5).split(y, y)):
        folds[test] = fold
    counts = np.stack([y[folds == fold].sum(axis=0) for fold in range(5)])
    plain = np.stack([y[np.arange(20_000) % 5 == fold].sum(axis=0) for fold in range(5)])
    expected = y.sum(axis=0) / 5
    assert np.ptp(np.bincount(folds)) == 0
    assert np.abs(counts - expected).mean() < 0.7 * np.abs(plain - expected).mean()


def test_a_malformed_array_is_refused_before_rows_are_taken():
    matrix, y = sp.csr_matrix(np.eye(8)), np.tile([[1, 0], [0, 1]], (4, 1))
    matrix.indptr[5] = 2**30
    with pytest.raises(ValueError, match=r"Array 0 \(counted from 0\) is a malformed CSR matrix"):
        multilabel_train_test_split(matrix, y)


def test_arrays_that_are_none_are_named():
    with pytest.raises(ValueError, match=r"Array 1 \(counted from 0\) is None"):
        multilabel_train_test_split(np.eye(4), None)
