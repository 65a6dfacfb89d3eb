"""After the fit: what `TagClassifier` says of texts that should be looked at, and of tags in doubt."""

from __future__ import annotations

from typing import Any

from sklearn.utils.validation import check_is_fitted

from skbalance.decisions import LabelEvidence
from skbalance.review import find_issues, issues_table
from skbalance.text._tag_words import TagWords
from skbalance.text._texts import check_texts

__all__ = ["TagReviewMixin"]


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
        return self._tuner("doubt").doubt(self._tuner_features(X))

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
        return self._tuner("review_order").review_order(self._tuner_features(X))

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
        rows = [[LabelEvidence(tags.index(issue["tag"]), issue["probability"], 0.0, {})] for issue in issues]
        if self.estimator is None:
            rows = TagWords(self.estimator_, self._tag_names).explain([texts[each["row"]] for each in issues], rows)
        for issue, (evidence,) in zip(issues, rows):
            words = dict.fromkeys([*(word for word, _ in evidence.words), *evidence.matched])
            issue.update(text=texts[issue["row"]], words=", ".join(words))
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
