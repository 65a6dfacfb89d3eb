"""Balancing losses: hyperparameter objects that bind to label counts and become PyTorch criteria."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names
from ._asymmetric import AsymmetricLoss, AsymmetricPolynomialLoss, HillLoss, RobustAsymmetricLoss
from ._base import BaseLoss
from ._class_balanced import ClassBalancedFocalLoss, ClassBalancedNTRFocalLoss
from ._focal import BinaryCrossEntropy, FocalLoss, LogitAdjustedCrossEntropy, PropensityScoredCrossEntropy
from ._negative_tolerant import NegativeTolerantFocalLoss
from ._rebalanced import DistributionBalancedLoss, RebalancedFocalLoss
from ._registry import get_loss, get_loss_names
from ._registry import loss_from_state as loss_from_state
from ._registry import loss_to_state as loss_to_state
from ._set_losses import SigmoidF1Loss, TwoWayLoss, ZLPRLoss
from ._squared_hinge import SquaredHingeLoss
from ._statistics import LabelStatistics

if TYPE_CHECKING:
    from ._criteria import Criterion
    from ._positives import PositivePairs

__all__ = [
    "AsymmetricLoss",
    "AsymmetricPolynomialLoss",
    "BaseLoss",
    "BinaryCrossEntropy",
    "ClassBalancedFocalLoss",
    "ClassBalancedNTRFocalLoss",
    "Criterion",
    "DistributionBalancedLoss",
    "FocalLoss",
    "HillLoss",
    "LabelStatistics",
    "LogitAdjustedCrossEntropy",
    "NegativeTolerantFocalLoss",
    "PositivePairs",
    "PropensityScoredCrossEntropy",
    "RebalancedFocalLoss",
    "RobustAsymmetricLoss",
    "SigmoidF1Loss",
    "SquaredHingeLoss",
    "TwoWayLoss",
    "ZLPRLoss",
    "get_loss",
    "get_loss_names",
]

__getattr__, __dir__ = lazy_names(__name__, {"Criterion": "_criteria", "PositivePairs": "_positives"})
