"""Speed and memory of the loss kernel, the trainer, the fit and the search, each beside its peers in the same run.

Run ``SKBALANCE_DATA=folder python benchmarks/speed.py [kernel trainer fit parts threads grid scale growth fine-tuning
omikuji cuda]``; without names all are run but ``cuda``, which needs a GPU, ``omikuji``, which takes over half an hour,
and ``fine-tuning``, for which `SKBALANCE_ENCODER` names the folder of an encoder. One
thread but for ``threads``; what is compared takes turns and the least of the repetitions counts, in CPU seconds of the
process (on a GPU, in seconds of the device), so that a busy machine does little harm; with two threads it is the median
of wall seconds, for which the machine must be quiet. Read the ratios, not the seconds. The peers LibMultiLabel and
omikuji are run where they are installed.

The table is written to `benchmarks/results/speed.md` and `.csv` (sections that are not run stay as they are there), the
curves to `benchmarks/results/speed.png`.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import csv
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from corpora import vectorise
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import LinearSVC
from speed_peers import LibMultiLabel, Omikuji, PlainSkorch, Task, straightforward_db
from speed_report import plot_growth, profile, target_lines
from speed_scale import CURVES, MODELS, growth, omikuji, scale
from speed_tools import FIELDS, in_child, row, take_turns, timed

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import fetch_reuters21578, make_long_tailed_multilabel
from skbalance.losses import DistributionBalancedLoss, LabelStatistics, PositivePairs, get_loss, get_loss_names
from skbalance.model_selection import MultilabelStratifiedKFold

RESULTS = Path(__file__).parent / "results"
HEADING = (
    "Least CPU and wall seconds of runs that took turns on one thread; ratios of CPU seconds. Under Threads it is the "
    "median of wall seconds with two threads, and their ratios."
)


def reuters():
    folder = os.environ["SKBALANCE_DATA"]
    train, test = (fetch_reuters21578(subset=part, data_home=folder) for part in ("train", "test"))
    X, X_test = vectorise(train.data, test.data)
    return X, train.target, X_test, test.target


# --- The loss ---------------------------------------------------------------------------------------------------------


def loss_batch(device="cpu", dtype=torch.float32, n_samples=256, n_labels=18_211):
    """Logits, positive pairs and label statistics of a batch of PubMed's shape."""
    rng = np.random.default_rng(0)
    share = (np.arange(n_labels) + 30) ** -1.1
    share *= 12.3 / share.sum()
    positive = np.stack([rng.random(n_labels) < share for _ in range(n_samples)])
    statistics = LabelStatistics(np.maximum(1, np.round(share * 224_897)), 224_897)
    logits = torch.from_numpy(rng.normal(-3, 2, positive.shape)).to(device, dtype)
    return logits, PositivePairs.from_targets(torch.from_numpy(positive)).to(device), statistics


def loss_runs(logits, pairs, statistics):
    """Forward and backward passes of all losses and peers."""
    targets = pairs.dense().to(logits.dtype)

    def run(criterion, target):
        def function():
            leaf = logits.detach().requires_grad_()
            criterion(leaf, target).backward()
            return leaf.grad

        return function

    db = DistributionBalancedLoss(mu=0.05).bind(statistics)
    runs = {
        "BCEWithLogitsLoss of torch": run(torch.nn.BCEWithLogitsLoss(), targets),
        "DB as its formula reads": run(lambda z, t: straightforward_db(z, t, statistics), targets),
        "db, dense targets": run(db, targets),
    }
    for name in get_loss_names():
        loss = get_loss(name)
        loss = loss.set_params(mu=0.05) if "mu" in loss.get_params() else loss
        runs[f"{name}, positive pairs"] = run(loss.bind(statistics), pairs)
    reference = runs["DB as its formula reads"]()
    torch.testing.assert_close(runs["db, positive pairs"](), reference, rtol=1e-3, atol=1e-5 * reference.abs().max())
    return runs


def kernel():
    best = take_turns(loss_runs(*loss_batch()), repeats=9)
    yield from timed("kernel", best, "BCEWithLogitsLoss of torch", "256 x 18,211 float32, forward and backward")


def cuda():
    """The kernel on a GPU, against its memory floor: the logits read, the gradient written."""
    for dtype in (torch.float32, torch.float16):
        logits, pairs, statistics = loss_batch("cuda", dtype, n_samples=4096)
        source, target = torch.empty_like(logits), torch.empty_like(logits)
        runs = {"copy of the logits": lambda a=source, b=target: b.copy_(a), **loss_runs(logits, pairs, statistics)}
        best = dict.fromkeys(runs, np.inf)
        for _ in range(20):
            for name, function in runs.items():
                start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
                start.record()
                function()
                stop.record()
                torch.cuda.synchronize()
                best[name] = min(best[name], start.elapsed_time(stop) / 1000)
        for name, seconds in best.items():
            note = f"4,096 x 18,211 {str(dtype)[6:]} on {torch.cuda.get_device_name()}; ratio to the copy"
            yield row("cuda", name, None, seconds, seconds / best["copy of the logits"], note=note)


# --- The trainer ------------------------------------------------------------------------------------------------------


def trainer():
    X, y, *_ = reuters()
    for name, task, epochs in (
        ("Reuters TF-IDF", Task(X, y), 9),
        (
            "20,000 x 10,000 features, 2,000 labels",
            Task(*make_long_tailed_multilabel(20_000, 2_000, n_features=10_000, random_state=0)),
            3,
        ),
    ):
        runs = {
            f"{name}: bare loop": lambda t=task, e=epochs: t.bare(e),
            f"{name}: fit_head": lambda t=task, e=epochs: t.ours(e),
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            best = take_turns(runs, repeats=4)
            best.update(take_turns({f"{name}: textbook loop": lambda t=task, e=epochs: t.textbook(e)}, repeats=1))
        yield from timed("trainer", best, f"{name}: bare loop", f"{epochs} epochs of Adam, linear, batches of 256")


def fine_tuning():
    from speed_finetuning import fine_tuning  # needs transformers

    yield from fine_tuning()


# --- The fit ----------------------------------------------------------------------------------------------------------


def fit():
    X, y, X_test, y_test = reuters()
    X.sort_indices()
    X32, X32_test = X.astype(np.float32), X_test.astype(np.float32)
    data, data32 = (X, X_test), (X32, X32_test)
    peer = "OneVsRestClassifier(LinearSVC())"
    cases = {
        "BalancedMultiLabelClassifier()": (BalancedMultiLabelClassifier(), data, 3),
        "BalancedMultiLabelClassifier(), float32 X": (BalancedMultiLabelClassifier(), data32, 3),
        'BalancedMultiLabelClassifier(term_weighting="rf")': (
            BalancedMultiLabelClassifier(term_weighting="rf"),
            data,
            3,
        ),
        peer: (OneVsRestClassifier(LinearSVC()), data, 3),
        "OneVsRestClassifier(LogisticRegression())": (OneVsRestClassifier(LogisticRegression()), data, 1),
        "MLPClassifier(max_iter=5), 100 hidden units": (MLPClassifier(max_iter=5, random_state=0), data, 1),
        "skorch at default settings, 1 epoch": (PlainSkorch(), data32, 1),
    }
    if importlib.util.find_spec("libmultilabel"):
        cases["LibMultiLabel one-vs-rest"] = (LibMultiLabel(), data, 1)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        if importlib.util.find_spec("omikuji"):
            path = os.path.join(folder, "reuters.txt")
            Omikuji.write(path, X, y)
            cases["omikuji"] = (Omikuji(path), data, 1)
        # Best of turns in this process; memory and scores from one more fit in a child.
        best = dict.fromkeys(cases, (np.inf, np.inf))
        for turn in range(3):
            for name, (model, (A, _), repeats) in cases.items():
                if turn < repeats:
                    (spent,) = take_turns({name: lambda m=model, a=A: m.fit(a, y)}, 1).values()
                    best[name] = tuple(np.minimum(best[name], spent))
        for name, (model, (A, A_test), _) in cases.items():

            def fit_and_score(model=model, A=A, A_test=A_test):
                model.fit(A, y)
                predicted = model.predict(A_test)
                return [100 * f1_score(y_test, predicted, average=a, zero_division=0) for a in ("micro", "macro")]

            (micro, macro), peak = in_child(fit_and_score)
            note = f"test micro-F1 {micro:.1f}, macro-F1 {macro:.1f} at its own threshold"
            yield row("fit", name, *best[name], best[name][0] / best[peer][0], peak, note)


def parts():
    X, y, *_ = reuters()
    model = BalancedMultiLabelClassifier().fit(X, y)
    for name, (seconds, share) in profile(lambda: model.fit(X, y)).items():
        yield row("parts", name, seconds, ratio=share, note="of a default fit on Reuters, one thread; ratio: share")


def two_threads():
    """Seconds of fits that take turns, in a process of two threads; printed as JSON."""
    torch.set_num_threads(2)
    X, y, *_ = reuters()
    X.sort_indices()
    models = {
        "BalancedMultiLabelClassifier()": BalancedMultiLabelClassifier(),
        "OneVsRestClassifier(LinearSVC())": OneVsRestClassifier(LinearSVC()),
        "OneVsRestClassifier(LinearSVC(), n_jobs=2)": OneVsRestClassifier(LinearSVC(), n_jobs=2),
    }
    seconds = {name: [] for name in models}
    for turn in range(10):
        for name, model in models.items():
            start = time.perf_counter()
            model.fit(X, y)
            if turn:  # the first one starts joblib's workers
                seconds[name].append(time.perf_counter() - start)
    print(json.dumps({"seconds": seconds, "load": os.getloadavg()[0]}))


def threads():
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    command = [sys.executable, __file__, "--two-threads"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    report = json.loads(done.stdout.splitlines()[-1])
    median = {name: np.median(seconds) for name, seconds in report["seconds"].items()}
    for name, seconds in median.items():
        note = f"median of 9 turns, least {min(report['seconds'][name]):.3f}; load of the machine {report['load']:.1f}"
        yield row("threads", name, wall=seconds, ratio=seconds / median["OneVsRestClassifier(LinearSVC())"], note=note)


def grid():
    X, y, *_ = reuters()
    losses = get_loss_names()[:8]
    search = GridSearchCV(
        BalancedMultiLabelClassifier(),
        {"loss": losses, "alpha": [1e-5, 3e-5, 1e-4]},
        scoring="f1_macro",
        cv=MultilabelStratifiedKFold(3),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ((cpu, wall),) = take_turns({"grid": lambda: search.fit(X.astype(np.float32), y)}, 1).values()
    yield row(
        "grid",
        "8 losses x 3 alphas x 3 folds on Reuters, float32",
        cpu,
        wall,
        note=f"73 fits, one job; {search.best_params_}",
    )


SECTIONS = {
    "kernel": kernel,
    "trainer": trainer,
    "fit": fit,
    "parts": parts,
    "threads": threads,
    "grid": grid,
    "scale": scale,
    "omikuji": omikuji,
    "growth": growth,
    "fine-tuning": fine_tuning,
    "cuda": cuda,
}
ON_REQUEST = ("omikuji", "fine-tuning", "cuda")


def shown(value, digits):
    return "" if value in (None, "") else f"{float(value):.{digits}f}"


def write(rows):
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / "speed.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    lines = ["# Speed", "", HEADING]
    for section, function in SECTIONS.items():
        part = [r for r in rows if r["section"] == section]
        if not part:
            continue
        lines += ["", f"## {function.__name__.capitalize().replace('_', '-')}", ""]
        lines += ["| case | CPU, s | wall, s | ratio | peak, MiB | |", "|---|---|---|---|---|---|"]
        for r in part:
            cells = (
                shown(r["cpu_s"], 3),
                shown(r["wall_s"], 3),
                shown(r["ratio"], 2),
                shown(r["peak_mib"], 0),
                r["note"],
            )
            lines.append(f"| {r['case']} | " + " | ".join(cells) + " |")
        if section == "growth":
            lines += ["", "![Growth of time and memory](speed.png)"]
            plot_growth(part, CURVES, MODELS, RESULTS / "speed.png")
    lines += ["", "## Targets", "", *target_lines(rows)]
    (RESULTS / "speed.md").write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", help=f"any of {', '.join(SECTIONS)}")
    parser.add_argument("--two-threads", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--share", type=float, default=1.0, help="share of the rows of the scale and omikuji sections")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.two_threads:
        two_threads()
        return
    unknown = set(args.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"unknown sections {sorted(unknown)}; there are {', '.join(SECTIONS)}")
    chosen = args.sections or [name for name in SECTIONS if name not in ON_REQUEST]
    path, rows = RESULTS / "speed.csv", []
    if path.exists():
        with path.open(newline="") as stream:
            rows = [r for r in csv.DictReader(stream) if r["section"] not in chosen]
    for section in chosen:
        for result in SECTIONS[section](**({"share": args.share} if section in ("scale", "omikuji") else {})):
            rows.append(result)
            print(section, result["case"], *(shown(result[f], 3) for f in FIELDS[2:6]), result["note"], flush=True)
        write(sorted(rows, key=lambda r: list(SECTIONS).index(r["section"])))


if __name__ == "__main__":
    main()
