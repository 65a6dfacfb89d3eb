"""Rows that the scorers had not seen: all of them while `fit` decides, and what is kept of them for later rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from skbalance.crossfit import TrainingLabels
from skbalance.decisions._pairs import Candidates

# Rows that are kept, the newest ones, and parts that they are in.
_MOST_ROWS, _MOST_PARTS = 20_000, 4


@dataclass(frozen=True)
class OutOfFold:
    """What scorers say of rows that they did not see.

    Attributes
    ----------
    candidates : Candidates
        Of these rows.
    labels : TrainingLabels
        Of these rows.
    seen : ndarray of shape (n_parts, n_labels)
        Positives that the scorers of each part had seen.
    parts : ndarray of int of shape (n_rows,)
        Split in which each row was left out; of a single one, random parts.
    """

    candidates: Candidates
    labels: TrainingLabels
    seen: np.ndarray
    parts: np.ndarray

    @classmethod
    def gather(cls, candidates, rows, seen, labels, parts) -> OutOfFold:
        """Put the candidates of all splits together.

        Parameters
        ----------
        candidates : list of Candidates
            Of each split.
        rows : list of ndarray
            Places of each split's rows in `labels`.
        seen : ndarray of shape (n_splits, n_labels)
            Positives that the scorers of each split had seen.
        labels : TrainingLabels
            The target.
        parts : ndarray
            Parts of a single split's rows; not used where there are several splits.
        """
        if len(candidates) > 1:
            parts = np.repeat(np.arange(len(candidates)), [len(part) for part in rows])
        seen = np.broadcast_to(seen, (parts.max() + 1, seen.shape[1]))
        return cls(Candidates.concatenate(candidates), labels.take(np.concatenate(rows)), seen, parts)

    @cached_property
    def targets(self) -> np.ndarray:
        """Whether each row has the label of each of its pairs, of shape (n_rows, width)."""
        return self._of_pairs(self.labels.indicator)

    @cached_property
    def labelled(self) -> np.ndarray | None:
        """Whether y says if the row has the label, of shape (n_rows, width); None if it says so of all pairs."""
        return None if self.labels.unknown is None else ~self._of_pairs(self.labels.unknown)

    def _of_pairs(self, indicator):
        """Values of the pairs, without a dense target."""
        return indicator[np.arange(len(self.parts))[:, None], self.candidates.labels].toarray() > 0

    @property
    def usable(self) -> np.ndarray:
        """Whether each pair is labelled, and its label was trained."""
        return self.candidates.trained if self.labelled is None else self.candidates.trained & self.labelled

    @property
    def n_seen(self) -> np.ndarray:
        """Positives of each pair's label that the scorers of its row had seen, of shape (n_rows, width)."""
        return self.seen[self.parts[:, None], self.candidates.labels]

    @property
    def positives(self) -> np.ndarray:
        """Rows with each label in each part, of labels that were trained there."""
        positives = np.array([self.labels.count(self.parts == part) for part in range(len(self.seen))])
        return np.where(self.seen == 0, 0, positives)

    def take(self, rows) -> OutOfFold:
        """Some of the rows; parts that no row is left of go."""
        left, parts = np.unique(self.parts[rows], return_inverse=True)
        return OutOfFold(self.candidates.take(rows), self.labels.take(rows), self.seen[left], parts)

    def kept(self, width: int) -> OutOfFold:
        """What is kept, in small types: `width` labels of each row, and of too many rows some at equal distances."""
        n_rows, n_labels = self.labels.indicator.shape
        kept = replace(self, candidates=self.candidates.astype(np.min_scalar_type(n_labels), np.float16, width))
        return kept if n_rows <= _MOST_ROWS else kept.take(np.linspace(0, n_rows - 1, _MOST_ROWS).astype(int))

    def in_full(self) -> OutOfFold:
        """What was kept, in the types that thresholds are set on."""
        return replace(self, candidates=self.candidates.astype(np.int32, np.float32))

    def append(self, candidates: Candidates, labels: TrainingLabels) -> OutOfFold:
        """Kept rows with those of a chunk, scored by models that had seen the rows before it."""
        seen = np.vstack([self.seen, self.labels.totals.counts])
        parts = np.full(len(candidates.labels), len(seen) - 1)
        chunk = OutOfFold(candidates, labels, seen, parts).kept(self.candidates.labels.shape[1])
        both = OutOfFold(
            Candidates.concatenate([self.candidates, chunk.candidates]),
            self.labels.append(chunk.labels),
            seen,
            np.append(self.parts, parts[: len(chunk.parts)]),
        )
        return both.take(np.arange(len(both.parts))[-_MOST_ROWS:])._fewer_parts()

    def _fewer_parts(self) -> OutOfFold:
        """The smallest neighbours among the parts become one, until there are not too many."""
        sizes, seen, parts = np.bincount(self.parts).astype(float), self.seen, self.parts
        while len(sizes) > _MOST_PARTS:
            at = int(np.argmin(sizes[:-1] + sizes[1:]))
            both = np.average(seen[at : at + 2], axis=0, weights=sizes[at : at + 2])
            seen = np.vstack([seen[:at], both, seen[at + 2 :]])
            sizes = np.concatenate([sizes[:at], [sizes[at : at + 2].sum()], sizes[at + 2 :]])
            parts = np.where(parts > at, parts - 1, parts)
        return replace(self, seen=seen, parts=parts)

    def of_labels(self, labels, counts) -> OutOfFold:
        """Kept rows with other labels, see :meth:`TrainingLabels.of_labels`."""
        places = np.full(self.seen.shape[1] + 1, -1)
        places[labels] = np.arange(len(labels))
        found = places[self.candidates.labels]
        candidates = replace(
            self.candidates,
            labels=np.maximum(found, 0).astype(np.min_scalar_type(len(labels))),
            scores=np.where(found[..., None] < 0, -np.inf, self.candidates.scores),
        )
        seen = np.pad(self.seen, ((0, 0), (0, 1)))[:, labels]
        return replace(self, candidates=candidates, labels=self.labels.of_labels(labels, counts), seen=seen)
