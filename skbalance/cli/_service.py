"""The service: tags over HTTP, for texts of many callers together.

Requests that arrive while others are being tagged wait, and are then tagged in one call: a call for 32 texts takes
little longer than one for a single text. Nobody waits for a batch to fill, and nobody waits long behind another: a
request is of a limited size, as is all that waits. What is refused is answered with a status of 4xx, or 503 while too
much waits, and with a reason that repeats nothing of the request.
"""

import asyncio
import copy
import json
import os
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from skbalance.cli._models import load_model

MAX_BODY = 1 << 20  # bytes of a request
MAX_TEXTS = 1000  # in a request
MAX_CHARACTERS = 50_000  # of a text
PER_TEXT = 20  # characters that a text costs beside its own
MAX_WAITING = 1 << 22  # characters of all requests that wait: some seconds of work


class Refused(Exception):
    """A request that is not served: a status of HTTP, and a reason, which repeats nothing that the caller sent."""


async def read_texts(receive):
    """The texts of a request, of which no more is kept than it may be long.

    Parameters
    ----------
    receive : async callable
        As ASGI has it; gives the body, in parts: JSON, ``{"texts": [...]}``.

    Returns
    -------
    texts : list of str

    Raises
    ------
    Refused
        If it is too long, or anything else.
    """
    body, length, more = bytearray(), 0, True
    while more and length <= 100 * MAX_BODY:
        message = await receive()
        chunk, more = message.get("body", b""), message.get("more_body", False)
        length += len(chunk)
        if length <= MAX_BODY:
            body += chunk
    if length > MAX_BODY:  # the rest was let pass: many clients read no answer before all is sent
        raise Refused(413, f"A request has at most {MAX_BODY} bytes.")
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "The body of a request is JSON.") from None
    texts = request.get("texts") if isinstance(request, dict) else None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Refused(422, 'A request is {"texts": [...]}, and each text is a string.')
    if not 1 <= len(texts) <= MAX_TEXTS:
        raise Refused(422, f"A request has 1 to {MAX_TEXTS} texts.")
    for number, text in enumerate(texts):
        if len(text) > MAX_CHARACTERS:
            raise Refused(422, f"A text has at most {MAX_CHARACTERS} characters; text {number}, from 0, has more.")
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise Refused(422, f"Text {number}, from 0, holds half of a surrogate pair, which is no character.")
    return texts


class Batches:
    """Tags texts of many callers together: a call begins when the one before is done, with what has arrived by then.

    Parameters
    ----------
    tag : callable
        Takes a list of texts and returns a list of as many results. It is called in a thread, one call at a time.
    max_texts : int
        Most texts in a call, save for those of one caller.
    max_characters : int
        Most characters in a call, with the same exception.
    """

    def __init__(self, tag, max_texts=256, max_characters=MAX_BODY):
        self.tag, self.max_texts, self.max_characters = tag, max_texts, max_characters
        self.waiting: list[SimpleNamespace] = []  # of each call to come, its texts, their size and their results
        self.turn = asyncio.Lock()

    async def __call__(self, texts):
        """Results for a caller's texts.

        Raises
        ------
        Refused
            If too much waits already.
        """
        size = sum(len(text) + PER_TEXT for text in texts)
        if self.waiting and size + sum(batch.size for batch in self.waiting) > MAX_WAITING:
            raise Refused(503, "Too many texts wait to be tagged. Try again later.")
        batch = self.waiting[-1] if self.waiting else None
        if not batch or len(batch.texts) + len(texts) > self.max_texts or batch.size + size > self.max_characters:
            batch = SimpleNamespace(texts=[], size=0)
            batch.results = asyncio.create_task(self._results(batch))
            self.waiting.append(batch)
        start = len(batch.texts)
        batch.texts += texts
        batch.size += size
        results = await asyncio.shield(batch.results)  # a caller may go, and the others wait on
        return results[start : start + len(texts)]

    async def _results(self, batch):
        async with self.turn:
            self.waiting.remove(batch)
            return await asyncio.to_thread(self.tag, batch.texts)


def make_app(model: Any = None) -> Callable:
    """Make the service of a model, an application of ASGI, which any server of these runs.

    ``POST /tags`` with ``{"texts": [...]}`` answers ``{"tags": [[...], ...]}``.

    Parameters
    ----------
    model : TagClassifier, default=None
        Fitted. None reads the file that the environment names in ``SKBALANCE_MODEL``.

    Returns
    -------
    app : callable
        For a server such as uvicorn.

    Examples
    --------
    >>> from skbalance import TagClassifier
    >>> from skbalance.cli import make_app
    >>> texts, tags = ["crude oil", "wheat", "oil and wheat"] * 9, [["oil"], ["wheat"], []] * 9
    >>> model = TagClassifier(random_state=0).fit(texts, tags)
    >>> app = make_app(model)  # uvicorn.run(app)
    """
    model = load_model(os.environ["SKBALANCE_MODEL"]) if model is None else copy.copy(model).set_params(sep=None)

    def tag(texts):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of texts without a known word
            return [list(tags) for tags in model.predict(texts)]

    batches = Batches(tag)

    async def app(scope, receive, send):
        if scope["type"] != "http":
            raise ValueError(f"This is a service over HTTP alone, not for {scope['type']}.")
        try:
            if (scope["method"], scope["path"]) != ("POST", "/tags"):
                raise Refused(404, "Send texts with POST to /tags.")
            status, answer = 200, {"tags": await batches(await read_texts(receive))}
        except Refused as refused:
            status, reason = refused.args
            answer = {"detail": reason}
        body = json.dumps(answer).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app
