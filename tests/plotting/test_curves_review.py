import numpy as np
import pytest

from skbalance.metrics import review_curve
from skbalance.plotting import ReviewCurveDisplay

from .tidy import assert_tidy

RNG = np.random.default_rng(0)
Y_TRUE = (RNG.random((200, 5)) < 0.3).astype(int)
Y_PRED = np.where(RNG.random((200, 5)) < 0.2, 1 - Y_TRUE, Y_TRUE)
DOUBT = (Y_TRUE != Y_PRED).sum(axis=1) + RNG.normal(size=200)


@pytest.mark.parametrize("average", ["micro", "macro"])
def test_the_three_orders_are_drawn(average):
    display = ReviewCurveDisplay.from_predictions(Y_TRUE, Y_PRED, DOUBT, average=average, line_kw={"lw": 3})
    curve = review_curve(Y_TRUE, Y_PRED, DOUBT, average=average)
    for line, name in zip(display.lines_, ("best", "by_doubt", "random")):
        np.testing.assert_array_equal(line.get_xdata(), curve.shares)
        np.testing.assert_array_equal(line.get_ydata(), curve[name])
        np.testing.assert_array_equal(getattr(display, name), curve[name])
    assert display.lines_[1].get_linewidth() == 3
    assert display.ax_.get_ylabel() == f"{average.capitalize()}-F1"
    assert_tidy(display.figure_)


def test_on_given_axes():
    import matplotlib.pyplot as plt

    ax = plt.subplots()[1]
    display = ReviewCurveDisplay([0, 1], [0.5, 1], [0.5, 1], [0.5, 1], score_name="Score").plot(ax)
    assert display.ax_ is ax
    assert ax.get_ylabel() == "Score"


def test_curves_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match=r"vectors of one length; got shares \(2,\), by_doubt \(1,\)"):
        ReviewCurveDisplay([0, 1], [0.5], [0.5, 1], [0.5, 1])
    with pytest.raises(ValueError, match="vectors of one length"):
        ReviewCurveDisplay(*[0.5] * 4)


def test_without_matplotlib(no_matplotlib):
    with pytest.raises(ImportError, match=r"ReviewCurveDisplay.plot needs matplotlib"):
        ReviewCurveDisplay.from_predictions(Y_TRUE, Y_PRED, DOUBT)
