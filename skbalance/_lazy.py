"""Names that a package imports when they are first asked for: what needs torch is loaded for training only."""

from __future__ import annotations

import importlib
from collections.abc import Callable

__all__ = ["lazy_names"]


def lazy_names(package: str, modules: dict[str, str]) -> Callable:
    """Make the ``__getattr__`` of a package (PEP 562).

    Parameters
    ----------
    package : str
        Its ``__name__``.
    modules : dict of str to str
        By the name that is handed on, the module in the package that defines it.

    Returns
    -------
    getter : callable
        Imports the module of a name; an AttributeError for other names.
    """

    def getter(name):
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{modules[name]}"), name)

    return getter
