"""The best labels of each row, so that 18,000 labels on 200,000 rows fit in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp


@dataclass(frozen=True)
class Candidates:
    """The labels of each row that may be predicted, with what scorers and label texts say of them.

    Attributes
    ----------
    labels : ndarray of int of shape (n_rows, width)
        Label of each pair. The one with the highest scores first, where they are ranked.
    scores : ndarray of float32 of shape (n_rows, width, n_scorers)
        Of each scorer; -inf where the label was not trained, NaN where the scorer says nothing of the pair.
    matches : ndarray of float32 of shape (n_rows, width, n_matches)
        How well the row matches what the label is called, in each way.
    ways : tuple of str
        Names of the ways.
    """

    labels: np.ndarray
    scores: np.ndarray
    matches: np.ndarray
    ways: tuple[str, ...] = ()

    @property
    def trained(self) -> np.ndarray:
        """Whether the scorers had seen a positive of the label, and score the pair or it matches; (n_rows, width)."""
        spoken_of = np.isfinite(self.scores).any(axis=-1) | (self.matches > 0).any(axis=-1)
        return (self.scores[..., 0] != -np.inf) & spoken_of

    @property
    def first_scores(self) -> np.ndarray:
        """Scores of the first scorer, of shape (n_rows, width); -inf where it gives none."""
        scores = self.scores[..., 0]
        return np.where(np.isnan(scores), -np.inf, scores)

    @property
    def lowest_scores(self) -> list[float]:
        """The lowest score that each scorer gives; 0 of one that gives none."""
        lowest = np.min(self.scores, axis=(0, 1), where=np.isfinite(self.scores), initial=np.inf)
        return np.where(lowest < np.inf, lowest, 0).tolist()

    @classmethod
    def concatenate(cls, parts: list[Candidates]) -> Candidates:
        """Rows of several parts, which may differ in width and in the number of matches."""
        together = {}
        for name, blank in (("labels", 0), ("scores", -np.inf), ("matches", 0)):  # what is added is not trained
            arrays = [getattr(part, name) for part in parts]
            widest = np.max([array.shape[1:] for array in arrays], axis=0)
            missing = [[(0, 0), *((0, n) for n in widest - array.shape[1:])] for array in arrays]
            together[name] = np.concatenate(
                [np.pad(array, more, constant_values=blank) for array, more in zip(arrays, missing)]
            )
        return cls(**together, ways=max((part.ways for part in parts), key=len))

    def take(self, rows) -> Candidates:
        """Some of the rows."""
        return replace(self, labels=self.labels[rows], scores=self.scores[rows], matches=self.matches[rows])

    def astype(self, of_labels, of_scores, width: int | None = None) -> Candidates:
        """In other types; of each row the first `width`."""
        return replace(
            self,
            labels=self.labels[:, :width].astype(of_labels),
            scores=self.scores[:, :width].astype(of_scores),
            matches=self.matches[:, :width].astype(of_scores),
        )


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


def indicator_of_pairs(chosen: np.ndarray, labels: np.ndarray, n_labels: int) -> sp.csr_array:
    """Some of the pairs of rows and their `labels`, as an indicator of shape (n_rows, n_labels)."""
    index = (np.nonzero(chosen)[0], labels[chosen])
    return sp.csr_array((np.ones(len(index[0]), dtype=np.int8), index), shape=(len(chosen), n_labels))


def rank_pairs(scores: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The `width` best labels of each row, best first, and their scores."""
    n_labels = scores.shape[1]
    if width < n_labels:
        labels = np.argpartition(-scores, width - 1, axis=1)[:, :width]
        labels.sort(axis=1)
        values = np.take_along_axis(scores, labels, axis=1)
    else:
        labels = np.broadcast_to(np.arange(n_labels), scores.shape)
        values = scores
    order = np.argsort(-values, axis=1, kind="stable")
    labels = np.take_along_axis(labels, order, axis=1).astype(np.int32)
    return labels, np.take_along_axis(values, order, axis=1)
