"""How far a long fit is: for the callbacks of the meta-estimator, and in words."""

from __future__ import annotations

import itertools
import time
from typing import Any


class FitTasks:
    """The fits of a meta-estimator, as tasks of its callbacks.

    With ``verbose`` it prints the number of fits that are done, and the time that is left if the others take as long.

    Parameters
    ----------
    caller : estimator
        The meta-estimator, with a parameter `verbose`.
    X, y : array-like
        What it is fitted to.
    n_splits : int
        Splits on which classifiers are fitted.
    n_scorers : int, default=1
        Classifiers that are fitted on each.
    n_settings : int, default=1
        Settings with which they are.
    refit : bool, default=True
        Whether they are fitted to all rows in the end.
    """

    def __init__(self, caller, X, y, *, n_splits, n_scorers=1, n_settings=1, refit=True):
        # Workers are sent the caller only where somebody wants to hear of it.
        self.caller = caller if getattr(caller, "_skl_callbacks", None) else None
        self.X, self.y = X, y
        self._verbose, self._start = caller.verbose, time.monotonic()
        self._done, self._total = 0, n_splits * n_settings + refit
        self._numbers = itertools.count()
        self._root = caller._init_callback_context(max_subtasks=1 + refit if n_splits else 0)
        self._root.call_on_fit_task_begin(estimator=self.caller, X=X, y=y)
        self._folds: Any = None
        if n_splits:
            self._folds = self._root.subcontext(
                task_name="cross-fit", max_subtasks=n_splits * n_settings * n_scorers, sequential_subtasks=False
            )
            self._folds.call_on_fit_task_begin(estimator=self.caller)

    def of_splits(self, names, n_splits):
        """The task of each fit on each split, of the classifiers with these names."""
        return [
            [self._folds.subcontext(task_name=f"fit-{name}", task_id=next(self._numbers)) for name in names]
            for _ in range(n_splits)
        ]

    def of_all_rows(self, names):
        """The task of each fit on all rows."""
        self._end_folds()
        if len(names) == 1:
            return [self._root.subcontext(task_name="refit")]
        refit = self._root.subcontext(task_name="refit", max_subtasks=len(names))
        refit.call_on_fit_task_begin(estimator=self.caller)
        return [refit.subcontext(task_name=f"fit-{name}") for name in names]

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
        self._root.call_on_fit_task_end(estimator=self.caller, X=self.X, y=self.y, reconstruction_attributes={})

    def _end_folds(self):
        if self._folds is not None:
            self._folds.call_on_fit_task_end(estimator=self.caller)
            self._folds = None
