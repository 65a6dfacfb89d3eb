"""Targets in and out: 1-D classes, dense and sparse indicators, all one CSR indicator inside."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.special import expit, softmax
from sklearn.exceptions import DataConversionWarning
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets

__all__ = ["TargetEncoding", "encode_targets", "warn_of_constant_labels"]


@dataclass(frozen=True)
class TargetEncoding:
    """How a target was given, so that predictions are given back alike.

    Parameters
    ----------
    kind : {"binary", "multiclass", "multilabel"}
        What the target is.
    classes : ndarray of shape (n_classes,) or (n_labels, 2)
        The classes; of each label, 0 and 1, for a multi-label target.
    dtype : str
        Type of a multi-label target.
    sparse : {"", "matrix", "array"}
        SciPy container of a sparse target.
    """

    kind: str
    classes: np.ndarray
    dtype: str = ""
    sparse: str = ""

    @property
    def n_outputs(self) -> int:
        """Width of the indicator inside."""
        return 1 if self.kind == "binary" else len(self.classes)

    def decode(self, scores: np.ndarray):
        """Predictions, of the kind of the target, from scores that are above 0 for what is predicted.

        Parameters
        ----------
        scores : ndarray of shape (n_samples, n_outputs)
            Raw scores.

        Returns
        -------
        y : ndarray or sparse
            Classes of shape (n_samples,), or an indicator of shape (n_samples, n_labels).
        """
        if self.kind == "binary":
            return self.classes[(scores[:, 0] > 0).astype(int)]
        if self.kind == "multiclass":
            return self.classes[scores.argmax(axis=1)]
        return self.indicator(scores > 0)

    def probabilities(self, scores: np.ndarray, *, exclusive: bool = False) -> np.ndarray:
        """Probabilities of the labels, or classes, from scores, which may be overwritten.

        Parameters
        ----------
        scores : ndarray of shape (n_samples, n_outputs)
            Raw scores.
        exclusive : bool, default=False
            Whether classes exclude each other in the loss, and their probabilities are a softmax.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_labels) or (n_samples, n_classes)
            Strictly between 0 and 1. Those of classes sum to one in each row.
        """
        info = np.finfo(scores.dtype)
        low, high = info.tiny, np.nextafter(scores.dtype.type(1), scores.dtype.type(0))
        if self.kind == "binary":
            scores = np.hstack([-scores, scores])
        if exclusive:
            return softmax(scores, axis=1).clip(low, high)
        proba = expit(scores, out=scores).clip(low, high, out=scores)
        if self.kind == "multiclass":
            proba = (proba / proba.sum(axis=1, keepdims=True)).clip(low, high)
        return proba

    def top_probabilities(self, score_blocks, k: int, *, exclusive: bool = False) -> sp.csr_array:
        """Probabilities of the k labels of the highest scores in each row, of blocks of rows.

        Parameters
        ----------
        score_blocks : iterable of ndarray of shape (n_rows, n_labels)
            Raw scores.
        k : int
            Labels a row.
        exclusive : bool, default=False
            See :meth:`probabilities`.

        Returns
        -------
        proba : csr_array of shape (n_samples, n_labels)
            ``k`` entries in each row, in the order of the labels.

        Raises
        ------
        ValueError
            If ``k`` is out of its range, or the target is 1-D.
        """
        if self.kind != "multilabel":
            raise ValueError("predict_topk is for label indicators; this model was fitted to a 1-D target.")
        if not isinstance(k, (int, np.integer)) or not 1 <= k <= self.n_outputs:
            raise ValueError(f"k must be an integer from 1 to the number of labels, {self.n_outputs}; got {k!r}.")
        labels, proba = [], []
        for scores in score_blocks:
            top = np.sort(np.argpartition(scores, -k, axis=1)[:, -k:], axis=1)
            labels.append(top)
            proba.append(self.probabilities(np.take_along_axis(scores, top, axis=1), exclusive=exclusive))
        n_rows = sum(map(len, labels))
        parts = np.concatenate(proba).ravel(), np.concatenate(labels).ravel(), k * np.arange(n_rows + 1)
        return sp.csr_array(parts, shape=(n_rows, self.n_outputs))

    def stack(self, blocks: list):
        """Predictions of blocks of rows, one below the other."""
        if len(blocks) == 1:
            return blocks[0]
        return type(blocks[0])(sp.vstack(blocks, format="csr")) if self.sparse else np.concatenate(blocks)

    def indicator(self, positive):
        """Indicator of the type of a multi-label target from a boolean one, dense or sparse."""
        if not self.sparse:
            return positive.astype(self.dtype)
        container = sp.csr_array if self.sparse == "array" else sp.csr_matrix
        return container(positive, dtype=self.dtype)


def encode_targets(y) -> tuple[TargetEncoding, sp.csr_array]:
    """Encode a target.

    Parameters
    ----------
    y : ndarray or sparse of shape (n_samples,) or (n_samples, n_labels)
        Validated classes, or an indicator of 0 and 1. A single column of 0 and 1 is an indicator of one label; a single
        column of anything else is taken as classes, with a warning.

    Returns
    -------
    encoding : TargetEncoding
        How to give predictions back.
    indicator : csr_array of shape (n_samples, n_outputs)
        Without explicit zeros.

    Raises
    ------
    ValueError
        If there is only one class, if an indicator holds anything but 0 and 1, or if the target is none of these.
    """
    if sp.issparse(y):
        _check_zero_one(y.data)
        kind = "array" if isinstance(y, sp.sparray) else "matrix"
        return _multilabel(sp.csr_array(y, copy=True), y.dtype, kind)
    if y.ndim == 2 and y.shape[1] == 1 and not _is_zero_one(y):
        warnings.warn(
            "A column-vector y was passed when a 1d array was expected. Please change the shape of y to "
            "(n_samples,), for example using ravel().",
            DataConversionWarning,
            stacklevel=5,
        )
        y = column_or_1d(y)
    if y.ndim == 2:
        _check_zero_one(y)
        return _multilabel(sp.csr_array(y), y.dtype, "")
    check_classification_targets(y)
    classes, index = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"Classifier can't train when only one class is present; y holds only {classes[0]!r}.")
    n = len(y)
    if len(classes) == 2:
        return TargetEncoding("binary", classes), sp.csr_array(index.reshape(-1, 1))
    indicator = sp.csr_array((np.ones(n, np.uint8), index, np.arange(n + 1)), shape=(n, len(classes)))
    return TargetEncoding("multiclass", classes), indicator


def _multilabel(indicator, dtype, sparse):
    indicator.eliminate_zeros()
    indicator.sum_duplicates()
    # A row a label, as the lists of scikit-learn's multi-output classifiers hold. With two labels, one array
    # [0, 1] would make scikit-learn's scorers and cross-validation take the model for a binary one.
    classes = np.tile([0, 1], (indicator.shape[1], 1))
    return TargetEncoding("multilabel", classes, np.dtype(dtype).str, sparse), indicator


def _is_zero_one(values) -> bool:
    return values.dtype.kind in "biuf" and bool(((values == 0) | (values == 1)).all())


def _check_zero_one(values):
    if _is_zero_one(values):
        return
    if values.dtype.kind in "biuf":
        found = np.unique(values[~((values == 0) | (values == 1))])[:5].tolist()
    else:
        found = sorted({repr(v) for v in values.ravel()[:1000]})[:5]
    raise ValueError(
        f"A 2-D y must be a label indicator that holds only 0 and 1; got {found}. "
        "sklearn.preprocessing.MultiLabelBinarizer makes one from lists of labels."
    )


def warn_of_constant_labels(counts: np.ndarray, n_samples: float):
    """Warn of labels with no positive sample, and of those with no other."""
    for label_is, what in (
        (counts == 0, "no positive sample and will hardly ever be predicted"),
        (counts >= n_samples, "every sample positive and will nearly always be predicted"),
    ):
        if label_is.any():
            first = np.flatnonzero(label_is)[:5].tolist()
            warnings.warn(
                f"{label_is.sum()} of {len(counts)} labels have {what}: columns {first}"
                f"{' and so on' if label_is.sum() > 5 else ''}.",
                stacklevel=5,
            )
