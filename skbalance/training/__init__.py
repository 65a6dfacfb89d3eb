"""The machinery: batches from CSR, heads, and solvers run by skorch."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names
from ._hold_out import hold_out_rows
from ._options import (
    check_device,
    check_hidden_layer_sizes,
    resolve_alpha,
    resolve_batch_size,
    resolve_term_weighting,
    training_dtype,
    warn_of_units,
)
from ._term_weighting import check_term_weighting

if TYPE_CHECKING:
    from ._batches import TrainingData
    from ._isolation import isolated_torch
    from ._solvers import Problem, TrainingOptions, choose_solver, fit_head, label_blocks

__all__ = [
    "Problem",
    "TrainingData",
    "TrainingOptions",
    "check_device",
    "check_hidden_layer_sizes",
    "check_term_weighting",
    "choose_solver",
    "fit_head",
    "hold_out_rows",
    "isolated_torch",
    "label_blocks",
    "resolve_alpha",
    "resolve_batch_size",
    "resolve_term_weighting",
    "training_dtype",
    "warn_of_units",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Problem": "_solvers",
        "TrainingData": "_batches",
        "TrainingOptions": "_solvers",
        "choose_solver": "_solvers",
        "fit_head": "_solvers",
        "isolated_torch": "_isolation",
        "label_blocks": "_solvers",
    },
)
