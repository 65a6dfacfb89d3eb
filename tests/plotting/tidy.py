"""What a picture must not have: text outside of the figure, tick labels over each other, a legend over captions."""

import itertools

import matplotlib.text
import numpy as np


def _overlap(a, b, slack=1.0):
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    return width > slack and height > slack


def assert_tidy(figure):
    """Draw the figure and look at where its text came to lie."""
    figure.canvas.draw()
    frame = figure.bbox.padded(1.0)
    hidden = _not_drawn(figure)
    for text in figure.findobj(matplotlib.text.Text):
        if text.get_visible() and text.get_text().strip() and text not in hidden:
            box = text.get_window_extent()
            inside = box.x0 >= frame.x0 and box.y0 >= frame.y0 and box.x1 <= frame.x1 and box.y1 <= frame.y1
            assert inside, f"{text.get_text()!r} reaches out of the figure"
    for ax in figure.axes:
        if not ax.axison:
            continue
        for labels in (ax.get_xticklabels(), ax.get_yticklabels()):
            seen = [t for t in labels if t.get_visible() and t.get_text() and t not in hidden]
            for first, second in itertools.pairwise(seen):
                assert not _overlap(first.get_window_extent(), second.get_window_extent()), (
                    f"tick labels {first.get_text()!r} and {second.get_text()!r} overlap"
                )
        legend = ax.get_legend()
        texts = [t.get_window_extent() for t in ax.texts]
        for first, second in itertools.combinations(texts, 2):
            assert not _overlap(first, second)
        if legend is not None:
            box = legend.get_window_extent()
            assert not any(_overlap(box, other) for other in texts), "the legend lies over a caption"


def assert_points_clear_of_legend(ax, lines):
    """No marker lies under the legend."""
    ax.figure.canvas.draw()
    box = ax.get_legend().get_window_extent()
    for line in lines:
        places = ax.transData.transform(np.column_stack(line.get_data()).astype(float))
        under = (places > [box.x0, box.y0]).all(axis=1) & (places < [box.x1, box.y1]).all(axis=1)
        assert not under.any()


def _not_drawn(figure):
    """Tick labels outside of the view, and all text of axes that are switched off."""
    texts = set()
    for ax in figure.axes:
        if not ax.axison:
            texts.update(ax.findobj(matplotlib.text.Text))
        for axis, (low, high) in ((ax.xaxis, sorted(ax.get_xlim())), (ax.yaxis, sorted(ax.get_ylim()))):
            for tick in itertools.chain(axis.get_major_ticks(), axis.get_minor_ticks()):
                if not low <= tick.get_loc() <= high:
                    texts.update((tick.label1, tick.label2))
    return texts
