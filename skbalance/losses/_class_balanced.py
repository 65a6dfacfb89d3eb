"""Class-balanced losses: weights by the effective number of samples."""

from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import Literal

from skbalance._kinds import Positive, ShareBelowOne
from skbalance.losses._base import FocusedLoss, ReweightNorm
from skbalance.losses._negative_tolerant import NegativeTolerantLoss
from skbalance.losses._statistics import LabelStatistics


@dataclass(kw_only=True, eq=False, repr=False)
class _ClassBalancedLoss(FocusedLoss):
    """The weighting by the effective number of samples."""

    beta: ShareBelowOne = 0.9
    mode: Literal["by_class", "average_n", "average_w", "min_n"] = "by_class"
    normalize: bool = False
    reweight_norm: ReweightNorm = None
    scale: Positive = 10.0

    def _settings(self, statistics):
        return super()._settings(statistics) | {"weighting": self._weighting(statistics)}

    def _weighting(self, statistics: LabelStatistics):
        from skbalance.losses._pairs import Weighting, by_label, class_balanced_by_sample, class_balanced_weight

        weight = class_balanced_weight(statistics.clipped_counts, beta=self.beta)
        factor = statistics.n_labels / weight.sum() if self.normalize else 1.0
        if self.mode == "by_class":
            weight = weight * factor
            return Weighting(weight / (weight.max() if self.reweight_norm else 1), by_label)
        settings: dict = {"beta": self.beta, "mode": self.mode, "factor": factor, "reweight_norm": self.reweight_norm}
        return Weighting(statistics.clipped_counts, partial(class_balanced_by_sample, **settings))


@dataclass(kw_only=True, eq=False, repr=False)
class ClassBalancedFocalLoss(_ClassBalancedLoss):
    r"""Class-balanced loss: each label is weighted by the inverse of its effective number of samples.

    .. math:: w = \frac{1 - \beta}{1 - \beta^{n}}

    multiplies the focal loss of :class:`FocalLoss`. ``mode`` says whose n it is: each label's own
    (``"by_class"``), or one for the sample, from its positive labels.

    Parameters
    ----------
    pos_weight : float, {"balanced", "sqrt_balanced"} or array-like of shape (n_labels,), default=1.0
        Factor of the positive elements, above 0; see :class:`BinaryCrossEntropy`.
    scale : float, default=10.0
        Factor on the whole loss, above 0. The default makes the weight of an abundant label 1 at ``beta=0.9``.
    gamma : float, default=2.0
        Focusing exponent, at least 0.
    alpha : float, default=0.5
        Share of the positive elements, in [0, 1]; None leaves the factor out.
    beta : float, default=0.9
        In [0, 1); 0 weights all labels alike, towards 1 the weights tend to 1 / n.
    mode : {"by_class", "average_n", "average_w", "min_n"}, default="by_class"
        ``"by_class"``: n of the element's label. Else every element of a sample has one weight: of the mean n of
        its positive labels, the mean w of them, or the smallest n among them. A sample without a positive label
        then has the weight 1 - beta, the limit for abundant labels.
    normalize : bool, default=False
        Scale the weights so that those of all labels sum to their number.
    reweight_norm : {"instance", "batch"}, default=None
        Divide the weights by the largest of the row, or of the batch.
    base : {"focal", "sigmoid", "softmax"}, default="focal"
        What is weighted: the focal loss; binary cross-entropy (``gamma`` and ``alpha`` are not used); or binary
        cross-entropy of softmax probabilities, for three or more classes that exclude each other.

    Notes
    -----
    For classes that exclude each other, ``mode="average_w", normalize=True, alpha=None, scale=1`` is the loss of
    Cui et al.; they average the sigmoid and softmax forms over all elements, and divide the sum of the focal form
    by the number of samples.

    References
    ----------
    Cui et al., "Class-Balanced Loss Based on Effective Number of Samples", CVPR 2019, arXiv:1901.05555.

    Huang et al., "Balancing Methods for Multi-label Text Classification with Long-Tailed Class Distribution",
    EMNLP 2021, arXiv:2109.04712.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import ClassBalancedFocalLoss, LabelStatistics
    >>> loss = ClassBalancedFocalLoss(beta=0.9, gamma=0, alpha=None, scale=1)
    >>> criterion = loss.bind(LabelStatistics([1000, 1], n_samples=2000), reduction="none")
    >>> criterion(torch.zeros(1, 2), torch.tensor([[1, 1]]))  # 0.1 log 2 and 1 log 2
    tensor([[0.0693, 0.6931]])
    """

    base: Literal["focal", "sigmoid", "softmax"] = "focal"

    @property
    def exclusive(self) -> bool:
        """Whether the loss is for classes that exclude each other."""
        return self.base == "softmax"

    def _criterion(self, statistics, reduction):
        if not self.exclusive:
            return super()._criterion(statistics, reduction)
        from skbalance.losses._criteria import SoftmaxCriterion

        if statistics.n_labels < 3:
            raise ValueError(
                f"base='softmax' is for three or more exclusive classes; got {statistics.n_labels}. "
                "base='focal' and base='sigmoid' take any number."
            )
        if not (isinstance(self.pos_weight, Real) and self.pos_weight == 1):
            raise ValueError(
                f"pos_weight must be 1.0 with base='softmax', whose classes share one probability; got "
                f"{self.pos_weight!r}."
            )
        return SoftmaxCriterion(statistics.n_labels, reduction, weighting=self._weighting(statistics), scale=self.scale)

    def _settings(self, statistics):
        settings = super()._settings(statistics)
        return settings if self.base == "focal" else settings | {"margin_loss": None, "alpha": None}


@dataclass(kw_only=True, eq=False, repr=False)
class ClassBalancedNTRFocalLoss(_ClassBalancedLoss, NegativeTolerantLoss):
    r"""Class-balanced weights on the negative-tolerant focal loss (CB-NTR).

    The element weight of :class:`ClassBalancedFocalLoss` times the loss of :class:`NegativeTolerantFocalLoss`.

    Parameters
    ----------
    pos_weight : float, {"balanced", "sqrt_balanced"} or array-like of shape (n_labels,), default=1.0
        Factor of the positive elements, above 0; see :class:`BinaryCrossEntropy`.
    scale : float, default=10.0
        Factor on the whole loss, above 0.
    neg_scale : float, default=2.0
        Scale :math:`\lambda` of negative logits, above 0.
    kappa : float, default=0.05
        Size of the shift of the logits.
    gamma : float, default=2.0
        Focusing exponent, at least 0.
    alpha : float, default=0.5
        Share of the positive elements, in [0, 1]; None leaves the factor out.
    beta : float, default=0.9
        In [0, 1); 0 weights all labels alike, towards 1 the weights tend to 1 / n.
    mode : {"by_class", "average_n", "average_w", "min_n"}, default="by_class"
        Whose n the weight is of; see :class:`ClassBalancedFocalLoss`.
    normalize : bool, default=False
        Scale the weights so that those of all labels sum to their number.
    reweight_norm : {"instance", "batch"}, default=None
        Divide the weights by the largest of the row, or of the batch.
    neg_weight : float, default=None
        Factor of the negative elements, above 0; None is :math:`1 / \lambda`.

    References
    ----------
    Huang et al., "Balancing Methods for Multi-label Text Classification with Long-Tailed Class Distribution",
    EMNLP 2021, arXiv:2109.04712.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import ClassBalancedNTRFocalLoss, LabelStatistics
    >>> criterion = ClassBalancedNTRFocalLoss().bind(LabelStatistics([5, 1], n_samples=10), reduction="none")
    >>> criterion(torch.zeros(1, 2), torch.tensor([[1, 0]]))
    tensor([[0.2116, 0.2921]])
    """

    neg_weight: Positive | None = None
