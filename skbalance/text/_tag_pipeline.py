"""The pipeline from texts to an indicator of tags that the package knows to be best."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline

from skbalance._classifier import BalancedMultiLabelClassifier
from skbalance._validation import validate_hyperparameters
from skbalance.decisions import TunedThresholdMultiLabelClassifierCV, label_vectors, readable

__all__ = ["fit_tag_pipeline", "unfitted_tag_pipeline"]

# What is chosen among, on the folds that set the thresholds. Of equally good ones the first is taken.
_CANDIDATES = {"loss": ["squared_hinge", "balanced_ntr"]}
_FOLDS = 5
# Words of a single text are left out where there are so many texts.
_MANY_TEXTS = 200


def unfitted_tag_pipeline() -> Pipeline:
    """Features and decisions, as they are before `fit`."""
    features = TfidfVectorizer(sublinear_tf=True, dtype=np.float32)
    decisions = TunedThresholdMultiLabelClassifierCV(
        BalancedMultiLabelClassifier(max_iter=1000, random_state=0), param_grid=_CANDIDATES
    )
    return Pipeline([("features", features), ("decisions", decisions)])


def fit_tag_pipeline(texts, y, names, task, settings, **fit_params) -> Pipeline:
    """Fit features once, and decisions on them.

    Parameters
    ----------
    texts : list of str
        Training texts.
    y : csr_matrix or ndarray of shape (n_samples, n_tags)
        Indicator.
    names : list of str or None
        What each tag is called.
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
    pipeline = clone(unfitted_tag_pipeline())
    features, decisions = pipeline.named_steps["features"], pipeline.named_steps["decisions"]
    decisions.set_params(**settings)
    validate_hyperparameters(decisions)
    features.set_params(min_df=2 if len(texts) >= _MANY_TEXTS else 1)
    X = features.fit_transform(texts)
    words = None if names is None else [readable(name) for name in names]
    decisions.set_params(
        label_texts=label_vectors(features, words) if words is not None and any(words) else None,
        cv=min(_FOLDS, max(2, len(texts) // 2)),
    )
    with task.propagate_callback_context(decisions):
        decisions.fit(X, y, **fit_params)
    return pipeline
