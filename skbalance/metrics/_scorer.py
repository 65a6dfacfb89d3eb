"""A scorer for multi-label estimators that can also read the label counts of the training fold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils.metadata_routing import MetadataRequest

from skbalance._responses import choose_response_method, response

# What a metric can take from the fitted estimator: the attribute, and how to give it by hand.
_FROM_FIT = {
    "label_counts": ("label_counts_", "label_counts=y_train.sum(axis=0)"),
    "n_samples": ("n_samples_fit_", "n_samples=len(y_train)"),
}
_INNER = ("best_estimator_", "estimator_", "classifier_", "estimator")


def _inner_estimator(estimator: Any) -> tuple[str, Any] | None:
    steps = getattr(estimator, "steps", None)
    if steps:
        return f"steps[-1] ({steps[-1][0]!r})", steps[-1][1]
    for name in _INNER:
        inner = getattr(estimator, name, None)
        if inner is not None:
            return name, inner
    return None


def _fitted_attribute(estimator: Any, attribute: str, hint: str) -> Any:
    path = [type(estimator).__name__]
    seen: set[int] = set()
    current = estimator
    while id(current) not in seen:
        seen.add(id(current))
        value = getattr(current, attribute, None)
        if value is not None:
            return value
        inner = _inner_estimator(current)
        if inner is None:
            break
        name, current = inner
        path.append(f"{name}: {type(current).__name__}")
    raise NotFittedError(
        f"The scorer needs the attribute `{attribute}`, and none was found on {' -> '.join(path)}. Is the "
        f"estimator fitted? For an estimator that does not keep it, give it to the scorer: {hint}."
    )


def fitted_label_counts(estimator: Any) -> np.ndarray:
    """Read `label_counts_` off a fitted estimator, through pipelines and meta-estimators.

    Parameters
    ----------
    estimator : object
        A fitted estimator. If it has no `label_counts_` itself, the last step of a pipeline and then
        `best_estimator_`, `estimator_`, `classifier_` and `estimator` are followed, to any depth.

    Returns
    -------
    label_counts : ndarray of shape (n_labels,)
        The (weighted) positives of each label in the y that the estimator was fitted on.

    Raises
    ------
    NotFittedError
        If no `label_counts_` is found; the message names the path that was followed.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import Pipeline
    >>> from skbalance.metrics import fitted_label_counts
    >>> class Fitted:
    ...     label_counts_ = np.array([7.0, 2.0])
    >>> fitted_label_counts(Pipeline([("model", Fitted())]))
    array([7., 2.])
    """
    return np.asarray(_fitted_attribute(estimator, *_FROM_FIT["label_counts"]))


class MultilabelScorer:
    """A scorer, `scorer(estimator, X, y)`, around a multi-label metric.

    Unlike :func:`sklearn.metrics.make_scorer` it can hand the label counts of the training fold to the
    metric, it takes the two probability forms that scikit-learn has, and it works for two labels whatever
    `classes_` looks like. Of the tags of a TagClassifier the metric gets indicator matrices. It can be pickled
    and copied, takes part in metadata routing (`set_score_request(sample_weight=True)`), and is
    greater-is-better: losses are negated.

    Parameters
    ----------
    metric : callable
        `metric(y_true, response, *, sample_weight=..., **kwargs)`.
    response_method : {"predict", "predict_proba", "scores"}, default="predict"
        What the metric takes. `"scores"` is `decision_function`, or `predict_proba` where there is none; a list of
        `(n_samples, 2)` arrays, as scikit-learn's forests give it, is made into one array of the probabilities of 1.
    from_fit : tuple of {"label_counts", "n_samples"}, default=()
        Parameters of the metric that are read off the fitted estimator (`label_counts_`, `n_samples_fit_`; see
        :func:`fitted_label_counts`) unless `kwargs` gives them.
    sign : {1, -1}, default=1
        -1 for a loss.
    name : str or None, default=None
        How the scorer is written.
    **kwargs : dict
        Further parameters of the metric.

    Examples
    --------
    >>> from skbalance.metrics import MultilabelScorer, precision_at_k_score
    >>> MultilabelScorer(precision_at_k_score, response_method="scores", k=3)
    MultilabelScorer(precision_at_k_score, response_method='scores', k=3)
    """

    def __init__(
        self,
        metric: Callable[..., float],
        *,
        response_method: str = "predict",
        from_fit: tuple[str, ...] = (),
        sign: int = 1,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        allowed = ("predict", "predict_proba", "scores")
        if response_method not in allowed:
            raise ValueError(f"response_method must be one of {allowed}; got {response_method!r}.")
        if not set(from_fit) <= set(_FROM_FIT):
            raise ValueError(f"from_fit must name some of {tuple(_FROM_FIT)}; got {from_fit!r}.")
        self.metric = metric
        self.response_method = response_method
        self.from_fit = from_fit
        self.sign = sign
        self.name = name
        self.kwargs = kwargs

    def __call__(self, estimator: Any, X: Any, y_true: Any, sample_weight: Any = None) -> float:
        """Score the answer of a fitted estimator.

        Parameters
        ----------
        estimator : object
            The fitted estimator.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.
        y_true : {array-like, sparse matrix} of shape (n_samples, n_labels)
            Their labels.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            The row weights.

        Returns
        -------
        score : float
            The metric times `sign`.

        Raises
        ------
        ValueError
            If the estimator has no scores, or one is NaN, or the metric takes something else.
        NotFittedError
            If the metric needs what the estimator keeps of its fit, and there is nothing.
        """
        kwargs = dict(self.kwargs)
        for parameter in self.from_fit:
            if kwargs.get(parameter) is None:
                kwargs[parameter] = _fitted_attribute(estimator, *_FROM_FIT[parameter])
        if sample_weight is not None:
            kwargs["sample_weight"] = sample_weight
        last = estimator
        while hasattr(last, "steps"):
            last = last.steps[-1][1]
        indicator = getattr(last, "tag_indicator", lambda y: y)  # of a TagClassifier
        y_true = indicator(y_true)
        if self.response_method == "predict":
            answer = indicator(estimator.predict(X))
        else:
            answer = response(estimator, X, choose_response_method(estimator, self.response_method))
        return self.sign * float(self.metric(y_true, answer, **kwargs))

    def _accept_sample_weight(self) -> bool:
        return True

    def set_score_request(self, *, sample_weight: bool | str | None = None) -> MultilabelScorer:
        """Ask for `sample_weight` when metadata routing is on.

        Parameters
        ----------
        sample_weight : bool, str or None, default=None
            As for the scorers of scikit-learn.

        Returns
        -------
        self : MultilabelScorer
            The scorer itself.
        """
        self._sample_weight_request = sample_weight
        return self

    def get_metadata_routing(self) -> MetadataRequest:
        """Say which metadata the scorer asks for.

        Returns
        -------
        request : MetadataRequest
            With `sample_weight` for the method `score`.
        """
        request = MetadataRequest(owner=repr(self))
        alias = getattr(self, "_sample_weight_request", None)
        request.score.add_request(param="sample_weight", alias=alias)
        return request

    def __repr__(self) -> str:
        if self.name is not None:
            return self.name
        parts = [getattr(self.metric, "__name__", repr(self.metric))]
        if self.response_method != "predict":
            parts.append(f"response_method={self.response_method!r}")
        if self.sign != 1:
            parts.append("sign=-1")
        parts += [f"{key}={value!r}" for key, value in self.kwargs.items() if value is not None]
        return f"MultilabelScorer({', '.join(parts)})"
