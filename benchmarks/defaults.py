"""How the default settings were chosen: losses and penalties at the threshold of .5, against scikit-learn's own models.

Run ``SKBALANCE_DATA=folder python benchmarks/defaults.py``. Only training rows are used, of six corpora: Reuters-21578,
GoEmotions and TMC2007, each whole, a tenth and a fortieth of it (three drawings each); a sample of BioASQ; and the
small corpora medical and langlog. Rows are predicted by folds, a third at a time; of the whole large ones one third is.
F1 is over the labels with a positive among the predicted rows.

What is compared is the difference to the better of two peers, one-vs-rest LinearSVC and balanced logistic regression,
micro- and macro-F1 apart. Means are first over the sizes of a corpus, then over the corpora, so that each of the six
counts once. *Leave one corpus out*: the settings are chosen by the mean over the others, of those that every setting
was run on, and tried on the one.

A penalty is given as what ``alpha="auto"`` multiplies by, the `penalty_strength` of the loss. Rows that are in
`benchmarks/results/defaults.csv` are not run again; ``--fresh`` starts anew. The tables are written to
`benchmarks/results/defaults.md`.
"""

import argparse
import time
import warnings
from itertools import product

import numpy as np
from corpora import available, penalty_unit, training_rows, vectorise
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC
from tables import Table, add_options, data_folder, markdown_table, parse, run_tasks, write

from skbalance import BalancedMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.losses import BinaryCrossEntropy, get_loss
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
    predicted, truth = np.vstack(predicted), np.vstack(truth)
    seen = truth.any(axis=0)
    micro, macro = (
        f1_score(truth[:, seen], predicted[:, seen], average=a, zero_division=0) for a in ("micro", "macro")
    )
    return corpus, name, strength, term_weighting, threshold, seed, 100 * float(micro), 100 * float(macro), seconds


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


def markdown(table):
    usual, tuned = gains(table, "usual"), gains(table, "tuned")
    note = (
        "Micro- and macro-F1 in points above the better of one-vs-rest `LinearSVC` and balanced logistic regression, "
        "each score apart. A corpus is the mean of its sizes: whole, a tenth and a fortieth of the large ones. Only "
        'training rows. The strength is what `alpha="auto"`, of the penalty, multiplies by; `term_weighting="auto"`.'
    )
    lines = ["# Default settings", "", note, "", "## At the usual threshold", "", *table_of(usual), ""]
    lines += ["## Leave one corpus out", "", *leave_one_out(usual), ""]
    return [*lines, "## With tuned thresholds on all", "", *table_of(tuned)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser, "defaults.csv")
    arguments = parse(parser)
    table = Table("defaults.csv", FIELDS, n_keys=6)
    if not arguments.tables:
        folder = data_folder(parser)
        at_hand = set(available(folder, PROBLEMS))
        tasks = [(folder, *key) for key in keys() if key[0] in at_hand and not table.has(*key)]
        for row in run_tasks(score, tasks, jobs=arguments.jobs, label="defaults"):
            table.add(*row)
    table.sort(PROBLEMS, (*PEERS, *LOSSES))
    if table.rows:
        write("defaults.md", markdown(table))


if __name__ == "__main__":
    main()
