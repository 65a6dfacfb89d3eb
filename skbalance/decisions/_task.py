"""One fit: a target and how to decide on it, and what each split gives."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid

from skbalance.decisions._cooccurrence import LabelCooccurrence
from skbalance.decisions._decisions import Decisions, decide
from skbalance.decisions._pairs import Candidates
from skbalance.decisions._scorers import FittedScorers

__all__ = ["Task", "check_estimators", "results_table", "score_rows", "settings_to_try"]


class Task:
    """A target, and how to decide on it."""

    def __init__(self, y, labels, width, rule, settings):
        self.y, self.labels, self.width = y, labels, width
        self.rule, self.settings = rule, settings
        self._cooccurrence = None

    @property
    def n_labels(self):
        return self.labels.indicator.shape[1]

    def cooccurrence(self, oof):
        """Labels that occur together, counted once for all settings that are tried on the same rows."""
        if self._cooccurrence is None:
            self._cooccurrence = LabelCooccurrence.with_and_without_parts(self.labels.indicator, oof.rows, oof.parts)
        return self._cooccurrence

    def decide(self, oof, rng) -> Decisions:
        """Fit the decision model and set thresholds."""
        known = oof.candidates.scores[oof.candidates.scores > -np.inf]
        if len(known) and known.min() == known.max():
            raise ValueError(
                "The estimator gives the same score to every pair of a row and a label: thresholds cannot be set."
            )
        truth = self.labels.indicator[oof.rows]
        if self.settings["metric"] is not None and not sp.issparse(self.y):
            truth = truth.toarray().reshape(len(oof.rows), *self.y.shape[1:])
        return decide(oof, self.labels, truth, self.rule, cooccurrence=self.cooccurrence, rng=rng, **self.settings)


def score_rows(fitted, rows, seen, *, X, methods, matcher, width) -> Candidates:
    """Candidates of rows; none is known where nothing was fitted."""
    if not fitted:
        n_labels = min(width, len(seen))
        labels = np.tile(np.arange(n_labels, dtype=np.int32), (len(rows), 1))
        nothing = np.full((*labels.shape, len(methods)), -np.inf, dtype=np.float32)
        return Candidates(labels, nothing, np.zeros((*labels.shape, 0), dtype=np.float32))
    scorers = FittedScorers.of(fitted, methods, seen > 0, matcher)
    return Candidates.concatenate([candidates for _, candidates in scorers.candidates(X, width, rows)])


def results_table(tried):
    names = ("micro_weight", "beta", "threshold", "k")
    rows = [(settings, rule, score) for settings, decisions in tried for rule, score in decisions.tried]
    results = {
        name: np.array(
            [np.nan if getattr(rule, name) is None else getattr(rule, name) for _, rule, _ in rows], dtype=float
        )
        for name in names
    }
    results["params"] = np.array([settings for settings, _, _ in rows], dtype=object)
    results["score"] = np.array([score for _, _, score in rows])
    return results


def check_estimators(estimators, taken):
    """Hold a list of estimators to pairs of a name of its own and a classifier."""
    if not estimators or not all(isinstance(item, tuple) and len(item) == 2 for item in estimators):
        raise ValueError(f"estimator as a list must hold pairs (name, classifier); got {estimators!r}.")
    names = [name for name, _ in estimators]
    bad = [n for n in names if not isinstance(n, str) or "__" in n or n in taken or names.count(n) > 1]
    if bad:
        raise ValueError(
            f"estimator has the names {bad}; names are strings, each once, without '__', and no parameter's."
        )
    for name, estimator in estimators:
        if not hasattr(estimator, "fit"):
            raise ValueError(f"estimator {name!r} is {estimator!r}; a classifier is needed.")


def settings_to_try(tuner):
    """The settings of `param_grid`, each with clones of the estimators so set."""
    if tuner.param_grid is None:
        return [({}, tuner._scorers())]
    candidates = []
    for settings in ParameterGrid(tuner.param_grid):
        given = clone(settings, safe=False)
        if isinstance(tuner.estimator, list):
            scorers = clone(tuner).set_params(**given)._scorers()
        else:
            scorers = [("estimator", clone(tuner.estimator).set_params(**given))]
        candidates.append((settings, scorers))
    if not candidates:
        raise ValueError(f"param_grid must hold at least one setting; got {tuner.param_grid!r}.")
    return candidates
