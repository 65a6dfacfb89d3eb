"""Large problems for `speed.py`: an epoch on the simulated PubMed, omikuji on it, and how time and memory grow."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
import resource
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import torch
from pubmed import SIMULATION
from speed_peers import Omikuji, Task
from speed_tools import in_child, row, take_turns

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import make_long_tailed_multilabel


def simulated_pubmed(share):
    """Features and targets of the simulated PubMed, or of a share of its rows."""
    n_samples = int(SIMULATION["n_samples"] * share)
    return make_long_tailed_multilabel(**{**SIMULATION, "n_samples": n_samples, "max_label_frequency": 0.2})


def one_large_epoch(share):
    """One epoch of a classifier on the simulated PubMed, alone in its process."""
    X, y = simulated_pubmed(share)
    X = X.astype(np.float32)
    generated = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    model = BalancedMultiLabelClassifier(hidden_layer_sizes=(256,), solver="adam", max_iter=1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ((cpu, wall),) = take_turns({"fit": lambda: model.fit(X, y)}, 1).values()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    arrays = [X.data, X.indices, X.indptr, y.data, y.indices, y.indptr]
    task = Task(X, y, hidden=(256,))
    task.bare(max_batches=2)
    ((bare_cpu, _),) = take_turns({"bare": lambda: task.bare(max_batches=20)}, 2).values()
    batches = -(-len(task.data) // task.batch_size)
    ((prediction, _),) = take_turns({"top": lambda: model.predict_topk(X[:10_000], 10)}, 1).values()
    report = {
        "cpu": cpu,
        "wall": wall,
        "peak": peak,
        "generated": generated,
        "data": sum(a.nbytes for a in arrays) / 2**20,
        "bare": bare_cpu / 20 * batches,
        "topk": prediction,
        "batches": batches,
    }
    print(json.dumps(report))


def scale(share=1.0):
    command = [sys.executable, __file__, str(share)]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    size = f"{int(SIMULATION['n_samples'] * share):,} x 100,000, 18,211 labels, 256 hidden units"
    note = (
        f"peak RSS of the process with {report['data']:.0f} MiB of data ({report['generated']:.0f} at its making); "
        f"{report['batches']} batches; ratio to the bare loop"
    )
    yield row(
        "scale",
        f"one epoch, {size}",
        report["cpu"],
        report["wall"],
        report["cpu"] / report["bare"],
        report["peak"],
        note,
    )
    yield row("scale", "bare loop, 20 batches scaled to the epoch", report["bare"], ratio=1.0)
    yield row("scale", "predict_topk of 10,000 rows, k=10", report["topk"])


def omikuji(share=1.0):
    """Train omikuji to the end on the simulated PubMed, or on a share of its rows."""
    X, y = simulated_pubmed(share)
    X = X.multiply(1 / np.sqrt(X.multiply(X).sum(axis=1)).reshape(-1, 1)).tocsr()
    X.sort_indices()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "large.txt")
        Omikuji.write(path, X, y)

        def train():
            return take_turns({"omikuji": lambda: Omikuji(path).fit(X, y)}, 1)["omikuji"]

        (cpu, wall), peak = in_child(train)
    yield row("omikuji", f"omikuji on {X.shape[0]:,} rows", cpu, wall, peak=peak, note="its default: three trees")


# Parameter, the size of the problem otherwise, and the values that it takes.
BASE = {"n_samples": 4_000, "n_labels": 500, "n_features": 5_000, "labels_per_sample": 5, "random_state": 0}
CURVES = {
    "n_samples": (BASE, (1_000, 4_000, 16_000, 64_000, 225_000)),
    "n_labels": (BASE, (90, 350, 1_300, 5_000, 18_211)),
    "n_features": ({**BASE, "n_labels": 100}, (10_000, 25_000, 70_000, 190_000, 500_000)),
}
MODELS = {
    "linear, L-BFGS": {"solver": "lbfgs", "max_iter": 5},
    "64 hidden units, Adam": {"solver": "adam", "hidden_layer_sizes": (64,), "max_iter": 2},
}


def growth():
    """Time and memory of a few iterations, in a process of their own, as the problem grows in one direction."""
    for parameter, (base, values) in CURVES.items():
        for value in values:
            X, y = make_long_tailed_multilabel(**{**base, parameter: value})
            X = X.astype(np.float32)
            for name, params in MODELS.items():
                model = BalancedMultiLabelClassifier(tol=0, random_state=0, **params)

                def fit(model=model, X=X, y=y, name=name):
                    warnings.simplefilter("ignore")
                    return take_turns({name: lambda: model.fit(X, y)}, 2)[name]

                (cpu, wall), peak = in_child(fit)
                yield row("growth", f"{parameter} = {value}: {name}", cpu, wall, peak=peak)


if __name__ == "__main__":
    torch.set_num_threads(1)
    one_large_epoch(float(sys.argv[1]))
