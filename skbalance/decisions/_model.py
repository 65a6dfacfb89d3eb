"""One model over all labels that says how likely a pair is, given its evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from skbalance.decisions._candidates import Candidates
from skbalance.decisions._evidence import Column, Lead

# Weights are given at these counts of positives (1, 4, 16, ...), and in between on a line over log(1 + count).
_FACTOR = 4
# Penalties on weights of columns of unit deviation, on differences between the weights at neighbouring counts, and on
# intercepts.
_RIDGE, _SMOOTHNESS, _INTERCEPT_RIDGE = 0.1, 10.0, 1e-3


@dataclass(frozen=True)
class DecisionModel:
    """Log-odds of "the row has the label": a weighted sum of the columns of evidence.

    Weights are 0 or more: whatever speaks for a label never lowers its odds, in the range that was seen and beyond it.
    All labels share the weights, which vary with the label's count, so that a label with one positive is judged by
    what such evidence has meant for other rare labels. Those at count 0 are for labels without a positive; they are
    fitted on labels that have some, as if they had none.

    Attributes
    ----------
    columns : tuple of Column
        The evidence.
    counts : ndarray of int of shape (n_counts,)
        Positives at which weights are given.
    weights : ndarray of shape (n_counts, n_columns)
        Of the columns, none below 0.
    intercepts : ndarray of shape (n_counts,)
    """

    columns: tuple[Column, ...]
    counts: np.ndarray
    weights: np.ndarray
    intercepts: np.ndarray

    @classmethod
    def fit(cls, columns, values, counts, targets, *, weight=None, unseen=False, start=None) -> DecisionModel | None:
        """Fit a logistic regression on pairs of rows that the scorers did not see.

        Parameters
        ----------
        columns : tuple of Column
            What `values` holds.
        values : ndarray of shape (n_pairs, n_columns)
            Evidence of each pair.
        counts : ndarray of shape (n_pairs,)
            Positives of the pair's label that the scorers had seen, 1 or more.
        targets : ndarray of bool of shape (n_pairs,)
            Whether the row has the label.
        weight : ndarray of shape (n_pairs,), default=None
            How many pairs each pair stands for, if not for one.
        unseen : bool, default=False
            Whether to fit weights for labels without a positive too.
        start : DecisionModel or None
            To start from.

        Returns
        -------
        model : DecisionModel or None
            None if there are no two classes to tell apart.
        """
        if not len(targets) or targets.all() or not targets.any():
            return None
        weight = np.ones(len(targets)) if weight is None else weight
        at = [1]
        while at[-1] * _FACTOR <= counts.max() or len(at) < 2:
            at.append(at[-1] * _FACTOR)
        if start is not None:
            at, unseen = start.counts[start.counts > 0].tolist(), start.counts[0] == 0
        weights, intercepts = _Problem(values, _shares(counts, np.array(at)), targets, weight).solve(start)
        if unseen:  # apart, so that it changes nothing for other labels
            hidden = values * [not column.trained for column in columns]
            of_name, intercept = _Problem(hidden, np.ones((len(hidden), 1)), targets, weight).solve()
            at.insert(0, 0)
            weights, intercepts = np.concatenate([of_name, weights]), np.concatenate([intercept, intercepts])
        return cls(columns, np.array(at), weights, intercepts)

    def of_rivals(self, labels) -> DecisionModel:
        """The same model for some of the labels before and further ones, which change nothing for these."""

        def fewer(rivals):
            return len(labels) if rivals is None else int(np.count_nonzero(labels < rivals))

        columns = [
            replace(each, rivals=fewer(each.rivals)) if isinstance(each, Lead) else each for each in self.columns
        ]
        return replace(self, columns=tuple(columns))

    def of_labels(self, label_counts) -> tuple[np.ndarray, np.ndarray]:
        """Weights of shape (n_labels, n_columns) and intercepts of shape (n_labels,) of labels with such counts."""
        shares = _shares(np.asarray(label_counts), self.counts)
        return shares @ self.weights, shares @ self.intercepts

    def log_odds(self, candidates: Candidates, label_counts) -> np.ndarray:
        """Log-odds of pairs of a row and a label, of shape (n_rows, width)."""
        weights, intercepts = (values.astype(np.float32) for values in self.of_labels(label_counts))
        odds = intercepts[candidates.labels]
        for i, column in enumerate(self.columns):  # one at a time: no array of all columns
            if weights[:, i].any():
                odds += weights[candidates.labels, i] * column(candidates)
        return odds

    def shares(self, candidates: Candidates, label_counts) -> tuple[np.ndarray, np.ndarray]:
        """Evidence of pairs, and what each column adds to the log-odds, both of shape (n_rows, width, n_columns)."""
        values = np.stack([column(candidates) for column in self.columns], axis=-1)
        return values, values * self.of_labels(label_counts)[0][candidates.labels]


def _shares(counts, at):
    """How the weights given at some counts are mixed for others, of shape (n, n_given); rows sum to one."""
    below = (np.searchsorted(at, counts, side="right") - 1).clip(0, len(at) - 2)
    low, high = np.log1p(at[below]), np.log1p(at[below + 1])
    share = ((np.log1p(counts) - low) / (high - low)).clip(0, 1)
    mixed = np.zeros((len(counts), len(at)))
    rows = np.arange(len(counts))
    mixed[rows, below], mixed[rows, below + 1] = 1 - share, share
    return mixed


class _Problem:
    """The penalised likelihood in weights of columns of unit deviation."""

    def __init__(self, values, shares, targets, weight):
        centred = values - np.average(values, axis=0, weights=weight)
        self.deviation = np.sqrt(np.average(centred**2, axis=0, weights=weight))
        self.deviation[self.deviation < 1e-12] = 1.0
        # The last column is that of the intercepts.
        self.values = np.concatenate([values / self.deviation, np.ones((len(values), 1))], axis=1)
        self.shares, self.sign, self.weight = shares, np.where(targets, 1.0, -1.0), weight
        self.ridge = np.full(self.values.shape[1], _RIDGE)
        self.ridge[-1] = _INTERCEPT_RIDGE

    def __call__(self, flat):
        weights = flat.reshape(self.shares.shape[1], -1)
        margins = self.sign * np.einsum("ij,ij->i", self.shares @ weights, self.values)
        steps = np.diff(weights, axis=0)
        loss = (
            -(self.weight * log_expit(margins)).sum()
            + (self.ridge * weights**2).sum() / 2
            + _SMOOTHNESS * (steps**2).sum() / 2
        )
        pull = (self.weight * self.sign * expit(-margins))[:, None] * self.values
        slope = self.ridge * weights - self.shares.T @ pull
        slope[1:] += _SMOOTHNESS * steps
        slope[:-1] -= _SMOOTHNESS * steps
        return loss, slope.ravel()

    def solve(self, start=None):
        shape = (self.shares.shape[1], self.values.shape[1])
        begin = np.zeros(shape)
        begin[:, -1] = -1
        if start is not None:
            begin[:, :-1], begin[:, -1] = start.weights[-shape[0] :] * self.deviation, start.intercepts[-shape[0] :]
        bounds = ([(0, None)] * (shape[1] - 1) + [(None, None)]) * shape[0]
        found = minimize(self, begin.ravel(), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500})
        weights = found.x.reshape(shape)
        return weights[:, :-1] / self.deviation, weights[:, -1]
