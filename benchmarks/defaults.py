"""How the default settings were chosen: those of the losses, and those of `TagClassifier`, each corpus left out once.

Run ``SKBALANCE_DATA=folder python benchmarks/defaults.py``. Only training rows are used, of six corpora: Reuters-21578,
GoEmotions and TMC2007, each whole, a tenth and a fortieth of it (three drawings each); a sample of BioASQ; and the
small corpora medical and langlog. Rows are predicted by folds, a third at a time; of the whole large ones one third is.
F1 is over the labels with a positive among the predicted rows.

What is compared is the difference to the better of two peers, one-vs-rest LinearSVC and balanced logistic regression,
micro- and macro-F1 apart. Means are first over the sizes of a corpus, then over the corpora, so that each of the six
counts once. *Leave one corpus out*: the settings are chosen by the mean over the others, of those that every setting
was run on, and tried on the one.

A penalty is given as what ``alpha="auto"`` multiplies by, the `penalty_strength` of the loss.

The second part changes one setting of `TagClassifier()` at a time. Two thirds of the training rows predict the rest,
of Reuters, GoEmotions and TMC2007 a tenth of them predicts up to 8,000 others. *Leave one corpus out* as above, by the
difference to the default.

Rows that are in `defaults.csv` and `defaults_tags.csv` of `benchmarks/results` are not run again; ``--fresh`` starts
anew. The tables are written to `benchmarks/results/defaults.md`.
"""

import argparse
import time
import warnings
from itertools import product

import numpy as np
from corpora import available, load, penalty_unit, training_rows, vectorise
from decisions import Remembering, quietly
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion
from sklearn.svm import LinearSVC
from tables import Table, add_options, data_folder, markdown_table, parse, run_tasks, write
from tags import as_texts

from skbalance import BalancedMultiLabelClassifier, TagClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.decisions import label_vectors, readable
from skbalance.losses import BinaryCrossEntropy, get_loss
from skbalance.memory import CosineNeighborsClassifier
from skbalance.model_selection import MultilabelStratifiedKFold

LARGE = ("reuters", "goemotions", "tmc2007")
SIZES = ("", "-tenth", "-fortieth")
SMALL = ("bioasq", "medical", "langlog")
PROBLEMS = (*(f"{name}{size}" for name, size in product(LARGE, SIZES)), *SMALL)
PEERS = {
    "LinearSVC": OneVsRestClassifier(LinearSVC(random_state=0)),
    "balanced LogisticRegression": OneVsRestClassifier(LogisticRegression(class_weight="balanced", max_iter=1000)),
}
LOSSES = {
    **{name: get_loss(name) for name in ("db", "cb_ntr", "ntr_focal", "balanced_ntr", "squared_hinge")},
    "bce, balanced": BinaryCrossEntropy(pos_weight="balanced"),
}
# Strengths to try with each loss at the usual threshold.
GRID = {
    "db": (0.005, 0.015, 0.05),
    "cb_ntr": (0.005, 0.015, 0.05, 0.15),
    "ntr_focal": (0.015, 0.05),
    "bce, balanced": (0.015, 0.05, 0.15),
    "balanced_ntr": (0.015, 0.05, 0.15, 0.5),
}
# And with tuned thresholds.
TUNED = {"balanced_ntr": (0.05, 0.15), "squared_hinge": (0.005,)}
THRESHOLDS = ("usual", "tuned")
FIELDS = ("corpus", "model", "strength", "term_weighting", "threshold", "seed", "micro", "macro", "seconds")
# Corpora of the second part, and their drawings or shuffles.
TAGGED = {
    **{"web": 3, "reuters-tenth": 3, "goemotions-tenth": 3, "tmc2007-tenth": 3, "medical": 3, "langlog": 3},
    **{"reuters": 1, "bioasq": 1},
}
MOST_HELD = 8000
DEFAULT = "default"
NAMELESS, WHOLE_WORDS = "names not used", "names in whole words only"
NO_NEIGHBORS, NEIGHBORS, NO_CENTROIDS = "no nearest texts", "nearest texts of any number", "no centroids"
# What is changed: parameters of the decisions, or one of the above.
CHANGES = {
    DEFAULT: {},
    **{f"linear models from {n} on": {"linear__estimator__min_positives": n} for n in (1, 3, 8)},
    **{name: {} for name in (NO_NEIGHBORS, NEIGHBORS, NO_CENTROIDS, WHOLE_WORDS, NAMELESS)},
    **{f"shrinkage {value}": {"shrinkage": value} for value in (10, 40)},
    **{f"weight of micro-F1 {value}": {"micro_weight": value} for value in (0.0, 0.5)},
    **{f"{n} folds": {"cv": n} for n in (3, 10)},
    "strategy micro_macro": {"strategy": "micro_macro"},
}
TAG_FIELDS = ("corpus", "change", "seed", "micro", "macro")


def model_of(name, strength, term_weighting, X):
    if name in PEERS:
        return PEERS[name]
    loss = LOSSES[name]
    alpha = "auto"
    if strength != "auto":
        alpha = strength * penalty_unit(X)
    return BalancedMultiLabelClassifier(loss, alpha=alpha, term_weighting=term_weighting, tol="auto")


def score(folder, corpus, name, strength, term_weighting, threshold, seed):
    """A row: micro- and macro-F1 in per cent."""
    data = training_rows(folder, corpus, seed)
    folds = list(MultilabelStratifiedKFold(3, shuffle=True, random_state=seed).split(data.y, data.y))
    if corpus in LARGE:
        folds = folds[:1]
    predicted, truth, seconds = [], [], 0.0
    for train, held in folds:
        X, X_held = vectorise(data.rows[train], data.rows[held], dtype=np.float32)
        start = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # labels without a row in the training part
            model = model_of(name, strength, term_weighting, X)
            if threshold == "tuned":
                model = TunedThresholdMultiLabelClassifierCV(model, random_state=seed)
            predicted.append(model.fit(X, data.y[train]).predict(X_held))
        seconds += time.process_time() - start
        truth.append(data.y[held])
    f1 = f1_of(np.vstack(truth), np.vstack(predicted))
    return corpus, name, strength, term_weighting, threshold, seed, *f1, seconds


def f1_of(truth, predicted):
    """Micro- and macro-F1 in per cent over the labels with a positive."""
    seen = truth.any(axis=0)
    return [
        100 * float(f1_score(truth[:, seen], predicted[:, seen], average=average, zero_division=0))
        for average in ("micro", "macro")
    ]


def split_to_tag(folder, corpus, seed):
    """Rows to train on and rows to predict, of the training part of a corpus."""
    whole = load(folder, corpus.partition("-")[0])[0]
    if corpus.endswith("-tenth"):
        order, tenth = np.random.default_rng(seed).permutation(len(whole.y)), len(whole.y) // 10
        rows, held = order[:tenth], order[tenth : tenth + MOST_HELD]
    else:
        folds = MultilabelStratifiedKFold(3, shuffle=True, random_state=seed).split(whole.y, whole.y)
        rows, held = next(iter(folds))
    return whole.take(rows), whole.take(held)


def changed(pipeline, change, names):
    """How many of the features they see, and decisions with a setting that differs from those of a fitted pipeline."""
    words, decisions = pipeline[0].transformer_list[0], clone(pipeline[1])
    left_out = {NO_NEIGHBORS: "neighbors", NO_CENTROIDS: "centroid"}.get(change)
    scorers = [(name, scorer) for name, scorer in decisions.estimator if name != left_out]
    if change == NEIGHBORS and "neighbors" not in dict(scorers):
        scorers.append(
            ("neighbors", clone(dict(scorers)["centroid"]).set_params(estimator=CosineNeighborsClassifier()))
        )
    decisions.set_params(estimator=scorers).set_params(**CHANGES[change])
    decisions.set_params(estimator=[(name, Remembering(scorer)) for name, scorer in decisions.estimator])
    if change == NAMELESS:
        decisions.set_params(label_texts=None)
    if change != WHOLE_WORDS:
        return None, decisions
    vectors = label_vectors(FeatureUnion([words]), list(map(readable, names)), plurals=("words",))
    return vectors.n_features, decisions.set_params(label_texts=vectors)


def tag(folder, corpus, seed, changes):
    """Rows of the second part: micro- and macro-F1 in per cent with each of some changes."""
    quietly()
    train, held = split_to_tag(folder, corpus, seed)
    (texts, names), held_texts = as_texts(train, seed), as_texts(held, seed)[0]
    tags = [[names[j] for j in np.flatnonzero(row)] for row in train.y]
    tagger = TagClassifier(classes=names, random_state=seed).fit(list(texts), tags)
    X, X_held = map(tagger.estimator_[0].transform, (texts, held_texts))
    Remembering.memory.clear()
    rows, truth = [], held.y * train.y.any(axis=0)
    for change in changes:
        n_features, decisions = changed(tagger.estimator_, change, names)
        predicted = decisions.fit(X[:, :n_features], train.y).predict(X_held[:, :n_features])
        rows.append((corpus, change, seed, *f1_of(truth, predicted)))
    return rows


def seeds_of(corpus, name, threshold):
    """Drawings and shuffles: one of whole large corpora, and of what is not close to being chosen."""
    noisy = "-" in corpus or corpus in ("medical", "langlog")
    return range(3 if noisy and threshold == "usual" and name in (*PEERS, "cb_ntr", "balanced_ntr") else 1)


def keys():
    """All rows of the study."""
    for threshold, grid in zip(THRESHOLDS, (GRID, TUNED)):
        settings = [(name, "", None) for name in PEERS]
        settings += [(name, strength, "auto") for name, strengths in grid.items() for strength in strengths]
        for corpus, (name, strength, weighting) in product(PROBLEMS, settings):
            for seed in seeds_of(corpus, name, threshold):
                yield corpus, name, strength, weighting, threshold, seed


def gains(table, threshold):
    """For each setting and corpus, micro and macro less those of the better peer, the mean over sizes of the corpus."""
    found = {}
    for row in table.select(threshold=threshold):
        place = found.setdefault((row["corpus"], row["seed"]), {})
        place[row["model"], row["strength"]] = np.array([float(row["micro"]), float(row["macro"])])
    by_size = {}
    for (corpus, _), scores in found.items():
        if all((name, "") in scores for name in PEERS):
            best = np.max([scores[name, ""] for name in PEERS], axis=0)
            for setting, score in scores.items():
                if setting[0] not in PEERS:
                    by_size.setdefault(setting, {}).setdefault(corpus, []).append(score - best)
    means = {}
    for setting, sizes in by_size.items():
        corpora = {}
        for corpus, parts in sizes.items():
            corpora.setdefault(corpus.partition("-")[0], []).append(np.mean(parts, axis=0))
        means[setting] = {corpus: np.mean(parts, axis=0) for corpus, parts in corpora.items()}
    return means


def cell(pair):
    return f"{pair[0]:+.1f} / {pair[1]:+.1f}"


def table_of(means):
    """Lines of a table: a row for each setting, a column for each corpus, and their mean."""
    corpora = (*LARGE, *SMALL)
    rows = []
    for (name, strength), of_corpora in means.items():
        cells = [cell(of_corpora[corpus]) if corpus in of_corpora else "" for corpus in corpora]
        whole = cell(np.mean(list(of_corpora.values()), axis=0)) if len(of_corpora) == len(corpora) else ""
        rows.append([f"`{name}`", strength, *cells, whole])
    return markdown_table(("loss", "strength", *corpora, "mean"), rows)


def leave_one_out(means):
    """Lines of a table: what the other corpora choose, of those that every setting was run on, and what it gains."""
    shared = [corpus for corpus in (*LARGE, *SMALL) if all(corpus in found for found in means.values())]
    rows = []
    for corpus in (*LARGE, *SMALL):
        others = [other for other in shared if other != corpus]
        best = max(means, key=lambda setting: sum(means[setting][other].sum() for other in others))
        if corpus in means[best]:
            rows.append((corpus, means[best][corpus], f"`{best[0]}`, {best[1]}"))
    lines = markdown_table(("left out", "chosen by the others", "gain"), [(c, b, cell(gain)) for c, gain, b in rows])
    return [*lines, "", f"Mean: {cell(np.mean([gain for _, gain, _ in rows], axis=0))}."]


def gains_of_changes(table):
    """For each change, micro- and macro-F1 of each corpus less those of the default, and the default's own."""
    scores = {}
    for row in table.rows:
        pair = np.array([float(row["micro"]), float(row["macro"])])
        scores.setdefault(row["change"], {}).setdefault(row["corpus"], {})[row["seed"]] = pair
    own = {corpus: np.mean(list(seeds.values()), axis=0) for corpus, seeds in scores[DEFAULT].items()}
    return own, {
        change: {
            corpus: np.mean([pair - scores[DEFAULT][corpus][seed] for seed, pair in seeds.items()], axis=0)
            for corpus, seeds in found.items()
        }
        for change, found in scores.items()
    }


def tables_of_changes(table):
    """Lines of both tables of the second part."""
    own, gains = gains_of_changes(table)
    corpora = list(own)

    def best(among):
        return max(gains, key=lambda change: sum(gains[change][corpus].sum() for corpus in among))

    rows = [(change, *map(cell, map(found.get, corpora)), mean_cell(found.values())) for change, found in gains.items()]
    lines = ["## Settings of TagClassifier", "", *markdown_table(("change", *corpora, "mean"), rows), ""]
    rows, sums = [], []
    for corpus in corpora:
        chosen, best_there = best([other for other in corpora if other != corpus]), best([corpus])
        sums.append((gains[chosen][corpus], gains[best_there][corpus]))
        parts = (f"{own[corpus][0]:.1f} / {own[corpus][1]:.1f}", chosen, cell(sums[-1][0]), best_there)
        rows.append((corpus, *parts, cell(sums[-1][1])))
    rows.append(("mean", "", "", mean_cell([first for first, _ in sums]), "", mean_cell([last for _, last in sums])))
    head = ("left out", "default", "chosen by the others", "gain", "best there", "its gain")
    return [*lines, "## TagClassifier, one corpus left out", "", *markdown_table(head, rows)]


def mean_cell(pairs):
    return cell(np.mean(list(pairs), axis=0))


def markdown(table, tagged):
    usual, tuned = gains(table, "usual"), gains(table, "tuned")
    note = (
        "Micro- and macro-F1 in points above the better of one-vs-rest `LinearSVC` and balanced logistic regression, "
        "each score apart. A corpus is the mean of its sizes: whole, a tenth and a fortieth of the large ones. Only "
        'training rows. The strength is what `alpha="auto"`, of the penalty, multiplies by; `term_weighting="auto"`.'
    )
    lines = ["# Default settings", "", note, "", "## At the usual threshold", "", *table_of(usual), ""]
    lines += ["## Leave one corpus out", "", *leave_one_out(usual), ""]
    lines += ["## With tuned thresholds on all", "", *table_of(tuned), ""]
    lines += ["# Default settings of tags", ""]
    lines += [
        "Micro- and macro-F1 of `TagClassifier()` in per cent, and how many points one changed setting adds. Only "
        f"training rows; drawings of each corpus, at most: {len({row['seed'] for row in tagged.rows})}. The best has "
        "the largest sum of both scores.",
        "",
    ]
    return [*lines, *tables_of_changes(tagged)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=("losses", "tags"), default=("losses", "tags"))
    parser.add_argument("--seeds", type=int, default=3, help="of the second part, at most")
    add_options(parser, "defaults.csv", "defaults_tags.csv")
    arguments = parse(parser)
    table, tagged = Table("defaults.csv", FIELDS, n_keys=6), Table("defaults_tags.csv", TAG_FIELDS)
    if not arguments.tables:
        folder = data_folder(parser)
        at_hand = set(available(folder, dict.fromkeys((*PROBLEMS, *TAGGED))))
        if "losses" in arguments.parts:
            tasks = [(folder, *key) for key in keys() if key[0] in at_hand and not table.has(*key)]
            for row in run_tasks(score, tasks, jobs=arguments.jobs, label="losses"):
                table.add(*row)
        if "tags" in arguments.parts:
            tasks = [
                (folder, corpus, seed, left)
                for seed, (corpus, n_seeds) in product(range(arguments.seeds), TAGGED.items())
                if corpus in at_hand and seed < n_seeds
                if (left := [change for change in CHANGES if not tagged.has(corpus, change, seed)])
            ]
            for rows in run_tasks(tag, tasks, jobs=arguments.jobs, label="tags"):
                for row in rows:
                    tagged.add(*row)
    table.sort(PROBLEMS, (*PEERS, *LOSSES))
    tagged.sort(TAGGED, CHANGES)
    if table.rows and tagged.rows:
        write("defaults.md", markdown(table, tagged))


if __name__ == "__main__":
    main()
