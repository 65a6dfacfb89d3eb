"""The scorers of tags: on which features and for which tags each is trained."""

from __future__ import annotations

import copy
from contextlib import nullcontext
from math import ceil, log10
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import get_tags

from skbalance._callbacks import CallbackSupportMixin, with_callbacks
from skbalance.memory import CosineCentroidClassifier


class _Wrapper(CallbackSupportMixin, ClassifierMixin, BaseEstimator):
    """Base of classifiers around another one, whose tasks become part of theirs."""

    estimator: Any

    def _fit_inside(self, X, y, params):
        """Fit a clone of the estimator inside."""
        inner = clone(self.estimator)
        context = self._init_callback_context(max_subtasks=1)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        task = context.subcontext(task_name="fit-estimator")
        task.call_on_fit_task_begin(estimator=self, X=X, y=y)
        with task.propagate_callback_context(inner) if hasattr(inner, "set_callbacks") else nullcontext():
            inner.fit(X, y, **params)
        task.call_on_fit_task_end(estimator=self, X=X, y=y)
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return inner

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags, tags.classifier_tags = inner.input_tags, inner.classifier_tags
        return tags


class FeatureBlockClassifier(_Wrapper):
    """A classifier on one block of the features.

    Parameters
    ----------
    estimator : classifier
        With `decision_function`.
    start, stop : int
        Columns of the block.
    """

    def __init__(self, estimator, start, stop):
        self.estimator = estimator
        self.start = start
        self.stop = stop

    def _block(self, X):
        return X if (self.start, self.stop) == (0, X.shape[1]) else X[:, self.start : self.stop]

    @with_callbacks
    def fit(self, X, y, **params):
        """Fit a clone on the block."""
        self.estimator_ = self._fit_inside(self._block(X), y, params)
        self.classes_ = self.estimator_.classes_
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Let the classifier of the block learn from more rows."""
        inner = getattr(self, "estimator_", None) or clone(self.estimator)
        self.estimator_ = inner.partial_fit(self._block(X), y, classes=classes, sample_weight=sample_weight)
        self.classes_ = self.estimator_.classes_
        return self

    def _widen(self, places, n_features):
        """Take the features to be so many; those that there were are at these places, new ones at ends of blocks."""
        ends = np.append(places, n_features)
        start, stop = int(ends[self.start]), int(ends[self.stop])
        self.estimator_._widen(places[self.start : self.stop] - start, stop - start)
        self.start, self.stop = start, stop

    def decision_function(self, X):
        """Scores by the block."""
        return self.estimator_.decision_function(self._block(X))


class FrequentLabelsClassifier(_Wrapper):
    """A linear model of frequent labels, and the nearness to the mean of a label's rows for rare ones.

    A linear model of a label with two rows is a noisy copy of their mean, and takes as long to train as any other.

    Parameters
    ----------
    estimator : classifier
        With a `decision_function` on the scale of margins: near -1 for rows that have nothing of the label.
    min_positives : int or "auto", default="auto"
        Rows from which a label has a linear model. ``"auto"`` is the logarithm, to the base of 10, of the number of
        labels, rounded up, but at least 2: 2 of up to 100 labels, 3 of up to 1,000, 4 of up to 10,000.
    """

    centroids_: Any

    def __init__(self, estimator, min_positives="auto"):
        self.estimator = estimator
        self.min_positives = min_positives

    @with_callbacks
    def fit(self, X, y, **params):
        """Fit a clone on the frequent labels, and means of the rows of the others."""
        weight = params.get("sample_weight")
        counts = self.counts_ = _counts(y, weight)
        least = self._least
        frequent = (counts >= least) if (counts >= least).any() else counts == counts.max()
        self.frequent_, self.rare_ = np.flatnonzero(frequent), np.flatnonzero(~frequent)
        self.estimator_ = self._fit_inside(X, y[:, self.frequent_] if len(self.rare_) else y, params)
        self.centroids_ = None
        if len(self.rare_):
            self.centroids_ = CosineCentroidClassifier().fit(X, y[:, self.rare_], sample_weight=weight)
        self.classes_ = np.tile([0, 1], (len(counts), 1))
        return self

    @property
    def _least(self):
        """Rows from which a label has a linear model."""
        return max(2, ceil(log10(len(self.counts_)))) if self.min_positives == "auto" else self.min_positives

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Learn from more rows; a label that is frequent by now gets a linear model, which starts as its mean."""
        if not hasattr(self, "estimator_"):
            return self.fit(X, y, sample_weight=sample_weight)
        counts = self.counts_ + _counts(y, sample_weight)
        linear, means = copy.copy(self.estimator_), self.centroids_
        frequent, rare = self.frequent_, self.rare_
        new = rare[counts[rare] >= self._least]
        if len(new):
            among = np.searchsorted(rare, new)
            coefs, at = 2 * means.centroids_[among].toarray(), np.searchsorted(frequent, new)
            linear._insert_labels(at, coefs, np.full(len(new), -1.2), self.counts_[new])
            frequent, rare = np.insert(frequent, at, new), np.delete(rare, among)
            means = means._without(among) if len(rare) else None
        if means is not None:
            means = copy.copy(means).partial_fit(X, y[:, rare], sample_weight=sample_weight)
        linear.partial_fit(X, y[:, frequent], sample_weight=sample_weight)
        self.counts_, self.estimator_, self.frequent_, self.rare_, self.centroids_ = (
            counts,
            linear,
            frequent,
            rare,
            means,
        )
        return self

    def _widen(self, places, n_features):
        """Take the features to be so many; those that there were are at these places among them."""
        for model in (self.estimator_, self.centroids_):
            if model is not None:
                model._widen(places, n_features)

    def decision_function(self, X):
        """Margins of the frequent labels, and ``2 cos - 1.2`` with the mean of their rows of the others."""
        scores = self.estimator_.decision_function(X)
        if self.centroids_ is None:
            return scores
        scores, every = scores.reshape(len(scores), -1), np.empty((len(scores), len(self.classes_)), scores.dtype)
        every[:, self.frequent_] = scores
        every[:, self.rare_] = self.centroids_.decision_function(X)
        return every

    def weights(self, label, columns):
        """What the score of a label is made of: weights of some features."""
        at = np.flatnonzero(self.frequent_ == label)
        if len(at) or self.centroids_ is None:
            return self.estimator_.coefs_[0][columns, at[0]]
        centroid = self.centroids_.centroids_[np.searchsorted(self.rare_, label)].toarray().ravel()
        return centroid[columns]


def _counts(y, weight):
    """Rows of each label that have a weight."""
    used = y if weight is None else y[np.flatnonzero(weight)]
    return np.asarray(used.sum(axis=0)).ravel()
