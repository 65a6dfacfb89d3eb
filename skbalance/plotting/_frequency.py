"""The long tail: how often each label occurs, and how often labels occur together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp

from skbalance._indicators import check_indicator, label_sums
from skbalance._validation import read_numbers
from skbalance.metrics import label_groups
from skbalance.plotting import _axes

_GROUP_LIMITS = {"head": "≥ {1:g}", "medium": "> {0:g}, < {1:g}", "tail": "≤ {0:g}"}
_MISSING = "#b8b8b8"
# Most labels that have a bin of their own, and most bins.
_MAX_BINS = 100


class _RankedLabels:
    """Labels by falling frequency, with their names and groups: what both displays share.

    `_read` makes what a display begins with of an indicator.
    """

    _read: Callable[[Any], tuple]
    plot: Callable[..., Any]

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
    ) -> Any:
        """Plot the labels of an indicator.

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
        display : display of this class
            What was drawn.

        Raises
        ------
        ValueError
            If `y` is no indicator, or the names or boundaries do not fit.
        ImportError
            If matplotlib is missing.
        """
        given = cls._read(check_indicator(y, name="y"))
        return cls(*given, display_labels=display_labels, boundaries=boundaries).plot(ax, **plot_kwargs)

    def _group_ranks(self) -> Iterator[tuple[str, int, int]]:
        """Of each group that has labels, its name, its first rank from 0, and the rank behind its last."""
        start = 0
        for name, members in label_groups(self.label_counts, self.boundaries).items():
            stop = start + int(members.sum())
            if start < stop:
                yield name, start, stop
            start = stop


class LabelFrequencyDisplay(_RankedLabels):
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

    @staticmethod
    def _read(y):
        return (label_sums(y),)

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
        ax = _axes.new_axes(self, ax, (6.4, 4.0))
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
        return self

    def _shade(self, ax: Any) -> None:
        counts, total = self.label_counts[self.order], max(self.label_counts.sum(), 1e-300)
        self.group_patches_ = {}
        for name, start, stop in self._group_ranks():
            limits, share = _GROUP_LIMITS[name].format(*self.boundaries), counts[start:stop].sum() / total
            self.group_patches_[name] = ax.axvspan(
                start + 0.5, stop + 0.5, color=_axes.GROUP_COLORS[name], linewidth=0, zorder=0,
                label=f"{name} ({limits}): {_axes.plural(stop - start)}, {share:.1%} of positives",
            )  # fmt: skip
            if stop < counts.size:
                ax.axvline(stop + 0.5, color=_axes.TEXT_COLOR, linewidth=0.7, linestyle=(0, (1, 2)), zorder=1)
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


class LabelCooccurrenceDisplay(_RankedLabels):
    r"""How often samples with one label also have another, labels sorted by frequency.

    Column j and row i show

    .. math:: p(i \mid j) = \frac{\text{samples with labels } i \text{ and } j}{\text{samples with label } j}.

    Past 100 labels they are put into bins of rank that grow with it, and a cell shows the mean of
    :math:`p(i \mid j)` over the pairs :math:`i \neq j` of its two bins.

    Use :meth:`from_targets` to make one.

    Parameters
    ----------
    probabilities : array-like of shape (n_bins, n_bins)
        Row i, column j: :math:`p(i \mid j)`, or its mean over the bins' pairs. NaN where there is no pair of
        different labels or no sample of a label j.
    label_counts : array-like of shape (n_labels,)
        Positives of each label.
    display_labels : array-like of shape (n_labels,), default=None
        Names of the labels. They are written where each has a bin of its own and there is room for all.
    boundaries : tuple of two numbers, default=(8, 35)
        The largest count of the tail and the smallest of the head, see :func:`skbalance.metrics.label_groups`.

    Attributes
    ----------
    probabilities, label_counts, display_labels, boundaries
        As given.
    bin_edges : ndarray of shape (n_bins + 1,)
        Ranks, from 0, at which the bins begin, and last the number of labels.
    order : ndarray of shape (n_labels,)
        The labels' columns by falling frequency.
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        Their figure.
    mesh_ : matplotlib artist
        The coloured cells.
    colorbar_ : matplotlib Colorbar or None
        The colour bar.

    See Also
    --------
    LabelFrequencyDisplay : How often labels occur.

    Notes
    -----
    Bins are summed from two sparse matrices of samples by bins, so that time and memory grow with the number of
    positives; no matrix of labels by labels is formed.

    Examples
    --------
    >>> import numpy as np
    >>> from skbalance.plotting import LabelCooccurrenceDisplay
    >>> y = np.array([[1, 1], [1, 1], [1, 0], [1, 0]])
    >>> display = LabelCooccurrenceDisplay.from_targets(y)
    >>> display.probabilities
    array([[nan, 1. ],
           [0.5, nan]])
    """

    def __init__(
        self,
        probabilities: Any,
        label_counts: Any,
        *,
        display_labels: Any = None,
        boundaries: tuple[float, float] = (8, 35),
    ):
        super().__init__(label_counts, display_labels=display_labels, boundaries=boundaries)
        self.bin_edges = _rank_bins(self.label_counts.size)
        n_bins = self.bin_edges.size - 1
        self.probabilities = read_numbers(probabilities, "probabilities")
        if self.probabilities.shape != (n_bins, n_bins):
            raise ValueError(f"probabilities must have shape {(n_bins, n_bins)}; got {self.probabilities.shape}.")

    @staticmethod
    def _read(y):
        y, counts = sp.csr_array(y), label_sums(y)
        return _bin_probabilities(y, counts, _rank_bins(counts.size)), counts

    def plot(
        self, ax: Any = None, *, cmap: Any = "magma_r", colorbar: bool = True, mesh_kw: dict | None = None
    ) -> LabelCooccurrenceDisplay:
        """Draw the cells.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        cmap : str or matplotlib Colormap, default="magma_r"
            Colours.
        colorbar : bool, default=True
            Whether to draw a colour bar.
        mesh_kw : dict, default=None
            Properties of the cells, a `QuadMesh` of matplotlib.

        Returns
        -------
        display : LabelCooccurrenceDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        """
        n_labels, n_bins = self.label_counts.size, self.probabilities.shape[0]
        binned = n_bins < n_labels
        named = self.display_labels is not None and not binned
        side = float(np.clip(0.1 * n_bins + 1.5, 5.0, 11.0)) if named else 5.2
        ax = _axes.new_axes(self, ax, (1.17 * side, side), layout="compressed")
        from matplotlib.colors import LogNorm, Normalize

        shown = np.ma.masked_invalid(self.probabilities)
        positive = shown.compressed()[shown.compressed() > 0]
        if binned and positive.size:
            # Clipped, so that zero is not taken for missing.
            norm: Normalize = LogNorm(max(positive.min(), positive.max() * 1e-5), positive.max(), clip=True)
        else:
            norm = Normalize(0, 1)
        ax.set_facecolor(_MISSING)
        self.mesh_ = ax.pcolormesh(shown, cmap=cmap, norm=norm, rasterized=True)
        _axes.restyle(self.mesh_, mesh_kw)
        ax.set(xlim=(0, n_bins), ylim=(n_bins, 0), box_aspect=1)
        ax.set_xlabel("Given label j, by frequency")
        ax.set_ylabel("Label i, by frequency")
        self._mark_groups(ax)
        self._write_ticks(ax, named)
        self.colorbar_ = None
        if colorbar:
            self.colorbar_ = ax.figure.colorbar(self.mesh_, ax=ax, fraction=0.046, pad=0.03)
            self.colorbar_.set_label("Mean p(i | j) of the pairs (log scale)" if binned else "p(i | j)")
        return self

    def _mark_groups(self, ax: Any) -> None:
        for name, *ranks in self._group_ranks():
            low, high = np.interp(ranks, self.bin_edges, np.arange(self.bin_edges.size))
            if ranks[1] < self.label_counts.size:
                ax.axhline(high, color=_axes.TEXT_COLOR, linewidth=1, zorder=3)
                ax.axvline(high, color=_axes.TEXT_COLOR, linewidth=1, zorder=3)
            # Names that do not fit over their labels are left out.
            if (high - low) / (self.bin_edges.size - 1) > 0.015 * len(name):
                ax.text(
                    (low + high) / 2, 1.01, name, transform=ax.get_xaxis_transform(), ha="center", va="bottom",
                    fontsize=8, color=_axes.TEXT_COLOR,
                )  # fmt: skip

    def _write_ticks(self, ax: Any, named: bool) -> None:
        n_labels, n_bins = self.label_counts.size, self.probabilities.shape[0]
        size = min(_axes.name_size(ax, n_bins, side) for side in ("width", "height")) if named else 0.0
        if self.display_labels is not None and size:
            names, at = self.display_labels[self.order], np.arange(n_labels) + 0.5
            ax.set_xticks(at, names, rotation=90, fontsize=size)
            ax.set_yticks(at, names, fontsize=size)
            return
        bins = np.linspace(0, n_bins - 1, min(n_bins, 7)).astype(int)
        ranks = [f"{rank:,}" for rank in self.bin_edges[bins] + 1]
        ax.set_xticks(bins + 0.5, ranks)
        ax.set_yticks(bins + 0.5, ranks)


def _rank_bins(n_labels: int) -> np.ndarray:
    """Edges of bins of rank: one label in each, or at even cubic roots, so that the first bins are small."""
    if n_labels <= _MAX_BINS:
        return np.arange(n_labels + 1)
    return np.unique(np.round(n_labels * np.linspace(0, 1, _MAX_BINS + 1) ** 3).astype(np.intp))


def _bin_probabilities(y: sp.csr_array, counts: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Mean of p(i | j) over the pairs of different labels of two bins; j must have a sample."""
    n_bins = edges.size - 1
    bin_of = np.empty(counts.size, dtype=np.intp)
    bin_of[np.argsort(-counts, kind="stable")] = np.repeat(np.arange(n_bins), np.diff(edges))
    seen = counts > 0
    inverse = np.divide(1.0, counts, out=np.zeros(counts.size), where=seen)

    def pooled(weights: np.ndarray) -> sp.csr_array:
        into = sp.csr_array((weights, (np.arange(counts.size), bin_of)), shape=(counts.size, n_bins))
        return y.astype(np.float64) @ into

    sums = (pooled(np.ones(counts.size)).T @ pooled(inverse)).toarray()
    given = np.bincount(bin_of[seen], minlength=n_bins).astype(np.float64)
    # The pairs i = j, each with p = 1, are left out; the least that can remain is 1 / n_j, less is rounding.
    sums[np.diag_indices(n_bins)] -= given
    sums[sums < 0.5 / max(counts.max(), 1)] = 0
    pairs = np.diff(edges)[:, None] * given[None, :]
    pairs[np.diag_indices(n_bins)] -= given
    return np.divide(sums, pairs, out=np.full(sums.shape, np.nan), where=pairs > 0)
