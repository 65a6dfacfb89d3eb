"""Thresholds of the labels, and the change in their scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError

from skbalance.plotting import _axes
from skbalance.plotting._score import group_means, label_scores

_GAIN, _LOSS = "#08306b", "#e07b00"


class ThresholdDisplay:
    """Threshold of each label against its number of training samples, and how it changes the label's score.

    Use :meth:`from_estimator` to make one.

    Parameters
    ----------
    label_counts : array-like of shape (n_labels,)
        Positives of each label in the *training* data.
    thresholds : array-like of shape (n_labels,)
        Threshold of each label, on the scale of the scores. Infinite for labels that are always or never predicted.
    scores : array-like of shape (n_labels,)
        Score of each label with these thresholds. NaN is left out.
    baseline_scores : array-like of shape (n_labels,)
        Score of each label with the thresholds that they are compared with.
    baseline_name : str, default="baseline"
        What these are called.
    score_name : str, default="F1"
        What the score is called.
    boundaries : tuple of two numbers, default=(8, 35)
        The largest count of the tail and the smallest of the head, see :func:`skbalance.metrics.label_groups`.

    Attributes
    ----------
    label_counts, thresholds, scores, baseline_scores, baseline_name, score_name, boundaries
        As given.
    differences : ndarray of shape (n_labels,)
        `scores` less `baseline_scores`.
    group_means : dict of str to dict of str to float
        For ``"tuned"`` and ``"baseline"``, the mean score of each group that has labels.
    axes_ : ndarray of shape (2,)
        The axes of the thresholds and those of the changes.
    figure_ : matplotlib Figure
        Their figure.
    threshold_points_ : matplotlib artist
        The thresholds.
    difference_lines_ : list of matplotlib artist
        The gains and the losses.

    See Also
    --------
    LabelScoreDisplay : The scores themselves.
    skbalance.decisions.TunedThresholdMultiLabelClassifierCV : Sets the thresholds.

    Examples
    --------
    >>> from sklearn.naive_bayes import BernoulliNB
    >>> from sklearn.multiclass import OneVsRestClassifier
    >>> from skbalance import TunedThresholdMultiLabelClassifierCV
    >>> from skbalance.datasets import make_long_tailed_multilabel
    >>> from skbalance.plotting import ThresholdDisplay
    >>> X, y = make_long_tailed_multilabel(300, 12, random_state=0)
    >>> model = TunedThresholdMultiLabelClassifierCV(OneVsRestClassifier(BernoulliNB()), random_state=0)
    >>> display = ThresholdDisplay.from_estimator(model.fit(X[:200], y[:200]), X[200:], y[200:])
    >>> display.differences.shape
    (12,)
    """

    def __init__(
        self,
        label_counts: Any,
        thresholds: Any,
        scores: Any,
        baseline_scores: Any,
        *,
        baseline_name: str = "baseline",
        score_name: str = "F1",
        boundaries: tuple[float, float] = (8, 35),
    ):
        self.label_counts = _axes.check_counts(label_counts, boundaries)
        n_labels = self.label_counts.size
        self.thresholds = _axes.check_numbers(thresholds, n_labels, "thresholds", np.isnan)
        self.scores = _axes.check_numbers(scores, n_labels, "scores", np.isinf)
        self.baseline_scores = _axes.check_numbers(baseline_scores, n_labels, "baseline_scores", np.isinf)
        self.differences = self.scores - self.baseline_scores
        self.baseline_name = baseline_name
        self.score_name = score_name
        self.boundaries = boundaries
        both = {"tuned": self.scores, "baseline": self.baseline_scores}
        self.group_means = {name: group_means(values, self.label_counts, boundaries) for name, values in both.items()}

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        scoring: str = "f1",
        zero_division: float = 0.0,
        boundaries: tuple[float, float] = (8, 35),
        ax: Any = None,
        **plot_kwargs: Any,
    ) -> ThresholdDisplay:
        """Plot the thresholds of a fitted meta-estimator, and the change from its inner estimator's scores.

        Parameters
        ----------
        estimator : TunedThresholdMultiLabelClassifierCV
            Fitted: with `thresholds_`, `label_counts_` and `estimator_`, whose own predictions are the baseline.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Test samples.
        y : {array-like, sparse matrix} of shape (n_samples, n_labels)
            Their labels.
        scoring : {"f1", "precision", "recall"}, default="f1"
            The score. Another one goes into the constructor, and :meth:`plot` draws it.
        zero_division : {0, 1, nan}, default=0
            Score of a label with nothing to divide by; nan leaves it out.
        boundaries : tuple of two numbers, default=(8, 35)
            The largest count of the tail and the smallest of the head.
        ax : array of two matplotlib Axes, default=None
            One for each plot; None makes a figure.
        **plot_kwargs : dict
            For :meth:`plot`.

        Returns
        -------
        display : ThresholdDisplay
            What was drawn.

        Raises
        ------
        NotFittedError
            If the estimator has no thresholds.
        ValueError
            If the labels or options cannot be used.
        ImportError
            If matplotlib is missing.
        """
        for name in ("thresholds_", "label_counts_", "estimator_"):
            if not hasattr(estimator, name):
                raise NotFittedError(
                    f"{type(estimator).__name__} has no `{name}`; give a fitted TunedThresholdMultiLabelClassifierCV, "
                    "or thresholds and scores to ThresholdDisplay(...).plot()."
                )
        tuned = label_scores(y, estimator.predict(X), scoring, zero_division)
        plain = label_scores(y, estimator.estimator_.predict(X), scoring, zero_division)
        display = cls(
            estimator.label_counts_, estimator.thresholds_, tuned, plain,
            baseline_name="the estimator's own threshold",
            score_name=scoring.capitalize(), boundaries=boundaries,
        )  # fmt: skip
        return display.plot(ax, **plot_kwargs)

    def plot(self, ax: Any = None, *, point_kw: dict | None = None) -> ThresholdDisplay:
        """Draw the thresholds and the changes.

        Parameters
        ----------
        ax : array of two matplotlib Axes, default=None
            One for each plot; None makes a figure.
        point_kw : dict, default=None
            Properties of the thresholds' points, a `Line2D` of matplotlib.

        Returns
        -------
        display : ThresholdDisplay
            The display itself.

        Raises
        ------
        ValueError
            If `ax` is not two axes.
        ImportError
            If matplotlib is missing.
        """
        axes = _axes.new_axes(ax, f"{type(self).__name__}.plot", (6.8, 6.0), (2, 1))[:, 0]
        places = _axes.spread_positions(self.label_counts)
        self._draw_thresholds(axes[0], places, point_kw)
        self._draw_differences(axes[1], places)
        self.axes_, self.figure_ = axes, axes[0].figure
        return self

    def _draw_thresholds(self, ax: Any, places: np.ndarray, point_kw: dict | None) -> None:
        _axes.set_count_axis(ax, self.label_counts, self.boundaries)
        ax.set_xlabel("")
        ax.tick_params(axis="x", labelbottom=False)
        finite = np.isfinite(self.thresholds)
        known = self.thresholds[finite]
        style = {"color": _GAIN, "markersize": 4, "zorder": 3, "label": "threshold of a label"}
        (self.threshold_points_,) = ax.plot(places[finite], known, "o", **style)
        _axes.shrink_points(self.threshold_points_, places.size)
        _axes.restyle(self.threshold_points_, point_kw)
        low, high = (known.min(), known.max()) if known.size else (0.0, 1.0)
        margin = 0.08 * (high - low or 1.0)
        for value, at, marker, word in ((np.inf, high + margin, "^", "never"), (-np.inf, low - margin, "v", "always")):
            those = places[self.thresholds == value]
            if those.size:
                ax.plot(
                    those, np.full(those.size, at), marker, color="#707070", markersize=4, label=f"{word} predicted"
                )
        ax.set_ylabel("Threshold on the score")
        _axes.top_legend(ax, low - margin, high + margin, ncols=4)

    def _draw_differences(self, ax: Any, places: np.ndarray) -> None:
        changes = {}
        for name, after in self.group_means["tuned"].items():
            change = f"{self.group_means['baseline'][name]:.2f}\n→ {after:.2f}"
            changes[name] = [f"mean {self.score_name} {change}", f"mean {change}", change]
        spans = _axes.set_count_axis(ax, self.label_counts, self.boundaries, changes)
        ax.axhline(0, color="#000000", linewidth=0.8, zorder=2)
        self.difference_lines_ = []
        for sign, marker, color, word in ((1, "^", _GAIN, "gain"), (-1, "v", _LOSS, "loss")):
            which = sign * self.differences > 0
            at, change = places[which], self.differences[which]
            label = f"{word} ({which.sum():,})"
            (points,) = ax.plot(at, change, marker, color=color, markersize=5, zorder=3, label=label)
            _axes.shrink_points(points, places.size)
            ax.vlines(at, 0, change, color=color, linewidth=points.get_markersize() / 5, zorder=3)
            self.difference_lines_.append(points)
        for name, (start, end) in spans.items():
            mean = self.group_means["tuned"][name] - self.group_means["baseline"][name]
            ax.hlines(mean, start, end, color="#000000", linewidth=1.8, linestyle=(0, (2, 1)), zorder=4)
        ax.set_ylabel(f"Change of {self.score_name}")
        same = int((self.differences == 0).sum())
        title = f"against {self.baseline_name}" + (f", {same:,} unchanged" if same else "")
        known = np.append(self.differences[~np.isnan(self.differences)], 0.0)
        _axes.top_legend(ax, known.min(), known.max(), ncols=2, title=title)
