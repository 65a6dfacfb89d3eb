"""Promises on precision: how many tags get one, how many are below it, and what recall is kept.

Run ``SKBALANCE_DATA=folder python benchmarks/promises.py``. `TagClassifier()` is fitted once on the training texts of
each corpus; its out-of-fold scores are what promises rest on. Settings:

halves : the scored texts are parted at random into halves, 100 times; promises are made on one and counted on the
    other. A half of few texts is a poor measure: a tag that keeps its promise is often below it among 30 predictions.
drawn : the same, with labels drawn anew from the chance that texts of such a score have (isotonic, for each tag), so
    that precision is known. It is the probability that the promise speaks of.
refits : `TagClassifier()` is fitted on a random half of the texts, and counted on the predictions of the refitted model
    for the other half; five halves.
time : Reuters' stories are in order of time. Those before a cut are learnt from, at .4, .5, .6, .7 and .8 of them, and
    the next fifth counts: by `TagClassifier()`, and by one-vs-rest LinearSVC with shuffled folds and with blocks of
    time as folds.

The peer is Bonferroni's correction over 20 thresholds fixed beforehand (log-odds of -1.5 to 8), for the same tags and
groups of tags.

Rows that are in `benchmarks/results/promises.csv` already are not run again; ``--fresh`` starts anew. The tables are
written to `benchmarks/results/promises.md`.
"""

import argparse
from functools import lru_cache
from itertools import product

import numpy as np
from corpora import Corpus, available, load, tfidf, training_rows
from decisions import quietly
from scipy.special import logit
from scipy.stats import binom
from sklearn.isotonic import IsotonicRegression
from sklearn.model_selection import KFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC
from tables import Table, add_options, data_folder, markdown_table, parse, run_tasks, write
from tags import as_texts

from skbalance import TagClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.decisions._promises import Promise
from skbalance.decisions._thresholds import ScoredPairs

CORPORA = ("reuters", "goemotions", "goemotions-tenth", "tmc2007", "tmc2007-tenth", "web", "bioasq", "medical")
PROMISES = ((0.9, 0.9), (0.95, 0.95))
HALVES, REFITS = 100, 5
CUTS = (0.4, 0.5, 0.6, 0.7, 0.8)
OURS, PEER = "default", "Bonferroni"
SVC, BLOCKS = "LinearSVC, shuffled folds", "LinearSVC, blocks of time"
# Of single tags, and of groups that share: how many are promised, below the promise, and below it beyond the noise of
# the part that counts (a binomial test at 5 %). Sums over draws; recall is summed too.
COUNTS = ("tested", "own", "below", "refuted", "groups", "groups_below", "shared", "shared_below")
RECALLS = ("micro_own", "macro_own", "micro", "macro")
FIELDS = ("corpus", "setting", "promise", "method", "draws", *COUNTS, *RECALLS)


class Bonferroni(Promise):
    """Each of 20 thresholds tested at a twentieth of the level."""

    GRID = np.arange(-1.5, 8.1, 0.5)

    def _of_one(self, scores, hits, positives):
        n = np.searchsorted(-scores[:-1], -self.GRID)
        k = np.append(0, hits)[n]
        level = (1 - self.confidence) / len(self.GRID)
        passed = np.flatnonzero((n > 0) & (binom.sf(k - 1, n, self.least) <= level))
        return (self.GRID[passed[0]], n[passed[0]], self.least, 0) if len(passed) else (np.inf, 0, np.nan, 0)


KINDS = {OURS: Promise, PEER: Bonferroni}


def pairs_of(kept, rows=None, targets=None):
    """Out-of-fold pairs of some rows, one after the other."""
    mine = np.ones(len(kept.labels), dtype=bool) if rows is None else np.isin(kept.row_of_pair, rows)
    labels, targets = kept.labels[mine].astype(np.int64), (kept.targets if targets is None else targets)[mine]
    positives = np.bincount(labels[targets], minlength=kept.thresholds.shape[1])
    column = np.s_[:, None]
    scores = kept.scores[mine].astype(float)
    return ScoredPairs(labels[column], scores[column], targets[column], positives[None], np.zeros(len(labels), int))


def count(promises, labels, scores, targets, chance=None):
    """The counts of COUNTS and RECALLS on other pairs; with the chances of pairs, precision is known."""
    n = len(promises.thresholds)
    above = scores > promises.thresholds[labels]
    hits = np.bincount(labels[above & targets], minlength=n)
    predicted = np.bincount(labels[above], minlength=n)
    positives = np.bincount(labels[targets], minlength=n)
    right = hits if chance is None else np.bincount(labels[above], weights=chance[above], minlength=n)
    own, shared, least = promises.kinds == "own", promises.kinds == "shared", promises.least
    below = right < least * predicted - 1e-9
    groups = [promises.thresholds == t for t in np.unique(promises.thresholds[shared])]
    refuted = own & (binom.cdf(hits, predicted, least) <= 0.05) & (predicted > 0)
    recall = hits / np.maximum(positives, 1)
    return np.array(
        [
            own.sum(), (own & below).sum(), refuted.sum(),
            len(groups), sum(right[g].sum() < least * predicted[g].sum() - 1e-9 for g in groups),
            shared.sum(), (shared & below).sum(),
            hits[own].sum() / positives.sum(), recall[own].sum() / n, hits.sum() / positives.sum(), recall.sum() / n,
        ]
    )  # fmt: skip


def tested(promise, positives):
    return np.count_nonzero(positives >= np.ceil(1.5 * promise.fewest))


@lru_cache(maxsize=2)
def fitted(folder, corpus):
    """A TagClassifier on the training texts, and the chance of each out-of-fold pair by its score."""
    quietly()
    train = training_rows(folder, corpus, 0)
    kept = fit_tags(train, None)[0].out_of_fold_
    chance = np.zeros(len(kept.labels))
    for label in range(kept.thresholds.shape[1]):
        mine = (kept.labels == label) & np.isfinite(kept.scores)
        if mine.any():
            scores, targets = kept.scores[mine].astype(float), kept.targets[mine]
            chance[mine] = IsotonicRegression().fit(scores, targets).predict(scores)
    return kept, chance


def fit_tags(corpus, rows):
    """The tuner of a TagClassifier on some rows, its features, and the columns of the tags that it knows."""
    texts, names = as_texts(corpus, 0)
    rows = np.arange(len(texts)) if rows is None else rows
    tags = [[names[j] for j in np.flatnonzero(row)] for row in corpus.y[rows]]
    model = TagClassifier(random_state=0).fit(texts[rows].tolist(), tags)
    columns = [names.index(tag) for tag in model.classes_]
    return model.estimator_[-1], model.estimator_[0], columns


def in_halves(folder, corpus, setting):
    """Sums over random halves of the out-of-fold scores."""
    kept, chance = fitted(folder, corpus)
    rng, sums = np.random.default_rng(0), dict.fromkeys(product(PROMISES, KINDS), 0)
    for _ in range(HALVES):
        order = rng.permutation(len(kept.rows))
        first, second = order[: len(order) // 2], order[len(order) // 2 :]
        targets = kept.targets if setting == "halves" else rng.random(len(chance)) < chance
        pairs = pairs_of(kept, first, targets)
        known = None
        if setting == "halves":
            labels, scores, found = (a[:, 0] for a in _arrays(pairs_of(kept, second)))
        else:
            labels, scores, found, known = kept.labels, kept.scores.astype(float), targets, chance
        for (least, confidence), method in sums:
            promise = KINDS[method]("precision", least, confidence)
            counts = count(promise.keep(pairs), labels, scores, found, known)
            sums[(least, confidence), method] += np.append(tested(promise, pairs.positives[0]), counts)
    return [
        (corpus, setting, f"{p[0]}, {p[1]}", method, HALVES, *map(float, total)) for (p, method), total in sums.items()
    ]


def _arrays(pairs):
    return pairs.labels, pairs.scores, pairs.targets


def on_others(tuner, X, y, corpus, setting, method):
    """Counts of promises that a tuner's out-of-fold scores give, on its predictions for other rows."""
    pairs = pairs_of(tuner.out_of_fold_)
    scores = logit(tuner.decision_scores(X))
    labels = np.indices(scores.shape)[1]
    results = []
    for least, confidence in PROMISES:
        promise = Promise("precision", least, confidence)
        promises = promise.keep(pairs)
        counts = count(promises, labels.ravel(), scores.ravel(), (np.asarray(y) > 0).ravel())
        counts = [tested(promise, pairs.positives[0]), *counts]
        results.append((corpus, setting, f"{least}, {confidence}", method, 1, *map(float, counts)))
    return results


def refitted(folder, corpus, setting):
    """Sums over random halves, with a model of each."""
    quietly()
    train = training_rows(folder, corpus, 0)
    texts, _ = as_texts(train, 0)
    rng, sums = np.random.default_rng(1), {}
    for _ in range(REFITS):
        order = rng.permutation(len(texts))
        first, second = order[: len(order) // 2], order[len(order) // 2 :]
        tuner, features, columns = fit_tags(train, first)
        X = features.transform(texts[second].tolist())
        for row in on_others(tuner, X, train.y[second][:, columns], corpus, setting, OURS):
            sums[row[:4]] = sums.get(row[:4], 0) + np.array(row[5:])
    return [(*key, REFITS, *map(float, total)) for key, total in sums.items()]


def in_time(folder, corpus, setting):
    """Sums over cuts in the order of time: the stories before the cut are learnt from, the next fifth counts."""
    quietly()
    parts, sums = load(folder, corpus), {}
    whole = Corpus(
        np.concatenate([part.rows for part in parts]), np.concatenate([part.y for part in parts]), parts[0].names
    )
    for cut in CUTS:
        train, test = (
            np.arange(int(len(whole.y) * start), int(len(whole.y) * stop))
            for start, stop in ((0, cut), (cut, cut + 0.2))
        )
        tuner, features, columns = fit_tags(whole, train)
        results = on_others(
            tuner, features.transform(list(whole.rows[test])), whole.y[test][:, columns], corpus, setting, OURS
        )
        words = tfidf()
        X, X_test, y = words.fit_transform(whole.rows[train]), words.transform(whole.rows[test]), whole.y
        for method, folds in ((SVC, None), (BLOCKS, KFold(5))):
            model = TunedThresholdMultiLabelClassifierCV(
                OneVsRestClassifier(LinearSVC(random_state=0)), cv=folds, random_state=0
            )
            results += on_others(
                model.fit(X, y[train][:, columns]), X_test, y[test][:, columns], corpus, setting, method
            )
        for row in results:
            sums[row[:4]] = sums.get(row[:4], 0) + np.array(row[5:])
    return [(*key, len(CUTS), *map(float, total)) for key, total in sums.items()]


def measure(folder, corpus, setting):
    function = {"halves": in_halves, "drawn": in_halves, "refits": refitted, "time": in_time}[setting]
    return function(folder, corpus, setting)


def share(part, whole):
    return f"{100 * part / whole:.1f}" if whole else "–"


def markdown(table):
    lines = [
        "# Promises", "",
        "A promise is a precision and a confidence. Numbers of tags and of groups and recall are means over draws "
        "(recall in per cent, micro / macro, of tags with a promise of their own and of all; a tag without a promise "
        "has 0). Below the promise, in per cent: of tags with a promise of their own, beyond the noise of the part "
        "that counts (a binomial test at 5 %), of all tags tested, and of groups of tags that share a promise.",
    ]  # fmt: skip
    head = (
        "corpus", "promise", "method", "draws", "tested", "promised", "below", "beyond noise",
        "of tested", "groups", "groups below", "tags in groups", "recall of own", "recall",
    )  # fmt: skip
    for setting in ("halves", "drawn", "refits", "time"):
        rows = []
        for row in table.select(setting=setting):
            value = {name: float(row[name]) for name in FIELDS[4:]}
            mean = {name: value[name] / value["draws"] for name in FIELDS[5:]}
            rows.append(
                [
                    row["corpus"], row["promise"], row["method"], row["draws"], f"{mean['tested']:.1f}",
                    f"{mean['own']:.1f}", share(value["below"], value["own"]), share(value["refuted"], value["own"]),
                    share(value["below"], value["tested"]), f"{mean['groups']:.1f}",
                    share(value["groups_below"], value["groups"]), f"{mean['shared']:.1f}",
                    f"{100 * mean['micro_own']:.1f} / {100 * mean['macro_own']:.1f}",
                    f"{100 * mean['micro']:.1f} / {100 * mean['macro']:.1f}",
                ]
            )  # fmt: skip
        lines += ["", f"## {setting.capitalize()}", "", *markdown_table(head, rows)]
    return [*lines, "", "## Together", "", *together(table)]


def together(table):
    """Shares over all corpora, and recall against Bonferroni's, as ratios of means over corpora."""
    rows = []
    for setting, (least, confidence) in product(("halves", "drawn"), PROMISES):
        sums = {}
        for method in KINDS:
            found = table.select(setting=setting, promise=f"{least}, {confidence}", method=method)
            sums[method] = {name: sum(float(row[name]) for row in found) for name in FIELDS[5:]}
        ours, peer = sums[OURS], sums[PEER]
        ratios = [f"{ours[name] / peer[name]:.2f}" if peer[name] else "–" for name in RECALLS]
        rows.append(
            [
                setting, f"{least}, {confidence}", share(ours["below"], ours["own"]),
                share(ours["below"], ours["tested"]), share(ours["groups_below"], ours["groups"]), *ratios,
            ]
        )  # fmt: skip
    names = ("micro of own", "macro of own", "micro", "macro")
    return markdown_table(
        (
            "setting",
            "promise",
            "below",
            "of tested",
            "groups below",
            *(f"{name}, times" for name in names),
        ),
        rows,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", nargs="+", choices=CORPORA, default=CORPORA)
    add_options(parser, "promises.csv")
    arguments = parse(parser)
    table = Table("promises.csv", FIELDS, n_keys=4)
    if not arguments.tables:
        folder = data_folder(parser)
        tasks = [
            (folder, corpus, setting)
            for corpus, setting in product(available(folder, arguments.corpora), ("halves", "drawn", "refits", "time"))
            if (setting != "time" or corpus == "reuters")
            and not (setting == "refits" and corpus in ("goemotions", "tmc2007", "bioasq"))
            and not table.select(corpus=corpus, setting=setting)
        ]
        for rows in run_tasks(measure, tasks, jobs=arguments.jobs, label="promises"):
            for row in rows:
                table.add(*row)
    table.sort(CORPORA)
    write("promises.md", markdown(table))


if __name__ == "__main__":
    main()
