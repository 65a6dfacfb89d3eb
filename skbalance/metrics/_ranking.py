"""Metrics of the k best-scored labels of each row, block by block of rows; in some, rare labels count more."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_array

from skbalance._indicators import check_known, check_zero_division, label_propensities, ratio
from skbalance._packing import dense
from skbalance._responses import scoring_blocks
from skbalance._validation import check_k, check_sample_weight, check_sparse, read_numbers, summed

# For `k`: as many as the row with the most labels has.
MOST = object()


class TopLabels(NamedTuple):
    """The best-scored labels of a block of rows."""

    rows: slice
    y_true: np.ndarray  # bool, (n_rows, n_labels)
    labels: np.ndarray  # (n_rows, k), best first
    hits: np.ndarray  # bool, (n_rows, k): whether the label is true


def check_scores(y_score: Any, shape: tuple[int, int], *, name: str = "y_score") -> Any:
    """Check a matrix of scores, one for each row and label.

    Parameters
    ----------
    y_score : {array-like, sparse matrix} of shape (n_samples, n_labels)
        The scores. Entries that a sparse matrix does not store rank behind all that it does, and never hit.
    shape : tuple of int
        The shape of `y_true`.
    name : str, default="y_score"
        What the messages call it.

    Returns
    -------
    y_score : ndarray or csr_array
        The scores.

    Raises
    ------
    ValueError
        If the shape differs or a score is NaN or, being dense, infinite.
    """
    check_sparse(y_score, name)
    scores = check_array(
        y_score, accept_sparse="csr", dtype="numeric", input_name=name, ensure_min_samples=0, ensure_min_features=0
    )
    if scores.shape != shape:
        raise ValueError(f"{name} must have the shape of y_true, {shape}; got {scores.shape}.")
    return summed(scores)


def _dense_scores(scores: Any) -> np.ndarray:
    """Some rows of scores, as an array of floats; what is not stored is -inf."""
    if not sp.issparse(scores):
        return scores.astype(np.float64) if scores.dtype.kind in "biu" else scores
    block = np.full(scores.shape, -np.inf)
    block[np.arange(scores.shape[0]).repeat(np.diff(scores.indptr)), scores.indices] = scores.data
    return block


def rank_labels(y_true: Any, y_score: Any, k: Any, sample_weight: Any) -> tuple[Iterator[TopLabels], np.ndarray]:
    """Find the k best-scored labels of each row; equal scores rank by label, lowest first.

    Parameters
    ----------
    y_true, y_score : {array-like, sparse matrix} of shape (n_samples, n_labels)
        The indicator and the scores. What is unknown ranks last and never hits, as do scores that are not stored.
    k : int or None
        How many labels; `MOST` is as many as the row with the most has.
    sample_weight : array-like of shape (n_samples,) or None
        The row weights.

    Returns
    -------
    blocks : iterator of TopLabels
        Some rows at a time, so that no array of all rows and labels is made.
    sample_weight : ndarray of shape (n_samples,)
        The checked weights.

    Raises
    ------
    ValueError
        If one of them cannot be used.
    """
    y_true, unknown = check_known(y_true)
    y_score = check_scores(y_score, y_true.shape)
    n_samples, n_labels = y_true.shape
    if n_samples == 0:
        raise ValueError("y_true has no rows.")
    if k is MOST:
        k = max(int(y_true.sum(axis=1).max()), 1)
    weight = check_sample_weight(sample_weight, range(n_samples))
    return _top_labels(y_true, unknown, y_score, check_k(k, n_labels)), weight


def _top_labels(y_true: Any, unknown: Any, y_score: Any, k: int) -> Iterator[TopLabels]:
    n_labels = y_true.shape[1]
    for rows in scoring_blocks(*y_true.shape):
        truth, scores = dense(y_true[rows]).astype(bool, copy=False), _dense_scores(y_score[rows])
        if unknown is not None:
            scores = np.where(dense(unknown[rows]), -np.inf, scores)
        if k < n_labels:
            least = np.partition(scores, n_labels - k, axis=1)[:, [n_labels - k]]
            chosen = scores > least
            tied = scores == least
            room = k - np.count_nonzero(chosen, axis=1)[:, None]
            chosen |= tied & (tied.cumsum(axis=1, dtype=np.int32) <= room)
            labels = np.nonzero(chosen)[1].reshape(-1, k)
        else:
            labels = np.broadcast_to(np.arange(n_labels), scores.shape)
        best = np.take_along_axis(scores, labels, axis=1)
        order = np.argsort(-best, axis=1, kind="stable")
        labels = np.take_along_axis(labels, order, axis=1)
        known = np.take_along_axis(best, order, axis=1) > -np.inf
        yield TopLabels(rows, truth, labels, np.take_along_axis(truth, labels, axis=1) & known)


def row_mean(values: np.ndarray, sample_weight: np.ndarray | float = 1.0) -> float:
    """Average over rows, those that are nan left out.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        One score per row.
    sample_weight : ndarray of shape (n_samples,) or float, default=1.0
        The row weights.

    Returns
    -------
    mean : float
        The weighted mean; nan if no row is left.
    """
    there = ~np.isnan(values)
    weight = sample_weight * there
    total = weight.sum()
    return float(np.where(there, values, 0.0) @ weight / total) if total > 0 else float("nan")


def precision_at_k_score(y_true: Any, y_score: Any, *, k: int = 5, sample_weight: Any = None) -> float:
    r"""Share of true labels among the k best-scored ones, averaged over rows.

    .. math:: P@k = \frac{1}{N} \sum_i \frac{1}{k} \sum_{l \in \mathrm{top}_k(i)} y_{il}

    Parameters
    ----------
    y_true : {array-like, sparse matrix} of shape (n_samples, n_labels)
        The true indicator. Labels that are unknown, NaN, are left out of the ranking.
    y_score : {array-like, sparse matrix} of shape (n_samples, n_labels)
        The scores. Of a sparse matrix only the stored entries can hit. Equal scores rank by label, lowest first.
    k : int, default=5
        How many labels of each row count.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        The row weights.

    Returns
    -------
    score : float
        From 0 to 1; a row with fewer than k labels cannot reach 1.

    Raises
    ------
    ValueError
        If the inputs cannot be used.

    Examples
    --------
    >>> from skbalance.metrics import precision_at_k_score
    >>> precision_at_k_score([[1, 0, 1], [0, 1, 0]], [[0.9, 0.1, 0.8], [0.7, 0.9, 0.2]], k=2)
    0.75
    """

    def fractions(block):
        return np.count_nonzero(block.hits, axis=1), k

    return _mean_ratio(fractions, y_true, y_score, k, sample_weight)


def recall_at_k_score(
    y_true: Any, y_score: Any, *, k: int = 5, sample_weight: Any = None, zero_division: float = 0.0
) -> float:
    r"""Share of a row's true labels that are among the k best-scored ones, averaged over rows.

    .. math:: R@k = \frac{1}{N} \sum_i \frac{1}{|y_i|} \sum_{l \in \mathrm{top}_k(i)} y_{il}

    Parameters
    ----------
    y_true, y_score, k, sample_weight : see :func:`precision_at_k_score`
        The truth, the scores, how many labels count, the row weights.
    zero_division : {0, 1, nan}, default=0
        The score of a row without labels. With nan it is left out.

    Returns
    -------
    score : float
        From 0 to 1; a row with more than k labels cannot reach 1.

    Raises
    ------
    ValueError
        If the inputs cannot be used.

    Examples
    --------
    >>> from skbalance.metrics import recall_at_k_score
    >>> recall_at_k_score([[1, 0, 1], [0, 1, 0]], [[0.9, 0.1, 0.8], [0.7, 0.9, 0.2]], k=1)
    0.75
    """

    def fractions(block):
        return np.count_nonzero(block.hits, axis=1), np.count_nonzero(block.y_true, axis=1)

    return _mean_ratio(fractions, y_true, y_score, k, sample_weight, zero_division)


def ndcg_at_k_score(
    y_true: Any, y_score: Any, *, k: int = 5, sample_weight: Any = None, zero_division: float = 0.0
) -> float:
    r"""Discounted cumulative gain of the k best-scored labels divided by the best possible, averaged over rows.

    .. math::
        nDCG@k = \frac{1}{N} \sum_i \frac{\sum_{r=1}^{k} y_{i,l_r} / \log_2(r + 1)}
        {\sum_{r=1}^{\min(k, |y_i|)} 1 / \log_2(r + 1)}

    with :math:`l_r` the label at rank `r`. Where no two scores are equal this is
    :func:`sklearn.metrics.ndcg_score`, which takes neither a sparse truth nor blocks of rows.

    Parameters
    ----------
    y_true, y_score, k, sample_weight : see :func:`precision_at_k_score`
        The truth, the scores, how many labels count, the row weights.
    zero_division : {0, 1, nan}, default=0
        The score of a row without labels. With nan it is left out.

    Returns
    -------
    score : float
        From 0 to 1.

    Raises
    ------
    ValueError
        If the inputs cannot be used.

    Examples
    --------
    >>> from skbalance.metrics import ndcg_at_k_score
    >>> round(ndcg_at_k_score([[1, 0, 1]], [[0.9, 0.8, 0.1]], k=3), 4)
    0.9197
    """

    def fractions(block):
        discount = 1 / np.log2(np.arange(2, k + 2))
        ideal = np.concatenate([[0.0], discount.cumsum()])
        return block.hits @ discount, ideal[np.minimum(np.count_nonzero(block.y_true, axis=1), k)]

    return _mean_ratio(fractions, y_true, y_score, k, sample_weight, zero_division)


def r_precision_score(y_true: Any, y_score: Any, *, sample_weight: Any = None, zero_division: float = 0.0) -> float:
    r"""Precision, and recall, at as many labels as the row truly has, averaged over rows.

    .. math:: RP = \frac{1}{N} \sum_i \frac{1}{|y_i|} \sum_{l \in \mathrm{top}_{|y_i|}(i)} y_{il}

    Parameters
    ----------
    y_true, y_score, sample_weight : see :func:`precision_at_k_score`
        The truth, the scores, the row weights.
    zero_division : {0, 1, nan}, default=0
        The score of a row without labels. With nan it is left out.

    Returns
    -------
    score : float
        From 0 to 1, and 1 for a ranking with all true labels in front.

    Raises
    ------
    ValueError
        If the inputs cannot be used.

    Examples
    --------
    >>> from skbalance.metrics import r_precision_score
    >>> r_precision_score([[1, 0, 1], [0, 1, 0]], [[0.9, 0.5, 0.1], [0.1, 0.9, 0.5]])
    0.75
    """

    def fractions(block):
        n_true = np.count_nonzero(block.y_true, axis=1)
        ranks = np.arange(block.hits.shape[1])
        return np.count_nonzero(block.hits & (ranks < n_true[:, None]), axis=1), n_true

    return _mean_ratio(fractions, y_true, y_score, MOST, sample_weight, zero_division)


def _mean_ratio(
    fractions: Callable[[TopLabels], tuple[Any, Any]],
    y_true: Any,
    y_score: Any,
    k: Any,
    sample_weight: Any,
    zero_division: float = 0.0,
) -> float:
    """Mean over rows of a ratio, whose numerator and denominator ``fractions`` gives for a block of rows."""
    blocks, weight = rank_labels(y_true, y_score, k, sample_weight)
    undefined = check_zero_division(zero_division)
    return row_mean(np.concatenate([ratio(*fractions(block), undefined) for block in blocks]), weight)


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
        row_weight = weight[block.rows] / norm[np.minimum(np.count_nonzero(block.y_true, axis=1), k)]
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
