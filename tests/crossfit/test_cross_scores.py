"""Rows, targets, splits and fits up to out-of-sample pairs."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, LeaveOneOut, ShuffleSplit
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import LabelBinarizer

from skbalance import BalancedMultiLabelClassifier
from skbalance.crossfit._cross_scores import (
    check_rows,
    encode_tuning_targets,
    fit_quietly,
    label_counts,
    out_of_sample_pairs,
    resolve_splits,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 5))
Y = (X[:, :4] + RNG.normal(size=(60, 4)) > 0.8).astype(int)
OVR = OneVsRestClassifier(LogisticRegression())


def out_of_sample(y, splits, *, refit=True, width=4):
    y, _, indicator = encode_tuning_targets(y)
    return out_of_sample_pairs(
        OVR,
        X,
        y,
        indicator,
        splits,
        {},
        method="decision_function",
        width=width,
        refit=refit,
        n_jobs=None,
        random_state=np.random.RandomState(0),
    )


def test_pairs_are_those_of_models_that_had_not_seen_the_row():
    splits = list(KFold(3).split(X))
    _, pairs, seen, tested = out_of_sample(Y, splits)
    np.testing.assert_array_equal(tested, np.arange(60))
    for fold, (train, test) in enumerate(splits):
        scores = OVR.fit(X[train], Y[train]).decision_function(X[test])
        rows = pairs.parts == fold
        found = np.empty_like(scores)
        np.put_along_axis(found, pairs.labels[rows], pairs.scores[rows], axis=1)
        np.testing.assert_allclose(found, scores, rtol=1e-5)
        np.testing.assert_array_equal(pairs.targets[rows], np.take_along_axis(Y[test] == 1, pairs.labels[rows], axis=1))
        np.testing.assert_array_equal(seen[fold], Y[train].sum(axis=0))
        np.testing.assert_array_equal(pairs.positives[fold], Y[test].sum(axis=0))


def test_label_that_a_fold_has_not_learnt_is_left_out_there():
    y = Y.copy()
    y[:, 2] = 0
    y[3, 2] = 1
    _, pairs, seen, _ = out_of_sample(y, list(KFold(3).split(X)))
    assert seen[0, 2] == 0
    unlearnt = np.isneginf(pairs.scores)
    assert (pairs.labels[unlearnt] == 2).all()
    np.testing.assert_array_equal(unlearnt.any(axis=1), pairs.parts == 0)
    assert pairs.positives[:, 2].sum() == 0


def test_single_split_is_cut_into_parts():
    splits = list(ShuffleSplit(1, test_size=0.5, random_state=0).split(X))
    fitted, pairs, _, tested = out_of_sample(Y, splits, refit=False, width=2)
    assert pairs.scores.shape == (30, 2)
    assert len(np.unique(pairs.parts)) == 5
    np.testing.assert_array_equal(pairs.positives.sum(axis=0), Y[tested].sum(axis=0))
    np.testing.assert_allclose(
        fitted.decision_function(X), OVR.fit(X[splits[0][0]], Y[splits[0][0]]).decision_function(X)
    )


@pytest.mark.parametrize("estimator", [OVR, BalancedMultiLabelClassifier("bce")], ids=["OVR", "ours"])
def test_folds_do_not_warn_of_missing_labels(estimator):
    y = Y.copy()
    y[:, 0] = 0
    y[:, 1] = 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = fit_quietly(estimator, X, y, np.arange(60), {}, label_counts(y))
    assert fitted.decision_function(X).shape == (60, 4)


@pytest.mark.parametrize("container", [np.asarray, sp.csr_matrix, sp.csc_array, lambda y: y.tolist()])
def test_indicators(container):
    y, encoding, indicator = encode_tuning_targets(container(Y))
    assert encoding.kind == "multilabel"
    np.testing.assert_array_equal(indicator.toarray(), Y)
    np.testing.assert_array_equal(label_counts(y), Y.sum(axis=0))


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16])
def test_more_labels_than_the_type_of_y_can_number(container, dtype):
    """The classifier inside is not fitted on a type in which scikit-learn numbers labels wrongly."""
    Y = np.tile(np.eye(300, dtype=dtype), (3, 1))
    y, encoding, indicator = encode_tuning_targets(container(Y))
    np.testing.assert_array_equal(indicator.toarray(), Y)
    np.testing.assert_array_equal(LabelBinarizer().fit_transform(y), Y)
    assert encoding.indicator(indicator.toarray()).dtype == dtype


def test_single_column():
    with pytest.warns(DataConversionWarning, match="A column-vector y was passed"):
        y, encoding, indicator = encode_tuning_targets(Y[:, :1])
    assert y.shape == (60,)
    assert encoding.n_outputs == indicator.shape[1] == 1
    y, _, _ = encode_tuning_targets(sp.csr_array(Y[:, :1]))
    np.testing.assert_array_equal(y, Y[:, 0])


@pytest.mark.parametrize(
    ("y", "match"),
    [
        (None, "requires y"),
        (np.arange(60) % 3, "Unknown label type: multiclass"),
        (np.linspace(0, 1, 60), "Unknown label type"),
        (np.full((60, 2), np.inf), "infinity"),
        (Y + 1, "0 and 1"),
    ],
)
def test_other_targets_are_refused(y, match):
    with pytest.raises(ValueError, match=match):
        encode_tuning_targets(y)


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
    y = Y[:, 0] if kind == "binary" else Y
    splits = resolve_splits(cv, OVR, X, y, kind, np.random.RandomState(0), {})
    assert len(splits) == n_splits
    assert len(np.concatenate([test for _, test in splits])) == n_tested
    for train, test in splits:
        assert not np.intersect1d(train, test).size


@pytest.mark.parametrize(
    ("cv", "match"),
    [("folds", "'prefit'; got 'folds'"), (1.0, "got 1.0"), (-0.1, "got -0.1"), ([], "without rows"), (1, "n_splits")],
)
def test_bad_cv_is_named(cv, match):
    with pytest.raises(ValueError, match=match):
        resolve_splits(cv, OVR, X, Y, "multilabel", np.random.RandomState(0), {})


def test_prefit():
    with pytest.raises(NotFittedError):
        resolve_splits("prefit", LogisticRegression(), X, Y, "multilabel", np.random.RandomState(0), {})
    fitted = LogisticRegression().fit(X, Y[:, 0])
    assert resolve_splits("prefit", fitted, X, Y[:, 0], "binary", np.random.RandomState(0), {}) is None


def test_rows_of_weight_zero():
    weight = np.arange(60) % 2
    X_kept, y_kept, params = check_rows(X, Y, {"sample_weight": weight, "other": 3})
    np.testing.assert_array_equal(X_kept, X[1::2])
    np.testing.assert_array_equal(y_kept, Y[1::2])
    assert params["other"] == 3
    assert len(params["sample_weight"]) == 30
    assert check_rows(X, Y, {"sample_weight": weight + 1})[0] is X
    with pytest.raises(ValueError, match="same class"):
        check_rows(X, weight, {"sample_weight": weight})


@pytest.mark.parametrize("empty", [np.empty((0, 3)), np.empty((3, 0)), sp.csr_array((3, 0)), []])
def test_nothing_to_fit(empty):
    with pytest.raises(ValueError, match="Found array with 0"):
        check_rows(empty, np.zeros(3), {})
