"""Loss and gradient in one pass over the logits.

Every element is first treated as a negative, block of rows by block of rows; the few positives are then put in
their place. The gradient is formed in the forward pass, may overwrite the logits, and is the only array of their
size.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from skbalance.losses._margins import MarginLoss, SmoothedNegative
from skbalance.losses._positives import PositivePairs

# Elements in a block; on the CPU for each thread, so that its few temporaries stay in that core's caches.
BLOCK_ELEMENTS = {"cpu": 1 << 17, "cuda": 1 << 24}


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

    def as_negatives(self) -> tuple[MarginLoss, float]:
        """The function of the margin, and its factor, for the elements that are not among the positive pairs."""
        if not self.label_smoothing:
            return self.negative_margin_loss, self.negative_factor
        half = self.label_smoothing / 2
        smoothed = SmoothedNegative(
            self.negative_margin_loss,
            self.margin_loss,
            negative_share=(1 - half) * self.negative_factor,
            positive_share=half * self.positive_factor,
            neg_scale=self.neg_scale,
        )
        return smoothed, 1.0

    def as_positives(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Loss of the positive pairs from their logits, and its derivative."""
        pairs = self.pairs
        neg_margin = -logits if self.logit_bias is None else self.logit_bias[pairs.cols] - logits
        weight = self.weight.at(pairs.rows, pairs.cols)
        positive_weight = weight * self.positive_factor[pairs.cols]
        value, slope = self.margin_loss.value_and_slope(neg_margin)
        value, slope = value * positive_weight, (slope * positive_weight).neg_()
        if pairs.values is None and not self.label_smoothing:
            return value, slope
        # A soft label t is t times a positive and 1 - t times a negative, an unknown one neither.
        values = torch.ones_like(value) if pairs.values is None else pairs.values.to(value.dtype)
        unknown = values.isnan()
        soft = ((1 - self.label_smoothing) * values + self.label_smoothing / 2).masked_fill_(unknown, 0)
        rest = weight * (1 - soft).masked_fill_(unknown, 0) * self.negative_factor
        negative_value, negative_slope = self.negative_margin_loss.value_and_slope(neg_margin * -self.neg_scale)
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
    margin_loss, factor = elements.as_negatives()
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
        value, slope = margin_loss.value_and_slope(neg_margin)
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
