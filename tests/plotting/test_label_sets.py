import numpy as np
import pytest
import scipy.sparse as sp

from skbalance.datasets import make_long_tailed_multilabel
from skbalance.plotting import LabelSetDisplay

from .tidy import assert_tidy

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
