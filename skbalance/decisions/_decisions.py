"""From out-of-fold scores to thresholds: evidence, log-odds, thresholds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.special import expit, logit

from skbalance.crossfit import TrainingLabels
from skbalance.decisions._candidates import Candidates
from skbalance.decisions._model import DecisionModel, evidence_columns
from skbalance.decisions._plan import Plan
from skbalance.decisions._promises import Promises
from skbalance.decisions._thresholds import DecisionRule, Objective, ScoredPairs, global_thresholds, indicator_of_pairs
from skbalance.review import DoubtModel, OutOfFoldScores, decision_features

# The decision model is fitted on so many pairs.
_MAX_PAIRS, _MAX_PAIRS_OF_PARTS = 200_000, 20_000
_MAX_ROWS_OF_DOUBT = 20_000
# Rows that are kept for later, the newest ones, and parts that they are in.
_MOST_ROWS, _MOST_PARTS = 20_000, 4


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


@dataclass(frozen=True)
class OutOfFold:
    """What scorers say of rows that they did not see.

    Attributes
    ----------
    candidates : Candidates
        Of these rows.
    labels : TrainingLabels
        Of these rows.
    seen : ndarray of shape (n_parts, n_labels)
        Positives that the scorers of each part had seen.
    parts : ndarray of int of shape (n_rows,)
        Split in which each row was left out; of a single one, random parts.
    """

    candidates: Candidates
    labels: TrainingLabels
    seen: np.ndarray
    parts: np.ndarray

    @classmethod
    def gather(cls, candidates, rows, seen, labels, parts) -> OutOfFold:
        """Put the candidates of all splits together.

        Parameters
        ----------
        candidates : list of Candidates
            Of each split.
        rows : list of ndarray
            Places of each split's rows in `labels`.
        seen : ndarray of shape (n_splits, n_labels)
            Positives that the scorers of each split had seen.
        labels : TrainingLabels
            The target.
        parts : ndarray
            Parts of a single split's rows; not used where there are several splits.
        """
        if len(candidates) > 1:
            parts = np.repeat(np.arange(len(candidates)), [len(part) for part in rows])
        seen = np.broadcast_to(seen, (parts.max() + 1, seen.shape[1]))
        return cls(Candidates.concatenate(candidates), labels.take(np.concatenate(rows)), seen, parts)

    @cached_property
    def targets(self) -> np.ndarray:
        """Whether each row has the label of each of its pairs, of shape (n_rows, width)."""
        return self._of_pairs(self.labels.indicator)

    @cached_property
    def labelled(self) -> np.ndarray | None:
        """Whether y says if the row has the label, of shape (n_rows, width); None if it says so of all pairs."""
        return None if self.labels.unknown is None else ~self._of_pairs(self.labels.unknown)

    def _of_pairs(self, indicator):
        """Values of the pairs, without a dense target."""
        return indicator[np.arange(len(self.parts))[:, None], self.candidates.labels].toarray() > 0

    @property
    def usable(self) -> np.ndarray:
        """Whether each pair is labelled, and its label was trained."""
        return self.candidates.trained if self.labelled is None else self.candidates.trained & self.labelled

    @property
    def positives(self) -> np.ndarray:
        """Rows with each label in each part, of labels that were trained there."""
        positives = np.array([self.labels.count(self.parts == part) for part in range(len(self.seen))])
        return np.where(self.seen == 0, 0, positives)

    def take(self, rows) -> OutOfFold:
        """Some of the rows; parts that no row is left of go."""
        left, parts = np.unique(self.parts[rows], return_inverse=True)
        return OutOfFold(self.candidates.take(rows), self.labels.take(rows), self.seen[left], parts)

    def kept(self, width: int) -> OutOfFold:
        """What is kept, in small types: `width` labels of each row, and of too many rows some at equal distances."""
        n_rows, n_labels = self.labels.indicator.shape
        kept = replace(self, candidates=self.candidates.astype(np.min_scalar_type(n_labels), np.float16, width))
        return kept if n_rows <= _MOST_ROWS else kept.take(np.linspace(0, n_rows - 1, _MOST_ROWS).astype(int))

    def in_full(self) -> OutOfFold:
        """What was kept, in the types that thresholds are set on."""
        return replace(self, candidates=self.candidates.astype(np.int32, np.float32))

    def append(self, candidates: Candidates, labels: TrainingLabels) -> OutOfFold:
        """Kept rows with those of a chunk, scored by models that had seen the rows before it."""
        seen = np.vstack([self.seen, self.labels.totals.counts])
        parts = np.full(len(candidates.labels), len(seen) - 1)
        chunk = OutOfFold(candidates, labels, seen, parts).kept(self.candidates.labels.shape[1])
        candidates = Candidates.concatenate([self.candidates, chunk.candidates])
        parts = np.append(self.parts, parts[: len(chunk.parts)])
        both = OutOfFold(candidates, self.labels.append(chunk.labels), seen, parts)
        return both.take(np.arange(len(both.parts))[-_MOST_ROWS:])._fewer_parts()

    def _fewer_parts(self) -> OutOfFold:
        """The smallest neighbours among the parts become one, until there are not too many."""
        sizes, seen, parts = np.bincount(self.parts).astype(float), self.seen, self.parts
        while len(sizes) > _MOST_PARTS:
            at = int(np.argmin(sizes[:-1] + sizes[1:]))
            both = np.average(seen[at : at + 2], axis=0, weights=sizes[at : at + 2])
            seen = np.vstack([seen[:at], both, seen[at + 2 :]])
            sizes = np.concatenate([sizes[:at], [sizes[at : at + 2].sum()], sizes[at + 2 :]])
            parts = np.where(parts > at, parts - 1, parts)
        return replace(self, seen=seen, parts=parts)

    def of_labels(self, labels, counts) -> OutOfFold:
        """Kept rows with other labels, see :meth:`TrainingLabels.of_labels`."""
        places = np.full(self.seen.shape[1] + 1, -1)
        places[labels] = np.arange(len(labels))
        found = places[self.candidates.labels]
        candidates = replace(
            self.candidates,
            labels=np.maximum(found, 0).astype(np.min_scalar_type(len(labels))),
            scores=np.where(found[..., None] < 0, -np.inf, self.candidates.scores),
        )
        seen = np.pad(self.seen, ((0, 0), (0, 1)))[:, labels]
        return replace(self, candidates=candidates, labels=self.labels.of_labels(labels, counts), seen=seen)


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

    def evidence(self, candidates, pairs) -> list[dict]:
        """For some pairs of one row, each column's value and what it adds to the log-odds."""
        if self.model is None:
            return [{} for _ in pairs]
        values, added = (array[0, pairs].tolist() for array in self.model.shares(candidates, self.label_counts))
        names = [column.name for column in self.model.columns]
        return [dict(zip(names, zip(*both))) for both in zip(values, added)]

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
    candidates, labels, totals, hierarchy = oof.candidates, oof.labels, oof.labels.totals, plan.hierarchy
    scores, model = candidates.first_scores, None
    if (trained := scores[scores > -np.inf]).size and trained.min() == trained.max():
        raise ValueError(
            "The estimator gives the same score to every pair of a row and a label: thresholds cannot be set."
        )
    unseen = plan.unseen and bool((totals.counts == 0).any())
    if plan.pooled and candidates.labels.shape[1] > 1:
        model, of_parts = fit_models(oof, plan, unseen, rng)
    if model is not None:
        odds = np.empty(candidates.labels.shape, dtype=np.float32)
        for part, of_part in enumerate(of_parts):  # with the positives that the scorers of the part had seen
            mine = oof.parts == part
            odds[mine] = of_part.log_odds(candidates.take(mine), oof.seen[part])
        scores = np.where(candidates.trained, odds, -np.inf)
    if hierarchy is not None:
        scores = np.where(candidates.trained, hierarchy.agreed(candidates.labels, scores), -np.inf)
    pairs = ScoredPairs(candidates.labels, scores, oof.targets, oof.positives, oof.parts, oof.labelled, labels.weight)
    rules = plan.rules(pairs)
    without_parts = [rule.thresholds_without_parts(pairs, totals.counts, totals.n_known) for rule in rules]
    predicted = [
        indicator_of_pairs(rule.choose(pairs, its_own)[0], pairs.labels, pairs.n_labels)
        for rule, its_own in zip(rules, without_parts)
    ]
    tried = [plan.score(each, labels) for each in predicted]
    best = int(np.argmax(tried))
    thresholds = rules[best].thresholds(pairs, totals.counts, totals.n_known)
    if model is not None and unseen:
        unseen, threshold = _unseen_threshold(model, oof, pairs)
        thresholds = np.where(totals.counts == 0, threshold, thresholds)
    return Decisions(
        model=model,
        label_counts=totals.counts,
        rule=rules[best],
        thresholds=thresholds,
        unseen=unseen and model is not None,
        score=tried[best],
        tried=list(zip(rules, tried)),
        out_of_fold=OutOfFoldScores.of(pairs, labels.numbers, labels.indicator, without_parts[best], hierarchy),
        promises=None if plan.promise is None else plan.promise.keep(pairs),
        doubt=_learn_doubt(rules[best], pairs, without_parts[best], labels),
        kept=oof.kept(plan.fit_width if hierarchy is None else plan.width) if plan.updatable else None,
    ), predicted


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
    n_seen = oof.seen[oof.parts[rows, None], some.labels[:, :width]]  # by the scorers of the row
    counts, targets = n_seen[usable], oof.targets[rows, :width][usable]
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
