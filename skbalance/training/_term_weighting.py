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
    present = sp.csr_array(data.X != 0).astype(np.float64)
    # The labels first: of few of them the product reads the samples that have one, and no more.
    inside = (sp.csr_array(_like(y, pair_weight * np.nan_to_num(y.data)).T) @ present).tocoo()
    labels, features = inside.coords
    outside = (weight @ present)[features] - inside.data
    if y.dtype.kind == "f" and np.isnan(y.data).any():
        outside -= (_like(y, pair_weight * np.isnan(y.data)).T @ present).toarray()[labels, features]
    weights = np.ones((present.shape[1], y.shape[1]), dtype=data.X.dtype)
    weights[features, labels] = np.log2(2 + inside.data / np.maximum(outside, 1))
    return weights


def _like(y, values):
    return sp.csr_array((values, y.indices, y.indptr), shape=y.shape)
