"""Maps from scores to probabilities, one for each label, shrunk toward that of labels of similar frequency."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit
from sklearn.base import BaseEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.utils.validation import check_is_fitted

from skbalance._callbacks import with_callbacks
from skbalance._kinds import Jobs, NotNegative, RandomState, ResponseMethod, Scorer, Verbosity
from skbalance._responses import choose_response_method, log_odds, response, response_blocks, row_blocks
from skbalance._validation import sigmoid_calibration, validate_hyperparameters
from skbalance.crossfit import FitTasks, MetaClassifierMixin, cross_fit, fit_all, read_fit_inputs

# Scores of all labels are kept for so many pairs; where there are more, for a sample of the rows.
_MAX_ELEMENTS = 1 << 27
_OCTAVE = np.log(2)
_MAX_POOLED = 100_000
# Between these scikit-learn's temperature scaling looks, too.
_LOG_INVERSE_TEMPERATURE = (-10.0, 10.0)


@dataclass(eq=False, repr=False)
class CalibratedMultiLabelClassifierCV(MetaClassifierMixin, BaseEstimator):
    """Multi-label classifier with calibrated probabilities, by cross-validation.

    The probabilities of a classifier trained with a balancing loss are not calibrated: of the pairs with a
    probability of 0.3, more or fewer than 30 % are positive. The training rows are scored by models that did not see
    them, and a map from scores to probabilities is fitted to each label, of the kinds that scikit-learn has for a
    binary target. A few positives do not determine a map, so each label's map is shrunk toward one of labels
    of similar frequency, the more so the fewer positives it has,

        p_l(s) = (n_l own_l(s) + shrinkage pooled(s; n_l)) / (n_l + shrinkage).

    Parameters
    ----------
    estimator : classifier
        With `decision_function` or `predict_proba`: any multi-label classifier or pipeline, or a binary one if
        the target is binary.
    method : {"sigmoid", "isotonic", "temperature"}, default="sigmoid"
        Kind of map: Platt's sigmoid [1]_, a step function that never falls, or a sigmoid of the score divided by a
        temperature [2]_. The last one leaves a score of 0 at the probability 0.5, so that `predict` predicts what
        `estimator_` does, but it cannot mend probabilities that are all too high, as balancing losses give.
    shrinkage : float, default=20.0
        Positives at which a label's own map weighs as much as that of labels of similar frequency; 0 is no shrinkage.
    response_method : {"auto", "decision_function", "predict_proba"}, default="auto"
        Where scores come from; ``"auto"`` prefers `decision_function`. Probabilities are turned into log-odds.
    cv : int, float, splitter, iterable or "prefit", default=None
        As in :class:`~skbalance.decisions.TunedThresholdMultiLabelClassifierCV`. `estimator_` is fitted on all rows,
        except for ``"prefit"``.
    n_jobs : int, default=None
        Folds to fit at a time.
    random_state : int, RandomState instance or None, default=None
        Shuffles the folds, and draws rows where there are too many pairs to keep.
    verbose : int, default=0
        Above 0, each fit is printed with the time that is left.

    Attributes
    ----------
    estimator_ : classifier
        The fitted classifier.
    maps_ : CalibrationMaps
        The fitted maps.
    label_counts_ : ndarray of shape (n_labels,)
        Positives of each label in the training data, or the sum of their weights.
    n_labels_ : int
        Number of labels; 1 for a binary target.
    classes_ : ndarray of shape (2,) or list of n_labels ndarray
        Classes of a binary target, or of every label.
    n_features_in_ : int
        Features seen in `fit`, if `estimator_` tells.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if `estimator_` tells.

    See Also
    --------
    sklearn.calibration.CalibratedClassifierCV : For binary and multiclass targets.
    skbalance.decisions.TunedThresholdMultiLabelClassifierCV : Sets thresholds in place of probabilities.

    Notes
    -----
    The map of labels of similar frequency is fitted to all pairs, those of a label with `n_l` positives weighted by
    ``exp(-(log n_l - log n)^2 / 2)``, for `n` a power of 2. A label that the training data never (always) have is
    given the probability ``0.5 / (n_samples + 1)`` (one less that).

    With more than 2^27 pairs, negatives are those of a random sample of the rows, weighted up, and positives those
    of all rows.

    References
    ----------
    .. [1] Platt, "Probabilistic Outputs for Support Vector Machines and Comparisons to Regularized Likelihood
       Methods", Advances in Large Margin Classifiers, 1999.
    .. [2] Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, arXiv:1706.04599.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn.multiclass import OneVsRestClassifier
    >>> from sklearn.svm import LinearSVC
    >>> from skbalance import CalibratedMultiLabelClassifierCV
    >>> X, y = make_multilabel_classification(n_samples=400, n_classes=4, random_state=0)
    >>> model = CalibratedMultiLabelClassifierCV(OneVsRestClassifier(LinearSVC()), random_state=0).fit(X, y)
    >>> probabilities = model.predict_proba(X)
    >>> bool(abs(probabilities.mean(axis=0) - y.mean(axis=0)).max() < 0.02)
    True
    """

    estimator: Scorer
    _: KW_ONLY
    method: Literal["sigmoid", "isotonic", "temperature"] = "sigmoid"
    shrinkage: NotNegative = 20.0
    response_method: ResponseMethod = "auto"
    cv: Any = None
    n_jobs: Jobs | None = None
    random_state: RandomState = None
    verbose: Verbosity = 0

    @with_callbacks
    def fit(self, X: Any, y: Any, **params: Any) -> CalibratedMultiLabelClassifierCV:
        """Fit the classifier and the maps.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data, whatever `estimator` takes.
        y : {array-like, sparse matrix} of shape (n_samples, n_labels) or (n_samples,)
            Indicator of 0 and 1, or a binary target. NaN where a label is unknown, if `estimator` takes it: such pairs
            of a row and a label are left out of the maps.
        **params : dict
            `groups` for the splitter; others for `estimator.fit`, sliced to each fold if there is a value for each row
            (`sample_weight`), or as metadata routing says. In the maps, too, a row of weight 2 counts as two rows, and
            one of weight 0 as none.

        Returns
        -------
        self : CalibratedMultiLabelClassifierCV
            The fitted object.

        Raises
        ------
        ValueError
            If a parameter or `y` is not what is allowed, or no label has both classes.
        sklearn.exceptions.NotFittedError
            If `cv` is ``"prefit"`` and `estimator` is not fitted.
        """
        validate_hyperparameters(self)
        given = read_fit_inputs(self, X, y, params)
        labels, counts, n_labels = given.labels, given.labels.totals.counts, given.encoding.n_outputs
        if not labels.vary.any():
            raise ValueError("No label of y has both classes: there is nothing to calibrate.")
        method = choose_response_method(self.estimator, self.response_method)

        tested, weight = np.concatenate(given.tests), labels.row_weight
        n_sampled = max(1, min(len(tested), _MAX_ELEMENTS // n_labels))
        sampled = np.zeros(len(weight), dtype=bool)
        sampled[given.rng.permutation(np.unique(tested))[:n_sampled]] = True
        scorers, tasks = self._scorers(), FitTasks(self, given)
        score = partial(_score, X=given.X, labels=labels, weight=weight, sampled=sampled, method=method)
        scored, models, _ = cross_fit(scorers, given, score, tasks=tasks, n_jobs=self.n_jobs)
        fitted = models[0] if given.splits is None else fit_all(scorers, given, tasks)
        sample = CalibrationSample(weight[tested].sum(), *(np.concatenate(part) for part in zip(*scored)))
        maps = fit_maps(sample, counts, labels.totals.n_known, self.method, self.shrinkage, given.rng)
        self._store(given.encoding, fitted, {"maps_": maps, "label_counts_": counts, "_method": method})
        tasks.end()
        return self

    def _probabilities(self, X):
        blocks = [np.empty((0, self.n_labels_))]
        for values in response_blocks(self.estimator_, X, self._method, self.n_labels_):
            probabilities = self.maps_(log_odds(values, self._method))
            blocks.append(np.nan_to_num(probabilities, nan=0.0))  # of pairs without a score
        return np.concatenate(blocks)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Calibrated probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_labels) or (n_samples, 2)
            Of each label, or of both classes of a binary target.
        """
        check_is_fitted(self)
        probabilities = self._probabilities(X)
        if self._encoding.kind == "binary":
            return np.hstack([1 - probabilities, probabilities])
        return probabilities

    def predict(self, X: Any) -> Any:
        """Predict the labels with a probability above one half.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        y : {ndarray, sparse matrix} of shape (n_samples, n_labels) or (n_samples,)
            Indicator of the type of the training target, sparse if that was; or classes.
        """
        check_is_fitted(self)
        return self._encoding.decode(self._probabilities(X) - 0.5)


def _score(fitted, rows, seen, *, X, labels, weight, sampled, method):
    """Scores, targets and weights of the sampled rows; labels, scores and weights of the positives of all rows.

    A score is NaN where the label was not learnt, or is unknown.
    """
    n_labels = labels.indicator.shape[1]
    blocks = []
    for block, part in row_blocks(X, n_labels, rows):
        index = rows[block]
        values = np.full((len(index), n_labels), np.nan, dtype=np.float32)
        if fitted:
            values[:] = log_odds(response(fitted[0], part, method, n_labels), method)
        values[:, seen == 0] = np.nan
        if labels.unknown is not None:
            values[labels.unknown[index].nonzero()] = np.nan
        truth = labels.indicator[index]
        keep = sampled[index]
        of_sampled = values[keep], truth[keep].toarray().astype(bool), weight[index[keep]]
        at, of = truth.nonzero()
        learnt = ~np.isnan(values[at, of])
        at, of = at[learnt], of[learnt]
        blocks.append((*of_sampled, of, values[at, of], weight[index[at]]))
    return tuple(np.concatenate(part) for part in zip(*blocks))


@dataclass(frozen=True)
class CalibrationSample:
    """Out-of-sample scores to fit the maps on.

    Attributes
    ----------
    total : float
        Sum of the weights of all rows.
    scores : ndarray of shape (n_sampled, n_labels)
        Of a sample of the rows, every label; NaN where the label was not learnt, or is unknown.
    targets : ndarray of bool of shape (n_sampled, n_labels)
        Whether the row has the label.
    weights : ndarray of shape (n_sampled,)
        How many rows each row stands for.
    labels, positives, positive_weights : ndarray of shape (n_positives,)
        Every positive pair of all rows, in or out of the sample: its label, its score and the weight of its row.
    """

    total: float
    scores: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    labels: np.ndarray
    positives: np.ndarray
    positive_weights: np.ndarray


@dataclass(frozen=True)
class CalibrationMaps:
    """Fitted maps.

    Attributes
    ----------
    method : {"sigmoid", "isotonic", "temperature"}
        What the maps are.
    own : list of n_labels tuples or None
        Each label's own map: slope and intercept before a sigmoid, or the knots of a step function. None
        for no positive.
    pooled : list of tuples
        The map of each level of frequency.
    level : ndarray of shape (n_labels,)
        Level of each label.
    weight : ndarray of shape (n_labels,)
        Weight of its own map.
    constant : ndarray of shape (n_labels,)
        Probability of a label that the training data have never or always; NaN for the others.
    """

    method: str
    own: list
    pooled: list
    level: np.ndarray
    weight: np.ndarray
    constant: np.ndarray

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Probabilities of scores of shape (n_rows, n_labels)."""
        probabilities = np.tile(self.constant, (len(scores), 1))
        for label in np.flatnonzero(np.isnan(self.constant)):
            column = _apply(self.method, self.pooled[self.level[label]], scores[:, label])
            if self.own[label] is not None:
                own = _apply(self.method, self.own[label], scores[:, label])
                column = self.weight[label] * own + (1 - self.weight[label]) * column
            probabilities[:, label] = column
        return probabilities


def fit_maps(sample, counts, n_known, method, shrinkage, rng) -> CalibrationMaps:
    """Fit every label's map and those of the levels of frequency.

    Parameters
    ----------
    sample : CalibrationSample
        What to fit on.
    counts : ndarray of shape (n_labels,)
        Positives of each label in the training data, or the sum of their weights.
    n_known : ndarray of shape (n_labels,)
        Rows of the training data of which each label is known, or the sum of their weights.
    method : {"sigmoid", "isotonic", "temperature"}
        Kind of map.
    shrinkage : float
        Positives at which a label's own map weighs as much as that of labels of similar frequency.
    rng : RandomState
        Draws the negatives of the levels' maps.

    Returns
    -------
    maps : CalibrationMaps
        Fitted maps.
    """
    n_labels = len(counts)
    of_hits = ("labels", "positives", "positive_weights")
    order = np.argsort(sample.labels, kind="stable")
    sample = replace(sample, **{name: getattr(sample, name)[order] for name in of_hits})
    ends = np.cumsum(np.bincount(sample.labels, minlength=n_labels))[:-1]
    positives, hit_weights = np.split(sample.positives, ends), np.split(sample.positive_weights, ends)
    evidence = np.bincount(sample.labels, weights=sample.positive_weights, minlength=n_labels)
    share = sample.total / sample.weights.sum()  # the sampled rows stand for the others
    rest = 0.5 / (sample.total + 1)
    constant = np.select([counts == 0, counts == n_known], [rest, 1 - rest], np.nan)

    own: list = [None] * n_labels
    for label in np.flatnonzero((evidence > 0) & np.isnan(constant)):
        negative = ~sample.targets[:, label] & ~np.isnan(sample.scores[:, label])
        if negative.any():
            weights = np.r_[hit_weights[label], share * sample.weights[negative]]
            scores = np.r_[positives[label], sample.scores[negative, label]]
            own[label] = _fit(method, scores, len(positives[label]), weights)
    levels, level = np.unique(np.rint(np.log2(np.maximum(counts, 1))), return_inverse=True)
    pooled = _level_maps(sample, share, level, levels * _OCTAVE, method, rng, np.isnan(constant))
    weight = evidence / np.maximum(evidence + shrinkage, np.finfo(float).tiny)
    return CalibrationMaps(method, own, pooled, level, weight, constant)


def _level_maps(sample, share, level, position, method, rng, usable):
    """One map for each level of frequency, fitted to all labels weighted by their nearness in log count."""
    rows, columns = np.nonzero(~sample.targets & ~np.isnan(sample.scores) & usable)
    if len(rows) > _MAX_POOLED:
        chosen = rng.permutation(len(rows))[:_MAX_POOLED]
        share = share * len(rows) / _MAX_POOLED
        rows, columns = rows[chosen], columns[chosen]
    hits = np.flatnonzero(usable[sample.labels])
    scores = np.r_[sample.positives[hits], sample.scores[rows, columns]]
    labels = np.r_[sample.labels[hits], columns]
    weights = np.r_[sample.positive_weights[hits], share * sample.weights[rows]]
    nearness = np.exp(-0.5 * (position[level] - position[:, None]) ** 2)
    return [_fit(method, scores, len(hits), weights * of_labels[labels]) for of_labels in nearness]


def _fit(method, scores, n_positives, weights):
    """Fit one map to scores of which the first `n_positives` are those of positives."""
    targets = np.arange(len(scores)) < n_positives
    scores = np.asarray(scores, dtype=float)
    if method == "sigmoid":
        return sigmoid_calibration(scores, targets, weights)
    if method == "temperature":
        return -_inverse_temperature(scores, targets, weights), 0.0
    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores, targets, weights)
    return fitted.X_thresholds_, fitted.y_thresholds_


def _inverse_temperature(scores, targets, weights):
    """Factor of the scores that gives the least log loss, the scores being read as log-odds."""
    margins, weights = np.where(targets, -scores, scores), weights / weights.sum()
    found = minimize_scalar(
        lambda log: weights @ np.logaddexp(0, np.exp(log) * margins),
        bounds=_LOG_INVERSE_TEMPERATURE,
        method="bounded",
        options={"xatol": 1e-8},
    )
    return float(np.exp(found.x))


def _apply(method, fitted, scores):
    if method == "isotonic":
        return np.interp(scores, *fitted)
    slope, intercept = fitted
    return expit(-(slope * scores.astype(float) + intercept))
