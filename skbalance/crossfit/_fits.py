"""Fits of each split, and what they say of the rows that they did not see."""

from __future__ import annotations

import threading
import warnings
from typing import cast

import numpy as np
from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed

from skbalance._validation import _safe_indexing, check_method_params, num_samples

# What classifiers say of labels that are missing among the rows of a split.
_MISSING_LABELS = (
    r"Label .* is present in all training examples",
    r"\d+ of \d+ labels have (no positive|every) sample",
)


class _Quiet:
    """Without warnings of labels that are missing in a split.

    ``warnings.catch_warnings`` puts back what it found, and so mixes up filters where threads overlap. This adds
    filters when the first thread comes and takes them away when the last one goes.
    """

    def __init__(self):
        self._lock, self._inside = threading.Lock(), 0

    def __enter__(self):
        with self._lock:
            if not self._inside:
                for message in _MISSING_LABELS:
                    warnings.filterwarnings("ignore", message=message)
            self._inside += 1

    def __exit__(self, *exception):
        with self._lock:
            self._inside -= 1
            if not self._inside:
                mine = [entry for entry in warnings.filters if getattr(entry[1], "pattern", None) in _MISSING_LABELS]
                for entry in mine:
                    cast(list, warnings.filters).remove(entry)


_quiet = _Quiet()


def cross_fit(scorers, X, y, labels, splits, params, use, *, tasks, keep=False, n_jobs=None):
    """Fit clones on each split, and hand them the rows that it left out.

    Parameters
    ----------
    scorers : list of (str, classifier)
        Left as they are.
    X, y : array-like
        All rows.
    labels : TrainingLabels
        The target inside.
    splits : list of (ndarray, ndarray)
        Row numbers.
    params : dict of dict
        For the `fit` of each scorer; what has a value for each row is sliced to the rows of the split.
    use : callable
        ``use(fitted, rows, seen)`` with the list of fitted classifiers (empty where no row of the split has a label),
        the numbers of the rows left out and the positives of each label that the classifiers have seen.
    tasks : FitTasks
        What the fits are told to.
    keep : bool, default=False
        Whether to return the classifiers too.
    n_jobs : int or None
        Splits to fit at a time.

    Returns
    -------
    results : list
        What `use` returned for each split.
    fitted : list of lists of classifiers, or of None
    seen : ndarray of shape (n_splits, n_labels)
        Positives of each label that the classifiers of each split have seen.
    """
    seen = np.array([labels.count(train) for train, _ in splits])
    contexts = tasks.of_splits([name for name, _ in scorers], len(splits))
    n_jobs = n_jobs and min(n_jobs, len(splits))  # no more processes are started than have work
    fits = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_fit_and_use)(scorers, X, y, train, test, params, use, counts, keep, tasks.caller, split_contexts)
        for (train, test), counts, split_contexts in zip(splits, seen, contexts)
    )
    results = []
    for fit in fits:
        results.append(fit)
        tasks.advance()
    return [result for result, _ in results], [fitted for _, fitted in results], seen


def _fit_and_use(scorers, X, y, train, test, params, use, seen, keep, caller, contexts):
    fitted = []
    if seen.any():  # where no row has a label there is nothing to learn
        with _quiet:
            fitted = [
                _fit_on_split(estimator, X, y, train, params[name], caller, context)
                for (name, estimator), context in zip(scorers, contexts)
            ]
    return use(fitted, test, seen), fitted if keep else None


def fit_all(scorers, X, y, params, tasks):
    """Fit clones on all rows."""
    contexts = tasks.of_all_rows([name for name, _ in scorers])
    fitted = [
        _fit(estimator, X, y, params[name], tasks.caller, context)
        for (name, estimator), context in zip(scorers, contexts)
    ]
    tasks.advance()
    return fitted


def _fit(estimator, X, y, params, caller, context):
    """Fit a clone, whose own tasks become those of the context."""
    estimator = clone(estimator)
    with context.propagate_callback_context(estimator):
        context.call_on_fit_task_begin(estimator=caller, X=X, y=y)
        estimator.fit(X, y, **params)
    context.call_on_fit_task_end(estimator=caller, X=X, y=y)
    return estimator


def _fit_on_split(estimator, X, y, train, params, caller, context):
    X_train, y_train, fold_params = _safe_indexing(X, train), y[train], check_method_params(X, params, indices=train)
    try:
        return _fit(estimator, X_train, y_train, fold_params, caller, context)
    except ValueError as error:
        counts = np.asarray((y_train == 1).sum(axis=0)).ravel()
        single = np.flatnonzero((counts == 0) | (counts == num_samples(y_train)))
        if len(single) and y.ndim == 2:
            raise ValueError(
                f"{type(estimator).__name__} failed on a fold in which {len(single)} of {len(counts)} labels "
                f"(the first is {single[0]}) have one class only. Use a classifier that takes such labels "
                f"(OneVsRestClassifier, BalancedMultiLabelClassifier), or leave them out. It said: {error}"
            ) from error
        raise
