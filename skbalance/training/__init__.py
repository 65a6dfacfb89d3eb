"""The machinery: batches from CSR, heads, and solvers run by skorch."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names
from ._device import check_device, isolated_torch
from ._hold_out import hold_out_rows

if TYPE_CHECKING:
    from ._problem import bind_loss, resolve_problem
    from ._solvers import fit_head
    from ._update import fit_more

__all__ = [
    "bind_loss",
    "check_device",
    "fit_head",
    "fit_more",
    "hold_out_rows",
    "isolated_torch",
    "resolve_problem",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    _problem=["bind_loss", "resolve_problem"],
    _solvers=["fit_head"],
    _update=["fit_more"],
)
