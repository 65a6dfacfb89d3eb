"""Weights of each feature for each label, learned from where they occur together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    from ._batches import TrainingData


def relevance_frequency(data: TrainingData) -> np.ndarray:
    """Relevance frequency of each feature for each label, ``log2(2 + a / max(1, c))``.

    The feature is present, that is not zero, in `a` samples of the label, and in `c` others; both are sums of weights,
    times the label where it is soft. Samples of which the label is unknown are neither.

    Parameters
    ----------
    data : TrainingData
        Training samples.

    Returns
    -------
    weights : ndarray of shape (n_features, n_labels)
        At least 1, of the type of the features.

    References
    ----------
    Lan, Tan, Su and Lu, "Supervised and Traditional Term Weighting Methods for Automatic Text Categorization", IEEE
    Transactions on Pattern Analysis and Machine Intelligence 31(4), 2009.
    """
    y, weight = data.y, np.asarray(data.weight, dtype=np.float64)
    pair_weight = np.repeat(weight, np.diff(y.indptr))
    present = data.X != 0
    inside = _present_in(present, y, pair_weight * np.nan_to_num(y.data))
    outside = (present.T @ weight)[:, None] - inside
    if y.dtype.kind == "f" and np.isnan(y.data).any():
        outside -= _present_in(present, y, pair_weight * np.isnan(y.data))
    np.maximum(outside, 1, out=outside)
    inside /= outside
    inside += 2
    return np.log2(inside, out=inside).astype(data.X.dtype, copy=False)


def _present_in(present, y, pair_weight) -> np.ndarray:
    """Weight of the pairs of each label in whose samples each feature is present, of shape (n_features, n_labels)."""
    weighted = sp.csr_array((pair_weight, y.indices, y.indptr), shape=y.shape)
    if sp.issparse(present):
        return (present.T.astype(np.float64) @ weighted).toarray()
    return np.asarray((weighted.T @ present.astype(np.float64)).T)
