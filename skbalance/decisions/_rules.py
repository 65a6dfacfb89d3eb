"""The strategies: which thresholds to set on out-of-fold scores, and which settings to try."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from skbalance.decisions._choice import Choice
from skbalance.decisions._pairs import ScoredPairs, weighted_quantiles
from skbalance.decisions._search import (
    Objective,
    frequency_thresholds,
    global_thresholds,
    label_thresholds,
    micro_macro_thresholds,
    shrink_thresholds,
)

_TRIED_MICRO_WEIGHTS: tuple[float, ...] = (0.0, 0.5, 1.0)
_TRIED_BETAS = (0.25, 0.5, 1.0, 2.0)
_TRIED_THRESHOLDS = 50


@dataclass(frozen=True)
class DecisionRule:
    """One way to set thresholds on scores, whatever the scores are, and to predict with them.

    Attributes
    ----------
    strategy : str
        As :class:`TunedThresholdMultiLabelClassifierCV` has it.
    choice : Choice
        Bounds on the labels of a row.
    beta : float
        Of the F-measure.
    micro_weight : float
        Share of micro-F in the objective.
    shrinkage : float
        Positives at which a label's own threshold weighs as much as that of labels of similar frequency.
    threshold : float or None
        A single threshold to take as it is.
    k : int or None
        Labels a row, for ``"top_k"``: both bounds.
    """

    strategy: str
    choice: Choice
    beta: float = 1.0
    micro_weight: float = 0.0
    shrinkage: float = 0.0
    threshold: float | None = None
    k: int | None = None

    def thresholds(self, pairs: ScoredPairs, counts: np.ndarray, n_train: int | np.ndarray) -> np.ndarray:
        """Threshold of each label from out-of-sample pairs.

        Parameters
        ----------
        pairs : ScoredPairs
            Rows to learn from.
        counts : ndarray of shape (n_labels,)
            Positives of each label in the training data.
        n_train : int or ndarray of shape (n_labels,)
            Rows of the training data of which each label is known, or the sum of their weights.

        Returns
        -------
        thresholds : ndarray of shape (n_labels,)
            inf for labels without a positive, -inf for those that every training row has. 0 for others if no label has
            a positive among the pairs.
        """
        thresholds = self._thresholds(pairs, counts) if has_evidence(pairs) else 0.0
        return np.select([counts == 0, counts == n_train], [np.inf, -np.inf], thresholds)

    def _thresholds(self, pairs, counts):
        if self.strategy == "top_k":
            return 0.0
        if self.threshold is not None:
            return self.threshold
        objective = Objective.of(pairs, self.micro_weight, self.beta)
        if self.strategy == "global":
            return global_thresholds(pairs, objective)
        if self.strategy == "micro_macro":
            own, evidence = micro_macro_thresholds(pairs, self.beta)
        else:
            own, evidence = label_thresholds(pairs, objective)
        if self.strategy == "per_label_shrunk":
            return shrink_thresholds(own, evidence, frequency_thresholds(pairs, counts, objective), self.shrinkage)
        return np.where(np.isnan(own), global_thresholds(pairs, objective), own)

    def choose(self, pairs: ScoredPairs, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which labelled pairs to predict by thresholds of shape (n_parts, n_labels), and scores less thresholds."""
        margins = margins_of(pairs.scores, thresholds[pairs.parts[:, None], pairs.labels])
        chosen = self.choice(margins > 0, margins, pairs.labels)
        return chosen if pairs.labelled is None else chosen & pairs.labelled, margins


def has_evidence(pairs: ScoredPairs) -> bool:
    """Whether a label has a positive among the pairs that count."""
    return bool(pairs.flat()[2].any())


def margins_of(scores: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Scores less thresholds; -inf where both are infinite, so that a threshold of inf is never passed."""
    with np.errstate(invalid="ignore"):
        margins = scores - thresholds
    return np.where(np.isnan(margins), -np.inf, margins)


def candidate_rules(
    rule: DecisionRule, pairs: ScoredPairs, *, micro_weight: float | None, k_range: range
) -> list[DecisionRule]:
    """The settings to choose among; a single one where nothing is left open.

    Parameters
    ----------
    rule : DecisionRule
        With the strategy, the bounds, `beta` and `shrinkage`.
    pairs : ScoredPairs
        Rows to learn from.
    micro_weight : float or None
        Share of micro-F; None if the metric is no mixture of micro-F and macro-F: several are tried, and several
        values of `beta`.
    k_range : range
        What to try as `k`.

    Returns
    -------
    rules : list of DecisionRule
        Not empty.
    """
    if rule.strategy == "top_k":
        return [replace(rule, k=k, choice=replace(rule.choice, min_labels=k, max_labels=k)) for k in k_range]
    if rule.strategy == "global" and micro_weight is None:
        _, scores, targets, weights = pairs.flat()
        some = targets if targets.any() else slice(None)
        levels = weighted_quantiles(scores[some], weights[some], np.linspace(0, 1, _TRIED_THRESHOLDS))
        return [replace(rule, threshold=float(level)) for level in np.unique(levels)]
    betas = _TRIED_BETAS if micro_weight is None else (rule.beta,)
    shares = _TRIED_MICRO_WEIGHTS if micro_weight is None else (micro_weight,)
    if rule.strategy == "micro_macro":
        shares = (0.0,)  # its objective knows no weight
    return [replace(rule, micro_weight=share, beta=beta) for beta in betas for share in shares]
