"""What `fit` of a meta-estimator is given, checked: rows that are used, splits, routed parameters, labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_random_state, indexable

from skbalance._targets import TargetEncoding, split_unknown
from skbalance._validation import check_sparse, num_samples
from skbalance.crossfit._fits import label_counts
from skbalance.crossfit._rows import check_rows, is_prefit, resolve_splits, route_fit_params, used_rows_only
from skbalance.crossfit._target import encode_tuning_targets


@dataclass(frozen=True)
class TrainingLabels:
    """The labels of the rows that are used.

    Attributes
    ----------
    indicator : csr_array of shape (n_samples, n_labels)
        What is known to be positive.
    unknown : csr_array of shape (n_samples, n_labels) or None
        What is unknown, as ones; None if nothing is.
    """

    indicator: sp.csr_array
    unknown: sp.csr_array | None = None

    @cached_property
    def counts(self) -> np.ndarray:
        """Known positives of each label."""
        return label_counts(self.indicator)

    @cached_property
    def n_known(self) -> np.ndarray:
        """Rows of which each label is known."""
        n_rows, n_labels = self.indicator.shape
        return np.full(n_labels, n_rows) if self.unknown is None else n_rows - label_counts(self.unknown)

    @property
    def vary(self) -> np.ndarray:
        """Whether each label has a positive and a negative that are known."""
        return (self.counts > 0) & (self.counts < self.n_known)

    @property
    def every_row_has_one(self) -> bool:
        """Whether no row is known to be without a label."""
        sizes = np.diff(self.indicator.indptr)
        return bool((sizes if self.unknown is None else sizes + np.diff(self.unknown.indptr)).all())


@dataclass(frozen=True)
class FitInputs:
    """What `fit` works on.

    Attributes
    ----------
    X, y : array-like
        Features and target of the rows that are used, as the estimators take them.
    encoding : TargetEncoding
        How to give predictions back.
    labels : TrainingLabels
        The target inside.
    splits : list of (ndarray, ndarray) or None
        Row numbers; None for estimators that are fitted already.
    params : dict of dict
        For the `fit` of each scorer.
    rng : RandomState
        Of the meta-estimator.
    """

    X: Any
    y: Any
    encoding: TargetEncoding
    labels: TrainingLabels
    splits: list | None
    params: dict
    rng: np.random.RandomState

    @property
    def n_rows(self) -> int:
        """Rows that are used."""
        return num_samples(self.X)


def read_fit_inputs(meta, X, y, params) -> FitInputs:
    """Check what the `fit` of a meta-estimator is given, and settle its splits."""
    params, split_params = route_fit_params(meta, params)
    check_sparse(X, "X")
    X, y = indexable(X, y)
    used = check_rows(X, y, params)
    y, encoding, indicator = encode_tuning_targets(y)
    rng = check_random_state(meta.random_state)
    splits = None
    if not is_prefit(meta.cv):
        splits = resolve_splits(meta.cv, X, y, encoding.kind, used, rng, split_params)
    X, y, params, splits = used_rows_only(X, y, params, splits, used)
    return FitInputs(X, y, encoding, TrainingLabels(*split_unknown(indicator[used])), splits, params, rng)
