"""Targets, splits and fits of the meta-estimators: everything up to scores of rows that no model has seen."""

from __future__ import annotations

import warnings
from numbers import Integral, Real

import numpy as np
import scipy.sparse as sp
from sklearn import get_config
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit, check_cv
from sklearn.utils import assert_all_finite
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from skbalance._targets import encode_targets
from skbalance._validation import _safe_indexing, check_method_params, num_samples
from skbalance.crossfit._pairs import ScoredPairs, rank_pairs
from skbalance.crossfit._responses import log_odds, response, scoring_blocks
from skbalance.model_selection import MultilabelStratifiedKFold, MultilabelStratifiedShuffleSplit

__all__ = [
    "check_rows",
    "encode_tuning_targets",
    "fit_quietly",
    "label_counts",
    "out_of_sample_pairs",
    "resolve_splits",
    "route_fit_params",
]

# A fitted classifier's rows are cut into so many parts, to try cuts on rows that they were not set on.
_PREFIT_PARTS = 5


def encode_tuning_targets(y):
    """Encode a target, and hold it to what can be cut: binary, or an indicator.

    Parameters
    ----------
    y : array-like or sparse of shape (n_samples,) or (n_samples, n_labels)
        Target as given.

    Returns
    -------
    y : ndarray or CSR
        What the estimator is to be fitted on.
    encoding : TargetEncoding
        How to give predictions back.
    indicator : csr_array of shape (n_samples, n_labels)
        The target inside.

    Raises
    ------
    ValueError
        If it is multiclass, continuous, not finite or not 0 and 1.
    """
    if y is None:
        raise ValueError("This estimator requires y to be passed, but the target y is None.")
    y = y.tocsr() if sp.issparse(y) else np.asarray(y)
    assert_all_finite(y.data if sp.issparse(y) else y, input_name="y")
    encoding, indicator = encode_targets(y)
    if encoding.kind == "multiclass":
        raise ValueError(
            f"Unknown label type: multiclass, with {len(encoding.classes)} classes. A binary target or an indicator of "
            "0 and 1 is needed. Only binary classification is supported for a 1-D y."
        )
    if encoding.kind == "multilabel" and encoding.n_outputs == 1 and not sp.issparse(y):
        warnings.warn(
            "A column-vector y was passed when a 1d array was expected: it is taken as the indicator of one label. "
            "Pass a 1-D y for a binary target.",
            DataConversionWarning,
            stacklevel=3,
        )
    if y.ndim == 2 and y.dtype.kind in "iu" and np.iinfo(y.dtype).max < encoding.n_outputs:
        # scikit-learn 1.9's LabelBinarizer, and with it OneVsRestClassifier, numbers labels in the type of y.
        y = y.astype(np.int64)
    if encoding.n_outputs == 1:
        # Classifiers disagree on what a single column is; on a 1-D target they agree.
        y = y.toarray().ravel() if sp.issparse(y) else y.ravel()
    return y, encoding, indicator


def resolve_splits(cv, estimator, X, y, kind, random_state, split_params):
    """The (train, test) pairs of a `cv` parameter, or None for a fitted estimator.

    Parameters
    ----------
    cv : int, float, splitter, iterable, "prefit" or None
        As given by the user.
    estimator : classifier
        Must be fitted for ``"prefit"``.
    X, y : array-like
        All rows.
    kind : {"binary", "multilabel"}
        Of the target.
    random_state : RandomState
        Shuffles folds that are made here.
    split_params : dict
        For the splitter.

    Returns
    -------
    splits : list of (ndarray, ndarray) or None
        Row numbers.

    Raises
    ------
    ValueError
        If `cv` is none of these.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    """
    if isinstance(cv, str):
        if cv != "prefit":
            raise ValueError(f"cv must be an int, a float, a splitter, an iterable or 'prefit'; got {cv!r}.")
        check_is_fitted(estimator)
        return None
    seed = random_state.randint(np.iinfo(np.int32).max)
    if isinstance(cv, Real) and not isinstance(cv, Integral):
        share = float(cv)
        if not 0 < share < 1:
            raise ValueError(f"cv as a float is the share of a hold-out, between 0 and 1; got {cv}.")
        splitter = StratifiedShuffleSplit if kind == "binary" else MultilabelStratifiedShuffleSplit
        cv = splitter(n_splits=1, test_size=share, random_state=seed)
    elif cv is None or isinstance(cv, Integral):
        n_splits = 5 if cv is None else int(cv)
        splitter = StratifiedKFold if kind == "binary" else MultilabelStratifiedKFold
        cv = splitter(n_splits, shuffle=True, random_state=seed)
    splits = [(np.asarray(a), np.asarray(b)) for a, b in check_cv(cv, y).split(X, y, **split_params)]
    if not splits or any(len(part) == 0 for split in splits for part in split):
        raise ValueError(f"cv={cv!r} leaves a fold without rows.")
    n_rows = num_samples(X)
    return [(_as_index(train, n_rows), _as_index(test, n_rows)) for train, test in splits]


def _as_index(rows, n_rows):
    return np.flatnonzero(rows) if rows.dtype == bool and len(rows) == n_rows else rows


def check_rows(X, y, fit_params):
    """Rows to fit on: those whose `sample_weight`, if there is one, is not 0.

    Parameters
    ----------
    X, y : array-like
        All rows.
    fit_params : dict
        For the estimator's `fit`.

    Returns
    -------
    X, y, fit_params
        Cut to the rows, or as they are.

    Raises
    ------
    ValueError
        If there is no row or no feature, all weights are 0, or the rows left have one class.
    """
    shape = X.shape if hasattr(X, "shape") else (len(X),)
    for axis, what in enumerate(("sample(s)", "feature(s)")[: len(shape)]):
        if shape[axis] == 0:
            raise ValueError(f"Found array with 0 {what} (shape={shape}) while a minimum of 1 is required.")
    weight = fit_params.get("sample_weight")
    if weight is None or np.ndim(weight) != 1 or len(weight) != num_samples(X) or np.all(np.asarray(weight)):
        return X, y, fit_params
    rows = np.flatnonzero(np.asarray(weight))
    if not len(rows):
        raise ValueError("sample_weight is 0 for every row.")
    if np.ndim(y) == 1 and len(np.unique(np.asarray(y)[rows])) == 1:
        raise ValueError("Rows whose sample_weight is not 0 all have the same class.")
    return _safe_indexing(X, rows), _safe_indexing(y, rows), check_method_params(X, fit_params, indices=rows)


def route_fit_params(meta, params):
    """What goes to the estimator's `fit`, and what to the splitter's `split`."""
    if not get_config()["enable_metadata_routing"]:
        return {name: value for name, value in params.items() if value is not None}, {}
    routed = process_routing(meta, "fit", **params)
    return routed.estimator.fit, routed.splitter.split


def label_counts(y) -> np.ndarray:
    """Positives of each label of an indicator, dense or sparse."""
    return np.asarray(y.sum(axis=0), dtype=np.int64).ravel()


def fit_quietly(estimator, X, y, train, params, counts):
    """Fit a clone on some rows, without warnings on labels that are missing there.

    Parameters
    ----------
    estimator : classifier
        Left as it is.
    X, y : array-like
        All rows.
    train : ndarray of int
        Rows to fit on.
    params : dict
        For `fit`; what has a value for each row is cut to `train`.
    counts : ndarray of shape (n_labels,)
        Positives of each label among `train`.

    Returns
    -------
    fitted : classifier
        The fitted clone.
    """
    fold_params = check_method_params(X, params, indices=train)
    y_train = y[train]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Label .* is present in all training examples")
        warnings.filterwarnings("ignore", message=r"\d+ of \d+ labels have (no positive|every) sample")
        try:
            return clone(estimator).fit(_safe_indexing(X, train), y_train, **fold_params)
        except ValueError as error:
            single = np.flatnonzero((counts == 0) | (counts == num_samples(y_train)))
            if len(single) and y.ndim == 2:
                raise ValueError(
                    f"{type(estimator).__name__} failed on a fold in which {len(single)} of {len(counts)} labels "
                    f"(the first is {single[0]}) have one class only. Use a classifier that takes such labels "
                    f"(OneVsRestClassifier, BalancedMultiLabelClassifier), or leave them out. It said: {error}"
                ) from error
            raise


def out_of_sample_pairs(estimator, X, y, indicator, splits, params, *, method, width, refit, n_jobs, random_state):
    """Fit the folds, keep the best pairs of the rows that each left out, and fit on all rows.

    Parameters
    ----------
    estimator : classifier
        Fitted if there are no splits; else left as it is.
    X, y : array-like
        All rows.
    indicator : csr_array of shape (n_samples, n_labels)
        The target inside.
    splits : list of (ndarray, ndarray) or None
        None scores all rows with `estimator`.
    params : dict
        For `fit`.
    method : {"decision_function", "predict_proba"}
        Where scores come from.
    width : int
        Labels to keep of each row.
    refit : bool
        Whether to fit on all rows, or to keep the model of the first split.
    n_jobs : int or None
        Folds to fit at a time.
    random_state : RandomState
        Cuts the rows into parts where there is a single split.

    Returns
    -------
    fitted : classifier
        To predict with.
    pairs : ScoredPairs
        Of the rows left out.
    seen : ndarray of shape (n_splits, n_labels)
        Positives that each model had seen.
    tested : ndarray of shape (n_rows,)
        Row number of each row of `pairs`.
    """
    if splits is None:
        seen, tested = label_counts(indicator)[None], np.arange(indicator.shape[0])
        scored = [_score_rows(estimator, X, indicator, tested, method, width, seen[0])]
        return estimator, _gather(scored, indicator, tested, None, seen, random_state), seen, tested
    seen = np.array([label_counts(indicator[train]) for train, _ in splits])
    results = Parallel(n_jobs=n_jobs)(
        delayed(_fit_and_score)(estimator, X, y, indicator, train, test, params, method, width, counts, keep=not refit)
        for (train, test), counts in zip(splits, seen)
    )
    tested = np.concatenate([test for _, test in splits])
    parts = np.repeat(np.arange(len(splits)), [len(test) for _, test in splits])
    pairs = _gather([result[0] for result in results], indicator, tested, parts, seen, random_state)
    fitted = clone(estimator).fit(X, y, **params) if refit else results[0][1]
    return fitted, pairs, seen, tested


def _fit_and_score(estimator, X, y, indicator, train, test, params, method, width, seen, *, keep):
    """Fit a fold; the best pairs of its other rows, and the model if it is to be kept."""
    fitted = fit_quietly(estimator, X, y, train, params, seen)
    return _score_rows(fitted, X, indicator, test, method, width, seen), fitted if keep else None


def _score_rows(fitted, X, indicator, rows, method, width, seen):
    n_labels = indicator.shape[1]
    blocks = []
    for block in scoring_blocks(len(rows), n_labels):
        index = rows[block]
        values = log_odds(response(fitted, _safe_indexing(X, index), method, n_labels), method)
        values[:, seen == 0] = -np.inf
        labels, scores = rank_pairs(values, width)
        targets = np.take_along_axis(indicator[index].toarray().astype(bool), labels, axis=1)
        blocks.append((labels, scores, targets))
    return tuple(np.concatenate(part) for part in zip(*blocks))


def _gather(scored, indicator, tested, parts, seen, random_state):
    """The pairs of all folds; of a single one, in random parts."""
    labels, scores, targets = (np.concatenate(part) for part in zip(*scored))
    if len(seen) == 1:
        parts = random_state.permutation(len(tested)) % min(_PREFIT_PARTS, len(tested))
        seen_in = np.zeros(parts.max() + 1, dtype=int)
    else:
        seen_in = np.arange(len(seen))
    positives = np.array([label_counts(indicator[tested[parts == part]]) for part in range(len(seen_in))])
    positives[seen[seen_in] == 0] = 0
    return ScoredPairs(labels, scores, targets, positives, parts)
