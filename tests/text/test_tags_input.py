"""What `TagClassifier` takes for texts, tags and names of tags, and what it refuses."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.svm import LinearSVC

from skbalance import BalancedMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV, _targets
from skbalance.text._tags import TagClassifier

from .grain import NAMES, TAGS, TEXTS, Recorder


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        ([["a"], "b"], TypeError, r"Row 1 .* is the string 'b'; a list of tags is needed.*split it first"),
        ([["a"], None], ValueError, r"Row 1 .* is missing \(None\); a list of tags is needed, \[\] for none"),
        ([["a"], float("nan")], ValueError, r"Row 1 .* is missing \(nan\)"),
        ([["a"], ["b", None]], ValueError, r"Row 1 .* has a missing tag \(None\)"),
        ([["a"], [3]], TypeError, "tags that are strings and tags that are integers"),
        ([["a"], [2.5]], TypeError, "Row 1 .* has the tag 2.5, a float; tags are strings or integers"),
        ([[True], [False]], TypeError, "Row 0 .* has the tag True, a bool"),
        ([["a"], b"b"], TypeError, "Row 1 .* is the string b'b'"),
        ([[], []], ValueError, "y has no tags: every row is empty"),
        (
            np.eye(2),
            ValueError,
            r"y is a ndarray of shape \(2, 2\); one column of lists of tags .* fit the estimator itself",
        ),
        (csr_matrix(np.eye(2)), ValueError, r"shape \(2, 2\); one column of lists of tags is needed"),
        (pd.DataFrame({"a": [["x"]] * 2, "b": [["y"]] * 2}), ValueError, r"y is a DataFrame of shape \(2, 2\)"),
        ("ab", TypeError, "y is a str .*; a list, Series"),
        (None, TypeError, "y is a NoneType .*; a list, Series"),
    ],
)
def test_bad_tags(y, error, message):
    classifier = TagClassifier(Recorder())
    with pytest.raises(error, match=message):
        classifier.fit(["t", "u"], y)
    assert not hasattr(classifier, "estimator_")


def test_integers_are_tags(pipeline):
    numbers = [[NAMES.index(tag) + 10 for tag in row] for row in TAGS]
    classifier = TagClassifier(pipeline).fit(TEXTS, numbers)
    assert classifier.classes_.tolist() == [10, 11, 12, 13]
    assert classifier.predict(TEXTS) == [tuple(sorted(row)) for row in numbers]


def test_columns_of_lists(pipeline):
    expected = [tuple(sorted(row)) for row in TAGS]
    for y in (pl.Series(TAGS), pa.array(TAGS), pa.chunked_array([TAGS[:7], TAGS[7:]])):
        assert TagClassifier(pipeline).fit(TEXTS, y).predict(TEXTS) == expected


@pytest.mark.parametrize("label_texts", [None, "tags", {"oil": "crude petroleum"}])
def test_names_of_tags(label_texts):
    classifier = TagClassifier(label_texts=label_texts, random_state=0).fit(TEXTS, TAGS)
    names = [column.name for column in classifier.estimator_[-1].decisions_.model.columns]
    for way in ("match of words", "match of pieces", "found of pieces"):
        assert (way in names) == (label_texts is not None)


def test_names_reach_an_estimator_that_takes_them(pipeline):
    tuner = TunedThresholdMultiLabelClassifierCV(pipeline, cv=3, random_state=0)
    classifier = TagClassifier(tuner).fit(TEXTS, TAGS)
    assert classifier.estimator_.label_texts == [[name] for name in NAMES]
    assert TagClassifier(tuner, label_texts=None).fit(TEXTS, TAGS).estimator_.label_texts is None
    own = clone(tuner).set_params(label_texts=["a", "b", "c", "d"])
    assert TagClassifier(own).fit(TEXTS, TAGS).estimator_.label_texts == ["a", "b", "c", "d"]
    named = TagClassifier(tuner, label_texts={"oil": "crude"}).fit(TEXTS, TAGS)
    assert named.estimator_.label_texts == [["corn"], ["gas"], ["crude"], ["wheat"]]
    several = TagClassifier(tuner, label_texts={"oil": ["crude", "PetrolOil"]}).fit(TEXTS, TAGS)
    assert several.estimator_.label_texts == [["corn"], ["gas"], ["crude", "petrol oil"], ["wheat"]]
    with pytest.raises(ValueError, match="Pipeline has no parameter label_texts"):
        TagClassifier(pipeline, label_texts={"oil": "crude"}).fit(TEXTS, TAGS)


@pytest.mark.parametrize(
    ("label_texts", "match"),
    [("names", "'tags', a mapping"), (["corn"], "'tags', a mapping"), ({"zinc": "zinc"}, r"has \['zinc'\]")],
)
def test_bad_label_texts_are_named(label_texts, match):
    with pytest.raises(ValueError, match=match):
        TagClassifier(label_texts=label_texts).fit(TEXTS, TAGS)


def test_a_tag_without_a_training_text_is_known_by_its_name():
    classifier = TagClassifier(classes=[*NAMES, "harvest"], predict_unseen=True, random_state=0).fit(TEXTS, TAGS)
    assert "harvest" in classifier.predict(["wheat harvest"])[0]
    assert "harvest" not in classifier.predict(["crude oil"])[0]


@pytest.mark.parametrize("X", [5, [1, 2], None])
def test_one_call_needs_texts(X):
    with pytest.raises((TypeError, ValueError)):
        TagClassifier().fit(X, [["a"], ["b"]])


@pytest.mark.parametrize(
    ("texts", "error", "message"),
    [
        ([None, *TEXTS[1:]], ValueError, r"missing text\(s\), the first in row 0"),
        ([*TEXTS[:-1], 3.5], TypeError, "Row 29 .* is a float: 3.5"),
        (pl.DataFrame({"text": TEXTS, "more": TEXTS}), ValueError, "one column of texts is needed"),
        (np.array([TEXTS]), ValueError, r"shape \(1, 30\)"),
        ("wheat", TypeError, "X is a str"),
        (3, TypeError, "X is a int"),
    ],
)
def test_rows_that_are_no_texts_are_named(pipeline, texts, error, message):
    with pytest.raises(error, match=message):
        TagClassifier(pipeline).fit(texts, TAGS)
    fitted = TagClassifier(pipeline).fit(TEXTS, TAGS)
    for method in ("predict", "predict_proba", "decision_function"):
        with pytest.raises(error, match=message):
            getattr(fitted, method)(texts)


def test_bytes_are_texts_of_a_vectorizer(pipeline):
    fitted = TagClassifier(pipeline).fit(TEXTS, TAGS)
    assert fitted.predict([text.encode() for text in TEXTS]) == fitted.predict(TEXTS)
    assert fitted.predict(iter(TEXTS)) == fitted.predict(TEXTS)


@pytest.mark.parametrize(
    "X",
    [csr_matrix(np.eye(30)).tocoo(), pd.DataFrame(np.eye(30), columns=[f"c{i}" for i in range(30)]), np.eye(30)],
)
def test_features_are_no_texts(X):
    tuner = TunedThresholdMultiLabelClassifierCV(OneVsRestClassifier(LogisticRegression()), cv=2, random_state=0)
    assert TagClassifier(tuner).fit(X, TAGS).estimator_.label_texts is None


@pytest.mark.parametrize(
    ("params", "tags", "error", "message"),
    [
        ({"classes": []}, [[]] * 30, ValueError, "classes must hold at least one tag"),
        ({"classes": set(NAMES)}, TAGS, TypeError, "classes must be a sequence"),
        ({"classes": [1, *NAMES]}, TAGS, TypeError, "classes has tags that are strings and tags that are integers"),
        ({"classes": [None, *NAMES]}, TAGS, ValueError, "classes has a missing tag"),
        ({"classes": np.array([NAMES])}, TAGS, TypeError, "classes has the tag array"),
        ({}, [[2**63 + i % 3] for i in range(30)], ValueError, "does not fit into 64 bits; make such tags strings"),
        ({"label_texts": {"oil": None}}, TAGS, TypeError, "that of label 'oil' is None"),
        ({"label_texts": {"oil": ["crude", 3]}}, TAGS, TypeError, "that of label 'oil' is .*'crude', 3"),
        ({"label_texts": {"oil": []}}, TAGS, ValueError, "has an empty list for label 'oil'"),
        (
            {"label_texts": {"zinc": ["zinc", "ore"]}},
            TAGS,
            ValueError,
            r"has \['zinc'\], which are no tags",
        ),
    ],
)
def test_tags_that_are_none_are_named(params, tags, error, message):
    with pytest.raises(error, match=message):
        TagClassifier(**params).fit(TEXTS, tags)


def test_unknown_tags_are_left_out_of_a_score_with_a_warning_on_the_callers_line(pipeline):
    classifier = TagClassifier(pipeline).fit(TEXTS, TAGS)
    with pytest.warns(UserWarning, match=r"not in classes_ and are left out: \['zinc'\]") as caught:
        score = classifier.score(TEXTS, [[*row, "zinc"] for row in TAGS])
    assert score == classifier.score(TEXTS, TAGS)
    assert caught[0].filename == __file__


COLUMNS_OF_TEXTS = {
    "tuple": tuple,
    "generator": iter,
    "series": pd.Series,
    "frame": lambda texts: pd.DataFrame({"text": texts}),
    "column": lambda texts: np.array(texts, dtype=object)[:, None],
    "polars": pl.Series,
    "polars frame": lambda texts: pl.DataFrame({"text": texts}),
    "arrow table": lambda texts: pa.table({"text": texts}),
    "arrow chunks": lambda texts: pa.chunked_array([texts[:2], texts[2:]]),
    "nullable": lambda texts: pd.Series(texts, dtype="string"),
    "masked": np.ma.array,
}


@pytest.mark.parametrize("name", COLUMNS_OF_TEXTS)
@pytest.mark.parametrize("own", [False, True])
def test_what_fit_takes_every_method_takes(pipeline, default, own, name):
    column = COLUMNS_OF_TEXTS[name]
    want = TagClassifier(pipeline).fit(TEXTS, TAGS) if own else default
    model = clone(want).fit(column(TEXTS), TAGS)
    assert model.predict(column(TEXTS)) == want.predict(TEXTS)
    assert model.predict_topk(column(TEXTS), k=2) == want.predict_topk(TEXTS, k=2)
    assert model.score(column(TEXTS), TAGS) == 1
    method = "predict_proba" if own else "explain"
    assert len(getattr(model, method)(column(TEXTS))) == 30


@pytest.mark.parametrize("method", ["predict", "predict_topk", "explain", "score"])
@pytest.mark.parametrize("X", [[*TEXTS, None], [3], "oil", pd.DataFrame({"a": TEXTS, "b": TEXTS}), []])
def test_what_fit_refuses_every_method_refuses_in_the_same_words(default, method, X):
    more = {"predict_topk": (1,), "score": (TAGS,)}
    with pytest.raises((TypeError, ValueError)) as at_fit:
        TagClassifier().fit(X, TAGS)
    with pytest.raises(at_fit.type) as later:
        getattr(default, method)(X, *more.get(method, ()))
    assert str(at_fit.value) == str(later.value)


def test_frames_for_a_column_transformer_are_left_alone():
    frame = pd.DataFrame({"text": TEXTS, "length": range(30)})
    columns = ColumnTransformer([("text", TfidfVectorizer(), "text"), ("length", "passthrough", ["length"])])
    model = TagClassifier(make_pipeline(columns, OneVsRestClassifier(LogisticRegression(C=1e4, max_iter=1000))))
    assert model.fit(frame, TAGS).score(frame, TAGS) == 1
    one = TagClassifier(make_pipeline(ColumnTransformer([("text", TfidfVectorizer(), "text")]), LinearSVCs()))
    assert one.fit(frame[["text"]], TAGS).score(frame[["text"]], TAGS) == 1


def LinearSVCs():
    return OneVsRestClassifier(LinearSVC(C=100))


@pytest.mark.parametrize("own", [False, True])
def test_the_target_is_read_once(own, monkeypatch):
    reads = []
    read = _targets._to_array
    monkeypatch.setattr(_targets, "_to_array", lambda *args: reads.append(args) or read(*args))
    tuner = TunedThresholdMultiLabelClassifierCV(
        make_pipeline(TfidfVectorizer(), BalancedMultiLabelClassifier()), cv=3, random_state=0
    )
    TagClassifier(tuner if own else None, random_state=0).fit(TEXTS, TAGS)
    assert not reads  # its own lists were read, and no indicator of them
    y = MultiLabelBinarizer(sparse_output=True).fit_transform(TAGS)
    tuner.fit(TEXTS, y)
    assert len(reads) == 1
