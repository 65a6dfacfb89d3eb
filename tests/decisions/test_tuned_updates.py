"""TunedThresholdMultiLabelClassifierCV.partial_fit: further rows as evidence, then as something to learn from."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import MultinomialNB

from skbalance import BalancedMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.decisions import _decisions

from .problems import RIDGE, make_data

BAYES = OneVsRestClassifier(MultinomialNB())
KINDS = [
    {},
    {"scores": "estimator"},
    {"strategy": "top_k"},
    {"strategy": "global"},
    {"min_labels": 1, "max_labels": 2},
    {"min_precision": 0.5},
    {"cv": 0.3},
    {"cv": 0.3, "scoring": "jaccard_samples"},
]


def tuner(**settings):
    return TunedThresholdMultiLabelClassifierCV(BAYES, random_state=0, **settings)


def linear():
    return TunedThresholdMultiLabelClassifierCV(BalancedMultiLabelClassifier("squared_hinge"), random_state=0)


def learn(model, X, y, step, **params):
    for start in range(0, len(X), step):
        part = slice(start, start + step)
        model.partial_fit(X[part], y[part], **{name: value[part] for name, value in params.items()})
    return model


@pytest.mark.parametrize("settings", KINDS)
def test_chunks_come_near_to_a_fit_on_all_rows(settings):
    X, y, X_test, y_test = make_data(2000)
    model, refit = learn(tuner(**settings), X, y, 250), tuner(**settings).fit(X, y)
    np.testing.assert_array_equal(model.label_counts_, y.sum(axis=0))
    f1, best = (f1_score(y_test, each.predict(X_test), average="micro") for each in (model, refit))
    assert f1 > best - 0.02
    assert model.n_labels_ == refit.n_labels_ == 8
    np.testing.assert_allclose(
        model.estimator_.predict_proba(X_test), refit.estimator_.predict_proba(X_test), rtol=1e-6
    )
    assert sorted(model.out_of_fold_.rows) == list(range(1000)) if settings.get("cv") is None else True
    assert hasattr(model, "promises_") == ("min_precision" in settings)


def test_several_scorers_learn_on_and_so_does_one_that_was_loaded():
    X, y, X_test, _ = make_data(800)
    two = [("bayes", BAYES), ("hinge", BalancedMultiLabelClassifier("squared_hinge"))]
    model = TunedThresholdMultiLabelClassifierCV(two, random_state=0).fit(X[:200], y[:200])
    loaded = pickle.loads(pickle.dumps(model))
    for each in (model, loaded):
        each.partial_fit(X[200:], y[200:])
    np.testing.assert_array_equal(model.predict(X_test), loaded.predict(X_test))
    assert model.decisions_.model.columns[2].name == "score of hinge"


def test_a_row_of_weight_two_counts_as_two_rows_and_one_of_zero_as_none():
    X, y, X_test, _ = make_data(600)
    weight = np.arange(300) % 3
    weight[:60] = 1
    model = learn(linear(), X, y, 60, sample_weight=weight)
    np.testing.assert_allclose(model.label_counts_, weight @ y)
    assert set(model.out_of_fold_.rows) == set(np.flatnonzero(weight))
    assert model.out_of_fold_.rows.max() == np.flatnonzero(weight).max()
    twice, repeat = linear().fit(X[:60], y[:60]), np.repeat(np.arange(60, 120), weight[60:120])
    twice.partial_fit(X[repeat], y[repeat])
    once = linear().fit(X[:60], y[:60]).partial_fit(X[60:120], y[60:120], sample_weight=weight[60:120])
    np.testing.assert_allclose(once.thresholds_, twice.thresholds_, rtol=1e-3)
    np.testing.assert_array_equal(once.predict(X_test), twice.predict(X_test))


def test_unknown_labels_are_no_evidence():
    X, y, _, _ = make_data(600)
    model = TunedThresholdMultiLabelClassifierCV(
        BalancedMultiLabelClassifier("squared_hinge", uncertain_labels=True), random_state=0
    ).fit(X[:150], y[:150].astype(float))
    unknown = y[150:].astype(float)
    unknown[:, 0] = np.nan
    before = model.label_counts_[0]
    model.partial_fit(X[150:], unknown)
    assert model.label_counts_[0] == before
    kept = model.decisions_.kept
    assert kept.labels.totals.n_known.tolist() == [150, *[300] * 7]
    assert kept.labels.unknown.nnz == 150


def test_only_the_newest_rows_are_kept_in_parts_of_a_fair_size(monkeypatch):
    monkeypatch.setattr(_decisions, "_MOST_ROWS", 300)
    X, y, X_test, y_test = make_data(2000)
    model = learn(tuner(), X, y, 20)
    kept = model.decisions_.kept
    assert kept.labels.numbers.tolist() == list(range(700, 1000))
    assert kept.labels.totals.n_given == 1000
    assert (np.bincount(kept.parts) >= 20).all()
    assert len(kept.seen) == 4
    assert (np.diff(kept.seen.sum(axis=1)) > 0).all()
    np.testing.assert_array_equal(model.label_counts_, y.sum(axis=0))
    refit = tuner().fit(X, y)
    f1, best = (f1_score(y_test, each.predict(X_test), average="micro") for each in (model, refit))
    assert f1 > best - 0.03
    many = tuner().fit(X, y).decisions_.kept
    assert len(many.parts) == 300
    assert many.labels.totals.n_given == 1000
    assert np.bincount(many.parts).tolist() == [60] * 5
    large = tuner().fit(X[:100], y[:100]).partial_fit(X[100:], y[100:]).decisions_.kept
    assert len(large.parts) == len(large.labels.numbers) == 300
    assert large.labels.totals.n_given == 1000


def test_min_labels_falls_to_zero_once_a_row_has_none():
    X, y, _, _ = make_data(600)
    y[:, 0] |= y.sum(axis=1) == 0
    model = learn(tuner(), X, y, 100)
    assert model.min_labels_ == 1
    y[0] = 0
    assert model.partial_fit(X[:10], y[:10]).min_labels_ == 0
    y[:, 0] |= y.sum(axis=1) == 0
    assert model.partial_fit(X[:10], y[:10]).min_labels_ == 0


def test_what_cannot_go_on_has_no_partial_fit():
    assert not hasattr(TunedThresholdMultiLabelClassifierCV(RIDGE), "partial_fit")
    assert not hasattr(TunedThresholdMultiLabelClassifierCV([("a", BAYES), ("b", RIDGE)]), "partial_fit")
    X, y, _, _ = make_data()
    assert TunedThresholdMultiLabelClassifierCV(RIDGE).fit(X, y).decisions_.kept is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (X[:0], y[:0]), "0 sample|no row|empty"),
        (lambda X, y: (X[:, :5], y), "features"),
        (lambda X, y: (X, y[:, :5]), "labels of the rows before, 8 columns; got 5 columns"),
        (lambda X, y: (X, y[:, 0]), "labels of the rows before"),
        (lambda X, y: (X, y * 2), "0 and 1"),
        (lambda X, y: (X[:-1], y), "inconsistent"),
        (lambda X, y: (X, pd.DataFrame(y, columns=list("abcdefgi"))), "partial_fit needs the columns of y before"),
        (lambda X, y: (-X, y), "Negative"),
    ],
)
def test_a_chunk_that_is_not_allowed_changes_nothing(change, message):
    X, y, X_test, _ = make_data()
    model = tuner().fit(X, pd.DataFrame(y, columns=list("abcdefgh")))
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(*change(X, y))
    assert pickle.dumps(model) == before


def test_sparse_targets_stay_sparse():
    X, y, X_test, _ = make_data()
    dense, sparse = linear().fit(X[:100], y[:100]), linear().fit(X[:100], sp.csr_array(y[:100]))
    dense.partial_fit(X[100:], y[100:])
    sparse.partial_fit(X[100:], sp.csr_array(y[100:]))
    predicted = sparse.predict(X_test)
    assert sp.issparse(predicted)
    np.testing.assert_array_equal(predicted.toarray(), dense.predict(X_test))


def test_what_is_learnt_is_stored_at_once():
    X, y, *_ = make_data(200)
    model = linear().fit(X, y)
    held = vars(model)
    before = dict(held)
    model.partial_fit(X[:20], y[:20])
    assert held.keys() == before.keys()  # the state before is left as it was, for whoever interrupts in between
    assert all(held[name] is value for name, value in before.items())
