import gzip
import hashlib
import json
from importlib.resources import files

import numpy as np
import pytest
from scipy import sparse
from sklearn.preprocessing import MultiLabelBinarizer

from skbalance import TagClassifier
from skbalance.datasets import load_web_features


@pytest.fixture(scope="module")
def web():
    return load_web_features()


def test_numbers(web):
    assert web.data.shape == (944,)
    assert sparse.isspmatrix_csr(web.target)
    assert (web.target.shape, web.target.dtype) == ((944, 104), np.int64)
    assert web.target.has_canonical_format
    assert set(web.target.data) == {1}
    counts = web.target.sum(axis=0).A1
    assert (counts.min(), counts.max(), (counts <= 8).sum()) == (1, 102, 70)
    assert web.target.sum(axis=1).min() == 1
    assert web.target.sum() / 944 == pytest.approx(1.11, abs=0.005)
    assert "Apache License 2.0" in web.DESCR


def test_a_row_is_what_the_file_says(web):
    row = web.data.tolist().index(
        "<canvas>\nThe <canvas> HTML element is a space to draw graphics in, using the 2D canvas API, WebGL, or WebGPU."
    )
    assert web.tags[row] == ["canvas", "html-elements"]
    assert web.target_names[web.target[row].indices].tolist() == web.tags[row]


def test_tags_are_the_target(web):
    expected = MultiLabelBinarizer(classes=list(web.target_names)).fit_transform(web.tags)
    np.testing.assert_array_equal(web.target.toarray(), expected)
    assert web.target_names.tolist() == sorted({tag for row in web.tags for tag in row})


def test_names_and_parents(web):
    assert set(web.label_texts) == set(web.target_names)
    assert web.label_texts["js-modules"] == "JavaScript modules"
    assert set(web.parents) | set(web.parents.values()) <= set(web.target_names)
    assert (web.parents["grid"], web.parents["layout"]) == ("layout", "css")
    assert "css" not in web.parents


def test_return_X_y(web):
    data, target = load_web_features(return_X_y=True)
    assert data.tolist() == web.data.tolist()
    assert (target != web.target).nnz == 0
    with pytest.raises(ValueError, match=r"'return_X_y'.*Got 'yes'"):
        load_web_features(return_X_y="yes")


def test_what_one_call_gets_the_next_does_not_see():
    first = load_web_features()
    first.tags[0].append("x")
    first.label_texts.clear()
    second = load_web_features()
    assert "x" not in second.tags[0]
    assert second.label_texts


def test_licence_and_notice_lie_beside_the_file():
    folder = files("skbalance.datasets").joinpath("data")
    content = json.loads(gzip.decompress(folder.joinpath("web_features.json.gz").read_bytes()))
    assert "web-features 3.40.0" in content["source"]
    notice = folder.joinpath("web_features.NOTICE.txt").read_text(encoding="utf-8")
    assert "web-features 3.40.0" in notice
    assert content["license"] == "Apache-2.0"
    licence = folder.joinpath("web_features.LICENSE.txt").read_bytes()
    assert b"Version 2.0, January 2004" in licence
    assert hashlib.sha256(licence).hexdigest() == "c71d239df91726fc519c6eb72d318ec65820627232b2f796219e87dcf35d0ab4"


def test_the_one_call_takes_it_as_it_is(web):
    """A few groups, so that it is quick."""
    kept = [row for row in range(944) if {"webassembly", "fonts", "performance"} & set(web.tags[row])]
    tags = [[tag for tag in web.tags[row] if tag in ("webassembly", "fonts", "performance")] for row in kept]
    names = {tag: web.label_texts[tag] for tag in ("webassembly", "fonts", "performance")}
    tagger = TagClassifier(label_texts=names, random_state=0).fit(web.data[kept], tags)
    assert tagger.predict(["WebAssembly memory\nA WebAssembly memory of 64-bit addresses."]) == [("webassembly",)]
