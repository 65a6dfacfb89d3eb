"""The tuner goes on: new rows for all that it learnt, without those that it had before."""

from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if

from skbalance._validation import validate_hyperparameters
from skbalance.crossfit import read_fit_inputs
from skbalance.decisions._decisions import decide
from skbalance.decisions._label_texts import LabelMatcher
from skbalance.decisions._pairs import Candidates
from skbalance.decisions._promises import Promise
from skbalance.decisions._scorers import FittedScorers
from skbalance.decisions._scoring import get_metric
from skbalance.decisions._search import similar_thresholds
from skbalance.decisions._settings import Attempt


def _can_go_on(tuner):
    return all(hasattr(estimator, "partial_fit") for _, estimator in tuner._scorers())


class TunedUpdatesMixin:
    """What the tuner learns after `fit`."""

    @available_if(_can_go_on)
    def partial_fit(self: Any, X, y, **params):
        """Learn from further rows; the first ones are fitted.

        The models say what they make of the rows before they learn from them: so these are evidence for the decision
        model and the thresholds, together with the rows that are kept of those before, 20,000 at most. A refit on all
        rows is a little better, and takes all of them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows, one or more.
        y : {array-like, sparse matrix} of shape (n_samples, n_labels) or (n_samples,)
            As in `fit`, of the same labels.
        **params
            As in `fit`; for `partial_fit` of the estimators, all of which need it.

        Returns
        -------
        self : TunedThresholdMultiLabelClassifierCV
            The object, of which estimators, thresholds and all else are as if of all rows so far.

        Raises
        ------
        ValueError
            If a parameter, X or y is not what is allowed, or y has other labels than before. The object is then as it
            was before.

        Examples
        --------
        >>> from sklearn.datasets import make_multilabel_classification
        >>> from skbalance import BalancedMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV
        >>> X, y = make_multilabel_classification(n_samples=600, n_classes=4, n_labels=1, random_state=0)
        >>> tuned = TunedThresholdMultiLabelClassifierCV(BalancedMultiLabelClassifier(), random_state=0)
        >>> for start in range(0, 600, 200):
        ...     tuned = tuned.partial_fit(X[start : start + 200], y[start : start + 200])
        >>> tuned.label_counts_.tolist() == y.sum(axis=0).tolist()
        True
        """
        if not hasattr(self, "decisions_"):
            return self.fit(X, y, **params)
        validate_hyperparameters(self)
        self._check_scorers()
        given = read_fit_inputs(self, X, y, params, split=False)
        self._check_chunk(given)
        blocks = self._fitted.candidates(given.X, self.n_candidates_)
        candidates = Candidates.concatenate([block for _, block in blocks])
        fitted = [
            deepcopy(estimator).partial_fit(given.X, given.y, **given.params[name])
            for (name, _), estimator in zip(self._scorers(), self._fitted.estimators)
        ]
        kept = self.decisions_.kept
        self._decide_again(kept.append(candidates, given.labels), fitted, given)
        return self

    def _check_chunk(self: Any, given):
        """Check that further rows have the labels of those before."""
        before, now = self._encoding, given.encoding
        if now.kind != before.kind or not np.array_equal(now.classes, before.classes):
            raise ValueError(f"partial_fit needs the labels of the rows before, {_shown(before)}; got {_shown(now)}.")
        if before.names and now.names and now.names != before.names:
            raise ValueError(f"partial_fit needs the columns of y before, {before.names}; got {now.names}.")

    def _decide_again(self: Any, kept, fitted, given):
        """Decide on the kept rows, and store all at once; the rows of the chunk are the last ones of `kept`."""
        oof, labels = kept.out_of_fold()
        before = self.decisions_.kept.totals.n_rows
        y = None if self._encoding.sparse else np.zeros((0, self.n_labels_)[: 1 + (given.y.ndim == 2)])
        whole = replace(given, y=sp.csr_array((0, 0)) if y is None else y, labels=labels)
        plan = self._plan(whole, get_metric(self.scoring), Promise.of(self))
        decisions, predicted = decide(oof, replace(plan, updatable=False), check_random_state(self.random_state))
        scores = replace(decisions.out_of_fold, rows=kept.rows[decisions.out_of_fold.rows])
        decisions = replace(decisions, kept=kept, out_of_fold=scores)
        params = getattr(self, "best_params_", {})
        attempt = Attempt(params, self._scorers(), self._fitted.methods, decisions, predicted, None)
        self._store(self._state(whole, plan, self._fitted.matcher, [attempt], attempt, fitted, before))

    def _with_labels(self: Any, X, y, weight, label_texts):
        """A copy with further labels, learnt from rows of which y says whether they have these.

        What it predicts of the other labels stays as it is. A threshold is that of labels of similar frequency.
        """
        more = np.asarray(y.sum(axis=0)).ravel().astype(self.label_counts_.dtype)
        counts, before = np.append(self.label_counts_, more), self.decisions_
        own = similar_thresholds(before.thresholds, self.label_counts_, more)
        n_known = np.append(before.kept.totals.n_known, np.full(len(more), before.kept.totals.n_known.max()))
        decisions = replace(
            before,
            model=before.model and before.model.with_rivals(self.n_labels_),
            label_counts=counts,
            thresholds=np.append(before.thresholds, own),
            out_of_fold=before.out_of_fold.with_labels(own),
            kept=before.kept.with_labels(replace(before.kept.totals, counts=counts, n_known=n_known)),
        )
        fitted = [deepcopy(estimator)._with_labels(X, y, weight) for estimator in self._fitted.estimators]
        labels = np.append(np.arange(self.n_labels_), np.full(len(more), -1))
        shown = np.inf if before.promises else own
        thresholds = np.append(self.thresholds_, self._scale.show_thresholds(np.broadcast_to(shown, len(more))))
        return self._relabelled(labels, decisions, fitted, thresholds, label_texts)

    def _only_labels(self: Any, labels, label_texts):
        """A copy with some of the labels only."""
        before = self.decisions_
        decisions = replace(
            before,
            label_counts=before.label_counts[labels],
            thresholds=before.thresholds[labels],
            out_of_fold=before.out_of_fold.only_labels(labels),
            kept=before.kept.only_labels(labels),
        )
        fitted = [deepcopy(estimator)._only_labels(labels) for estimator in self._fitted.estimators]
        return self._relabelled(labels, decisions, fitted, self.thresholds_[labels], label_texts)

    def _relabelled(self: Any, labels, decisions, fitted, thresholds, label_texts):
        """A copy with labels by their numbers before, -1 for new ones."""
        tuner, n_labels, counts = copy(self), len(labels), decisions.label_counts
        if self.decisions_.promises is not None:
            decisions = replace(decisions, promises=self.decisions_.promises.of_labels(labels))
            promises = self.promises_.of_labels(labels)
            tuner.promises_ = replace(promises, labels=np.arange(n_labels), thresholds=thresholds)
        width = self.n_candidates_ + n_labels - self.n_labels_
        tuner.estimator_, tuner.thresholds_, tuner.label_counts_ = fitted, thresholds, counts
        tuner.decisions_, tuner.out_of_fold_ = decisions, decisions.out_of_fold
        tuner.n_labels_, tuner.n_candidates_ = n_labels, max(width, 1)
        tuner.classes_ = np.tile([0, 1], (n_labels, 1))
        tuner._encoding = replace(self._encoding, classes=tuner.classes_, names=())
        tuner.label_texts = label_texts
        matcher = None if label_texts is None else LabelMatcher(label_texts)
        tuner._fitted = FittedScorers.of(fitted, self._fitted.methods, counts > 0, matcher)
        return tuner

    def _widened(self: Any, places, n_features, label_texts):
        """A copy for wider features: where each of those before lies among them."""
        fitted = [deepcopy(estimator)._widen(places, n_features) for estimator in self._fitted.estimators]
        return self._relabelled(np.arange(self.n_labels_), self.decisions_, fitted, self.thresholds_, label_texts)


def _shown(encoding):
    return f"{len(encoding.classes)} columns" if encoding.kind == "multilabel" else encoding.classes.tolist()
