"""The best labels of each row with their scores, so that 18,000 labels on 200,000 rows fit in memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["ScoredPairs", "rank_pairs"]


@dataclass(frozen=True)
class ScoredPairs:
    """The best labels of each row with their scores.

    Attributes
    ----------
    labels : ndarray of int of shape (n_rows, width)
        Label of each pair.
    scores : ndarray of float of shape (n_rows, width)
        Not increasing along a row; -inf where the label was not learnt and must not count.
    targets : ndarray of bool of shape (n_rows, width)
        Whether the row has the label.
    positives : ndarray of int of shape (n_parts, n_labels)
        Rows with the label in each part, of labels that were learnt there.
    parts : ndarray of int of shape (n_rows,)
        Part of the data (fold) that the row belongs to.
    """

    labels: np.ndarray
    scores: np.ndarray
    targets: np.ndarray
    positives: np.ndarray
    parts: np.ndarray

    @property
    def n_labels(self) -> int:
        """Number of labels."""
        return self.positives.shape[1]

    def rows(self, part: int, *, without: bool) -> ScoredPairs:
        """The pairs of one part, or of all parts but one."""
        keep = self.parts != part if without else self.parts == part
        positives = self.positives.copy()
        positives[part if without else np.arange(len(positives)) != part] = 0
        return ScoredPairs(self.labels[keep], self.scores[keep], self.targets[keep], positives, self.parts[keep])

    def flat(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Labels, scores and targets of the pairs that count, one after the other."""
        known = self.scores > -np.inf
        return self.labels[known], self.scores[known], self.targets[known]


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
