"""The strategies: which cuts to set, which settings to try, and how well each does on rows it did not see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.metrics import f1_score, jaccard_score

from skbalance.crossfit import ScoredPairs
from skbalance.decisions._threshold_search import (
    Objective,
    choose_labels,
    frequency_cuts,
    global_cuts,
    label_cuts,
    micro_macro_cuts,
    shrink_cuts,
)

__all__ = [
    "MICRO_WEIGHTS",
    "SCORING_NAMES",
    "STRATEGIES",
    "DecisionRule",
    "candidate_rules",
    "cross_fitted_score",
    "get_metric",
]

STRATEGIES = ("pooled", "per_label_shrunk", "per_label", "micro_macro", "global", "top_k")
# The share of micro-F1 in the objective that each name stands for; None is the estimator's `micro_weight`.
MICRO_WEIGHTS = {"f1_micro_macro": None, "f1_micro": 1.0, "f1_macro": 0.0}
_METRICS = {
    "f1_samples": partial(f1_score, average="samples", zero_division=0),
    "f1_weighted": partial(f1_score, average="weighted", zero_division=0),
    "jaccard_macro": partial(jaccard_score, average="macro", zero_division=0),
    "jaccard_micro": partial(jaccard_score, average="micro", zero_division=0),
    "jaccard_samples": partial(jaccard_score, average="samples", zero_division=0),
}
SCORING_NAMES = tuple(sorted([*MICRO_WEIGHTS, *_METRICS]))
_TRIED_MICRO_WEIGHTS = (0.0, 0.5, 1.0)
_TRIED_BETAS = (0.25, 0.5, 1.0, 2.0)
_TRIED_SHRINKAGE = (3.0, 10.0, 30.0, 100.0)
_TRIED_CUTS = 50


@dataclass(frozen=True)
class DecisionRule:
    """One way to set cuts and to predict with them.

    Attributes
    ----------
    strategy : str
        One of `STRATEGIES`.
    min_labels, max_labels : int and int or None
        Bounds on the labels of a row.
    beta : float
        Of the F-measure.
    micro_weight : float
        Share of micro-F in the objective.
    shrinkage : float
        Positives at which a label's own cut weighs as much as that of its like.
    cut : float or None
        A single cut to take as it is.
    k : int or None
        Labels a row, for ``"top_k"``.
    """

    strategy: str
    min_labels: int
    max_labels: int | None
    beta: float = 1.0
    micro_weight: float = 0.0
    shrinkage: float = 0.0
    cut: float | None = None
    k: int | None = None

    def cuts(self, pairs: ScoredPairs, counts: np.ndarray, n_train: int) -> np.ndarray:
        """Cut of each label from out-of-sample pairs.

        Parameters
        ----------
        pairs : ScoredPairs
            Rows to learn from.
        counts : ndarray of shape (n_labels,)
            Positives of each label in the training data.
        n_train : int
            Rows of the training data.

        Returns
        -------
        cuts : ndarray of shape (n_labels,)
            inf for labels without a positive, -inf for those that every training row has.
        """
        cuts = self._cuts(pairs, counts)
        return np.select([counts == 0, counts == n_train], [np.inf, -np.inf], cuts)

    def _cuts(self, pairs, counts):
        if self.strategy == "top_k":
            return np.zeros(pairs.n_labels)
        if self.cut is not None:
            return np.full(pairs.n_labels, self.cut)
        objective = Objective.of(pairs, self.micro_weight, self.beta)
        if self.strategy == "global":
            return global_cuts(pairs, objective)
        if self.strategy in ("per_label", "micro_macro"):
            if self.strategy == "per_label":
                own, _ = label_cuts(pairs, objective)
            else:
                own, _ = micro_macro_cuts(pairs, self.beta)
            return np.where(np.isnan(own), global_cuts(pairs, objective), own)
        own, evidence = label_cuts(pairs, objective)
        return shrink_cuts(own, evidence, frequency_cuts(pairs, counts, objective), self.shrinkage)

    def choose(self, labels: np.ndarray, scores: np.ndarray, cuts: np.ndarray) -> np.ndarray:
        """Which of some rows' pairs to predict, a boolean array of the shape of `scores`."""
        with np.errstate(invalid="ignore"):
            margins = scores - cuts[labels]
        margins = np.where(np.isnan(margins), -np.inf, margins)
        if self.k is not None:
            return choose_labels(margins, self.k, self.k)
        return choose_labels(margins, self.min_labels, self.max_labels)


def candidate_rules(
    rule: DecisionRule, pairs: ScoredPairs, *, micro_weight: float | None, shrinkage: float | str, k_range: range
) -> list[DecisionRule]:
    """The settings to choose among; a single one where nothing is left open.

    Parameters
    ----------
    rule : DecisionRule
        With the strategy, the bounds and `beta`.
    pairs : ScoredPairs
        Rows to learn from.
    micro_weight : float or None
        Share of micro-F; None if the metric is no mixture of micro-F and macro-F: several are tried, and several
        values of `beta`.
    shrinkage : float or "auto"
        ``"auto"`` tries several.
    k_range : range
        What to try as `k`.

    Returns
    -------
    rules : list of DecisionRule
        Not empty.
    """
    if rule.strategy == "top_k":
        return [replace(rule, k=k) for k in k_range]
    if rule.strategy == "global" and micro_weight is None:
        _, scores, targets = pairs.flat()
        levels = np.quantile(scores[targets] if targets.any() else scores, np.linspace(0, 1, _TRIED_CUTS))
        return [replace(rule, cut=float(cut)) for cut in np.unique(levels)]
    if micro_weight is None:
        rules = [replace(rule, micro_weight=w, beta=b) for b in _TRIED_BETAS for w in _TRIED_MICRO_WEIGHTS]
    else:
        rules = [replace(rule, micro_weight=micro_weight)]
    if rule.strategy == "micro_macro":
        # Its objective knows no weight.
        rules = list(dict.fromkeys(replace(r, micro_weight=0.0) for r in rules))
    if rule.strategy in ("pooled", "per_label_shrunk"):
        strengths = _TRIED_SHRINKAGE if shrinkage == "auto" else (float(shrinkage),)
        rules = [replace(r, shrinkage=strength) for r in rules for strength in strengths]
    return rules


def get_metric(scoring: str | Callable) -> Callable | None:
    """The metric of a name or callable; None for the mixtures of micro-F and macro-F.

    Raises
    ------
    ValueError
        If the name is not known, or a scorer is given in place of a metric.
    """
    if callable(scoring):
        if hasattr(scoring, "_score_func"):
            raise ValueError(
                f"scoring is the scorer {scoring!r}, which takes an estimator. Cuts are tuned on predictions: pass "
                "the metric itself, called as scoring(y_true, y_pred), larger being better."
            )
        return scoring
    if scoring in MICRO_WEIGHTS:
        return None
    if scoring in _METRICS:
        return _METRICS[scoring]
    raise ValueError(
        f"scoring must be one of {', '.join(SCORING_NAMES)} or a callable scoring(y_true, y_pred); got {scoring!r}."
    )


def cross_fitted_score(
    rule: DecisionRule,
    pairs: ScoredPairs,
    counts: np.ndarray,
    n_train: int,
    *,
    metric: Callable | None,
    micro_weight: float,
    y_true: Any,
) -> float:
    """Score of a rule whose cuts are set on all parts of the data but one and tried on that one.

    Parameters
    ----------
    rule : DecisionRule
        What to try.
    pairs : ScoredPairs
        Rows to learn from and to try on.
    counts : ndarray of shape (n_labels,)
        Positives of each label in the training data.
    n_train : int
        Rows of the training data.
    metric : callable or None
        Called with `y_true` and predictions of its kind; None is the mixture of micro-F and macro-F.
    micro_weight : float
        Share of micro-F in the mixture.
    y_true : csr_array or ndarray of shape (n_rows, n_labels) or (n_rows,)
        Targets of the rows of `pairs`.

    Returns
    -------
    score : float
        Larger is better.
    """
    chosen = np.zeros(pairs.scores.shape, dtype=bool)
    for part, test, tuning in _partitions(pairs):
        cuts = rule.cuts(tuning, counts, n_train)
        rows = slice(None) if part is None else pairs.parts == part
        chosen[rows] = rule.choose(test.labels, test.scores, cuts)
    if metric is not None:
        rows = np.repeat(np.arange(len(chosen)), chosen.sum(axis=1))
        shape = (len(chosen), pairs.n_labels)
        predicted = sp.csr_array((np.ones(len(rows), dtype=np.int8), (rows, pairs.labels[chosen])), shape=shape)
        if not sp.issparse(y_true):
            predicted = predicted.toarray().reshape(y_true.shape)
        score = float(metric(y_true, predicted))
        if not np.isfinite(score):
            raise ValueError(f"scoring gave {score}; a finite number is needed.")
        return score
    positives = np.asarray(y_true.sum(axis=0), dtype=float).reshape(-1)
    hits = np.bincount(pairs.labels[chosen & pairs.targets], minlength=pairs.n_labels)
    predicted = np.bincount(pairs.labels[chosen], minlength=pairs.n_labels)
    squared = rule.beta**2
    below = squared * positives + predicted
    macro = np.mean((1 + squared) * hits / np.maximum(below, np.finfo(float).tiny))
    micro = (1 + squared) * hits.sum() / max(below.sum(), np.finfo(float).tiny)
    return float((1 - micro_weight) * macro + micro_weight * micro)


def _partitions(pairs: ScoredPairs) -> Iterator[tuple[Any, ScoredPairs, ScoredPairs]]:
    parts = np.unique(pairs.parts)
    if len(parts) == 1:
        yield None, pairs, pairs
        return
    for part in parts:
        yield part, pairs.rows(part, without=False), pairs.rows(part, without=True)
