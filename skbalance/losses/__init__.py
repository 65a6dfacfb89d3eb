"""Balancing losses: hyperparameter objects that bind to label counts and become PyTorch criteria."""

from ._base import BaseLoss, Criterion
from ._class_balanced import ClassBalancedFocalLoss, ClassBalancedNTRFocalLoss
from ._focal import BinaryCrossEntropy, FocalLoss
from ._negative_tolerant import NegativeTolerantFocalLoss
from ._positives import PositivePairs
from ._rebalanced import DistributionBalancedLoss, RebalancedFocalLoss
from ._registry import get_loss, get_loss_names
from ._squared_hinge import SquaredHingeLoss
from ._statistics import LabelStatistics

__all__ = [
    "BaseLoss",
    "BinaryCrossEntropy",
    "ClassBalancedFocalLoss",
    "ClassBalancedNTRFocalLoss",
    "Criterion",
    "DistributionBalancedLoss",
    "FocalLoss",
    "LabelStatistics",
    "NegativeTolerantFocalLoss",
    "PositivePairs",
    "RebalancedFocalLoss",
    "SquaredHingeLoss",
    "get_loss",
    "get_loss_names",
]
