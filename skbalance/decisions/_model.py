"""Evidence, as columns of numbers and in words, and one model over all labels that says how likely a pair is by it.

More of any column speaks for the label, never against it. A column is a small object with a name, called with
candidates. A new one is a class here and a line in :func:`evidence_columns`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from skbalance._hierarchy import Hierarchy
from skbalance.decisions._candidates import Candidates

# Weights are given at these counts of positives (1, 4, 16, ...), and in between on a line over log(1 + count).
_FACTOR = 4
# Penalties on weights of columns of unit deviation, on differences between the weights at neighbouring counts, and on
# intercepts.
_RIDGE, _SMOOTHNESS, _INTERCEPT_RIDGE = 0.1, 10.0, 1e-3


@dataclass(frozen=True)
class Column(ABC):
    """One kind of evidence, called for values of shape (n_rows, width): finite, and 0 where the label has none.

    Attributes
    ----------
    number : int
        Of the scorer, or of the way of matching, that it is about.
    name : str
        What it is called in explanations.
    missing : float
        In place of scores that the scorer does not give: it speaks for no pair less than for these.
    trained : bool
        Whether it exists only for labels that the scorers have seen a positive of.
    """

    number: int = 0
    name: str = ""
    missing: float = 0.0
    trained: ClassVar[bool] = True

    def _known(self, scores):
        values = scores[..., self.number]
        return np.where(np.isnan(values), values.dtype.type(self.missing), values)

    @abstractmethod
    def __call__(self, candidates: Candidates) -> np.ndarray:
        """Values of each pair."""


class Score(Column):
    """The score of one scorer."""

    def __call__(self, candidates: Candidates) -> np.ndarray:
        """Values of each pair."""
        return _finite(self._known(candidates.scores))


@dataclass(frozen=True)
class Lead(Column):
    """How far the score of one scorer is above that of the best other label of the row.

    Attributes
    ----------
    rivals : int or None
        Labels, the first ones, that are counted as others; None is all. Later ones change nothing for these.
    hierarchy : Hierarchy or None
        Of labels: ancestors and descendants are no others.
    """

    rivals: int | None = None
    hierarchy: Hierarchy | None = None

    def __call__(self, candidates: Candidates) -> np.ndarray:
        """Values of each pair; 0 where the row has no other trained label."""
        values = self._known(candidates.scores)
        if values.shape[1] < 2:
            return np.zeros(values.shape, dtype=values.dtype)
        with np.errstate(invalid="ignore"):
            return _finite(values - self._best_other(values, candidates.labels))

    def _best_other(self, values, labels):
        if self.hierarchy is None:
            others = values if self.rivals is None else np.where(labels < self.rivals, values, -np.inf)
            two = np.partition(others, -2, axis=1)[:, -2:]
            return np.where(others == two[:, 1:], two[:, :1], two[:, 1:])
        left, best = np.ones(values.shape, dtype=bool), np.full_like(values, -np.inf)
        for place in np.argsort(-values, axis=1, kind="stable").T[:, :, None]:
            row, pair = np.nonzero(left)
            label, value = (np.take_along_axis(array, place, axis=1)[row, 0] for array in (labels, values))
            other = ~self.hierarchy.related[labels[row, pair][:, None], label[:, None]].toarray()[:, 0]
            best[row[other], pair[other]] = value[other]
            left[row[other], pair[other]] = False
            if not left.any():
                break
        return best


class Match(Column):
    """How well the row matches what the label is called, in one way."""

    trained = False

    def __call__(self, candidates: Candidates) -> np.ndarray:
        """Values of each pair."""
        return candidates.matches[..., self.number]


def evidence_columns(scorer_names, match_names, hierarchy=None, lowest=None) -> tuple[Column, ...]:
    """The columns that the decision model sees, with names that tell scorers and matches apart.

    `lowest` is the lowest score of each scorer, which stands where it gives none.
    """
    many = len(scorer_names) > 1
    columns: list[Column] = []
    for i, (name, missing) in enumerate(zip(scorer_names, lowest or [0.0] * len(scorer_names))):
        columns.append(Score(i, f"score of {name}" if many else "score", missing=missing))
        columns.append(Lead(i, f"lead of {name}" if many else "lead", hierarchy=hierarchy, missing=missing))
    return (*columns, *(Match(i, name) for i, name in enumerate(match_names)))


def _finite(values):
    return np.where(np.isfinite(values), values, values.dtype.type(0))


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


@dataclass(frozen=True)
class LabelEvidence:
    """A label that is predicted for a row, and what speaks for it.

    Parameters
    ----------
    label : int or str
        Column of the target, or the tag.
    score : float
        What is compared with the threshold.
    threshold : float
        The label's threshold.
    evidence : dict of str to tuple of (float, float)
        For each column of evidence its value, and what it adds to the log-odds: these and what the model gives every
        such label sum to the log-odds, before parents and children meet. Empty where scores are those of the
        estimator, and for a row without any feature.
    words : tuple of (str, float), default=()
        Words of the text that spoke most for the label, with what each adds to the score of its linear model, or to
        the cosine with the mean of its texts. Given by :class:`~skbalance.text.TagClassifier`.
    matched : tuple of str, default=()
        Words of the label's name that stand in the text, or else the word of the text that shares most pieces with it.
    descendant : int or str or None, default=None
        The most likely of the predicted descendants, for the sake of which the label is predicted; None where it would
        be without them.

    Examples
    --------
    >>> from skbalance.decisions import LabelEvidence
    >>> evidence = {"score": (1.2, 2.5), "match": (0.31, 0.8), "lead": (-0.1, -0.2)}
    >>> print(LabelEvidence("wheat", 0.93, 0.4, evidence, words=(("grain", 0.6),), matched=("wheat",)))
    wheat: 0.93, above its threshold 0.40
      score       1.20  +2.50
      match       0.31  +0.80
      lead       -0.10  -0.20
      words: grain +0.60
      name: wheat
    """

    label: Any
    score: float
    threshold: float
    evidence: dict[str, tuple[float, float]]
    words: tuple[tuple[str, float], ...] = ()
    matched: tuple[str, ...] = ()
    descendant: Any = None

    def __str__(self):
        label = _shown(self.label)
        side = "above" if self.score > self.threshold else "nearest to"
        lines = [f"{label}: {self.score:.2f}, {side} its threshold {self.threshold:.2f}"]
        width = max([10, *map(len, self.evidence)])
        for name, (value, weight) in sorted(self.evidence.items(), key=lambda item: -abs(item[1][1])):
            lines.append(f"  {name:{width}} {value:5.2f}  {weight:+.2f}")
        if self.descendant is not None:
            lines.append(f"  for it is an ancestor of {_shown(self.descendant)}")
        if self.words:
            lines.append("  words: " + ", ".join(f"{word} {added:+.2f}" for word, added in self.words))
        if self.matched:
            lines.append("  name: " + ", ".join(self.matched))
        return "\n".join(lines)


def _shown(label):
    label = "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(label))
    return label if len(label) <= 80 else f"{label[:77]}..."
