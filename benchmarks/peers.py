"""LibMultiLabel's linear methods and xCOLUMNs on Reuters-21578, for the page "How we compare".

Run ``SKBALANCE_DATA=folder python benchmarks/peers.py``; needs ``pip install libmultilabel xcolumns``. Trained on the
ModApte training set, scored once on its test set. LibMultiLabel: TF-IDF at default settings, which is what that package
takes, and the dual solver of LIBLINEAR. xCOLUMNs chooses labels for all test documents together, so that the macro-F1
which it expects from their probabilities is largest; the probabilities are those of logistic regression on TF-IDF.

Rows that are in `benchmarks/results/peers.csv` already are not run again; ``--fresh`` starts anew. The table is written
to `benchmarks/results/peers.md`.
"""

import argparse
import time

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from tables import Table, add_options, data_folder, markdown_table, parse, run_tasks, write

from skbalance.datasets import fetch_reuters21578
from skbalance.metrics import group_f1_score

METHODS = {
    "one-vs-rest": "train_1vsrest",
    "thresholding": "train_thresholding",
    "cost-sensitive, micro": "train_cost_sensitive_micro",
}
OPTIONS = "-s 1 -q"  # the solver of LinearSVC
XCOLUMNS = "macro-F1 by block coordinate ascent"
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
    train, test = (fetch_reuters21578(subset=part, data_home=folder) for part in ("train", "test"))
    fit = by_xcolumns if method == XCOLUMNS else by_libmultilabel
    predicted, version, seconds = fit(method, train, test)
    scores = [f1_score(test.target, predicted, average=average, zero_division=0) for average in SCORES[:2]]
    counts = np.asarray(train.target.sum(axis=0)).ravel()
    scores += group_f1_score(test.target, predicted, label_counts=counts).values()
    return method, version, *(100 * float(score) for score in scores), seconds


def by_xcolumns(method, train, test):
    from importlib.metadata import version

    from xcolumns.block_coordinate import predict_optimizing_macro_f1_score_using_bc

    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=2)
    X, X_test = vectorizer.fit_transform(train.data), vectorizer.transform(test.data)
    start = time.process_time()
    model = OneVsRestClassifier(LogisticRegression(C=10, max_iter=1000)).fit(X, train.target)
    probabilities = np.asarray(model.predict_proba(X_test), dtype=np.float64)
    predicted = np.asarray(predict_optimizing_macro_f1_score_using_bc(probabilities, k=0, seed=0)).astype(np.int8)
    return predicted, version("xcolumns"), time.process_time() - start


def by_libmultilabel(method, train, test):
    from importlib.metadata import version

    import libmultilabel.linear

    vectorizer = TfidfVectorizer()
    X, X_test = (
        sp.csr_matrix(part) for part in (vectorizer.fit_transform(train.data), vectorizer.transform(test.data))
    )
    start = time.process_time()
    fit = getattr(libmultilabel.linear, METHODS[method])
    model = fit(Targets(train.target, dtype=float), X, options=OPTIONS, verbose=False)
    seconds = time.process_time() - start
    predicted = (np.asarray(model.predict_values(X_test)) > 0).astype(np.int8)
    return predicted, version("libmultilabel"), seconds


def markdown(table):
    rows = []
    for row in table.rows:
        scores = [f"{float(row[name]):.1f}" for name in SCORES]
        package = "xCOLUMNs" if row["method"] == XCOLUMNS else "LibMultiLabel"
        rows.append([f"{package} {row['version']}, {row['method']}", *scores, f"{float(row['cpu_s']):.0f}"])
    note = "Reuters-21578, TF-IDF; test F1 in per cent, groups macro-F1; CPU seconds."
    return ["# Peers", "", note, "", *markdown_table(("method", *SCORES, "fit, CPU s"), rows)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser, "peers.csv")
    arguments = parse(parser)
    table = Table("peers.csv", FIELDS, n_keys=1)
    if not arguments.tables:
        folder = data_folder(parser)
        tasks = [
            (folder, method) for method in (*reversed(METHODS), XCOLUMNS) if not table.has(method)
        ]  # the longest first
        for row in run_tasks(measure, tasks, jobs=arguments.jobs, label="peers"):
            table.add(*row)
    table.sort((*METHODS, XCOLUMNS))
    write("peers.md", markdown(table))


if __name__ == "__main__":
    main()
