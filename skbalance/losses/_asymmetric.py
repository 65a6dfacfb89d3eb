"""Losses with one function of the margin for positives and another for negatives."""

from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import Annotated

from skbalance._kinds import LARGEST, NotNegative, ShareBelowOne
from skbalance._validation import Interval
from skbalance.losses._base import WeightedLoss

_Hill = Annotated[float, Interval(Real, 1, LARGEST, closed="both")]


@dataclass(kw_only=True, eq=False, repr=False)
class AsymmetricLoss(WeightedLoss):
    r"""Asymmetric loss (ASL): easy negatives are dropped, and badly wrong ones stop pulling.

    .. math:: L = (1 - p)^{\gamma_+} (-\log p) \quad (y = 1), \qquad
              L = q^{\gamma_-} [-\log(1 - q)], \; q = \max(p - c, 0) \quad (y = 0)

    with :math:`p = \sigma(z)`. A negative below the probability c has no loss, and the loss of one has the limit
    :math:`-\log c`: a label that was forgotten, and is predicted with certainty all the same, does no harm.

    Parameters
    ----------
    pos_weight : float, {"balanced", "sqrt_balanced"} or array-like of shape (n_labels,), default=1.0
        Factor of the positive elements, above 0; see :class:`BinaryCrossEntropy`.
    scale : float, default=1.0
        Factor on the whole loss, above 0.
    gamma_pos : float, default=0.0
        Focusing exponent of the positives, at least 0.
    gamma_neg : float, default=4.0
        Focusing exponent of the negatives, at least 0.
    clip : float, default=0.05
        c, in [0, 1): how far the probability of a negative is shifted down.

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

    gamma_pos: NotNegative = 0.0
    gamma_neg: NotNegative = 4.0
    clip: ShareBelowOne = 0.05

    def _settings(self, statistics):
        from skbalance.losses._kernel import asymmetric_negative, focal

        hill = getattr(self, "hill", None)
        negative = partial(asymmetric_negative, gamma=self.gamma_neg, clip=self.clip, hill=hill)
        own = {"margin_loss": partial(focal, gamma=self.gamma_pos), "negative_margin_loss": negative}
        return super()._settings(statistics) | own


@dataclass(kw_only=True, eq=False, repr=False)
class HillLoss(WeightedLoss):
    r"""Hill loss, for training sets in which labels are missing.

    .. math:: L = (1 - p_m)^\gamma (-\log p_m), \; p_m = \sigma(z - m) \quad (y = 1), \qquad
              L = (\lambda - p) \, p^2 \quad (y = 0)

    with :math:`p = \sigma(z)`. At :math:`\lambda = 1.5` the pull of a negative is strongest at p = 1/2 and falls to 0
    on both sides, like a hill: a negative to which the model gives a high probability is likely to be a missing label.

    Parameters
    ----------
    pos_weight : float, {"balanced", "sqrt_balanced"} or array-like of shape (n_labels,), default=1.0
        Factor of the positive elements, above 0; see :class:`BinaryCrossEntropy`.
    scale : float, default=1.0
        Factor on the whole loss, above 0.
    hill : float, default=1.5
        :math:`\lambda`, at least 1. The pull of a negative is in proportion to :math:`p^2 (1 - p) (2 \lambda - 3 p)`.
    margin : float, default=1.0
        m, what is taken off the logit of a positive, at least 0.
    gamma : float, default=2.0
        Focusing exponent of the positives, at least 0.

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

    hill: _Hill = 1.5
    margin: NotNegative = 1.0
    gamma: NotNegative = 2.0

    def _settings(self, statistics):
        from skbalance.losses._kernel import focal, hill_negative

        return super()._settings(statistics) | {
            "margin_loss": partial(focal, gamma=self.gamma, margin=self.margin),
            "negative_margin_loss": partial(hill_negative, hill=self.hill),
        }


@dataclass(kw_only=True, eq=False, repr=False)
class AsymmetricPolynomialLoss(AsymmetricLoss):
    r"""Asymmetric polynomial loss (APL): cross-entropy of the positives with its first Taylor coefficients changed.

    .. math:: L = (1 - p)^{\gamma_+} [-\log p + a (1 - p) + b (1 - p)^2] \quad (y = 1), \qquad
              L = q^{\gamma_-} [-\log(1 - q)], \; q = \max(p - c, 0) \quad (y = 0)

    with :math:`p = \sigma(z)`. Since :math:`-\log p = (1 - p) + (1 - p)^2 / 2 + \dots`, the default takes the first
    term out and gives the second more weight: positives that are nearly right pull less, those in the middle more.

    Parameters
    ----------
    pos_weight : float, {"balanced", "sqrt_balanced"} or array-like of shape (n_labels,), default=1.0
        Factor of the positive elements, above 0; see :class:`BinaryCrossEntropy`.
    scale : float, default=1.0
        Factor on the whole loss, above 0.
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

    poly_linear: Annotated[float, Interval(Real, -1, LARGEST, closed="both")] = -1.0
    poly_square: Annotated[float, Interval(Real, -0.5, LARGEST, closed="both")] = 1.25

    def _settings(self, statistics):
        from skbalance.losses._kernel import polynomial_positive

        positive = partial(polynomial_positive, gamma=self.gamma_pos, linear=self.poly_linear, square=self.poly_square)
        return super()._settings(statistics) | {"margin_loss": positive}


@dataclass(kw_only=True, eq=False, repr=False)
class RobustAsymmetricLoss(AsymmetricPolynomialLoss):
    r"""Robust asymmetric loss (RAL): the asymmetric polynomial loss with a Hill term on the negatives.

    .. math:: L = (1 - p)^{\gamma_+} [-\log p + a (1 - p) + b (1 - p)^2] \quad (y = 1), \qquad
              L = (\lambda - p) \, q^{\gamma_-} [-\log(1 - q)], \; q = \max(p - c, 0) \quad (y = 0)

    with :math:`p = \sigma(z)`: the further a negative is from right, the less of its loss counts.

    Parameters
    ----------
    pos_weight : float, {"balanced", "sqrt_balanced"} or array-like of shape (n_labels,), default=1.0
        Factor of the positive elements, above 0; see :class:`BinaryCrossEntropy`.
    scale : float, default=1.0
        Factor on the whole loss, above 0.
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

    hill: _Hill = 1.5
