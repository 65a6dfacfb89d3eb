"""What counts as a column of texts, and what is said about the rest."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from skbalance.text._texts import check_texts

TEXTS = ["wheat", "", "crude öl"]


@pytest.mark.parametrize(
    "X",
    [
        TEXTS,
        tuple(TEXTS),
        np.array(TEXTS),
        np.array(TEXTS, dtype=object),
        np.array(TEXTS).reshape(-1, 1),
        pd.Series(TEXTS, index=[5, 3, 1]),
        pd.Series(TEXTS, dtype=object),
        pd.Series(TEXTS, dtype="string"),
        pd.Series(TEXTS, dtype="category"),
        pd.Index(TEXTS),
        pd.DataFrame({"body": TEXTS}),
        pd.DataFrame({"body": TEXTS})["body"].array,
    ],
    ids=lambda X: type(X).__name__,
)
def test_columns_of_texts(X):
    texts = check_texts(X)
    assert texts == TEXTS
    assert {type(text) for text in texts} == {str}


@pytest.mark.parametrize(
    "X",
    [
        ["a", None, "b", None],
        ["a", float("nan")],
        pd.Series(["a", None]),
        pd.Series(["a", None], dtype=object),
        pd.Series(["a", pd.NA], dtype=object),
        pd.Series(["a", pd.NaT], dtype=object),
        pd.Series(["a", pd.NA], dtype="string"),
        pd.DataFrame({"body": ["a", np.nan]}),
        np.array(["a", np.nan], dtype=object),
    ],
)
def test_missing_texts_name_the_row(X):
    with pytest.raises(ValueError, match=r"missing text\(s\), the first in row 1"):
        check_texts(X)


def test_missing_texts_are_counted():
    with pytest.raises(ValueError, match=r"X has 2 missing"):
        check_texts(["a", None, "b", None])


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ("wheat", TypeError, r"single str \('wheat'\).*pass \[text\]"),
        (b"wheat", TypeError, "single bytes"),
        (3.5, TypeError, r"X is a float \(3.5\); a list, Series"),
        (None, TypeError, "X is a NoneType"),
        ({"a": "b"}, TypeError, "X is a dict"),
        ({"a"}, TypeError, "X is a set"),
        ((text for text in TEXTS), TypeError, "X is a generator"),
        (csr_matrix(np.eye(2)), TypeError, "X is a csr"),
        ([], ValueError, "no rows"),
        (["a", 7], TypeError, r"Row 1 .* is a int: 7"),
        (["a", b"b"], TypeError, r"Row 1 .* is a bytes: b'b'"),
        (["a", ["b"]], TypeError, r"Row 1 .* is a list: \['b'\]"),
        (np.ones(3), TypeError, r"Row 0 .* is a float: 1.0"),
        (pd.Series([1, 2]), TypeError, r"Row 0 .* is a int: 1"),
        (np.array([["a", "b"]]), ValueError, r"shape \(1, 2\)"),
        (np.array("a"), ValueError, r"shape \(\)"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), ValueError, r"2 columns \['a', 'b'\].*ColumnTransformer"),
        (pd.DataFrame(index=[0, 1]), ValueError, "0 columns"),
        (["a", "b\ud800"], ValueError, r"Row 1 .*position 1, which cannot be encoded"),
    ],
)
def test_other_things(X, error, message):
    with pytest.raises(error, match=message):
        check_texts(X)


def test_long_values_are_cut_in_messages():
    with pytest.raises(TypeError) as caught:
        check_texts("w" * 10_000)
    assert len(str(caught.value)) < 300
