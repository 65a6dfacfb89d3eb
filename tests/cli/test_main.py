"""The commands, from a file of tickets to a file of tags, and how they end."""

import csv
import json
import os
import subprocess
import sys
import warnings

import pytest

from skbalance import TagClassifier, __version__
from skbalance.cli import _main, main
from skbalance.cli._models import load_model
from tests.cli.conftest import TAGS, TEXTS

COLUMNS = ["--text", "body", "--tags", "labels", "--sep", "|"]
# What a process loads that shows the help.
HELP = """
import json, sys
from skbalance.cli import main
try:
    main(["fit", "--help"])
except SystemExit as end:
    print(json.dumps([end.code, [name for name in ("torch", "sklearn", "numpy", "asyncio") if name in sys.modules]]))
"""


def read(path):
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def failed(capsys, *argv):
    """The one line that a command says that fails on a file."""
    assert main(list(argv)) == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("skbalance: ")]
    return line.removeprefix("skbalance: ")


def test_fit(tickets, tmp_path, capsys):
    path = tmp_path / "tags.joblib"
    assert main(["fit", tickets, *COLUMNS, "--output", str(path)]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "60 texts, 4 tags, 0 of them with at most 8 texts."
    assert "F1 on 20% of the rows, which were held out: micro 1.000, macro 1.000, " in out
    assert f"Written: {path}, 0.0 MB." in out
    assert "Note: 1 rows without a text are left out.\n" in err
    assert err.count("Fit 6 of 6") == 2
    assert load_model(str(path)).predict(["oil and gas"]) == [("gas", "oil")]
    assert os.listdir(tmp_path) == ["tags.joblib"]


def test_fit_without_a_trial(tickets, tmp_path, capsys):
    assert main(["fit", tickets, *COLUMNS, "--output", str(tmp_path / "a"), "--test-size", "0"]) == 0
    out, err = capsys.readouterr()
    assert "F1" not in out
    assert err.count("Fit 6 of 6") == 1


def test_fit_with_a_page(tickets, tmp_path):
    page = tmp_path / "page.html"
    assert main(["fit", tickets, *COLUMNS, "--output", str(tmp_path / "tags.skops"), "--report", str(page)]) == 0
    assert "wheat and corn, today" in page.read_text(encoding="utf-8")
    assert sorted(os.listdir(tmp_path)) == ["page.html", "tags.skops"]


def test_fit_with_an_encoder(tickets, encoder_folder, tmp_path, capsys):
    model, output = str(tmp_path / "tags.skops"), tmp_path / "tagged.csv"
    encoder = ["--embedder", str(encoder_folder)]
    assert main(["fit", tickets, *COLUMNS, *encoder, "--test-size", "0", "--output", model]) == 0
    assert main(["predict", model, tickets, "--text", "body", *encoder, "--output", str(output)]) == 0
    assert read(output)[4]["predicted"] == "gas;oil"
    assert "is no model that can be used: it needs the folder of its encoder, --embedder" in failed(
        capsys, "report", model
    )


def test_report(model, tickets, tmp_path):
    page = tmp_path / "page.html"
    assert main(["report", model, tickets, *COLUMNS, "--output", str(page)]) == 0
    assert "wheat and corn, today" in page.read_text(encoding="utf-8")
    assert main(["report", model, "--output", str(page)]) == 0
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert "wheat and corn, today" not in page.read_text(encoding="utf-8")


def test_tags_that_are_sure(tickets, tmp_path, capsys):
    """With a promise only what is sure is predicted; the rest is for a person to look at."""
    model, output = str(tmp_path / "tags.skops"), tmp_path / "look.csv"
    argv = [*COLUMNS, "--test-size", "0", "--output", model, "--min-precision", "0.99", "--confidence", "0.99"]
    assert main(["fit", tickets, *argv]) == 0
    assert "Promises(precision >= 0.99, confidence 0.99: " in capsys.readouterr().out
    assert main(["review", model, tickets, "--text", "body", "--output", str(output)]) == 0
    rows = read(output)
    assert list(rows[0]) == ["body", "labels", "doubt", "predicted", "best", "unsure"]
    loaded = load_model(model)
    texts = [row["body"] for row in rows]
    assert [row["predicted"] for row in rows] == [";".join(tags) for tags in loaded.predict(texts)]
    unsure = dict(loaded.to_review(texts))
    assert unsure
    assert [row["unsure"] for row in rows] == [";".join(unsure.get(number, [])) for number in range(60)]
    assert "argument --min-precision: invalid" in stopped(capsys, "fit", tickets, "--min-precision", "1")


def test_review(model, tmp_path):
    texts = ["oil rises today", "", "oil or wheat or xyzzy", "gas falls"]
    (tmp_path / "new.csv").write_text("id,text\n" + "".join(f"{row},{text}\n" for row, text in enumerate(texts)))
    order = load_model(model).review_order(texts)
    output = tmp_path / "look.csv"
    assert main(["review", model, str(tmp_path / "new.csv"), "--number", "9", "--output", str(output)]) == 0
    rows = read(output)
    assert list(rows[0]) == ["id", "text", "doubt", "predicted", "best"]
    assert [row["id"] for row in rows] == [str(row) for row in order if texts[row]]
    assert [row["doubt"] for row in rows] == [f"{load_model(model).doubt([row['text']])[0]:.3f}" for row in rows]
    assert [row["predicted"] for row in rows if row["id"] == "0"] == ["oil"]
    assert [len(row["best"].split(";")) for row in rows] == [3, 3, 3]
    assert main(["review", model, str(tmp_path / "new.csv"), "--number", "1", "--output", str(output)]) == 0
    assert read(output) == rows[:1]


def test_review_of_no_texts(model, tmp_path, capsys):
    (tmp_path / "new.tsv").write_text("id\ttext, or title\n1\t\n")
    assert main(["review", model, str(tmp_path / "new.tsv"), "--text", "text, or title", "--delimiter", "tab"]) == 0
    assert capsys.readouterr().out == "id\ttext, or title\tdoubt\tpredicted\tbest\n"


def test_issues(tmp_path, capsys):
    """A tag that was taken away, and one that was added, come first."""
    rows = [(text, list(tags)) for text, tags in zip(TEXTS, TAGS)] * 10
    rows[1], rows[2] = (rows[1][0], []), (rows[2][0], ["oil", "corn"])
    lines = "".join(f"{number},{text},{';'.join(tags)}\n" for number, (text, tags) in enumerate(rows))
    (tmp_path / "data.csv").write_text("id,text,tags\n,,\n" + lines)
    (tmp_path / "other.csv").write_text("id,text,tags\n" + lines.replace("corn", "rice"))
    model, output = str(tmp_path / "tags.skops"), tmp_path / "doubtful.csv"
    assert main(["fit", str(tmp_path / "data.csv"), "--output", model, "--test-size", "0"]) == 0
    assert main(["issues", model, str(tmp_path / "data.csv"), "--number", "2", "--output", str(output)]) == 0
    found = read(output)
    assert list(found[0]) == ["id", "text", "tags", "issue", "doubtful_tag", "probability", "words"]
    assert {(row["id"], row["issue"], row["doubtful_tag"]) for row in found} == {
        ("1", "missing", "wheat"), ("2", "wrong", "corn"),
    }  # fmt: skip
    told = failed(capsys, "issues", model, str(tmp_path / "other.csv"))
    assert told.endswith("other.csv is not the table that " + model + " was trained on: tags differ.")


def test_predict(model, tickets, tmp_path):
    output = tmp_path / "tagged.csv"
    assert main(["predict", model, tickets, "--text", "body", "--output", str(output), "--top", "9"]) == 0
    rows = read(output)
    assert list(rows[0]) == ["body", "labels", "predicted", "best"]
    assert [row["predicted"] for row in rows[:6]] == ["corn;wheat", "wheat", "oil", "corn", "gas;oil", "gas"]
    assert rows[2]["best"].startswith("oil 1.00;")
    assert len(rows[2]["best"].split(";")) == 4
    assert (rows[-1]["body"], rows[-1]["predicted"], rows[-1]["best"]) == ("", "", "")  # without a text no tag
    assert len(rows) == 61


def test_predict_takes_parts_of_the_table(model, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(_main, "_CHUNK", 2)
    texts = ["wheat", "", "", "", "xyzzy", "oil", "gas"]
    (tmp_path / "data.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    assert main(["predict", model, str(tmp_path / "data.jsonl")]) == 0
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["text"] for row in rows] == texts
    assert [row["predicted"] for row in rows if row["text"] not in ("", "xyzzy")] == [["wheat"], ["oil"], ["gas"]]
    assert rows[1]["predicted"] == []
    assert err.splitlines() == [
        f"Note: from {tmp_path}/data.jsonl, line 5 on: 1 of 2 texts have no known word, the first is row 0 "
        "(counted from 0); they get the commonest tag."
    ]


def test_predict_writes_all_or_nothing(model, tmp_path, capsys):
    (tmp_path / "data.csv").write_text("text,tags\nwheat,\na,b,c\n")
    (tmp_path / "tagged.csv").write_text("before")
    told = failed(capsys, "predict", model, str(tmp_path / "data.csv"), "--output", str(tmp_path / "tagged.csv"))
    assert "data.csv, line 3: it has 3 fields" in told
    assert {path.name: path.read_text() for path in tmp_path.glob("tagged*")} == {"tagged.csv": "before"}
    assert len(os.listdir(tmp_path)) == 2


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("text,tags\n", "data.csv has 0 rows, and no text in any of them."),
        ("text,tags\n ,a\n", "data.csv has 1 rows, and no text in any of them."),
        ("text,tags\n" + "one text,\n" * 20, "Every text of data.csv has the same tags, []; there is nothing"),
        ("text,tags\none,a\ntwo,b\n", "data.csv has 2 texts; at least 10 are needed to learn from."),
        (
            "text,tags\n" + "some text,spam\n" * 10_000,
            "Every text of data.csv has the same tags, ['spam']; there is nothing",
        ),
        ("body,labels\na,b\n", "data.csv has no column 'text'; its columns are 'body', 'labels'."),
    ],
)
def test_tables_that_nothing_can_be_learnt_from(tmp_path, monkeypatch, capsys, content, match):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text(content)
    assert match in failed(capsys, "fit", "data.csv")
    assert os.listdir() == ["data.csv"]


@pytest.mark.parametrize(
    ("argv", "match"),
    [
        (["predict", "none.skops", "{tickets}", "--text", "body"], "none.skops: No such file or directory"),
        (["predict", "{model}", "none.csv"], "none.csv: No such file or directory"),
        (
            ["predict", "{tickets}", "{tickets}", "--text", "body"],
            "tickets.csv is no model that can be used: File is",
        ),
        (["predict", "{model}", "{model}"], "tags.skops is a workbook"),
        (["predict", "{model}", "{tickets}"], "no column 'text'; its columns are 'body', 'labels'"),
        (["predict", "{model}", "{tickets}", "--text", "bodies"], "Is it 'body'?"),
        (
            ["predict", "{model}", "{tickets}", "--text", "body", "--output", "none/a.csv"],
            "none/a.csv: No such",
        ),
        (["fit", "{tickets}", *COLUMNS, "--output", "none/tags.skops"], "none/tags.skops: No such"),
        (["fit", "{tickets}", *COLUMNS, "--report", "."], ".: It is no file that can be replaced"),
        (["fit", "{tickets}", *COLUMNS, "--output", "x", "--report", "./x"], "./x cannot be both the model, --output"),
        (["report", "{model}", "", "--text", "body"], ": No such file or directory"),
        (["report", "{model}", "{tickets}", "--output", "none/a.html"], "none/a.html: No such"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(tmp_path, monkeypatch, capsys, model, tickets, argv, match):
    monkeypatch.chdir(tmp_path)
    assert match in failed(capsys, *(one.format(model=model, tickets=tickets) for one in argv))
    assert os.listdir() == []


def stopped(capsys, *argv):
    """What is said of a wrong command."""
    with pytest.raises(SystemExit) as end:
        main(list(argv))
    assert end.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["train", "a.csv"],
        ["fit"],
        ["fit", "a.csv", "--test-size", "1"],
        ["fit", "a.csv", "--jobs", "0"],
        ["fit", "a.csv", "--embedder", "no folder"],
        ["fit", "a.csv", "--delimiter", ",,"],
        ["fit", "a.csv", "--sep", ""],
        ["predict", "a.skops", "a.csv", "--top", "none"],
    ],
)
def test_a_wrong_command(argv, capsys):
    assert stopped(capsys, *argv).startswith("usage: skbalance")


def test_control_c_leaves_nothing(tickets, tmp_path, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(TagClassifier, "fit", interrupted)
    assert main(["fit", tickets, *COLUMNS, "--output", str(tmp_path / "tags.skops")]) == 130
    assert capsys.readouterr().err.endswith("skbalance: stopped; no file was written.\n")
    assert os.listdir(tmp_path) == []


def test_each_warning_is_a_line_and_no_more(capsys):
    with _main.notes("here: "):
        for _ in range(3):
            warnings.warn("something", UserWarning, stacklevel=1)
    assert capsys.readouterr().err == "Note: here: something\n"


def test_help_has_an_example_of_each_command(capsys):
    for command in ("fit", "predict", "review", "issues", "report", "serve"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        example = capsys.readouterr().out.split("example:\n")[1].splitlines()[0]
        argv = example.replace('"', "").split()[1:]
        assert argv[0] == command
        options = vars(_main._parser().parse_args(argv))
        assert options["command"] == command


def test_the_help_loads_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [0, []]


def test_python_m_skbalance(tmp_path):
    def run(*argv, **options):
        command = [sys.executable, "-m", "skbalance", *argv]
        return subprocess.run(command, capture_output=True, text=True, timeout=300, **options)

    shown = run("--version")
    assert (shown.returncode, shown.stdout) == (0, f"{__version__}\n")
    wrong = run("fit", "-", "--output", str(tmp_path / "tags.skops"), input="body,labels\n")
    assert wrong.returncode == 1
    assert wrong.stderr == "skbalance: Standard input has no column 'text'; its columns are 'body', 'labels'.\n"
    assert wrong.stdout == ""


def test_who_reads_the_output_may_stop(model, tickets):
    command = [sys.executable, "-m", "skbalance", "predict", model, tickets, "--text", "body"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


def test_serve(model, monkeypatch, capsys):
    served = {}
    server = type("uvicorn", (), {"run": staticmethod(lambda app, **how: served.update(how, app=app))})
    monkeypatch.setitem(sys.modules, "uvicorn", server)
    assert main(["serve", model, "--port", "8123"]) == 0
    assert (served["host"], served["port"]) == ("127.0.0.1", 8123)
    assert callable(served["app"])
    assert "http://127.0.0.1:8123/tags" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert "pip install 'skbalance[serve]'" in failed(capsys, "serve", model)
