"""A fine-tuned encoder under tuned thresholds: against the same encoder frozen, with words beside it, with names.

Run ``SKBALANCE_DATA=folder SKBALANCE_ENCODER=folder python benchmarks/finetuned_decisions.py``, with the options of
`paper_finetuned.py`: the models are those of its rows, and are trained here if they are not there yet.

All models are fitted to the same training documents of Reuters-21578; the test documents are scored once. Words are
TF-IDF with the default loss. Thresholds, pooled models included, are set in two ways:

- on the 1,000 documents of validation, as ``TunedThresholdMultiLabelClassifierCV(..., cv=[(fitted, held)],
  refit=False)`` does. The frozen encoder is followed by a head with the default loss, the fine-tuned one by the head
  that it was trained with. Names are matched by TF-IDF, whatever gives the scores;
- out of fold on the training documents. Both encoders are followed by a new head with the default loss, so that the
  encoder is trained once. Names are matched by what the first scorer sees, words or vectors.

Rows that are in `benchmarks/results/finetuned_decisions.csv` already are not run again; ``--fresh`` starts anew. The
table is written to `benchmarks/results/finetuned_decisions.md`.
"""

import argparse
import time
from itertools import product

import numpy as np
from corpora import tfidf, vectorise
from decisions import evaluate, quietly, sentence_embedder
from paper import GROUPS, REUTERS, SEEDS, fit_quietly, load
from paper_finetuned import LOSSES, add_model_options, data_and_encoder, fit_and_score, folder_of_the_model
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import make_pipeline
from tables import Table, add_options, bare_means, markdown_table, parse, write

from skbalance import BalancedMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.decisions import readable

FROZEN, TUNED, WORDS = "frozen encoder", "fine-tuned encoder", "words"
SCORERS = ((FROZEN,), (TUNED,), (WORDS,), (WORDS, FROZEN), (WORDS, TUNED))
ON_VALIDATION, IN_FOLDS = "validation", "folds"
SCORES = ("micro", "macro", *GROUPS)
FIELDS = (
    *("corpus", "pooling", "max_length", "epochs", "loss", "scorers", "names", "thresholds", "seed"),
    *SCORES,
    "seconds",
)


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


def on_validation(corpus, arguments, loss, scorers, seed):
    """All training rows, scorers that are fitted to some of them already, and where their thresholds are set."""
    keep_all(corpus, arguments, loss, seed)
    return slice(None), {name: Kept((name, seed)) for name in scorers}, {"cv": [corpus.split(seed)], "refit": False}


def in_folds(corpus, arguments, loss, scorers, seed):
    """The rows that the encoder was trained on, and scorers that are fitted in each fold, the encoders as they are."""
    fit_and_score(corpus, arguments, loss, seed)
    features = {
        WORDS: tfidf(np.float32),
        FROZEN: sentence_embedder(),
        TUNED: sentence_embedder(folder_of_the_model(arguments, loss, seed)),
    }
    made = {name: make_pipeline(features[name], BalancedMultiLabelClassifier()) for name in scorers}
    return corpus.split(seed)[0], made, {}


def decide(corpus, names, seed, rows, scorers, options):
    """Test scores with tuned thresholds, and the seconds that setting them took."""
    texts = np.asarray(corpus.train.data, dtype=object)[rows]
    model = TunedThresholdMultiLabelClassifierCV(
        list(scorers.items()) if len(scorers) > 1 else next(iter(scorers.values())),
        label_texts=[readable(name) for name in corpus.train.target_names] if names else None,
        random_state=seed,
        **options,
    )
    start = time.perf_counter()
    fit_quietly(model, texts, corpus.y[rows])
    seconds = time.perf_counter() - start
    predicted = np.asarray(model.predict(np.asarray(corpus.test.data, dtype=object)))
    return *evaluate(corpus.y_test, predicted, corpus.counts).values(), seconds


def run(table, arguments, folder):
    quietly()
    corpus = load(folder)
    ways = {ON_VALIDATION: on_validation, IN_FOLDS: in_folds}
    for seed, loss, way, names in product(SEEDS[: arguments.seeds], arguments.losses, ways, (False, True)):
        for scorers in SCORERS:
            key = REUTERS, arguments.pooling, arguments.max_length, arguments.epochs, loss, " and ".join(scorers), names
            if not table.has(*key, way, seed):
                parts = ways[way](corpus, arguments, loss, scorers, seed)
                table.add(*key, way, seed, *map(float, decide(corpus, names, seed, *parts)))


def markdown(table):
    yield from ("# Tuned thresholds around a fine-tuned encoder", "")
    yield "Reuters-21578, all-MiniLM-L6-v2, mean pooling. Thresholds are set on 1,000 documents of validation, or out"
    yield "of fold, where the encoder has seen the training documents and a new head has not. Test F1 in per cent,"
    yield "groups are macro-F1. Without a deviation: one seed. Measured with the quadratic decision model that came"
    yield "before the one of today."
    rows = [
        (key[4], key[7], key[5], {"True": "yes", "False": "no"}[key[6]], *key[2:4], n, *bare_means(cells, n))
        for key, n, cells in table.summary(SCORES, percent=True)
    ]
    head = ("loss", "thresholds", "scores", "names", "tokens", "epochs", "seeds", *SCORES)
    yield from ("", *markdown_table(head, rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_model_options(parser)
    add_options(parser, "finetuned_decisions.csv")
    arguments = parse(parser)
    table = Table("finetuned_decisions.csv", FIELDS)
    if not arguments.tables:
        run(table, arguments, data_and_encoder(parser))
    table.sort(
        (REUTERS,), (), (), (), LOSSES, map(" and ".join, SCORERS), ("False", "True"), (ON_VALIDATION, IN_FOLDS), SEEDS
    )
    if table.rows:
        write("finetuned_decisions.md", markdown(table))


if __name__ == "__main__":
    main()
