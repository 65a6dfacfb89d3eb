"""What is gained where a person mends the labels of some rows."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils import Bunch

from skbalance._indicators import align_indicators, label_confusion, ratio
from skbalance._validation import check_option, read_numbers

# Random orders of which the mean is taken.
_DRAWS = 20


def review_curve(y_true: Any, y_pred: Any, doubt: Any, *, shares: Any = None, average: str = "micro") -> Bunch:
    """F1 after a person has mended the labels of a share of the rows, in the order of doubt and in others.

    Parameters
    ----------
    y_true, y_pred : {array-like, sparse matrix} of shape (n_samples, n_labels)
        The true and the predicted indicator. Labels that are unknown, NaN in `y_true`, are left out.
    doubt : array-like of shape (n_samples,)
        Rows with the highest doubt are mended first; equal ones as they stand.
    shares : array-like of shape (n_shares,), default=None
        Shares of the rows, from 0 to 1 in increasing order; None is 0, .01, ..., 1.
    average : {"micro", "macro"}, default="micro"
        F1 of all pairs of row and label, or the mean over the labels that a row has in `y_true`.

    Returns
    -------
    curve : Bunch
        With ``shares``, and of the same shape F1 with rows mended ``by_doubt``, at ``random`` (mean of 20 orders),
        and in the ``best`` order, those with most wrong labels first.

    Raises
    ------
    ValueError
        If the inputs cannot be used.

    Examples
    --------
    >>> from skbalance.metrics import review_curve
    >>> y_true, y_pred = [[1, 0], [0, 1], [1, 1], [1, 0]], [[1, 0], [0, 1], [0, 0], [1, 0]]
    >>> curve = review_curve(y_true, y_pred, doubt=[0.1, 0.2, 0.9, 0.3], shares=[0, 0.25])
    >>> curve.by_doubt
    array([0.75, 1.  ])
    """
    check_option(average, ("micro", "macro"), "average")
    shares = np.linspace(0, 1, 101) if shares is None else read_numbers(shares, "shares")
    if shares.ndim != 1 or not ((shares >= 0) & (shares <= 1)).all() or (np.diff(shares) < 0).any():
        raise ValueError(f"shares must be numbers from 0 to 1 in increasing order; got {shares!r}.")
    y_true, y_pred = (sp.csr_array(y, dtype=np.int8) for y in align_indicators(y_true, y_pred))
    n_rows, doubt = y_true.shape[0], read_numbers(doubt, "doubt")
    if doubt.shape != (n_rows,) or np.isnan(doubt).any():
        raise ValueError(f"doubt must hold one number for each of {n_rows} rows; got shape {doubt.shape}.")
    counts, wrong = label_confusion(y_true, y_pred), sp.coo_array(y_true - y_pred)
    wrong.eliminate_zeros()
    n_mended, random_state = np.rint(shares * n_rows), np.random.RandomState(0)

    def scores(order):
        return _mended_scores(counts, wrong, np.argsort(order), n_mended, average)

    return Bunch(
        shares=shares,
        by_doubt=scores(np.argsort(-doubt, kind="stable")),
        random=np.mean([scores(random_state.permutation(n_rows)) for _ in range(_DRAWS)], axis=0),
        best=scores(np.argsort(-np.bincount(wrong.row, minlength=n_rows), kind="stable")),
    )


def _mended_scores(counts, wrong, ranks, n_mended, average) -> np.ndarray:
    """F1 for each number of rows that are mended.

    Parameters
    ----------
    counts : tuple of ndarray of shape (n_labels,)
        Hits, predictions and positives of each label before.
    wrong : coo_array of shape (n_samples, n_labels)
        1 for a label that is missed, -1 for one that is given.
    ranks : ndarray of shape (n_samples,)
        When the turn of each row comes, from 0.
    n_mended : ndarray of shape (n_shares,)
        Rows that are mended.
    average : {"micro", "macro"}
        Of F1.
    """
    shape = (2, wrong.shape[1], len(n_mended) + 1)
    step = np.searchsorted(n_mended, ranks[wrong.row], side="right")
    cells = np.ravel_multi_index(((wrong.data > 0).astype(int), wrong.col, step), shape)
    taken, added = np.bincount(cells, minlength=np.prod(shape)).reshape(shape)[..., :-1].cumsum(axis=2)
    hits, predicted, positives = (count[:, None] for count in counts)
    hits, below = hits + added, predicted + positives + added - taken
    if average == "micro":
        return ratio(2 * hits.sum(axis=0), below.sum(axis=0), np.nan)
    occurs = counts[2] > 0
    return ratio((2 * hits[occurs] / below[occurs]).sum(axis=0), occurs.sum(), np.nan)


def doubt_gain(y_true: Any, y_pred: Any, doubt: Any, *, share: float = 0.1, average: str = "micro") -> float:
    """How many times as much F1 is gained by mending the most doubtful rows as by mending random ones.

    Parameters
    ----------
    y_true, y_pred : {array-like, sparse matrix} of shape (n_samples, n_labels)
        The true and the predicted indicator. Labels that are unknown, NaN in `y_true`, are left out.
    doubt : array-like of shape (n_samples,)
        Rows with the highest doubt are mended first, as
        :meth:`~skbalance.decisions.TunedThresholdMultiLabelClassifierCV.doubt` gives it.
    share : float, default=0.1
        Share of the rows that a person mends.
    average : {"micro", "macro"}, default="micro"
        F1 of all pairs of row and label, or the mean over the labels that a row has in `y_true`.

    Returns
    -------
    gain : float
        Gain in F1 in the order of doubt over the mean gain of 20 random orders: 1 for an order that tells nothing. NaN
        where nothing is gained at random, because all is right or no row is mended.

    Raises
    ------
    ValueError
        If the inputs cannot be used.

    See Also
    --------
    review_curve : F1 itself, for all shares.

    Examples
    --------
    >>> from skbalance.metrics import doubt_gain
    >>> y_true, y_pred = [[1, 0], [0, 1], [1, 1], [1, 0]], [[1, 0], [0, 1], [0, 0], [1, 0]]
    >>> doubt_gain(y_true, y_pred, doubt=[0.1, 0.2, 0.9, 0.3], share=0.25) > 1
    True
    """
    if isinstance(share, bool) or not isinstance(share, numbers.Real) or not 0 < share <= 1:
        raise ValueError(f"share must be a number above 0, and 1 at most; got {share!r}.")
    curve = review_curve(y_true, y_pred, doubt, shares=[0, share], average=average)
    return float(ratio(np.diff(curve.by_doubt), np.diff(curve.random), np.nan)[0])
