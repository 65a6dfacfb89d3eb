"""Lists of tags, whatever holds them."""

import ast
import json
import re
import warnings
from enum import Enum

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.sparse import csr_array

from skbalance._tag_lists import (
    TagRows,
    indicator_of_tags,
    read_classes,
    read_tag_lists,
    tags_of_indicator,
)

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
        ([["a"], "b"], TypeError, r"Row 1 .* of y is the string 'b'; a list of tags is needed.*split it first"),
        ([["a"], b"b"], TypeError, r"Row 1 .* is the string b'b'.*\[row.decode\(\) for row in y\]"),
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
        ([["a"], [float("inf")]], TypeError, "Row 1 .* has the tag inf, a float"),
        ([["a"], [True]], TypeError, "Row 1 .* has the tag True, a bool"),
        ([["a"], np.array([True])], TypeError, "Row 1 .* has the tag True, a bool"),
        ([["a"], [np.bool_(True)]], TypeError, "Row 1 .* has the tag .*True.*, a bool"),
        ([["a"], [b"b"]], TypeError, "Row 1 .* has the tag b'b', a bytes"),
        ([["a"], [["b"]]], TypeError, r"Row 1 .* has the tag \['b'\], a list"),
        ([["a"], {"b": 1}], TypeError, "Row 1 .* a dict; a list of tags is needed"),
        ([["a"], 7], TypeError, "Row 1 .* is 7, a int"),
        ([["a"], np.float32(2)], TypeError, "Row 1 .* a float32"),
        (
            np.eye(2),
            ValueError,
            r"y is a ndarray of shape \(2, 2\); one column of lists of tags .* fit the estimator itself",
        ),
        (csr_array(np.eye(2)), ValueError, r"shape \(2, 2\); one column of lists of tags is needed"),
        (csr_array(np.ones((2, 1))), ValueError, "one column of lists of tags is needed"),
        (pd.DataFrame({"a": [["x"]], "b": [["y"]]}), ValueError, r"y is a DataFrame of shape \(1, 2\)"),
        (np.array(3), ValueError, r"of shape \(\)"),
        ("ab", TypeError, r"y is a str \('ab'\); a list, Series"),
        (None, TypeError, r"y is a NoneType \(None\); a list, Series"),
        ({"a": 1}, TypeError, r"y is a dict \(.*\); a list, Series"),
    ],
)
def test_refused(y, error, message):
    with pytest.raises(error, match=message):
        read_tag_lists(y)


BLANK = ["", " ", "\t", "\n", "\xa0", "\u200b", "\ufeff", " \u200b\xa0 ", "\u3000", "\u2003"]


@pytest.mark.parametrize("blank", BLANK)
def test_empty_tags_are_counted_and_left_out(blank):
    with pytest.warns(UserWarning, match=r"^3 empty tag\(s\) of y are left out, the first in row 1 ") as caught:
        assert read_tag_lists([["a"], [blank, "b"], [blank, blank]]) == [["a"], ["b"], []]
    assert [w.filename for w in caught] == [__file__]


@pytest.mark.parametrize("blank", BLANK)
def test_what_is_around_a_tag_is_no_part_of_it(blank):
    assert read_tag_lists([[f"{blank}a{blank}", "a", f"b{blank}"], [f"two{blank} words"]]) == [
        ["a", "b"], [f"two{blank} words"],
    ]  # fmt: skip
    assert read_classes([f"a{blank}", "b"]) == ["a", "b"]


def test_whole_numbers_are_integers():
    rows = read_tag_lists([[3.0, np.float32(4)], np.array([5.0]), [np.int8(6), np.uint64(7)]])
    assert rows == [[3, 4], [5], [6, 7]]
    assert {type(tag) for row in rows for tag in row} == {int}


def test_strings_of_other_classes():
    colour = Enum("Colour", {"RED": "red"}, type=str)
    rows = read_tag_lists([[colour.RED], [np.str_("b")]])
    assert rows == [["red"], ["b"]]
    assert {type(tag) for row in rows for tag in row} == {str}


# How a column of lists reads after it was written as text.
SPELLED = {
    "repr": [str(row) for row in TAGS],
    "tuples": [str(tuple(row)) for row in TAGS],
    "json": [json.dumps(row) for row in TAGS],
    "choices": [json.dumps({"id": 3, "choices": row}) for row in TAGS],
    "choices of Python": [str({"choices": row}) for row in TAGS],
    "one choice, as Label Studio writes it": ["a", '{"choices": ["b", "a"]}', "", "c"],
    "arrays": [str(np.array(row, dtype=str)) for row in TAGS],
    "arrays in full": [repr(np.array(row, dtype=object)) for row in TAGS],
    "without quotes": [f"[{', '.join(row)}]" for row in TAGS],
}


@pytest.mark.filterwarnings("ignore:2 empty tag|1 empty tag")
@pytest.mark.parametrize("kind", SPELLED)
def test_the_advice_for_lists_that_became_text_works(kind):
    y = SPELLED[kind]
    if kind == "without quotes":
        y[0], y[3] = "[a, d]", "[c, d]"
    first = next(number for number, row in enumerate(y) if row[:1] != "a" or "array" in row)
    with pytest.raises(TypeError) as caught:
        read_tag_lists(y[first:], name="y")
    expression = re.search(r"as in (\[.* for row in y\])\.$", str(caught.value))[1]
    rows = eval(expression, {"y": y, "ast": ast, "json": json, "re": re})
    want = [["a", "d"], ["b", "a"], [], ["c", "d"]] if kind == "without quotes" else TAGS
    assert read_tag_lists(rows) == want


@pytest.mark.parametrize(
    "cell",
    [
        "['a', 'b']", '["a", "b"]', "('a', 'b')", "('a',)", "{'a', 'b'}", '{"choices": ["a", "b"]}', "[1, 2]", "(1, 2)",
        "{1, 2}", "[a, b]", "array(['a', 'b'], dtype=object)", "frozenset({'a', 'b'})", "[['a', 'b']]", '"a", "b"',
    ],
)  # fmt: skip
def test_pieces_of_lists_that_became_text_are_no_tags(cell):
    for pieces in (cell.split(","), cell.split(", "), [cell]):
        with pytest.raises(ValueError, match=r"the text of a list or a piece of it.* for cell in cells\]"):
            read_tag_lists([["x"], pieces])
    with pytest.raises(ValueError, match="classes has the tag"):
        read_classes([cell])


@pytest.mark.parametrize(
    "cell", ["[]", "()", "{}", "set()", "[1]", "[1 2]", "'a'", '"a"', "b'a'", "[['a']]", "['a' nan]"]
)
def test_other_texts_of_collections_are_no_tags(cell):
    with pytest.raises(ValueError, match="the text of a list or a piece of it"):
        read_tag_lists([[f" {cell} "]])


TAGS_WITH_BRACKETS = [
    "[urgent]", "[Type] bug", "(misc)", "C (language)", ":)", ":(", "(:", "f(x)", "main()", "{x}", "rock 'n' roll",
    "don't", '5" screw', "l[0]", "a,b", "(1)", "1)", "[2024] news", "'90s", "#tag", "c++", "--",
]  # fmt: skip


def test_brackets_are_parts_of_tags():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_tag_lists([TAGS_WITH_BRACKETS]) == [TAGS_WITH_BRACKETS]


@pytest.mark.parametrize("cell", [r"(\d)", "(1)(2)", r"[\d]"])
def test_reading_a_text_warns_of_nothing(cell):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_tag_lists([[cell]]) == [[cell]]


STRINGS = ["a", " b ; a", "", "c"]


@pytest.mark.parametrize(
    "y",
    [
        STRINGS,
        np.array(STRINGS),
        np.array(STRINGS, dtype=object)[:, None],
        pd.Series(STRINGS),
        pd.Series(STRINGS, dtype="category"),
        pd.Series(STRINGS, dtype="string[pyarrow]"),
        pd.DataFrame({"tags": STRINGS}),
        pl.Series(STRINGS),
        pa.chunked_array([STRINGS[:1], STRINGS[1:]]),
        list(pa.array(STRINGS)),
        TAGS,
    ],
    ids=lambda y: type(y).__name__,
)
def test_columns_of_strings_with_a_separator(y):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_tag_lists(y, sep=";") == TAGS


def test_separators():
    assert read_tag_lists(["a::b", "b"], sep="::") == [["a", "b"], ["b"]]
    with pytest.warns(UserWarning, match=r"2 empty tag\(s\)"):
        assert read_tag_lists(["a;;b;"], sep=";") == [["a", "b"]]
    with pytest.raises(ValueError, match="has the tag 'a;b', which holds the separator ';'"):
        read_tag_lists([["a;b"]], sep=";")
    with pytest.raises(ValueError, match="classes has the tag 'a;b', which holds"):
        read_classes(["a;b"], sep=";")
    with pytest.raises(ValueError, match=r"is missing .*an empty string for none"):
        read_tag_lists(["a", None], sep=";")
    with pytest.raises(TypeError, match=r"Row 1 .* is 3, a int"):
        read_tag_lists(["a", 3], sep=";")
    with pytest.raises(ValueError, match="the text of a list"):
        read_tag_lists(["['a', 'b']"], sep=";")


@pytest.mark.parametrize(("y", "sep"), [(["a,b", "c,d"], ","), (["a;b,c", "c;d"], ";"), (["a|b"], "|"), (["a"], ",")])
def test_the_separator_is_guessed_in_messages(y, sep):
    with pytest.raises(TypeError, match=re.escape(f"TagClassifier(sep={sep!r}), or split it first, as in [row.split(")):
        read_tag_lists(y)


def test_classes():
    assert read_classes(np.array([3, 1])) == [3, 1]
    for wrong in (["a", "a "], ["a", ""], [1, 1.0]):
        with pytest.raises(ValueError, match="classes must hold each tag once, and none that is empty"):
            read_classes(wrong)


@pytest.mark.parametrize("classes", [["c", "a", "b"], [2, 0, 1]])
def test_indicator_and_back(classes):
    rows = [[classes[2], classes[0]], [], [classes[1]]]
    indicator = indicator_of_tags(rows, classes)
    np.testing.assert_array_equal(indicator.toarray(), [[1, 0, 1], [0, 0, 0], [0, 1, 0]])
    assert indicator.has_canonical_format
    want = [(classes[0], classes[2]), (), (classes[1],)]
    for form in (indicator, indicator.tocsc(), indicator.tocoo(), indicator.toarray(), indicator.toarray() == 1.0):
        assert tags_of_indicator(form, classes) == want
    assert tags_of_indicator(np.array([1, 0]), ["a"]) == [("a",), ()]
    with pytest.raises(ValueError, match="The prediction must be a label indicator"):
        tags_of_indicator(np.array([[0.5, 0, 1]]), classes)


@pytest.mark.parametrize("rows", [[("a", "b"), ()], [("a",), ("b",)], []])
def test_rows_make_an_array_of_one_dimension(rows):
    array = np.asarray(TagRows(rows))
    assert array.shape == (len(rows),)
    assert array.tolist() == rows
    assert np.concatenate([TagRows(rows), TagRows(rows)]).tolist() == rows * 2
    assert json.loads(json.dumps(TagRows(rows))) == list(map(list, rows))
    assert pd.Series(TagRows(rows), dtype=object).tolist() == rows
