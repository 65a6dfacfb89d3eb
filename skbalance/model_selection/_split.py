"""Stratified splitters for multi-label targets, dense or sparse."""

import numbers
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.model_selection import BaseShuffleSplit, KFold, ShuffleSplit
from sklearn.utils import check_array, check_random_state, column_or_1d, indexable

from skbalance._tag_lists import indicator_of_tags, read_tag_lists
from skbalance._targets import UNCERTAIN, TagListsError, class_indicator, read_targets, rounded
from skbalance._validation import _safe_indexing, check_sparse
from skbalance._warnings import warn
from skbalance.model_selection._stratify import assign_folds, place_groups


def _as_csr(y: Any) -> sp.csr_array:
    """The target as a canonical CSR indicator; of classes or tags, each has a column.

    Folds are even in what is known to be positive, and soft labels are from 0.5 on.
    """
    try:
        y = read_targets(y, also=UNCERTAIN)
    except TagListsError:
        rows = read_tag_lists(y)
        return sp.csr_array(indicator_of_tags(rows, list(dict.fromkeys(chain.from_iterable(rows)))))
    return class_indicator(y)[1] if y.ndim == 1 else rounded(sp.csr_array(y))


def _stratify(Y: sp.csr_array, proportions: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The fold of each row, the rows being taken in `order`, those with many labels first."""
    order = order[np.argsort(-np.diff(Y.indptr)[order], kind="stable")]
    folds = np.empty(order.size, dtype=np.int64)
    folds[order] = assign_folds(Y[order], proportions)
    return folds


def _pairs(folds: np.ndarray, n_folds: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    return ((np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)) for fold in range(n_folds))


def _check_count(name: str, value: Any) -> None:
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be an integer of at least 1; got {value!r}.")


class _TargetSplitter:
    """Mixin of the splitters that need nothing but the target; it is checked before the first split is asked for."""

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Make the pairs of training and test indices.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows; only their number matters.
        y : {array-like, sparse matrix} of shape (n_samples, n_labels) or (n_samples,)
            The target. Of an indicator, soft labels count from 0.5 on, and unknown ones, NaN, not at all.
        groups : object
            Ignored, with a warning.

        Returns
        -------
        splits : iterator of (train, test)
            Integer indices, as many pairs as :meth:`get_n_splits` says; sorted where they are folds, else shuffled.

        Raises
        ------
        ValueError
            If a parameter is not allowed, `y` is no such target, or there are fewer rows than folds.
        """
        if groups is not None:
            warn(f"The groups parameter is ignored by {type(self).__name__}")
        X, y = indexable(X, y)
        return self._splits(_as_csr(y))  # type: ignore[attr-defined]


class MultilabelStratifiedKFold(_TargetSplitter, KFold):
    """K folds that each hold the same share of every label.

    Iterative stratification [1]_: the label with the fewest rows left is handed out first, each row to the fold
    that wants the label most. Rows are then moved between folds while that evens out the labels, and the sizes
    of the folds differ by one row at most. Rows without labels are spread too. A label with fewer positives
    than folds is missing from some of them.

    Parameters
    ----------
    n_splits : int, default=5
        The number of folds, at least 2.
    shuffle : bool, default=False
        Whether to shuffle the rows first. If not, rows are taken in their order, and the folds are always the
        same.
    random_state : int, RandomState instance or None, default=None
        The seed of the shuffling; only with `shuffle=True`.

    See Also
    --------
    RepeatedMultilabelStratifiedKFold : Repeats it with other shuffles.
    MultilabelStratifiedShuffleSplit : Random splits into train and test.
    multilabel_train_test_split : One split of arrays.

    Notes
    -----
    `y` is a dense or sparse indicator matrix, or lists of tags; a 1-D `y` (binary, multiclass) is split by its classes.
    A sparse `y` is never made dense.

    References
    ----------
    .. [1] Sechidis, Tsoumakas and Vlahavas, "On the Stratification of Multi-Label Data", ECML PKDD 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from skbalance.model_selection import MultilabelStratifiedKFold
    >>> y = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [1, 1], [1, 1], [0, 0], [0, 0]])
    >>> X = np.zeros((8, 1))
    >>> for train, test in MultilabelStratifiedKFold(n_splits=2).split(X, y):
    ...     print(test, y[test].sum(axis=0))
    [0 2 4 6] [2 2]
    [1 3 5 7] [2 2]
    """

    n_repeats = 1

    def _splits(self, Y: sp.csr_array) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        n_samples, rng = Y.shape[0], check_random_state(self.random_state)
        if self.n_splits > n_samples:
            raise ValueError(f"n_splits={self.n_splits} must not exceed the number of samples: n_samples={n_samples}.")
        shares = np.full(self.n_splits, 1 / self.n_splits)
        orders = (rng.permutation(n_samples) if self.shuffle else np.arange(n_samples) for _ in range(self.n_repeats))
        return chain.from_iterable(_pairs(_stratify(Y, shares, order), self.n_splits) for order in orders)


class RepeatedMultilabelStratifiedKFold(MultilabelStratifiedKFold):
    """Repeat :class:`MultilabelStratifiedKFold`, shuffled anew each time.

    Parameters
    ----------
    n_splits : int, default=5
        The number of folds, at least 2.
    n_repeats : int, default=10
        How often the folds are made, at least once.
    random_state : int, RandomState instance or None, default=None
        The seed of the shuffling.

    Examples
    --------
    >>> import numpy as np
    >>> from skbalance.model_selection import RepeatedMultilabelStratifiedKFold
    >>> cv = RepeatedMultilabelStratifiedKFold(n_splits=2, n_repeats=3, random_state=0)
    >>> cv.get_n_splits()
    6
    >>> y = np.eye(4, dtype=int).repeat(2, axis=0)
    >>> all((y[test].sum(axis=0) == 1).all() for _, test in cv.split(y, y))
    True
    """

    def __init__(self, n_splits: int = 5, *, n_repeats: int = 10, random_state: Any = None) -> None:
        super().__init__(n_splits, shuffle=True, random_state=random_state)
        _check_count("n_repeats", n_repeats)
        self.n_repeats = n_repeats

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of splits.

        Parameters
        ----------
        X, y, groups : object
            Ignored.

        Returns
        -------
        n_splits : int
            The number of folds, times the repeats.
        """
        return self.n_splits * self.n_repeats


class MultilabelStratifiedGroupKFold(KFold):
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
        Y = _as_csr(y)
        try:
            groups = column_or_1d(check_array(groups, input_name="groups", ensure_2d=False, dtype=None))
            _, first, group = np.unique(groups, return_index=True, return_inverse=True)
        except TypeError as error:
            raise TypeError(f"groups must be of one type, and have a value in each row: {error}.") from None
        if self.n_splits > len(first):
            raise ValueError(f"n_splits={self.n_splits} must not exceed the number of groups: n_groups={len(first)}.")
        order = check_random_state(self.random_state).permutation(len(first)) if self.shuffle else np.argsort(first)
        return _pairs(place_groups(Y, group, self.n_splits, order)[group], self.n_splits)


class MultilabelStratifiedShuffleSplit(_TargetSplitter, BaseShuffleSplit):
    """Random splits into train and test that both hold the same share of every label.

    Each split is made by the method of :class:`MultilabelStratifiedKFold` with two parts of unequal size (three,
    if rows are left over). The sizes are exactly those that scikit-learn's splitters give.

    Parameters
    ----------
    n_splits : int, default=10
        The number of splits.
    test_size : float, int or None, default=None
        The share or number of test rows. None is what `train_size` leaves, or 0.1.
    train_size : float, int or None, default=None
        The share or number of training rows. None is what `test_size` leaves.
    random_state : int, RandomState instance or None, default=None
        The seed.

    Examples
    --------
    >>> import numpy as np
    >>> from skbalance.model_selection import MultilabelStratifiedShuffleSplit
    >>> y = np.array([[1, 0], [0, 1], [1, 1], [0, 0]]).repeat(5, axis=0)
    >>> cv = MultilabelStratifiedShuffleSplit(n_splits=1, test_size=0.4, random_state=0)
    >>> train, test = next(cv.split(y, y))
    >>> y[train].sum(axis=0), y[test].sum(axis=0)
    (array([6, 6]), array([4, 4]))
    """

    def _splits(self, Y: sp.csr_array) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        _check_count("n_splits", self.n_splits)
        for name in ("test_size", "train_size"):
            size = getattr(self, name)
            if size is not None and (isinstance(size, bool) or not isinstance(size, numbers.Real)):
                raise ValueError(f"{name} must be a share in (0, 1), a number of rows or None; got {size!r:.80}.")
        n_samples = Y.shape[0]
        sizes = ShuffleSplit(1, test_size=self.test_size, train_size=self.train_size, random_state=0)
        n_train, n_test = (part.size for part in next(sizes.split(np.empty((n_samples, 0)))))
        left = n_samples - n_train - n_test
        shares = np.array([n_train, n_test, left][: 3 if left else 2]) / n_samples
        rng = check_random_state(self.random_state)
        orders = (rng.permutation(n_samples) for _ in range(self.n_splits))
        parts = ((order, _stratify(Y, shares, order)[order]) for order in orders)
        return ((order[folds == 0], order[folds == 1]) for order, folds in parts)


def multilabel_train_test_split(
    *arrays: Any,
    test_size: float | int | None = None,
    train_size: float | int | None = None,
    random_state: Any = None,
    stratify: Any = None,
) -> list[Any]:
    """Split arrays into train and test parts that both hold the same share of every label.

    As :func:`sklearn.model_selection.train_test_split`, but stratified by a multi-label target.

    Parameters
    ----------
    *arrays : sequence of {array-like, sparse matrix, dataframe} with n_samples rows each
        What to split: `X, y` and whatever else goes with them.
    test_size : float, int or None, default=None
        The share or number of test rows. None is what `train_size` leaves, or 0.25.
    train_size : float, int or None, default=None
        The share or number of training rows. None is what `test_size` leaves.
    random_state : int, RandomState instance or None, default=None
        The seed of the shuffling.
    stratify : {array-like, sparse matrix} of shape (n_samples, n_labels) or (n_samples,), default=None
        The target to stratify by, or lists of tags. None is the second of `arrays`, where scikit-learn's functions take
        `y`; the first if there is only one.

    Returns
    -------
    splitting : list of length 2 * len(arrays)
        Train and test part of each array, as `X_train, X_test, y_train, y_test`.

    Raises
    ------
    ValueError
        If there is no array, the lengths differ, a size is not allowed or the target is none.

    Examples
    --------
    >>> import numpy as np
    >>> from skbalance.model_selection import multilabel_train_test_split
    >>> y = np.array([[1, 0], [0, 1], [1, 1], [0, 0]]).repeat(4, axis=0)
    >>> X = np.arange(16)
    >>> X_train, X_test, y_train, y_test = multilabel_train_test_split(X, y, random_state=0)
    >>> y_train.sum(axis=0), y_test.sum(axis=0)
    (array([6, 6]), array([2, 2]))
    """
    if not arrays:
        raise ValueError("At least one array required as input")
    for number, array in enumerate(arrays):
        check_sparse(array, f"Array {number} (counted from 0)")
        if array is None:
            raise ValueError(f"Array {number} (counted from 0) is None; rows are needed.")
    arrays = tuple(indexable(*arrays))
    target = arrays[min(1, len(arrays) - 1)] if stratify is None else stratify
    if test_size is None and train_size is None:
        test_size = 0.25
    splitter = MultilabelStratifiedShuffleSplit(
        1, test_size=test_size, train_size=train_size, random_state=random_state
    )
    train, test = next(splitter.split(arrays[0], target))
    return list(chain.from_iterable((_safe_indexing(a, train), _safe_indexing(a, test)) for a in arrays))
