"""Shared parts of the displays: axes, styles that survive greyscale, and an axis of label counts."""

from collections.abc import Mapping
from itertools import cycle, islice
from typing import Any

import numpy as np

from skbalance._lazy import import_optional
from skbalance._validation import read_numbers
from skbalance.metrics import label_groups

# Backgrounds of the groups: three steps of lightness, so that they differ in greyscale too.
GROUP_COLORS = {"head": "#c3d5e8", "medium": "#e1eaf3", "tail": "#fdf7ea"}
TEXT_COLOR = "#404040"
_CAPTION_SIZE = 8

# Colours that colour-blind readers can tell apart, dark and light in turn; dashes and markers say the same again.
# Seven of the one and eight of the other: no pair comes twice before the 57th.
_COLORS = ("#08306b", "#e07b00", "#56b4e9", "#000000", "#009e73", "#cc79a7", "#8c510a", "#999999")
_DASHES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)), (0, (8, 2)), (0, (2, 2)), (0, (3, 1, 1, 1)))
_MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*")


def new_axes(display: Any, ax: Any, figsize: tuple[float, float], layout: str = "constrained") -> Any:
    """The given axes, or those of a new figure; the display gets both.

    Raises
    ------
    TypeError
        If it is no axes.
    ImportError
        With a hint how to install matplotlib.
    """
    caller = f"{type(display).__name__}.plot"
    plt = import_optional("matplotlib.pyplot", f'{caller} needs matplotlib: pip install "skbalance[plot]"')
    if ax is None:
        ax = plt.subplots(figsize=figsize, layout=layout)[1]
    elif not isinstance(ax, plt.Axes):
        raise TypeError(f"{caller}: ax must be axes of matplotlib, or None; got a {type(ax).__name__}.")
    display.ax_, display.figure_ = ax, ax.figure
    return ax


def line_styles(n: int) -> list[dict]:
    """Colour, dashes and marker of each of `n` series."""
    styles = islice(zip(cycle(_COLORS), cycle(_DASHES), cycle(_MARKERS)), n)
    return [{"color": color, "linestyle": dashes, "marker": marker} for color, dashes, marker in styles]


def restyle(artist: Any, given: Mapping | None) -> None:
    """Set properties of an artist, which may have short names such as `c` and `lw`.

    Raises
    ------
    TypeError
        If they are no mapping.
    """
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(f"Options of matplotlib must be a mapping of their names to values; got {given!r}.")
    artist.set(**(given or {}))


def plural(n: int) -> str:
    """Format a number of labels."""
    return f"{n:,} label{'' if n == 1 else 's'}"


def plain_number(value: float, position: int | None = None) -> str:
    """Format the number of a tick without powers of ten."""
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def name_size(ax: Any, n: int, side: str) -> float:
    """Font size in points at which `n` names fit side by side; 0 if that is too small to read."""
    size = getattr(ax.get_window_extent(), side) * 72 / ax.figure.dpi / n / 1.15
    return min(9.0, size) if size >= 5 else 0.0


def set_log_ticks(axis: Any, linear: float | None = None) -> None:
    """Plain numbers at powers of ten, and at 2 and 5 times them where these are few.

    The axis is logarithmic, or "symlog" with `linear` as its threshold.
    """
    from matplotlib.ticker import LogLocator, SymmetricalLogLocator

    low, high = axis.get_view_interval()
    subs = (1.0, 2.0, 5.0) if high < 100 * max(low, linear or 0) else (1.0,)
    log = LogLocator(subs=subs, numticks=10)
    axis.set_major_locator(log if linear is None else SymmetricalLogLocator(base=10, linthresh=linear, subs=subs))
    axis.set_major_formatter(plain_number)
    axis.set_tick_params(which="minor", labelbottom=False, labelleft=False)


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


def check_numbers(values: Any, n_labels: int, name: str) -> np.ndarray:
    """One number for each label.

    Raises
    ------
    ValueError
        If there is not one for each label, or one is infinite; NaN is no number, and not drawn.
    """
    numbers = read_numbers(values, name)
    if numbers.shape != (n_labels,):
        raise ValueError(f"{name} must hold one number for each of {n_labels} labels; got shape {numbers.shape}.")
    if np.isinf(numbers).any():
        raise ValueError(f"{name} must not be infinite.")
    return numbers


def _least_count(counts: np.ndarray) -> float:
    """The power of ten below which an axis of counts is linear, so that zero has its place."""
    return 10.0 ** np.floor(np.log10(min([1.0, *counts[counts > 0]])))


def spread_positions(counts: np.ndarray) -> np.ndarray:
    """Positions on an axis of counts; labels of the same count are spread, at most half-way to the next count."""
    places = counts.astype(float)
    for value in np.unique(counts):
        at = np.flatnonzero(counts == value)
        half = min(0.35, 0.2 * (value or _least_count(counts)))
        places[at] += half * ((2 * np.arange(at.size) + 1) / at.size - 1)
    return places


def set_count_axis(ax: Any, counts: np.ndarray, boundaries: tuple[float, float]) -> dict[str, tuple[float, float]]:
    """Make the x-axis one of label counts, with the groups as its background: their names and numbers of labels.

    Parameters
    ----------
    ax : matplotlib Axes
        What is already drawn there stays in view.
    counts : ndarray of shape (n_labels,)
        Label counts.
    boundaries : tuple of two numbers
        See :func:`skbalance.metrics.label_groups`.

    Returns
    -------
    spans : dict of str to (float, float)
        From where to where each group that has labels reaches.
    """
    least = _least_count(counts)
    low, high = counts.min() / 1.4 or -0.5 * least, max(counts.max(), least) * 1.4
    if ax.get_xscale() == "symlog" and ax.has_data():
        low, high = min(low, ax.get_xlim()[0]), max(high, ax.get_xlim()[1])
    ax.set_xscale("symlog", linthresh=least, linscale=0.4, subs=range(2, 10))
    ax.set_xlim(low, high)
    set_log_ticks(ax.xaxis, least)
    ax.set_xlabel("Positives in the training data (log scale)")
    tail, head = boundaries
    first = tail + min([1, *(counts[counts > tail] - tail)]) / 2
    second = head - min([1, *(head - counts[counts < head])]) / 2
    first, second = np.clip([first, second], low, high)
    limits = {"tail": (low, first), "medium": (first, max(first, second)), "head": (max(first, second), high)}
    groups = {name: int(members.sum()) for name, members in label_groups(counts, boundaries).items()}
    spans = {name: span for name, span in limits.items() if groups[name]}
    for name, span in spans.items():
        patch = ax.axvspan(*span, color=GROUP_COLORS[name], linewidth=0, zorder=0)
        if span[0] > low:
            ax.axvline(span[0], color=TEXT_COLOR, linewidth=0.7, linestyle=(0, (1, 2)), zorder=1)
        caption, room = f"{name} ({groups[name]:,})", patch.get_window_extent().width * 72 / ax.figure.dpi
        if 0.56 * _CAPTION_SIZE * len(caption) <= room:
            style = {"ha": "center", "va": "bottom", "fontsize": _CAPTION_SIZE, "color": TEXT_COLOR}
            ax.annotate(caption, (0.5, 1.02), xycoords=patch, **style)
    ax.set_xlim(low, high)
    return spans
