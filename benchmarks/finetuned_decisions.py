"""A fine-tuned encoder under tuned thresholds: against the same encoder frozen, with words beside it, with names.

Run ``SKBALANCE_DATA=folder SKBALANCE_ENCODER=folder python benchmarks/finetuned_decisions.py``, with the options of
`paper_finetuned.py`: the models are those of its rows, and are trained here if they are not there yet.

All models are fitted to the same training documents of Reuters-21578, and all thresholds, pooled models included, are
set on the 1,000 documents of validation, as ``TunedThresholdMultiLabelClassifierCV(..., cv=[(fitted, held)],
refit=False)`` does; the test documents are scored once. Words are TF-IDF with the default loss; the frozen encoder is
followed by the same. Names are matched by TF-IDF, whatever gives the scores. One row needs no documents of validation:
a linear model on vectors of the fine-tuned encoder, its thresholds set out of fold on the documents that the encoder
was trained on.

Rows that are in `benchmarks/results/finetuned_decisions.csv` already are not run again; ``--fresh`` starts anew. The
table is written to `benchmarks/results/finetuned_decisions.md`.
"""

import argparse
import time
from itertools import product

import numpy as np
from corpora import vectorise
from decisions import evaluate, quietly, sentence_embedder
from paper import GROUPS, REUTERS, SEEDS, fit_quietly, load
from paper_finetuned import LOSSES, add_model_options, data_and_encoder, fit_and_score, folder_of_the_model
from sklearn.base import BaseEstimator, ClassifierMixin
from tables import Table, add_options, bare_means, markdown_table, parse, write

from skbalance import BalancedMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.decisions import readable

FROZEN, TUNED, WORDS = "frozen encoder", "fine-tuned encoder", "words"
SCORERS = ((FROZEN,), (TUNED,), (WORDS,), (WORDS, FROZEN), (WORDS, TUNED))
IN_FOLDS = "fine-tuned encoder, a new head in folds"
SCORES = ("micro", "macro", *GROUPS)
FIELDS = ("corpus", "pooling", "max_length", "epochs", "loss", "scorers", "names", "seed", *SCORES, "seconds")


class Kept(ClassifierMixin, BaseEstimator):
    """A classifier whose probabilities for each text are known already.

    Parameters
    ----------
    name : str
        Place of the probabilities in `kept`.
    """

    kept: dict = {}

    def __init__(self, name):
        self.name = name

    def fit(self, X, y):
        """Nothing is left to fit."""
        self.classes_ = [np.array([0, 1])] * y.shape[1]
        return self

    def predict_proba(self, X):
        """Probabilities of texts, of shape (n_texts, n_labels)."""
        known = self.kept[self.name]
        return np.stack([known[text] for text in X])


def keep(name, texts, probabilities):
    """Let `Kept` give these."""
    Kept.kept[name] = dict(zip(texts, probabilities))


def keep_all(corpus, arguments, loss, seed):
    """Fit or look up all scorers of a seed; texts of validation and test are what is scored."""
    fitted, held = corpus.split(seed)
    texts = np.asarray(corpus.train.data, dtype=object)
    scored = [*texts[held], *corpus.test.data]
    if (WORDS, seed) not in Kept.kept:
        embedder = sentence_embedder()
        for name, (X, X_scored) in (
            (WORDS, vectorise(texts[fitted], scored, dtype=np.float32)),
            (FROZEN, (embedder.fit_transform(list(texts[fitted])), embedder.transform(scored))),
        ):
            model = fit_quietly(BalancedMultiLabelClassifier(), X, corpus.y[fitted])
            keep((name, seed), scored, model.predict_proba(X_scored))
    keep((TUNED, seed), scored, np.vstack(fit_and_score(corpus, arguments, loss, seed)[:2]))


def decide(corpus, scorers, names, seed):
    """Test scores with thresholds that the documents of validation set, and the seconds that setting them took."""
    texts = np.asarray(corpus.train.data, dtype=object)
    model = TunedThresholdMultiLabelClassifierCV(
        [(name, Kept((name, seed))) for name in scorers] if len(scorers) > 1 else Kept((scorers[0], seed)),
        cv=[corpus.split(seed)],
        refit=False,
        label_texts=[readable(name) for name in corpus.train.target_names] if names else None,
        random_state=seed,
    )
    return fit_and_evaluate(corpus, model, texts, corpus.y, np.asarray(corpus.test.data, dtype=object))


def decide_in_folds(corpus, folder, loss, seed):
    """The same for a new head on the fine-tuned encoder, whose folds are of the documents that the encoder has seen."""
    fitted, _ = corpus.split(seed)
    embedder = sentence_embedder(folder)
    X = embedder.fit_transform([corpus.train.data[row] for row in fitted])
    model = TunedThresholdMultiLabelClassifierCV(BalancedMultiLabelClassifier(loss), random_state=seed)
    return fit_and_evaluate(corpus, model, X, corpus.y[fitted], embedder.transform(corpus.test.data))


def fit_and_evaluate(corpus, model, X, y, X_test):
    start = time.perf_counter()
    fit_quietly(model, X, y)
    seconds = time.perf_counter() - start
    return *evaluate(corpus.y_test, np.asarray(model.predict(X_test)), corpus.counts).values(), seconds


def run(table, arguments, folder):
    quietly()
    corpus = load(folder)
    for seed, loss in product(SEEDS[: arguments.seeds], arguments.losses):
        key = REUTERS, arguments.pooling, arguments.max_length, arguments.epochs, loss
        ways = [(" and ".join(scorers), scorers, names) for scorers, names in product(SCORERS, (False, True))]
        missing = [way for way in ways if not table.has(*key, way[0], way[2], seed)]
        if missing:
            keep_all(corpus, arguments, loss, seed)
        for label, scorers, names in missing:
            table.add(*key, label, names, seed, *map(float, decide(corpus, scorers, names, seed)))
        if not table.has(*key, IN_FOLDS, False, seed):
            fit_and_score(corpus, arguments, loss, seed)
            decided = decide_in_folds(corpus, folder_of_the_model(arguments, loss, seed), loss, seed)
            table.add(*key, IN_FOLDS, False, seed, *map(float, decided))


def markdown(table):
    yield from ("# Tuned thresholds around a fine-tuned encoder", "")
    yield "Reuters-21578, all-MiniLM-L6-v2, mean pooling. Thresholds are set on 1,000 documents of validation, or"
    yield "in folds. Test F1 in per cent, groups are macro-F1. Without a deviation: one seed."
    rows = [
        (*key[4:6], {"True": "yes", "False": "no"}[key[6]], ", ".join(key[2:4]), n, *bare_means(cells, n))
        for key, n, cells in table.summary(SCORES, percent=True)
    ]
    yield from ("", *markdown_table(("loss", "scores", "names", "tokens, epochs", "seeds", *SCORES), rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_model_options(parser)
    add_options(parser, "finetuned_decisions.csv")
    arguments = parse(parser)
    table = Table("finetuned_decisions.csv", FIELDS)
    if not arguments.tables:
        run(table, arguments, data_and_encoder(parser))
    table.sort((REUTERS,), (), (), (), LOSSES, [*map(" and ".join, SCORERS), IN_FOLDS], ("False", "True"), SEEDS)
    if table.rows:
        write("finetuned_decisions.md", markdown(table))


if __name__ == "__main__":
    main()
