"""Which rows are fitted on, which are scored, and where the parameters of `fit` go."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn import get_config
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit, check_cv
from sklearn.utils.metadata_routing import process_routing

from skbalance._validation import _safe_indexing, check_method_params, check_sample_weight
from skbalance.model_selection import MultilabelStratifiedKFold, MultilabelStratifiedShuffleSplit


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
        If it is any other string.
    """
    if isinstance(cv, str) and cv != "prefit":
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
    if isinstance(cv, bool):
        raise ValueError(f"cv must be an int, a float, a splitter, an iterable or 'prefit'; got {cv}.")
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
    if rows.dtype == bool and len(rows) == n_rows:
        return np.flatnonzero(rows)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise ValueError(
            f"cv must give pairs of row numbers or of masks of {n_rows} rows; got an array of {rows.dtype} of shape "
            f"{rows.shape}."
        )
    if len(rows) and not (-n_rows <= rows.min() and rows.max() < n_rows):
        row = rows.max() if rows.max() >= n_rows else rows.min()
        raise ValueError(f"cv gives row {row}, and there are {n_rows} rows.")
    return rows
