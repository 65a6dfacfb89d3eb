import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import BernoulliNB

from skbalance import TunedThresholdMultiLabelClassifierCV
from skbalance.datasets import make_long_tailed_multilabel
from skbalance.plotting import ThresholdDisplay

from .tidy import assert_points_clear_of_legend, assert_tidy

COUNTS = np.array([900, 60, 30, 8, 1, 1, 0])
RNG = np.random.default_rng(0)
THRESHOLDS = np.array([0.5, 0.4, 0.3, 0.35, 0.2, 0.2, 0.1])


def test_what_is_drawn():
    display = ThresholdDisplay(COUNTS, THRESHOLDS, np.full(7, 0.5), [0.4, 0.6, 0.5, 0.5, 0.1, 0.7, np.nan]).plot()
    np.testing.assert_allclose(display.threshold_points_.get_ydata(), THRESHOLDS)
    np.testing.assert_allclose(display.threshold_points_.get_xdata()[:4], COUNTS[:4])
    gain, loss = display.difference_lines_
    np.testing.assert_allclose(gain.get_ydata(), [0.1, 0.4])
    np.testing.assert_allclose(loss.get_ydata(), [-0.1, -0.2])
    legend = display.axes_[1].get_legend()
    assert [t.get_text() for t in legend.get_texts()] == ["gain (2)", "loss (2)"]
    assert legend.get_title().get_text() == "against baseline, 2 unchanged"
    captions = [t.get_text() for t in display.axes_[1].texts]
    assert captions == ["mean F1 0.43\n→ 0.50", "mean F1 0.50\n→ 0.50", "mean F1 0.50\n→ 0.50"]


def test_labels_without_a_finite_threshold():
    thresholds = np.array([0.5, 0.4, -np.inf, 0.3, 0.2, np.inf, np.inf])
    display = ThresholdDisplay(COUNTS, thresholds, np.ones(7), np.zeros(7)).plot()
    assert len(display.threshold_points_.get_xdata()) == 4
    lines = {line.get_label(): line.get_xdata() for line in display.axes_[0].lines}
    assert len(lines["never predicted"]) == 2
    assert len(lines["always predicted"]) == 1
    assert_tidy(display.figure_)
    only = ThresholdDisplay([3, 4], [np.inf, -np.inf], [0, 1], [0, 1]).plot()
    assert_tidy(only.figure_)


@pytest.mark.parametrize("strategy", ["per_label_shrunk", "global"])
def test_from_estimator(strategy):
    X, y = make_long_tailed_multilabel(400, 12, n_features=60, random_state=0, return_indicator="dense")
    model = TunedThresholdMultiLabelClassifierCV(
        OneVsRestClassifier(BernoulliNB()), strategy=strategy, cv=3, random_state=0
    ).fit(X[:250], y[:250])
    display = ThresholdDisplay.from_estimator(model, X[250:], y[250:])
    np.testing.assert_array_equal(display.thresholds, model.thresholds_)
    np.testing.assert_array_equal(display.label_counts, y[:250].sum(axis=0))
    plain = f1_score(y[250:], model.estimator_.predict(X[250:]), average=None, zero_division=0)
    np.testing.assert_allclose(display.baseline_scores, plain)
    np.testing.assert_allclose(display.scores, f1_score(y[250:], model.predict(X[250:]), average=None, zero_division=0))
    assert_tidy(display.figure_)


def test_many_labels_are_drawn_small():
    counts = np.ceil(1e5 / np.arange(1, 18212))
    scores = RNG.random(18211)
    display = ThresholdDisplay(counts, RNG.random(18211), scores, scores - 0.25, boundaries=(15, 50)).plot()
    gain, _ = display.difference_lines_
    assert len(gain.get_xdata()) == 18211
    assert gain.get_markersize() < 2
    assert_tidy(display.figure_)


def test_axes_are_reused():
    figure, axes = plt.subplots(2, 2, layout="constrained", figsize=(11, 8))
    display = ThresholdDisplay(COUNTS, THRESHOLDS, np.ones(7), np.zeros(7)).plot(axes[:, 0])
    assert list(display.axes_) == list(axes[:, 0])
    assert display.figure_ is figure


@pytest.mark.parametrize("difference", [0.0, 1.0, -1.0, 1e-9])
def test_tidy(difference):
    scores = np.full(7, 0.5)
    display = ThresholdDisplay(
        COUNTS, THRESHOLDS, scores + difference / 2, scores - difference / 2,
        baseline_name="a rather long name of a baseline",
    ).plot()  # fmt: skip
    assert_tidy(display.figure_)
    assert_points_clear_of_legend(display.axes_[1], display.difference_lines_)
    assert_points_clear_of_legend(display.axes_[0], [display.threshold_points_])


def test_what_cannot_be_drawn():
    with pytest.raises(ValueError, match="thresholds must hold one number for each of 7 labels"):
        ThresholdDisplay(COUNTS, THRESHOLDS[1:], np.ones(7), np.ones(7))
    with pytest.raises(ValueError, match="thresholds must not be NaN"):
        ThresholdDisplay(COUNTS, np.full(7, np.nan), np.ones(7), np.ones(7))
    with pytest.raises(ValueError, match="scores must not be infinite"):
        ThresholdDisplay(COUNTS, THRESHOLDS, np.full(7, np.inf), np.ones(7))
    with pytest.raises(ValueError, match="baseline_scores must hold one number"):
        ThresholdDisplay(COUNTS, THRESHOLDS, np.ones(7), np.ones(6))
    with pytest.raises(AttributeError, match="BernoulliNB has no `thresholds_`"):
        ThresholdDisplay.from_estimator(BernoulliNB(), None, COUNTS)
    with pytest.raises(ValueError, match=r"array of axes of shape \(2, 1\); got shape \(3,\)"):
        ThresholdDisplay(COUNTS, THRESHOLDS, np.ones(7), np.ones(7)).plot(plt.subplots(3)[1])


@pytest.mark.usefixtures("no_matplotlib")
def test_missing_matplotlib():
    with pytest.raises(ImportError, match=r"ThresholdDisplay.plot needs matplotlib"):
        ThresholdDisplay(COUNTS, THRESHOLDS, np.ones(7), np.ones(7)).plot()
