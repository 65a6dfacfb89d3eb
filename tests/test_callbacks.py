"""scikit-learn's callbacks on the package's estimators: what a bar and a monitor show."""

import copy
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skbalance import (
    BalancedMultiLabelClassifier,
    CalibratedMultiLabelClassifierCV,
    TagClassifier,
    TunedThresholdMultiLabelClassifierCV,
)

X, Y = make_multilabel_classification(n_samples=120, n_classes=4, random_state=0)
MODEL = BalancedMultiLabelClassifier("bce")
TEXTS = ["wheat and corn", "wheat rises", "oil rises", "corn falls", "oil and gas", "gas falls"] * 6
TAGS = [["wheat", "corn"], ["wheat"], ["oil"], ["corn"], ["oil", "gas"], ["gas"]] * 6


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


class Stop:
    """Wants to stop after so many iterations, and counts what it hears."""

    def __init__(self, after=None, error=None):
        self.after, self.error = after, error
        self.begun, self.ended, self.set_up, self.torn_down = 0, 0, 0, 0

    def setup(self, estimator, context):
        self.set_up += 1

    def teardown(self, estimator, context):
        self.torn_down += 1

    def on_fit_task_begin(self, estimator, context):
        self.begun += context.task_name == "iteration"

    def on_fit_task_end(self, estimator, context):
        self.ended += context.task_name == "iteration"
        if self.error is not None and self.ended == self.after:
            raise self.error
        return self.ended == self.after


@pytest.mark.parametrize(
    "params", [{}, {"solver": "adam", "early_stopping": True, "max_iter": 4}], ids=["lbfgs", "adam"]
)
@pytest.mark.parametrize("weight", [None, np.r_[np.zeros(20), np.ones(100)]], ids=["alike", "weighted"])
def test_monitor_logs_the_score_after_each_iteration(params, weight):
    monitor = ScoringMonitor(scoring=["f1_micro"])
    model = BalancedMultiLabelClassifier("bce", random_state=0, **params).set_callbacks(monitor)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of max_iter
        model.fit(X, Y, sample_weight=weight)
    *iterations, whole = sorted(monitor.get_logs().data, key=lambda row: -len(row["task_id_path"]))
    assert [row["task_name"] for row in iterations] == ["iteration"] * model.n_iter_
    assert whole["f1_micro"] == pytest.approx(f1_score(Y, model.predict(X), average="micro", sample_weight=weight))
    if not params:
        assert iterations[-1]["f1_micro"] == whole["f1_micro"]
        assert len({row["f1_micro"] for row in iterations}) > 1


def test_callbacks_change_nothing_of_the_model():
    plain = copy.deepcopy(MODEL).fit(X, Y)
    watched = copy.deepcopy(MODEL).set_callbacks(ScoringMonitor(scoring=["accuracy"])).fit(X, Y)
    np.testing.assert_array_equal(watched.coefs_[0], plain.coefs_[0])
    assert set(vars(watched)) - set(vars(plain)) == {"_skl_callbacks"}


def test_a_callback_stops_the_training():
    stop = Stop(after=3)
    model = BalancedMultiLabelClassifier("bce", tol=0).set_callbacks(stop).fit(X, Y)  # without a warning
    assert model.n_iter_ == len(model.loss_curve_) == stop.begun == 3


@pytest.mark.parametrize("error", [RuntimeError("no"), KeyboardInterrupt()])
def test_a_failed_fit_leaves_the_model_as_it_was_and_ends_the_callbacks(error):
    stop = Stop(after=2, error=error)
    model = copy.deepcopy(MODEL).set_callbacks(stop)
    before = set(vars(model))
    with pytest.raises(type(error)):
        model.fit(X, Y)
    assert set(vars(model)) == before
    assert stop.set_up == stop.torn_down == 1
    with pytest.raises(ValueError, match="NaN"):
        model.set_callbacks(ProgressBar()).fit(np.full_like(X, np.nan), Y)
    assert "RichProgressMonitor" not in {type(thread).__name__ for thread in threading.enumerate()}


CASES = {
    "classifier": (MODEL, []),
    "tuner": (TunedThresholdMultiLabelClassifierCV(MODEL, cv=2), ["cross-fit #0", "refit | Balanced"]),
    "two scorers": (
        TunedThresholdMultiLabelClassifierCV([("a", MODEL), ("b", MODEL)], cv=2),
        ["fit-a | Balanced", "fit-b | Balanced", "refit #1"],
    ),
    "workers": (
        # No torch for the workers to load.
        TunedThresholdMultiLabelClassifierCV(
            make_pipeline(StandardScaler(), OneVsRestClassifier(LinearSVC())),
            cv=2,
            n_jobs=2,
            param_grid={"onevsrestclassifier__estimator__C": [0.1, 1.0]},
        ),
        ["fit-estimator | Pipeline - fit #3", "refit | Pipeline - fit #1"],
    ),
    "calibrator": (CalibratedMultiLabelClassifierCV(MODEL, cv=2), ["cross-fit #0", "refit | Balanced"]),
    "prefit": (CalibratedMultiLabelClassifierCV(copy.deepcopy(MODEL).fit(X, Y), cv="prefit"), []),
    "pipeline": (make_pipeline(StandardScaler(), MODEL), ["fit-final-estimator | Balanced"]),
    "search": (GridSearchCV(MODEL, {"alpha": [1e-4, 1e-3]}, cv=2), ["candidate-split-evaluation | Balanced"]),
}


@pytest.mark.parametrize("name", CASES)
def test_bar_shows_every_fit(name, capsys):
    estimator, shown = CASES[name]
    estimator = copy.deepcopy(estimator)
    estimator.set_callbacks(ProgressBar()).fit(X, Y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{type(estimator).__name__} - fit ")
    assert all("100%" in line for line in lines)
    for part in shown:
        assert any(part in line for line in lines), part
    assert sum("BalancedMultiLabelClassifier - fit" in line for line in lines) == {
        "classifier": 1, "tuner": 3, "two scorers": 6, "workers": 0, "calibrator": 3, "prefit": 0, "pipeline": 1,
        "search": 5,
    }[name]  # fmt: skip


@pytest.mark.parametrize(
    "estimator", [None, make_pipeline(TagClassifier()._unfitted()[0], MODEL)], ids=["none", "given"]
)
def test_bar_and_monitor_of_tags(estimator, capsys):
    depth = None if estimator is None else 1  # its TF-IDF has no callbacks, which a deeper bar warns of
    monitor = ScoringMonitor(scoring={"score": lambda estimator, X, y: estimator.score(X, y)})
    classifier = TagClassifier(estimator, random_state=0).set_callbacks(ProgressBar(depth), monitor).fit(TEXTS, TAGS)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("TagClassifier - fit ")
    assert "TagClassifier - fit-estimator | " in lines[1]
    assert sum("BalancedMultiLabelClassifier - fit" in line for line in lines) == (6 if estimator is None else 0)
    assert [row["score"] for row in monitor.get_logs().data] == [classifier.score(TEXTS, TAGS)]


def test_monitor_of_a_meta_estimator_logs_its_score_once():
    for meta in (TunedThresholdMultiLabelClassifierCV, CalibratedMultiLabelClassifierCV):
        monitor = ScoringMonitor(scoring=["f1_macro"])
        model = meta(OneVsRestClassifier(LinearSVC()), random_state=0).set_callbacks(monitor).fit(X, Y)
        (row,) = monitor.get_logs().data
        assert row["f1_macro"] == f1_score(Y, model.predict(X), average="macro")


def test_monitor_inside_a_meta_estimator_tells_the_folds_apart():
    monitor = ScoringMonitor(scoring=["f1_macro"])
    model = copy.deepcopy(MODEL).set_callbacks(monitor)
    TunedThresholdMultiLabelClassifierCV(model, cv=2).fit(X, Y)
    fits = [row for row in monitor.get_logs().data if row["task_name"] == "fit"]
    assert [row["task_id_path"] for row in fits] == [(0, 1), (0, 0, 0), (0, 0, 1)]


def test_scikit_learn_without_callbacks():
    code = (
        "import sys\n"
        "from sklearn.datasets import make_multilabel_classification\n"
        "import sklearn.callback, sklearn.calibration, sklearn.linear_model, sklearn.pipeline  # know it themselves\n"
        "sys.modules['sklearn.callback'] = None\n"
        "from skbalance import *\n"
        "sys.modules['sklearn.callback'] = sklearn.callback\n"
        "X, y = make_multilabel_classification(n_samples=120, n_classes=4, random_state=0)\n"
        "model = BalancedMultiLabelClassifier().fit(X, y)\n"
        "assert not hasattr(model, 'set_callbacks')\n"
        "for meta in (TunedThresholdMultiLabelClassifierCV, CalibratedMultiLabelClassifierCV):\n"
        "    print(meta(model, cv=2).fit(X, y).predict(X).shape)\n"
        f"print(len(TagClassifier().fit({TEXTS}, {TAGS}).predict(['oil'])))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout.split("\n") == ["(120, 4)", "(120, 4)", "1", ""], done.stderr
