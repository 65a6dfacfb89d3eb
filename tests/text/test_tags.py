"""Lists of tags in, lists of tags out."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import issparse
from sklearn.base import clone, is_classifier
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.svm import LinearSVC
from sklearn.utils import get_tags

from skbalance.text import _tag_pipeline
from skbalance.text._tags import TagClassifier

from .grain import NAMES, TAGS, TEXTS, Recorder
from .tickets import tickets


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


def test_bad_parameters():
    with pytest.raises(ValueError, match="The 'sparse_output' parameter of TagClassifier must be"):
        TagClassifier(Recorder(), sparse_output="no").fit(TEXTS, TAGS)


def test_unknown_tags_in_score(pipeline):
    classifier = TagClassifier(pipeline).fit(TEXTS, TAGS)
    with pytest.warns(UserWarning, match="zinc"):
        assert classifier.score(TEXTS[:1], [["wheat", "corn", "zinc"]]) == 1.0


def test_constant_estimator_without_scores():
    classifier = TagClassifier(DummyClassifier(strategy="most_frequent"), sparse_output=False)
    assert classifier.fit(TEXTS, TAGS).predict(TEXTS[:2]) == [(), ()]


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


def test_texts_without_a_known_word_get_the_commonest_tag_where_each_has_one_and_else_none():
    texts, tags = ["wheat harvest", "corn falls", "wheat rises"] * 20, [["wheat"], ["corn"], ["wheat"]] * 20
    model = TagClassifier(random_state=0).fit(texts, tags)
    message = r"2 of 3 texts have no known word, the first is row 1 \(counted from 0\); they get the commonest tag"
    with pytest.warns(UserWarning, match=message):
        assert list(model.predict(["corn", "", "zzz"])) == [("corn",), ("wheat",), ("wheat",)]
    model = TagClassifier(random_state=0).fit([*texts, "nothing"], [*tags, []])
    with pytest.warns(UserWarning, match="they get no tag"):
        assert list(model.predict(["corn", ""])) == [("corn",), ()]
