"""Base classes of the losses: hyperparameters that, bound to label counts, become a criterion."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from skbalance._validation import (
    DocLinkMixin,
    Interval,
    StrOptions,
    check_option,
    read_numbers,
    validate_hyperparameters,
)
from skbalance.losses._statistics import LabelStatistics

if TYPE_CHECKING:
    from skbalance.losses._criteria import Criterion

REDUCTIONS = ("none", "row_sum", "sum", "mean")

_FINITE = [Interval(Real, None, None, closed="neither")]
_POSITIVE = [Interval(Real, 0, None, closed="neither")]
# Its inverse is a number in single precision too.
_INVERTIBLE = [Interval(Real, 1e-30, 1e30, closed="both")]
_NOT_NEGATIVE = [Interval(Real, 0, None, closed="left")]
# What each parameter may be: a name means the same in every loss.
CONSTRAINTS: dict[str, list] = {
    "A": _POSITIVE,
    "B": _POSITIVE,
    "alpha": [Interval(Real, 0, 1, closed="both"), None],
    "base": [StrOptions({"focal", "sigmoid", "softmax"})],
    "beta": [Interval(Real, 0, 1, closed="left")],
    "clip": [Interval(Real, 0, 1, closed="left")],
    "gamma": _NOT_NEGATIVE,
    "gamma_neg": _NOT_NEGATIVE,
    "gamma_pos": _NOT_NEGATIVE,
    "hill": [Interval(Real, 1, None, closed="left")],
    "kappa": _FINITE,
    "map_alpha": _NOT_NEGATIVE,
    "map_beta": _POSITIVE,
    "margin": _NOT_NEGATIVE,
    "mode": [StrOptions({"by_class", "average_n", "average_w", "min_n"})],
    "mu": [*_FINITE, StrOptions({"auto"})],
    "neg_scale": _INVERTIBLE,
    "neg_temperature": _INVERTIBLE,
    "neg_weight": [*_POSITIVE, None],
    "normalize": ["boolean"],
    "poly_linear": [Interval(Real, -1, None, closed="left")],
    "poly_square": [Interval(Real, -0.5, None, closed="left")],
    "pos_temperature": _INVERTIBLE,
    "pos_weight": [*_POSITIVE, StrOptions({"balanced", "sqrt_balanced"}), "array-like"],
    "reweight": [StrOptions({"inverse", "sqrt_inverse"}), None],
    "reweight_norm": [StrOptions({"instance", "batch"}), None],
    "scale": _POSITIVE,
    "tau": _FINITE,
}

PosWeight = float | str | Sequence | np.ndarray


class BaseLoss(DocLinkMixin, BaseEstimator):
    """Base of the losses: hyperparameters, and :meth:`bind`.

    A subclass declares its hyperparameters and builds its criterion in ``_criterion``, which alone imports what needs
    torch: prediction does not. A hyperparameter of a name that no loss of the package has is held to what
    ``_parameter_constraints`` says of it.
    """

    scale: float
    _penalty_exponent = 1.0
    _penalty_strength = 0.015
    #: What ``tol="auto"`` of the classifier is with this loss.
    default_tol = 3e-3
    #: Whether the loss is a sum over the (sample, label) elements, so that ``reduction="none"`` exists.
    elementwise = True

    @property
    def _parameter_constraints(self) -> dict:
        return {name: CONSTRAINTS[name] for name in self.get_params(deep=False) if name in CONSTRAINTS}

    @property
    def penalty_exponent(self) -> float:
        """Power of the label's variance to which the classifier's penalty on its coefficients is proportional.

        It is lower by as much as ``pos_weight`` takes the variance out: half of it with ``"sqrt_balanced"``, and 0
        with ``"balanced"``, where positives weigh as much as negatives whatever their number.
        """
        return self._penalty_exponent * (1 - self._balance)

    @property
    def penalty_strength(self) -> float:
        """Constant factor in ``alpha="auto"``, ten times as large where positives are balanced."""
        return self._penalty_strength * (10 if self._balance else 1)

    @property
    def _balance(self) -> float:
        """Exponent of (N - n) / n in the weight of the positives."""
        pos_weight = getattr(self, "pos_weight", None)
        return {"balanced": 1.0, "sqrt_balanced": 0.5}.get(pos_weight, 0.0) if isinstance(pos_weight, str) else 0.0

    @property
    def exclusive(self) -> bool:
        """Whether the loss is for classes that exclude each other, and its probabilities a softmax."""
        return False

    def bind(self, statistics: LabelStatistics, reduction: str = "mean", *, label_smoothing: float = 0.0) -> Criterion:
        r"""Bind the loss to the label statistics of a training set.

        Parameters
        ----------
        statistics : LabelStatistics
            Label counts of the training set.
        reduction : {"none", "row_sum", "sum", "mean"}, default="mean"
            ``"none"`` keeps the loss of each (sample, label) element, ``"row_sum"`` sums it over the labels of
            each sample, ``"sum"`` over all elements, ``"mean"`` averages it over all elements. Unknown labels have no
            loss, but are counted among the elements of ``"mean"``.
        label_smoothing : float, default=0.0
            In [0, 1): a label y is trained as :math:`(1 - \varepsilon) y + \varepsilon / 2`. Counts, and weights of
            elements, are of the labels as they are.

        Returns
        -------
        criterion : torch.nn.Module
            A new module, ``criterion(logits, targets)``. What derives from the counts are its buffers, in
            float64; they are cast to the type of the logits at each call.

        Raises
        ------
        ValueError
            If a hyperparameter, the reduction or the smoothing is out of its range, or the loss takes no smoothing.
        TypeError
            If ``statistics`` is not a :class:`LabelStatistics`.
        """
        validate_hyperparameters(self)
        if not isinstance(statistics, LabelStatistics):
            raise TypeError(f"statistics must be a LabelStatistics; got {type(statistics).__name__}.")
        check_option(reduction, REDUCTIONS, "reduction")
        if not isinstance(label_smoothing, Real) or isinstance(label_smoothing, bool) or not 0 <= label_smoothing < 1:
            raise ValueError(f"label_smoothing must be a number in [0, 1); got {label_smoothing!r}.")
        # As Python's numbers: NumPy's small integers have no negative.
        numbers = {
            name: float(value) for name, value in self.get_params(deep=False).items() if isinstance(value, np.number)
        }
        criterion = (clone(self).set_params(**numbers) if numbers else self)._criterion(statistics, reduction)
        if label_smoothing and not criterion.takes_label_smoothing:
            raise ValueError(f"{self!r} takes no label_smoothing, for it has no form for labels other than 0 and 1.")
        criterion.label_smoothing = float(label_smoothing)
        return criterion

    @abstractmethod
    def _criterion(self, statistics: LabelStatistics, reduction: str) -> Criterion:
        """Build the criterion from validated hyperparameters."""

    def resolve(self, statistics: LabelStatistics) -> BaseLoss:
        """Copy of the loss in which every ``"auto"`` is the value that the statistics determine.

        Parameters
        ----------
        statistics : LabelStatistics
            Label counts of the training set.

        Returns
        -------
        loss : BaseLoss
            A new loss object.
        """
        return clone(self)


class MarginBasedLoss(BaseLoss):
    """A weighted function of the margin, element by element."""

    pos_weight: PosWeight = 1.0

    def _criterion(self, statistics: LabelStatistics, reduction: str) -> Criterion:
        from skbalance.losses._criteria import BalancedCriterion

        settings = {"scale": self.scale, "pos_weight": self._positive_weight(statistics), **self._settings(statistics)}
        return BalancedCriterion(statistics.n_labels, reduction, **settings)

    @abstractmethod
    def _settings(self, statistics: LabelStatistics) -> dict:
        """Parameters of the :class:`BalancedCriterion`, from validated hyperparameters."""

    def _positive_weight(self, statistics: LabelStatistics) -> float | np.ndarray:
        """Factor of the positive elements: one number, or a checked array with one for each label.

        ``"balanced"`` is negatives over positives, (N - n) / n, and ``"sqrt_balanced"`` its square root, both with n
        kept one sample away from 0 and from N.
        """
        if isinstance(self.pos_weight, str):
            return np.exp(statistics.log_odds * (0.5 if self.pos_weight == "sqrt_balanced" else 1.0))
        if isinstance(self.pos_weight, Real):
            return float(self.pos_weight)
        weight = read_numbers(self.pos_weight, "pos_weight")
        if weight.shape != (statistics.n_labels,):
            raise ValueError(f"pos_weight must have shape (n_labels,) = ({statistics.n_labels},); got {weight.shape}.")
        bad = weight[~(np.isfinite(weight) & (weight > 0))]
        if bad.size:
            raise ValueError(f"pos_weight must hold finite numbers above 0; got {bad[:5].tolist()}.")
        return weight


def frequency_settings(loss: Any, statistics: LabelStatistics) -> dict:
    """Weighting by inverse label frequency: N / n for ``"inverse"``, its square root for ``"sqrt_inverse"``."""
    if loss.reweight is None:
        return {}
    from skbalance.losses._weighting import LabelWeighting

    ratio = statistics.clipped_n_known / statistics.clipped_counts
    weight = np.sqrt(ratio) if loss.reweight == "sqrt_inverse" else ratio
    return {"weighting": LabelWeighting(weight, loss.reweight_norm)}


def focal_settings(loss: Any) -> dict:
    """Settings of the criterion of a focal loss."""
    from skbalance.losses._margins import Focal

    return {"margin_loss": Focal(loss.gamma), "alpha": loss.alpha}
