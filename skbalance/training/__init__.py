"""The machinery: batches from CSR, heads, and solvers run by skorch."""

from ._batches import TrainingData
from ._options import check_device, check_hidden_layer_sizes, resolve_batch_size, training_dtype
from ._solvers import SOLVERS, FitResult, TrainingOptions, choose_solver, fit_head

__all__ = [
    "SOLVERS",
    "FitResult",
    "TrainingData",
    "TrainingOptions",
    "check_device",
    "check_hidden_layer_sizes",
    "choose_solver",
    "fit_head",
    "resolve_batch_size",
    "training_dtype",
]
