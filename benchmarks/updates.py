"""Texts and tags that come later, against a fit on all of them.

Run ``SKBALANCE_DATA=folder python benchmarks/updates.py``.

*Tenths*: the training part of Reuters, one tenth after the other, in the order of time, in the reverse order and
shuffled, by `partial_fit`; F1 on the test part, against a fit on all. Seconds of CPU are those of the last tenth.

*Tags*: 20 tags, drawn by the seed, are hidden from the training texts and then added one by one with the texts that
have them (of BioASQ: three folds). F1 of these tags and of the others, against a fit with all tags.

Rows that are in `benchmarks/results/updates.csv` already are not run again; ``--fresh`` starts anew. The table is
written to `benchmarks/results/updates.md`.
"""

import argparse
import time
from itertools import chain, pairwise, product

import numpy as np
from corpora import available, load
from decisions import quietly
from sklearn.metrics import f1_score
from tables import Table, add_options, data_folder, markdown_table, parse, run_tasks, write

from skbalance import TagClassifier
from skbalance.model_selection import MultilabelStratifiedKFold

CORPORA, N_ADDED = ("reuters", "bioasq"), 20
ADDED = f"{N_ADDED} tags added"
WORKS = ("tenths, time", "tenths, reverse", "tenths, shuffled", ADDED)
FIELDS = ("corpus", "work", "seed", "micro", "macro", "micro_refit", "macro_refit", "micro_others", "macro_others",
          "micro_others_refit", "macro_others_refit", "seconds", "seconds_refit")  # fmt: skip


def lists(y, names):
    return [[names[j] for j in np.flatnonzero(row)] for row in y]


def scores(models, rows, y, names):
    """Micro-F1 and macro-F1 of tags that the parts of y have."""
    predicted = []
    for model, part in zip(models, rows):
        column = {name: i for i, name in enumerate(names)}
        indicator = np.zeros((len(part), len(names)), dtype=int)
        for i, row in enumerate(model.predict(list(part))):
            indicator[i, [column[tag] for tag in row if tag in column]] = 1
        predicted.append(indicator)
    truth, predicted = np.concatenate(y), np.concatenate(predicted)
    some = truth.any(axis=0)
    return [float(f1_score(truth[:, some], predicted[:, some], average=a, zero_division=0)) for a in ("micro", "macro")]


def tenths(folder, corpus, order, seed):
    quietly()
    train, test = load(folder, corpus)
    rows = np.arange(len(train.y))
    rows = {"time": rows, "reverse": rows[::-1], "shuffled": np.random.default_rng(seed).permutation(rows)}[order]
    texts, tags = train.rows[rows], lists(train.y[rows], train.names)
    model, ends = TagClassifier(random_state=seed), np.linspace(0, len(rows), 11).astype(int)
    for start, end in pairwise(ends):
        began = time.process_time()
        model.partial_fit(list(texts[start:end]), tags[start:end])
        seconds = time.process_time() - began
    began = time.process_time()
    refit = TagClassifier(random_state=seed).fit(list(texts), tags)
    whole = time.process_time() - began
    found = [scores([each], [test.rows], [test.y], train.names) for each in (model, refit)]
    return corpus, f"tenths, {order}", seed, *found[0], *found[1], *[float("nan")] * 4, seconds, whole


def added(folder, corpus, seed):
    quietly()
    train, test = load(folder, corpus)
    rng = np.random.default_rng(seed)
    often = np.flatnonzero(train.y.sum(axis=0) >= 3)
    late = np.sort(rng.choice(often, N_ADDED, replace=False))
    early = np.setdiff1d(np.arange(train.y.shape[1]), late)
    parts = [(train, test)]
    if test is None:
        folds = MultilabelStratifiedKFold(3, shuffle=True, random_state=seed).split(train.y, train.y)
        parts = [(train.take(fitted), train.take(held)) for fitted, held in folds]
    grown, refits, seconds, whole = [], [], [], []
    for fitted, _ in parts:
        texts, names = fitted.rows, np.array(fitted.names, dtype=object)
        first = fitted.y[:, early]
        model = TagClassifier(min_labels=1, random_state=seed).fit(list(texts), lists(first, names[early]))
        for label in late:
            began, mine = time.process_time(), list(texts[fitted.y[:, label] > 0])
            if mine:
                model.add_tags({names[label]: mine})
                seconds.append(time.process_time() - began)
        began = time.process_time()
        refits.append(TagClassifier(min_labels=1, random_state=seed).fit(list(texts), lists(fitted.y, names)))
        whole.append(time.process_time() - began)
        grown.append(model)
    names, rows = np.array(train.names, dtype=object), [held.rows for _, held in parts]
    found = []
    for labels in (late, early):
        y = [held.y[:, labels] for _, held in parts]
        found += [scores(models, rows, y, names[labels]) for models in (grown, refits)]
    return corpus, ADDED, seed, *chain.from_iterable(found), float(np.mean(seconds)), float(np.mean(whole))


def measure(folder, corpus, work, seed):
    """A row of the table."""
    order = work.removeprefix("tenths, ")
    return added(folder, corpus, seed) if work == ADDED else tenths(folder, corpus, order, seed)


def markdown(table):
    """The table, F1 as micro / macro."""
    lines, rows = [], []
    for (corpus, work), n_seeds, cells in table.summary(FIELDS[3:11], percent=True):
        cells = [cell.split(" ±")[0] for cell in cells]
        pairs = [" / ".join(cells[i : i + 2]) for i in range(0, 8, 2)]
        seconds = [
            np.median([float(row[name]) for row in table.select(corpus=corpus, work=work)]) for name in FIELDS[11:]
        ]
        rows.append([corpus, work, n_seeds, *pairs, *(f"{value:.2f}" for value in seconds)])
    head = ["corpus", "work", "seeds", "F1", "of a refit", "other tags", "of a refit", "CPU s", "of a refit"]
    return lines + markdown_table(head, rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--works", nargs="+", choices=WORKS, default=WORKS)
    parser.add_argument("--corpora", nargs="+", choices=CORPORA, default=CORPORA)
    add_options(parser, "updates.csv")
    arguments = parse(parser)
    table = Table("updates.csv", FIELDS)
    if not arguments.tables:
        folder = data_folder(parser)
        tasks = [
            (folder, corpus, work, seed)
            for corpus, work, seed in product(
                available(folder, arguments.corpora), arguments.works, range(arguments.seeds)
            )
            if not table.has(corpus, work, seed) and (corpus == "reuters" or work == ADDED)
        ]
        for row in run_tasks(measure, tasks, jobs=arguments.jobs, label="updates"):
            table.add(*row)
    table.sort(CORPORA, WORKS, map(str, range(max(5, arguments.seeds))))
    write("updates.md", markdown(table))


if __name__ == "__main__":
    main()
