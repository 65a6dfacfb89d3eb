"""How many wrong labels a row is likely to have, learnt on rows that the models had not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

# Margins beyond this say no more; penalty on the weights, in rows; beyond this a number is as good as infinite.
_MARGIN, _PENALTY, _LARGEST_LOG = 4.0, 3.0, 30.0


def decision_features(scores, margins, chosen) -> np.ndarray:
    """What a decision says of how sure it is.

    Parameters
    ----------
    scores, margins : ndarray of shape (n_rows, width)
        Log-odds or decision values of labels of each row, and by how much they are above the threshold; -inf for
        labels that do not count.
    chosen : ndarray of bool of shape (n_rows, width)
        Which are predicted.

    Returns
    -------
    features : ndarray of shape (n_rows, 7)
        Of the labels that are predicted the lowest probability, the lowest margin, how many are wrong as probabilities
        go, and their number; of the others the highest margin, the highest probability, and how many are missed as
        probabilities go.
    """
    probabilities, margins = expit(scores), np.clip(margins, -_MARGIN, _MARGIN)
    predicted, missed = np.where(chosen, 1 - probabilities, 0), np.where(chosen, 0, probabilities)
    features = [
        1 - predicted.max(axis=1),
        np.where(chosen, margins, _MARGIN).min(axis=1),
        np.log1p(predicted.sum(axis=1)),
        np.log1p(chosen.sum(axis=1)),
        np.where(chosen, -_MARGIN, margins).max(axis=1),
        missed.max(axis=1),
        np.log1p(missed.sum(axis=1)),
    ]
    return np.stack(features, axis=1).astype(float)


@dataclass(frozen=True)
class DoubtModel:
    """The expected number of wrong labels of a row: a Poisson regression on :func:`decision_features`.

    Attributes
    ----------
    weights : ndarray of shape (7,)
        Of the features.
    intercept : float
        What is added to their sum, the logarithm of the expected number.
    blank : float
        The expected number for a row of which nothing is known.
    """

    weights: np.ndarray
    intercept: float
    blank: float

    @classmethod
    def fit(cls, features, errors, blank) -> DoubtModel:
        """Learn from rows that the models had not seen, and for which thresholds were set without them.

        Parameters
        ----------
        features : ndarray of shape (n_rows, 7)
            Of :func:`decision_features`.
        errors : ndarray of shape (n_rows,)
            Wrong labels of each row, predicted or missed.
        blank : float
            The expected number for a row of which nothing is known.

        Returns
        -------
        model : DoubtModel
        """
        from sklearn.linear_model import PoissonRegressor

        errors = np.maximum(errors, 0.5 / len(features))  # never all 0, whose logarithm is no number
        model = PoissonRegressor(alpha=_PENALTY / len(features), tol=1e-5, max_iter=500).fit(features, errors)
        return cls(model.coef_, float(model.intercept_), float(blank))

    def __call__(self, features) -> np.ndarray:
        """The expected number of wrong labels of each row, of shape (n_rows,)."""
        return np.exp(np.minimum(features @ self.weights + self.intercept, _LARGEST_LOG))
