"""What the embedding cache saves: texts encoded in a search, and seconds for a second pass.

    python benchmarks/embedding.py --model /path/to/all-MiniLM-L6-v2 --n-texts 500

Takes a model's folder or its name on the Hub. With the environment variable SKBALANCE_DATA, the texts are
Reuters articles, otherwise made-up sentences. Absolute times depend on the machine; counts and ratios matter.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from skbalance import SentenceEmbedder
from skbalance.datasets import fetch_reuters21578

encoded = 0
_encode = SentenceTransformer.encode


def counting_encode(self, texts, *args, **kwargs):
    global encoded
    encoded += len(texts)
    return _encode(self, texts, *args, **kwargs)


def count(function):
    """Return how many texts the model sees while a function runs, and the seconds it takes."""
    global encoded
    encoded, start = 0, time.perf_counter()
    function()
    return encoded, time.perf_counter() - start


def load_texts(n_texts):
    if os.environ.get("SKBALANCE_DATA"):
        texts = list(dict.fromkeys(fetch_reuters21578(download_if_missing=False).data))
        return texts[:n_texts]
    words = np.array(["wheat", "corn", "crude", "oil", "gas", "trade", "money", "bank", "ship", "gold"])
    rng = np.random.default_rng(0)
    return [f"{number} " + " ".join(rng.choice(words, 100)) for number in range(n_texts)]


def search(embedder, texts, memory=None):
    pipeline = Pipeline([("embedding", embedder), ("classifier", LogisticRegression(max_iter=1000))], memory=memory)
    grid = {"classifier__C": [0.1, 1.0, 10.0, 100.0]}
    GridSearchCV(pipeline, grid, cv=5, error_score="raise").fit(texts, np.arange(len(texts)) % 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="all-MiniLM-L6-v2")
    parser.add_argument("--n-texts", type=int, default=500)
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    SentenceTransformer.encode = counting_encode
    texts = load_texts(arguments.n_texts)

    def embedder(cache_dir=None):
        return SentenceEmbedder(arguments.model, device=arguments.device, cache_dir=cache_dir)

    embedder().transform(texts[:1])  # the model is loaded before anything is timed
    with tempfile.TemporaryDirectory() as folder:
        cached = embedder(Path(folder, "embeddings"))
        print(f"{len(texts)} texts                      encoded   seconds")
        rows = {
            "no cache": lambda: embedder().transform(texts),
            "cache, empty": lambda: cached.transform(texts),
            "cache, full": lambda: cached.transform(texts),
        }
        seconds = {}
        for name, function in rows.items():
            n_encoded, seconds[name] = count(function)
            print(f"  {name:<28} {n_encoded:8d} {seconds[name]:9.3f}")
        ratio = seconds["no cache"] / seconds["cache, full"]
        print(f"  a full cache is {ratio:.0f} times as fast as none; it takes {cached.cache_info().size} bytes")

        texts = texts[:100]
        cached.clear_cache()
        print(f"GridSearchCV, 4 candidates, 5 folds, {len(texts)} texts")
        rows = {
            "no cache": lambda: search(embedder(), texts),
            "Pipeline(memory=...)": lambda: search(embedder(), texts, memory=str(Path(folder, "memory"))),
            "cache, empty": lambda: search(cached, texts),
            "cache, full": lambda: search(cached, texts),
        }
        for name, function in rows.items():
            n_encoded, elapsed = count(function)
            print(f"  {name:<28} {n_encoded:8d} {elapsed:9.3f}")


if __name__ == "__main__":
    main()
