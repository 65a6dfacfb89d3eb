import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import BernoulliNB

from skbalance import TunedThresholdMultiLabelClassifierCV
from skbalance.datasets import make_long_tailed_multilabel
from skbalance.plotting import ThresholdDisplay, _threshold

from .tidy import assert_points_clear_of_legend, assert_tidy

COUNTS = np.array([900, 60, 30, 8, 1, 1, 0])
RNG = np.random.default_rng(0)
TRUE = (RNG.random((80, 7)) < 0.3).astype(int)
SCORE = np.clip(0.3 * TRUE + 0.6 * RNG.random(TRUE.shape), 0, 1)
THRESHOLDS = np.array([0.5, 0.4, 0.3, 0.35, 0.2, 0.2, 0.1])


def test_scores_by_the_cuts():
    display = ThresholdDisplay.from_predictions(TRUE, SCORE, THRESHOLDS, label_counts=COUNTS, baseline_threshold=0.45)
    tuned, plain = (f1_score(TRUE, threshold < SCORE, average=None) for threshold in (THRESHOLDS, 0.45))
    np.testing.assert_allclose(display.scores, tuned)
    np.testing.assert_allclose(display.baseline_scores, plain)
    np.testing.assert_allclose(display.differences, tuned - plain)
    assert display.group_means["tuned"]["tail"] == pytest.approx(tuned[3:].mean())
    assert display.group_means["baseline"]["head"] == pytest.approx(plain[:2].mean())


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


def test_the_baseline_is_a_line():
    display = ThresholdDisplay.from_predictions(TRUE, SCORE, THRESHOLDS, label_counts=COUNTS, baseline_threshold=0.45)
    lines = {line.get_label(): line for line in display.axes_[0].lines}
    np.testing.assert_allclose(lines["one threshold at 0.45"].get_ydata(), 0.45)


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


def test_scores_are_compared_in_blocks(monkeypatch):
    whole = _threshold._above(SCORE, THRESHOLDS).toarray()
    monkeypatch.setattr(_threshold, "_BLOCK", 20)
    np.testing.assert_array_equal(_threshold._above(SCORE, THRESHOLDS).toarray(), whole)
    np.testing.assert_array_equal(whole, SCORE > THRESHOLDS)


def test_sparse_targets():
    dense, sparse = (
        ThresholdDisplay.from_predictions(y, SCORE, THRESHOLDS, label_counts=COUNTS)
        for y in (TRUE, sp.csr_matrix(TRUE))
    )
    np.testing.assert_array_equal(dense.differences, sparse.differences)


def test_many_labels_are_drawn_as_means():
    counts = np.ceil(1e5 / np.arange(1, 18212))
    scores = RNG.random(18211)
    display = ThresholdDisplay(counts, RNG.random(18211), scores, scores - 0.25, boundaries=(15, 50)).plot()
    (line,) = display.difference_lines_
    np.testing.assert_allclose(line.get_ydata(), 0.25)
    assert_tidy(display.figure_)


def test_axes_are_reused():
    figure, axes = plt.subplots(2, 2, layout="constrained", figsize=(11, 8))
    display = ThresholdDisplay(COUNTS, THRESHOLDS, np.ones(7), np.zeros(7)).plot(axes[:, 0])
    assert list(display.axes_) == list(axes[:, 0])
    other = ThresholdDisplay(COUNTS, THRESHOLDS, np.ones(7), np.zeros(7)).plot(axes[0, 1])
    assert other.figure_ is figure
    assert not axes[0, 1].axison
    assert axes[1, 1].axison


@pytest.mark.parametrize("difference", [0.0, 1.0, -1.0, 1e-9])
def test_tidy(difference):
    scores = np.full(7, 0.5)
    display = ThresholdDisplay(
        COUNTS, THRESHOLDS, scores + difference / 2, scores - difference / 2, baseline_threshold=0.5,
        baseline_name="a rather long name of a baseline",
    ).plot()  # fmt: skip
    assert_tidy(display.figure_)
    assert_points_clear_of_legend(display.axes_[1], display.difference_lines_)
    assert_points_clear_of_legend(display.axes_[0], [display.threshold_points_])


def test_what_cannot_be_drawn():
    with pytest.raises(ValueError, match="thresholds must hold one number for each of 7 labels"):
        ThresholdDisplay.from_predictions(TRUE, SCORE, THRESHOLDS[1:], label_counts=COUNTS)
    with pytest.raises(ValueError, match="label_counts has 6 entries, but there are 7 labels"):
        ThresholdDisplay.from_predictions(TRUE, SCORE, THRESHOLDS, label_counts=COUNTS[1:])
    with pytest.raises(ValueError, match="none of them NaN"):
        ThresholdDisplay(COUNTS, np.full(7, np.nan), np.ones(7), np.ones(7))
    with pytest.raises(ValueError, match=r"one shape .* got \(80, 7\) and \(80, 6\)"):
        ThresholdDisplay.from_predictions(TRUE, SCORE[:, 1:], THRESHOLDS, label_counts=COUNTS)
    with pytest.raises(ValueError, match="baseline_threshold must be a number; got 'best'"):
        ThresholdDisplay.from_predictions(TRUE, SCORE, THRESHOLDS, label_counts=COUNTS, baseline_threshold="best")
    with pytest.raises(ValueError, match="baseline_scores must hold one number"):
        ThresholdDisplay(COUNTS, THRESHOLDS, np.ones(7), np.ones(6))
    with pytest.raises(AttributeError, match="BernoulliNB has no `thresholds_`"):
        ThresholdDisplay.from_estimator(BernoulliNB(), None, TRUE)
    with pytest.raises(ValueError, match=r"array of axes of shape \(2, 1\)"):
        ThresholdDisplay(COUNTS, THRESHOLDS, np.ones(7), np.ones(7)).plot(plt.subplots(3)[1])


@pytest.mark.usefixtures("no_matplotlib")
def test_missing_matplotlib():
    with pytest.raises(ImportError, match=r"ThresholdDisplay.from_predictions needs matplotlib"):
        ThresholdDisplay.from_predictions(TRUE, SCORE, THRESHOLDS, label_counts=COUNTS)
    with pytest.raises(ImportError, match=r"ThresholdDisplay.from_estimator needs matplotlib"):
        ThresholdDisplay.from_estimator(BernoulliNB(), None, TRUE)
