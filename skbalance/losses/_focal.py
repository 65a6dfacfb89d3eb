"""Binary cross-entropy and the focal loss."""

from __future__ import annotations

from .._validation import StrOptions
from ._base import ALPHA, GAMMA, POS_WEIGHT, POSITIVE, REWEIGHT_NORM, BaseLoss, positive_weight
from ._statistics import LabelStatistics

__all__ = ["BinaryCrossEntropy", "FocalLoss"]

REWEIGHT = [StrOptions({"inverse", "sqrt_inverse"}), None]


def frequency_weighting(statistics: LabelStatistics, reweight: str | None, reweight_norm: str | None):
    """Weighting by inverse label frequency; None without ``reweight``."""
    if reweight is None:
        return None
    from ._criteria import LabelWeighting, inverse_frequency_weight

    counts, n_samples = statistics.clipped_counts, statistics.n_samples
    return LabelWeighting(inverse_frequency_weight(counts, n_samples, reweight=reweight), reweight_norm)


class BinaryCrossEntropy(BaseLoss):
    r"""Binary cross-entropy, optionally with weights for positives and by label frequency.

    .. math:: L = w_i \, [\,y\, p_i \operatorname{softplus}(-z) + (1 - y) \operatorname{softplus}(z)\,]

    with z the logit, y the label, :math:`p_i` ``pos_weight`` and :math:`w_i` 1, :math:`N / n_i` (``"inverse"``) or
    :math:`\sqrt{N / n_i}` (``"sqrt_inverse"``), where label i has :math:`n_i` positives among N samples.

    Parameters
    ----------
    pos_weight : float, {"balanced", "sqrt_balanced"} or array-like of shape (n_labels,), default=1.0
        Factor of the positive elements, above 0: one for all labels or one for each. ``"balanced"`` is
        :math:`(N - n_i) / n_i`, with which the positives of a label weigh as much as its negatives; it is what
        ``class_weight="balanced"`` of scikit-learn's classifiers does, up to a factor of the label.
        ``"sqrt_balanced"`` is its square root, between that and 1. :math:`n_i` is kept one sample away from 0 and
        from N.
    reweight : {"inverse", "sqrt_inverse"}, default=None
        Weight of each label by its frequency; None weights all labels alike.
    reweight_norm : {"instance", "batch"}, default=None
        Divide the weights by the largest of the row, or of the batch.
    scale : float, default=1.0
        Factor on the whole loss, above 0.

    See Also
    --------
    FocalLoss : Down-weights what is already classified well.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import BinaryCrossEntropy, LabelStatistics
    >>> criterion = BinaryCrossEntropy().bind(LabelStatistics([5, 1], n_samples=10))
    >>> criterion(torch.zeros(1, 2), torch.tensor([[1, 0]]))  # log 2
    tensor(0.6931)
    >>> balanced = BinaryCrossEntropy(pos_weight="balanced").bind(LabelStatistics([5, 1], n_samples=10), "none")
    >>> balanced(torch.zeros(1, 2), torch.tensor([[1, 1]]))  # log 2 times 5 / 5 and 9 / 1
    tensor([[0.6931, 6.2383]])
    """

    _parameter_constraints = {
        "pos_weight": POS_WEIGHT,
        "reweight": REWEIGHT,
        "reweight_norm": REWEIGHT_NORM,
        "scale": POSITIVE,
    }

    def __init__(self, *, pos_weight=1.0, reweight=None, reweight_norm=None, scale=1.0):
        self.pos_weight = pos_weight
        self.reweight = reweight
        self.reweight_norm = reweight_norm
        self.scale = scale

    def _criterion(self, statistics, reduction):
        from ._criteria import BalancedCriterion

        return BalancedCriterion(
            statistics.n_labels,
            reduction,
            weighting=frequency_weighting(statistics, self.reweight, self.reweight_norm),
            pos_weight=positive_weight(statistics, self.pos_weight),
            scale=self.scale,
        )


class FocalLoss(BaseLoss):
    r"""Focal loss, optionally weighted by inverse label frequency.

    .. math:: L = w_i \, \alpha_t \, (1 - p_t)^\gamma \, (-\log p_t)

    with :math:`p_t = \sigma(z)` and :math:`\alpha_t = \alpha` for a positive element, :math:`1 - \sigma(z)` and
    :math:`1 - \alpha` for a negative one; :math:`w_i` as in :class:`BinaryCrossEntropy`.

    Parameters
    ----------
    gamma : float, default=2.0
        Focusing exponent, at least 0; 0 with ``alpha=None`` is binary cross-entropy.
    alpha : float, default=0.5
        Share of the positive elements, in [0, 1]; None leaves the factor out.
    pos_weight : float, {"balanced", "sqrt_balanced"} or array-like of shape (n_labels,), default=1.0
        Factor of the positive elements, above 0; see :class:`BinaryCrossEntropy`.
    reweight : {"inverse", "sqrt_inverse"}, default=None
        Weight of each label by its frequency; None weights all labels alike.
    reweight_norm : {"instance", "batch"}, default=None
        Divide the weights by the largest of the row, or of the batch.
    scale : float, default=1.0
        Factor on the whole loss, above 0.

    References
    ----------
    Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, arXiv:1708.02002.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import FocalLoss, LabelStatistics
    >>> criterion = FocalLoss(gamma=2).bind(LabelStatistics([5, 1], n_samples=10))
    >>> criterion(torch.zeros(1, 2), torch.tensor([[1, 0]]))  # 0.5 * 0.5 ** 2 * log 2
    tensor(0.0866)
    """

    _parameter_constraints = {
        "gamma": GAMMA,
        "alpha": ALPHA,
        "pos_weight": POS_WEIGHT,
        "reweight": REWEIGHT,
        "reweight_norm": REWEIGHT_NORM,
        "scale": POSITIVE,
    }

    def __init__(self, *, gamma=2.0, alpha=0.5, pos_weight=1.0, reweight=None, reweight_norm=None, scale=1.0):
        self.gamma = gamma
        self.alpha = alpha
        self.pos_weight = pos_weight
        self.reweight = reweight
        self.reweight_norm = reweight_norm
        self.scale = scale

    def _criterion(self, statistics, reduction):
        from ._criteria import BalancedCriterion, Focal

        return BalancedCriterion(
            statistics.n_labels,
            reduction,
            weighting=frequency_weighting(statistics, self.reweight, self.reweight_norm),
            margin_loss=Focal(self.gamma),
            alpha=self.alpha,
            pos_weight=positive_weight(statistics, self.pos_weight),
            scale=self.scale,
        )
