"""What the tuner says after `fit`: which rows to look at, which labels of the training rows to doubt."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skbalance._validation import num_samples
from skbalance.review import OutOfFoldScores, decision_features, find_issues, issues_table

# Best labels of a row whose scores are kept, whether it has them or not.
_BEST = 8


class TunedReviewMixin:
    """The methods of the tuner that need the out-of-fold scores of `fit`."""

    def doubt(self: Any, X):
        """How many of a row's labels are likely to be wrong, given or missed.

        Learnt in `fit` on rows that neither the models nor the thresholds had seen, from how sure the decision was:
        how low the lowest score of a predicted label is, how high the highest of another one, and how many labels are
        wrong as probabilities go.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        doubt : ndarray of shape (n_samples,)
            Expected number of wrong labels. For a row without any feature, what is expected of the commonest labels.
        """
        check_is_fitted(self)
        thresholds, doubt = self._thresholds(), np.empty(num_samples(X))
        for block, candidates, scores in self._blocks(X, thresholds):
            doubt[block] = self._doubt_of(scores, *self._choose(candidates, scores, thresholds))
        doubt[self._blank_rows(X)] = self.decisions_.doubt.blank
        return doubt

    def _doubt_of(self: Any, scores, chosen, margins):
        return np.minimum(self.decisions_.doubt(decision_features(scores, margins, chosen)), self.n_labels_)

    def review_order(self, X):
        """Rows in the order in which they are worth a look, the most doubtful first.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        order : ndarray of int of shape (n_samples,)
            Row numbers, by :meth:`doubt`.
        """
        return np.argsort(-self.doubt(X), kind="stable")

    def label_issues(self: Any, k=20, *, rare=False, confirmed=None):
        """Labels that training rows probably lack, and labels that they probably have by mistake.

        Each row is judged by models that had not seen it. How likely it has a label is told by its score, by how many
        other labels it is given, and by how frequent the label is.

        Parameters
        ----------
        k : int, default=20
            Labels of either kind, at most.
        rare : bool, default=False
            Whether to look at labels with fewer than 35 positives only, which come late among all.
        confirmed : frame, or list of (row, label), default=None
            What is right as it is, and left out: rows of what this method gave, or pairs.

        Returns
        -------
        issues : pandas.DataFrame, or list of dict where pandas is not installed
            With `row` (of what `fit` was given), `label` (column of the target), `given` (whether the row has it),
            `probability` (that it has, as the others do) and `margin` (score less threshold). A missing label and a
            wrong one in turn, those that are most likely first.

        Raises
        ------
        ValueError
            If `k` or `confirmed` is not what is allowed, or no label has both a positive and a negative among rows
            scored by a model that had seen the label.
        """
        check_is_fitted(self)
        return issues_table(find_issues(self.out_of_fold_, self.label_counts_, k, rare=rare, confirmed=confirmed))

    def review_rows(self: Any, X, y):
        """Predict rows whose labels are known, and keep of them what `fit` keeps of training rows, in one pass.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : csr_array of bool of shape (n_samples, n_labels)
            Their labels.

        Returns
        -------
        kept : OutOfFoldScores
            Scores of the labels that each row has or gets, and of its best.
        chosen : ndarray of bool of shape (n_pairs,)
            Whether each of these pairs is predicted.
        doubt : ndarray of shape (n_samples,)
            As :meth:`doubt` gives it.
        """
        check_is_fitted(self)
        thresholds, doubt, parts = self._thresholds(), np.empty(y.shape[0]), []
        for block, candidates, scores in self._blocks(X, thresholds):
            labels = candidates.labels
            chosen, margins = self._choose(candidates, scores, thresholds)
            doubt[block] = self._doubt_of(scores, chosen, margins)
            targets = np.take_along_axis(y[block].toarray(), labels, axis=1)
            keep, n_best = chosen | targets, min(_BEST, labels.shape[1])
            np.put_along_axis(keep, np.argpartition(-scores, n_best - 1, axis=1)[:, :n_best], True, axis=1)
            keep &= scores > -np.inf
            parts.append((keep.sum(axis=1), labels[keep], scores[keep], targets[keep], chosen[keep]))
        doubt[self._blank_rows(X)] = self.decisions_.doubt.blank
        sizes, labels, scores, targets, chosen = map(np.concatenate, zip(*parts))
        rows, indptr = np.arange(len(doubt)), np.append(0, sizes.cumsum())
        usual = self.decisions_.thresholds[None]
        return OutOfFoldScores(rows, np.zeros_like(rows), indptr, labels, scores, targets, usual), chosen, doubt

    def review_training_rows(self: Any):
        """The same of the training rows, with what models and thresholds said that had not seen them.

        Returns
        -------
        kept : OutOfFoldScores
            `out_of_fold_`.
        chosen : ndarray of bool of shape (n_pairs,)
            Whether each of its pairs is predicted.
        doubt : ndarray of shape (n_rows,)
            Expected number of wrong labels of each row.
        """
        check_is_fitted(self)
        kept, decisions, promises = self.out_of_fold_, self.decisions_, self.decisions_.promises
        sizes = np.diff(kept.indptr)
        places = np.arange(sizes.max(initial=1)) < sizes[:, None]
        labels, scores = np.zeros(places.shape, dtype=int), np.full(places.shape, -np.inf)
        labels[places], scores[places] = kept.labels, kept.scores
        thresholds = kept.thresholds if promises is None else np.tile(promises.thresholds, (len(kept.thresholds), 1))
        pairs = SimpleNamespace(labels=labels, scores=scores, parts=kept.parts, labelled=None)
        chosen, margins = decisions.rule.choose(pairs, thresholds)
        if promises is not None:
            chosen = decisions.choose(margins > 0, margins, labels)
        return kept, chosen[places], self._doubt_of(scores, chosen, margins)

    def to_review(self: Any, X):
        """Labels that the usual thresholds predict, and that no promise covers: for a person to look at.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        y : {ndarray, sparse matrix} of shape (n_samples, n_labels) or (n_samples,)
            As :meth:`predict` gives them: what it would predict without `min_precision` or `max_missed`, less what it
            predicts.

        Raises
        ------
        ValueError
            If nothing is promised.
        """
        check_is_fitted(self)
        if self.decisions_.promises is None:
            raise ValueError("to_review gives what no promise covers: set min_precision or max_missed before fit.")
        promised, usual = self._thresholds(), self._scale.show_thresholds(self.decisions_.thresholds)

        def lack(candidates, scores):
            suggested, _ = self._choose(candidates, scores, usual, usual=True)
            return suggested & ~self._choose(candidates, scores, promised)[0]

        return self._indicator(X, usual, lack)
