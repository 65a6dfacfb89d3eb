"""Classifiers that remember rows: of length 1, with targets as indicators, and scores by the cosine."""

from abc import abstractmethod
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.preprocessing import normalize
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted

from skbalance._kinds import Count
from skbalance._packing import PackedStateMixin, dense, move_columns, take_columns
from skbalance._targets import read_labels
from skbalance._validation import DocLinkMixin, check_sample_weight, validate_features, validate_hyperparameters

# Labels whose sums of rows, with entries that are not kept, exist at a time.
_LABELS = 256
# Of more rows than this the product with a dense matrix is the faster one.
_FEW_ROWS = 64
# Means of more elements than this, zeros too, stay sparse.
_MOST_DENSE = 1 << 25
# Pairs of a row and a remembered one whose similarity is held at a time.
_BLOCK_PAIRS = 1 << 22
# Rows of a larger cosine are taken for the same.
_SAME = 1 - 1e-6


class MemoryClassifier(PackedStateMixin, DocLinkMixin, ClassifierMixin, BaseEstimator):
    """Base of classifiers that score a row by its cosine with rows that they remember."""

    _encoding: Any
    _of_features: tuple[str, ...]

    def fit(self, X, y, sample_weight=None):
        """Remember the rows of each label.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.
        y : {array-like, sparse matrix} of shape (n_samples, n_labels) or (n_samples,)
            Indicator of 0 and 1, or classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, 0 or more; None is 1. A row of weight 2 counts as two rows would.

        Returns
        -------
        self : estimator instance
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter, `X`, `y` or `sample_weight` is not what is allowed.
        """
        return self._learn(X, y, sample_weight, None)

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Remember further rows; the first ones are fitted.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.
        y : {array-like, sparse matrix} of shape (n_samples, n_labels) or (n_samples,)
            Indicator of 0 and 1, or classes.
        classes : array-like of shape (n_classes,), default=None
            All classes of a 1-D target, which the first call needs.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row.

        Returns
        -------
        self : estimator instance
            The classifier.

        Raises
        ------
        ValueError
            As `fit`; also if y has no rows, or other classes or labels than before.
        """
        return self._learn(X, y, sample_weight, (getattr(self, "_encoding", None), classes))

    def _learn(self, X, y, sample_weight, chunk):
        validate_hyperparameters(self)
        more = chunk is not None and chunk[0] is not None
        _, encoding, indicator = read_labels(y, chunk=chunk)
        check_consistent_length(X, indicator)
        learner: Any = copy(self)  # all that is learnt is stored at once
        X = validate_features(learner, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=not more)
        if encoding.kind == "binary":
            second = indicator.toarray()
            indicator = sp.csr_array(np.hstack([1 - second, second]))
        weight = check_sample_weight(sample_weight, X, dtype=X.dtype)
        used = np.flatnonzero(weight)
        learner._remember(normalize(X)[used], sp.csr_array(indicator, dtype=X.dtype)[used], weight[used], more)
        learner._encoding, learner.classes_ = encoding, encoding.classes
        self.__dict__ = vars(learner)
        return self

    @abstractmethod
    def _remember(self, rows, indicator, weight, more):
        """Learn from rows of length 1, of a weight above 0, and an indicator; with `more`, besides those before."""

    def _widen(self, places, n_features):
        """Take wider features, among which those before have these places."""
        for name in self._of_features:
            setattr(self, name, move_columns(getattr(self, name), places, n_features))
        self.n_features_in_ = n_features
        self.__dict__.pop("feature_names_in_", None)
        return self

    def _of_labels(self, labels):
        """Take some of the labels, by their numbers, and where that is -1 further ones, that no row had so far."""
        self.classes_ = np.tile([0, 1], (len(labels), 1))
        self._encoding = replace(self._encoding, classes=self.classes_)
        return self

    def _read(self, X):
        check_is_fitted(self)
        return normalize(validate_features(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False))

    @abstractmethod
    def _scores(self, rows):
        """Scores of rows of length 1, one for each class or label; above 0 for a label that is predicted."""

    def decision_function(self, X):
        """Compute scores: the nearer a row, the higher. A label is predicted where its score is above 0.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_labels), (n_samples, n_classes) or (n_samples,)
            Of each label or class; of a binary target, those of the second class less those of the first.
        """
        scores = self._scores(self._read(X))
        return scores[:, 1] - scores[:, 0] if self._encoding.kind == "binary" else scores

    def predict(self, X):
        """Predict labels, or classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        y : ndarray or sparse of shape (n_samples, n_labels) or (n_samples,)
            An indicator of the type of the y that was fitted, or classes.
        """
        scores = self.decision_function(X)
        return self._encoding.decode(scores.reshape(len(scores), -1))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        return tags


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
            if sp.issparse(self._rows):
                rows = sp.csr_array(sp.vstack([self._rows, sp.csr_array(rows)]))
            else:
                rows = np.vstack([self._rows, dense(rows)])
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
        scores = []
        for best, cosines in self._nearest(rows):
            votes = np.maximum(cosines, 0)
            if self._weight is not None:
                weight = self._weight[best]
                before = np.cumsum(weight, axis=1) - weight
                votes *= np.clip(self.n_neighbors - before, 0, weight)
            shares = votes / np.maximum(votes.sum(axis=1, keepdims=True), np.finfo(votes.dtype).tiny)
            indptr = np.arange(0, best.size + 1, best.shape[1])
            block = sp.csr_array((shares.ravel(), best.ravel(), indptr), shape=(len(best), self._indicator.shape[0]))
            scores.append((block @ self._indicator).toarray())
        return np.concatenate(scores).astype(rows.dtype, copy=False) - 0.5
