"""Splits, thresholds and calibration for multi-label targets."""

from skbalance.model_selection._calibration import CalibratedMultiLabelClassifierCV
from skbalance.model_selection._loss_grid import loss_distributions, loss_grid
from skbalance.model_selection._split import (
    MultilabelStratifiedKFold,
    MultilabelStratifiedShuffleSplit,
    RepeatedMultilabelStratifiedKFold,
    multilabel_train_test_split,
)
from skbalance.model_selection._thresholds import TunedThresholdMultiLabelClassifierCV

__all__ = [
    "CalibratedMultiLabelClassifierCV",
    "MultilabelStratifiedKFold",
    "MultilabelStratifiedShuffleSplit",
    "RepeatedMultilabelStratifiedKFold",
    "TunedThresholdMultiLabelClassifierCV",
    "loss_distributions",
    "loss_grid",
    "multilabel_train_test_split",
]
