"""The machinery: batches from CSR, heads, and solvers run by skorch."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names
from ._device import check_device, isolated_torch

if TYPE_CHECKING:
    from ._problem import bind_loss, hold_out_rows, resolve_problem, resolve_update
    from ._solvers import fit_head

__all__ = [
    "bind_loss",
    "check_device",
    "fit_head",
    "hold_out_rows",
    "isolated_torch",
    "resolve_problem",
    "resolve_update",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    _problem=["bind_loss", "hold_out_rows", "resolve_problem", "resolve_update"],
    _solvers=["fit_head"],
)
