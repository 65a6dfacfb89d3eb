"""Loss and gradient in one pass over the logits.

Every element is first treated as a negative, block of rows by block of rows; the few positives are then put in
their place. The gradient is formed in the forward pass, may overwrite the logits, and is the only array of their
size.
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from ._margins import MarginLoss, SmoothedNegative
from ._positives import PositivePairs

__all__ = ["BalancedLossFunction", "balanced_loss"]

# Elements in a block; on the CPU for each thread, so that its few temporaries stay in that core's caches.
BLOCK_ELEMENTS = {"cpu": 1 << 17, "cuda": 1 << 24}


def compute_dtype(dtype: torch.dtype) -> torch.dtype:
    """Half precision is computed and summed in single."""
    return torch.float32 if dtype in (torch.float16, torch.bfloat16) else dtype


def narrowed(values: Tensor, dtype: torch.dtype) -> Tensor:
    """Values in another type, those beyond its range at its ends: the slope of a squared hinge has no bound."""
    if dtype == values.dtype:
        return values
    limits = torch.finfo(dtype)
    return values.clamp_(limits.min, limits.max).to(dtype)


def negatives(logits, positives, *, weight, start, shift, neg_scale, margin_loss, elementwise, grad) -> Tensor:
    """Weighted loss of a block's elements as negatives, but for the positives given; its derivative into ``grad``."""
    dtype = compute_dtype(logits.dtype)
    neg_margin = logits.to(dtype)
    # Scaling makes a copy; the caller's logits are never written to here.
    neg_margin = neg_margin * neg_scale if shift is None else torch.add(shift, neg_margin, alpha=neg_scale)
    if positives is not None:
        # An infinite margin makes the positives of this block vanish from it, loss and gradient.
        neg_margin[positives] = -torch.inf
    block_weight = weight.block(start, start + logits.shape[0])
    if grad is None:
        value = margin_loss.value(neg_margin)
    else:
        value, slope = margin_loss.value_and_slope(neg_margin)
        if grad.dtype == dtype:
            torch.mul(slope, block_weight, out=grad)
        else:
            grad.copy_(narrowed(slope.mul_(block_weight), grad.dtype))
    value.mul_(block_weight)
    return value if elementwise else value.sum(dim=1)


@functools.cache
def compiled_negatives():
    """Make one fused pass of :func:`negatives`; needs a C++ compiler, or Triton on a GPU."""
    return torch.compile(negatives, dynamic=False)


def balanced_loss(
    logits: Tensor,
    pairs: PositivePairs,
    weight,
    *,
    margin_loss: MarginLoss,
    negative_margin_loss: MarginLoss,
    neg_scale: float,
    logit_bias: Tensor | None,
    positive_factor: float,
    negative_factor: float,
    pos_weight: Tensor | None = None,
    label_smoothing: float = 0.0,
    elementwise: bool = False,
    grad: Tensor | None = None,
    compiled: bool = False,
) -> Tensor:
    """Balanced loss of a batch and, where asked for, its derivative by each logit.

    Parameters
    ----------
    logits : Tensor of shape (n_samples, n_labels)
        Scores; left as they are unless ``grad`` is the same tensor.
    pairs : PositivePairs
        The positive pairs.
    weight : LabelWeight, SampleWeight or RebalancedWeight
        The weight w of each element.
    margin_loss, negative_margin_loss : MarginLoss
        The functions of the margin, of positive and of negative elements.
    neg_scale : float
        Scale of negative logits.
    logit_bias : Tensor of shape (n_labels,) or None
        Shift v of the logits.
    positive_factor, negative_factor : float
        Constant factors of the positive and the negative elements.
    pos_weight : Tensor of shape (n_labels,), default=None
        A further factor of each label's positive elements.
    label_smoothing : float, default=0.0
        Share of each label that is taken from it and given to 0 and 1 alike.
    elementwise : bool, default=False
        Whether the loss of each element is wanted, or its sum over each row.
    grad : Tensor of shape (n_samples, n_labels), default=None
        Receives the derivative; may be ``logits``.
    compiled : bool, default=False
        Whether torch.compile fuses the pass over all elements.

    Returns
    -------
    loss : Tensor of shape (n_samples, n_labels) or (n_samples,)
        In single precision for half-precision logits.
    """
    n_samples, n_labels = logits.shape
    dtype = compute_dtype(logits.dtype)
    rows, cols = pairs.rows, pairs.cols
    positive_logits = logits[rows, cols].to(dtype)
    bias = None if logit_bias is None else logit_bias.to(dtype)
    shift = None if bias is None else bias * -neg_scale
    pos_weight = None if pos_weight is None else pos_weight.to(dtype)
    loss = logits.new_empty((n_samples, n_labels) if elementwise else (n_samples,), dtype=dtype)
    pass_loss, pass_factor = negative_margin_loss, negative_factor
    if label_smoothing:
        half, pass_factor = label_smoothing / 2, 1.0
        positive_share = half * positive_factor if pos_weight is None else half * positive_factor * pos_weight
        shares = (1 - half) * negative_factor, positive_share
        pass_loss = SmoothedNegative(negative_margin_loss, margin_loss, *shares, neg_scale)

    # The gradient of a negative has the factor neg_scale, its loss does not; one weight serves both.
    settings = {
        "weight": weight.times(pass_factor * neg_scale),
        "shift": shift,
        "neg_scale": neg_scale,
        "margin_loss": pass_loss,
        "elementwise": elementwise,
    }
    if compiled:
        # Fused, the pass has no temporaries to keep small. The positives, whose number changes, stay out of it.
        source = grad if grad is not None and grad.data_ptr() == logits.data_ptr() else logits.clone()
        source[rows, cols] = -torch.inf
        loss.copy_(compiled_negatives()(source, None, start=0, grad=grad, **settings))
    else:
        device = logits.device.type
        n_elements = BLOCK_ELEMENTS["cpu"] * torch.get_num_threads() if device == "cpu" else BLOCK_ELEMENTS["cuda"]
        step = max(1, n_elements // n_labels)
        starts = list(range(0, n_samples, step))
        bounds = [0, rows.shape[0]]
        if len(starts) > 1:
            bounds = torch.searchsorted(rows, rows.new_tensor([*starts, n_samples])).tolist()
        for start, first, last in zip(starts, bounds[:-1], bounds[1:]):
            block = slice(start, min(start + step, n_samples))
            positives = rows[first:last] - start, cols[first:last]
            block_grad = None if grad is None else grad[block]
            loss[block] = negatives(logits[block], positives, start=start, grad=block_grad, **settings)
    loss.mul_(1 / neg_scale)

    neg_margin = -positive_logits if bias is None else bias[cols] - positive_logits
    pair_weight = weight.at(rows, cols) * positive_factor
    if pos_weight is not None:
        pair_weight *= pos_weight[cols]
    value, slope = margin_loss.value_and_slope(neg_margin)
    value, slope = value * pair_weight, (slope * pair_weight).neg_()
    if pairs.values is not None or label_smoothing:
        # A soft label t is t times a positive and 1 - t times a negative, an unknown one neither.
        values = torch.ones_like(value) if pairs.values is None else pairs.values.to(dtype)
        unknown = values.isnan()
        soft = ((1 - label_smoothing) * values + label_smoothing / 2).masked_fill_(unknown, 0)
        rest = weight.at(rows, cols) * (1 - soft).masked_fill_(unknown, 0) * negative_factor
        negative_value, negative_slope = negative_margin_loss.value_and_slope(neg_margin * -neg_scale)
        value = value * soft + negative_value * rest
        slope = slope * soft + negative_slope * rest * neg_scale
    if elementwise:
        loss[rows, cols] = value
    else:
        loss.index_add_(0, rows, value)
    if grad is not None:
        grad[rows, cols] = narrowed(slope, grad.dtype)
    return loss


class BalancedLossFunction(torch.autograd.Function):
    """Autograd's view of :func:`balanced_loss`; where it may overwrite the logits, for one backward pass only."""

    @staticmethod
    def forward(ctx, logits, settings, overwrite_logits):
        """Compute the loss and, if it will be wanted, the gradient."""
        ctx.settings = settings
        ctx.grad = None
        if ctx.needs_input_grad[0]:
            ctx.grad = logits.detach() if overwrite_logits else torch.empty_like(logits)
        ctx.save_for_backward(None if overwrite_logits else logits)
        return balanced_loss(logits, grad=ctx.grad, **settings)

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
            balanced_loss(logits, grad=grad, **ctx.settings)
        # Of a plain sum there is nothing to scale; on a GPU it would take longer to find out than to multiply.
        if grad_output.device.type != "cpu" or not bool((grad_output == 1).all()):
            scale = grad_output if ctx.settings["elementwise"] else grad_output[:, None]
            grad.mul_(scale.to(grad.dtype))
        return grad, None, None
