"""Fits of each split, what they say of the rows that they did not see, and how far they are."""

from __future__ import annotations

import itertools
import threading
import time
import warnings
from typing import Any, cast

import numpy as np
from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

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


class FitTasks:
    """The fits of a meta-estimator, as tasks of its callbacks.

    With ``verbose`` it prints the number of fits that are done, and the time that is left if the others take as long.

    Parameters
    ----------
    caller : estimator
        The meta-estimator, with a parameter `verbose`.
    given : FitInputs
        What it is fitted to, and the splits on which classifiers are.
    n_settings : int, default=1
        Settings with which they are.
    refit : bool, default=True
        Whether they are fitted to all rows in the end.
    """

    def __init__(self, caller, given, *, n_settings=1, refit=True):
        # Workers are sent the caller only where somebody wants to hear of it.
        self.caller = caller if getattr(caller, "_skl_callbacks", None) else None
        n_splits, self._told = len(given.splits or ()), {"estimator": self.caller, "X": given.X, "y": given.y}
        self._names = [name for name, _ in caller._scorers()]
        self._verbose, self._start = caller.verbose, time.monotonic()
        self._done, self._total = 0, n_splits * n_settings + refit
        self._numbers = itertools.count()
        self._root = caller._init_callback_context(max_subtasks=1 + refit if n_splits else 0)
        self._root.call_on_fit_task_begin(**self._told)
        self._folds: Any = None
        if n_splits:
            self._folds = self._root.subcontext(
                task_name="cross-fit", max_subtasks=n_splits * n_settings * len(self._names), sequential_subtasks=False
            )
            self._folds.call_on_fit_task_begin(estimator=self.caller)

    def of_split(self):
        """The tasks of the fits on one split, of each classifier."""
        return [self._folds.subcontext(task_name=f"fit-{name}", task_id=next(self._numbers)) for name in self._names]

    def of_all_rows(self):
        """The tasks of the fits on all rows."""
        self._end_folds()
        if len(self._names) == 1:
            return [self._root.subcontext(task_name="refit")]
        refit = self._root.subcontext(task_name="refit", max_subtasks=len(self._names))
        refit.call_on_fit_task_begin(estimator=self.caller)
        return [refit.subcontext(task_name=f"fit-{name}") for name in self._names]

    def advance(self):
        """One split, or the fit on all rows, is done."""
        self._done += 1
        if self._verbose:
            spent = time.monotonic() - self._start
            left = spent / self._done * (self._total - self._done)
            print(f"Fit {self._done} of {self._total}: {spent:.0f} s, about {left:.0f} s left.", flush=True)

    def end(self):
        """The meta-estimator is fitted."""
        self._end_folds()
        # It is ready to predict: a monitor of scores may try it.
        self._root.call_on_fit_task_end(**self._told, reconstruction_attributes={})

    def _end_folds(self):
        if self._folds is not None:
            self._folds.call_on_fit_task_end(estimator=self.caller)
            self._folds = None


def cross_fit(scorers, given, use, *, tasks, keep=False, n_jobs=None):
    """Fit clones on each split, and hand them the rows that it left out; or take what is fitted already, for all rows.

    Parameters
    ----------
    scorers : list of (str, classifier)
        Left as they are.
    given : FitInputs
        Rows, splits (None where the scorers are fitted), and what goes to the `fit` of each scorer. What has a value
        for each row is sliced to the rows of the split.
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

    Raises
    ------
    NotFittedError
        If there are no splits, and a scorer is not fitted.
    """
    if given.splits is None:
        fitted, counts = [estimator for _, estimator in scorers], given.labels.totals.counts
        for estimator in fitted:
            check_is_fitted(estimator)
        return [use(fitted, given.tests[0], counts)], [fitted], counts[None]
    seen = np.array([given.labels.count(train) for train, _ in given.splits])
    contexts = [tasks.of_split() for _ in given.splits]
    n_jobs = n_jobs and min(n_jobs, len(given.splits))  # no more processes are started than have work
    fits = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_fit_and_use)(
            scorers, given.X, given.y, train, test, given.params, use, counts, keep, tasks.caller, split_contexts
        )
        for (train, test), counts, split_contexts in zip(given.splits, seen, contexts)
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


def fit_all(scorers, given, tasks):
    """Fit clones on all rows."""
    fitted = [
        _fit(estimator, given.X, given.y, given.params[name], tasks.caller, context)
        for (name, estimator), context in zip(scorers, tasks.of_all_rows())
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
