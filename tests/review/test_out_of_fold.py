"""Tests of what `fit` keeps of the scores of training rows."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from skbalance.datasets import make_long_tailed_multilabel
from skbalance.decisions import TunedThresholdMultiLabelClassifierCV
from skbalance.decisions._thresholds import ScoredPairs
from skbalance.review import OutOfFoldScores


def make_pairs(n_rows=30, n_labels=40, width=20, seed=0):
    rng = np.random.default_rng(seed)
    truth = sp.csr_array((rng.random((n_rows, n_labels)) < 0.1).astype(np.int8))
    labels = np.argsort(rng.random((n_rows, n_labels)), axis=1)[:, :width].astype(np.int32)
    scores = rng.normal(scale=3, size=labels.shape)
    scores[rng.random(labels.shape) < 0.1] = -np.inf
    parts = np.arange(n_rows) % 3
    targets = np.take_along_axis(truth.toarray() > 0, labels, axis=1)
    return truth, ScoredPairs(labels, scores, targets, np.ones((3, n_labels), dtype=int), parts)


def test_every_label_of_a_row_is_kept_and_every_likely_one():
    truth, pairs = make_pairs()
    thresholds = np.random.default_rng(1).normal(size=(3, 40))
    kept = OutOfFoldScores.of(pairs, np.arange(30), truth, thresholds)
    row = kept.row_of_pair
    np.testing.assert_array_equal(
        sp.csr_array((kept.targets.astype(int), (row, kept.labels)), shape=(30, 40)).toarray(), truth.toarray()
    )
    assert len(np.unique(row * 40 + kept.labels)) == len(row)
    scored = np.full((30, 40), -np.inf)
    np.put_along_axis(scored, pairs.labels, pairs.scores, axis=1)
    np.testing.assert_allclose(kept.scores, scored[row, kept.labels], rtol=1e-3)
    np.testing.assert_allclose(kept.threshold_of_pair, thresholds[pairs.parts[row], kept.labels], rtol=1e-6)
    left_out = np.ones((30, 40), dtype=bool)
    left_out[row, kept.labels] = False
    assert not (left_out & (scored > -2)).any()
    margins = scored - thresholds[pairs.parts]
    worst = np.array([np.sort(margins[i])[-8] for i in range(30)])
    assert not (left_out & (margins > worst[:, None])).any()


def test_pairs_that_nothing_is_known_of_are_left_out():
    truth, pairs = make_pairs()
    labelled = pairs.targets | (np.random.default_rng(2).random(pairs.targets.shape) < 0.5)
    pairs = ScoredPairs(*(getattr(pairs, n) for n in ("labels", "scores", "targets", "positives", "parts")), labelled)
    kept = OutOfFoldScores.of(pairs, np.arange(30), truth, np.zeros((3, 40)))
    known = np.ones((30, 40), dtype=bool)
    np.put_along_axis(known, pairs.labels, labelled, axis=1)
    assert known[kept.row_of_pair, kept.labels].all()


@pytest.mark.parametrize("scores", ["pooled", "estimator"])
def test_thresholds_had_not_seen_the_row(scores):
    X, y = make_long_tailed_multilabel(n_samples=300, n_features=50, n_labels=12, random_state=0)
    model = TunedThresholdMultiLabelClassifierCV(
        OneVsRestClassifier(LogisticRegression()), scores=scores, cv=3, random_state=0
    ).fit(X, y)
    kept = model.out_of_fold_
    assert kept.thresholds.shape == (3, model.n_labels_)
    chosen = kept.scores > kept.threshold_of_pair
    hits = np.bincount(kept.labels[chosen & kept.targets], minlength=model.n_labels_)
    predicted = np.bincount(kept.labels[chosen], minlength=model.n_labels_)
    positives = np.asarray(y.sum(axis=0)).ravel()
    macro, micro = np.mean(2 * hits / (positives + predicted)), 2 * hits.sum() / (positives + predicted).sum()
    assert 0.75 * macro + 0.25 * micro == pytest.approx(model.best_score_, abs=0.01)
