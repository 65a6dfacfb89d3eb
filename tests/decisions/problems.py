"""Data and quick classifiers for the tests of thresholds."""

import numpy as np
import scipy.sparse as sp
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_multilabel_classification
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

STRATEGIES = ("per_label_shrunk", "per_label", "micro_macro", "global", "top_k")


class Ridge(ClassifierMixin, BaseEstimator):
    """Least squares on every label: what OneVsRestClassifier does, in a millisecond."""

    def fit(self, X, y):
        targets = np.asarray(y.toarray() if sp.issparse(y) else y, dtype=float)
        self.classes_ = np.array([0, 1]) if targets.ndim == 1 else [np.array([0, 1])] * targets.shape[1]
        self.mean_ = X.mean(axis=0)
        centred = X - self.mean_
        self.coef_ = np.linalg.solve(centred.T @ centred + np.eye(X.shape[1]), centred.T @ (targets * 2 - 1))
        self.intercept_ = targets.mean(axis=0) * 2 - 1
        self.n_features_in_ = X.shape[1]
        return self

    def decision_function(self, X):
        return 3 * ((X - self.mean_) @ self.coef_ + self.intercept_)

    def predict_proba(self, X):
        positive = expit(self.decision_function(X))
        return np.stack([1 - positive, positive], axis=1) if positive.ndim == 1 else positive

    def predict(self, X):
        return (self.decision_function(X) > 0).astype(int)


RIDGE = Ridge()
OVR = OneVsRestClassifier(LogisticRegression())


class Scores(ClassifierMixin, BaseEstimator):
    """Gives the first columns of X as scores; nothing to fit."""

    def __init__(self, n_labels=3):
        self.n_labels = n_labels

    def fit(self, X, y, sample_weight=None):
        self.classes_ = [np.array([0, 1])] * self.n_labels
        self.sample_weight_ = sample_weight
        return self

    def decision_function(self, X):
        return np.asarray(X)[:, : self.n_labels]


def make_data(n_samples=400, n_classes=8, seed=0):
    X, y = make_multilabel_classification(n_samples, n_classes=n_classes, n_labels=1, random_state=seed)
    return X[: n_samples // 2], y[: n_samples // 2], X[n_samples // 2 :], y[n_samples // 2 :]


def rare_problem(seed=0, n_labels=60):
    """Labels of 1 to some hundred positives; a score for each that tells something."""
    rng = np.random.default_rng(seed)
    share = np.concatenate([[0.4, 0.2, 0.1], np.full(n_labels - 3, 0.002)])
    y = (rng.random((4000, n_labels)) < share).astype(int)
    X = rng.normal(size=y.shape) + 3 * y - 1
    return X[:1500], y[:1500], X[1500:], y[1500:]
