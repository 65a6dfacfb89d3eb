"""A stream of rows in chunks: rows a second and memory of `partial_fit`, beside scikit-learn's and River's.

Run ``python benchmarks/stream.py``: 50,000 made-up rows of hashed words, with 2 ** 18 features and 500 labels, and
5,000 more to predict. ``--rows 2000000`` is the long one. Each model learns in a process of its own, on one thread, and
its CPU seconds count. Memory is to be compared from the second chunk of 10,000 rows on, the first that a model is
held in: a tenth of 200,000 rows. River takes a row at a time, and 500 rows only; without it (``pip install river``)
its line is left out. Rows that are in `benchmarks/results/stream.csv` already are not run again; ``--fresh`` starts
anew. The table is written to `benchmarks/results/stream.md`.
"""

import argparse
import os
import resource
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import f1_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.preprocessing import normalize
from tables import Table, add_options, markdown_table, parse, write

from skbalance import BalancedMultiLabelClassifier

FIELDS = ("rows", "model", "rows_a_second", "mib_after_a_tenth", "mib_at_the_end", "micro", "macro")
N_FEATURES, N_LABELS, N_WORDS, CHUNK, N_TEST, RIVER_ROWS = 2**18, 500, 60, 10_000, 5_000, 500


def draw(n_rows, seed):
    """Rows of words, half of them Zipf's and half of their labels', and their labels, the first the most frequent."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, N_LABELS + 1)
    labels = rng.choice(N_LABELS, (n_rows, 3), p=share / share.sum())
    labels[:, 1:][rng.random((n_rows, 2)) < 0.5] = -1
    labels[labels < 0] = np.broadcast_to(labels[:, :1], labels.shape)[labels < 0]
    words = np.minimum(rng.zipf(1.35, (n_rows, N_WORDS)), 10**9)
    own = np.take_along_axis(labels, rng.integers(0, 3, (n_rows, N_WORDS // 4)), axis=1)
    words[:, : N_WORDS // 4] = 10**9 + 1000 * own + rng.geometric(0.02, own.shape)
    hashed = words * 2654435761 % 2**32 % N_FEATURES
    starts = np.arange(0, n_rows * N_WORDS + 1, N_WORDS)
    X = sp.csr_matrix((np.ones(hashed.size, np.float32), hashed.ravel(), starts), shape=(n_rows, N_FEATURES))
    X.sum_duplicates()
    y = sp.csr_matrix((np.ones(labels.size), labels.ravel(), np.arange(0, labels.size + 1, 3)), (n_rows, N_LABELS))
    return normalize(X), (y > 0).astype(np.int8)


class EachLabel(MultiOutputClassifier):
    """One-vs-rest of an indicator; `OneVsRestClassifier.partial_fit` takes classes only."""

    def partial_fit(self, X, y, classes=None):
        """Learn a chunk."""
        return super().partial_fit(X, y.toarray(), classes=[np.arange(2)] * N_LABELS)


class River:
    """River's logistic regressions, one for each label, a row at a time."""

    def __init__(self):
        from river.linear_model import LogisticRegression

        self.models = [LogisticRegression() for _ in range(N_LABELS)]

    def partial_fit(self, X, y, classes=None):
        """Learn the rows one after the other."""
        for row, labels in zip(X, y.toarray().astype(bool)):
            values = dict(zip(row.indices.tolist(), row.data.tolist()))
            for model, label in zip(self.models, labels.tolist()):
                model.learn_one(values, label)

    def predict(self, X):
        """Predict the labels of rows."""
        rows = [dict(zip(row.indices.tolist(), row.data.tolist())) for row in X]
        return np.array([[bool(model.predict_one(row)) for model in self.models] for row in rows])


MODELS = {
    "skbalance": lambda: BalancedMultiLabelClassifier(),
    "skbalance, 5 iterations a chunk": lambda: BalancedMultiLabelClassifier(max_iter=5),
    "SGDClassifier": lambda: EachLabel(SGDClassifier(loss="log_loss", random_state=0)),
    "River": River,
}


def measure(name, n_rows):
    """Rows a second, memory after a tenth of the rows and at the end, and F1."""
    warnings.simplefilter("ignore")  # labels without a row so far, chunks that did not converge
    n_rows, n_test = (min(n_rows, RIVER_ROWS), 200) if name == "River" else (n_rows, N_TEST)
    model, seconds, early, chunk = MODELS[name](), 0.0, None, min(CHUNK, n_rows // 10)
    for start in range(0, n_rows, chunk):
        X, y = draw(min(chunk, n_rows - start), start + 1)
        begun = time.process_time()
        model.partial_fit(X, y, classes=np.arange(N_LABELS))
        seconds += time.process_time() - begun
        early = early or (peak() if 10 * (start + chunk) >= n_rows else None)
    late = peak()
    X, y = draw(n_test, 0)
    predicted = sp.csr_matrix(model.predict(X))
    return (
        n_rows / seconds,
        early,
        late,
        *(100 * f1_score(y, predicted, average=a, zero_division=0) for a in FIELDS[-2:]),
    )


def peak():
    """Most memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000, help="rows of the stream")
    add_options(parser, "stream.csv")
    arguments = parse(parser)
    table = Table("stream.csv", FIELDS, n_keys=2)
    for name in () if arguments.tables else MODELS:
        if name == "River" and find_spec("river") is None:
            print("River cannot be imported: pip install river")
        elif not table.has(arguments.rows, name):
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                table.add(arguments.rows, name, *pool.submit(measure, name, arguments.rows).result())
            print(*table.rows[-1].values())
    head = [name.replace("_", " ") for name in FIELDS]
    write("stream.md", ["# A stream", "", *markdown_table(head, (row.values() for row in table.rows))])


if __name__ == "__main__":
    main()
