"""The machinery: batches from CSR, heads, and solvers run by skorch."""

from ._batches import TrainingData
from ._options import check_device, check_hidden_layer_sizes, check_start, resolve_batch_size, training_dtype
from ._solvers import SOLVERS, FitResult, TrainingOptions, choose_solver, fit_head
from ._term_weighting import TERM_WEIGHTINGS, check_term_weighting

__all__ = [
    "SOLVERS",
    "TERM_WEIGHTINGS",
    "FitResult",
    "TrainingData",
    "TrainingOptions",
    "check_device",
    "check_hidden_layer_sizes",
    "check_start",
    "check_term_weighting",
    "choose_solver",
    "fit_head",
    "resolve_batch_size",
    "training_dtype",
]
