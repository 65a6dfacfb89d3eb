"""A store of vectors on disk, addressed by content.

SQLite, from the standard library, holds it in one file: its commits are atomic, and a process that is killed leaves it
whole. It runs in rollback mode rather than with a write-ahead log, which needs memory shared between the processes and
so fails on network drives. One process at a time has the file open: SQLite does not survive that a file is moved, as a
damaged one is, while another process has it open. Each row carries a checksum.
"""

import errno
import os
import shutil
import sqlite3
import time
import zlib
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from skbalance._validation import read_path
from skbalance._warnings import warn

_FORMAT = 1
_APPLICATION = 0x736B6231  # "skb1", marks the file as ours in SQLite's header
_KEYS_PER_QUERY = 500
_BYTES_PER_ROW = 120  # key, checksum, index entry and page overhead beside the vector, rounded up
_SECONDS_TO_WAIT = 120  # for another process's commit
_SECONDS_WITHOUT_BATCH = 300  # after which a process that encodes counts as stopped
_SECONDS_BETWEEN_LOOKS = 1.0
# What SQLite says of a file whose header or table of contents is damaged, though it calls these errors operational.
_DAMAGES = ("unsupported file format", "no such table", "no such column", "has no column", "malformed", "corrupt")


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
            If the folder or file cannot be opened.
        ValueError
            If the file is of another format.
        """
        found, vectors, n_damaged = self._use(lambda database: _look_up(database, keys))
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
            If the folder is read-only or full.
        """
        blobs = [row.tobytes() for row in np.asarray(vectors, dtype="<f4")]
        rows = [(key, blob, _checksum(key, blob)) for key, blob in zip(keys, blobs)]

        def put(database):
            with database:
                database.execute("BEGIN IMMEDIATE")
                database.execute(f"PRAGMA user_version = {_FORMAT}")  # writes, and so fails, even without rows
                database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

        self._use(put)

    def check_room(self, n_vectors, dimension):
        """Raise before any work is done if vectors could not be written.

        Parameters
        ----------
        n_vectors, dimension : int
            What is to come.

        Raises
        ------
        OSError
            If the folder is read-only, or the drive has less room than the vectors need.
        """
        self.write([], np.empty((0, dimension)))
        needed = n_vectors * (4 * dimension + _BYTES_PER_ROW)
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise OSError(
                errno.ENOSPC,
                f"{n_vectors} vectors need {needed} bytes, but the drive of cache_dir={str(self.folder)!r} has {free}"
                " left; free some space or choose another cache_dir",
            )

    def info(self):
        """Count the vectors and the bytes.

        Returns
        -------
        info : CacheInfo
            Zeros if there is no file yet.
        """
        if not self.path.exists():
            return CacheInfo(str(self.path), 0, 0)
        count = "SELECT count(*) FROM vectors"
        (n_vectors,) = self._use(lambda database: database.execute(count).fetchone(), set_aside=False)
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

        def empty(database):
            n_vectors = database.execute("DELETE FROM vectors").rowcount
            database.execute("VACUUM")
            return n_vectors

        return self._use(empty)

    @contextmanager
    def turn(self):
        """Context in which this process encodes and others that share the cache wait.

        It comes without waiting any longer, with a warning, where the process whose turn it is has written nothing into
        the file for minutes: that one is stopped, or hangs.

        Raises
        ------
        OSError
            If the folder cannot be written to.
        """
        from filelock import Timeout

        lock, seen, since = self.lock(), None, time.monotonic()
        while time.monotonic() - since < _SECONDS_WITHOUT_BATCH:
            try:
                lock.acquire(timeout=_SECONDS_BETWEEN_LOOKS)
                break
            except Timeout:
                with suppress(OSError):
                    if (written := self.path.stat().st_mtime_ns) != seen:
                        seen, since = written, time.monotonic()
        else:
            warn(
                f"Another process that encodes for the cache {str(self.path)!r} has finished no batch for "
                f"{_SECONDS_WITHOUT_BATCH} s: it is stopped, or hangs. This one encodes without waiting for it."
            )
        try:
            yield
        finally:
            lock.release()

    def lock(self, name="embeddings.lock"):
        """Make a lock that one process at a time can hold; let go if the process dies.

        Parameters
        ----------
        name : str, default="embeddings.lock"
            Its file.

        Returns
        -------
        lock : filelock.FileLock
            A context manager.
        """
        from filelock import FileLock

        return FileLock(self.folder / name)

    def _use(self, work, *, set_aside=True):
        """Let `work` use the database, which no other process has open meanwhile; a damaged one is set aside first."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise OSError(
                error.errno, f"cache_dir={str(self.folder)!r} is no folder and none can be made: {error.strerror}"
            ) from error
        with self._alone():
            try:
                with closing(self._connect()) as database:
                    return work(database)
            except _ERRORS as error:
                if not set_aside or not _is_damage(error):
                    raise self._os_error(error) from error
                self._set_aside(error)
        return self._use(work, set_aside=False)

    @contextmanager
    def _alone(self):
        from filelock import Timeout

        lock = self.lock("access.lock")
        try:
            lock.acquire(timeout=_SECONDS_TO_WAIT, poll_interval=0.01)
        except Timeout as error:
            raise self._os_error(error) from error
        except (OSError, NotImplementedError):
            pass  # a folder that is only to be read, or a drive without locks
        try:
            yield
        finally:
            lock.release()

    def _connect(self):
        with suppress(OSError):  # vectors tell of private texts: nobody else's to read
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        database = sqlite3.connect(self.path, timeout=_SECONDS_TO_WAIT, isolation_level=None)
        database.text_factory = bytes  # damage may make text of a vector, and not even valid text
        try:
            self._check_format(database)
        except BaseException:
            database.close()
            raise
        return database

    def _check_format(self, database):
        if _format_of(database) == (0, 0) and not database.execute("SELECT name FROM sqlite_master").fetchall():
            with database:
                database.execute("BEGIN IMMEDIATE")
                database.execute(
                    "CREATE TABLE vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL, checksum INTEGER NOT NULL)"
                )
                database.execute(f"PRAGMA application_id = {_APPLICATION}")
                database.execute(f"PRAGMA user_version = {_FORMAT}")
        application, version = _format_of(database)
        if application != _APPLICATION:
            raise ValueError(
                f"{str(self.path)!r} is another program's database, not an embedding cache; choose another cache_dir."
            )
        if version != _FORMAT:
            raise ValueError(
                f"{str(self.path)!r} was written in format {version} by another version of skbalance; this one "
                f"reads and writes format {_FORMAT}. Choose another cache_dir or delete the file."
            )

    def _set_aside(self, error):
        """Move a file that SQLite cannot read out of the way, journal first: it belongs to the damaged file."""
        aside = self.path.with_suffix(".damaged")
        if not self.path.exists():
            return
        Path(f"{self.path}-journal").unlink(missing_ok=True)
        os.replace(self.path, aside)
        warn(
            f"The embedding cache {str(self.path)!r} is damaged ({error}); it was moved to {aside.name!r} and its "
            "vectors will be computed again."
        )

    def _os_error(self, error):
        message, folder = str(error), f"cache_dir={str(self.folder)!r}"
        number, said = errno.EIO, f"The embedding cache {str(self.path)!r} could not be used: {message}"
        if "full" in message:
            number = errno.ENOSPC
            said = (
                f"No room left for the embedding cache in {folder} ({message}); what was written before is kept. Free "
                "some space or choose another cache_dir"
            )
        elif "readonly" in message or "unable to open" in message:
            number = errno.EACCES
            said = f"{folder} cannot be written to ({message}); make it writable or choose another cache_dir"
        elif "lock" in message:
            number = errno.EAGAIN
            said = (
                f"Another process has held the embedding cache {str(self.path)!r} for {_SECONDS_TO_WAIT} s "
                f"({message}); end it if it is stopped, or choose another cache_dir"
            )
        return OSError(number, said)


# Words of a damaged file in SQLite's own message may be no text at all.
_ERRORS = (sqlite3.DatabaseError, UnicodeDecodeError)


def _is_damage(error):
    """Whether the file is at fault, and not that it cannot be opened or written."""
    return type(error) in (sqlite3.DatabaseError, UnicodeDecodeError) or any(words in str(error) for words in _DAMAGES)


def _look_up(database, keys):
    """Which keys there are, their vectors or None, and how many rows were damaged."""
    found, vectors, n_damaged = np.zeros(len(keys), dtype=bool), None, 0
    position = {key: row for row, key in enumerate(keys)}
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        part = keys[start : start + _KEYS_PER_QUERY]
        marks = ",".join("?" * len(part))
        query = f"SELECT key, vector, checksum FROM vectors WHERE key IN ({marks})"
        for key, blob, checksum in database.execute(query, part):
            sound = isinstance(blob, bytes) and len(blob) % 4 == 0 and checksum == _checksum(key, blob)
            vector = np.frombuffer(blob, dtype="<f4") if sound else None
            if vector is None or (vectors is not None and len(vector) != vectors.shape[1]):
                n_damaged += 1
                continue
            if vectors is None:
                vectors = np.empty((len(keys), len(vector)), dtype=np.float32)
            row = position[key]
            vectors[row], found[row] = vector, True
    return found, vectors, n_damaged


def _checksum(key, blob):
    return zlib.crc32(blob, zlib.crc32(key))


def _format_of(database):
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    return application, version
