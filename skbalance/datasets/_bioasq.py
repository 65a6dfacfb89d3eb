"""PubMed articles with MeSH terms, in the JSON form of the BioASQ challenge."""

import codecs
import gzip
import json
import os
import re
import zlib
from collections.abc import Iterator
from typing import Any, TextIO

import numpy as np

from skbalance._kinds import Count
from skbalance._validation import read_path, validate_params
from skbalance.datasets._base import as_returned, tag_matrix

FIELDS = ("pmid", "title", "abstractText", "meshMajor")
MAX_ARTICLE = 1 << 21  # characters: what is longer is no article but a damaged file
_CHUNK = 1 << 20  # characters read at a time
_OPENING = re.compile(r'\s*\{.*?"articles"\s*:\s*\[', re.DOTALL)
_BETWEEN = re.compile(r"[\s,]*")


def _latin1_bytes(error: UnicodeError) -> tuple[str, int]:
    """Read the bytes that are not UTF-8 as latin-1."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("skbalance.latin1", _latin1_bytes)


def open_text(path: str | os.PathLike) -> TextIO:
    """Open a plain or gzip-compressed text file, told apart by its first bytes; UTF-8, else latin-1."""
    with open(path, "rb") as binary:
        compressed = binary.read(2) == b"\x1f\x8b"
    opener = gzip.open if compressed else open
    return opener(path, "rt", encoding="utf-8-sig", errors="skbalance.latin1")


def iter_articles(stream: TextIO) -> Iterator[dict]:
    """Yield the articles of ``{"articles": [...]}`` one by one; commas may be missing, doubled or trailing.

    Never more than one chunk and one article are in memory.

    Raises
    ------
    ValueError
        If the text is no such JSON, or ends early.
    """
    decoder = json.JSONDecoder(strict=False)
    text = stream.read(_CHUNK)
    opening = _OPENING.match(text)
    if opening is None:
        raise ValueError(f'it does not begin with {{"articles": [ but with {text[:40]!r}')
    number, position = 0, opening.end()
    while True:
        between = _BETWEEN.match(text, position)
        assert between is not None  # it matches the empty string
        position = between.end()
        if text.startswith("]", position):
            return
        try:
            article, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            if len(text) - position > MAX_ARTICLE:
                raise ValueError(f"article {number + 1} is no JSON: {error.msg}") from None
            chunk = stream.read(_CHUNK)
            if not chunk:
                raise ValueError(f"it ends inside article {number + 1}, or that is no JSON: {error.msg}") from None
            text, position = text[position:] + chunk, 0
        except (RecursionError, ValueError):
            raise ValueError(f"article {number + 1} is nested too deep, or has a number too long, to be one") from None
        else:
            number += 1
            yield article


def _check_article(article: dict, number: int) -> None:
    """Raise a ValueError unless the article has the fields that are needed, of the right kind."""
    if not isinstance(article, dict):
        raise ValueError(f"article {number} is a {type(article).__name__}, not an object")
    missing = [field for field in FIELDS if field not in article]
    if missing:
        raise ValueError(f"{_name(article, number)} lacks {', '.join(missing)}; needed are {', '.join(FIELDS)}")
    terms = article["meshMajor"]
    if not isinstance(terms, list) or not all(isinstance(term, str) for term in terms):
        raise ValueError(f"meshMajor of {_name(article, number)} is {terms!r:.80}, not a list of terms")
    for field, kind in (("pmid", str | int), ("title", str | None), ("abstractText", str | None)):
        if not isinstance(article[field], kind):
            wanted = "a string or a number" if field == "pmid" else "a string or null"
            raise ValueError(f"{field} of {_name(article, number)} is {article[field]!r:.80}, not {wanted}")


def _name(article, number) -> str:
    return f"article {number} (pmid {repr(article.get('pmid', 'unknown')).strip(chr(39)):.40})"


@validate_params
def load_bioasq(
    path: str | os.PathLike,
    *,
    max_articles: Count | None = None,
    min_label_count: Count = 1,
    return_X_y: bool = False,
) -> Any:
    r"""Load PubMed articles and their MeSH terms from a JSON file of the BioASQ challenge, task A.

    The file is ``{"articles": [{"pmid": ..., "title": ..., "abstractText": ..., "meshMajor": [...]}, ...]}``
    [1]_, plain or gzip-compressed. It is read as a stream: a file of 30 GB needs no more memory than the
    articles that are kept.

    Parameters
    ----------
    path : str or path-like
        The file. Bytes that are not UTF-8 are read as latin-1.
    max_articles : int, default=None
        Stop after that many articles; the rest of the file is not read. None reads all.
    min_label_count : int, default=1
        Leave out the terms that fewer of the articles have. An article whose terms are all left out stays, as
        a row without labels.
    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    dataset : :class:`~sklearn.utils.Bunch`
        With the attributes

        - data : ndarray of shape (n_samples,), dtype=object. Title and abstract of each article, as str.
        - target : csr_matrix of shape (n_samples, n_labels), dtype=int64. 1 where the article has the term.
        - target_names : ndarray of shape (n_labels,), dtype=object. The terms, in alphabetical order.
        - pmids : ndarray of shape (n_samples,), dtype=object. The PubMed identifiers, as str.
        - DESCR : str. The description of the format.

    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    OSError
        If the file cannot be opened, or its compression is damaged or truncated.
    ValueError
        If the file is not of this form, ends early, holds no article, or an article lacks one of the four
        fields. The message says which article it was. A title or abstract that is null counts as empty.

    References
    ----------
    .. [1] G. Tsatsaronis et al., "An overview of the BIOASQ large-scale biomedical semantic indexing and question
       answering competition", BMC Bioinformatics 16:138, 2015.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> from skbalance.datasets import load_bioasq
    >>> articles = [
    ...     {"pmid": "1", "title": "On mice.", "abstractText": "They run.", "meshMajor": ["Animals", "Mice"]},
    ...     {"pmid": "2", "title": "On men.", "abstractText": "They walk.", "meshMajor": ["Humans"]},
    ... ]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "articles.json")
    ...     _ = path.write_text(json.dumps({"articles": articles}))
    ...     dataset = load_bioasq(path)
    >>> dataset.target_names.tolist()
    ['Animals', 'Humans', 'Mice']
    >>> dataset.target.toarray().tolist()
    [[1, 0, 1], [0, 1, 0]]
    >>> dataset.data[0]
    'On mice.\nThey run.'
    """
    texts: list[str] = []
    pmids: list[str] = []
    rows: list[list[str]] = []
    terms: dict[str, str] = {}  # each term is kept once
    path = read_path(path, "path")
    try:
        with open_text(path) as stream:
            for number, article in enumerate(iter_articles(stream), start=1):
                _check_article(article, number)
                texts.append("\n".join(filter(None, (article["title"], article["abstractText"]))))
                pmids.append(str(article["pmid"]))
                rows.append([terms.setdefault(term, term) for term in dict.fromkeys(article["meshMajor"])])
                if number == max_articles:
                    break
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise OSError(f"{path} is truncated or its compression is damaged: {error}") from error
    except ValueError as error:
        raise ValueError(f"{path} is no BioASQ file: {error}") from error
    if not texts:
        raise ValueError(f"{path} holds no article")
    target, names = tag_matrix(rows, sorted(terms)), np.array(sorted(terms), dtype=object)
    if min_label_count > 1:
        kept = np.flatnonzero(np.bincount(target.indices, minlength=len(names)) >= min_label_count)
        target, names = target[:, kept], names[kept]
    data = np.array(texts, dtype=object)
    numbers = np.array(pmids, dtype=object)
    return as_returned("bioasq", return_X_y, data=data, target=target, target_names=names, pmids=numbers)
