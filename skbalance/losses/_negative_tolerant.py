"""The negative-tolerant focal loss."""

from dataclasses import dataclass

from skbalance._kinds import Finite, Invertible, Positive
from skbalance.losses._base import FocusedLoss, WeightedLoss


@dataclass(kw_only=True, eq=False, repr=False)
class NegativeTolerantLoss(WeightedLoss):
    """With negative logits that are scaled, and all shifted by the log-odds of the label."""

    neg_scale: Invertible = 2.0
    kappa: Finite = 0.05

    def _settings(self, statistics):
        neg_weight = getattr(self, "neg_weight", None)
        return super()._settings(statistics) | {
            "neg_scale": self.neg_scale,
            "neg_weight": 1 / self.neg_scale if neg_weight is None else neg_weight,
            "logit_bias": self.kappa * statistics.log_odds,
        }


@dataclass(kw_only=True, eq=False, repr=False)
class NegativeTolerantFocalLoss(FocusedLoss, NegativeTolerantLoss):
    r"""Focal loss with negative-tolerant regularisation (NTR-FL).

    Negative logits are scaled by :math:`\lambda` and all are shifted by :math:`v_i = \kappa \log(N / n_i - 1)`, so
    that a negative once below the shift soon stops pushing:

    .. math:: L = \alpha \, \sigma(-(z - v_i))^\gamma \operatorname{softplus}(-(z - v_i)) \quad (y = 1), \qquad
              L = \tfrac{1 - \alpha}{\lambda} \, \sigma(\lambda (z - v_i))^\gamma
                  \operatorname{softplus}(\lambda (z - v_i)) \quad (y = 0)

    The shift acts in training only: scores at prediction are the raw logits.

    Parameters
    ----------
    pos_weight : float, {"balanced", "sqrt_balanced"} or array-like of shape (n_labels,), default=1.0
        Factor of the positive elements, above 0; see :class:`BinaryCrossEntropy`.
    scale : float, default=1.0
        Factor on the whole loss, above 0.
    neg_scale : float, default=2.0
        :math:`\lambda`, above 0.
    kappa : float, default=0.05
        Size of the shift.
    gamma : float, default=2.0
        Focusing exponent, at least 0.
    alpha : float, default=0.5
        Share of the positive elements, in [0, 1]; None leaves the factor out.
    neg_weight : float, default=None
        Factor of the negative elements, above 0; None is :math:`1 / \lambda`, as in the paper's equation 6. The
        paper's experiments ran 1.0.

    See Also
    --------
    DistributionBalancedLoss : The same with rebalanced weights.

    References
    ----------
    Huang et al., "Balancing Methods for Multi-label Text Classification with Long-Tailed Class Distribution",
    EMNLP 2021, arXiv:2109.04712, equation 6.

    Wu et al., "Distribution-Balanced Loss for Multi-Label Classification in Long-Tailed Datasets", ECCV 2020,
    arXiv:2007.09654.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import LabelStatistics, NegativeTolerantFocalLoss
    >>> criterion = NegativeTolerantFocalLoss().bind(LabelStatistics([5, 1], n_samples=10), reduction="none")
    >>> criterion(torch.zeros(1, 2), torch.tensor([[1, 0]]))
    tensor([[0.0866, 0.0292]])
    """

    neg_weight: Positive | None = None
