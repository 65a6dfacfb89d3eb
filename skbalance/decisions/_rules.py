"""One way to set thresholds and to choose by them, and bounds on the labels of a row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from skbalance._hierarchy import Hierarchy
from skbalance._validation import read_numbers
from skbalance.decisions._thresholds import (
    Objective,
    ScoredPairs,
    frequency_thresholds,
    global_thresholds,
    label_thresholds,
    micro_macro_thresholds,
    shrink_thresholds,
)

# Margins that are larger count as this, and those that count as below 0 are below the negative of the least.
_LARGEST, _LEAST = 1e30, np.finfo(np.float32).tiny


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
        thresholds = self._thresholds(pairs, counts) if pairs.evident else 0.0
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
