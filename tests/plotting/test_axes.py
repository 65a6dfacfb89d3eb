import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.lines import Line2D

from skbalance.plotting import _axes


def test_counts_are_spread_only_within_their_own_step():
    counts = np.array([0, 1, 1, 1, 2, 34, 34, 35, 2877, 0])
    places = _axes.spread_positions(counts.astype(float))
    order = np.argsort(counts, kind="stable")
    assert (np.diff(places[order]) > 0).all()
    np.testing.assert_allclose(places[[4, 7, 8]], [2, 35, 2877])
    np.testing.assert_allclose(places[1:4].mean(), 1)
    np.testing.assert_allclose(places[[0, 9]].mean(), 0, atol=1e-15)


def test_fractional_counts_keep_their_order():
    counts = np.array([0.0, 0.2, 0.2, 0.25, 3.5])
    places = _axes.spread_positions(counts)
    assert (np.diff(places) > 0).all()
    assert places[0] == 0


@pytest.mark.parametrize("counts", [[1, 8, 9, 34, 35, 900], [0, 8, 9, 34, 35], [8.4, 8, 34.7, 35]])
def test_each_count_stands_over_the_background_of_its_group(counts):
    counts = np.array(counts, dtype=float)
    ax = plt.subplots()[1]
    spans = _axes.set_count_axis(ax, counts, (8, 35))
    places = _axes.spread_positions(counts)
    expected = {"tail": counts <= 8, "medium": (counts > 8) & (counts < 35), "head": counts >= 35}
    for name, members in expected.items():
        if members.any():
            low, high = spans[name]
            np.testing.assert_array_equal((places >= low) & (places < high), members)


def test_boundaries_of_zero_and_one():
    ax = plt.subplots()[1]
    spans = _axes.set_count_axis(ax, np.array([0.0, 0.0, 1.0, 5.0]), (0, 1))
    assert list(spans) == ["tail", "head"]
    assert spans["tail"][1] == pytest.approx(0.5)


def test_a_boundary_below_zero_leaves_no_tail():
    spans = _axes.set_count_axis(plt.subplots()[1], np.array([0.0, 4.0, 50.0]), (-1, 35))
    assert list(spans) == ["medium", "head"]
    assert spans["medium"][0] < 0


def test_ticks_are_plain_numbers_and_zero_has_its_own():
    ax = plt.subplots()[1]
    _axes.set_count_axis(ax, np.array([0.0, 3.0, 12000.0]), (8, 35))
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0", "1", "10", "100", "1,000", "10,000"]


@pytest.mark.parametrize(
    ("low", "high", "ticks"), [(0.7, 7000, [1, 10, 100, 1000]), (15, 85, [20, 50]), (1, 9, [1, 2, 5])]
)
@pytest.mark.parametrize("scale", ["log", "symlog"])
def test_log_ticks(low, high, ticks, scale):
    axis = plt.subplots()[1].xaxis
    axis.axes.set(xscale=scale, xlim=(low, high))
    _axes.set_log_ticks(axis, 1.0 if scale == "symlog" else None)
    drawn = [tick for tick in axis.get_majorticklocs() if low <= tick <= high]
    np.testing.assert_allclose(drawn, ticks)


def test_styles_differ():
    styles = _axes.line_styles(56)
    assert len({(s["color"], str(s["linestyle"])) for s in styles}) == 56
    assert len({str(s["linestyle"]) for s in styles[:7]}) == 7
    assert len({s["marker"] for s in styles[:8]}) == 8


def test_short_style_names_replace_the_defaults():
    line = Line2D([], [], color="k", linewidth=1, marker="o")
    _axes.restyle(line, {"c": "r", "lw": 3})
    assert (line.get_color(), line.get_linewidth(), line.get_marker()) == ("r", 3, "o")


@pytest.mark.parametrize("given", [3, "x", [1], []])
def test_styles_that_are_no_mapping(given):
    with pytest.raises(TypeError, match="must be a mapping of their names to values"):
        _axes.restyle(Line2D([], []), given)


class Display:
    """What is drawn in these tests."""


def test_axes_that_are_given():
    display, given = Display(), plt.subplots(2, 3)[1]
    assert _axes.new_axes(display, given[0, 1], (4, 4)) is given[0, 1]
    assert display.ax_ is given[0, 1]
    assert display.figure_ is given[0, 1].figure


def test_axes_that_cannot_be():
    with pytest.raises(TypeError, match=r"axes of matplotlib, or None; got a ndarray"):
        _axes.new_axes(Display(), plt.subplots(3)[1], (4, 4))
    with pytest.raises(TypeError, match=r"axes of matplotlib, or None; got a Figure"):
        _axes.new_axes(Display(), plt.figure(), (4, 4))


@pytest.mark.usefixtures("no_matplotlib")
def test_missing_matplotlib_names_the_extra():
    with pytest.raises(ImportError, match=r'Display.plot needs matplotlib: pip install "skbalance\[plot\]"'):
        _axes.new_axes(Display(), None, (4, 4))


def test_counts_are_checked():
    with pytest.raises(ValueError, match="is empty"):
        _axes.check_counts([], (8, 35))
    with pytest.raises(ValueError, match="has 2 entries, but there are 3 labels"):
        _axes.check_counts([1, 2], (8, 35), 3)
    with pytest.raises(ValueError, match="finite and at least 0"):
        _axes.check_counts([1, -2], (8, 35))


def test_numbers_are_checked():
    np.testing.assert_array_equal(_axes.check_numbers([1, np.nan], 2, "mine"), [1, np.nan])
    with pytest.raises(ValueError, match="mine must hold one number for each of 3 labels"):
        _axes.check_numbers([1, 2], 3, "mine")
    with pytest.raises(ValueError, match="mine must not be infinite"):
        _axes.check_numbers([1, np.inf], 2, "mine")


@pytest.mark.parametrize(("n", "text"), [(1, "1 label"), (0, "0 labels"), (18211, "18,211 labels")])
def test_plural(n, text):
    assert _axes.plural(n) == text
