"""Lists of tags in, lists of tags out."""

import json
import pickle
from collections import Counter

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix, issparse
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.svm import LinearSVC
from sklearn.utils import get_tags

from skbalance import BalancedMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV, _targets
from skbalance.metrics import MultilabelScorer, group_f1_scorer
from skbalance.model_selection import MultilabelStratifiedKFold, multilabel_train_test_split
from skbalance.text import _tag_pipeline
from skbalance.text._tags import TagClassifier

from .tickets import tickets

TEXTS = ["wheat and corn", "crude oil", "wheat harvest", "oil and gas", "nothing", "corn"] * 5
TAGS = [["wheat", "corn"], ["oil"], ["wheat"], ["oil", "gas"], [], ["corn"]] * 5
NAMES = ["corn", "gas", "oil", "wheat"]


class Recorder(ClassifierMixin, BaseEstimator):
    """Keeps the y that it was given, and predicts it."""

    def fit(self, X, y, sample_weight=None):
        self.y_ = y
        self.sample_weight_ = sample_weight
        return self

    def predict(self, X):
        return self.y_

    def score(self, X, y):
        return float((y != self.y_).sum() == 0)


@pytest.fixture
def pipeline():
    return make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression(C=100.0)))


@pytest.mark.parametrize(
    "y",
    [
        TAGS,
        tuple(TAGS),
        pd.Series(TAGS, index=range(100, 130)),
        [tuple(row) for row in TAGS],
        [set(row) for row in TAGS],
        [np.array(row, dtype=str) for row in TAGS],
        np.array([*TAGS, None], dtype=object)[:-1],
    ],
    ids=lambda y: f"{type(y).__name__}-{type(y[100] if isinstance(y, pd.Series) else y[0]).__name__}",
)
def test_lists_in_lists_out(pipeline, y):
    classifier = TagClassifier(pipeline).fit(TEXTS, y)
    assert list(classifier.classes_) == NAMES
    expected = [tuple(sorted(row)) for row in TAGS]
    assert classifier.predict(TEXTS) == expected
    assert classifier.score(TEXTS, y) == 1.0
    assert classifier.predict_proba(TEXTS).shape == (30, 4)
    assert pickle.loads(pickle.dumps(classifier)).predict(TEXTS) == expected


@pytest.mark.parametrize("sparse_output", [True, False])
def test_what_the_estimator_is_given(sparse_output):
    classifier = TagClassifier(Recorder(), sparse_output=sparse_output)
    classifier.fit(TEXTS, TAGS, sample_weight=np.ones(30))
    y = classifier.estimator_.y_
    assert issparse(y) == sparse_output
    expected = MultiLabelBinarizer().fit_transform(TAGS)
    np.testing.assert_array_equal(y.toarray() if sparse_output else y, expected)
    np.testing.assert_array_equal(classifier.estimator_.sample_weight_, np.ones(30))
    assert not hasattr(classifier.estimator, "y_")
    assert classifier.predict(TEXTS) == [tuple(sorted(row)) for row in TAGS]


def test_given_classes_keep_their_order():
    names = ["wheat", "zinc", "oil", "gas", "corn"]
    classifier = TagClassifier(Recorder(), classes=names).fit(TEXTS, TAGS)
    assert list(classifier.classes_) == names
    assert classifier.estimator_.y_.shape == (30, 5)
    assert classifier.predict(TEXTS)[0] == ("wheat", "corn")
    with pytest.raises(ValueError, match=r"tags that are not among classes: \['gas', 'oil'\]"):
        TagClassifier(Recorder(), classes=["wheat", "corn"]).fit(TEXTS, TAGS)


def test_methods_are_the_estimators(pipeline):
    assert hasattr(TagClassifier(pipeline), "predict_proba")
    assert hasattr(TagClassifier(pipeline), "decision_function")
    assert not hasattr(TagClassifier(LinearSVC()), "predict_proba")
    scores = TagClassifier(pipeline).fit(TEXTS, TAGS).decision_function(TEXTS)
    assert scores.shape == (30, 4)
    with pytest.raises(NotFittedError):
        TagClassifier(pipeline).predict(TEXTS)


def test_tags(pipeline):
    classifier = TagClassifier(pipeline)
    assert is_classifier(classifier)
    assert get_tags(classifier).classifier_tags.multi_label
    assert not get_tags(classifier).input_tags.sparse
    assert get_tags(TagClassifier(LinearSVC())).input_tags.sparse == get_tags(LinearSVC()).input_tags.sparse
    assert clone(classifier).set_params(estimator__onevsrestclassifier__n_jobs=1).classes is None


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


def test_bad_parameters():
    with pytest.raises(ValueError, match="The 'sparse_output' parameter of TagClassifier must be"):
        TagClassifier(Recorder(), sparse_output="no").fit(TEXTS, TAGS)


def test_unknown_tags_in_score(pipeline):
    classifier = TagClassifier(pipeline).fit(TEXTS, TAGS)
    with pytest.warns(UserWarning, match="zinc"):
        assert classifier.score(TEXTS[:1], [["wheat", "corn", "zinc"]]) == 1.0


def test_around_a_search(pipeline):
    grid = {"onevsrestclassifier__estimator__C": [1e-3, 100.0]}
    search = GridSearchCV(pipeline, grid, cv=KFold(3), scoring="f1_micro", error_score="raise")
    classifier = TagClassifier(search).fit(TEXTS, TAGS)
    assert classifier.estimator_.best_params_ == {"onevsrestclassifier__estimator__C": 100.0}
    y = MultiLabelBinarizer().fit_transform(TAGS)
    predicted = MultiLabelBinarizer(classes=NAMES).fit_transform(classifier.predict(TEXTS))
    assert classifier.score(TEXTS, TAGS) == f1_score(y, predicted, average="micro")


def test_inside_a_search(pipeline):
    grid = {"estimator__onevsrestclassifier__estimator__C": [1e-3, 100.0]}
    search = GridSearchCV(TagClassifier(pipeline), grid, cv=KFold(3), error_score="raise")
    assert search.fit(TEXTS, TAGS).best_score_ == 1.0


def test_constant_estimator_without_scores():
    classifier = TagClassifier(DummyClassifier(strategy="most_frequent"), sparse_output=False)
    assert classifier.fit(TEXTS, TAGS).predict(TEXTS[:2]) == [(), ()]


def test_integers_are_tags(pipeline):
    numbers = [[NAMES.index(tag) + 10 for tag in row] for row in TAGS]
    classifier = TagClassifier(pipeline).fit(TEXTS, numbers)
    assert classifier.classes_.tolist() == [10, 11, 12, 13]
    assert classifier.predict(TEXTS) == [tuple(sorted(row)) for row in numbers]


def test_columns_of_lists(pipeline):
    expected = [tuple(sorted(row)) for row in TAGS]
    for y in (pl.Series(TAGS), pa.array(TAGS), pa.chunked_array([TAGS[:7], TAGS[7:]])):
        assert TagClassifier(pipeline).fit(TEXTS, y).predict(TEXTS) == expected


def test_metadata_routing():
    weight = np.arange(1.0, 31)
    with config_context(enable_metadata_routing=True):
        asked = TagClassifier(Recorder().set_fit_request(sample_weight=True)).fit(TEXTS, TAGS, sample_weight=weight)
        np.testing.assert_array_equal(asked.estimator_.sample_weight_, weight)
        search = GridSearchCV(
            TagClassifier(Recorder().set_fit_request(sample_weight=True)),
            {"classes": [None]},
            cv=KFold(3),
            scoring=lambda estimator, X, y: len(estimator.estimator_.sample_weight_),
        )
        assert search.fit(TEXTS, TAGS, sample_weight=weight).best_score_ == 20
        with pytest.raises(TypeError, match="sample_weight"):
            TagClassifier(Recorder().set_fit_request(sample_weight=False)).fit(TEXTS, TAGS, sample_weight=weight)


def test_top_tags_with_scores(pipeline):
    classifier = TagClassifier(pipeline).fit(TEXTS, TAGS)
    (found,) = classifier.predict_topk(["wheat harvest"], k=2)
    assert [tag for tag, _ in found] == ["wheat", "corn"]
    assert found[0][1] == classifier.predict_proba(["wheat harvest"]).max()
    for k in (0, 5, True, 1.5):
        with pytest.raises(ValueError, match="k must be an integer from 1 to the number of tags, 4"):
            classifier.predict_topk(TEXTS, k=k)
    with pytest.raises(AttributeError, match="has no scores to rank"):
        TagClassifier(Recorder()).fit(TEXTS, TAGS).predict_topk(TEXTS, k=1)
    assert not hasattr(classifier, "explain")


@pytest.fixture(scope="module")
def default():
    return TagClassifier(random_state=0).fit(TEXTS, TAGS)


def test_one_call_from_texts_to_tags(default):
    assert default.predict(TEXTS) == [tuple(sorted(row)) for row in TAGS]
    assert default.predict(["the wheat market"]) == [("wheat",)]
    assert clone(default).fit(TEXTS, TAGS).predict(TEXTS) == default.predict(TEXTS)
    assert pickle.loads(pickle.dumps(default)).predict(TEXTS) == default.predict(TEXTS)
    (found,) = default.predict_topk(["crude oil"], k=1)
    assert found[0][0] == "oil"
    assert 0 < found[0][1] < 1
    assert get_tags(TagClassifier()).classifier_tags.multi_label


def test_one_call_maximises_its_scoring(default):
    assert default.estimator_[-1].scoring == "f1_micro_macro"
    by_macro = clone(default).set_params(scoring="f1_macro").fit(TEXTS[:20], TAGS[:20])
    assert by_macro.estimator_[-1].scoring == "f1_macro"


@pytest.mark.parametrize("scoring", ["macro", "f1", None, 1])
def test_bad_scoring_is_refused_before_anything_is_fitted(scoring, monkeypatch):
    monkeypatch.setattr(TfidfVectorizer, "fit_transform", lambda *args: pytest.fail("fitted"))
    with pytest.raises(ValueError, match="'scoring' parameter of TagClassifier must be a"):
        TagClassifier(scoring=scoring).fit(TEXTS, TAGS)


def test_very_many_texts_are_learnt_on_a_hold_out(monkeypatch):
    texts, tags = tickets(120)
    few = TagClassifier(random_state=0).fit(texts, tags)
    assert few.estimator_[-1].cv == 5
    assert _tag_pipeline._splits(99_999) == 5
    assert _tag_pipeline._splits(100_000) == 0.2
    assert _tag_pipeline._splits(400_000) == 0.1
    monkeypatch.setattr(_tag_pipeline, "_VERY_MANY_TEXTS", 120)
    monkeypatch.setattr(_tag_pipeline, "_MOST_COMMON_PIECES", 0.1)
    many = TagClassifier(random_state=0).fit(texts, tags)
    assert many.estimator_[-1].cv == 0.2
    pieces = [dict(model.estimator_[0].transformer_list)["pieces"].vocabulary_ for model in (few, many)]
    assert set(pieces[1]) < set(pieces[0])
    later, truth = tickets(60, seed=1)
    f1 = [
        f1_score(model.tag_indicator(truth), model.tag_indicator(model.predict(later)), average="micro")
        for model in (few, many)
    ]
    assert f1[1] > f1[0] - 0.1
    assert many.partial_fit(later, truth).predict(later[:5]) != [()] * 5


def test_of_very_many_tags_negatives_are_sampled(monkeypatch):
    def linear(model):
        return dict(model.estimator_[-1].estimator)["linear"].estimator.estimator

    texts, tags = tickets(120)
    few = linear(TagClassifier(random_state=0, n_jobs=1).fit(texts, tags))
    assert (few.negative_sampling, few.coef_threshold, few.n_jobs) == (None, "auto", None)
    monkeypatch.setattr(_tag_pipeline, "_MANY_TAGS", 5)
    monkeypatch.setattr(_tag_pipeline, "_VERY_MANY_TEXTS", 120)
    model = TagClassifier(random_state=0, n_jobs=1).fit(texts, tags)
    many = linear(model)
    assert (many.negative_sampling, many.coef_threshold, many.n_jobs) == ("auto", "auto", 1)
    assert issparse(model.estimator_[-1].estimator_[0].estimator_.estimator_.coefs_[0])
    expected = model.predict(texts)
    assert pickle.loads(pickle.dumps(model)).predict(texts) == expected
    assert model.explain(texts[:1])[0]


def test_explanations_name_the_tag(default):
    ((first,),) = default.explain(["wheat harvest"])
    assert first.label == "wheat"
    assert first.evidence["match of words"][0] > 0
    assert first.evidence["match of pieces"][0] > 0
    assert str(first).startswith("wheat: ")


def test_one_call_in_cross_validation():
    scores = cross_val_score(TagClassifier(random_state=0), TEXTS, TAGS, cv=KFold(2))
    assert scores.min() > 0.6


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


def test_an_estimator_that_cannot_predict_is_refused():
    with pytest.raises(ValueError, match="'estimator' parameter of TagClassifier must be an object implementing"):
        TagClassifier(TfidfVectorizer()).fit(TEXTS, TAGS)


def test_top_tags_of_a_classifier_whose_probabilities_are_a_list():
    X = np.random.default_rng(0).random((30, 5))
    forest = RandomForestClassifier(5, random_state=0)
    classifier = TagClassifier(forest, sparse_output=False).fit(X, TAGS)
    positive = np.column_stack([proba[:, 1] for proba in classifier.predict_proba(X)])
    found = classifier.predict_topk(X, k=2)
    assert len(found) == 30
    for row, proba in zip(found, positive):
        assert [score for _, score in row] == sorted(proba, reverse=True)[:2]
        assert all(score == proba[NAMES.index(tag)] for tag, score in row)


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


@pytest.mark.parametrize("numbers", [False, True])
@pytest.mark.parametrize("own", [False, True])
def test_answers_are_json(pipeline, numbers, own):
    y = [[NAMES.index(tag) + 10 for tag in row] for row in TAGS] if numbers else [np.array(row, str) for row in TAGS]
    model = TagClassifier(pipeline if own else None, random_state=0).fit(TEXTS, y)
    kind = int if numbers else str
    answers = json.loads(json.dumps([model.predict(TEXTS), model.predict_topk(TEXTS, k=2)]))
    assert answers[0] == [sorted(row) for row in ([*map(kind, row)] for row in y)]
    assert {type(tag) for row in model.predict(TEXTS) for tag in row} == {kind}
    assert {(type(tag), type(score)) for row in model.predict_topk(TEXTS, k=2) for tag, score in row} == {(kind, float)}
    if not own:
        assert {type(evidence.label) for row in model.explain(TEXTS) for evidence in row} == {kind}


STRINGS = [" ; ".join(row) for row in TAGS]


@pytest.mark.parametrize("y", [STRINGS, pd.Series(STRINGS, index=range(50, 80)), np.array(STRINGS), pl.Series(STRINGS)])
def test_strings_of_tags_are_a_target_like_any_other(pipeline, y):
    model = TagClassifier(pipeline, sep=";")
    assert cross_val_score(model, TEXTS, y, cv=5, error_score="raise").tolist() == [1] * 5
    predicted = cross_val_predict(model, TEXTS, y, cv=5)
    assert predicted.tolist() == [";".join(sorted(row)) for row in TAGS]
    search = GridSearchCV(model, {"classes": [None, NAMES[::-1]]}, cv=3, error_score="raise").fit(TEXTS, y)
    assert search.best_score_ == 1
    assert search.score(TEXTS, y) == search.score(TEXTS, TAGS) == 1
    train, test, y_train, y_test = multilabel_train_test_split(TEXTS, y, test_size=0.5, random_state=0, stratify=y)
    assert model.fit(train, y_train).score(test, y_test) == 1


def test_strings_of_tags_by_default_and_back():
    model = TagClassifier(sep=";", random_state=0).fit(TEXTS, STRINGS)
    assert list(model.classes_) == NAMES
    predicted = model.predict(["wheat and corn", "the price of oil", "and"])
    assert predicted.dtype == object
    assert predicted.tolist()[:2] == ["corn;wheat", "oil"]
    assert [tag for tag, _ in model.predict_topk(["crude oil"], k=1)[0]] == ["oil"]
    with pytest.raises(ValueError, match="'sep' parameter of TagClassifier must be"):
        TagClassifier(sep=3).fit(TEXTS, STRINGS)
    with pytest.raises(ValueError, match="sep must be a string of at least one character, or None; got ''"):
        TagClassifier(sep="").fit(TEXTS, STRINGS)


def test_lists_of_tags_in_cross_validation(pipeline):
    model, folds = TagClassifier(pipeline), MultilabelStratifiedKFold(5)
    predicted = cross_val_predict(model, TEXTS, TAGS, cv=folds)
    assert predicted.shape == (30,)
    assert predicted.tolist() == [tuple(sorted(row)) for row in TAGS]
    assert (model.fit(TEXTS, TAGS).tag_indicator(predicted) != model.tag_indicator(TAGS)).nnz == 0
    scorer = MultilabelScorer(f1_score, average="macro")
    assert cross_val_score(model, TEXTS, TAGS, cv=folds, scoring=scorer, error_score="raise").tolist() == [1] * 5
    search = GridSearchCV(model, {"sparse_output": [True, False]}, cv=folds, scoring=scorer, error_score="raise")
    assert search.fit(TEXTS, pd.Series(TAGS)).score(TEXTS, TAGS) == 1
    counted = TagClassifier(make_pipeline(TfidfVectorizer(), BalancedMultiLabelClassifier()))
    tail = cross_val_score(counted, TEXTS, TAGS, cv=folds, scoring=group_f1_scorer("tail", boundaries=(5, 50)))
    assert len(tail) == 5
    _, _, train, test = multilabel_train_test_split(TEXTS, TAGS, test_size=0.5, random_state=0, stratify=TAGS)
    counts, counts_test = (Counter(tag for row in part for tag in row) for part in (train, test))
    assert all(abs(counts[tag] - counts_test[tag]) <= 1 for tag in NAMES)


def test_indicators_for_metrics_of_scikit_learn(pipeline):
    model = TagClassifier(pipeline, sparse_output=False).fit(TEXTS, TAGS)
    truth, predicted = model.tag_indicator(TAGS), model.tag_indicator(model.predict(TEXTS))
    np.testing.assert_array_equal(truth, MultiLabelBinarizer(classes=NAMES).fit_transform(TAGS))
    assert f1_score(truth, predicted, average="macro") == 1
    with pytest.raises(NotFittedError):
        TagClassifier(pipeline).tag_indicator(TAGS)


@pytest.mark.parametrize("own", [False, True])
def test_the_target_is_read_once(own, monkeypatch):
    reads = []
    read = _targets._read
    monkeypatch.setattr(_targets, "_read", lambda *args: reads.append(args) or read(*args))
    tuner = TunedThresholdMultiLabelClassifierCV(
        make_pipeline(TfidfVectorizer(), BalancedMultiLabelClassifier()), cv=3, random_state=0
    )
    TagClassifier(tuner if own else None, random_state=0).fit(TEXTS, TAGS)
    assert not reads  # its own lists were read, and no indicator of them
    y = MultiLabelBinarizer(sparse_output=True).fit_transform(TAGS)
    tuner.fit(TEXTS, y)
    assert len(reads) == 1


def test_texts_without_a_known_word_get_the_commonest_tag_where_each_has_one_and_else_none():
    texts, tags = ["wheat harvest", "corn falls", "wheat rises"] * 20, [["wheat"], ["corn"], ["wheat"]] * 20
    model = TagClassifier(random_state=0).fit(texts, tags)
    message = r"2 of 3 texts have no known word, the first is row 1 \(counted from 0\); they get the commonest tag"
    with pytest.warns(UserWarning, match=message):
        assert list(model.predict(["corn", "", "zzz"])) == [("corn",), ("wheat",), ("wheat",)]
    model = TagClassifier(random_state=0).fit([*texts, "nothing"], [*tags, []])
    with pytest.warns(UserWarning, match="they get no tag"):
        assert list(model.predict(["corn", ""])) == [("corn",), ()]
