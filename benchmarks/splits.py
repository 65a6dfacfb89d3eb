"""How evenly and how fast multi-label targets are split, beside iterative-stratification and KFold.

Run `python benchmarks/splits.py`; needs `pip install iterative-stratification`. `--quick` leaves the large
target out. Every target is drawn here, from a seed.

Deviation: mean over labels and folds of |positives in the fold - positives / number of folds|. "best" is what
no split can go below, as counts are whole numbers. "size" is the largest fold less the smallest.
"""

import argparse
import json
import subprocess
import sys
import time
import warnings

import numpy as np
import scipy.sparse as sp
from sklearn.model_selection import KFold

from skbalance.model_selection import MultilabelStratifiedKFold

N_SPLITS = 5


def power_law_target(n_samples, n_labels, labels_per_row, *, exponent=1.0, seed=0):
    """Sparse indicator; label j is drawn with a probability proportional to (j + 1) ** -exponent."""
    rng = np.random.default_rng(seed)
    share = np.arange(1, n_labels + 1) ** -float(exponent)
    lengths = rng.poisson(labels_per_row, n_samples)
    columns = np.searchsorted(np.cumsum(share / share.sum()), rng.random(lengths.sum()))
    rows = np.arange(n_samples).repeat(lengths)
    y = sp.csr_array((np.ones(rows.size, np.int32), (rows, columns.clip(0, n_labels - 1))), shape=(n_samples, n_labels))
    y.sum_duplicates()
    y.data[:] = 1
    return y


def fold_of_rows(splitter, y):
    folds = np.empty(y.shape[0], dtype=int)
    X = np.empty((y.shape[0], 0))
    for fold, (_, test) in enumerate(splitter.split(X, y)):
        folds[test] = fold
    return folds


def deviation(y, folds):
    y = sp.csr_array(y)
    counts = np.stack([np.asarray(y[folds == fold].sum(axis=0)) for fold in range(N_SPLITS)])
    used = counts.sum(axis=0) > 0
    expected = counts.sum(axis=0) / N_SPLITS
    rest = expected % 1
    return np.abs(counts - expected)[:, used].mean(), (2 * rest * (1 - rest))[used].mean()


def targets():
    rng = np.random.default_rng(0)
    yield "power law, 3 labels a row", power_law_target(10_000, 100, 3).toarray()
    yield "power law, 8 labels a row", power_law_target(10_000, 100, 8).toarray()
    yield "power law 1.5, 5 labels a row", power_law_target(10_000, 100, 5, exponent=1.5).toarray()
    yield "uniform, 1 label a row", (rng.random((10_000, 100)) < 0.01).astype(int)
    yield "uniform, 5 labels a row", (rng.random((10_000, 100)) < 0.05).astype(int)
    yield "uniform, 20 labels a row", (rng.random((10_000, 100)) < 0.2).astype(int)
    yield "2,000 x 300, 3 labels a row", power_law_target(2_000, 300, 3).toarray()


def small(n_seeds):
    from iterstrat.ml_stratifiers import MultilabelStratifiedKFold as Oracle

    splitters = {"KFold": KFold, "iterative-stratification": Oracle, "skbalance": MultilabelStratifiedKFold}
    print(f"{N_SPLITS} folds of 10,000 x 100 unless said, mean of {n_seeds} seeds, best time")
    print(f"{'':31}{'':26}{'deviation':>10}{'best':>8}{'/ oracle':>9}{'size':>7}{'ms':>8}{'/ oracle':>9}")
    for name, y in targets():
        result = {}
        for label, splitter in splitters.items():
            seconds, deviations, sizes = [], [], []
            for seed in range(n_seeds):
                start = time.perf_counter()
                folds = fold_of_rows(splitter(N_SPLITS, shuffle=True, random_state=seed), y)
                seconds.append(time.perf_counter() - start)
                mean, best = deviation(y, folds)
                deviations.append(mean)
                sizes.append(np.ptp(np.bincount(folds, minlength=N_SPLITS)))
            result[label] = np.mean(deviations), best, np.mean(sizes), 1e3 * min(seconds)
        oracle = result["iterative-stratification"]
        for label, (mean, best, size, ms) in result.items():
            print(
                f"{name:31}{label:26}{mean:10.3f}{best:8.3f}{mean / oracle[0]:9.2f}{size:7.1f}{ms:8.1f}"
                f"{ms / oracle[3]:9.3f}"
            )
            name = ""


def large():
    """Split 225,000 x 18,211 in this process and print the figures as JSON."""
    import resource

    y = power_law_target(225_000, 18_211, 13.0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    folds = fold_of_rows(MultilabelStratifiedKFold(N_SPLITS, shuffle=True, random_state=0), y)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    mean, best = deviation(y, folds)
    plain = deviation(y, fold_of_rows(KFold(N_SPLITS, shuffle=True, random_state=0), y))[0]
    figures = {
        "labels a row": y.nnz / y.shape[0],
        "seconds": seconds,
        "peak GiB": peak / 2**20,
        "of it before": before / 2**20,
        "deviation": mean,
        "best": best,
        "KFold": plain,
        "size": int(np.ptp(np.bincount(folds))),
    }
    print(json.dumps({key: round(value, 3) for key, value in figures.items()}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="leave the large target out")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--large-only", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.large_only:
        large()
        return
    warnings.simplefilter("ignore")
    small(arguments.seeds)
    if not arguments.quick:
        answer = subprocess.run([sys.executable, __file__, "--large-only"], check=True, capture_output=True, text=True)
        figures = json.loads(answer.stdout)
        print(f"\n225,000 x 18,211, sparse: {', '.join(f'{key} {value}' for key, value in figures.items())}")


if __name__ == "__main__":
    main()
