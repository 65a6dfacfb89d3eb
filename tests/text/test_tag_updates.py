"""TagClassifier after the fit: further texts, further tags, and to do without some."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from skbalance import BalancedMultiLabelClassifier, TagClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance._tag_lists import indicator_of_tags

from .tickets import TAGS, described, tickets

NEW = ["the piano is out of tune", "a piano with new strings", "strings of a piano, please", "our piano again"]


@pytest.fixture(scope="module")
def data():
    return tickets(700)


@pytest.fixture(scope="module")
def fitted(data):
    texts, tags = data
    return pickle.dumps(TagClassifier(random_state=0).fit(texts[:400], tags[:400]))


@pytest.fixture
def model(fitted):
    return pickle.loads(fitted)


def f1(model, texts, tags, classes=TAGS):
    truth = indicator_of_tags(tags, classes).toarray()
    predicted = indicator_of_tags([[t for t in row if t in classes] for row in model.predict(texts)], classes).toarray()
    return f1_score(truth, predicted, average="micro", zero_division=0)


def state(model):
    return pickle.dumps(model)


@pytest.mark.parametrize("settings", [{}, {"label_texts": None}, {"min_precision": 0.8}, {"max_labels": 2}])
def test_chunks_come_near_to_a_fit_on_all_texts(data, settings):
    texts, tags = data
    model, new = TagClassifier(random_state=0, **settings), (texts[600:], tags[600:])
    for start in range(0, 600, 150):
        model.partial_fit(texts[start : start + 150], tags[start : start + 150])
    refit = TagClassifier(random_state=0, **settings).fit(texts[:600], tags[:600])
    assert f1(model, *new) > f1(refit, *new) - 0.03
    assert sorted(model.classes_) == sorted(TAGS)
    counts = dict(zip(model.classes_, model.estimator_[-1].label_counts_))
    assert counts == dict(zip(refit.classes_, refit.estimator_[-1].label_counts_))
    assert model.label_issues(5, texts=texts[:600]).text.tolist()
    assert model.report().html


def test_words_that_are_new_are_learnt(model):
    texts = [f"toccata {word}" for word in ["hello", "please", "thanks", "again", "today", "help"] * 5]
    model.partial_fit(texts, [["invoices"]] * 30)
    assert model.predict(["toccata"]) == [("invoices",)]
    assert dict(model.top_words("invoices", 70))["toccata"] > 0.5
    assert model.explain(["toccata"])[0][0].words[0][0] == "toccata"


def test_a_tag_that_is_new_is_predicted_from_its_first_text_on(model):
    model.partial_fit([NEW[0], described("invoices", 5)], [["music"], ["invoices"]])
    assert model.classes_.tolist() == [*sorted(TAGS), "music"]
    assert model.predict([NEW[1], described("invoices", 6)]) == [("music",), ("invoices",)]
    model.partial_fit(NEW[1:], [["music"]] * 3)
    assert model.predict(["piano strings"]) == [("music",)]
    assert model.predict_topk(["piano strings"], 1)[0][0][0] == "music"
    assert model.estimator_[-1].label_counts_[-1] == 4


def test_an_added_tag_changes_nothing_of_the_others(model, data):
    texts, tags = data
    before, scores = model.predict(texts[400:]), model.estimator_[-1].decision_scores(model._features(texts[400:]))
    assert model.add_tags({"music": NEW, "travel": ["tickets for the train to Rome"]}) is model
    after = model.estimator_[-1].decision_scores(model._features(texts[400:]))
    np.testing.assert_allclose(after[:, :10], scores, atol=1e-3)  # a word that is new makes the others a little shorter
    assert [tuple(t for t in row if t in TAGS) for row in model.predict(texts[400:])] == before
    assert model.predict(["a piano", "a train to Rome"]) == [("music",), ("travel",)]
    assert model.predict_topk(["a piano and a train to Rome"], 2)[0][0][1] > 0.5
    assert model.classes_.tolist()[-2:] == ["music", "travel"]


def test_an_added_tag_of_kept_texts_is_learnt_against_the_others(model, data):
    texts, tags = data
    mine = [i for i in range(400) if "invoices" in tags[i]]
    by_number, by_text = pickle.loads(state(model)), model
    by_number.add_tags({"money": mine})
    by_text.add_tags({"money": [texts[i] for i in mine]})
    for each in (by_number, by_text):
        rows = each.predict(texts[400:])
        assert np.mean([("money" in row) == ("invoices" in row) for row in rows]) > 0.97
    scores = [each.estimator_[-1].decision_scores(each._features(texts[400:]))[:, -1] for each in (by_number, by_text)]
    np.testing.assert_allclose(*scores, atol=0.02)


def test_added_tags_learn_on(model, data):
    texts, tags = data
    model.add_tags({"music": NEW[:2]})
    mixed = [*texts[400:600], *NEW[2:]], [*tags[400:600], ["music"], ["music"]]
    model.partial_fit(*mixed)
    assert model.estimator_[-1].label_counts_[-1] == 4
    assert f1(model, texts[600:], tags[600:]) > 0.85
    assert model.predict(["piano strings"]) == [("music",)]
    again = pickle.loads(state(model)).add_tags({"travel": ["a train to Rome"]})
    assert again.predict(["a train to Rome"]) == [("travel",)]


def test_removed_tags_are_gone_and_the_others_stay(model, data):
    texts, tags = data
    model.add_tags({"music": NEW})
    assert model.remove_tags(["passwords", "music"]) is model
    left = [tag for tag in TAGS if tag != "passwords"]
    assert model.classes_.tolist() == sorted(left)
    kept = [[tag for tag in row if tag in left] for row in tags[400:]]
    assert f1(model, texts[400:], kept, left) > 0.85
    assert "passwords" not in {tag for row in model.predict(texts) for tag in row}
    assert model.label_issues(5, texts=texts[:400]).tag.isin(left).all()
    model.partial_fit(texts[400:], tags[400:])  # it comes again, as a new tag
    assert model.classes_.tolist() == [*sorted(left), "passwords"]
    assert f1(model, texts, tags) > 0.85


def test_promises_are_made_of_new_tags_once_there_is_evidence(data):
    texts, tags = data
    model = TagClassifier(random_state=0, min_precision=0.8).fit(texts[:400], tags[:400])
    model.add_tags({"music": NEW})
    assert model.promises_.kinds[-1] == "none"
    assert model.promises_.labels.tolist() == model.classes_.tolist()
    assert model.predict(["a piano"]) == [()]
    assert model.to_review(["a piano"]) == [(0, ["music"])]
    model.remove_tags(["invoices"])
    assert len(model.promises_.kinds) == 10
    assert model.promises_.thresholds[-1] >= 1


def test_strings_of_tags_integers_and_frames(data):
    texts, tags = data
    strings = TagClassifier(random_state=0, sep=";").fit(texts[:100], [";".join(row) for row in tags[:100]])
    strings.partial_fit(pd.Series(texts[100:150]), pd.Series([";".join(row) for row in tags[100:150]]))
    assert strings.add_tags({"music": pd.Series(NEW)}).predict(["a piano"]).tolist() == ["music"]
    numbers = TagClassifier(random_state=0).fit(texts[:100], [[TAGS.index(tag) for tag in row] for row in tags[:100]])
    numbers.partial_fit(NEW[:1], [[77]])
    assert numbers.predict(["piano"]) == [(77,)]
    with pytest.raises(TypeError, match="strings and tags that are integers"):
        numbers.partial_fit(NEW, [["music"]] * 4)
    with pytest.raises(TypeError, match="strings and tags that are integers"):
        numbers.add_tags({"music": NEW})


def test_rows_of_weight_zero_leave_no_trace(model, data):
    texts, tags = data
    other = pickle.loads(state(model))
    weight = np.append(np.ones(100), np.zeros(4))
    model.partial_fit([*texts[400:500], *NEW], [*tags[400:500], *[["music"]] * 4], sample_weight=weight)
    other.partial_fit(texts[400:500], tags[400:500])
    assert "music" not in model.classes_
    assert model.predict(texts[500:]) == other.predict(texts[500:])
    model.partial_fit(NEW[:1], [["music"]])
    assert model.estimator_[-1].out_of_fold_.rows.max() == 504


def test_an_estimator_with_partial_fit_is_a_stream(data):
    texts, tags = data
    pipeline = make_pipeline(HashingVectorizer(n_features=2**12), BalancedMultiLabelClassifier("squared_hinge"))
    model = TagClassifier(pipeline, classes=TAGS)
    for start in range(0, 600, 100):
        model.partial_fit(texts[start : start + 100], tags[start : start + 100])
    refit = TagClassifier(pipeline, classes=TAGS).fit(texts[:600], tags[:600])
    assert f1(model, texts[600:], tags[600:]) > f1(refit, texts[600:], tags[600:]) - 0.05
    tuned = TunedThresholdMultiLabelClassifierCV(BalancedMultiLabelClassifier("squared_hinge"), random_state=0)
    model = TagClassifier(make_pipeline(HashingVectorizer(n_features=2**12), tuned), classes=TAGS)
    model.partial_fit(texts[:300], tags[:300]).partial_fit(texts[300:600], tags[300:600])
    assert f1(model, texts[600:], tags[600:]) > 0.8
    with pytest.raises(ValueError, match=r"not in classes_: \['music'\]"):
        model.partial_fit(NEW, [["music"]] * 4)
    for method in ("add_tags", "remove_tags"):
        with pytest.raises(ValueError, match=f"{method} is for TagClassifier without an estimator; got Pipeline"):
            getattr(model, method)({"music": NEW})


def test_an_estimator_without_partial_fit_says_so(data):
    texts, tags = data
    model = TagClassifier(make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LinearSVC())), classes=TAGS)
    model.fit(texts, tags)
    with pytest.raises(AttributeError, match="partial_fit"):
        model.partial_fit(texts, tags)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda m: m.partial_fit([], []), ValueError, "no rows"),
        (lambda m: m.partial_fit(["a"], []), ValueError, "inconsistent"),
        (lambda m: m.partial_fit(["a", None], [["invoices"], []]), ValueError, "missing text"),
        (lambda m: m.partial_fit(["a"], ["invoices"]), TypeError, "Row 0|list"),
        (lambda m: m.partial_fit(["a"], [[3]]), TypeError, "strings and tags that are integers"),
        (lambda m: m.partial_fit(["a"], [["b"]], sample_weight=[-1]), ValueError, "sample_weight"),
        (lambda m: m.add_tags(["music"]), TypeError, "tags must map"),
        (lambda m: m.add_tags({}), TypeError, "tags must map"),
        (lambda m: m.add_tags({"invoices": NEW}), ValueError, r"classes_ has \['invoices'\] already"),
        (lambda m: m.add_tags({"a": NEW, " a": NEW}), ValueError, "tags must hold each tag once"),
        (lambda m: m.add_tags({"": NEW}), ValueError, "empty"),
        (lambda m: m.add_tags({"music": []}), ValueError, "no rows"),
        (lambda m: m.add_tags({"music": "piano"}), TypeError, r"tags\['music'\] is a str"),
        (lambda m: m.add_tags({"music": [True]}), TypeError, r"Row 0 .* of tags\['music'\] is a bool"),
        (lambda m: m.add_tags({"music": [3, 9999]}), ValueError, r"keep_rows=2000.*9999"),
        (lambda m: m.remove_tags(["music"]), ValueError, r"some of classes_; got \['music'\]"),
        (lambda m: m.remove_tags(TAGS), ValueError, "Of 10 tags 0 would be left"),
        (lambda m: m.remove_tags("invoices"), TypeError, "tags must be a sequence"),
        (lambda m: m.remove_tags(None), TypeError, "tags must be a sequence"),
    ],
)
def test_what_is_not_allowed_changes_nothing(model, change, error, message):
    before = state(model)
    with pytest.raises(error, match=message):
        change(model)
    assert state(model) == before


def test_tags_outside_of_classes_are_refused(data):
    texts, tags = data
    model = TagClassifier(classes=TAGS, random_state=0).fit(texts[:100], tags[:100])
    with pytest.raises(ValueError, match=r"not in classes_: \['music'\]"):
        model.partial_fit(NEW, [["music"]] * 4)
    assert model.add_tags({"music": NEW}).predict(["piano"]) == [("music",)]


def test_a_model_that_keeps_nothing_is_smaller_and_cannot_learn_on(data, model):
    texts, tags = data
    small = TagClassifier(random_state=0, keep_rows=0).fit(texts[:400], tags[:400])
    assert small.predict(texts[400:]) == model.predict(texts[400:])
    assert len(state(small)) < 0.9 * len(state(model))
    for learn in (lambda: small.partial_fit(NEW, [["music"]] * 4), lambda: small.add_tags({"music": NEW})):
        with pytest.raises(ValueError, match="keep_rows=0"):
            learn()
    assert small.remove_tags(["invoices"]).classes_.tolist() == [t for t in sorted(TAGS) if t != "invoices"]
    assert small.label_issues(3, texts=texts[:400]).tag.isin(small.classes_).all()


def test_the_kept_rows_are_few_and_new_tags_are_learnt_all_the_same(data):
    texts, tags = data
    model = TagClassifier(random_state=0, keep_rows=50).fit(texts[:400], tags[:400])
    mine = [texts[i] for i in range(400) if "invoices" in tags[i]]
    rows = model.add_tags({"money": mine}).predict(texts[400:])
    assert np.mean([("money" in row) == ("invoices" in row) for row in rows]) > 0.93
    assert model._kept_numbers.tolist() == np.linspace(0, 399, 50).astype(int).tolist()
    model.partial_fit(texts[400:430], tags[400:430])
    assert model._kept_numbers[-30:].tolist() == list(range(400, 430))
    assert len(model._kept_numbers) == 50


def test_one_tag_alone_is_learnt_and_learns_on(data):
    texts, tags = data
    only = [[tag for tag in row if tag == TAGS[0]] for row in tags]
    model = TagClassifier(random_state=0).fit(texts[:100], only[:100]).partial_fit(texts[100:120], only[100:120])
    assert model.estimator_[-1].label_counts_.tolist() == [sum(map(len, only[:120]))]
    assert model.add_tags({"music": NEW}).partial_fit(NEW, [["music"]] * 4).predict(["piano"]) == [("music",)]


def test_the_tag_that_is_left_learns_on(model, data):
    texts, tags = data
    only = [[tag for tag in row if tag == TAGS[0]] for row in tags[:20]]
    before = model.estimator_[-1].label_counts_[model.classes_.tolist().index(TAGS[0])]
    model.remove_tags([tag for tag in model.classes_ if tag != TAGS[0]]).partial_fit(texts[:20], only)
    assert model.estimator_[-1].label_counts_.tolist() == [before + sum(map(len, only))]


def test_tags_are_frequent_again_after_all_frequent_ones_are_gone(data):
    texts, tags = data
    model = TagClassifier(random_state=0).fit(texts[:100], tags[:100]).add_tags({"music": NEW[:1]})
    model.remove_tags([tag for tag in model.classes_ if tag != "music"]).add_tags({TAGS[0]: list(range(20))})
    model.partial_fit([*NEW, *texts[:4]], [["music"]] * 4 + [[]] * 4)
    assert model.predict(NEW[:1]) == [("music",)]


def test_a_chunk_without_a_known_word_is_learnt(model):
    n_texts = model._n_texts
    model.partial_fit(["a", "-"], [[TAGS[0]], []])
    assert model._n_texts == n_texts + 2
    assert all(score > -np.inf for _, score in model.predict_topk(["piano"], 3)[0])


def test_label_texts_of_tags_that_are_gone_or_to_come(data):
    texts, tags = data
    model = TagClassifier(label_texts={TAGS[0]: "first"}, random_state=0).fit(texts[:100], tags[:100])
    model.remove_tags([TAGS[0]]).partial_fit(texts[:4], [[TAGS[1]]] * 4)
    model.set_params(label_texts={"music": "piano concert"}).partial_fit(texts[:4], [[TAGS[1]]] * 4)
    assert model.add_tags({"music": NEW[:1]})._tag_names[-1] == ["piano concert"]
    with pytest.raises(ValueError, match="label_texts=None is for a new fit"):
        model.set_params(label_texts=None).remove_tags(["music"])


@pytest.mark.parametrize("numbers", [np.arange(5), range(5), (0, 1, 2, 3, 4)])
def test_numbers_of_texts_in_any_column(model, numbers):
    assert model.add_tags({"music": numbers}).estimator_[-1].label_counts_[-1] == 5


def test_a_tag_of_more_texts_than_there_were_learns_on(data):
    texts, tags = data
    model = TagClassifier(random_state=0).fit(texts[:60], tags[:60])
    model.add_tags({"music": [f"piano number{i}" for i in range(200)]}).partial_fit(texts[60:70], tags[60:70])
    assert model.predict(["piano"]) == [("music",)]
    assert model.estimator_[-1].label_counts_[-1] == 200
