"""
Tags over HTTP
==============

Serves a fitted :class:`~skbalance.text.TagClassifier` that ``joblib.dump`` has written, such as the file of
``examples/tag_csv.py``::

    pip install fastapi uvicorn
    TAG_MODEL=tags.joblib uvicorn --app-dir examples --factory tag_service:make_app
    curl -X POST localhost:8000/tags -H "Content-Type: application/json" -d '{"texts": ["oil and gas fall"]}'

Requests that arrive while others are being tagged wait, and are then tagged in one call: a call for 32 texts takes
little longer than one for a single text. No torch is loaded.
"""

import asyncio
import contextlib
import os

import joblib


class Batches:
    """Tags texts of many callers together.

    Parameters
    ----------
    tag : callable
        Takes a list of texts and returns a list of as many results. It is called in a thread, one call at a time.
    max_texts : int
        Most texts in a call, save for those of one caller.
    """

    def __init__(self, tag, max_texts=256):
        self.tag, self.max_texts = tag, max_texts
        self.waiting = []
        self.arrived = asyncio.Event()

    async def __call__(self, texts):
        """Results for a caller's texts."""
        future = asyncio.get_running_loop().create_future()
        self.waiting.append((texts, future))
        self.arrived.set()
        return await future

    async def run(self):
        """Serve the callers, until it is cancelled."""
        while True:
            await self.arrived.wait()
            batch = self._next()
            texts = [text for some, _ in batch for text in some]
            try:
                results = await asyncio.to_thread(self.tag, texts)
            except Exception as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            start = 0
            for some, future in batch:
                if not future.done():  # a caller may have gone
                    future.set_result(results[start : start + len(some)])
                start += len(some)

    def _next(self):
        batch = [self.waiting.pop(0)]
        size = len(batch[0][0])
        while self.waiting and size + len(self.waiting[0][0]) <= self.max_texts:
            batch.append(self.waiting.pop(0))
            size += len(batch[-1][0])
        if not self.waiting:
            self.arrived.clear()
        return batch


def load_tagger(path):
    """A function from texts to lists of tags, of a model in a file. Load only files that you trust."""
    model = joblib.load(path)
    model.set_params(sep=None)  # lists of tags, whatever it was trained on
    model.predict(["warm up"])  # what is loaded when it is first used is loaded now
    return lambda texts: [list(tags) for tags in model.predict(texts)]


def make_app(path=None):
    """The service: ``POST /tags`` with ``{"texts": [...]}`` answers ``{"tags": [[...], ...]}``."""
    from fastapi import Body, FastAPI

    body = Body(embed=True, min_length=1, max_length=1000)
    batches = Batches(load_tagger(path or os.environ["TAG_MODEL"]))

    @contextlib.asynccontextmanager
    async def lifespan(app):
        worker = asyncio.create_task(batches.run())
        yield
        worker.cancel()

    app = FastAPI(title="Tags", lifespan=lifespan)

    @app.post("/tags")
    async def tags(texts: list[str] = body) -> dict[str, list[list]]:
        return {"tags": await batches(texts)}

    return app
