"""What the meta-estimators share: targets, rows, splits, routing, and fits of rows that others are scored with."""

from skbalance._responses import choose_response_method, log_odds, response, response_blocks, row_blocks
from skbalance.crossfit._fits import FitTasks, cross_fit, fit_all
from skbalance.crossfit._meta import InnerScoresMixin, MetaClassifierMixin
from skbalance.crossfit._rows import FitInputs, TrainingLabels, is_prefit, read_fit_inputs

__all__ = [
    "FitInputs",
    "FitTasks",
    "InnerScoresMixin",
    "MetaClassifierMixin",
    "TrainingLabels",
    "choose_response_method",
    "cross_fit",
    "fit_all",
    "is_prefit",
    "log_odds",
    "read_fit_inputs",
    "response",
    "response_blocks",
    "row_blocks",
]
