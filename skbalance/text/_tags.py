"""Lists of tags in, lists of tags out."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, replace
from typing import Annotated, Any

import numpy as np
from scipy.sparse import issparse
from sklearn import config_context, get_config
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skbalance import _kinds as kinds
from skbalance._callbacks import with_callbacks
from skbalance._hierarchy import Hierarchy
from skbalance._responses import response_blocks
from skbalance._tag_lists import indicator_of_tags, read_classes, read_tag_lists, tags_of_indicator
from skbalance._validation import HasMethods, check_k, validate_hyperparameters
from skbalance._warnings import warn
from skbalance.crossfit import MetaClassifierMixin
from skbalance.decisions import TunedThresholdMultiLabelClassifierCV
from skbalance.text._tag_names import TagWords, read_tag_names, read_tag_parents
from skbalance.text._tag_pipeline import fit_tag_pipeline, fit_task, last_step, unfitted_tag_pipeline, used_rows
from skbalance.text._tag_review import TagReviewMixin
from skbalance.text._tag_updates import TagUpdatesMixin
from skbalance.text._texts import check_texts, takes_texts


def _estimator_has(method):
    def check(self):
        return hasattr(last_step(getattr(self, "estimator_", None) or self._unfitted()), method)

    return check


def _holds_texts(X):
    """Whether the first row is a text."""
    return not issparse(X) and getattr(X, "ndim", 1) == 1 and isinstance(next(iter(X), None), str)


@dataclass(eq=False, repr=False)
class TagClassifier(TagReviewMixin, TagUpdatesMixin, MetaClassifierMixin, BaseEstimator):
    """From texts to tags in one call: fit on lists of tags, predict lists of tags.

    Without an estimator it is a pipeline of TF-IDF, a linear model of each tag that has a few texts or more, and
    decisions. What speaks for a tag is the score of its linear model, how near the text is to the mean of the tag's
    texts, and how well it matches what the tag is called, in whole words and in pieces of words. What each is worth,
    and a threshold for each tag, is learnt on folds of the training texts.

    With an `estimator` it only turns lists of tags into an indicator matrix for it, and predictions back. Put it
    outermost then, around the search, as in ``TagClassifier(GridSearchCV(pipeline, ...))``: splitters and scorers see
    the indicator matrix, as they need. Around a TagClassifier, scikit-learn's searches and ``cross_val_score`` take
    strings of tags, with `sep`, as any other y; lists of tags with ``cv=MultilabelStratifiedKFold(5)`` in place of
    ``cv=5``.

    Parameters
    ----------
    estimator : classifier, default=None
        Takes an indicator matrix of shape (n_samples, n_tags) as y: a pipeline, a search or a classifier. None is the
        pipeline described above, for texts.
    label_texts : "tags", mapping from tag to str or list of str, or None, default="tags"
        What the tags are called. ``"tags"``: as they are; integers tell nothing. A mapping gives a text, or several
        (name, synonym, description), of which the best match counts; a tag that it does not have is called as it is.
        None makes no use of names. An `estimator` gets the texts if it has a parameter `label_texts` that is None, as
        :class:`~skbalance.decisions.TunedThresholdMultiLabelClassifierCV` has, and X holds texts.
    classes : sequence of str or int, default=None
        All tags, in the order of the columns. None takes the tags of the training data, sorted. Ancestors that are not
        among them come last.
    embedder : transformer, default=None
        Without an `estimator`: gives texts dense features beside words, such as a
        :class:`~skbalance.text.SentenceEmbedder`. A linear model, means of texts and a match of names in its space
        become evidence too.
    parents : mapping from tag to tag or list of tags, default=None
        The parents of tags that have any. A text with a tag has its ancestors too: `fit` adds them to `y`, and to the
        tags where no text names them, and no tag is predicted without them: it brings them with it. With
        `min_precision` it is left out instead where an ancestor does not keep the promise, so that its own holds for
        the texts above its threshold, of which it gets the surer ones. A parent is at least as likely as its children:
        where their log-odds are higher, both meet half way. An `estimator` gets the parents, by column, if it has a
        parameter `parents` that is None.
    hierarchy : str, default=None
        In place of `parents`: what stands between levels of a name. With ``"/"``, ``"a/b/c"`` has the parent ``"a/b"``,
        and that has ``"a"``.
    sep : str, default=None
        What stands between two tags where y is a column of strings, as ``";"`` in ``"billing;login"``; `predict` then
        gives such strings. None takes lists of tags.
    sparse_output : bool, default=True
        Whether `estimator` is given a sparse matrix. False for classifiers that need a dense one.
    scoring : str or callable, default="f1_micro_macro"
        Without an `estimator`: what the thresholds maximise, as for
        :class:`~skbalance.decisions.TunedThresholdMultiLabelClassifierCV`. ``"f1_macro"`` puts rare tags first: each
        tag counts the same.
    predict_unseen : bool, default=False
        Without an `estimator`: whether tags of `classes` that no training text has can be predicted from their name.
    min_labels : int or "auto", default="auto"
        Without an `estimator`: least number of tags a text. ``"auto"`` is 1 if every training text has a tag, else 0.
    max_labels : int, default=None
        Without an `estimator`: largest number of tags a text.
    min_precision : float, default=None
        Without an `estimator`, a promise: a tag is predicted only where its precision is at least this, wrong with a
        probability of at most ``1 - confidence`` for each tag. A tag with too few texts shares the promise with tags of
        similar frequency; where not even that stands it is not predicted. `promises_` tells, :meth:`to_review` gives
        the rest. Texts may get no tag then, whatever `min_labels`. It holds for new texts that are exchangeable with
        the training texts, not for those of next year.
    max_missed : float, default=None
        Without an `estimator`, in its place the promise that at most this share of the texts with a tag is missed.
    confidence : float, default=0.9
        Of the promise.
    keep_rows : int, default=2000
        Without an `estimator`: training texts whose features are kept in the model, from which :meth:`add_tags` tells
        those of a new tag. 0 keeps nothing, for a smaller file: the model cannot learn on then.
    n_jobs : int, default=None
        Without an `estimator`: folds to fit at a time, or with 100,000 texts and more, where there is one hold-out in
        their place, blocks of tags.
    random_state : int, RandomState instance or None, default=None
        Without an `estimator`: shuffles the folds.
    verbose : int, default=0
        Without an `estimator`: above 0, each fit is printed with the time that is left.

    Attributes
    ----------
    estimator_ : classifier
        The fitted copy of `estimator`; without one a Pipeline of "features" and "decisions".
    classes_ : ndarray of shape (n_tags,)
        The tags; column i of `predict_proba` belongs to ``classes_[i]``.
    promises_ : Promises
        Of each tag the threshold, the kind of the promise, and what it rests on
        (:class:`~skbalance.decisions.Promises`). Only with `min_precision` or `max_missed`.

    Examples
    --------
    >>> from skbalance import TagClassifier
    >>> texts = ["wheat and corn prices", "crude oil", "wheat harvest", "oil and gas", "corn", "gas prices"] * 5
    >>> tags = [["wheat", "corn"], ["crude"], ["wheat"], ["crude", "gas"], ["corn"], ["gas"]] * 5
    >>> classifier = TagClassifier(random_state=0).fit(texts, tags)
    >>> classifier.predict(["the price of wheat and corn", "crude oil"])
    [('corn', 'wheat'), ('crude',)]
    >>> [tag for tag, score in classifier.predict_topk(["a harvest of wheat"], k=2)[0]]
    ['wheat', 'corn']
    """

    estimator: Annotated[Any, HasMethods(["fit", "predict"])] | None = None
    _: KW_ONLY
    label_texts: Any = "tags"
    classes: kinds.ArrayLike | None = None
    embedder: Annotated[Any, HasMethods(["fit", "transform", "__sklearn_tags__"])] | None = None
    parents: Mapping | None = None
    hierarchy: str | None = None
    sep: str | None = None
    sparse_output: bool = True
    scoring: kinds.TunerScoring = "f1_micro_macro"
    predict_unseen: bool = False
    min_labels: kinds.Auto | kinds.CountFromZero = "auto"
    max_labels: kinds.Count | None = None
    min_precision: kinds.InnerShare | None = None
    max_missed: kinds.InnerShare | None = None
    confidence: kinds.InnerShare = 0.9
    keep_rows: kinds.CountFromZero = 2000
    n_jobs: kinds.Jobs | None = None
    random_state: kinds.RandomState = None
    verbose: kinds.Verbosity = 0

    def _unfitted(self):
        return unfitted_tag_pipeline(self.embedder) if self.estimator is None else self.estimator

    def _scorers(self):
        return [("estimator", self._unfitted())]

    @with_callbacks
    def fit(self, X, y, **fit_params):
        """Fit a copy of the estimator, or the pipeline.

        Parameters
        ----------
        X : list of str, or any
            Texts, in whatever holds one column of them: a list, a generator, a Series, a frame or an array of one
            column. An estimator that does not begin with texts gets X as it is.
        y : list, Series or 1-D array, of length n_samples
            A list, tuple, set or array of str, or of int, for each row; empty for a row without tags. Columns of lists
            of polars and pyarrow are taken too, and with `sep` strings. White space around a tag is no part of it, and
            empty tags are left out, with a warning.
        **fit_params
            Handed to the estimator's `fit`; without one, `sample_weight`.

        Returns
        -------
        self : TagClassifier
            The fitted classifier.

        Raises
        ------
        TypeError, ValueError
            If a row of `y` is not a collection of strings or integers, a tag is the text of a list, no row has a tag,
            a tag is not in `classes`, or parents are not what is allowed.
        """
        validate_hyperparameters(self)
        if self.estimator is not None and (self.min_precision, self.max_missed) != (None, None):
            raise ValueError(
                "min_precision and max_missed are for TagClassifier without an estimator: set them in the "
                f"TunedThresholdMultiLabelClassifierCV inside; got {type(self.estimator).__name__}."
            )
        if get_config()["enable_metadata_routing"]:
            fit_params = process_routing(self, "fit", **fit_params).estimator.fit
        X, rows = self._read(self._unfitted(), X), read_tag_lists(y, sep=self.sep)
        if self.estimator is None:
            rows, used = used_rows(X, rows, fit_params)
        present = set().union(*rows)
        if self.classes is None and not present:
            raise ValueError("y has no tags: every row is empty.")
        classes = sorted(present) if self.classes is None else read_classes(self.classes, sep=self.sep)
        if unknown := sorted(present.difference(classes), key=str):
            raise ValueError(f"y has tags that are not among classes: {unknown[:10]}.")
        parents = read_tag_parents(self.parents, self.hierarchy, self.sep, {*classes})
        classes = sorted({*classes, *parents}) if self.classes is None else list(dict.fromkeys([*classes, *parents]))
        names, hierarchy = read_tag_names(self.label_texts, classes), Hierarchy.of(parents, classes)
        indicator = self._indicator(rows, classes, hierarchy)
        with fit_task(self, X, y, reconstruction_attributes={}) as task:
            if self.estimator is None:
                fitted, features = fit_tag_pipeline(self, X, indicator, used, names, hierarchy, task, **fit_params)
            else:
                fitted = self._with_names(X, names, hierarchy)
                with task.propagate_callback_context(fitted):
                    fitted.fit(X, indicator, **fit_params)
            self.estimator_, self._tag_names, self._hierarchy = fitted, names, hierarchy
            self.classes_ = np.array(classes, dtype=object if isinstance(classes[0], str) else np.int64)
            if self.estimator is None:
                self._n_texts = 0
                self._keep(X, features, used)
        return self

    def _read(self, estimator, X):
        return check_texts(X) if self.estimator is None or takes_texts(estimator) else X

    def _read_fitted(self, X):
        check_is_fitted(self)
        return self._read(self.estimator_, X)

    def tag_indicator(self, y):
        """The indicator matrix of lists of tags, for metrics of scikit-learn.

        Parameters
        ----------
        y : list, Series or 1-D array, of length n_samples
            Lists of tags, or with `sep` strings. Tags that are not in `classes_` are left out, with a warning.

        Returns
        -------
        indicator : ndarray or csr_matrix of shape (n_samples, n_tags)
            1 where a row has the tag of the column, or a descendant, in the order of `classes_`. Sparse with
            `sparse_output`.
        """
        check_is_fitted(self)
        rows, known = read_tag_lists(y, sep=self.sep), set(self.classes_.tolist())
        if unknown := sorted(set().union(*rows) - known, key=str):
            warn(f"y has tags that are not in classes_ and are left out: {unknown[:10]}.")
            rows = [[tag for tag in row if tag in known] for row in rows]
        return self._indicator(rows, self.classes_.tolist(), self._hierarchy)

    def _indicator(self, rows, classes, hierarchy):
        """The indicator of lists of tags, as the estimator takes it."""
        indicator = hierarchy.close(indicator_of_tags(rows, classes))
        return indicator if self.sparse_output else indicator.toarray()

    def _with_names(self, X, names, hierarchy):
        """A clone of the estimator, with the names and the parents where it takes them."""
        estimator = clone(self.estimator)
        parameters = estimator.get_params(deep=False)
        takes = parameters.get("label_texts", names) is None and parameters.get("scores") != "estimator"
        given = isinstance(self.label_texts, Mapping)
        if given and not takes:
            raise ValueError(
                f"label_texts is a mapping, and {type(estimator).__name__} has no parameter label_texts that is None: "
                "set the texts of labels there, or pass no estimator."
            )
        if takes and names is not None and (given or _holds_texts(X)):
            estimator.set_params(label_texts=names)
        if parameters.get("parents", hierarchy) is None:
            estimator.set_params(parents=hierarchy.parents or None)
        return estimator

    def predict(self, X):
        """Predict tags.

        Parameters
        ----------
        X : list of str, or any
            What `fit` took, of length n_samples.

        Returns
        -------
        tags : list of tuple of str or int, of length n_samples
            The tags of each row, in the order of `classes_`. With `sep`, an array of strings of them.
        """
        X, classes = self._read_fitted(X), self.classes_.tolist()
        indicator = last_step(self.estimator_).predict(self._features_to_decide(X))
        rows = tags_of_indicator(self._hierarchy.close(indicator), classes)
        return rows if self.sep is None else np.array([self.sep.join(row) for row in rows], dtype=object)

    def predict_topk(self, X, k):
        """The k tags with the highest scores of each row, whether they would be predicted or not.

        Parameters
        ----------
        X : list of str, or any
            What `fit` took, of length n_samples.
        k : int
            Tags a row, from 1 to the number of tags.

        Returns
        -------
        tags : list of list of (tag, float), of length n_samples
            The one with the highest score first. Scores are `decision_scores` of the estimator if it has them, else its
            probabilities or decision values. Tags that were not looked at, or not trained, are left out.

        Raises
        ------
        ValueError
            If `k` is out of its range.
        AttributeError
            If the estimator has no scores.
        """
        X, tags = self._read_fitted(X), self.classes_.tolist()
        return [
            [(tags[j], score) for j, score in zip(*row) if score > -np.inf]
            for labels, scores in self._best(X, check_k(k, len(tags), "tags"))
            for row in zip(labels.tolist(), scores.tolist())
        ]

    def _best(self, X, k):
        """Labels and scores of the k best of each row, a block of rows at a time."""
        decisions = self._decisions()
        if decisions is not None:
            labels, scores = decisions.predict_topk(self._features(X), min(k, decisions.n_candidates_))
            # As a probability, 0 stands for what was not looked at.
            yield labels, np.where((scores == 0) & (decisions.decisions_.model is not None), -np.inf, scores)
            return
        methods = [m for m in ("predict_proba", "decision_function") if hasattr(self.estimator_, m)]
        if not methods:
            raise AttributeError(f"{type(self.estimator_).__name__} has no scores to rank tags by.")
        for scores in response_blocks(self.estimator_, X, methods[0], len(self.classes_)):
            best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
            yield best, np.take_along_axis(scores, best, axis=1)

    def _features(self, X):
        """What the last step of the pipeline takes; a transformer need not say that it is fitted."""
        for _, step in self.estimator_.steps[:-1] if isinstance(self.estimator_, Pipeline) else ():
            X = step.transform(X) if hasattr(step, "transform") else X
        return X

    def _features_to_decide(self, X):
        """The same, with a warning of texts without a known word."""
        features = self._features(X)
        if self.estimator is None and len(blank := np.flatnonzero(np.diff(features.indptr) == 0)):
            least = self.estimator_[-1].min_labels_
            given = "no tag" if not least else "the commonest tag" if least == 1 else f"the {least} commonest tags"
            warn(
                f"{len(blank)} of {len(X)} texts have no known word, the first is row {blank[0]} (counted from 0); "
                f"they get {given}."
            )
        return features

    def _decisions(self):
        """The fitted tuner that the estimator is, or ends in; None if there is none."""
        last = last_step(self.estimator_)
        return last if isinstance(last, TunedThresholdMultiLabelClassifierCV) else None

    @available_if(_estimator_has("explain"))
    def explain(self, X):
        """Why the predicted tags are predicted.

        Parameters
        ----------
        X : list of str, or any
            What `fit` took, of length n_samples.

        Returns
        -------
        explanations : list of list of LabelEvidence, of length n_samples
            For each row its predicted tags with their evidence; without an `estimator` with the words of the text that
            spoke for the tag, and what of its name stands there. ``print`` shows each in words.
        """
        X, tags = self._read_fitted(X), dict(enumerate(self.classes_.tolist()))
        rows = last_step(self.estimator_).explain(self._features(X))
        found = self._words(X, [[each.label for each in row] for row in rows])
        return [
            [replace(each, label=tags[each.label], descendant=tags.get(each.descendant), **its) for each, its in row]
            for row in map(zip, rows, found)
        ]

    def top_words(self, tag, k=10):
        """The words that speak most for a tag, whatever text they stand in.

        Parameters
        ----------
        tag : str or int
            One of `classes_`.
        k : int, default=10
            Words, from 1 to 10, or to the number of words that are known if there are more.

        Returns
        -------
        words : list of (str, float)
            Words and their weights in the linear score, the largest first; of a tag with too few texts for a linear
            model their weights in the mean of its texts.

        Raises
        ------
        ValueError
            If there is no such tag, `k` is out of its range, or the model has an `estimator` of its own.

        Examples
        --------
        >>> from skbalance import TagClassifier
        >>> texts = ["wheat and corn prices", "crude oil", "wheat harvest", "oil and gas", "corn", "gas prices"] * 5
        >>> tags = [["wheat", "corn"], ["crude"], ["wheat"], ["crude", "gas"], ["corn"], ["gas"]] * 5
        >>> model = TagClassifier(random_state=0).fit(texts, tags)
        >>> [word for word, weight in model.top_words("crude", k=1)]
        ['oil']
        """
        check_is_fitted(self)
        if self.estimator is not None:
            raise ValueError("top_words are those of the words that TagClassifier reads itself: pass no estimator.")
        tags, words = self.classes_.tolist(), TagWords(self.estimator_, self._tag_names)
        if tag not in tags:
            raise ValueError(f"tag must be one of classes_; got {tag!r}.")
        return words.strongest(tags.index(tag), check_k(k, max(10, len(words.vocabulary)), "words"))

    @available_if(_estimator_has("predict_proba"))
    def predict_proba(self, X):
        """Predict probabilities, as the estimator does.

        Parameters
        ----------
        X : list of str, or any
            What `fit` took, of length n_samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_tags)
            In the order of `classes_` (some scikit-learn classifiers return a list of arrays instead).
        """
        X = self._read_fitted(X)
        return self.estimator_.predict_proba(X)

    @available_if(_estimator_has("decision_function"))
    def decision_function(self, X):
        """Compute scores, as the estimator does.

        Parameters
        ----------
        X : list of str, or any
            What `fit` took, of length n_samples.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_tags)
            In the order of `classes_`.
        """
        X = self._read_fitted(X)
        return self.estimator_.decision_function(X)

    def score(self, X, y, **score_params):
        """Score with the estimator's own `score`: a search's `scoring`, otherwise mostly subset accuracy.

        Parameters
        ----------
        X : list of str, or any
            What `fit` took, of length n_samples.
        y : list, Series or 1-D array, of length n_samples
            Lists of tags, or with `sep` strings. Tags that are not in `classes_` are left out, with a warning.
        **score_params
            Handed to the estimator's `score`.

        Returns
        -------
        score : float
            Higher is better.
        """
        X, indicator = self._read_fitted(X), self.tag_indicator(y)
        if self.estimator is None:  # weights need no request, as in `fit`
            with config_context(enable_metadata_routing=False):
                return self.estimator_.score(X, indicator, **score_params)
        if get_config()["enable_metadata_routing"]:
            score_params = process_routing(self, "score", **score_params).estimator.score
        return self.estimator_.score(X, indicator, **score_params)

    def get_metadata_routing(self):
        """Say where the parameters of `fit` and `score` go when metadata routing is on.

        Returns
        -------
        routing : MetadataRouter
            To the `fit` and `score` of the estimator.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit").add(caller="score", callee="score")
        return MetadataRouter(owner=self).add(estimator=self._unfitted(), method_mapping=mapping)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
