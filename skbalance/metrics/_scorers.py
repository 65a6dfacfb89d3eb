"""Scorers of multi-label estimators, which can also read the label counts of the training fold, and their names."""

from __future__ import annotations

import numbers
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn.metrics
from sklearn.exceptions import NotFittedError
from sklearn.metrics import f1_score, precision_score, recall_score
from sklearn.utils.metadata_routing import MetadataRequest

from skbalance._responses import choose_response_method, read_tags, response
from skbalance._validation import check_option
from skbalance.metrics import _groups, _probabilities, _ranking

# What a metric can take from the fitted estimator: the attribute, and how to give it by hand.
_FROM_FIT = {
    "label_counts": ("label_counts_", "label_counts=y_train.sum(axis=0)"),
    "n_samples": ("n_samples_fit_", "n_samples=len(y_train)"),
}
_INNER = ("best_estimator_", "estimator_", "classifier_", "estimator")
_DEEPEST = 20  # estimators within each other


def _fitted_attribute(estimator: Any, attribute: str, hint: str) -> Any:
    path, current = type(estimator).__name__, estimator
    for _ in range(_DEEPEST):
        value = getattr(current, attribute, None)
        if value is not None:
            return value
        steps = getattr(current, "steps", None)
        inner = [("steps[-1]", steps[-1][1])] if steps else [(name, getattr(current, name, None)) for name in _INNER]
        name, current = next(((name, found) for name, found in inner if found is not None), ("", None))
        if current is None:
            break
        path += f" -> {name}: {type(current).__name__}"
    raise NotFittedError(
        f"The scorer needs the attribute `{attribute}`, and none was found on {path}. Is the estimator fitted? For an "
        f"estimator that does not keep it, give it to the scorer: {hint}."
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
        if not callable(metric):
            raise TypeError(f"metric must be a function; got {metric!r:.80}.")
        check_option(response_method, ("predict", "predict_proba", "scores"), "response_method")
        if not isinstance(from_fit, tuple | list) or not all(name in list(_FROM_FIT) for name in from_fit):
            raise ValueError(f"from_fit must name some of {tuple(_FROM_FIT)}, in a tuple; got {from_fit!r:.80}.")
        if not isinstance(sign, int | numbers.Integral) or sign not in (1, -1):
            raise ValueError(f"sign must be 1 or -1; got {sign!r:.80}.")
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
        y_true = read_tags(estimator, y_true)
        if self.response_method == "predict":
            answer = read_tags(estimator, estimator.predict(X))
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


def group_f1_scorer(
    group: str = "tail",
    average: str = "macro",
    *,
    boundaries: tuple[float, float] = (8, 35),
    label_counts: Any = None,
    zero_division: float = 0.0,
) -> MultilabelScorer:
    """Make a scorer of the F1 of one group, for `GridSearchCV`, `cross_validate` and the like.

    The groups are made from the `label_counts_` of the fitted estimator, so from the training fold alone; it
    is found through pipelines (the last step) and meta-estimators (`best_estimator_`, `estimator_`).

    Parameters
    ----------
    group : {"head", "medium", "tail"}, default="tail"
        The group.
    average : {"macro", "micro"}, default="macro"
        How its labels are put together.
    boundaries : tuple of two numbers, default=(8, 35)
        See :func:`label_groups`. They speak of the training *fold*: with five folds a label has a fifth less.
    label_counts : array-like of shape (n_labels,) or None, default=None
        Counts for estimators that keep none, such as `OneVsRestClassifier`; None reads the estimator's.
    zero_division : {0, 1, nan}, default=0
        See :func:`group_f1_score`.

    Returns
    -------
    scorer : MultilabelScorer
        `scorer(estimator, X, y)`. It is nan where the group has no label.

    Raises
    ------
    ValueError
        If an option is not allowed. The scorer itself raises NotFittedError if there are no label counts.

    Examples
    --------
    >>> from skbalance.metrics import group_f1_scorer
    >>> group_f1_scorer("tail")
    get_scorer('tail_f1_macro', boundaries=(8, 35), label_counts=None, zero_division=0.0)
    """
    settings = {"boundaries": boundaries, "label_counts": label_counts, "zero_division": zero_division}
    scorer = get_scorer(f"{group}_f1_{average}", **settings)
    _groups.label_groups([] if label_counts is None else label_counts, boundaries)
    return scorer


_Spec = tuple[Callable[..., float], dict[str, Any]]
_SCORES = {"response_method": "scores"}
_COUNTS = {"from_fit": ("label_counts",)}
_PROPENSITIES = _SCORES | {"from_fit": ("label_counts", "n_samples")}
_AT_K: dict[str, _Spec] = {
    "precision": (_ranking.precision_at_k_score, _SCORES),
    "recall": (_ranking.recall_at_k_score, _SCORES),
    "ndcg": (_ranking.ndcg_at_k_score, _SCORES),
    "ps_precision": (_ranking.propensity_scored_precision_at_k_score, _PROPENSITIES),
    "ps_ndcg": (_ranking.propensity_scored_ndcg_at_k_score, _PROPENSITIES),
}
_LOSS = {"response_method": "predict_proba", "sign": -1}
_KINDS = {
    "f1": (f1_score, _groups.group_f1_score),
    "precision": (precision_score, _groups.group_precision_score),
    "recall": (recall_score, _groups.group_recall_score),
}
_SPECS: dict[str, _Spec] = {
    **{
        f"{kind}_{average}": (plain, {"average": average, "zero_division": 0})
        for kind, (plain, _) in _KINDS.items()
        for average in ("micro", "macro", "samples")
    },
    **{
        f"{group}_{kind}_{average}": (grouped, _COUNTS | {"group": group, "average": average})
        for group in ("head", "medium", "tail")
        for kind, (_, grouped) in _KINDS.items()
        for average in ("micro", "macro")
    },
    **{f"{name}_at_{k}": (metric, given | {"k": k}) for name, (metric, given) in _AT_K.items() for k in (1, 3, 5)},
    "r_precision": (_ranking.r_precision_score, _SCORES),
    "neg_multilabel_brier_score": (_probabilities.multilabel_brier_score_loss, _LOSS),
    "neg_expected_calibration_error": (_probabilities.expected_calibration_error, _LOSS),
}
_AT_K_NAME = re.compile(rf"({'|'.join(_AT_K)})_at_([1-9]\d*)")


def get_scorer_names() -> list[str]:
    """List the names that :func:`get_scorer` knows.

    Returns
    -------
    names : list of str
        Sorted. `*_at_k` is listed for 1, 3 and 5 and works for any k.

    Examples
    --------
    >>> from skbalance.metrics import get_scorer_names
    >>> "tail_f1_macro" in get_scorer_names()
    True
    """
    return sorted(_SPECS)


def get_scorer(name: str, **kwargs: Any) -> MultilabelScorer:
    """Make a scorer from its name.

    Parameters
    ----------
    name : str
        One of :func:`get_scorer_names`, or `precision_at_7` and the like with another number.
    **kwargs : dict
        Parameters of the metric, such as `boundaries=(15, 50)` for the groups or `n_samples` and `label_counts`
        for an estimator that does not keep them.

    Returns
    -------
    scorer : MultilabelScorer
        A new scorer, `scorer(estimator, X, y)`.

    Raises
    ------
    ValueError
        If the name is not known.

    Examples
    --------
    >>> from skbalance.metrics import get_scorer
    >>> get_scorer("tail_f1_macro", boundaries=(15, 50))
    get_scorer('tail_f1_macro', boundaries=(15, 50))
    """
    spec = _SPECS.get(name) if isinstance(name, str) else None
    if spec is None and isinstance(name, str) and (match := _AT_K_NAME.fullmatch(name)):
        metric, settings = _AT_K[match[1]]
        spec = metric, settings | {"k": int(match[2])}
    if spec is None:
        raise ValueError(f"{name!r:.80} is no scorer of skbalance; allowed are {', '.join(get_scorer_names())}.")
    metric, settings = spec
    written = "".join(f", {key}={value!r}" for key, value in kwargs.items())
    return MultilabelScorer(metric, name=f"get_scorer({name!r}{written})", **(settings | kwargs))


def multilabel_scorers(*names: str) -> dict[str, Any]:
    """Make the `scoring` of a search or a cross-validation from names.

    scikit-learn's own `scoring` strings come from a registry that is closed to other packages, so that a name
    of this package cannot be given as it is: `GridSearchCV(..., scoring=multilabel_scorers("f1_micro",
    "tail_f1_macro"), refit="tail_f1_macro")`, and for a single one `scoring=get_scorer("tail_f1_macro")`.

    Parameters
    ----------
    *names : str
        Names of this package or of scikit-learn; where both know one, this package's is taken: it is the same
        metric without the warning for labels that are neither there nor predicted.

    Returns
    -------
    scoring : dict of str to scorer
        As `cross_validate`, `GridSearchCV` and the like take it.

    Raises
    ------
    ValueError
        If no name is given or one is not known.

    Examples
    --------
    >>> from skbalance.metrics import multilabel_scorers
    >>> multilabel_scorers("tail_f1_macro", "ndcg_at_5")
    {'tail_f1_macro': get_scorer('tail_f1_macro'), 'ndcg_at_5': get_scorer('ndcg_at_5')}
    """
    if not names:
        raise ValueError(f"Give at least one name of {', '.join(get_scorer_names())}.")
    foreign = set(sklearn.metrics.get_scorer_names()) - set(_SPECS)
    return {
        name: sklearn.metrics.get_scorer(name) if isinstance(name, str) and name in foreign else get_scorer(name)
        for name in names
    }
