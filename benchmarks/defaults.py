"""How the default `alpha` was chosen: on validation parts of training sets, the test sets untouched.

Run ``SKBALANCE_DATA=folder python benchmarks/defaults.py``. The default loss is trained on Reuters-21578 (five random
parts of 1,000 documents held out of the training set in turn), GoEmotions (its development set) and TMC2007 (a fifth
of the training set held out), whole and on a tenth of the rows. For each `alpha` the sum of micro- and macro-F1 at the
cut of 0.5 is averaged over Reuters, GoEmotions and TMC2007; the highest average is the default. The table is written to
`benchmarks/results/defaults.md`.
"""

import os
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from decisions import load_goemotions, load_tmc2007, vectorise
from sklearn.metrics import f1_score
from sklearn.model_selection import ShuffleSplit

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import fetch_reuters21578

RESULTS = Path(__file__).parent / "results"
ALPHAS = (1e-4, 5e-5, 3e-5, 2e-5, 1e-5, 5e-6)


def problems(folder):
    """Corpus, and training and validation rows of it."""
    corpus = fetch_reuters21578(subset="train", data_home=folder)
    for train, held in ShuffleSplit(5, test_size=1000, random_state=123).split(corpus.data):
        yield "Reuters", *vectorise(corpus.data[train], corpus.data[held]), corpus.target[train], corpus.target[held]
    (train, held), y_train, y_held = load_goemotions(folder, held="dev")
    yield from whole_and_tenth("GoEmotions", train, held, y_train, y_held)
    (X, _), y, _ = load_tmc2007(folder)
    train, held = next(ShuffleSplit(1, test_size=0.2, random_state=0).split(X))
    yield from whole_and_tenth("TMC2007", X[train], X[held], y[train], y[held])


def whole_and_tenth(name, X_train, X_held, y_train, y_held):
    yield name, X_train, X_held, y_train, y_held
    rows = np.random.default_rng(0).permutation(X_train.shape[0])[: X_train.shape[0] // 10]
    yield f"{name}, a tenth", X_train[rows], X_held, y_train[rows], y_held


def score(alpha, X_train, X_held, y_train, y_held):
    """Micro- and macro-F1 over the labels that occur among the held-out rows, in per cent."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # labels without a document outside the part
        model = BalancedMultiLabelClassifier(alpha=alpha).fit(X_train, y_train)
    predicted, truth = sp.csr_array(model.predict(X_held)), sp.csr_array(y_held)
    seen = truth.sum(axis=0) > 0
    micro = f1_score(truth, predicted, average="micro")
    return 100 * micro, 100 * f1_score(truth[:, seen], predicted[:, seen], average="macro", zero_division=0)


def main():
    tasks = list(problems(Path(os.environ["SKBALANCE_DATA"])))
    names = list(dict.fromkeys(name for name, *_ in tasks))
    lines = ["| alpha | " + " | ".join(names) + " | mean of sums |", "|---" * (len(names) + 2) + "|"]
    for alpha in ALPHAS:
        scores = {name: [] for name in names}
        for name, *data in tasks:
            scores[name].append(score(alpha, *data))
        means = {name: np.mean(rows, axis=0) for name, rows in scores.items()}
        total = np.mean([means[name].sum() for name in ("Reuters", "GoEmotions", "TMC2007")])
        cells = " | ".join(f"{means[name][0]:.1f} / {means[name][1]:.1f}" for name in names)
        lines.append(f"| {alpha:g} | {cells} | {total:.2f} |")
        print(lines[-1], flush=True)
    RESULTS.mkdir(exist_ok=True)
    title = (
        "# Defaults\n\nDefault loss, validation parts of training sets, cut at 0.5: micro- / macro-F1, per cent.\n\n"
    )
    (RESULTS / "defaults.md").write_text(title + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
