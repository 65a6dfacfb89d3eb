"""Precision, recall and F1: over groups of labels, of labels with parents, and after a person has mended rows."""

import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils import Bunch

from skbalance._hierarchy import Hierarchy
from skbalance._indicators import (
    align_indicators,
    check_indicator,
    check_row_weight,
    check_zero_division,
    fractions,
    label_confusion,
    label_fractions,
    ratio,
    read_counts,
)
from skbalance._validation import check_option, read_numbers
from skbalance.metrics._ranking import row_mean

AVERAGES = ("macro", "micro")
# Random orders of which the mean is taken.
_DRAWS = 20


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

    scores = Bunch()
    for name, labels in members.items():
        over, under = top[labels], bottom[labels]
        if average == "micro" and labels.size:
            over, under = over.sum(keepdims=True), under.sum(keepdims=True)
        scores[name] = row_mean(ratio(over, under, zero_division))
    return scores if group is None else scores[group]


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


def hierarchical_precision_recall_fscore(
    y_true: Any,
    y_pred: Any,
    parents: Any,
    *,
    sample_weight: Any = None,
    zero_division: float = 0.0,
) -> tuple[float, float, float]:
    r"""Compute hierarchical precision, recall and F-score, of labels with all their ancestors.

    What is true and what is predicted is closed under ancestors, and then counted together over all rows [1]_. With
    the closed sets :math:`Y` and :math:`\hat Y` of each row,

    .. math:: hP = \frac{\sum |Y \cap \hat Y|}{\sum |\hat Y|}, \quad hR = \frac{\sum |Y \cap \hat Y|}{\sum |Y|}, \quad
       hF = \frac{2 \, hP \, hR}{hP + hR}

    so that a sibling of the right label shares their ancestors with it, and a label far off shares none.

    Parameters
    ----------
    y_true, y_pred : {array-like, sparse matrix} of shape (n_samples, n_labels)
        The true and the predicted indicator, with ancestors or without.
    parents : mapping from int to int or list of int
        Columns of the parents of each column that has any.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        The row weights.
    zero_division : {0, 1, nan}, default=0
        What is given where a denominator is 0.

    Returns
    -------
    precision, recall, fscore : float
        From 0 to 1.

    Raises
    ------
    TypeError, ValueError
        If the indicators, parents or options cannot be used, or parents go in a circle.

    References
    ----------
    .. [1] Kosmopoulos et al., "Evaluation measures for hierarchical classification: a unified view and novel
       approaches", Data Mining and Knowledge Discovery 29, 2015 (:arxiv:`1306.6802`), the set-based measures.

    Examples
    --------
    >>> from skbalance.metrics import hierarchical_precision_recall_fscore
    >>> parents = {1: 0, 2: 0}  # of three labels, "animal", "cat" and "dog"
    >>> cats, dogs, nothing = [[1, 1, 0]], [[0, 0, 1]], [[0, 0, 0]]
    >>> hierarchical_precision_recall_fscore(cats, dogs, parents)
    (0.5, 0.5, 0.5)
    >>> hierarchical_precision_recall_fscore(cats, nothing, parents)
    (0.0, 0.0, 0.0)
    """
    zero_division = check_zero_division(zero_division)
    y_true, y_pred = align_indicators(check_indicator(y_true), y_pred)
    hierarchy, weight = Hierarchy.of_columns(parents, y_true.shape[1]), check_row_weight(sample_weight, y_true.shape[0])
    counts = label_confusion(hierarchy.close(y_true), hierarchy.close(y_pred), weight)
    parts = fractions(*(each.sum() for each in counts))
    scores = {kind: float(ratio(*part, zero_division)) for kind, part in parts.items()}
    return scores["precision"], scores["recall"], scores["f1"]


def review_curve(y_true: Any, y_pred: Any, doubt: Any, *, shares: Any = None, average: str = "micro") -> Bunch:
    """F1 after a person has mended the labels of a share of the rows, in the order of doubt and in others.

    Parameters
    ----------
    y_true, y_pred : {array-like, sparse matrix} of shape (n_samples, n_labels)
        The true and the predicted indicator. Labels that are unknown, NaN in `y_true`, are left out.
    doubt : array-like of shape (n_samples,)
        Rows with the highest doubt are mended first; equal ones as they stand.
    shares : array-like of shape (n_shares,), default=None
        Shares of the rows, from 0 to 1 in increasing order; None is 0, .01, ..., 1.
    average : {"micro", "macro"}, default="micro"
        F1 of all pairs of row and label, or the mean over the labels that a row has in `y_true`.

    Returns
    -------
    curve : Bunch
        With ``shares``, and of the same shape F1 with rows mended ``by_doubt``, at ``random`` (mean of 20 orders),
        and in the ``best`` order, those with most wrong labels first.

    Raises
    ------
    ValueError
        If the inputs cannot be used.

    Examples
    --------
    >>> from skbalance.metrics import review_curve
    >>> y_true, y_pred = [[1, 0], [0, 1], [1, 1], [1, 0]], [[1, 0], [0, 1], [0, 0], [1, 0]]
    >>> curve = review_curve(y_true, y_pred, doubt=[0.1, 0.2, 0.9, 0.3], shares=[0, 0.25])
    >>> curve.by_doubt
    array([0.75, 1.  ])
    """
    check_option(average, ("micro", "macro"), "average")
    shares = np.linspace(0, 1, 101) if shares is None else read_numbers(shares, "shares")
    if shares.ndim != 1 or not ((shares >= 0) & (shares <= 1)).all() or (np.diff(shares) < 0).any():
        raise ValueError(f"shares must be numbers from 0 to 1 in increasing order; got {shares!r}.")
    y_true, y_pred = (sp.csr_array(y, dtype=np.int8) for y in align_indicators(y_true, y_pred))
    n_rows, doubt = y_true.shape[0], read_numbers(doubt, "doubt")
    if doubt.shape != (n_rows,) or np.isnan(doubt).any():
        raise ValueError(f"doubt must hold one number for each of {n_rows} rows; got shape {doubt.shape}.")
    counts, wrong = label_confusion(y_true, y_pred), sp.coo_array(y_true - y_pred)
    wrong.eliminate_zeros()
    hits, predicted, positives = (count[:, None] for count in counts)
    n_mended, random_state = np.rint(shares * n_rows), np.random.RandomState(0)
    shape = (2, y_true.shape[1], len(shares) + 1)

    def scores(order):
        """F1 for each number of rows that are mended in this order."""
        step = np.searchsorted(n_mended, np.argsort(order)[wrong.row], side="right")
        cells = np.ravel_multi_index(((wrong.data > 0).astype(int), wrong.col, step), shape)
        taken, added = np.bincount(cells, minlength=np.prod(shape)).reshape(shape)[..., :-1].cumsum(axis=2)
        above, below = 2 * (hits + added), predicted + positives + added - taken
        if average == "micro":
            return ratio(above.sum(axis=0), below.sum(axis=0), np.nan)
        occurs = counts[2] > 0
        return ratio((above[occurs] / below[occurs]).sum(axis=0), occurs.sum(), np.nan)

    return Bunch(
        shares=shares,
        by_doubt=scores(np.argsort(-doubt, kind="stable")),
        random=np.mean([scores(random_state.permutation(n_rows)) for _ in range(_DRAWS)], axis=0),
        best=scores(np.argsort(-np.bincount(wrong.row, minlength=n_rows), kind="stable")),
    )


def doubt_gain(y_true: Any, y_pred: Any, doubt: Any, *, share: float = 0.1, average: str = "micro") -> float:
    """How many times as much F1 is gained by mending the most doubtful rows as by mending random ones.

    Parameters
    ----------
    y_true, y_pred : {array-like, sparse matrix} of shape (n_samples, n_labels)
        The true and the predicted indicator. Labels that are unknown, NaN in `y_true`, are left out.
    doubt : array-like of shape (n_samples,)
        Rows with the highest doubt are mended first, as
        :meth:`~skbalance.decisions.TunedThresholdMultiLabelClassifierCV.doubt` gives it.
    share : float, default=0.1
        Share of the rows that a person mends.
    average : {"micro", "macro"}, default="micro"
        F1 of all pairs of row and label, or the mean over the labels that a row has in `y_true`.

    Returns
    -------
    gain : float
        Gain in F1 in the order of doubt over the mean gain of 20 random orders: 1 for an order that tells nothing. NaN
        where nothing is gained at random, because all is right or no row is mended.

    Raises
    ------
    ValueError
        If the inputs cannot be used.

    See Also
    --------
    review_curve : F1 itself, for all shares.

    Examples
    --------
    >>> from skbalance.metrics import doubt_gain
    >>> y_true, y_pred = [[1, 0], [0, 1], [1, 1], [1, 0]], [[1, 0], [0, 1], [0, 0], [1, 0]]
    >>> doubt_gain(y_true, y_pred, doubt=[0.1, 0.2, 0.9, 0.3], share=0.25) > 1
    True
    """
    if isinstance(share, bool) or not isinstance(share, numbers.Real) or not 0 < share <= 1:
        raise ValueError(f"share must be a number above 0, and 1 at most; got {share!r}.")
    curve = review_curve(y_true, y_pred, doubt, shares=[0, share], average=average)
    return float(ratio(np.diff(curve.by_doubt), np.diff(curve.random), np.nan)[0])
