"""Which labels to predict for each row: those above their threshold, within bounds on their number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skbalance._hierarchy import Hierarchy
from skbalance._validation import read_numbers

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


def read_thresholds(thresholds, name: str) -> np.ndarray:
    """Read numbers from any container; booleans are refused."""
    numbers = read_numbers(thresholds, name)
    if np.asarray(thresholds).dtype.kind == "b":
        raise ValueError(f"{name} must hold numbers; got {thresholds!r}.")
    return numbers


def one_for_each(thresholds: np.ndarray, n_labels: int, name: str) -> np.ndarray:
    """The thresholds, if there is one for each label.

    Raises
    ------
    ValueError
        If their number is another, or one is NaN; the message calls them by `name`.
    """
    if thresholds.shape != (n_labels,) or np.isnan(thresholds).any():
        raise ValueError(
            f"{name} must hold one number for each of {n_labels} labels, none of them NaN; got shape "
            f"{thresholds.shape}."
        )
    return thresholds
