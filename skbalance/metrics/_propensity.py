"""Propensity-scored ranking metrics, in which rare labels count more."""

from __future__ import annotations

from typing import Any

import numpy as np

from skbalance._indicators import label_propensities
from skbalance._validation import read_numbers
from skbalance.metrics._ranking import rank_labels


def _propensity_scored(y_true, y_score, propensities, label_counts, n_samples, k, sample_weight, gain):
    blocks, weight = rank_labels(y_true, y_score, k, sample_weight)
    n_labels = np.shape(y_true)[1]
    if (propensities is None) == (label_counts is None):
        raise ValueError("Give either propensities or label_counts with n_samples, and not both.")
    if propensities is None:
        if n_samples is None:
            raise ValueError("label_counts needs n_samples, the number of rows in the training data.")
        propensities = label_propensities(label_counts, n_samples)
    propensities = read_numbers(propensities, "propensities")
    if propensities.shape != (n_labels,):
        raise ValueError(
            f"There must be one propensity or count for each of the {n_labels} labels; got the shape "
            f"{propensities.shape}."
        )
    if not ((propensities > 0) & (propensities <= 1)).all():
        raise ValueError("propensities must be greater than 0 and at most 1.")
    worth = 1 / propensities
    discount = np.ones(k) if gain == "precision" else 1 / np.log2(np.arange(2, k + 2))
    norm = np.ones(k + 1) if gain == "precision" else np.concatenate([[1.0], discount.cumsum()])
    gained = possible = 0.0
    for block in blocks:
        row_weight = 1.0 if weight is None else weight[block.rows]
        row_weight = row_weight / norm[np.minimum(np.count_nonzero(block.y_true, axis=1), k)]
        won = np.where(block.hits, worth[block.labels], 0.0) @ discount
        gains = np.where(block.y_true, worth, 0.0)
        if k < n_labels:
            gains = np.partition(gains, n_labels - k, axis=1)[:, n_labels - k :]
        best = -np.sort(-gains, axis=1) @ discount
        gained += float(np.sum(won * row_weight))
        possible += float(np.sum(best * row_weight))
    return gained / possible if possible > 0 else float("nan")


def propensity_scored_precision_at_k_score(
    y_true: Any,
    y_score: Any,
    *,
    propensities: Any = None,
    label_counts: Any = None,
    n_samples: int | None = None,
    k: int = 5,
    sample_weight: Any = None,
) -> float:
    r"""Precision at k with hits weighted by inverse propensity, divided by the best possible value.

    .. math::
        PSP@k = \frac{\sum_i \sum_{l \in \mathrm{top}_k(i)} y_{il} / p_l}
        {\sum_i \max_{|S| = k} \sum_{l \in S} y_{il} / p_l}

    Parameters
    ----------
    y_true, y_score : see :func:`precision_at_k_score`
        The truth and the scores.
    propensities : array-like of shape (n_labels,) or None, default=None
        From :func:`label_propensities`. Give these, or `label_counts` and `n_samples`.
    label_counts : array-like of shape (n_labels,) or None, default=None
        The positives of each label in the *training* data.
    n_samples : int or None, default=None
        The number of rows in the training data.
    k : int, default=5
        How many labels of each row count.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        The row weights.

    Returns
    -------
    score : float
        From 0 to 1; nan if no row has a label.

    Raises
    ------
    ValueError
        If the inputs cannot be used.

    References
    ----------
    Jain, Prabhu and Varma, KDD 2016; see :func:`label_propensities`.

    Examples
    --------
    >>> from skbalance.metrics import propensity_scored_precision_at_k_score
    >>> y_true, y_score = [[1, 0, 1]], [[0.9, 0.5, 0.1]]
    >>> propensity_scored_precision_at_k_score(y_true, y_score, propensities=[0.5, 0.5, 0.125], k=1)
    0.25
    """
    return _propensity_scored(y_true, y_score, propensities, label_counts, n_samples, k, sample_weight, "precision")


def propensity_scored_ndcg_at_k_score(
    y_true: Any,
    y_score: Any,
    *,
    propensities: Any = None,
    label_counts: Any = None,
    n_samples: int | None = None,
    k: int = 5,
    sample_weight: Any = None,
) -> float:
    r"""Discounted cumulative gain at k with hits weighted by inverse propensity, divided by the best possible value.

    With :math:`D_i = \sum_{r=1}^{\min(k, |y_i|)} 1 / \log_2(r + 1)` and :math:`l_r` the label at rank `r`,

    .. math::
        PSnDCG@k = \frac{\sum_i D_i^{-1} \sum_{r=1}^{k} y_{i,l_r} / (p_{l_r} \log_2(r + 1))}
        {\sum_i D_i^{-1} \max_{l} \sum_{r=1}^{k} y_{i,l_r} / (p_{l_r} \log_2(r + 1))}

    Parameters
    ----------
    y_true, y_score : see :func:`precision_at_k_score`
        The truth and the scores.
    propensities, label_counts, n_samples, k, sample_weight : see :func:`propensity_scored_precision_at_k_score`
        The propensities or what they are made of, how many labels count, the row weights.

    Returns
    -------
    score : float
        From 0 to 1; nan if no row has a label.

    Raises
    ------
    ValueError
        If the inputs cannot be used.

    References
    ----------
    Jain, Prabhu and Varma, KDD 2016; see :func:`label_propensities`.

    Examples
    --------
    >>> from skbalance.metrics import propensity_scored_ndcg_at_k_score
    >>> y_true, y_score = [[1, 0, 1]], [[0.9, 0.5, 0.1]]
    >>> round(propensity_scored_ndcg_at_k_score(y_true, y_score, propensities=[0.5, 0.5, 0.125], k=3), 4)
    0.6478
    """
    return _propensity_scored(y_true, y_score, propensities, label_counts, n_samples, k, sample_weight, "ndcg")
