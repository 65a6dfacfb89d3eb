"""Time, peak memory and quality of the default classifier as rows, labels and features grow, without a jump.

Run ``python benchmarks/scaling.py``: made-up counts of words as TF-IDF, a thousand rows more to predict. Each point is
fitted in a process of one thread, with all that it needs made before. ``--large`` goes on to a million rows or features
and 20,000 labels, which takes hours and up to 100 GB. Rows that are in `benchmarks/results/scaling.csv` already are not
run again; ``--fresh`` starts anew. The table is written to `benchmarks/results/scaling.md`. A *jump* is the growth of
the seconds from the point before it over that of the size; the points on both sides of a limit inside the package are
neighbours: blocks of 256 labels, of 2 ** 25 coefficients, and 28,000 and 31,000 features of 1,000 labels.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import warnings

import torch
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.metrics import f1_score
from speed import in_child, take_turns
from tables import Table, add_options, markdown_table, parse, write

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import make_long_tailed_multilabel

FIELDS = (
    "curve",
    "size",
    "rows",
    "labels",
    "features",
    "solver",
    "iterations",
    "seconds",
    "peak_mib",
    "micro",
    "macro",
)
BASE = {"n_samples": 4_000, "n_labels": 100, "n_features": 5_000}
# Curve: what grows, the size otherwise, its values, and those of ``--large``.
CURVES = {
    "rows": ("n_samples", BASE, (1_000, 3_000, 10_000, 30_000, 100_000), (300_000, 1_000_000)),
    "labels": ("n_labels", BASE, (10, 30, 100, 256, 257, 300, 1_000, 3_000), (10_000, 20_000)),
    "features": ("n_features", BASE, (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000), (1_000_000,)),
    "features, 1,000 labels": (
        "n_features",
        {**BASE, "n_samples": 3_000, "n_labels": 1_000},
        (20_000, 28_000, 31_000, 40_000),
        (131_000, 132_000),
    ),
}


def measure(n_samples, n_labels, n_features):
    """Solver, iterations, seconds, peak of the memory and F1 at one size."""
    sizes = {"n_labels": n_labels, "n_features": n_features}
    X, y = make_long_tailed_multilabel(n_samples + 1_000, **sizes, random_state=0)
    X = TfidfTransformer(sublinear_tf=True).fit_transform(X).astype("float32").tocsr()
    y, parts = y.tocsr(), (slice(0, n_samples), slice(n_samples, None))
    (X, X_test), (y, y_test) = ([array[part] for part in parts] for array in (X, y))

    def fit():
        warnings.simplefilter("ignore")  # labels without a sample
        model = BalancedMultiLabelClassifier()
        ((cpu, _),) = take_turns({"fit": lambda: model.fit(X, y)}, 1).values()
        return model, cpu

    (model, cpu), peak = in_child(fit)
    predicted = model.predict(X_test)
    scores = (f1_score(y_test, predicted, average=average, zero_division=0) for average in ("micro", "macro"))
    return model.solver_, model.n_iter_, cpu, peak, *(100 * score for score in scores)


def growth(rows):
    """Rows of a curve as cells, with the jump of each."""
    before = None
    for row in sorted(rows, key=lambda row: int(row["size"])):
        jump = "–"
        if before is not None:
            size, seconds = (float(row[name]) / float(before[name]) for name in ("size", "seconds"))
            jump = f"{seconds / size:.2f}"
        size, peak, time = f"{int(row['size']):,}", f"{float(row['peak_mib']):,.0f}", f"{float(row['seconds']):.2f}"
        yield [size, row["solver"], row["iterations"], time, jump, peak, *(f"{float(row[f]):.1f}" for f in FIELDS[-2:])]
        before = row


def report(table):
    """Write the tables."""
    lines = ["# Scaling", "", "The default classifier on one thread: CPU seconds, peak of the memory in MiB, F1."]
    for curve, (_, base, *_) in CURVES.items():
        fixed = ", ".join(f"{value:,} {name[2:]}" for name, value in base.items() if name != CURVES[curve][0])
        head = ["size", "solver", "iterations", "seconds", "jump", "peak_mib", "micro-F1", "macro-F1"]
        lines += ["", f"## By {curve}", "", f"With {fixed}.", ""]
        lines += markdown_table(head, growth(table.select(curve=curve)))
    write("scaling.md", lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--large", action="store_true", help="the large half of each curve as well")
    add_options(parser, "scaling.csv")
    arguments = parse(parser)
    table = Table("scaling.csv", FIELDS, n_keys=2)
    if not arguments.tables:
        torch.set_num_threads(1)
        BalancedMultiLabelClassifier().fit([[0, 1], [1, 0]], [[1, 0], [0, 1]])  # loads what the first fit needs
        for curve, (parameter, base, small, large) in CURVES.items():
            for value in (*small, *(large if arguments.large else ())):
                if not table.has(curve, value):
                    sizes = {**base, parameter: value}
                    table.add(curve, value, *sizes.values(), *measure(**sizes))
                    print(*table.rows[-1].values())
    report(table)


if __name__ == "__main__":
    main()
