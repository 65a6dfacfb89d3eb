"""Label propensities, for losses and metrics."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from skbalance._indicators import read_counts
from skbalance._validation import read_numbers


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
