"""Stratified folds for multi-label targets that keep groups of rows together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_array, check_random_state, column_or_1d, indexable

from skbalance.model_selection._split import StratifiedFolds, target_as_csr

_SWEEPS = 10


class MultilabelStratifiedGroupKFold(StratifiedFolds):
    r"""K folds that keep groups together and hold the same share of every label as far as groups allow.

    Rows that belong together, such as the paragraphs of a document, the tickets of a customer or the reports of a
    day, are alike. Where some are in training and some in testing, the score is better than it will be on new
    documents, customers or days.

    Groups are handed out one by one, those that are hardest to place first, each to the fold where it raises

    .. math:: \sum_l \frac{1}{n_l} \sum_k n_{lk}^2 + \frac{1}{N} \sum_k N_k^2

    least, where fold k has :math:`n_{lk}` of the :math:`n_l` positives of label l and :math:`N_k` of the N rows; the
    sum is smallest when all are even. Groups are then moved while that lowers it.

    Parameters
    ----------
    n_splits : int, default=5
        The number of folds, at least 2.
    shuffle : bool, default=False
        Whether to shuffle the groups first, which decides between those that are equally hard to place; else they are
        taken in the order of their first rows.
    random_state : int, RandomState instance or None, default=None
        The seed of the shuffling; only with `shuffle=True`.

    See Also
    --------
    MultilabelStratifiedKFold : For rows that do not belong together.
    sklearn.model_selection.StratifiedGroupKFold : For one label a row.

    Notes
    -----
    For documents in order of time scikit-learn has what is needed, whatever the target:
    :class:`~sklearn.model_selection.TimeSeriesSplit` tests on what comes after the training rows, and
    ``KFold(shuffle=False)`` on one period after the other.

    Examples
    --------
    >>> import numpy as np
    >>> from skbalance.model_selection import MultilabelStratifiedGroupKFold
    >>> y = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [1, 1], [1, 1], [0, 0], [0, 0]])
    >>> documents = np.array(["a", "a", "b", "b", "c", "c", "d", "d"])
    >>> for train, test in MultilabelStratifiedGroupKFold(n_splits=2).split(y, y, groups=documents):
    ...     print(np.unique(documents[test]), y[test].sum(axis=0))
    ['c' 'd'] [2 2]
    ['a' 'b'] [2 2]
    """

    # As scikit-learn's splitters by group: with metadata routing on, groups are asked for.
    __metadata_request__split = {"groups": True}

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Make the pairs of training and test indices.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows; only their number matters.
        y : {array-like, sparse matrix} of shape (n_samples, n_labels) or (n_samples,)
            The target: an indicator, dense or sparse, or classes. Soft labels count from 0.5 on, unknown ones not.
        groups : array-like of shape (n_samples,)
            The group of each row.

        Returns
        -------
        splits : iterator of (train, test)
            Sorted integer indices, `n_splits` pairs.

        Raises
        ------
        ValueError
            If a parameter is not allowed, `y` is no such target, `groups` is missing, or there are fewer groups than
            folds.
        """
        if groups is None:
            raise ValueError("groups must be given: the group of each row.")
        X, y, groups = indexable(X, y, groups)
        Y = target_as_csr(y)
        try:
            groups = column_or_1d(check_array(groups, input_name="groups", ensure_2d=False, dtype=None))
            _, first, group = np.unique(groups, return_index=True, return_inverse=True)
        except TypeError as error:
            raise TypeError(f"groups must be of one type, and have a value in each row: {error}.") from None
        if self.n_splits > len(first):
            raise ValueError(f"n_splits={self.n_splits} must not exceed the number of groups: n_groups={len(first)}.")
        order = check_random_state(self.random_state).permutation(len(first)) if self.shuffle else np.argsort(first)
        return self._pairs(_place(_group_sums(Y, group, len(first)), self.n_splits, order)[group])


def _group_sums(Y: sp.csr_array, group: np.ndarray, n_groups: int) -> sp.csr_array:
    """Positives of each label in each group, with the number of its rows in a last column."""
    rows = sp.csr_array((np.ones(len(group)), (group, np.arange(len(group)))), shape=(n_groups, len(group)))
    sizes = sp.csr_array(np.bincount(group, minlength=n_groups)[:, None].astype(float))
    return sp.hstack([rows @ Y.astype(float), sizes], format="csr")


def _place(sums: sp.csr_array, n_folds: int, order: np.ndarray) -> np.ndarray:
    """The fold of each group; the groups come in `order`, those with the largest shares first."""
    share = sums.data / sums.sum(axis=0)[sums.indices]
    weight = np.add.reduceat(share * sums.data, sums.indptr[:-1])  # no group is without rows
    order = order[np.argsort(-weight[order], kind="stable")]
    held = np.zeros((sums.shape[1], n_folds))
    folds = np.full(sums.shape[0], -1)
    for _ in range(_SWEEPS):
        before = folds.copy()
        for group in order:
            entries = slice(sums.indptr[group], sums.indptr[group + 1])
            columns, counts = sums.indices[entries], sums.data[entries]
            if folds[group] >= 0:
                held[columns, folds[group]] -= counts
            cost = share[entries] @ held[columns]
            best = int(np.argmin(cost))
            if folds[group] < 0 or cost[best] < cost[folds[group]] - 1e-9:
                folds[group] = best
            held[columns, folds[group]] += counts
        if (folds == before).all():
            break
    return folds
