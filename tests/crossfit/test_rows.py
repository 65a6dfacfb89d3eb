"""Rows, splits and routing."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn import config_context
from sklearn.model_selection import KFold, LeaveOneOut, PredefinedSplit

from skbalance import (
    BalancedMultiLabelClassifier,
    CalibratedMultiLabelClassifierCV,
    TunedThresholdMultiLabelClassifierCV,
)
from skbalance.crossfit import is_prefit
from skbalance.crossfit._rows import read_row_weight, resolve_splits, used_rows_only
from skbalance.model_selection import MultilabelStratifiedGroupKFold

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 5))
Y = (X[:, :4] + RNG.normal(size=(60, 4)) > 0.8).astype(int)
ALL = np.ones(60, dtype=bool)


def split(cv, kind="multilabel", used=ALL, **params):
    y = Y[:, 0] if kind == "binary" else Y
    return resolve_splits(cv, X, y, kind, used, np.random.RandomState(0), params)


@pytest.mark.parametrize(
    ("cv", "kind", "n_splits", "n_tested"),
    [
        (None, "multilabel", 5, 60),
        (4, "binary", 4, 60),
        (0.25, "multilabel", 1, 15),
        (0.25, "binary", 1, 15),
        (KFold(3), "multilabel", 3, 60),
        (LeaveOneOut(), "multilabel", 60, 60),
    ],
)
def test_splits(cv, kind, n_splits, n_tested):
    splits = split(cv, kind)
    assert len(splits) == n_splits
    assert len(np.concatenate([test for _, test in splits])) == n_tested
    for train, test in splits:
        assert not np.intersect1d(train, test).size


@pytest.mark.parametrize(
    ("cv", "match"),
    [
        (1.0, "got 1.0"),
        (-0.1, "got -0.1"),
        ([], "no split"),
        (1, "n_splits"),
        ([(np.arange(30), [])], "row numbers"),
        ([(np.arange(30), np.empty(0, dtype=int))], "split 0 without rows to score"),
        ([(np.arange(30), np.arange(30.0))], "float64"),
        ([(np.arange(30), np.eye(60, dtype=bool))], r"one is an array of shape \(60, 60\)"),
        ([(np.arange(30), np.ones(59, dtype=bool))], "boolean index did not match"),
        ([(np.arange(30), np.arange(30, 61))], "of 60 rows; in an array of int64, index 60 is out of bounds"),
    ],
)
def test_bad_cv_is_named(cv, match):
    with pytest.raises(ValueError, match=match):
        split(cv)


def test_prefit():
    assert is_prefit("prefit")
    assert not is_prefit(5)
    with pytest.raises(ValueError, match="'prefit'; got 'folds'"):
        is_prefit("folds")
    with pytest.raises(ValueError, match="'prefit'; got True"):
        is_prefit(True)


@pytest.mark.parametrize("cv", [KFold(3), PredefinedSplit(np.repeat([0, 1, 2], 20)), list(KFold(3).split(X))])
def test_splitters_see_all_rows_and_lose_those_of_weight_zero(cv):
    used = np.arange(60) % 4 > 0
    given, found = split(cv), split(cv, used=used)
    for (train, test), (train_used, test_used) in zip(given, found):
        np.testing.assert_array_equal(train_used, train[used[train]])
        np.testing.assert_array_equal(test_used, test[used[test]])


def test_own_folds_are_those_of_the_rows_alone():
    used = np.arange(60) % 4 > 0
    kept = resolve_splits(5, X[used], Y[used], "multilabel", ALL[used], np.random.RandomState(0), {})
    for (train, test), (train_kept, test_kept) in zip(split(5, used=used), kept):
        np.testing.assert_array_equal(train, np.flatnonzero(used)[train_kept])
        np.testing.assert_array_equal(test, np.flatnonzero(used)[test_kept])


@pytest.mark.parametrize("name", ["sample_weight", "classifier__sample_weight"])
def test_rows_of_weight_zero_are_not_used(name):
    weight = np.arange(60) % 2
    params = {"estimator": {name: weight, "other": 3}}
    used = read_row_weight(X, params) > 0
    np.testing.assert_array_equal(used, weight == 1)
    splits = split(KFold(3), used=used)
    X_used, y_used, kept, moved = used_rows_only(X, Y, params, splits, used)
    np.testing.assert_array_equal(X_used, X[1::2])
    np.testing.assert_array_equal(y_used, Y[1::2])
    assert kept["estimator"]["other"] == 3
    assert len(kept["estimator"][name]) == 30
    for before, after in zip(splits, moved):
        for part, part_moved in zip(before, after):
            np.testing.assert_array_equal(X[part], X_used[part_moved])
    np.testing.assert_array_equal(read_row_weight(X, {"estimator": {name: weight + 1}}), weight + 1)
    with pytest.raises(ValueError, match="same class"):
        used_rows_only(X, weight, params, splits, used)


@pytest.mark.parametrize("value", [0, -1, np.nan, np.inf])
def test_weights_that_cannot_be_used(value):
    with pytest.raises(ValueError, match="step__sample_weight must be finite, not negative and not all zero"):
        read_row_weight(X, {"estimator": {"step__sample_weight": np.full(60, value)}})


def test_a_row_counts_as_much_as_scorers_count_it_in_the_mean():
    weight = np.arange(60) % 2
    params = {"a": {"sample_weight": weight}, "b": {"sample_weight": 3 - weight}}
    np.testing.assert_array_equal(read_row_weight(X, params), 1.5)
    assert read_row_weight(X, {"a": {"sample_weight": None}, "b": {"other": weight}}) is None


@pytest.mark.parametrize("empty", [np.empty((0, 3)), np.empty((3, 0)), sp.csr_array((3, 0)), []])
def test_nothing_to_fit(empty):
    with pytest.raises(ValueError, match="Found array with 0"):
        read_row_weight(empty, {})


class Thirds:
    """A splitter that gives three parts."""

    def get_n_splits(self, X=None, y=None, groups=None):
        return 1

    def split(self, X, y=None, groups=None):
        yield [1], [2], [3]


@pytest.mark.parametrize("shape", [59, 61, (60, 1)])
def test_weights_are_one_for_each_row(shape):
    with pytest.raises(ValueError, match=r"step__sample_weight must have shape \(n_samples,\) = \(60,\); got"):
        read_row_weight(X, {"estimator": {"step__sample_weight": np.ones(shape)}})


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        ([([-200, 1], [2])], "row numbers or of masks of 60 rows; in an array of int64, index -200 is out of bounds"),
        ([([1, 200], [2])], "index 200 is out of bounds"),
        (Thirds(), r"pairs \(train, test\); got 3 parts"),
    ],
)
def test_rows_that_are_none_are_named(cv, message):
    with pytest.raises(ValueError, match=message):
        split(cv)


@pytest.mark.parametrize("meta", [TunedThresholdMultiLabelClassifierCV, CalibratedMultiLabelClassifierCV])
@pytest.mark.parametrize("weight", [np.arange(1, 31), np.ones(59)])
def test_weights_that_happen_to_fit_a_fold_are_refused(meta, weight):
    with pytest.raises(ValueError, match="sample_weight must have shape"):
        meta(BalancedMultiLabelClassifier(), cv=0.5).fit(X, Y, sample_weight=weight)


@pytest.mark.parametrize("meta", [TunedThresholdMultiLabelClassifierCV, CalibratedMultiLabelClassifierCV])
def test_malformed_features_are_refused_before_rows_are_taken(meta):
    matrix = sp.csr_matrix(X)
    matrix.indptr[5] = 2**30
    with pytest.raises(ValueError, match="X is a malformed CSR matrix"):
        meta(BalancedMultiLabelClassifier(), cv=2).fit(matrix, Y)


@pytest.mark.parametrize("meta", [TunedThresholdMultiLabelClassifierCV, CalibratedMultiLabelClassifierCV])
@pytest.mark.parametrize("routing", [False, True])
def test_groups_reach_the_splitter(meta, routing):
    groups, seen = np.arange(60) // 4, []

    class Spy(MultilabelStratifiedGroupKFold):
        def split(self, X, y=None, groups=None):
            seen.append(groups)
            return super().split(X, y, groups)

    with config_context(enable_metadata_routing=routing):
        meta(BalancedMultiLabelClassifier(), cv=Spy(3)).fit(X, Y, groups=groups)
    np.testing.assert_array_equal(seen, [groups])


@pytest.mark.parametrize("cv", [None, 0.5])
def test_groups_that_are_of_no_use_are_warned_of(cv):
    meta = TunedThresholdMultiLabelClassifierCV(BalancedMultiLabelClassifier(), cv=cv)
    with pytest.warns(UserWarning, match="groups"):
        meta.fit(X, Y, groups=np.arange(60))
