"""The pipeline from texts to an indicator of tags that `TagClassifier` makes, and its scorers."""

from contextlib import contextmanager
from itertools import pairwise
from math import ceil, log10

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import check_consistent_length

from skbalance._callbacks import with_callbacks
from skbalance._classifier import BalancedMultiLabelClassifier
from skbalance._packing import dense
from skbalance._validation import check_sample_weight
from skbalance.crossfit import MetaClassifierMixin
from skbalance.decisions import TunedThresholdMultiLabelClassifierCV, label_vectors
from skbalance.memory import CosineCentroidClassifier, CosineNeighborsClassifier
from skbalance.text._tag_names import NameNgrams

# Parameters of `TagClassifier` that go to the decisions.
_SETTINGS = (
    "scoring", "predict_unseen", "min_labels", "max_labels", "min_precision", "max_missed", "confidence", "n_jobs",
    "random_state", "verbose",
)  # fmt: skip
_FOLDS = 5
# Nearest texts are evidence where there are no more texts than this: they cost the more and help the less, the more
# there are.
_MOST_NEIGHBOURS = 5000
# Words of a single text are left out where there are so many texts.
_MANY_TEXTS = 200
# Of so many tags a linear model is trained on some of the texts that do not have the tag, and keeps what is not small.
_MANY_TAGS = 2000
# With so many texts a hold-out, of a fifth or so many texts, takes the place of folds, and pieces of names that more
# than this share of the texts have are left out.
_VERY_MANY_TEXTS, _MOST_HELD_OUT, _MOST_COMMON_PIECES = 100_000, 40_000, 0.02


def last_step(estimator):
    """The last step of a pipeline; any other estimator itself."""
    return estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator


def used_rows(texts, rows, fit_params) -> tuple[list, np.ndarray]:
    """Rows of tags, none for texts without a weight, and the numbers of the texts with one."""
    check_consistent_length(texts, rows)
    weight = fit_params.get("sample_weight")
    if weight is None:
        return rows, np.arange(len(rows))
    weight = check_sample_weight(weight, texts)
    return [row if each else [] for row, each in zip(rows, weight)], np.flatnonzero(weight)


def unfitted_tag_pipeline(embedder=None) -> Pipeline:
    """Features and decisions, as they are before `fit`."""
    blocks = [("words", TfidfVectorizer(sublinear_tf=True, dtype=np.float32))]
    if embedder is not None:
        blocks.append(("embedding", embedder))
    return Pipeline([("features", FeatureUnion(blocks)), ("decisions", _decisions({"words": (0, 1)}))])


def _decisions(columns, n_texts=0, **of_linear) -> TunedThresholdMultiLabelClassifierCV:
    """Decisions on a linear model, centroids and neighbours of each block of features, given by its columns."""
    linear = BalancedMultiLabelClassifier(
        "squared_hinge", max_iter=1000, coef_threshold="auto", random_state=0, **of_linear
    )
    scorers = {"linear": FrequentLabelsClassifier(linear), "centroid": CosineCentroidClassifier()}
    if n_texts <= _MOST_NEIGHBOURS:
        scorers["neighbors"] = CosineNeighborsClassifier(max_rows=_MOST_NEIGHBOURS)
    return TunedThresholdMultiLabelClassifierCV(
        [
            (kind if block == "words" else f"{kind}_{block}", FeatureBlockClassifier(scorer, *where))
            for block, where in columns.items()
            for kind, scorer in scorers.items()
        ]
    )


def _features(name, transformer, texts, used) -> sp.csr_array:
    """Features of texts by a transformer that is fitted on those that are used."""
    if len(used) == len(texts) and hasattr(transformer, "fit_transform"):
        features = transformer.fit_transform(texts)
    else:
        features = transformer.fit([texts[i] for i in used]).transform(texts)
    if np.ndim(features) != 2 or np.shape(features)[0] != len(texts):
        raise ValueError(
            f"The {name} of {len(texts)} texts must have a row for each; got an array of shape {np.shape(features)}."
        )
    return sp.csr_array(features)


def fit_tag_pipeline(classifier, texts, y, used, names, hierarchy, task, **params) -> tuple[Pipeline, sp.csr_matrix]:
    """Fit features once, and decisions on them.

    Parameters
    ----------
    classifier : TagClassifier
        Of which the settings are.
    texts : list of str
        Training texts.
    y : csr_matrix or ndarray of shape (n_samples, n_tags)
        Indicator.
    used : ndarray of int
        Numbers of the texts that have a weight.
    names : list of list of str or None
        What each tag is called, as :func:`~skbalance.decisions.readable` gives it.
    hierarchy : Hierarchy
        Of the tags.
    task : CallbackContext
        Of which the decisions' tasks become part.
    **params
        For the `fit` of the decisions.

    Returns
    -------
    pipeline : Pipeline
        Fitted.
    X : csr_matrix of shape (n_samples, n_features)
        The features of the texts.
    """
    blocks = clone(unfitted_tag_pipeline(classifier.embedder)[0]).transformer_list
    blocks[0][1].set_params(min_df=2 if len(used) >= _MANY_TEXTS else 1)
    very_many = len(used) >= _VERY_MANY_TEXTS
    if names is not None:
        blocks.append(("pieces", NameNgrams(names, _MOST_COMMON_PIECES if very_many else 1.0)))
    parts = [_features(name, transformer, texts, used) for name, transformer in blocks]
    X, ends = sp.csr_matrix(sp.hstack(parts, format="csr")), np.cumsum([0, *(part.shape[1] for part in parts)])
    columns = {name: where for (name, _), where in zip(blocks, pairwise(ends.tolist())) if name != "pieces"}
    decisions = _decisions(
        columns,
        len(used),
        negative_sampling="auto" if y.shape[1] >= _MANY_TAGS else None,
        n_jobs=classifier.n_jobs if very_many else None,  # there are no folds to fit at a time
    )
    features = FeatureUnion(blocks)
    vectors = None if names is None else label_vectors(features, names, plurals=("words",))
    settings = {name: getattr(classifier, name) for name in _SETTINGS}
    decisions.set_params(label_texts=vectors, parents=hierarchy.parents or None, cv=_splits(len(used)), **settings)
    del parts
    with task.propagate_callback_context(decisions):
        decisions.fit(X, y, **params)
    return Pipeline([("features", features), ("decisions", decisions)]), X


def _splits(n_texts):
    """Folds, or with very many texts the share of a hold-out."""
    if n_texts < _VERY_MANY_TEXTS:
        return min(_FOLDS, max(2, n_texts // 2))
    return min(1 / _FOLDS, _MOST_HELD_OUT / n_texts)


def grown_features(union, texts, n_before, names, n_features) -> tuple[FeatureUnion, np.ndarray, int]:
    """Features with the words of further texts and the pieces of further names, at the ends of their blocks.

    A word has the weight that its frequency among all texts so far gives it when it comes. Of 200 texts and more,
    those that only one of them has are left out.

    Parameters
    ----------
    union : FeatureUnion
        Fitted; left as it is.
    texts : list of str
        Further texts.
    n_before : int
        Texts before these.
    names : list of list of str or None
        What each tag is called, those before and further ones.
    n_features : int
        Features before.

    Returns
    -------
    union : FeatureUnion
        Of words or pieces that may be new; the embedder is the same.
    places : ndarray of int of shape (n_features,)
        Where the features before are among those now.
    n_features : int
        Features now.
    """
    before = dict(union.transformer_list)
    blocks = {**before, "words": _with_new_words(before["words"], texts, n_before)}
    n_words, places = len(before["words"].vocabulary_), np.arange(n_features)
    n_new = len(blocks["words"].vocabulary_) - n_words
    places[n_words:] += n_new
    if "pieces" in blocks:  # the last ones
        blocks["pieces"] = before["pieces"].with_names(names, texts, n_before)
        n_new += len(blocks["pieces"].vocabulary_) - len(before["pieces"].vocabulary_)
    return FeatureUnion(list(blocks.items())), places, n_features + n_new


def _with_new_words(vectorizer, texts, n_before):
    """A fitted vectorizer with the words of further texts."""
    try:
        least = 2 if len(texts) >= _MANY_TEXTS else 1
        counter = clone(vectorizer).set_params(min_df=least, vocabulary=None).fit(texts)
    except ValueError:  # no text has a word
        return vectorizer
    known = vectorizer.vocabulary_
    new = [word for word in counter.get_feature_names_out() if word not in known]
    more = {word: len(known) + i for i, word in enumerate(new)}
    grown = clone(vectorizer).set_params(vocabulary={**known, **more})
    rarer = np.log((1 + n_before + len(texts)) / (1 + len(texts)))  # than among these texts
    grown.idf_ = np.append(vectorizer.idf_, counter.idf_[[counter.vocabulary_[word] for word in new]] + rarer)
    return grown


@contextmanager
def fit_task(estimator, X, y, **at_end):
    """Tell the callbacks of an estimator of the fit of the one inside, whose tasks can be made part of this one."""
    told = {"estimator": estimator, "X": X, "y": y}
    context = estimator._init_callback_context(max_subtasks=1)
    context.call_on_fit_task_begin(**told)
    task = context.subcontext(task_name="fit-estimator")
    task.call_on_fit_task_begin(**told)
    yield task
    task.call_on_fit_task_end(**told)
    context.call_on_fit_task_end(**told, **at_end)


def _fit_inside(wrapper, X, y, params):
    """Fit a clone of the estimator inside a wrapper, of whose fit its tasks become part."""
    inner = clone(wrapper.estimator)
    with fit_task(wrapper, X, y) as task:
        if not hasattr(inner, "set_callbacks"):
            return inner.fit(X, y, **params)
        with task.propagate_callback_context(inner):
            return inner.fit(X, y, **params)


class FeatureBlockClassifier(MetaClassifierMixin, BaseEstimator):
    """A classifier on one block of the features.

    Its tags and features may change after the fit, as those of the classifier inside, one of :mod:`skbalance.memory` or
    a :class:`FrequentLabelsClassifier`: `_of_labels` takes some of the labels, by their numbers, and where that is -1
    further ones; `_learn_labels` learns the last labels from rows that say nothing of the others; `_widen` takes wider
    features, among which those before have these places.

    Parameters
    ----------
    estimator : classifier
        With `decision_function`.
    start, stop : int
        Columns of the block.
    """

    def __init__(self, estimator, start, stop):
        self.estimator = estimator
        self.start = start
        self.stop = stop

    def _block(self, X):
        return X if (self.start, self.stop) == (0, X.shape[1]) else X[:, self.start : self.stop]

    @with_callbacks
    def fit(self, X, y, **params):
        """Fit a clone on the block."""
        y = _as_indicator(y)
        self.estimator_ = _fit_inside(self, self._block(X), y, params)
        self.classes_ = self.estimator_.classes_
        return self

    def partial_fit(self, X, y, **params):
        """Learn further rows of the block."""
        self.estimator_.partial_fit(self._block(X), _as_indicator(y), **params)
        return self

    def decision_function(self, X):
        """Scores by the block."""
        return self.estimator_.decision_function(self._block(X))

    def _of_labels(self, labels):
        self.classes_ = self.estimator_._of_labels(labels).classes_
        return self

    def _learn_labels(self, X, y, weight):
        self.estimator_._learn_labels(self._block(X), y, weight)
        return self

    def _widen(self, places, n_features):
        stop = int(places[self.stop]) if self.stop < len(places) else n_features
        own, start = places[self.start : self.stop], int(places[self.start])
        self.estimator_._widen(own - start, stop - start)
        self.start, self.stop = start, stop
        return self


class FrequentLabelsClassifier(MetaClassifierMixin, BaseEstimator):
    """A linear model of frequent labels, and the nearness to the mean of a label's rows for rare ones.

    A linear model of a label with two rows is a noisy copy of their mean, and takes as long to train as any other.

    Parameters
    ----------
    estimator : classifier
        With a `decision_function` on the scale of margins: near -1 for rows that have nothing of the label.

    Attributes
    ----------
    frequent_ : ndarray of bool of shape (n_labels,)
        Which labels have a linear model.
    min_positives_ : int
        Rows from which a label has a linear model.
    """

    def __init__(self, estimator):
        self.estimator = estimator

    @with_callbacks
    def fit(self, X, y, **params):
        """Fit a clone on the frequent labels, and means of the rows of the others."""
        self.counts_, self.min_positives_ = _count(y, params), _min_positives(y.shape[1])
        self.frequent_ = frequent = self.counts_ >= min(self.min_positives_, self.counts_.max())
        self.estimator_ = _fit_inside(self, X, y if frequent.all() else y[:, frequent], params)
        of_rare = y[:, :1] if frequent.all() else y[:, ~frequent]
        self.centroids_ = CosineCentroidClassifier().fit(X, of_rare, sample_weight=params.get("sample_weight"))
        self.centroids_._of_labels(np.arange(np.sum(~frequent)))
        self.classes_ = np.tile([0, 1], (len(frequent), 1))
        return self

    def partial_fit(self, X, y, **params):
        """Learn further rows; a label that has enough of them now gets a linear model, which starts as its stand-in."""
        counts, rare = self.counts_ + _count(y, params), ~self.frequent_
        if rare.any():
            means, new = self.centroids_.centroids_, rare & (counts >= self.min_positives_)
            self.centroids_.partial_fit(X, y[:, rare], sample_weight=params.get("sample_weight"))
            coef = 2 * means[new[rare]].toarray().T
            self._make_frequent(new, coef, np.full(new.sum(), -1.2), self.counts_[new])
        if self.frequent_.any():
            self.estimator_.partial_fit(X, y[:, self.frequent_], **params)
        self.counts_ = counts
        return self

    def decision_function(self, X):
        """Margins of the frequent labels, and ``2 cos - 1.2`` with the mean of their rows of the others."""
        scores = self.estimator_.decision_function(X)
        if self.frequent_.all():
            return scores
        scores, every = scores.reshape(len(scores), -1), np.empty((len(scores), len(self.classes_)), scores.dtype)
        every[:, self.frequent_] = scores
        every[:, ~self.frequent_] = self.centroids_.decision_function(X)
        return every

    def weights(self, label, columns):
        """What the score of a label is made of: weights of some features."""
        place = [np.sum(self.frequent_[:label] == self.frequent_[label])]
        if self.frequent_[label]:
            return dense(self.estimator_.coefs_[0][columns][:, place]).ravel()
        return self.centroids_.centroids_[place].toarray().ravel()[columns]

    def _learn_labels(self, X, y, weight):
        first = len(self.classes_) - y.shape[1]
        self.counts_[first:] = np.asarray(y.sum(axis=0)).ravel()
        self.centroids_._learn_labels(X, y, weight)
        new = (self.counts_ >= self.min_positives_) & (np.arange(len(self.counts_)) >= first)
        if new.any():
            linear = clone(self.estimator).fit(X, y[:, new[first:]], sample_weight=weight)
            fitted = linear.coefs_[0], linear.intercepts_[0], linear.label_counts_, linear.n_samples_fit_
            self._make_frequent(new, *fitted)
        return self

    def _make_frequent(self, new, *weights):
        """Give some of the rare labels a linear model with these weights."""
        self.centroids_._of_labels(np.flatnonzero(~new[~self.frequent_]))
        order = np.argsort(np.append(np.flatnonzero(self.frequent_), np.flatnonzero(new)))
        self.estimator_._of_outputs(order, *weights)
        self.frequent_ = self.frequent_ | new

    def _of_labels(self, labels):
        among = np.where(self.frequent_, np.cumsum(self.frequent_), np.cumsum(~self.frequent_)) - 1
        among, frequent = np.append(among, -1)[labels], np.append(self.frequent_, False)[labels]
        self.estimator_._of_outputs(among[frequent])
        self.centroids_._of_labels(among[~frequent])
        self.frequent_, self.counts_ = frequent, np.append(self.counts_, 0)[labels]
        self.classes_ = np.tile([0, 1], (len(labels), 1))
        return self

    def _widen(self, places, n_features):
        self.estimator_._widen(places, n_features)
        self.centroids_._widen(places, n_features)
        return self


def _min_positives(n_labels):
    """Rows that a label needs for a linear model: 2 of up to 100 labels, 3 of up to 1,000, 4 of up to 10,000."""
    return max(2, ceil(log10(n_labels)))


def _as_indicator(y):
    """An indicator, also of the only label, which the tuner gives as a 1-D target."""
    return sp.csr_matrix(y[:, None]) if y.ndim == 1 else y


def _count(y, params):
    """Rows of each label that have a weight."""
    weight = params.get("sample_weight")
    return np.asarray((y if weight is None else y[np.flatnonzero(weight)]).sum(axis=0)).ravel()
