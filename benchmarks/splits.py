"""How evenly and how fast multi-label targets are split, beside iterative-stratification and KFold.

Run ``python benchmarks/splits.py``; needs ``pip install iterative-stratification``. Every target is drawn here, from a
seed. Rows that are in `benchmarks/results/splits.csv` already are not run again; ``--fresh`` starts anew. The tables
are written to `benchmarks/results/splits.md`.

Deviation: mean over labels and folds of |positives in the fold - positives / number of folds|. "best" is what
no split can go below, as counts are whole numbers. "size" is the largest fold less the smallest. The seconds of a
splitter are CPU seconds, the least of the seeds; all splitters of a seed take turns in one process.
"""

import argparse
import resource
import time
import warnings
from functools import lru_cache

import numpy as np
import scipy.sparse as sp
from sklearn.model_selection import KFold
from tables import Table, add_options, markdown_table, parse, run_tasks, write

from skbalance.model_selection import MultilabelStratifiedKFold

N_SPLITS = 5
SEEDS = range(5)
PLAIN, ORACLE, OURS = "KFold", "iterative-stratification", "skbalance"
# Rows, labels, labels a row, and the exponent of the power law; None draws all labels equally often.
TARGETS = {
    "10,000 x 100, 2 labels a row": (10_000, 100, 2, 1.0),
    "10,000 x 100, 4 labels a row": (10_000, 100, 4, 1.0),
    "10,000 x 100, 8 labels a row": (10_000, 100, 8, 1.0),
    "10,000 x 100, 20 labels a row": (10_000, 100, 20, 1.0),
    "10,000 x 100, 5 labels a row, steep tail": (10_000, 100, 5, 1.5),
    "10,000 x 100, 1 label a row, no tail": (10_000, 100, 1, None),
    "10,000 x 100, 20 labels a row, no tail": (10_000, 100, 20, None),
    "2,000 x 300, 3 labels a row": (2_000, 300, 3, 1.0),
}
LARGE = "225,000 x 18,211, 12 labels a row"
FIELDS = ("target", "splitter", "seed", "deviation", "best", "size", "cpu_s", "peak_mib", "before_mib", "target_mib")


def power_law_target(n_samples, n_labels, labels_per_row, exponent):
    """Sparse indicator; label j is drawn with a probability in proportion to (j + 1) ** -exponent, at most 1/2."""
    rng = np.random.default_rng(0)
    if exponent is None:
        return sp.csr_array((rng.random((n_samples, n_labels)) < labels_per_row / n_labels).astype(np.int32))
    share = np.arange(1, n_labels + 1) ** -float(exponent)
    share /= share.sum()
    for _ in range(100):  # what is cut off goes to the labels that are not
        share = np.minimum(share * labels_per_row / share.sum(), 0.5)
    counts = rng.binomial(n_samples, share)
    rows = np.concatenate([rng.choice(n_samples, count, replace=False) for count in counts])
    columns = np.repeat(np.arange(n_labels), counts)
    return sp.csr_array((np.ones(rows.size, np.int32), (rows, columns)), shape=(n_samples, n_labels))


@lru_cache(maxsize=1)
def target(name):
    return power_law_target(*TARGETS[name]).toarray()


def fold_of_rows(splitter, y):
    folds = np.empty(y.shape[0], dtype=int)
    X = np.empty((y.shape[0], 0))
    for fold, (_, test) in enumerate(splitter.split(X, y)):
        folds[test] = fold
    return folds


def deviation(y, folds):
    """Mean deviation from an even share over labels and folds, and the least there can be."""
    y = sp.csr_array(y)
    counts = np.stack([np.asarray(y[folds == fold].sum(axis=0)) for fold in range(N_SPLITS)])
    used = counts.sum(axis=0) > 0
    expected = counts.sum(axis=0) / N_SPLITS
    rest = expected % 1
    return float(np.abs(counts - expected)[:, used].mean()), float((2 * rest * (1 - rest))[used].mean())


def measure(name, y, splitters, seed):
    """A row of the table for each splitter."""
    for label, splitter in splitters.items():
        start = time.process_time()
        folds = fold_of_rows(splitter(N_SPLITS, shuffle=True, random_state=seed), y)
        seconds = time.process_time() - start
        size = int(np.ptp(np.bincount(folds, minlength=N_SPLITS)))
        yield name, label, seed, *deviation(y, folds), size, seconds


def small(name, seed):
    """Rows of all splitters."""
    from iterstrat.ml_stratifiers import MultilabelStratifiedKFold as Oracle

    warnings.simplefilter("ignore")
    return list(measure(name, target(name), {PLAIN: KFold, ORACLE: Oracle, OURS: MultilabelStratifiedKFold}, seed))


def large():
    """The same for a sparse target of PubMed's size, with the memory; iterative-stratification takes dense ones."""
    y = power_law_target(225_000, 18_211, 12.3, 1.0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (ours,) = measure(LARGE, y, {OURS: MultilabelStratifiedKFold}, 0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (plain,) = measure(LARGE, y, {PLAIN: KFold}, 0)
    bytes_of_y = (y.data.nbytes + y.indices.nbytes + y.indptr.nbytes) / 2**20
    return [(*plain, "", "", bytes_of_y), (*ours, peak, before, bytes_of_y)]


def means(table, name):
    """Of each splitter: deviation, what is best, size, least seconds."""
    for splitter in (PLAIN, ORACLE, OURS):
        rows = table.select(target=name, splitter=splitter)
        if rows:
            columns = {
                column: [float(row[column]) for row in rows] for column in ("deviation", "best", "size", "cpu_s")
            }
            cells = [np.mean(columns[column]) for column in ("deviation", "best", "size")]
            yield splitter, rows, [*cells, min(columns["cpu_s"])]


def markdown(table):
    note = (
        f"{N_SPLITS} folds. Deviation: mean over labels and folds of how many positives a fold has too many or too "
        "few; best: what no split can go below; size: the largest fold less the smallest. Mean of "
        f"{len(SEEDS)} seeds, least CPU seconds. The ratios are to iterative-stratification."
    )
    rows = []
    for name in TARGETS:
        found = list(means(table, name))
        oracle = {splitter: values for splitter, _, values in found}.get(ORACLE)
        if oracle is None:
            continue
        for splitter, _, (mean, best, size, seconds) in found:
            ratios = f"{mean / oracle[0]:.2f}", f"{seconds / oracle[3]:.3f}"
            rows.append(
                [name, splitter, f"{mean:.3f}", f"{best:.3f}", ratios[0], f"{size:.1f}", f"{seconds:.3f}", ratios[1]]
            )
    head = ("target", "splitter", "deviation", "best", "deviation ratio", "size", "CPU, s", "time ratio")
    lines = ["# Splits", "", note, "", *markdown_table(head, rows)]
    found = list(means(table, LARGE))
    if found:
        memory = found[-1][1][0]
        lines += ["", "## Large", ""]
        lines.append(
            f"{LARGE}, sparse: {float(memory['target_mib']):.0f} MiB. A dense indicator of one byte a cell would take "
            f"{225_000 * 18_211 / 2**30:.1f} GiB. Peak: the most resident memory of the process, libraries and target "
            "included; before: the same before the split, most of it from drawing the target."
        )
        cells = [
            [s, f"{mean:.3f}", f"{best:.3f}", f"{size:.0f}", f"{seconds:.2f}"]
            + [shown(rows[0][name]) for name in ("peak_mib", "before_mib")]
            for s, rows, (mean, best, size, seconds) in found
        ]
        lines += [
            "",
            *markdown_table(("splitter", "deviation", "best", "size", "CPU, s", "peak, MiB", "before, MiB"), cells),
        ]
    return lines


def shown(mebibytes):
    return f"{float(mebibytes):.0f}" if mebibytes else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="leave the large target out")
    add_options(parser, "splits.csv")
    arguments = parse(parser)
    table = Table("splits.csv", FIELDS)
    if not arguments.tables:
        tasks = [(name, seed) for name in TARGETS for seed in SEEDS if not table.has(name, OURS, seed)]
        for rows in run_tasks(small, tasks, jobs=arguments.jobs, label="splits"):
            for row in rows:
                table.add(*row, "", "", "")
        # A process of its own, so that its peak of memory is its own.
        tasks = [] if arguments.quick or table.has(LARGE, OURS, 0) else [()]
        for rows in run_tasks(large, tasks, jobs=2, label="splits, large"):
            for row in rows:
                table.add(*row)
    table.sort((*TARGETS, LARGE), (PLAIN, ORACLE, OURS), SEEDS)
    write("splits.md", markdown(table))


if __name__ == "__main__":
    main()
