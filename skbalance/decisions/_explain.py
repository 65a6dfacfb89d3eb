"""Why a label is predicted: the evidence of a pair in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


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


def evidence_of_pairs(model, candidates, label_counts, pairs) -> list[dict]:
    """For some pairs of one row, each column's value and what it adds to the log-odds."""
    if model is None:
        return [{} for _ in pairs]
    values, added = (array[0, pairs].tolist() for array in model.shares(candidates, label_counts))
    names = [column.name for column in model.columns]
    return [dict(zip(names, zip(*both))) for both in zip(values, added)]
