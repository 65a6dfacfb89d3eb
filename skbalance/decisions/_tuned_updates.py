"""The tuner goes on: new rows for all that it learnt, without those that it had before."""

from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if

from skbalance._validation import validate_hyperparameters
from skbalance.crossfit import read_fit_inputs
from skbalance.decisions._candidates import Candidates
from skbalance.decisions._decisions import decide
from skbalance.decisions._label_texts import LabelMatcher
from skbalance.decisions._plan import Attempt, Plan, can_go_on, check_settings
from skbalance.decisions._thresholds import similar_thresholds


class TunedUpdatesMixin:
    """What the tuner learns after `fit`."""

    @available_if(can_go_on)
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
        check_settings(self)
        given = read_fit_inputs(self, X, y, params, split=False)
        self._check_chunk(given)
        blocks = self._fitted.candidates(given.X, self.n_candidates_)
        kept = self.decisions_.kept.append(Candidates.concatenate([block for _, block in blocks]), given.labels)
        fitted = [
            deepcopy(estimator).partial_fit(given.X, given.y, **given.params[name])
            for (name, _), estimator in zip(self._scorers(), self._fitted.estimators)
        ]
        ndim = 0 if self._encoding.sparse else given.y.ndim
        plan = Plan.of(self, replace(given, labels=kept.labels, encoding=self._encoding))
        plan = replace(plan, ndim=ndim, updatable=False)
        decisions, predicted = decide(kept.in_full(), plan, check_random_state(self.random_state))
        decisions, params = replace(decisions, kept=kept), getattr(self, "best_params_", {})
        attempt = Attempt(params, self._scorers(), self._fitted.methods, kept.labels, decisions, predicted, None)
        self._store(self._encoding, fitted, self._state(plan, self._fitted.matcher, [attempt], attempt, fitted))
        return self

    def _check_chunk(self: Any, given):
        """Check that further rows have the labels of those before."""
        before, now = self._encoding, given.encoding
        if now.kind != before.kind or not np.array_equal(now.classes, before.classes):
            raise ValueError(f"partial_fit needs the labels of the rows before, {_shown(before)}; got {_shown(now)}.")
        if before.names and now.names and now.names != before.names:
            raise ValueError(f"partial_fit needs the columns of y before, {before.names}; got {now.names}.")

    def _changed(self: Any, label_texts, change=None, *, labels=None, more=()):
        """A copy with other labels, or for other features; what it predicts of labels that stay does not change.

        Parameters
        ----------
        label_texts : LabelVectors or None
            What all labels are called.
        change : callable or None
            What an estimator with these labels needs besides, such as other features.
        labels : ndarray of int or None
            Numbers of the labels that stay; None is all.
        more : array-like
            Positives of each further label. Its threshold is that of labels of similar frequency.
        """
        before, tuner = self.decisions_, copy(self)
        labels, more = np.arange(self.n_labels_) if labels is None else labels, np.asarray(more, dtype=float)
        numbers, counts = np.append(labels, np.full(len(more), -1)), np.append(self.label_counts_[labels], more)
        own = similar_thresholds(before.thresholds, self.label_counts_, more)
        decisions = replace(
            before,
            model=before.model and before.model.of_rivals(labels),
            label_counts=counts,
            thresholds=np.append(before.thresholds[labels], own),
            out_of_fold=before.out_of_fold.of_labels(numbers, own),
            promises=before.promises and before.promises._of_labels(numbers),
            kept=before.kept and before.kept.of_labels(numbers, counts),
        )
        fitted = [deepcopy(estimator)._of_labels(numbers) for estimator in self._fitted.estimators]
        fitted = fitted if change is None else [change(estimator) for estimator in fitted]
        matcher = None if label_texts is None else LabelMatcher(label_texts)
        width = max(1, self.n_candidates_ + len(numbers) - self.n_labels_)
        encoding = replace(self._encoding, classes=np.tile([0, 1], (len(numbers), 1)), names=())
        state = self._decided(decisions, fitted, self._fitted.methods, matcher, width)
        # Thresholds of labels that stay are those that are set, whoever set them.
        thresholds = np.append(self.thresholds_[labels], state["thresholds_"][len(labels) :])
        state |= {"thresholds_": thresholds, "label_texts": label_texts}
        tuner._store(encoding, fitted, {**vars(self), **state})
        return tuner


def _shown(encoding):
    return f"{len(encoding.classes)} columns" if encoding.kind == "multilabel" else encoding.classes.tolist()
