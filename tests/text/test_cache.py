"""The store on disk: what it keeps, and what it says when it cannot."""

import contextlib
import os
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from skbalance.text import SentenceEmbedder, _cache
from skbalance.text._cache import VectorStore

KEYS = [b"a", b"b", b"c"]
VECTORS = np.arange(12, dtype=np.float32).reshape(3, 4)
TEXTS = [f"text number {number}" for number in range(10)]


@pytest.fixture
def store(tmp_path):
    return VectorStore(tmp_path / "new" / "cache")


def execute(path, statement, *parameters):
    with closing(sqlite3.connect(path)) as database, database:
        return database.execute(statement, parameters).fetchall()


def patch_connect(monkeypatch, after=None, **settings):
    """Open databases as on a read-only or a full drive."""
    connect = sqlite3.connect

    def connect_otherwise(path, **kwargs):
        if settings:
            database = connect(f"file:{path}?mode={settings['mode']}", uri=True, **kwargs)
        else:
            database = connect(path, **kwargs)
        if after is not None:
            database.execute(after).fetchall()
        return database

    monkeypatch.setattr(_cache.sqlite3, "connect", connect_otherwise)


def test_what_is_written_is_read(store):
    found, vectors = store.read(KEYS)
    assert not found.any()
    assert vectors is None
    store.write(KEYS[:2], VECTORS[:2])
    found, vectors = store.read([b"b", b"c", b"a"])
    np.testing.assert_array_equal(found, [True, False, True])
    np.testing.assert_array_equal(vectors[found], VECTORS[[1, 0]])
    assert vectors.dtype == np.float32


def test_more_keys_than_one_query_takes(store, monkeypatch):
    monkeypatch.setattr(_cache, "_KEYS_PER_QUERY", 7)
    keys = [str(number).encode() for number in range(100)]
    vectors = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
    store.write(keys[:90], vectors[:90])
    found, read = store.read(keys[::-1])
    assert found.sum() == 90
    np.testing.assert_array_equal(read[found], vectors[:90][::-1])


def test_info_and_clear(store):
    assert store.info() == (str(store.path), 0, 0)
    assert store.clear() == 0
    assert not store.folder.exists()
    keys = [str(number).encode() for number in range(1000)]
    store.write(keys, np.zeros((1000, 100), dtype=np.float32))
    info = store.info()
    assert info.n_vectors == 1000
    assert info.size == store.path.stat().st_size > 400_000
    assert store.clear() == 1000
    assert store.info().n_vectors == 0
    assert store.info().size < 50_000


def test_writing_again_replaces(store):
    store.write(KEYS, VECTORS)
    store.write(KEYS[:1], VECTORS[1:2])
    np.testing.assert_array_equal(store.read(KEYS)[1], VECTORS[[1, 1, 2]])


def test_a_write_is_all_or_nothing(store, monkeypatch):
    store.write(KEYS, VECTORS)
    with monkeypatch.context() as patch:
        patch_connect(patch, after="PRAGMA max_page_count = 20")
        with pytest.raises(OSError, match=r"cache_dir=.* cannot be used .*full.*free some space"):
            store.write([str(number).encode() for number in range(1000)], np.ones((1000, 100), dtype=np.float32))
    assert store.info().n_vectors == 3


@pytest.mark.parametrize("column", ["vector", "checksum"])
def test_a_damaged_row_is_computed_again(embedder, encoded, column):
    expected = embedder.transform(TEXTS)
    path = embedder.cache_info().path
    value = {"vector": "randomblob(64)", "checksum": "checksum + 1"}[column]
    execute(path, f"UPDATE vectors SET {column} = {value} WHERE rowid = 3")
    encoded.clear()
    with pytest.warns(UserWarning, match=r"1 vector\(s\) in .* were damaged"):
        vectors = embedder.transform(TEXTS)
    assert len(encoded) == 1
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
    embedder.transform(TEXTS)
    assert len(encoded) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b"not a database at all" * 1000),
        lambda path: os.truncate(path, path.stat().st_size // 8192 * 4096),
    ],
)
def test_a_damaged_file_is_named_and_left_alone(embedder, encoded, damage):
    expected = embedder.transform(TEXTS)
    store = VectorStore(embedder.cache_dir)
    keys = [str(number).encode() for number in range(1000)]
    store.write(keys, np.ones((1000, 100), dtype=np.float32))
    damage(store.path)
    content = store.path.read_bytes()
    encoded.clear()
    for use in (lambda: store.read(keys), lambda: store.write(keys[:1], VECTORS[:1]), store.clear):
        with pytest.raises(
            OSError, match=r"cannot be used .* if embeddings.sqlite in it is damaged, delete that, and its"
        ):
            use()
    assert store.path.read_bytes() == content
    store.path.unlink()
    np.testing.assert_array_equal(embedder.transform(TEXTS), expected)
    assert len(encoded) == store.info().n_vectors == 10


def test_a_database_of_another_program_keeps_what_it_holds(embedder, encoded):
    store = VectorStore(embedder.cache_dir)
    store.folder.mkdir()
    execute(store.path, "CREATE TABLE recipes (name TEXT)")
    execute(store.path, "INSERT INTO recipes VALUES ('soup')")
    embedder.transform(TEXTS)
    assert store.clear() == len(encoded)
    assert execute(store.path, "SELECT name FROM recipes") == [("soup",)]


def test_a_table_of_another_kind_is_left_alone(embedder, encoded):
    store = VectorStore(embedder.cache_dir)
    store.folder.mkdir()
    execute(store.path, "CREATE TABLE vectors (x REAL, y REAL)")
    with pytest.raises(OSError, match=r"cannot be used \(no such column: .*, or choose another cache_dir"):
        embedder.transform(TEXTS)
    assert encoded == []


def test_read_only_cache_that_holds_everything(embedder, encoded, monkeypatch):
    expected = embedder.transform(TEXTS)
    encoded.clear()
    patch_connect(monkeypatch, mode="ro")
    np.testing.assert_array_equal(embedder.transform(TEXTS), expected)
    assert encoded == []


def test_read_only_cache_that_lacks_something(embedder, encoded, monkeypatch):
    embedder.transform(TEXTS)
    encoded.clear()
    patch_connect(monkeypatch, mode="ro")
    with pytest.raises(
        PermissionError, match=r"cache_dir=.* cannot be used .* make it writable, or choose another cache_dir"
    ):
        embedder.transform([*TEXTS, "something new"])
    assert encoded == []


def test_no_file_and_none_can_be_made(embedder, encoded, monkeypatch):
    patch_connect(monkeypatch, mode="ro")
    with pytest.raises(PermissionError, match=r"cache_dir=.* cannot be used .* make it writable"):
        embedder.transform(TEXTS)
    assert encoded == []


def test_folder_cannot_be_made(encoder_folder, tmp_path, encoded):
    (tmp_path / "file").write_text("")
    embedder = SentenceEmbedder(encoder_folder, device="cpu", cache_dir=tmp_path / "file" / "cache")
    with pytest.raises(OSError, match=r"cache_dir=.* is no folder and none can be made"):
        embedder.transform(TEXTS)
    assert encoded == []


def test_drive_that_fills_up_keeps_what_was_written(embedder, encoded, monkeypatch):
    monkeypatch.setattr("skbalance.text._sentence._SECONDS_BETWEEN_WRITES", 0.0)
    texts = [f"{text} {number}" for text in TEXTS for number in range(20)]
    with monkeypatch.context() as patch:
        patch_connect(patch, after="PRAGMA max_page_count = 6")
        with pytest.raises(OSError, match=r"cache_dir=.* cannot be used .*full.*free some space"):
            embedder.transform(texts)
    n_vectors = embedder.cache_info().n_vectors
    assert 4 <= n_vectors < len(texts)
    encoded.clear()
    embedder.transform(texts)
    assert len(encoded) == len(texts) - n_vectors


@pytest.mark.parametrize("value", ["'words'", "7", "x'0102'", "zeroblob(8)"])
def test_a_row_of_another_type_or_length_is_computed_again(store, value):
    store.write(KEYS, VECTORS)
    execute(store.path, f"UPDATE vectors SET vector = {value} WHERE key = ?", KEYS[1])
    with pytest.warns(UserWarning, match=r"1 vector\(s\) in .* were damaged"):
        found, vectors = store.read(KEYS)
    np.testing.assert_array_equal(found, [True, False, True])
    store.write(KEYS, VECTORS)
    np.testing.assert_array_equal(store.read(KEYS)[1], VECTORS)


def test_vectors_are_nobody_elses_to_read(store):
    store.write(KEYS, VECTORS)
    assert store.folder.stat().st_mode & 0o777 == 0o700
    assert store.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("place", "value"), [(44, b"\xff" * 4), (100, b"\x00" * 8), (40, b"\x00" * 4), (18, b"\x09\x09")]
)
def test_a_header_that_is_damaged(store, place, value):
    store.write(KEYS, VECTORS)
    with store.path.open("r+b") as file:
        file.seek(place)
        file.write(value)
    with contextlib.suppress(OSError):
        found, vectors = store.read(KEYS)
        assert not found.any() or np.array_equal(vectors[found], VECTORS[found])


def test_another_process_that_never_lets_go(store, monkeypatch):
    monkeypatch.setattr(_cache, "_SECONDS_TO_WAIT", 0.1)
    store.write(KEYS, VECTORS)
    with closing(sqlite3.connect(store.path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(OSError, match=r"cannot be used \(database is locked\): end the process that holds it"):
            store.write(KEYS, VECTORS)


def test_one_at_a_time_encodes(store):
    order = []

    def encode():
        with VectorStore(store.folder).turn():
            started.set()
            time.sleep(0.2)
            order.append("other")

    store.write([], np.empty((0, 4)))
    started = threading.Event()
    thread = threading.Thread(target=encode)
    thread.start()
    started.wait()
    with store.turn():
        order.append("this")
    thread.join()
    assert order == ["other", "this"]


def test_home_folders(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert VectorStore("~/cache").folder == tmp_path / "cache"
    assert VectorStore("~nobody-of-this-name/cache").folder == Path("~nobody-of-this-name/cache")
