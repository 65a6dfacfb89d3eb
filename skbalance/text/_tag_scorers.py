"""The scorers of tags: on which features and for which tags each is trained."""

from __future__ import annotations

from contextlib import nullcontext
from copy import deepcopy
from math import ceil, log10
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import get_tags

from skbalance._callbacks import CallbackSupportMixin, with_callbacks
from skbalance.memory import CosineCentroidClassifier


class _Wrapper(CallbackSupportMixin, ClassifierMixin, BaseEstimator):
    """Base of classifiers around another one, whose tasks become part of theirs.

    Their tags and features may change after the fit, as those of the classifiers of :mod:`skbalance.memory` inside:
    `_of_labels` takes some of the labels, by their numbers, and where that is -1 further ones; `_learn_labels` learns
    the last labels from rows that say nothing of the others; `_widen` takes wider features, among which those before
    have these places.
    """

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
        y = _as_indicator(y)
        self.estimator_ = self._fit_inside(self._block(X), y, params)
        self.classes_ = self.estimator_.classes_
        return self

    def partial_fit(self, X, y, **params):
        """Learn further rows of the block."""
        if not hasattr(self, "estimator_"):
            return self.fit(X, y, **params)
        self.estimator_.partial_fit(self._block(X), _as_indicator(y), **params)
        return self

    def decision_function(self, X):
        """Scores by the block."""
        return self.estimator_.decision_function(self._block(X))

    def weights(self, label, columns):
        """What the score of a label is made of: weights of some features."""
        return self.estimator_.weights(label, columns)

    def _of_labels(self, labels):
        self.classes_ = self.estimator_._of_labels(labels).classes_
        return self

    def _learn_labels(self, X, y, weight):
        self.estimator_._learn_labels(self._block(X), y, weight)
        return self

    def _widen(self, places, n_features):
        stop = int(places[self.stop]) if self.stop < len(places) else n_features
        own, start = places[self.start : self.stop], int(places[self.start])
        self.estimator_._widen(own - start, stop - start)
        self.start, self.stop = start, stop
        return self


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

    def __init__(self, estimator, min_positives="auto"):
        self.estimator = estimator
        self.min_positives = min_positives

    @with_callbacks
    def fit(self, X, y, **params):
        """Fit a clone on the frequent labels, and means of the rows of the others."""
        weight, counts = params.get("sample_weight"), _count(y, params)
        least = max(2, ceil(log10(len(counts)))) if self.min_positives == "auto" else self.min_positives
        frequent = (counts >= least) if (counts >= least).any() else counts == counts.max()
        self.frequent_, self.rare_ = np.flatnonzero(frequent), np.flatnonzero(~frequent)
        self.counts_, self.min_positives_ = counts, least
        self.estimator_ = self._fit_inside(X, y[:, self.frequent_] if len(self.rare_) else y, params)
        of_rare = y[:, self.rare_] if len(self.rare_) else y[:, :1]
        self.centroids_ = CosineCentroidClassifier().fit(X, of_rare, sample_weight=weight)
        self.centroids_._of_labels(np.arange(len(self.rare_)))
        self.classes_ = np.tile([0, 1], (len(counts), 1))
        return self

    def partial_fit(self, X, y, **params):
        """Learn further rows; a label that has enough of them now gets a linear model, which starts as its stand-in."""
        if not hasattr(self, "estimator_"):
            return self.fit(X, y, **params)
        counts = self.counts_ + _count(y, params)
        if len(self.rare_):
            means = deepcopy(self.centroids_).partial_fit(
                X, y[:, self.rare_], sample_weight=params.get("sample_weight")
            )
            often = np.flatnonzero(counts[self.rare_] >= self.min_positives_)
            centroids, zeros = self.centroids_.centroids_[often].toarray(), np.zeros(len(often))
            self.centroids_ = means
            self._make_frequent(self.rare_[often], 2 * centroids.T, zeros - 1.2, self.counts_[self.rare_[often]])
        if len(self.frequent_):
            self.estimator_.partial_fit(X, y[:, self.frequent_], **params)
        self.counts_ = counts
        return self

    def decision_function(self, X):
        """Margins of the frequent labels, and ``2 cos - 1.2`` with the mean of their rows of the others."""
        scores = self.estimator_.decision_function(X)
        if not len(self.rare_):
            return scores
        scores, every = scores.reshape(len(scores), -1), np.empty((len(scores), len(self.classes_)), scores.dtype)
        every[:, self.frequent_] = scores
        every[:, self.rare_] = self.centroids_.decision_function(X)
        return every

    def weights(self, label, columns):
        """What the score of a label is made of: weights of some features."""
        at = np.flatnonzero(self.frequent_ == label)
        if len(at):
            coef = self.estimator_.coefs_[0][columns]
            return coef[:, at].toarray().ravel() if sp.issparse(coef) else coef[:, at[0]]
        centroid = self.centroids_.centroids_[[np.searchsorted(self.rare_, label)]].toarray().ravel()
        return centroid[columns]

    def _learn_labels(self, X, y, weight):
        first = len(self.classes_) - y.shape[1]
        self.counts_[first:] = np.asarray(y.sum(axis=0)).ravel()
        self.centroids_._learn_labels(X, y, weight)
        often = np.flatnonzero(self.counts_[first:] >= self.min_positives_)
        if len(often):
            linear = clone(self.estimator).fit(X, y[:, often], sample_weight=weight)
            fitted = linear.coefs_[0], linear.intercepts_[0], linear.label_counts_, linear.n_samples_fit_
            self._make_frequent(first + often, *fitted)
        return self

    def _make_frequent(self, labels, *weights):
        """Give some of the rare labels a linear model with these weights."""
        self.centroids_._of_labels(np.flatnonzero(~np.isin(self.rare_, labels)))
        frequent, self.rare_ = np.append(self.frequent_, labels), np.setdiff1d(self.rare_, labels)
        self.estimator_._of_outputs(np.argsort(frequent), *weights)
        self.frequent_ = np.sort(frequent)

    def _of_labels(self, labels):
        places, new = np.full(len(self.classes_) + 1, -1), np.flatnonzero(labels < 0)
        places[labels] = np.arange(len(labels))
        frequent, rare = places[self.frequent_], places[self.rare_]
        self.estimator_._of_outputs(np.flatnonzero(frequent >= 0))
        self.centroids_._of_labels(np.append(np.flatnonzero(rare >= 0), np.full(len(new), -1)))
        self.frequent_, self.rare_ = frequent[frequent >= 0], np.append(rare[rare >= 0], new)
        self.counts_, self.classes_ = np.append(self.counts_, 0)[labels], np.tile([0, 1], (len(labels), 1))
        return self

    def _widen(self, places, n_features):
        self.estimator_._widen(places, n_features)
        self.centroids_._widen(places, n_features)
        return self


def _as_indicator(y):
    """An indicator, also of the only label, which the tuner gives as a 1-D target."""
    return sp.csr_matrix(y[:, None]) if y.ndim == 1 else y


def _count(y, params):
    """Rows of each label that have a weight."""
    weight = params.get("sample_weight")
    return np.asarray((y if weight is None else y[np.flatnonzero(weight)]).sum(axis=0)).ravel()
