"""Evidence: what speaks for each pair of a row and a label, as columns of numbers.

A column is a small object with a name, called with candidates and what is known of the labels. A new one is a class
here and a line in :func:`evidence_columns`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from skbalance.decisions._cooccurrence import LabelCooccurrence
from skbalance.decisions._pairs import Candidates

__all__ = ["Column", "Count", "LabelKnowledge", "Lead", "Lift", "Match", "MatchLead", "Score", "evidence_columns"]


@dataclass(frozen=True)
class LabelKnowledge:
    """What is known of labels from the rows that scorers were fitted on.

    Attributes
    ----------
    counts : ndarray of shape (n_labels,)
        Positives of each label.
    cooccurrence : LabelCooccurrence
        Rows in which two labels occur together.
    """

    counts: np.ndarray
    cooccurrence: LabelCooccurrence


class Column(Protocol):
    """One kind of evidence."""

    @property
    def name(self) -> str:
        """What it is called in explanations."""

    def __call__(self, candidates: Candidates, known: LabelKnowledge) -> np.ndarray:
        """Values of shape (n_rows, width), finite for every learnt label."""


@dataclass(frozen=True)
class Score:
    """The score of one scorer."""

    scorer: int = 0
    name: str = "score"

    def __call__(self, candidates: Candidates, known: LabelKnowledge) -> np.ndarray:
        """Values of each pair."""
        return _finite(candidates.scores[..., self.scorer])


@dataclass(frozen=True)
class Lead:
    """How far the score of one scorer is above that of the best other label of the row."""

    scorer: int = 0
    name: str = "lead"

    def __call__(self, candidates: Candidates, known: LabelKnowledge) -> np.ndarray:
        """Values of each pair; 0 where the row has no other learnt label."""
        return _lead(candidates.scores[..., self.scorer])


@dataclass(frozen=True)
class Count:
    """Logarithm of one more than the label's positives."""

    name: str = "count"

    def __call__(self, candidates: Candidates, known: LabelKnowledge) -> np.ndarray:
        """Values of each pair."""
        return np.log1p(known.counts)[candidates.labels]


@dataclass(frozen=True)
class Lift:
    """Log-lift of the label given its rival, the best other label of the row."""

    name: str = "lift"

    def __call__(self, candidates: Candidates, known: LabelKnowledge) -> np.ndarray:
        """Values of each pair; 0 where the row has no other learnt label."""
        lifts = known.cooccurrence.log_lift(candidates.labels, _rival(candidates.labels))
        return np.where(np.isfinite(_rival(candidates.scores[..., 0])), lifts, 0.0)


@dataclass(frozen=True)
class Match:
    """How well the row matches the label's text, in one block of features."""

    block: int = 0
    name: str = "match"

    def __call__(self, candidates: Candidates, known: LabelKnowledge) -> np.ndarray:
        """Values of each pair."""
        return candidates.matches[..., self.block]


@dataclass(frozen=True)
class MatchLead:
    """How far the match is above that of the best other label of the row."""

    block: int = 0
    name: str = "match lead"

    def __call__(self, candidates: Candidates, known: LabelKnowledge) -> np.ndarray:
        """Values of each pair."""
        return _lead(candidates.matches[..., self.block])


def evidence_columns(scorer_names, n_matches: int) -> tuple[Column, ...]:
    """The columns that the pooled model sees, with names that tell scorers and blocks apart."""
    many = len(scorer_names) > 1
    columns: list[Column] = []
    for i, name in enumerate(scorer_names):
        columns += [Score(i, f"score of {name}" if many else "score"), Lead(i, f"lead of {name}" if many else "lead")]
    columns += [Count(), Lift()]
    for block in range(n_matches):
        number = f" {block + 1}" if n_matches > 1 else ""
        columns += [Match(block, f"match{number}"), MatchLead(block, f"match lead{number}")]
    return tuple(columns)


def _rival(values):
    """What belongs to the best other label of the row: the second for the first one, the first for all others."""
    rival = np.repeat(values[:, :1], values.shape[1], axis=1)
    rival[:, :1] = values[:, 1:2]
    return rival


def _lead(values):
    """Each value less the largest other one of its row."""
    values = values.astype(float)
    if values.shape[1] < 2:
        return np.zeros(values.shape)
    two = -np.partition(-values, 1, axis=1)[:, :2]
    best, second = two[:, :1], two[:, 1:]
    with np.errstate(invalid="ignore"):
        lead = np.where(values == best, values - second, values - best)
    return _finite(lead)


def _finite(values):
    return np.where(np.isfinite(values), values, 0.0)
