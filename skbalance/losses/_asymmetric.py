"""Losses with one function of the margin for positives and another for negatives."""

from __future__ import annotations

from abc import abstractmethod
from numbers import Real
from typing import TYPE_CHECKING

from .._validation import Interval
from ._base import GAMMA, POS_WEIGHT, POSITIVE, BaseLoss, positive_weight
from ._statistics import LabelStatistics

if TYPE_CHECKING:
    from ._criteria import BalancedCriterion
    from ._margins import MarginLoss

__all__ = ["AsymmetricLoss", "AsymmetricPolynomialLoss", "HillLoss", "RobustAsymmetricLoss"]

HILL = [Interval(Real, 1, None, closed="left")]
ASYMMETRIC = {"gamma_pos": GAMMA, "gamma_neg": GAMMA, "clip": [Interval(Real, 0, 1, closed="left")]}
POLYNOMIAL = {
    "poly_linear": [Interval(Real, -1, None, closed="left")],
    "poly_square": [Interval(Real, -0.5, None, closed="left")],
}


class _TwoSidedLoss(BaseLoss):
    """A function of the margin for positives and one for negatives."""

    pos_weight: float
    scale: float

    @abstractmethod
    def _margin_losses(self) -> tuple[MarginLoss, MarginLoss]:
        """What a positive costs, and what a negative, by the margin."""

    def _criterion(self, statistics: LabelStatistics, reduction: str) -> BalancedCriterion:
        from ._criteria import BalancedCriterion

        positive, negative = self._margin_losses()
        return BalancedCriterion(
            statistics.n_labels,
            reduction,
            margin_loss=positive,
            negative_margin_loss=negative,
            pos_weight=positive_weight(statistics, self.pos_weight),
            scale=self.scale,
        )


class AsymmetricLoss(_TwoSidedLoss):
    r"""Asymmetric loss (ASL): easy negatives are let go altogether, and very wrong ones pull no more.

    .. math:: L = (1 - p)^{\gamma_+} (-\log p) \quad (y = 1), \qquad
              L = q^{\gamma_-} [-\log(1 - q)], \; q = \max(p - c, 0) \quad (y = 0)

    with :math:`p = \sigma(z)`. A negative below the probability c has no loss, and the loss of one has the limit
    :math:`-\log c`: a label that was forgotten, and is predicted with certainty all the same, does no harm.

    Parameters
    ----------
    gamma_pos : float, default=0.0
        Focusing exponent of the positives, at least 0.
    gamma_neg : float, default=4.0
        Focusing exponent of the negatives, at least 0.
    clip : float, default=0.05
        c, in [0, 1): how far the probability of a negative is shifted down.
    pos_weight : float, {"balanced", "sqrt_balanced"} or array-like of shape (n_labels,), default=1.0
        Factor of the positive elements, above 0; see :class:`BinaryCrossEntropy`.
    scale : float, default=1.0
        Factor on the whole loss, above 0.

    See Also
    --------
    HillLoss : Lets go of very wrong negatives without a clip.
    AsymmetricPolynomialLoss : The same negatives with another loss of the positives.

    References
    ----------
    Ridnik et al., "Asymmetric Loss For Multi-Label Classification", ICCV 2021, arXiv:2009.14119.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import AsymmetricLoss, LabelStatistics
    >>> criterion = AsymmetricLoss().bind(LabelStatistics([5, 1], n_samples=10), reduction="none")
    >>> criterion(torch.zeros(1, 2), torch.tensor([[1, 0]]))  # log 2 and 0.45 ** 4 * -log 0.55
    tensor([[0.6931, 0.0245]])
    """

    _parameter_constraints = {**ASYMMETRIC, "pos_weight": POS_WEIGHT, "scale": POSITIVE}

    def __init__(self, *, gamma_pos=0.0, gamma_neg=4.0, clip=0.05, pos_weight=1.0, scale=1.0):
        self.gamma_pos = gamma_pos
        self.gamma_neg = gamma_neg
        self.clip = clip
        self.pos_weight = pos_weight
        self.scale = scale

    def _margin_losses(self):
        from ._criteria import AsymmetricNegative, Focal

        return Focal(self.gamma_pos), AsymmetricNegative(self.gamma_neg, self.clip)


class HillLoss(_TwoSidedLoss):
    r"""Hill loss, for training sets in which labels are missing.

    .. math:: L = (1 - p_m)^\gamma (-\log p_m), \; p_m = \sigma(z - m) \quad (y = 1), \qquad
              L = (\lambda - p) \, p^2 \quad (y = 0)

    with :math:`p = \sigma(z)`. At :math:`\lambda = 1.5` the pull of a negative is strongest at p = 1/2 and falls to 0
    on both sides, like a hill: a negative that the model is sure of is likely to be a label that nobody gave.

    Parameters
    ----------
    hill : float, default=1.5
        :math:`\lambda`, at least 1. The pull of a negative is in proportion to :math:`p^2 (1 - p) (2 \lambda - 3 p)`.
    margin : float, default=1.0
        m, what is taken off the logit of a positive, at least 0.
    gamma : float, default=2.0
        Focusing exponent of the positives, at least 0.
    pos_weight : float, {"balanced", "sqrt_balanced"} or array-like of shape (n_labels,), default=1.0
        Factor of the positive elements, above 0; see :class:`BinaryCrossEntropy`.
    scale : float, default=1.0
        Factor on the whole loss, above 0.

    See Also
    --------
    AsymmetricLoss : Lets go of very wrong negatives by a clip.

    References
    ----------
    Zhang et al., "Simple and Robust Loss Design for Multi-Label Learning with Missing Labels", 2021,
    arXiv:2112.07368.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import HillLoss, LabelStatistics
    >>> criterion = HillLoss().bind(LabelStatistics([5, 1], n_samples=10), reduction="none")
    >>> criterion(torch.tensor([[1.0, 0.0]]), torch.tensor([[1, 0]]))  # 0.25 log 2 and 1 * 0.25
    tensor([[0.1733, 0.2500]])
    """

    _parameter_constraints = {
        "hill": HILL,
        "margin": [Interval(Real, 0, None, closed="left")],
        "gamma": GAMMA,
        "pos_weight": POS_WEIGHT,
        "scale": POSITIVE,
    }

    def __init__(self, *, hill=1.5, margin=1.0, gamma=2.0, pos_weight=1.0, scale=1.0):
        self.hill = hill
        self.margin = margin
        self.gamma = gamma
        self.pos_weight = pos_weight
        self.scale = scale

    def _margin_losses(self):
        from ._criteria import Focal, HillNegative

        return Focal(self.gamma, self.margin), HillNegative(self.hill)


class AsymmetricPolynomialLoss(_TwoSidedLoss):
    r"""Asymmetric polynomial loss (APL): the first Taylor coefficients of the positives' cross-entropy are changed.

    .. math:: L = (1 - p)^{\gamma_+} [-\log p + a (1 - p) + b (1 - p)^2] \quad (y = 1), \qquad
              L = q^{\gamma_-} [-\log(1 - q)], \; q = \max(p - c, 0) \quad (y = 0)

    with :math:`p = \sigma(z)`. Since :math:`-\log p = (1 - p) + (1 - p)^2 / 2 + \dots`, the default takes the first
    term out and gives the second more weight: positives that are nearly right pull less, those in the middle more.

    Parameters
    ----------
    gamma_pos : float, default=0.0
        Focusing exponent of the positives, at least 0.
    gamma_neg : float, default=4.0
        Focusing exponent of the negatives, at least 0.
    clip : float, default=0.05
        c, in [0, 1): how far the probability of a negative is shifted down.
    poly_linear : float, default=-1.0
        a, what is added to the coefficient 1 of :math:`1 - p`, at least -1.
    poly_square : float, default=1.25
        b, what is added to the coefficient 1/2 of :math:`(1 - p)^2`, at least -1/2.
    pos_weight : float, {"balanced", "sqrt_balanced"} or array-like of shape (n_labels,), default=1.0
        Factor of the positive elements, above 0; see :class:`BinaryCrossEntropy`.
    scale : float, default=1.0
        Factor on the whole loss, above 0.

    References
    ----------
    Huang et al., "Asymmetric Polynomial Loss for Multi-Label Classification", ICASSP 2023, arXiv:2304.05361.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import AsymmetricPolynomialLoss, LabelStatistics
    >>> criterion = AsymmetricPolynomialLoss().bind(LabelStatistics([5, 1], n_samples=10), reduction="none")
    >>> criterion(torch.zeros(1, 2), torch.tensor([[1, 0]]))  # log 2 - 1/2 + 1.25/4
    tensor([[0.5056, 0.0245]])
    """

    _parameter_constraints = {**ASYMMETRIC, **POLYNOMIAL, "pos_weight": POS_WEIGHT, "scale": POSITIVE}

    def __init__(
        self, *, gamma_pos=0.0, gamma_neg=4.0, clip=0.05, poly_linear=-1.0, poly_square=1.25, pos_weight=1.0, scale=1.0
    ):
        self.gamma_pos = gamma_pos
        self.gamma_neg = gamma_neg
        self.clip = clip
        self.poly_linear = poly_linear
        self.poly_square = poly_square
        self.pos_weight = pos_weight
        self.scale = scale

    def _margin_losses(self):
        from ._criteria import AsymmetricNegative, PolynomialPositive

        positive = PolynomialPositive(self.gamma_pos, self.poly_linear, self.poly_square)
        return positive, AsymmetricNegative(self.gamma_neg, self.clip)


class RobustAsymmetricLoss(_TwoSidedLoss):
    r"""Robust asymmetric loss (RAL): the asymmetric polynomial loss with a Hill term on the negatives.

    .. math:: L = (1 - p)^{\gamma_+} [-\log p + a (1 - p) + b (1 - p)^2] \quad (y = 1), \qquad
              L = (\lambda - p) \, q^{\gamma_-} [-\log(1 - q)], \; q = \max(p - c, 0) \quad (y = 0)

    with :math:`p = \sigma(z)`: the further a negative is from right, the less of its loss counts.

    Parameters
    ----------
    gamma_pos : float, default=0.0
        Focusing exponent of the positives, at least 0.
    gamma_neg : float, default=4.0
        Focusing exponent of the negatives, at least 0.
    clip : float, default=0.05
        c, in [0, 1): how far the probability of a negative is shifted down.
    poly_linear : float, default=-1.0
        a, what is added to the coefficient 1 of :math:`1 - p`, at least -1.
    poly_square : float, default=1.25
        b, what is added to the coefficient 1/2 of :math:`(1 - p)^2`, at least -1/2.
    hill : float, default=1.5
        :math:`\lambda`, at least 1.
    pos_weight : float, {"balanced", "sqrt_balanced"} or array-like of shape (n_labels,), default=1.0
        Factor of the positive elements, above 0; see :class:`BinaryCrossEntropy`.
    scale : float, default=1.0
        Factor on the whole loss, above 0.

    See Also
    --------
    AsymmetricPolynomialLoss : The same without the Hill term.
    HillLoss : The Hill loss itself.

    References
    ----------
    Park et al., "Robust Asymmetric Loss for Multi-Label Long-Tailed Learning", ICCV Workshops 2023, arXiv:2308.05542.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import LabelStatistics, RobustAsymmetricLoss
    >>> criterion = RobustAsymmetricLoss().bind(LabelStatistics([5, 1], n_samples=10), reduction="none")
    >>> criterion(torch.zeros(1, 2), torch.tensor([[1, 0]]))  # the factor of the negative is 1.5 - 0.5
    tensor([[0.5056, 0.0245]])
    """

    _parameter_constraints = {**ASYMMETRIC, **POLYNOMIAL, "hill": HILL, "pos_weight": POS_WEIGHT, "scale": POSITIVE}

    def __init__(
        self,
        *,
        gamma_pos=0.0,
        gamma_neg=4.0,
        clip=0.05,
        poly_linear=-1.0,
        poly_square=1.25,
        hill=1.5,
        pos_weight=1.0,
        scale=1.0,
    ):
        self.gamma_pos = gamma_pos
        self.gamma_neg = gamma_neg
        self.clip = clip
        self.poly_linear = poly_linear
        self.poly_square = poly_square
        self.hill = hill
        self.pos_weight = pos_weight
        self.scale = scale

    def _margin_losses(self):
        from ._criteria import AsymmetricNegative, PolynomialPositive

        positive = PolynomialPositive(self.gamma_pos, self.poly_linear, self.poly_square)
        return positive, AsymmetricNegative(self.gamma_neg, self.clip, self.hill)
