"""The eight losses of the paper on Reuters-21578 at the cut of 0.5, beside scikit-learn's own linear models.

Run ``SKBALANCE_DATA=folder python benchmarks/losses.py``. Default parameters, TF-IDF (sublinear, min_df=2), trained on
the ModApte training set, scored once on its test set. A linear model trained with L-BFGS does not depend on the seed,
so the five seeds draw 90 per cent of the training documents; the first columns are of the whole training set. The
tables are written to `benchmarks/results/losses.md` and `.csv`.
"""

import csv
import os
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import fetch_reuters21578
from skbalance.losses import get_loss_names
from skbalance.metrics import group_f1_score

RESULTS = Path(__file__).parent / "results"
SEEDS = range(5)
COLUMNS = ("micro", "macro", "head_micro", "head", "medium_micro", "medium", "tail_micro", "tail")


def models():
    yield "LinearSVC", OneVsRestClassifier(LinearSVC(random_state=0))
    logistic = LogisticRegression(class_weight="balanced", max_iter=1000)
    yield "LogisticRegression, balanced", OneVsRestClassifier(logistic)
    for name in get_loss_names():
        yield name, BalancedMultiLabelClassifier(name)


def evaluate(model, train, test, rows):
    """Scores in per cent and seconds of a model trained on some rows; groups are those of the whole training set."""
    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=2)
    X_train, X_test = vectorizer.fit_transform(train.data[rows]), vectorizer.transform(test.data)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # labels without a document among these rows
        model.fit(X_train, train.target[rows])
    seconds = time.perf_counter() - start
    predicted = model.predict(X_test)
    counts = np.asarray(train.target.sum(axis=0)).ravel()
    scores = {average: f1_score(test.target, predicted, average=average, zero_division=0) for average in COLUMNS[:2]}
    for suffix, average in (("", "macro"), ("_micro", "micro")):
        groups = group_f1_score(test.target, predicted, label_counts=counts, average=average)
        scores.update({group + suffix: value for group, value in groups.items()})
    return [100 * scores[column] for column in COLUMNS], seconds


def main():
    folder = os.environ.get("SKBALANCE_DATA")
    train, test = (fetch_reuters21578(subset=part, data_home=folder) for part in ("train", "test"))
    n = len(train.data)
    lines = [
        "| model | micro | macro | head | medium | tail | fit, s | 90 %: micro | macro | head | medium | tail |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / "losses.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["model", "sample", *COLUMNS, "seconds"])
        for name, model in models():
            whole, seconds = evaluate(model, train, test, np.arange(n))
            writer.writerow([name, "all", *np.round(whole, 3), round(seconds, 2)])
            parts = []
            for seed in SEEDS:
                rows = np.random.default_rng(seed).permutation(n)[: int(0.9 * n)]
                part, part_seconds = evaluate(model, train, test, rows)
                parts.append(part)
                writer.writerow([name, seed, *np.round(part, 3), round(part_seconds, 2)])
            stream.flush()
            shown = [COLUMNS.index(column) for column in ("micro", "macro", "head", "medium", "tail")]
            mean, spread = np.mean(parts, axis=0), np.std(parts, axis=0)
            lines.append(
                f"| {name} | "
                + " | ".join(f"{whole[i]:.1f}" for i in shown)
                + f" | {seconds:.1f} | "
                + " | ".join(f"{mean[i]:.1f} ± {spread[i]:.1f}" for i in shown)
                + " |"
            )
            print(lines[-1], flush=True)
    title = "# Losses\n\nReuters-21578, TF-IDF, cut at 0.5, F1 in per cent; groups are macro-F1.\n\n"
    (RESULTS / "losses.md").write_text(title + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
