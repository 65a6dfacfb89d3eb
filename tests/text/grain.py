"""Texts on grain and oil with their tags, and an estimator that keeps what it is given."""

from sklearn.base import BaseEstimator, ClassifierMixin

TEXTS = ["wheat and corn", "crude oil", "wheat harvest", "oil and gas", "nothing", "corn"] * 5
TAGS = [["wheat", "corn"], ["oil"], ["wheat"], ["oil", "gas"], [], ["corn"]] * 5
NAMES = ["corn", "gas", "oil", "wheat"]


class Recorder(ClassifierMixin, BaseEstimator):
    """Keeps the y that it was given, and predicts it."""

    def fit(self, X, y, sample_weight=None):
        self.y_ = y
        self.sample_weight_ = sample_weight
        return self

    def predict(self, X):
        return self.y_

    def score(self, X, y):
        return float((y != self.y_).sum() == 0)
