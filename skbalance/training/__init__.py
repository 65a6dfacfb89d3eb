"""The machinery: batches from CSR, heads, and solvers run by skorch."""

from ._batches import TrainingData
from ._solvers import SOLVERS, FitResult, TrainingOptions, choose_solver, fit_head

__all__ = ["SOLVERS", "FitResult", "TrainingData", "TrainingOptions", "choose_solver", "fit_head"]
