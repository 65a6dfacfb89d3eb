"""One model over all labels that says how likely a pair is, given the score, its rival and how often labels occur."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skbalance.crossfit import ScoredPairs
from skbalance.decisions._cooccurrence import LabelCooccurrence

__all__ = ["PooledDecisionModel", "pool", "rival_lifts"]

_MAX_PAIRS = 1_000_000


class PooledDecisionModel(BaseEstimator):
    """Logistic regression of "the row has the label" on four numbers, their squares and products.

    The numbers are the score `s`, its lead over the best other label of the row (its rival), ``log(1 + n)`` with `n`
    the positives of the label that the scoring model had seen, and the log-lift of the label given its rival. All
    labels share the 15 coefficients, so that a label with one positive is judged by what such scores have meant for
    other rare labels. The lift tells rivals that exclude the label from those that come along with it.

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

    def fit(self, scores, targets, counts, lifts):
        """Fit on the pairs of rows that the scoring models did not see.

        Parameters
        ----------
        scores : ndarray of shape (n_rows, width)
            Not increasing along a row; -inf for pairs to leave out.
        targets : ndarray of bool of shape (n_rows, width)
            Whether the row has the label.
        counts : ndarray of shape (n_rows, width)
            Positives of the label that the model of this row had seen.
        lifts : ndarray of shape (n_rows, width)
            Log-lift of the label given its rival, from rows other than this.

        Returns
        -------
        self : PooledDecisionModel
            The fitted model.
        """
        rng = check_random_state(self.random_state)
        n_rows = max(1, self.max_pairs // scores.shape[1])
        if len(scores) > n_rows:
            rows = np.sort(rng.permutation(len(scores))[:n_rows])
            scores, targets, counts, lifts = scores[rows], targets[rows], counts[rows], lifts[rows]
        known = scores > -np.inf
        terms = _terms(scores, counts, lifts)[known]
        self.scaler_ = StandardScaler().fit(terms)
        self.model_ = LogisticRegression(max_iter=1000).fit(self.scaler_.transform(terms), targets[known])
        return self

    def decision_function(self, scores, counts, lifts):
        """Log-odds of pairs.

        Parameters
        ----------
        scores : ndarray of shape (n_rows, width)
            Not increasing along a row.
        counts : ndarray of shape (n_rows, width)
            Positives of the label that the scoring model had seen.
        lifts : ndarray of shape (n_rows, width)
            Log-lift of the label given its rival.

        Returns
        -------
        log_odds : ndarray of shape (n_rows, width)
            -inf where the score is.
        """
        check_is_fitted(self)
        known = scores > -np.inf
        log_odds = np.full(scores.shape, -np.inf, dtype=np.float32)
        if known.any():
            terms = self.scaler_.transform(_terms(scores, counts, lifts)[known])
            log_odds[known] = self.model_.decision_function(terms)
        return log_odds


def rival_lifts(labels, scores, cooccurrence):
    """Log-lift of each pair's label given its rival; 0 where the row has no other learnt label.

    Parameters
    ----------
    labels : ndarray of int of shape (n_rows, width)
        Best label first.
    scores : ndarray of shape (n_rows, width)
        Not increasing along a row; -inf where a label was not learnt.
    cooccurrence : LabelCooccurrence
        Of rows other than these.

    Returns
    -------
    lifts : ndarray of shape (n_rows, width)
    """
    lifts = cooccurrence.log_lift(labels, _rival(labels))
    return np.where(np.isfinite(_rival(scores)), lifts, 0.0)


def pool(pairs, seen, tested, indicator, width, random_state):
    """Fit the model on out-of-sample pairs, and replace their scores by the log-odds that it gives.

    Parameters
    ----------
    pairs : ScoredPairs
        Of rows that the scoring models did not see.
    seen : ndarray of shape (n_splits, n_labels)
        Positives that each of these had seen.
    tested : ndarray of shape (n_rows,)
        Where each row of `pairs` is in `indicator`.
    indicator : csr_array of shape (n_samples, n_labels)
        The target. A row's lifts are counted on all rows but those of its part.
    width : int
        Labels of a row to keep.
    random_state : RandomState
        Chooses the rows to fit on.

    Returns
    -------
    model : PooledDecisionModel or None
        None if there are no two labels or classes to model.
    pairs : ScoredPairs
        With the log-odds; as they are if there is no model.
    """
    labels, scores, targets = (array[:, :width] for array in (pairs.labels, pairs.scores, pairs.targets))
    known = scores > -np.inf
    if width < 2 or targets[known].all() or not targets[known].any():
        return None, pairs
    counts = seen[pairs.parts[:, None] if len(seen) > 1 else 0, labels]
    lifts = np.zeros(scores.shape)
    for part in np.unique(pairs.parts):
        rows = pairs.parts == part
        others = np.ones(indicator.shape[0], dtype=bool)
        others[tested[rows]] = False
        lifts[rows] = rival_lifts(labels[rows], scores[rows], LabelCooccurrence.of(indicator[others]))
    model = PooledDecisionModel(random_state=random_state.randint(np.iinfo(np.int32).max))
    model.fit(scores, targets, counts, lifts)
    log_odds = model.decision_function(scores, counts, lifts)
    return model, ScoredPairs(labels, log_odds, targets, pairs.positives, pairs.parts)


def _rival(values):
    """What belongs to the best other label of the row: the second for the best one, the best for all others."""
    rival = np.repeat(values[:, :1], values.shape[1], axis=1)
    rival[:, 0] = values[:, 1]
    return rival


def _terms(scores, counts, lifts):
    scores = scores.astype(float)
    with np.errstate(invalid="ignore"):
        lead = scores - _rival(scores)
    # A row with one learnt label has no rival.
    lead = np.where(np.isfinite(lead), lead, 0.0)
    score = np.where(np.isfinite(scores), scores, 0.0)
    columns = [score, lead, np.log1p(counts), lifts]
    columns += [columns[i] * columns[j] for i in range(4) for j in range(i, 4)]
    return np.stack(columns, axis=-1)
