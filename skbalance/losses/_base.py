"""What every loss shares: a loss holds hyperparameters; bound to label counts it becomes a criterion."""

from __future__ import annotations

from abc import abstractmethod
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, clone

from .._validation import DocLinkMixin, Interval, StrOptions, read_numbers, validate_hyperparameters
from ._statistics import LabelStatistics

if TYPE_CHECKING:
    from ._criteria import Criterion

__all__ = ["BaseLoss", "positive_weight"]

REDUCTIONS = ("none", "row_sum", "sum", "mean")

ALPHA = [Interval(Real, 0, 1, closed="both"), None]
GAMMA = [Interval(Real, 0, None, closed="left")]
POSITIVE = [Interval(Real, 0, None, closed="neither")]
POS_WEIGHT = [*POSITIVE, StrOptions({"balanced", "sqrt_balanced"}), "array-like"]
REWEIGHT_NORM = [StrOptions({"instance", "batch"}), None]


class BaseLoss(DocLinkMixin, BaseEstimator):
    """Base of the losses: hyperparameters, and :meth:`bind`.

    A subclass declares ``_parameter_constraints`` and builds its criterion in ``_criterion``, which alone imports what
    needs torch: prediction does not.
    """

    _parameter_constraints: dict = {}
    scale: float
    _penalty_exponent = 1.0
    _penalty_strength = 0.015
    #: What ``tol="auto"`` of the classifier is with this loss.
    default_tol = 3e-3

    @property
    def penalty_exponent(self) -> float:
        """The classifier's penalty on the coefficients of a label grows with the label's variance to this power.

        It is lower by as much as ``pos_weight`` takes the variance out: half of it with ``"sqrt_balanced"``, and 0
        with ``"balanced"``, where positives weigh as much as negatives whatever their number.
        """
        return self._penalty_exponent * (1 - self._balance)

    @property
    def penalty_strength(self) -> float:
        """Factor of what ``alpha="auto"`` takes from the data; tenfold where positives are balanced."""
        return self._penalty_strength * (10 if self._balance else 1)

    @property
    def _balance(self) -> float:
        """Power of (N - n) / n by which the positives are weighted."""
        pos_weight = getattr(self, "pos_weight", None)
        return {"balanced": 1.0, "sqrt_balanced": 0.5}.get(pos_weight, 0.0) if isinstance(pos_weight, str) else 0.0

    @property
    def elementwise(self) -> bool:
        """Whether the loss is a sum over the (sample, label) elements, so that ``reduction="none"`` exists."""
        return True

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
        if reduction not in REDUCTIONS:
            raise ValueError(f"reduction must be one of {', '.join(map(repr, REDUCTIONS))}; got {reduction!r}.")
        if not isinstance(label_smoothing, Real) or isinstance(label_smoothing, bool) or not 0 <= label_smoothing < 1:
            raise ValueError(f"label_smoothing must be a number in [0, 1); got {label_smoothing!r}.")
        criterion = self._criterion(statistics, reduction)
        if label_smoothing and not criterion.takes_label_smoothing:
            raise ValueError(f"{self!r} takes no label_smoothing, for it has no form for labels other than 0 and 1.")
        criterion.label_smoothing = float(label_smoothing)
        return criterion

    @abstractmethod
    def _criterion(self, statistics: LabelStatistics, reduction: str) -> Criterion:
        """Build the criterion; hyperparameters are valid by now."""

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


def positive_weight(statistics: LabelStatistics, pos_weight) -> float | np.ndarray:
    """Factor of the positive elements as a number, or as one for each label, which is checked.

    ``"balanced"`` is negatives over positives, (N - n) / n, and ``"sqrt_balanced"`` its square root, both with n kept
    one sample away from 0 and from N.
    """
    if isinstance(pos_weight, str):
        return np.exp(statistics.log_odds * (0.5 if pos_weight == "sqrt_balanced" else 1.0))
    if isinstance(pos_weight, Real):
        return float(pos_weight)
    weight = read_numbers(pos_weight, "pos_weight")
    if weight.shape != (statistics.n_labels,):
        raise ValueError(f"pos_weight must have shape (n_labels,) = ({statistics.n_labels},); got {weight.shape}.")
    if not (np.isfinite(weight) & (weight > 0)).all():
        bad = weight[~(np.isfinite(weight) & (weight > 0))][:5].tolist()
        raise ValueError(f"pos_weight must hold finite numbers above 0; got {bad}.")
    return weight
