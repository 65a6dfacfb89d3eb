"""What is to be decided and how: the plan of a tuner, the settings that it tries, and their scores."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.metrics import f1_score, jaccard_score
from sklearn.model_selection import ParameterGrid

from skbalance._indicators import label_confusion
from skbalance._responses import choose_response_method
from skbalance.crossfit import is_prefit
from skbalance.decisions._promises import Promise
from skbalance.decisions._thresholds import Choice, DecisionRule, ScoredPairs, weighted_quantiles

# All labels of a row are candidates up to so many, else the best few.
_DENSE_LABELS, _MIN_WIDTH = 256, 64
# The decision model is fitted on so many labels of each row, or twice as many as a row has.
_FIT_WIDTH = 8
# The share of micro-F1 in what is maximised directly, by name; in "f1_micro_macro" it is a parameter.
_MICRO_WEIGHTS = {"f1_micro": 1.0, "f1_macro": 0.0}
_MEASURES = {"f1": f1_score, "jaccard": jaccard_score}
# What is tried where another metric chooses.
_TRIED_MICRO_WEIGHTS, _TRIED_BETAS, _TRIED_THRESHOLDS = (0.0, 0.5, 1.0), (0.25, 0.5, 1.0, 2.0), 50


@dataclass(frozen=True)
class Plan:
    """What is to be decided, and how.

    Attributes
    ----------
    ndim : int
        Dimensions of the target as `metric` takes it; 0 if it is sparse.
    width : int
        Labels of a row that can be predicted.
    fit_width : int
        Labels of each row that the decision model is fitted on.
    rule : DecisionRule
        Strategy and bounds.
    scorers : list of str
        Names of the scorers.
    pooled : bool
        Whether scores are the log-odds of a decision model.
    metric : callable or None
        To choose settings by; None is the mixture of micro-F and macro-F.
    micro_weight : float or None
        Share of micro-F in the mixture; None if there is a metric.
    k_range : range
        What to try as `k`.
    unseen : bool
        Whether labels without a training row may be predicted from their text.
    promise : Promise or None
        What the thresholds have to keep, besides the usual ones.
    updatable : bool
        Whether the scorers can learn on, and rows are kept for that.
    """

    ndim: int
    width: int
    fit_width: int
    rule: DecisionRule
    scorers: list
    pooled: bool
    metric: Callable | None
    micro_weight: float | None
    k_range: range
    unseen: bool
    promise: Promise | None
    updatable: bool

    @classmethod
    def of(cls, tuner, given) -> Plan:
        """Read a tuner's parameters, given the target.

        Raises
        ------
        ValueError
            If they contradict each other or the target.
        """
        n_labels, labels, metric = given.encoding.n_outputs, given.labels, get_metric(tuner.scoring)
        choice = Choice.of(tuner, n_labels, auto=int(n_labels > 1 and labels.totals.every_row_has_one))
        if choice.hierarchy is not None:
            choice.hierarchy.check(labels.indicator)
        if not tuner.refit and given.splits is not None and len(given.splits) > 1:
            raise ValueError(f"refit=False needs a single split; cv={tuner.cv!r} makes {len(given.splits)}.")
        if not labels.vary.any():
            raise ValueError("No label of y has both classes: there is nothing to decide between.")
        typical = typical_size(labels)
        auto = n_labels if n_labels <= _DENSE_LABELS else max(_MIN_WIDTH, 4 * typical)
        width = auto if tuner.max_candidates == "auto" else int(tuner.max_candidates)
        width = min(n_labels, max(width, choice.min_labels, tuner.k or 0))
        most = min(width, tuner.max_labels or max(10, 2 * typical))
        least = max(1, choice.min_labels)
        return cls(
            ndim=0 if sp.issparse(given.y) else given.y.ndim,
            width=width,
            fit_width=max(_FIT_WIDTH, 2 * typical),
            rule=DecisionRule(tuner.strategy, choice, beta=tuner.beta, shrinkage=float(tuner.shrinkage)),
            scorers=[name for name, _ in tuner._scorers()],
            pooled=tuner.scores == "pooled",
            metric=metric,
            micro_weight=_MICRO_WEIGHTS.get(tuner.scoring, tuner.micro_weight) if metric is None else None,
            k_range=range(tuner.k, tuner.k + 1) if tuner.k else range(least, max(least, most) + 1),
            unseen=tuner.predict_unseen,
            promise=Promise.of(tuner),
            updatable=can_go_on(tuner),
        )

    @property
    def hierarchy(self):
        """Of the labels; None if they have no parents."""
        return self.rule.choice.hierarchy

    def rules(self, pairs: ScoredPairs) -> list[DecisionRule]:
        """The rules to choose among on these pairs, one at least."""
        rule = self.rule
        if rule.strategy == "top_k":
            return [replace(rule, k=k, choice=replace(rule.choice, min_labels=k, max_labels=k)) for k in self.k_range]
        if rule.strategy == "global" and self.micro_weight is None:
            _, scores, targets, weights = pairs.flat()
            some = targets if targets.any() else slice(None)
            levels = weighted_quantiles(scores[some], weights[some], np.linspace(0, 1, _TRIED_THRESHOLDS))
            return [replace(rule, threshold=float(level)) for level in np.unique(levels)]
        betas = _TRIED_BETAS if self.micro_weight is None else (rule.beta,)
        shares = _TRIED_MICRO_WEIGHTS if self.micro_weight is None else (self.micro_weight,)
        if rule.strategy == "micro_macro":
            shares = (0.0,)  # its objective knows no weight
        return [replace(rule, micro_weight=share, beta=beta) for beta in betas for share in shares]

    def score(self, predicted, labels) -> float:
        """Score of the predictions for rows with these labels; for the metric what is unknown is 0.

        A metric is called with targets and predictions of the kind of y, and with weights of rows if it takes
        `sample_weight`.

        Raises
        ------
        ValueError
            If the metric is not finite.
        """
        truth, weight = sp.csr_array(labels.indicator), labels.weight
        if self.metric is None:
            share = self.micro_weight or 0.0
            hits, n_predicted, positives = label_confusion(truth, predicted, weight)
            below, factor = self.rule.beta**2 * positives + n_predicted, 1 + self.rule.beta**2
            macro = np.mean(factor * hits / np.maximum(below, np.finfo(float).tiny))
            micro = factor * hits.sum() / max(below.sum(), np.finfo(float).tiny)
            return float((1 - share) * macro + share * micro)
        if self.ndim:
            truth, predicted = truth.toarray(), predicted.toarray()
        if self.ndim == 1:
            truth, predicted = truth.ravel(), predicted.ravel()
        weighted = weight is not None and "sample_weight" in inspect.signature(self.metric).parameters
        score = float(self.metric(truth, predicted, **({"sample_weight": weight} if weighted else {})))
        if not np.isfinite(score):
            raise ValueError(f"scoring gave {score}; a finite number is needed.")
        return score


def get_metric(scoring: str | Callable) -> Callable | None:
    """The metric of a name or callable; None for the mixtures of micro-F and macro-F.

    Raises
    ------
    ValueError
        If a scorer is given in place of a metric.
    """
    if hasattr(scoring, "_score_func"):
        raise ValueError(
            f"scoring is the scorer {scoring!r}, which takes an estimator. Thresholds are set on predictions: pass "
            "the metric itself, called as scoring(y_true, y_pred), larger being better."
        )
    if not isinstance(scoring, str):
        return scoring
    if scoring in ("f1_micro_macro", *_MICRO_WEIGHTS):
        return None
    measure, average = scoring.split("_")
    return partial(_MEASURES[measure], average=average, zero_division=0)


def typical_size(labels) -> int:
    """Labels that all but one row in a hundred have at most."""
    return int(weighted_quantiles(np.diff(labels.indicator.indptr), labels.row_weight, 0.99))


def can_go_on(tuner) -> bool:
    """Whether all classifiers inside have a `partial_fit`."""
    return all(hasattr(estimator, "partial_fit") for _, estimator in tuner._scorers())


@dataclass(frozen=True)
class Attempt:
    """One setting of the scorers, and what it reaches.

    Attributes
    ----------
    params : dict
        What was set.
    scorers : list of (str, classifier)
        So set.
    methods : list of str
        Where the scores of each come from.
    labels : TrainingLabels
        Of rows that they had not seen.
    decisions : Decisions
        What was decided on these.
    predicted : list of csr_array of shape (n_rows, n_labels)
        What each setting of the thresholds predicts of these rows.
    fitted : list of classifiers or None
        Those of the first split, if they were kept, or the prefitted ones.
    """

    params: dict
    scorers: list
    methods: list
    labels: Any
    decisions: Any
    predicted: list
    fitted: list | None


def score_of_the_best(attempts, plan) -> float:
    """Score of choosing the best of all settings, on rows that did not take part in the choice.

    For each part of the rows the setting is taken that is best on the other parts.
    """
    predicted = [each for attempt in attempts for each in attempt.predicted]
    labels, parts = attempts[0].labels, attempts[0].decisions.out_of_fold.parts
    if len(predicted) == 1 or len(np.unique(parts)) == 1:
        return max(attempt.decisions.score for attempt in attempts)
    together, order = [], []
    for part in np.unique(parts):
        mine, others = np.flatnonzero(parts == part), np.flatnonzero(parts != part)
        best = np.argmax([plan.score(each[others], labels.take(others)) for each in predicted])
        together.append(predicted[best][mine])
        order.append(mine)
    return plan.score(sp.csr_array(sp.vstack(together)), labels.take(np.concatenate(order)))


def results_table(attempts):
    """All settings and rules, with their scores."""
    names = ("micro_weight", "beta", "threshold", "k")
    rows = [(each.params, rule, score) for each in attempts for rule, score in each.decisions.tried]
    results = {name: np.array([getattr(rule, name) for _, rule, _ in rows], dtype=float) for name in names}
    results["params"] = np.array([settings for settings, _, _ in rows], dtype=object)
    results["score"] = np.array([score for _, _, score in rows])
    return results


def check_settings(tuner):
    """Check of a tuner's parameters what constraints of single ones cannot express."""
    if isinstance(tuner.estimator, list):
        pairs = (isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str) for item in tuner.estimator)
        if not tuner.estimator or not all(pairs):
            raise ValueError(f"estimator as a list must hold pairs (name, classifier); got {tuner.estimator!r}.")
        for name, estimator in tuner.estimator:
            if not hasattr(estimator, "fit"):
                raise ValueError(f"estimator {name!r} is {estimator!r}; a classifier is needed.")
        tuner._validate_names([name for name, _ in tuner.estimator])
        if len(tuner.estimator) > 1 and tuner.scores == "estimator":
            raise ValueError(f"scores='estimator' needs a single estimator; there are {len(tuner.estimator)}.")
    if tuner.label_texts is not None and tuner.scores == "estimator":
        raise ValueError("label_texts are evidence for the pooled model: they need scores='pooled', not 'estimator'.")
    if tuner.predict_unseen and tuner.label_texts is None:
        raise ValueError("predict_unseen=True predicts labels from their text: it needs label_texts.")
    if tuner.param_grid is not None and is_prefit(tuner.cv):
        raise ValueError("param_grid needs fits, and cv='prefit' makes none.")


def settings_to_try(tuner):
    """The settings of `param_grid`, each with clones of the estimators so set and where their scores come from."""
    own, tried = set(tuner.get_params(deep=False)) - {name for name, _ in tuner._scorers()}, []
    for settings in ParameterGrid({} if tuner.param_grid is None else tuner.param_grid):
        given = clone(settings, safe=False)
        if tuner.param_grid is None:
            scorers = tuner._scorers()
        elif not isinstance(tuner.estimator, list):
            scorers = [("estimator", clone(tuner.estimator).set_params(**given))]
        elif strange := sorted(own.intersection(given)):
            raise ValueError(f"param_grid sets parameters of the estimators, as name__parameter; got {strange}.")
        else:
            scorers = clone(tuner).set_params(**given)._scorers()
        methods = [choose_response_method(estimator, tuner.response_method) for _, estimator in scorers]
        tried.append((settings, scorers, methods))
    if not tried:
        raise ValueError(f"param_grid must hold at least one setting; got {tuner.param_grid!r}.")
    return tried
