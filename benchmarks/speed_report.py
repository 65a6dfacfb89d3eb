"""What `speed.py` says beside its timings: where the time of the default fit goes, and what was to be reached."""

import cProfile
import pstats
import time

import numpy as np

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


def plot_growth(rows, curves, models, path):
    """Time and memory against each size, one line a model."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6), layout="constrained")
    for axes, (field, label) in zip(
        figure.subplots(2, len(curves), sharey="row"), (("cpu_s", "CPU seconds"), ("peak_mib", "peak memory, MiB"))
    ):
        for ax, parameter in zip(axes, curves):
            for name in models:
                x, values = growth_points(rows, parameter, name, field)
                ax.loglog(x, np.maximum(values, 1e-2), "o-", label=name)
            ax.loglog(x, values[-1] * x / x[-1], ":", color="gray", label="linear")
            ax.set_xlabel(parameter)
            ax.xaxis.set_minor_formatter("")
        axes[0].set_ylabel(label)
    figure.axes[0].legend()
    figure.savefig(path, dpi=120)


# Work, what it must reach, what it aims at, the section and case, the column, and how it is shown.
TARGETS = (
    (
        "loss, forward and backward, 256 x 18,211 float32, against torch's BCE",
        "2.0x",
        "1.2x",
        ("kernel", "db, positive pairs", "ratio", "{:.2f}x"),
    ),
    (
        "epoch on Reuters against a bare loop",
        "1.15x",
        "1.05x",
        ("trainer", "Reuters TF-IDF: fit_head", "ratio", "{:.2f}x"),
    ),
    (
        "epoch with 2,000 labels against a bare loop",
        "1.15x",
        "1.05x",
        ("trainer", "20,000 x 10,000 features, 2,000 labels: fit_head", "ratio", "{:.2f}x"),
    ),
    (
        "default fit on Reuters against one-vs-rest LinearSVC, CPU seconds on one thread",
        "1.0x",
        "0.5x",
        ("fit", "BalancedMultiLabelClassifier()", "ratio", "{:.2f}x"),
    ),
    (
        "the same, wall seconds with two threads",
        "1.0x",
        "0.5x",
        ("threads", "BalancedMultiLabelClassifier()", "ratio", "{:.2f}x"),
    ),
    (
        "GridSearchCV, 8 losses x 3 values x 3 folds, Reuters, wall seconds",
        "300",
        "120",
        ("grid", "8 losses x 3 alphas x 3 folds on Reuters, float32", "wall_s", "{:.0f}"),
    ),
    (
        "epoch on the simulated PubMed: peak memory of the process, MiB",
        "6144",
        "3072",
        ("scale", "one epoch, 224,897 x 100,000, 18,211 labels, 256 hidden units", "peak_mib", "{:.0f}"),
    ),
    (
        "the same against a bare loop, CPU seconds",
        "",
        "",
        ("scale", "one epoch, 224,897 x 100,000, 18,211 labels, 256 hidden units", "ratio", "{:.2f}x"),
    ),
    (
        "the same in CPU seconds",
        "",
        "",
        ("scale", "one epoch, 224,897 x 100,000, 18,211 labels, 256 hidden units", "cpu_s", "{:.0f}"),
    ),
    (
        "omikuji, trained to the end on the same data, CPU seconds",
        "",
        "",
        ("omikuji", "omikuji on 224,897 rows", "cpu_s", "{:.0f}"),
    ),
)


def target_lines(rows):
    """Markdown of the targets beside what the rows say was reached."""
    lines = ["| work | must reach | aim | reached |", "|---|---|---|---|"]
    by_case = {(row["section"], row["case"]): row for row in rows}
    for work, must, aim, (section, case, column, form) in TARGETS:
        row = by_case.get((section, case))
        if row is not None:
            lines.append(f"| {work} | {must} | {aim} | {form.format(float(row[column]))} |")
    if any(row["section"] == "growth" for row in rows):
        for parameter, name in (("n_samples", "rows"), ("n_labels", "labels"), ("n_features", "features")):
            for model in ("linear, L-BFGS", "64 hidden units, Adam"):
                exponent = growth_exponent(rows, parameter, model)
                lines.append(f"| growth with {name}, exponent ({model}) | 1 |  | {exponent:.2f} |")
    return lines
