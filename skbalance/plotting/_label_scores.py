"""Scores of single labels, and their means over groups and over labels of similar frequency."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from skbalance._indicators import align_indicators, label_fractions, ratio
from skbalance._validation import read_numbers
from skbalance.metrics import label_groups

_SCORES = ("f1", "precision", "recall")


def score_title(scoring: str | Callable) -> str:
    """Name of a score on an axis."""
    if isinstance(scoring, str):
        return {"f1": "F1"}.get(scoring, scoring.capitalize())
    return getattr(scoring, "__name__", "score").replace("_", " ")


def label_scores(y_true: Any, y_pred: Any, scoring: str | Callable, zero_division: float) -> np.ndarray:
    """One score for each label.

    Parameters
    ----------
    y_true, y_pred : {array-like, sparse matrix} of shape (n_samples, n_labels)
        The true and the predicted indicator; for a callable, what it takes.
    scoring : {"f1", "precision", "recall"} or callable
        ``scoring(y_true, y_pred)`` gives an array of shape (n_labels,).
    zero_division : {0, 1, nan}
        The score of a label whose denominator is 0.

    Returns
    -------
    scores : ndarray of shape (n_labels,)

    Raises
    ------
    ValueError
        If `scoring` is unknown or gives something else.
    """
    if callable(scoring):
        shape = np.shape(y_true)
        if len(shape) != 2:
            raise ValueError(f"y_true must have shape (n_samples, n_labels); got {shape}.")
        n_labels = shape[1]
        scores = read_numbers(scoring(y_true, y_pred), "What scoring gives")
        if scores.shape != (n_labels,):
            raise ValueError(
                f"scoring must give one number for each of {n_labels} labels; got shape {scores.shape}. "
                "Metrics of scikit-learn do with average=None."
            )
        return scores
    if scoring not in _SCORES:
        raise ValueError(f"scoring must be one of {_SCORES} or a callable; got {scoring!r}.")
    return ratio(*label_fractions(scoring, *align_indicators(y_true, y_pred)), zero_division)


def check_label_scores(scores: Any, n_labels: int, name: str = "scores") -> np.ndarray:
    """Check a vector of one score for each label; NaN is allowed.

    Raises
    ------
    ValueError
        If it has another shape or is infinite.
    """
    values = read_numbers(scores, name)
    if values.shape != (n_labels,):
        raise ValueError(f"{name} must hold one number for each of {n_labels} labels; got shape {values.shape}.")
    if np.isinf(values).any():
        raise ValueError(f"{name} must not be infinite.")
    return values


def as_named(given: Any, default: str) -> dict[str, Any]:
    """Return a mapping as it is, or make one of a single thing and its default name.

    Raises
    ------
    ValueError
        If it is empty.
    """
    if not isinstance(given, Mapping):
        return {default: given}
    if not given:
        raise ValueError("There is nothing to plot: the mapping is empty.")
    return {str(name): value for name, value in given.items()}


def _mean(values: np.ndarray) -> float:
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else float("nan")


def group_means(scores: np.ndarray, counts: np.ndarray, boundaries: tuple[float, float]) -> dict[str, float]:
    """Mean score of the groups that have labels."""
    groups = label_groups(counts, boundaries)
    return {name: _mean(scores[members]) for name, members in groups.items() if members.any()}


def frequency_means(
    scores: np.ndarray, counts: np.ndarray, n_bins: int = 24
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and quartiles of the scores of labels of similar frequency.

    Returns
    -------
    places, means : ndarray of shape (n_bins_with_labels,)
        Geometric mean of the counts, and mean score.
    quartiles : ndarray of shape (2, n_bins_with_labels)
        First and third quartile.
    """
    known = ~np.isnan(scores) & (counts > 0)
    scores, logs = scores[known], np.log(counts[known])
    if not scores.size:
        return np.empty(0), np.empty(0), np.empty((2, 0))
    edges = np.linspace(logs.min(), logs.max(), n_bins + 1)
    which = np.clip(np.searchsorted(edges, logs, side="right") - 1, 0, n_bins - 1)
    members = [np.flatnonzero(which == index) for index in np.unique(which)]
    places = np.exp([logs[at].mean() for at in members])
    means = np.array([scores[at].mean() for at in members])
    return places, means, np.stack([np.quantile(scores[at], [0.25, 0.75]) for at in members], axis=1)


def plot_means(ax: Any, scores: np.ndarray, counts: np.ndarray, **kwargs: Any) -> Any:
    """Draw the mean of labels of similar frequency as a line, in a band from the first to the third quartile."""
    places, means, quartiles = frequency_means(scores, counts)
    (line,) = ax.plot(places, means, markersize=4, zorder=3, **kwargs)
    ax.fill_between(places, *quartiles, color=line.get_color(), alpha=0.18, linewidth=0, zorder=2)
    return line
