"""Nearness to the mean of a label's rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.preprocessing import normalize

from skbalance._kinds import Count
from skbalance._packing import take_columns
from skbalance.memory._base import MemoryClassifier

# Labels whose sums of rows, with entries that are not kept, exist at a time.
_LABELS = 256
# Of more rows than this the product with a dense matrix is the faster one.
_FEW_ROWS = 64
# Means of more elements than this, zeros too, stay sparse.
_MOST_DENSE = 1 << 25


@dataclass(eq=False, repr=False)
class CosineCentroidClassifier(MemoryClassifier):
    """Classifier by the cosine of a row with the mean of each label's rows.

    For a label with three texts this is as good as a linear model, which is little else than a noisy copy of that
    mean, and takes no training. The score is ``2 cos - 1.2``: near -1 for a row that has little in common with those
    of the label, and above 0 from a cosine of 0.6 on.

    Parameters
    ----------
    max_features : int, default=1000
        Largest entries of each mean that are kept. Means of many rows have a long tail of small ones.

    Attributes
    ----------
    centroids_ : csr_array of shape (n_labels, n_features) or (n_classes, n_features)
        Means of the label's rows, each row and each mean of length 1. 0 for a label without a row.
    classes_ : ndarray of shape (n_labels, 2) or (n_classes,)
        0 and 1 for each label, or the classes.
    n_features_in_ : int
        Features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if X has names that are all strings.

    See Also
    --------
    CosineNeighborsClassifier : The most similar rows, whatever their labels.
    sklearn.neighbors.NearestCentroid : For classes that exclude each other, by distance.

    References
    ----------
    .. [1] Rocchio, "Relevance feedback in information retrieval", 1971.

    Examples
    --------
    >>> from skbalance.memory import CosineCentroidClassifier
    >>> model = CosineCentroidClassifier().fit([[3, 1], [1, 0], [0, 2]], [[1, 0], [1, 0], [0, 1]])
    >>> model.decision_function([[1, 0], [1, 1]]).round(2)
    array([[ 0.77, -1.2 ],
           [ 0.42,  0.21]])
    >>> model.predict([[1, 0]])
    array([[1, 0]])
    """

    _packed = _of_features = ("centroids_",)
    max_features: Count = 1000
    _turned = None

    def _remember(self: Any, rows, indicator, weight, more):
        indicator.data *= np.repeat(weight, np.diff(indicator.indptr))
        of_labels, rows = sp.csr_array(indicator.T), sp.csr_array(rows)
        parts = []
        for first in range(0, max(of_labels.shape[0], 1), _LABELS):
            block = slice(first, first + _LABELS)
            sums = of_labels[block] @ rows
            if more:
                sums = sums + sp.diags_array(self._lengths[block]) @ self.centroids_[block]
            parts.append(_largest(sp.csr_array(sums), self.max_features))
        sums = sp.csr_array(sp.vstack(parts, format="csr"))
        self._lengths = np.sqrt(sums.multiply(sums).sum(axis=1))
        self.centroids_ = normalize(sums)

    def _of_labels(self, labels):
        self.centroids_ = sp.csr_array(take_columns(self.centroids_.T, labels).T)
        self._lengths = np.append(self._lengths, 0)[labels]
        return super()._of_labels(labels)

    def _learn_labels(self, X, y, weight):
        """Learn the last labels from rows that say nothing of the others."""
        new = CosineCentroidClassifier(self.max_features).fit(X, y, sample_weight=weight)
        first = len(self._lengths) - y.shape[1]
        self.centroids_ = sp.csr_array(sp.vstack([self.centroids_[:first], new.centroids_]))
        self._lengths[first:] = new._lengths
        return self

    def _scores(self, rows):
        if not sp.issparse(rows):
            cosines = np.asarray((self.centroids_ @ rows.T).T)
        elif np.prod(self.centroids_.shape) > _MOST_DENSE:
            if self._turned is None or self._turned[0] is not self.centroids_:  # for the blocks of rows that follow
                self._turned = self.centroids_, sp.csr_array(self.centroids_.T)
            cosines = (rows @ self._turned[1]).toarray()
        elif rows.shape[0] > _FEW_ROWS:
            cosines = rows @ self.centroids_.T.tocsr().toarray()  # in the order of memory that the product reads
        else:
            cosines = (rows @ self.centroids_.T).toarray()
        cosines *= 2
        cosines -= 1.2
        return cosines

    def __getstate__(self):
        return {name: value for name, value in super().__getstate__().items() if name != "_turned"}


def _largest(matrix: sp.csr_array, n_entries: int) -> sp.csr_array:
    """The largest entries of each row, by their absolute value."""
    sizes = np.diff(matrix.indptr)
    if not len(sizes) or sizes.max() <= n_entries:
        return matrix
    order = np.lexsort((-abs(matrix.data), np.repeat(np.arange(len(sizes)), sizes)))
    rank = np.arange(matrix.nnz) - np.repeat(matrix.indptr[:-1], sizes)
    keep = np.sort(order[rank < n_entries])
    indptr = np.append(0, np.cumsum(np.minimum(sizes, n_entries)))
    return sp.csr_array((matrix.data[keep], matrix.indices[keep], indptr), shape=matrix.shape)
