r"""The mathematics of the losses: pure and element-wise.

With z the logit, y the label, v a shift of the logit, :math:`\lambda` the scale of negative logits and

.. math:: s = k (z - v), \quad k = 1 \text{ if } y = 1 \text{ else } \lambda, \quad
          m = (2y - 1) s, \quad r = \sigma(-m),

nearly every loss of the package is W times a function of the margin m alone. That of most is
:math:`r^\gamma \operatorname{softplus}(-m)`, whose derivative by the logit is
:math:`-(2y - 1) k W r^\gamma [r + \gamma (1 - r) \operatorname{softplus}(-m)]`, or the squared hinge
:math:`\max(0, 1 - m)^2`, whose derivative is :math:`-2 (2y - 1) k W \max(0, 1 - m)`.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = [
    "class_balanced_weight",
    "focal_value",
    "focal_value_and_slope",
    "inverse_frequency_weight",
    "power",
    "rebalanced_weight",
    "softmax_binary_cross_entropy",
    "softplus",
    "squared_hinge_value_and_slope",
]

# softplus(s) = s and sigmoid(s) = 1 past this point, to the last digit of float64.
_THRESHOLD = 40.0


def focal_value(neg_margin: Tensor, *, gamma: float) -> Tensor:
    r""":math:`r^\gamma softplus(-m)`, as a function of the negated margin -m."""
    r = torch.sigmoid(neg_margin)
    value = softplus(neg_margin, r)
    return value if gamma == 0 else value.mul_(power(r, gamma))


def focal_value_and_slope(neg_margin: Tensor, *, gamma: float) -> tuple[Tensor, Tensor]:
    r"""Focal value and its derivative by -m, which is :math:`r^\gamma [r + \gamma (1 - r) softplus(-m)]`."""
    r = torch.sigmoid(neg_margin)
    right = torch.rsub(r, 1)
    value = softplus(neg_margin, r, right)
    if gamma == 0:
        return value, r
    modulation = power(r, gamma)
    value.mul_(modulation)
    # With the value so far, r ** gamma * softplus, the slope is r ** gamma * r + gamma * (1 - r) * value.
    slope = r * r if gamma == 1 else modulation.mul_(r)
    return value, slope.addcmul_(right, value, value=gamma)


def squared_hinge_value_and_slope(neg_margin: Tensor) -> tuple[Tensor, Tensor]:
    r""":math:`\max(0, 1 - m)^2` and its derivative by -m, which is :math:`2 \max(0, 1 - m)`."""
    slope = torch.add(neg_margin, 1).clamp_(min=0)
    return slope.square(), slope.mul_(2)


def softplus(s: Tensor, r: Tensor, right: Tensor | None = None) -> Tensor:
    """Return softplus(s), given r = sigmoid(s), and 1 - r where it is there."""
    if s.is_cuda:
        return F.softplus(s, threshold=_THRESHOLD)
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


def inverse_frequency_weight(counts, n_known, *, reweight):
    """N / n for ``"inverse"``, its square root for ``"sqrt_inverse"``."""
    ratio = n_known / counts
    return np.sqrt(ratio) if reweight == "sqrt_inverse" else ratio


def class_balanced_weight(counts, *, beta):
    """(1 - beta) / (1 - beta ** n), exact for beta near 1; an array or a tensor as ``counts`` is."""
    if beta == 0:
        return counts * 0 + 1.0
    lib = torch if isinstance(counts, Tensor) else np
    return (1 - beta) / -lib.expm1(counts * float(np.log1p(-(1 - beta))))


def rebalanced_weight(
    inverse_row_sum: Tensor,
    inverse_counts: Tensor,
    *,
    map_alpha: float,
    map_beta: float,
    mu: float,
    factor: float = 1.0,
) -> Tensor:
    """Return factor * (map_alpha + sigmoid(map_beta * (ratio - mu))), the ratio being the product of the tensors."""
    # A vector, for with two scalars to broadcast torch's loop takes five times as long.
    shift = torch.full_like(inverse_counts, -map_beta * mu)
    mapped = torch.addcmul(shift, inverse_row_sum, inverse_counts, value=map_beta)
    # The ratio may be in the thousands, where torch's sigmoid takes five times as long.
    mapped.clamp_(max=_THRESHOLD).sigmoid_()
    return torch.add(inverse_counts.new_tensor(factor * map_alpha), mapped, alpha=factor)


def softmax_binary_cross_entropy(logits: Tensor, positive: Tensor) -> Tensor:
    """Binary cross-entropy of softmax probabilities against a one-hot ``positive``, element by element.

    log(1 - p) of the largest logit comes from the others' log-sum-exp, so that it stays finite where p rounds
    to 1.
    """
    log_p = logits.log_softmax(dim=1)
    is_top = torch.zeros_like(positive).scatter_(1, logits.argmax(dim=1, keepdim=True), True)
    others = logits.masked_fill(is_top, -torch.inf).logsumexp(dim=1, keepdim=True)
    top_log_q = others - logits.logsumexp(dim=1, keepdim=True)
    log_q = torch.where(is_top, top_log_q, torch.log1p(-log_p.masked_fill(is_top, -torch.inf).exp()))
    return -torch.where(positive, log_p, log_q)
