"""Losses whose sums run over the labels of a sample or the samples of a label, and not over single elements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sklearn.base import clone

from skbalance._kinds import Invertible, Positive
from skbalance.losses._base import BaseLoss
from skbalance.losses._statistics import LabelStatistics

if TYPE_CHECKING:
    from skbalance.losses._criteria import SetCriterion


@dataclass(kw_only=True, eq=False, repr=False)
class _SetLoss(BaseLoss):
    """A loss of rows or columns."""

    scale: Positive = 1.0
    elementwise = False
    _criterion_name: ClassVar[str]

    def _criterion(self, statistics: LabelStatistics, reduction: str) -> SetCriterion:
        from skbalance.losses import _criteria

        if reduction == "none":
            raise ValueError(f"{type(self).__name__} has no loss of single elements; got reduction='none'.")
        return getattr(_criteria, self._criterion_name)(statistics.n_labels, reduction, clone(self))


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

    _criterion_name = "ZLPRCriterion"


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
    _criterion_name = "TwoWayCriterion"


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
    _criterion_name = "SigmoidF1Criterion"
