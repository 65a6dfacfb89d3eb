"""Scorers by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import sklearn.metrics
from sklearn.metrics import f1_score, precision_score, recall_score

from skbalance.metrics import _groups, _probabilities, _propensity, _ranking
from skbalance.metrics._scorer import MultilabelScorer

_Spec = tuple[Callable[..., float], dict[str, Any]]
_SCORES = {"response_method": "scores"}
_COUNTS = {"from_fit": ("label_counts",)}


_AT_K = {
    "precision": _ranking.precision_at_k_score,
    "recall": _ranking.recall_at_k_score,
    "ndcg": _ranking.ndcg_at_k_score,
    "ps_precision": _propensity.propensity_scored_precision_at_k_score,
    "ps_ndcg": _propensity.propensity_scored_ndcg_at_k_score,
}


def _at_k(name: str, k: int) -> _Spec:
    fitted = {"from_fit": ("label_counts", "n_samples")} if name.startswith("ps_") else {}
    return _AT_K[name], _SCORES | fitted | {"k": k}


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
    **{f"{name}_at_{k}": _at_k(name, k) for name in _AT_K for k in (1, 3, 5)},
    "tail_coverage": (_groups.tail_coverage_score, _COUNTS),
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
        spec = _at_k(match[1], int(match[2]))
    if spec is None:
        raise ValueError(f"{name!r} is no scorer of skbalance; allowed are {', '.join(get_scorer_names())}.")
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
    return {name: sklearn.metrics.get_scorer(name) if name in foreign else get_scorer(name) for name in names}
