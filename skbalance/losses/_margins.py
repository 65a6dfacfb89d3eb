"""How a loss punishes a margin: the one function of it that all elements share, whatever their weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from ._functional import focal_value, focal_value_and_slope, squared_hinge_value_and_slope

__all__ = ["Focal", "MarginLoss", "SquaredHinge"]


class MarginLoss(Protocol):
    """A decreasing function of the margin m, given as one of -m that is zero at minus infinity."""

    def value(self, neg_margin: Tensor) -> Tensor:
        """Value at each -m; a new tensor."""

    def value_and_slope(self, neg_margin: Tensor) -> tuple[Tensor, Tensor]:
        """Value at each -m and derivative by -m; new tensors."""


@dataclass(frozen=True)
class Focal:
    """Cross-entropy times the probability of being wrong to the power ``gamma``; 0 is plain cross-entropy."""

    gamma: float = 0.0

    def value(self, neg_margin: Tensor) -> Tensor:
        """Value at each -m."""
        return focal_value(neg_margin, gamma=self.gamma)

    def value_and_slope(self, neg_margin: Tensor) -> tuple[Tensor, Tensor]:
        """Value at each -m and derivative by -m."""
        return focal_value_and_slope(neg_margin, gamma=self.gamma)


@dataclass(frozen=True)
class SquaredHinge:
    """Square of what a margin lacks to 1."""

    def value(self, neg_margin: Tensor) -> Tensor:
        """Value at each -m."""
        return self.value_and_slope(neg_margin)[0]

    def value_and_slope(self, neg_margin: Tensor) -> tuple[Tensor, Tensor]:
        """Value at each -m and derivative by -m."""
        return squared_hinge_value_and_slope(neg_margin)
