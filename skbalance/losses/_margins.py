r"""How a loss punishes a margin: one function of it for the positive elements and one for the negative ones.

All are given as functions of the negated margin s, -z for a positive and z for a negative element but for scale and
shift, so that :math:`r = \sigma(s)` is the probability of being wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ._closed_forms import focal_value, focal_value_and_slope, power, softplus, squared_hinge_value_and_slope

__all__ = [
    "AsymmetricNegative",
    "Focal",
    "HillNegative",
    "MarginLoss",
    "PolynomialPositive",
    "SmoothedNegative",
    "SquaredHinge",
]


class MarginLoss(Protocol):
    """A function of the margin m, given as one of -m that is zero at minus infinity."""

    def value(self, neg_margin: Tensor) -> Tensor:
        """Value at each -m; a new tensor."""

    def value_and_slope(self, neg_margin: Tensor) -> tuple[Tensor, Tensor]:
        """Value at each -m and derivative by -m; new tensors."""


@dataclass(frozen=True)
class Focal:
    """Cross-entropy times the probability of being wrong to the power ``gamma``; 0 is plain cross-entropy.

    ``margin`` is what the logit must be beyond 0 to be taken for 0.
    """

    gamma: float = 0.0
    margin: float = 0.0

    def value(self, neg_margin: Tensor) -> Tensor:
        """Value at each -m."""
        return focal_value(self._shifted(neg_margin), gamma=self.gamma)

    def value_and_slope(self, neg_margin: Tensor) -> tuple[Tensor, Tensor]:
        """Value at each -m and derivative by -m."""
        return focal_value_and_slope(self._shifted(neg_margin), gamma=self.gamma)

    def _shifted(self, neg_margin: Tensor) -> Tensor:
        return neg_margin if self.margin == 0 else neg_margin + self.margin


@dataclass(frozen=True)
class SquaredHinge:
    """Square of what a margin lacks to 1."""

    def value(self, neg_margin: Tensor) -> Tensor:
        """Value at each -m."""
        return self.value_and_slope(neg_margin)[0]

    def value_and_slope(self, neg_margin: Tensor) -> tuple[Tensor, Tensor]:
        """Value at each -m and derivative by -m."""
        return squared_hinge_value_and_slope(neg_margin)


@dataclass(frozen=True)
class AsymmetricNegative:
    r""":math:`q^\gamma [-\log(1 - q)]` with :math:`q = \max(r - c, 0)`, times :math:`\lambda - r` if there is a lambda.

    With c = ``clip`` above 0 the value is at most -log(c), so that a negative that is very wrong pulls no more.
    """

    gamma: float
    clip: float
    hill: float | None = None

    def value(self, neg_margin: Tensor) -> Tensor:
        """Value at each -m."""
        return self.value_and_slope(neg_margin)[0]

    def value_and_slope(self, neg_margin: Tensor) -> tuple[Tensor, Tensor]:
        """Value at each -m and derivative by -m."""
        r = torch.sigmoid(neg_margin)
        right = torch.sigmoid(-neg_margin)
        if self.clip == 0:
            value, slope = focal_value_and_slope(neg_margin, gamma=self.gamma)
        else:
            q = (r - self.clip).clamp_(min=0)
            rest = (right + self.clip).clamp_(max=1)  # 1 - q
            value = rest.log().neg_()
            # Divided by q before it is multiplied by q ** gamma: at q = 0 both are 0, and so is the slope.
            slope = (value / q.clamp(min=torch.finfo(q.dtype).tiny)).mul_(self.gamma).add_(rest.reciprocal())
            modulation = power(q, self.gamma) if self.gamma > 0 else (q > 0).to(q.dtype)
            value.mul_(modulation)
            slope.mul_(modulation).mul_(r).mul_(right)
        if self.hill is None:
            return value, slope
        factor = torch.rsub(r, self.hill)
        slope.mul_(factor).sub_(r.mul_(right).mul_(value))
        return value.mul_(factor), slope


@dataclass(frozen=True)
class HillNegative:
    r""":math:`(\lambda - r) r^2`, whose slope falls again where a negative is very wrong."""

    hill: float

    def value(self, neg_margin: Tensor) -> Tensor:
        """Value at each -m."""
        r = torch.sigmoid(neg_margin)
        return torch.rsub(r, self.hill).mul_(r).mul_(r)

    def value_and_slope(self, neg_margin: Tensor) -> tuple[Tensor, Tensor]:
        """Value at each -m and derivative by -m."""
        r = torch.sigmoid(neg_margin)
        square = r * r
        slope = torch.rsub(r, 1).mul_(square).mul_(torch.rsub(r, 2 * self.hill, alpha=3))
        return torch.rsub(r, self.hill).mul_(square), slope


@dataclass(frozen=True)
class PolynomialPositive:
    r""":math:`r^\gamma [-\log(1 - r) + a r + b r^2]`: cross-entropy with its first two Taylor coefficients changed."""

    gamma: float
    linear: float
    square: float

    def value(self, neg_margin: Tensor) -> Tensor:
        """Value at each -m."""
        return self.value_and_slope(neg_margin)[0]

    def value_and_slope(self, neg_margin: Tensor) -> tuple[Tensor, Tensor]:
        """Value at each -m and derivative by -m."""
        r = torch.sigmoid(neg_margin)
        right = torch.sigmoid(-neg_margin)
        value = softplus(neg_margin, r) + (self.linear + self.square * r) * r
        slope = r + (self.linear + 2 * self.square * r) * r * right
        if self.gamma == 0:
            return value, slope
        modulation = power(r, self.gamma)
        return value * modulation, (slope + self.gamma * right * value) * modulation


@dataclass(frozen=True)
class SmoothedNegative:
    """What a smoothed negative costs: its share as a negative, and a small one as a positive.

    Attributes
    ----------
    negative, positive : MarginLoss
        The two functions of the margin.
    negative_share : float
        Factor of the first.
    positive_share : float or Tensor of shape (n_labels,)
        Factor of the second, whose margin is that of the negative over ``-neg_scale``.
    neg_scale : float
        Scale of negative logits.
    """

    negative: MarginLoss
    positive: MarginLoss
    negative_share: float
    positive_share: float | Tensor
    neg_scale: float

    def value(self, neg_margin: Tensor) -> Tensor:
        """Value at each -m."""
        return self.value_and_slope(neg_margin)[0]

    def value_and_slope(self, neg_margin: Tensor) -> tuple[Tensor, Tensor]:
        """Value at each -m and derivative by -m; both vanish at minus infinity, where the positives are put."""
        value, slope = self.negative.value_and_slope(neg_margin)
        opposite = (neg_margin / -self.neg_scale).masked_fill_(neg_margin == -torch.inf, -torch.inf)
        other_value, other_slope = self.positive.value_and_slope(opposite)
        value = value * self.negative_share + other_value * self.positive_share
        return value, slope * self.negative_share - other_slope * (self.positive_share / self.neg_scale)
