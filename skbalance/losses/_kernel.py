r"""Functions of the margin, and loss and gradient of them in one pass over the logits.

With z the logit, y the label, v a shift of the logit, :math:`\lambda` the scale of negative logits and

.. math:: s = k (z - v), \quad k = 1 \text{ if } y = 1 \text{ else } \lambda, \quad
          m = (2y - 1) s, \quad r = \sigma(-m),

nearly every loss of the package is W times a function of the margin m alone. That of most is
:math:`r^\gamma \operatorname{softplus}(-m)`, whose derivative by the logit is
:math:`-(2y - 1) k W r^\gamma [r + \gamma (1 - r) \operatorname{softplus}(-m)]`, or the squared hinge
:math:`\max(0, 1 - m)^2`, whose derivative is :math:`-2 (2y - 1) k W \max(0, 1 - m)`.

All are given as functions of the negated margin -m, so that r is the probability of being wrong.

There is one for the positive elements of a loss, and one for the negative ones. Every element is first treated as a
negative, block of rows by block of rows; the few positives are then put in their place. The gradient is formed in the
forward pass, may overwrite the logits, and is the only array of their size.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from skbalance.losses._pairs import THRESHOLD, PositivePairs

# Elements in a block; on the CPU for each thread, so that its few temporaries stay in that core's caches.
BLOCK_ELEMENTS = {"cpu": 1 << 17, "cuda": 1 << 24}


# A function of the margin m, given as one of -m that is zero at minus infinity: new tensors of the value at each -m and
# of the derivative by -m.
MarginLoss: TypeAlias = Callable[[Tensor], tuple[Tensor, Tensor]]


def focal(neg_margin: Tensor, *, gamma: float = 0.0, margin: float = 0.0) -> tuple[Tensor, Tensor]:
    """Cross-entropy times the probability of being wrong to the power ``gamma``; 0 is plain cross-entropy.

    ``margin`` is subtracted from the margin m.
    """
    neg_margin = neg_margin if margin == 0 else neg_margin + margin
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


def squared_hinge(neg_margin: Tensor) -> tuple[Tensor, Tensor]:
    """Squared distance of the margin below 1."""
    slope = torch.add(neg_margin, 1).clamp_(min=0)
    return slope.square(), slope.mul_(2)


def asymmetric_negative(
    neg_margin: Tensor, *, gamma: float, clip: float, hill: float | None = None
) -> tuple[Tensor, Tensor]:
    r""":math:`q^\gamma [-\log(1 - q)]` with :math:`q = \max(r - c, 0)`, times :math:`\lambda - r` if there is a lambda.

    With c = ``clip`` above 0 the value is at most -log(c), so that a negative that is very wrong pulls no more.
    """
    r = torch.sigmoid(neg_margin)
    right = torch.sigmoid(-neg_margin)
    if clip == 0:
        value, slope = focal(neg_margin, gamma=gamma)
    else:
        q = (r - clip).clamp_(min=0)
        rest = (right + clip).clamp_(max=1)  # 1 - q
        value = rest.log().neg_()
        # Divided by q before it is multiplied by q ** gamma: at q = 0 both are 0, and so is the slope.
        slope = (value / q.clamp(min=torch.finfo(q.dtype).tiny)).mul_(gamma).add_(rest.reciprocal())
        modulation = power(q, gamma) if gamma > 0 else (q > 0).to(q.dtype)
        value.mul_(modulation)
        slope.mul_(modulation).mul_(r).mul_(right)
    if hill is None:
        return value, slope
    factor = torch.rsub(r, hill)
    slope.mul_(factor).sub_(r.mul_(right).mul_(value))
    return value.mul_(factor), slope


def hill_negative(neg_margin: Tensor, *, hill: float) -> tuple[Tensor, Tensor]:
    r""":math:`(\lambda - r) r^2`, whose slope falls again where a negative is very wrong."""
    r = torch.sigmoid(neg_margin)
    square = r * r
    slope = torch.rsub(r, 1).mul_(square).mul_(torch.rsub(r, 2 * hill, alpha=3))
    return torch.rsub(r, hill).mul_(square), slope


def polynomial_positive(neg_margin: Tensor, *, gamma: float, linear: float, square: float) -> tuple[Tensor, Tensor]:
    r""":math:`r^\gamma [-\log(1 - r) + a r + b r^2]`: cross-entropy with its first two Taylor coefficients changed."""
    r = torch.sigmoid(neg_margin)
    right = torch.sigmoid(-neg_margin)
    value = softplus(neg_margin, r) + (linear + square * r) * r
    slope = r + (linear + 2 * square * r) * r * right
    if gamma == 0:
        return value, slope
    modulation = power(r, gamma)
    return value * modulation, (slope + gamma * right * value) * modulation


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


def compute_dtype(dtype: torch.dtype) -> torch.dtype:
    """Type to compute and sum in: single precision for half precision."""
    return torch.float32 if dtype in (torch.float16, torch.bfloat16) else dtype


class Elements:
    """All that determines the loss of a batch's elements, except their logits.

    Parameters
    ----------
    criterion : BalancedCriterion
        Their functions of the margin, factors and weights.
    pairs : PositivePairs
        The positive pairs.
    dtype : torch.dtype
        Type to compute in.
    share : float
        Factor on all.
    """

    def __init__(self, criterion: Any, pairs: PositivePairs, dtype: torch.dtype, share: float):
        self.pairs = pairs
        self.weight = criterion.batch_weight or criterion.weighting.for_batch(pairs, dtype)
        self.margin_loss, self.negative_margin_loss = criterion.margin_loss, criterion.negative_margin_loss
        self.positive_factor = (criterion.positive_factor * share).to(dtype)
        self.negative_factor = criterion.negative_factor * share
        self.logit_bias = None if criterion.logit_bias is None else criterion.logit_bias.to(dtype)
        self.neg_scale, self.label_smoothing = criterion.neg_scale, criterion.label_smoothing

    def as_negatives(self, neg_margin: Tensor) -> tuple[Tensor, Tensor]:
        """Loss of elements that are not among the positive pairs, but for their weight, and its derivative.

        A smoothed negative has mostly the loss of a negative, and a small share of that of a positive, whose margin is
        that of the negative over ``-neg_scale``. Both vanish at minus infinity, where the positives are put.
        """
        value, slope = self.negative_margin_loss(neg_margin)
        if not self.label_smoothing:
            return value, slope
        half = self.label_smoothing / 2
        share, other_share = (1 - half) * self.negative_factor, half * self.positive_factor
        opposite = (neg_margin / -self.neg_scale).masked_fill_(neg_margin == -torch.inf, -torch.inf)
        other_value, other_slope = self.margin_loss(opposite)
        value = value * share + other_value * other_share
        return value, slope * share - other_slope * (other_share / self.neg_scale)

    def as_positives(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Loss of the positive pairs from their logits, and its derivative."""
        pairs = self.pairs
        neg_margin = -logits if self.logit_bias is None else self.logit_bias[pairs.cols] - logits
        weight = self.weight.at(pairs.rows, pairs.cols)
        positive_weight = weight * self.positive_factor[pairs.cols]
        value, slope = self.margin_loss(neg_margin)
        value, slope = value * positive_weight, (slope * positive_weight).neg_()
        if pairs.values is None and not self.label_smoothing:
            return value, slope
        # A soft label t is t times a positive and 1 - t times a negative, an unknown one neither.
        values = torch.ones_like(value) if pairs.values is None else pairs.values.to(value.dtype)
        unknown = values.isnan()
        soft = ((1 - self.label_smoothing) * values + self.label_smoothing / 2).masked_fill_(unknown, 0)
        rest = weight * (1 - soft).masked_fill_(unknown, 0) * self.negative_factor
        negative_value, negative_slope = self.negative_margin_loss(neg_margin * -self.neg_scale)
        return value * soft + negative_value * rest, slope * soft + negative_slope * rest * self.neg_scale


def balanced_loss(logits: Tensor, elements: Elements, *, elementwise=False, grad: Tensor | None = None) -> Tensor:
    """Balanced loss of a batch and, where asked for, its derivative by each logit.

    Parameters
    ----------
    logits : Tensor of shape (n_samples, n_labels)
        Scores; left as they are unless ``grad`` is the same tensor.
    elements : Elements
        What the elements cost.
    elementwise : bool, default=False
        Whether the loss of each element is wanted, or its sum over each row.
    grad : Tensor of shape (n_samples, n_labels), default=None
        Receives the derivative; may be ``logits``.

    Returns
    -------
    loss : Tensor of shape (n_samples, n_labels) or (n_samples,)
        In single precision for half-precision logits.
    """
    dtype, neg_scale = compute_dtype(logits.dtype), elements.neg_scale
    rows, cols = elements.pairs.rows, elements.pairs.cols
    positive_logits = logits[rows, cols].to(dtype)
    loss = logits.new_empty(logits.shape if elementwise else logits.shape[:1], dtype=dtype)
    factor = 1.0 if elements.label_smoothing else elements.negative_factor
    # The gradient of a negative has the factor neg_scale, its loss does not; one weight serves both.
    weight = elements.weight.times(factor * neg_scale)
    shift = None if elements.logit_bias is None else elements.logit_bias * -neg_scale
    for block, positives in blocks(logits, elements.pairs):
        # Scaling makes a copy; the caller's logits are never written to here.
        neg_margin = logits[block].to(dtype)
        neg_margin = neg_margin * neg_scale if shift is None else torch.add(shift, neg_margin, alpha=neg_scale)
        # An infinite margin makes the positives of this block vanish from it, loss and gradient.
        neg_margin[positives] = -torch.inf
        block_weight = weight.block(block.start, block.stop)
        value, slope = elements.as_negatives(neg_margin)
        if grad is not None and grad.dtype == slope.dtype:
            torch.mul(slope, block_weight, out=grad[block])
        elif grad is not None:
            grad[block] = narrowed(slope.mul_(block_weight), grad.dtype)
        value.mul_(block_weight)
        loss[block] = value if elementwise else value.sum(dim=1)
    loss.mul_(1 / neg_scale)
    value, slope = elements.as_positives(positive_logits)
    if elementwise:
        loss[rows, cols] = value
    else:
        loss.index_add_(0, rows, value)
    if grad is not None:
        grad[rows, cols] = narrowed(slope, grad.dtype)
    return loss


def blocks(logits: Tensor, pairs: PositivePairs) -> Iterator[tuple[slice, tuple[Tensor, Tensor]]]:
    """Slices of the rows, and the positions of the positives in each."""
    n_samples, n_labels = logits.shape
    device = logits.device.type
    n_elements = BLOCK_ELEMENTS["cpu"] * torch.get_num_threads() if device == "cpu" else BLOCK_ELEMENTS["cuda"]
    step = max(1, n_elements // n_labels)
    starts = list(range(0, n_samples, step))
    bounds = [0, pairs.rows.shape[0]]
    if len(starts) > 1:
        bounds = torch.searchsorted(pairs.rows, pairs.rows.new_tensor([*starts, n_samples])).tolist()
    for start, first, last in zip(starts, bounds[:-1], bounds[1:]):
        yield slice(start, min(start + step, n_samples)), (pairs.rows[first:last] - start, pairs.cols[first:last])


def narrowed(values: Tensor, dtype: torch.dtype) -> Tensor:
    """Cast values to a type, clipped to its range: the slope of a squared hinge has no bound."""
    if dtype == values.dtype:
        return values
    limits = torch.finfo(dtype)
    return values.clamp_(limits.min, limits.max).to(dtype)


class BalancedLossFunction(torch.autograd.Function):
    """Autograd function of :func:`balanced_loss`; if it overwrites the logits, only one backward pass is possible."""

    @staticmethod
    def forward(ctx, logits, elements, elementwise, overwrite_logits):
        """Compute the loss and, if it will be wanted, the gradient."""
        ctx.elements, ctx.elementwise = elements, elementwise
        ctx.grad = None
        if ctx.needs_input_grad[0]:
            ctx.grad = logits.detach() if overwrite_logits else torch.empty_like(logits)
        ctx.save_for_backward(None if overwrite_logits else logits)
        return balanced_loss(logits, elements, elementwise=elementwise, grad=ctx.grad)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad_output):
        """Scale the gradient in place; a second pass through the graph computes it again."""
        grad, ctx.grad = ctx.grad, None
        if grad is None:
            (logits,) = ctx.saved_tensors
            if logits is None:
                raise RuntimeError("The logits were overwritten: there is no second backward pass.")
            grad = torch.empty_like(logits)
            balanced_loss(logits, ctx.elements, elementwise=ctx.elementwise, grad=grad)
        # Of a plain sum there is nothing to scale; on a GPU it would take longer to find out than to multiply.
        if grad_output.device.type != "cpu" or not bool((grad_output == 1).all()):
            scale = grad_output if ctx.elementwise else grad_output[:, None]
            grad.mul_(scale.to(grad.dtype))
        return grad, None, None, None
