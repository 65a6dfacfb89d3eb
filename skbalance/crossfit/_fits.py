"""Meta-estimators: their fits of each split, and what they say of themselves and of the classifiers inside."""

import itertools
import threading
import time
import warnings
from functools import partial
from typing import Any, cast

import numpy as np
from sklearn.base import ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.metaestimators import available_if
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from skbalance._callbacks import CallbackSupportMixin
from skbalance._responses import response
from skbalance._validation import DocLinkMixin, _safe_indexing, check_method_params, num_samples

# What classifiers say of labels that are missing among the rows of a split.
_MISSING_LABELS = (
    r"Label .* is present in all training examples",
    r"\d+ of \d+ labels have (no positive|every) sample",
)


class MetaClassifierMixin(CallbackSupportMixin, DocLinkMixin, ClassifierMixin, MetaEstimatorMixin):
    """Routing and tags of a classifier around others that are fitted on splits."""

    estimator: Any
    cv: Any

    def _scorers(self) -> list:
        """The classifiers inside, with names."""
        return self.estimator if isinstance(self.estimator, list) else [("estimator", self.estimator)]

    def _store(self, encoding, fitted: list, state: dict):
        """Take on a fitted state as a whole, with the target and the classifiers; nothing of an earlier one stays."""
        parameters = self.get_params(deep=False)
        kept = {name: value for name, value in vars(self).items() if not name.endswith("_") or name in parameters}
        features = ("n_features_in_", "feature_names_in_")
        self.__dict__ = {
            **kept,
            **state,
            "estimator_": fitted if isinstance(self.estimator, list) else fitted[0],
            "n_labels_": encoding.n_outputs,
            "classes_": encoding.classes,
            "_encoding": encoding,
            **{name: getattr(fitted[0], name) for name in features if hasattr(fitted[0], name)},
        }

    def get_metadata_routing(self):
        """Say where the parameters of `fit` go when metadata routing is on.

        Returns
        -------
        routing : MetadataRouter
            To the `fit` of the estimators, and the `split` of the splitter if there is one.
        """
        fit_to = MethodMapping().add(caller="fit", callee="fit")
        split_to = MethodMapping().add(caller="fit", callee="split")
        router = MetadataRouter(owner=self).add_self_request(self)  # for the weights of `score`
        for name, estimator in self._scorers():
            router = router.add(**{name: estimator}, method_mapping=fit_to)
        return router.add(splitter=self.cv, method_mapping=split_to) if hasattr(self, "cv") else router

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = [get_tags(estimator) for _, estimator in self._scorers()]
        tags.input_tags = inner[0].input_tags
        tags.input_tags.sparse = all(each.input_tags.sparse for each in inner)
        tags.non_deterministic = any(each.non_deterministic for each in inner)
        tags.classifier_tags.multi_class = False
        if inner[0].classifier_tags is not None:
            tags.classifier_tags.multi_label = inner[0].classifier_tags.multi_label
        return tags


def _estimator_has(method):
    def check(self):
        getattr(getattr(self, "estimator_", self.estimator), method)
        return True

    return check


class InnerScoresMixin:
    """The scores of the classifier inside, where it has them, in one array."""

    estimator: Any
    estimator_: Any
    n_labels_: int
    _encoding: Any

    @available_if(_estimator_has("predict_proba"))
    def predict_proba(self, X):
        """Probabilities of `estimator_`, as they are, in one array.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        probabilities : {ndarray, sparse matrix} of shape (n_samples, n_labels) or (n_samples, 2)
            Of each label, or of both classes of a binary target; sparse where those of `estimator_` are.
        """
        return self._inner_scores(X, "predict_proba")

    @available_if(_estimator_has("decision_function"))
    def decision_function(self, X):
        """Decision values of `estimator_`, as they are.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        scores : {ndarray, sparse matrix} of shape (n_samples, n_labels) or (n_samples,)
            Of each label, or of the second class of a binary target; sparse where those of `estimator_` are.
        """
        return self._inner_scores(X, "decision_function")

    def _inner_scores(self, X, method):
        check_is_fitted(self)
        if self._encoding.kind == "binary":
            return getattr(self.estimator_, method)(X)
        return response(self.estimator_, X, method, self.n_labels_, keep_sparse=True)


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
    fit = partial(_fit_and_use, scorers, given.X, given.y, given.params, use, keep, tasks.caller)
    results = []
    for result in Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(fit)(*split, *more) for split, *more in zip(given.splits, seen, contexts)
    ):
        results.append(result)
        tasks.advance()
    return [result for result, _ in results], [fitted for _, fitted in results], seen


def _fit_and_use(scorers, X, y, params, use, keep, caller, train, test, seen, contexts):
    fitted = []
    for (name, estimator), context in zip(scorers, contexts if seen.any() else ()):  # else there is nothing to learn
        X_train, y_train = _safe_indexing(X, train), y[train]
        fold_params = check_method_params(X, params[name], indices=train)
        try:
            with _quiet:
                fitted.append(_fit(estimator, X_train, y_train, fold_params, caller, context))
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
