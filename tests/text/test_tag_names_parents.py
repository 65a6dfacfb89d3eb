"""Tags with parents."""

import pickle

import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from skbalance import TagClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.cli._models import load_model, save_model
from skbalance.datasets import load_web_features
from skbalance.text._tag_names import read_tag_parents

TEXTS = ["wheat and corn prices", "crude oil", "wheat harvest", "oil and gas", "corn", "gas prices", "weather"] * 5
TAGS = [["wheat", "corn"], ["crude"], ["wheat"], ["crude", "gas"], ["corn"], ["gas"], []] * 5
PARENTS = {
    "wheat": "grain",
    "corn": ["grain"],
    "crude": "fuel",
    "gas": ("fuel", "air"),
    "grain": "goods",
    "fuel": "goods",
}
CLOSED = {
    "wheat": {"grain", "goods"}, "corn": {"grain", "goods"}, "crude": {"fuel", "goods"},
    "gas": {"fuel", "goods", "air"}, "grain": {"goods"}, "fuel": {"goods"},
}  # fmt: skip


def linear():
    return make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression(C=100)))


def assert_closed(rows, closed=CLOSED):
    for row in rows:
        assert set().union(*(closed.get(tag, ()) for tag in row)) <= set(row)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"label_texts": None},
        {"min_labels": 3},
        {"max_labels": 2},
        {"min_precision": 0.6},
        {"max_missed": 0.4},
        {"estimator": linear()},
        {"estimator": linear(), "sparse_output": False},
        {"estimator": TunedThresholdMultiLabelClassifierCV(linear(), max_labels=2, cv=3, random_state=0)},
    ],
)
def test_no_tag_is_predicted_without_its_ancestors(settings):
    model = TagClassifier(parents=PARENTS, random_state=0, **settings).fit(TEXTS, TAGS)
    assert model.classes_.tolist() == ["air", "corn", "crude", "fuel", "gas", "goods", "grain", "wheat"]
    predicted = model.predict([*TEXTS[:7], "wheat harvest and crude gas"])
    assert_closed(predicted)
    assert any("grain" in row for row in predicted)
    assert max(map(len, predicted)) <= (settings.get("max_labels") or 8)
    if isinstance(settings.get("estimator"), TunedThresholdMultiLabelClassifierCV):
        assert max(map(len, predicted)) <= 2


def test_rows_get_the_ancestors_of_their_tags():
    model = TagClassifier(parents=PARENTS, random_state=0).fit(TEXTS, TAGS)
    counts = dict(zip(model.classes_, model.estimator_[-1].label_counts_.tolist()))
    assert counts == {"air": 10, "corn": 10, "crude": 10, "fuel": 15, "gas": 10, "goods": 30, "grain": 15, "wheat": 10}
    assert_array_equal(model.tag_indicator([["gas"]]).toarray(), [[1, 0, 0, 1, 1, 1, 0, 0]])
    assert model.score(TEXTS, TAGS) == model.score(TEXTS, model.predict(TEXTS)) == 1


def test_parents_in_names():
    tags = [[f"{PARENTS.get(tag, [tag])[0] if tag == 'corn' else 'x'}/{tag}/1" for tag in row] for row in TAGS]
    model = TagClassifier(hierarchy="/", random_state=0).fit(TEXTS, tags)
    assert {"x", "x/wheat", "x/wheat/1", "grain", "grain/corn", "grain/corn/1"} <= set(model.classes_)
    assert model.predict(["corn"]) == [("grain", "grain/corn", "grain/corn/1")]
    assert model.predict_topk(["corn"], 3)[0][0][0] == "grain"


def test_integers_have_parents_too():
    numbers = {"wheat": 1, "corn": 2, "crude": 3, "gas": 4}
    tags = [[numbers[tag] for tag in row] for row in TAGS]
    model = TagClassifier(parents={1: 10, 2: 10}, random_state=0).fit(TEXTS, tags)
    assert model.classes_.tolist() == [1, 2, 3, 4, 10]
    assert model.predict(["wheat harvest"]) == [(1, 10)]


def test_classes_stay_first_and_ancestors_follow():
    model = TagClassifier(parents=PARENTS, classes=["wheat", "gas", "tea", "crude", "corn"], random_state=0)
    model.fit(TEXTS, TAGS)
    assert model.classes_.tolist()[:5] == ["wheat", "gas", "tea", "crude", "corn"]
    assert set(model.classes_[5:]) == {"air", "fuel", "goods", "grain"}


def test_what_is_kept_knows_parents():
    model = TagClassifier(parents=PARENTS, min_precision=0.6, random_state=0)
    assert clone(model).parents == PARENTS
    model = pickle.loads(pickle.dumps(model.fit(TEXTS, TAGS)))
    assert_closed(model.predict(TEXTS[:7]))
    extra = dict(model.to_review(TEXTS[:7]))
    assert_closed([set(row) | set(extra.get(i, ())) for i, row in enumerate(model.predict(TEXTS[:7]))])
    assert "goods" in model.report(texts=TEXTS).html


def test_a_file_of_skops_keeps_parents(tmp_path):
    model = TagClassifier(parents=PARENTS, random_state=0).fit(TEXTS, TAGS)
    path = str(tmp_path / "model.skops")
    model.predict(TEXTS[:1])
    with open(path, "wb") as file:
        save_model(model, file, path)
    assert load_model(path).predict(TEXTS) == model.predict(TEXTS)


def test_explain_names_the_descendant_of_a_tag():
    web = load_web_features()
    texts, parents = list(web.data), web.parents
    model = TagClassifier(parents=parents, random_state=0).fit(texts, web.tags)
    through = [each for row in model.explain(texts) for each in row if each.descendant is not None]
    assert through
    for each in through:
        parent = parents[each.descendant]
        assert each.label in (parent, parents.get(parent))
    assert_closed(model.predict(texts), {tag: {parent} for tag, parent in parents.items()})


def test_without_parents_nothing_is_known_of_them():
    model = TagClassifier(parents={}, random_state=0).fit(TEXTS, TAGS)
    assert model.estimator_[-1].parents is None
    assert model.predict(TEXTS) == TagClassifier(random_state=0).fit(TEXTS, TAGS).predict(TEXTS)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"parents": PARENTS, "hierarchy": "/"}, ValueError, "Give parents, or hierarchy='/'"),
        ({"parents": {"tea": "goods"}}, ValueError, r"parents has \['tea'\], which are no tags of the training data"),
        ({"parents": {"goods": "all"}}, ValueError, r"parents has \['goods'\], which are no tags"),
        ({"parents": {"wheat": "wheat"}}, ValueError, "in a circle: 'wheat' -> 'wheat'"),
        ({"parents": {"wheat": "corn", "corn": "wheat"}}, ValueError, "in a circle"),
        ({"parents": {"wheat": None}}, ValueError, r"parents\['wheat'\] has a missing tag"),
        ({"parents": {"wheat": " "}}, ValueError, "parents has a tag that is empty: {'wheat': ' '}"),
        ({"parents": {"wheat": 1.5}}, TypeError, r"parents\['wheat'\] has the tag 1.5, a float"),
        ({"parents": {"wheat": 1}}, TypeError, "must all be strings, or all integers"),
        ({"parents": {1: "wheat"}}, TypeError, "must all be strings, or all integers"),
        ({"parents": ["wheat"]}, ValueError, "'parents' parameter of TagClassifier must be"),
        ({"hierarchy": ""}, ValueError, "hierarchy must be what stands between levels of a name"),
        ({"hierarchy": ";", "sep": ";"}, ValueError, "other than sep; got ';'"),
        ({"hierarchy": 1}, ValueError, "'hierarchy' parameter of TagClassifier must be"),
        ({"hierarchy": "h"}, ValueError, "The tag 'wh' has a level without a name"),
    ],
)
def test_refused(settings, error, message):
    model = TagClassifier(**settings)
    tags = [["wh"], *TAGS[1:]] if settings.get("hierarchy") == "h" else TAGS
    tags = [";".join(row) for row in tags] if "sep" in settings else tags
    with pytest.raises(error, match=message):
        model.fit(TEXTS, tags)
    assert not hasattr(model, "classes_")


def test_integers_have_no_names_to_read():
    with pytest.raises(TypeError, match="reads the names of tags, and these are integers: give parents"):
        read_tag_parents(None, "/", None, {1, 2})


def test_ancestors_come_first():
    assert list(read_tag_parents(None, "/", None, {"a/b/c", "d"})) == ["a", "a/b", "a/b/c"]
    assert read_tag_parents(None, " > ", None, {"a > b"}) == {"a": [], "a > b": ["a"]}
    assert read_tag_parents({"a": ["b ", "b"]}, None, None, {"a"}) == {"b": [], "a": ["b"]}
