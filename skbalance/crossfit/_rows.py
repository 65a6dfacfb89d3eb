"""What `fit` of a meta-estimator is given, checked: rows that are used, splits, routed parameters, labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn import get_config
from sklearn.exceptions import DataConversionWarning
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit, check_cv
from sklearn.utils import check_random_state, indexable
from sklearn.utils.metadata_routing import process_routing

from skbalance._indicators import label_sums
from skbalance._packing import pack, take_columns, unpack
from skbalance._targets import UNKNOWN, TargetEncoding, read_labels, split_unknown
from skbalance._validation import _safe_indexing, check_method_params, check_sample_weight, check_sparse
from skbalance._warnings import warn
from skbalance.model_selection import MultilabelStratifiedKFold, MultilabelStratifiedShuffleSplit


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
    numbers : ndarray of int of shape (n_samples,)
        Of the rows, among all that were given.
    totals : Totals
        Of all training rows, of which these may be some.
    """

    indicator: sp.csr_array
    unknown: sp.csr_array | None
    weight: np.ndarray | None
    numbers: np.ndarray
    totals: Totals

    @classmethod
    def of(cls, indicator, unknown=None, weight=None, used=None) -> TrainingLabels:
        """The labels of all rows that are used: those that the mask `used` has of the rows given, or all."""
        n_rows, n_labels = indicator.shape
        used = np.ones(n_rows, dtype=bool) if used is None else used
        counts, sizes = label_sums(indicator, weight), np.diff(indicator.indptr)
        n_known = known = np.full(n_labels, n_rows) if unknown is None else n_rows - label_sums(unknown)
        if weight is not None:
            total = weight.sum() - (0 if unknown is None else label_sums(unknown, weight))
            n_known = np.where(label_sums(indicator) == known, counts, total)
        if unknown is not None:
            sizes = sizes + np.diff(unknown.indptr)
        totals = Totals(counts, n_known, bool(sizes.all()), len(used))
        return cls(indicator, unknown, weight, np.flatnonzero(used), totals)

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
        return TrainingLabels(self.indicator[rows], unknown, weight, self.numbers[rows], self.totals)

    def append(self, other: TrainingLabels) -> TrainingLabels:
        """With rows that were given after all that were given before."""
        unknown, weight, before, later = None, None, self.totals, other.totals
        if self.unknown is not None or other.unknown is not None:
            nothing = (sp.csr_array(each.indicator.shape, dtype=np.int8) for each in (self, other))
            unknown = _stacked(n if each.unknown is None else each.unknown for each, n in zip((self, other), nothing))
        if self.weight is not None or other.weight is not None:
            weight = np.append(self.row_weight, other.row_weight)
        every, n_given = before.every_row_has_one and later.every_row_has_one, before.n_given + later.n_given
        totals = Totals(before.counts + later.counts, before.n_known + later.n_known, every, n_given)
        numbers = np.append(self.numbers, before.n_given + other.numbers)
        return TrainingLabels(_stacked([self.indicator, other.indicator]), unknown, weight, numbers, totals)

    def of_labels(self, labels, counts) -> TrainingLabels:
        """With some of the labels, by their numbers, and where that is -1 further ones, which no row has.

        Their known positives in all training rows are `counts`.
        """
        n_known = self.totals.n_known
        return replace(
            self,
            indicator=take_columns(self.indicator, labels),
            unknown=None if self.unknown is None else take_columns(self.unknown, labels),
            totals=replace(self.totals, counts=counts, n_known=np.append(n_known, n_known.max())[labels]),
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
    def tests(self) -> list[np.ndarray]:
        """Numbers of the rows that are scored in each split; all rows where there is none."""
        return [np.arange(len(self.labels.numbers))] if self.splits is None else [test for _, test in self.splits]


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
    labels = TrainingLabels.of(*split_unknown(indicator[used]), weight, used)
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


def route_fit_params(meta, params):
    """What goes to the `fit` of each scorer, by its name, and what to the splitter's `split`.

    Without metadata routing every scorer gets the same, and the splitter ``groups``, as in scikit-learn's searches.
    """
    names = [name for name, _ in meta._scorers()]
    if not get_config()["enable_metadata_routing"]:
        given = {name: value for name, value in params.items() if value is not None}
        split_params = {"groups": given.pop("groups")} if "groups" in given and hasattr(meta, "cv") else {}
        return dict.fromkeys(names, given), split_params
    routed = process_routing(meta, "fit", **params)
    return {name: routed[name].fit for name in names}, routed.splitter.split if hasattr(meta, "cv") else {}


def read_row_weight(X, fit_params) -> np.ndarray | None:
    """How much each row counts; those of weight 0 are neither fitted on nor scored.

    A weight is what reaches an estimator as ``sample_weight`` or, in a pipeline, as ``step__sample_weight``. Where
    there are several, a row counts as much as the mean of them.

    Parameters
    ----------
    X : array-like
        All rows.
    fit_params : dict of dict
        For the `fit` of each scorer.

    Returns
    -------
    weight : ndarray of shape (n_samples,) or None
        None if there is none.

    Raises
    ------
    ValueError
        If there is no row or no feature, or weights are not one for each row, negative, not finite or all 0.
    """
    shape = X.shape if hasattr(X, "shape") else (len(X),)
    for axis, what in enumerate(("sample(s)", "feature(s)")[: len(shape)]):
        if shape[axis] == 0:
            raise ValueError(f"Found array with 0 {what} (shape={tuple(shape)}) while a minimum of 1 is required.")
    weights: list = [
        check_sample_weight(value, X, name=name)
        for params in fit_params.values()
        for name, value in params.items()
        if name.split("__")[-1] == "sample_weight" and (isinstance(value, list | tuple) or np.ndim(value))
    ]
    return np.mean(weights, axis=0) if weights else None


def used_rows_only(X, y, params, splits, used):
    """X, y, the parameters of each scorer's `fit` and the splits, without the rows that are not used."""
    if used.all():
        return X, y, params, splits
    if y.ndim == 1 and len(np.unique(y[used])) == 1:
        raise ValueError("Rows whose sample_weight is not 0 all have the same class.")
    rows, position = np.flatnonzero(used), np.cumsum(used) - 1
    params = {name: check_method_params(X, given, indices=rows) for name, given in params.items()}
    if splits is not None:
        splits = [(position[train], position[test]) for train, test in splits]
    return _safe_indexing(X, rows), y[rows], params, splits


def is_prefit(cv) -> bool:
    """Whether `cv` says that the estimator is fitted already.

    Raises
    ------
    ValueError
        If it is any other string, or a boolean.
    """
    if isinstance(cv, bool) or (isinstance(cv, str) and cv != "prefit"):
        raise ValueError(f"cv must be an int, a float, a splitter, an iterable or 'prefit'; got {cv!r}.")
    return isinstance(cv, str)


def resolve_splits(cv, X, y, kind, used, random_state, split_params):
    """Rows of each split, once and for all.

    A splitter or an iterable of the user sees all rows, and rows that are not used are dropped from what it gives;
    folds that are made here are made of the rows that are used.

    Parameters
    ----------
    cv : int, float, splitter, iterable or None
        As given by the user.
    X, y : array-like
        All rows.
    kind : {"binary", "multilabel"}
        Of the target.
    used : ndarray of bool of shape (n_samples,)
        Rows of a weight that is not 0.
    random_state : RandomState
        Shuffles folds that are made here.
    split_params : dict
        For the splitter.

    Returns
    -------
    splits : list of (ndarray, ndarray)
        Row numbers.

    Raises
    ------
    ValueError
        If `cv` is none of these, or leaves a split without rows to fit on or to score.
    """
    seed = random_state.randint(np.iinfo(np.int32).max)
    if cv is None or isinstance(cv, Real):
        rows = np.flatnonzero(used)
        splitter = _own_splitter(cv, kind, seed)
        split_params = check_method_params(X, split_params, indices=rows)  # the splitters warn of groups
        given = splitter.split(np.zeros(len(rows)), y[rows], **split_params)
        return [(rows[train], rows[test]) for train, test in given]
    given = list(check_cv(cv, y).split(X, y, **split_params))
    if not given:
        raise ValueError("cv gives no split.")
    splits = []
    for number, split in enumerate(map(tuple, given)):
        if len(split) != 2:
            raise ValueError(f"cv must give pairs (train, test); got {len(split)} parts.")
        train, test = (rows[used[rows]] for rows in (_as_index(part, len(used)) for part in split))
        if not len(train) or not len(test):
            what = "to score" if len(train) else "to fit on"
            raise ValueError(f"cv leaves split {number} without rows {what}; rows of weight 0 do not count.")
        splits.append((train, test))
    return splits


def _own_splitter(cv, kind, seed):
    if cv is None or isinstance(cv, Integral):
        splitter = StratifiedKFold if kind == "binary" else MultilabelStratifiedKFold
        return splitter(5 if cv is None else int(cv), shuffle=True, random_state=seed)
    if not 0 < cv < 1:
        raise ValueError(f"cv as a float is the share of a hold-out, between 0 and 1; got {cv}.")
    splitter = StratifiedShuffleSplit if kind == "binary" else MultilabelStratifiedShuffleSplit
    return splitter(n_splits=1, test_size=float(cv), random_state=seed)


def _as_index(rows, n_rows):
    rows = np.asarray(rows)
    why = f"one is an array of shape {rows.shape}"
    try:
        if rows.ndim == 1:
            return np.arange(n_rows)[rows]
    except IndexError as error:
        why = f"in an array of {rows.dtype}, {error}"
    raise ValueError(f"cv must give pairs of row numbers or of masks of {n_rows} rows; {why}.")
