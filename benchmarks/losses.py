"""All losses on Reuters-21578 at the threshold 0.5, beside scikit-learn's own linear models.

Run ``SKBALANCE_DATA=folder python benchmarks/losses.py``. Default settings, and ``term_weighting=None`` where a row
says "no term weights"; TF-IDF (sublinear, min_df=2), trained on the ModApte training set, scored once on its test set.
A linear model trained with L-BFGS does not depend on the seed, so five seeds draw 90 per cent of the training
documents, for some of the models; the first table is of the whole training set. Rows that are in
`benchmarks/results/losses.csv` already are not run again; ``--fresh`` starts anew. The table is written to
`benchmarks/results/losses.md`.
"""

import argparse
import time
import warnings
from functools import lru_cache
from itertools import product

import numpy as np
from corpora import vectorise
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC
from tables import Table, add_options, data_folder, markdown_table, parse, run_tasks, write

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import fetch_reuters21578
from skbalance.losses import get_loss_names
from skbalance.metrics import group_f1_score

WHOLE = "all"
SAMPLES = (WHOLE, 0, 1, 2, 3, 4)
SCORES = ("micro", "macro", "head_micro", "head", "medium_micro", "medium", "tail_micro", "tail")
SHOWN = ("micro", "macro", "head", "medium", "tail")
FIELDS = ("model", "sample", *SCORES, "seconds")
UNWEIGHTED = ("bce", "balanced_ntr", "cb_ntr", "db")
MODELS = {
    "LinearSVC": OneVsRestClassifier(LinearSVC(random_state=0)),
    "LogisticRegression, balanced": OneVsRestClassifier(LogisticRegression(class_weight="balanced", max_iter=1000)),
    **{name: BalancedMultiLabelClassifier(name) for name in get_loss_names()},
    **{f"{name}, no term weights": BalancedMultiLabelClassifier(name, term_weighting=None) for name in UNWEIGHTED},
}
# Those that are trained on parts of the training set too.
DRAWN = ("LinearSVC", "LogisticRegression, balanced", "bce", "ntr_focal", "balanced_ntr", "cb_ntr", "db")


@lru_cache(maxsize=1)
def load(folder):
    return tuple(fetch_reuters21578(subset=part, data_home=folder) for part in ("train", "test"))


@lru_cache(maxsize=1)
def features(folder, sample):
    """Features of a sample of the training documents and of the test documents, and targets of the sample."""
    train, test = load(folder)
    n = len(train.data)
    rows = np.arange(n) if sample == WHOLE else np.random.default_rng(sample).permutation(n)[: int(0.9 * n)]
    return *vectorise(train.data[rows], test.data), train.target[rows]


def evaluate(folder, name, sample):
    """A row: scores in per cent, and CPU seconds of the fit. Groups are those of the whole training set."""
    train, test = load(folder)
    X, X_test, y = features(folder, sample)
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # labels without a document among these rows
        model = clone(MODELS[name]).fit(X, y)
    seconds = time.process_time() - start
    predicted = model.predict(X_test)
    counts = np.asarray(train.target.sum(axis=0)).ravel()
    scores = {average: f1_score(test.target, predicted, average=average, zero_division=0) for average in SCORES[:2]}
    for suffix, average in (("", "macro"), ("_micro", "micro")):
        groups = group_f1_score(test.target, predicted, label_counts=counts, average=average)
        scores.update({group + suffix: value for group, value in groups.items()})
    return name, sample, *(100 * float(scores[column]) for column in SCORES), seconds


def markdown(table):
    lines = ["# Losses", "", "Reuters-21578, TF-IDF, threshold at 0.5, F1 in per cent; groups are macro-F1."]
    rows = []
    for name in MODELS:
        for row in table.select(model=name, sample=WHOLE):
            rows.append([name, *(f"{float(row[column]):.1f}" for column in SHOWN)])
    lines += ["", "## The whole training set", "", *markdown_table(("model", *SHOWN), rows)]
    rows = []
    for name in MODELS:
        parts = [row for row in table.select(model=name) if row["sample"] != WHOLE]
        if parts:
            values = ([float(row[column]) for row in parts] for column in SHOWN)
            rows.append([name, *(f"{np.mean(v):.1f} ± {np.std(v, ddof=1):.1f}" for v in values)])
    note = "Mean and standard deviation over five draws."
    return [*lines, "", "## Nine tenths of it", "", note, "", *markdown_table(("model", *SHOWN), rows)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser, "losses.csv")
    arguments = parse(parser)
    table = Table("losses.csv", FIELDS, n_keys=2)
    if not arguments.tables:
        folder = data_folder(parser)
        tasks = [
            (folder, name, sample)
            for sample, name in product(SAMPLES, MODELS)
            if (sample == WHOLE or name in DRAWN) and not table.has(name, sample)
        ]
        for row in run_tasks(evaluate, tasks, jobs=arguments.jobs, label="losses"):
            table.add(*row)
    table.sort(MODELS, SAMPLES)
    write("losses.md", markdown(table))


if __name__ == "__main__":
    main()
