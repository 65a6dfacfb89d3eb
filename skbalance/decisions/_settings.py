"""The settings that a tuner tries, and their scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid

from skbalance.crossfit import choose_response_method
from skbalance.decisions._pairs import Candidates
from skbalance.decisions._scorers import FittedScorers


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


def score_rows(fitted, rows, seen, *, X, methods, matcher, width, hierarchy) -> Candidates:
    """Candidates of rows; none is trained where nothing was fitted."""
    if not fitted:
        n_labels = min(width, len(seen))
        labels = np.tile(np.arange(n_labels, dtype=np.int32), (len(rows), 1))
        nothing = np.full((*labels.shape, len(methods)), -np.inf, dtype=np.float32)
        return Candidates(labels, nothing, np.zeros((*labels.shape, 0), dtype=np.float32))
    scorers = FittedScorers.of(fitted, methods, seen > 0, matcher, hierarchy)
    return Candidates.concatenate([candidates for _, candidates in scorers.candidates(X, width, rows)])


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


def check_estimators(estimators):
    """Check that a list of estimators holds pairs of a unique name and a classifier."""
    pairs = (isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str) for item in estimators)
    if not estimators or not all(pairs):
        raise ValueError(f"estimator as a list must hold pairs (name, classifier); got {estimators!r}.")
    for name, estimator in estimators:
        if not hasattr(estimator, "fit"):
            raise ValueError(f"estimator {name!r} is {estimator!r}; a classifier is needed.")


def settings_to_try(tuner):
    """The settings of `param_grid`, each with clones of the estimators so set and where their scores come from."""
    candidates = [({}, tuner._scorers())] if tuner.param_grid is None else _grid(tuner)
    if not candidates:
        raise ValueError(f"param_grid must hold at least one setting; got {tuner.param_grid!r}.")
    return [
        (params, scorers, [choose_response_method(estimator, tuner.response_method) for _, estimator in scorers])
        for params, scorers in candidates
    ]


def _grid(tuner):
    """Settings and scorers of `param_grid`."""
    own = set(tuner.get_params(deep=False)) - {name for name, _ in tuner._scorers()}
    candidates = []
    for settings in ParameterGrid(tuner.param_grid):
        given = clone(settings, safe=False)
        if isinstance(tuner.estimator, list) and (strange := sorted(own.intersection(given))):
            raise ValueError(f"param_grid sets parameters of the estimators, as name__parameter; got {strange}.")
        if isinstance(tuner.estimator, list):
            scorers = clone(tuner).set_params(**given)._scorers()
        else:
            scorers = [("estimator", clone(tuner.estimator).set_params(**given))]
        candidates.append((settings, scorers))
    return candidates
