"""What `fit` of a meta-estimator is given, checked: rows that are used, splits, routed parameters, labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import DataConversionWarning
from sklearn.utils import check_random_state, indexable

from skbalance._indicators import label_sums
from skbalance._packing import pack, take_columns, unpack
from skbalance._targets import UNKNOWN, TargetEncoding, read_labels, split_unknown
from skbalance._validation import check_sparse, num_samples
from skbalance._warnings import warn
from skbalance.crossfit._rows import is_prefit, read_row_weight, resolve_splits, route_fit_params, used_rows_only


@dataclass(frozen=True)
class Totals:
    """What all training rows come to, of which only some may be at hand.

    Attributes
    ----------
    counts : ndarray of shape (n_labels,)
        Known positives of each label, or the sum of their weights.
    n_known : ndarray of shape (n_labels,)
        Rows of which each label is known, or the sum of their weights; exactly `counts` where all are positive.
    every_row_has_one : bool
        Whether no row is known to be without a label.
    n_given : int
        Rows given, used or not.
    """

    counts: np.ndarray
    n_known: np.ndarray
    every_row_has_one: bool
    n_given: int

    @classmethod
    def of(cls, labels: TrainingLabels) -> Totals:
        """Of these rows."""
        indicator, unknown, weight = labels.indicator, labels.unknown, labels.weight
        n_rows, n_labels = indicator.shape
        counts, sizes = label_sums(indicator, weight), np.diff(indicator.indptr)
        known = np.full(n_labels, n_rows) if unknown is None else n_rows - label_sums(unknown)
        n_known = known
        if weight is not None:
            total = weight.sum() - (0 if unknown is None else label_sums(unknown, weight))
            n_known = np.where(label_sums(indicator) == known, counts, total)
        if unknown is not None:
            sizes = sizes + np.diff(unknown.indptr)
        return cls(counts, n_known, bool(sizes.all()), n_rows)

    def plus(self, other: Totals) -> Totals:
        """Together with those of other rows."""
        return Totals(
            self.counts + other.counts,
            self.n_known + other.n_known,
            self.every_row_has_one and other.every_row_has_one,
            self.n_given + other.n_given,
        )


@dataclass(frozen=True)
class TrainingLabels:
    """The labels of the rows that are used, or of some of them.

    Attributes
    ----------
    indicator : csr_array of shape (n_samples, n_labels)
        What is known to be positive.
    unknown : csr_array of shape (n_samples, n_labels) or None
        What is unknown, as ones; None if nothing is.
    weight : ndarray of shape (n_samples,) or None
        How many rows each row stands for, if not for one.
    numbers : ndarray of int of shape (n_samples,) or None
        Of the rows, among all that were given; None if these are all.
    whole : Totals or None
        Of all training rows, where these are only some.
    """

    indicator: sp.csr_array
    unknown: sp.csr_array | None = None
    weight: np.ndarray | None = None
    numbers: np.ndarray | None = None
    whole: Totals | None = None

    @property
    def totals(self) -> Totals:
        """Of all training rows."""
        return Totals.of(self) if self.whole is None else self.whole

    @property
    def row_numbers(self) -> np.ndarray:
        """Of the rows, among all that were given."""
        return np.arange(self.indicator.shape[0]) if self.numbers is None else self.numbers

    @property
    def row_weight(self) -> np.ndarray:
        """How many rows each row stands for."""
        return np.ones(self.indicator.shape[0]) if self.weight is None else self.weight

    @property
    def vary(self) -> np.ndarray:
        """Whether each label has a positive and a negative that are known."""
        return (self.totals.counts > 0) & (self.totals.counts < self.totals.n_known)

    def count(self, rows) -> np.ndarray:
        """Known positives of each label among some rows, or the sum of their weights."""
        return label_sums(self.indicator[rows], None if self.weight is None else self.weight[rows])

    def take(self, rows) -> TrainingLabels:
        """Some of the rows."""
        unknown, weight = (None if each is None else each[rows] for each in (self.unknown, self.weight))
        return TrainingLabels(self.indicator[rows], unknown, weight, self.row_numbers[rows], self.totals)

    def append(self, other: TrainingLabels) -> TrainingLabels:
        """With rows that were given after all that were given before."""
        both, unknown, weight = (self, other), None, None
        if any(each.unknown is not None for each in both):
            nothing = (sp.csr_array(each.indicator.shape, dtype=np.int8) for each in both)
            unknown = _stacked(n if each.unknown is None else each.unknown for each, n in zip(both, nothing))
        if any(each.weight is not None for each in both):
            weight = np.concatenate([each.row_weight for each in both])
        numbers = np.append(self.row_numbers, self.totals.n_given + other.row_numbers)
        indicator = _stacked(each.indicator for each in both)
        return TrainingLabels(indicator, unknown, weight, numbers, self.totals.plus(other.totals))

    def of_labels(self, labels, counts) -> TrainingLabels:
        """With some of the labels, by their numbers, and where that is -1 further ones, which no row has.

        Their known positives in all training rows are `counts`.
        """
        n_known = self.totals.n_known
        return replace(
            self,
            indicator=take_columns(self.indicator, labels),
            unknown=None if self.unknown is None else take_columns(self.unknown, labels),
            whole=replace(self.totals, counts=counts, n_known=np.append(n_known, n_known.max())[labels]),
        )

    def __getstate__(self):
        return vars(self) | {"indicator": pack(self.indicator), "unknown": pack(self.unknown)}

    def __setstate__(self, state):
        self.__dict__.update(state, indicator=unpack(state["indicator"]), unknown=unpack(state["unknown"]))


def _stacked(matrices):
    return sp.csr_array(sp.vstack(list(matrices)))


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


def read_fit_inputs(meta, X, y, params, *, split=True) -> FitInputs:
    """Check what the `fit` of a meta-estimator is given, and settle its splits, if it is to be split."""
    params, split_params = route_fit_params(meta, params)
    check_sparse(X, "X")
    if X is None:
        raise ValueError("X is None; rows to fit on are needed.")
    X, y = indexable(X, y)
    weight = read_row_weight(X, params)
    y, encoding, indicator = encode_tuning_targets(y)
    used = np.ones(indicator.shape[0], dtype=bool) if weight is None else weight > 0
    rng = check_random_state(getattr(meta, "random_state", None))
    splits, cv = None, getattr(meta, "cv", "prefit")
    if split and not is_prefit(cv):
        splits = resolve_splits(cv, X, y, encoding.kind, used, rng, split_params)
    X, y, params, splits = used_rows_only(X, y, params, splits, used)
    weight = None if weight is None else weight[used]
    labels = TrainingLabels(*split_unknown(indicator[used]), weight, np.flatnonzero(used))
    labels = replace(labels, whole=replace(labels.totals, n_given=len(used)))
    return FitInputs(X, y, encoding, labels, splits, params, rng)


def encode_tuning_targets(y):
    """Encode a target, and hold it to what thresholds can be set for: binary, or an indicator.

    Parameters
    ----------
    y : array-like or sparse of shape (n_samples,) or (n_samples, n_labels)
        Target as given. An indicator may hold NaN where a label is unknown.

    Returns
    -------
    y : ndarray or CSR
        What the estimator is to be fitted on.
    encoding : TargetEncoding
        How to give predictions back.
    indicator : csr_array of shape (n_samples, n_labels)
        The target inside, with its NaN.

    Raises
    ------
    ValueError
        If it is multiclass, continuous, not finite or not 0 and 1.
    """
    y, encoding, indicator = read_labels(y, also=UNKNOWN)
    if encoding.kind == "multiclass":
        raise ValueError(
            f"Unknown label type: multiclass, with {len(encoding.classes)} classes. A binary target or an indicator of "
            "0 and 1 is needed. Only binary classification is supported for a 1-D y."
        )
    if encoding.kind == "multilabel" and encoding.n_outputs == 1 and not sp.issparse(y):
        warn(
            "A column-vector y was passed when a 1d array was expected: it is taken as the indicator of one label. "
            "Pass a 1-D y for a binary target.",
            DataConversionWarning,
        )
    if y.ndim == 2 and y.dtype.kind in "iu" and np.iinfo(y.dtype).max < encoding.n_outputs:
        # scikit-learn 1.9's LabelBinarizer, and with it OneVsRestClassifier, numbers labels in the type of y.
        y = y.astype(np.int64)
    if encoding.n_outputs == 1 and indicator.dtype.kind != "f":
        # Classifiers disagree on what a single column is; on a 1-D target they agree.
        y = y.toarray().ravel() if sp.issparse(y) else y.ravel()
    return y, encoding, indicator
