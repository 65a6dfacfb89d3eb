"""From out-of-fold scores to thresholds: evidence, log-odds, thresholds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from scipy.special import expit, logit

from skbalance.decisions._evidence import evidence_columns
from skbalance.decisions._model import DecisionModel
from skbalance.decisions._out_of_fold import OutOfFold
from skbalance.decisions._pairs import Candidates, ScoredPairs, weighted_quantiles
from skbalance.decisions._promises import Promise, Promises
from skbalance.decisions._rules import DecisionRule, candidate_rules, has_evidence
from skbalance.decisions._scoring import cross_fitted_predictions, score_predictions, thresholds_without_parts
from skbalance.decisions._search import Objective, global_thresholds
from skbalance.review import DoubtModel, OutOfFoldScores, decision_features

# The rows of a single hold-out, or of a fitted classifier, are taken in so many parts, to try thresholds on rows that
# they were not set on.
_PARTS = 5
# The decision model is fitted on so many labels of each row, or twice as many as a row has, and on so many pairs.
_FIT_WIDTH = 8
_MAX_PAIRS, _MAX_PAIRS_OF_PARTS = 200_000, 20_000
_MAX_ROWS_OF_DOUBT = 20_000


@dataclass(frozen=True)
class Scale:
    """The scale on which users see scores; inside they are compared as decision values or log-odds.

    Attributes
    ----------
    probabilities : bool
        Whether scores are shown as probabilities.
    """

    probabilities: bool

    def show(self, scores):
        """Scores as they are shown: probabilities in (0, 1), and 0 where the label was not trained."""
        if not self.probabilities:
            return scores
        scores = np.asarray(scores, dtype=float)
        shown = expit(scores).clip(np.finfo(float).tiny, 1 - np.finfo(float).eps)
        return np.where(scores > -np.inf, shown, 0.0)

    def show_thresholds(self, thresholds):
        """Thresholds as they are shown."""
        return expit(thresholds) if self.probabilities else thresholds

    def read_thresholds(self, thresholds):
        """Thresholds inside from those that are shown."""
        return logit(np.clip(thresholds, 0, 1)) if self.probabilities else thresholds


def random_parts(n_rows, random_state):
    """Numbers of parts for the rows of a single split."""
    return random_state.permutation(n_rows) % min(_PARTS, n_rows)


@dataclass(frozen=True)
class Plan:
    """What is to be decided, and how.

    Attributes
    ----------
    typical : int
        Labels that all training rows but one in a hundred have at most.
    ndim : int
        Dimensions of the target as `metric` takes it; 0 if it is sparse.
    width : int
        Labels of a row that can be predicted.
    rule : DecisionRule
        Strategy and bounds.
    scorers : list of str
        Names of the scorers.
    pooled : bool
        Whether scores are the log-odds of a decision model.
    metric : callable or None
        To choose settings by; None is the mixture of micro-F and macro-F.
    micro_weight : float or None
        Share of micro-F in the mixture.
    k_range : range
        What to try as `k`.
    unseen : bool
        Whether labels without a training row may be predicted from their text.
    promise : Promise or None
        What the thresholds have to keep, besides the usual ones.
    updatable : bool
        Whether the scorers can learn on, and rows are kept for that.
    """

    typical: int
    ndim: int
    width: int
    rule: DecisionRule
    scorers: list
    pooled: bool
    metric: Callable | None
    micro_weight: float | None
    k_range: range
    unseen: bool
    promise: Promise | None
    updatable: bool

    @property
    def fit_width(self) -> int:
        """Labels of each row that the decision model is fitted on."""
        return max(_FIT_WIDTH, 2 * self.typical)

    @property
    def hierarchy(self):
        """Of the labels; None if they have no parents."""
        return self.rule.choice.hierarchy

    def score(self, predicted, labels) -> float:
        """Score of the predictions for rows with these labels; for the metric what is unknown is 0."""
        truth = sp.csr_array(labels.indicator)
        if self.metric is not None and self.ndim:
            truth = truth.toarray()[:, 0] if self.ndim == 1 else truth.toarray()
        return score_predictions(
            predicted, truth, metric=self.metric, micro_weight=self.micro_weight or 0.0, beta=self.rule.beta,
            weight=labels.weight,
        )  # fmt: skip


@dataclass(frozen=True)
class Decisions:
    """All that turns candidates into predictions.

    Attributes
    ----------
    model : DecisionModel or None
        None where the scores of the scorer are compared as they are.
    label_counts : ndarray of shape (n_labels,)
        Positives of each label in the training data.
    rule : DecisionRule
        The settings that were chosen.
    thresholds : ndarray of shape (n_labels,)
        On the scale of :meth:`scores`.
    unseen : bool
        Whether labels without a training row are predicted from their text.
    evident : bool
        Whether a label had a positive among the rows that the scorers did not see.
    score : float
        Value of `scoring` with thresholds set on all parts but one and tried on that one, the best of `tried`.
    tried : list of (DecisionRule, float)
        All settings with theirs.
    out_of_fold : OutOfFoldScores
        Scores of the training rows by models that had not seen them.
    promises : Promises or None
        Thresholds that keep a promise, on the scale of :meth:`scores`.
    doubt : DoubtModel
        How many wrong labels a row is likely to have, learnt on these rows.
    kept : OutOfFold or None
        What they are judged by together with later rows; None for scorers that cannot learn on.
    """

    model: DecisionModel | None
    label_counts: np.ndarray
    rule: DecisionRule
    thresholds: np.ndarray
    unseen: bool
    evident: bool
    score: float
    tried: list
    out_of_fold: OutOfFoldScores
    promises: Promises | None
    doubt: DoubtModel
    kept: OutOfFold | None

    @property
    def hierarchy(self):
        """Of the labels; None if they have no parents."""
        return self.rule.choice.hierarchy

    def scores(self, candidates: Candidates) -> np.ndarray:
        """Log-odds or decision values of candidates; -inf for labels that cannot be predicted.

        With a hierarchy they agree: that of a label is above those of its descendants.
        """
        scores = self.own_scores(candidates)
        return scores if self.hierarchy is None else self.hierarchy.agreed(candidates.labels, scores)

    def own_scores(self, candidates: Candidates) -> np.ndarray:
        """The same of each label by itself."""
        if self.model is None:
            return candidates.first_scores
        possible = candidates.trained
        if self.unseen:
            possible = possible | (candidates.matches > 0).any(axis=-1)
        return np.where(possible, self.model.log_odds(candidates, self.label_counts), -np.inf)

    def choose(self, above, margins, labels, *, usual=False) -> np.ndarray:
        """Which pairs to predict of those above their threshold; by the usual thresholds, or those that keep a promise.

        A promise on recall is kept by an ancestor that gets the rows of its descendants too; one on precision is not,
        and a label is left out where an ancestor is not above its threshold.
        """
        choice = self.rule.choice
        if self.promises is not None and not usual:
            choice = replace(choice, min_labels=0)
            if self.promises.measure == "precision":
                margins = np.where(above, margins, -np.inf)
        return choice(above, margins, labels)

    def descendants(self, candidates, thresholds, chosen, scores) -> list[dict]:
        """For each row, by chosen label that is not above its threshold by itself, the best of chosen descendants."""
        found: list[dict] = [{} for _ in chosen]
        if self.hierarchy is None:
            return found
        labels = candidates.labels
        for row, pair in np.argwhere(chosen & ~(self.own_scores(candidates) > thresholds[labels])):
            below = chosen[row] & self.hierarchy.reach[:, [labels[row, pair]]].toarray().astype(bool)[labels[row], 0]
            below[pair] = False
            if below.any():
                best = np.where(below, scores[row], -np.inf).argmax()
                found[row][int(labels[row, pair])] = int(labels[row, best])
        return found


def decide(oof: OutOfFold, plan: Plan, rng) -> tuple[Decisions, list]:
    """Fit the decision model, and set thresholds on its log-odds.

    Parameters
    ----------
    oof : OutOfFold
        Rows to learn from.
    plan : Plan
        What is to be decided.
    rng : RandomState
        Draws rows for the model where there are very many.

    Returns
    -------
    decisions : Decisions
    predicted : list of csr_array of shape (n_rows, n_labels)
        What each of the settings that were tried predicts of the rows, with thresholds set without their part.

    Raises
    ------
    ValueError
        If all scores are the same.
    """
    candidates, labels, totals = oof.candidates, oof.labels, oof.labels.totals
    scores = candidates.first_scores
    if (trained := scores[scores > -np.inf]).size and trained.min() == trained.max():
        raise ValueError(
            "The estimator gives the same score to every pair of a row and a label: thresholds cannot be set."
        )
    unseen = plan.unseen and bool((totals.counts == 0).any())
    model = None
    if plan.pooled and candidates.labels.shape[1] > 1:
        model, of_parts = fit_models(oof, plan, unseen, rng)
    if model is not None:
        scores = np.where(candidates.trained, _log_odds(of_parts, oof), -np.inf)
    hierarchy = plan.hierarchy
    if hierarchy is not None:
        agreed = hierarchy.agreed(candidates.labels, scores)
        scores = np.where(candidates.trained, agreed, -np.inf)
    pairs = ScoredPairs(candidates.labels, scores, oof.targets, oof.positives, oof.parts, oof.labelled, labels.weight)
    rules = candidate_rules(plan.rule, pairs, micro_weight=plan.micro_weight, k_range=plan.k_range)
    without_parts = [thresholds_without_parts(each, pairs, totals.counts, totals.n_known) for each in rules]
    predicted = [cross_fitted_predictions(each, pairs, its_own) for each, its_own in zip(rules, without_parts)]
    tried = [plan.score(each, labels) for each in predicted]
    best = int(np.argmax(tried))
    thresholds = rules[best].thresholds(pairs, totals.counts, totals.n_known)
    if model is not None and unseen:
        unseen, threshold = _unseen_threshold(model, oof, pairs)
        thresholds = np.where(totals.counts == 0, threshold, thresholds)
    return Decisions(
        model, totals.counts, rules[best], thresholds, unseen and model is not None, has_evidence(pairs), tried[best],
        list(zip(rules, tried)),
        OutOfFoldScores.of(pairs, labels.row_numbers, labels.indicator, without_parts[best], hierarchy),
        None if plan.promise is None else plan.promise.keep(pairs),
        _learn_doubt(rules[best], pairs, without_parts[best], labels),
        oof.kept(plan.fit_width if hierarchy is None else plan.width) if plan.updatable else None,
    ), predicted  # fmt: skip


def _learn_doubt(rule, pairs, thresholds, labels) -> DoubtModel:
    """What the wrong labels of rows that neither models nor thresholds had seen tell of other rows."""
    chosen, margins = rule.choose(pairs, thresholds)
    errors = chosen.sum(axis=1) + labels.indicator.sum(axis=1) - 2 * (chosen & pairs.targets).sum(axis=1)
    some = slice(None, None, 1 + len(chosen) // _MAX_ROWS_OF_DOUBT)
    counted = True if pairs.labelled is None else pairs.labelled[some]
    scores, margins = (np.where(counted, values[some], -np.inf) for values in (pairs.scores, margins))
    frequency = labels.totals.counts / np.maximum(labels.totals.n_known, 1)
    commonest = np.sort(frequency)[::-1][: rule.choice.min_labels]
    blank = frequency.sum() + (1 - 2 * commonest).sum()
    return DoubtModel.fit(decision_features(scores, margins, chosen[some]), errors[some], blank)


def fit_models(oof, plan, unseen, rng) -> tuple[DecisionModel | None, list[DecisionModel]]:
    """The decision model on the best labels of rows that the scorers did not see, and one for each part without it.

    Thresholds are set on what the latter say of their part: a model flatters the rows that it was fitted on.
    """
    columns = evidence_columns(plan.scorers, oof.candidates.ways, plan.hierarchy, oof.candidates.lowest_scores)
    width, rows = plan.fit_width, np.arange(len(oof.parts))
    if len(rows) * width > _MAX_PAIRS:
        rows = np.sort(rng.permutation(len(rows))[: max(1, _MAX_PAIRS // width)])
    some = oof.candidates.take(rows)
    usable = oof.usable[rows, :width]
    values = np.stack([column(some)[:, :width][usable] for column in columns], axis=-1).astype(float)
    counts, targets = oof.n_seen[rows, :width][usable], oof.targets[rows, :width][usable]
    weight = np.repeat(oof.labels.row_weight[rows], usable.sum(axis=1))
    model = DecisionModel.fit(columns, values, counts, targets, weight=weight, unseen=unseen)
    if model is None:
        return None, []
    of_row, of_parts = np.repeat(np.arange(len(rows)), usable.sum(axis=1)), []
    parts = oof.parts[rows][of_row]
    for part in range(len(oof.seen)):
        others = np.flatnonzero(parts != part)
        others = others[of_row[others] % (1 + len(others) // _MAX_PAIRS_OF_PARTS) == 0]  # whole rows, all their ranks
        fitted = DecisionModel.fit(
            columns, values[others], counts[others], targets[others], weight=weight[others], start=model
        )
        of_parts.append(model if fitted is None else fitted)
    return model, of_parts


def _log_odds(of_parts, oof):
    """Log-odds of pairs by the model of the row's part and the positives that the scorers of the row had seen."""
    odds = np.empty(oof.candidates.labels.shape, dtype=np.float32)
    for part, model in enumerate(of_parts):
        mine = oof.parts == part
        odds[mine] = model.log_odds(oof.candidates.take(mine), oof.seen[part])
    return odds


def _unseen_threshold(model, oof, pairs) -> tuple[bool, float]:
    """The threshold that is best for macro-F1 of trained labels, judged as if they had no positive.

    False besides where no text matches a label that a row has, or a match has no weight: there is nothing to set it by.
    """
    matched = (oof.candidates.matches > 0).any(axis=-1) & oof.usable
    if not (matched & pairs.targets).any() or not model.of_labels([0])[0].any():
        return False, np.inf
    hidden = replace(oof.candidates, scores=np.full_like(oof.candidates.scores, -np.inf))
    odds = model.log_odds(hidden, np.zeros(pairs.n_labels, dtype=int))
    pairs = replace(pairs, scores=np.where(matched, odds, -np.inf))
    return True, float(global_thresholds(pairs, Objective.of(pairs, 0.0, 1.0))[0])


def typical_size(labels) -> int:
    """Labels that all but one row in a hundred have at most."""
    return int(weighted_quantiles(np.diff(labels.indicator.indptr), labels.row_weight, 0.99))
