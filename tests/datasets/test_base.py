import hashlib
import io
from http.client import IncompleteRead
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
from scipy import sparse
from sklearn.preprocessing import LabelBinarizer

from skbalance.datasets import _base
from skbalance.datasets._base import data_folder, find_or_download, load_descr, tag_matrix

CONTENT = b"the archive" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
URLS = ("https://first.example/a.bin", "https://second.example/a.bin")


def fetch(folder, download_if_missing=True):
    return find_or_download(
        "a.bin", urls=URLS, sha256=SHA256, data_home=folder, download_if_missing=download_if_missing
    )


@pytest.fixture
def serve(monkeypatch):
    """Answer each address with bytes or an error; the addresses asked for are recorded."""
    asked = []

    def install(answers):
        def opener(url, timeout):
            assert timeout > 0
            asked.append(url)
            answer = answers[url]
            if isinstance(answer, Exception):
                raise answer
            return io.BytesIO(answer)

        monkeypatch.setattr(_base, "urlopen", opener)
        return asked

    return install


def test_data_folder_precedence(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setenv("SKBALANCE_DATA", str(tmp_path / "variable"))
    assert data_folder(tmp_path / "argument") == tmp_path / "argument"
    assert data_folder("~/argument") == tmp_path / "home" / "argument"
    assert data_folder() == tmp_path / "variable"
    monkeypatch.setenv("SKBALANCE_DATA", "~/variable")
    assert data_folder() == tmp_path / "home" / "variable"
    monkeypatch.setenv("SKBALANCE_DATA", "")
    assert data_folder() == tmp_path / "home" / "skbalance_data"
    monkeypatch.delenv("SKBALANCE_DATA")
    assert data_folder() == tmp_path / "home" / "skbalance_data"
    assert list(tmp_path.iterdir()) == []  # no folder is made by asking


def test_local_file_is_used_as_it_is(tmp_path, serve):
    asked = serve({})
    (tmp_path / "a.bin").write_bytes(b"another edition")
    assert fetch(tmp_path) == tmp_path / "a.bin"
    assert asked == []


def test_download(tmp_path, serve):
    asked = serve({URLS[0]: CONTENT})
    folder = tmp_path / "new" / "folder"
    assert fetch(folder) == folder / "a.bin"
    assert [path.name for path in folder.iterdir()] == ["a.bin"]
    assert (folder / "a.bin").read_bytes() == CONTENT
    fetch(folder)
    assert asked == [URLS[0]]


def test_second_address_is_tried(tmp_path, serve):
    asked = serve({URLS[0]: URLError("gone"), URLS[1]: CONTENT})
    assert fetch(tmp_path).read_bytes() == CONTENT
    assert asked == list(URLS)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (URLError("no network"), "no network"),
        (TimeoutError("timed out"), "timed out"),
        (IncompleteRead(b""), "IncompleteRead"),
        (CONTENT[:-1], f"expected {SHA256}"),
    ],
)
def test_failed_download_says_where_to_put_the_file(tmp_path, serve, answer, words):
    serve(dict.fromkeys(URLS, answer))
    with pytest.raises(OSError, match="could not be downloaded") as caught:
        fetch(tmp_path)
    message = str(caught.value)
    for part in ("a.bin", str(tmp_path), "SKBALANCE_DATA", "data_home", *URLS, words):
        assert part in message
    assert list(tmp_path.iterdir()) == []


def test_interrupted_download_leaves_nothing(tmp_path, monkeypatch):
    class Interrupted(io.BytesIO):
        def read(self, size=-1):
            raise KeyboardInterrupt

    monkeypatch.setattr(_base, "urlopen", lambda url, timeout: Interrupted())
    with pytest.raises(KeyboardInterrupt):
        fetch(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_download_wanted(tmp_path, serve):
    asked = serve({})
    with pytest.raises(OSError, match=r"download_if_missing=False.*SKBALANCE_DATA"):
        fetch(tmp_path / "none", download_if_missing=False)
    assert asked == []
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_made(tmp_path, serve):
    serve(dict.fromkeys(URLS, CONTENT))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="could not be downloaded"):
        fetch(tmp_path / "file" / "folder")


@pytest.mark.parametrize("name", ["reuters21578", "bioasq", "long_tailed_multilabel"])
def test_descriptions(name):
    text = load_descr(name)
    assert text.startswith(".. _")
    assert len(text) > 300


def test_every_description_file_is_asked_for():
    folder = Path(_base.__file__).parent / "descr"
    described = {"reuters21578", "bioasq", "long_tailed_multilabel", "web_features"}
    assert {path.stem for path in folder.iterdir()} == described


def test_tag_matrix():
    target = tag_matrix([["c", "a"], [], ["b"]], ["a", "b", "c", "d"])
    assert type(target) is sparse.csr_matrix
    assert target.dtype == np.int64
    assert target.has_sorted_indices
    np.testing.assert_array_equal(target.toarray(), [[1, 0, 1, 0], [0, 0, 0, 0], [0, 1, 0, 0]])


def test_labels_beyond_255_survive_the_label_binarizer():
    """With uint8, OneVsRestClassifier would mix them up."""
    names = [str(number) for number in range(300)]
    target = tag_matrix([[name] for name in names], names)
    np.testing.assert_array_equal(LabelBinarizer().fit_transform(target), np.eye(300))


def test_a_downloads_mode_is_that_of_any_new_file(tmp_path, serve):
    serve({URLS[0]: CONTENT})
    (tmp_path / "other").write_bytes(b"")
    assert fetch(tmp_path).stat().st_mode == (tmp_path / "other").stat().st_mode
