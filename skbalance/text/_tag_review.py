"""After the fit: what `TagClassifier` says of its own work, and of texts and tags that should be looked at."""

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted

from skbalance._files import whole_file
from skbalance._tag_lists import tags_of_indicator
from skbalance.metrics import fitted_label_counts
from skbalance.review import DOUBTFUL, ReportData, TagReport, find_issues, issues_table, report_page
from skbalance.text._tag_names import TagWords
from skbalance.text._texts import check_texts

# Labels of a page that are in doubt, of either kind.
_ISSUES = 25


class TagReviewMixin:
    """The methods of `TagClassifier` that look at what it learnt, and at texts and tags by it."""

    def doubt(self: Any, X):
        """How many of a text's tags are likely to be wrong, given or missed.

        Parameters
        ----------
        X : list of str, or any
            What `fit` took, of length n_samples.

        Returns
        -------
        doubt : ndarray of shape (n_samples,)
            Expected number of wrong tags, learnt on training texts that neither models nor thresholds had seen. For a
            text without a known word, what is expected of one of which nothing is known.

        Raises
        ------
        ValueError
            If the estimator is no :class:`~skbalance.decisions.TunedThresholdMultiLabelClassifierCV`, and no pipeline
            that ends in one.

        Examples
        --------
        >>> from skbalance import TagClassifier
        >>> texts = ["wheat and corn prices", "crude oil", "wheat harvest", "oil and gas", "corn", "gas prices"] * 5
        >>> tags = [["wheat", "corn"], ["crude"], ["wheat"], ["crude", "gas"], ["corn"], ["gas"]] * 5
        >>> model = TagClassifier(random_state=0).fit(texts, tags)
        >>> sure, unsure = model.doubt(["crude oil", "tea"])
        >>> bool(sure < unsure)
        True
        """
        X = self._read_fitted(X)
        return self._tuner("doubt").doubt(self._features(X))

    def review_order(self: Any, X):
        """Texts in the order in which they are worth a look, the most doubtful first.

        Parameters
        ----------
        X : list of str, or any
            What `fit` took, of length n_samples.

        Returns
        -------
        order : ndarray of int of shape (n_samples,)
            Row numbers, by :meth:`doubt`.

        Raises
        ------
        ValueError
            As :meth:`doubt`.
        """
        X = self._read_fitted(X)
        return self._tuner("review_order").review_order(self._features(X))

    def label_issues(self: Any, k=20, *, rare=False, confirmed=None, texts=None):
        """Tags that training texts probably lack, and tags that they probably have by mistake.

        Each text is judged by models that had not seen it. How likely it has a tag is told by its score, by how many
        other tags it is given, and by how frequent the tag is.

        Parameters
        ----------
        k : int, default=20
            Tags of either kind, at most.
        rare : bool, default=False
            Whether to look at tags with fewer than 35 texts only, which come late among all.
        confirmed : frame, or list of (row, tag), default=None
            What is right as it is, and left out: rows of what this method gave, or pairs.
        texts : list of str, default=None
            What `fit` was given, to have the text in the table and, without an `estimator`, the words that speak for
            the tag. Texts are not kept.

        Returns
        -------
        issues : pandas.DataFrame, or list of dict where pandas is not installed
            With `row` (of what `fit` was given), `tag`, `given` (whether the text has it), `probability` (that it has,
            as the others do) and `margin` (score less threshold); with `texts` also `text` and `words`. A missing tag
            and a wrong one in turn, those that are most likely first.

        Raises
        ------
        ValueError
            If `k`, `confirmed` or `texts` is not what is allowed, no tag has both a positive and a negative among
            texts scored by a model that had seen the tag, or the estimator keeps no such scores.

        Examples
        --------
        >>> from skbalance import TagClassifier
        >>> texts = ["wheat and corn prices", "crude oil", "wheat harvest", "oil and gas", "corn", "gas prices"] * 5
        >>> tags = [["wheat", "corn"], ["crude"], ["wheat"], ["crude", "gas"], ["corn"], ["gas"]] * 5
        >>> tags[1] = []
        >>> model = TagClassifier(random_state=0).fit(texts, tags)
        >>> model.label_issues(1, texts=texts)[["row", "tag", "given", "text"]].head(1)
           row    tag  given       text
        0    1  crude  False  crude oil
        """
        check_is_fitted(self)
        tuner, tags = self._tuner("label_issues"), self.classes_.tolist()
        kept, counts = tuner.out_of_fold_, tuner.label_counts_
        issues = find_issues(kept, counts, k, rare=rare, confirmed=confirmed, name="tag", labels=tags)
        if texts is None:
            return issues_table(issues, "tag")
        texts, n_texts = check_texts(texts), kept.rows.max() + 1
        if len(texts) < n_texts:
            raise ValueError(f"texts must be all that fit was given, {n_texts} or more; got {len(texts)}.")
        shown = [texts[issue["row"]] for issue in issues]
        found = self._words(shown, [[tags.index(issue["tag"])] for issue in issues])
        for issue, text, (its,) in zip(issues, shown, found):
            issue.update(text=text, words=", ".join(_distinct(**its)))
        return issues_table(issues, "tag", "text", "words")

    def _tuner(self: Any, method):
        """The fitted tuner, which keeps scores of rows that its models had not seen."""
        tuner = self._decisions()
        if tuner is None:
            raise ValueError(
                f"{method} needs scores of training rows by models that had not seen them, and "
                f"{type(self.estimator_).__name__} keeps none: give no estimator, or one that is or ends in a "
                "TunedThresholdMultiLabelClassifierCV."
            )
        return tuner

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
        tuner = self._tuner("to_review")
        rows = tags_of_indicator(tuner.to_review(self._features_to_decide(X)), self.classes_.tolist())
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
        with nullcontext() if path is None else whole_file(path) as file:
            report = TagReport(report_page(self._report_data(texts, tags)))
            if file is not None:
                file.write(report.html.encode())
        return report

    def _report_data(self: Any, texts, tags) -> ReportData:
        """What a page shows of rows whose tags are known: of rows that are predicted now, or of training rows."""
        tuner = self._tuner("report() without tags") if tags is None else self._decisions()
        X = None if texts is None else self._read_fitted(texts)
        if tags is None:
            source = "Measured on the training texts, each by a model that had not seen it."
            kept, chosen, doubt = tuner.review_training_rows()
            rows, truth = kept.rows, _indicator(kept, kept.targets, len(self.classes_))
            if X is not None and len(X) <= rows.max():
                raise ValueError(
                    f"Without tags, texts must be all that fit was given, {rows.max() + 1} or more; got {len(X)}."
                )
        else:
            source = "Measured on texts and tags that the model was not fitted on."
            truth = sp.csr_array(self.tag_indicator(tags)).astype(bool)
            check_consistent_length(X, truth)
            rows = np.arange(truth.shape[0])
            if tuner is not None:
                kept, chosen, doubt = tuner.review_rows(self._features_to_decide(X), truth)
        shown = {}
        if tuner is None:
            predicted = sp.csr_array(self.tag_indicator(self.predict(X))).astype(bool)
        else:
            predicted = _indicator(kept, chosen, len(self.classes_))
            shown = {"thresholds": tuner.thresholds_, "doubt": doubt, "issues": _issues(kept, tuner)}
            if tuner.decisions_.promises is not None:
                promises = zip(tuner.promises_.bounds, tuner.promises_.kinds)
                shown["promises"] = [f"{bound:.2f} {kind}" if kind != "none" else "–" for bound, kind in promises]
        try:
            counts = fitted_label_counts(self.estimator_)
        except NotFittedError:
            counts = np.asarray(truth.sum(axis=0)).ravel()
        if isinstance(X, list) and all(isinstance(text, str) for text in X):
            shown["texts"] = [X[row] for row in rows]
        data = ReportData("Report on tags", source, self.classes_.tolist(), counts, truth, predicted, rows, **shown)
        return data if data.texts is None else replace(data, words=self._words_in_doubt(data))

    def _words_in_doubt(self: Any, data):
        """Words of the most doubtful texts that spoke for their predicted tags, by row and column."""
        rows = data.order[:DOUBTFUL].tolist()
        tags = [data.predicted.indices[slice(*data.predicted.indptr[row : row + 2])].tolist() for row in rows]
        found = self._words([data.texts[row] for row in rows], tags)
        telling = [[_distinct(**its, share=0.25) for its in words] for words in found]
        return {row: dict(zip(*both)) for row, *both in zip(rows, tags, telling)}

    def _words(self: Any, texts, columns):
        """Words that speak for tags of texts, and what of their names stands there; none with an `estimator`."""
        if self.estimator is not None:
            return [[{"words": (), "matched": ()}] * len(each) for each in columns]
        return TagWords(self.estimator_, self._tag_names)(texts, columns)


def _distinct(words, matched, share=0.0):
    """The words that spoke for a tag, at least by a share of what the first one did, and those of its name."""
    return list(dict.fromkeys([*(word for word, added in words if added >= share * words[0][1]), *matched]))


def _indicator(kept, mask, n_tags):
    """Some of the pairs as a matrix."""
    index = kept.row_of_pair[mask], kept.labels[mask]
    return sp.csr_array((np.ones(len(index[0]), dtype=bool), index), shape=(len(kept.rows), n_tags))


def _issues(kept, tuner):
    """Labels in doubt, with places of rows; none where there is nothing to tell wrong ones by."""
    try:
        issues = find_issues(replace(kept, rows=np.arange(len(kept.rows))), tuner.label_counts_, _ISSUES)
    except ValueError:
        return ()
    return [(i["row"], i["label"], i["given"], i["probability"]) for i in issues]
