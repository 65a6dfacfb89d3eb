"""F1 against the share of the rows that a person mends."""

from __future__ import annotations

from typing import Any

from skbalance._validation import read_numbers
from skbalance.metrics import review_curve
from skbalance.plotting._axes import line_styles, new_axes, restyle


class ReviewCurveDisplay:
    """F1 against the share of the rows that a person mends, in the order of doubt.

    The higher the curve lies above that of a random order, the more an hour of checking is worth. How far it can get
    is shown by the order that puts the rows with most wrong labels first, which nobody knows beforehand.

    Use :meth:`from_predictions` to make one.

    Parameters
    ----------
    shares : array-like of shape (n_shares,)
        Shares of the rows that are mended, from 0 to 1.
    by_doubt, random, best : array-like of shape (n_shares,)
        F1 in the order of doubt, in a random one, and with the rows with most wrong labels first, as
        :func:`skbalance.metrics.review_curve` gives them.
    score_name : str, default="F1"
        What the score is called.

    Attributes
    ----------
    shares, by_doubt, random, best, score_name
        As given.
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        Their figure.
    lines_ : list of matplotlib Line2D
        The three curves.

    See Also
    --------
    skbalance.metrics.doubt_gain : The gain as a number.

    Examples
    --------
    >>> from skbalance.plotting import ReviewCurveDisplay
    >>> y_true, y_pred = [[1, 0], [0, 1], [1, 1], [1, 0]], [[1, 0], [0, 1], [0, 0], [1, 0]]
    >>> display = ReviewCurveDisplay.from_predictions(y_true, y_pred, doubt=[0.1, 0.2, 0.9, 0.3])
    >>> [float(display.by_doubt[i]) for i in (0, -1)]
    [0.75, 1.0]
    """

    def __init__(self, shares: Any, by_doubt: Any, random: Any, best: Any, *, score_name: str = "F1"):
        given = {"shares": shares, "by_doubt": by_doubt, "random": random, "best": best}
        arrays = {name: read_numbers(values, name) for name, values in given.items()}
        if len({array.shape for array in arrays.values()}) > 1 or arrays["shares"].ndim != 1:
            shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
            raise ValueError(f"The curves must be vectors of one length; got {shapes}.")
        self.shares, self.by_doubt, self.random, self.best = arrays.values()
        self.score_name = score_name

    @classmethod
    def from_predictions(
        cls, y_true: Any, y_pred: Any, doubt: Any, *, average: str = "micro", ax: Any = None, **plot_kwargs: Any
    ) -> ReviewCurveDisplay:
        """Plot the curves of predictions.

        Parameters
        ----------
        y_true, y_pred : {array-like, sparse matrix} of shape (n_samples, n_labels)
            The true and the predicted indicator.
        doubt : array-like of shape (n_samples,)
            Rows with the highest doubt are mended first.
        average : {"micro", "macro"}, default="micro"
            Of F1.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        **plot_kwargs : dict
            For :meth:`plot`.

        Returns
        -------
        display : ReviewCurveDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If the inputs cannot be used.
        ImportError
            If matplotlib is missing.
        """
        curve = review_curve(y_true, y_pred, doubt, average=average)
        return cls(**curve, score_name=f"{average.capitalize()}-F1").plot(ax, **plot_kwargs)

    def plot(self, ax: Any = None, *, line_kw: dict | None = None) -> ReviewCurveDisplay:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        line_kw : dict, default=None
            Properties of the line in the order of doubt, a `Line2D` of matplotlib.

        Returns
        -------
        display : ReviewCurveDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        """
        ax = new_axes(ax, f"{type(self).__name__}.plot", (6.4, 4.0))
        from matplotlib.ticker import PercentFormatter

        names = {"most wrong labels first": self.best, "in the order of doubt": self.by_doubt, "at random": self.random}
        self.lines_ = []
        for (name, values), style in zip(names.items(), line_styles(3)):
            self.lines_ += ax.plot(self.shares, values, label=name, markersize=4, markevery=0.1, **style)
        restyle(self.lines_[1], line_kw)
        ax.set_xlabel("Rows mended")
        ax.set_ylabel(self.score_name)
        ax.xaxis.set_major_formatter(PercentFormatter(1.0))
        ax.grid(color="#e0e0e0", linewidth=0.7)
        ax.legend(loc="lower right", fontsize=8, edgecolor="#808080")
        self.ax_, self.figure_ = ax, ax.figure
        return self
