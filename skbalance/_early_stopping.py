"""Early stopping: the rows that are validated on, and what a scorer of scikit-learn says of their scores."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import check_scoring

from ._loss_classifier import LossClassifierMixin
from ._targets import TargetEncoding, column_names, rounded
from ._validation import _safe_indexing, short


class Rows(NamedTuple):
    """What was read of some rows: features or texts, indicator, weights, and whether these were given."""

    X: Any
    indicator: sp.csr_array
    weight: np.ndarray
    weighted: bool

    def take(self, index) -> Rows:
        """Some of the rows."""
        return Rows(_safe_indexing(self.X, index), self.indicator[index], self.weight[index], self.weighted)


def read_validation_rows(classifier, encoding: TargetEncoding, dtype, X_val, y_val, sample_weight_val) -> Rows | None:
    """Read the rows that a user has set aside to validate on.

    Parameters
    ----------
    classifier : LossClassifierMixin
        With the `early_stopping` and what else decides how rows are read.
    encoding : TargetEncoding
        Of the training rows.
    dtype : numpy dtype
        Of the weights.
    X_val, y_val, sample_weight_val : object or None
        What `fit` was given.

    Returns
    -------
    rows : Rows or None
        None if there are none.

    Raises
    ------
    ValueError
        If they are not like the rows that are trained on, or nothing is validated.
    """
    if X_val is y_val is sample_weight_val is None:
        return None
    if X_val is None or y_val is None:
        raise ValueError(f"X_val and y_val go together; there is no {'X_val' if X_val is None else 'y_val'}.")
    if not classifier.early_stopping:
        raise ValueError("X_val and y_val are for early_stopping=True; got early_stopping=False.")
    try:
        X = classifier._read_rows(X_val)
    except (TypeError, ValueError) as error:
        raise ValueError(f"X_val is not as X: {error}") from error
    _, indicator, weight = classifier._read_target(X, y_val, sample_weight_val, dtype, (encoding, None), "_val")
    names = column_names(y_val)
    if names and encoding.names and names != encoding.names:
        raise ValueError(f"y_val must have the columns {short(encoding.names)}; got {short(names)}.")
    return Rows(X, indicator, weight, sample_weight_val is not None)


def make_score(rows: Rows, scoring, encoding: TargetEncoding, statistics, loss) -> Callable[[np.ndarray], float]:
    """Make the function that scores the scores of some rows; larger is better.

    It is tried on the true labels at once, so that a scorer that cannot be used is told of before training.

    Parameters
    ----------
    rows : Rows
        The rows.
    scoring : str or callable
        A scorer of scikit-learn.
    encoding, statistics, loss : TargetEncoding, LabelStatistics and BaseLoss
        What the target is, and what is learnt of it.

    Returns
    -------
    score : callable
        From an array of shape (n_rows, n_outputs) to a number.

    Raises
    ------
    ValueError
        If the scorer is unknown, or gives something else than a finite number.
    """
    scored, encoding = ScoredRows(), replace(encoding, sparse="")  # which all scorers take
    scored._store_target(encoding, statistics, loss)
    scorer = check_scoring(scored, scoring=scoring)
    perfect = np.where(rounded(rows.indicator).toarray() > 0, 1.0, -1.0)
    uncertain = rows.indicator.dtype.kind == "f"  # some labels are unknown or soft
    y = rows.indicator.toarray() if uncertain else encoding.decode(perfect)
    weights = {"sample_weight": rows.weight} if rows.weighted else {}

    def score(scores):
        scored.scores = scores
        value = scorer(scored, rows.X, y, **weights)
        if not isinstance(value, Real) or not math.isfinite(float(value)):
            raise ValueError(f"scoring={scoring!r} must give a finite number for the validation rows; got {value!r}.")
        return float(value)

    score(perfect)
    return score


class ScoredRows(LossClassifierMixin, ClassifierMixin, BaseEstimator):
    """What a scorer needs of a classifier whose scores of the rows are known."""

    def fit(self, X, y):
        """It is fitted as it is."""
        return self

    def _score_blocks(self, X):
        yield self.scores
