"""What `fit` keeps of the scores of training rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

# The best labels of each row that are kept, and any more whose log-odds are above this.
_LABELS = 8
_LEAST = -2.0
# Scores are kept as float16.
_LARGEST = 60_000.0


@dataclass(frozen=True)
class OutOfFoldScores:
    """Scores of training rows by models that had not seen them, for the pairs of a row and a label that may matter.

    Kept are the labels that each row has, the few that are closest to being predicted, and all that are likely.

    Attributes
    ----------
    rows : ndarray of int of shape (n_rows,)
        Row numbers in the training data.
    parts : ndarray of int of shape (n_rows,)
        Part of the data (fold) that each row belongs to.
    indptr : ndarray of int of shape (n_rows + 1,)
        Where the pairs of each row begin, as in a CSR matrix.
    labels : ndarray of int of shape (n_pairs,)
        Label of each pair.
    scores : ndarray of float16 of shape (n_pairs,)
        Log-odds of each pair, or its decision value; -inf where the label was not looked at, or not trained.
    targets : ndarray of bool of shape (n_pairs,)
        Whether the row has the label.
    thresholds : ndarray of float32 of shape (n_parts, n_labels)
        On the scale of `scores`, set without the part.
    """

    rows: np.ndarray
    parts: np.ndarray
    indptr: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    targets: np.ndarray
    thresholds: np.ndarray

    @property
    def row_of_pair(self) -> np.ndarray:
        """Position in `rows` of each pair's row, of shape (n_pairs,)."""
        return np.repeat(np.arange(len(self.rows)), np.diff(self.indptr))

    @property
    def threshold_of_pair(self) -> np.ndarray:
        """Threshold that each pair's score is compared with, of shape (n_pairs,)."""
        return self.thresholds[self.parts[self.row_of_pair], self.labels]

    def of_labels(self, labels, thresholds) -> OutOfFoldScores:
        """With some of the labels, by their numbers, and where that is -1 further ones, which no row is known to have.

        The further ones have these thresholds.
        """
        places = np.full(self.thresholds.shape[1] + 1, -1)
        places[labels] = np.arange(len(labels))
        found = places[self.labels]
        keep = found >= 0
        n_pairs = np.bincount(self.row_of_pair[keep], minlength=len(self.rows))
        every = self.thresholds[:, labels]
        every[:, labels < 0] = thresholds
        return replace(
            self,
            indptr=np.append(0, np.cumsum(n_pairs)).astype(np.int32),
            labels=found[keep].astype(np.min_scalar_type(len(labels))),
            scores=self.scores[keep],
            targets=self.targets[keep],
            thresholds=every,
        )

    @classmethod
    def of(cls, pairs, rows, indicator, thresholds, hierarchy=None) -> OutOfFoldScores:
        """Choose what is kept.

        Parameters
        ----------
        pairs : ScoredPairs
            The best labels of each row, with their scores.
        rows : ndarray of int of shape (n_rows,)
            Their numbers in the training data.
        indicator : csr_array of shape (n_rows, n_labels)
            Their target.
        thresholds : ndarray of shape (n_parts, n_labels)
            Set without each part.
        hierarchy : Hierarchy or None, default=None
            Of labels that are kept with their ancestors.

        Returns
        -------
        kept : OutOfFoldScores
        """
        usable = pairs.scores > -np.inf
        if pairs.labelled is not None:
            usable &= pairs.labelled
        margins = np.full(usable.shape, -np.inf)
        np.subtract(pairs.scores, thresholds[pairs.parts[:, None], pairs.labels], out=margins, where=usable)
        keep = pairs.targets | (pairs.scores > _LEAST)
        n_best = min(_LABELS, keep.shape[1])
        np.put_along_axis(keep, np.argpartition(-margins, n_best - 1, axis=1)[:, :n_best], True, axis=1)
        if hierarchy is not None:
            keep = hierarchy.raised(pairs.labels, keep.astype(float)) >= 1
        keep &= usable
        n_labels = np.int64(indicator.shape[1])
        row, label = np.nonzero(keep)[0], pairs.labels[keep]
        truth = indicator.tocoo()
        missing = np.setdiff1d((truth.row * n_labels + truth.col)[truth.data > 0], row * n_labels + label)
        pair = np.concatenate([row * n_labels + label, missing])
        order = np.argsort(pair)
        row, label = np.divmod(pair[order], n_labels)
        scores = np.concatenate([pairs.scores[keep], np.full(len(missing), -np.inf)])[order]
        return cls(
            rows=np.asarray(rows, dtype=np.int32),
            parts=pairs.parts.astype(np.min_scalar_type(len(thresholds))),
            indptr=np.searchsorted(row, np.arange(len(rows) + 1)).astype(np.int32),
            labels=label.astype(np.min_scalar_type(n_labels)),
            scores=scores.clip(-_LARGEST, _LARGEST, where=np.isfinite(scores), out=scores).astype(np.float16),
            targets=np.concatenate([pairs.targets[keep], np.ones(len(missing), dtype=bool)])[order],
            thresholds=thresholds.astype(np.float32),
        )
