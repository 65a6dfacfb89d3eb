"""Thresholds from scores, and labels by thresholds: pure NumPy, every label at once, nothing here knows an estimator.

A label is predicted if its score is above its threshold. All functions work on :class:`ScoredPairs`, which holds
for every row only its best labels, so that 18,000 labels on 200,000 rows fit in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from skbalance._hierarchy import Hierarchy
from skbalance._validation import read_numbers

_GRID = 100
_FREQUENCY_STEP = 0.1
_SWEEPS = 10
# Margins that are larger count as this, and those that count as below 0 are below the negative of the least.
_LARGEST, _LEAST = 1e30, np.finfo(np.float32).tiny


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


def weighted_quantiles(values, weights, shares, method="linear"):
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
        denominator = float(beta**2 * positives.sum() + predicted[best])
        return cls(micro_weight, beta, int(np.count_nonzero(positives)), float(value[best]), denominator)

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
    values = np.stack([targets * weights, weights])
    sums = np.cumsum(values, axis=1)
    hits, predicted = sums - (sums[:, starts] - values[:, starts])[:, segment]  # each label's sums begin anew
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


@dataclass(frozen=True)
class Choice:
    """Bounds on the labels of a row.

    Attributes
    ----------
    min_labels : int
        Rows with fewer labels above their threshold are given those that are closest to it.
    max_labels : int or None
        Rows with more keep those that are farthest above.
    hierarchy : Hierarchy or None
        Of labels that are never chosen without their ancestors. An ancestor counts as farther above its threshold than
        its descendants are above theirs, so that the best labels of a row, however many, are closed. One that must not
        be chosen takes its descendants with it.
    """

    min_labels: int = 0
    max_labels: int | None = None
    hierarchy: Hierarchy | None = None

    @classmethod
    def of(cls, meta, n_labels: int, auto: int = 0) -> Choice:
        """Read the bounds of a meta-estimator; `auto` is what the lower one is if it is to be found.

        Raises
        ------
        ValueError
            If there are not so many labels, or the bounds contradict each other.
        """
        for name in ("min_labels", "max_labels", "k"):
            value = getattr(meta, name, None)
            if value not in (None, "auto") and value > n_labels:
                raise ValueError(f"{name}={value} is more than y has labels, {n_labels}.")
        least = auto if meta.min_labels == "auto" else int(meta.min_labels)
        most = None if meta.max_labels is None else int(meta.max_labels)
        if most is not None and least > most:
            raise ValueError(f"min_labels={least} is more than max_labels={most}.")
        parents = getattr(meta, "parents", None)
        return cls(least, most, None if parents is None else Hierarchy.of_columns(parents, n_labels))

    def __call__(self, above: np.ndarray, margins: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Which pairs to predict.

        Parameters
        ----------
        above : ndarray of bool of shape (n_rows, width)
            Pairs whose score is above the threshold.
        margins : ndarray of shape (n_rows, width)
            Score minus threshold; -inf for what must not be given to a row that has too few.
        labels : ndarray of int of shape (n_rows, width), default=None
            Label of each pair, with its ancestors. Needed for a hierarchy.

        Returns
        -------
        chosen : ndarray of bool of shape (n_rows, width)
        """
        if self.hierarchy is not None and labels is not None:
            signed = np.where(above, margins.clip(_LEAST, _LARGEST), np.minimum(margins, -_LEAST))
            margins = self.hierarchy.raised(labels, signed)
            above = margins > 0
        chosen, found = above.copy(), above.sum(axis=1)
        wanted = found.clip(self.min_labels, self.max_labels)
        rows = np.flatnonzero(found != wanted)
        ordered = np.where(above[rows], np.maximum(margins[rows], np.finfo(float).tiny), margins[rows])
        rank = np.argsort(np.argsort(-ordered, axis=1, kind="stable"), axis=1, kind="stable")
        chosen[rows] = (rank < wanted[rows, None]) & (ordered > -np.inf)
        return chosen


@dataclass(frozen=True)
class DecisionRule:
    """One way to set thresholds on scores, whatever the scores are, and to predict with them.

    Attributes
    ----------
    strategy : str
        As :class:`TunedThresholdMultiLabelClassifierCV` has it.
    choice : Choice
        Bounds on the labels of a row.
    beta : float
        Of the F-measure.
    micro_weight : float
        Share of micro-F in the objective.
    shrinkage : float
        Positives at which a label's own threshold weighs as much as that of labels of similar frequency.
    threshold : float or None
        A single threshold to take as it is.
    k : int or None
        Labels a row, for ``"top_k"``: both bounds.
    """

    strategy: str
    choice: Choice
    beta: float = 1.0
    micro_weight: float = 0.0
    shrinkage: float = 0.0
    threshold: float | None = None
    k: int | None = None

    def thresholds(self, pairs: ScoredPairs, counts: np.ndarray, n_train: int | np.ndarray) -> np.ndarray:
        """Threshold of each label from out-of-sample pairs.

        Parameters
        ----------
        pairs : ScoredPairs
            Rows to learn from.
        counts : ndarray of shape (n_labels,)
            Positives of each label in the training data.
        n_train : int or ndarray of shape (n_labels,)
            Rows of the training data of which each label is known, or the sum of their weights.

        Returns
        -------
        thresholds : ndarray of shape (n_labels,)
            inf for labels without a positive, -inf for those that every training row has. 0 for others if no label has
            a positive among the pairs.
        """
        thresholds = self._thresholds(pairs, counts) if pairs.flat()[2].any() else 0.0
        return np.select([counts == 0, counts == n_train], [np.inf, -np.inf], thresholds)

    def _thresholds(self, pairs, counts):
        if self.strategy == "top_k":
            return 0.0
        if self.threshold is not None:
            return self.threshold
        objective = Objective.of(pairs, self.micro_weight, self.beta)
        if self.strategy == "global":
            return global_thresholds(pairs, objective)
        if self.strategy == "micro_macro":
            own, evidence = micro_macro_thresholds(pairs, self.beta)
        else:
            own, evidence = label_thresholds(pairs, objective)
        if self.strategy == "per_label_shrunk":
            return shrink_thresholds(own, evidence, frequency_thresholds(pairs, counts, objective), self.shrinkage)
        return np.where(np.isnan(own), global_thresholds(pairs, objective), own)

    def thresholds_without_parts(self, pairs: ScoredPairs, counts: np.ndarray, n_train: int | np.ndarray) -> np.ndarray:
        """The same from all parts of the data but one, for each part, of shape (n_parts, n_labels).

        Of a single part, they are set on that.
        """
        n_parts = len(pairs.positives)
        others = [pairs.without(part) for part in range(n_parts)] if n_parts > 1 else [pairs]
        return np.stack([self.thresholds(each, counts, n_train) for each in others])

    def choose(self, pairs: ScoredPairs, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which labelled pairs to predict by thresholds of shape (n_parts, n_labels), and scores less thresholds."""
        margins = margins_of(pairs.scores, thresholds[pairs.parts[:, None], pairs.labels])
        chosen = self.choice(margins > 0, margins, pairs.labels)
        return chosen if pairs.labelled is None else chosen & pairs.labelled, margins


def margins_of(scores: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Scores less thresholds; -inf where both are infinite, so that a threshold of inf is never passed."""
    with np.errstate(invalid="ignore"):
        margins = scores - thresholds
    return np.where(np.isnan(margins), -np.inf, margins)


def indicator_of_pairs(chosen: np.ndarray, labels: np.ndarray, n_labels: int) -> sp.csr_array:
    """Some of the pairs of rows and their `labels`, as an indicator of shape (n_rows, n_labels)."""
    index = (np.nonzero(chosen)[0], labels[chosen])
    return sp.csr_array((np.ones(len(index[0]), dtype=np.int8), index), shape=(len(chosen), n_labels))


def read_thresholds(thresholds, n_labels: int, name: str, *, same: bool = False) -> np.ndarray:
    """Read a threshold for each label from any container; or with `same` a number for all.

    Raises
    ------
    ValueError
        If they are no numbers, not so many, or one is NaN; the message calls them by `name`.
    """
    numbers = read_numbers(thresholds, name)
    if np.asarray(thresholds).dtype.kind == "b":
        raise ValueError(f"{name} must hold numbers; got {thresholds!r}.")
    if same and numbers.ndim == 0:
        numbers = np.full(n_labels, numbers)
    if numbers.shape != (n_labels,) or np.isnan(numbers).any():
        raise ValueError(
            f"{name} must hold one number for each of {n_labels} labels, none of them NaN; got shape {numbers.shape}."
        )
    return numbers
