"""How far a long fit is, in words."""

from __future__ import annotations

import time

__all__ = ["Progress"]


class Progress:
    """Prints the number of fits that are done, and the time that is left if the others take as long.

    Parameters
    ----------
    verbose : int
        Nothing is printed at 0.
    total : int
        Number of fits.
    """

    def __init__(self, verbose, total):
        self.verbose, self.total = verbose, total
        self.done, self.start = 0, time.monotonic()

    def __call__(self):
        """One more is done."""
        self.done += 1
        if self.verbose:
            spent = time.monotonic() - self.start
            left = spent / self.done * (self.total - self.done)
            print(f"Fit {self.done} of {self.total}: {spent:.0f} s, about {left:.0f} s left.", flush=True)
