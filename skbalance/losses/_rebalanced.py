"""Rebalanced losses: weights that undo what resampling a multi-label set does to co-occurring labels."""

from dataclasses import dataclass
from functools import partial

from sklearn.base import clone

from skbalance._kinds import Auto, Finite, NotNegative, Positive
from skbalance.losses._base import BaseLoss, FocusedLoss, ReweightNorm
from skbalance.losses._negative_tolerant import NegativeTolerantLoss
from skbalance.losses._statistics import LabelStatistics


@dataclass(kw_only=True, eq=False, repr=False)
class _RebalancedLoss(FocusedLoss):
    """The rebalanced weighting and its centre mu."""

    map_alpha: NotNegative = 0.1
    map_beta: Positive = 10.0
    mu: Finite | Auto = "auto"
    reweight_norm: ReweightNorm = None

    def _settings(self, statistics):
        from skbalance.losses._pairs import Weighting, rebalanced

        names = ("map_alpha", "map_beta", "mu", "reweight_norm")
        settings = {name: getattr(self.resolve(statistics), name) for name in names}
        weighting = Weighting(1 / statistics.clipped_counts, partial(rebalanced, **settings))
        return super()._settings(statistics) | {"weighting": weighting}

    def resolve(self, statistics: LabelStatistics) -> BaseLoss:
        """Copy of the loss in which ``mu="auto"`` is the value that the statistics determine.

        Parameters
        ----------
        statistics : LabelStatistics
            Label counts of the training set, with their ``rebalance_center``.

        Returns
        -------
        loss : BaseLoss
            A new loss object.

        Raises
        ------
        ValueError
            If ``mu="auto"`` and the statistics hold counts only.
        """
        if self.mu != "auto":
            return clone(self)
        if statistics.rebalance_center is None:
            raise ValueError(
                "mu='auto' needs the label pairs of the training set, and these statistics hold counts only: "
                "use LabelStatistics.from_targets(y), or give mu as a number."
            )
        return clone(self).set_params(mu=statistics.rebalance_center)


class RebalancedFocalLoss(_RebalancedLoss):
    r"""Focal loss with rebalanced weights (R-FL).

    Drawing samples so that each label comes equally often would draw sample k with a chance that sums over its
    labels. The ratio of what label i asks for to what the sample gets,

    .. math:: r = \frac{1 / n_i}{\sum_{j \in \text{positives of } k} 1 / n_j}, \qquad
              w = \alpha_{map} + \sigma(\beta_{map} (r - \mu)),

    mapped to a bounded range, weights the focal loss of :class:`FocalLoss`. A sample without a positive label has
    the limit :math:`w = \alpha_{map} + 1`.

    Parameters
    ----------
    pos_weight : float, {"balanced", "sqrt_balanced"} or array-like of shape (n_labels,), default=1.0
        Factor of the positive elements, above 0; see :class:`BinaryCrossEntropy`.
    scale : float, default=1.0
        Factor on the whole loss, above 0.
    gamma : float, default=2.0
        Focusing exponent, at least 0.
    alpha : float, default=0.5
        Share of the positive elements, in [0, 1]; None leaves the factor out.
    map_alpha : float, default=0.1
        Smallest weight, at least 0.
    map_beta : float, default=10.0
        Steepness of the mapping, above 0.
    mu : float or "auto", default="auto"
        Centre of the mapping. ``"auto"`` takes the middle between mean and median of r over all positive pairs of
        the training set (0.906 on Reuters-21578), which the paper's hand-set values follow.
    reweight_norm : {"instance", "batch"}, default=None
        Divide the weights by the largest of the row, or of the batch.

    See Also
    --------
    DistributionBalancedLoss : The same with negative tolerance.

    References
    ----------
    Wu et al., "Distribution-Balanced Loss for Multi-Label Classification in Long-Tailed Datasets", ECCV 2020,
    arXiv:2007.09654.

    Huang et al., "Balancing Methods for Multi-label Text Classification with Long-Tailed Class Distribution",
    EMNLP 2021, arXiv:2109.04712.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import LabelStatistics, RebalancedFocalLoss
    >>> criterion = RebalancedFocalLoss(mu=0.9).bind(LabelStatistics([50, 5], n_samples=100), reduction="none")
    >>> criterion(torch.zeros(1, 2), torch.tensor([[1, 1]]))  # the sample is the rare label's, not the other's
    tensor([[0.0087, 0.0540]])
    """


@dataclass(kw_only=True, eq=False, repr=False)
class DistributionBalancedLoss(_RebalancedLoss, NegativeTolerantLoss):
    r"""Distribution-balanced loss (DB): rebalanced weights on the negative-tolerant focal loss.

    The element weight of :class:`RebalancedFocalLoss` times the loss of :class:`NegativeTolerantFocalLoss`.
    With ``gamma=0, alpha=None, scale=0.5`` it is the paper's DB-0FL.

    Parameters
    ----------
    pos_weight : float, {"balanced", "sqrt_balanced"} or array-like of shape (n_labels,), default=1.0
        Factor of the positive elements, above 0; see :class:`BinaryCrossEntropy`.
    scale : float, default=1.0
        Factor on the whole loss, above 0.
    neg_scale : float, default=2.0
        Scale :math:`\lambda` of negative logits, above 0; negatives are weighted by :math:`1 / \lambda`.
    kappa : float, default=0.05
        Size of the shift of the logits.
    gamma : float, default=2.0
        Focusing exponent, at least 0.
    alpha : float, default=0.5
        Share of the positive elements, in [0, 1]; None leaves the factor out.
    map_alpha : float, default=0.1
        Smallest weight, at least 0.
    map_beta : float, default=10.0
        Steepness of the mapping, above 0.
    mu : float or "auto", default="auto"
        Centre of the mapping; ``"auto"`` takes it from the training set, see :class:`RebalancedFocalLoss`.
    reweight_norm : {"instance", "batch"}, default=None
        Divide the weights by the largest of the row, or of the batch.

    References
    ----------
    Wu et al., "Distribution-Balanced Loss for Multi-Label Classification in Long-Tailed Datasets", ECCV 2020,
    arXiv:2007.09654.

    Huang et al., "Balancing Methods for Multi-label Text Classification with Long-Tailed Class Distribution",
    EMNLP 2021, arXiv:2109.04712.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import DistributionBalancedLoss, LabelStatistics
    >>> statistics = LabelStatistics.from_targets([[1, 0], [1, 1], [1, 0], [0, 1]])
    >>> criterion = DistributionBalancedLoss().bind(statistics)
    >>> logits = torch.zeros(4, 2, requires_grad=True)
    >>> loss = criterion(logits, torch.tensor([[1, 0], [1, 1], [1, 0], [0, 1]]))
    >>> loss.backward()
    >>> logits.grad.shape
    torch.Size([4, 2])
    """
