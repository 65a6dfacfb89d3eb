"""Share of the rows that the most frequent label sets cover."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import scipy.sparse as sp

from skbalance._indicators import check_indicator
from skbalance._validation import read_numbers
from skbalance.plotting._axes import new_axes, restyle, set_log_ticks


class LabelSetDisplay:
    """Share of the rows that the most frequent label sets cover.

    A label set is all the labels of a row. Where a few sets cover most rows, labels come in fixed combinations; where
    most sets occur once, no method that learns whole sets has seen them before.

    Use :meth:`from_targets` to make one.

    Parameters
    ----------
    set_counts : array-like of shape (n_sets,)
        Rows that have each label set, all above 0.

    Attributes
    ----------
    set_counts : ndarray of shape (n_sets,)
        The most frequent set first.
    coverage : ndarray of shape (n_sets,)
        Share of the rows whose label set is among the first, the first two, and so on.
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        Their figure.
    line_ : matplotlib Line2D
        The coverage.

    See Also
    --------
    LabelCooccurrenceDisplay : How pairs of labels occur together.

    Examples
    --------
    >>> from skbalance.datasets import make_long_tailed_multilabel
    >>> from skbalance.plotting import LabelSetDisplay
    >>> X, y = make_long_tailed_multilabel(n_labels=100, random_state=0)
    >>> display = LabelSetDisplay.from_targets(y)
    >>> bool(display.coverage[-1] == 1)
    True
    """

    def __init__(self, set_counts: Any):
        counts = read_numbers(set_counts, "set_counts")
        if counts.ndim != 1 or not counts.size or not ((counts > 0) & (counts < np.inf)).all():
            raise ValueError(f"set_counts must be a vector of numbers above 0; got {set_counts!r}.")
        self.set_counts = np.sort(counts)[::-1]
        self.coverage = np.cumsum(self.set_counts) / self.set_counts.sum()

    @classmethod
    def from_targets(cls, y: Any, *, ax: Any = None, **plot_kwargs: Any) -> LabelSetDisplay:
        """Plot the label sets of a label indicator.

        Parameters
        ----------
        y : {array-like, sparse matrix} of shape (n_samples, n_labels)
            Label indicator of 0 and 1. Rows without labels have a set too, the empty one.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        **plot_kwargs : dict
            For :meth:`plot`.

        Returns
        -------
        display : LabelSetDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If `y` is no indicator, or has no row.
        ImportError
            If matplotlib is missing.
        """
        y = sp.csr_array(check_indicator(y, name="y"))
        counts = Counter(y.indices[start:stop].tobytes() for start, stop in zip(y.indptr[:-1], y.indptr[1:]))
        if not counts:
            raise ValueError("y has no rows: there is no label set to plot.")
        return cls(list(counts.values())).plot(ax, **plot_kwargs)

    def plot(self, ax: Any = None, *, line_kw: dict | None = None) -> LabelSetDisplay:
        """Draw the coverage.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        line_kw : dict, default=None
            Properties of the line, a `Line2D` of matplotlib.

        Returns
        -------
        display : LabelSetDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        """
        ax = new_axes(ax, f"{type(self).__name__}.plot", (6.4, 4.0))[0, 0]
        from matplotlib.ticker import PercentFormatter

        ranks, once = np.arange(1, self.set_counts.size + 1), int((self.set_counts == 1).sum())
        label = f"{ranks.size:,} label set{'s' * (ranks.size > 1)}, {once:,} of them in one row only"
        (self.line_,) = ax.plot(
            ranks, self.coverage, color="#1f4e79", linewidth=2, marker="o", markersize=3, label=label
        )
        restyle(self.line_, line_kw)
        ax.set_xscale("log")
        ax.set_xlim(0.9, ranks.size * 1.1)
        ax.set_ylim(0, 1.02)
        ax.set_xlabel("Most frequent label sets (log scale)")
        ax.set_ylabel("Rows with one of them")
        set_log_ticks(ax.xaxis)
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
        ax.grid(color="#e0e0e0", linewidth=0.7)
        ax.legend(loc="lower right", fontsize=8, edgecolor="#808080")
        self.ax_, self.figure_ = ax, ax.figure
        return self
