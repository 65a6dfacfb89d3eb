"""What classifiers that remember rows share: rows of length 1, targets as indicators, predictions."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.preprocessing import normalize
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted

from skbalance._packing import pack, unpack
from skbalance._targets import read_chunk, read_labels
from skbalance._validation import DocLinkMixin, check_sample_weight, validate_features, validate_hyperparameters


class MemoryClassifier(DocLinkMixin, ClassifierMixin, BaseEstimator):
    """Base of classifiers that score a row by its cosine with rows that they remember."""

    _encoding: Any
    _packed: tuple[str, ...]

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
        validate_hyperparameters(self)
        X = validate_features(self, X, accept_sparse="csr", dtype=[np.float64, np.float32])
        _, encoding, indicator = read_labels(y)
        return self._take(X, encoding, indicator, sample_weight, more=False)

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Remember more rows: what is learnt of chunks is what `fit` learns of all of them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.
        y : {array-like, sparse matrix} of shape (n_samples, n_labels) or (n_samples,)
            Indicator of 0 and 1, or classes.
        classes : array-like of shape (n_classes,), default=None
            All classes of a 1-D target, which the first call needs. Labels of an indicator are its columns; their
            numbers may be given.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, 0 or more; None is 1.

        Returns
        -------
        self : estimator instance
            The classifier.

        Raises
        ------
        ValueError
            If a parameter, `X`, `y`, `classes` or `sample_weight` is not what is allowed. Nothing is changed then.
        """
        validate_hyperparameters(self)
        more = hasattr(self, "_encoding")
        encoding, indicator = read_chunk(y, self._encoding if more else None, classes)
        check_consistent_length(X, indicator)
        X = validate_features(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=not more)
        return self._take(X, encoding, indicator, sample_weight, more=more)

    def _take(self, X, encoding, indicator, sample_weight, more):
        check_consistent_length(X, indicator)
        if encoding.kind == "binary":
            second = indicator.toarray()
            indicator = sp.csr_array(np.hstack([1 - second, second]))
        weight = check_sample_weight(sample_weight, X, dtype=X.dtype)
        used = np.flatnonzero(weight)
        self._remember(normalize(X)[used], sp.csr_array(indicator, dtype=X.dtype)[used], weight[used], more)
        self._encoding, self.classes_ = encoding, encoding.classes
        return self

    def _widen(self, places, n_features):
        """Take the features to be so many; those that there were are at these places among them."""
        self._move(places, n_features)
        self.n_features_in_ = n_features
        self.__dict__.pop("feature_names_in_", None)

    @abstractmethod
    def _remember(self, rows, indicator, weight, more):
        """Learn from rows of length 1, of a weight above 0, and an indicator of their classes or labels.

        Those that were learnt before are forgotten, unless these are some more.
        """

    @abstractmethod
    def _move(self, places, n_features):
        """Move what is remembered of each feature to its place."""

    def __getstate__(self):
        state = super().__getstate__()
        return state | {name: pack(state[name]) for name in self._packed if name in state}

    def __setstate__(self, state):
        super().__setstate__(state | {name: unpack(state[name]) for name in self._packed if name in state})

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


def moved(rows, places, n_features):
    """Rows whose columns are at these places among so many."""
    if sp.issparse(rows):
        found = type(rows)(
            (rows.data, places[rows.indices].astype(rows.indices.dtype), rows.indptr), shape=(rows.shape[0], n_features)
        )
        found.sort_indices()
        return found
    found = np.zeros((len(rows), n_features), dtype=rows.dtype)
    found[:, places] = rows
    return found
