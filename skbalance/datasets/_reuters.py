"""Reuters-21578, the ModApte split, the 90 topics with a document in both parts."""

import gzip
import html
import os
import re
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import Bunch

from skbalance._validation import StrOptions, validate_params
from skbalance.datasets._base import find_or_download, indicator_matrix, load_descr

ARCHIVE_NAME = "reuters21578.tar.gz"
ARCHIVE_URLS = (
    "https://archive.ics.uci.edu/ml/machine-learning-databases/reuters21578-mld/reuters21578.tar.gz",
    "http://www.daviddlewis.com/resources/testcollections/reuters21578/reuters21578.tar.gz",
)
ARCHIVE_SHA256 = "3bae43c9b14e387f76a61b6d82bf98a4fb5d3ef99ef7e7075ff2ccbcf59f9d30"
MEMBER_NAMES = tuple(f"reut2-{number:03d}.sgm" for number in range(22))

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MARKUP = re.compile(r"<([!/A-Za-z][^<>]*)>")  # takes time in proportion to the length, whatever the content
_UNFINISHED = re.compile(r"<[!/A-Za-z]")
_TAG = re.compile(r"(/?)([A-Za-z]\w*)")
_ATTRIBUTE = re.compile(r'\s([A-Za-z]+)="([^"]*)"')
_SPLITS = {"TRAIN": "train", "TEST": "test"}
_MAX_DEPTH = 50  # elements within one another: the collection has 4
_MAX_TAGS = 1 << 18  # in a file


class Document(NamedTuple):
    """One document of the collection that the split uses."""

    sample_id: int
    split: str
    topics: frozenset[str]
    text: str


class _Documents:
    """Collects the documents with assessed topics in the training and test part of the ModApte split.

    The collection's SGML is plain elements, attributes in double quotes and character references. References to control
    characters are dropped.
    """

    def __init__(self) -> None:
        self.documents: list[Document] = []
        self.open: list[str] = []
        self._attributes: dict[str, str] = {}
        self._topics: list[list[str]] = []
        self._parts: dict[str, list[str]] = {"title": [], "body": [], "text": []}

    @property
    def name(self) -> str:
        """The document that is read, as its attributes call it."""
        number = self._attributes.get("newid")
        return f"document {repr(number)[1:-1]:.80}" if number else "what is before the first document"

    def start(self, tag: str, attributes: str) -> None:
        """Open an element."""
        if tag == "reuters":
            if tag in self.open:
                raise ValueError(f"{self.name} is not closed")
            self._attributes = {name.lower(): value for name, value in _ATTRIBUTE.findall(attributes)}
            self._topics = []
            for part in self._parts.values():
                part.clear()
        elif tag == "d" and self.open[-1:] == ["topics"]:
            self._topics.append([])
        if len(self.open) == _MAX_DEPTH:
            raise ValueError(f"{self.name} has more than {_MAX_DEPTH} elements within one another")
        self.open.append(tag)

    def text(self, data: str) -> None:
        """Take what stands between two tags."""
        if unfinished := _UNFINISHED.search(data):
            raise ValueError(f"{self.name} has markup that does not end: {data[unfinished.start() :][:40]!r}")
        tag = self.open[-1] if self.open else ""
        if tag in self._parts:
            self._parts[tag].append(_unescape(data))
        elif tag == "d" and self.open[-2:-1] == ["topics"]:
            self._topics[-1].append(_unescape(data))

    def end(self, tag: str) -> None:
        """Close an element, and those within it; the collection has a stray end tag, which is nothing."""
        if tag in self.open:
            while self.open.pop() != tag:
                pass
            if tag == "reuters":
                self._end_document()

    def _end_document(self) -> None:
        split = _SPLITS.get(self._attributes.get("lewissplit", ""))
        if self._attributes.get("topics") != "YES" or split is None:
            return
        title, body, rest = (
            _CONTROL_CHARACTERS.sub("", "".join(self._parts[name])).strip() for name in ("title", "body", "text")
        )
        # A brief has a title only; an unprocessed document has neither, its text lies bare in TEXT.
        text = "\n".join(part for part in (title, body) if part) or rest
        topics = frozenset("".join(topic).strip() for topic in self._topics)
        number = self._attributes.get("newid", "")
        if not re.fullmatch("[0-9]{1,9}", number):
            raise ValueError(f"a document has NEWID={number!r:.80}, which is no number of at most nine digits")
        self.documents.append(Document(int(number), split, topics, text))


def _unescape(data: str) -> str:
    try:
        return html.unescape(data)
    except ValueError as error:  # a number of thousands of digits
        raise ValueError("a reference to a character has a number beyond all characters") from error


def parse_sgml(content: bytes) -> list[Document]:
    """Return the documents of one SGML file (latin-1) that belong to the ModApte split, topics or none.

    Raises
    ------
    ValueError
        If a document is not closed, has no number, or has markup that does not end or is nested without end.
    """
    found, text, position = _Documents(), content.decode("latin-1"), 0
    for number, match in enumerate(_MARKUP.finditer(text)):
        if number == _MAX_TAGS:
            raise ValueError(f"it has more than {_MAX_TAGS} tags; the collection's files have 31 thousand")
        found.text(text[position : match.start()])
        position = match.end()
        if tag := _TAG.match(match[1]):
            if tag[1]:
                found.end(tag[2].lower())
            else:
                found.start(tag[2].lower(), match[1])
    found.text(text[position:])
    if "reuters" in found.open:
        raise ValueError(f"it ends inside {found.name}")
    return found.documents


def _is_unsafe(member: tarfile.TarInfo) -> bool:
    """Whether a member is anything but a file or folder that stays below the archive's own folder."""
    posix, windows = PurePosixPath(member.name), PureWindowsPath(member.name)
    outside = posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts
    return bool(outside) or member.issparse() or not (member.isfile() or member.isdir())


MAX_MEMBER_SIZE = 1 << 24  # bytes: more is no file of the collection but would fill the memory
MAX_ARCHIVE_SIZE = 1 << 27  # bytes, unpacked: the collection has 28 million


MAX_MEMBERS = 1000  # the collection has 22
_MAX_HEADER = 512  # bytes: the collection's headers are of one block
_DAMAGES = (EOFError, gzip.BadGzipFile, tarfile.TarError, zlib.error)


class _Limited:
    """Headers of an unpacked archive, read forwards, and no further than the collection's can be long."""

    def __init__(self, stream, path):
        self.stream, self.path = stream, path
        self.tell = stream.tell

    def read(self, size):
        """Read, if that is not too much, and the end lies within the limit."""
        self.check(self.tell() + size)
        if not 0 <= size <= _MAX_HEADER:
            raise OSError(f"{self.path} claims to hold a header of {size} bytes; it is another archive, or damaged")
        return self.stream.read(size)

    def seek(self, offset):
        """Go on, if the place lies within the limit."""
        if offset < self.tell():
            raise OSError(f"{self.path} leads back to what was read before; it is another archive, or damaged")
        self.check(offset)
        return self.stream.seek(offset)

    def check(self, end):
        """Raise if a place is beyond what the collection can have."""
        if end > MAX_ARCHIVE_SIZE:
            raise OSError(
                f"{self.path} unpacks to more than {MAX_ARCHIVE_SIZE} bytes, the collection to 28 million: it is "
                "another archive, or a damaged one"
            )


def read_members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the 22 SGML files, read from the archive; nothing is written to disk.

    Raises
    ------
    OSError
        If the archive is truncated or no gzip-compressed tar archive, holds a link or a path outside of its
        folder, or if one of the 22 files is missing or there twice.
    """
    seen: set[str] = set()
    try:
        with gzip.open(path) as stream:
            limited: Any = _Limited(stream, path)
            with tarfile.open(fileobj=limited, mode="r:") as archive:
                for number, member in enumerate(archive):
                    name = _name_of(member, path)
                    if number >= MAX_MEMBERS:
                        raise OSError(f"{path} holds more than {MAX_MEMBERS} files; the collection has 22")
                    if name not in MEMBER_NAMES:
                        continue
                    if name in seen:
                        raise OSError(f"{path} holds {name} twice")
                    seen.add(name)
                    stream.seek(member.offset_data)
                    content = stream.read(member.size)
                    if len(content) < member.size:
                        raise EOFError(f"{name} ends early")
                    yield name, content
                while stream.read(1 << 16):  # to the end, where the checksum is
                    limited.check(stream.tell())
    except (*_DAMAGES, ValueError, OverflowError, RecursionError) as error:
        raise OSError(
            f"{path} is truncated or is no gzip-compressed tar archive ({error}); delete it and fetch it again"
        ) from error
    missing = [name for name in MEMBER_NAMES if name not in seen]
    if missing:
        raise OSError(f"{path} lacks {len(missing)} of its {len(MEMBER_NAMES)} files: {', '.join(missing)}")


def _name_of(member: tarfile.TarInfo, path: Path) -> str:
    """Name of a file of the collection; empty for what is not needed."""
    if _is_unsafe(member):
        raise OSError(
            f"{path} holds {member.name!r:.200}, which is a link or lies outside of the archive's folder; nothing of "
            "it was used"
        )
    name = PurePosixPath(member.name).name
    if not member.isfile() or name not in MEMBER_NAMES:
        return ""
    if not 0 <= member.size <= MAX_MEMBER_SIZE:
        raise OSError(f"{name} in {path} claims {member.size} bytes; the collection's have 1.4 million")
    return name


@validate_params(
    {
        "subset": [StrOptions({"train", "test", "all"})],
        "data_home": [str, os.PathLike, None],
        "download_if_missing": ["boolean"],
        "return_X_y": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def fetch_reuters21578(*, subset="train", data_home=None, download_if_missing=True, return_X_y=False):
    """Load the Reuters-21578 newswire collection (multi-label text classification).

    The documents with assessed topics in the ModApte split [1]_, and of their topics the 90 that occur in at
    least one training and one test document; a document with none of these is left out.

    =================   ===============
    Labels                           90
    Training samples               7770
    Test samples                   3019
    Labels a sample                1.24
    =================   ===============

    The archive ``reuters21578.tar.gz`` is looked for in `data_home` and downloaded into it (8 MB) when it is
    not there. A download is checked against the checksum of the published archive; an archive that is there
    already is used as it is. It is read as it lies, nothing is unpacked.

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        The part of the split to load; "all" is both, the training samples first.
    data_home : str or path-like, default=None
        The folder of the archive. By default the environment variable ``SKBALANCE_DATA``, and where that is
        not set ``~/skbalance_data``.
    download_if_missing : bool, default=True
        If False, raise an OSError when the archive is not there instead of downloading it.
    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    dataset : :class:`~sklearn.utils.Bunch`
        With the attributes

        - data : ndarray of shape (n_samples,), dtype=object. Title and body of each document, as str. A
          document without either is its whole text.
        - target : csr_matrix of shape (n_samples, 90), dtype=int64. 1 where the document has the topic.
        - target_names : ndarray of shape (90,), dtype=object. The topics, in alphabetical order.
        - sample_id : ndarray of shape (n_samples,), dtype=int64. The collection's own number of each
          document (``NEWID``); ascending within each part.
        - split : ndarray of shape (n_samples,), dtype=object. "train" or "test".
        - DESCR : str. The description of the collection.

    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    OSError
        If the archive is neither there nor to be had, fails its checksum, is truncated, lacks a file, or
        holds a link or a path outside of its folder. Nothing is written in any of these cases.

    Notes
    -----
    The collection is free for research use; it is not part of this package.

    References
    ----------
    .. [1] C. Apté, F. Damerau, S. M. Weiss, "Automated Learning of Decision Rules for Text Categorization",
       ACM Transactions on Information Systems 12(3), 1994.

    Examples
    --------
    >>> from skbalance.datasets import fetch_reuters21578
    >>> fetch_reuters21578(data_home="an-empty-folder", download_if_missing=False)
    Traceback (most recent call last):
    ...
    OSError: reuters21578.tar.gz is not in an-empty-folder and download_if_missing=False. ...

    With the archive at hand, or to be had::

        train = fetch_reuters21578(subset="train")
        train.target.shape  # (7770, 90)
    """
    path = find_or_download(
        ARCHIVE_NAME,
        urls=ARCHIVE_URLS,
        sha256=ARCHIVE_SHA256,
        data_home=data_home,
        download_if_missing=download_if_missing,
    )
    documents: list[Document] = []
    for name, content in read_members(path):
        try:
            documents += parse_sgml(content)
        except ValueError as error:
            raise OSError(f"{name} in {path} cannot be parsed: {error}") from error
    dataset = _assemble(documents, subset)
    if return_X_y:
        return dataset.data, dataset.target
    return dataset


def _assemble(documents: list[Document], subset: str) -> Bunch:
    """Choose the topics that occur in both parts and the documents of `subset` that have one of them."""
    topics = {
        split: {topic for document in documents if document.split == split for topic in document.topics}
        for split in ("train", "test")
    }
    names = sorted(topics["train"] & topics["test"])
    column = {name: index for index, name in enumerate(names)}
    splits = ("train", "test") if subset == "all" else (subset,)
    chosen = sorted(
        (document for document in documents if document.split in splits and document.topics & column.keys()),
        key=lambda document: (document.split != "train", document.sample_id),
    )
    rows = [[column[topic] for topic in document.topics & column.keys()] for document in chosen]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)])
    indices = np.array([index for row in rows for index in row], dtype=np.int32)
    return Bunch(
        data=np.array([document.text for document in chosen], dtype=object),
        target=indicator_matrix(indices, indptr, len(names)),
        target_names=np.array(names, dtype=object),
        sample_id=np.array([document.sample_id for document in chosen], dtype=np.int64),
        split=np.array([document.split for document in chosen], dtype=object),
        DESCR=load_descr("reuters21578"),
    )
