"""What classifiers that remember rows share: rows of length 1, targets as indicators, predictions."""

from __future__ import annotations

from abc import abstractmethod
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.preprocessing import normalize
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted

from skbalance._packing import PackedStateMixin, move_columns
from skbalance._targets import read_labels
from skbalance._validation import DocLinkMixin, check_sample_weight, validate_features, validate_hyperparameters


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
