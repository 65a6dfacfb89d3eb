"""The meta-estimator that puts given thresholds on the scores of a multi-label classifier."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from skbalance._kinds import ArrayLike, Auto, Count, CountFromZero, ResponseMethod, Scorer
from skbalance._responses import choose_response_method, response_blocks
from skbalance._validation import validate_hyperparameters
from skbalance.crossfit import InnerScoresMixin, MetaClassifierMixin, read_fit_inputs
from skbalance.decisions._thresholds import Choice, margins_of, read_thresholds

# The threshold of a label that is given none, on the scale of each method.
_USUAL = {"predict_proba": 0.5, "decision_function": 0.0}


@dataclass(eq=False, repr=False)
class FixedThresholdMultiLabelClassifier(InnerScoresMixin, MetaClassifierMixin, BaseEstimator):
    """Multi-label classifier with thresholds that you give.

    It is :class:`~sklearn.model_selection.FixedThresholdClassifier` for several labels: a label is predicted if its
    score is above the label's threshold. Use it where the thresholds come from elsewhere: an agreement on precision,
    a rule of the editors, a study of last year.

    Parameters
    ----------
    estimator : classifier
        With `predict_proba` or `decision_function`. A fitted one is kept as it is if it is wrapped in
        :class:`~sklearn.frozen.FrozenEstimator`; any other is cloned and fitted.
    thresholds : "auto", float, array-like of shape (n_labels,) or mapping of int to float, default="auto"
        One number for all labels, one for each, or a mapping from the column of a label to its threshold, where the
        labels that it leaves out have the usual one. ``"auto"`` is the usual one for all: 0.5 on probabilities, 0 on
        decision values. ``inf`` means never, ``-inf`` always.
    min_labels : int, default=0
        Rows with fewer labels above their thresholds are given those that are closest to it.
    max_labels : int, default=None
        Rows with more labels above their thresholds keep those that are farthest above.
    response_method : {"auto", "predict_proba", "decision_function"}, default="auto"
        Where the scores come from; ``"auto"`` prefers `predict_proba`, as scikit-learn does.

    Attributes
    ----------
    estimator_ : classifier
        The fitted classifier.
    thresholds_ : ndarray of shape (n_labels,)
        The threshold of each label.
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
    TunedThresholdMultiLabelClassifierCV : Sets the thresholds by cross-validation.
    sklearn.model_selection.FixedThresholdClassifier : For binary targets.

    Examples
    --------
    >>> from sklearn.frozen import FrozenEstimator
    >>> from skbalance import BalancedMultiLabelClassifier, FixedThresholdMultiLabelClassifier
    >>> X, y = [[0, 1], [1, 0], [1, 1], [0, 0]], [[1, 0], [0, 1], [1, 1], [0, 0]]
    >>> model = BalancedMultiLabelClassifier().fit(X, y)
    >>> strict = FixedThresholdMultiLabelClassifier(FrozenEstimator(model), thresholds={1: 0.999}).fit(X, y)
    >>> strict.thresholds_
    array([0.5  , 0.999])
    >>> strict.predict([[1, 1]])
    array([[1, 0]])
    """

    estimator: Scorer
    _: KW_ONLY
    thresholds: Auto | Real | ArrayLike | Mapping = "auto"
    min_labels: CountFromZero = 0
    max_labels: Count | None = None
    response_method: ResponseMethod = "auto"

    def fit(self, X, y, **params):
        """Fit the classifier and check the thresholds.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data, whatever `estimator` takes.
        y : {array-like, sparse matrix} of shape (n_samples, n_labels) or (n_samples,)
            Indicator of 0 and 1, or a binary target.
        **params : dict
            For `estimator.fit`. Rows whose `sample_weight` is 0 are left out.

        Returns
        -------
        self : FixedThresholdMultiLabelClassifier
            The fitted object.

        Raises
        ------
        ValueError
            If a parameter or `y` is not what is allowed, or `thresholds` does not fit the labels.
        sklearn.exceptions.NotFittedError
            If `estimator` is frozen and not fitted.
        """
        validate_hyperparameters(self)
        given = read_fit_inputs(self, X, y, params)
        n_labels = given.encoding.n_outputs
        likely = self.response_method == "auto" and hasattr(self.estimator, "predict_proba")
        method = choose_response_method(self.estimator, "predict_proba" if likely else self.response_method)
        thresholds = _check_thresholds(self.thresholds, n_labels, _USUAL[method])
        Choice.of(self, n_labels)
        fitted = clone(self.estimator).fit(given.X, given.y, **given.params["estimator"])
        self._store(given.encoding, [fitted], {"thresholds_": thresholds, "_method": method})
        return self

    def predict(self, X):
        """Predict the labels whose score is above their threshold.

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
        choice = Choice(self.min_labels, self.max_labels)
        blocks = [self._encoding.decode(np.empty((0, self.n_labels_)))]
        for scores in response_blocks(self.estimator_, X, self._method, self.n_labels_):
            margins = margins_of(scores, self.thresholds_)
            blocks.append(self._encoding.decode(choice(margins > 0, margins)))
        return self._encoding.stack(blocks)


def _check_thresholds(thresholds, n_labels, usual) -> np.ndarray:
    """One threshold for each label."""
    full = np.full(n_labels, usual)
    if isinstance(thresholds, Mapping):
        unknown = [
            key
            for key in thresholds
            if not isinstance(key, Integral) or isinstance(key, bool) or not 0 <= int(key) < n_labels
        ]
        if unknown:
            raise ValueError(f"thresholds maps columns of y, 0 to {n_labels - 1}, to numbers; got {unknown[:5]}.")
        given = read_thresholds(list(thresholds.values()), len(thresholds), "thresholds")
        full[[int(key) for key in thresholds]] = given
        return full
    return full if isinstance(thresholds, str) else read_thresholds(thresholds, n_labels, "thresholds", same=True)
