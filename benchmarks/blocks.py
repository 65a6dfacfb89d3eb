"""Blocks of labels side by side, and linear models without small coefficients.

Run ``python benchmarks/blocks.py`` with SKBALANCE_DATA: seconds of one fit of 1,000 labels in one process, in two of
joblib, and on a Dask cluster of two workers, one thread each, on the same blocks; then size and quality on Reuters by
``coef_threshold``. ``--rows`` sets the size of the first. Rows that are in `benchmarks/results/blocks.csv` are not run
again; ``--fresh`` starts anew. The tables are written to `benchmarks/results/blocks.md`.
"""

import argparse
import os
import pickle
import time
import warnings
from contextlib import ExitStack
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import dask
import numpy as np
from corpora import load, vectorise
from distributed import Client, LocalCluster
from joblib import parallel_config
from sklearn.metrics import average_precision_score, f1_score
from tables import Table, add_options, markdown_table, parse, write

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import make_long_tailed_multilabel

FIELDS = ("part", "setting", "rows", "seconds", "mib", "average_precision", "micro_f1", "macro_f1")
N_LABELS, N_FEATURES = 1_000, 20_000
# Dask has its workers give memory back at once, and the pages come anew each time, which takes as long as the fit.
MEMORY = {"MALLOC_TRIM_THRESHOLD_": 1 << 30, "MALLOC_MMAP_THRESHOLD_": 1 << 25}
SIDES = ("one process", "2 processes", "2 workers of Dask")
THRESHOLDS = (None, 0.0, 0.003, 0.01, 0.03, 0.1)


def time_fit(setting, X, y):
    """Seconds of a fit, its workers started before."""
    model = BalancedMultiLabelClassifier(n_jobs=2)
    with ExitStack() as stack:
        if setting.endswith("Dask"):
            # One worker alone would not do: joblib then fits in the process that asks.
            cluster = stack.enter_context(LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None))
            stack.enter_context(Client(cluster))
            stack.enter_context(parallel_config("dask"))
        elif setting == "one process":
            stack.enter_context(parallel_config("sequential"))
        model.fit(X[:100], y[:100])  # imports what the workers need
        begun = time.perf_counter()
        model.fit(X, y)
        return time.perf_counter() - begun


def measure_threshold(threshold):
    """Size of the pickled model in MiB, and quality on the test part of Reuters."""
    train, test = load(Path(os.environ["SKBALANCE_DATA"]), "reuters")
    X, X_test = vectorise(train.rows, test.rows, dtype=np.float32)
    model = BalancedMultiLabelClassifier(coef_threshold=threshold).fit(X, train.y)
    scores, seen = model.decision_function(X_test), test.y.any(axis=0)
    f1 = (f1_score(test.y, scores > 0, average=kind, zero_division=0) for kind in ("micro", "macro"))
    precision = average_precision_score(test.y[:, seen], scores[:, seen], average="macro")
    return len(pickle.dumps(model)) / 2**20, *(100 * value for value in (precision, *f1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=60_000, help="rows of the fits that go side by side")
    add_options(parser, "blocks.csv")
    arguments = parse(parser)
    warnings.simplefilter("ignore")
    dask.config.set({f"distributed.nanny.pre-spawn-environ.{name}": value for name, value in MEMORY.items()})
    table = Table("blocks.csv", FIELDS, n_keys=3)
    if not arguments.tables:
        X, y = make_long_tailed_multilabel(
            arguments.rows, N_LABELS, n_features=N_FEATURES, labels_per_sample=5, length=60, random_state=0
        )
        for setting in SIDES:
            if not table.has("side", setting, arguments.rows):
                table.add("side", setting, arguments.rows, time_fit(setting, X.astype(np.float32), y), *[""] * 4)
        for threshold in THRESHOLDS:
            if not table.has("small", threshold, "reuters"):
                table.add("small", threshold, "reuters", "", *measure_threshold(threshold))
    seconds = {(row["rows"], row["setting"]): float(row["seconds"]) for row in table.select(part="side")}
    side = []
    for (rows, setting), found in seconds.items():
        one = seconds[rows, SIDES[0]]
        side.append((rows, setting, f"{found:.1f}", f"{one / found:.2f}"))
    small = [
        (row["setting"], *(f"{float(row[name]):.1f}" for name in FIELDS[4:])) for row in table.select(part="small")
    ]
    head = ["coef_threshold", "MiB", "average precision", "micro-F1", "macro-F1"]
    side = ["## Side by side", "", *markdown_table(["rows", "workers", "seconds", "times"], side)]
    small = ["## Small coefficients", "", *markdown_table(head, small)]
    write("blocks.md", ["# Blocks of labels", "", *side, "", *small])


if __name__ == "__main__":
    main()
