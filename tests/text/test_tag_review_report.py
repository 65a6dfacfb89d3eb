"""Tests of the page that `TagClassifier.report` makes of a model."""

import json
import os
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from skbalance import TagClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.model_selection import MultilabelStratifiedKFold
from tests.text.tickets import TAGS, tickets


@pytest.fixture(scope="module")
def model():
    return TagClassifier(random_state=0).fit(*tickets(300))


def plain():
    return make_pipeline(CountVectorizer(), OneVsRestClassifier(LogisticRegression()))


def said(page):
    """What stands on a page."""
    words = []
    parser = HTMLParser()
    parser.handle_data = words.append
    parser.feed(re.sub(r"<(style|script).*?</\1>", "", page, flags=re.DOTALL))
    return " ".join(" ".join(words).split())


def examples(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])


def test_measures_what_predict_says(model, tmp_path):
    texts, tags = tickets(200, seed=1)
    report = model.report(tmp_path / "report.html", texts, tags)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == report.html
    truth, predicted = model.tag_indicator(tags), model.tag_indicator(model.predict(texts))
    page = said(report.html)
    assert f"Texts 200 Tags 10 Micro F1 {f1_score(truth, predicted, average='micro'):.3f}" in page
    assert f"Macro F1 {f1_score(truth, predicted, average='macro'):.3f}" in page
    row = re.search(r'<tr id="tag-0".*?</tr>', report.html)[0]
    threshold = model.estimator_[-1].thresholds_[0]
    assert said(row).startswith(f"{model.classes_[0]} {model.estimator_[-1].label_counts_[0]} ")
    assert f" {threshold:.2f} " in said(row)
    assert set(examples(report.html)["texts"].values()) <= set(texts)


def test_words_that_explain_names_are_marked(model):
    texts, tags = tickets(30, seed=2)
    page = model.report(texts=texts, tags=tags).html
    marked = {word.lower() for word in re.findall(r"<mark>(.*?)</mark>", page)}
    spoke = {word for row in model.explain(texts) for each in row for word, _ in each.words}
    assert marked
    assert marked <= spoke | {word for row in model.explain(texts) for each in row for word in each.matched}


def test_training_rows_are_judged_by_models_that_had_not_seen_them(model):
    page = model.report().html
    fitted = model.estimator_[-1]
    micro, macro = map(float, re.search(r"Micro F1 ([\d.]+) Macro F1 ([\d.]+)", said(page)).groups())
    assert 0.75 * macro + 0.25 * micro == pytest.approx(fitted.best_score_, abs=2e-3)
    assert '<div class="text"' not in page
    assert examples(page)["texts"] is None


def test_texts_of_training_rows_can_be_shown(model):
    texts, _ = tickets(300)
    page = model.report(texts=iter(texts)).html
    shown = examples(page)
    assert {text: shown["rows"][row] for row, text in shown["texts"].items()} == {
        text: texts.index(text) for text in shown["texts"].values()
    }
    without = model.report().html
    assert said(page)[: said(page).index("All tags 10")] == said(without)[: said(without).index("All tags 10")]
    with pytest.raises(ValueError, match="300 or more; got 299"):
        model.report(texts=texts[:299])


def test_texts_in_doubt_come_first(model):
    texts, tags = tickets(100, seed=4)
    page = model.report(texts=texts, tags=tags).html
    shown = [int(row) for row in re.findall(r"<h3>Row (\d+): wrong tags", page)]
    np.testing.assert_array_equal(shown, model.review_order(texts)[:50])
    expected = float(re.search(r"<h3>Row \d+: wrong tags \d+, expected ([\d.]+)", page)[1])
    assert expected == pytest.approx(model.doubt(texts).max(), abs=0.051)


def test_doubt_of_training_rows_is_that_of_rows_not_seen(model):
    page = model.report().html
    expected = [float(value) for value in re.findall(r"wrong tags \d+, expected ([\d.]+)", page)]
    assert expected == sorted(expected, reverse=True)
    texts, tags = tickets(300, seed=5)
    rows = [said(row) for row in re.findall(r"<h3>(Row.*?)</h3>", page)]
    wrong = [int(re.search(r"wrong tags (\d+)", row)[1]) for row in rows]
    predicted = model.tag_indicator(model.predict(texts)) != model.tag_indicator(tags)
    assert np.mean(wrong) > 2 * predicted.sum() / len(texts)


def labels_in_doubt(page):
    """Row, tag and whether the row has it."""
    rows = re.findall(r"<tr><td>Row (\d+).*?<bdi>(.*?)</bdi></a></td><td>(has|does not have) it", page)
    return {(int(row), tag, has == "has") for row, tag, has in rows}


def test_labels_in_doubt():
    texts, tags = tickets(300)
    clear = [i for i, row in enumerate(tags) if row == ["passwords"]][:3]
    for i in clear[:2]:
        tags[i] = []
    tags[clear[2]] = ["passwords", "printers"]
    model = TagClassifier(random_state=0).fit(texts, tags)
    wanted = {(clear[0], "passwords", False), (clear[1], "passwords", False), (clear[2], "printers", True)}
    found = labels_in_doubt(model.report().html)
    assert wanted <= found
    issues = model.label_issues(25)
    assert found == set(zip(issues["row"], issues["tag"], issues["given"]))

    others = TagClassifier(random_state=0).fit(*tickets(300, seed=1))
    assert wanted <= labels_in_doubt(others.report(texts=texts, tags=tags).html)


def test_promises():
    model = TagClassifier(min_precision=0.8, confidence=0.8, random_state=0).fit(*tickets(400))
    promises = model.promises_
    assert {"own", "none"} <= set(promises.kinds)
    for page in (model.report().html, model.report(None, *tickets(200, seed=1)).html):
        for j, (bound, kind) in enumerate(zip(promises.bounds, promises.kinds)):
            row = said(re.search(rf'<tr id="tag-{j}".*?</tr>', page)[0])
            assert row.endswith(" –" if kind == "none" else f"{bound:.2f} {kind}")
            if kind == "none":  # it is not applied
                assert re.search(r" 0 \d+ 0 [\d.–]+ –$", row)


@pytest.mark.parametrize("as_of", ["top_k", "min_labels", "estimator"])
def test_training_rows_of_other_rules(as_of):
    params = {
        "top_k": {"strategy": "top_k", "k": 2},
        "min_labels": {"min_labels": 1, "max_labels": 2},
        "estimator": {"scores": "estimator"},
    }[as_of]
    texts, tags = tickets(200)
    tuner = TunedThresholdMultiLabelClassifierCV(plain(), cv=3, random_state=0, **params)
    model = TagClassifier(tuner).fit(texts, tags)
    page = model.report().html
    micro, macro = map(float, re.search(r"Micro F1 ([\d.]+) Macro F1 ([\d.]+)", said(page)).groups())
    assert 0.75 * macro + 0.25 * micro == pytest.approx(model.estimator_.best_score_, abs=5e-3)
    model.report(texts=texts, tags=tags)


def test_plain_estimator():
    texts, tags = tickets(200)
    model = TagClassifier(plain()).fit(texts, tags)
    others, their_tags = tickets(100, seed=1)
    page = said(model.report(texts=others, tags=their_tags).html)
    assert "There is nothing to draw: the model has no scores" in page
    truth, predicted = model.tag_indicator(their_tags), model.tag_indicator(model.predict(others))
    assert f"Micro F1 {f1_score(truth, predicted, average='micro'):.3f}" in page
    for texts_too in (None, texts):
        with pytest.raises(ValueError, match=r"report\(\) without tags needs scores .* Pipeline keeps none"):
            model.report(texts=texts_too)
    search = GridSearchCV(
        plain(), {"countvectorizer__min_df": [1]}, cv=MultilabelStratifiedKFold(2), scoring="f1_micro"
    )
    with pytest.raises(ValueError, match="GridSearchCV keeps none"):
        TagClassifier(search).fit(texts, tags).report()


def test_features_that_are_no_texts():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4))
    tags = [[j for j in range(4) if row[j] > 0.5] for row in X]
    tuner = TunedThresholdMultiLabelClassifierCV(OneVsRestClassifier(LogisticRegression()), random_state=0)
    model = TagClassifier(tuner).fit(X, tags)
    for page in (model.report(texts=X, tags=tags).html, model.report().html):
        assert "Tags 4 " in said(page)
        assert examples(page)["texts"] is None


def test_errors_come_before_work_and_leave_no_file(model, tmp_path, monkeypatch):
    texts, tags = tickets(20, seed=3)
    with pytest.raises(ValueError, match="tags without texts"):
        model.report(tmp_path / "report.html", tags=tags)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.report(tmp_path / "report.html", texts, tags[:-1])
    with pytest.raises(NotFittedError):
        clone(model).report(tmp_path / "report.html")
    assert os.listdir(tmp_path) == []
    monkeypatch.setattr(TagClassifier, "predict", lambda *_: pytest.fail("predict was called"))
    with pytest.raises(FileNotFoundError, match="missing"):
        model.report(tmp_path / "missing" / "report.html", texts, tags)


def test_one_text_without_a_known_tag(model):
    with pytest.warns(UserWarning, match="tags that are not in classes_"):
        page = said(model.report(texts=["parcel courier late"], tags=[["unheard of"]]).html)
    assert "Texts 1 " in page
    assert f"Tags {len(TAGS)} " in page
