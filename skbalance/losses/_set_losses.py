"""Losses whose sums run over the labels of a sample or the samples of a label, and not over single elements."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import clone

from skbalance._kinds import Invertible, Positive
from skbalance.losses._base import BaseLoss
from skbalance.losses._statistics import LabelStatistics

if TYPE_CHECKING:
    from torch import Tensor

    from skbalance.losses._criteria import Criterion
    from skbalance.losses._pairs import PositivePairs


@dataclass(kw_only=True, eq=False, repr=False)
class _SetLoss(BaseLoss):
    """A loss of rows or columns."""

    scale: Positive = 1.0
    elementwise = False

    def _criterion(self, statistics: LabelStatistics, reduction: str) -> Criterion:
        from skbalance.losses._criteria import SetCriterion

        if reduction == "none":
            raise ValueError(f"{type(self).__name__} has no loss of single elements; got reduction='none'.")
        return SetCriterion(statistics.n_labels, reduction, clone(self))

    @abstractmethod
    def _rows(self, logits: Tensor, pairs: PositivePairs, weight: Tensor) -> Tensor:
        """Loss of each row. Losses of columns are added to every row, so that a mean over rows has them once."""


def _negative_logits(logits: Tensor, pairs: PositivePairs) -> Tensor:
    """Logits, those of the positives at minus infinity."""
    return logits.index_put((pairs.rows, pairs.cols), logits.new_tensor(-np.inf))


class ZLPRLoss(_SetLoss):
    r"""Zero-bounded log-sum-exp and pairwise rank-based loss (ZLPR): one sum over all pairs of labels of a sample.

    .. math:: L = \log\Big(1 + \sum_{j:\, y_j = 0} e^{z_j}\Big) + \log\Big(1 + \sum_{i:\, y_i = 1} e^{-z_i}\Big)

    Each positive is to be above 0 and above each negative, and each negative below 0: softmax's cross-entropy for any
    number of positives, with 0 as the threshold. Only the worst negatives of a sample pull, however many there are.

    Parameters
    ----------
    scale : float, default=1.0
        Factor on the whole loss, above 0.

    See Also
    --------
    TwoWayLoss : Compares the samples of a label too.

    Notes
    -----
    The loss is one of whole samples: ``"mean"`` is over samples, and ``"none"`` does not exist.

    References
    ----------
    Su et al., "ZLPR: A Novel Loss for Multi-label Classification", 2022, arXiv:2208.02955.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import LabelStatistics, ZLPRLoss
    >>> criterion = ZLPRLoss().bind(LabelStatistics([5, 1, 2], n_samples=10))
    >>> criterion(torch.zeros(1, 3), torch.tensor([[1, 0, 0]]))  # log 3 + log 2
    tensor(1.7918)
    """

    def _rows(self, logits, pairs, weight):
        negative = _negative_logits(logits, pairs)
        top = negative.detach().amax(dim=1).clamp_(min=0)
        above = top + ((negative - top[:, None]).exp().sum(dim=1) + (-top).exp()).log()
        lack = -logits[pairs.rows, pairs.cols]
        top = lack.new_zeros(logits.shape[0]).scatter_reduce_(0, pairs.rows, lack.detach(), "amax")
        below = top + (-top).exp().index_add(0, pairs.rows, (lack - top[pairs.rows]).exp()).log()
        return above + below


@dataclass(kw_only=True, eq=False, repr=False)
class TwoWayLoss(_SetLoss):
    r"""Two-way loss: the labels of each sample are compared with each other, and the samples of each label.

    .. math:: \ell = \operatorname{softplus}\Big(T_n \log \sum_{-} e^{z / T_n} + T_p \log \sum_{+} e^{-z / T_p}\Big)

    once for each sample, its sums over the negative and the positive labels, and once for each label, its sums over the
    samples of the batch without and with it. The loss is the mean over the samples that have a label plus the mean over
    the labels that have a sample.

    Parameters
    ----------
    scale : float, default=1.0
        Factor on the whole loss, above 0.
    pos_temperature : float, default=4.0
        :math:`T_p`, above 0: the higher, the more of the positives count, and not the lowest only.
    neg_temperature : float, default=1.0
        :math:`T_n`, above 0.

    See Also
    --------
    ZLPRLoss : Compares the labels of a sample, and each with 0.

    Notes
    -----
    The loss is one of order: all logits may be raised by the same number and it stays what it is. Thresholds have to be
    tuned, as with :class:`~skbalance.decisions.TunedThresholdMultiLabelClassifierCV`.

    Sums over samples are over those of the batch: with ``solver="lbfgs"`` over all, with mini-batches over the few of
    them that came together, as in the paper. A weighted sample counts in them as that many samples. ``"mean"`` is over
    samples, and ``"none"`` does not exist.

    References
    ----------
    Kobayashi, "Two-way Multi-Label Loss", CVPR 2023.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import LabelStatistics, TwoWayLoss
    >>> criterion = TwoWayLoss().bind(LabelStatistics([5, 1], n_samples=10))
    >>> criterion(torch.zeros(2, 2), torch.tensor([[1, 0], [0, 1]]))  # log 2 from samples and from labels
    tensor(1.3863)
    """

    pos_temperature: Invertible = 4.0
    neg_temperature: Invertible = 1.0

    def _rows(self, logits, pairs, weight):
        negative = _negative_logits(logits, pairs) / self.neg_temperature
        positive = -logits[pairs.rows, pairs.cols] / self.pos_temperature
        by_row, counted = self._contrast(negative, positive, pairs.rows, dim=1)
        counted = counted * weight
        total = counted.sum()
        by_row = by_row * (weight.sum() / total.where(total > 0, 1))  # no row has a positive: no loss
        log_weight = weight.log()
        negative, positive = negative + log_weight[:, None], positive + log_weight[pairs.rows]
        by_column, counted = self._contrast(negative, positive, pairs.cols, dim=0)
        return by_row + by_column.sum() / counted.sum().clamp(min=1)

    def _contrast(self, negative: Tensor, positive: Tensor, group: Tensor, dim: int) -> tuple[Tensor, Tensor]:
        """Loss of each row (dim 1) or column (dim 0), and 1 for those that have a positive, else 0."""
        from torch.nn.functional import softplus

        top_negative = negative.detach().amax(dim=dim)
        top_positive = positive.new_full(top_negative.shape, -np.inf)
        top_positive = top_positive.scatter_reduce_(0, group, positive.detach(), "amax")
        no_negative, no_positive = top_negative == -np.inf, top_positive == -np.inf
        # Where there is nothing to sum, a 1 in place of the empty sum keeps infinities out of the gradient.
        top_negative, top_positive = top_negative.masked_fill(no_negative, 0), top_positive.masked_fill(no_positive, 0)
        sum_negative = (negative - top_negative.unsqueeze(dim)).exp().sum(dim=dim) + no_negative
        sum_positive = no_positive.to(positive.dtype).index_add(0, group, (positive - top_positive[group]).exp())
        contrast = self.neg_temperature * (top_negative + sum_negative.log())
        contrast = contrast + self.pos_temperature * (top_positive + sum_positive.log())
        loss = softplus(contrast, threshold=40).masked_fill(no_negative | no_positive, 0)
        return loss, (~no_positive).to(loss.dtype)


class SigmoidF1Loss(_SetLoss):
    r"""SigmoidF1: one minus each label's F1, with probabilities in place of decisions, summed over the labels.

    .. math:: L = \sum_i \left(1 - \frac{2 \, tp_i}{2 \, tp_i + fp_i + fn_i}\right), \quad
              tp_i = \sum_k p_{ki} y_{ki}, \; fp_i = \sum_k p_{ki} (1 - y_{ki}), \; fn_i = \sum_k (1 - p_{ki}) y_{ki}

    with :math:`p = \sigma(z)` and sums over the samples k. All labels count alike, as in macro-F1. The paper's
    :math:`\beta` and :math:`\eta`, the slope and the shift of the logistic function, are left to the model's
    coefficients and intercepts.

    Parameters
    ----------
    scale : float, default=1.0
        Factor on the whole loss, above 0.

    Notes
    -----
    Sums over samples are over those of the batch. With ``solver="lbfgs"`` that is the training set, and the loss is
    what it says; with mini-batches a label has no gradient in a batch without a sample of it, and the mean of the
    batches' F1 is not the F1 of all. The loss is not convex. ``"mean"`` is over samples, which all have the same, and
    ``"none"`` does not exist.

    References
    ----------
    Bénédict, Koops, Odijk and de Rijke, "sigmoidF1: A Smooth F1 Score Surrogate Loss for Multilabel Classification",
    TMLR 2022, arXiv:2108.10566.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import LabelStatistics, SigmoidF1Loss
    >>> criterion = SigmoidF1Loss().bind(LabelStatistics([5, 1], n_samples=10))
    >>> criterion(torch.zeros(2, 2), torch.tensor([[1, 0], [1, 1]]))  # 1 - 2 / 3 and 1 - 1 / 2
    tensor(0.8333)
    """

    # All labels pull alike, whatever their variance.
    _penalty_exponent = 0.0

    def _rows(self, logits, pairs, weight):
        p = logits.sigmoid()
        pair_weight = weight[pairs.rows]
        zeros = weight.new_zeros(logits.shape[1])
        hits = zeros.index_add(0, pairs.cols, pair_weight * p[pairs.rows, pairs.cols])
        total = weight @ p + zeros.index_add(0, pairs.cols, pair_weight)
        f1 = 2 * hits / total.where(total != 0, 1)
        return (1 - f1).sum().expand(logits.shape[0])
