"""Lists of tags, whatever holds them, as plain lists; or an error that names the row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from numbers import Integral
from typing import Any

from scipy.sparse import issparse

from skbalance._targets import is_missing

__all__ = ["read_classes", "read_tag_lists"]


def read_tag_lists(y: Any, *, name: str = "y") -> list[list]:
    """Read lists of tags.

    Parameters
    ----------
    y : list, Series or array of shape (n_samples,), or frame of one column
        A collection of tags for each row, empty for a row without tags: lists, tuples, sets, arrays; also a column of
        lists of pandas, polars or pyarrow. The tags are strings, or integers.
    name : str, default="y"
        What the messages call it.

    Returns
    -------
    rows : list of list
        The tags of each row as str or int, each once, in the order that they were given in.

    Raises
    ------
    TypeError
        If `y` or one of its rows is no collection, or a tag is neither a string nor an integer, or tags of both kinds
        come together.
    ValueError
        If `y` is an indicator matrix, or a row or a tag is missing (None, NaN, ``pandas.NA``).
    """
    rows = [_read_row(number, row, name) for number, row in enumerate(_rows(y, name))]
    _check_one_kind((tag for row in rows for tag in row), name)
    return rows


def read_classes(classes: Any) -> list:
    """Read the tags of a sequence, in its order.

    Raises
    ------
    TypeError
        If it has no order, or a tag is neither a string nor an integer, or there are tags of both kinds.
    ValueError
        If it is empty, or a tag is missing.
    """
    if isinstance(classes, (Set, str)):
        raise TypeError(f"classes must be a sequence of tags, in the order of the columns; got {classes!r}.")
    tags = [_read_tag(tag, "classes") for tag in classes]
    if not tags:
        raise ValueError("classes must hold at least one tag; got none.")
    _check_one_kind(tags, "classes")
    return tags


def _check_one_kind(tags: Iterable, name: str) -> None:
    if len(set(map(type, tags))) > 1:
        raise TypeError(f"{name} has tags that are strings and tags that are integers; give them one type.")


def _rows(y: Any, name: str) -> list:
    shape = getattr(y, "shape", None)
    if not issparse(y) and shape is not None and len(shape) == 2 and shape[1] == 1:
        y = _only_column(y)
    elif issparse(y) or (shape is not None and len(shape) != 1):
        raise ValueError(
            f"{name} is a {type(y).__name__} of shape {shape}; lists of tags are needed. With an indicator matrix, fit "
            "the estimator itself."
        )
    if isinstance(y, Sequence) and not isinstance(y, (str, bytes)):
        return list(y)
    as_list = _to_list(y)
    if as_list is None:
        raise TypeError(f"{name} is a {type(y).__name__}; a list, Series or 1-D array of lists of tags is needed.")
    return as_list


def _only_column(frame: Any) -> Any:
    if hasattr(frame, "iloc"):  # pandas
        return frame.iloc[:, 0]
    if hasattr(frame, "column_names"):  # pyarrow
        return frame.columns[0]
    return frame.to_series() if hasattr(frame, "to_series") else frame[:, 0]  # polars; arrays


def _to_list(values: Any) -> list | None:
    """Items of an array, a Series or a column; None for what is none of these."""
    if not hasattr(values, "__array__"):
        return None
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(values, method):
            items = getattr(values, method)()
            return items if isinstance(items, list) else None
    return None


def _read_row(number: int, row: Any, name: str) -> list:
    where = f"Row {number} (counted from 0) of {name}"
    row = row.as_py() if hasattr(row, "as_py") else row  # a scalar of pyarrow
    if isinstance(row, (str, bytes)):
        raise TypeError(
            f"{where} is the string {row!r}; a list of tags is needed. Split it first, as in "
            f"[row.split(',') for row in {name}]."
        )
    if is_missing(row):
        raise ValueError(f"{where} is missing ({row!r}); a list of tags is needed, [] for none.")
    tags = list(row) if isinstance(row, (Sequence, Set)) else _to_list(row)
    if tags is None:
        raise TypeError(f"{where} is {row!r}, a {type(row).__name__}; a list of tags is needed, [] for none.")
    return list(dict.fromkeys(_read_tag(tag, where) for tag in tags))


def _read_tag(tag: Any, where: str) -> str | int:
    if isinstance(tag, str):
        return str(tag)
    if isinstance(tag, Integral) and not isinstance(tag, bool):
        if not -(2**63) <= int(tag) < 2**63:
            raise ValueError(f"{where} has the tag {tag}, which does not fit into 64 bits; make such tags strings.")
        return int(tag)
    if is_missing(tag):
        raise ValueError(f"{where} has a missing tag ({tag!r}); leave it out.")
    raise TypeError(f"{where} has the tag {tag!r}, a {type(tag).__name__}; tags are strings or integers.")
