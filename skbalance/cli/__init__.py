"""The command ``skbalance``: from a file of texts and tags to a model, tags, and what to look at, without a program."""

from typing import TYPE_CHECKING

from skbalance._lazy import lazy_names

if TYPE_CHECKING:
    from skbalance.cli._main import main
    from skbalance.cli._service import make_app

__all__ = ["main", "make_app"]

__getattr__, __dir__ = lazy_names(__name__, _main=["main"], _service=["make_app"])
