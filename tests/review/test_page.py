"""Tests of the page: what stands on it, that it is well-formed, needs nothing else, and shows texts as they are."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.metrics import f1_score, precision_score, recall_score

from skbalance.metrics import label_groups
from skbalance.review import report_page
from tests.review.pages import make_data

VOID = {"meta", "input", "link", "br", "img", "hr"}
HOSTILE = [
    "<script>document.title = 'hacked'</script>",
    '"><img src=x onerror=alert(1)>',
    "</script><script>alert(1)</script>",
    "]]><!-- --><style>*{display:none}</style>",
    "שלום עולם",
    "مرحبا",
    "👩‍👩‍👧‍👦 family",
    "\u202egnp.exe",
    "a\x00b\x1bc\ud800\u200e\u200b\xad\U000e0041",
    "x" * 5000,
    "$title ${script} {0} %s",
    "&amp; already escaped",
]


class Reader(HTMLParser):
    """Elements with their attributes, the text of all but scripts and styles, and what does not nest."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.open, self.faults, self.words = [], [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if (tag == "p" and "p" in self.open) or (tag in ("li", "tr") and self.open[-1:] == [tag]):
            self.faults.append(f"{tag} in {self.open}")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"/{tag}")

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def all(self, name):
        return [attributes for tag, attributes in self.elements if tag == name]


def variants():
    data = make_data()
    n_rows, n_tags = data.truth.shape
    yield "usual", data
    yield "nothing wrong", replace(data, predicted=data.truth)
    yield "nothing predicted", replace(data, predicted=sp.csr_array(data.truth.shape, dtype=bool))
    yield "no rows", make_data(n_rows=0, doubt=np.zeros(0), words={}, issues=())
    yield (
        "no texts, no doubt",
        replace(data, texts=None, doubt=None, words={}, issues=(), thresholds=None, promises=None),
    )
    one = sp.csr_array(np.ones((10_000, 1), dtype=bool))
    half = sp.csr_array(np.arange(10_000)[:, None] % 2 == 0)
    yield (
        "one tag",
        replace(
            make_data(10_000, 1, tags=["only"]),
            truth=one,
            predicted=half,
            counts=np.array([10_000]),
            issues=[(0, 0, True, 0.5)],
        ),
    )
    yield "integers", replace(data, tags=list(range(n_tags)))
    yield (
        "hostile",
        make_data(len(HOSTILE), len(HOSTILE), tags=HOSTILE, texts=HOSTILE, title=HOSTILE[0], source=HOSTILE[1]),
    )


PAGES = [pytest.param(data, id=name) for name, data in variants()]


@pytest.mark.parametrize("data", PAGES)
def test_well_formed(data):
    page = Reader(report_page(data))
    assert page.faults == []
    assert page.open == []
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link["href"][1:] for link in page.all("a")} <= set(ids)
    named = {name for _, attributes in page.elements for name in attributes.get("aria-labelledby", "").split()}
    assert named <= set(ids)


@pytest.mark.parametrize("data", PAGES)
def test_needs_no_other_file_and_runs_one_script(data):
    text = report_page(data)
    page = Reader(text)
    assert not [a for _, a in page.elements if "src" in a or not a.get("href", "#").startswith("#")]
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert [script.get("type") for script in page.all("script")] == ["application/json", None]
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    assert "url(" not in style
    assert "@import" not in style
    (policy,) = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-")


@pytest.mark.parametrize("data", PAGES)
def test_can_be_read_out(data):
    page = Reader(report_page(data))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert max(np.diff(levels)) <= 1
    assert len(page.all("table")) == len(page.all("caption")) == 4
    heads = page.all("th")
    assert heads
    assert all(head["scope"] in ("row", "col") for head in heads)
    assert all("aria-label" in svg or "aria-hidden" in svg for svg in page.all("svg"))
    regions = [attributes["aria-label"] for _, attributes in page.elements if attributes.get("role") == "region"]
    headings = re.findall(r"<h2[^>]*>(.*?)</h2>", report_page(data))
    assert len({*regions, *headings}) == len(regions) + len(headings) == 4 + 6


def test_texts_are_shown_as_they_are():
    text = report_page(make_data(len(HOSTILE), len(HOSTILE), tags=HOSTILE, texts=HOSTILE, title=HOSTILE[0]))
    said = Reader(text).text
    for name in (0, 1, 2, 3, 4, 5, 6, 10, 11):
        assert HOSTILE[name] in said
    assert "\\u202egnp.exe" in said
    assert r"a\x00b\x1bc\ud800\u200e\u200b\xad\U000e0041" in said
    assert "x" * 80 + " …" in said
    assert "x" * 701 not in text
    text.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e]", text)
    examples = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])
    assert set(examples["texts"].values()) >= {HOSTILE[2], HOSTILE[10]}


def test_scores():
    data = make_data(n_rows=400, n_tags=150)
    said = Reader(report_page(data)).text
    truth, predicted = data.truth.toarray(), data.predicted.toarray()
    occurs = np.flatnonzero(truth.any(axis=0))
    assert len(occurs) < 150
    assert f"Micro F1 {f1_score(truth, predicted, average='micro'):.3f}" in said
    assert f"Macro F1 {f1_score(truth, predicted, average='macro', labels=occurs):.3f}" in said
    assert f"Texts wholly right {100 * (truth == predicted).all(axis=1).mean():.1f} %" in said
    for name, labels in label_groups(data.counts).items():
        row = re.search(rf"{name.capitalize()}: (?:9 to )?\d+ texts[a-z ]* ((?:[\d.]+ ?){{8}})", said)[1].split()
        assert [int(value) for value in row[:2]] == [labels.sum(), truth[:, labels].sum()]
        expected = [
            score(truth, predicted, average=average, labels=those, zero_division=0)
            for average, those in (
                ("micro", np.flatnonzero(labels)),
                ("macro", np.intersect1d(occurs, labels.nonzero())),
            )
            for score in (f1_score, precision_score, recall_score)
        ]
        np.testing.assert_allclose([float(value) for value in row[2:]], expected, atol=0.0051)


def test_row_of_a_tag():
    truth = sp.csr_array(np.array([[1, 0], [1, 0], [1, 1], [0, 1]], dtype=bool))
    predicted = sp.csr_array(np.array([[1, 0], [1, 1], [0, 1], [1, 1]], dtype=bool))
    thresholds, promises = np.array([0.25, 0.5]), ["0.95 shared", "–"]
    data = make_data(
        4, 2, truth=truth, predicted=predicted, counts=np.array([9, 1]), thresholds=thresholds, promises=promises
    )
    page = report_page(data)
    (row,) = re.findall(r'<tr id="tag-0".*?</tr>', page)
    assert Reader(row).text == "tag 0 of many 9 0.67 0.67 0.67 2 1 1 0.25 0.95 shared"
    (row,) = re.findall(r'<tr id="tag-1".*?</tr>', page)
    assert Reader(row).text == "tag 1 of many 1 0.80 0.67 1.00 2 0 1 0.50 –"
    examples = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])["examples"]
    assert examples == [[[0, 1], [2], [3]], [[2, 3], [], [1]]]


def test_confusions_are_counted_by_text():
    truth = sp.csr_array(np.array([[1, 0, 0]] * 3 + [[0, 1, 0]] * 2, dtype=bool))
    predicted = sp.csr_array(np.array([[0, 1, 0]] * 2 + [[0, 0, 1]] + [[0, 1, 0]] * 2, dtype=bool))
    page = report_page(make_data(5, 3, truth=truth, predicted=predicted))
    body = page[page.index('id="confusions"') : page.index('id="texts"')]
    rows = [Reader(row).text for row in re.findall(r"<tr><td>.*?</tr>", body)]
    assert rows == ["tag 0 of many tag 1 of many 2 0.67", "tag 0 of many tag 2 of many 1 0.33"]


def test_order_of_doubt_lies_between_random_and_best():
    data = make_data(300, 20)
    wrong = data.wrong_tags
    said = Reader(report_page(replace(data, doubt=wrong + np.linspace(0, 0.5, 300)))).text
    start, mended, at_random = map(
        float, re.search(r"Macro F1 from ([\d.]+) to ([\d.]+) \(a random tenth: ([\d.]+)\)", said).groups()
    )
    assert start < at_random < mended
    order = np.argsort(-(wrong + np.linspace(0, 0.5, 300)))[:30]
    predicted = data.predicted.toarray()
    predicted[order] = data.truth.toarray()[order]
    assert mended == pytest.approx(f1_score(data.truth.toarray(), predicted, average="macro"), abs=1e-3)
    assert "There is nothing to draw: no tag is wrong." in report_page(replace(data, predicted=data.truth))
    assert "There is nothing to draw: the model has no scores" in report_page(replace(data, doubt=None))


def test_curves_where_f1_begins_at_1():
    """The only wrong tag has no text, and no F1."""
    truth = np.diag([True, True, True, False])
    predicted = truth.copy()
    predicted[0, 3] = True
    data = make_data(4, 4, truth=sp.csr_array(truth), predicted=sp.csr_array(predicted))
    assert "nan" not in report_page(data)


def test_words_are_marked_where_they_stand():
    text = "Wheat, and <b>wheat</b>! Buckwheat. " + "far " * 300 + "corn ends it"
    data = make_data(2, 2, texts=[text, text], words={0: {0: ["wheat"]}, 1: {1: ["corn"]}}, issues=())
    page = report_page(data)
    assert "<mark>Wheat</mark>, and &lt;b&gt;<mark>wheat</mark>&lt;/b&gt;! Buckwheat." in page
    assert "… <mark>corn</mark> ends it</div>" in page


def test_issues_say_what_to_do():
    data = make_data(3, 2, issues=[(2, 0, True, 0.04), (1, 1, False, 0.97)], texts=["a", "b", "c"])
    page = report_page(data)
    rows = [Reader(row).text for row in re.findall(r"<tr><td>Row.*?</tr>", page)]
    assert rows == [
        "Row 2 c tag 0 of many has it: take it away? 0.04",
        "Row 1 b tag 1 of many does not have it: add it? 0.97",
    ]


def test_size():
    """Of texts of 700 characters; with 20,000 and 2,000 tags 5 MB are allowed, and the tags weigh most."""
    page = report_page(make_data(20_000, 2_000)).encode()
    assert 1e6 < len(page) < 5e6
