import matplotlib.pyplot as plt
import pytest

from skbalance import TagClassifier
from skbalance.plotting import TopWordsDisplay

from .tidy import assert_tidy

TEXTS = ["wheat and corn prices", "crude oil", "wheat harvest", "oil and gas", "corn", "gas prices"] * 5
TAGS = [["wheat", "corn"], ["crude"], ["wheat"], ["crude", "gas"], ["corn"], ["gas"]] * 5


def test_bars_are_the_top_words():
    model, ax = TagClassifier(random_state=0).fit(TEXTS, TAGS), plt.subplots()[1]
    display = TopWordsDisplay.from_estimator(model, "gas", k=3, ax=ax, bar_kw={"color": "red"})
    words = model.top_words("gas", 3)
    assert list(zip(display.words, display.weights)) == words
    assert [bar.get_width() for bar in display.bars_] == [weight for _, weight in words]
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == [word for word, _ in words]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first one on top
    assert ax.get_title() == "gas"
    assert display.bars_[0].get_facecolor() == (1, 0, 0, 1)
    assert display.ax_ is ax
    with pytest.raises(ValueError, match="tag must be one of classes_; got 'iron'"):
        TopWordsDisplay.from_estimator(model, "iron")


def test_tidy_in_a_figure_of_its_own():
    display = TopWordsDisplay([f"a rather long word {i}" for i in range(30)], range(30, 0, -1)).plot()
    assert display.ax_.get_title() == ""
    assert_tidy(display.figure_)


@pytest.mark.parametrize(("words", "weights"), [([], []), (["a"], [1, 2]), (["a"], 1.0)])
def test_one_weight_for_each_word(words, weights):
    with pytest.raises(ValueError, match=r"weights must be one number for each word"):
        TopWordsDisplay(words, weights)


def test_without_matplotlib(no_matplotlib):
    with pytest.raises(ImportError, match=r"TopWordsDisplay.plot needs matplotlib"):
        TopWordsDisplay(["a"], [1]).plot()
