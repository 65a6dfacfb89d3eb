"""How well a rule does on rows that its thresholds were not set on."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.metrics import f1_score, jaccard_score

from skbalance._indicators import label_confusion
from skbalance.decisions._pairs import ScoredPairs, indicator_of_pairs
from skbalance.decisions._rules import DecisionRule

# The share of micro-F1 in the objective that each name stands for; None is the estimator's `micro_weight`.
MICRO_WEIGHTS = {"f1_micro_macro": None, "f1_micro": 1.0, "f1_macro": 0.0}
_METRICS = {
    "f1_samples": partial(f1_score, average="samples", zero_division=0),
    "f1_weighted": partial(f1_score, average="weighted", zero_division=0),
    "jaccard_macro": partial(jaccard_score, average="macro", zero_division=0),
    "jaccard_micro": partial(jaccard_score, average="micro", zero_division=0),
    "jaccard_samples": partial(jaccard_score, average="samples", zero_division=0),
}


def get_metric(scoring: str | Callable) -> Callable | None:
    """The metric of a name or callable; None for the mixtures of micro-F and macro-F.

    Raises
    ------
    ValueError
        If a scorer is given in place of a metric.
    """
    if hasattr(scoring, "_score_func"):
        raise ValueError(
            f"scoring is the scorer {scoring!r}, which takes an estimator. Thresholds are set on predictions: pass "
            "the metric itself, called as scoring(y_true, y_pred), larger being better."
        )
    return scoring if callable(scoring) else _METRICS.get(scoring)


def thresholds_without_parts(
    rule: DecisionRule, pairs: ScoredPairs, counts: np.ndarray, n_train: int | np.ndarray
) -> np.ndarray:
    """Thresholds that a rule sets on all parts of the data but one, for each; of a single part, on that.

    Parameters
    ----------
    rule : DecisionRule
        How to set them.
    pairs : ScoredPairs
        Rows to learn from.
    counts : ndarray of shape (n_labels,)
        Positives of each label in the training data.
    n_train : int or ndarray of shape (n_labels,)
        Rows of the training data of which each label is known, or the sum of their weights.

    Returns
    -------
    thresholds : ndarray of shape (n_parts, n_labels)
    """
    n_parts = len(pairs.positives)
    if n_parts == 1:
        return rule.thresholds(pairs, counts, n_train)[None]
    return np.stack([rule.thresholds(pairs.without(part), counts, n_train) for part in range(n_parts)])


def cross_fitted_predictions(rule: DecisionRule, pairs: ScoredPairs, thresholds: np.ndarray) -> sp.csr_array:
    """What a rule predicts of rows that its thresholds were not set on.

    Parameters
    ----------
    rule : DecisionRule
        What to try.
    pairs : ScoredPairs
        Rows to try it on.
    thresholds : ndarray of shape (n_parts, n_labels)
        Of :func:`thresholds_without_parts`.

    Returns
    -------
    predicted : csr_array of shape (n_rows, n_labels)
        Of pairs that are labelled.
    """
    chosen, _ = rule.choose(pairs, thresholds)
    return indicator_of_pairs(chosen, pairs.labels, pairs.n_labels)


def score_predictions(
    predicted: sp.csr_array, y_true: Any, *, metric: Callable | None, micro_weight: float, beta: float, weight=None
) -> float:
    """Score of predictions.

    Parameters
    ----------
    predicted : csr_array of shape (n_rows, n_labels)
        Indicator.
    y_true : csr_array or ndarray of shape (n_rows, n_labels) or (n_rows,)
        Targets of the rows.
    metric : callable or None
        Called with `y_true` and predictions of its kind, and with `weight` if it takes `sample_weight`; None is the
        mixture of micro-F and macro-F.
    micro_weight : float
        Share of micro-F in the mixture.
    beta : float
        Of the F-measure.
    weight : ndarray of shape (n_rows,), default=None
        How many rows each row stands for, if not for one.

    Returns
    -------
    score : float
        Larger is better.

    Raises
    ------
    ValueError
        If the metric is not finite.
    """
    if metric is not None:
        shown = predicted if sp.issparse(y_true) else predicted.toarray().reshape(y_true.shape)
        weighted = weight is not None and "sample_weight" in inspect.signature(metric).parameters
        score = float(metric(y_true, shown, sample_weight=weight) if weighted else metric(y_true, shown))
        if not np.isfinite(score):
            raise ValueError(f"scoring gave {score}; a finite number is needed.")
        return score
    hits, n_predicted, positives = label_confusion(y_true, predicted, weight)
    below = beta**2 * positives + n_predicted
    macro = np.mean((1 + beta**2) * hits / np.maximum(below, np.finfo(float).tiny))
    micro = (1 + beta**2) * hits.sum() / max(below.sum(), np.finfo(float).tiny)
    return float((1 - micro_weight) * macro + micro_weight * micro)
