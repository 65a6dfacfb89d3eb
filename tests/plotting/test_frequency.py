import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.sparse as sp

from skbalance.datasets import make_long_tailed_multilabel
from skbalance.plotting import LabelFrequencyDisplay, LabelSetDisplay

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


Y = np.array([[1, 0, 1], [0, 0, 0], [1, 0, 1], [1, 1, 1], [1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 0, 1]])


@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix, sp.coo_array, lambda y: sp.csc_array(y[:, ::-1])])
def test_rows_are_counted_by_their_label_sets(make):
    display = LabelSetDisplay.from_targets(make(Y))
    np.testing.assert_array_equal(display.set_counts, [4, 2, 1, 1])
    np.testing.assert_allclose(display.coverage, [0.5, 0.75, 0.875, 1])
    np.testing.assert_array_equal(display.line_.get_xdata(), [1, 2, 3, 4])
    np.testing.assert_array_equal(display.line_.get_ydata(), display.coverage)
    (text,) = display.ax_.get_legend().get_texts()
    assert text.get_text() == "4 label sets, 2 of them in one row only"
    assert_tidy(display.figure_)


def test_many_sets():
    _, y = make_long_tailed_multilabel(500, 60, labels_per_sample=3, random_state=0)
    display = LabelSetDisplay.from_targets(y, line_kw={"c": "black"})
    assert display.line_.get_color() == "black"
    assert len(display.set_counts) == len(np.unique(np.asarray(y.todense() if sp.issparse(y) else y), axis=0))
    assert display.set_counts.sum() == 500
    assert_tidy(display.figure_)


def test_one_set_alone_on_given_axes():
    import matplotlib.pyplot as plt

    ax = plt.subplots()[1]
    display = LabelSetDisplay.from_targets(np.ones((3, 2), dtype=int), ax=ax)
    assert display.ax_ is ax
    assert display.ax_.get_legend().get_texts()[0].get_text() == "1 label set, 0 of them in one row only"
    assert_tidy(display.figure_)


@pytest.mark.parametrize("counts", [[], [[1]], [0, 2], ["a"]])
def test_counts_that_are_refused(counts):
    with pytest.raises(ValueError, match=r"set_counts must (be a vector of|hold) numbers"):
        LabelSetDisplay(counts)


def test_a_target_without_rows_is_refused():
    with pytest.raises(ValueError, match="y has no rows"):
        LabelSetDisplay.from_targets(np.zeros((0, 3), dtype=int))
