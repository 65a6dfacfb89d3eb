r"""Functions of the margin: one for the positive elements of a loss, and one for the negative ones.

With z the logit, y the label, v a shift of the logit, :math:`\lambda` the scale of negative logits and

.. math:: s = k (z - v), \quad k = 1 \text{ if } y = 1 \text{ else } \lambda, \quad
          m = (2y - 1) s, \quad r = \sigma(-m),

nearly every loss of the package is W times a function of the margin m alone. That of most is
:math:`r^\gamma \operatorname{softplus}(-m)`, whose derivative by the logit is
:math:`-(2y - 1) k W r^\gamma [r + \gamma (1 - r) \operatorname{softplus}(-m)]`, or the squared hinge
:math:`\max(0, 1 - m)^2`, whose derivative is :math:`-2 (2y - 1) k W \max(0, 1 - m)`.

All are given as functions of the negated margin -m, so that r is the probability of being wrong.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

# softplus(s) = s and sigmoid(s) = 1 past this point, to the last digit of float64.
THRESHOLD = 40.0


class MarginLoss(ABC):
    """A function of the margin m, given as one of -m that is zero at minus infinity."""

    @abstractmethod
    def value_and_slope(self, neg_margin: Tensor) -> tuple[Tensor, Tensor]:
        """Value at each -m and derivative by -m; new tensors."""


@dataclass(frozen=True)
class Focal(MarginLoss):
    """Cross-entropy times the probability of being wrong to the power ``gamma``; 0 is plain cross-entropy.

    ``margin`` is subtracted from the margin m.
    """

    gamma: float = 0.0
    margin: float = 0.0

    def value_and_slope(self, neg_margin: Tensor) -> tuple[Tensor, Tensor]:
        """Value at each -m and derivative by -m."""
        neg_margin = neg_margin if self.margin == 0 else neg_margin + self.margin
        r = torch.sigmoid(neg_margin)
        right = torch.rsub(r, 1)
        value = softplus(neg_margin, r, right)
        if self.gamma == 0:
            return value, r
        modulation = power(r, self.gamma)
        value.mul_(modulation)
        # With the value so far, r ** gamma * softplus, the slope is r ** gamma * r + gamma * (1 - r) * value.
        slope = r * r if self.gamma == 1 else modulation.mul_(r)
        return value, slope.addcmul_(right, value, value=self.gamma)


@dataclass(frozen=True)
class SquaredHinge(MarginLoss):
    """Squared distance of the margin below 1."""

    def value_and_slope(self, neg_margin: Tensor) -> tuple[Tensor, Tensor]:
        """Value at each -m and derivative by -m."""
        slope = torch.add(neg_margin, 1).clamp_(min=0)
        return slope.square(), slope.mul_(2)


@dataclass(frozen=True)
class AsymmetricNegative(MarginLoss):
    r""":math:`q^\gamma [-\log(1 - q)]` with :math:`q = \max(r - c, 0)`, times :math:`\lambda - r` if there is a lambda.

    With c = ``clip`` above 0 the value is at most -log(c), so that a negative that is very wrong pulls no more.
    """

    gamma: float
    clip: float
    hill: float | None = None

    def value_and_slope(self, neg_margin: Tensor) -> tuple[Tensor, Tensor]:
        """Value at each -m and derivative by -m."""
        r = torch.sigmoid(neg_margin)
        right = torch.sigmoid(-neg_margin)
        if self.clip == 0:
            value, slope = Focal(self.gamma).value_and_slope(neg_margin)
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
class HillNegative(MarginLoss):
    r""":math:`(\lambda - r) r^2`, whose slope falls again where a negative is very wrong."""

    hill: float

    def value_and_slope(self, neg_margin: Tensor) -> tuple[Tensor, Tensor]:
        """Value at each -m and derivative by -m."""
        r = torch.sigmoid(neg_margin)
        square = r * r
        slope = torch.rsub(r, 1).mul_(square).mul_(torch.rsub(r, 2 * self.hill, alpha=3))
        return torch.rsub(r, self.hill).mul_(square), slope


@dataclass(frozen=True)
class PolynomialPositive(MarginLoss):
    r""":math:`r^\gamma [-\log(1 - r) + a r + b r^2]`: cross-entropy with its first two Taylor coefficients changed."""

    gamma: float
    linear: float
    square: float

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
class SmoothedNegative(MarginLoss):
    """Loss of a smoothed negative: mostly that of a negative, and a small share of that of a positive.

    Attributes
    ----------
    negative, positive : MarginLoss
        The two functions of the margin.
    negative_share : float
        Factor of the first.
    positive_share : Tensor of shape (n_labels,) or ()
        Factor of the second, whose margin is that of the negative over ``-neg_scale``.
    neg_scale : float
        Scale of negative logits.
    """

    negative: MarginLoss
    positive: MarginLoss
    negative_share: float
    positive_share: Tensor
    neg_scale: float

    def value_and_slope(self, neg_margin: Tensor) -> tuple[Tensor, Tensor]:
        """Value at each -m and derivative by -m; both vanish at minus infinity, where the positives are put."""
        value, slope = self.negative.value_and_slope(neg_margin)
        opposite = (neg_margin / -self.neg_scale).masked_fill_(neg_margin == -torch.inf, -torch.inf)
        other_value, other_slope = self.positive.value_and_slope(opposite)
        value = value * self.negative_share + other_value * self.positive_share
        return value, slope * self.negative_share - other_slope * (self.positive_share / self.neg_scale)


def softplus(s: Tensor, r: Tensor, right: Tensor | None = None) -> Tensor:
    """Return softplus(s), given r = sigmoid(s) and, if it is at hand, 1 - r."""
    if s.is_cuda:
        return F.softplus(s, threshold=THRESHOLD)
    # max(s, 0) - log1p(-min(r, 1 - r)). On CPUs torch's softplus takes twice as long; 1 - r is rounded only where
    # the value is at least log(2).
    tail = torch.minimum(r, torch.rsub(r, 1) if right is None else right).neg_().log1p_()
    return F.relu(s).sub_(tail)


def power(r: Tensor, gamma: float) -> Tensor:
    """Return r ** gamma, by multiplication for the usual exponents."""
    if gamma in (2, 4):
        square = r * r
        return square if gamma == 2 else square.mul_(square)
    return r if gamma == 1 else r**gamma
