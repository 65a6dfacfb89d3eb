"""What the meta-estimators share: targets, rows, splits, routing, and fits of rows that others are scored with."""

from skbalance._responses import choose_response_method, log_odds, response, response_blocks, scoring_blocks
from skbalance.crossfit._fits import cross_fit, fit_all, label_counts
from skbalance.crossfit._inputs import FitInputs, TrainingLabels, encode_tuning_targets, read_fit_inputs
from skbalance.crossfit._meta import InnerScoresMixin, MetaClassifierMixin, features_seen
from skbalance.crossfit._progress import FitTasks
from skbalance.crossfit._rows import check_rows, is_prefit

__all__ = [
    "FitInputs",
    "FitTasks",
    "InnerScoresMixin",
    "MetaClassifierMixin",
    "TrainingLabels",
    "check_rows",
    "choose_response_method",
    "cross_fit",
    "encode_tuning_targets",
    "features_seen",
    "fit_all",
    "is_prefit",
    "label_counts",
    "log_odds",
    "read_fit_inputs",
    "response",
    "response_blocks",
    "scoring_blocks",
]
