"""Metrics of probabilities: calibration error and Brier score."""

import numbers
from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp

from skbalance._indicators import check_known, ratio
from skbalance._packing import dense
from skbalance._responses import scoring_blocks
from skbalance._validation import check_option, check_sample_weight
from skbalance.metrics._ranking import check_scores, row_mean

_MAX_BINS = 10_000


def _blocks(y_true: Any, y_proba: Any, sample_weight: Any) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Truth, probability and weight of each pair, some rows at a time, of which there is one at least."""
    y_true, unknown = check_known(y_true)
    if sp.issparse(y_proba):
        raise ValueError("y_proba must be dense: an entry that is not stored has no probability.")
    every = check_scores(y_proba, y_true.shape, name="y_proba")
    if every.size == 0:
        raise ValueError(f"y_true must have rows and labels; got the shape {y_true.shape}.")
    if every.min() < 0 or every.max() > 1:
        raise ValueError(f"y_proba must lie from 0 to 1; it reaches from {every.min():.4g} to {every.max():.4g}.")
    weight = check_sample_weight(sample_weight, range(len(every)))
    for rows in scoring_blocks(*y_true.shape):
        proba = every[rows].astype(np.float64, copy=False)
        pair_weight = np.broadcast_to(weight[rows, None], proba.shape)
        if unknown is not None:
            pair_weight = np.where(dense(unknown[rows]), 0.0, pair_weight)
        yield dense(y_true[rows]).astype(np.float64), proba, pair_weight


def expected_calibration_error(
    y_true: Any, y_proba: Any, *, n_bins: int = 15, average: str = "micro", sample_weight: Any = None
) -> float:
    r"""Mean absolute difference of predicted probability and observed frequency, over bins of equal width.

    .. math:: ECE = \sum_b \frac{n_b}{n} \left| \frac{1}{n_b} \sum_{j \in b} y_j -
        \frac{1}{n_b} \sum_{j \in b} p_j \right|

    Parameters
    ----------
    y_true : {array-like, sparse matrix} of shape (n_samples, n_labels)
        The true indicator. Labels that are unknown, NaN, are left out.
    y_proba : array-like of shape (n_samples, n_labels)
        The probability of each label.
    n_bins : int, default=15
        The number of bins from 0 to 1. A probability on an edge belongs to the upper bin.
    average : {"micro", "macro"}, default="micro"
        Micro takes all pairs of row and label together, macro is the mean over labels of each label's error.
        With many labels nearly all pairs are easy negatives, so compare like with like only.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        The row weights.

    Returns
    -------
    error : float
        From 0, the best, to 1; NaN where no label is known.

    Raises
    ------
    ValueError
        If the inputs cannot be used.

    References
    ----------
    Naeini, Cooper and Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015.

    Examples
    --------
    >>> from skbalance.metrics import expected_calibration_error
    >>> expected_calibration_error([[1], [0], [1], [1]], [[0.75], [0.75], [0.75], [0.75]])
    0.0
    >>> expected_calibration_error([[0, 1], [0, 1]], [[0.25, 1.0], [0.25, 1.0]])
    0.125
    """
    check_option(average, ("micro", "macro"), "average")
    if not isinstance(n_bins, numbers.Integral) or isinstance(n_bins, bool) or not 1 <= n_bins <= _MAX_BINS:
        raise ValueError(f"n_bins must be an integer from 1 to {_MAX_BINS}; got {n_bins!r}.")
    n_bins = int(n_bins)  # small integers of NumPy overflow
    gap: Any = 0.0
    total: Any = 0.0
    for truth, proba, weight in _blocks(y_true, y_proba, sample_weight):
        group = np.arange(proba.shape[1]) * (average == "macro")
        n_cells = n_bins * (group[-1] + 1)
        cell = np.minimum((proba * n_bins).astype(np.int64), n_bins - 1) + n_bins * group
        gap += np.bincount(cell.ravel(), weights=((truth - proba) * weight).ravel(), minlength=n_cells)
        total += np.bincount(group, weights=weight.sum(axis=0))
    return row_mean(ratio(np.abs(gap).reshape(-1, n_bins).sum(axis=1), total, np.nan))


def multilabel_brier_score_loss(y_true: Any, y_proba: Any, *, sample_weight: Any = None) -> float:
    r"""Mean squared difference of probability and truth, over all pairs of row and label.

    .. math:: \frac{1}{N L} \sum_{i,l} (p_{il} - y_{il})^2

    Parameters
    ----------
    y_true : {array-like, sparse matrix} of shape (n_samples, n_labels)
        The true indicator. Labels that are unknown, NaN, are left out.
    y_proba : array-like of shape (n_samples, n_labels)
        The probability of each label.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        The row weights.

    Returns
    -------
    loss : float
        From 0, the best, to 1; NaN where no label is known. It is the mean over labels of
        :func:`sklearn.metrics.brier_score_loss`.

    Raises
    ------
    ValueError
        If the inputs cannot be used.

    Examples
    --------
    >>> from skbalance.metrics import multilabel_brier_score_loss
    >>> multilabel_brier_score_loss([[1, 0], [0, 1]], [[1.0, 0.0], [0.5, 0.5]])
    0.125
    """
    loss = total = 0.0
    for truth, proba, weight in _blocks(y_true, y_proba, sample_weight):
        loss += float((weight * np.square(proba - truth)).sum())
        total += float(weight.sum())
    return float(ratio(loss, total, np.nan))
