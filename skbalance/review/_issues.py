"""Labels of training rows that are probably missing, or wrong."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from numbers import Integral
from typing import Any

import numpy as np

from skbalance.metrics import label_groups

__all__ = ["find_issues", "issues_table", "read_confirmed"]

# Scores beyond this say no more.
_SCORE = 30.0


def find_issues(kept, label_counts, k, *, rare=False, confirmed=frozenset()) -> list[dict]:
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
    confirmed : set of (int, int), default=frozenset()
        Pairs of a row and a label that are right as they are.

    Returns
    -------
    issues : list of dict
        With `row`, `label`, `given`, `probability` and `margin`: a missing label and a wrong one in turn, those that
        are most likely first.

    Raises
    ------
    ValueError
        If `k` is no number of pairs, or there is nothing to tell right labels from wrong ones by.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if isinstance(k, bool) or not isinstance(k, Integral) or k < 1:
        raise ValueError(f"k must be a number of labels, 1 or more; got {k!r}.")
    row_of_pair, thresholds, targets = kept.row_of_pair, kept.threshold_of_pair, kept.targets
    usable = (kept.scores > -np.inf) & np.isfinite(thresholds)
    if not targets[usable].any() or targets[usable].all():
        raise ValueError(
            "There is nothing to tell wrong labels from right ones by: no label has a positive and a negative among "
            "rows scored by a model that had seen the label."
        )
    others = np.bincount(row_of_pair, weights=targets, minlength=len(kept.rows))[row_of_pair] - targets
    scores, counts = kept.scores.astype(float).clip(-_SCORE, _SCORE), label_counts[kept.labels]
    evidence = np.stack([scores, others == 0, np.log1p(others), np.log1p(counts)], axis=1)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(evidence[usable], targets[usable])
    probabilities = model.predict_proba(evidence)[:, 1]
    if rare:
        usable &= ~label_groups(label_counts).head[kept.labels]
    kinds = []
    for given in (False, True):
        pairs, found = np.flatnonzero(usable & (targets == given)), {}
        for pair in pairs[np.argsort(probabilities[pairs] if given else -probabilities[pairs], kind="stable")]:
            key = int(kept.rows[row_of_pair[pair]]), int(kept.labels[pair])
            if key not in found and key not in confirmed:
                values = given, float(probabilities[pair]), float(kept.scores[pair]) - float(thresholds[pair])
                found[key] = dict(zip(("row", "label", "given", "probability", "margin"), (*key, *values)))
            if len(found) == k:
                break
        kinds.append(found.values())
    return [issue for both in zip_longest(*kinds) for issue in both if issue is not None]


def read_confirmed(confirmed: Any, name: str) -> set:
    """Pairs of a row and a label, of a frame that :func:`issues_table` gave, or as they are.

    Parameters
    ----------
    confirmed : frame, iterable of mappings or of pairs, or None
        What is right as it is.
    name : str
        What the label is called there.

    Returns
    -------
    pairs : set of (int, label)

    Raises
    ------
    ValueError
        If it holds anything else.
    """
    if confirmed is None:
        return set()
    try:
        if hasattr(confirmed, "columns"):
            confirmed = zip(confirmed["row"], confirmed[name])
        pairs = ((each["row"], each[name]) if isinstance(each, Mapping) else each for each in confirmed)
        return {(int(row), label) for row, label in pairs}
    except (KeyError, TypeError, ValueError):
        raise ValueError(
            f"confirmed must be rows of what label_issues gave, or pairs of a row and a {name}; got {confirmed!r:.200}."
        ) from None


def issues_table(issues: list[dict], columns) -> Any:
    """A frame of pandas, or the list itself where pandas is not installed."""
    try:
        from pandas import DataFrame
    except ImportError:
        return issues
    return DataFrame(issues, columns=list(columns))
