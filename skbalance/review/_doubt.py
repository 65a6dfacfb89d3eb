"""What is in doubt: rows, by how many of their labels are likely to be wrong, and labels of training rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from numbers import Integral
from typing import Any

import numpy as np
from scipy.special import expit

from skbalance.metrics import label_groups

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


def find_issues(kept, label_counts, k, *, rare=False, confirmed=None, name="label", labels=None) -> list[dict]:
    """Labels that training rows probably lack, and labels that they probably have by mistake.

    How likely a pair of a row and a label is right is told by a logistic regression over the pairs of all labels: by
    the score, by how many other labels the row is given, none being a case of its own, and by the label's frequency.

    Parameters
    ----------
    kept : OutOfFoldScores
        Scores of the training rows.
    label_counts : ndarray of shape (n_labels,)
        Positives of each label in the training data.
    k : int
        Pairs of either kind.
    rare : bool, default=False
        Whether to look at labels with fewer than 35 positives only.
    confirmed : frame, iterable of mappings or of pairs, default=None
        Pairs of a row and a label that are right as they are.
    name : str, default="label"
        What a label is called in what is given and returned.
    labels : list, default=None
        Of each column; None is its number.

    Returns
    -------
    issues : list of dict
        With `row`, the label, `given`, `probability` and `margin`: a missing label and a wrong one in turn, those that
        are most likely first.

    Raises
    ------
    ValueError
        If `k` is no number of pairs, `confirmed` holds anything else, or there is nothing to tell right labels from
        wrong ones by.
    """
    from sklearn.linear_model import LogisticRegression

    if isinstance(k, bool) or not isinstance(k, Integral) or k < 1:
        raise ValueError(f"k must be a number of labels, 1 or more; got {k!r}.")
    labels = list(range(len(label_counts))) if labels is None else labels
    known = _read_confirmed(confirmed, name, labels)
    row_of_pair, thresholds, targets = kept.row_of_pair, kept.threshold_of_pair, kept.targets
    usable = (kept.scores > -np.inf) & np.isfinite(thresholds)
    if not targets[usable].any() or targets[usable].all():
        raise ValueError(
            "There is nothing to tell wrong labels from right ones by: no label has a positive and a negative among "
            "rows scored by a model that had seen the label."
        )
    others = np.bincount(row_of_pair, weights=targets, minlength=len(kept.rows))[row_of_pair] - targets
    scores = kept.scores.astype(float).clip(-_LARGEST_LOG, _LARGEST_LOG)
    columns = [
        scores / (scores[usable].std() or 1.0),
        others == 0,
        np.log1p(others),
        np.log1p(label_counts[kept.labels]),
    ]
    evidence = np.stack(columns, axis=1)
    model = LogisticRegression(max_iter=1000).fit(evidence[usable], targets[usable])
    probabilities = model.predict_proba(evidence)[:, 1]
    if rare:
        usable &= ~label_groups(label_counts).head[kept.labels]
    kinds: dict[bool, list] = {False: [], True: []}
    for given, issues in kinds.items():
        pairs = np.flatnonzero(usable & (targets == given))
        for pair in pairs[np.argsort(probabilities[pairs] if given else -probabilities[pairs], kind="stable")]:
            if len(issues) == k:
                break
            key = int(kept.rows[row_of_pair[pair]]), labels[kept.labels[pair]]
            if key not in known:
                known.add(key)
                values = given, float(probabilities[pair]), float(kept.scores[pair]) - float(thresholds[pair])
                issues.append(dict(zip(("row", name, "given", "probability", "margin"), (*key, *values))))
    return [issue for both in zip_longest(*kinds.values()) for issue in both if issue is not None]


def _read_confirmed(confirmed, name, labels) -> set:
    """Pairs of a row and a label, of a frame that :func:`issues_table` gave, or as they are."""
    confirmed = () if confirmed is None else confirmed
    try:
        if hasattr(confirmed, "columns"):
            confirmed = zip(confirmed["row"], confirmed[name])
        pairs = ((each["row"], each[name]) if isinstance(each, Mapping) else each for each in confirmed)
        known = {(int(row), label) for row, label in pairs}
    except (KeyError, TypeError, ValueError):
        raise ValueError(
            f"confirmed must be rows of what label_issues gave, or pairs of a row and a {name}; got {confirmed!r:.200}."
        ) from None
    strange = sorted({label for _, label in known}.difference(labels), key=str)
    if strange:
        raise ValueError(f"confirmed has a {name} that is none of the model's: {strange[:10]}.")
    return known


def issues_table(issues: list[dict], name="label", *more) -> Any:
    """A frame of pandas, or the list itself where pandas is not installed."""
    try:
        from pandas import DataFrame
    except ImportError:
        return issues
    return DataFrame(issues, columns=["row", name, "given", "probability", "margin", *more])
