"""Labels that nobody gave: three tenths of the positives hidden, told as unknown or taken for negatives.

Run ``SKBALANCE_DATA=folder python benchmarks/unknown_labels.py``. The training documents of Reuters-21578 in three
folds, each tested once with all of its labels; of the other two, three tenths of the positives are hidden, drawn anew
for each seed. TF-IDF (sublinear, min_df=2), default settings of the classifier; scored at the threshold 0.5, and with
thresholds that `TunedThresholdMultiLabelClassifierCV` sets on the scores of a quarter of them. Macro-F1 is over
the labels that the fold has. Rows that are in `benchmarks/results/unknown_labels.csv` already are not run again;
``--fresh`` starts anew. The table is written to `benchmarks/results/unknown_labels.md`.
"""

import argparse
import time
import warnings
from functools import lru_cache

import numpy as np
from corpora import vectorise
from tables import Table, add_options, data_folder, markdown_table, parse, run_tasks, spread, write

from skbalance import BalancedMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.datasets import fetch_reuters21578
from skbalance.metrics import group_f1_score
from skbalance.model_selection import MultilabelStratifiedKFold

HIDDEN = 0.3
SEEDS = (0, 1, 2)
SCORES = ("micro", "macro", "tail", "tuned_micro", "tuned_macro", "tuned_tail")
FIELDS = ("labels", "loss", "seed", *SCORES, "seconds")
BASES = ("bce", "ntr_focal", "db", "asymmetric")
# Those that are for missing labels, or of which it is said.
ALL = (*BASES, "balanced_ntr", "asymmetric_polynomial", "robust_asymmetric", "hill",
       "propensity_scored", "two_way")  # fmt: skip
SETTINGS = {"all known": BASES, "unknown": BASES, "negative": ALL}
TITLES = {
    "all known": "No label is hidden",
    "unknown": "Hidden positives are unknown",
    "negative": "Hidden positives are negatives",
}


@lru_cache(maxsize=1)
def fold(folder, seed):
    """Features and labels of a fold's two parts, and the labels to train on with NaN where they are hidden."""
    corpus = fetch_reuters21578(subset="train", data_home=folder)
    y = corpus.target.toarray().astype(float)
    train, test = list(MultilabelStratifiedKFold(3, shuffle=True, random_state=0).split(y, y))[seed]
    X, X_test = vectorise(corpus.data[train], corpus.data[test])
    drawn = np.random.default_rng(seed).random(y[train].shape) < HIDDEN
    return X, y[train], np.where((y[train] == 1) & drawn, np.nan, y[train]), X_test, y[test]


def evaluate(folder, labels, loss, seed):
    """A row: scores in per cent, and CPU seconds."""
    X, whole, hidden, X_test, truth = fold(folder, seed)
    y = {"all known": whole, "unknown": hidden, "negative": np.nan_to_num(hidden)}[labels]
    start = time.process_time()
    classifier = BalancedMultiLabelClassifier(loss, uncertain_labels=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # labels without a document among these rows
        model = TunedThresholdMultiLabelClassifierCV(classifier, scores="estimator", cv=0.25, random_state=0).fit(X, y)
    seconds = time.process_time() - start
    present, tail = truth.any(axis=0), (whole.sum(axis=0) <= 8) & truth.any(axis=0)
    groups = {"macro": present, "tail": tail}
    scores = {}
    for prefix, predicted in (("", model.estimator_.predict(X_test)), ("tuned_", model.predict(X_test))):
        for name, value in group_f1_score(truth, predicted, groups=groups).items():
            scores[prefix + name] = value
        scores[prefix + "micro"] = group_f1_score(truth, predicted, groups={"all": present}, average="micro")["all"]
    return labels, loss, seed, *(100 * float(scores[column]) for column in SCORES), seconds


def markdown(table):
    lines = [
        "# Unknown labels", "",
        "Training documents of Reuters-21578, three tenths of the positives hidden; F1 in per cent, mean and standard "
        "deviation of three folds. The tail is labels of at most 8 documents among those trained on.",
    ]  # fmt: skip
    for labels, losses in SETTINGS.items():
        rows = []
        for loss in losses:
            found = table.select(labels=labels, loss=loss)
            if found:
                values = ([float(row[name]) / 100 for row in found] for name in SCORES)
                rows.append([loss, *(spread(each, percent=True) for each in values)])
        head = ("loss", "micro", "macro", "tail", "micro, tuned", "macro, tuned", "tail, tuned")
        lines += ["", f"## {TITLES[labels]}", "", *markdown_table(head, rows)]
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser, "unknown_labels.csv")
    arguments = parse(parser)
    table = Table("unknown_labels.csv", FIELDS)
    if not arguments.tables:
        folder = data_folder(parser)
        tasks = [
            (folder, labels, loss, seed)
            for seed in SEEDS
            for labels, losses in SETTINGS.items()
            for loss in losses
            if not table.has(labels, loss, seed)
        ]
        for row in run_tasks(evaluate, tasks, jobs=arguments.jobs, label="unknown labels"):
            table.add(*row)
    table.sort(SETTINGS, ALL, SEEDS)
    write("unknown_labels.md", markdown(table))


if __name__ == "__main__":
    main()
