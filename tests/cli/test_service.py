"""The service, without a server: the application is called as one would call it."""

import asyncio
import json
import os
import subprocess
import sys
import tracemalloc

import joblib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from skbalance import TagClassifier
from skbalance.cli import make_app
from skbalance.cli._models import load_model
from skbalance.cli._service import Batches, Refused, read_texts
from tests.cli.conftest import TAGS, TEXTS

# What a process loads that serves a model; reading a file of skops imports all of scikit-learn, and that torch.
SERVE = """
import json, sys
from skbalance.cli import make_app
make_app()
print(json.dumps([name for name in ("torch", "skorch", "skops", "uvicorn") if name in sys.modules]))
"""


async def answered(app, body=b"", method="POST", path="/tags"):
    """Status and answer to a request, whose body comes in two pieces."""
    pieces = [{"type": "http.request", "body": body[:9], "more_body": True}, {"type": "http.request", "body": body[9:]}]
    sent = []

    async def receive():
        return pieces.pop(0)

    async def send(message):
        sent.append(message)

    await app({"type": "http", "method": method, "path": path}, receive, send)
    assert dict(sent[0]["headers"])[b"content-length"] == str(len(sent[1]["body"])).encode()
    return sent[0]["status"], json.loads(sent[1]["body"])


def test_the_service_loads_no_torch(model, tmp_path):
    joblib.dump(load_model(model), tmp_path / "tags.joblib")
    command = [sys.executable, "-c", SERVE]
    environment = os.environ | {"SKBALANCE_MODEL": str(tmp_path / "tags.joblib")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize("kind", ["integers", "strings with a separator"])
def test_the_service_answers_with_what_json_holds(kind):
    numbers = [[len(tag) for tag in row] for row in TAGS]
    model = make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression(C=100)))
    if kind == "integers":
        model, want = TagClassifier(model).fit(TEXTS, numbers), numbers
    else:
        model, want = TagClassifier(model, sep=";").fit(TEXTS, [";".join(row) for row in TAGS]), TAGS
    asked = asyncio.run(answered(make_app(model), json.dumps({"texts": TEXTS}).encode()))
    assert asked == (200, {"tags": [sorted(set(row)) for row in want]})
    assert model.sep == (None if kind == "integers" else ";")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "reason"),
    [
        ("GET", "/tags", b"", 404, "Send texts with POST to /tags."),
        ("POST", "/", b"{}", 404, "Send texts with POST to /tags."),
        ("POST", "/tags", b"no json at all", 400, "The body of a request is JSON."),
    ],
)
def test_what_is_refused_is_answered(model, method, path, body, status, reason):
    app = make_app(load_model(model))
    assert asyncio.run(answered(app, body, method, path)) == (status, {"detail": reason})


def serve(batches, *requests):
    """Answers to requests that arrive at the same time; an exception stands for itself."""

    async def all_at_once():
        return await asyncio.gather(*(batches(texts) for texts in requests), return_exceptions=True)

    return asyncio.run(all_at_once())


def test_no_other_protocol(model):
    app = make_app(load_model(model))
    with pytest.raises(ValueError, match="over HTTP alone, not for websocket"):
        asyncio.run(app({"type": "websocket"}, None, None))


def test_callers_are_served_together():
    calls = []

    def tag(texts):
        calls.append(len(texts))
        return [text.upper() for text in texts]

    assert serve(Batches(tag, max_texts=5), ["a"], ["b", "c"], ["d", "e", "f"], list("ghijkl"), ["m"]) == [
        ["A"], ["B", "C"], ["D", "E", "F"], list("GHIJKL"), ["M"],
    ]  # fmt: skip
    assert calls == [3, 3, 6, 1]


def test_an_error_reaches_its_callers_and_no_other():
    def tag(texts):
        if "bad" in texts:
            raise ValueError("no such text")
        return texts

    first, second, third = serve(Batches(tag, max_texts=2), ["bad"], ["with it"], ["later", "on"])
    assert isinstance(first, ValueError)
    assert isinstance(second, ValueError)
    assert third == ["later", "on"]


def test_a_caller_that_is_gone():
    async def leave():
        service = Batches(lambda texts: texts)
        gone = asyncio.create_task(service(["gone"]))
        await asyncio.sleep(0)
        gone.cancel()
        return await asyncio.wait_for(service(["here"]), timeout=60)

    assert asyncio.run(leave()) == ["here"]


def read(body, size=1 << 16):
    """What the service reads of a body that comes in pieces: texts, or a status and a reason."""

    pieces = [body[start : start + size] for start in range(0, len(body), size)] or [b""]

    async def receive():
        return {"body": pieces.pop(0), "more_body": bool(pieces)}

    try:
        return asyncio.run(read_texts(receive))
    except Refused as refused:
        return refused.args


def test_a_request_is_read():
    texts = ["oil and gas", "", "\u00f6l \U0001f6e2"]
    for size in (1, 7, 1 << 16):
        assert read(json.dumps({"texts": texts}).encode(), size) == texts


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "is JSON"),
        (b"\xff\xfe", 400, "is JSON"),
        (b"secret", 400, "is JSON"),
        (b"[" * 900_000, 400, "is JSON"),
        (b'{"texts": ' + b"1" * 5000 + b"}", 400, "is JSON"),
        (b'["secret"]', 422, "each text is a string"),
        (b'{"texts": "secret"}', 422, "each text is a string"),
        (b'{"texts": ["secret", 7]}', 422, "each text is a string"),
        (b'{"secret": []}', 422, "each text is a string"),
        (b'{"texts": []}', 422, "1 to 1000 texts"),
        (json.dumps({"texts": ["secret"] * 1001}).encode(), 422, "1 to 1000 texts"),
        (json.dumps({"texts": ["a", "secret" * 9000]}).encode(), 422, "at most 50000 characters; text 1"),
        (b'{"texts": ["secret \\ud800"]}', 422, "surrogate"),
    ],
)
def test_a_request_that_is_refused_is_not_repeated(body, status, reason):
    found, told = read(body)
    assert found == status
    assert reason in told
    assert "secret" not in told


def test_of_a_long_request_no_more_is_kept_than_one_may_be_long():
    left = list(range(30))

    async def receive():
        return {"body": bytes(1_000_000), "more_body": bool(left.pop())}

    tracemalloc.start()
    with pytest.raises(Refused, match="at most 1048576 bytes") as caught:
        asyncio.run(read_texts(receive))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.args[0] == 413
    assert peak < 5_000_000


def test_a_request_without_end_is_not_read_for_ever():
    async def receive():
        return {"body": bytes(1 << 20), "more_body": True}

    with pytest.raises(Refused, match="at most 1048576 bytes"):
        asyncio.run(read_texts(receive))


@settings(max_examples=100, deadline=None)
@given(
    body=st.binary(max_size=40)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from(["texts", "x"]), inside),
        max_leaves=6,
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_body_is_texts_or_refused(body):
    found = read(body)
    assert found[0] in (400, 422) or all(isinstance(text, str) for text in found)


def test_what_waits_is_limited():
    """Long requests of one caller make no other wait for more than these."""
    texts = ["x" * 50_000] * 20
    calls = []

    def tag(some):
        calls.append(sum(map(len, some)))
        return some

    answers = serve(Batches(tag), *[texts] * 10, ["short"])
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert [answer.args[0] for answer in refused] == [503] * len(refused)
    assert 5 <= len(refused) <= 6
    assert answers[-1] == ["short"] or answers[-1] in refused
    assert max(calls) <= 1 << 20


def test_empty_texts_wait_too():
    answers = serve(Batches(list), *[[""] * 1000] * 300)
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert len(refused) == 300 - (1 << 22) // 20_000
