"""Base classes of the losses: hyperparameters that, bound to label counts, become a criterion."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from sklearn.base import BaseEstimator, clone

from skbalance._kinds import LARGEST, NotNegative, Positive, Share
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

ReweightNorm = Literal["instance", "batch"] | None
PosWeight = Annotated[
    float | str | Sequence | np.ndarray,
    Interval(Real, 0, LARGEST, closed="right"), StrOptions({"balanced", "sqrt_balanced"}), "array-like",
]  # fmt: skip


class BaseLoss(DocLinkMixin, BaseEstimator):
    """Base of the losses: hyperparameters, and :meth:`bind`.

    A subclass declares its hyperparameters and builds its criterion in ``_criterion``, which alone imports what needs
    torch: prediction does not. What a hyperparameter may be its type says, or outside of the package
    ``_parameter_constraints``.
    """

    scale: Positive
    _penalty_exponent = 1.0
    _penalty_strength = 0.015
    #: What ``tol="auto"`` of the classifier is with this loss.
    default_tol = 3e-3
    #: Whether the loss is a sum over the (sample, label) elements, so that ``reduction="none"`` exists.
    elementwise = True

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

    def _criterion(self, statistics: LabelStatistics, reduction: str) -> Criterion:
        from skbalance.losses._criteria import BalancedCriterion

        return BalancedCriterion(statistics.n_labels, reduction, **self._settings(statistics))

    def _settings(self, statistics: LabelStatistics) -> dict[str, Any]:
        """Parameters of the :class:`BalancedCriterion`, from validated hyperparameters; each part adds its own."""
        return {"scale": self.scale}


@dataclass(kw_only=True, eq=False, repr=False)
class WeightedLoss(MarginBasedLoss):
    """With a factor of the positive elements, and one of all."""

    pos_weight: PosWeight = 1.0
    scale: Positive = 1.0

    def _settings(self, statistics):
        if isinstance(self.pos_weight, str):
            # Negatives over positives, (N - n) / n, or its root, with n kept one sample away from 0 and from N.
            return super()._settings(statistics) | {"pos_weight": np.exp(statistics.log_odds * self._balance)}
        if isinstance(self.pos_weight, Real):
            return super()._settings(statistics) | {"pos_weight": float(self.pos_weight)}
        weight = read_numbers(self.pos_weight, "pos_weight")
        if weight.shape != (statistics.n_labels,):
            raise ValueError(f"pos_weight must have shape (n_labels,) = ({statistics.n_labels},); got {weight.shape}.")
        bad = weight[~(np.isfinite(weight) & (weight > 0))]
        if bad.size:
            raise ValueError(f"pos_weight must hold finite numbers above 0; got {bad[:5].tolist()}.")
        return super()._settings(statistics) | {"pos_weight": weight}


@dataclass(kw_only=True, eq=False, repr=False)
class ReweightedLoss(WeightedLoss):
    """With weights by inverse label frequency: N / n for ``"inverse"``, its square root for ``"sqrt_inverse"``."""

    reweight: Literal["inverse", "sqrt_inverse"] | None = None
    reweight_norm: ReweightNorm = None

    def _settings(self, statistics):
        settings = super()._settings(statistics)
        if self.reweight is None:
            return settings
        from skbalance.losses._pairs import Weighting, by_label

        ratio = statistics.clipped_n_known / statistics.clipped_counts
        weight = np.sqrt(ratio) if self.reweight == "sqrt_inverse" else ratio
        # The largest weight is the same in every row: both norms divide by it.
        return settings | {"weighting": Weighting(weight / (weight.max() if self.reweight_norm else 1), by_label)}


@dataclass(kw_only=True, eq=False, repr=False)
class FocusedLoss(WeightedLoss):
    """A focal loss: what is classified well already counts for less."""

    gamma: NotNegative = 2.0
    alpha: Share | None = 0.5

    def _settings(self, statistics):
        from skbalance.losses._kernel import focal

        return super()._settings(statistics) | {"margin_loss": partial(focal, gamma=self.gamma), "alpha": self.alpha}
