"""What the displays share: axes, styles that survive greyscale, and an axis of label counts."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import numpy as np

from skbalance._validation import read_numbers
from skbalance.metrics import label_groups

__all__ = [
    "GROUP_COLORS",
    "TEXT_COLOR",
    "check_counts",
    "check_display_labels",
    "count_ticks",
    "import_pyplot",
    "line_styles",
    "merge_style",
    "name_size",
    "new_axes",
    "new_grid",
    "plain_number",
    "plural",
    "set_count_axis",
    "set_rank_axis",
    "spread_positions",
    "top_legend",
    "write_caption",
]

# Backgrounds of the groups: three steps of lightness, so that they differ in greyscale too.
GROUP_COLORS = {"head": "#c3d5e8", "medium": "#e1eaf3", "tail": "#fdf7ea"}
TEXT_COLOR = "#404040"
_CAPTION_SIZE = 8

# Colours that colour-blind readers can tell apart, dark and light in turn; dashes and markers say the same again.
# Seven of the one and eight of the other: no pair comes twice before the 57th.
_COLORS = ("#08306b", "#e07b00", "#56b4e9", "#000000", "#009e73", "#cc79a7", "#8c510a", "#999999")
_DASHES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)), (0, (8, 2)), (0, (2, 2)), (0, (3, 1, 1, 1)))
_MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*")


def import_pyplot(caller: str) -> Any:
    """Import matplotlib's pyplot.

    Raises
    ------
    ImportError
        With a hint how to install matplotlib.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(f'{caller} needs matplotlib: pip install "skbalance[plot]"') from error
    return plt


def new_axes(ax: Any, caller: str, figsize: tuple[float, float], layout: str = "constrained") -> Any:
    """The given axes, or those of a new figure.

    Raises
    ------
    TypeError
        If they are no axes.
    """
    plt = import_pyplot(caller)
    if ax is None:
        return plt.subplots(figsize=figsize, layout=layout)[1]
    if not isinstance(ax, plt.Axes):
        raise TypeError(f"{caller}: ax must be axes of matplotlib, or None; got a {type(ax).__name__}.")
    return ax


def new_grid(
    ax: Any, shape: tuple[int, int], caller: str, figsize: tuple[float, float], share_y: str | bool = False
) -> np.ndarray:
    """A grid of axes: of a new figure, in place of the given axes, or the given array itself.

    Raises
    ------
    ValueError
        If the given array has another shape, or the given axes are not part of a grid of subplots.
    """
    plt = import_pyplot(caller)
    if ax is None:
        figure = plt.figure(figsize=figsize, layout="constrained")
        return figure.subplots(*shape, squeeze=False, sharex=True, sharey=share_y)
    if isinstance(ax, plt.Axes):
        spec = ax.get_subplotspec()
        if spec is None:
            raise ValueError(f"{caller}: ax must come from plt.subplots, or be an array of axes of shape {shape}.")
        ax.set_axis_off()
        return spec.subgridspec(*shape).subplots(squeeze=False, sharex=True, sharey=share_y)
    axes = np.asarray(ax, dtype=object)
    if axes.size != shape[0] * shape[1] or not all(isinstance(one, plt.Axes) for one in axes.flat):
        raise ValueError(f"{caller}: ax must be axes, or an array of axes of shape {shape}; got shape {axes.shape}.")
    return axes.reshape(shape)


def line_styles(n: int) -> list[dict]:
    """Colour, dashes and marker of each of `n` series."""
    return [
        {
            "color": _COLORS[i % len(_COLORS)],
            "linestyle": _DASHES[i % len(_DASHES)],
            "marker": _MARKERS[i % len(_MARKERS)],
        }
        for i in range(n)
    ]


def merge_style(default: dict, given: dict | None, artist: Any) -> dict:
    """Defaults with what the caller gave over them, short names such as `c` and `lw` included.

    Raises
    ------
    TypeError
        If it is no mapping.
    """
    from matplotlib.cbook import normalize_kwargs

    if given is not None and not isinstance(given, Mapping):
        raise TypeError(f"Options of matplotlib must be a mapping of their names to values; got {given!r}.")
    return {**default, **normalize_kwargs(given or {}, artist)}


def plural(n: int) -> str:
    """A number of labels in words."""
    return f"{n:,} label{'' if n == 1 else 's'}"


def plain_number(value: float, position: int | None = None) -> str:
    """A tick's number without powers of ten."""
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def name_size(ax: Any, n: int, side: str) -> float:
    """Font size in points at which `n` names stand side by side; 0 if none that can be read does."""
    size = getattr(ax.get_window_extent(), side) * 72 / ax.figure.dpi / n / 1.15
    return min(9.0, size) if size >= 5 else 0.0


def set_rank_axis(axis: Any) -> None:
    """Whole numbers on an axis of ranks."""
    from matplotlib.ticker import MaxNLocator

    if axis.get_scale() == "log":
        axis.set_tick_params(which="minor", labelbottom=False, labelleft=False)
    else:
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, nbins=7))
    axis.set_major_formatter(plain_number)


def check_counts(label_counts: Any, boundaries: tuple[float, float], n_labels: int | None = None) -> np.ndarray:
    """Label counts as a vector of float64.

    Raises
    ------
    ValueError
        If they, or the boundaries, are not what :func:`skbalance.metrics.label_groups` takes, there are none, or
        there are not `n_labels`.
    """
    label_groups(label_counts, boundaries)
    counts = read_numbers(label_counts, "label_counts")
    if counts.size == 0:
        raise ValueError("label_counts is empty: there is no label to plot.")
    if n_labels is not None and counts.size != n_labels:
        raise ValueError(f"label_counts has {counts.size} entries, but there are {n_labels} labels.")
    return counts


def check_display_labels(display_labels: Any, n_labels: int) -> np.ndarray | None:
    """Names of the labels.

    Raises
    ------
    ValueError
        If there is not one for each label.
    """
    if display_labels is None:
        return None
    names = np.asarray(display_labels, dtype=object)
    if names.shape != (n_labels,):
        raise ValueError(f"display_labels must hold one name for each of {n_labels} labels; got shape {names.shape}.")
    return names


def top_legend(ax: Any, low: float, high: float, n_rows: int, **kwargs: Any) -> Any:
    """Stretch the y-axis above the data for captions and, below these, a legend of `n_rows` lines.

    Parameters
    ----------
    ax : matplotlib Axes
        With captions of two lines at the top.
    low, high : float
        Range of the data.
    n_rows : int
        Lines of the legend, its title included; 0 makes none.
    **kwargs : dict
        For matplotlib's `legend`.

    Returns
    -------
    legend : matplotlib Legend or None
    """
    height = ax.get_window_extent().height * 72 / ax.figure.dpi
    captions = 2.9 * _CAPTION_SIZE
    share = min(0.6, (captions + (1.65 * n_rows * _CAPTION_SIZE + 14 if n_rows else 0)) / height)
    span = high - low or 1.0
    bottom = low - 0.05 * span
    ax.set_ylim(bottom, bottom + (high - bottom) / (1 - share))
    ticks = [tick for tick in ax.get_yticks() if bottom <= tick <= high + 1e-9 * span]
    ax.set_yticks(ticks)
    if not n_rows:
        return None
    legend = ax.legend(
        loc="upper center", bbox_to_anchor=(0.5, 1 - captions / height), borderaxespad=0, fontsize=_CAPTION_SIZE,
        title_fontsize=_CAPTION_SIZE, framealpha=0.95, **kwargs,
    )  # fmt: skip
    legend.set_zorder(6)
    return legend


def _zero_position(counts: np.ndarray) -> float:
    """Where a count of 0 is drawn on a logarithmic axis: half of the least that is above it."""
    seen = counts[counts > 0]
    return 0.5 * min(1.0, seen.min()) if seen.size else 0.5


def spread_positions(counts: np.ndarray) -> np.ndarray:
    """Places on a logarithmic axis of counts, those of one count side by side, half-way to the next at most."""
    zero = _zero_position(counts)
    places = np.where(counts > 0, counts, zero)
    order = np.argsort(places, kind="stable")
    for value, members in groupby(order, key=lambda label: places[label]):
        at = np.fromiter(members, dtype=np.intp)
        step = zero if value == zero else min(1.0, value)
        half = min(0.25, 0.4 * np.log1p(step / value))
        places[at] = value * np.exp(half * ((2 * np.arange(at.size) + 1) / at.size - 1))
    return places


def _group_edges(counts: np.ndarray, boundaries: tuple[float, float], zero: float) -> tuple[float, float]:
    """Where the background changes: between the counts of two groups."""
    tail, head = boundaries
    above = min([tail + 1, *counts[counts > tail]])
    below = max([head - 1, *counts[counts < head]])
    first = float(np.sqrt(max(tail, zero) * max(above, zero))) if tail >= 0 else 0.0
    return first, float(np.sqrt(max(below, zero) * max(head, zero)))


def count_ticks(low: float, high: float) -> np.ndarray:
    """Round numbers on a logarithmic axis: powers of ten, and 2 and 5 times them where these are few."""
    decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    within = decades[(decades >= low) & (decades <= high)]
    if within.size > 2:
        return within
    finer = np.sort(np.concatenate([decades, 2 * decades, 5 * decades]))
    return finer[(finer >= low) & (finer <= high)]


def set_count_axis(
    ax: Any, counts: np.ndarray, boundaries: tuple[float, float], *, captions: bool = True, label: bool = True
) -> dict[str, tuple[float, float]]:
    """Make the x-axis one of label counts, with the groups as its background.

    Parameters
    ----------
    ax : matplotlib Axes
        What is already drawn there stays in view.
    counts : ndarray of shape (n_labels,)
        Label counts.
    boundaries : tuple of two numbers
        See :func:`skbalance.metrics.label_groups`.
    captions : bool, default=True
        Whether each group's name and number of labels stand at the top.
    label : bool, default=True
        Whether the axis gets its name.

    Returns
    -------
    spans : dict of str to (float, float)
        From where to where each group that has labels reaches.
    """
    zero = _zero_position(counts)
    places = np.where(counts > 0, counts, zero)
    low, high = places.min() / 1.4, places.max() * 1.4
    if ax.get_xscale() == "log" and ax.has_data():
        low, high = min(low, ax.get_xlim()[0]), max(high, ax.get_xlim()[1])
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    ticks = count_ticks(max(low, zero * 1.2) if (counts == 0).any() else low, high)
    names = [f"{tick:,.0f}" if tick >= 1 else f"{tick:g}" for tick in ticks]
    if (counts == 0).any():
        ticks, names = np.append(zero, ticks), ["0", *names]
    ax.set_xticks(ticks, names)
    ax.tick_params(axis="x", which="minor", labelbottom=False)
    if label:
        ax.set_xlabel("Positives in the training data (log scale)")
    first, second = np.clip(_group_edges(counts, boundaries, zero), low, high)
    limits = {"tail": (low, first), "medium": (first, max(first, second)), "head": (max(first, second), high)}
    groups = label_groups(counts, boundaries)
    spans = {name: limits[name] for name in limits if groups[name].any()}
    for name, span in spans.items():
        ax.axvspan(*span, color=GROUP_COLORS[name], linewidth=0, zorder=0)
        if span[0] > low:
            ax.axvline(span[0], color=TEXT_COLOR, linewidth=0.7, linestyle=(0, (1, 2)), zorder=1)
        if captions:
            write_caption(ax, span, [f"{name}\n{plural(int(groups[name].sum()))}", f"{name}\n{groups[name].sum():,}"])
    ax.set_xlim(low, high)
    return spans


def write_caption(ax: Any, span: tuple[float, float], texts: list[str], **kwargs: Any) -> None:
    """Write the first of the texts that fits over a span of a logarithmic x-axis, at the top; none if none does."""
    low, high = np.log(ax.get_xlim())
    width = np.log(span[1] / span[0]) / (high - low) * ax.get_window_extent().width * 72 / ax.figure.dpi
    for text in texts:
        if max(map(len, text.splitlines())) * 0.56 * _CAPTION_SIZE <= width:
            ax.text(
                np.sqrt(span[0] * span[1]), 0.985, text, transform=ax.get_xaxis_transform(), ha="center", va="top",
                **{"fontsize": _CAPTION_SIZE, "color": TEXT_COLOR, **kwargs},
            )  # fmt: skip
            return
