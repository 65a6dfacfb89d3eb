"""The examples that tag a CSV file and serve the tags; FastAPI is not needed."""

import asyncio
import json
import runpy
import subprocess
import sys
from pathlib import Path

import joblib
import pytest

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


def test_service_loads_neither_torch_nor_the_framework(written):
    command = [sys.executable, "-c", SERVE, str(EXAMPLES / "tag_service.py"), str(written[0])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[["gas", "oil"]], []]


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
