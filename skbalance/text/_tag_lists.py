"""Lists of tags, however they are given."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import numpy as np
from scipy.sparse import issparse

__all__ = ["read_tag_lists"]


def read_tag_lists(y) -> list[list]:
    """Tags of each row.

    Parameters
    ----------
    y : list, tuple, pandas or polars Series, pyarrow array, or 1-D ndarray, of length n_samples
        A list, tuple, set, array or Series of str, or of int, for each row.

    Returns
    -------
    rows : list of list of str or int

    Raises
    ------
    TypeError, ValueError
        Naming the row, if it is not a collection of strings or of integers; if there are both.
    """
    if issparse(y) or getattr(y, "ndim", 1) != 1 or hasattr(y, "columns"):
        raise ValueError(
            f"y is a {type(y).__name__} of shape {y.shape}; lists of tags are needed. With an indicator matrix, fit "
            "the estimator itself."
        )
    if isinstance(y, (str, bytes)) or not (isinstance(y, Sequence) or hasattr(y, "__array__")):
        raise TypeError(f"y is a {type(y).__name__}; a list, Series or 1-D array of lists of tags is needed.")
    for method in ("to_pylist", "to_list"):
        if hasattr(y, method):
            y = getattr(y, method)()
    rows = [_read_row(number, row) for number, row in enumerate(y)]
    kinds = {isinstance(tag, str) for row in rows for tag in row}
    if len(kinds) > 1:
        raise TypeError("y has tags that are strings and tags that are integers; one of the two is needed.")
    return rows


def _read_row(number, row):
    if isinstance(row, str):
        raise TypeError(
            f"Row {number} (counted from 0) of y is the string {row!r}; a list of tags is needed. Split it first, "
            "as in [row.split(',') for row in y]."
        )
    if hasattr(row, "to_list"):
        row = row.to_list()
    if not isinstance(row, (Sequence, set, frozenset, np.ndarray)) or isinstance(row, bytes):
        raise TypeError(
            f"Row {number} (counted from 0) of y is {row!r}, a {type(row).__name__}; a list of tags is needed, "
            "[] for none."
        )
    return [_read_tag(number, tag) for tag in row]


def _read_tag(number, tag):
    if isinstance(tag, Integral) and not isinstance(tag, (bool, np.bool_)):
        return int(tag)
    if not isinstance(tag, str):
        raise TypeError(
            f"Row {number} (counted from 0) of y has the tag {tag!r}, a {type(tag).__name__}; tags are strings or "
            "integers."
        )
    return tag
