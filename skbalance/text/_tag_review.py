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

from skbalance.metrics import fitted_label_counts
from skbalance.review import DOUBTFUL, ReportData, TagReport, report_page, whole_file

__all__ = ["TagReviewMixin"]

_ISSUES = 50


class TagReviewMixin:
    """The methods of `TagClassifier` that look at what it learnt, and at texts and tags by it."""

    def report(self: Any, path=None, texts=None, tags=None):
        """Make a page that shows how the model does: rare and frequent tags, texts and labels in doubt.

        Parameters
        ----------
        path : str or path, default=None
            Of the HTML file, which needs no other file and no network. None writes none.
        texts : list of str, or any, of length n_samples, default=None
            Texts that are measured; others than the model was fitted on. None takes the scores that models gave the
            training texts that they had not seen. The page then shows rows by number, as texts are not kept.
        tags : list, Series or 1-D array, of length n_samples, default=None
            The tags of these texts.

        Returns
        -------
        report : TagReport
            The page. A notebook shows it, and ``report.save(path)`` writes it.

        Raises
        ------
        OSError
            If the file cannot be written; found out before anything is measured.
        ValueError
            If one of `texts` and `tags` is given without the other, or neither is and there are no such scores.

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
        if (texts is None) != (tags is None):
            given, lacking = ("tags", "texts") if texts is None else ("texts", "tags")
            raise ValueError(f"report() got {given} without {lacking}: give both, or neither.")
        if texts is None and self._decisions() is None:
            raise ValueError(
                f"{type(self.estimator_).__name__} keeps no scores of training rows by models that had not seen them: "
                "give texts and tags."
            )
        with nullcontext() if path is None else whole_file(path) as file:
            report = TagReport(report_page(self._unseen_rows() if texts is None else self._measured(texts, tags)))
            if file is not None:
                file.write(report.html.encode())
        return report

    def _report_data(self: Any, **of_rows) -> ReportData:
        """What a page shows: some of the tags, the rest of the rows."""
        try:
            counts = fitted_label_counts(self.estimator_)
        except NotFittedError:
            counts = np.asarray(of_rows["truth"].sum(axis=0)).ravel()
        decisions = self._decisions()
        thresholds = None if decisions is None else decisions.thresholds_
        return ReportData(
            "Report on tags", tags=self.classes_.tolist(), counts=counts, thresholds=thresholds, **of_rows
        )

    def _unseen_rows(self: Any) -> ReportData:
        """From the scores of training rows by models that had not seen them."""
        decisions = self._decisions()
        kept = decisions.out_of_fold_
        row, chosen = kept.row_of_pair, _chosen(kept, decisions)
        truth, predicted = (
            sp.csr_array(
                (np.ones(mask.sum(), dtype=bool), (row[mask], kept.labels[mask])), (len(kept.rows), len(self.classes_))
            )
            for mask in (kept.targets, chosen)
        )
        source = "Measured on the training texts, each by a model that had not seen it."
        doubt = np.bincount(row, weights=np.exp(-np.abs(_margins(kept))), minlength=len(kept.rows))
        return self._report_data(source=source, truth=truth, predicted=predicted, rows=kept.rows, doubt=doubt)

    def _measured(self: Any, texts, tags) -> ReportData:
        X = self._read_fitted(texts)
        truth = sp.csr_array(self.tag_indicator(tags)).astype(bool)
        check_consistent_length(X, truth)
        predicted = sp.csr_array(self.tag_indicator(self.predict(X))).astype(bool)
        are_texts = isinstance(X, list) and all(isinstance(text, str) for text in X)
        data = self._report_data(
            source="Measured on texts and tags that were given.",
            truth=truth,
            predicted=predicted,
            rows=np.arange(truth.shape[0]),
        )
        if not are_texts:
            return data
        return replace(data, texts=X, words=self._words(X, data.order[:DOUBTFUL].tolist()))

    def _words(self: Any, X, rows):
        """Words of some texts that spoke for their predicted tags, by row and column."""
        if not hasattr(self, "explain") or not rows:
            return {}
        column = {tag: j for j, tag in enumerate(self.classes_.tolist())}
        explained = self.explain([X[row] for row in rows])
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
