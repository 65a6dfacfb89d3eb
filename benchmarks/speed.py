"""Speed and memory of the loss kernel, the trainer, the fit and the search, each beside its peers in the same run.

Run ``SKBALANCE_DATA=folder python benchmarks/speed.py [kernel trainer fit parts threads grid scale growth fine-tuning
omikuji cuda]``; without names all are run but ``cuda``, which needs a GPU, ``omikuji``, which takes over half an hour,
and ``fine-tuning``, for which `SKBALANCE_ENCODER` names the folder of an encoder. One
thread but for ``threads``; what is compared takes turns and the least of the repetitions counts, in CPU seconds of the
process (on a GPU, in seconds of the device), so that a busy machine does little harm; with two threads it is the median
of wall seconds, for which the machine must be quiet. Read the ratios, not the seconds. The peers LibMultiLabel and
omikuji are run where they are installed.

The table is written to `benchmarks/results/speed.md` and `.csv`; sections that are not run stay as they are there.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import cProfile
import csv
import ctypes
import importlib.util
import json
import multiprocessing
import pstats
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as F
from corpora import vectorise
from pubmed import SIMULATION
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import LinearSVC
from skorch import NeuralNet

from skbalance import BalancedMultiLabelClassifier, FineTunedMultiLabelClassifier
from skbalance.datasets import fetch_reuters21578, make_long_tailed_multilabel
from skbalance.losses import DistributionBalancedLoss, LabelStatistics, PositivePairs, get_loss, get_loss_names
from skbalance.model_selection import MultilabelStratifiedKFold
from skbalance.training import fit_head
from skbalance.training._batches import BatchIterator, TrainingData
from skbalance.training._heads import Head, initial_weights
from skbalance.training._problem import Problem
from skbalance.training._solvers import penalty_strengths

RESULTS = Path(__file__).parent / "results"
HEADING = (
    "Least CPU and wall seconds of runs that took turns on one thread; ratios of CPU seconds. Under Threads it is the "
    "median of wall seconds with two threads, and their ratios."
)

FIELDS = ("section", "case", "cpu_s", "wall_s", "ratio", "peak_mib", "note")


def reuters():
    folder = os.environ["SKBALANCE_DATA"]
    train, test = (fetch_reuters21578(subset=part, data_home=folder) for part in ("train", "test"))
    X, X_test = vectorise(train.data, test.data)
    return X, train.target, X_test, test.target


# --- Seconds and memory -----------------------------------------------------------------------------------------------


def take_turns(functions, repeats):
    """Least CPU and wall seconds of each function, which take turns."""
    best = dict.fromkeys(functions, (np.inf, np.inf))
    for _ in range(repeats):
        for name, function in functions.items():
            cpu, wall = time.process_time(), time.perf_counter()
            function()
            spent = time.process_time() - cpu, time.perf_counter() - wall
            best[name] = tuple(np.minimum(best[name], spent))
    return best


def in_child(function):
    """Result of a function, and how far it raised the peak of the resident memory, in MiB."""

    def child(pipe):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        result = function()
        pipe.send((result, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024))

    if sys.platform == "linux":  # what is free in this process would not count in the child
        ctypes.CDLL(None).malloc_trim(0)
    context = multiprocessing.get_context("fork")
    parent_end, child_end = context.Pipe()
    process = context.Process(target=child, args=(child_end,))
    process.start()
    child_end.close()
    result = parent_end.recv()
    process.join()
    return result


def timed(section, best, against, note=""):
    """Rows of a section, the ratios against one of the cases."""
    for name, (cpu, wall) in best.items():
        yield row(section, name, cpu, wall, cpu / best[against][0], note=note)


def row(section, case, cpu=None, wall=None, ratio=None, peak=None, note=""):
    return dict(zip(FIELDS, (section, case, cpu, wall, ratio, peak, note)))


# --- What is compared with --------------------------------------------------------------------------------------------


def straightforward_db(logits, targets, statistics, mu=0.05):
    """Distribution-balanced loss as its formula reads, an operation at a time; autograd does the rest."""
    counts = logits.new_tensor(statistics.counts)
    shifted = logits - 0.05 * torch.log(statistics.n_samples / counts - 1)
    scaled = torch.where(targets > 0, shifted, 2.0 * shifted)
    row_sum = (targets / counts).sum(dim=1, keepdim=True)
    weight = 0.1 + torch.sigmoid(10.0 * (1 / counts / row_sum - mu))
    weight = torch.where(targets > 0, weight, weight / 2.0)
    cross_entropy = F.binary_cross_entropy_with_logits(scaled, targets, reduction="none")
    modulation = (1 - torch.exp(-cross_entropy)) ** 2.0
    return (weight * 0.5 * modulation * cross_entropy).mean()


class Task:
    """A training set for `fit_head`, and a loop that does the same without skorch."""

    def __init__(self, X, y, hidden=(), batch_size=256):
        X, y = sp.csr_array(X.astype(np.float32)), sp.csr_array(y)
        self.data = TrainingData(X, y, np.ones(X.shape[0], np.float32))
        self.sizes = [X.shape[1], *hidden, y.shape[1]]
        self.statistics = LabelStatistics.from_targets(y)
        self.batch_size = batch_size

    def options(self, epochs):
        """Options of Adam that stop after so many epochs."""
        settings = {"alpha": 2e-5, "batch_size": self.batch_size, "max_iter": epochs, "n_iter_no_change": epochs}
        return BalancedMultiLabelClassifier(
            DistributionBalancedLoss(), solver="adam", term_weighting=None, tol=0.0, device="cpu", **settings
        )

    def criterion(self):
        """The loss, bound to the labels."""
        return DistributionBalancedLoss().bind(self.statistics, "row_sum").to(torch.float32)

    def ours(self, epochs=1):
        """Train with `fit_head`."""
        problem = Problem(self.sizes, self.data, self.statistics, self.criterion())
        return fit_head(problem, self.options(epochs), random_state=np.random.RandomState(0))

    def bare(self, epochs=1, max_batches=None):
        """Train in a plain loop over the same batches; returns the batches done."""
        weights = initial_weights(
            self.sizes, log_odds=self.statistics.log_odds, random_state=np.random.RandomState(0), dtype=np.float32
        )
        head, criterion = Head(*weights), self.criterion()
        criterion.overwrite_logits = True
        strengths = [s.float() for s in penalty_strengths(self.sizes, self.statistics, self.options(1))]
        optimizer = torch.optim.Adam(head.parameters(), lr=0.003, fused=True)
        batches = BatchIterator(self.data, batch_size=self.batch_size, random_state=np.random.RandomState(0))
        done = 0
        for _ in range(epochs):
            for features, (pairs, weight) in batches:
                optimizer.zero_grad()
                loss = (criterion(head(features), pairs) @ weight) / weight.sum()
                loss.backward()
                with torch.no_grad():
                    for coef, strength in zip(head.coefs, strengths):
                        coef.grad.addcmul_(coef, strength)
                optimizer.step()
                loss.item()
                done += 1
                if done == max_batches:
                    return done
        return done

    def textbook(self, epochs=1):
        """Train in a plain loop with torch's own sparse product, dense targets, and BCE."""
        coef = torch.zeros(self.sizes[0], self.sizes[-1], requires_grad=True)
        intercept = torch.zeros(self.sizes[-1], requires_grad=True)
        optimizer = torch.optim.Adam([coef, intercept], lr=0.003)
        random_state, n = np.random.RandomState(0), len(self.data)
        for _ in range(epochs):
            order = random_state.permutation(n)
            for start in range(0, n, self.batch_size):
                part = self.data.take(order[start : start + self.batch_size])
                X = torch.sparse_csr_tensor(part.X.indptr, part.X.indices, part.X.data, size=part.X.shape)
                targets = torch.from_numpy(part.y.toarray()).float()
                optimizer.zero_grad()
                F.binary_cross_entropy_with_logits(X @ coef + intercept, targets).backward()
                optimizer.step()


class Linear(torch.nn.Module):
    """A module for plain skorch."""

    def __init__(self, n_in, n_out):
        super().__init__()
        self.linear = torch.nn.Linear(n_in, n_out)

    def forward(self, X):
        """Logits."""
        return self.linear(X)


class PlainSkorch:
    """skorch at default settings: it reads a sparse matrix row by row and makes each dense."""

    def fit(self, X, y):
        """Train."""
        net = NeuralNet(
            Linear,
            torch.nn.BCEWithLogitsLoss,
            module__n_in=X.shape[1],
            module__n_out=y.shape[1],
            optimizer=torch.optim.Adam,
            max_epochs=1,
            batch_size=256,
            train_split=None,
            verbose=0,
        )
        self.net = net.fit(X.astype(np.float32), y.toarray().astype(np.float32))

    def predict(self, X):
        """Predict an indicator."""
        return self.net.forward(X.astype(np.float32)).numpy() > 0


class LibMultiLabel:
    """Linear one-vs-rest of LibMultiLabel."""

    def fit(self, X, y):
        """Train."""
        from libmultilabel.linear import train_1vsrest

        targets = sp.csr_matrix(y, dtype=float)
        self.model = train_1vsrest(targets, sp.csr_matrix(X), options="-s 1 -m 1 -q", verbose=False)

    def predict(self, X):
        """Predict an indicator."""
        return self.model.predict_values(sp.csr_matrix(X)) > 0


class Omikuji:
    """omikuji's default (three Parabel-like trees) on one thread; reading its text file is part of the fit."""

    def __init__(self, path=None):
        self.path = path

    @staticmethod
    def write(path, X, y):
        """Write data in the format that it reads."""
        with open(path, "w") as stream:
            stream.write(f"{X.shape[0]} {X.shape[1]} {y.shape[1]}\n")
            for i in range(X.shape[0]):
                labels = y.indices[y.indptr[i] : y.indptr[i + 1]].tolist()
                entries = slice(X.indptr[i], X.indptr[i + 1])
                features = zip(X.indices[entries].tolist(), X.data[entries].tolist())
                stream.write(",".join(map(str, labels)) + " " + " ".join(f"{j}:{v:.6g}" for j, v in features) + "\n")

    def fit(self, X, y):
        """Train."""
        import omikuji

        self.n_labels = y.shape[1]
        self.model = omikuji.Model.train_on_data(self.path, n_threads=1)

    def predict(self, X):
        """Predict an indicator."""
        out = np.zeros((X.shape[0], self.n_labels), dtype=bool)
        for i in range(X.shape[0]):
            entries = slice(X.indptr[i], X.indptr[i + 1])
            pairs = list(zip(X.indices[entries].tolist(), X.data[entries].tolist()))
            found = [label for label, score in self.model.predict(pairs, top_k=20) if score > 0.5]
            out[i, found] = True
        return out


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


# Functions of the package, by file and name, and what their time is shown as.
PARTS = {
    ("_batches.py", "products"): "products with the features and their transpose",
    ("_kernel.py", "balanced_loss"): "loss and its derivative",
    ("_heads.py", "penalty"): "penalty and its gradient",
    ("_lbfgs.py", "take_change"): "L-BFGS: storing the change, products with the history",
    ("_lbfgs.py", "combine"): "L-BFGS: direction",
}


def profile(function, repeats=5):
    """CPU seconds and share of each part in a call of a function; the median shares of some calls."""
    calls = []
    for _ in range(repeats):
        profiler = cProfile.Profile(time.process_time)
        profiler.runcall(function)
        stats = pstats.Stats(profiler).stats
        found = dict.fromkeys(PARTS, 0.0)
        for (path, _, name), (*_, cumulative, _) in stats.items():
            key = path.replace("\\", "/").rpartition("/")[2], name
            if key in found and "skbalance" in path:
                found[key] += cumulative
        total = sum(own for (_, _, own, _, _) in stats.values())
        calls.append([*found.values(), total - sum(found.values())])
    seconds = np.median(calls, axis=0)
    return dict(zip([*PARTS.values(), "all else"], zip(seconds, seconds / seconds.sum())))


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


# --- Large problems ---------------------------------------------------------------------------------------------------


def simulated_pubmed(share):
    """Features and targets of the simulated PubMed, or of a share of its rows."""
    n_samples = int(SIMULATION["n_samples"] * share)
    return make_long_tailed_multilabel(**{**SIMULATION, "n_samples": n_samples, "max_label_frequency": 0.2})


def one_large_epoch(share):
    """One epoch of a classifier on the simulated PubMed, alone in its process."""
    X, y = simulated_pubmed(share)
    X = X.astype(np.float32)
    generated = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    model = BalancedMultiLabelClassifier(hidden_layer_sizes=(256,), solver="adam", max_iter=1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ((cpu, wall),) = take_turns({"fit": lambda: model.fit(X, y)}, 1).values()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    arrays = [X.data, X.indices, X.indptr, y.data, y.indices, y.indptr]
    task = Task(X, y, hidden=(256,))
    task.bare(max_batches=2)
    ((bare_cpu, _),) = take_turns({"bare": lambda: task.bare(max_batches=20)}, 2).values()
    batches = -(-len(task.data) // task.batch_size)
    ((prediction, _),) = take_turns({"top": lambda: model.predict_topk(X[:10_000], 10)}, 1).values()
    report = {
        "cpu": cpu,
        "wall": wall,
        "peak": peak,
        "generated": generated,
        "data": sum(a.nbytes for a in arrays) / 2**20,
        "bare": bare_cpu / 20 * batches,
        "topk": prediction,
        "batches": batches,
    }
    print(json.dumps(report))


def scale(share=1.0):
    command = [sys.executable, __file__, "--one-epoch", str(share)]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    size = f"{int(SIMULATION['n_samples'] * share):,} x 100,000, 18,211 labels, 256 hidden units"
    note = (
        f"peak RSS of the process with {report['data']:.0f} MiB of data ({report['generated']:.0f} at its making); "
        f"{report['batches']} batches; ratio to the bare loop"
    )
    yield row(
        "scale",
        f"one epoch, {size}",
        report["cpu"],
        report["wall"],
        report["cpu"] / report["bare"],
        report["peak"],
        note,
    )
    yield row("scale", "bare loop, 20 batches scaled to the epoch", report["bare"], ratio=1.0)
    yield row("scale", "predict_topk of 10,000 rows, k=10", report["topk"])


def omikuji(share=1.0):
    """Train omikuji to the end on the simulated PubMed, or on a share of its rows."""
    X, y = simulated_pubmed(share)
    X = X.multiply(1 / np.sqrt(X.multiply(X).sum(axis=1)).reshape(-1, 1)).tocsr()
    X.sort_indices()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "large.txt")
        Omikuji.write(path, X, y)

        def train():
            return take_turns({"omikuji": lambda: Omikuji(path).fit(X, y)}, 1)["omikuji"]

        (cpu, wall), peak = in_child(train)
    yield row("omikuji", f"omikuji on {X.shape[0]:,} rows", cpu, wall, peak=peak, note="its default: three trees")


# Parameter, the size of the problem otherwise, and the values that it takes.
BASE = {"n_samples": 4_000, "n_labels": 500, "n_features": 5_000, "labels_per_sample": 5, "random_state": 0}
CURVES = {
    "n_samples": (BASE, (1_000, 4_000, 16_000, 64_000, 225_000)),
    "n_labels": (BASE, (90, 350, 1_300, 5_000, 18_211)),
    "n_features": ({**BASE, "n_labels": 100}, (10_000, 25_000, 70_000, 190_000, 500_000)),
}
MODELS = {
    "linear, L-BFGS": {"solver": "lbfgs", "max_iter": 5},
    "64 hidden units, Adam": {"solver": "adam", "hidden_layer_sizes": (64,), "max_iter": 2},
}


def growth():
    """Time and memory of a few iterations, in a process of their own, as the problem grows in one direction."""
    for parameter, (base, values) in CURVES.items():
        for value in values:
            X, y = make_long_tailed_multilabel(**{**base, parameter: value})
            X = X.astype(np.float32)
            for name, params in MODELS.items():
                model = BalancedMultiLabelClassifier(tol=0, random_state=0, **params)

                def fit(model=model, X=X, y=y, name=name):
                    warnings.simplefilter("ignore")
                    return take_turns({name: lambda: model.fit(X, y)}, 2)[name]

                (cpu, wall), peak = in_child(fit)
                yield row("growth", f"{parameter} = {value}: {name}", cpu, wall, peak=peak)


# --- Fine-tuning ------------------------------------------------------------------------------------------------------


N_TEXTS, LENGTH, BATCH = 240, 192, 16


def tune_ours(encoder, texts, y):
    """The estimator, at its default settings but for the length."""
    model = FineTunedMultiLabelClassifier(
        encoder, loss="bce", max_length=LENGTH, max_iter=1, batch_size=BATCH, local_files_only=True, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # labels without a document among these
        model.fit(texts, y)


def tune_bare(encoder, texts, y):
    """The same in few lines: mean pooling, a linear head, batches of like length, AdamW with clipped gradients."""
    from transformers import AutoModel, AutoTokenizer

    tokenizer, network = AutoTokenizer.from_pretrained(encoder), AutoModel.from_pretrained(encoder)
    ids = tokenizer(list(texts), truncation=True, max_length=LENGTH)["input_ids"]
    head = torch.nn.Linear(network.config.hidden_size, y.shape[1])
    parameters = [*network.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=2e-4, fused=True)
    criterion = torch.nn.BCEWithLogitsLoss(reduction="sum")
    order = np.argsort([-len(row) for row in ids], kind="stable")
    targets = torch.from_numpy(y.toarray()).float()
    network.train()
    for rows in np.random.default_rng(0).permutation(order.reshape(-1, BATCH)):
        longest = max(len(ids[row]) for row in rows)
        batch = torch.tensor([ids[row] + [0] * (longest - len(ids[row])) for row in rows])
        mask = (batch > 0).long()
        optimizer.zero_grad()
        hidden = network(input_ids=batch, attention_mask=mask).last_hidden_state
        logits = head((hidden * mask[:, :, None]).sum(dim=1) / mask.sum(dim=1, keepdim=True))
        (criterion(logits, targets[rows]) / BATCH).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()


def tune_with_trainer(encoder, texts, y, sampling="random"):
    """The Trainer of transformers at its default settings but for the size of the batches and how they are drawn."""
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )

    tokenizer = AutoTokenizer.from_pretrained(encoder)
    network = AutoModelForSequenceClassification.from_pretrained(
        encoder, num_labels=y.shape[1], problem_type="multi_label_classification"
    )
    ids = tokenizer(list(texts), truncation=True, max_length=LENGTH)["input_ids"]
    rows = [{"input_ids": row, "labels": labels} for row, labels in zip(ids, y.toarray().astype(np.float32))]
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder, num_train_epochs=1, per_device_train_batch_size=BATCH, use_cpu=True, report_to="none",
            save_strategy="no", disable_tqdm=True, train_sampling_strategy=sampling,
        )  # fmt: skip
        Trainer(network, arguments, train_dataset=rows, data_collator=DataCollatorWithPadding(tokenizer)).train()


def fine_tuning():
    """Rows of the section."""
    train = fetch_reuters21578(subset="train", data_home=os.environ["SKBALANCE_DATA"])
    drawn = np.random.default_rng(0).permutation(len(train.data))[:N_TEXTS]
    task = os.environ["SKBALANCE_ENCODER"], np.asarray(train.data, dtype=object)[drawn], train.target[drawn]
    runs = {
        "bare loop of PyTorch": lambda: tune_bare(*task),
        "FineTunedMultiLabelClassifier()": lambda: tune_ours(*task),
        "Trainer of transformers": lambda: tune_with_trainer(*task),
        "Trainer of transformers, texts grouped by length": lambda: tune_with_trainer(*task, "group_by_length"),
    }
    note = f"an epoch of {N_TEXTS} documents of Reuters, {LENGTH} tokens, batches of {BATCH}, all-MiniLM-L6-v2"
    yield from timed("fine-tuning", take_turns(runs, repeats=3), "bare loop of PyTorch", note)


# --- The table --------------------------------------------------------------------------------------------------------


def growth_points(rows, parameter, model, field):
    """Values of a parameter, and a field of the rows at each."""
    points = []
    for row in rows:
        left, _, name = row["case"].partition(": ")
        if row["section"] == "growth" and name == model and left.startswith(f"{parameter} "):
            points.append((int(left.rpartition(" = ")[2]), float(row[field])))
    return np.array(points).T


def growth_exponent(rows, parameter, model):
    """Exponent of the growth of the CPU time over the last three sizes."""
    x, seconds = growth_points(rows, parameter, model, "cpu_s")
    return np.polyfit(np.log(x[-3:]), np.log(seconds[-3:]), 1)[0]


# Work, what it must reach, what it aims at; below, the section, the case and the column of what was reached.
TARGETS = """
loss, forward and backward, 256 x 18,211 float32, against torch's BCE | 2.0x | 1.2x
    kernel | db, positive pairs | ratio
epoch on Reuters against a bare loop | 1.15x | 1.05x
    trainer | Reuters TF-IDF: fit_head | ratio
epoch with 2,000 labels against a bare loop | 1.15x | 1.05x
    trainer | 20,000 x 10,000 features, 2,000 labels: fit_head | ratio
default fit on Reuters against one-vs-rest LinearSVC, CPU seconds on one thread | 1.0x | 0.5x
    fit | BalancedMultiLabelClassifier() | ratio
the same, wall seconds with two threads | 1.0x | 0.5x
    threads | BalancedMultiLabelClassifier() | ratio
GridSearchCV, 8 losses x 3 values x 3 folds, Reuters, wall seconds | 300 | 120
    grid | 8 losses x 3 alphas x 3 folds on Reuters, float32 | wall_s
epoch on the simulated PubMed: peak memory of the process, MiB | 6144 | 3072
    scale | one epoch, 224,897 x 100,000, 18,211 labels, 256 hidden units | peak_mib
the same against a bare loop, CPU seconds |  |
    scale | one epoch, 224,897 x 100,000, 18,211 labels, 256 hidden units | ratio
the same in CPU seconds |  |
    scale | one epoch, 224,897 x 100,000, 18,211 labels, 256 hidden units | cpu_s
omikuji, trained to the end on the same data, CPU seconds |  |
    omikuji | omikuji on 224,897 rows | cpu_s
"""


def target_lines(rows):
    """Markdown of the targets beside what the rows say was reached."""
    lines = ["| work | must reach | aim | reached |", "|---|---|---|---|"]
    by_case = {(row["section"], row["case"]): row for row in rows}
    targets = [[part.strip() for part in line.split("|")] for line in TARGETS.strip().splitlines()]
    for (work, must, aim), (section, case, column) in zip(targets[::2], targets[1::2]):
        if (section, case) in by_case:
            reached = float(by_case[section, case][column])
            lines.append(
                f"| {work} | {must} | {aim} | {f'{reached:.2f}x' if column == 'ratio' else f'{reached:.0f}'} |"
            )
    if any(row["section"] == "growth" for row in rows):
        for parameter, name in (("n_samples", "rows"), ("n_labels", "labels"), ("n_features", "features")):
            for model in ("linear, L-BFGS", "64 hidden units, Adam"):
                exponent = growth_exponent(rows, parameter, model)
                lines.append(f"| growth with {name}, exponent ({model}) | 1 |  | {exponent:.2f} |")
    return lines


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
    lines += ["", "## Targets", "", *target_lines(rows)]
    (RESULTS / "speed.md").write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", help=f"any of {', '.join(SECTIONS)}")
    parser.add_argument("--two-threads", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--one-epoch", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--share", type=float, default=1.0, help="share of the rows of the scale and omikuji sections")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.two_threads:
        return two_threads()
    if args.one_epoch:
        return one_large_epoch(args.one_epoch)
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
