"""Rows that the scorers had not seen: all of them while `fit` decides, and what is kept of them for later rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from skbalance._packing import pack, unpack
from skbalance.crossfit import Totals, TrainingLabels
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
    targets : ndarray of bool of shape (n_rows, width)
        Whether the row has the label.
    seen : ndarray of shape (n_parts, n_labels)
        Positives that the scorers of each part had seen.
    parts : ndarray of int of shape (n_rows,)
        Split in which each row was left out; of a single one, random parts.
    rows : ndarray of int of shape (n_rows,)
        Row numbers.
    labelled : ndarray of bool of shape (n_rows, width) or None
        Whether y says if the row has the label; None if it says so of all pairs.
    weight : ndarray of shape (n_rows,) or None
        How many rows each row stands for, if not for one.
    """

    candidates: Candidates
    targets: np.ndarray
    seen: np.ndarray
    parts: np.ndarray
    rows: np.ndarray
    labelled: np.ndarray | None
    weight: np.ndarray | None = None

    @classmethod
    def gather(cls, candidates, rows, seen, labels, parts) -> OutOfFold:
        """Put the candidates of all splits together.

        Parameters
        ----------
        candidates : list of Candidates
            Of each split.
        rows : list of ndarray
            Row numbers of each split.
        seen : ndarray of shape (n_splits, n_labels)
            Positives that the scorers of each split had seen.
        labels : TrainingLabels
            The target.
        parts : ndarray
            Parts of a single split's rows; not used where there are several splits.
        """
        if len(candidates) > 1:
            parts = np.repeat(np.arange(len(candidates)), [len(part) for part in rows])
        together = Candidates.concatenate(candidates)
        rows = np.concatenate(rows)
        labelled = None if labels.unknown is None else ~_targets(together.labels, labels.unknown, rows)
        targets = _targets(together.labels, labels.indicator, rows)
        weight = None if labels.weight is None else labels.weight[rows]
        seen = np.broadcast_to(seen, (parts.max() + 1, seen.shape[1]))
        return cls(together, targets, seen, parts, rows, labelled, weight)

    @property
    def usable(self) -> np.ndarray:
        """Whether each pair is labelled, and its label was trained."""
        return self.candidates.trained if self.labelled is None else self.candidates.trained & self.labelled

    @property
    def n_seen(self) -> np.ndarray:
        """Positives of each pair's label that the scorers of its row had seen, of shape (n_rows, width)."""
        return self.seen[self.parts[:, None], self.candidates.labels]

    def positives(self, labels) -> np.ndarray:
        """Rows with each label in each part, of labels that were trained there."""
        positives = np.array([labels.count(self.rows[self.parts == part]) for part in range(len(self.seen))])
        return np.where(self.seen == 0, 0, positives)


def _targets(labels, indicator, rows):
    """Whether each row has each of its labels, without a dense target."""
    return indicator[rows[:, None], labels].toarray() > 0


@dataclass(frozen=True)
class KeptRows:
    """The newest rows that the scorers had not seen, with what these said of their best labels.

    Attributes
    ----------
    candidates : Candidates
        Of each row as many as the decision model is fitted on, in small types.
    seen, parts : ndarray
        As :class:`OutOfFold` has them.
    weight : ndarray of shape (n_rows,)
        How many rows each row stands for.
    rows : ndarray of int of shape (n_rows,)
        Row numbers, counted on from one chunk of rows to the next.
    indicator, unknown : csr_array of shape (n_rows, n_labels)
        The target.
    totals : Totals
        Of all rows so far.
    """

    candidates: Candidates
    seen: np.ndarray
    parts: np.ndarray
    weight: np.ndarray
    rows: np.ndarray
    indicator: sp.csr_array
    unknown: sp.csr_array
    totals: Totals

    @classmethod
    def of(cls, oof: OutOfFold, labels: TrainingLabels, width: int) -> KeptRows:
        """Of rows, of which `width` labels each matter; where there are too many, rows at equal distances."""
        shape, given = (len(oof.rows), labels.indicator.shape[1]), oof.candidates
        candidates = replace(
            given,
            labels=given.labels[:, :width].astype(np.min_scalar_type(shape[1])),
            scores=given.scores[:, :width].astype(np.float16),
            matches=given.matches[:, :width].astype(np.float16),
        )
        kept = cls(
            candidates,
            oof.seen,
            oof.parts.astype(np.min_scalar_type(len(oof.seen))),
            np.ones(shape[0], dtype=np.float32) if oof.weight is None else oof.weight,
            oof.rows,
            sp.csr_array(labels.indicator[oof.rows], dtype=np.int8),
            sp.csr_array(shape if labels.unknown is None else labels.unknown[oof.rows], dtype=np.int8),
            Totals.of(labels),
        )
        return kept if shape[0] <= _MOST_ROWS else kept.take(np.linspace(0, shape[0] - 1, _MOST_ROWS).astype(int))

    def take(self, rows) -> KeptRows:
        """Some of the rows; parts that no row is left of go."""
        left, parts = np.unique(self.parts[rows], return_inverse=True)
        some = {name: getattr(self, name)[rows] for name in ("weight", "rows", "indicator", "unknown")}
        return replace(self, candidates=self.candidates.take(rows), seen=self.seen[left], parts=parts, **some)

    def append(self, candidates: Candidates, labels: TrainingLabels) -> KeptRows:
        """With the rows of a chunk, scored by models that had seen the rows before it."""
        n_rows, seen = len(candidates.labels), np.vstack([self.seen, self.totals.counts])
        parts = np.full(n_rows, len(seen) - 1)
        oof = OutOfFold(candidates, np.empty(0), seen, parts, np.arange(n_rows), None, labels.weight)
        chunk = KeptRows.of(oof, labels, self.candidates.labels.shape[1])
        kept = replace(
            self,
            candidates=Candidates.concatenate([self.candidates, chunk.candidates]),
            seen=seen,
            parts=np.append(self.parts, parts),
            weight=np.append(self.weight, chunk.weight),
            rows=np.append(self.rows, self.totals.n_rows + chunk.rows),
            indicator=sp.csr_array(sp.vstack([self.indicator, chunk.indicator])),
            unknown=sp.csr_array(sp.vstack([self.unknown, chunk.unknown])),
            totals=self.totals.plus(chunk.totals),
        )
        return kept.take(np.arange(len(kept.rows))[-_MOST_ROWS:])._fewer_parts()

    def _fewer_parts(self) -> KeptRows:
        """The smallest neighbours among the parts become one, until there are not too many."""
        sizes, seen, parts = np.bincount(self.parts).astype(float), self.seen, self.parts
        while len(sizes) > _MOST_PARTS:
            at = int(np.argmin(sizes[:-1] + sizes[1:]))
            both = np.average(seen[at : at + 2], axis=0, weights=sizes[at : at + 2])
            seen = np.vstack([seen[:at], both, seen[at + 2 :]])
            sizes = np.concatenate([sizes[:at], [sizes[at : at + 2].sum()], sizes[at + 2 :]])
            parts = np.where(parts > at, parts - 1, parts)
        return replace(self, seen=seen, parts=parts)

    def with_labels(self, counts) -> KeptRows:
        """With further labels of so many positives, none of which is among the rows."""
        more, nothing = len(counts), sp.csr_array((len(self.rows), len(counts)), dtype=np.int8)
        wider = {name: sp.csr_array(sp.hstack([getattr(self, name), nothing])) for name in ("indicator", "unknown")}
        n_known = np.append(self.totals.n_known, np.full(more, self.totals.n_known.max()))
        totals = replace(self.totals, counts=np.append(self.totals.counts, counts), n_known=n_known)
        labels = self.candidates.labels.astype(np.min_scalar_type(len(n_known)))
        candidates, seen = replace(self.candidates, labels=labels), np.pad(self.seen, ((0, 0), (0, more)))
        return replace(self, candidates=candidates, seen=seen, totals=totals, **wider)

    def only_labels(self, labels) -> KeptRows:
        """With some of the labels only, by their numbers."""
        places = np.full(self.indicator.shape[1], -1)
        places[labels] = np.arange(len(labels))
        found = places[self.candidates.labels]
        scores = np.where(found[..., None] < 0, -np.inf, self.candidates.scores)
        totals = replace(self.totals, counts=self.totals.counts[labels], n_known=self.totals.n_known[labels])
        return replace(
            self,
            candidates=replace(self.candidates, labels=np.maximum(found, 0), scores=scores),
            seen=self.seen[:, labels],
            indicator=self.indicator[:, labels],
            unknown=self.unknown[:, labels],
            totals=totals,
        )

    def out_of_fold(self) -> tuple[OutOfFold, TrainingLabels]:
        """The rows and their target, as thresholds are set on them."""
        weight = None if (self.weight == 1).all() else self.weight
        unknown = self.unknown if self.unknown.nnz else None
        labels = TrainingLabels(self.indicator, unknown, weight, self.totals)
        given = self.candidates
        candidates = replace(
            given,
            labels=given.labels.astype(np.int32),
            scores=given.scores.astype(np.float32),
            matches=given.matches.astype(np.float32),
        )
        rows = [np.arange(len(self.rows))]
        return OutOfFold.gather([candidates], rows, self.seen, labels, self.parts), labels

    def __getstate__(self):
        return vars(self) | {"indicator": pack(self.indicator), "unknown": pack(self.unknown)}

    def __setstate__(self, state):
        self.__dict__.update(state, **{name: unpack(state[name]) for name in ("indicator", "unknown")})


def renumbered(decisions: Any, used, n_given: int, before: int = 0) -> Any:
    """Decisions whose last rows, of those given, have the numbers of all that were given, after those before them.

    Parameters
    ----------
    decisions : Decisions
        Which number the rows that were used from `before` on.
    used : ndarray of int
        Places of the used rows among those given.
    n_given : int
        Rows given, used or not.
    before : int, default=0
        Rows given earlier.
    """

    def numbers(rows):
        return np.where(rows < before, rows, before + used[np.maximum(rows - before, 0)]).astype(np.int32)

    kept, scores = decisions.kept, decisions.out_of_fold
    if kept is not None:
        totals = replace(kept.totals, n_rows=before + n_given)
        kept = replace(kept, rows=numbers(kept.rows), totals=totals)
    return replace(decisions, kept=kept, out_of_fold=replace(scores, rows=numbers(scores.rows)))
