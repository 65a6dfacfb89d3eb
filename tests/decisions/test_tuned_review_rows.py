"""Tests of what the tuner says of rows whose labels are known, in one pass."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from skbalance.datasets import make_long_tailed_multilabel
from skbalance.decisions import TunedThresholdMultiLabelClassifierCV


@pytest.fixture(scope="module")
def rows():
    X, y = make_long_tailed_multilabel(n_samples=500, n_features=60, n_labels=12, random_state=0)
    X, y = sp.csr_array(X), sp.csr_array(y)
    X = sp.csr_array(sp.vstack([X, sp.csr_array((1, 60))]))  # a row without any feature
    return X[:300], y[:300].toarray(), X[300:], sp.csr_array(sp.vstack([y[300:], y[:1]])).astype(bool)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"scores": "estimator"},
        {"strategy": "top_k", "k": 2},
        {"min_labels": 1, "max_labels": 1},
        {"min_precision": 0.7},
        {"max_candidates": 3},
    ],
    ids=str,
)
def test_one_pass_says_what_predict_and_doubt_say(rows, params):
    X, y, X_new, y_new = rows
    model = TunedThresholdMultiLabelClassifierCV(
        OneVsRestClassifier(LogisticRegression()), random_state=0, cv=3, **params
    )
    model.fit(X, y)
    kept, chosen, doubt = model.review_rows(X_new, y_new)
    predicted = np.zeros(y_new.shape, dtype=int)
    predicted[kept.row_of_pair[chosen], kept.labels[chosen]] = 1
    np.testing.assert_array_equal(predicted, model.predict(X_new))
    np.testing.assert_allclose(doubt, model.doubt(X_new))
    scores = model.decision_scores(X_new)
    shown = kept.scores if params.get("scores") == "estimator" else expit(kept.scores)
    np.testing.assert_allclose(shown, scores[kept.row_of_pair, kept.labels], rtol=1e-6)  # of float32
    np.testing.assert_array_equal(kept.targets, y_new.toarray()[kept.row_of_pair, kept.labels])
    there = np.zeros(y_new.shape, dtype=bool)
    there[kept.row_of_pair, kept.labels] = True
    looked_at = scores > (-np.inf if params.get("scores") == "estimator" else 0)
    assert not (looked_at & y_new.toarray() & ~there).any()
    assert (there.sum(axis=1) >= np.minimum(looked_at.sum(axis=1), 8)).all()


@pytest.mark.parametrize(
    "params", [{}, {"min_labels": 2}, {"strategy": "top_k", "k": 2}, {"scores": "estimator"}], ids=str
)
def test_training_rows_are_judged_without_having_been_seen(rows, params):
    X, y, *_ = rows
    model = TunedThresholdMultiLabelClassifierCV(
        OneVsRestClassifier(LogisticRegression()), random_state=0, cv=3, **params
    )
    model.fit(X, y)
    kept, chosen, doubt = model.review_training_rows()
    hits, predicted = (np.bincount(kept.labels[mask], minlength=12) for mask in (chosen & kept.targets, chosen))
    positives = y.sum(axis=0)
    macro, micro = np.mean(2 * hits / (positives + predicted)), 2 * hits.sum() / (positives + predicted).sum()
    assert 0.75 * macro + 0.25 * micro == pytest.approx(model.best_score_, abs=0.01)
    found = np.bincount(kept.row_of_pair[chosen], minlength=300)
    assert (found >= (params.get("min_labels") or params.get("k") or 0)).all()
    wrong = np.bincount(kept.row_of_pair[chosen != kept.targets], minlength=300)
    assert doubt.mean() == pytest.approx(wrong.mean(), rel=0.1)
    assert np.corrcoef(doubt, wrong)[0, 1] > 0.3
