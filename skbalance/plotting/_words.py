"""The words that speak most for a tag."""

from __future__ import annotations

from typing import Any

from skbalance._validation import read_numbers
from skbalance.plotting import _axes


class TopWordsDisplay:
    """The words that speak most for a tag, and how much, the strongest on top.

    Use :meth:`from_estimator` to make one.

    Parameters
    ----------
    words : sequence of str
        The words, the strongest first.
    weights : array-like of shape (n_words,)
        Their weights.
    tag : str or int, default=None
        What they speak for; it is written above.

    Attributes
    ----------
    words, weights, tag
        As given.
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        Their figure.
    bars_ : matplotlib BarContainer
        The bars.

    See Also
    --------
    skbalance.text.TagClassifier.top_words : The words as a list.

    Examples
    --------
    >>> from skbalance import TagClassifier
    >>> from skbalance.plotting import TopWordsDisplay
    >>> texts = ["wheat and corn prices", "crude oil", "wheat harvest", "oil and gas", "corn", "gas prices"] * 5
    >>> tags = [["wheat", "corn"], ["crude"], ["wheat"], ["crude", "gas"], ["corn"], ["gas"]] * 5
    >>> model = TagClassifier(random_state=0).fit(texts, tags)
    >>> TopWordsDisplay.from_estimator(model, "crude", k=1).words
    ['oil']
    """

    def __init__(self, words: Any, weights: Any, *, tag: Any = None):
        self.words, self.weights, self.tag = list(words), read_numbers(weights, "weights"), tag
        if not self.words or self.weights.shape != (len(self.words),):
            raise ValueError(
                f"weights must be one number for each word, of which there is at least one; got {len(self.words)} "
                f"words and weights of shape {self.weights.shape}."
            )

    @classmethod
    def from_estimator(cls, estimator: Any, tag: Any, *, k: int = 10, ax: Any = None, **plot_kwargs: Any) -> Any:
        """Plot the words of a fitted classifier.

        Parameters
        ----------
        estimator : TagClassifier
            Fitted.
        tag : str or int
            One of its `classes_`.
        k : int, default=10
            Words, see :meth:`~skbalance.text.TagClassifier.top_words`.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        **plot_kwargs : dict
            For :meth:`plot`.

        Returns
        -------
        display : TopWordsDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If the classifier has no words for such a tag.
        ImportError
            If matplotlib is missing.
        """
        return cls(*zip(*estimator.top_words(tag, k)), tag=tag).plot(ax, **plot_kwargs)

    def plot(self, ax: Any = None, *, bar_kw: dict | None = None) -> TopWordsDisplay:
        """Draw the weights.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        bar_kw : dict, default=None
            Properties of the bars, each a `Rectangle` of matplotlib.

        Returns
        -------
        display : TopWordsDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        """
        size = (5.6, 0.8 + 0.25 * len(self.words))
        ax = _axes.new_axes(self, ax, size)
        places = range(len(self.words))
        self.bars_ = ax.barh(places, self.weights, color="#1f4e79")
        for bar in self.bars_:
            _axes.restyle(bar, bar_kw)
        ax.set_yticks(places, self.words)
        ax.invert_yaxis()
        ax.set(xlabel="Weight", title="" if self.tag is None else str(self.tag))
        return self
