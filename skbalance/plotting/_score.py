"""Scores of the labels against their frequency in training."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError

from skbalance._indicators import align_indicators, check_zero_division, label_fractions, ratio
from skbalance.metrics import fitted_label_counts, label_groups
from skbalance.plotting import _axes

_SCORES = ("f1", "precision", "recall")
# More points than these are small and pale, and not joined.
_MANY_POINTS = 1000


class LabelScoreDisplay:
    """Score of each label against its number of training samples, for one model or several.

    Each label is a point, and two models' points of one label are joined, up to 1,000 labels. The mean of each group of
    labels, head, medium and tail, is drawn as a line over its range and written in the legend.

    Use :meth:`from_estimator` or :meth:`from_predictions` to make one.

    Parameters
    ----------
    label_counts : array-like of shape (n_labels,)
        Positives of each label in the *training* data.
    scores : mapping of str to array-like of shape (n_labels,)
        One score a label of each model. NaN is left out.
    score_name : str, default="F1"
        What the score is called.
    boundaries : tuple of two numbers, default=(8, 35)
        The largest count of the tail and the smallest of the head, see :func:`skbalance.metrics.label_groups`.

    Attributes
    ----------
    label_counts, scores, score_name, boundaries
        As given.
    group_means : dict of str to dict of str to float
        For each model, the mean score of each group that has labels.
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        Their figure.
    points_ : dict of str to matplotlib artist
        The points of each model.
    mean_lines_ : dict of str to matplotlib artist
        The group means of each model.
    links_ : matplotlib artist or None
        What joins the points of two models.

    See Also
    --------
    skbalance.metrics.group_f1_score : The group means of F1.

    Examples
    --------
    >>> from sklearn.model_selection import train_test_split
    >>> from skbalance import BalancedMultiLabelClassifier
    >>> from skbalance.datasets import make_long_tailed_multilabel
    >>> from skbalance.plotting import LabelScoreDisplay
    >>> X, y = make_long_tailed_multilabel(500, 60, random_state=0)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> models = {name: BalancedMultiLabelClassifier(name).fit(X_train, y_train) for name in ("bce", "db")}
    >>> display = LabelScoreDisplay.from_estimator(models, X_test, y_test)
    >>> list(display.group_means["db"])
    ['head', 'medium', 'tail']
    """

    def __init__(
        self,
        label_counts: Any,
        scores: Mapping[str, Any],
        *,
        score_name: str = "F1",
        boundaries: tuple[float, float] = (8, 35),
    ):
        self.label_counts = _axes.check_counts(label_counts, boundaries)
        if not isinstance(scores, Mapping):
            raise ValueError(f"scores must map names of models to their scores; got {type(scores).__name__}.")
        self.scores, self.group_means = {}, {}
        for name, given in _as_named(scores, "").items():
            values = _axes.check_numbers(given, self.label_counts.size, f"scores[{name!r}]")
            self.scores[name], self.group_means[name] = values, group_means(values, self.label_counts, boundaries)
        self.score_name = score_name
        self.boundaries = boundaries

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, *, label_counts: Any = None, **options: Any) -> Any:
        """Plot the scores of one or more fitted estimators.

        Parameters
        ----------
        estimator : estimator or mapping of str to estimator
            Fitted; a mapping of names compares several.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Test samples.
        y : {array-like, sparse matrix} of shape (n_samples, n_labels)
            Their labels.
        label_counts : array-like of shape (n_labels,), default=None
            Positives of each label in the training data; None takes the `label_counts_` of the first estimator
            that keeps them.
        **options : dict
            For :meth:`from_predictions`: `scoring`, `zero_division`, boundaries, axes, and how to draw.

        Returns
        -------
        display : LabelScoreDisplay
            What was drawn.

        Raises
        ------
        NotFittedError
            If `label_counts` is None and no estimator keeps them.
        ValueError
            If the labels, counts or options cannot be used.
        ImportError
            If matplotlib is missing.
        """
        estimators = _as_named(estimator, type(estimator).__name__)
        if label_counts is None:
            label_counts = _first_label_counts(list(estimators.values()))
        for model in estimators.values():
            if not hasattr(model, "predict"):
                raise ValueError(f"estimator must be a fitted classifier, or a mapping to such; got {model!r}.")
        predicted = {name: model.predict(X) for name, model in estimators.items()}
        return cls.from_predictions(y, predicted, label_counts=label_counts, **options)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        label_counts: Any,
        name: str = "model",
        scoring: str = "f1",
        zero_division: float = 0.0,
        boundaries: tuple[float, float] = (8, 35),
        ax: Any = None,
        **plot_kwargs: Any,
    ) -> LabelScoreDisplay:
        """Plot the scores of one or more sets of predictions.

        Parameters
        ----------
        y_true : {array-like, sparse matrix} of shape (n_samples, n_labels)
            True labels.
        y_pred : {array-like, sparse matrix} of shape (n_samples, n_labels), or mapping of str to such
            Predicted labels; a mapping of names compares several.
        label_counts : array-like of shape (n_labels,)
            Positives of each label in the training data.
        name : str, default="model"
            Name of a single set of predictions.
        scoring : {"f1", "precision", "recall"}, default="f1"
            The score. Another one goes into the constructor, and :meth:`plot` draws it.
        zero_division : {0, 1, nan}, default=0
            Score of a label with nothing to divide by; nan leaves it out.
        boundaries : tuple of two numbers, default=(8, 35)
            The largest count of the tail and the smallest of the head.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        **plot_kwargs : dict
            For :meth:`plot`.

        Returns
        -------
        display : LabelScoreDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If the labels, counts or options cannot be used.
        ImportError
            If matplotlib is missing.
        """
        scores = {
            name: label_scores(y_true, predicted, scoring, zero_division)
            for name, predicted in _as_named(y_pred, name).items()
        }
        n_labels = len(next(iter(scores.values())))
        counts = _axes.check_counts(label_counts, boundaries, n_labels)
        return cls(counts, scores, score_name=scoring.capitalize(), boundaries=boundaries).plot(ax, **plot_kwargs)

    def plot(self, ax: Any = None, *, point_kw: dict | None = None, line_kw: dict | None = None) -> LabelScoreDisplay:
        """Draw the scores.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        point_kw : dict, default=None
            Properties of the points, a `Line2D` of matplotlib.
        line_kw : dict, default=None
            Properties of the group means, a `LineCollection` of matplotlib.

        Returns
        -------
        display : LabelScoreDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        """
        ax = _axes.new_axes(self, ax, (6.8, 4.6))
        spans = _axes.set_count_axis(ax, self.label_counts, self.boundaries)
        places = _axes.spread_positions(self.label_counts)
        self.points_, self.mean_lines_, self.links_ = {}, {}, None
        if len(self.scores) == 2 and places.size <= _MANY_POINTS:
            both = np.stack(list(self.scores.values()))
            differ = np.abs(both[0] - both[1]) > 0  # False for NaN too
            self.links_ = ax.vlines(places[differ], *both[:, differ], color="#707070", linewidth=0.6, alpha=0.6)
        for (name, values), style in zip(self.scores.items(), _axes.line_styles(len(self.scores))):
            color, means = style["color"], self.group_means[name]
            caption = ", ".join(f"{group} {mean:.2f}".replace("nan", "–") for group, mean in means.items())
            style["label"] = f"{name} (mean: {caption})"
            (points,) = ax.plot(places, values, **{**style, "linestyle": "none"}, clip_on=False, zorder=3)
            points.set(markersize=5, markeredgecolor="white", markeredgewidth=0.4)
            if places.size > _MANY_POINTS:
                points.set(markersize=1.5, markeredgewidth=0, alpha=0.3, rasterized=True)
            _axes.restyle(points, point_kw)
            starts, ends = zip(*spans.values())
            lines = ax.hlines([means[group] for group in spans], starts, ends, colors=color, linewidths=2.2, zorder=4)
            lines.set_linestyle(style["linestyle"])
            _axes.restyle(lines, line_kw)
            self.points_[name], self.mean_lines_[name] = points, lines
        points = list(self.points_.values())
        legend = ax.legend(handles=points, loc="lower center", bbox_to_anchor=(0.5, 1), borderaxespad=2, fontsize=8)
        for handle in legend.legend_handles:
            handle.set(alpha=1.0, markersize=4.0)
        ax.set_ylabel(f"{self.score_name} of the label")
        return self


def _first_label_counts(estimators: list) -> np.ndarray:
    for estimator in estimators[:-1]:
        with suppress(NotFittedError):
            return fitted_label_counts(estimator)
    return fitted_label_counts(estimators[-1])


def label_scores(y_true: Any, y_pred: Any, scoring: str, zero_division: float) -> np.ndarray:
    """One score for each label.

    Parameters
    ----------
    y_true, y_pred : {array-like, sparse matrix} of shape (n_samples, n_labels)
        The true and the predicted indicator.
    scoring : {"f1", "precision", "recall"}
        The score.
    zero_division : {0, 1, nan}
        The score of a label whose denominator is 0.

    Returns
    -------
    scores : ndarray of shape (n_labels,)

    Raises
    ------
    ValueError
        If `scoring` is unknown, or the indicators cannot be used.
    """
    if scoring not in _SCORES:
        raise ValueError(f"scoring must be one of {_SCORES}; got {scoring!r}.")
    return ratio(*label_fractions(scoring, *align_indicators(y_true, y_pred)), check_zero_division(zero_division))


def _as_named(given: Any, default: str) -> dict[str, Any]:
    """Return a mapping as it is, or make one of a single thing and its default name.

    Raises
    ------
    ValueError
        If it is empty.
    """
    if not isinstance(given, Mapping):
        return {default: given}
    if not given:
        raise ValueError("There is nothing to plot: the mapping is empty.")
    return {str(name): value for name, value in given.items()}


def group_means(scores: np.ndarray, counts: np.ndarray, boundaries: tuple[float, float]) -> dict[str, float]:
    """Mean score of the groups that have labels."""
    groups = label_groups(counts, boundaries)
    parts = {name: scores[members] for name, members in groups.items() if members.any()}
    return {name: float(ratio(np.nansum(part), (part == part).sum(), np.nan)) for name, part in parts.items()}
