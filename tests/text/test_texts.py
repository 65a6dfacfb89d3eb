"""What counts as a column of texts, and what is said about the rest."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skbalance import FineTunedMultiLabelClassifier, SentenceEmbedder, TunedThresholdMultiLabelClassifierCV
from skbalance.text import make_text_features
from skbalance.text._texts import check_texts, takes_texts

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
        pd.Series(TEXTS, dtype="string[pyarrow]"),
        pd.Series(TEXTS, dtype=pd.ArrowDtype(pa.large_string())),
        pl.Series(TEXTS),
        pl.DataFrame({"body": TEXTS}),
        pl.Series(TEXTS, dtype=pl.Categorical),
        pa.array(TEXTS),
        pa.chunked_array([TEXTS[:1], TEXTS[1:]]),
        pa.table({"body": TEXTS}),
        list(pa.array(TEXTS)),
        np.array(TEXTS, dtype=object)[:, None],
        np.ma.array(TEXTS),
        *(np.array(TEXTS, dtype=kind()) for kind in [getattr(np.dtypes, "StringDType", None)] if kind),  # of NumPy 2
        [text.encode() for text in TEXTS],
        [np.str_(text) for text in TEXTS],
        dict(enumerate(TEXTS)).values(),
    ],
    ids=lambda X: f"{type(X).__module__}.{type(X).__name__}",
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
        ("wheat", TypeError, r"X is a str \('wheat'\).*pass \[text\]"),
        (b"wheat", TypeError, "X is a bytes"),
        (3.5, TypeError, r"X is a float \(3.5\); a list, Series"),
        (None, TypeError, "X is a NoneType"),
        ({"a": "b"}, TypeError, "X is a dict"),
        ({"a"}, TypeError, "X is a set"),
        (csr_matrix(np.eye(2)), ValueError, "X is a csr"),
        ([], ValueError, "no rows"),
        (["a", 7], TypeError, r"Row 1 .* is a int: 7"),
        (["a", b"\xff"], ValueError, "Row 1 .* cannot be read as UTF-8"),
        (["a", ["b"]], TypeError, r"Row 1 .* is a list: \['b'\]"),
        (np.ones(3), TypeError, r"Row 0 .* is a float: 1.0"),
        (pd.Series([1, 2]), TypeError, r"Row 0 .* is a int: 1"),
        (np.array([["a", "b"]]), ValueError, r"shape \(1, 2\)"),
        (np.array("a"), ValueError, r"shape \(\)"),
        (
            pd.DataFrame({"a": ["x"], "b": ["y"]}),
            ValueError,
            r"shape \(1, 2\).* columns are \['a', 'b'\].*ColumnTransformer",
        ),
        (pl.DataFrame({"a": ["x"], "b": ["y"]}), ValueError, r"shape \(1, 2\).* columns are \['a', 'b'\]"),
        (pa.table({"a": ["x"], "b": ["y"]}), ValueError, r"shape \(1, 2\); one column of texts is needed"),
        (pd.DataFrame(index=[0, 1]), ValueError, r"shape \(2, 0\)"),
        (["a", "b\ud800"], ValueError, r"Row 1 .* cannot be encoded as UTF-8: .*position 1"),
        (np.ma.array(["a", "b"], mask=[0, 1]), ValueError, "missing text.*row 1"),
        (pl.Series(["a", None]), ValueError, "missing text.*row 1"),
        (pa.chunked_array([["a"], [None]]), ValueError, "missing text.*row 1"),
        (list(pa.array(["a", None])), ValueError, "missing text.*row 1"),
    ],
)
def test_other_things(X, error, message):
    with pytest.raises(error, match=message):
        check_texts(X)


def test_long_values_are_cut_in_messages():
    with pytest.raises(TypeError) as caught:
        check_texts("w" * 10_000)
    assert len(str(caught.value)) < 300


def test_generators_are_gone_through_once():
    assert check_texts(text for text in TEXTS) == TEXTS
    assert check_texts(map(str, TEXTS)) == TEXTS


VECTORIZER, CLASSIFIER = TfidfVectorizer(), DummyClassifier()


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (make_pipeline(VECTORIZER, CLASSIFIER), True),
        (make_pipeline("passthrough", HashingVectorizer(), CLASSIFIER), True),
        (make_pipeline(SentenceEmbedder(), CLASSIFIER), True),
        (make_pipeline(make_text_features(), CLASSIFIER), True),
        (GridSearchCV(make_pipeline(make_union(VECTORIZER, CountVectorizer(analyzer="char")), CLASSIFIER), {}), True),
        (TunedThresholdMultiLabelClassifierCV([("a", make_pipeline(VECTORIZER, CLASSIFIER))]), True),
        (FineTunedMultiLabelClassifier(), True),
        (CLASSIFIER, False),
        (make_pipeline("passthrough"), False),
        (make_pipeline(StandardScaler(), CLASSIFIER), False),
        (make_pipeline(FunctionTransformer(), VECTORIZER, CLASSIFIER), False),
        (make_pipeline(ColumnTransformer([("text", VECTORIZER, "text")]), CLASSIFIER), False),
        (make_pipeline(make_text_features(column="text"), CLASSIFIER), False),
        (make_pipeline(make_union(VECTORIZER, FunctionTransformer()), CLASSIFIER), False),
        (make_pipeline(TfidfVectorizer(tokenizer=list), CLASSIFIER), False),
        (make_pipeline(TfidfVectorizer(preprocessor=str), CLASSIFIER), False),
        (make_pipeline(TfidfVectorizer(analyzer=list), CLASSIFIER), False),
        (make_pipeline(TfidfVectorizer(input="file"), CLASSIFIER), False),
    ],
)
def test_who_is_given_texts(estimator, expected):
    assert takes_texts(estimator) is expected
