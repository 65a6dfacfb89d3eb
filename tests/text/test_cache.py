"""The store on disk: what it keeps, and what it says when it cannot."""

import os
import sqlite3
import threading
import time
import warnings
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

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
        with pytest.raises(OSError, match="No room left for the embedding cache in cache_dir="):
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


def test_a_file_that_is_no_database_is_set_aside(embedder, encoded):
    expected = embedder.transform(TEXTS)
    store = VectorStore(embedder.cache_dir)
    store.path.write_bytes(b"not a database at all" * 1000)
    (store.folder / "embeddings.sqlite-journal").write_bytes(b"of the damaged file")
    with pytest.warns(UserWarning, match=r"is damaged .*moved to 'embeddings.damaged'"):
        vectors = embedder.transform(TEXTS)
    np.testing.assert_array_equal(vectors, expected)
    assert len(encoded) == 20
    assert store.path.with_suffix(".damaged").read_bytes().startswith(b"not a database")
    assert not (store.folder / "embeddings.sqlite-journal").exists()
    assert store.info().n_vectors == 10


def test_a_truncated_database_is_set_aside(store):
    keys = [str(number).encode() for number in range(1000)]
    vectors = np.ones((1000, 100), dtype=np.float32)
    store.write(keys, vectors)
    os.truncate(store.path, store.path.stat().st_size // 8192 * 4096)
    with pytest.warns(UserWarning, match="is damaged"):
        found, _ = store.read(keys)
    assert not found.any()
    store.write(keys, vectors)
    assert store.read(keys)[0].all()


def test_damage_met_while_writing(store):
    store.write(KEYS, VECTORS)
    store.path.write_bytes(b"x" * 8192)
    with pytest.warns(UserWarning, match="is damaged"):
        store.write(KEYS, VECTORS)
    assert store.read(KEYS)[0].all()


def test_damage_met_by_info_and_clear(store):
    store.write(KEYS, VECTORS)
    store.path.write_bytes(b"x" * 8192)
    with pytest.raises(OSError, match="could not be used: file is not a database"):
        store.info()
    with pytest.warns(UserWarning, match="is damaged"):
        assert store.clear() == 0
    assert store.info().n_vectors == 0


def test_another_format(embedder, encoded):
    embedder.transform(TEXTS)
    encoded.clear()
    execute(embedder.cache_info().path, "PRAGMA user_version = 7")
    with pytest.raises(ValueError, match=r"written in format 7 by another version of skbalance; this one reads.* 1"):
        embedder.transform(["something new"])
    assert encoded == []


def test_a_database_of_another_program(embedder, encoded):
    store = VectorStore(embedder.cache_dir)
    store.folder.mkdir()
    execute(store.path, "CREATE TABLE recipes (name TEXT)")
    with pytest.raises(ValueError, match="another program's database"):
        embedder.transform(TEXTS)
    assert encoded == []
    assert execute(store.path, "SELECT name FROM sqlite_master") == [("recipes",)]


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
    with pytest.raises(PermissionError, match=r"cache_dir=.* cannot be written to .*choose another cache_dir"):
        embedder.transform([*TEXTS, "something new"])
    assert encoded == []


def test_no_file_and_none_can_be_made(embedder, encoded, monkeypatch):
    patch_connect(monkeypatch, mode="ro")
    with pytest.raises(PermissionError, match=r"cache_dir=.* cannot be written to"):
        embedder.transform(TEXTS)
    assert encoded == []


def test_folder_cannot_be_made(encoder_folder, tmp_path, encoded):
    (tmp_path / "file").write_text("")
    embedder = SentenceEmbedder(encoder_folder, device="cpu", cache_dir=tmp_path / "file" / "cache")
    with pytest.raises(OSError, match=r"cache_dir=.* is no folder and none can be made"):
        embedder.transform(TEXTS)
    assert encoded == []


def test_full_drive_is_seen_before_encoding(embedder, encoded, monkeypatch):
    monkeypatch.setattr(_cache.shutil, "disk_usage", lambda path: SimpleNamespace(free=100))
    with pytest.raises(OSError, match=r"10 vectors need 1840 bytes, but the drive of cache_dir=.* has 100 left"):
        embedder.transform(TEXTS)
    assert encoded == []


def test_drive_that_fills_up_keeps_what_was_written(embedder, encoded, monkeypatch):
    monkeypatch.setattr("skbalance.text._sentence._SECONDS_BETWEEN_WRITES", 0.0)
    texts = [f"{text} {number}" for text in TEXTS for number in range(20)]
    with monkeypatch.context() as patch:
        patch_connect(patch, after="PRAGMA max_page_count = 6")
        with pytest.raises(OSError, match="No room left for the embedding cache in cache_dir="):
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


def test_a_file_that_another_process_has_set_aside_is_left_to_it(store):
    store.write(KEYS, VECTORS)
    store.path.unlink()
    store._set_aside(sqlite3.DatabaseError("malformed"))  # gone already: nothing to move, nothing to say
    VectorStore(store.folder).write(KEYS[:1], VECTORS[:1])
    assert store.read(KEYS)[0].tolist() == [True, False, False]
    assert not store.path.with_suffix(".damaged").exists()


def test_vectors_are_nobody_elses_to_read(store):
    store.write(KEYS, VECTORS)
    assert store.folder.stat().st_mode & 0o777 == 0o700
    assert store.path.stat().st_mode & 0o777 == 0o600


def test_a_header_that_is_damaged(store):
    """SQLite calls these errors operational; they would come at each call."""
    for place, value in ((44, b"\xff" * 4), (100, b"\x00" * 8), (40, b"\x00" * 4), (18, b"\x09\x09")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            store.write(KEYS, VECTORS)
            with store.path.open("r+b") as file:
                file.seek(place)
                file.write(value)
            store.read(KEYS)
            store.write(KEYS, VECTORS)
        np.testing.assert_array_equal(store.read(KEYS)[1], VECTORS)


def test_another_process_that_never_lets_go(store, monkeypatch):
    monkeypatch.setattr(_cache, "_SECONDS_TO_WAIT", 0.1)
    store.write(KEYS, VECTORS)
    with closing(sqlite3.connect(store.path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(OSError, match=r"Another process has held the embedding cache .* end it if it is stopped"):
            store.write(KEYS, VECTORS)


def test_a_process_that_has_the_file_open_for_ever(store, monkeypatch):
    monkeypatch.setattr(_cache, "_SECONDS_TO_WAIT", 0.1)
    store.write(KEYS, VECTORS)
    with (
        store.lock("access.lock"),
        pytest.raises(OSError, match=r"Another process has held the embedding cache .* end it if it is stopped"),
    ):
        store.read(KEYS)


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), NotImplementedError("no locks here")])
def test_a_folder_that_takes_no_lock_is_read(store, monkeypatch, error):
    def acquire(*args, **kwargs):
        raise error

    store.write(KEYS, VECTORS)
    monkeypatch.setattr("filelock.FileLock.acquire", acquire)
    np.testing.assert_array_equal(store.read(KEYS)[1], VECTORS)


def test_one_at_a_time_has_the_file_open(store, monkeypatch):
    """A damaged file is moved only while no other has it open."""
    n_open, most = 0, 0
    connect = VectorStore._connect

    def counted(self):
        nonlocal n_open, most
        n_open += 1
        most = max(most, n_open)
        time.sleep(0.01)
        try:
            return connect(self)
        finally:
            n_open -= 1

    monkeypatch.setattr(VectorStore, "_connect", counted)
    threads = [threading.Thread(target=VectorStore(store.folder).write, args=(KEYS, VECTORS)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    np.testing.assert_array_equal(store.read(KEYS)[1], VECTORS)


def test_a_process_that_has_stopped_encoding_is_not_waited_for(store, monkeypatch):
    monkeypatch.setattr(_cache, "_SECONDS_WITHOUT_BATCH", 0.2)
    monkeypatch.setattr(_cache, "_SECONDS_BETWEEN_LOOKS", 0.01)
    with VectorStore(store.folder).turn():
        with pytest.warns(UserWarning, match="has finished no batch for 0.2 s: it is stopped") as caught, store.turn():
            pass
        assert caught[0].filename == __file__


def test_a_process_that_still_encodes_is_waited_for(store, monkeypatch):
    monkeypatch.setattr(_cache, "_SECONDS_WITHOUT_BATCH", 0.5)
    monkeypatch.setattr(_cache, "_SECONDS_BETWEEN_LOOKS", 0.01)
    order = []

    def encode():
        with other.turn():
            started.set()
            for _ in range(15):
                time.sleep(0.1)
                other.write(KEYS, VECTORS)
            order.append("other")

    other, started = VectorStore(store.folder), threading.Event()
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
