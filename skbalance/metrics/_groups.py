"""Head, medium and tail labels, and precision, recall and F1 over each group."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from skbalance._indicators import (
    align_indicators,
    check_row_weight,
    check_zero_division,
    label_fractions,
    ratio,
    read_counts,
)
from skbalance._validation import check_option
from skbalance.metrics._ranking import row_mean

AVERAGES = ("macro", "micro")


def label_groups(label_counts: Any, boundaries: tuple[float, float] = (8, 35)) -> Bunch:
    """Sort labels into head, medium and tail by their number of training examples.

    A label with at most `boundaries[0]` positives is tail, one with at least `boundaries[1]` is head, the
    others are medium. The defaults are the cutoffs of [1]_ for Reuters-21578; for PubMed they are `(15, 50)`.

    Parameters
    ----------
    label_counts : array-like of shape (n_labels,)
        The positives of each label in the *training* data, for example `estimator.label_counts_`. A label
        without any positive counts as tail.
    boundaries : tuple of two numbers, default=(8, 35)
        The largest count of the tail and the smallest count of the head.

    Returns
    -------
    groups : Bunch
        `head`, `medium` and `tail`, in this order, each a boolean mask of shape (n_labels,).

    Raises
    ------
    ValueError
        If the counts are not a vector of finite numbers of at least 0, or the boundaries do not increase.

    References
    ----------
    .. [1] Huang et al., "Balancing Methods for Multi-label Text Classification with Long-Tailed Class
       Distribution", EMNLP 2021, section 4 (:arxiv:`2109.04712`).

    Examples
    --------
    >>> from skbalance.metrics import label_groups
    >>> groups = label_groups([2877, 34, 9, 8, 1])
    >>> list(groups)
    ['head', 'medium', 'tail']
    >>> groups.tail
    array([False, False, False,  True,  True])
    """
    counts = read_counts(label_counts)
    pair = tuple(boundaries) if isinstance(boundaries, (tuple, list, np.ndarray)) else ()
    if len(pair) != 2 or not all(isinstance(b, numbers.Real) for b in pair) or not pair[0] < pair[1]:
        raise ValueError(
            "boundaries must be two increasing numbers, the largest count of the tail and the smallest of "
            f"the head; got {boundaries!r}."
        )
    tail, head = counts <= pair[0], counts >= pair[1]
    return Bunch(head=head, medium=~(tail | head), tail=tail)


def _resolve_groups(
    n_labels: int, label_counts: Any, groups: Mapping[str, Any] | None, boundaries: tuple[float, float]
) -> dict[str, np.ndarray]:
    if (label_counts is None) == (groups is None):
        raise ValueError("Give either label_counts (from the training data) or groups, and not both.")
    if groups is None:
        groups = label_groups(label_counts, boundaries)
        if len(groups["tail"]) != n_labels:
            raise ValueError(f"label_counts has {len(groups['tail'])} entries, but y_true has {n_labels} labels.")
    elif not isinstance(groups, Mapping) or not groups or not all(isinstance(name, str) for name in groups):
        raise ValueError(f"groups must map names to masks or indices of labels; got {groups!r}.")
    resolved = {}
    for name, members in groups.items():
        members = np.asarray(members)
        if members.dtype.kind == "b":
            if members.shape != (n_labels,):
                raise ValueError(f"The mask of group {name!r} must have shape ({n_labels},); got {members.shape}.")
            members = np.flatnonzero(members)
        elif members.size == 0:
            members = np.empty(0, dtype=np.intp)
        elif members.ndim != 1 or members.dtype.kind not in "iu":
            raise ValueError(f"Group {name!r} must be a boolean mask or label indices; got {members!r}.")
        elif members.min() < 0 or members.max() >= n_labels:
            raise ValueError(f"Group {name!r} names labels outside 0..{n_labels - 1}.")
        elif len(np.unique(members)) < len(members):
            raise ValueError(f"Group {name!r} names labels twice; a mask must be boolean. Got {members[:10].tolist()}.")
        resolved[name] = members
    return resolved


def _group_scores(
    kind, y_true, y_pred, label_counts=None, groups=None, boundaries=(8, 35), group=None, average="macro",
    sample_weight=None, zero_division=0.0,
):  # fmt: skip
    check_option(average, AVERAGES, "average")
    zero_division = check_zero_division(zero_division)
    y_true, y_pred = align_indicators(y_true, y_pred)
    members = _resolve_groups(y_true.shape[1], label_counts, groups, boundaries)
    if group is not None:
        check_option(group, members, "group")
    weight = check_row_weight(sample_weight, y_true.shape[0])
    top, bottom = label_fractions(kind, y_true, y_pred, weight)

    def score(labels: np.ndarray) -> float:
        if labels.size == 0:
            return float("nan")
        if average == "micro":
            return float(ratio(top[labels].sum(), bottom[labels].sum(), zero_division))
        return row_mean(ratio(top[labels], bottom[labels], zero_division), None)

    if group is not None:
        return score(members[group])
    return Bunch(**{name: score(labels) for name, labels in members.items()})


def group_f1_score(
    y_true: Any,
    y_pred: Any,
    *,
    label_counts: Any = None,
    groups: Mapping[str, Any] | None = None,
    boundaries: tuple[float, float] = (8, 35),
    group: str | None = None,
    average: str = "macro",
    sample_weight: Any = None,
    zero_division: float = 0.0,
) -> Any:
    r"""F1 over the head, the medium and the tail labels.

    With hits :math:`TP_i`, predictions :math:`\hat n_i` and positives :math:`n_i` of label `i` in the scored
    data, macro is the mean over the group's labels of :math:`2 TP_i / (\hat n_i + n_i)`, and micro is
    :math:`2 \sum TP_i / \sum (\hat n_i + n_i)`. Over a group of all labels they equal
    :func:`sklearn.metrics.f1_score`.

    Parameters
    ----------
    y_true, y_pred : {array-like, sparse matrix} of shape (n_samples, n_labels)
        The true and the predicted indicator. Pairs whose true label is unknown, NaN, are left out.
    label_counts : array-like of shape (n_labels,) or None, default=None
        The positives of each label in the *training* data; they make the groups. Give this or `groups`.
    groups : mapping of str to array-like, or None, default=None
        Groups of one's own: a name to a boolean mask or label indices.
    boundaries : tuple of two numbers, default=(8, 35)
        The largest count of the tail and the smallest of the head, see :func:`label_groups`.
    group : str or None, default=None
        The name of one group, or None for all of them.
    average : {"macro", "micro"}, default="macro"
        How the labels of a group are put together.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        The row weights.
    zero_division : {0, 1, nan}, default=0
        The score of a label that has neither a positive nor a prediction. With nan it is left out.

    Returns
    -------
    score : float or Bunch
        The score of `group`, or the scores of all groups by name. A group without labels has the score nan.

    Raises
    ------
    ValueError
        If the indicators, counts, groups or options cannot be used.

    Examples
    --------
    >>> from skbalance.metrics import group_f1_score
    >>> y_true = [[1, 0, 1], [1, 1, 0], [1, 0, 0]]
    >>> y_pred = [[1, 0, 0], [1, 1, 0], [1, 1, 0]]
    >>> scores = group_f1_score(y_true, y_pred, label_counts=[90, 20, 3])
    >>> {name: round(score, 3) for name, score in scores.items()}
    {'head': 1.0, 'medium': 0.667, 'tail': 0.0}
    >>> group_f1_score(y_true, y_pred, label_counts=[90, 20, 3], group="head")
    1.0
    """
    return _group_scores(
        "f1", y_true, y_pred, label_counts, groups, boundaries, group, average, sample_weight, zero_division
    )


def group_precision_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None, **options: Any) -> Any:
    """Precision over the head, the medium and the tail labels.

    Parameters
    ----------
    y_true, y_pred : {array-like, sparse matrix} of shape (n_samples, n_labels)
        The true and the predicted indicator. Pairs whose true label is unknown, NaN, are left out.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        The row weights.
    **options
        The others of :func:`group_f1_score`. `zero_division` is the score of a label without predictions.

    Returns
    -------
    score : float or Bunch
        As for :func:`group_f1_score`.

    Raises
    ------
    ValueError
        If the indicators, counts, groups or options cannot be used.

    Examples
    --------
    >>> from skbalance.metrics import group_precision_score
    >>> group_precision_score([[1, 1], [0, 1]], [[1, 1], [1, 0]], label_counts=[3, 99], group="tail")
    0.5
    """
    return _group_scores("precision", y_true, y_pred, sample_weight=sample_weight, **options)


def group_recall_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None, **options: Any) -> Any:
    """Recall over the head, the medium and the tail labels.

    Parameters
    ----------
    y_true, y_pred : {array-like, sparse matrix} of shape (n_samples, n_labels)
        The true and the predicted indicator. Pairs whose true label is unknown, NaN, are left out.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        The row weights.
    **options
        The others of :func:`group_f1_score`. `zero_division` is the score of a label without positives in `y_true`.

    Returns
    -------
    score : float or Bunch
        As for :func:`group_f1_score`.

    Raises
    ------
    ValueError
        If the indicators, counts, groups or options cannot be used.

    Examples
    --------
    >>> from skbalance.metrics import group_recall_score
    >>> group_recall_score([[1, 1], [0, 1]], [[1, 1], [1, 0]], label_counts=[3, 99], group="head")
    0.5
    """
    return _group_scores("recall", y_true, y_pred, sample_weight=sample_weight, **options)
