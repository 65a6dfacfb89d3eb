"""Thresholds from scores: pure NumPy, every label at once, nothing here knows an estimator.

A label is predicted if its score is above its threshold. All functions work on :class:`ScoredPairs`, which holds
for every row only its best labels, so that 18,000 labels on 200,000 rows fit in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

_GRID = 100
_FREQUENCY_STEP = 0.1
_SWEEPS = 10


@dataclass(frozen=True)
class ScoredPairs:
    """The best labels of each row with one score each, and whether the row has them.

    Attributes
    ----------
    labels : ndarray of int of shape (n_rows, width)
        Label of each pair.
    scores : ndarray of float of shape (n_rows, width)
        -inf where the label was not trained and must not count.
    targets : ndarray of bool of shape (n_rows, width)
        Whether the row has the label.
    positives : ndarray of shape (n_parts, n_labels)
        Rows with the label in each part, or the sum of their weights, of labels that were trained there.
    parts : ndarray of int of shape (n_rows,)
        Part of the data (fold) that the row belongs to.
    labelled : ndarray of bool of shape (n_rows, width) or None
        Whether y says if the row has the label; None if it says so of all pairs. Others compete for a row's labels, but
        are neither right nor wrong.
    weight : ndarray of shape (n_rows,) or None
        How many rows each row stands for, if not for one.
    """

    labels: np.ndarray
    scores: np.ndarray
    targets: np.ndarray
    positives: np.ndarray
    parts: np.ndarray
    labelled: np.ndarray | None = None
    weight: np.ndarray | None = None

    @property
    def n_labels(self) -> int:
        """Number of labels."""
        return self.positives.shape[1]

    @property
    def evident(self) -> bool:
        """Whether a label has a positive among the pairs that count."""
        return bool(self.flat()[2].any())

    def without(self, part: int) -> ScoredPairs:
        """The pairs of all parts but one."""
        keep = self.parts != part
        positives = self.positives.copy()
        positives[part] = 0
        of_rows = ("labels", "scores", "targets", "parts", "labelled", "weight")
        kept = {name: array[keep] for name in of_rows if (array := getattr(self, name)) is not None}
        return replace(self, positives=positives, **kept)

    def flat(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Labels, scores, targets and weights of the pairs that count, one after the other."""
        usable = self.scores > -np.inf
        if self.labelled is not None:
            usable &= self.labelled
        scores = self.scores[usable]
        weights = np.ones(len(scores)) if self.weight is None else np.repeat(self.weight, usable.sum(axis=1))
        return self.labels[usable], scores, self.targets[usable], weights


def weighted_quantiles(
    values: np.ndarray, weights: np.ndarray, shares: Any, method: Literal["linear", "inverted_cdf"] = "linear"
) -> Any:
    """Quantiles of values of which each stands for as many as its weight says.

    Parameters
    ----------
    values, weights : ndarray of shape (n,)
        Not empty.
    shares : ndarray or float
        Between 0 and 1.
    method : {"linear", "inverted_cdf"}, default="linear"
        See :func:`numpy.quantile`.

    Returns
    -------
    quantiles : ndarray or float
        Those that :func:`numpy.quantile` gives, where every value is there as many times as its weight says. Weights
        are scaled up where one is below 1.
    """
    if (weights == 1).all():
        return np.quantile(values, shares, method=method)
    order = np.argsort(values)
    values, ends = values[order], np.cumsum(weights[order]) / min(weights.min(), 1)
    if method == "inverted_cdf":
        return values[np.searchsorted(ends, shares * ends[-1])]
    rank = shares * max(ends[-1] - 1, 0)
    part = rank - np.floor(rank)
    at = np.searchsorted(ends, [np.floor(rank), np.floor(rank) + 1], side="right")
    low, high = values[np.minimum(at, len(values) - 1)]
    return np.where(part < 0.5, low + (high - low) * part, high - (high - low) * (1 - part))


@dataclass(frozen=True)
class Objective:
    """Weighted mean of micro-F and macro-F, as a sum of one term for each label.

    Macro-F is such a sum already. Micro-F is replaced by its tangent at the best single threshold,

        F_micro ~ F + sum_l ((1 + beta^2) tp_l - F (beta^2 n_l + k_l)) / (beta^2 N + K)

    with `tp_l` hits among `k_l` predictions of a label with `n_l` positives. The terms can then be maximised
    label by label.
    """

    micro_weight: float
    beta: float
    n_labels: int
    micro: float
    denominator: float

    @classmethod
    def of(cls, pairs: ScoredPairs, micro_weight: float, beta: float) -> Objective:
        """Take the tangent at the threshold that is best for micro-F; a pair must be positive."""
        _, scores, targets, weights = pairs.flat()
        positives = pairs.positives.sum(axis=0)
        order = np.argsort(-scores)
        weights = weights[order]
        hits, predicted = np.cumsum(targets[order] * weights), np.cumsum(weights)
        last = np.append(np.diff(scores[order]) != 0, True)
        value = np.where(last, _f_score(hits, predicted, positives.sum(), beta), -1.0)
        best = value.argmax()
        return cls(
            micro_weight=micro_weight,
            beta=beta,
            n_labels=int(np.count_nonzero(positives)),
            micro=float(value[best]),
            denominator=float(beta**2 * positives.sum() + predicted[best]),
        )

    def __call__(self, hits, predicted, positives):
        """Terms of labels with so many hits, predictions and positives."""
        macro = _f_score(hits, predicted, positives, self.beta) / self.n_labels
        gain = (1 + self.beta**2) * hits - self.micro * (self.beta**2 * positives + predicted)
        return (1 - self.micro_weight) * macro + self.micro_weight * gain / self.denominator


def _f_score(hits, predicted, positives, beta):
    denominator = beta**2 * np.asarray(positives, dtype=float) + predicted
    return (1 + beta**2) * hits / np.maximum(denominator, np.finfo(float).tiny)


def sorted_by_label(pairs):
    """Pairs of labels with a hit, sorted by label and falling score, down to one below the lowest hit."""
    labels, scores, targets, weights = pairs.flat()
    lowest = np.full(pairs.n_labels, np.inf, dtype=scores.dtype)  # of one type: NumPy is 40 times as fast then
    np.minimum.at(lowest, labels[targets], scores[targets])
    below = np.full(pairs.n_labels, -np.inf, dtype=scores.dtype)
    under = scores < lowest[labels]
    np.maximum.at(below, labels[under], scores[under])
    labels, scores, targets, weights = (array[~under] for array in (labels, scores, targets, weights))
    order = np.lexsort((-scores, labels))
    return labels[order], scores[order], targets[order], weights[order], below


def label_thresholds(pairs: ScoredPairs, objective: Callable) -> tuple[np.ndarray, np.ndarray]:
    """Each label's own best threshold.

    Parameters
    ----------
    pairs : ScoredPairs
        Scores of rows that the models did not see.
    objective : callable
        ``objective(hits, predicted, positives)``, the value of each label; larger is better.

    Returns
    -------
    thresholds : ndarray of shape (n_labels,)
        Halfway between the two scores that the best threshold lies between. NaN for a label that has nothing to decide
        between: no positive among the pairs, or one score throughout.
    evidence : ndarray of shape (n_labels,)
        Positives that the threshold rests on; 0 where it is NaN.
    """
    positives = pairs.positives.sum(axis=0)
    labels, scores, targets, weights, below = sorted_by_label(pairs)
    thresholds = np.full(pairs.n_labels, np.nan)
    if not len(labels):
        return thresholds, np.zeros(pairs.n_labels)
    starts = np.flatnonzero(np.append(True, labels[1:] != labels[:-1]))
    present = labels[starts]
    segment = np.cumsum(np.append(0, labels[1:] != labels[:-1]))
    hits, predicted = (_sums_within(values, starts, segment) for values in (targets * weights, weights))
    value = objective(hits, predicted, positives[labels])
    ends = np.append(starts[1:], len(labels)) - 1
    last = np.append((labels[1:] != labels[:-1]) | (scores[1:] != scores[:-1]), True)
    value = np.where(last, value, -np.inf)
    best_value = np.maximum.reduceat(value, starts)
    is_best = np.flatnonzero(value == best_value[segment])
    best = is_best[np.unique(segment[is_best], return_index=True)[1]]
    following = np.append(scores[1:], -np.inf)
    following[ends] = below[present]
    upper, lower = scores[best].astype(float), following[best].astype(float)
    # All pairs of the label are predicted: the threshold is just below the lowest of them.
    lower = np.where(np.isfinite(lower), lower, np.nextafter(scores[best], -np.inf))
    threshold = (upper + lower) / 2
    nothing = objective(np.zeros(len(present)), np.zeros(len(present)), positives[present]) >= best_value
    threshold = np.where(nothing, scores[starts], threshold)
    constant = (scores[starts] == scores[ends]) & ~np.isfinite(below[present])
    thresholds[present] = np.where(constant, np.nan, threshold)
    return thresholds, np.where(np.isnan(thresholds), 0, positives)


def _sums_within(values, starts, segment):
    """Running sums that begin anew at each of some starts."""
    sums = np.cumsum(values)
    return sums - (sums[starts] - values[starts])[segment]


def _grid(pairs):
    """Thresholds worth trying for many labels at once: quantiles of the positives' and of the best scores."""
    _, scores, targets, weights = pairs.flat()
    weight_of_best = 6 * int(pairs.positives.sum()) + 1000
    n_best = min(len(scores), int(weight_of_best / weights.min()) + 1)
    order = np.flatnonzero(scores >= np.partition(scores, len(scores) - n_best)[len(scores) - n_best])
    order = order[np.argsort(-scores[order])]
    best = np.diff(np.minimum(np.cumsum(weights[order]), weight_of_best), prepend=0)
    order, best = order[best > 0], best[best > 0]
    steps = np.linspace(0, 1, _GRID)
    values = [weighted_quantiles(scores[order], best, steps)]
    if targets.any():
        # Just below a positive: the threshold that is best is nowhere else.
        positives = weighted_quantiles(scores[targets], weights[targets], steps, "inverted_cdf")
        values.append(np.nextafter(positives, -np.inf))
    return np.unique(np.concatenate(values))


def _counts_above(keys, scores, targets, weights, grid, n_keys):
    """Hits and predictions of each key above each threshold of the grid, both of shape (n_keys, n_grid)."""
    n = len(grid) + 1
    cell = keys.astype(np.int64) * n + np.searchsorted(grid, scores, side="left")
    hits, predicted = (
        np.bincount(cell, weights=each, minlength=n_keys * n).reshape(n_keys, n)[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
        for each in (targets * weights, weights)
    )
    return hits, predicted


def global_thresholds(pairs: ScoredPairs, objective: Callable) -> np.ndarray:
    """The one threshold that is best for all labels together, once for each label."""
    grid = _grid(pairs)
    hits, predicted = _counts_above(*pairs.flat(), grid, pairs.n_labels)
    value = objective(hits, predicted, pairs.positives.sum(axis=0)[:, None]).sum(axis=0)
    return np.full(pairs.n_labels, _best_of_grid(value[None], grid, pairs)[0])


def frequency_thresholds(pairs: ScoredPairs, label_counts: np.ndarray, objective: Callable) -> np.ndarray:
    """The threshold that is best for labels of similar frequency to each one.

    For a count `n`, hits, predictions and positives of all labels are averaged with the weights
    ``exp(-(log(1 + n_l) - log(1 + n))^2 / 2)``, and the threshold is taken that is best for the average.

    Parameters
    ----------
    pairs : ScoredPairs
        Scores of rows that the models did not see.
    label_counts : ndarray of shape (n_labels,)
        Positives of each label in the training data.
    objective : callable
        ``objective(hits, predicted, positives)``.

    Returns
    -------
    thresholds : ndarray of shape (n_labels,)
        A function of the count alone.
    """
    grid = _grid(pairs)
    level = np.rint(np.log1p(label_counts) / _FREQUENCY_STEP).astype(int)
    levels, level = np.unique(level, return_inverse=True)
    labels, scores, targets, weights = pairs.flat()
    hits, predicted = _counts_above(level[labels], scores, targets, weights, grid, len(levels))
    positives = np.bincount(level, weights=pairs.positives.sum(axis=0), minlength=len(levels))
    n_labels = np.bincount(level, weights=label_counts > 0, minlength=len(levels))
    distance = (levels[:, None] - levels) * _FREQUENCY_STEP
    weights = np.exp(-0.5 * distance**2)
    total = np.maximum(weights @ n_labels, np.finfo(float).tiny)[:, None]
    value = objective(weights @ hits / total, weights @ predicted / total, (weights @ positives)[:, None] / total)
    return _best_of_grid(value, grid, pairs)[level]


def similar_thresholds(thresholds: np.ndarray, label_counts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Thresholds of labels that nothing else is known of than their counts: means of those of similar frequency.

    With the weights of :func:`frequency_thresholds`; 0 where no other label has a finite threshold.
    """
    finite = np.isfinite(thresholds)
    if not finite.any():
        return np.zeros(len(counts))
    distance = np.log1p(counts)[:, None] - np.log1p(label_counts[finite])
    weights = np.exp(-0.5 * (distance**2 - (distance**2).min(axis=1, keepdims=True)))
    return weights @ thresholds[finite] / weights.sum(axis=1)


def _best_of_grid(values, grid, pairs):
    """The best threshold of each row of values on a grid: of equally good ones the middle of the widest stretch."""
    scores = np.sort(pairs.flat()[1]).astype(float)
    # The same pairs are predicted from the last score that is not above a threshold of the grid up to the next one.
    after = np.searchsorted(scores, grid, side="right")
    starts = np.where(after > 0, scores[np.maximum(after - 1, 0)], grid)
    ends = np.where(after < len(scores), scores[np.minimum(after, len(scores) - 1)], grid)
    best = np.empty(len(values))
    for i, value in enumerate(values):
        equal = np.flatnonzero(value >= value.max())
        first = np.append(True, equal[1:] > equal[:-1] + 1)
        low = starts[equal[first]]
        high = ends[equal[np.append(first[1:], True)]]
        widest = (high - low).argmax()
        best[i] = (low[widest] + high[widest]) / 2
    return best


def shrink_thresholds(own: np.ndarray, evidence: np.ndarray, target: np.ndarray, shrinkage: float) -> np.ndarray:
    """Shrink each label's threshold toward a target: ``(n own + shrinkage target) / (n + shrinkage)``."""
    weight = evidence / np.maximum(evidence + shrinkage, np.finfo(float).tiny)
    return np.where(evidence > 0, weight * np.nan_to_num(own) + (1 - weight) * target, target)


def micro_macro_thresholds(pairs: ScoredPairs, beta: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Each label's threshold that maximises the sum of macro-F and micro-F, the other labels being held.

    Starts from each label's own best threshold and sweeps until none moves; a pair must be positive. Returns what
    :func:`label_thresholds` does.
    """
    positives = pairs.positives.sum(axis=0)
    n_labels = int(np.count_nonzero(positives))
    thresholds, evidence = label_thresholds(pairs, lambda tp, k, n: _f_score(tp, k, n, beta))
    labels, scores, targets, weights = pairs.flat()
    for _ in range(_SWEEPS):
        above = scores > np.where(np.isnan(thresholds), np.inf, thresholds)[labels]
        hits, predicted = (
            np.bincount(labels[chosen], weights=weights[chosen], minlength=pairs.n_labels)
            for chosen in (above & targets, above)
        )
        micro = _f_score(hits.sum(), predicted.sum(), positives.sum(), beta)
        denominator = beta**2 * positives.sum() + predicted.sum()
        # Half the sum of both, less what does not depend on the label's threshold.
        both = Objective(0.5, beta, n_labels, float(micro), float(denominator))
        moved, evidence = label_thresholds(pairs, both)
        if np.array_equal(moved, thresholds, equal_nan=True):
            break
        thresholds = moved
    return thresholds, evidence
