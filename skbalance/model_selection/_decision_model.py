"""One model over all labels that says how likely a pair is, given the score, its rivals and the label's count."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

__all__ = ["PooledDecisionModel"]

_MAX_PAIRS = 1_000_000


class PooledDecisionModel(BaseEstimator):
    """Logistic regression of "the row has the label" on three numbers, their squares and products.

    The numbers are the score `s`, its lead over the best other label of the row, and ``log(1 + n)`` with `n` the
    positives of the label that the scoring model had seen. All labels share the ten coefficients, so that a label
    with one positive is judged by what such scores have meant for other rare labels.

    Parameters
    ----------
    max_pairs : int, default=1_000_000
        Pairs to fit on at most; a random part of the rows is taken where there are more.
    random_state : int, RandomState instance or None, default=None
        Chooses the rows.
    """

    def __init__(self, max_pairs=_MAX_PAIRS, random_state=None):
        self.max_pairs = max_pairs
        self.random_state = random_state

    def fit(self, scores, targets, counts):
        """Fit on the pairs of rows that the scoring models did not see.

        Parameters
        ----------
        scores : ndarray of shape (n_rows, width)
            Not increasing along a row; -inf for pairs to leave out.
        targets : ndarray of bool of shape (n_rows, width)
            Whether the row has the label.
        counts : ndarray of shape (n_rows, width)
            Positives of the label that the model of this row had seen.

        Returns
        -------
        self : PooledDecisionModel
            The fitted model.
        """
        rng = check_random_state(self.random_state)
        n_rows = max(1, self.max_pairs // scores.shape[1])
        if len(scores) > n_rows:
            rows = np.sort(rng.permutation(len(scores))[:n_rows])
            scores, targets, counts = scores[rows], targets[rows], counts[rows]
        known = scores > -np.inf
        terms = _terms(scores, counts)[known]
        self.scaler_ = StandardScaler().fit(terms)
        self.model_ = LogisticRegression(max_iter=1000).fit(self.scaler_.transform(terms), targets[known])
        return self

    def decision_function(self, scores, counts):
        """Log-odds of pairs.

        Parameters
        ----------
        scores : ndarray of shape (n_rows, width)
            Not increasing along a row.
        counts : ndarray of shape (n_rows, width)
            Positives of the label that the scoring model had seen.

        Returns
        -------
        log_odds : ndarray of shape (n_rows, width)
            -inf where the score is.
        """
        check_is_fitted(self)
        known = scores > -np.inf
        log_odds = np.full(scores.shape, -np.inf, dtype=np.float32)
        if known.any():
            terms = self.scaler_.transform(_terms(scores, counts)[known])
            log_odds[known] = self.model_.decision_function(terms)
        return log_odds


def _terms(scores, counts):
    scores = scores.astype(float)
    rival = np.repeat(scores[:, :1], scores.shape[1], axis=1)
    rival[:, 0] = scores[:, 1]
    with np.errstate(invalid="ignore"):
        lead = scores - rival
    # A row with one learnt label has no rival.
    lead = np.where(np.isfinite(lead), lead, 0.0)
    score = np.where(np.isfinite(scores), scores, 0.0)
    count = np.log1p(counts)
    columns = [score, lead, count]
    columns += [columns[i] * columns[j] for i in range(3) for j in range(i, 3)]
    return np.stack(columns, axis=-1)
