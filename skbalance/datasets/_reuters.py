"""Reuters-21578, the ModApte split, the 90 topics with a document in both parts."""

import gzip
import hashlib
import html
import os
import re
import tarfile
import zlib
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NamedTuple
from urllib.request import urlopen

import numpy as np

from skbalance._files import whole_file
from skbalance._validation import read_path, validate_params
from skbalance.datasets._base import as_returned, tag_matrix

ARCHIVE_NAME = "reuters21578.tar.gz"
ARCHIVE_URLS = (
    "https://archive.ics.uci.edu/ml/machine-learning-databases/reuters21578-mld/reuters21578.tar.gz",
    "http://www.daviddlewis.com/resources/testcollections/reuters21578/reuters21578.tar.gz",
)
ARCHIVE_SHA256 = "3bae43c9b14e387f76a61b6d82bf98a4fb5d3ef99ef7e7075ff2ccbcf59f9d30"
DATA_HOME_VARIABLE = "SKBALANCE_DATA"
DEFAULT_DATA_HOME = "~/skbalance_data"
DOWNLOAD_TIMEOUT = 60.0  # seconds without an answer
MEMBER_NAMES = tuple(f"reut2-{number:03d}.sgm" for number in range(22))

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Each takes time in proportion to the length of the text, whatever it is.
_TAG = re.compile(r"<[^<>]*>")
_NO_TAG = re.compile(r"<(?!/?[A-Za-z][^<>]*>)")
_BETWEEN = re.compile(r"\s*(<!DOCTYPE[^<>]*>\s*)?")
_ATTRIBUTE = re.compile(r'\s([A-Z]+)="([^"]*)"')
_TOPIC = re.compile(r"<D>([^<]*)</D>")
_SPLITS = {"TRAIN": "train", "TEST": "test"}


class Document(NamedTuple):
    """One document of the collection that the split uses."""

    sample_id: int
    split: str
    topics: frozenset[str]
    text: str


def parse_sgml(content: bytes) -> list[Document]:
    """Return the documents of one SGML file (latin-1) that belong to the ModApte split, topics or none.

    The collection's SGML is plain elements in capitals, attributes in double quotes and character references.
    References to control characters are dropped.

    Raises
    ------
    ValueError
        If a document is not closed, has no number, or has markup that does not end.
    """
    documents, text, position = [], content.decode("latin-1"), 0
    while (start := text.find("<REUTERS", position)) >= 0:
        end, following = text.find("</REUTERS>", start), text.find("<REUTERS", start + 1)
        head = text[start : text.find(">", start) + 1]
        attributes = dict(_ATTRIBUTE.findall(head))
        name = f"document {repr(attributes.get('NEWID', ''))[1:-1]:.80}"
        if end < 0 and following < 0:
            raise ValueError(f"it ends inside {name}")
        if end < 0 or 0 <= following < end:
            raise ValueError(f"{name} is not closed")
        _check_markup(text[position:start], text[start:end], name)
        if attributes.get("TOPICS") == "YES" and attributes.get("LEWISSPLIT") in _SPLITS:
            documents.append(_read_document(attributes, text[start + len(head) : end]))
        position = end + len("</REUTERS>")
    _check_markup(text[position:], "", "the end")
    return documents


def _check_markup(before, document, name):
    if not _BETWEEN.fullmatch(before):
        raise ValueError(f"before {name} stands {before.strip()[:40]!r}, which is no document")
    if found := _NO_TAG.search(document):
        raise ValueError(f"{name} has markup that does not end: {document[found.start() :][:40]!r}")


def _read_document(attributes, content) -> Document:
    title, body = (_plain(_element(content, name)) for name in ("TITLE", "BODY"))
    # A brief has a title only; an unprocessed document has neither, its text lies bare in TEXT.
    text = "\n".join(part for part in (title, body) if part) or _plain(_element(content, "TEXT").partition("<")[0])
    topics = frozenset(_plain(topic) for topic in _TOPIC.findall(_element(content, "TOPICS")))
    number = attributes.get("NEWID", "")
    if not re.fullmatch("[0-9]{1,9}", number):
        raise ValueError(f"a document has NEWID={number!r:.80}, which is no number of at most nine digits")
    return Document(int(number), _SPLITS[attributes["LEWISSPLIT"]], topics, text)


def _element(content, name) -> str:
    """What stands in an element; nothing if there is none."""
    start = content.find(f"<{name}")
    end = content.find(f"</{name}>", start)
    return content[content.find(">", start) + 1 : end] if 0 <= start < end else ""


def _plain(content) -> str:
    """Text without tags, references and control characters."""
    try:
        return _CONTROL_CHARACTERS.sub("", html.unescape(_TAG.sub("", content))).strip()
    except ValueError as error:  # a number of thousands of digits
        raise ValueError("a reference to a character has a number beyond all characters") from error


MAX_MEMBER_SIZE = 1 << 21  # bytes: more is no file of the collection but would fill the memory
MAX_ARCHIVE_SIZE = 1 << 25  # bytes, unpacked: the collection has 28 million


def find_archive(data_home: str | os.PathLike | None, download_if_missing: bool) -> Path:
    """Return the path of the archive, downloaded first when it is not there.

    Its folder is `data_home`, else ``$SKBALANCE_DATA``, else ``~/skbalance_data``. An archive that is there already is
    returned as it is; a download is kept only when its checksum is that of the published one.

    Raises
    ------
    OSError
        If the archive is missing and may not, or cannot, be downloaded. The message says where to put it.
    """
    if data_home is None:
        data_home = os.environ.get(DATA_HOME_VARIABLE) or DEFAULT_DATA_HOME
    folder = read_path(data_home, "data_home")
    path = folder / ARCHIVE_NAME
    if path.is_file():
        return path
    help_text = (
        f"Put {ARCHIVE_NAME} into that folder, or pass data_home=, or set the environment variable "
        f"{DATA_HOME_VARIABLE} to the folder that holds it. It is published at {ARCHIVE_URLS[0]}"
    )
    if not download_if_missing:
        raise OSError(f"{ARCHIVE_NAME} is not in {folder} and download_if_missing=False. {help_text}")
    reasons = []
    for url in ARCHIVE_URLS:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with urlopen(url, timeout=DOWNLOAD_TIMEOUT) as response, whole_file(path) as target:
                content = response.read()
                digest = hashlib.sha256(content).hexdigest()
                if digest != ARCHIVE_SHA256:
                    raise OSError(f"the download's sha256 is {digest}, expected {ARCHIVE_SHA256}")
                target.write(content)
            return path
        except (OSError, HTTPException) as error:
            reasons.append(f"{url}: {error or type(error).__name__}")
    tried = "\n      ".join(reasons)
    raise OSError(f"{ARCHIVE_NAME} is not in {folder} and could not be downloaded. {help_text}\nTried {tried}")


def read_members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the 22 SGML files, read from the archive; nothing is written to disk.

    Headers are read one by one, as ``tarfile`` reads those that lengthen others into memory, whatever their length.

    Raises
    ------
    OSError
        If the archive is truncated or no gzip-compressed tar archive, or if one of the 22 files is missing or there
        twice. Other members, links among them, are passed over.
    """
    missing = list(MEMBER_NAMES)
    try:
        with gzip.open(path) as stream:
            while (header := stream.read(tarfile.BLOCKSIZE)).strip(b"\0"):
                member = tarfile.TarInfo.frombuf(header, "latin-1", "strict")
                _check_length(stream.tell() + member.size if member.size >= 0 else MAX_ARCHIVE_SIZE + 1, path)
                name, content = PurePosixPath(member.name).name, b""
                if member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and name in MEMBER_NAMES:
                    if name not in missing:
                        raise OSError(f"{path} holds {name} twice")
                    if member.size > MAX_MEMBER_SIZE:
                        raise OSError(f"{name} in {path} claims {member.size} bytes; the collection's have 1.4 million")
                    missing.remove(name)
                    content = stream.read(member.size)
                    yield name, content
                stream.seek(-member.size % tarfile.BLOCKSIZE + member.size - len(content), os.SEEK_CUR)
            if len(header) < tarfile.BLOCKSIZE:
                raise EOFError("it ends without an end")
            while stream.read(1 << 16):  # to the end, where the checksum is
                _check_length(stream.tell(), path)
    except (EOFError, gzip.BadGzipFile, zlib.error, tarfile.TarError) as error:
        raise OSError(
            f"{path} is truncated or is no gzip-compressed tar archive ({error}); delete it and fetch it again"
        ) from error
    if missing:
        raise OSError(f"{path} lacks {len(missing)} of its {len(MEMBER_NAMES)} files: {', '.join(missing)}")


def _check_length(end, path):
    if end > MAX_ARCHIVE_SIZE:
        raise OSError(
            f"{path} unpacks to more than {MAX_ARCHIVE_SIZE} bytes, the collection to 28 million: it is another "
            "archive, or a damaged one"
        )


@validate_params
def fetch_reuters21578(
    *,
    subset: Literal["train", "test", "all"] = "train",
    data_home: str | os.PathLike | None = None,
    download_if_missing: bool = True,
    return_X_y: bool = False,
) -> Any:
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
        If the archive is neither there nor to be had, fails its checksum, is truncated, or lacks a file.
        Nothing is written in any of these cases.

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
    path = find_archive(data_home, download_if_missing)
    documents: list[Document] = []
    for name, content in read_members(path):
        try:
            documents += parse_sgml(content)
        except ValueError as error:
            raise OSError(f"{name} in {path} cannot be parsed: {error}") from error
    in_train, in_test = (
        {topic for document in documents if document.split == split for topic in document.topics}
        for split in ("train", "test")
    )
    names = sorted(in_train & in_test)
    # The training part first, and in each part by number.
    documents.sort(key=lambda document: (document.split != "train", document.sample_id))
    chosen = [
        document
        for document in documents
        if subset in (document.split, "all") and not document.topics.isdisjoint(names)
    ]
    return as_returned(
        "reuters21578",
        return_X_y,
        data=np.array([document.text for document in chosen], dtype=object),
        target=tag_matrix([document.topics.intersection(names) for document in chosen], names),
        target_names=names,
        sample_id=np.array([document.sample_id for document in chosen], dtype=np.int64),
        split=np.array([document.split for document in chosen], dtype=object),
    )
