"""Negative sampling: what a linear model gains and loses that trains each label on few of its negatives.

Run ``SKBALANCE_DATA=folder python benchmarks/negatives.py``: corpora, and made-up data that grow in labels, with all
negatives and with some. ``--large`` goes on to 8,000 labels and to the size of PubMed, of whose 18,211 labels 64 are
fitted: each has a problem of its own. One thread, CPU seconds; average precision by group of labels, and F1 at the
usual threshold, on rows that were not trained on. Rows that are in `benchmarks/results/negatives.csv` already are not
run again; ``--fresh`` starts anew. The table is written to `benchmarks/results/negatives.md`.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import time
import warnings
from functools import lru_cache

import numpy as np
import scipy.sparse as sp
from corpora import load, vectorise
from pubmed import SIMULATION
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import train_test_split
from tables import Table, add_options, data_folder, markdown_table, parse, write

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import make_long_tailed_multilabel
from skbalance.metrics import label_groups

GROUPS = ("head", "medium", "tail")
LOSSES = {"balanced_ntr": {}, "squared_hinge": {"max_iter": 1000}}
FIELDS = ("data", "loss", "negatives", "rows", "labels", "fitted", "seconds", *GROUPS, "micro", "macro")
TEST_ROWS = 2_000
MADE_UP = {"n_samples": 20_000 + TEST_ROWS, "n_features": 20_000, "labels_per_sample": 8, "noise": 0.7}
# Name: the losses, how many labels are fitted, and the negatives of each.
SMALL = {
    "reuters": (("balanced_ntr", "squared_hinge"), "all", (None, 1000)),
    "bioasq": (("balanced_ntr", "squared_hinge"), "all", (None, 200)),
    "500 labels": (("balanced_ntr",), "all", (None, 300, 1000)),
}
LARGE = {
    "size of PubMed": (("balanced_ntr",), 64, (None, 1000, 3000)),
    "2,000 labels": (("balanced_ntr",), "all", (None, 1000)),
    "8,000 labels": (("balanced_ntr",), "all", (1000,)),
}


@lru_cache(maxsize=1)
def draw(folder, name):
    """Features and labels to train on, and to test on."""
    if name in ("reuters", "bioasq"):
        train, test = load(folder, name)
        if test is None:
            parts = train_test_split(np.arange(len(train.y)), random_state=0)
            train, test = (train.take(rows) for rows in parts)
        X, X_test = vectorise(train.rows, test.rows, dtype=np.float32)
        return X, sp.csr_matrix(train.y), X_test, sp.csr_matrix(test.y)
    sizes, n_test = SIMULATION, 10 * TEST_ROWS
    if name.endswith(" labels"):
        sizes, n_test = {**MADE_UP, "n_labels": int(name.split()[0].replace(",", "")), "random_state": 0}, TEST_ROWS
    X, y = make_long_tailed_multilabel(**sizes)
    X, n = TfidfTransformer(sublinear_tf=True).fit_transform(X).astype(np.float32), X.shape[0] - n_test
    return X[:n], y[:n], X[n:], y[n:]


def measure(folder, name, fitted, loss, negatives):
    """Sizes, seconds and scores of one fit."""
    X, y, X_test, y_test = draw(folder, name)
    n_labels, labels = y.shape[1], np.arange(y.shape[1])
    if fitted != "all":
        labels = np.sort(np.random.default_rng(0).permutation(n_labels)[:fitted])
    y, y_test = y[:, labels], y_test[:, labels]
    model = BalancedMultiLabelClassifier(
        loss, negative_sampling=negatives, random_state=0, device="cpu", **LOSSES[loss]
    )
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # labels without a row
        model.fit(X, y)
    seconds = time.process_time() - start
    scores, truth = model.decision_function(X_test), y_test.toarray()
    groups, seen = label_groups(model.label_counts_), truth.any(axis=0)
    average = {group: [] for group in GROUPS}
    for group in GROUPS:
        for label in np.flatnonzero(groups[group] & seen & (model.label_counts_ > 0)):
            average[group].append(average_precision_score(truth[:, label], scores[:, label]))
    precision = [100 * float(np.mean(found)) if found else float("nan") for found in average.values()]
    f1 = [
        100 * f1_score(truth[:, seen], scores[:, seen] > 0, average=kind, zero_division=0)
        for kind in ("micro", "macro")
    ]
    return X.shape[0], n_labels, len(labels), seconds, *precision, *f1


def report(table):
    """Write the tables."""
    lines = [
        "# Negative sampling",
        "",
        "One thread, CPU seconds; the average precision of head, medium and tail labels, and F1 at the usual",
        "threshold, of labels that occur in the test rows, in %.",
        "",
    ]
    head = ("data", "rows", "labels", "loss", "negatives of a label", "seconds", *GROUPS, "micro", "macro")
    rows = []
    for row in table.rows:
        labels = f"{int(row['labels']):,}"
        if row["fitted"] != row["labels"]:
            labels = f"{row['fitted']} of {labels}"
        taken = "all" if row["negatives"] == "None" else f"{int(row['negatives']):,}"
        scores = ["–" if row[name] == "nan" else f"{float(row[name]):.1f}" for name in (*GROUPS, "micro", "macro")]
        time_taken = f"{float(row['seconds']):.1f}"
        rows.append((row["data"], f"{int(row['rows']):,}", labels, row["loss"], taken, time_taken, *scores))
    write("negatives.md", lines + markdown_table(head, rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--large", action="store_true", help="8,000 labels and the size of PubMed as well")
    add_options(parser, "negatives.csv")
    arguments = parse(parser)
    table = Table("negatives.csv", FIELDS, n_keys=3)
    if not arguments.tables:
        import torch

        torch.set_num_threads(1)
        folder = data_folder(parser)
        for name, (losses, fitted, sizes) in (SMALL | (LARGE if arguments.large else {})).items():
            for loss in losses:
                for negatives in sizes:
                    if not table.has(name, loss, negatives):
                        table.add(name, loss, negatives, *measure(folder, name, fitted, loss, negatives))
                        print(*table.rows[-1].values(), flush=True)
    report(table)


if __name__ == "__main__":
    main()
