"""Tables are read as others write them, and what is wrong is named with its place."""

import csv
import io
import json
import sys

import pytest

from skbalance.cli._tables import open_output, open_table

COLUMNS = [["id", "text", "tags"], ["1", 'café, "au lait"; 5" cup\tto go', "drink;hot"], ["2", "two\nlines", ""]]
READ = [(COLUMNS[1][1], ["drink", "hot"]), (COLUMNS[2][1], [])]


def read(path, text=("text",), tags="tags", **options):
    with open_table(str(path), list(text), tags, **options) as table:
        return [(row.text, row.tags) for row in table.rows]


def spreadsheet(delimiter, newline="\r\n"):
    """Text of a file that a spreadsheet writes."""
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator=newline).writerows(COLUMNS)
    return stream.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_what_spreadsheets_write(tmp_path, delimiter, encoding):
    for text in (spreadsheet(delimiter), spreadsheet(delimiter, "\n"), f"sep={delimiter}\r\n{spreadsheet(delimiter)}"):
        (tmp_path / "data.csv").write_bytes(text.encode(encoding))
        assert read(tmp_path / "data.csv") == READ


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16-le"])
def test_other_encodings_are_given(tmp_path, encoding):
    (tmp_path / "data.csv").write_bytes(spreadsheet(",").encode(encoding))
    assert read(tmp_path / "data.csv", encoding=encoding) == READ
    with pytest.raises(ValueError, match=f"data.csv, line .*--encoding.*{encoding}"):
        read(tmp_path / "data.csv")
    with pytest.raises(ValueError, match="cannot be read as no-such: unknown encoding"):
        read(tmp_path / "data.csv", encoding="no-such")


def test_an_unusual_delimiter_is_given(tmp_path):
    (tmp_path / "data.csv").write_text("text^tags\na, b^c\n")
    assert read(tmp_path / "data.csv", delimiter="^") == [("a, b", ["c"])]


def test_the_line_of_a_byte_that_cannot_be_read(tmp_path):
    (tmp_path / "data.csv").write_bytes(b"text,tags\n" + b"a,b\n" * 400_000 + b"caf\xe9,b\n")
    with pytest.raises(ValueError, match=r"data.csv, line 400002: it cannot be read as utf-8: .* byte 0xe9"):
        read(tmp_path / "data.csv")
    (tmp_path / "data.csv").write_bytes(b"text,tags\na,b\na\0,b\n")
    with pytest.raises(ValueError, match=r"data.csv, line 3: .* it holds a byte that is zero.*utf-16-le"):
        read(tmp_path / "data.csv")


def test_quote_marks_between_tabs_are_parts_of_the_text(tmp_path):
    (tmp_path / "data.tsv").write_text('text\ttags\n"open quote\ta\n5" cup\tb;c\n"x\td\n')
    assert read(tmp_path / "data.tsv") == [('"open quote', ["a"]), ('5" cup', ["b", "c"]), ('"x', ["d"])]


def test_short_rows_and_empty_lines(tmp_path):
    (tmp_path / "data.csv").write_text("text,tags,more\na\n\nb,c,,\n")
    assert read(tmp_path / "data.csv") == [("a", []), ("b", ["c"])]


def test_several_columns_of_text_are_put_together(tmp_path):
    (tmp_path / "data.csv").write_text("title,body\nA,first\n ,second\n")
    assert [text for text, _ in read(tmp_path / "data.csv", ("title", "body"), None)] == ["A\nfirst", "second"]


def test_json_lines(tmp_path):
    rows = [{"text": "one", "tags": ["a", " b "]}, {"text": "two\nlines", "tags": "a;b"}, {"text": None}, {"tags": [7]}]
    (tmp_path / "data.txt").write_text("\n\n".join(map(json.dumps, rows)))
    assert read(tmp_path / "data.txt") == [("one", ["a", "b"]), ("two\nlines", ["a", "b"]), ("", []), ("", ["7"])]


def test_parquet(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"text": ["one", None], "tags": [["a", "b"], []], "day": pandas.to_datetime("2026-01-02")})
    frame.to_parquet(tmp_path / "data.parquet")
    assert read(tmp_path / "data.parquet") == [("one", ["a", "b"]), ("", [])]


def test_damaged_parquet_is_named(tmp_path):
    pandas = pytest.importorskip("pandas")
    pandas.DataFrame({"text": ["one"] * 9, "tags": ["a"] * 9}).to_parquet(tmp_path / "data.parquet")
    content = bytearray((tmp_path / "data.parquet").read_bytes())
    content[10:40] = bytes(30)
    (tmp_path / "data.parquet").write_bytes(content)
    with pytest.raises(ValueError, match=r"data.parquet cannot be read as Parquet: "):
        read(tmp_path / "data.parquet")


def test_parquet_without_pyarrow(tmp_path, monkeypatch):
    (tmp_path / "data.parquet").write_bytes(b"PAR1")
    with pytest.raises(ValueError, match=r"data.parquet cannot be read as Parquet"):
        read(tmp_path / "data.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ImportError, match=r"data.parquet is a Parquet file, which needs pyarrow: pip install pyarrow"):
        read(tmp_path / "data.parquet")


def test_standard_input(monkeypatch):
    data = io.BytesIO(spreadsheet(";").encode("utf-16"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(data))
    assert read("-") == READ
    with pytest.raises(ValueError, match="Standard input is empty"):
        read("-")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"text,tags\na, b and c,d\n", "line 2: it has 3 fields, and there are 2 columns; a text with ',' must be"),
        (b'text,tags\n"a\nb",\nx,y,z\n', "data.csv, line 4: it has 3 fields"),
        (b'text,tags\nx,y\n"a,b\n', "data.csv, line 3: unexpected end of data"),
        (b"sep=,\ntext,tags\nx,y,z\n", "data.csv, line 3: it has 3 fields"),
        (b"PK\3\4...", "data.csv is a workbook; save its sheet as CSV"),
        (b"", "data.csv is empty"),
        (b"\n\n", "no column 'text'; its columns are"),
        (b"Text;label\n", r"no column 'text'; its columns are 'Text', 'label'\. Is it 'Text'\?"),
        (b"text,tags,text\n", "data.csv has 2 columns 'text'; rename all but one"),
        (b"".join(b"c%d," % i for i in range(30)), r"'c19', \.\.\.\."),
        (b'[{"text": "a"}]', "is a JSON list; JSON lines are needed"),
        (b'{"text": "a", "tags": []}\n{"text": ', "data.csv, line 2: '{\"text\": ' is no JSON object"),
        (b'{"text": "a", "tags": []}\n[]', r"data.csv, line 2: '\[\]' is no JSON object"),
        (b'{"text": 7, "tags": []}', "data.csv, line 1, column 'text': 7 is no text"),
        (b'{"text": "a", "tags": []}\n{"text": "\\ud800"}', "data.csv, line 2, column 'text': .* is no text"),
        (b'{"text": "a", "tags": {"b": 1}}', "data.csv, line 1, column 'tags': .* is neither text nor a list of tags"),
        (b'{"text": 0, "tags": []}', "data.csv, line 1, column 'text': 0 is no text"),
        (b'{"text": "a", "tags": 0}', "data.csv, line 1, column 'tags': 0 is neither text nor a list of tags"),
        (b'{"text": "a", "tags": ["b", null]}', r"column 'tags': \['b', None\] is neither text nor a list of tags"),
        (b'{"body": "a", "tags": []}', r"no column 'text'; its columns are 'body', 'tags'\."),
    ],
)
def test_files_that_cannot_be_read(tmp_path, content, match):
    (tmp_path / "data.csv").write_bytes(content)
    with pytest.raises(ValueError, match=match):
        read(tmp_path / "data.csv")


def rewritten(source, target):
    with open_table(str(source), ["text"]) as table, open_output(str(target), table, ["predicted"], ";") as write:
        for row in table.rows:
            write({**row.cells, "predicted": ["a", "b"]})


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("out.csv", "id|text|predicted\n1|x, y|a;b\n"),
        ("out.tsv", "id\ttext\tpredicted\n1\tx, y\ta;b\n"),
        ("out.jsonl", '{"id": "1", "text": "x, y", "predicted": ["a", "b"]}\n'),
    ],
)
def test_what_is_written_follows_the_name_and_what_was_read(tmp_path, name, written):
    (tmp_path / "data.csv").write_text("id|text\n1|x, y\n")
    rewritten(tmp_path / "data.csv", tmp_path / name)
    assert (tmp_path / name).read_text() == written


def test_what_is_printed_follows_what_was_read(tmp_path, capsys):
    (tmp_path / "data.jsonl").write_text('{"text": "caf\u00e9", "more": {"x": [1]}}\n', encoding="utf-8")
    rewritten(tmp_path / "data.jsonl", "-")
    assert capsys.readouterr().out == '{"text": "caf\u00e9", "more": {"x": [1]}, "predicted": ["a", "b"]}\n'
    rewritten(tmp_path / "data.jsonl", tmp_path / "data.jsonl")  # a file may be replaced while it is read
    assert '"predicted"' in (tmp_path / "data.jsonl").read_text(encoding="utf-8")
    rewritten(tmp_path / "data.jsonl", tmp_path / "data.csv")
    written = "text,more,predicted\ncaf\u00e9,{'x': [1]},a;b\n"
    assert (tmp_path / "data.csv").read_text(encoding="utf-8") == written


def test_any_cell_is_written_so_that_it_can_be_read(tmp_path):
    cells = ["a\rb", "\r", "a\r\nb", '"', "a,b", "x\ny", "\u2028", "\x1b", "=1+1"]
    (tmp_path / "data.jsonl").write_text("".join(json.dumps({"text": cell}) + "\n" for cell in cells))
    rewritten(tmp_path / "data.jsonl", tmp_path / "out.csv")
    with open(tmp_path / "out.csv", newline="", encoding="utf-8") as stream:
        assert [row["text"] for row in csv.DictReader(stream)] == cells


def test_half_of_a_surrogate_pair_is_written_as_its_code(tmp_path, capsys):
    (tmp_path / "data.jsonl").write_text('{"text": "a", "more": "\\ud800"}\n')
    for name in ("out.jsonl", "out.csv", "-"):
        rewritten(tmp_path / "data.jsonl", name if name == "-" else tmp_path / name)
    assert json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8"))["more"] == "\ud800"
    assert "a,\\ud800,a;b\n" in (tmp_path / "out.csv").read_text(encoding="utf-8")
    assert '"more": "\\ud800"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("text,x,x,\na,b,c,d\n", "has 2 columns 'x', of which one could be written; rename them"),
        ('{"text": "a"}\n' * 1000 + '{"text": "a", "x": 1}\n', "Column 'x' is in none of the first 1000 rows"),
    ],
)
def test_no_column_is_lost(tmp_path, content, match):
    (tmp_path / "data").write_text(content)
    with pytest.raises(ValueError, match=match):
        rewritten(tmp_path / "data", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
