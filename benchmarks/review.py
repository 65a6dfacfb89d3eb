"""What is worth a look: mending the texts that `TagClassifier` doubts, and finding labels that are hidden or wrong.

Run ``SKBALANCE_DATA=folder python benchmarks/review.py``. Models are fitted and texts scored as in `tags.py`: a test
part where there is one, else each text once, by three folds.

*Doubt*: a person mends all tags of the tenth of the texts that `doubt` puts first, of a random tenth (mean of 20), or
of the tenth with most wrong tags. F1 before and after; the gain is that in the order of doubt over that at random.

*Labels*: of the positives of the training texts a fifth is hidden, H of them, and W wrong ones, 2 % of their
number, are added. Looked at are the first H pairs that a method takes for hidden, and the first W that it takes for
wrong. LinearSVC, one against the rest, orders pairs by its margin on rows that it had not seen; cleanlab (the PyPI
package, where it is installed) by the quality that it gives the probabilities of the same models, calibrated.

Rows that are in `benchmarks/results/review.csv` and `review_labels.csv` already are not run again; ``--fresh`` starts
anew. The tables are written to `benchmarks/results/review.md`.
"""

import argparse
import time
from importlib.util import find_spec
from itertools import product

import numpy as np
from corpora import available, load, tfidf, training_rows
from decisions import quietly
from scipy.special import expit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.svm import LinearSVC
from tables import Table, add_options, bare_means, data_folder, markdown_table, parse, run_tasks, write

from skbalance import TagClassifier
from skbalance.metrics import doubt_gain, review_curve
from skbalance.model_selection import MultilabelStratifiedKFold

CORPORA = ("reuters", "goemotions", "goemotions-tenth", "bioasq", "web")
MENDED = tuple(f"{average}_{when}" for when in ("before", "doubt", "random", "best") for average in ("micro", "macro"))
DOUBT_FIELDS = ("corpus", "seed", *MENDED, "micro_gain", "macro_gain", "surest_half_right", "seconds")
OURS, SVC, CLEANLAB = "TagClassifier().label_issues", "LinearSVC", "cleanlab on calibrated LinearSVC"
METHODS = (OURS, SVC, CLEANLAB)
SPOILT = ("reuters", "goemotions-tenth")
LABEL_SCORES = ("hidden_precision", "first_100", "rare_found", "wrong_precision")
LABEL_FIELDS = ("corpus", "method", "seed", *LABEL_SCORES, "rare_hidden", "seconds")


def fit(corpus, y, seed):
    """A model of texts, on an indicator of their tags."""
    tags = [[corpus.names[j] for j in np.flatnonzero(row)] for row in y]
    return TagClassifier(classes=corpus.names, random_state=seed).fit(list(corpus.rows), tags)


def doubt(folder, corpus, seed):
    quietly()
    start = time.process_time()
    train, test = training_rows(folder, corpus, seed), load(folder, corpus.partition("-")[0])[1]
    if test is not None:
        parts = [(train, test)]
    else:
        splitter = MultilabelStratifiedKFold(3, shuffle=True, random_state=seed)
        parts = [(train.take(fitted), train.take(held)) for fitted, held in splitter.split(train.rows, train.y)]
    found = []
    for fitted, held in parts:
        model, texts = fit(fitted, fitted.y, seed), list(held.rows)
        found.append((held.y, model.estimator_.predict(texts).toarray(), model.doubt(texts)))
    y, predicted, doubts = (np.concatenate(arrays) for arrays in zip(*found))
    curves = [review_curve(y, predicted, doubts, shares=[0, 0.1], average=average) for average in ("micro", "macro")]
    scores = [curve.by_doubt[0] for curve in curves]
    scores += [curve[order][1] for order in ("by_doubt", "random", "best") for curve in curves]
    gains = [doubt_gain(y, predicted, doubts, average=average) for average in ("micro", "macro")]
    surest = np.argsort(doubts, kind="stable")[: len(y) // 2]
    right = (y == predicted).all(axis=1)[surest].mean()
    return corpus, seed, *map(float, scores), *gains, float(right), time.process_time() - start


def spoilt(y, seed):
    """An indicator of which a fifth of the positives are hidden, and 2 % wrong ones are added."""
    random_state = np.random.default_rng(seed)
    spoilt, positives, negatives = y.copy(), np.argwhere(y), np.argwhere(y == 0)
    spoilt[tuple(random_state.permutation(positives)[: len(positives) // 5].T)] = 0
    spoilt[tuple(random_state.permutation(negatives)[: len(positives) // 50].T)] = 1
    return spoilt


def probabilities(texts, y, seed, calibrated):
    """Margins or probabilities of texts by linear models that had not seen them."""
    X, scores = tfidf().fit_transform(texts), np.full(y.shape, -10.0)
    for fitted, held in MultilabelStratifiedKFold(5, shuffle=True, random_state=seed).split(X, y):
        for label in np.flatnonzero(y[fitted].any(axis=0)):
            target, least = y[fitted, label], min(3, y[fitted, label].sum())
            model = LinearSVC(random_state=0)
            if calibrated and least > 1:
                model = CalibratedClassifierCV(model, cv=least)
                scores[held, label] = model.fit(X[fitted], target).predict_proba(X[held])[:, 1]
            else:
                scores[held, label] = model.fit(X[fitted], target).decision_function(X[held])
                scores[held, label] = expit(2 * scores[held, label]) if calibrated else scores[held, label]
    return scores.clip(0, 1) if calibrated else scores


def suggestions(method, train, y, seed, n_hidden, n_wrong):
    """Pairs of a row and a label that a method takes for hidden, and for wrong."""
    if method == OURS:
        issues = fit(train, y, seed).label_issues(max(n_hidden, n_wrong))
        column = {tag: j for j, tag in enumerate(train.names)}
        kinds = [issues[~issues.given][:n_hidden], issues[issues.given][:n_wrong]]
        return [(kind.row.to_numpy(), kind.tag.map(column).to_numpy()) for kind in kinds]
    scores = probabilities(train.rows, y, seed, calibrated=method == CLEANLAB)
    if method == CLEANLAB:
        from cleanlab.multilabel_classification.rank import get_label_quality_scores_per_class

        quality = get_label_quality_scores_per_class([np.flatnonzero(row).tolist() for row in y], scores)
    else:
        quality = np.where(y, scores, -scores)
    pairs = []
    for given, n in ((0, n_hidden), (1, n_wrong)):
        row, label = np.nonzero(y == given)
        first = np.argsort(quality[row, label], kind="stable")[:n]
        pairs.append((row[first], label[first]))
    return pairs


def labels(folder, corpus, method, seed):
    quietly()
    start = time.process_time()
    train = training_rows(folder, corpus, seed)
    y = spoilt(train.y, seed)
    hidden, wrong, rare = train.y > y, train.y < y, train.y.sum(axis=0) < 35
    first, last = suggestions(method, train, y, seed, hidden.sum(), wrong.sum())
    right = hidden[first]
    scores = right.mean(), right[:100].mean(), (right & rare[first[1]]).sum(), wrong[last].mean()
    return corpus, method, seed, *map(float, scores), int(hidden[:, rare].sum()), time.process_time() - start


def open_tables():
    return Table("review.csv", DOUBT_FIELDS), Table("review_labels.csv", LABEL_FIELDS)


def markdown(table, of_labels):
    percent, plain = ("surest_half_right", *MENDED), ("micro_gain", "macro_gain")
    gains = {key: cells for key, _, cells in table.summary(plain, percent=False)}
    rows = []
    for key, n_seeds, cells in table.summary(percent, percent=True):
        cells = dict(zip(percent, bare_means(cells, n_seeds)))
        pairs = [
            f"{cells[f'micro_{when}']} / {cells[f'macro_{when}']}" for when in ("before", "doubt", "random", "best")
        ]
        factors = " / ".join(f"{float(cell.split(' ')[0]):.2f}" for cell in gains[key])
        rows.append([*key, n_seeds, *pairs, factors, cells["surest_half_right"]])
    if table.rows:
        means = (
            np.mean([float(row[name]) for row in table.rows if row["corpus"] == c]) for name in plain for c in CORPORA
        )
        means = np.reshape(list(means), (2, -1)).mean(axis=1)
        rows.append(["mean", "", "", "", "", "", " / ".join(f"{mean:.2f}" for mean in means), ""])
    head = ("corpus", "seeds", "as predicted", "by doubt", "at random", "most wrong", "gain", "surest half right")
    lines = [
        "# Review",
        "",
        "Micro / macro-F1 in per cent, a tenth of the texts mended.",
        "",
        *markdown_table(head, rows),
    ]
    found = {key: cells for key, _, cells in of_labels.summary(("rare_found", "rare_hidden"), percent=False)}
    rows = []
    for key, n_seeds, cells in of_labels.summary(("hidden_precision", "first_100", "wrong_precision"), percent=True):
        rare = " of ".join(f"{float(cell.split(' ')[0]):.0f}" for cell in found[key])
        rows.append([*key, n_seeds, *bare_means(cells[:2], n_seeds), rare, *bare_means(cells[2:], n_seeds)])
    head = (
        "corpus",
        "method",
        "seeds",
        "right of the first H",
        "of the first 100",
        "rare ones found",
        "right of the first W",
    )
    note = "A fifth of the positives hidden (H), 2 % wrong ones added (W); rare labels have fewer than 35 texts."
    return [*lines, "", "## Labels", "", note, "", *markdown_table(head, rows)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--corpora", nargs="+", choices=CORPORA, default=CORPORA)
    add_options(parser, "review.csv", "review_labels.csv")
    arguments = parse(parser)
    table, of_labels = open_tables()
    if not arguments.tables:
        folder, seeds = data_folder(parser), range(arguments.seeds)
        tasks = [
            (folder, corpus, seed)
            for corpus, seed in product(available(folder, arguments.corpora), seeds)
            if not table.has(corpus, seed)
        ]
        for row in run_tasks(doubt, tasks, jobs=arguments.jobs, label="doubt"):
            table.add(*row)
        methods = METHODS if find_spec("cleanlab") else METHODS[:-1]
        tasks = [
            (folder, corpus, method, seed)
            for corpus, method, seed in product(available(folder, SPOILT), methods, seeds)
            if not of_labels.has(corpus, method, seed)
        ]
        for row in run_tasks(labels, tasks, jobs=arguments.jobs, label="labels"):
            of_labels.add(*row)
    table.sort(CORPORA, map(str, range(max(5, arguments.seeds))))
    of_labels.sort(SPOILT, METHODS, map(str, range(max(5, arguments.seeds))))
    write("review.md", markdown(table, of_labels))


if __name__ == "__main__":
    main()
