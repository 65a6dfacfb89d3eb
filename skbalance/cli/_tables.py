"""Tables in, a row at a time: CSV, JSON lines, Parquet. Tables out: CSV or JSON lines."""

import contextlib
import csv
import difflib
import io
import json
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from types import SimpleNamespace
from typing import Any, BinaryIO

from skbalance._files import whole_file
from skbalance._lazy import import_optional

# Encodings that a byte order mark tells.
_MARKED = ("utf-8-sig", "utf-16", "utf-32")
# Rows of JSON lines that are looked at for names of columns, which any of them may lack.
_FIRST = 1000


@dataclass
class Row:
    """A row of a table.

    Attributes
    ----------
    place : str
        Where it stands, for messages.
    cells : dict
        From column to what it holds.
    text : str
        "" where there is none.
    tags : list of str
    """

    place: str
    cells: dict[str, Any]
    text: str = ""
    tags: list[str] = field(default_factory=list)


@dataclass
class Table:
    """A file of rows, of which one is held at a time.

    Attributes
    ----------
    columns : list of str
        Names of its columns.
    rows : iterator of Row
    delimiter : str
        What stands between two fields; "" in JSON lines and Parquet.
    """

    columns: list[str]
    rows: Iterator[Row]
    delimiter: str = ""


@contextlib.contextmanager
def open_table(
    path: str, text: list[str], tags: str | None = None, sep: str = ";", delimiter=None, encoding=None
) -> Iterator[Table]:
    """Open a file of texts.

    Parameters
    ----------
    path : str
        Of a file of CSV, JSON lines or Parquet, which is found out; "-" is the standard input.
    text : list of str
        Columns of the text; several are put below each other.
    tags : str, default=None
        Column of the tags.
    sep : str, default=";"
        What stands between two tags of a cell that is no list.
    delimiter : str, default=None
        What stands between two fields of a CSV file. None finds a comma, semicolon, tab or bar.
    encoding : str, default=None
        None is UTF-8, or what the byte order mark of the file tells.

    Yields
    ------
    table : Table

    Raises
    ------
    ValueError
        If it is none of these, or has no such column, now or at the row that is wrong.
    OSError
        If it cannot be read.
    """
    name, wanted = "Standard input" if path == "-" else path, [*text, *([] if tags is None else [tags])]
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(_seekable(path))
        head = file.read(4)
        file.seek(0)
        if not head:
            raise ValueError(f"{name} is empty.")
        if head == b"PK\3\4":
            raise ValueError(f"{name} is a workbook; save its sheet as CSV.")
        if head == b"PAR1":
            table = _parquet(name, file)
        else:
            found = json.detect_encoding(head)
            stream, n_quotes = _text(name, file, encoding or (found if found in _MARKED else "utf-8"))
            first = stream.read(1)
            stream.seek(0)
            if first == "[":
                raise ValueError(f"{name} is a JSON list; JSON lines are needed, which have an object on each line.")
            table = _json_lines(name, stream) if first == "{" else _csv(name, stream, wanted, delimiter, n_quotes)
        for column in wanted:
            _check_column(name, column, table.columns)
        table.rows = (_read(row, text, tags, sep) for row in table.rows)
        yield table


@contextlib.contextmanager
def open_output(path: str, like: Table, added: list[str], sep: str) -> Iterator[Callable[[dict], None]]:
    """Open a file of rows to write: one that takes the place of `path` when all is written.

    Parameters
    ----------
    path : str
        "-" is the standard output. JSON lines where the name ends in ``.jsonl`` or ``.ndjson``, or where it is the
        standard output and these were read; otherwise CSV.
    like : Table
        With whose columns, which come first, and delimiter.
    added : list of str
        More columns.
    sep : str
        What is put between tags in CSV.

    Yields
    ------
    write : callable
        Takes a dict from column to cell.
    """
    for column, number in Counter(filter(None, like.columns)).items():
        if number > 1:
            raise ValueError(f"The table has {number} columns {column!r}, of which one could be written; rename them.")
    with contextlib.ExitStack() as stack:
        stream: Any = sys.stdout
        how: Any = {"encoding": "utf-8", "errors": "backslashreplace"}  # of halves of surrogate pairs
        if path != "-":
            file = stack.enter_context(whole_file(path))
            stream = stack.enter_context(io.TextIOWrapper(file, newline="", **how))
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(**how)
        if path.endswith((".jsonl", ".ndjson")) or (path == "-" and not like.delimiter):
            yield lambda row: print(json.dumps(row, ensure_ascii=False, default=str), file=stream)
            return
        delimiter = "\t" if path.endswith(".tsv") else like.delimiter or ","
        # The writer quotes those ends of lines alone that it writes itself.
        lines = SimpleNamespace(write=lambda line: stream.write(line.removesuffix("\r\n") + "\n"))
        writer = csv.writer(lines, delimiter=delimiter, lineterminator="\r\n")
        columns = dict.fromkeys([*like.columns, *added])
        writer.writerow(columns)

        def write(row):
            late = [column for column in row if column not in columns]
            if late:
                raise ValueError(f"Column {late[0]!r} is in none of the first {_FIRST} rows; write to a .jsonl file.")
            cells = (row.get(column) for column in columns)
            writer.writerow([sep.join(map(str, cell)) if isinstance(cell, list) else cell for cell in cells])

        yield write


def _seekable(path: str) -> BinaryIO:
    """A file that can be read twice; a copy on the disk of what cannot."""
    file: Any = sys.stdin.buffer if path == "-" else open(path, "rb")  # noqa: SIM115
    if path != "-" and file.seekable():
        return file
    copy = tempfile.TemporaryFile()  # noqa: SIM115
    shutil.copyfileobj(file, copy)
    copy.seek(0)
    return copy


def _check_column(name: str, column: str, columns: list[str]) -> None:
    if columns.count(column) > 1:
        raise ValueError(f"{name} has {columns.count(column)} columns {column!r}; rename all but one.")
    if column not in columns:
        near = [f" Is it {other!r}?" for other in difflib.get_close_matches(column, columns, n=1)]
        shown = ", ".join(map(repr, columns[:20])) + (", ..." if len(columns) > 20 else "")
        raise ValueError("".join([f"{name} has no column {column!r}; its columns are {shown}.", *near]))


def _read(row: Row, text: list[str], tags: str | None, sep: str) -> Row:
    """A row with its text and tags."""
    cells: Any = row.cells
    *parts, found = ("" if cells.get(column) is None else cells[column] for column in [*text, tags])
    for column, part in zip(text, parts):
        try:
            str.encode(part)
        except (TypeError, UnicodeError):  # halves of surrogate pairs are no text either
            raise ValueError(f"{row.place}, column {column!r}: {part!r:.80} is no text.") from None
    row.text = "\n".join(part for part in parts if part.strip())
    if not isinstance(found, (str, list)) or not all(isinstance(tag, (str, int)) for tag in found):
        raise ValueError(f"{row.place}, column {tags!r}: {found!r:.80} is neither text nor a list of tags.")
    names = found.split(sep) if isinstance(found, str) else map(str, found)
    row.tags = [tag for tag in map(str.strip, names) if tag]
    return row


def _parquet(name: str, file: BinaryIO) -> Table:
    parquet = import_optional("pyarrow.parquet", f"{name} is a Parquet file, which needs pyarrow: pip install pyarrow.")

    def read():
        try:
            opened = parquet.ParquetFile(file)
            yield opened.schema_arrow.names
            for batch in opened.iter_batches(batch_size=_FIRST):
                yield from batch.to_pylist()
        except Exception as error:  # pyarrow has kinds of its own
            raise ValueError(f"{name} cannot be read as Parquet: {error}") from None

    names_and_rows = read()
    columns = next(names_and_rows)
    return Table(columns, (Row(f"{name}, row {number}", row) for number, row in enumerate(names_and_rows, start=1)))


def _text(name: str, file: BinaryIO, encoding: str) -> tuple[io.TextIOWrapper, int]:
    """A file as text, all of which can be read, and the number of its quote marks."""
    n_quotes = n_lines = 0
    try:
        stream = io.TextIOWrapper(file, encoding=encoding, newline="")
        for line in stream:
            if "\0" in line:
                raise UnicodeError("it holds a byte that is zero")
            n_quotes, n_lines = n_quotes + line.count('"'), n_lines + 1
    except (UnicodeError, LookupError) as error:
        if isinstance(error, UnicodeDecodeError):
            n_lines += error.object[: error.start].count(b"\n")
        raise ValueError(
            f"{name}, line {n_lines + 1}: it cannot be read as {encoding}: {error}. Give its encoding, as in "
            "--encoding cp1252 or --encoding latin-1, which many spreadsheets write, or utf-16-le; or save it as UTF-8."
        ) from None
    stream.seek(0)
    return stream, n_quotes


def _json_lines(name: str, stream: io.TextIOWrapper) -> Table:
    def rows():
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                cells = json.loads(line)
            except (ValueError, RecursionError):
                cells = None
            if not isinstance(cells, dict):
                raise ValueError(f"{name}, line {number}: {line!r:.80} is no JSON object.")
            yield Row(f"{name}, line {number}", cells)

    rest = rows()
    first = list(islice(rest, _FIRST))
    columns = list(dict.fromkeys(column for row in first for column in row.cells))
    return Table(columns, chain(first, rest))


def _csv(name: str, stream: io.TextIOWrapper, wanted: list[str], delimiter: str | None, n_quotes: int) -> Table:
    csv.field_size_limit(2**31 - 1)
    told = re.fullmatch(r"sep=(.)\r?\n", stream.readline())  # a line for spreadsheets
    start = stream.tell() if told else 0

    def reader(delimiter, strict=False):
        # Between tabs quote marks may be parts of the texts, and do not come in pairs then.
        quoting: Any = csv.QUOTE_NONE if delimiter == "\t" and n_quotes % 2 else csv.QUOTE_MINIMAL
        stream.seek(start)
        return csv.reader(stream, delimiter=delimiter, quoting=quoting, strict=strict)

    candidates = delimiter or (told[1] if told else ",;\t|")
    headers: dict[str, list[str]] = {one: next(reader(one), []) for one in candidates}
    delimiter = max(headers, key=lambda one: (set(wanted) <= set(headers[one]), len(headers[one])))
    header = headers[delimiter]

    def rows():
        lines, before = reader(delimiter, strict=True), bool(told)
        try:
            next(lines, None)
            first = lines.line_num + 1
            for cells in lines:
                place, first = f"{name}, line {first + before}", lines.line_num + 1
                if any(cells[len(header) :]):
                    raise ValueError(
                        f"{place}: it has {len(cells)} fields, and there are {len(header)} columns; a text with "
                        f"{delimiter!r} must be quoted."
                    )
                if cells:
                    yield Row(place, dict(zip(header, cells + [""] * (len(header) - len(cells)))))
        except csv.Error as error:
            raise ValueError(f"{name}, line {lines.line_num + before}: {error}.") from None

    return Table(header, rows(), delimiter)
