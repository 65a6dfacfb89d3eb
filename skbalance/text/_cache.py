"""A store of vectors on disk, addressed by content.

SQLite, from the standard library, holds it in one file: its commits are atomic, its locks keep processes apart, and one
that is killed leaves the file whole. It runs in rollback mode rather than with a write-ahead log, which needs memory
shared between the processes and so fails on network drives. Each row carries a checksum.
"""

import errno
import os
import sqlite3
import zlib
from contextlib import closing, contextmanager, suppress
from typing import Any, NamedTuple

import numpy as np

from skbalance._validation import read_path
from skbalance._warnings import warn

_TABLE = """CREATE TABLE IF NOT EXISTS vectors
    (key BLOB PRIMARY KEY, vector BLOB NOT NULL, checksum INTEGER NOT NULL)"""
_KEYS_PER_QUERY = 500
_SECONDS_TO_WAIT = 120  # for another process's commit
# By what SQLite says: which error of the system it is, and what to do.
_REMEDIES = {
    "full": (errno.ENOSPC, "what was written before is kept; free some space"),
    "readonly": (errno.EACCES, "make it writable"),
    "unable to open": (errno.EACCES, "make it writable"),
    "locked": (errno.EAGAIN, "end the process that holds it"),
}
_DAMAGED = (errno.EIO, "if embeddings.sqlite in it is damaged, delete that, and its vectors will be computed again")


class CacheInfo(NamedTuple):
    """What an embedding cache holds.

    Parameters
    ----------
    path : str
        The database file.
    n_vectors : int
        Number of vectors, of all models and prompts.
    size : int
        Size of the file in bytes.
    """

    path: str
    n_vectors: int
    size: int


class VectorStore:
    """Float32 vectors by key, in one SQLite file in a folder.

    Parameters
    ----------
    folder : str or path
        Made if it does not exist, when something is first read or written.
    """

    def __init__(self, folder):
        self.folder = read_path(folder, "cache_dir")
        self.path = self.folder / "embeddings.sqlite"

    def read(self, keys):
        """Look keys up.

        Parameters
        ----------
        keys : list of bytes
            Distinct.

        Returns
        -------
        found : ndarray of bool of shape (n_keys,)
            Which keys have a sound vector. Rows whose checksum fails count as not there, with a warning.
        vectors : ndarray of float32 of shape (n_keys, dimension) or None
            Rows that are not found hold anything; None if nothing was found.

        Raises
        ------
        OSError
            If the folder or file cannot be opened, or the file is damaged.
        """
        vectors: Any = None
        found, n_damaged = np.zeros(len(keys), dtype=bool), 0
        position = {key: row for row, key in enumerate(keys)}
        with self._open() as database:
            for start in range(0, len(keys), _KEYS_PER_QUERY):
                part = keys[start : start + _KEYS_PER_QUERY]
                marks = ",".join("?" * len(part))
                query = f"SELECT key, vector, checksum FROM vectors WHERE key IN ({marks})"
                for key, blob, checksum in database.execute(query, part):
                    sound = isinstance(blob, bytes) and len(blob) % 4 == 0 and checksum == _checksum(key, blob)
                    vector = np.frombuffer(blob if sound else b"", dtype="<f4")
                    if sound and vectors is None:
                        vectors = np.empty((len(keys), len(vector)), dtype=np.float32)
                    if sound and len(vector) == vectors.shape[1]:
                        vectors[position[key]], found[position[key]] = vector, True
                    else:
                        n_damaged += 1
        if n_damaged:
            warn(f"{n_damaged} vector(s) in {str(self.path)!r} were damaged and will be computed again.")
        return found, vectors

    def write(self, keys, vectors):
        """Put vectors in, in one atomic step.

        Parameters
        ----------
        keys : list of bytes
            Distinct; those already there are replaced.
        vectors : ndarray of float32 of shape (n_keys, dimension)
            Their vectors.

        Raises
        ------
        OSError
            If the folder is read-only or full, also where there are no keys; or the file is damaged.
        """
        blobs = [row.tobytes() for row in np.asarray(vectors, dtype="<f4")]
        rows = [(key, blob, _checksum(key, blob)) for key, blob in zip(keys, blobs)]
        with self._open() as database, database:
            database.execute("BEGIN IMMEDIATE")
            database.execute("PRAGMA user_version = 1")  # writes, and so fails, even without rows
            database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    def info(self):
        """Count the vectors and the bytes.

        Returns
        -------
        info : CacheInfo
            Zeros if there is no file yet.
        """
        if not self.path.exists():
            return CacheInfo(str(self.path), 0, 0)
        with self._open() as database:
            (n_vectors,) = database.execute("SELECT count(*) FROM vectors").fetchone()
        return CacheInfo(str(self.path), n_vectors, self.path.stat().st_size)

    def clear(self):
        """Remove all vectors and give the space back.

        Returns
        -------
        n_vectors : int
            How many there were.
        """
        if not self.path.exists():
            return 0
        with self._open() as database:
            n_vectors = database.execute("DELETE FROM vectors").rowcount
            database.execute("VACUUM")
        return n_vectors

    def turn(self):
        """Make a lock that one process at a time can hold, to encode while the others wait; let go if it dies.

        Returns
        -------
        lock : filelock.FileLock
            A context manager.
        """
        from filelock import FileLock

        return FileLock(self.folder / "embeddings.lock")

    @contextmanager
    def _open(self):
        """The database, made if there is none; what SQLite says of it becomes an OSError."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise OSError(
                error.errno, f"cache_dir={str(self.folder)!r} is no folder and none can be made: {error.strerror}"
            ) from error
        with suppress(OSError):  # vectors tell of private texts: nobody else's to read
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        try:
            with closing(sqlite3.connect(self.path, timeout=_SECONDS_TO_WAIT, isolation_level=None)) as database:
                database.text_factory = bytes  # damage may make text of a vector, and not even valid text
                database.execute(_TABLE)
                yield database
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            number, remedy = next((_REMEDIES[words] for words in _REMEDIES if words in str(error)), _DAMAGED)
            raise OSError(
                number,
                f"cache_dir={str(self.folder)!r} cannot be used ({error}): {remedy}, or choose another cache_dir",
            ) from error


def _checksum(key, blob):
    return zlib.crc32(blob, zlib.crc32(key))
