import hashlib
import io
import re
from http.client import IncompleteRead
from pathlib import Path
from urllib.error import URLError

import pytest

from skbalance.datasets import _reuters
from skbalance.datasets._reuters import ARCHIVE_NAME, ARCHIVE_URLS, find_archive

CONTENT = b"the archive" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
URLS = ARCHIVE_URLS


@pytest.fixture(autouse=True)
def published(monkeypatch):
    monkeypatch.setattr(_reuters, "ARCHIVE_SHA256", SHA256)


def fetch(folder, download_if_missing=True):
    return find_archive(folder, download_if_missing)


def folder_of(data_home=None):
    """Where the archive is looked for."""
    with pytest.raises(OSError) as caught:
        find_archive(data_home, False)
    return Path(re.match(f"{ARCHIVE_NAME} is not in (.*) and download_if_missing=False", str(caught.value))[1])


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

        monkeypatch.setattr(_reuters, "urlopen", opener)
        return asked

    return install


def test_data_folder_precedence(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setenv("SKBALANCE_DATA", str(tmp_path / "variable"))
    assert folder_of(tmp_path / "argument") == tmp_path / "argument"
    assert folder_of("~/argument") == tmp_path / "home" / "argument"
    assert folder_of() == tmp_path / "variable"
    monkeypatch.setenv("SKBALANCE_DATA", "~/variable")
    assert folder_of() == tmp_path / "home" / "variable"
    monkeypatch.setenv("SKBALANCE_DATA", "")
    assert folder_of() == tmp_path / "home" / "skbalance_data"
    monkeypatch.delenv("SKBALANCE_DATA")
    assert folder_of() == tmp_path / "home" / "skbalance_data"
    assert list(tmp_path.iterdir()) == []  # no folder is made by asking


def test_local_file_is_used_as_it_is(tmp_path, serve):
    asked = serve({})
    (tmp_path / ARCHIVE_NAME).write_bytes(b"another edition")
    assert fetch(tmp_path) == tmp_path / ARCHIVE_NAME
    assert asked == []


def test_download(tmp_path, serve):
    asked = serve({URLS[0]: CONTENT})
    folder = tmp_path / "new" / "folder"
    assert fetch(folder) == folder / ARCHIVE_NAME
    assert [path.name for path in folder.iterdir()] == [ARCHIVE_NAME]
    assert (folder / ARCHIVE_NAME).read_bytes() == CONTENT
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
    for part in (ARCHIVE_NAME, str(tmp_path), "SKBALANCE_DATA", "data_home", *URLS, words):
        assert part in message
    assert list(tmp_path.iterdir()) == []


def test_interrupted_download_leaves_nothing(tmp_path, monkeypatch):
    class Interrupted(io.BytesIO):
        def read(self, size=-1):
            raise KeyboardInterrupt

    monkeypatch.setattr(_reuters, "urlopen", lambda url, timeout: Interrupted())
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


def test_a_downloads_mode_is_that_of_any_new_file(tmp_path, serve):
    serve({URLS[0]: CONTENT})
    (tmp_path / "other").write_bytes(b"")
    assert fetch(tmp_path).stat().st_mode == (tmp_path / "other").stat().st_mode
