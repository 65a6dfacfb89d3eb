"""The pipeline from texts to an indicator of tags that `TagClassifier` makes."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import check_consistent_length

from skbalance._classifier import BalancedMultiLabelClassifier
from skbalance._validation import check_sample_weight
from skbalance.decisions import TunedThresholdMultiLabelClassifierCV, label_vectors
from skbalance.memory import CosineCentroidClassifier, CosineNeighborsClassifier
from skbalance.text._name_ngrams import NameNgrams
from skbalance.text._tag_scorers import FeatureBlockClassifier, FrequentLabelsClassifier

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
    return Pipeline([("features", FeatureUnion(blocks)), ("decisions", _decisions({"words": (0, 1)}, 0, {}))])


def _decisions(blocks, n_texts, of_linear) -> TunedThresholdMultiLabelClassifierCV:
    """Decisions on a linear model, centroids and neighbours of each block of features, given by its columns."""
    linear = FrequentLabelsClassifier(
        BalancedMultiLabelClassifier("squared_hinge", max_iter=1000, random_state=0, **of_linear)
    )
    neighbors = CosineNeighborsClassifier(max_rows=_MOST_NEIGHBOURS)
    scorers = []
    for name, (start, stop) in blocks.items():
        of = "" if name == "words" else f"_{name}"
        scorers.append((f"linear{of}", FeatureBlockClassifier(linear, start, stop)))
        scorers.append((f"centroid{of}", FeatureBlockClassifier(CosineCentroidClassifier(), start, stop)))
        if n_texts <= _MOST_NEIGHBOURS:
            scorers.append((f"neighbors{of}", FeatureBlockClassifier(neighbors, start, stop)))
    return TunedThresholdMultiLabelClassifierCV(scorers)


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


def fit_tag_pipeline(texts, y, used, names, embedder, task, settings, **fit_params) -> tuple[Pipeline, sp.csr_matrix]:
    """Fit features once, and decisions on them.

    Parameters
    ----------
    texts : list of str
        Training texts.
    y : csr_matrix or ndarray of shape (n_samples, n_tags)
        Indicator.
    used : ndarray of int
        Numbers of the texts that have a weight.
    names : list of list of str or None
        What each tag is called, as :func:`~skbalance.decisions.readable` gives it.
    embedder : transformer or None
        Gives texts a second block of features.
    task : CallbackContext
        Of which the decisions' tasks become part.
    settings : dict
        Parameters of the decisions.
    **fit_params
        For the `fit` of the decisions.

    Returns
    -------
    pipeline : Pipeline
        Fitted.
    X : csr_matrix of shape (n_samples, n_features)
        The features of the texts.
    """
    blocks = clone(unfitted_tag_pipeline(embedder)[0]).transformer_list
    blocks[0][1].set_params(min_df=2 if len(used) >= _MANY_TEXTS else 1)
    if names is not None:
        max_df = _MOST_COMMON_PIECES if len(used) >= _VERY_MANY_TEXTS else 1.0
        blocks.append(("pieces", NameNgrams([name for each in names for name in each], max_df)))
    parts = [_features(name, transformer, texts, used) for name, transformer in blocks]
    X = sp.csr_matrix(sp.hstack(parts, format="csr"))
    ends = np.cumsum([part.shape[1] for part in parts]).tolist()
    features, cv = FeatureUnion(blocks), _splits(len(used))
    of_linear: dict = {"coef_threshold": "auto"}
    if y.shape[1] >= _MANY_TAGS:
        of_linear["negative_sampling"] = "auto"
    if isinstance(cv, float):  # there are no folds to fit at a time
        of_linear["n_jobs"] = settings["n_jobs"]
    decisions = _decisions(
        {name: (end - part.shape[1], end) for (name, _), part, end in zip(blocks, parts, ends) if name != "pieces"},
        len(used),
        of_linear,
    )
    decisions.set_params(
        label_texts=None if names is None else label_vectors(features, names, plurals=("words",)),
        cv=cv,
        **settings,
    )
    del parts
    with task.propagate_callback_context(decisions):
        decisions.fit(X, y, **fit_params)
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
    blocks = dict(union.transformer_list)
    sizes = {name: len(block.vocabulary_) for name, block in blocks.items() if name != "embedding"}
    sizes = {name: sizes.get(name, n_features - sum(sizes.values())) for name in blocks}
    grown = {**blocks, "words": _with_new_words(blocks["words"], texts, n_before)}
    if "pieces" in blocks:
        grown["pieces"] = blocks["pieces"].with_names([name for each in names for name in each], texts, n_before)
    places, start = [], 0
    for name, block in grown.items():
        places.append(start + np.arange(sizes[name]))
        start += sizes[name] if name == "embedding" else len(block.vocabulary_)
    return FeatureUnion(list(grown.items())), np.concatenate(places), start


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
