"""Predictions over partitions, and training block after block, as Dask and dask-ml do both.

Run ``SKBALANCE_DATA=folder python benchmarks/partitions.py``.

*Predictions*: a linear model of 2 ** 18 hashed words and 500 labels on made-up rows of `stream.py`, every partition of
10,000 another one, in one process: rows a second of CPU, without those that drawing the rows takes, and the most memory
until a tenth of the partitions and until the end. ``--rows 10000000`` is the long one.

*Blocks*: Reuters with hashed words, shuffled by the seed, in blocks by `partial_fit`; F1 on its test part, beside one
`fit` on all.

Rows that are in `benchmarks/results/partitions.csv` and `benchmarks/results/blocks.csv` already are not run again;
``--fresh`` starts anew. The tables are written to `benchmarks/results/partitions.md`.
"""

import argparse
import os
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_NUM_THREADS", "1")

import joblib
import numpy as np
from corpora import load
from dask import delayed
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.metrics import f1_score
from stream import draw, peak
from tables import Table, add_options, data_folder, markdown_table, parse, write

from skbalance import BalancedMultiLabelClassifier
from skbalance.partitions import predict_frame

PREDICTIONS = ("rows", "rows_a_second", "mib_after_a_tenth", "mib_at_the_end")
BLOCKS = ("blocks", "seed", "micro", "macro", "micro_of_one_fit", "macro_of_one_fit")
PART, N_TRAIN, N_BLOCKS, LOSS = 10_000, 5_000, (10, 40), "squared_hinge"


def train(file):
    """Train a model, in a process of its own: predictions need less memory."""
    warnings.simplefilter("ignore")  # labels without a row
    joblib.dump(BalancedMultiLabelClassifier(LOSS).partial_fit(*draw(N_TRAIN, 0)), file)


def predictions(file, n_rows):
    """Rows a second, and memory after a tenth and at the end."""
    model, drawing, peaks = joblib.load(file), [], []

    def rows(seed):
        begun = time.process_time()
        X, _ = draw(PART, seed)
        drawing.append(time.process_time() - begun)
        return X

    def note_memory(part):
        peaks.append(peak())
        return part.map(len)

    n_parts = n_rows // PART
    labels = predict_frame([delayed(rows)(seed) for seed in range(1, n_parts + 1)], model)["labels"]
    begun = time.process_time()
    total = labels.map_partitions(note_memory, meta=("n", int)).sum().compute(scheduler="sync")
    seconds = time.process_time() - begun - sum(drawing)
    assert total > n_rows / 2, "hardly a label was predicted"
    return n_parts * PART, n_parts * PART / seconds, peaks[-(-n_parts // 10) - 1], peaks[-1]


def blocks(folder, n_blocks, seed):
    """F1 of a model trained block after block, and of one that is fitted to all."""
    warnings.simplefilter("ignore")
    corpus, test = load(folder, "reuters")
    corpus = corpus.take(np.random.default_rng(seed).permutation(len(corpus.y)))
    hashed = HashingVectorizer(n_features=2**16, dtype=np.float32)
    X, X_test = hashed.transform(corpus.rows), hashed.transform(test.rows)
    model, one = BalancedMultiLabelClassifier(LOSS), BalancedMultiLabelClassifier(LOSS).fit(X, corpus.y)
    for rows in np.array_split(np.arange(X.shape[0]), n_blocks):
        model.partial_fit(X[rows], corpus.y[rows])
    return [
        100 * f1_score(test.y, each.predict(X_test), average=average, zero_division=0)
        for each in (model, one)
        for average in ("micro", "macro")
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows to predict")
    parser.add_argument("--seeds", type=int, default=3, help="seeds of the blocks")
    add_options(parser, "partitions.csv", "blocks.csv")
    arguments = parse(parser)
    predicted, trained = Table("partitions.csv", PREDICTIONS, n_keys=1), Table("blocks.csv", BLOCKS, n_keys=2)
    if not arguments.tables:
        folder = data_folder(parser)
        with (
            TemporaryDirectory() as place,
            ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool,
        ):
            if not predicted.has(arguments.rows):
                file = Path(place) / "model"
                pool.submit(train, file).result()
                predicted.add(*pool.submit(predictions, file, arguments.rows).result())
            for task in product(N_BLOCKS, range(arguments.seeds)):
                if not trained.has(*task):
                    trained.add(*task, *pool.submit(blocks, folder, *task).result())
    write(
        "partitions.md",
        ["# Predictions", "", *markdown_table(readable(PREDICTIONS), (row.values() for row in predicted.rows)), ""]
        + ["# Blocks", "", *markdown_table(readable(BLOCKS), (row.values() for row in trained.rows))],
    )


def readable(names):
    """Names of columns as a head."""
    return [name.replace("_", " ") for name in names]


if __name__ == "__main__":
    main()
