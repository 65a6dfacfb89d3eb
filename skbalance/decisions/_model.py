"""One model over all labels that says how likely a pair is, given its evidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from skbalance.decisions._evidence import Column, LabelKnowledge
from skbalance.decisions._pairs import Candidates

__all__ = ["DecisionModel", "evidence_out_of_fold"]

_MAX_PAIRS = 1_000_000


@dataclass(frozen=True)
class DecisionModel:
    """Log-odds of "the row has the label": linear in the columns of evidence, their squares and products.

    All labels share the coefficients, so that a label with one positive is judged by what such evidence has meant for
    other rare labels.

    Attributes
    ----------
    columns : tuple of Column
        The evidence.
    means : ndarray of shape (n_columns,)
        Mean of each column over the pairs that the model was fitted on.
    coefficients : ndarray of shape (n_terms,)
        Of the columns, and then of the products of each column with itself and those after it.
    intercept : float
    """

    columns: tuple[Column, ...]
    means: np.ndarray
    coefficients: np.ndarray
    intercept: float

    @classmethod
    def fit(cls, columns, evidence, targets, known, rng) -> DecisionModel | None:
        """Fit a logistic regression on the pairs of rows that the scorers did not see.

        Parameters
        ----------
        columns : tuple of Column
            What `evidence` holds.
        evidence : ndarray of shape (n_rows, width, n_columns)
            Of the first candidates of each row.
        targets, known : ndarray of bool of shape (n_rows, width)
            Whether the row has the label, and whether the pair counts.
        rng : RandomState
            Draws rows where there are more than a million pairs.

        Returns
        -------
        model : DecisionModel or None
            None if there are no two classes to tell apart.
        """
        n_rows = max(1, _MAX_PAIRS // known.shape[1])
        if len(known) > n_rows:
            rows = np.sort(rng.permutation(len(known))[:n_rows])
            evidence, targets, known = evidence[rows], targets[rows], known[rows]
        targets = targets[known]
        if not len(targets) or targets.all() or not targets.any():
            return None
        values = evidence[known].astype(float)
        terms = _terms(values)
        scaler = StandardScaler(copy=False)
        fitted = LogisticRegression(max_iter=1000).fit(scaler.fit_transform(terms), targets)
        coefficients = fitted.coef_[0] / scaler.scale_
        intercept = float(fitted.intercept_[0] - coefficients @ scaler.mean_)
        return cls(columns, values.mean(axis=0), coefficients, intercept)

    def evidence(self, candidates: Candidates, known: LabelKnowledge) -> np.ndarray:
        """Columns of each pair, of shape (n_rows, width, n_columns)."""
        return _evidence(self.columns, candidates, known)

    def log_odds(self, evidence: np.ndarray) -> np.ndarray:
        """Log-odds of pairs, of the shape of the evidence less its last axis."""
        evidence = evidence.astype(float)
        n = evidence.shape[-1]
        odds = evidence @ self.coefficients[:n] + self.intercept
        at = n
        for i in range(n):  # a product at a time: no array of all terms
            odds += evidence[..., i] * (evidence[..., i:] @ self.coefficients[at : at + n - i])
            at += n - i
        return odds

    def weights(self, evidence: np.ndarray) -> np.ndarray:
        """What each column adds to the log-odds: their fall if it were at its mean. Of the shape of the evidence."""
        odds = self.log_odds(evidence)
        weights = np.empty(evidence.shape)
        for i in range(evidence.shape[-1]):
            usual = evidence.copy()
            usual[..., i] = self.means[i]
            weights[..., i] = odds - self.log_odds(usual)
        return weights


def evidence_out_of_fold(columns, candidates, seen, parts, others) -> np.ndarray:
    """Columns of pairs of rows that the scorers did not see.

    Parameters
    ----------
    columns : tuple of Column
        The evidence.
    candidates : Candidates
        Of the rows.
    seen : ndarray of shape (n_parts or 1, n_labels)
        Positives that the scorers of each part had seen.
    parts : ndarray of shape (n_rows,)
        Part of each row.
    others : dict of int to LabelCooccurrence
        For each part, of all rows but those of the part.

    Returns
    -------
    evidence : ndarray of float32 of shape (n_rows, width, n_columns)
    """
    evidence = np.empty((*candidates.labels.shape, len(columns)), dtype=np.float32)
    for part, cooccurrence in others.items():
        mine = parts == part
        known = LabelKnowledge(seen[part if len(seen) > 1 else 0], cooccurrence)
        evidence[mine] = _evidence(columns, candidates.take(mine), known)
    return evidence


def _evidence(columns, candidates, known):
    return np.stack([column(candidates, known) for column in columns], axis=-1).astype(np.float32)


def _terms(values):
    n = values.shape[1]
    products = [values[:, i : i + 1] * values[:, i:] for i in range(n)]
    return np.hstack([values, *products])
