"""Loss and gradient as functions of the logit."""

from __future__ import annotations

from typing import Any

import numpy as np

from skbalance._indicators import check_indicator
from skbalance._validation import read_numbers
from skbalance.losses import BaseLoss, LabelStatistics, get_loss
from skbalance.plotting import _axes

_ROWS = ("loss", "gradient")


class LossDisplay:
    """Loss and gradient of labels against the logit, as positives and as negatives, for several losses.

    At the far left of the negatives are the easy ones, of which multi-label data are full: what a loss still
    charges there, and how strongly it still pulls, is most of what tells the losses apart.

    Use :meth:`from_targets` to make one.

    Parameters
    ----------
    logits : array-like of shape (n_logits,)
        Where the losses were evaluated.
    losses : mapping of str to ndarray of shape (n_shown, 2, n_logits)
        For each loss, its values for each label shown: as a negative at [:, 0], as a positive at [:, 1].
    gradients : mapping of str to ndarray of shape (n_shown, 2, n_logits)
        The derivatives by the logit.
    label_counts : array-like of shape (n_shown,)
        Positives of each label shown.
    label_names : sequence of str of length n_shown
        What the labels are called.

    Attributes
    ----------
    logits, losses, gradients, label_counts, label_names
        As given.
    axes_ : ndarray of shape (n_rows, 2 * n_shown)
        The axes; the columns are the labels as positives, then as negatives.
    figure_ : matplotlib Figure
        Their figure.
    lines_ : ndarray of shape (n_rows, 2 * n_shown, n_losses)
        The curves.

    See Also
    --------
    skbalance.losses : The losses.

    Notes
    -----
    Losses are evaluated as they are trained, with their factors and logit shifts. Rebalanced losses weigh a label
    by what else the sample carries: here a positive stands alone, and a negative is in a sample that carries the
    most frequent other label and nothing else.

    Examples
    --------
    >>> from skbalance.datasets import load_web_features
    >>> from skbalance.losses import FocalLoss
    >>> from skbalance.plotting import LossDisplay
    >>> losses = {"BCE": "bce", "focal": FocalLoss(gamma=2)}
    >>> display = LossDisplay.from_targets(losses, load_web_features().target)
    >>> display.axes_.shape
    (2, 4)
    """

    def __init__(self, logits: Any, losses: dict, gradients: dict, *, label_counts: Any, label_names: Any):
        self.logits = read_numbers(logits, "logits")
        self.losses = dict(losses)
        self.gradients = dict(gradients)
        self.label_counts = read_numbers(label_counts, "label_counts")
        self.label_names = list(label_names)

    @classmethod
    def from_targets(
        cls,
        losses: Any,
        y: Any,
        *,
        labels: Any = None,
        display_labels: Any = None,
        logits: Any = None,
        ax: Any = None,
        **plot_kwargs: Any,
    ) -> LossDisplay:
        """Plot losses as they are for the labels of a training set.

        Parameters
        ----------
        losses : str, loss object, or list or mapping of them
            Losses; the keys of a mapping are their names.
        y : {array-like, sparse matrix} of shape (n_samples, n_labels)
            Label indicator of the training set.
        labels : sequence of int, default=None
            Columns of the labels to show; None is the most frequent one and the rarest that has a sample.
        display_labels : array-like of shape (n_labels,), default=None
            Names of all labels.
        logits : array-like of shape (n_logits,), default=None
            Where to evaluate; None is 121 values from -6 to 6.
        ax : array of matplotlib Axes, default=None
            One for each plot; None makes a figure.
        **plot_kwargs : dict
            For :meth:`plot`.

        Returns
        -------
        display : LossDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If a loss is unknown or not for labels, or the labels or logits cannot be used.
        ImportError
            If matplotlib is missing.
        """
        statistics = LabelStatistics.from_targets(check_indicator(y, name="y"))
        named = _name_losses(losses)
        shown = _check_labels(labels, statistics)
        names = _axes.check_display_labels(display_labels, statistics.n_labels)
        grid = np.linspace(-6, 6, 121) if logits is None else read_numbers(logits, "logits")
        if grid.ndim != 1 or grid.size < 2 or not np.isfinite(grid).all():
            raise ValueError(f"logits must be a vector of at least two finite numbers; got shape {grid.shape}.")
        values, gradients = {}, {}
        for name, loss in named.items():
            values[name], gradients[name] = _evaluate(loss, statistics, shown, grid)
        display = cls(
            grid, values, gradients, label_counts=statistics.counts[shown],
            label_names=[f"label {i}" for i in shown] if names is None else names[shown],
        )  # fmt: skip
        return display.plot(ax, **plot_kwargs)

    def plot(
        self,
        ax: Any = None,
        *,
        rows: tuple[str, ...] = _ROWS,
        yscale: str = "linear",
        line_kw: dict | None = None,
    ) -> LossDisplay:
        """Draw the curves.

        Parameters
        ----------
        ax : array of matplotlib Axes, default=None
            One for each plot; None makes a figure.
        rows : tuple of {"loss", "gradient"}, default=("loss", "gradient")
            What to draw, one below the other. The size of the gradient is drawn: it is negative for positives.
        yscale : {"linear", "log"}, default="linear"
            Scale of the values; ``"log"`` shows how little is left of easy samples.
        line_kw : dict, default=None
            Properties of the curves, each a `Line2D` of matplotlib.

        Returns
        -------
        display : LossDisplay
            The display itself.

        Raises
        ------
        ValueError
            If an option is not allowed.
        ImportError
            If matplotlib is missing.
        """
        rows = (rows,) if isinstance(rows, str) else tuple(rows)
        if not rows or not set(rows) <= set(_ROWS):
            raise ValueError(f"rows must be some of {_ROWS}; got {rows!r}.")
        if yscale not in ("linear", "log"):
            raise ValueError(f"yscale must be 'linear' or 'log'; got {yscale!r}.")
        n_shown = len(self.label_names)
        shape = (len(rows), 2 * n_shown)
        size = (2.4 * shape[1] + 0.6, 2.3 * shape[0] + 0.9)
        axes = _axes.new_axes(ax, f"{type(self).__name__}.plot", size, shape, share_y="row")
        self.lines_ = np.empty((*shape, len(self.losses)), dtype=object)
        styles = _axes.line_styles(len(self.losses))
        for r, quantity in enumerate(rows):
            data = self.losses if quantity == "loss" else self.gradients
            for c in range(shape[1]):
                target, label = int(c < n_shown), c % n_shown
                panel = axes[r, c]
                panel.axvline(0, color="#b0b0b0", linewidth=0.8, zorder=1)
                for k, name in enumerate(self.losses):
                    (line,) = panel.plot(self.logits, np.abs(data[name][label, target]), label=name, **styles[k])
                    line.set(marker="", linewidth=1.7, zorder=3 + 0.01 * k)
                    _axes.restyle(line, line_kw)
                    self.lines_[r, c, k] = line
                panel.set_yscale(yscale)
                if r == 0:
                    panel.set_title(
                        f"{self.label_names[label]}, n = {self.label_counts[label]:,.0f}\n"
                        f"as a {'positive' if target else 'negative'}", fontsize=9,
                    )  # fmt: skip
                if r == len(rows) - 1:
                    panel.set_xlabel("logit")
            axes[r, 0].set_ylabel(quantity if quantity == "loss" else "size of the gradient")
            self._set_limits(axes[r], data, yscale)
        if ax is None:
            axes[0, 0].figure.legend(
                handles=list(self.lines_[0, 0]), loc="outside lower center", ncols=min(4, len(self.losses)), fontsize=9
            )
        else:
            axes[0, -1].legend(handles=list(self.lines_[0, -1]), loc="upper left", fontsize=8, framealpha=0.9)
        self.axes_, self.figure_ = axes, axes[0, 0].figure
        return self

    def _set_limits(self, axes: Any, data: dict, yscale: str) -> None:
        values = np.abs(np.stack(list(data.values())))
        top = float(values.max()) or 1.0
        limits = (0, 1.05 * top) if yscale == "linear" else (max(float(values[values > 0].min()), 1e-6 * top), 2 * top)
        for panel in axes:
            panel.set(xlim=(self.logits.min(), self.logits.max()), ylim=limits)


def _name_losses(losses: Any) -> dict[str, BaseLoss]:
    """Loss objects by name: the key, the registered string, or the class."""
    if isinstance(losses, (str, BaseLoss)):
        losses = [losses]
    if isinstance(losses, dict):
        pairs = [(str(name), loss) for name, loss in losses.items()]
    else:
        pairs = [(loss if isinstance(loss, str) else repr(loss), loss) for loss in losses]
    if not pairs:
        raise ValueError("losses is empty: there is nothing to plot.")
    named = {name: get_loss(loss) for name, loss in pairs}
    if len(named) < len(pairs):
        raise ValueError("Two losses have one name; give a mapping of names to losses.")
    for name, loss in named.items():
        if loss.exclusive:
            raise ValueError(f"{name} is for classes that exclude each other; it has no curve over one logit.")
        if not loss.elementwise:
            raise ValueError(f"{name} has sums over labels or samples; it has no curve over one logit.")
    return named


def _check_labels(labels: Any, statistics: LabelStatistics) -> np.ndarray:
    counts = statistics.counts
    if labels is None:
        seen = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
        if not seen.size:
            raise ValueError("No label has a positive: give labels.")
        return seen[[0, -1]][: seen.size]
    shown = np.asarray(labels)
    if shown.ndim != 1 or not shown.size or shown.dtype.kind not in "iu":
        raise ValueError(f"labels must be a sequence of columns; got {labels!r}.")
    if shown.min() < 0 or shown.max() >= counts.size:
        raise ValueError(f"labels must lie in 0..{counts.size - 1}; got {shown.tolist()}.")
    return shown


def _evaluate(loss: BaseLoss, statistics: LabelStatistics, shown: np.ndarray, grid: np.ndarray) -> tuple[Any, Any]:
    """Values and derivatives of one label's element of the loss, of shape (n_shown, 2, n_logits)."""
    import torch

    criterion = loss.bind(statistics, reduction="none")
    values = np.empty((shown.size, 2, grid.size))
    gradients = np.empty_like(values)
    by_count = np.argsort(-statistics.counts, kind="stable")
    for s, label in enumerate(shown):
        others = by_count[by_count != label][:1]
        for target, carried in enumerate((others, [label])):
            z = torch.tensor(grid, requires_grad=True)
            logits = torch.zeros(grid.size, statistics.n_labels, dtype=torch.float64)
            targets = torch.zeros_like(logits)
            targets[:, carried] = 1
            element = criterion(logits.index_copy(1, torch.tensor([label]), z[:, None]), targets)[:, label]
            (gradients[s, target],) = (g.numpy() for g in torch.autograd.grad(element.sum(), z))
            values[s, target] = element.detach().numpy()
    return values, gradients
