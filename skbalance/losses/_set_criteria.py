"""Criteria whose sums run over the labels of a sample or the samples of a label, and not over single elements."""

from __future__ import annotations

from abc import abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor

from skbalance.losses._criteria import Criterion
from skbalance.losses._kernel import compute_dtype
from skbalance.losses._positives import PositivePairs


class SetCriterion(Criterion):
    """A loss of whole rows, or of columns of the batch: ``"mean"`` is over samples, and there is no ``"none"``."""

    def __init__(self, n_labels: int, reduction: str, loss):
        super().__init__(n_labels, reduction)
        self.loss = loss

    def _weighted_loss(self, logits: Tensor, pairs: PositivePairs, sample_weight: Tensor | None) -> Tensor:
        logits = logits.to(compute_dtype(logits.dtype))
        if pairs.values is not None:
            # An unknown label is one of an infinitely small probability that is no positive: it adds to no sum.
            pairs, unknown = pairs.split_unknown(type(self).__name__.replace("Criterion", "Loss"))
            logits = logits.index_put(unknown, logits.new_tensor(-torch.inf))
        weight = logits.new_ones(logits.shape[0]) if sample_weight is None else sample_weight.to(logits.dtype)
        share = max(logits.shape[0], 1) if self.reduction == "mean" else 1
        return self._rows(logits, pairs, weight) * (self.loss.scale / share)

    @abstractmethod
    def _rows(self, logits: Tensor, pairs: PositivePairs, weight: Tensor) -> Tensor:
        """Loss of each row. Losses of columns are added to every row, so that a mean over rows has them once."""


def _negative_logits(logits: Tensor, pairs: PositivePairs) -> Tensor:
    """Logits, those of the positives at minus infinity."""
    return logits.index_put((pairs.rows, pairs.cols), logits.new_tensor(-torch.inf))


class ZLPRCriterion(SetCriterion):
    """The criterion of :class:`ZLPRLoss`."""

    def _rows(self, logits, pairs, weight):
        negative = _negative_logits(logits, pairs)
        top = negative.detach().amax(dim=1).clamp_(min=0)
        above = top + ((negative - top[:, None]).exp().sum(dim=1) + (-top).exp()).log()
        lack = -logits[pairs.rows, pairs.cols]
        top = lack.new_zeros(logits.shape[0]).scatter_reduce_(0, pairs.rows, lack.detach(), "amax")
        below = top + (-top).exp().index_add(0, pairs.rows, (lack - top[pairs.rows]).exp()).log()
        return above + below


class TwoWayCriterion(SetCriterion):
    """The criterion of :class:`TwoWayLoss`."""

    def _rows(self, logits, pairs, weight):
        negative = _negative_logits(logits, pairs) / self.loss.neg_temperature
        positive = -logits[pairs.rows, pairs.cols] / self.loss.pos_temperature
        by_row, counted = self._contrast(negative, positive, pairs.rows, dim=1)
        counted = counted * weight
        total = counted.sum()
        by_row = by_row * (weight.sum() / torch.where(total > 0, total, 1))  # no row has a positive: no loss
        log_weight = weight.log()
        negative, positive = negative + log_weight[:, None], positive + log_weight[pairs.rows]
        by_column, counted = self._contrast(negative, positive, pairs.cols, dim=0)
        return by_row + by_column.sum() / counted.sum().clamp(min=1)

    def _contrast(self, negative: Tensor, positive: Tensor, group: Tensor, dim: int) -> tuple[Tensor, Tensor]:
        """Loss of each row (dim 1) or column (dim 0), and 1 for those that have a positive, else 0."""
        top_negative = negative.detach().amax(dim=dim)
        top_positive = positive.new_full(top_negative.shape, -torch.inf)
        top_positive = top_positive.scatter_reduce_(0, group, positive.detach(), "amax")
        no_negative, no_positive = top_negative == -torch.inf, top_positive == -torch.inf
        # Where there is nothing to sum, a 1 in place of the empty sum keeps infinities out of the gradient.
        top_negative, top_positive = top_negative.masked_fill(no_negative, 0), top_positive.masked_fill(no_positive, 0)
        sum_negative = (negative - top_negative.unsqueeze(dim)).exp().sum(dim=dim) + no_negative
        sum_positive = no_positive.to(positive.dtype).index_add(0, group, (positive - top_positive[group]).exp())
        contrast = self.loss.neg_temperature * (top_negative + sum_negative.log())
        contrast = contrast + self.loss.pos_temperature * (top_positive + sum_positive.log())
        loss = F.softplus(contrast, threshold=40).masked_fill(no_negative | no_positive, 0)
        return loss, (~no_positive).to(loss.dtype)


class SigmoidF1Criterion(SetCriterion):
    """The criterion of :class:`SigmoidF1Loss`."""

    def _rows(self, logits, pairs, weight):
        p = torch.sigmoid(logits)
        pair_weight = weight[pairs.rows]
        zeros = weight.new_zeros(self.n_labels)
        hits = zeros.index_add(0, pairs.cols, pair_weight * p[pairs.rows, pairs.cols])
        total = weight @ p + zeros.index_add(0, pairs.cols, pair_weight)
        f1 = 2 * hits / torch.where(total == 0, 1, total)
        return (1 - f1).sum().expand(logits.shape[0])
