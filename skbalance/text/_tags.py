"""Lists of tags in, lists of tags out, around any multi-label classifier."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skbalance._validation import DocLinkMixin, validate_hyperparameters

__all__ = ["TagClassifier"]


def _estimator_has(method):
    def check(self):
        getattr(getattr(self, "estimator_", self.estimator), method)
        return True

    return check


class TagClassifier(DocLinkMixin, MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Fit a multi-label classifier on lists of tags, and predict lists of tags.

    The tags are turned into an indicator matrix by :class:`~sklearn.preprocessing.MultiLabelBinarizer`, the
    estimator is fitted on it, and its predictions are turned back. Nothing else is added: the one object that is
    pickled knows the names of its tags.

    Put it outermost, around the search, as in ``TagClassifier(GridSearchCV(pipeline, ...))``. Splitters and
    scorers then see the indicator matrix, as they need: scikit-learn has no metrics for lists of tags, and does
    not stratify over them. (A search around a TagClassifier works with ``cv=KFold(5)`` in place of ``cv=5``.)

    Parameters
    ----------
    estimator : classifier
        Takes an indicator matrix of shape (n_samples, n_tags) as y: a pipeline, a search or a classifier.
    classes : sequence of str, default=None
        All tags, in the order of the columns. None takes the tags of the training data, sorted.
    sparse_output : bool, default=True
        Whether `estimator` is given a sparse matrix. False for classifiers that need a dense one.

    Attributes
    ----------
    estimator_ : classifier
        The fitted copy of `estimator`.
    classes_ : ndarray of object of shape (n_tags,)
        The tags; column i of `predict_proba` belongs to ``classes_[i]``.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from skbalance import TagClassifier
    >>> texts = ["wheat and corn prices", "crude oil", "wheat harvest", "oil and gas"]
    >>> tags = [["wheat", "corn"], ["crude"], ["wheat"], ["crude", "gas"]]
    >>> classifier = TagClassifier(make_pipeline(TfidfVectorizer(), KNeighborsClassifier(1)), sparse_output=False)
    >>> classifier.fit(texts, tags).predict(["the price of wheat and corn", "crude"])
    [('corn', 'wheat'), ('crude',)]
    """

    _parameter_constraints: dict = {
        "estimator": "no_validation",
        "classes": ["array-like", None],
        "sparse_output": ["boolean"],
    }

    def __init__(self, estimator, *, classes=None, sparse_output=True):
        self.estimator = estimator
        self.classes = classes
        self.sparse_output = sparse_output

    def fit(self, X, y, **fit_params):
        """Fit a copy of the estimator.

        Parameters
        ----------
        X : any
            What the estimator takes, of length n_samples.
        y : list, Series or 1-D array, of length n_samples
            A list, tuple, set or array of str for each row; empty for a row without tags.
        **fit_params
            Handed to the estimator's `fit`.

        Returns
        -------
        self : TagClassifier
            The fitted classifier.

        Raises
        ------
        TypeError, ValueError
            If a row of `y` is not a collection of strings, no row has a tag, or a tag is not in `classes`.
        """
        validate_hyperparameters(self)
        rows = _check_tags(y)
        present = set().union(*rows)
        if self.classes is not None:
            unknown = sorted(present.difference(self.classes))
            if unknown:
                raise ValueError(f"y has tags that are not among classes: {unknown[:10]}.")
        elif not present:
            raise ValueError("y has no tags: every row is empty.")
        classes = sorted(present) if self.classes is None else list(self.classes)
        binarizer = MultiLabelBinarizer(classes=classes, sparse_output=self.sparse_output)
        indicator = binarizer.fit_transform(rows)
        self.estimator_ = clone(self.estimator).fit(X, indicator, **fit_params)
        self.classes_ = binarizer.classes_
        self._binarizer = binarizer
        return self

    def predict(self, X):
        """Predict tags.

        Parameters
        ----------
        X : any
            What the estimator takes, of length n_samples.

        Returns
        -------
        tags : list of tuple of str, of length n_samples
            The tags of each row, in the order of `classes_`.
        """
        check_is_fitted(self)
        return self._binarizer.inverse_transform(self.estimator_.predict(X))

    @available_if(_estimator_has("predict_proba"))
    def predict_proba(self, X):
        """Predict probabilities, as the estimator does.

        Parameters
        ----------
        X : any
            What the estimator takes, of length n_samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_tags)
            In the order of `classes_` (some scikit-learn classifiers return a list of arrays instead).
        """
        check_is_fitted(self)
        return self.estimator_.predict_proba(X)

    @available_if(_estimator_has("decision_function"))
    def decision_function(self, X):
        """Compute scores, as the estimator does.

        Parameters
        ----------
        X : any
            What the estimator takes, of length n_samples.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_tags)
            In the order of `classes_`.
        """
        check_is_fitted(self)
        return self.estimator_.decision_function(X)

    def score(self, X, y, **score_params):
        """Score with the estimator's own `score`: a search's `scoring`, otherwise mostly subset accuracy.

        Parameters
        ----------
        X : any
            What the estimator takes, of length n_samples.
        y : list, Series or 1-D array, of length n_samples
            Lists of tags. Tags that are not in `classes_` are left out, with a warning.
        **score_params
            Handed to the estimator's `score`.

        Returns
        -------
        score : float
            Higher is better.
        """
        check_is_fitted(self)
        return self.estimator_.score(X, self._binarizer.transform(_check_tags(y)), **score_params)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        tags.classifier_tags.multi_label = True
        tags.classifier_tags.multi_class = False
        return tags


def _check_tags(y):
    """Return a list of lists of str, or raise an error that names the row."""
    if issparse(y) or getattr(y, "ndim", 1) != 1:
        raise ValueError(
            f"y is a {type(y).__name__} of shape {y.shape}; lists of tags are needed. With an indicator matrix, fit "
            "the estimator itself."
        )
    if isinstance(y, str) or not (isinstance(y, Sequence) or hasattr(y, "__array__")):
        raise TypeError(f"y is a {type(y).__name__}; a list, Series or 1-D array of lists of tags is needed.")
    return [_check_row(number, row) for number, row in enumerate(y)]


def _check_row(number, row):
    if isinstance(row, str):
        raise TypeError(
            f"Row {number} (counted from 0) of y is the string {row!r}; a list of tags is needed. Split it first, "
            "as in [row.split(',') for row in y]."
        )
    if not isinstance(row, (Sequence, set, frozenset, np.ndarray)):
        raise TypeError(
            f"Row {number} (counted from 0) of y is {row!r}, a {type(row).__name__}; a list of tags is needed, "
            "[] for none."
        )
    for tag in row:
        if not isinstance(tag, str):
            raise TypeError(
                f"Row {number} (counted from 0) of y has the tag {tag!r}, a {type(tag).__name__}; tags are strings."
            )
    return list(row)
