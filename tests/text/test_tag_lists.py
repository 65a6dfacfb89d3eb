"""Lists of tags, whatever holds them."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.sparse import csr_array

from skbalance.text._tag_lists import read_tag_lists

TAGS = [["a"], ["b", "a"], [], ["c"]]
NUMBERS = [[3], [1, 3], [], [2]]


def holders(rows):
    ragged = np.empty(len(rows), dtype=object)
    ragged[:] = rows
    return {
        "lists": rows,
        "tuple of tuples": tuple(map(tuple, rows)),
        "keys": [dict.fromkeys(row).keys() for row in rows],
        "arrays": [np.array(row, dtype=object) for row in rows],
        "typed arrays": [np.array(row, dtype=type(rows[0][0])) for row in rows],
        "array": ragged,
        "column": ragged[:, None],
        "series": pd.Series(rows),
        "series of arrays": pd.Series([np.array(row) for row in rows]),
        "series of arrow": pd.Series(rows, dtype=pd.ArrowDtype(pa.list_(pa.array(rows[0]).type))),
        "frame": pd.DataFrame({"tags": rows}),
        "list of series": [pd.Series(row, dtype=object) for row in rows],
        "polars": pl.Series(rows),
        "polars frame": pl.DataFrame({"tags": rows}),
        "list of polars": [pl.Series(row) for row in rows],
        "rows of polars": list(pl.Series(rows)),
        "arrow": pa.array(rows),
        "arrow chunks": pa.chunked_array([rows[:2], rows[2:]], type=pa.list_(pa.array(rows[0]).type)),
        "arrow table": pa.table({"tags": rows}),
        "list of arrow": list(pa.array(rows)),
    }


@pytest.mark.parametrize("rows", [TAGS, NUMBERS], ids=["strings", "integers"])
@pytest.mark.parametrize("name", holders(TAGS))
def test_every_holder(rows, name):
    read = read_tag_lists(holders(rows)[name])
    assert read == rows
    assert {type(tag) for row in read for tag in row} == {type(rows[0][0])}


def test_sets_and_repeated_tags():
    assert [sorted(row) for row in read_tag_lists([{"a", "b"}, frozenset()])] == [["a", "b"], []]
    assert read_tag_lists([["b", "a", "b"]]) == [["b", "a"]]
    assert read_tag_lists([np.array(["a"])]) == [["a"]]
    assert read_tag_lists([]) == []


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        ([["a"], "b"], TypeError, r"Row 1 .* of y is the string 'b'; a list of tags is needed. Split it first"),
        ([["a"], b"b"], TypeError, "Row 1 .* is the string b'b'"),
        (pd.Series(["a,b", "c"]), TypeError, "Row 0 .* is the string 'a,b'"),
        ([["a"], None], ValueError, r"Row 1 .* is missing \(None\); a list of tags is needed, \[\] for none"),
        (pd.Series([["a"], np.nan]), ValueError, r"Row 1 .* is missing \(nan\)"),
        ([["a"], pd.NA], ValueError, "Row 1 .* is missing"),
        (pl.Series([["a"], None]), ValueError, "Row 1 .* is missing"),
        (pa.array([["a"], None]), ValueError, "Row 1 .* is missing"),
        ([["a"], ["b", None]], ValueError, r"Row 1 .* has a missing tag \(None\)"),
        ([["a"], ["b", float("nan")]], ValueError, r"Row 1 .* has a missing tag \(nan\)"),
        (pl.Series([["a"], [None]]), ValueError, "Row 1 .* has a missing tag"),
        ([["a"], [3]], TypeError, "tags that are strings and tags that are integers"),
        ([["a"], [2.5]], TypeError, "Row 1 .* has the tag 2.5, a float; tags are strings or integers"),
        ([["a"], [True]], TypeError, "Row 1 .* has the tag True, a bool"),
        ([["a"], [["b"]]], TypeError, r"Row 1 .* has the tag \['b'\], a list"),
        ([["a"], {"b": 1}], TypeError, "Row 1 .* a dict; a list of tags is needed"),
        ([["a"], 7], TypeError, "Row 1 .* is 7, a int"),
        ([["a"], np.float32(2)], TypeError, "Row 1 .* a float32"),
        (np.eye(2), ValueError, r"y is a ndarray of shape \(2, 2\); lists of tags .* fit the estimator itself"),
        (csr_array(np.eye(2)), ValueError, r"shape \(2, 2\); lists of tags are needed"),
        (csr_array(np.ones((2, 1))), ValueError, "lists of tags are needed"),
        (pd.DataFrame({"a": [["x"]], "b": [["y"]]}), ValueError, r"y is a DataFrame of shape \(1, 2\)"),
        (np.array(3), ValueError, r"of shape \(\)"),
        ("ab", TypeError, "y is a str; a list, Series"),
        (None, TypeError, "y is a NoneType; a list, Series"),
        ({"a": 1}, TypeError, "y is a dict; a list, Series"),
    ],
)
def test_refused(y, error, message):
    with pytest.raises(error, match=message):
        read_tag_lists(y)
