"""Every public entry: arguments that are good, others that may be given for them, and what the result must be."""

import atexit
import inspect
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from matplotlib.figure import Figure
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

import skbalance
from skbalance import datasets, decisions, losses, memory, metrics, model_selection, partitions, plotting, text
from skbalance.omikuji import OmikujiClassifier
from tests.encoders import save_encoder
from tests.fuzz.values import COUNTS, FEATURES, ODD, PROBA, SCORES, TAGS, TARGETS, TEXTS, WEIGHTS, N, X, Y

NAMES = losses.get_loss_names()
ONES_AND_ZEROS = {"y": TARGETS, "y_true": TARGETS, "y_pred": TARGETS, "targets": TARGETS, "stratify": TARGETS}
LIKELY = {
    **ONES_AND_ZEROS,
    "X": FEATURES,
    "y_score": SCORES,
    "y_proba": SCORES,
    "sample_weight": WEIGHTS,
    "groups": [*WEIGHTS, list("abcdefgh") * 3, np.arange(N) % 4, None],
    "label_counts": [COUNTS, COUNTS.astype(float), [1, 2, 3], [0, 0, 0], [1e9] * 3, COUNTS[:2], [-1, 2, 3]],
    "counts": [COUNTS, [1, 2, 3], [0, 0, 0], [N] * 3, [1e300] * 3, [-1, 2, 3], [0.5, 0.5, 0.5]],
    "loss": [*NAMES, *map(losses.get_loss, NAMES), losses.BinaryCrossEntropy(pos_weight="balanced")],
    "losses": [None, *NAMES, NAMES[:2], [losses.FocalLoss(gamma=1)], losses.FocalLoss()],
    "solver": ["auto", "lbfgs", "adam"],
    "average": ["macro", "micro", None, "weighted", "samples"],
    "group": ["head", "medium", "tail", "all", None],
    "boundaries": [(8, 35), (0, 1), (1, 1), (2, 1), [1, 5], (1, np.inf), np.array([2, 8])],
    "zero_division": [0, 1, np.nan, "warn"],
    "hidden_layer_sizes": [(), (3,), [2, 2], 3],
    "device": ["auto", "cpu", "cuda", "mps", "cuda:99", "meta", "xla"],
    "term_weighting": ["auto", "rf", None],
    "strategy": ["per_label_shrunk", "per_label", "micro_macro", "global", "top_k", "by_frequency", "best"],
    "scores": ["pooled", "estimator"],
    "scoring": ["f1_micro", "f1_macro", "f1_micro_macro", "f1", "loss", "precision", len],
    "response_method": ["auto", "predict_proba", "decision_function", "predict"],
    "reweight": [None, "inverse", "sqrt_inverse"],
    "reweight_norm": [None, "instance", "batch"],
    "mode": ["by_class", "average_n", "average_w", "min_n"],
    "base": ["focal", "sigmoid", "softmax"],
    "pos_weight": ["balanced", "sqrt_balanced", [1.0, 2.0, 3.0], 2.0],
    "reduction": ["none", "sum", "mean", "row_sum"],
    "method": ["sigmoid", "isotonic", "auto", "temperature"],
    "size": ["small", "large"],
    "cv": [2, 3, 0.5, None, "prefit", [(range(12), range(12, 24))], [(np.arange(12), np.arange(12, 24))]],
    "thresholds": [0.5, "auto", [0.2, 0.5, 0.7], {0: 0.3}, [np.nan] * 3, [0.1], PROBA],
    "label_texts": [["wheat", "corn", "oil"], None, "tags", {"wheat": "grain"}, ["a"], [None] * 3],
    "classes": [None, ["wheat", "corn", "oil"], ["x"], [], ["wheat", "wheat"], [1, 2]],
    "display_labels": [None, ["a", "b", "c"], ["a"]],
    "curves": [None, "micro", ["macro", 0], [2, "tail"], [7], ["a"], np.array([1])],
    "random_state": [0, None, np.random.RandomState(0), np.random.default_rng(0), -1, 2**40],
    "n_samples": [N, 30, 1],
    "k": [1, 2, 3, 5, 4],
    "test_size": [0.3, 5, 1, 23, 24, 0.999, 1e-9],
    "train_size": [0.3, 5, None],
    "pooling": ["mean", "cls", "max", "label_attention"],
    "precision": ["auto", "float32", "bfloat16", "float16"],
    "rows": [("loss",), ("gradient",), ("loss", "gradient"), ("x",)],
    "yscale": ["linear", "log", "symlog"],
    "return_indicator": ["sparse", "dense", True, False],
    "alpha": [1e-4, "auto", 0.0, None, 1e4, [1e-4]],
    "thresholds_of": [0.5],
}


# Odd values of these do more than they say: processes, downloads, errors of matplotlib's own.
ONLY_LIKELY = {
    "n_jobs",
    "download_if_missing",
    "data_home",
    "cache_dir",
    "checkpoint_dir",
    "model",
    "point_kw",
    "line_kw",
    "area_kw",
    "mesh_kw",
}
LIKELY |= {name: [None, {}, {"alpha": 0.5}, 3, "x", [1]] for name in ONLY_LIKELY if name.endswith("_kw")}
LIKELY |= {"cache_dir": [None], "checkpoint_dir": [None], "model": [None, "/nowhere", "", 3, b"x", Path("/nowhere")]}
LIKELY |= {"n_jobs": [None, 1, 0, "x", 1.5, True, 10**400]}


@dataclass
class Entry:
    """A public call.

    Parameters
    ----------
    call : callable
        It takes the arguments by name.
    good : dict
        Arguments that it accepts.
    check : callable
        It is given the result and the arguments, and raises an AssertionError.
    values : dict
        What else may be given for an argument, beside the odd values.
    slow : bool
        Whether it takes more than a few milliseconds.
    errors : tuple of type
        What it may raise beside ValueError, TypeError and NotFittedError: of files.
    """

    call: Callable
    good: dict[str, Any]
    check: Callable[[Any, dict], None]
    values: dict[str, list] = field(default_factory=dict)
    slow: bool = False
    errors: tuple = ()

    def values_of(self, name):
        return self.values.get(name, LIKELY.get(name, []))


@dataclass(frozen=True)
class Fitted:
    """An estimator that is fitted when it is first needed."""

    name: str


def run(entry, choose, n_odd, log=None):
    """Make one call, in which so many arguments are not the good ones."""
    given = dict(entry.good)
    for _ in range(n_odd):
        name = choose(sorted(given))
        likely = entry.values_of(name)
        pools = [likely, likely, ODD] if likely else [ODD]
        value = choose(pools[0] if name in ONLY_LIKELY else choose(pools))
        given[name] = value
        if log is not None:
            log.append((name, value))
    given = {name: fitted(value.name) if isinstance(value, Fitted) else value for name, value in given.items()}
    entry.check(entry.call(**given), given)


# What the results must be


def finite(*results):
    """Hold numbers, however deep they lie, to be finite."""
    for result in results:
        if isinstance(result, dict):
            finite(*result.values())
        elif isinstance(result, list | tuple):
            finite(*result)
        elif sp.issparse(result):
            finite(result.data)
        elif isinstance(result, torch.Tensor):
            finite(result.detach().numpy())
        elif isinstance(result, float | np.floating | np.ndarray) and np.asarray(result).dtype.kind == "f":
            assert np.isfinite(result).all(), result


def is_finite(result, given):
    finite(result)


def is_unknown(y):
    """Whether an indicator says of no pair whether the label is there."""
    return isinstance(y, np.ndarray) and y.dtype.kind in "fO" and bool(np.isnan(y.astype(float)).all())


def is_share(result, given):
    """A score, or scores, of 0 to 1; NaN where there is nothing to score, as a group without labels."""
    undefined = given.get("zero_division")
    asked = isinstance(undefined, float | np.floating) and undefined != undefined
    asked = asked or "boundaries" in given or "propensities" in given or is_unknown(given.get("y_true"))
    values = np.asarray(list(result.values()) if isinstance(result, dict) else result, dtype=float)
    assert ((values >= 0) & (values <= 1 + 1e-9) | (asked & np.isnan(values))).all(), result


def n_rows(X):
    return X.shape[0] if hasattr(X, "shape") else len(X)


def check_model(model, given):
    """Predictions have the rows of X and the kind of y, and no score is NaN."""
    X, y = given["X"], given.get("y")
    predicted = model.predict(X)
    assert n_rows(predicted) == n_rows(X)
    if isinstance(predicted, list) or given.get("sep") is not None:  # tags, or strings of them
        return
    if predicted.ndim == 2:
        assert sp.issparse(predicted) == (sp.issparse(y) or (hasattr(y, "sparse") and sp.issparse(y)))
        assert np.isin(predicted.toarray() if sp.issparse(predicted) else predicted, [0, 1]).all()
    else:
        assert np.isin(predicted, model.classes_).all()
    for method in ("predict_proba", "decision_function", "decision_scores"):
        if hasattr(model, method):
            scores = getattr(model, method)(X)
            finite(scores)
            assert scores.shape[0] == n_rows(X)
            if method == "predict_proba":
                scores = scores.toarray() if sp.issparse(scores) else scores
                assert ((scores >= 0) & (scores <= 1)).all()
                assert scores.ndim == 2


def is_partition(result, given):
    for train, test in result:
        assert not np.intersect1d(train, test).size
        assert len(test) > 0
        assert len(train) > 0


# The calls


def fitting(make):
    def call(X, y, weight, **params):
        model = make(**params)
        return model.fit(X, y) if weight is None else model.fit(X, y, sample_weight=weight)

    return call


def default_arguments(function, skip=()):
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty and p.name not in skip}


def base_model():
    return skbalance.BalancedMultiLabelClassifier("bce", max_iter=5, tol=1.0)


@cache
def encoder():
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return str(save_encoder(folder))


@cache
def fitted(name):
    if name == "tags":
        return skbalance.TagClassifier(make_pipeline(TfidfVectorizer(), base_model())).fit(TEXTS, TAGS)
    if name == "tuned":
        return skbalance.TunedThresholdMultiLabelClassifierCV(base_model(), cv=2, random_state=0).fit(X, Y)
    if name == "tuned top k":
        return skbalance.TunedThresholdMultiLabelClassifierCV(base_model(), strategy="top_k", k=1, cv=2).fit(X, Y)
    if name == "fixed":
        return skbalance.FixedThresholdMultiLabelClassifier(base_model()).fit(X, Y)
    if name == "calibrated":
        return skbalance.CalibratedMultiLabelClassifierCV(base_model(), cv=2, random_state=0).fit(X, Y)
    if name == "sparse":
        return base_model().fit(sp.csr_array(X), sp.csr_matrix(Y))
    if name == "classes":
        return base_model().fit(X, np.array(["a", "b", "c"])[np.arange(N) % 3])
    return base_model().fit(X, Y)


def predicting(name):
    def call(X, k, method):
        model = fitted(name)
        if not isinstance(method, str) or not hasattr(model, method):
            return None
        return getattr(model, method)(X, k) if method == "predict_topk" else getattr(model, method)(X)

    return call


def has_rows_of_X(result, given):
    result = result[0] if isinstance(result, tuple) else result  # labels and scores
    if result is not None:
        assert n_rows(result) == n_rows(given["X"])
        finite(result)


METHODS = ["predict", "predict_proba", "decision_function", "decision_scores", "predict_topk", "explain"]
ENTRIES: dict[str, Entry] = {}

_makers = {
    "BalancedMultiLabelClassifier": {"max_iter": 5, "tol": 1.0},
    "CalibratedMultiLabelClassifierCV": {"cv": 2, "random_state": 0},
    "FixedThresholdMultiLabelClassifier": {},
    "TunedThresholdMultiLabelClassifierCV": {"cv": 2, "random_state": 0, "k": 1},
    "TagClassifier": {},
    "FineTunedMultiLabelClassifier": {"max_iter": 1, "max_length": 8, "device": "cpu", "random_state": 0},
}
_SLOW = ("CalibratedMultiLabelClassifierCV", "FineTunedMultiLabelClassifier", "TunedThresholdMultiLabelClassifierCV")
_estimators = [
    base_model(),
    OneVsRestClassifier(LogisticRegression()),
    LogisticRegression(),
    TfidfVectorizer(),
    skbalance.BalancedMultiLabelClassifier,
    [base_model(), OneVsRestClassifier(LogisticRegression())],
    [("a", base_model()), ("b", base_model())],
]
for _name, _good in _makers.items():
    _class = getattr(skbalance, _name)
    _good = {**default_arguments(_class), "X": X, "y": Y, "weight": None, **_good}
    _values = {"weight": WEIGHTS}
    if "estimator" in inspect.signature(_class).parameters:
        _good["estimator"] = base_model()
        _values["estimator"] = _estimators
    if _name == "TagClassifier":
        _good.update(estimator=make_pipeline(TfidfVectorizer(), base_model()), X=TEXTS, y=TAGS)
        _values["estimator"] = [
            _good["estimator"],
            *_estimators,
            make_pipeline(TfidfVectorizer(), LogisticRegression()),
        ]
    if _name == "FineTunedMultiLabelClassifier":
        _good.update(X=TEXTS, model=None, local_files_only=True)  # None: the tiny encoder
        _call = fitting(lambda model, _class=_class, **params: _class(model or encoder(), **params))
    else:
        _call = fitting(_class)
    ENTRIES[f"{_name}.fit"] = Entry(
        _call, _good, check_model, _values, _name in _SLOW, (OSError,) if _name.startswith("Fine") else ()
    )
for _class in (memory.CosineCentroidClassifier, memory.CosineNeighborsClassifier):
    ENTRIES[f"memory.{_class.__name__}.fit"] = Entry(
        fitting(_class), {**default_arguments(_class), "X": X, "y": Y, "weight": None}, check_model, {"weight": WEIGHTS}
    )
ENTRIES["omikuji.OmikujiClassifier.fit"] = Entry(
    fitting(OmikujiClassifier),
    {**default_arguments(OmikujiClassifier), "X": X, "y": Y, "weight": None},
    check_model,
    {"weight": [None], "loss": ["hinge", "log", "db"], "max_passes": [1, 20]},
)
for _name in ("balanced", "sparse", "classes", "tuned", "tuned top k", "fixed", "calibrated", "tags"):
    ENTRIES[f"{_name}.predict"] = Entry(
        predicting(_name),
        {"X": TEXTS if _name == "tags" else X, "k": 1, "method": "predict"},
        has_rows_of_X,
        {"method": METHODS},
    )
ENTRIES["partitions.predict_frame"] = Entry(
    partitions.predict_frame,
    {"X": X, "model": Fitted("tuned"), "method": "predict", "k": None},
    lambda result, given: has_rows_of_X(result, given) if hasattr(given["X"], "__len__") else None,
    {"model": [Fitted(name) for name in ("balanced", "classes", "tags", "tuned")], "method": METHODS},
)


def _embed(X, **params):
    params["model"] = encoder() if params["model"] is None else params["model"]
    return skbalance.SentenceEmbedder(**params).fit(X).transform(X)


ENTRIES["SentenceEmbedder"] = Entry(
    _embed,
    {
        **default_arguments(skbalance.SentenceEmbedder),
        "device": "cpu",
        "model": None,
        "X": TEXTS,
        "local_files_only": True,
    },
    has_rows_of_X,
    {"model": [None, 3, b"x"]},
    errors=(OSError,),
)


def _bind_and_call(loss, counts, n_samples, reduction, logits, targets, sample_weight, **params):
    bound = losses.get_loss(loss)
    bound = bound.set_params(**params) if params else bound
    criterion = bound.bind(losses.LabelStatistics(counts, n_samples), reduction=reduction)
    if isinstance(logits, np.ndarray):
        logits = torch.tensor(logits, requires_grad=logits.dtype.kind in "fc")
    targets = torch.as_tensor(targets) if isinstance(targets, np.ndarray) else targets
    result = criterion(logits, targets, sample_weight)
    result.sum().backward()
    return result, logits.grad


_logits = [
    PROBA,
    X[:, :3] * 1e4,
    np.zeros((N, 3)),
    PROBA[:, :2],
    PROBA[:0],
    PROBA.astype(np.float32),
    PROBA.astype(np.float16),
]
for _name in NAMES:
    ENTRIES[f"losses.{_name}"] = Entry(
        lambda _name=_name, **given: _bind_and_call(losses.get_loss(_name), **given),
        {
            **losses.get_loss(_name).get_params(),
            **({"mu": 0.5} if hasattr(losses.get_loss(_name), "mu") else {}),
            "counts": COUNTS,
            "n_samples": N,
            "reduction": "mean",
            "logits": PROBA,
            "targets": Y.astype(float),
            "sample_weight": None,
        },
        is_finite,
        {
            "logits": _logits,
            "targets": [
                Y.astype(float),
                Y[:, :2].astype(float),
                Y.astype(int),
                np.zeros((N, 3)),
                np.full((N, 3), np.nan),
                Y * 0.5,
                Y * 2.0,
            ],
            "sample_weight": [None, torch.ones(N), torch.zeros(N), torch.arange(N), torch.ones(3)],
        },
    )
ENTRIES["losses.get_loss"] = Entry(losses.get_loss, {"loss": "db"}, is_finite)
ENTRIES["losses.LabelStatistics"] = Entry(
    lambda **given: vars(losses.LabelStatistics(**given)), {"counts": COUNTS, "n_samples": N}, is_finite
)
ENTRIES["losses.LabelStatistics.from_targets"] = Entry(
    lambda **given: vars(losses.LabelStatistics.from_targets(**given)), {"y": Y, "sample_weight": None}, is_finite
)

for _name in metrics.__all__:
    _function = getattr(metrics, _name)
    if not _name.endswith("_score") and _name not in ("expected_calibration_error", "multilabel_brier_score_loss"):
        continue
    _like = metrics.group_f1_score if _name.startswith("group_") else _function  # all take the same options
    _good = default_arguments(_like)
    _names = list(inspect.signature(_like).parameters)
    _good["y_true"] = Y
    _second = _names[1]
    _good[_second] = Y[::-1] if _second == "y_pred" else PROBA
    if "label_counts" in _good:
        _good["label_counts"] = COUNTS
    if "k" in _good:
        _good["k"] = 2
    if "n_samples" in _good:
        _good["n_samples"] = N
    _values = {
        "propensities": [None, [0.5, 0.2, 1.0], [0, 0, 0], [2, 2, 2], [0.5]],
        "groups": [None, {"tail": [0]}, {"tail": []}, {"tail": [9]}, metrics.label_groups(COUNTS)],
    }
    ENTRIES[f"metrics.{_name}"] = Entry(_function, _good, is_share, _values)
for _name in ("doubt_gain", "review_curve"):
    _function = getattr(metrics, _name)
    _good = {**default_arguments(_function), "y_true": Y, "y_pred": Y[::-1], "doubt": np.arange(N)}
    ENTRIES[f"metrics.{_name}"] = Entry(
        _function, _good, lambda result, given: None, {"shares": [None, [0, 0.5], [0.5]]}
    )
ENTRIES["metrics.label_groups"] = Entry(
    metrics.label_groups, {"label_counts": COUNTS, "boundaries": (8, 35)}, is_finite
)
ENTRIES["metrics.hierarchical_precision_recall_fscore"] = Entry(
    metrics.hierarchical_precision_recall_fscore,
    {"y_true": Y, "y_pred": Y, "parents": {1: 0}},
    is_finite,
    {"parents": [{1: [0], 2: [1]}, {}]},
)
ENTRIES["metrics.label_propensities"] = Entry(
    metrics.label_propensities, {"label_counts": COUNTS, "n_samples": N, "A": 0.55, "B": 1.5}, is_share
)
ENTRIES["metrics.fitted_label_counts"] = Entry(
    metrics.fitted_label_counts, {"estimator": Fitted("balanced")}, is_finite, {"estimator": _estimators}
)
ENTRIES["metrics.get_scorer"] = Entry(
    lambda name, X, y, **given: metrics.get_scorer(name, **given)(fitted("balanced"), X, y),
    {"name": metrics.get_scorer_names()[0], "X": X, "y": Y},
    lambda result, given: None,
    {"name": metrics.get_scorer_names()},
)
ENTRIES["metrics.multilabel_scorers"] = Entry(
    lambda name: metrics.multilabel_scorers(name),
    {"name": "f1_micro"},
    is_finite,
    {"name": metrics.get_scorer_names()},
)
ENTRIES["metrics.group_f1_scorer"] = Entry(
    lambda X, y, **given: metrics.group_f1_scorer(**given)(fitted("balanced"), X, y),
    {**default_arguments(metrics.group_f1_scorer), "X": X, "y": Y},
    is_share,
)
ENTRIES["metrics.MultilabelScorer"] = Entry(
    lambda X, y, **given: metrics.MultilabelScorer(**given)(fitted("balanced"), X, y),
    {
        "metric": metrics.r_precision_score,
        **default_arguments(metrics.MultilabelScorer),
        "response_method": "predict_proba",
        "X": X,
        "y": Y,
    },
    lambda result, given: None,
    {"metric": [metrics.group_f1_score, metrics.ndcg_at_k_score], "from_fit": [(), ("label_counts",), ("n_samples",)]},
)

for _name in (
    "MultilabelStratifiedKFold",
    "MultilabelStratifiedGroupKFold",
    "MultilabelStratifiedShuffleSplit",
    "RepeatedMultilabelStratifiedKFold",
):
    _class = getattr(model_selection, _name)
    _good = {**default_arguments(_class), "X": X, "y": Y, "groups": np.arange(N) // 2 if "Group" in _name else None}
    if "n_repeats" in _good:
        _good["n_repeats"] = 2
    if "Shuffle" in _name:
        _good["n_splits"] = 2
    ENTRIES[f"model_selection.{_name}"] = Entry(
        lambda X, y, groups, _class=_class, **params: [
            split for split, _ in zip(_class(**params).split(X, y, groups), range(50))
        ],
        _good,
        is_partition,
    )
ENTRIES["model_selection.multilabel_train_test_split"] = Entry(
    lambda X, y, **given: model_selection.multilabel_train_test_split(X, y, **given),
    {"X": X, "y": Y, **default_arguments(model_selection.multilabel_train_test_split)},
    lambda result, given: None,
)
ENTRIES["model_selection.loss_grid"] = Entry(
    lambda **given: list(model_selection.loss_grid(**given)),
    default_arguments(model_selection.loss_grid),
    lambda result, given: None,
)


def _generated(result, given):
    data, target = (result.data, result.target) if not isinstance(result, tuple) else result
    assert n_rows(data) == n_rows(target) == given["n_samples"]
    assert target.shape[1] == given["n_labels"] or given["return_indicator"] is False
    finite(data, target)


ENTRIES["datasets.make_long_tailed_multilabel"] = Entry(
    datasets.make_long_tailed_multilabel,
    {
        **default_arguments(datasets.make_long_tailed_multilabel),
        "n_samples": 20,
        "n_labels": 5,
        "n_features": 30,
        "length": 5,
    },
    _generated,
    {
        "n_samples": [1, 2, 50],
        "n_labels": [1, 2, 30],
        "labels_per_sample": [0.1, 1, 4.9, 5, 30],
        "max_label_frequency": [0.01, 1.0, 0.99],
        "min_label_count": [0, 1, 19, 20, 21],
        "noise": [0, 1, 0.99],
        "length": [0, 1, 5.0],
        "n_features": [1, 5, 6],
    },
)
ENTRIES["datasets.load_bioasq"] = Entry(
    datasets.load_bioasq,
    {"path": "/nowhere/no.json", "max_articles": None, "min_label_count": 1, "return_X_y": False},
    is_finite,
    errors=(OSError,),
)
ENTRIES["datasets.fetch_reuters21578"] = Entry(
    datasets.fetch_reuters21578,
    {"subset": "train", "data_home": "/nowhere", "download_if_missing": False, "return_X_y": False},
    is_finite,
    {"download_if_missing": [False], "data_home": ["/nowhere", "~/nowhere", Path("/nowhere")]},
    errors=(OSError,),
)


def _drawn(method):
    def call(ax="new", **given):
        if ax is None or (isinstance(ax, str) and ax == "new"):
            ax = Figure().subplots()
        return method(**given, ax=ax)

    return call


_ploty = {
    "LabelFrequencyDisplay.from_targets": {"y": Y},
    "LabelCooccurrenceDisplay.from_targets": {"y": Y},
    "LabelScoreDisplay.from_predictions": {"y_true": Y, "y_pred": Y[::-1], "label_counts": COUNTS},
    "LabelScoreDisplay.from_estimator": {"estimator": Fitted("balanced"), "X": X, "y": Y},
    "LabelPrecisionRecallDisplay.from_predictions": {"y_true": Y, "y_score": PROBA, "label_counts": COUNTS},
    "LabelPrecisionRecallDisplay.from_estimator": {"estimator": Fitted("balanced"), "X": X, "y": Y},
    "LabelRocDisplay.from_predictions": {"y_true": Y, "y_score": PROBA, "label_counts": COUNTS},
    "LabelRocDisplay.from_estimator": {"estimator": Fitted("balanced"), "X": X, "y": Y},
    "ReviewCurveDisplay.from_predictions": {"y_true": Y, "y_pred": Y[::-1], "doubt": np.arange(N)},
}
for _name, _good in _ploty.items():
    _class, _method = _name.split(".")
    _function = getattr(getattr(plotting, _class), _method)
    ENTRIES[f"plotting.{_name}"] = Entry(
        _drawn(_function),
        {**default_arguments(_function, skip=("ax",)), **_good, "ax": "new"},
        lambda result, given: None,
        {
            "estimator": [*_estimators, Fitted("fixed"), Fitted("calibrated"), Fitted("classes")],
            "scoring": ["f1", "precision", "recall", len],
        },
    )
for _name in (
    "LabelFrequencyDisplay",
    "LabelCooccurrenceDisplay",
    "LabelScoreDisplay",
    "LabelPrecisionRecallDisplay",
    "LabelRocDisplay",
    "ReviewCurveDisplay",
    "TopWordsDisplay",
):
    _class = getattr(plotting, _name)
    _goods = {
        "LabelFrequencyDisplay": {"label_counts": COUNTS},
        "LabelCooccurrenceDisplay": {"probabilities": np.full((3, 3), 0.2), "label_counts": COUNTS},
        "LabelScoreDisplay": {"label_counts": COUNTS, "scores": {"a": [0.1, 0.2, 0.3]}},
        "ReviewCurveDisplay": {key: [0.0, 1.0] for key in ("shares", "by_doubt", "random", "best")},
        "LabelPrecisionRecallDisplay": {
            "precision": {"a": [1.0, 1.0]},
            "recall": {"a": [1.0, 0.0]},
            "average_precision": {"a": 1.0},
        },
        "LabelRocDisplay": {"fpr": {"a": [0.0, 1.0]}, "tpr": {"a": [0.0, 1.0]}, "roc_auc": {"a": 0.5}},
        "TopWordsDisplay": {"words": ["a", "b"], "weights": [2.0, 1.0]},
    }
    _plot = default_arguments(_class.plot, skip=("ax",))
    _init = {**default_arguments(_class), **_goods[_name]}

    def _draw(_class=_class, _plot=_plot, **given):
        made = _class(**{name: value for name, value in given.items() if name not in _plot})
        return made.plot(Figure().subplots(), **{name: given[name] for name in _plot})

    ENTRIES[f"plotting.{_name}.plot"] = Entry(
        _draw, {**_init, **_plot}, lambda result, given: None, {"label_counts": [COUNTS, [1, 2, 3]]}
    )
for _name in ENTRIES:
    if _name.startswith("plotting."):
        ENTRIES[_name].slow = True

ENTRIES["decisions.readable"] = Entry(decisions.readable, {"text": "castor-oil"}, lambda result, given: None)
ENTRIES["text.make_text_features"] = Entry(
    text.make_text_features,
    {**default_arguments(text.make_text_features)},
    lambda result, given: None,
)
