"""How much more often a label occurs beside another one than in all rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from skbalance.decisions._packing import pack, unpack

__all__ = ["LabelCooccurrence"]


@dataclass(frozen=True)
class LabelCooccurrence:
    """Rows in which two labels occur together.

    Attributes
    ----------
    together : csr_array of int of shape (n_labels, n_labels)
        Rows that have both labels; of one label with itself, rows that have it.
    n_rows : int
        Rows counted.
    """

    together: sp.csr_array
    n_rows: int

    def __getstate__(self):
        return {"together": pack(self.together), "n_rows": self.n_rows}

    def __setstate__(self, state):
        self.__dict__.update(state, together=unpack(state["together"]))

    @classmethod
    def of(cls, indicator: sp.csr_array) -> LabelCooccurrence:
        """Count an indicator of shape (n_rows, n_labels)."""
        wide = indicator.astype(np.int32)
        return cls((wide.T @ wide).tocsr(), wide.shape[0])

    def without(self, part: LabelCooccurrence) -> LabelCooccurrence:
        """The same less the rows of a part of them."""
        return LabelCooccurrence((self.together - part.together).tocsr(), self.n_rows - part.n_rows)

    @classmethod
    def with_and_without_parts(
        cls, indicator: sp.csr_array, rows: np.ndarray, parts: np.ndarray
    ) -> tuple[LabelCooccurrence, dict[int, LabelCooccurrence]]:
        """Count all rows, and for each part all but those of the part.

        Parameters
        ----------
        indicator : csr_array of shape (n_samples, n_labels)
            All rows.
        rows, parts : ndarray of shape (n_rows,)
            Where some of them are in it, and the part of each.

        Returns
        -------
        whole : LabelCooccurrence
        others : dict of int to LabelCooccurrence
            By part.
        """
        whole = cls.of(indicator)
        return whole, {
            part: whole.without(cls.of(indicator[np.unique(rows[parts == part])])) for part in np.unique(parts)
        }

    def log_lift(self, labels: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Logarithm of the lift of labels, given other labels: ``log(P(label | other) / P(label))``.

        Both are smoothed. The share of all rows with a label is ``p = (n + 1/2) / (n_rows + 1)``, and to the rows with
        the other label one is added of which that share has the label: a label that does not depend on the other
        has 0, and one that was never seen beside it a number that is the further below 0, the more rows
        the other has.

        Parameters
        ----------
        labels, others : ndarray of int of one shape
            Pairs of labels.

        Returns
        -------
        log_lift : ndarray of float of that shape
        """
        counts = self.together.diagonal()
        share = ((counts + 0.5) / (self.n_rows + 1))[labels]
        both = np.asarray(self.together[labels.ravel(), others.ravel()]).reshape(labels.shape)
        return np.log((both + share) / (counts[others] + 1)) - np.log(share)
