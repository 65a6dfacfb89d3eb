"""Trees of labels by omikuji, alone and inside decisions, on a sample of PubMed and on a simulation of its labels.

Run ``SKBALANCE_DATA=folder python benchmarks/omikuji_decisions.py``; needs ``pip install omikuji``. Of the sample of
BioASQ (terms of two articles or more) each text is predicted once, by three folds, and everything is set on five folds
of the others. Of the simulation (see `simulation.py`) 20,000 texts are trained on, a fifth of which sets everything
before the trees are trained on all of them, and 5,000 further ones are predicted.

``alone``: the best k labels of a text whose score is above one threshold, k and threshold being those that are best for
micro-F1 on the texts that were held out. The others are `TunedThresholdMultiLabelClassifierCV` at default settings on
the same trees, and the nearness to the mean of a label's texts, and what the labels are called. Methods share the fits
of the trees, whose seconds count for each of them.

Rows that are in `benchmarks/results/omikuji_decisions.csv` already are not run again; ``--fresh`` starts anew. The
table is written to `benchmarks/results/omikuji_decisions.md`.
"""

import argparse
import time
from functools import lru_cache
from itertools import product

import numpy as np
import scipy.sparse as sp
from corpora import load, tfidf
from decisions import evaluate, quietly
from tables import Table, add_options, bare_means, data_folder, markdown_table, parse, run_tasks, write

from skbalance import TunedThresholdMultiLabelClassifierCV
from skbalance.decisions import label_vectors, readable
from skbalance.memory import CosineCentroidClassifier
from skbalance.model_selection import MultilabelStratifiedKFold, multilabel_train_test_split
from skbalance.omikuji import OmikujiClassifier

CORPORA = ("bioasq", "simulation")
N_TRAIN, N_TEST = 20_000, 5_000
ALONE, TREES = "alone, one k and one threshold", "decisions on trees"
CENTROID, NAMES = "decisions on trees and centroids", "decisions on trees, centroids and names"
METHODS = (ALONE, TREES, CENTROID, NAMES)
SCORES = ("micro", "macro", "head", "medium", "tail")
FIELDS = ("corpus", "method", "seed", *SCORES, "seconds")


class SharedTrees(OmikujiClassifier):
    """Trained once for all methods that train it on the same rows."""

    fits: dict = {}

    def fit(self, X, y):
        """Train, or take what was trained on these rows."""
        key = (*X.shape, float(X.sum()), y.nnz)
        if key not in self.fits:
            start = time.process_time()
            fitted = super().fit(X, y)
            self.fits[key] = dict(vars(fitted)), time.process_time() - start
        state, self.seconds_ = self.fits[key]
        vars(self).update(state)
        SharedTrees.saved += self.seconds_
        return self

    saved = 0.0


@lru_cache(maxsize=1)
def simulated(seed):
    """Features and labels of training and test texts, and the vectors of the labels' names."""
    from simulation import Simulation

    simulation = Simulation(seed)
    (texts, y), (held, y_held) = simulation.draw(N_TRAIN), simulation.draw(N_TEST, part=1)
    features = tfidf(np.float32)
    X, names = features.fit_transform(texts), label_vectors_of(features, simulation.names)
    return X, sp.csr_matrix(y), features.transform(held), sp.csr_matrix(y_held), names


def label_vectors_of(features, names):
    return label_vectors(features, [readable(name) for name in names])


def splits_of(X, y, n_folds, seed):
    """Folds, or one hold-out of a fifth."""
    if n_folds > 1:
        return list(MultilabelStratifiedKFold(n_folds, shuffle=True, random_state=seed).split(X, y))
    return [multilabel_train_test_split(np.arange(X.shape[0]), y, test_size=0.2, random_state=seed)[:2]]


def predict(method, X, y, X_test, names, splits, seed):
    """The indicator that a method predicts, and the CPU seconds."""
    SharedTrees.saved, trained = 0.0, sum(seconds for _, seconds in SharedTrees.fits.values())
    start = time.process_time()
    if method == ALONE:
        predicted = predict_alone(X, y, X_test, splits)
    else:
        scorers = [("trees", SharedTrees()), ("centroid", CosineCentroidClassifier())]
        model = TunedThresholdMultiLabelClassifierCV(
            scorers[: 1 if method == TREES else 2], label_texts=names if method == NAMES else None, cv=splits,
            random_state=seed,
        )  # fmt: skip
        predicted = model.fit(X, y).predict(X_test)
    spent = time.process_time() - start
    trained = sum(seconds for _, seconds in SharedTrees.fits.values()) - trained
    return sp.csr_matrix(predicted), spent - trained + SharedTrees.saved


def predict_alone(X, y, X_test, splits):
    """The k best labels above a threshold, both as they are best for micro-F1 on rows that were held out."""
    scores = sp.vstack([SharedTrees().fit(X[fitted], y[fitted]).predict_proba(X[held]) for fitted, held in splits])
    truth = y[np.concatenate([held for _, held in splits])]
    ranks = ranks_of(scores)
    right = np.asarray(truth[np.repeat(np.arange(scores.shape[0]), np.diff(scores.indptr)), scores.indices]).ravel() > 0
    best = (-1.0, 1, 1.0)
    for k in range(1, int(ranks.max()) + 2):
        within = ranks < k
        order = np.argsort(-scores.data[within], kind="stable")
        found = np.cumsum(right[within][order])
        f1 = 2 * found / (np.arange(1, len(order) + 1) + truth.sum())
        at = int(f1.argmax())
        best = max(best, (float(f1[at]), k, float(scores.data[within][order][at])))
    _, k, threshold = best
    scores = SharedTrees().fit(X, y).predict_proba(X_test)
    scores.data = ((scores.data >= threshold) & (ranks_of(scores) < k)).astype(np.float32)
    scores.eliminate_zeros()
    return scores.astype(np.int8)


def ranks_of(scores):
    """The place of each stored score in its row, the highest one's being 0."""
    rows = np.repeat(np.arange(scores.shape[0]), np.diff(scores.indptr))
    order = np.lexsort((-scores.data, rows))
    ranks = np.empty(len(rows), dtype=int)
    ranks[order] = np.arange(len(rows)) - np.repeat(scores.indptr[:-1], np.diff(scores.indptr))
    return ranks


def measure(folder, corpus, seed, methods):
    """Rows of the table."""
    quietly()
    results = []
    if corpus == "simulation":
        X, y, X_test, y_test, names = simulated(seed)
        splits = splits_of(X, y, 1, seed)
        for method in methods:
            predicted, seconds = predict(method, X, y, X_test, names, splits, seed)
            results.append((method, y_test, predicted, y, seconds))
    else:
        data, _ = load(folder, corpus)
        y, found = sp.csr_matrix(data.y), {method: [sp.csr_matrix((0, data.y.shape[1])), 0.0] for method in methods}
        order = []
        for fitted, held in MultilabelStratifiedKFold(3, shuffle=True, random_state=seed).split(data.rows, y):
            features = tfidf(np.float32)
            X, names = features.fit_transform(data.rows[fitted]), label_vectors_of(features, data.names)
            X_test, splits = features.transform(data.rows[held]), splits_of(X, y[fitted], 5, seed)
            order.append(held)
            for method in methods:
                predicted, seconds = predict(method, X, y[fitted], X_test, names, splits, seed)
                found[method][0] = sp.vstack([found[method][0], predicted])
                found[method][1] += seconds
        results = [(m, y[np.concatenate(order)], predicted, y, seconds) for m, (predicted, seconds) in found.items()]
    rows = []
    for method, truth, predicted, y, seconds in results:
        scores = evaluate(truth, predicted.tocsr(), np.asarray(y.sum(axis=0)).ravel())
        rows.append((corpus, method, seed, *(float(scores[name]) for name in SCORES), seconds))
    return rows


def markdown(table):
    seconds = {key: part[0] for key, _, part in table.summary(("seconds",), percent=False)}
    rows = []
    for key, n_seeds, cells in table.summary(SCORES, percent=True):
        rows.append([*key, n_seeds, *bare_means(cells, n_seeds), f"{float(seconds[key].split(' ')[0]):.0f}"])
    note = "F1 in per cent, mean ± standard deviation over seeds; groups are macro-F1; CPU seconds of all of it."
    return ["# Trees of labels", "", note, "", *markdown_table(("corpus", "method", "seeds", *SCORES, "CPU s"), rows)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--corpora", nargs="+", choices=CORPORA, default=CORPORA)
    add_options(parser, "omikuji_decisions.csv")
    arguments = parse(parser)
    table = Table("omikuji_decisions.csv", FIELDS)
    if not arguments.tables:
        folder, tasks = data_folder(parser), []
        for corpus, seed in product(arguments.corpora, range(arguments.seeds)):
            left = [method for method in METHODS if not table.has(corpus, method, seed)]
            tasks += [(folder, corpus, seed, left)] if left else []
        for rows in run_tasks(measure, tasks, jobs=arguments.jobs, label="omikuji"):
            for row in rows:
                table.add(*row)
    table.sort(CORPORA, METHODS, map(str, range(max(5, arguments.seeds))))
    write("omikuji_decisions.md", markdown(table))


if __name__ == "__main__":
    main()
