"""Balancing losses: hyperparameter objects that bind to label counts and become PyTorch criteria."""

from typing import TYPE_CHECKING

from skbalance._lazy import lazy_names
from skbalance.losses._asymmetric import AsymmetricLoss, AsymmetricPolynomialLoss, HillLoss, RobustAsymmetricLoss
from skbalance.losses._base import BaseLoss
from skbalance.losses._class_balanced import ClassBalancedFocalLoss, ClassBalancedNTRFocalLoss
from skbalance.losses._focal import (
    BinaryCrossEntropy,
    FocalLoss,
    LogitAdjustedCrossEntropy,
    PropensityScoredCrossEntropy,
    SquaredHingeLoss,
)
from skbalance.losses._negative_tolerant import NegativeTolerantFocalLoss
from skbalance.losses._rebalanced import DistributionBalancedLoss, RebalancedFocalLoss
from skbalance.losses._registry import get_loss, get_loss_names
from skbalance.losses._registry import loss_from_state as loss_from_state
from skbalance.losses._registry import loss_to_state as loss_to_state
from skbalance.losses._set_losses import SigmoidF1Loss, TwoWayLoss, ZLPRLoss
from skbalance.losses._statistics import LabelStatistics

if TYPE_CHECKING:
    from skbalance.losses._criteria import Criterion
    from skbalance.losses._pairs import PositivePairs

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

__getattr__, __dir__ = lazy_names(__name__, _criteria=["Criterion"], _pairs=["PositivePairs"])
