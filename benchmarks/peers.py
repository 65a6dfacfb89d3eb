"""LibMultiLabel's linear methods, xCOLUMNs and Annif's lexical matching on Reuters-21578, for "How we compare".

Run ``SKBALANCE_DATA=folder python benchmarks/peers.py``; needs ``pip install libmultilabel xcolumns annif``. Annif
needs other versions of much else: give it an environment of its own, and ``--methods`` there. Trained on the ModApte
training set, scored once on its test set. LibMultiLabel: TF-IDF at default settings, which is what that package takes,
and the dual solver of LIBLINEAR. xCOLUMNs chooses labels for all test documents together, so that the macro-F1 which it
expects from their probabilities is largest; the probabilities are those of logistic regression on TF-IDF. Annif's MLLM,
at its default settings, looks for the names of the topics in the documents, and learns which finds are right; its
scores are compared with one threshold, or one for each label, set on five folds. Its words and sentences are split here
by regular expressions, not by models of NLTK that are downloaded.

Rows that are in `benchmarks/results/peers.csv` already are not run again; ``--fresh`` starts anew. The table is written
to `benchmarks/results/peers.md`.
"""

import argparse
import re
import time
from types import SimpleNamespace

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from tables import Table, add_options, data_folder, markdown_table, parse, run_tasks, write

from skbalance import TunedThresholdMultiLabelClassifierCV
from skbalance.datasets import fetch_reuters21578
from skbalance.decisions import readable
from skbalance.metrics import group_f1_score

METHODS = {
    "one-vs-rest": "train_1vsrest",
    "thresholding": "train_thresholding",
    "cost-sensitive, micro": "train_cost_sensitive_micro",
}
OPTIONS = "-s 1 -q"  # the solver of LinearSVC
XCOLUMNS = "macro-F1 by block coordinate ascent"
MLLM = {"MLLM, one threshold": "global", "MLLM, our thresholds": "per_label_shrunk"}
ALL_METHODS = (*METHODS, XCOLUMNS, *MLLM)
SCORES = ("micro", "macro", "head", "medium", "tail")
FIELDS = ("method", "version", *SCORES, "cpu_s")


class Targets(sp.csr_matrix):
    """Targets for `train_thresholding`, which adds up their third axis; SciPy no longer takes that for the rows."""

    def tocsc(self, copy=False):
        """The same by columns."""
        return Columns(super().tocsc(copy=copy))


class Columns(sp.csc_matrix):
    """See `Targets`."""

    def sum(self, axis=None, **params):
        """Sums, the third axis being the first."""
        return super().sum(axis=0 if axis == 2 else axis, **params)


def measure(folder, method):
    train, test = (fetch_reuters21578(subset=part, data_home=folder) for part in ("train", "test"))
    fit = by_xcolumns if method == XCOLUMNS else by_annif if method in MLLM else by_libmultilabel
    predicted, version, seconds = fit(method, train, test)
    scores = [f1_score(test.target, predicted, average=average, zero_division=0) for average in SCORES[:2]]
    counts = np.asarray(train.target.sum(axis=0)).ravel()
    scores += group_f1_score(test.target, predicted, label_counts=counts).values()
    return method, version, *(100 * float(score) for score in scores), seconds


def by_xcolumns(method, train, test):
    from importlib.metadata import version

    from xcolumns.block_coordinate import predict_optimizing_macro_f1_score_using_bc

    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=2)
    X, X_test = vectorizer.fit_transform(train.data), vectorizer.transform(test.data)
    start = time.process_time()
    model = OneVsRestClassifier(LogisticRegression(C=10, max_iter=1000)).fit(X, train.target)
    probabilities = np.asarray(model.predict_proba(X_test), dtype=np.float64)
    predicted = np.asarray(predict_optimizing_macro_f1_score_using_bc(probabilities, k=0, seed=0)).astype(np.int8)
    return predicted, version("xcolumns"), time.process_time() - start


def by_libmultilabel(method, train, test):
    from importlib.metadata import version

    import libmultilabel.linear

    vectorizer = TfidfVectorizer()
    X, X_test = (
        sp.csr_matrix(part) for part in (vectorizer.fit_transform(train.data), vectorizer.transform(test.data))
    )
    start = time.process_time()
    fit = getattr(libmultilabel.linear, METHODS[method])
    model = fit(Targets(train.target, dtype=float), X, options=OPTIONS, verbose=False)
    seconds = time.process_time() - start
    predicted = (np.asarray(model.predict_values(X_test)) > 0).astype(np.int8)
    return predicted, version("libmultilabel"), seconds


class Words:
    """Annif's analyzer "snowball(english)", with regular expressions in place of NLTK's models."""

    def __init__(self):
        from nltk.stem.snowball import SnowballStemmer

        self.stem = SnowballStemmer("english").stem

    def tokenize_sentences(self, text):
        """Parts that end with a full stop and the like."""
        return [part for part in re.split(r"(?<=[.!?])\s+", text) if part.strip()] or [text]

    def tokenize_words(self, text):
        """Stems of words of three letters or more."""
        return [self.stem(word) for word in re.findall(r"[^\W\d_]\w{2,}", text.lower())]


class Lexical(ClassifierMixin, BaseEstimator):
    """Annif's MLLM as a classifier of texts, on names of labels."""

    def __init__(self, names):
        self.names = names

    def fit(self, X, y):
        """Find the names in texts, and learn from y which finds are right."""
        import annif.registry  # noqa: F401 - before its other modules, which import each other
        from annif.backend.mllm import MLLMBackend
        from annif.lexical.mllm import MLLMModel
        from annif.vocab.subject_index import SubjectIndexFile
        from annif.vocab.types import Subject
        from rdflib import Graph, Literal, URIRef
        from rdflib.namespace import SKOS

        parameters = {**MLLMBackend.DEFAULT_PARAMETERS, "language": "en"}
        graph, subjects = Graph(), SubjectIndexFile()
        for i, name in enumerate(self.names):
            subjects.append(Subject(uri=f"http://example.org/{i}", labels={"en": name}, notation=None))
            graph.add((URIRef(subjects[i].uri), SKOS.prefLabel, Literal(name, lang="en")))
        vocabulary = SimpleNamespace(subjects=subjects, as_graph=lambda: graph)
        targets = sp.csr_matrix(y)
        documents = [SimpleNamespace(text=text, subject_set=targets[i].indices.tolist()) for i, text in enumerate(X)]
        self.model_ = MLLMModel()
        corpus = SimpleNamespace(documents=documents)
        self.model_.train(*self.model_.prepare_train(corpus, vocabulary, Words(), parameters, 1), parameters)
        self.classes_ = [np.array([0, 1])] * targets.shape[1]
        return self

    def predict_proba(self, X):
        """How likely each find is right; 0 for names that are not found."""
        scores = np.zeros((len(X), len(self.names)))
        for row, text in zip(scores, X):
            for score, label in self.model_.predict(self.model_.generate_candidates(text, Words())):
                row[label] = score
        return scores


def by_annif(method, train, test):
    from importlib.metadata import version

    names = [readable(name) for name in train.target_names]
    model = TunedThresholdMultiLabelClassifierCV(
        Lexical(names), strategy=MLLM[method], scores="estimator" if MLLM[method] == "global" else "pooled",
        random_state=0,
    )  # fmt: skip
    start = time.process_time()
    model.fit(list(train.data), train.target)
    seconds = time.process_time() - start
    return model.predict(list(test.data)), version("annif"), seconds


def markdown(table):
    rows = []
    for row in table.rows:
        scores = [f"{float(row[name]):.1f}" for name in SCORES]
        package = {XCOLUMNS: "xCOLUMNs", **dict.fromkeys(MLLM, "Annif")}.get(row["method"], "LibMultiLabel")
        rows.append([f"{package} {row['version']}, {row['method']}", *scores, f"{float(row['cpu_s']):.0f}"])
    note = "Reuters-21578, TF-IDF but for Annif; test F1 in per cent, groups macro-F1; CPU seconds."
    return ["# Peers", "", note, "", *markdown_table(("method", *SCORES, "fit, CPU s"), rows)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", nargs="+", choices=ALL_METHODS, default=ALL_METHODS)
    add_options(parser, "peers.csv")
    arguments = parse(parser)
    table = Table("peers.csv", FIELDS, n_keys=1)
    if not arguments.tables:
        folder = data_folder(parser)
        tasks = [(folder, method) for method in reversed(arguments.methods) if not table.has(method)]
        for row in run_tasks(measure, tasks, jobs=arguments.jobs, label="peers"):
            table.add(*row)
    table.sort(ALL_METHODS)
    write("peers.md", markdown(table))


if __name__ == "__main__":
    main()
