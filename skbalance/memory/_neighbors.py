"""A vote of the most similar rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from skbalance._kinds import Count
from skbalance._packing import take_columns
from skbalance.memory._base import MemoryClassifier

# Pairs of a row and a remembered one whose similarity is held at a time.
_BLOCK_PAIRS = 1 << 22
# Rows of a larger cosine are taken for the same.
_SAME = 1 - 1e-6


@dataclass(eq=False, repr=False)
class CosineNeighborsClassifier(MemoryClassifier):
    """Classifier by a vote of the training rows with the largest cosine, each weighted by it.

    As one of several estimators of :class:`~skbalance.decisions.TunedThresholdMultiLabelClassifierCV` it helps where
    labels have no words of their own. Its cost at prediction grows with the number of training rows.

    Parameters
    ----------
    n_neighbors : int, default=20
        Rows that vote, or all if there are fewer. With weights, as many rows as weigh so much together.

    max_rows : int, default=None
        Rows that are remembered, the newest ones; None is all.

    Attributes
    ----------
    classes_ : ndarray of shape (n_labels, 2) or (n_classes,)
        0 and 1 for each label, or the classes.
    n_features_in_ : int
        Features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if X has names that are all strings.

    See Also
    --------
    CosineCentroidClassifier : The mean of each label's rows.
    sklearn.neighbors.KNeighborsClassifier : With other distances.

    Notes
    -----
    The score of a label is the share of the vote, less one half; similarities below 0 do not vote.

    Examples
    --------
    >>> from skbalance.memory import CosineNeighborsClassifier
    >>> model = CosineNeighborsClassifier(n_neighbors=2).fit([[3, 1], [1, 0], [0, 2]], [[1, 0], [1, 0], [0, 1]])
    >>> model.decision_function([[1, 0], [0, 1]]).round(2)
    array([[ 0.5 , -0.5 ],
           [-0.26,  0.26]])
    >>> rows, cosines = model.kneighbors([[1, 0]])
    >>> rows
    array([[1, 0]])
    """

    _packed = ("_rows", "_indicator")
    _of_features = ("_rows",)
    n_neighbors: Count = 20
    max_rows: Count | None = None

    def _remember(self: Any, rows, indicator, weight, more):
        rows = sp.csr_array(rows) if sp.issparse(rows) else rows
        if more:
            sparse = sp.issparse(self._rows)
            rows = sp.csr_array(rows) if sparse else rows.toarray() if sp.issparse(rows) else rows
            rows = sp.csr_array(sp.vstack([self._rows, rows])) if sparse else np.vstack([self._rows, rows])
            indicator = sp.vstack([self._indicator, indicator])
            weight = np.append(np.ones(self._rows.shape[0]) if self._weight is None else self._weight, weight)
        newest = slice(0 if self.max_rows is None else max(0, len(weight) - self.max_rows), None)
        self._rows, self._indicator, weight = rows[newest], sp.csr_array(indicator)[newest], weight[newest]
        self._weight = None if (weight == 1).all() else weight

    def _of_labels(self, labels):
        self._indicator = take_columns(self._indicator, labels)
        return super()._of_labels(labels)

    def _learn_labels(self, X, y, weight):
        """Learn the last labels from rows that say nothing of the others: those that are remembered get them."""
        given = CosineNeighborsClassifier(1).fit(X, y)
        nearest, cosines = given.kneighbors(self._rows)
        same = sp.diags_array((cosines[:, 0] > _SAME).astype(self._indicator.dtype))
        before = self._indicator[:, : -y.shape[1]]
        self._indicator = sp.csr_array(sp.hstack([before, same @ given._indicator[nearest[:, 0]]]))
        return self

    def kneighbors(self, X):
        """The most similar training rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        rows : ndarray of int of shape (n_samples, n_neighbors)
            Numbers of training rows of a weight above 0, the most similar one first; all if there are fewer.
        cosines : ndarray of shape (n_samples, n_neighbors)
            Their cosines.
        """
        blocks = list(self._nearest(self._read(X)))
        rows, cosines = (np.concatenate(parts)[:, : self.n_neighbors] for parts in zip(*blocks))
        return rows, cosines

    def _nearest(self, rows):
        """Nearest training rows of a block of rows at a time."""
        n_rows = self._rows.shape[0]
        k = min(self.n_neighbors, n_rows) if self._weight is None else n_rows
        others, step = self._rows.T, max(1, _BLOCK_PAIRS // n_rows)
        for start in range(0, rows.shape[0], step):
            cosines = rows[start : start + step] @ others
            cosines = cosines.toarray() if sp.issparse(cosines) else np.asarray(cosines)
            best = np.sort(np.argpartition(-cosines, k - 1, axis=1)[:, :k], axis=1)
            values = np.take_along_axis(cosines, best, axis=1)
            order = np.argsort(-values, axis=1, kind="stable")
            yield np.take_along_axis(best, order, axis=1), np.take_along_axis(values, order, axis=1)

    def _scores(self, rows):
        scores = np.empty((rows.shape[0], self._indicator.shape[1]), dtype=rows.dtype)
        start = 0
        for best, cosines in self._nearest(rows):
            votes = np.maximum(cosines, 0)
            if self._weight is not None:
                weight = self._weight[best]
                before = np.cumsum(weight, axis=1) - weight
                votes *= np.clip(self.n_neighbors - before, 0, weight)
            shares = votes / np.maximum(votes.sum(axis=1, keepdims=True), np.finfo(votes.dtype).tiny)
            indptr = np.arange(0, best.size + 1, best.shape[1])
            block = sp.csr_array((shares.ravel(), best.ravel(), indptr), shape=(len(best), self._indicator.shape[0]))
            scores[start : start + len(best)] = (block @ self._indicator).toarray()
            start += len(best)
        return scores - 0.5
