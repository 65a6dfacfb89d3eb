"""Names that a package imports on first use, and packages that not everyone has."""

import importlib
import sys
from collections.abc import Callable
from typing import Any


def lazy_names(package: str, *, rooms: tuple[str, ...] = (), **names: list[str]) -> tuple[Callable, Callable]:
    """Make the ``__getattr__`` and the ``__dir__`` of a package (PEP 562).

    Parameters
    ----------
    package : str
        Its ``__name__``.
    rooms : tuple of str, default=()
        Packages inside of it, which are imported when asked for too.
    **names : dict of str to list of str
        By the module in the package that defines them, the names that are handed on.

    Returns
    -------
    getter : callable
        Imports the module of a name; an AttributeError for other names.
    lister : callable
        Gives the names that are there and those that can be asked for.
    """
    modules = {name: module for module, handed_on in names.items() for name in handed_on}

    def getter(name):
        if name in rooms:
            return importlib.import_module(f"{package}.{name}")
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{modules[name]}"), name)

    return getter, lambda: sorted({*vars(sys.modules[package]), *modules, *rooms})


def import_optional(module: str, hint: str) -> Any:
    """Import a module that not everyone has.

    Parameters
    ----------
    module : str
        Its name.
    hint : str
        What the ImportError says where it is missing: who needs it, and how to install it.

    Returns
    -------
    module : module
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(hint) from error
