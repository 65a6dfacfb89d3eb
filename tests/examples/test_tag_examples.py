"""The examples that tag a CSV file and serve the tags; FastAPI is not needed."""

import asyncio
import csv
import io
import json
import runpy
import subprocess
import sys
from pathlib import Path

import joblib
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from skbalance import TagClassifier

EXAMPLES = Path(__file__).parents[2] / "examples"
TEXTS = ["wheat and corn", "wheat rises", "oil rises", "corn falls", "oil and gas", "gas falls"]
TAGS = [["wheat", "corn"], ["wheat"], ["oil"], ["corn"], ["oil", "gas"], ["gas"]]
# What a process loads that serves a model without the web framework.
SERVE = """
import json, runpy, sys
tag = runpy.run_path(sys.argv[1])["load_tagger"](sys.argv[2])
print(json.dumps([tag(["oil and gas"]), [name for name in ("fastapi", "torch", "skorch") if name in sys.modules]]))
"""


@pytest.fixture(scope="module")
def csv_example():
    return runpy.run_path(str(EXAMPLES / "tag_csv.py"))


@pytest.fixture(scope="module")
def written(tmp_path_factory, csv_example):
    """The file of a model, of a CSV file with other names of columns, an empty row and spaces around tags."""
    folder = tmp_path_factory.mktemp("csv")
    rows = [f'"{text}, today",{" | ".join(tags)}' for text, tags in zip(TEXTS, TAGS)] * 10
    (folder / "data.csv").write_text("\n".join(["body,labels", *rows, ",wheat"]) + "\n")
    model = folder / "model.joblib"
    options = ["--text", "body", "--tags", "labels", "--separator", "|", "--model", str(model)]
    scores = csv_example["main"]([str(folder / "data.csv"), *options])
    return model, scores


def test_csv_to_model(written):
    model, scores = written
    assert scores["micro"] == scores["macro"] == 1
    assert joblib.load(model).predict(["oil and gas"]) == [("gas", "oil")]


def test_csv_without_the_column(tmp_path, csv_example):
    (tmp_path / "data.csv").write_text("body,labels\na,b\n")
    with pytest.raises(ValueError, match=r"no column 'text'; its columns are \['body', 'labels'\]"):
        csv_example["main"]([str(tmp_path / "data.csv")])


COLUMNS = [["id", "text", "tags"], ["1", 'café, "au lait"; 5" cup\tto go', "drink;hot"], ["2", "two\nlines", ""]]
READ = ([COLUMNS[1][1], COLUMNS[2][1]], [["drink", "hot"], []])


def spreadsheet(delimiter, newline="\r\n"):
    """Text of a file that a spreadsheet writes."""
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator=newline).writerows(COLUMNS)
    return stream.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_what_spreadsheets_write(tmp_path, csv_example, delimiter, encoding):
    for text in (spreadsheet(delimiter), spreadsheet(delimiter, "\n"), f"sep={delimiter}\r\n{spreadsheet(delimiter)}"):
        (tmp_path / "data.csv").write_bytes(text.encode(encoding))
        assert csv_example["read"](tmp_path / "data.csv", "text", "tags", ";") == READ


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16-le"])
def test_other_encodings_are_given(tmp_path, csv_example, encoding):
    (tmp_path / "data.csv").write_bytes(spreadsheet(",").encode(encoding))
    assert csv_example["read"](tmp_path / "data.csv", "text", "tags", ";", encoding) == READ
    with pytest.raises(ValueError, match=f"data.csv .*--encoding.*{encoding}"):
        csv_example["read"](tmp_path / "data.csv", "text", "tags", ";")
    with pytest.raises(ValueError, match="cannot be read as no-such: unknown encoding"):
        csv_example["read"](tmp_path / "data.csv", "text", "tags", ";", "no-such")


def test_quote_marks_between_tabs_are_parts_of_the_text(tmp_path, csv_example):
    (tmp_path / "data.tsv").write_text('text\ttags\n"open quote\ta\n5" cup\tb;c\n"x\td\n')
    assert csv_example["read"](tmp_path / "data.tsv", "text", "tags", ";") == (
        ['"open quote', '5" cup', '"x'], [["a"], ["b", "c"], ["d"]],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"text,tags\na, b and c,d\n", "line 2: it has more fields than there are columns; a text with ',' must be"),
        (b'text,tags\nx,y\n"a,b\n', "data.csv, line 3: unexpected end of data"),
        (b"PK\3\4...", "is a workbook; save its sheet as CSV"),
        (b"", r"no column 'text'; its columns are \[\]"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, csv_example, content, match):
    (tmp_path / "data.csv").write_bytes(content)
    with pytest.raises(ValueError, match=match):
        csv_example["read"](tmp_path / "data.csv", "text", "tags", ";")


def test_service_loads_neither_torch_nor_the_framework(written):
    command = [sys.executable, "-c", SERVE, str(EXAMPLES / "tag_service.py"), str(written[0])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[["gas", "oil"]], []]


@pytest.mark.parametrize("kind", ["integers", "strings with a separator"])
def test_service_answers_with_what_json_holds(tmp_path, kind):
    numbers = [[len(tag) for tag in row] for row in TAGS]
    model = make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression(C=100)))
    if kind == "integers":
        model, want = TagClassifier(model).fit(TEXTS, numbers), numbers
    else:
        model, want = TagClassifier(model, sep=";").fit(TEXTS, [";".join(row) for row in TAGS]), TAGS
    joblib.dump(model, tmp_path / "model.joblib")
    tag = runpy.run_path(str(EXAMPLES / "tag_service.py"))["load_tagger"](tmp_path / "model.joblib")
    assert json.loads(json.dumps(tag(TEXTS))) == [sorted(set(row)) for row in want]


@pytest.fixture
def batches():
    return runpy.run_path(str(EXAMPLES / "tag_service.py"))["Batches"]


def serve(batches, *requests):
    """Answers to requests that arrive at the same time; an exception stands for itself."""

    async def all_at_once():
        worker = asyncio.create_task(batches.run())
        answers = await asyncio.gather(*(batches(texts) for texts in requests), return_exceptions=True)
        worker.cancel()
        return answers

    return asyncio.run(all_at_once())


def test_callers_are_served_together(batches):
    calls = []

    def tag(texts):
        calls.append(len(texts))
        return [text.upper() for text in texts]

    assert serve(batches(tag, max_texts=5), ["a"], ["b", "c"], ["d", "e", "f"], list("ghijkl"), ["m"]) == [
        ["A"], ["B", "C"], ["D", "E", "F"], list("GHIJKL"), ["M"],
    ]  # fmt: skip
    assert calls == [3, 3, 6, 1]


def test_an_error_reaches_its_callers_and_no_other(batches):
    def tag(texts):
        if "bad" in texts:
            raise ValueError("no such text")
        return texts

    first, second, third = serve(batches(tag, max_texts=2), ["bad"], ["with it"], ["later", "on"])
    assert isinstance(first, ValueError)
    assert isinstance(second, ValueError)
    assert third == ["later", "on"]


def test_a_caller_that_is_gone(batches):
    async def leave():
        service = batches(lambda texts: texts)
        gone = asyncio.create_task(service(["gone"]))
        await asyncio.sleep(0)
        gone.cancel()
        worker = asyncio.create_task(service.run())
        answer = await asyncio.wait_for(service(["here"]), timeout=60)
        worker.cancel()
        return answer

    assert asyncio.run(leave()) == ["here"]
