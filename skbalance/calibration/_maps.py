"""Maps from scores to probabilities, one for each label, shrunk toward that of labels of similar frequency."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

from skbalance._validation import sigmoid_calibration

_OCTAVE = np.log(2)
_MAX_POOLED = 100_000
# Between these scikit-learn's temperature scaling looks, too.
_LOG_INVERSE_TEMPERATURE = (-10.0, 10.0)


@dataclass(frozen=True)
class CalibrationSample:
    """Out-of-sample scores to fit the maps on.

    Attributes
    ----------
    total : float
        Sum of the weights of all rows.
    scores : ndarray of shape (n_sampled, n_labels)
        Of a sample of the rows, every label; NaN where the label was not learnt, or is unknown.
    targets : ndarray of bool of shape (n_sampled, n_labels)
        Whether the row has the label.
    weights : ndarray of shape (n_sampled,)
        How many rows each row stands for.
    labels, positives, positive_weights : ndarray of shape (n_positives,)
        Every positive pair of all rows, in or out of the sample: its label, its score and the weight of its row.
    """

    total: float
    scores: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    labels: np.ndarray
    positives: np.ndarray
    positive_weights: np.ndarray


@dataclass(frozen=True)
class CalibrationMaps:
    """Fitted maps.

    Attributes
    ----------
    method : {"sigmoid", "isotonic", "temperature"}
        What the maps are.
    own : list of n_labels tuples or None
        Each label's own map: slope and intercept before a sigmoid, or the knots of a step function. None
        for no positive.
    pooled : list of tuples
        The map of each level of frequency.
    level : ndarray of shape (n_labels,)
        Level of each label.
    weight : ndarray of shape (n_labels,)
        Weight of its own map.
    constant : ndarray of shape (n_labels,)
        Probability of a label that the training data have never or always; NaN for the others.
    """

    method: str
    own: list
    pooled: list
    level: np.ndarray
    weight: np.ndarray
    constant: np.ndarray

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Probabilities of scores of shape (n_rows, n_labels)."""
        probabilities = np.empty(scores.shape)
        for label in range(scores.shape[1]):
            if not np.isnan(self.constant[label]):
                probabilities[:, label] = self.constant[label]
                continue
            column = _apply(self.method, self.pooled[self.level[label]], scores[:, label])
            if self.own[label] is not None:
                own = _apply(self.method, self.own[label], scores[:, label])
                column = self.weight[label] * own + (1 - self.weight[label]) * column
            probabilities[:, label] = column
        return probabilities


def fit_maps(sample, counts, n_known, method, shrinkage, rng) -> CalibrationMaps:
    """Fit every label's map and those of the levels of frequency.

    Parameters
    ----------
    sample : CalibrationSample
        What to fit on.
    counts : ndarray of shape (n_labels,)
        Positives of each label in the training data, or the sum of their weights.
    n_known : ndarray of shape (n_labels,)
        Rows of the training data of which each label is known, or the sum of their weights.
    method : {"sigmoid", "isotonic", "temperature"}
        Kind of map.
    shrinkage : float
        Positives at which a label's own map weighs as much as that of labels of similar frequency.
    rng : RandomState
        Draws the negatives of the levels' maps.

    Returns
    -------
    maps : CalibrationMaps
        Fitted maps.
    """
    n_labels = len(counts)
    of_hits = ("labels", "positives", "positive_weights")
    order = np.argsort(sample.labels, kind="stable")
    sample = replace(sample, **{name: getattr(sample, name)[order] for name in of_hits})
    ends = np.cumsum(np.bincount(sample.labels, minlength=n_labels))[:-1]
    positives, hit_weights = np.split(sample.positives, ends), np.split(sample.positive_weights, ends)
    evidence = np.bincount(sample.labels, weights=sample.positive_weights, minlength=n_labels)
    share = sample.total / sample.weights.sum()  # the sampled rows stand for the others
    rest = 0.5 / (sample.total + 1)
    constant = np.select([counts == 0, counts == n_known], [rest, 1 - rest], np.nan)

    own: list = [None] * n_labels
    for label in np.flatnonzero((evidence > 0) & np.isnan(constant)):
        negative = ~sample.targets[:, label] & ~np.isnan(sample.scores[:, label])
        if negative.any():
            weights = np.r_[hit_weights[label], share * sample.weights[negative]]
            scores = np.r_[positives[label], sample.scores[negative, label]]
            own[label] = _fit(method, scores, len(positives[label]), weights)
    levels, level = np.unique(np.rint(np.log2(np.maximum(counts, 1))), return_inverse=True)
    pooled = _level_maps(sample, share, level, levels * _OCTAVE, method, rng, np.isnan(constant))
    weight = evidence / np.maximum(evidence + shrinkage, np.finfo(float).tiny)
    return CalibrationMaps(method, own, pooled, level, weight, constant)


def _level_maps(sample, share, level, position, method, rng, usable):
    """One map for each level of frequency, fitted to all labels weighted by their nearness in log count."""
    rows, columns = np.nonzero(~sample.targets & ~np.isnan(sample.scores) & usable)
    if len(rows) > _MAX_POOLED:
        chosen = rng.permutation(len(rows))[:_MAX_POOLED]
        share = share * len(rows) / _MAX_POOLED
        rows, columns = rows[chosen], columns[chosen]
    hits = np.flatnonzero(usable[sample.labels])
    scores = np.r_[sample.positives[hits], sample.scores[rows, columns]]
    labels = np.r_[sample.labels[hits], columns]
    weights = np.r_[sample.positive_weights[hits], share * sample.weights[rows]]
    maps = []
    for centre in position:
        nearness = np.exp(-0.5 * (position[level] - centre) ** 2)
        maps.append(_fit(method, scores, len(hits), weights * nearness[labels]))
    return maps


def _fit(method, scores, n_positives, weights):
    """Fit one map to scores of which the first `n_positives` are those of positives."""
    targets = np.arange(len(scores)) < n_positives
    scores = np.asarray(scores, dtype=float)
    if method == "sigmoid":
        return sigmoid_calibration(scores, targets, weights)
    if method == "temperature":
        return -_inverse_temperature(scores, targets, weights), 0.0
    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores, targets, weights)
    return fitted.X_thresholds_, fitted.y_thresholds_


def _inverse_temperature(scores, targets, weights):
    """Factor of the scores that gives the least log loss, the scores being read as log-odds."""
    margins, weights = np.where(targets, -scores, scores), weights / weights.sum()
    found = minimize_scalar(
        lambda log: weights @ np.logaddexp(0, np.exp(log) * margins),
        bounds=_LOG_INVERSE_TEMPERATURE,
        method="bounded",
        options={"xatol": 1e-8},
    )
    return float(np.exp(found.x))


def _apply(method, fitted, scores):
    if method == "isotonic":
        return np.interp(scores, *fitted)
    slope, intercept = fitted
    return expit(-(slope * scores.astype(float) + intercept))
