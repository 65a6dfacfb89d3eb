"""Names that a package imports on first use."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable


def lazy_names(package: str, modules: dict[str, str], rooms: tuple[str, ...] = ()) -> tuple[Callable, Callable]:
    """Make the ``__getattr__`` and the ``__dir__`` of a package (PEP 562).

    Parameters
    ----------
    package : str
        Its ``__name__``.
    modules : dict of str to str
        By the name that is handed on, the module in the package that defines it.
    rooms : tuple of str, default=()
        Packages inside of it, which are imported when asked for too.

    Returns
    -------
    getter : callable
        Imports the module of a name; an AttributeError for other names.
    names : callable
        Gives the names that are there and those that can be asked for.
    """

    def getter(name):
        if name in rooms:
            return importlib.import_module(f"{package}.{name}")
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{modules[name]}"), name)

    return getter, lambda: sorted({*vars(sys.modules[package]), *modules, *rooms})
