"""From what scorers say of rows that they did not see to thresholds: evidence, log-odds, thresholds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.special import expit, logit

from skbalance.crossfit import label_counts
from skbalance.decisions._evidence import LabelKnowledge, evidence_columns
from skbalance.decisions._model import DecisionModel, evidence_out_of_fold
from skbalance.decisions._pairs import Candidates, ScoredPairs
from skbalance.decisions._rules import DecisionRule, candidate_rules, has_evidence
from skbalance.decisions._scoring import cross_fitted_score
from skbalance.decisions._unseen import UnseenModel

__all__ = ["Decisions", "OutOfFold", "Scale", "decide"]

# The rows of a single hold-out, or of a fitted classifier, are taken in so many parts, to try thresholds on rows that
# they were not set on.
_PARTS = 5
# The pooled model is fitted on so many labels of each row, or twice as many as a row has.
_FIT_WIDTH = 8


@dataclass(frozen=True)
class Scale:
    """The scale that users see of scores that are compared inside as decision values or log-odds.

    Attributes
    ----------
    probabilities : bool
        Whether scores are shown as probabilities.
    """

    probabilities: bool

    def show(self, scores):
        """Scores as they are shown: probabilities in (0, 1), and 0 where the label was not learnt."""
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
    targets : ndarray of bool of shape (n_rows, width)
        Whether the row has the label.
    seen : ndarray of shape (n_parts or 1, n_labels)
        Positives that the scorers of each part had seen.
    parts : ndarray of int of shape (n_rows,)
        Split in which each row was left out; of a single one, random parts.
    rows : ndarray of int of shape (n_rows,)
        Row numbers.
    counted : ndarray of bool of shape (n_rows, width) or None
        Whether it is known if the row has the label; None if it is of all pairs.
    """

    candidates: Candidates
    targets: np.ndarray
    seen: np.ndarray
    parts: np.ndarray
    rows: np.ndarray
    counted: np.ndarray | None

    @classmethod
    def gather(cls, candidates, rows, seen, labels, parts) -> OutOfFold:
        """Put the candidates of all splits together.

        Parameters
        ----------
        candidates : list of Candidates
            Of each split.
        rows : list of ndarray
            Row numbers of each split.
        seen : ndarray of shape (n_splits, n_labels)
            Positives that the scorers of each split had seen.
        labels : TrainingLabels
            The target.
        parts : ndarray
            Parts of a single split's rows; not used where there are several splits.
        """
        if len(candidates) > 1:
            parts = np.repeat(np.arange(len(candidates)), [len(part) for part in rows])
        together = Candidates.concatenate(candidates)
        rows = np.concatenate(rows)
        counted = None if labels.unknown is None else ~_targets(together.labels, labels.unknown, rows)
        return cls(together, _targets(together.labels, labels.indicator, rows), seen, parts, rows, counted)

    @property
    def told(self) -> np.ndarray:
        """Whether each pair tells something: the label was learnt, and the row's is known."""
        return self.candidates.known if self.counted is None else self.candidates.known & self.counted

    def positives(self, indicator) -> np.ndarray:
        """Rows with each label in each part, of labels that were learnt there."""
        n_parts = self.parts.max() + 1
        positives = np.array([label_counts(indicator[self.rows[self.parts == part]]) for part in range(n_parts)])
        positives[np.broadcast_to(self.seen == 0, positives.shape)] = 0
        return positives


def random_parts(n_rows, random_state):
    """Numbers of parts for the rows of a single split."""
    return random_state.permutation(n_rows) % min(_PARTS, n_rows)


def _targets(labels, indicator, rows):
    """Whether each row has each of its labels, without a dense target."""
    n_labels = indicator.shape[1]
    step = max(1, (1 << 24) // n_labels)
    blocks = [np.empty((0, labels.shape[1]), dtype=bool)]
    for start in range(0, len(rows), step):
        block = slice(start, start + step)
        blocks.append(np.take_along_axis(indicator[rows[block]].toarray() > 0, labels[block], axis=1))
    return np.concatenate(blocks)


@dataclass(frozen=True)
class Decisions:
    """All that turns candidates into predictions.

    Attributes
    ----------
    model : DecisionModel or None
        None where the scores of the scorer are compared as they are.
    known : LabelKnowledge or None
        Of the labels, from all training rows.
    rule : DecisionRule
        The settings that were chosen.
    thresholds : ndarray of shape (n_labels,)
        On the scale of :meth:`scores`.
    unseen : UnseenModel or None
        Of labels without a training row; None where they are never predicted.
    evident : bool
        Whether a label had a positive among the rows that the scorers did not see.
    score : float
        Cross-fitted value of `scoring`.
    tried : list of (DecisionRule, float)
        All settings with theirs.
    """

    model: DecisionModel | None
    known: LabelKnowledge | None
    rule: DecisionRule
    thresholds: np.ndarray
    unseen: UnseenModel | None
    evident: bool
    score: float
    tried: list

    def scores(self, candidates: Candidates) -> np.ndarray:
        """Log-odds or decision values of candidates; -inf for labels that were not learnt."""
        if self.model is None or self.known is None:
            return candidates.scores[..., 0]
        scores = _known(self.model.log_odds(self.model.evidence(candidates, self.known)), candidates)
        if self.unseen is not None:
            scores = np.where(candidates.known, scores, self.unseen.log_odds(candidates, scores))
        return scores


def decide(
    oof, labels, y_true, rule, *, cooccurrence, pooled, names, metric, micro_weight, k_range, usual, unseen, rng
) -> Decisions:
    """Fit the decision model, and set thresholds on what it says.

    Parameters
    ----------
    oof : OutOfFold
        Rows to learn from.
    labels : TrainingLabels
        The target of all rows that are used.
    y_true : csr_array or ndarray
        Target of the rows of `oof`, as `metric` takes it.
    rule : DecisionRule
        Strategy and bounds.
    cooccurrence : callable
        ``cooccurrence(oof)``, labels that occur together in all rows, and in all but those of each part.
    pooled : bool
        Whether scores are the log-odds of a decision model.
    names : list of str
        Of the scorers.
    metric : callable or None
        To choose settings by; None is the mixture of micro-F and macro-F.
    micro_weight : float or None
        Share of micro-F in the mixture.
    k_range : range
        What to try as `k`.
    usual : float
        The threshold where there is no evidence.
    unseen : bool
        Whether labels without a training row may be predicted from their text.
    rng : RandomState
        Draws rows for the model where there are very many.

    Returns
    -------
    decisions : Decisions
    """
    candidates, counts, n_known = oof.candidates, labels.counts, labels.n_known
    model = known = None
    scores = candidates.scores[..., 0]
    if pooled and candidates.labels.shape[1] > 1:
        columns = evidence_columns(names, candidates.matches.shape[-1])
        whole, others = cooccurrence(oof)
        evidence = evidence_out_of_fold(columns, candidates, oof.seen, oof.parts, others)
        width = fit_width(labels.indicator)
        model = DecisionModel.fit(columns, evidence[:, :width], oof.targets[:, :width], oof.told[:, :width], rng)
    if model is not None:
        known = LabelKnowledge(counts, whole)
        scores = _known(model.log_odds(evidence), candidates).astype(np.float32)
    positives = oof.positives(labels.indicator)
    pairs = ScoredPairs(candidates.labels, scores, oof.targets, positives, oof.parts, oof.counted)
    rules = candidate_rules(rule, pairs, micro_weight=None if metric else micro_weight, k_range=k_range)
    tried = [
        cross_fitted_score(
            each, pairs, counts, n_known, usual, metric=metric, micro_weight=micro_weight or 0.0, y_true=y_true
        )
        for each in rules
    ]
    best = int(np.argmax(tried))
    thresholds = rules[best].thresholds(pairs, counts, n_known, usual)
    by_text = None
    if unseen and model is not None and (counts == 0).any():
        by_text = UnseenModel.fit(candidates, oof.told, scores, pairs, rng)
    if by_text is not None:
        thresholds = np.where(counts == 0, by_text.threshold, thresholds)
    evident, results = has_evidence(pairs), list(zip(rules, tried))
    return Decisions(model, known, rules[best], thresholds, by_text, evident, tried[best], results)


def fit_width(indicator) -> int:
    """Labels of each row that the decision model is fitted on."""
    return max(_FIT_WIDTH, 2 * typical_size(indicator))


def typical_size(indicator) -> int:
    """Labels that all but one row in a hundred have at most."""
    return int(np.quantile(np.diff(sp.csr_array(indicator).indptr), 0.99))


def _known(log_odds, candidates):
    return np.where(candidates.known, log_odds, -np.inf)
