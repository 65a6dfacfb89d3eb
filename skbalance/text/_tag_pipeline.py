"""The pipeline from texts to an indicator of tags that `TagClassifier` makes."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline

from skbalance._classifier import BalancedMultiLabelClassifier
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


def unfitted_tag_pipeline(embedder=None) -> Pipeline:
    """Features and decisions, as they are before `fit`."""
    blocks = [("words", TfidfVectorizer(sublinear_tf=True, dtype=np.float32))]
    if embedder is not None:
        blocks.append(("embedding", embedder))
    return Pipeline([("features", FeatureUnion(blocks)), ("decisions", _decisions({"words": (0, 1)}, 0))])


def _decisions(blocks, n_texts) -> TunedThresholdMultiLabelClassifierCV:
    """Decisions on a linear model, centroids and neighbours of each block of features, given by its columns."""
    linear = FrequentLabelsClassifier(BalancedMultiLabelClassifier("squared_hinge", max_iter=1000, random_state=0))
    scorers = []
    for name, (start, stop) in blocks.items():
        of = "" if name == "words" else f"_{name}"
        scorers.append((f"linear{of}", FeatureBlockClassifier(linear, start, stop)))
        scorers.append((f"centroid{of}", FeatureBlockClassifier(CosineCentroidClassifier(), start, stop)))
        if n_texts <= _MOST_NEIGHBOURS:
            scorers.append((f"neighbors{of}", FeatureBlockClassifier(CosineNeighborsClassifier(), start, stop)))
    return TunedThresholdMultiLabelClassifierCV(scorers)


def _features(name, transformer, texts) -> sp.csr_array:
    """Features of texts by a transformer that is fitted on them."""
    both = hasattr(transformer, "fit_transform")
    features = transformer.fit_transform(texts) if both else transformer.fit(texts).transform(texts)
    if np.ndim(features) != 2 or np.shape(features)[0] != len(texts):
        raise ValueError(
            f"The {name} of {len(texts)} texts must have a row for each; got an array of shape {np.shape(features)}."
        )
    return sp.csr_array(features)


def fit_tag_pipeline(texts, y, names, embedder, task, settings, **fit_params) -> Pipeline:
    """Fit features once, and decisions on them.

    Parameters
    ----------
    texts : list of str
        Training texts.
    y : csr_matrix or ndarray of shape (n_samples, n_tags)
        Indicator.
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
    """
    blocks = clone(unfitted_tag_pipeline(embedder)[0]).transformer_list
    blocks[0][1].set_params(min_df=2 if len(texts) >= _MANY_TEXTS else 1)
    if names is not None:
        blocks.append(("pieces", NameNgrams([name for each in names for name in each])))
    parts = [_features(name, transformer, texts) for name, transformer in blocks]
    X = sp.csr_matrix(sp.hstack(parts, format="csr"))
    ends = np.cumsum([part.shape[1] for part in parts]).tolist()
    features = FeatureUnion(blocks)
    decisions = _decisions(
        {name: (end - part.shape[1], end) for (name, _), part, end in zip(blocks, parts, ends) if name != "pieces"},
        len(texts),
    )
    decisions.set_params(
        label_texts=None if names is None else label_vectors(features, names, plurals=("words",)),
        cv=min(_FOLDS, max(2, len(texts) // 2)),
        **settings,
    )
    with task.propagate_callback_context(decisions):
        decisions.fit(X, y, **fit_params)
    return Pipeline([("features", features), ("decisions", decisions)])
