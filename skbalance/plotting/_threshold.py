"""Thresholds of the labels, and the change in their scores."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError

from skbalance._validation import read_numbers
from skbalance.plotting import _axes, _label_scores

_BLOCK = 1 << 24
_GAIN, _LOSS = "#08306b", "#e07b00"


class ThresholdDisplay:
    """Threshold of each label against its number of training samples, and how it changes the label's score.

    Use :meth:`from_estimator` or :meth:`from_predictions` to make one.

    Parameters
    ----------
    label_counts : array-like of shape (n_labels,)
        Positives of each label in the *training* data.
    thresholds : array-like of shape (n_labels,)
        Threshold of each label, on the scale of the scores. Infinite for labels that are always or never predicted.
    scores : array-like of shape (n_labels,)
        Score of each label with these thresholds. NaN is left out.
    baseline_scores : array-like of shape (n_labels,)
        Score of each label with the threshold that they are compared with.
    baseline_threshold : float, default=None
        That threshold, drawn as a line if it is given.
    baseline_name : str, default="baseline"
        What it is called.
    score_name : str, default="F1"
        What the score is called.
    boundaries : tuple of two numbers, default=(8, 35)
        The largest count of the tail and the smallest of the head, see :func:`skbalance.metrics.label_groups`.

    Attributes
    ----------
    label_counts, thresholds, scores, baseline_scores, baseline_threshold, baseline_name, score_name, boundaries
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
    >>> import numpy as np
    >>> from skbalance.plotting import ThresholdDisplay
    >>> y_true = np.array([[1, 1], [1, 0], [0, 0], [1, 0]])
    >>> y_score = np.array([[0.9, 0.3], [0.8, 0.1], [0.6, 0.1], [0.7, 0.2]])
    >>> display = ThresholdDisplay.from_predictions(y_true, y_score, [0.5, 0.25], label_counts=[60, 4])
    >>> display.differences
    array([0., 1.])
    """

    def __init__(
        self,
        label_counts: Any,
        thresholds: Any,
        scores: Any,
        baseline_scores: Any,
        *,
        baseline_threshold: float | None = None,
        baseline_name: str = "baseline",
        score_name: str = "F1",
        boundaries: tuple[float, float] = (8, 35),
    ):
        self.label_counts = _axes.check_counts(label_counts, boundaries)
        n_labels = self.label_counts.size
        self.thresholds = _check_thresholds(thresholds, n_labels)
        self.scores = _label_scores.check_label_scores(scores, n_labels)
        self.baseline_scores = _label_scores.check_label_scores(baseline_scores, n_labels, "baseline_scores")
        self.differences = self.scores - self.baseline_scores
        self.baseline_threshold = baseline_threshold
        self.baseline_name = baseline_name
        self.score_name = score_name
        self.boundaries = boundaries
        both = {"tuned": self.scores, "baseline": self.baseline_scores}
        self.group_means = {
            name: _label_scores.group_means(values, self.label_counts, boundaries) for name, values in both.items()
        }

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        scoring: str | Callable = "f1",
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
        scoring : {"f1", "precision", "recall"} or callable, default="f1"
            ``scoring(y_true, y_pred)`` gives an array of shape (n_labels,).
        zero_division : {0, 1, nan}, default=0
            Score of a label with nothing to divide by; nan leaves it out.
        boundaries : tuple of two numbers, default=(8, 35)
            The largest count of the tail and the smallest of the head.
        ax : matplotlib Axes or array of two, default=None
            Axes to put both plots in, or one for each; None makes a figure.
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
        _axes.import_pyplot(f"{cls.__name__}.from_estimator")
        for name in ("thresholds_", "label_counts_", "estimator_"):
            if not hasattr(estimator, name):
                raise NotFittedError(
                    f"{type(estimator).__name__} has no `{name}`; give a fitted TunedThresholdMultiLabelClassifierCV, "
                    "or use from_predictions."
                )
        tuned = _label_scores.label_scores(y, estimator.predict(X), scoring, zero_division)
        plain = _label_scores.label_scores(y, estimator.estimator_.predict(X), scoring, zero_division)
        display = cls(
            estimator.label_counts_, estimator.thresholds_, tuned, plain,
            baseline_name="the estimator's own threshold",
            score_name=_label_scores.score_title(scoring), boundaries=boundaries,
        )  # fmt: skip
        return display.plot(ax, **plot_kwargs)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_score: Any,
        thresholds: Any,
        *,
        label_counts: Any,
        baseline_threshold: float = 0.5,
        scoring: str | Callable = "f1",
        zero_division: float = 0.0,
        boundaries: tuple[float, float] = (8, 35),
        ax: Any = None,
        **plot_kwargs: Any,
    ) -> ThresholdDisplay:
        """Plot thresholds, and the change from the scores with a single threshold.

        Parameters
        ----------
        y_true : {array-like, sparse matrix} of shape (n_samples, n_labels)
            True labels.
        y_score : ndarray of shape (n_samples, n_labels)
            Scores; a label is predicted where its score is above the threshold.
        thresholds : array-like of shape (n_labels,)
            Threshold of each label.
        label_counts : array-like of shape (n_labels,)
            Positives of each label in the training data.
        baseline_threshold : float, default=0.5
            The one threshold.
        scoring : {"f1", "precision", "recall"} or callable, default="f1"
            ``scoring(y_true, y_pred)`` gives an array of shape (n_labels,).
        zero_division : {0, 1, nan}, default=0
            Score of a label with nothing to divide by; nan leaves it out.
        boundaries : tuple of two numbers, default=(8, 35)
            The largest count of the tail and the smallest of the head.
        ax : matplotlib Axes or array of two, default=None
            Axes to put both plots in, or one for each; None makes a figure.
        **plot_kwargs : dict
            For :meth:`plot`.

        Returns
        -------
        display : ThresholdDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If the labels, scores, thresholds or options cannot be used.
        ImportError
            If matplotlib is missing.
        """
        _axes.import_pyplot(f"{cls.__name__}.from_predictions")
        y_score = read_numbers(y_score, "y_score")
        if y_score.ndim != 2 or np.shape(y_true) != y_score.shape:
            raise ValueError(
                f"y_true and y_score must have one shape (n_samples, n_labels); got {np.shape(y_true)} and "
                f"{y_score.shape}."
            )
        if not isinstance(baseline_threshold, Real) or baseline_threshold != baseline_threshold:
            raise ValueError(f"baseline_threshold must be a number; got {baseline_threshold!r}.")
        checked = _check_thresholds(thresholds, y_score.shape[1])
        counts = _axes.check_counts(label_counts, boundaries, y_score.shape[1])
        tuned = _label_scores.label_scores(y_true, _above(y_score, checked), scoring, zero_division)
        plain = _label_scores.label_scores(y_true, _above(y_score, baseline_threshold), scoring, zero_division)
        display = cls(
            counts, checked, tuned, plain,
            baseline_threshold=float(baseline_threshold), baseline_name=f"one threshold at {baseline_threshold:.4g}",
            score_name=_label_scores.score_title(scoring), boundaries=boundaries,
        )  # fmt: skip
        return display.plot(ax, **plot_kwargs)

    def plot(self, ax: Any = None, *, max_points: int = 1000, point_kw: dict | None = None) -> ThresholdDisplay:
        """Draw the thresholds and the changes.

        Parameters
        ----------
        ax : matplotlib Axes or array of two, default=None
            Axes to put both plots in, or one for each; None makes a figure.
        max_points : int, default=1000
            Most labels whose change is drawn one by one; with more, a line follows the mean of labels of similar
            frequency, in a band from the first to the third quartile.
        point_kw : dict, default=None
            Properties of the thresholds' points, a `Line2D` of matplotlib.

        Returns
        -------
        display : ThresholdDisplay
            The display itself.

        Raises
        ------
        ValueError
            If `ax` is not one or two axes.
        ImportError
            If matplotlib is missing.
        """
        axes = _axes.new_grid(ax, (2, 1), f"{type(self).__name__}.plot", (6.8, 6.0))[:, 0]
        places = _axes.spread_positions(self.label_counts)
        many = self.label_counts.size > max_points
        self._draw_thresholds(axes[0], places, many, point_kw)
        self._draw_differences(axes[1], places, many)
        self.axes_, self.figure_ = axes, axes[0].figure
        return self

    def _draw_thresholds(self, ax: Any, places: np.ndarray, many: bool, point_kw: dict | None) -> None:
        _axes.set_count_axis(ax, self.label_counts, self.boundaries)
        ax.set_xlabel("")
        ax.tick_params(axis="x", labelbottom=False)
        finite = np.isfinite(self.thresholds)
        known = self.thresholds[finite]
        (points,) = ax.plot(places[finite], known, "o", color=_GAIN, zorder=3, label="threshold of a label")
        points.set(markersize=1.5 if many else 4, alpha=0.3 if many else 1.0, rasterized=many)
        _axes.restyle(points, point_kw)
        self.threshold_points_ = points
        if self.baseline_threshold is not None:
            known = np.append(known, self.baseline_threshold)
            ax.axhline(
                self.baseline_threshold, color="#000000", linestyle=(0, (5, 2)), linewidth=1.2, zorder=2,
                label=self.baseline_name,
            )  # fmt: skip
        low, high = (known.min(), known.max()) if known.size else (0.0, 1.0)
        margin = 0.08 * (high - low or 1.0)
        for value, marker, word, at in (
            (np.inf, "^", "never", high + margin),
            (-np.inf, "v", "always", low - margin),
        ):
            which = self.thresholds == value
            if which.any():
                low, high = min(low, at), max(high, at)
                ax.plot(
                    places[which], np.full(which.sum(), at), marker, color="#707070", markersize=4, zorder=3,
                    label=f"{word} predicted",
                )  # fmt: skip
        ax.set_ylabel("Threshold on the score")
        legend = _axes.top_legend(ax, low, high, ncols=4)
        legend.legend_handles[0].set(alpha=1.0, markersize=4)

    def _draw_differences(self, ax: Any, places: np.ndarray, many: bool) -> None:
        changes = {}
        for name, after in self.group_means["tuned"].items():
            change = f"{self.group_means['baseline'][name]:.2f}\n→ {after:.2f}"
            changes[name] = [f"mean {self.score_name} {change}", f"mean {change}", change]
        spans = _axes.set_count_axis(ax, self.label_counts, self.boundaries, changes)
        ax.axhline(0, color="#000000", linewidth=0.8, zorder=2)
        if many:
            line = _label_scores.plot_means(
                ax, self.differences, self.label_counts, color=_GAIN, marker="o", label="mean change"
            )
            self.difference_lines_ = [line]
        else:
            self.difference_lines_ = []
            for sign, marker, color, word in ((1, "^", _GAIN, "gain"), (-1, "v", _LOSS, "loss")):
                which = sign * self.differences > 0
                at, change = places[which], self.differences[which]
                ax.vlines(at, 0, change, color=color, linewidth=1.0, zorder=3)
                label = f"{word} ({which.sum()})"
                self.difference_lines_ += ax.plot(at, change, marker, color=color, markersize=5, zorder=3, label=label)
        for name, (start, end) in spans.items():
            mean = self.group_means["tuned"][name] - self.group_means["baseline"][name]
            ax.hlines(mean, start, end, color="#000000", linewidth=1.8, linestyle=(0, (2, 1)), zorder=4)
        ax.set_ylabel(f"Change of {self.score_name}")
        same = int((self.differences == 0).sum())
        title = f"against {self.baseline_name}" + (f", {same:,} unchanged" if same else "")
        known = np.append(self.differences[~np.isnan(self.differences)], 0.0)
        _axes.top_legend(ax, known.min(), known.max(), ncols=2, title=title)


def _check_thresholds(thresholds: Any, n_labels: int) -> np.ndarray:
    thresholds = read_numbers(thresholds, "thresholds")
    if thresholds.shape != (n_labels,) or np.isnan(thresholds).any():
        raise ValueError(
            f"thresholds must hold one number for each of {n_labels} labels, none of them NaN; got shape "
            f"{thresholds.shape}."
        )
    return thresholds


def _above(y_score: np.ndarray, thresholds: Any) -> sp.csr_array:
    step = max(1, _BLOCK // max(1, y_score.shape[1]))
    blocks = [sp.csr_array(y_score[i : i + step] > thresholds) for i in range(0, max(1, y_score.shape[0]), step)]
    return sp.vstack(blocks, format="csr")
