"""Warnings that point at the user's line, however deep in the package they arise."""

import sys
import warnings

# What may lie between the line of the user and the warning.
_BETWEEN = {"skbalance", "sklearn", "joblib", "skorch", "torch", "contextlib", "functools"}


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the nearest line outside of this package and of the libraries that call it or that it calls.

    Parameters
    ----------
    message : str
        What to say.
    category : type, default=UserWarning
        Class of the warning.
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _BETWEEN:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
