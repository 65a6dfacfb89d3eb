"""Losses bound to label counts: modules of torch.

Losses import this inside ``_criterion``, so that a model that was trained with one predicts without torch.
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from skbalance.losses._kernel import BalancedLossFunction, Elements, MarginLoss, compute_dtype, focal
from skbalance.losses._pairs import OuterWeight, PositivePairs, RebalancedWeight, Weighting, by_label


class Criterion(nn.Module):
    """A loss bound to label counts: ``criterion(logits, targets)``.

    Parameters
    ----------
    n_labels : int
        Number of labels, the width of the logits.
    reduction : {"none", "row_sum", "sum", "mean"}
        What is returned.

    Attributes
    ----------
    overwrite_logits : bool
        Whether the gradient may take the memory of the logits, which are lost then, and one backward pass is all
        that is possible: for trainers that look at them no more. False unless set.
    label_smoothing : float
        What :meth:`BaseLoss.bind` was given.
    separable : bool
        Whether the loss of a label is one of its own logits, and of weights that the targets alone determine.
    takes_label_smoothing : bool
        Whether the loss has a form for smoothed labels.
    """

    separable = False
    takes_label_smoothing = False

    def __init__(self, n_labels: int, reduction: str):
        super().__init__()
        self.n_labels = n_labels
        self.reduction = reduction
        self.overwrite_logits = False
        self.label_smoothing = 0.0

    def extra_repr(self) -> str:
        """Show the width and the reduction.

        Returns
        -------
        text : str
            What ``repr`` shows within the brackets.
        """
        return f"n_labels={self.n_labels}, reduction={self.reduction!r}"

    def forward(self, logits: Tensor, targets: Tensor | PositivePairs, sample_weight: Tensor | None = None) -> Tensor:
        """Loss of a batch.

        Parameters
        ----------
        logits : Tensor of shape (n_samples, n_labels)
            Scores, of any floating type; not written to unless ``overwrite_logits`` is set.
        targets : Tensor of shape (n_samples, n_labels) or (n_samples,), or PositivePairs
            Dense or sparse indicator of 0 and 1, class indices, or the positive pairs. A label in between is a soft
            one; NaN or -100 is one that is unknown, whose loss and gradient are 0.
        sample_weight : Tensor of shape (n_samples,), default=None
            How often each sample counts in sums over samples: in the reductions ``"sum"`` and ``"mean"``, and in losses
            that have such sums themselves. What ``"none"`` and ``"row_sum"`` return is not multiplied by it.

        Returns
        -------
        loss : Tensor
            Of the shape that the reduction says; in float32 for half-precision logits.
        """
        if not isinstance(logits, Tensor) or not logits.is_floating_point() or logits.layout != torch.strided:
            kind = f"{logits.dtype}, {logits.layout}" if isinstance(logits, Tensor) else type(logits).__name__
            raise TypeError(f"logits must be a dense tensor of a floating type; got {kind}.")
        if logits.ndim != 2 or logits.shape[1] != self.n_labels:
            raise ValueError(f"logits must have shape (n_samples, {self.n_labels}); got {tuple(logits.shape)}.")
        if not isinstance(targets, PositivePairs):
            targets = PositivePairs.from_targets(targets, self.n_labels)
        if targets.shape != tuple(logits.shape):
            raise ValueError(f"targets must have the shape of the logits, {tuple(logits.shape)}; got {targets.shape}.")
        if sample_weight is not None and not isinstance(sample_weight, Tensor):
            raise TypeError(f"sample_weight must be a tensor; got {type(sample_weight).__name__}.")
        if sample_weight is not None and sample_weight.shape != logits.shape[:1]:
            raise ValueError(
                f"sample_weight must have shape (n_samples,) = {tuple(logits.shape[:1])}; got "
                f"{tuple(sample_weight.shape)}."
            )
        loss = self._weighted_loss(logits, targets, sample_weight)
        if self.reduction in ("none", "row_sum"):
            return loss
        if sample_weight is None:
            return loss.sum()
        total = loss @ sample_weight.to(loss.dtype)
        if self.reduction == "sum":
            return total
        weight = sample_weight.sum()
        return total * (len(sample_weight) / torch.where(weight == 0, 1, weight))  # 0 for a batch without any weight

    def _weighted_loss(self, logits: Tensor, pairs: PositivePairs, sample_weight: Tensor | None) -> Tensor:
        """Loss as :meth:`_loss` returns it; losses that sum over samples override this to weight their sums."""
        return self._loss(logits, pairs)

    @abstractmethod
    def _loss(self, logits: Tensor, pairs: PositivePairs) -> Tensor:
        """Loss of each element for ``"none"``, else of each row; for ``"mean"`` divided by the number of elements."""


class BalancedCriterion(Criterion):
    """A weighted function of the margin, element by element, through one kernel.

    Parameters
    ----------
    n_labels : int
        Number of labels.
    reduction : {"none", "row_sum", "sum", "mean"}
        What is returned.
    weighting : Weighting, default=None
        Weights of the elements; None is 1 for all.
    margin_loss, negative_margin_loss : MarginLoss, default=None
        The functions of the margin, of positives (None is cross-entropy) and of negatives (None is the same).
    alpha : float, default=None
        Share of the positive elements; None leaves the factor out.
    scale : float, default=1.0
        Factor on the whole.
    pos_weight : float or array-like of shape (n_labels,), default=1.0
        Factor of the positive elements.
    neg_weight, neg_scale : float, default=1.0
        Factor of the negative elements, and of their logits.
    logit_bias : array-like of shape (n_labels,), default=None
        Shift of the logits.
    """

    separable = True
    takes_label_smoothing = True
    logit_bias: Tensor | None
    positive_factor: Tensor

    def __init__(
        self,
        n_labels: int,
        reduction: str,
        *,
        weighting: Weighting | None = None,
        margin_loss: MarginLoss | None = None,
        negative_margin_loss: MarginLoss | None = None,
        alpha: float | None = None,
        scale: float = 1.0,
        pos_weight=1.0,
        neg_weight: float = 1.0,
        neg_scale: float = 1.0,
        logit_bias=None,
    ):
        super().__init__(n_labels, reduction)
        self.weighting = Weighting(torch.ones(n_labels), by_label) if weighting is None else weighting
        self.batch_weight: OuterWeight | RebalancedWeight | None = None  # of a part: its own, for its batch alone
        self.margin_loss = margin_loss or focal
        self.negative_margin_loss = negative_margin_loss or self.margin_loss
        self.neg_scale = float(neg_scale)
        self.negative_factor = float(scale * neg_weight * (1 if alpha is None else 1 - alpha))
        factor = torch.as_tensor(pos_weight, dtype=torch.float64) * (scale * (1 if alpha is None else alpha))
        self.register_buffer("positive_factor", factor.expand(n_labels).clone())
        bias = None if logit_bias is None else torch.as_tensor(logit_bias, dtype=torch.float64)
        self.register_buffer("logit_bias", bias)

    def parts(self, pairs: PositivePairs, dtype: torch.dtype, blocks: Sequence[slice]) -> list[BalancedCriterion]:
        """Criteria of blocks of the labels that add up to the loss of all of them on one batch.

        Parameters
        ----------
        pairs : PositivePairs
            The batch, with all labels.
        dtype : torch.dtype
            Type of the logits.
        blocks : sequence of slice
            The labels of each block.

        Returns
        -------
        criteria : list of BalancedCriterion
            They take the logits and the pairs of their labels.
        """
        weight = self.weighting.for_batch(pairs, dtype)
        return [self._part(labels, weight.of_labels(labels)) for labels in blocks]

    def of_pairs(self, rows: Tensor, cols: Tensor, share: Tensor) -> BalancedCriterion:
        """Criterion of some pairs of a batch, which it takes as one sample with a label for each.

        Parameters
        ----------
        rows, cols : Tensor of shape (n_pairs,)
            Their samples and labels, of a criterion that :meth:`parts` returned.
        share : Tensor of shape (n_pairs,)
            Factors of their losses.

        Returns
        -------
        criterion : BalancedCriterion
        """
        weight = cast(OuterWeight | RebalancedWeight, self.batch_weight)
        return self._part(cols, OuterWeight(weight.at(rows, cols) * share, (1, len(rows))))

    def _part(self, labels: slice | Tensor, weight: OuterWeight | RebalancedWeight) -> BalancedCriterion:
        part = copy.deepcopy(self)
        part.batch_weight, part.positive_factor = weight, self.positive_factor[labels]
        part.logit_bias = None if self.logit_bias is None else self.logit_bias[labels]
        part.n_labels = len(part.positive_factor)
        return part

    def _loss(self, logits: Tensor, pairs: PositivePairs) -> Tensor:
        share = 1 / max(logits.numel(), 1) if self.reduction == "mean" else 1.0
        # The mean is taken inside, so that the gradient need not be scaled afterwards; but not in half precision,
        # where so small a gradient would vanish before a gradient scaler could lift it.
        dtype = compute_dtype(logits.dtype)
        inside = share if dtype == logits.dtype else 1.0
        elements = Elements(self, pairs, dtype, inside)
        loss = BalancedLossFunction.apply(logits, elements, self.reduction == "none", self.overwrite_logits)
        return loss if inside == share else loss * share


class SoftmaxCriterion(Criterion):
    """Weighted binary cross-entropy of softmax probabilities, for classes that exclude each other."""

    def __init__(self, n_labels: int, reduction: str, *, weighting: Weighting, scale: float):
        super().__init__(n_labels, reduction)
        self.weighting = weighting
        self.scale = scale

    def _loss(self, logits: Tensor, pairs: PositivePairs) -> Tensor:
        pairs.require_hard("The softmax loss")
        logits, positive = logits.to(compute_dtype(logits.dtype)), pairs.dense()
        log_p = logits.log_softmax(dim=1)
        # log(1 - p) of the largest logit comes from the others' log-sum-exp: it stays finite where p rounds to 1.
        is_top = torch.zeros_like(positive).scatter_(1, logits.argmax(dim=1, keepdim=True), True)
        others = logits.masked_fill(is_top, -torch.inf).logsumexp(dim=1, keepdim=True)
        top_log_q = others - logits.logsumexp(dim=1, keepdim=True)
        log_q = torch.where(is_top, top_log_q, torch.log1p(-log_p.masked_fill(is_top, -torch.inf).exp()))
        weight = self.weighting.for_batch(pairs, logits.dtype).block(0, logits.shape[0]) * self.scale
        loss = -torch.where(positive, log_p, log_q) * weight
        if self.reduction == "none":
            return loss
        return loss.sum(dim=1) / (logits.numel() if self.reduction == "mean" else 1)


class SetCriterion(Criterion):
    """A loss of whole rows, or of columns of the batch: ``"mean"`` is over samples, and there is no ``"none"``."""

    def __init__(self, n_labels: int, reduction: str, loss: Any):
        super().__init__(n_labels, reduction)
        self.loss = loss

    def _get_name(self):
        return type(self.loss).__name__.replace("Loss", "Criterion")

    def _loss(self, logits: Tensor, pairs: PositivePairs, sample_weight: Tensor | None = None) -> Tensor:
        logits = logits.to(compute_dtype(logits.dtype))
        if pairs.values is not None:
            # An unknown label is one of an infinitely small probability that is no positive: it adds to no sum.
            pairs, unknown = pairs.split_unknown(type(self.loss).__name__)
            logits = logits.index_put(unknown, logits.new_tensor(-torch.inf))
        weight = logits.new_ones(logits.shape[0]) if sample_weight is None else sample_weight.to(logits.dtype)
        share = max(logits.shape[0], 1) if self.reduction == "mean" else 1
        return self.loss._rows(logits, pairs, weight) * (self.loss.scale / share)

    _weighted_loss = _loss
