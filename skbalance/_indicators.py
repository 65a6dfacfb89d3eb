"""Checks of indicator matrices, dense or sparse, and sums over them, for all metrics."""

import numbers
from typing import Any

import numpy as np
import scipy.sparse as sp

from skbalance._targets import UNKNOWN, read_indicator, split_unknown
from skbalance._validation import check_sample_weight, read_numbers


def check_indicator(y: Any, *, name: str = "y_true") -> Any:
    """Check a multi-label indicator matrix; the caller's data is never changed.

    Parameters
    ----------
    y : {array-like, sparse matrix, frame} of shape (n_samples, n_labels)
        The indicator: 1 where the row has the label, 0 elsewhere. See :func:`skbalance._targets.read_targets`.
    name : str, default="y_true"
        What the messages call it.

    Returns
    -------
    y : ndarray of bool or csr_array, of shape (n_samples, n_labels)
        A dense boolean array, or a canonical CSR array that stores nothing but ones.

    Raises
    ------
    ValueError
        If `y` is not two-dimensional or holds anything but 0 and 1.
    """
    y = read_indicator(y, name=name)
    return sp.csr_array(y) if sp.issparse(y) else y.astype(bool, copy=False)


def check_known(y: Any, *, name: str = "y_true") -> tuple[Any, Any]:
    """Check a multi-label indicator that may hold NaN where a label is unknown.

    Parameters
    ----------
    y : {array-like, sparse matrix, frame} of shape (n_samples, n_labels)
        The indicator.
    name : str, default="y_true"
        What the messages call it.

    Returns
    -------
    y : ndarray of bool or csr_array, of shape (n_samples, n_labels)
        What is known to be positive; see :func:`check_indicator`.
    unknown : ndarray of bool or csr_array of shape (n_samples, n_labels), or None
        What is unknown; None if nothing is.

    Raises
    ------
    ValueError
        If `y` is not two-dimensional or holds anything but 0, 1 and NaN.
    """
    y = read_indicator(y, name=name, also=UNKNOWN)
    if sp.issparse(y):
        return split_unknown(sp.csr_array(y))
    unknown = np.isnan(y) if y.dtype.kind == "f" else np.zeros(0, dtype=bool)
    return (y == 1, unknown) if unknown.any() else (y.astype(bool, copy=False), None)


def align_indicators(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Check two indicators of one shape and hand both back dense, or both sparse if either is.

    Parameters
    ----------
    y_true, y_pred : {array-like, sparse matrix} of shape (n_samples, n_labels)
        The indicators. The first may hold NaN where a label is unknown.

    Returns
    -------
    y_true, y_pred : both ndarray of bool, or both csr_array
        See :func:`check_indicator`. A pair that is unknown is in neither: it counts neither as right nor as wrong.

    Raises
    ------
    ValueError
        If either is no indicator, or the shapes differ.
    """
    first, unknown = check_known(y_true)
    second = check_indicator(y_pred, name="y_pred")
    if first.shape != second.shape:
        raise ValueError(f"y_true and y_pred must have one shape; got {first.shape} and {second.shape}.")
    if sp.issparse(first) != sp.issparse(second):
        first, second = sp.csr_array(first), sp.csr_array(second)
    if unknown is not None and sp.issparse(second):
        second = sp.csr_array(second.astype(bool) > sp.csr_array(unknown, dtype=bool))
    elif unknown is not None:
        second = second & ~unknown
    return first, second


def check_row_weight(sample_weight: Any, n_samples: int) -> np.ndarray | None:
    """Check the row weights.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,) or None
        The weights: finite, none negative, not all zero.
    n_samples : int
        The number of rows.

    Returns
    -------
    sample_weight : ndarray of float64 of shape (n_samples,) or None
        None stays None.

    Raises
    ------
    ValueError
        If the weights cannot be used.
    """
    return None if sample_weight is None else check_sample_weight(sample_weight, range(n_samples))


def label_sums(y: Any, sample_weight: np.ndarray | None = None) -> np.ndarray:
    """Sum each column of a checked indicator.

    Parameters
    ----------
    y : ndarray of bool or csr_array of shape (n_samples, n_labels)
        From :func:`check_indicator`.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        The row weights.

    Returns
    -------
    sums : ndarray of shape (n_labels,)
        The number of ones of each label, or the sum of their weights.
    """
    if sp.issparse(y):
        weights = None if sample_weight is None else np.repeat(sample_weight, np.diff(y.indptr))
        return np.bincount(y.indices, weights=weights, minlength=y.shape[1])
    return np.count_nonzero(y, axis=0) if sample_weight is None else sample_weight @ y


def label_confusion(
    y_true: Any, y_pred: Any, sample_weight: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count hits, predictions and truths of each label of two aligned indicators.

    Parameters
    ----------
    y_true, y_pred : both ndarray of bool, or both csr_array
        From :func:`align_indicators`.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        The row weights.

    Returns
    -------
    true_positives, predicted, positives : ndarray of shape (n_labels,)
        (Weighted) counts per label.
    """
    hits = y_true.multiply(y_pred).tocsr() if sp.issparse(y_true) else y_true & y_pred
    true_positives, predicted, positives = (label_sums(y, sample_weight) for y in (hits, y_pred, y_true))
    return true_positives, predicted, positives


def fractions(hits: Any, predicted: Any, positives: Any) -> dict[str, tuple[Any, Any]]:
    """Numerator and denominator of F1, precision and recall."""
    return {"f1": (2 * hits, predicted + positives), "precision": (hits, predicted), "recall": (hits, positives)}


def label_fractions(kind: str, y_true: Any, y_pred: Any, sample_weight: np.ndarray | None = None) -> tuple[Any, Any]:
    """Numerator and denominator of each label's score.

    Parameters
    ----------
    kind : {"f1", "precision", "recall"}
        The score.
    y_true, y_pred : both ndarray of bool, or both csr_array
        From :func:`align_indicators`.
    sample_weight : ndarray of shape (n_samples,) or None, default=None
        The row weights.

    Returns
    -------
    numerator, denominator : ndarray of shape (n_labels,)
        For F1, twice the hits, and predictions and truths.
    """
    return fractions(*label_confusion(y_true, y_pred, sample_weight))[kind]


def ratio(numerator: Any, denominator: Any, undefined: float) -> np.ndarray:
    """Divide element by element; where the denominator is 0 the ratio is ``undefined``."""
    out = np.full(np.shape(numerator), float(undefined))
    return np.divide(numerator, denominator, out=out, where=np.asarray(denominator) > 0)


def check_zero_division(zero_division: Any) -> float:
    """Check the score that stands in for an undefined one.

    Parameters
    ----------
    zero_division : {0, 1, nan}
        The score; with nan, the item is left out.

    Returns
    -------
    zero_division : float
        As a float.

    Raises
    ------
    ValueError
        If it is something else.
    """
    if not isinstance(zero_division, numbers.Real) or not (zero_division in (0, 1) or zero_division != zero_division):
        raise ValueError(f"zero_division must be 0, 1 or nan; got {zero_division!r}.")
    return float(zero_division)


def read_counts(label_counts: Any) -> np.ndarray:
    """Check the number of positives of each label.

    Parameters
    ----------
    label_counts : array-like of shape (n_labels,)
        The counts.

    Returns
    -------
    counts : ndarray of float64 of shape (n_labels,)
        The same.

    Raises
    ------
    ValueError
        If they are not a vector of finite numbers of at least 0.
    """
    counts = read_numbers(label_counts, "label_counts")
    if counts.ndim != 1:
        raise ValueError(f"label_counts must be a vector of numbers, one per label; got shape {counts.shape}.")
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise ValueError("label_counts must be finite and at least 0.")
    return counts


def label_propensities(label_counts: Any, n_samples: int, *, A: float = 0.55, B: float = 1.5) -> np.ndarray:
    r"""Estimate the probability that a true label was recorded, from how often the label occurs.

    .. math:: p_l = \frac{1}{1 + C (n_l + B)^{-A}}, \qquad C = (\log N - 1) (B + 1)^A

    Parameters
    ----------
    label_counts : array-like of shape (n_labels,)
        The positives of each label in the *training* data.
    n_samples : int
        The number of rows in the training data. Up to e rows, C is taken as 0 and every propensity is 1.
    A, B : float, default=0.55, 1.5
        The shape, as [1]_ gives it for most data sets. (0.5, 0.4 for Wikipedia; 0.6, 2.6 for Amazon.)

    Returns
    -------
    propensities : ndarray of shape (n_labels,)
        In (0, 1], growing with the count.

    Raises
    ------
    ValueError
        If the counts are not a vector of finite numbers of at least 0, or another value is not positive.

    References
    ----------
    .. [1] Jain, Prabhu and Varma, "Extreme Multi-label Loss Functions for Recommendation, Tagging, Ranking and
       Other Missing Label Applications", KDD 2016.

    Examples
    --------
    >>> from skbalance.metrics import label_propensities
    >>> label_propensities([1000, 10, 1], n_samples=5000).round(3)
    array([0.782, 0.235, 0.117])
    """
    counts = read_counts(label_counts)
    for name, value in (("n_samples", n_samples), ("A", A), ("B", B)):
        number = read_numbers(value, name) if isinstance(value, numbers.Real) else np.array(np.nan)
        if isinstance(value, bool) or number.ndim or not 0 < number < np.inf:
            raise ValueError(f"{name} must be a positive number; got {value!r}.")
    # (B + 1) ** A (n + B) ** -A as one power, which overflows only where the propensity is next to nothing.
    odds = max(np.log(float(n_samples)) - 1, 0.0) * np.exp(
        np.minimum(float(A) * np.log((float(B) + 1) / (counts + float(B))), 600.0)
    )
    return 1 / (1 + odds)
