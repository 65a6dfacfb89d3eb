"""One `(n_samples, n_labels)` array of scores from any classifier, whatever shape it hands out."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.special import logit

from skbalance._validation import _safe_indexing, num_samples

# Scores of so many pairs are held at a time where they need not all exist.
BLOCK_ELEMENTS = 1 << 20
_CLIP = 1e-6


def choose_response_method(estimator, wanted: str) -> str:
    """Name of the method that gives the scores.

    Parameters
    ----------
    estimator : classifier
        Fitted.
    wanted : {"auto", "scores", "decision_function", "predict_proba"}
        ``"auto"`` and ``"scores"`` take `decision_function` if there is one: probabilities close to 0 or 1 lose their
        order.

    Returns
    -------
    method : {"decision_function", "predict_proba"}
        What the estimator has.

    Raises
    ------
    ValueError
        If the estimator has none of them.
    """
    allowed = ["decision_function", "predict_proba"] if wanted in ("auto", "scores") else [wanted]
    for method in allowed:
        if hasattr(estimator, method):
            return method
    raise ValueError(
        f"{type(estimator).__name__} has no {' or '.join(allowed)}; scores are needed. Wrap a classifier that has "
        "one of them (LinearSVC and Perceptron in a OneVsRestClassifier)."
    )


def response(estimator, X, method: str, n_labels: int | None = None, *, keep_sparse: bool = False) -> Any:
    """Scores of every label, as the estimator gives them.

    Parameters
    ----------
    estimator : fitted classifier
        Gives `(n,)`, `(n, 2)`, `(n, n_labels)` or a list of n_labels such arrays, or a sparse matrix of shape
        `(n, n_labels)` of those scores that it has.
    X : array-like
        Samples.
    method : {"decision_function", "predict_proba"}
        Method to call.
    n_labels : int or None, default=None
        Labels to expect, 1 for a binary target; None takes any number.
    keep_sparse : bool, default=False
        Whether to return sparse scores as they are.

    Returns
    -------
    scores : ndarray of shape (n_samples, n_labels)
        Decision values, or probabilities of the positive class. NaN where a sparse matrix stores none: nothing is known
        of that pair, which is not a score of 0.

    Raises
    ------
    ValueError
        If the estimator scores another number of labels, or a score is NaN.
    """
    values = getattr(estimator, method)(X)
    if isinstance(values, (list, tuple)):
        classes = getattr(estimator, "classes_", [np.array([0, 1])] * len(values))
        values = np.stack([_positive(column, known) for column, known in zip(values, classes)], axis=1)
    else:
        values = values if sp.issparse(values) else np.asarray(values)
        if values.ndim == 1:
            values = values[:, None]
        if n_labels == 1 and values.shape[1] == 2:
            values = values[:, 1:]
    if values.ndim != 2 or n_labels not in (None, values.shape[1]):
        raise ValueError(
            f"{type(estimator).__name__}.{method} gave an array of shape {values.shape}; one column for each of "
            f"{n_labels or 'the'} labels is needed."
        )
    if np.isnan(values.data if sp.issparse(values) else values).any():
        raise ValueError(f"{type(estimator).__name__}.{method} gave NaN.")
    return _where_stored(values) if sp.issparse(values) and not keep_sparse else values


def _where_stored(scores) -> np.ndarray:
    """The scores that are stored, and NaN elsewhere."""
    stored = sp.csr_array(scores, copy=True)
    stored.sum_duplicates()
    values = np.full(stored.shape, np.nan, dtype=np.result_type(stored.dtype, np.float32))
    values[np.repeat(np.arange(len(values)), np.diff(stored.indptr)), stored.indices] = stored.data
    return values


def read_tags(estimator, y):
    """Return the indicator of lists of tags, where the estimator ends in a TagClassifier; any other y as it is."""
    while hasattr(estimator, "steps"):
        estimator = estimator.steps[-1][1]
    return estimator.tag_indicator(y) if hasattr(estimator, "tag_indicator") else y


def _positive(column, classes):
    """Column of class 1 among what one label's classifier gives; 0 where it never saw one."""
    column = np.asarray(column)
    if column.ndim == 1:
        return column
    where = np.flatnonzero(np.asarray(classes) == 1)
    return column[:, where[0]] if len(where) else np.zeros(len(column))


def log_odds(values, method: str) -> np.ndarray:
    """Scores on a scale on which halfway means something: probabilities become log-odds."""
    if method == "predict_proba":
        values = logit(np.clip(values.astype(float), _CLIP, 1 - _CLIP))
    return values.astype(np.float32, copy=False)


def scoring_blocks(n_rows: int, n_labels: int):
    """Slices of rows, of at most `BLOCK_ELEMENTS` pairs each."""
    step = max(1, BLOCK_ELEMENTS // max(1, n_labels))
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))


def response_blocks(estimator, X, method: str, n_labels: int):
    """What :func:`response` gives, for so many rows at a time as :func:`scoring_blocks` says."""
    for _, part in row_blocks(X, n_labels):
        yield response(estimator, part, method, n_labels)


def row_blocks(X, n_labels: int, rows=None):
    """Slices of all rows, or of some, as :func:`scoring_blocks` gives them, and the rows that are in them."""
    n_rows = num_samples(X) if rows is None else len(rows)
    for block in scoring_blocks(n_rows, n_labels):
        whole = rows is None and block == slice(0, n_rows)
        yield block, X if whole else _safe_indexing(X, np.r_[block] if rows is None else rows[block])
