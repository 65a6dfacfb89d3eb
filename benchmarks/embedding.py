"""What the embedding cache saves: texts encoded in a search, and seconds for a second pass.

Run ``SKBALANCE_ENCODER=folder python benchmarks/embedding.py``: the folder of a sentence-transformers model, or its
name on the Hub. With the environment variable SKBALANCE_DATA, the texts are Reuters articles, otherwise made-up
sentences. Absolute times depend on the machine; counts and ratios matter. Rows that are in
`benchmarks/results/embedding.csv` already are not run again; ``--fresh`` starts anew. The table is written to
`benchmarks/results/embedding.md`.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from tables import Table, add_options, markdown_table, parse, run_tasks, write

from skbalance import SentenceEmbedder
from skbalance.datasets import fetch_reuters21578

FIELDS = ("task", "features", "texts", "encoded", "seconds")
PASS, SEARCH = "one pass", "search, 4 candidates, 5 folds"
NONE, MEMORY, EMPTY, FULL = "no cache", "Pipeline(memory=...)", "cache, empty", "cache, full"
FEATURES = {PASS: (NONE, EMPTY, FULL), SEARCH: (NONE, MEMORY, EMPTY, FULL)}
# Texts of the search, and the characters kept of each: without a cache it encodes them all 21 times.
N_SEARCHED, N_CHARACTERS = 100, 200


class Counter:
    """Counts the texts that any model encodes."""

    def __init__(self):
        from sentence_transformers import SentenceTransformer

        self.encoded, encode = 0, SentenceTransformer.encode

        def counting_encode(model, texts, *args, **kwargs):
            self.encoded += len(texts)
            return encode(model, texts, *args, **kwargs)

        SentenceTransformer.encode = counting_encode

    def run(self, function):
        """How many texts are encoded while a function runs, and the seconds it takes."""
        self.encoded, start = 0, time.perf_counter()
        function()
        return self.encoded, time.perf_counter() - start


def load_texts(n_texts):
    if os.environ.get("SKBALANCE_DATA"):
        corpus = fetch_reuters21578(data_home=os.environ["SKBALANCE_DATA"], download_if_missing=False)
        return list(dict.fromkeys(corpus.data))[:n_texts]
    words = np.array(["wheat", "corn", "crude", "oil", "gas", "trade", "money", "bank", "ship", "gold"])
    rng = np.random.default_rng(0)
    return [f"{number} " + " ".join(rng.choice(words, 100)) for number in range(n_texts)]


def search(embedder, texts, memory=None):
    pipeline = Pipeline([("embedding", embedder), ("classifier", LogisticRegression(max_iter=1000))], memory=memory)
    grid = {"classifier__C": [0.1, 1.0, 10.0, 100.0]}
    GridSearchCV(pipeline, grid, cv=5, error_score="raise").fit(texts, np.arange(len(texts)) % 2)


def measure(model, n_texts, task):
    """Rows of a task, for each way to keep vectors."""
    texts = load_texts(n_texts)
    if task == SEARCH:
        texts = list(dict.fromkeys(text[:N_CHARACTERS] for text in texts))[:N_SEARCHED]
    counter, rows = Counter(), []
    with tempfile.TemporaryDirectory() as folder:
        plain, cached = SentenceEmbedder(model), SentenceEmbedder(model, cache_dir=Path(folder, "embeddings"))
        plain.transform(texts[:1])  # the model is loaded before anything is timed
        for features in FEATURES[task]:
            embedder = plain if features in (NONE, MEMORY) else cached
            memory = str(Path(folder, "memory")) if features == MEMORY else None
            if task == PASS:
                counts = counter.run(lambda e=embedder: e.transform(texts))
            else:
                counts = counter.run(lambda e=embedder, m=memory: search(e, texts, m))
            rows.append((task, features, len(texts), *counts))
    return rows


def markdown(table):
    rows = []
    for task in FEATURES:
        found = table.select(task=task)
        plain = [float(row["seconds"]) for row in found if row["features"] == NONE]
        for row in found:
            seconds = float(row["seconds"])
            cells = [f"{seconds:.3f}", f"{seconds / plain[0]:.2g}"]
            rows.append([task, row["features"], row["texts"], row["encoded"], *cells])
    head = ("task", "features", "texts", "encoded", "seconds", "ratio")
    note = "Sentence embeddings: texts that the model is given to encode, and wall seconds; the ratio is to no cache."
    return ["# Embeddings", "", note, "", *markdown_table(head, rows)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=os.environ.get("SKBALANCE_ENCODER", "all-MiniLM-L6-v2"))
    parser.add_argument("--n-texts", type=int, default=500)
    add_options(parser, "embedding.csv")
    arguments = parse(parser)
    table = Table("embedding.csv", FIELDS, n_keys=2)
    if not arguments.tables:
        tasks = [(arguments.model, arguments.n_texts, task) for task in FEATURES if not table.has(task, FULL)]
        for rows in run_tasks(measure, tasks, jobs=arguments.jobs, label="embeddings"):
            for row in rows:
                table.add(*row)
    table.sort(FEATURES, FEATURES[SEARCH])
    if table.rows:
        write("embedding.md", markdown(table))


if __name__ == "__main__":
    main()
