"""Evidence: what speaks for each pair of a row and a label, as columns of numbers, and in words.

More of any column speaks for the label, never against it. A column is a small object with a name, called with
candidates. A new one is a class here and a line in :func:`evidence_columns`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from skbalance._hierarchy import Hierarchy
from skbalance.decisions._candidates import Candidates


@dataclass(frozen=True)
class Column(ABC):
    """One kind of evidence, called for values of shape (n_rows, width): finite, and 0 where the label has none.

    Attributes
    ----------
    number : int
        Of the scorer, or of the way of matching, that it is about.
    name : str
        What it is called in explanations.
    missing : float
        In place of scores that the scorer does not give: it speaks for no pair less than for these.
    trained : bool
        Whether it exists only for labels that the scorers have seen a positive of.
    """

    number: int = 0
    name: str = ""
    missing: float = 0.0
    trained: ClassVar[bool] = True

    def _known(self, scores):
        values = scores[..., self.number]
        return np.where(np.isnan(values), values.dtype.type(self.missing), values)

    @abstractmethod
    def __call__(self, candidates: Candidates) -> np.ndarray:
        """Values of each pair."""


class Score(Column):
    """The score of one scorer."""

    def __call__(self, candidates: Candidates) -> np.ndarray:
        """Values of each pair."""
        return _finite(self._known(candidates.scores))


@dataclass(frozen=True)
class Lead(Column):
    """How far the score of one scorer is above that of the best other label of the row.

    Attributes
    ----------
    rivals : int or None
        Labels, the first ones, that are counted as others; None is all. Later ones change nothing for these.
    hierarchy : Hierarchy or None
        Of labels: ancestors and descendants are no others.
    """

    rivals: int | None = None
    hierarchy: Hierarchy | None = None

    def __call__(self, candidates: Candidates) -> np.ndarray:
        """Values of each pair; 0 where the row has no other trained label."""
        values = self._known(candidates.scores)
        if values.shape[1] < 2:
            return np.zeros(values.shape, dtype=values.dtype)
        with np.errstate(invalid="ignore"):
            return _finite(values - self._best_other(values, candidates.labels))

    def _best_other(self, values, labels):
        if self.hierarchy is None:
            others = values if self.rivals is None else np.where(labels < self.rivals, values, -np.inf)
            two = np.partition(others, -2, axis=1)[:, -2:]
            return np.where(others == two[:, 1:], two[:, :1], two[:, 1:])
        left, best = np.ones(values.shape, dtype=bool), np.full_like(values, -np.inf)
        for place in np.argsort(-values, axis=1, kind="stable").T[:, :, None]:
            row, pair = np.nonzero(left)
            label, value = (np.take_along_axis(array, place, axis=1)[row, 0] for array in (labels, values))
            other = ~self.hierarchy.related[labels[row, pair][:, None], label[:, None]].toarray()[:, 0]
            best[row[other], pair[other]] = value[other]
            left[row[other], pair[other]] = False
            if not left.any():
                break
        return best


class Match(Column):
    """How well the row matches what the label is called, in one way."""

    trained = False

    def __call__(self, candidates: Candidates) -> np.ndarray:
        """Values of each pair."""
        return candidates.matches[..., self.number]


def evidence_columns(scorer_names, match_names, hierarchy=None, lowest=None) -> tuple[Column, ...]:
    """The columns that the decision model sees, with names that tell scorers and matches apart.

    `lowest` is the lowest score of each scorer, which stands where it gives none.
    """
    many = len(scorer_names) > 1
    columns: list[Column] = []
    for i, (name, missing) in enumerate(zip(scorer_names, lowest or [0.0] * len(scorer_names))):
        columns.append(Score(i, f"score of {name}" if many else "score", missing=missing))
        columns.append(Lead(i, f"lead of {name}" if many else "lead", hierarchy=hierarchy, missing=missing))
    return (*columns, *(Match(i, name) for i, name in enumerate(match_names)))


def _finite(values):
    return np.where(np.isfinite(values), values, values.dtype.type(0))


@dataclass(frozen=True)
class LabelEvidence:
    """A label that is predicted for a row, and what speaks for it.

    Parameters
    ----------
    label : int or str
        Column of the target, or the tag.
    score : float
        What is compared with the threshold.
    threshold : float
        The label's threshold.
    evidence : dict of str to tuple of (float, float)
        For each column of evidence its value, and what it adds to the log-odds: these and what the model gives every
        such label sum to the log-odds, before parents and children meet. Empty where scores are those of the
        estimator, and for a row without any feature.
    words : tuple of (str, float), default=()
        Words of the text that spoke most for the label, with what each adds to the score of its linear model, or to
        the cosine with the mean of its texts. Given by :class:`~skbalance.text.TagClassifier`.
    matched : tuple of str, default=()
        Words of the label's name that stand in the text, or else the word of the text that shares most pieces with it.
    descendant : int or str or None, default=None
        The most likely of the predicted descendants, for the sake of which the label is predicted; None where it would
        be without them.

    Examples
    --------
    >>> from skbalance.decisions import LabelEvidence
    >>> evidence = {"score": (1.2, 2.5), "match": (0.31, 0.8), "lead": (-0.1, -0.2)}
    >>> print(LabelEvidence("wheat", 0.93, 0.4, evidence, words=(("grain", 0.6),), matched=("wheat",)))
    wheat: 0.93, above its threshold 0.40
      score       1.20  +2.50
      match       0.31  +0.80
      lead       -0.10  -0.20
      words: grain +0.60
      name: wheat
    """

    label: Any
    score: float
    threshold: float
    evidence: dict[str, tuple[float, float]]
    words: tuple[tuple[str, float], ...] = ()
    matched: tuple[str, ...] = ()
    descendant: Any = None

    def __str__(self):
        label = _shown(self.label)
        side = "above" if self.score > self.threshold else "nearest to"
        lines = [f"{label}: {self.score:.2f}, {side} its threshold {self.threshold:.2f}"]
        width = max([10, *map(len, self.evidence)])
        for name, (value, weight) in sorted(self.evidence.items(), key=lambda item: -abs(item[1][1])):
            lines.append(f"  {name:{width}} {value:5.2f}  {weight:+.2f}")
        if self.descendant is not None:
            lines.append(f"  for it is an ancestor of {_shown(self.descendant)}")
        if self.words:
            lines.append("  words: " + ", ".join(f"{word} {added:+.2f}" for word, added in self.words))
        if self.matched:
            lines.append("  name: " + ", ".join(self.matched))
        return "\n".join(lines)


def _shown(label):
    label = "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(label))
    return label if len(label) <= 80 else f"{label[:77]}..."
