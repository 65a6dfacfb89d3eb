"""Curves: ROC and precision-recall, of all pairs, mean labels and chosen labels, and F1 by the share of rows mended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from numbers import Integral
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError
from sklearn.metrics import auc, precision_recall_curve, roc_curve

from skbalance._indicators import check_known
from skbalance._responses import choose_response_method, read_tags, response
from skbalance._targets import column_names
from skbalance._validation import check_sample_weight, read_numbers
from skbalance.metrics import fitted_label_counts, label_groups, review_curve
from skbalance.plotting import _axes

# Where the curves of labels are averaged.
_GRID = np.linspace(0, 1, 1001)


class _LabelCurveDisplay:
    """What both displays share. A curve is its x, its y and the area below it.

    `_curve` gives that of some pairs, None where there can be none, and `_mean` that of several curves.
    """

    _curve: Callable[..., tuple | None]
    _mean: Callable[[list], tuple]
    _parts: tuple[str, str, str]
    _axis_labels: tuple[str, str]
    _area: str
    _corner: str
    _needed: str
    _line: dict

    def __init__(self, x: Any, y: Any, areas: Any, left_out: Any):
        for part, given in zip(self._parts, (x, y, areas)):
            if not isinstance(given, Mapping) or not given or given.keys() != x.keys():
                raise ValueError(f"{part} must map the names of curves, those of all the others; got {given!r}.")
            setattr(self, part, {name: read_numbers(values, f"{part}[{name!r}]") for name, values in given.items()})
        for name, curve in self._curves().items():
            if curve[0].ndim != 1 or curve[0].shape != curve[1].shape or curve[2].ndim:
                shapes = ", ".join(str(values.shape) for values in curve)
                raise ValueError(f"A curve is two vectors of one length and a number; {name!r} has shapes {shapes}.")
        self.left_out = read_numbers(left_out, "left_out").astype(int)

    def _curves(self) -> dict[str, tuple]:
        parts = [getattr(self, part) for part in self._parts]
        return {name: tuple(part[name] for part in parts) for name in parts[0]}

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, *, label_counts: Any = None, **options: Any) -> Any:
        """Plot the curves of a fitted classifier.

        Parameters
        ----------
        estimator : estimator
            Fitted, with `decision_function`, or `predict_proba`, of any shape.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Test samples.
        y : {array-like, sparse matrix, frame} of shape (n_samples, n_labels)
            Their labels; lists of tags for a :class:`~skbalance.text.TagClassifier`.
        label_counts : array-like of shape (n_labels,), default=None
            Positives of each label in the training data; None takes the `label_counts_` of an estimator that keeps
            them.
        **options : dict
            For :meth:`from_predictions`.

        Returns
        -------
        display : display of this class
            What was drawn.

        Raises
        ------
        ValueError
            If the scores, labels or options cannot be used.
        ImportError
            If matplotlib is missing.
        """
        if label_counts is None:
            with suppress(NotFittedError):
                label_counts = fitted_label_counts(estimator)
        scores = response(estimator, X, choose_response_method(estimator, "auto"))
        return cls.from_predictions(read_tags(estimator, y), scores, label_counts=label_counts, **options)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_score: Any,
        *,
        curves: Any = None,
        label_counts: Any = None,
        boundaries: tuple[float, float] = (8, 35),
        display_labels: Any = None,
        sample_weight: Any = None,
        ax: Any = None,
        **plot_kwargs: Any,
    ) -> Any:
        """Plot the curves of scores.

        Parameters
        ----------
        y_true : {array-like, sparse matrix, frame} of shape (n_samples, n_labels)
            True labels. NaN is a label that is unknown: such a pair is left out.
        y_score : array-like of shape (n_samples, n_labels)
            Scores on any scale.
        curves : sequence of str or int, or one of them, default=None
            ``"micro"``, all pairs of a row and a label; ``"macro"``, ``"head"``, ``"medium"``, ``"tail"``, the mean
            over the curves of all labels or of a group of them; a label, by its name or the number of its column. None
            is micro, macro, and with `label_counts` the groups.
        label_counts : array-like of shape (n_labels,), default=None
            Positives of each label in the training data, which the groups go by.
        boundaries : tuple of two numbers, default=(8, 35)
            The largest count of the tail and the smallest of the head, see :func:`skbalance.metrics.label_groups`.
        display_labels : array-like of shape (n_labels,), default=None
            Names of the labels; None takes those of the columns of `y_true`, where it has some.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        **plot_kwargs : dict
            For :meth:`plot`.

        Returns
        -------
        display : display of this class
            What was drawn.

        Raises
        ------
        ValueError
            If the labels, scores or options cannot be used, or a curve is asked for that there cannot be.
        ImportError
            If matplotlib is missing.
        """
        truth, known, scores, weight = _read_pairs(y_true, y_score, sample_weight)
        n_labels = truth.shape[1]
        every = np.arange(n_labels)
        groups = {"micro": every, "macro": every}
        if label_counts is not None:
            counts = _axes.check_counts(label_counts, boundaries, n_labels)
            groups |= {name: np.flatnonzero(members) for name, members in label_groups(counts, boundaries).items()}
        given = column_names(y_true) or None if display_labels is None else display_labels
        names = _axes.check_display_labels(given, n_labels)
        wanted = dict(groups) if curves is None else _find_curves(curves, groups, names, n_labels)

        def curve_of(columns):
            pairs = known[:, columns]
            pair_weight = np.broadcast_to(weight[:, None], pairs.shape)[pairs]
            return cls._curve(truth[:, columns][pairs], scores[:, columns][pairs], pair_weight)

        of_label = {j: curve_of([j]) for j in sorted({j for name in wanted if name != "micro" for j in wanted[name]})}
        found = {}
        for name, columns in wanted.items():
            several = [curve_of(every)] if name == "micro" else [of_label[j] for j in columns]
            several = [curve for curve in several if curve is not None]
            if several:
                found[name] = several[0] if len(several) == 1 else cls._mean(several)
            elif curves is not None or name == "micro":
                raise ValueError(f"{name!r} has no curve: it is without {cls._needed} in y_true.")
        parts: dict = {part: {name: curve[i] for name, curve in found.items()} for i, part in enumerate(cls._parts)}
        parts["left_out"] = [j for j, curve in of_label.items() if curve is None]
        return cls(**parts).plot(ax, **plot_kwargs)

    def plot(self, ax: Any = None, *, line_kw: dict | None = None) -> Any:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        line_kw : dict, default=None
            Properties of the curves, each a `Line2D` of matplotlib.

        Returns
        -------
        display : display of this class
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        """
        ax = _axes.new_axes(self, ax, (5.4, 5.0))
        curves, self.lines_ = self._curves(), {}
        for (name, (x, y, area)), style in zip(curves.items(), _axes.line_styles(len(curves))):
            style |= {"marker": "", "linewidth": 1.7, "label": f"{name} ({self._area} = {area:.2f})"}
            (self.lines_[name],) = ax.plot(x, y, **style, **self._line)
            _axes.restyle(self.lines_[name], line_kw)
        without = f"{_axes.plural(len(self.left_out))} without {self._needed} left out" if len(self.left_out) else None
        ax.set(xlabel=self._axis_labels[0], ylabel=self._axis_labels[1], xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
        ax.grid(color="#e0e0e0", linewidth=0.7)
        ax.legend(loc=self._corner, fontsize=8, title=without, title_fontsize=8, edgecolor="#808080")
        return self


class LabelPrecisionRecallDisplay(_LabelCurveDisplay):
    """Precision against recall: of all pairs, of the mean label of all or of a group, and of chosen labels.

    The mean over labels is that of their precisions at each recall. Labels without a positive have no curve; they are
    left out of means, and the legend tells how many.

    Use :meth:`from_estimator` or :meth:`from_predictions` to make one.

    Parameters
    ----------
    precision, recall : mapping of str to array-like of shape (n_points,)
        The points of each curve, by falling recall.
    average_precision : mapping of str to float
        The average precision of each curve; of a mean over labels, that over theirs.
    left_out : array-like of int, default=()
        Columns of the labels that have no curve.

    Attributes
    ----------
    precision, recall, average_precision, left_out
        As given.
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        Their figure.
    lines_ : dict of str to matplotlib Line2D
        The curves.

    See Also
    --------
    LabelRocDisplay : The true against the false positive rate, which shows less of rare labels.
    sklearn.metrics.PrecisionRecallDisplay : The same for one label.

    Examples
    --------
    >>> from skbalance import BalancedMultiLabelClassifier
    >>> from skbalance.datasets import make_long_tailed_multilabel
    >>> from skbalance.plotting import LabelPrecisionRecallDisplay
    >>> X, y = make_long_tailed_multilabel(500, 60, random_state=0)
    >>> model = BalancedMultiLabelClassifier().fit(X[:400], y[:400])
    >>> display = LabelPrecisionRecallDisplay.from_estimator(model, X[400:], y[400:])
    >>> list(display.average_precision)
    ['micro', 'macro', 'head', 'medium', 'tail']
    """

    _parts = ("recall", "precision", "average_precision")
    _axis_labels = ("Recall", "Precision")
    _area = "AP"
    _corner = "lower left"
    _needed = "a positive"
    _line = {"drawstyle": "steps-post"}

    def __init__(self, precision: Any, recall: Any, *, average_precision: Any, left_out: Any = ()):
        super().__init__(recall, precision, average_precision, left_out)

    @staticmethod
    def _curve(truth, scores, weight):
        if not truth.any():
            return None
        precision, recall, _ = precision_recall_curve(truth, scores, sample_weight=weight, drop_intermediate=True)
        return recall, precision, -np.sum(np.diff(recall) * precision[:-1])  # the average precision

    @staticmethod
    def _mean(curves):
        # A precision holds from its recall down to the next one, as the average precision has it.
        at = _GRID[:0:-1]
        each = [precision[::-1][np.searchsorted(recall[::-1], at - 1e-9)] for recall, precision, _ in curves]
        precision = np.mean(each, axis=0)
        return np.append(at, 0.0), np.append(precision, precision[-1]), np.mean([area for *_, area in curves])


class LabelRocDisplay(_LabelCurveDisplay):
    """True against false positive rate: of all pairs, of the mean label of all or of a group, and of chosen labels.

    The mean over labels is that of their true positive rates at each false positive rate. Labels without a positive or
    without a negative have no curve; they are left out of means, and the legend tells how many.

    Use :meth:`from_estimator` or :meth:`from_predictions` to make one.

    Parameters
    ----------
    fpr, tpr : mapping of str to array-like of shape (n_points,)
        The points of each curve, by rising rates.
    roc_auc : mapping of str to float
        The area below each curve; of a mean over labels, that of theirs.
    left_out : array-like of int, default=()
        Columns of the labels that have no curve.

    Attributes
    ----------
    fpr, tpr, roc_auc, left_out
        As given.
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        Their figure.
    lines_ : dict of str to matplotlib Line2D
        The curves.

    See Also
    --------
    LabelPrecisionRecallDisplay : Precision against recall, which shows more of rare labels.
    sklearn.metrics.RocCurveDisplay : The same for one label.

    Examples
    --------
    >>> from skbalance.plotting import LabelRocDisplay
    >>> y_true, y_score = [[1, 0], [0, 1], [1, 1]], [[0.9, 0.1], [0.2, 0.3], [0.8, 0.6]]
    >>> display = LabelRocDisplay.from_predictions(y_true, y_score, curves=["macro", "b"], display_labels=["a", "b"])
    >>> float(display.roc_auc["macro"])
    1.0
    """

    _parts = ("fpr", "tpr", "roc_auc")
    _axis_labels = ("False positive rate", "True positive rate")
    _area = "AUC"
    _corner = "lower right"
    _needed = "a positive or a negative"
    _line: dict = {}

    def __init__(self, fpr: Any, tpr: Any, *, roc_auc: Any, left_out: Any = ()):
        super().__init__(fpr, tpr, roc_auc, left_out)

    @staticmethod
    def _curve(truth, scores, weight):
        if not truth.any() or truth.all():
            return None
        fpr, tpr, _ = roc_curve(truth, scores, sample_weight=weight)
        return fpr, tpr, auc(fpr, tpr)

    @staticmethod
    def _mean(curves):
        tpr = np.mean([np.interp(_GRID, *curve[:2]) for curve in curves], axis=0)
        return np.append(0.0, _GRID), np.append(0.0, tpr), np.mean([area for *_, area in curves])


def _read_pairs(y_true: Any, y_score: Any, sample_weight: Any) -> tuple:
    """Truth, whether it is known, and scores of each pair, and weights of the rows, without rows that weigh nothing."""
    truth, unknown = check_known(y_true)
    scores = read_numbers(y_score, "y_score")
    if scores.shape != truth.shape:
        raise ValueError(f"y_score must have the shape of y_true, {truth.shape}; got {scores.shape}.")
    if not np.isfinite(scores).all():
        raise ValueError("y_score must be finite; it holds NaN or infinity.")
    weight = check_sample_weight(sample_weight, range(len(scores)))
    truth, unknown = (part.toarray() if sp.issparse(part) else part for part in (truth, unknown))
    known = np.ones(truth.shape, dtype=bool) if unknown is None else ~unknown.astype(bool)
    rows = weight > 0
    return truth.astype(bool)[rows], known[rows], scores[rows], weight[rows]


def _find_curves(curves: Any, groups: dict, names: Any, n_labels: int) -> dict[str, np.ndarray]:
    """The columns of the curves that are asked for, by the names that they go by."""
    names = [] if names is None else names.tolist()
    found: dict[str, np.ndarray] = {}
    for asked in [curves] if isinstance(curves, (str, Integral)) else curves:
        if isinstance(asked, str) and asked in groups:
            found[asked] = groups[asked]
        elif asked in names:
            found[str(asked)] = np.array([names.index(asked)])
        elif isinstance(asked, Integral) and not isinstance(asked, bool) and 0 <= int(asked) < n_labels:
            found[str(names[asked]) if names else f"label {asked}"] = np.array([asked])
        else:
            raise ValueError(
                f"curves must hold some of {tuple(groups)}, names of labels, or columns from 0 to {n_labels - 1}; got "
                f"{asked!r}. The groups head, medium and tail need label_counts."
            )
    if not found:
        raise ValueError(f"curves must hold one at least of {tuple(groups)}, names of labels, or columns; got none.")
    return found


class ReviewCurveDisplay:
    """F1 against the share of the rows that a person mends, in the order of doubt.

    The higher the curve lies above that of a random order, the more an hour of checking is worth. How far it can get
    is shown by the order that puts the rows with most wrong labels first, which nobody knows beforehand.

    Use :meth:`from_predictions` to make one.

    Parameters
    ----------
    shares : array-like of shape (n_shares,)
        Shares of the rows that are mended, from 0 to 1.
    by_doubt, random, best : array-like of shape (n_shares,)
        F1 in the order of doubt, in a random one, and with the rows with most wrong labels first, as
        :func:`skbalance.metrics.review_curve` gives them.
    score_name : str, default="F1"
        What the score is called.

    Attributes
    ----------
    shares, by_doubt, random, best, score_name
        As given.
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        Their figure.
    lines_ : list of matplotlib Line2D
        The three curves.

    See Also
    --------
    skbalance.metrics.doubt_gain : The gain as a number.

    Examples
    --------
    >>> from skbalance.plotting import ReviewCurveDisplay
    >>> y_true, y_pred = [[1, 0], [0, 1], [1, 1], [1, 0]], [[1, 0], [0, 1], [0, 0], [1, 0]]
    >>> display = ReviewCurveDisplay.from_predictions(y_true, y_pred, doubt=[0.1, 0.2, 0.9, 0.3])
    >>> [float(display.by_doubt[i]) for i in (0, -1)]
    [0.75, 1.0]
    """

    def __init__(self, shares: Any, by_doubt: Any, random: Any, best: Any, *, score_name: str = "F1"):
        given = {"shares": shares, "by_doubt": by_doubt, "random": random, "best": best}
        arrays = {name: read_numbers(values, name) for name, values in given.items()}
        if len({array.shape for array in arrays.values()}) > 1 or arrays["shares"].ndim != 1:
            shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
            raise ValueError(f"The curves must be vectors of one length; got {shapes}.")
        self.shares, self.by_doubt, self.random, self.best = arrays.values()
        self.score_name = score_name

    @classmethod
    def from_predictions(
        cls, y_true: Any, y_pred: Any, doubt: Any, *, average: str = "micro", ax: Any = None, **plot_kwargs: Any
    ) -> ReviewCurveDisplay:
        """Plot the curves of predictions.

        Parameters
        ----------
        y_true, y_pred : {array-like, sparse matrix} of shape (n_samples, n_labels)
            The true and the predicted indicator.
        doubt : array-like of shape (n_samples,)
            Rows with the highest doubt are mended first.
        average : {"micro", "macro"}, default="micro"
            Of F1.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        **plot_kwargs : dict
            For :meth:`plot`.

        Returns
        -------
        display : ReviewCurveDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If the inputs cannot be used.
        ImportError
            If matplotlib is missing.
        """
        curve = review_curve(y_true, y_pred, doubt, average=average)
        return cls(**curve, score_name=f"{average.capitalize()}-F1").plot(ax, **plot_kwargs)

    def plot(self, ax: Any = None, *, line_kw: dict | None = None) -> ReviewCurveDisplay:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        line_kw : dict, default=None
            Properties of the line in the order of doubt, a `Line2D` of matplotlib.

        Returns
        -------
        display : ReviewCurveDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        """
        ax = _axes.new_axes(self, ax, (6.4, 4.0))
        from matplotlib.ticker import PercentFormatter

        names = {"most wrong labels first": self.best, "in the order of doubt": self.by_doubt, "at random": self.random}
        self.lines_ = []
        for (name, values), style in zip(names.items(), _axes.line_styles(3)):
            self.lines_ += ax.plot(self.shares, values, label=name, markersize=4, markevery=0.1, **style)
        _axes.restyle(self.lines_[1], line_kw)
        ax.set_xlabel("Rows mended")
        ax.set_ylabel(self.score_name)
        ax.xaxis.set_major_formatter(PercentFormatter(1.0))
        ax.grid(color="#e0e0e0", linewidth=0.7)
        ax.legend(loc="lower right", fontsize=8, edgecolor="#808080")
        return self
