"""TunedThresholdMultiLabelClassifierCV after the fit: doubt, the order of a review, labels that may be wrong."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.stats import spearmanr
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedKFold
from sklearn.multiclass import OneVsRestClassifier

from skbalance import BalancedMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.decisions import _decisions
from skbalance.metrics import doubt_gain

from .problems import RIDGE, make_data

KINDS = [
    {},
    {"scores": "estimator"},
    {"scores": "estimator", "response_method": "predict_proba"},
    {"strategy": "top_k"},
    {"min_labels": 1, "max_labels": 2},
    {"cv": 0.3},
    {"cv": "prefit"},
]


HINGE = BalancedMultiLabelClassifier("squared_hinge", uncertain_labels=True, random_state=0)
OVR = OneVsRestClassifier(LogisticRegression())


def fitted(X, y, **settings):
    estimator = RIDGE.fit(X[::2], y[::2]) if settings.get("cv") == "prefit" else RIDGE
    return TunedThresholdMultiLabelClassifierCV(estimator, random_state=0, **settings).fit(X, y)


@pytest.mark.parametrize("settings", KINDS)
def test_doubt_is_the_number_of_wrong_labels_that_is_to_be_expected(settings):
    X, y, X_test, y_test = make_data(1200)
    model = fitted(X, y, **settings)
    doubt, predicted = model.doubt(X_test), model.predict(X_test)
    errors = (predicted != y_test).sum(axis=1)
    assert doubt.shape == (600,)
    assert doubt.mean() == pytest.approx(errors.mean(), rel=0.25)
    assert spearmanr(doubt, errors)[0] > 0.15
    assert doubt_gain(y_test, predicted, doubt) > 1.2
    order = model.review_order(X_test)
    assert sorted(order) == list(range(600))
    assert (np.diff(doubt[order]) <= 0).all()


@pytest.mark.parametrize("kind", ["sparse", "unknown", "binary", "one", "ten rows"])
def test_any_target_has_doubt_and_issues(kind):
    X, y, X_test, _ = make_data()
    X = X[:10] if kind == "ten rows" else X
    y, cv = y[: len(X)], 2 if kind == "ten rows" else 5
    if kind == "sparse":
        y = sp.csr_array(y)
    elif kind == "unknown":
        y = np.where(np.random.default_rng(0).random(y.shape) < 0.3, np.nan, y)
    elif kind in ("binary", "one"):
        y = y[:, 0] if kind == "binary" else y[:, :2]
    estimator = HINGE if kind == "unknown" else RIDGE
    model = TunedThresholdMultiLabelClassifierCV(estimator, cv=cv, random_state=0).fit(X, y)
    doubt = model.doubt(X_test)
    assert ((doubt > 0) & (doubt <= model.n_labels_)).all()
    issues = model.label_issues(3)
    assert list(issues.columns) == ["row", "label", "given", "probability", "margin"]
    assert issues.row.between(0, len(X) - 1).all()
    if kind == "unknown":
        assert not np.isnan(y[issues.row, issues.label]).any()
    dense = np.reshape(y.toarray() if sp.issparse(y) else y, (len(X), -1))
    np.testing.assert_array_equal(dense[issues.row, issues.label], issues.given)


def test_labels_that_no_one_knows_are_neither_right_nor_wrong():
    X, y, X_test, y_test = make_data(1200)
    unknown = np.where(np.random.default_rng(0).random(y.shape) < 0.5, np.nan, y)
    model = TunedThresholdMultiLabelClassifierCV(HINGE, random_state=0).fit(X, unknown)
    errors = (model.predict(X_test) != y_test).sum(axis=1)
    assert model.doubt(X_test).mean() == pytest.approx(errors.mean(), rel=0.15)


def test_where_every_row_is_right_there_is_little_doubt():
    y = np.tile(np.eye(2, dtype=int), (50, 1))
    X = y + np.random.default_rng(0).normal(scale=0.01, size=y.shape)
    doubt = TunedThresholdMultiLabelClassifierCV(RIDGE, random_state=0).fit(X, y).doubt(X)
    assert (doubt < 0.1).all()


@pytest.mark.parametrize("min_labels", [0, 1])
def test_a_row_without_any_feature_is_doubtful(min_labels):
    X, y, _, _ = make_data()
    X = sp.csr_array(np.abs(X))
    settings = {"min_labels": min_labels, "random_state": 0}
    model = TunedThresholdMultiLabelClassifierCV(OVR, **settings).fit(X, y)
    blank = sp.csr_array((1, X.shape[1]))
    share = np.sort(y.mean(axis=0))[::-1]
    expected = share.sum() if min_labels == 0 else share[1:].sum() + 1 - share[0]
    assert model.doubt(blank)[0] == pytest.approx(expected)
    assert model.predict(blank).sum() == min_labels


def test_thresholds_that_are_edited_move_the_doubt():
    X, y, X_test, _ = make_data()
    model = fitted(X, y)
    before = model.doubt(X_test).mean()
    model.thresholds_ = model.thresholds_ / 5
    assert model.doubt(X_test).mean() > before


def test_of_very_many_rows_some_are_learnt_from(monkeypatch):
    X, y, X_test, _ = make_data(1200)
    of_all = fitted(X, y).doubt(X_test)
    monkeypatch.setattr(_decisions, "_MAX_ROWS_OF_DOUBT", 200)
    of_some = fitted(X, y).doubt(X_test)
    assert not np.array_equal(of_some, of_all)
    assert spearmanr(of_some, of_all)[0] > 0.8


@pytest.mark.parametrize("settings", [{}, {"scores": "estimator"}])
def test_hidden_and_added_labels_are_found(settings):
    X, y, _, _ = make_data(2000, seed=1)
    rng, spoilt = np.random.default_rng(0), y.copy()
    flipped = np.stack([rng.permutation(1000)[:60], rng.integers(0, 8, 60)])
    spoilt[tuple(flipped)] ^= 1
    issues = fitted(X, spoilt, **settings).label_issues(30)
    assert (spoilt != y)[issues.row, issues.label].mean() > 5 * (spoilt != y).mean()


def test_rows_are_counted_as_fit_was_given_them():
    X, y, _, _ = make_data()
    weight = np.ones(len(X))
    weight[:50] = 0
    model = TunedThresholdMultiLabelClassifierCV(HINGE, random_state=0)
    kept = model.fit(X, y, sample_weight=weight).out_of_fold_
    np.testing.assert_array_equal(np.sort(kept.rows), np.arange(50, 200))
    np.testing.assert_array_equal(y[kept.rows[kept.row_of_pair], kept.labels] > 0, kept.targets)
    assert model.decisions_.out_of_fold is kept
    assert model.label_issues(10).row.min() >= 50


def test_confirmed_pairs_and_rare_labels():
    X, y, _, _ = make_data()
    y[:100, 7] = 1
    model = fitted(X, y)
    issues = model.label_issues(5)
    again = model.label_issues(5, confirmed=issues)
    assert not set(zip(issues.row, issues.label)) & set(zip(again.row, again.label))
    pd.testing.assert_frame_equal(model.label_issues(5, confirmed=list(zip(issues.row, issues.label))), again)
    rare = model.label_issues(500, rare=True)
    assert set(rare.label) == set(np.flatnonzero(y.sum(axis=0) < 35))
    assert 7 not in set(rare.label)


def test_folds_that_repeat_rows():
    X, y, _, _ = make_data()
    issues = fitted(X, y, cv=RepeatedKFold(n_splits=3, n_repeats=2, random_state=0)).label_issues(50)
    assert not issues.duplicated(["row", "label"]).any()


@pytest.mark.parametrize("method", ["doubt", "review_order"])
def test_before_fit(method):
    model = TunedThresholdMultiLabelClassifierCV(RIDGE)
    with pytest.raises(NotFittedError):
        getattr(model, method)(np.eye(3))
    with pytest.raises(NotFittedError):
        model.label_issues()
