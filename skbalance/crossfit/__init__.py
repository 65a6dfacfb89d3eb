"""What the meta-estimators share: targets, rows, splits, routing, and fits of rows that others are scored with."""

from skbalance.crossfit._fits import FitTasks, InnerScoresMixin, MetaClassifierMixin, cross_fit, fit_all
from skbalance.crossfit._rows import TrainingLabels, is_prefit, read_fit_inputs

__all__ = [
    "FitTasks",
    "InnerScoresMixin",
    "MetaClassifierMixin",
    "TrainingLabels",
    "cross_fit",
    "fit_all",
    "is_prefit",
    "read_fit_inputs",
]
