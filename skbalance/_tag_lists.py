"""Lists of tags, whatever holds them, as plain lists, and as an indicator; or an error that names the row."""

import ast
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from functools import lru_cache
from itertools import chain, pairwise
from numbers import Integral
from typing import Any

import numpy as np
from scipy.sparse import csr_array, issparse

from skbalance._targets import checked, is_missing, read_indicator
from skbalance._validation import short, sparse_kind
from skbalance._warnings import warn

# What is no part of a tag at its ends: white space, and what has no width.
_BLANKS = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\u00ad\u180e\u200b\u200c\u200d\u2060\ufeff"
_CLOSING = {"[": "]", "{": "}", "(": ")"}
# How the text of a collection may begin that Python need not be able to read, as array(['a' 'b']).
_CONTAINER = re.compile(r"""[\[{(]\s*['"] | \w+\([\[{(] | (frozen)?set\(\)$""", re.VERBOSE)


class TagRows(list):
    """A list of tuples of tags, of which NumPy makes an array of one dimension, whatever their lengths."""

    def __array__(self, dtype=None, copy=None):
        return np.fromiter(self, dtype=object, count=len(self))


def column_items(values: Any, name: str, wanted: str, advice: str = "") -> list:
    """What a column holds: a list, a generator, a Series, an array, or a frame or an array of one column.

    Raises
    ------
    TypeError
        If it is no column.
    ValueError
        If it has several columns.
    """
    if isinstance(values, (list, tuple)):
        return list(values)
    shape = getattr(values, "shape", None)
    if issparse(values) or (shape is not None and (not shape or tuple(shape[1:]) not in ((), (1,)))):
        raise ValueError(
            f"{name} is a {type(values).__name__} of shape {shape}; one column of {wanted} is needed. {advice}".rstrip()
        )
    if shape is not None and len(shape) == 2:
        values = _only_column(values)
    if isinstance(values, (str, bytes, Mapping, Set)) or not isinstance(values, Iterable):
        raise TypeError(
            f"{name} is a {type(values).__name__} ({short(values)}); a list, Series, one-column frame or array of "
            f"{wanted} is needed. {advice}".rstrip()
        )
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(values, method):
            return getattr(values, method)()
    return list(values)


def read_tag_lists(y: Any, *, sep: str | None = None, name: str = "y") -> list[list]:
    """Read lists of tags.

    Parameters
    ----------
    y : list, Series or array of shape (n_samples,), or frame of one column
        A collection of tags for each row, empty for a row without tags: lists, tuples, sets, arrays; also a column of
        lists of pandas, polars or pyarrow. The tags are strings, or integers. White space around a tag is no part of
        it, and tags of which nothing is left are left out, with a warning.
    sep : str, default=None
        What stands between the tags of a row that is a string. None refuses such rows.
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
        If `y` is an indicator matrix, a row or a tag is missing (None, NaN, ``pandas.NA``), or a tag is the text of a
        list or a piece of it.
    """
    if sep == "":
        raise ValueError("sep must be a string of at least one character, or None; got ''.")
    items = column_items(y, name, "lists of tags", "With an indicator matrix, fit the estimator itself.")
    rows = [_read_row(number, row, sep, name, items) for number, row in enumerate(items)]
    empty = [number for number, row in enumerate(rows) for tag in row if tag == ""]
    if empty:
        warn(f"{len(empty)} empty tag(s) of {name} are left out, the first in row {empty[0]} (counted from 0).")
    rows = [[tag for tag in dict.fromkeys(row) if tag != ""] for row in rows]
    _check_one_kind(chain.from_iterable(rows), name)
    return rows


def read_classes(classes: Any, *, sep: str | None = None, name: str = "classes") -> list:
    """Read the tags of a sequence, in its order.

    Raises
    ------
    TypeError
        If it has no order, or a tag is neither a string nor an integer, or there are tags of both kinds.
    ValueError
        If it is empty, or a tag is missing, empty or there twice.
    """
    if isinstance(classes, (Set, str)) or not isinstance(classes, Iterable):
        raise TypeError(f"{name} must be a sequence of tags, in the order of the columns; got {classes!r}.")
    tags = [read_tag(tag, sep, name) for tag in classes]
    if not tags:
        raise ValueError(f"{name} must hold at least one tag; got none.")
    if "" in tags or len(set(tags)) < len(tags):
        raise ValueError(f"{name} must hold each tag once, and none that is empty; got {short(list(classes))}.")
    _check_one_kind(tags, name)
    return tags


def indicator_of_tags(rows: Sequence[Collection], classes: Sequence) -> Any:
    """The indicator, read already, of lists of tags that are all among the classes."""
    column = {tag: number for number, tag in enumerate(classes)}
    lists = [sorted(column[tag] for tag in row) for row in rows]
    indptr = np.cumsum([0, *map(len, lists)])
    indices = np.fromiter(chain.from_iterable(lists), dtype=np.int32, count=indptr[-1])
    parts = np.ones(len(indices), dtype=np.int64), indices, indptr
    return checked(sparse_kind()(parts, shape=(len(rows), len(classes))), names=classes)


def tags_of_indicator(indicator: Any, classes: Sequence) -> TagRows:
    """The tags of each row of an indicator, dense or sparse."""
    if not issparse(indicator):
        indicator = np.reshape(indicator, (-1, len(classes)))
    indicator = csr_array(read_indicator(indicator, name="The prediction"))
    tags = [classes[column] for column in indicator.indices.tolist()]
    ends = indicator.indptr.tolist()
    return TagRows(tuple(tags[start:end]) for start, end in pairwise(ends))


def _check_one_kind(tags: Iterable, name: str) -> None:
    if len(set(map(type, tags))) > 1:
        raise TypeError(f"{name} has tags that are strings and tags that are integers; give them one type.")


def _only_column(frame: Any) -> Any:
    if hasattr(frame, "iloc"):  # pandas
        return frame.iloc[:, 0]
    if hasattr(frame, "column_names"):  # pyarrow, datasets
        return frame[frame.column_names[0]]
    return frame.to_series() if hasattr(frame, "to_series") else frame[:, 0]  # polars; arrays


def _read_row(number: int, row: Any, sep: str | None, name: str, rows: list) -> list:
    where = f"Row {number} (counted from 0) of {name}"
    row = row.as_py() if hasattr(row, "as_py") else row  # a scalar of pyarrow
    if isinstance(row, str) and sep is not None:
        row = row.split(sep) if row.strip(_BLANKS) else []
    if is_missing(row):
        none = "[]" if sep is None else "an empty string"
        raise ValueError(f"{where} is missing ({row!r}); a list of tags is needed, {none} for none.")
    if isinstance(row, (str, bytes)):
        raise TypeError(f"{where} is the string {short(row)}; a list of tags is needed. {_advice(row, rows, name)}")
    if isinstance(row, (Sequence, Set)) or (hasattr(row, "__array__") and hasattr(row, "__len__")):
        row = column_items([*row] if isinstance(row, Set) else row, where, "tags")
        return [read_tag(tag, sep, where) for tag in row]
    raise TypeError(f"{where} is {row!r}, a {type(row).__name__}; a list of tags is needed, [] for none.")


def read_tag(tag: Any, sep: str | None, where: str) -> str | int:
    if isinstance(tag, str):
        tag = tag.strip(_BLANKS)
        if tag and _is_spelled(tag):
            raise ValueError(
                f"{where} has the tag {short(tag)}, the text of a list or a piece of it. Read the lists in the cells "
                f"where they were split or put into lists: [{_parser([tag], 'cell')} for cell in cells]."
            )
        if sep is not None and sep in tag:
            raise ValueError(f"{where} has the tag {tag!r}, which holds the separator {sep!r}.")
        return tag
    if is_missing(tag):
        raise ValueError(f"{where} has a missing tag ({tag!r}); leave it out.")
    whole = isinstance(tag, (float, np.floating)) and float(tag).is_integer()  # as pandas makes of integers beside NaN
    if whole or (isinstance(tag, Integral) and not isinstance(tag, bool)):
        if not -(2**63) <= int(tag) < 2**63:
            raise ValueError(f"{where} has the tag {tag}, which does not fit into 64 bits; make such tags strings.")
        return int(tag)
    raise TypeError(f"{where} has the tag {tag!r}, a {type(tag).__name__}; tags are strings or integers.")


@lru_cache(maxsize=1 << 16)
def _is_spelled(tag: str) -> bool:
    """Whether a string is the text of a collection or of a string, or the first piece of one that was split."""
    closing = _CLOSING.get(tag[0])
    if closing is not None and closing not in tag:
        return any(map(str.isalnum, tag))  # else a smiley
    if closing in ("]", "}") and tag[-1] == closing and re.search(r"""[,'"]|^.[\d\s.-]*.$""", tag):
        return True
    return bool(_CONTAINER.match(tag)) or _literal(tag)[1] is not None


def _literal(text: str) -> tuple[str, Any]:
    """What reads the text of a collection or a string, and what it reads; None for another text."""
    if text[:2] in ("b'", 'b"') or text[:1] in ("'", '"', *_CLOSING):
        for function, read in (("json.loads", json.loads), ("ast.literal_eval", ast.literal_eval)):
            try:
                value = read(text)
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                continue
            return function, value if isinstance(value, (list, tuple, set, dict, str, bytes)) else None
    return "ast.literal_eval", None


def _parser(texts: list[str], cell: str) -> str:
    """An expression that makes lists of the texts of some."""
    joined, reads = "\0".join(texts), [_literal(text) for text in texts]
    reader = "json.loads" if {name for name, _ in reads} == {"json.loads"} else "ast.literal_eval"
    key = re.search(r"""['"]([^'"]+)['"]\s*:\s*\[""", joined)  # of an object, whose value is a list
    if key:
        reader = "json.loads" if key[0].startswith('"') else "ast.literal_eval"
        return f"{reader}({cell})[{key[1]!r}]"
    if re.search(r"""['"]\s+['"]|\w\(\[['"]""", joined):  # arrays of NumPy, which Python would read as one string
        return f"""re.findall(r"'([^']*)'", {cell})"""
    if any(value is None for _, value in reads) and not re.search(r"""['"]""", joined):
        between = "," if "," in joined else None
        return f"{cell}.strip('[]{{}}()').split({between!r})"
    return f"{reader}({cell})"


def _advice(row: Any, rows: list, name: str) -> str:
    """What to do with rows that are strings."""
    if isinstance(row, bytes):
        return f"Decode it first, as in [row.decode() for row in {name}]."
    texts = [text.strip(_BLANKS) for text in rows if isinstance(text, str)]
    spelled = [text for text in texts if text and _is_spelled(text)]
    if row.strip(_BLANKS) in spelled:
        opening = next(filter("[{('\"".__contains__, spelled[0]))
        single = f" if {opening!r} in row else [row]" if len(spelled) < len(texts) else ""
        return f"It is the text of a list; read it first, as in [{_parser(spelled, 'row')}{single} for row in {name}]."
    sep = max(",;|\t", key=lambda sep: sum(sep in text for text in texts))
    return f"Give TagClassifier(sep={sep!r}), or split it first, as in [row.split({sep!r}) for row in {name}]."
