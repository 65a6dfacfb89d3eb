"""Scores of single labels, and their means over groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skbalance._indicators import align_indicators, label_fractions, ratio
from skbalance.metrics import label_groups

_SCORES = ("f1", "precision", "recall")


def score_title(scoring: str) -> str:
    """Name of a score on an axis."""
    return {"f1": "F1"}.get(scoring, scoring.capitalize())


def label_scores(y_true: Any, y_pred: Any, scoring: str, zero_division: float) -> np.ndarray:
    """One score for each label.

    Parameters
    ----------
    y_true, y_pred : {array-like, sparse matrix} of shape (n_samples, n_labels)
        The true and the predicted indicator.
    scoring : {"f1", "precision", "recall"}
        The score.
    zero_division : {0, 1, nan}
        The score of a label whose denominator is 0.

    Returns
    -------
    scores : ndarray of shape (n_labels,)

    Raises
    ------
    ValueError
        If `scoring` is unknown, or the indicators cannot be used.
    """
    if scoring not in _SCORES:
        raise ValueError(f"scoring must be one of {_SCORES}; got {scoring!r}.")
    return ratio(*label_fractions(scoring, *align_indicators(y_true, y_pred)), zero_division)


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
