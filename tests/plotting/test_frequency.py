import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.sparse as sp

from skbalance.plotting import LabelFrequencyDisplay

from .tidy import assert_tidy

COUNTS = np.array([3, 900, 0, 40, 12, 300, 8, 300])


def heights(display):
    """The height over each rank, off the drawn outline."""
    path = display.area_.get_paths()[0].vertices
    return [path[np.isclose(path[:, 0], rank + 0.5), 1].max() for rank in range(len(display.label_counts))]


def test_counts_are_drawn_sorted():
    display = LabelFrequencyDisplay(COUNTS).plot()
    np.testing.assert_array_equal(display.order, [1, 5, 7, 3, 4, 6, 0, 2])
    path = display.area_.get_paths()[0].vertices
    for rank, count in enumerate([900, 300, 300, 40, 12, 8, 3]):
        inner = path[(path[:, 0] >= rank + 0.5) & (path[:, 0] <= rank + 1.5), 1]
        assert count in inner
    assert display.ax_.get_yscale() == "log"
    assert display.ax_.get_ylim()[0] < 1
    assert display.figure_ is display.ax_.figure


def test_groups_are_shaded_with_their_number_and_share():
    display = LabelFrequencyDisplay(COUNTS).plot()
    spans = {name: patch.get_extents().transformed(display.ax_.transData.inverted()) for name, patch in
             display.group_patches_.items()}  # fmt: skip
    np.testing.assert_allclose([(s.x0, s.x1) for s in spans.values()], [(0.5, 4.5), (4.5, 5.5), (5.5, 8.5)])
    legend = display.ax_.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == [
        "head (≥ 35): 4 labels, 98.5% of positives",
        "medium (> 8, < 35): 1 label, 0.8% of positives",
        "tail (≤ 8): 3 labels, 0.7% of positives",
    ]
    assert legend.get_title().get_text() == "1 label without a positive"


@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix, sp.csc_array])
def test_from_targets(make):
    y = make(np.array([[1, 0, 1], [1, 0, 0], [1, 1, 0], [0, 0, 1]]))
    display = LabelFrequencyDisplay.from_targets(y, boundaries=(1, 3))
    np.testing.assert_array_equal(display.label_counts, [3, 1, 2])
    assert list(display.group_patches_) == ["head", "medium", "tail"]


def test_axes_are_reused():
    figure, axes = plt.subplots(1, 2)
    display = LabelFrequencyDisplay(COUNTS).plot(axes[1])
    assert display.ax_ is axes[1]
    assert display.figure_ is figure
    assert not axes[0].collections
    assert display.plot().ax_ is not axes[1]


def test_names_stand_below_where_there_is_room():
    names = [f"tag {i}" for i in range(8)]
    display = LabelFrequencyDisplay(COUNTS, display_labels=names).plot()
    assert [t.get_text() for t in display.ax_.get_xticklabels()] == [names[i] for i in display.order]
    many = LabelFrequencyDisplay(np.arange(1, 500), display_labels=np.arange(1, 500).astype(str)).plot()
    assert len(many.ax_.get_xticks()) < 12


@pytest.mark.parametrize(
    ("counts", "names"),
    [
        (COUNTS, [f"a rather long tag number {i}" for i in range(8)]),
        ([5], None),
        ([0, 0], None),
        (np.ceil(1e5 / np.arange(1, 18212)), None),
        ([0.25, 2.5, 60.5], None),
    ],
)
def test_tidy(counts, names):
    assert_tidy(LabelFrequencyDisplay(counts, display_labels=names).plot().figure_)


def test_area_style():
    display = LabelFrequencyDisplay(COUNTS).plot(area_kw={"fc": "red", "zorder": 1})
    np.testing.assert_allclose(display.area_.get_facecolor()[0], [1, 0, 0, 1])
    assert display.area_.get_zorder() == 1


def test_what_cannot_be_drawn():
    with pytest.raises(ValueError, match="display_labels must hold one name for each of 8 labels"):
        LabelFrequencyDisplay(COUNTS, display_labels=["a"])
    with pytest.raises(ValueError, match="only 0 and 1"):
        LabelFrequencyDisplay.from_targets([[0, 2], [1, 0]])
    with pytest.raises(ValueError, match="two increasing numbers"):
        LabelFrequencyDisplay(COUNTS, boundaries=(35, 8))


@pytest.mark.usefixtures("no_matplotlib")
def test_missing_matplotlib():
    with pytest.raises(ImportError, match=r"skbalance\[plot\]"):
        LabelFrequencyDisplay.from_targets(np.eye(3, dtype=int))
