"""LibMultiLabel's linear methods on Reuters-21578, for the page "How we compare".

Run ``SKBALANCE_DATA=folder python benchmarks/peers.py``; needs ``pip install libmultilabel``. TF-IDF at default
settings, which is what that package takes, and the dual solver of LIBLINEAR; trained on the ModApte training set,
scored once on its test set. Rows that are in `benchmarks/results/peers.csv` already are not run again; ``--fresh``
starts anew. The table is written to `benchmarks/results/peers.md`.
"""

import argparse
import time

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from tables import Table, add_options, data_folder, markdown_table, parse, run_tasks, write

from skbalance.datasets import fetch_reuters21578
from skbalance.metrics import group_f1_score

METHODS = {
    "one-vs-rest": "train_1vsrest",
    "thresholding": "train_thresholding",
    "cost-sensitive, micro": "train_cost_sensitive_micro",
}
OPTIONS = "-s 1 -q"  # the solver of LinearSVC
SCORES = ("micro", "macro", "head", "medium", "tail")
FIELDS = ("method", "version", *SCORES, "cpu_s")


class Targets(sp.csr_matrix):
    """Targets for `train_thresholding`, which adds up their third axis; SciPy no longer takes that for the rows."""

    def tocsc(self, copy=False):
        """The same by columns."""
        return Columns(super().tocsc(copy=copy))


class Columns(sp.csc_matrix):
    """See `Targets`."""

    def sum(self, axis=None, **params):
        """Sums, the third axis being the first."""
        return super().sum(axis=0 if axis == 2 else axis, **params)


def measure(folder, method):
    from importlib.metadata import version

    import libmultilabel.linear

    train, test = (fetch_reuters21578(subset=part, data_home=folder) for part in ("train", "test"))
    vectorizer = TfidfVectorizer()
    X, X_test = (
        sp.csr_matrix(part) for part in (vectorizer.fit_transform(train.data), vectorizer.transform(test.data))
    )
    start = time.process_time()
    fit = getattr(libmultilabel.linear, METHODS[method])
    model = fit(Targets(train.target, dtype=float), X, options=OPTIONS, verbose=False)
    seconds = time.process_time() - start
    predicted = (np.asarray(model.predict_values(X_test)) > 0).astype(np.int8)
    scores = [f1_score(test.target, predicted, average=average, zero_division=0) for average in SCORES[:2]]
    counts = np.asarray(train.target.sum(axis=0)).ravel()
    scores += group_f1_score(test.target, predicted, label_counts=counts).values()
    return method, version("libmultilabel"), *(100 * float(score) for score in scores), seconds


def markdown(table):
    rows = []
    for row in table.rows:
        scores = [f"{float(row[name]):.1f}" for name in SCORES]
        rows.append([f"LibMultiLabel {row['version']}, {row['method']}", *scores, f"{float(row['cpu_s']):.0f}"])
    note = "Reuters-21578, TF-IDF at default settings, dual solver; test F1 in per cent, groups macro-F1; CPU seconds."
    return ["# Peers", "", note, "", *markdown_table(("method", *SCORES, "fit, CPU s"), rows)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser, "peers.csv")
    arguments = parse(parser)
    table = Table("peers.csv", FIELDS, n_keys=1)
    if not arguments.tables:
        folder = data_folder(parser)
        tasks = [(folder, method) for method in reversed(METHODS) if not table.has(method)]  # the longest first
        for row in run_tasks(measure, tasks, jobs=arguments.jobs, label="peers"):
            table.add(*row)
    table.sort(METHODS)
    write("peers.md", markdown(table))


if __name__ == "__main__":
    main()
