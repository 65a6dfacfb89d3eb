"""`TagClassifier` with parents of tags, and without.

Run ``python benchmarks/hierarchy.py``. On the web features, and on simulated texts of 300 tags in three levels, some
with two parents, with counts after Zipf: a text has two words of each of its tags and of each of their ancestors, and
25 of none. Each text is predicted once, by three folds; a seed shuffles them, and draws the simulation. What is true
has all ancestors. Without parents, ancestors are added to `y` before `fit`, or to what is predicted. "tail" is of tags
with at most 8 training texts, "hierarchical" the hierarchical F-score; "inconsistent" counts texts that have a tag
without its ancestors. Rows in `benchmarks/results/hierarchy.csv` are not run again; ``--fresh`` starts anew.
"""

import argparse
import time
from itertools import product

import numpy as np
from decisions import evaluate, quietly
from tables import Table, add_options, bare_means, markdown_table, parse, run_tasks, write

from skbalance import TagClassifier
from skbalance.datasets import load_web_features
from skbalance.metrics import hierarchical_precision_recall_fscore
from skbalance.model_selection import MultilabelStratifiedKFold

CORPORA = ("web", "simulation")
WITH, IN_Y, IN_PREDICTIONS = METHODS = ("parents", "ancestors in y", "ancestors in predictions")
SCORES = ("micro", "macro", "head", "medium", "tail", "hierarchical")
FIELDS = ("corpus", "method", "seed", *SCORES, "inconsistent", "seconds")
ROOTS, MIDDLE, TAGS, TEXTS, WORDS = 12, 60, 300, 2000, 2000


def simulate(seed):
    """Texts of words, their tags, and parents of tags."""
    rng = np.random.default_rng(seed)
    parents, lineage = {}, [[tag] for tag in range(TAGS)]
    for tag in range(ROOTS, TAGS):
        above = np.arange(ROOTS) if tag < ROOTS + MIDDLE else np.arange(ROOTS, ROOTS + MIDDLE)
        chosen = rng.choice(above, size=1 + (rng.random() < 0.15), replace=False)
        parents[f"t{tag}"] = [f"t{parent}" for parent in chosen]
        lineage[tag] += [ancestor for parent in chosen for ancestor in lineage[parent]]
    zipf, common = (1 / np.arange(1, size + 1) for size in (TAGS, WORDS))
    share, vocabulary = rng.permutation(zipf / zipf.sum()), rng.integers(0, WORDS, (TAGS, 12))
    frequent, texts, tags = rng.permutation(WORDS), [], []
    for _ in range(TEXTS):
        own = rng.choice(TAGS, size=1 + rng.poisson(1.0), replace=False, p=share)
        words = [word for tag in own for each in lineage[tag] for word in rng.choice(vocabulary[each], 2)]
        words += frequent[rng.choice(WORDS, size=25, p=common / common.sum())].tolist()
        texts.append(" ".join(f"w{word}" for word in words))
        tags.append([f"t{tag}" for tag in own])
    return texts, tags, parents


def indicator(tags, classes):
    return np.array([[tag in row for tag in classes] for row in map(set, tags)], dtype=np.int64)


def measure(corpus, method, seed):
    quietly()
    web = load_web_features()
    texts, tags, parents = simulate(seed)
    if corpus == "web":
        texts, tags, parents = list(web.data), web.tags, {tag: [parent] for tag, parent in web.parents.items()}
    classes = sorted({tag for each in (*tags, parents, *parents.values()) for tag in each})
    columns = {classes.index(tag): [classes.index(each) for each in its_own] for tag, its_own in parents.items()}
    up = np.eye(len(classes), dtype=np.int64)
    for column, its_own in columns.items():
        up[column, its_own] = 1
    own = indicator(tags, classes)
    y = (own @ up @ up > 0).astype(np.int64)  # there are three levels
    fitted, predicted, start = own if method == IN_PREDICTIONS else y, np.zeros_like(y), time.process_time()
    for train, test in MultilabelStratifiedKFold(3, shuffle=True, random_state=seed).split(texts, y):
        model = TagClassifier(parents=parents if method == WITH else None, classes=classes, random_state=seed)
        model.set_params(label_texts="tags" if corpus == "web" else None)
        model.fit([texts[i] for i in train], [[classes[j] for j in np.flatnonzero(row)] for row in fitted[train]])
        predicted[test] = indicator(model.predict([texts[i] for i in test]), classes)
    seconds, closed = time.process_time() - start, (predicted @ up @ up > 0).astype(np.int64)
    predicted = closed if method == IN_PREDICTIONS else predicted
    scores = evaluate(y, predicted, y.sum(axis=0) * 2 / 3)
    scores["hierarchical"] = hierarchical_precision_recall_fscore(y, predicted, columns)[2]
    inconsistent = int((closed != predicted).any(axis=1).sum())
    return corpus, method, seed, *(float(scores[name]) for name in SCORES), inconsistent, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser, "hierarchy.csv")
    arguments, table = parse(parser), Table("hierarchy.csv", FIELDS)
    tasks = [key for key in product(CORPORA, METHODS, range(3)) if not arguments.tables and not table.has(*key)]
    for row in run_tasks(measure, tasks, jobs=arguments.jobs, label="hierarchy"):
        table.add(*row)
    table.sort(CORPORA, METHODS)
    counted = table.summary(("inconsistent", "seconds"), percent=False)
    rows = []
    for (key, seeds, cells), (*_, counts) in zip(table.summary(SCORES, percent=True), counted):
        rows.append([*key, seeds, *bare_means(cells, seeds), *(f"{float(cell.split(' ')[0]):.0f}" for cell in counts)])
    note = "F1 in per cent, mean ± standard deviation over seeds; groups are macro-F1; CPU seconds."
    head = ("corpus", "method", "seeds", *SCORES, "inconsistent", "CPU s")
    write("hierarchy.md", ["# Parents of tags", "", note, "", *markdown_table(head, rows)])


if __name__ == "__main__":
    main()
