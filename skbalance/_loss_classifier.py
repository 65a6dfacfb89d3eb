"""Classifiers with a loss: its parameters and display, the target, predictions, and the rows of early stopping."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from numbers import Real
from typing import Annotated, Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import check_scoring
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted

from ._responses import row_blocks
from ._targets import UNCERTAIN, TargetEncoding, column_names, read_labels, rounded
from ._validation import DocLinkMixin, VisualBlock, _safe_indexing, check_sample_weight, short
from .losses import BaseLoss, get_loss, get_loss_names, loss_from_state, loss_to_state

# `get_loss` says what is wrong with one.
LossParameter = Annotated[str | BaseLoss, "no_validation"]


class LossClassifierMixin(DocLinkMixin):
    """Display the loss and set its parameters, keep the fitted loss and the kind of the target, and predict.

    A classifier reads features or texts by `_read_rows`, and gives raw scores of some of them by `_scores`, an array of
    shape (n_rows, n_outputs).
    """

    loss: LossParameter
    uncertain_labels: bool
    _read_rows: Callable[[Any], Any]
    _scores: Callable[[Any], np.ndarray]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.classifier_tags.multi_label = True
        return tags

    def _sk_visual_block_(self):
        # Fitted, the loss that was trained: what it took from the data is in it.
        loss = getattr(self, "loss_", self.loss)
        if isinstance(loss, str) and loss in get_loss_names():
            loss = get_loss(loss)
        if not isinstance(loss, BaseLoss):  # displayed as it is; fit will tell what is wrong with it
            return VisualBlock("single", self, names=type(self).__name__, name_details=str(self))
        return VisualBlock("parallel", [loss], names=[f"loss: {type(loss).__name__}"], name_details=[str(loss)])

    def set_params(self, **params):
        """Set the parameters of the classifier, and of its loss where that is an object.

        Parameters
        ----------
        **params : dict
            Parameters; those of the loss as ``loss__name``.

        Returns
        -------
        self : estimator instance
            The classifier itself.

        Raises
        ------
        ValueError
            If a parameter is unknown, or is one of a loss that is given by its name.
        """
        nested = [name for name in params if name.startswith("loss__")]
        loss = params.get("loss", self.loss)
        if nested and isinstance(loss, str):
            example = type(get_loss(loss)).__name__ if loss in get_loss_names() else "FocalLoss"
            raise ValueError(
                f"{nested[0]!r} cannot be set while loss={loss!r} is a string: pass a loss object, "
                f"loss={example}(), and set its parameters."
            )
        return super().set_params(**params)  # type: ignore[misc]

    @property
    def loss_(self):
        """The loss that was trained, its ``"auto"`` parameters resolved."""
        if "_fitted_loss" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__} has no loss_ before it is fitted.")
        return loss_from_state(self._fitted_loss)

    @property
    def _also(self) -> tuple:
        """What an indicator may hold besides 0 and 1."""
        return UNCERTAIN if self.uncertain_labels else ()

    def _read_target(self, X, y, sample_weight, dtype, chunk=None, suffix=""):
        """The kind of the target, its indicator, and weights of this type; X is read already."""
        _, encoding, indicator = read_labels(y, also=self._also, chunk=chunk, name=f"y{suffix}")
        check_consistent_length(X, indicator)
        weight = check_sample_weight(sample_weight, indicator, name=f"sample_weight{suffix}", dtype=dtype)
        return encoding, indicator, weight

    def _store_target(self, encoding, statistics, loss):
        """Store the target and the loss that is trained; as plain values, so that no file holds a type of them."""
        self.classes_ = encoding.classes
        self.n_outputs_ = encoding.n_outputs
        self.label_counts_ = statistics.counts.copy()
        self.n_samples_fit_ = statistics.n_samples
        self._fitted_loss = loss_to_state(loss)
        self._target = (encoding.kind, encoding.dtype, encoding.sparse)

    @property
    def _encoding(self):
        kind, dtype, sparse = self._target
        return TargetEncoding(kind, self.classes_, dtype, sparse)

    def _score_blocks(self, X) -> Iterator[np.ndarray]:
        for _, rows in row_blocks(self._read_rows(X), self.n_outputs_):
            yield self._scores(rows)

    def _all_scores(self, X):
        return np.concatenate(list(self._score_blocks(X)))

    def decision_function(self, X):
        """Raw scores, above 0 for what is predicted.

        Parameters
        ----------
        X : array-like
            What `fit` takes: features of shape (n_samples, n_features), or texts.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_labels), (n_samples, n_classes) or (n_samples,)
            One score a label, or a class; the second class's for a binary target.
        """
        check_is_fitted(self)
        scores = self._all_scores(X)
        return scores[:, 0] if self._encoding.kind == "binary" else scores

    def predict_proba(self, X):
        """Probability of each label, or of each class.

        After a balancing loss these order labels well but are not calibrated.

        Parameters
        ----------
        X : array-like
            What `fit` takes: features of shape (n_samples, n_features), or texts.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_labels) or (n_samples, n_classes)
            Strictly between 0 and 1. Those of classes sum to one in each row.
        """
        check_is_fitted(self)
        return self._encoding.probabilities(self._all_scores(X), exclusive=self.loss_.exclusive)

    def predict(self, X):
        """Predict labels, or classes.

        Parameters
        ----------
        X : array-like
            What `fit` takes: features of shape (n_samples, n_features), or texts.

        Returns
        -------
        y : ndarray or sparse of shape (n_samples, n_labels) or (n_samples,)
            An indicator of the type of the y that was fitted, sparse if that was; or classes.
        """
        check_is_fitted(self)
        encoding = self._encoding
        return encoding.stack([encoding.decode(scores) for scores in self._score_blocks(X)])

    def predict_topk(self, X, k):
        """Probabilities of the k most probable labels of each sample, of which a block is scored at a time.

        Parameters
        ----------
        X : array-like
            What `fit` takes: features of shape (n_samples, n_features), or texts.
        k : int
            Labels a sample, from 1 to the number of labels.

        Returns
        -------
        proba : csr_matrix of shape (n_samples, n_labels)
            ``k`` entries in each row, those of :meth:`predict_proba`, in the order of the labels. A csr_array where
            scikit-learn's setting `sparse_interface` says so.

        Raises
        ------
        ValueError
            If ``k`` is out of its range, or the model was fitted to a 1-D target.

        Examples
        --------
        >>> from skbalance import BalancedMultiLabelClassifier
        >>> model = BalancedMultiLabelClassifier().fit([[0, 1], [1, 0]], [[1, 0], [0, 1]])
        >>> model.predict_topk([[0, 1]], k=1).toarray().round(2)
        array([[0.7, 0. ]])
        """
        check_is_fitted(self)
        return self._encoding.top_probabilities(self._score_blocks(X), k, exclusive=self.loss_.exclusive)


class Rows(NamedTuple):
    """What was read of some rows: features or texts, indicator, weights, and whether these were given."""

    X: Any
    indicator: sp.csr_array
    weight: np.ndarray
    weighted: bool

    def take(self, index) -> Rows:
        """Some of the rows."""
        return Rows(_safe_indexing(self.X, index), self.indicator[index], self.weight[index], self.weighted)


def read_validation_rows(classifier, encoding: TargetEncoding, dtype, X_val, y_val, sample_weight_val) -> Rows | None:
    """Read the rows that a user has set aside to validate on.

    Parameters
    ----------
    classifier : LossClassifierMixin
        With the `early_stopping` and what else decides how rows are read.
    encoding : TargetEncoding
        Of the training rows.
    dtype : numpy dtype
        Of the weights.
    X_val, y_val, sample_weight_val : object or None
        What `fit` was given.

    Returns
    -------
    rows : Rows or None
        None if there are none.

    Raises
    ------
    ValueError
        If they are not like the rows that are trained on, or nothing is validated.
    """
    if X_val is y_val is sample_weight_val is None:
        return None
    if X_val is None or y_val is None:
        raise ValueError(f"X_val and y_val go together; there is no {'X_val' if X_val is None else 'y_val'}.")
    if not classifier.early_stopping:
        raise ValueError("X_val and y_val are for early_stopping=True; got early_stopping=False.")
    try:
        X = classifier._read_rows(X_val)
    except (TypeError, ValueError) as error:
        raise ValueError(f"X_val is not as X: {error}") from error
    _, indicator, weight = classifier._read_target(X, y_val, sample_weight_val, dtype, (encoding, None), "_val")
    names = column_names(y_val)
    if names and encoding.names and names != encoding.names:
        raise ValueError(f"y_val must have the columns {short(encoding.names)}; got {short(names)}.")
    return Rows(X, indicator, weight, sample_weight_val is not None)


def make_score(rows: Rows, scoring, encoding: TargetEncoding, statistics, loss) -> Callable[[np.ndarray], float]:
    """Make the function that scores the scores of some rows; larger is better.

    It is tried on the true labels at once, so that a scorer that cannot be used is told of before training.

    Parameters
    ----------
    rows : Rows
        The rows.
    scoring : str or callable
        A scorer of scikit-learn.
    encoding, statistics, loss : TargetEncoding, LabelStatistics and BaseLoss
        What the target is, and what is learnt of it.

    Returns
    -------
    score : callable
        From an array of shape (n_rows, n_outputs) to a number.

    Raises
    ------
    ValueError
        If the scorer is unknown, or gives something else than a finite number.
    """
    scored, encoding = ScoredRows(), replace(encoding, sparse="")  # which all scorers take
    scored._store_target(encoding, statistics, loss)
    scorer = check_scoring(scored, scoring=scoring)
    perfect = np.where(rounded(rows.indicator).toarray() > 0, 1.0, -1.0)
    uncertain = rows.indicator.dtype.kind == "f"  # some labels are unknown or soft
    y = rows.indicator.toarray() if uncertain else encoding.decode(perfect)
    weights = {"sample_weight": rows.weight} if rows.weighted else {}

    def score(scores):
        scored.scores = scores
        value = scorer(scored, rows.X, y, **weights)
        if not isinstance(value, Real) or not math.isfinite(float(value)):
            raise ValueError(f"scoring={scoring!r} must give a finite number for the validation rows; got {value!r}.")
        return float(value)

    score(perfect)
    return score


class ScoredRows(LossClassifierMixin, ClassifierMixin, BaseEstimator):
    """What a scorer needs of a classifier whose scores of the rows are known."""

    def fit(self, X, y):
        """It is fitted as it is."""
        return self

    def _score_blocks(self, X):
        yield self.scores
