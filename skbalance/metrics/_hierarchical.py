"""Precision, recall and F of labels that have parents: a near miss counts as such."""

from __future__ import annotations

from typing import Any

from skbalance._hierarchy import Hierarchy
from skbalance._indicators import align_indicators, check_indicator, check_row_weight, label_confusion, ratio
from skbalance.metrics._ranking import check_zero_division


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
    hits, predicted, positives = (each.sum() for each in counts)
    parts = (hits, predicted), (hits, positives), (2 * hits, predicted + positives)
    precision, recall, fscore = (float(ratio(top, bottom, zero_division)) for top, bottom in parts)
    return precision, recall, fscore
