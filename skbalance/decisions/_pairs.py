"""The best labels of each row, so that 18,000 labels on 200,000 rows fit in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

__all__ = ["Candidates", "ScoredPairs", "rank_pairs"]


@dataclass(frozen=True)
class Candidates:
    """The labels of each row that may be predicted, with what scorers and label texts say of them.

    Attributes
    ----------
    labels : ndarray of int of shape (n_rows, width)
        Label of each pair. The one with the highest scores first, where they are ranked.
    scores : ndarray of float32 of shape (n_rows, width, n_scorers)
        Of each scorer; -inf where the label was not trained.
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
        """Whether the scorers had seen a positive of each pair's label, of shape (n_rows, width)."""
        return self.scores[..., 0] > -np.inf

    @classmethod
    def concatenate(cls, parts: list[Candidates]) -> Candidates:
        """Rows of several parts, which may differ in width and in the number of matches."""
        width = max(part.labels.shape[1] for part in parts)
        ways = max((part.ways for part in parts), key=len)
        n_matches = max(part.matches.shape[-1] for part in parts)
        padded = [part._padded(width, n_matches) for part in parts]
        labels, scores, matches = (np.concatenate(arrays) for arrays in zip(*padded))
        return cls(labels, scores, matches, ways)

    def _padded(self, width, n_matches):
        """The arrays, wider: labels that are repeated are not trained and match nothing."""
        missing = width - self.labels.shape[1]
        wider = ((0, 0), (0, missing))
        more = ((0, 0), (0, missing), (0, n_matches - self.matches.shape[-1]))
        return (
            np.pad(self.labels, wider),
            np.pad(self.scores, (*wider, (0, 0)), constant_values=-np.inf),
            np.pad(self.matches, more),
        )

    def take(self, rows) -> Candidates:
        """Some of the rows."""
        return replace(self, labels=self.labels[rows], scores=self.scores[rows], matches=self.matches[rows])


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
    positives : ndarray of int of shape (n_parts, n_labels)
        Rows with the label in each part, of labels that were trained there.
    parts : ndarray of int of shape (n_rows,)
        Part of the data (fold) that the row belongs to.
    labelled : ndarray of bool of shape (n_rows, width) or None
        Whether y says if the row has the label; None if it says so of all pairs. Others compete for a row's labels, but
        are neither right nor wrong.
    """

    labels: np.ndarray
    scores: np.ndarray
    targets: np.ndarray
    positives: np.ndarray
    parts: np.ndarray
    labelled: np.ndarray | None = None

    @property
    def n_labels(self) -> int:
        """Number of labels."""
        return self.positives.shape[1]

    def rows(self, part: int, *, without: bool) -> ScoredPairs:
        """The pairs of one part, or of all parts but one."""
        keep = self.parts != part if without else self.parts == part
        positives = self.positives.copy()
        positives[part if without else np.arange(len(positives)) != part] = 0
        labelled = None if self.labelled is None else self.labelled[keep]
        return ScoredPairs(
            self.labels[keep], self.scores[keep], self.targets[keep], positives, self.parts[keep], labelled
        )

    def with_scores(self, scores: np.ndarray) -> ScoredPairs:
        """The same pairs with other scores."""
        return replace(self, scores=scores)

    def flat(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Labels, scores and targets of the pairs that count, one after the other."""
        usable = self.scores > -np.inf
        if self.labelled is not None:
            usable &= self.labelled
        return self.labels[usable], self.scores[usable], self.targets[usable]


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
