"""PubMed: a small sample of articles from file to scores, and a simulation of the paper's corpus for what it costs.

Run ``SKBALANCE_DATA=folder python benchmarks/pubmed.py [sample] [simulation]``. What `pubmed.csv` and
`pubmed_simulation.csv` of `benchmarks/results` hold already is not run again; ``--fresh`` starts anew. The tables are
written to `benchmarks/results/pubmed.md`.

``sample`` reads articles in BioASQ's JSON form, by default `bioasq_sample.json.gz` in the folder, or the file that
``--articles`` names (with ``--max-articles``, the first ones of it), and trains on titles and abstracts. On a small
sample that shows no more than that the path works.

``simulation`` draws data with the number of documents, labels and labels a document of Huang et al. 2021, and measures
an epoch of training, the best labels of 10,000 documents and, in a process of its own, what thresholds and names of
labels cost besides the epoch, with a tenth of the documents held out to set them. One thread. No document of it comes
from PubMed; the name of a label is two words drawn at random.
"""

import argparse
import os
import resource
import time
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.model_selection import train_test_split
from tables import Table, add_options, markdown_table, parse, run_tasks, write

from skbalance import BalancedMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.datasets import load_bioasq, make_long_tailed_multilabel
from skbalance.losses import DistributionBalancedLoss
from skbalance.metrics import label_groups

SAMPLE = "bioasq_sample.json.gz"
LOSSES = {"bce": "bce", "db": DistributionBalancedLoss(mu=0.05)}  # the paper's mu for PubMed
PAPER = {"bce": (26.17, 0.02), "db": (60.63, 19.19)}
BOUNDARIES = (15, 50)
GROUPS = ("head", "medium", "tail")
FIELDS = (
    *("corpus", "loss", "documents", "labels", "labels_a_document", *(f"{group}_labels" for group in GROUPS)),
    *("threshold", "micro", "macro", "seconds"),
)
SIMULATION = {
    "n_samples": 224_897,
    "n_labels": 18_211,
    "n_features": 100_000,
    "labels_per_sample": 12.3,
    "tail_exponent": 1.15,
    "length": 118,
    "random_state": 0,
}
PUBLISHED = {"documents": "224,897", "labels": "18,211", "labels a document": "12.3"}
QUANTITIES = {
    "documents": ",.0f",
    "labels": ",.0f",
    "labels a document": ".1f",
    "head labels (50 documents or more)": ",.0f",
    "medium labels (16 to 49)": ",.0f",
    "tail labels (15 or fewer)": ",.0f",
    "documents of the commonest label": ",.0f",
    "different words a document, of 100,000": ".0f",
    "drawing the data, CPU s": ".0f",
    "one epoch of Adam, 256 hidden units, CPU s": ".0f",
    "one epoch of Adam, 256 hidden units, wall s": ".0f",
    "predict_topk of 10,000 documents, k=10, CPU s": ".1f",
    "peak memory of the process, MiB": ",.0f",
}
DECISIONS = {
    "an epoch on nine tenths, thresholds on the last, with names: CPU s": ",.0f",
    "of which the epoch: CPU s": ",.0f",
    "peak memory of that process, MiB": ",.0f",
    "predict of 10,000 documents with them, CPU s": ".1f",
}


def counts_of(y):
    return np.asarray(y.sum(axis=0, dtype=np.int64)).ravel()


def group_sizes(counts):
    return [int(label_groups(counts, BOUNDARIES)[group].sum()) for group in GROUPS]


def model_of(loss, **params):
    return BalancedMultiLabelClassifier(
        loss, hidden_layer_sizes=(256,), solver="adam", random_state=0, device="cpu", **params
    )


def run_sample(path, corpus, max_articles, name):
    """A row of the table: title and abstract in, MeSH terms out; a hidden layer, few epochs, one threshold."""
    from paper import best_threshold, evaluate, fit_quietly, vectorise

    data, y = load_bioasq(path, max_articles=max_articles, return_X_y=True)
    fitted, test = train_test_split(np.arange(len(data)), test_size=min(len(data) // 5, 10_000), random_state=123)
    fitted, held = train_test_split(fitted, test_size=min(len(data) // 10, 1_000), random_state=123)
    X, rest = vectorise(data[fitted], data[np.concatenate([held, test])])
    start = time.perf_counter()
    model = fit_quietly(model_of(LOSSES[name], max_iter=20), X, y[fitted])
    seconds = time.perf_counter() - start
    threshold = best_threshold(y[held], model.predict_proba(rest[: len(held)]))
    parts = np.array_split(np.arange(len(held), rest.shape[0]), -(-len(test) // 1000))
    blocks = [sp.csr_matrix(model.predict_proba(rest[rows]) >= threshold) for rows in parts]
    predicted = sp.vstack(blocks).astype(np.int8)
    scores = evaluate(y[test], predicted, counts_of(y), BOUNDARIES)[:2]
    sizes = len(data), y.shape[1], float(y.nnz / len(data)), *group_sizes(counts_of(y))
    return corpus, name, *sizes, threshold, *scores, seconds


def draw_simulation():
    """Features, targets, and the seconds that it took to draw them."""
    start = time.process_time()
    X, y = make_long_tailed_multilabel(**SIMULATION)
    drawn = time.process_time() - start
    return TfidfTransformer(sublinear_tf=True).fit_transform(X).astype(np.float32), y, drawn


def run_simulation():
    """Quantities of the simulation, in their order."""
    import torch

    torch.set_num_threads(1)
    X, y, drawn = draw_simulation()
    counts = counts_of(y)
    model = model_of(LOSSES["db"], max_iter=1)
    start = time.process_time(), time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    spent = time.process_time() - start[0], time.perf_counter() - start[1]
    start = time.process_time()
    model.predict_topk(X[:10_000], k=10)
    best = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sizes = X.shape[0], y.shape[1], y.nnz / y.shape[0], *group_sizes(counts)
    values = (*sizes, counts.max(), X.nnz / X.shape[0], drawn, *spent, best, peak)
    return list(
        zip(QUANTITIES, (int(value) if isinstance(value, (int, np.integer)) else float(value) for value in values))
    )


def run_decisions():
    """Quantities of thresholds and names on the simulation, in their order."""
    import torch

    torch.set_num_threads(1)
    X, y, _ = draw_simulation()
    words = np.random.default_rng(0).integers(X.shape[1], size=2 * y.shape[1])
    names = sp.csr_matrix((np.ones(len(words), np.float32), words, np.arange(0, len(words) + 1, 2)))
    names.resize(y.shape[1], X.shape[1])
    epoch = TimedClassifier(**model_of(LOSSES["db"], max_iter=1).get_params(deep=False))
    model = TunedThresholdMultiLabelClassifierCV(epoch, label_texts=names, cv=0.1, refit=False, random_state=0)
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # one epoch; labels without a document in the nine tenths
        model.fit(X, y)
    spent = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.process_time()
    model.predict(X[:10_000])
    return list(zip(DECISIONS, (spent, model.estimator_.seconds_, peak, time.process_time() - start)))


class TimedClassifier(BalancedMultiLabelClassifier):
    """Knows what its `fit` took, in seconds of the process."""

    def fit(self, X, y, sample_weight=None):
        """Fit, and keep the time."""
        start = time.process_time()
        super().fit(X, y, sample_weight)
        self.seconds_ = time.process_time() - start
        return self


def markdown(table, simulation):
    lines = ["# PubMed", "", "## A sample, for the path", ""]
    lines += [
        "Titles and abstracts in, MeSH terms out, one hidden layer of 256, 20 epochs of Adam, one threshold by",
        "micro-F1 on held-out articles; a fifth of the articles to test on, a tenth for it. A file with `sample` in",
        "its name is a small sample: most of its labels have at most two articles to train on, and its scores are no",
        "measure of a loss. Those of the paper, BERT on 224,897 articles and 18,211 labels, show the distance.",
        "Macro-F1 is over all labels; those without a test article count 0.",
        "",
    ]
    head = ("file", "articles", "labels", "head / medium / tail", "loss", "threshold", "micro", "macro")
    rows = []
    for row in table.rows:
        groups = " / ".join(row[f"{group}_labels"] for group in GROUPS)
        scores = [f"{100 * float(row[name]):.2f}" for name in ("micro", "macro")]
        paper = [f"{value:.2f}" for value in PAPER[row["loss"]]]
        cells = [row["corpus"], row["documents"], row["labels"], groups, row["loss"], f"{float(row['threshold']):.2f}"]
        rows.append([*cells, *scores, *paper, f"{float(row['seconds']):.1f}"])
    lines += markdown_table((*head, "paper: micro", "paper: macro", "fit, s"), rows)
    lines += ["", "## A simulation, for the cost", ""]
    lines += [
        "**No document of it comes from PubMed.** `make_long_tailed_multilabel` draws made-up words and labels with",
        "the published number of documents, labels and labels a document. The counts of the labels follow a power law",
        "whose exponent is chosen, not fitted to PubMed. One thread.",
        "",
    ]
    values = {row["quantity"]: float(row["value"]) for row in simulation.rows}
    forms = {name: form for name, form in (QUANTITIES | DECISIONS).items() if name in values}
    rows = [(name, PUBLISHED.get(name, ""), format(values[name], form)) for name, form in forms.items()]
    return lines + markdown_table(("quantity", "published", "simulation"), rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="sample | simulation", help="what to run, by default both")
    parser.add_argument("--articles", type=Path, help="a file of BioASQ's JSON form")
    parser.add_argument("--max-articles", type=int, help="read that many articles of it")
    add_options(parser, "pubmed.csv", "pubmed_simulation.csv")
    arguments = parse(parser)
    parts = arguments.parts or ("sample", "simulation")
    if set(parts) - {"sample", "simulation"}:
        parser.error(f"parts are sample and simulation, not {' '.join(parts)}")
    table = Table("pubmed.csv", FIELDS, n_keys=2)
    simulation = Table("pubmed_simulation.csv", ("quantity", "value"), n_keys=1)
    path = arguments.articles or Path(os.environ.get("SKBALANCE_DATA", ""), SAMPLE)
    if "sample" in parts and not arguments.tables:
        if not path.is_file():
            parser.error(f"no file {path}: set SKBALANCE_DATA to a folder with {SAMPLE}, or give --articles")
        corpus = path.name if arguments.max_articles is None else f"{path.name}, first {arguments.max_articles}"
        tasks = [(path, corpus, arguments.max_articles, name) for name in LOSSES if not table.has(corpus, name)]
        for row in run_tasks(run_sample, tasks, jobs=arguments.jobs, label="PubMed, sample"):
            table.add(*row)
    if "simulation" in parts and not arguments.tables:
        # A process of its own for each, for its peak of memory.
        for run, quantities in ((run_simulation, QUANTITIES), (run_decisions, DECISIONS)):
            tasks = [] if simulation.has(next(iter(quantities))) else [()]
            for rows in run_tasks(run, tasks, jobs=2, label="PubMed, simulation"):
                for row in rows:
                    simulation.add(*row)
    if table.rows or simulation.rows:
        write("pubmed.md", markdown(table, simulation))


if __name__ == "__main__":
    main()
