"""Warnings that name the line of the user, however deep in the package they arise."""

from __future__ import annotations

import sys
import warnings

__all__ = ["warn"]

_OURS = ("skbalance", "sklearn", "joblib")


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the nearest line that is neither of this package nor of scikit-learn or joblib.

    Parameters
    ----------
    message : str
        What to say.
    category : type, default=UserWarning
        Class of the warning.
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _OURS:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
