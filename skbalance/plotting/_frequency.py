"""The long tail: how often each label occurs."""

from __future__ import annotations

from typing import Any

import numpy as np

from skbalance._indicators import check_indicator, label_sums
from skbalance.metrics import label_groups
from skbalance.plotting import _axes

_GROUP_LIMITS = {"head": "≥ {1:g}", "medium": "> {0:g}, < {1:g}", "tail": "≤ {0:g}"}


class LabelFrequencyDisplay:
    """Label counts, the commonest label first, with the head, medium and tail labels shaded.

    Use :meth:`from_targets` to make one, or :meth:`plot` one of counts, as in
    ``LabelFrequencyDisplay(model.label_counts_).plot()``.

    Parameters
    ----------
    label_counts : array-like of shape (n_labels,)
        Positives of each label in the training data.
    display_labels : array-like of shape (n_labels,), default=None
        Names of the labels. They are written below the bars where there is room for all.
    boundaries : tuple of two numbers, default=(8, 35)
        The largest count of the tail and the smallest of the head, see :func:`skbalance.metrics.label_groups`.

    Attributes
    ----------
    label_counts, display_labels, boundaries
        As given.
    order : ndarray of shape (n_labels,)
        The labels' columns in the order they are drawn.
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        Their figure.
    area_ : matplotlib artist
        The filled counts.
    group_patches_ : dict of str to matplotlib artist
        The shaded backgrounds of the groups that have labels.

    See Also
    --------
    LabelCooccurrenceDisplay : How labels occur together.
    skbalance.metrics.label_groups : The groups.

    Examples
    --------
    >>> from skbalance.datasets import make_long_tailed_multilabel
    >>> from skbalance.plotting import LabelFrequencyDisplay
    >>> X, y = make_long_tailed_multilabel(n_labels=100, random_state=0)
    >>> display = LabelFrequencyDisplay.from_targets(y)
    >>> display.ax_.get_ylabel()
    'Positives (log scale)'
    """

    def __init__(self, label_counts: Any, *, display_labels: Any = None, boundaries: tuple[float, float] = (8, 35)):
        self.label_counts = _axes.check_counts(label_counts, boundaries)
        self.display_labels = _axes.check_display_labels(display_labels, self.label_counts.size)
        self.boundaries = boundaries
        self.order = np.argsort(-self.label_counts, kind="stable")

    @classmethod
    def from_targets(
        cls,
        y: Any,
        *,
        display_labels: Any = None,
        boundaries: tuple[float, float] = (8, 35),
        ax: Any = None,
        **plot_kwargs: Any,
    ) -> LabelFrequencyDisplay:
        """Plot the counts of a label indicator.

        Parameters
        ----------
        y : {array-like, sparse matrix} of shape (n_samples, n_labels)
            Label indicator of 0 and 1.
        display_labels : array-like of shape (n_labels,), default=None
            Names of the labels.
        boundaries : tuple of two numbers, default=(8, 35)
            The largest count of the tail and the smallest of the head.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        **plot_kwargs : dict
            For :meth:`plot`.

        Returns
        -------
        display : LabelFrequencyDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If `y` is no indicator, or the names or boundaries do not fit.
        ImportError
            If matplotlib is missing.
        """
        counts = label_sums(check_indicator(y, name="y"))
        return cls(counts, display_labels=display_labels, boundaries=boundaries).plot(ax, **plot_kwargs)

    def plot(self, ax: Any = None, *, area_kw: dict | None = None) -> LabelFrequencyDisplay:
        """Draw the counts.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        area_kw : dict, default=None
            Properties of the area, a `PolyCollection` of matplotlib.

        Returns
        -------
        display : LabelFrequencyDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        """
        ax = _axes.new_axes(ax, f"{type(self).__name__}.plot", (6.4, 4.0))
        counts, n = self.label_counts[self.order], self.label_counts.size
        edges, heights = np.arange(n + 1) + 0.5, np.append(counts, counts[-1])
        self.area_ = ax.fill_between(edges, heights, step="post", color="#1f4e79", linewidth=0, zorder=2)
        _axes.restyle(self.area_, area_kw)
        ax.set_ylim(0.7 * min([1, *counts[counts > 0]]), max(counts[0], 1) * 1.6)
        ax.set_yscale("log")
        ax.set_xlim(0.5, n + 0.5)
        self._shade(ax)
        self._write_ticks(ax)
        ax.set_ylabel("Positives (log scale)")
        _axes.set_log_ticks(ax.yaxis)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _shade(self, ax: Any) -> None:
        groups = label_groups(self.label_counts, self.boundaries)
        total = max(self.label_counts.sum(), 1e-300)
        self.group_patches_, start = {}, 0
        for name, members in groups.items():
            size = int(members.sum())
            if not size:
                continue
            share = self.label_counts[members].sum() / total
            limits = _GROUP_LIMITS[name].format(*self.boundaries)
            self.group_patches_[name] = ax.axvspan(
                start + 0.5, start + size + 0.5, color=_axes.GROUP_COLORS[name], linewidth=0, zorder=0,
                label=f"{name} ({limits}): {_axes.plural(size)}, {share:.1%} of positives",
            )  # fmt: skip
            start += size
            if start < self.label_counts.size:
                ax.axvline(start + 0.5, color=_axes.TEXT_COLOR, linewidth=0.7, linestyle=(0, (1, 2)), zorder=1)
        unseen = int((self.label_counts == 0).sum())
        title = f"{_axes.plural(unseen)} without a positive" if unseen else None
        handles = list(self.group_patches_.values())
        legend = ax.legend(
            handles=handles, loc="upper right", fontsize=8, title=title, title_fontsize=8, edgecolor="#808080"
        )
        legend.set_zorder(5)

    def _write_ticks(self, ax: Any) -> None:
        from matplotlib.ticker import MaxNLocator

        n = self.label_counts.size
        ax.set_xlabel("Label, by frequency")
        size = _axes.name_size(ax, n, "width")
        if self.display_labels is not None and size:
            ax.set_xticks(np.arange(1, n + 1), self.display_labels[self.order], rotation=90, fontsize=size)
        else:
            ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, nbins=7))
            ax.xaxis.set_major_formatter(_axes.plain_number)
