"""Labels without a training row, predicted from their text alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skbalance.decisions._evidence import Match, MatchLead
from skbalance.decisions._model import DecisionModel
from skbalance.decisions._pairs import Candidates
from skbalance.decisions._search import Objective, global_thresholds

__all__ = ["UnseenModel"]

# The labels of a row with the highest scores that the model is fitted on beside those whose text matches.
_LIKELY = 8


@dataclass(frozen=True)
class UnseenModel:
    """What a match of row and label text is worth where nothing else is known of a label.

    Fitted on labels that have training rows, as if they had none: the log-odds of the label given its match, its lead
    over the best other match of the row, and how sure the row is of its best learnt label.

    Attributes
    ----------
    model : DecisionModel
        Log-odds of a pair.
    threshold : float
        The one that is best for macro-F1 of these labels.
    """

    model: DecisionModel
    threshold: float

    @classmethod
    def fit(cls, candidates, told, scores, pairs, rng) -> UnseenModel | None:
        """Fit on pairs of rows that the scorers did not see; None where no text matches any.

        Parameters
        ----------
        candidates : Candidates
            Of these rows.
        told : ndarray of bool of shape (n_rows, width)
            Whether each pair tells something: the label was learnt, and the row's is known.
        scores : ndarray of shape (n_rows, width)
            Log-odds by the evidence for learnt labels.
        pairs : ScoredPairs
            With the targets of the pairs.
        rng : RandomState
            Draws rows where there are very many.

        Returns
        -------
        model : UnseenModel or None
        """
        columns = _columns(candidates.matches.shape[-1])
        matched = (candidates.matches > 0).any(axis=-1)
        evidence = _evidence(columns, candidates, scores)
        # Matched or likely: where a match is always right there must be something to tell it from.
        likely = matched | (np.arange(matched.shape[1]) < _LIKELY)
        model = DecisionModel.fit(columns, evidence, pairs.targets, likely & told, rng)
        if model is None or not (matched & told & pairs.targets).any():
            return None
        log_odds = np.where(matched & told, model.log_odds(evidence), -np.inf).astype(np.float32)
        pairs = pairs.with_scores(log_odds)
        return cls(model, float(global_thresholds(pairs, Objective.of(pairs, 0.0, 1.0))[0]))

    def log_odds(self, candidates: Candidates, scores: np.ndarray) -> np.ndarray:
        """Log-odds of each pair; -inf where the text does not match."""
        matched = (candidates.matches > 0).any(axis=-1)
        return np.where(matched, self.model.log_odds(_evidence(self.model.columns, candidates, scores)), -np.inf)


def _columns(n_matches):
    return tuple(column(block) for block in range(n_matches) for column in (Match, MatchLead))


def _evidence(columns, candidates, scores):
    """Columns of the matches, and the largest log-odds among the row's learnt labels."""
    surest = scores.max(axis=1, initial=-np.inf, keepdims=True)
    surest = np.broadcast_to(np.where(np.isfinite(surest), surest, 0.0), candidates.labels.shape)
    return np.stack([*(column(candidates, None) for column in columns), surest], axis=-1).astype(np.float32)
