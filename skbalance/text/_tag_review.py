"""After the fit: what `TagClassifier` says of texts that should be looked at."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted

from skbalance._tag_lists import tags_of_indicator
from skbalance.metrics import fitted_label_counts
from skbalance.review import DOUBTFUL, ReportData, TagReport, replacing, report_page

__all__ = ["TagReviewMixin"]

_ISSUES = 50


class TagReviewMixin:
    """The methods of `TagClassifier` that look at what it learnt, and at texts and tags by it."""

    @property
    def promises_(self: Any):
        """What is promised of each tag."""
        check_is_fitted(self)
        decisions = self._decisions()
        if getattr(decisions, "promises_", None) is None:
            raise AttributeError("promises_ is there after fit with min_precision or max_missed only.")
        return replace(decisions.promises_, labels=self.classes_)

    def to_review(self: Any, X):
        """The tags that the usual thresholds would predict, and that no promise covers: for a person to look at.

        Parameters
        ----------
        X : list of str, or any
            What `fit` took, of length n_samples.

        Returns
        -------
        rows : list of (int, list of str or int)
            Number of each row that has such tags, and these, in the order of `classes_`.

        Raises
        ------
        ValueError
            If nothing is promised: `fit` needs `min_precision` or `max_missed`.
        """
        X = self._read_fitted(X)
        if self._decisions() is None:
            raise ValueError(
                f"{type(self.estimator_).__name__} promises nothing: pass no estimator, or one that ends in a "
                "TunedThresholdMultiLabelClassifierCV with min_precision or max_missed."
            )
        rows = tags_of_indicator(self._decided("to_review", X), self.classes_.tolist())
        return [(i, list(row)) for i, row in enumerate(rows) if row]

    def report(self: Any, path=None, texts=None, tags=None):
        """Make a page that shows how the model does: rare and frequent tags, texts and labels in doubt.

        Parameters
        ----------
        path : str or path, default=None
            Of the HTML file, which needs no other file and no network. None writes none.
        texts : list of str, or any, of length n_samples, default=None
            With `tags`, texts that are measured, others than the model was fitted on. Without, those that it was fitted
            on: they are shown beside what models that had not seen them say. None takes these without the texts, which
            a model does not keep: the page shows numbers of rows.
        tags : list, Series or 1-D array, of length n_samples, default=None
            The tags of the texts.

        Returns
        -------
        report : TagReport
            The page. A notebook shows it, and ``report.save(path)`` writes it.

        Raises
        ------
        OSError
            If the file cannot be written; found out before anything is measured.
        ValueError
            If `tags` are given without `texts`, or neither is and there are no scores of training rows by models that
            had not seen them.

        Examples
        --------
        >>> from skbalance import TagClassifier
        >>> texts = ["wheat and corn prices", "crude oil", "wheat harvest", "oil and gas", "corn", "gas prices"] * 5
        >>> tags = [["wheat", "corn"], ["crude"], ["wheat"], ["crude", "gas"], ["corn"], ["gas"]] * 5
        >>> model = TagClassifier(random_state=0).fit(texts, tags)
        >>> report = model.report()
        >>> "F1 of 4 tags" in report.html
        True
        """
        check_is_fitted(self)
        if tags is not None and texts is None:
            raise ValueError("report() got tags without texts.")
        if tags is None and self._decisions() is None:
            raise ValueError(
                f"{type(self.estimator_).__name__} keeps no scores of training rows by models that had not seen them: "
                "give texts with their tags."
            )
        with nullcontext() if path is None else replacing(path) as file:
            report = TagReport(report_page(self._unseen_rows(texts) if tags is None else self._measured(texts, tags)))
            if file is not None:
                file.write_text(report.html, encoding="utf-8")
        return report

    def _report_data(self: Any, source, X, rows, truth, predicted, **other) -> ReportData:
        """What a page shows of rows whose tags are known."""
        try:
            counts = fitted_label_counts(self.estimator_)
        except NotFittedError:
            counts = np.asarray(truth.sum(axis=0)).ravel()
        decisions = self._decisions()
        if decisions is not None:
            other["thresholds"] = decisions.thresholds_
        tags = self.classes_.tolist()
        data = ReportData("Report on tags", source, tags, counts, truth, predicted, rows, **other)
        if not isinstance(X, list) or not all(isinstance(text, str) for text in X):
            return data
        return replace(data, texts=[X[row] for row in rows], words=self._words(X, data))

    def _unseen_rows(self: Any, texts) -> ReportData:
        """From the scores of training rows by models that had not seen them."""
        decisions = self._decisions()
        kept = decisions.out_of_fold_
        X = None if texts is None else self._read_fitted(texts)
        if X is not None and len(X) <= kept.rows.max():
            raise ValueError(
                f"Without tags, texts must be those that the model was fitted on, {kept.rows.max() + 1} or more; got "
                f"{len(X)}."
            )
        row, chosen, shape = kept.row_of_pair, _chosen(kept, decisions), (len(kept.rows), len(self.classes_))
        truth, predicted = (
            sp.csr_array((np.ones(mask.sum(), dtype=bool), (row[mask], kept.labels[mask])), shape=shape)
            for mask in (kept.targets, chosen)
        )
        source = "Measured on the training texts, each by a model that had not seen it."
        doubt = np.bincount(row, weights=np.exp(-np.abs(_margins(kept))), minlength=len(kept.rows))
        return self._report_data(source, X, kept.rows, truth, predicted, doubt=doubt)

    def _measured(self: Any, texts, tags) -> ReportData:
        X = self._read_fitted(texts)
        truth = sp.csr_array(self.tag_indicator(tags)).astype(bool)
        check_consistent_length(X, truth)
        predicted = sp.csr_array(self.tag_indicator(self.predict(X))).astype(bool)
        source = "Measured on texts and tags that the model was not fitted on."
        return self._report_data(source, X, np.arange(truth.shape[0]), truth, predicted)

    def _words(self: Any, X, data):
        """Words of the most doubtful texts that spoke for their predicted tags, by row and column."""
        rows = data.order[:DOUBTFUL].tolist()
        if not hasattr(self, "explain") or not rows:
            return {}
        column = {tag: j for j, tag in enumerate(data.tags)}
        explained = self.explain([X[data.rows[row]] for row in rows])
        return {
            row: {column[each.label]: _telling(each) for each in evidence} for row, evidence in zip(rows, explained)
        }


def _telling(evidence):
    """The words that spoke most for a tag, and those of its name."""
    least = max((added for _, added in evidence.words), default=0.0) / 4
    return list(dict.fromkeys([*(word for word, added in evidence.words if added >= least), *evidence.matched]))


def _margins(kept):
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(kept.scores - kept.threshold_of_pair, nan=-np.inf)


def _chosen(kept, decisions):
    """Which of the kept pairs are predicted."""
    row = kept.row_of_pair
    place = np.arange(len(row)) - kept.indptr[row]
    margins = np.full((len(kept.rows), np.diff(kept.indptr).max()), -np.inf)
    margins[row, place] = _margins(kept)
    choice = decisions.decisions_.rule.choice
    if decisions.k_ is not None:
        choice = replace(choice, min_labels=decisions.k_, max_labels=decisions.k_)
    return choice(margins > 0, margins)[row, place]
