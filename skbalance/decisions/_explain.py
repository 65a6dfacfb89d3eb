"""Why a label is predicted: the evidence of a pair in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["LabelEvidence"]


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
        such label sum to the log-odds. Empty where scores are those of the estimator.

    Examples
    --------
    >>> from skbalance.decisions import LabelEvidence
    >>> print(LabelEvidence("wheat", 0.93, 0.4, {"score": (1.2, 2.5), "match": (0.31, 0.8), "lead": (0.1, -0.2)}))
    wheat: 0.93, above its threshold 0.40
      score       1.20  +2.50
      match       0.31  +0.80
      lead        0.10  -0.20
    """

    label: Any
    score: float
    threshold: float
    evidence: dict[str, tuple[float, float]]

    def __str__(self):
        side = "above" if self.score > self.threshold else "nearest to"
        lines = [f"{self.label}: {self.score:.2f}, {side} its threshold {self.threshold:.2f}"]
        for name, (value, weight) in sorted(self.evidence.items(), key=lambda item: -abs(item[1][1])):
            lines.append(f"  {name:10} {value:5.2f}  {weight:+.2f}")
        return "\n".join(lines)
