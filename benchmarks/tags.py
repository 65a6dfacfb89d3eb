"""`TagClassifier` with its defaults beside a peer that is tuned alike: rows of the README's table.

Run ``SKBALANCE_DATA=folder python benchmarks/tags.py``. Texts and tags of Reuters-21578 (ModApte split, 90 topics) and
GoEmotions, whole and a tenth of the training texts. `TagClassifier()` sets everything on the training texts. Its peer
is one-vs-rest LinearSVC on the same TF-IDF, its C searched, the same thresholds set, and the same names of tags used or
not, on the same folds. The test texts are scored once. A seed shuffles the folds, and draws the texts of the tenths.
Rows that are in `benchmarks/results/tags.csv` already are not run again; ``--fresh`` starts anew. The table is written
to `benchmarks/results/tags.md`.
"""

import argparse
import gzip
import json
import time
from functools import lru_cache
from itertools import product

import numpy as np
from decisions import dense, evaluate, quietly
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC
from tables import Table, add_options, data_folder, markdown_table, parse, run_tasks, write

from skbalance import TagClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.datasets import fetch_reuters21578
from skbalance.decisions import label_vectors, readable

CORPORA = ("reuters", "reuters-tenth", "goemotions", "goemotions-tenth")
SCORES = ("micro", "macro", "head", "medium", "tail")
FIELDS = ("corpus", "method", "seed", *SCORES, "seconds")
SEARCH = {"estimator__C": [0.1, 0.3, 1.0, 3.0]}
OURS = "TagClassifier()"
PEER, NAMED_PEER = "LinearSVC, C searched", "LinearSVC, C searched, with names"
METHODS = (PEER, NAMED_PEER, OURS)


@lru_cache(maxsize=1)
def load(folder, corpus):
    """Training texts and their indicator, test texts and theirs, and the names of the labels."""
    if corpus == "reuters":
        train, test = (
            fetch_reuters21578(subset=part, data_home=folder, download_if_missing=False) for part in ("train", "test")
        )
        texts = [np.array(part.data, dtype=object) for part in (train, test)]
        return texts[0], dense(train.target), texts[1], dense(test.target), list(train.target_names)
    with gzip.open(folder / "goemotions.json.gz", "rt", encoding="utf-8") as stream:
        data = json.load(stream)
    names, parts = data["labels"], []
    for part in ("train", "test"):
        parts.append(np.array([row["text"] for row in data[part]], dtype=object))
        parts.append(np.array([[name in row["labels"] for name in names] for row in data[part]], dtype=np.int8))
    return *parts, names


def training_texts(folder, corpus, seed):
    texts, y, *_ = load(folder, corpus.removesuffix("-tenth"))
    if not corpus.endswith("-tenth"):
        return texts, y
    rows = np.random.default_rng(seed).permutation(len(y))[: len(y) // 10]
    return texts[rows], y[rows]


def predict(method, texts, y, texts_test, names, seed):
    """The indicator that a method predicts for the test texts."""
    if method == OURS:
        tags = [[names[j] for j in np.flatnonzero(row)] for row in y]
        model = TagClassifier(classes=names, random_state=seed).fit(list(texts), tags)
        return dense(model.estimator_.predict(list(texts_test)))
    features = TfidfVectorizer(sublinear_tf=True, min_df=2, dtype=np.float32)
    X, X_test = features.fit_transform(texts), features.transform(texts_test)
    vectors = label_vectors(features, [readable(name) for name in names]) if method == NAMED_PEER else None
    model = TunedThresholdMultiLabelClassifierCV(
        OneVsRestClassifier(LinearSVC(random_state=0)), param_grid=SEARCH, label_texts=vectors, random_state=seed
    )
    return dense(model.fit(X, y).predict(X_test))


def measure(folder, corpus, method, seed):
    quietly()
    texts, y = training_texts(folder, corpus, seed)
    _, _, texts_test, y_test, names = load(folder, corpus.removesuffix("-tenth"))
    start = time.process_time()
    predicted = predict(method, texts, y, texts_test, names, seed)
    seconds = time.process_time() - start
    scores = evaluate(y_test, predicted, y.sum(axis=0))
    return corpus, method, seed, *(float(scores[name]) for name in SCORES), seconds


def open_table():
    return Table("tags.csv", FIELDS)


def markdown(table):
    seconds = {key: part[0] for key, _, part in table.summary(("seconds",), percent=False)}
    rows = []
    for key, n_seeds, cells in table.summary(SCORES, percent=True):
        cells = [cell.split(" ±")[0] for cell in cells] if n_seeds == 1 else cells
        rows.append([*key, n_seeds, *cells, f"{float(seconds[key].split(' ')[0]):.0f}"])
    note = "Test F1 in per cent, mean ± standard deviation over seeds; groups are macro-F1; CPU seconds."
    return ["# Tags", "", note, "", *markdown_table(("corpus", "method", "seeds", *SCORES, "CPU s"), rows)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--corpora", nargs="+", choices=CORPORA, default=CORPORA)
    add_options(parser, "tags.csv")
    arguments = parse(parser)
    table = open_table()
    if not arguments.tables:
        folder = data_folder(parser)
        tasks = [
            (folder, corpus, method, seed)
            for corpus, seed, method in product(arguments.corpora, range(arguments.seeds), METHODS)
            if not table.has(corpus, method, seed)
        ]
        for row in run_tasks(measure, tasks, jobs=arguments.jobs, label="tags"):
            table.add(*row)
    table.sort(CORPORA, METHODS, map(str, range(max(5, arguments.seeds))))
    write("tags.md", markdown(table))


if __name__ == "__main__":
    main()
