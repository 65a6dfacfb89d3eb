import contextlib
import gzip
import io
import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from skbalance.datasets import _bioasq, load_bioasq
from skbalance.datasets._bioasq import iter_articles

ARTICLES = [
    {
        "pmid": "11",
        "title": "T1",
        "abstractText": 'A1 ] } , " [',
        "meshMajor": ["Mice", "Animals", "Mice"],
        "year": "1",
    },
    {"pmid": 12, "title": None, "abstractText": "A2 \\ end", "meshMajor": ["Humans"], "year": "1"},
    {"pmid": "13", "title": "T3", "abstractText": "", "meshMajor": []},
    {"pmid": "14", "title": "T4", "abstractText": "A4", "meshMajor": ["Humans", "Mice"]},
]


def write(folder, text, name="articles.json"):
    content = text.encode() if isinstance(text, str) else text
    (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return folder / name


def lines(articles=ARTICLES):
    """Return the articles as the challenge's files have them: one a line."""
    return '{"articles":[\n' + ",\n".join(json.dumps(article) for article in articles) + "\n]}\n"


def check(dataset):
    assert dataset.data.tolist() == ['T1\nA1 ] } , " [', "A2 \\ end", "T3", "T4\nA4"]
    assert dataset.pmids.tolist() == ["11", "12", "13", "14"]
    assert dataset.target_names.tolist() == ["Animals", "Humans", "Mice"]
    assert sparse.isspmatrix_csr(dataset.target)
    assert dataset.target.dtype == np.int64
    np.testing.assert_array_equal(dataset.target.toarray(), [[1, 0, 1], [0, 1, 0], [0, 0, 0], [0, 1, 1]])


@pytest.mark.parametrize("name", ["articles.json", "articles.json.gz"])
def test_plain_and_compressed(tmp_path, name):
    dataset = load_bioasq(write(tmp_path, lines(), name))
    check(dataset)
    assert "MeSH" in dataset.DESCR


def test_compression_is_told_by_content(tmp_path):
    path = write(tmp_path, gzip.compress(lines().encode()), "no-suffix")
    check(load_bioasq(str(path)))


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"articles": ARTICLES}),
        json.dumps({"articles": ARTICLES}, indent=2),
        json.dumps({"source": "x", "articles": ARTICLES, "more": [1]}),
        lines().replace("},\n", "},,\r\n"),
        lines().replace("},\n", "}\n"),
        lines().replace("\n]}", ",\n]}"),
        "\ufeff" + lines(),
    ],
)
def test_layouts(tmp_path, text):
    check(load_bioasq(write(tmp_path, text)))


@pytest.mark.parametrize("chunk", [60, 61, 97, 1000])
def test_any_chunk_boundary(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(_bioasq, "_CHUNK", chunk)
    check(load_bioasq(write(tmp_path, lines())))


def test_encodings(tmp_path):
    article = {"pmid": "1", "title": "Café", "abstractText": "µ", "meshMajor": ["Sjögren's Syndrome"]}
    text = json.dumps({"articles": [article]}, ensure_ascii=False)
    for content in (text.encode("utf-8"), text.encode("latin-1"), json.dumps({"articles": [article]}).encode()):
        dataset = load_bioasq(write(tmp_path, content))
        assert dataset.data.tolist() == ["Café\nµ"]
        assert dataset.target_names.tolist() == ["Sjögren's Syndrome"]
    mixed = text.encode("utf-8").replace("µ".encode(), b"\xb5")
    assert load_bioasq(write(tmp_path, mixed)).data.tolist() == ["Café\nµ"]


def test_control_characters_in_strings(tmp_path):
    text = lines().replace("T4", "T\t4")
    assert load_bioasq(write(tmp_path, text)).data[3] == "T\t4\nA4"


def test_max_articles_reads_no_further(tmp_path):
    damaged = lines()[:-30]
    dataset = load_bioasq(write(tmp_path, damaged), max_articles=2)
    assert dataset.pmids.tolist() == ["11", "12"]
    assert dataset.target_names.tolist() == ["Animals", "Humans", "Mice"]
    assert dataset.target.shape == (2, 3)
    assert load_bioasq(write(tmp_path, lines()), max_articles=99).target.shape == (4, 3)


def test_min_label_count_and_return_X_y(tmp_path):
    path = write(tmp_path, lines())
    dataset = load_bioasq(path, min_label_count=2)
    assert dataset.target_names.tolist() == ["Humans", "Mice"]
    X, y = load_bioasq(path, min_label_count=2, return_X_y=True)
    np.testing.assert_array_equal(X, dataset.data)
    np.testing.assert_array_equal(y.toarray(), [[0, 1], [1, 0], [0, 0], [1, 1]])
    assert load_bioasq(path, min_label_count=3).target.shape == (4, 0)


def test_articles_without_terms(tmp_path):
    dataset = load_bioasq(write(tmp_path, lines(ARTICLES[2:3])))
    assert dataset.target.shape == (1, 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "does not begin with"),
        ("not JSON", "does not begin with .* but with 'not JSON'"),
        (json.dumps(ARTICLES), "does not begin with"),
        (json.dumps({"documents": ARTICLES}), "does not begin with"),
        (lines()[:-60], "ends inside article 4"),
        (lines()[:-4], "ends inside article 5"),
        (lines().replace('"pmid": 12', "pmid: 12"), "ends inside article 2, or that is no JSON"),
        ('{"articles": []}', "holds no article"),
        ('{"articles": ["text"]}', "article 1 is a str, not an object"),
        (lines().replace('"abstractText": "A4", ', ""), r"article 4 \(pmid 14\) lacks abstractText; needed are pmid"),
        (lines().replace('"pmid": "14", ', ""), r"article 4 \(pmid unknown\) lacks pmid"),
        (lines().replace('["Humans"]', '"Humans"'), r"meshMajor of article 2 \(pmid 12\) is 'Humans', not a list"),
        (lines().replace('["Humans"]', "[7]"), r"meshMajor of article 2 \(pmid 12\) is \[7\], not a list"),
        (lines().replace('"T4"', "4"), r"title of article 4 \(pmid 14\) is 4, not a string or null"),
    ],
)
def test_malformed(tmp_path, text, words):
    path = write(tmp_path, text)
    with pytest.raises(ValueError, match=words) as caught:
        load_bioasq(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_compression(tmp_path, share):
    rng = np.random.default_rng(0)
    long = [{**article, "title": rng.bytes(5000).hex()} for article in ARTICLES]
    content = gzip.compress(lines(long).encode())
    path = write(tmp_path, content[: int(share * len(content))], "articles.json")
    with pytest.raises(OSError, match="is truncated or its compression is damaged"):
        load_bioasq(path)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.json"):
        load_bioasq(tmp_path / "none.json")
    with pytest.raises(ValueError, match="path must be the name of a file or folder"):
        load_bioasq("a\0b")


@pytest.mark.parametrize("parameters", [{"path": 3}, {"max_articles": 0}, {"min_label_count": 0}, {"return_X_y": 5}])
def test_bad_parameters(parameters):
    with pytest.raises(ValueError, match=f"'{next(iter(parameters))}' parameter of load_bioasq"):
        load_bioasq(**{"path": "file.json", **parameters})


class Endless(io.TextIOBase):
    """A text of the given articles over and over, made as it is read."""

    def __init__(self, article, repeats):
        self.pieces = iter(['{"articles": ['] + [json.dumps(article) + ",\n"] * repeats + ["]}"])
        self.left = ""

    def read(self, size=-1):
        while len(self.left) < size and (piece := next(self.pieces, None)) is not None:
            self.left += piece
        text, self.left = self.left[:size], self.left[size:]
        return text


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(_bioasq, "_CHUNK", 1 << 16)
    article = {"pmid": "1", "abstractText": "x" * 10_000}
    stream = Endless(article, 2000)  # 20 MB
    tracemalloc.start()
    number = sum(1 for _ in iter_articles(stream))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert number == 2000
    assert peak < 2e6


def test_damage_early_in_a_large_file_is_found_early(monkeypatch):
    monkeypatch.setattr(_bioasq, "_CHUNK", 1 << 16)
    monkeypatch.setattr(_bioasq, "MAX_ARTICLE", 1 << 18)
    stream = Endless({"pmid": "1", "abstractText": "x" * 10_000}, 2000)
    stream.left = '{"articles": [{"pmid": oops}, '
    articles = iter_articles(stream)
    with pytest.raises(ValueError, match="article 1 is no JSON: Expecting value"):
        next(articles)
    assert next(stream.pieces, None) is not None


@pytest.mark.parametrize("start", ["[", '{"a":', "[" * 5000 + "]" * 5000 + ",", '{"pmid": ' + "1" * 5000 + "}"])
def test_what_no_article_can_be_is_refused_in_our_words(tmp_path, start):
    path = write(tmp_path, '{"articles": [' + start * (200_000 // len(start)))
    with pytest.raises(ValueError, match="article 1 is nested too deep, or has a number too long, to be one"):
        load_bioasq(path)


def test_an_article_without_end_is_read_no_further_than_one_can_be_long(monkeypatch):
    monkeypatch.setattr(_bioasq, "_CHUNK", 1 << 16)
    monkeypatch.setattr(_bioasq, "MAX_ARTICLE", 1 << 18)
    longest = {"pmid": "1", "abstractText": "x" * (1 << 18)}
    assert next(iter_articles(Endless(longest, 2))) == longest
    stream = Endless({"pmid": "1", "abstractText": "x" * 10_000}, 2000)
    stream.left = '{"articles": [{"title": "'
    stream.pieces = (piece.replace('"', "") for piece in stream.pieces)
    with pytest.raises(ValueError, match="article 1 is no JSON"):
        next(iter_articles(stream))
    assert next(stream.pieces, None) is not None


def test_messages_show_control_characters_escaped_and_long_values_cut(tmp_path):
    path = write(tmp_path, lines([{**ARTICLES[0], "pmid": "\x1b[31m" * 100, "title": ["x" * 100_000]}]))
    with pytest.raises(ValueError, match=r"pmid \\x1b\[31m.* is \['xxx.*, not a string or null") as caught:
        load_bioasq(path)
    assert len(str(caught.value)) < 500
    assert "\x1b" not in str(caught.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from(_bioasq.FIELDS), inside, max_size=4),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=json_values, cut=st.floats(0, 1), byte=st.integers(0, 255))
def test_any_json_is_articles_or_a_value_error(tmp_path, value, cut, byte):
    content = bytearray(json.dumps({"articles": [value, ARTICLES[0]]}).encode())
    for damaged in (bytes(content), bytes(content[: int(cut * len(content))])):
        _articles_or_value_error(write(tmp_path, damaged))
    content[int(cut * (len(content) - 1))] = byte
    _articles_or_value_error(write(tmp_path, bytes(content)))


def _articles_or_value_error(path):
    with contextlib.suppress(ValueError):
        dataset = load_bioasq(path)
        assert dataset.target.shape == (len(dataset.data), len(dataset.target_names))
