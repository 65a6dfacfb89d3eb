import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.sparse as sp
from matplotlib.colors import to_hex
from sklearn.metrics import f1_score, precision_score, recall_score

from skbalance.metrics import group_f1_score
from skbalance.plotting import LabelScoreDisplay
from skbalance.plotting._score import (
    _as_named,
    group_means,
    label_scores,
)

from .tidy import assert_points_clear_of_legend, assert_tidy

COUNTS = np.array([900, 60, 30, 8, 1, 1, 0])
RNG = np.random.default_rng(0)
TRUE, FIRST, SECOND = (RNG.random((3, 50, 7)) < 0.4).astype(int)


class Fitted:
    """A model whose predictions are known beforehand."""

    def __init__(self, answer, counts=None):
        self.answer = answer
        if counts is not None:
            self.label_counts_ = counts

    def predict(self, X):
        return self.answer


@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix])
def test_points_are_the_scores(make):
    display = LabelScoreDisplay.from_predictions(make(TRUE), make(FIRST), label_counts=COUNTS, name="mine")
    places, scores = display.points_["mine"].get_data()
    np.testing.assert_allclose(scores, f1_score(TRUE, FIRST, average=None))
    np.testing.assert_allclose(places[:4], COUNTS[:4])
    assert places[4] < 1 < places[5]
    assert places[6] == 0
    assert display.ax_.get_ylabel() == "F1 of the label"
    assert display.links_ is None


def test_group_means_are_drawn_and_written():
    display = LabelScoreDisplay.from_predictions(TRUE, {"a": FIRST, "b": SECOND}, label_counts=COUNTS)
    for name, predicted in {"a": FIRST, "b": SECOND}.items():
        expected = group_f1_score(TRUE, predicted, label_counts=COUNTS)
        assert display.group_means[name] == pytest.approx(dict(expected))
        heights = [segment[0, 1] for segment in display.mean_lines_[name].get_segments()]
        np.testing.assert_allclose(heights, [expected.tail, expected.medium, expected.head])
    caption = display.ax_.get_legend().get_texts()[0].get_text()
    expected = group_f1_score(TRUE, FIRST, label_counts=COUNTS)
    assert caption == f"a (mean: head {expected.head:.2f}, medium {expected.medium:.2f}, tail {expected.tail:.2f})"


def test_two_models_are_told_apart_and_joined():
    scores = {"a": [1, 0.5, 0.5, 0, np.nan, 0, 1], "b": [0.5, 0.5, 0.25, 1, 0.5, 0, 1]}
    display = LabelScoreDisplay(COUNTS, scores).plot()
    first, second = display.points_.values()
    assert first.get_marker() != second.get_marker()
    assert to_hex(first.get_color()) != to_hex(second.get_color())
    segments = np.array(display.links_.get_segments())
    np.testing.assert_allclose(segments[:, :, 1], [[1, 0.5], [0.5, 0.25], [0, 1]])
    np.testing.assert_allclose(segments[:, 0, 0], [900, 30, 8])


def test_from_estimator():
    models = {"plain": Fitted(FIRST), "counted": Fitted(SECOND, COUNTS)}
    display = LabelScoreDisplay.from_estimator(models, None, TRUE)
    np.testing.assert_array_equal(display.label_counts, COUNTS)
    np.testing.assert_allclose(display.scores["plain"], f1_score(TRUE, FIRST, average=None))
    np.testing.assert_allclose(display.scores["counted"], f1_score(TRUE, SECOND, average=None))
    alone = LabelScoreDisplay.from_estimator(Fitted(FIRST), None, TRUE, label_counts=COUNTS)
    assert list(alone.scores) == ["Fitted"]
    with pytest.raises(AttributeError, match="label_counts_"):
        LabelScoreDisplay.from_estimator({"a": Fitted(FIRST), "b": Fitted(FIRST)}, None, TRUE)


def test_precision_is_named():
    display = LabelScoreDisplay.from_predictions(TRUE, FIRST, label_counts=COUNTS, scoring="precision")
    assert display.ax_.get_ylabel() == "Precision of the label"


def test_all_labels_of_pubmed():
    counts = np.ceil(1e5 / np.arange(1, 18212))
    scores = {name: np.clip(RNG.normal(0.5, 0.3, 18211), 0, 1) for name in ("BCE", "DB")}
    display = LabelScoreDisplay(counts, scores, boundaries=(15, 50)).plot()
    assert display.links_ is None
    for points in display.points_.values():
        assert points.get_markersize() < 2
        assert points.get_markerfacecolor() == points.get_color()
    assert all(handle.get_markersize() == 4 for handle in display.ax_.get_legend().legend_handles)
    assert_tidy(display.figure_)


def test_axes_are_reused_and_keep_what_they_show():
    ax = plt.subplots()[1]
    LabelScoreDisplay([5, 5000], {"a": [0.2, 0.9]}).plot(ax)
    display = LabelScoreDisplay([40, 50], {"b": [0.2, 0.9]}).plot(ax)
    assert display.ax_ is ax
    assert ax.get_xlim()[0] < 5 < 5000 < ax.get_xlim()[1]


@pytest.mark.parametrize("n_models", [1, 2, 3, 5])
def test_tidy(n_models):
    scores = {f"a model with a long name {i}": [1, 1, 1, 1, 0, 1, 1] for i in range(n_models)}
    display = LabelScoreDisplay(COUNTS, scores).plot()
    assert_tidy(display.figure_)
    assert_points_clear_of_legend(display.ax_, display.points_.values())


def test_tidy_beside_each_other():
    figure, axes = plt.subplots(1, 2, figsize=(13, 4), layout="constrained")
    for ax in axes:
        LabelScoreDisplay(COUNTS, {"a": np.ones(7), "b": np.zeros(7)}).plot(ax)
    assert_tidy(figure)


def test_nothing_known_of_a_group():
    display = LabelScoreDisplay([90, 3], {"a": [0.5, np.nan]}).plot()
    assert "tail –" in display.ax_.get_legend().get_texts()[0].get_text()
    assert_tidy(display.figure_)


def test_styles():
    display = LabelScoreDisplay(COUNTS, {"a": np.ones(7)}).plot(point_kw={"c": "red", "ms": 9}, line_kw={"lw": 7})
    assert to_hex(display.points_["a"].get_color()) == "#ff0000"
    assert display.points_["a"].get_markersize() == 9
    assert display.mean_lines_["a"].get_linewidth() == [7]


def test_what_cannot_be_drawn():
    with pytest.raises(ValueError, match="label_counts has 2 entries, but there are 7 labels"):
        LabelScoreDisplay.from_predictions(TRUE, FIRST, label_counts=[1, 2])
    with pytest.raises(ValueError, match="scores must map names of models to their scores; got list"):
        LabelScoreDisplay(COUNTS, [1, 2])
    with pytest.raises(ValueError, match="nothing to plot"):
        LabelScoreDisplay.from_predictions(TRUE, {}, label_counts=COUNTS)
    with pytest.raises(ValueError, match=r"scores\['a'\] must hold one number for each of 7 labels"):
        LabelScoreDisplay(COUNTS, {"a": [1, 2]})


@pytest.mark.usefixtures("no_matplotlib")
def test_missing_matplotlib():
    with pytest.raises(ImportError, match=r"LabelScoreDisplay.plot needs matplotlib"):
        LabelScoreDisplay.from_predictions(TRUE, FIRST, label_counts=COUNTS)


Y_TRUE, Y_PREDICTED = (RNG.random((2, 60, 12)) < 0.2).astype(int)
Y_TRUE[:, 0] = Y_PREDICTED[:, 0] = 0


@pytest.mark.parametrize(
    ("name", "metric"), [("f1", f1_score), ("precision", precision_score), ("recall", recall_score)]
)
@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("zero_division", [0, 1])
def test_scores_are_those_of_scikit_learn(name, metric, make, zero_division):
    expected = metric(Y_TRUE, Y_PREDICTED, average=None, zero_division=zero_division)
    np.testing.assert_allclose(label_scores(make(Y_TRUE), make(Y_PREDICTED), name, zero_division), expected)


def test_nan_where_there_is_nothing_to_divide_by():
    assert np.isnan(label_scores(Y_TRUE, Y_PREDICTED, "f1", np.nan)[0])


def test_group_means_are_group_f1():
    counts = np.array([0, 3, 8, 9, 20, 34, 35, 60, 2, 5, 100, 12])
    scores = label_scores(Y_TRUE, Y_PREDICTED, "f1", 0.0)
    expected = group_f1_score(Y_TRUE, Y_PREDICTED, label_counts=counts)
    assert group_means(scores, counts, (8, 35)) == pytest.approx(dict(expected))


def test_group_means_leave_out_nan_and_empty_groups():
    means = group_means(np.array([0.5, np.nan, np.nan]), np.array([90, 60, 4]), (8, 35))
    assert list(means) == ["head", "tail"]
    assert means["head"] == 0.5
    assert np.isnan(means["tail"])


def test_names():
    assert _as_named(3, "one") == {"one": 3}
    assert _as_named({"a": 1, 2: 2}, "one") == {"a": 1, "2": 2}
    with pytest.raises(ValueError, match="nothing to plot"):
        _as_named({}, "one")


def test_what_cannot_be_scored():
    with pytest.raises(ValueError, match=r"scoring must be one of .* got 'f2'"):
        label_scores(Y_TRUE, Y_PREDICTED, "f2", 0)
    with pytest.raises(ValueError, match="one shape"):
        label_scores(Y_TRUE, Y_PREDICTED[:, 1:], "f1", 0)
