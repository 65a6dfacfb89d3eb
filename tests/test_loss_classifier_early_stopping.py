import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.metrics import accuracy_score, f1_score, make_scorer
from sklearn.metrics import get_scorer as get_builtin_scorer
from sklearn.pipeline import Pipeline

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import make_long_tailed_multilabel
from skbalance.losses import LabelStatistics
from skbalance.metrics import get_scorer
from skbalance.training import hold_out_rows

X, Y = make_long_tailed_multilabel(400, 8, tail_exponent=0.8, random_state=0)
Y = np.asarray(Y.todense() if sp.issparse(Y) else Y)
TRAIN, VAL = np.arange(300), np.arange(300, 400)
OWN = {"X_val": X[VAL], "y_val": Y[VAL]}


def stopping(**params):
    settings = {"learning_rate_init": 0.05, "max_iter": 40, "n_iter_no_change": 5, "random_state": 0}
    return BalancedMultiLabelClassifier(early_stopping=True, **settings | params)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array, pd.DataFrame])
@pytest.mark.parametrize("scoring", ["f1_micro", "f1_macro", "accuracy", "roc_auc", "average_precision", "f1_samples"])
def test_the_weights_of_the_best_epoch_are_kept(scoring, container):
    model = stopping(scoring=scoring).fit(X[TRAIN], container(Y[TRAIN]), X_val=X[VAL], y_val=container(Y[VAL]))
    dense = stopping(scoring=scoring).fit(X[TRAIN], Y[TRAIN], **OWN)
    assert model.validation_scores_ == dense.validation_scores_
    assert max(model.validation_scores_) == get_builtin_scorer(scoring)(dense, X[VAL], Y[VAL])
    assert model.n_iter_ == len(model.validation_scores_) == len(model.loss_curve_)
    assert model.n_samples_fit_ == len(TRAIN)


def test_training_stops_when_no_epoch_was_better():
    scores = stopping(scoring="f1_micro", max_iter=500, tol=0.5).fit(X[TRAIN], Y[TRAIN], **OWN).validation_scores_
    assert len(scores) - 1 - np.argmax(scores) == 5
    assert len(scores) > 6


def test_loss_of_rows_of_ones_own():
    model = stopping(hidden_layer_sizes=(6,), n_iter_no_change=3, tol=0.01).fit(X[TRAIN], Y[TRAIN], **OWN)
    criterion = model.loss_.bind(LabelStatistics(model.label_counts_, len(TRAIN)), "row_sum")
    torch = pytest.importorskip("torch")
    loss = criterion(torch.tensor(model.decision_function(X[VAL])), torch.tensor(Y[VAL])).mean().item()
    assert -loss == pytest.approx(max(model.validation_scores_), rel=1e-9)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.parametrize("weight", [None, np.arange(400) % 3])
def test_scorer_of_rows_that_are_held_out(weight):
    model = stopping(scoring="f1_micro", max_iter=200).fit(X, Y, sample_weight=weight)
    there = np.arange(400) if weight is None else np.flatnonzero(weight)
    held = there[hold_out_rows(sp.csr_array(Y[there]), 0.1, np.random.RandomState(0))[1]]
    weights = None if weight is None else weight[held]
    assert max(model.validation_scores_) == f1_score(
        Y[held], model.predict(X[held]), average="micro", sample_weight=weights
    )


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("scoring", ["loss", "f1_micro"])
def test_weights_of_validation_rows(scoring):
    weight = np.where(np.arange(100) < 50, 1.0, 0.0)
    some = stopping(scoring=scoring).fit(X[TRAIN], Y[TRAIN], **OWN, sample_weight_val=weight)
    fewer = stopping(scoring=scoring).fit(X[TRAIN], Y[TRAIN], X_val=X[VAL[:50]], y_val=Y[VAL[:50]])
    np.testing.assert_allclose(some.validation_scores_, fewer.validation_scores_, rtol=1e-12)
    assert some.validation_scores_ != stopping(scoring=scoring).fit(X[TRAIN], Y[TRAIN], **OWN).validation_scores_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_scorers_of_the_package_and_of_ones_own():
    def labels_a_row(estimator, X, y):
        assert X.shape[0] == y.shape[0] == len(VAL)
        return -abs(estimator.predict(X).sum() - y.sum()) / len(y)

    for scoring in (get_scorer("head_f1_macro"), get_scorer("ndcg_at_3"), labels_a_row):
        model = stopping(scoring=scoring).fit(X[TRAIN], Y[TRAIN], **OWN)
        assert max(model.validation_scores_) == pytest.approx(scoring(model, X[VAL], Y[VAL]))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("names", [("a", "b", "c"), ("a", "b")])
@pytest.mark.parametrize("scoring", ["loss", "accuracy", "neg_log_loss"])
def test_classes(names, scoring):
    classes = np.array(names)[np.arange(400) % len(names)]
    val = VAL[classes[VAL] != "b"] if scoring != "neg_log_loss" else VAL
    model = stopping(scoring=scoring).fit(X[TRAIN], classes[TRAIN], X_val=X[val], y_val=classes[val])
    if scoring != "loss":
        assert max(model.validation_scores_) == get_builtin_scorer(scoring)(model, X[val], classes[val])
    with pytest.raises(ValueError, match=r"y_val holds classes that are none of the model's, .*: \['z'\]"):
        model.fit(X[TRAIN], classes[TRAIN], X_val=X[:2], y_val=["a", "z"])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_unknown_labels():
    hidden = np.where(np.random.default_rng(0).random(Y.shape) < 0.1, np.nan, Y)
    for container in (np.asarray, sp.csr_array):
        given = {"X_val": X[VAL], "y_val": container(hidden[VAL])}
        for scoring in ("loss", get_scorer("ndcg_at_3")):
            model = stopping(uncertain_labels=True, scoring=scoring).fit(X[TRAIN], container(hidden[TRAIN]), **given)
        assert max(model.validation_scores_) == pytest.approx(scoring(model, X[VAL], hidden[VAL]))


FRAME = pd.DataFrame(Y, columns=list("abcdefgh"))


@pytest.mark.parametrize(
    ("params", "given", "message"),
    [
        ({}, {"X_val": X[VAL]}, "X_val and y_val go together; there is no y_val"),
        ({}, {"y_val": Y[VAL]}, "X_val and y_val go together; there is no X_val"),
        ({}, {"sample_weight_val": [1.0]}, "go together; there is no X_val"),
        ({"early_stopping": False}, OWN, r"X_val and y_val are for early_stopping=True; got early_stopping=False"),
        ({}, {**OWN, "X_val": X[VAL][:, :5]}, "X_val is not as X: X has 5 features"),
        ({}, {**OWN, "X_val": [["a"]]}, "X_val is not as X"),
        ({}, {**OWN, "y_val": Y[VAL][:, :5]}, "y_val must have the model's 8 labels; got 5 columns"),
        (
            {},
            {**OWN, "y_val": Y[VAL][:, 0]},
            r"y_val must be of the kind that the model knows, multilabel; got shape \(100,\)",
        ),
        ({}, {**OWN, "y_val": Y[VAL] + 2}, "y_val .*0 and 1"),
        ({}, {**OWN, "y_val": FRAME.iloc[VAL, ::-1]}, r"y_val must have the columns \('a', .*; got \('h'"),
        ({}, {**OWN, "y_val": Y[:7]}, "inconsistent numbers of samples"),
        ({}, {**OWN, "sample_weight_val": [1.0]}, "sample_weight_val must have shape"),
        ({"solver": "lbfgs"}, OWN, "early_stopping=True is for solver='adam'"),
        ({"scoring": "best"}, OWN, "scoring"),
        ({"scoring": 5}, OWN, "scoring"),
        ({"scoring": f1_score}, OWN, "scor"),
        ({"scoring": lambda *args: np.nan}, OWN, r"scoring=<.*> must give a finite number .*; got nan"),
        ({"scoring": lambda *args: [1.0]}, OWN, r"must give a finite number for the validation rows; got \[1.0\]"),
        ({"scoring": "r2_of_nothing"}, {}, "scoring"),
    ],
)
def test_what_is_refused_before_training(params, given, message, monkeypatch):
    model = stopping().fit(X[TRAIN], FRAME.iloc[TRAIN], **OWN)
    before = dict(vars(model.set_params(**params)))
    monkeypatch.setattr("skbalance.training.fit_head", lambda *args, **options: pytest.fail("it was trained"))
    with pytest.raises(ValueError, match=message):
        model.fit(X[TRAIN], FRAME.iloc[TRAIN], **given)
    assert vars(model) == before


def test_scorer_that_turns_to_nan():
    scores = iter([0.1, 0.2, np.nan])
    model = stopping(scoring=lambda *args: next(scores))
    with pytest.raises(ValueError, match="must give a finite number for the validation rows; got nan"):
        model.fit(X[TRAIN], Y[TRAIN], **OWN)
    assert not hasattr(model, "coefs_")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_pipeline_transforms_the_validation_rows():
    counts = sp.csr_array(np.round(10 * abs(X.toarray() if sp.issparse(X) else X)))
    steps = [("weights", TfidfTransformer())]
    with sklearn.config_context(enable_metadata_routing=True):
        model = stopping(scoring="f1_micro").set_fit_request(X_val=True, y_val=True)
        pipeline = Pipeline([*steps, ("model", model)], transform_input=["X_val"])
        pipeline.fit(counts[TRAIN], Y[TRAIN], X_val=counts[VAL], y_val=Y[VAL])
    features = TfidfTransformer().fit(counts[TRAIN])
    by_hand = clone(model).fit(
        features.transform(counts[TRAIN]), Y[TRAIN], X_val=features.transform(counts[VAL]), y_val=Y[VAL]
    )
    assert pipeline[-1].validation_scores_ == by_hand.validation_scores_
    predicted = pipeline.predict(counts[VAL])
    assert max(by_hand.validation_scores_) == f1_score(Y[VAL], predicted, average="micro")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_loss_scorer_is_larger_for_better():
    wrong = make_scorer(lambda y, p: 1 - accuracy_score(y, p), greater_is_better=False)
    model = stopping(scoring=wrong).fit(X[TRAIN], Y[TRAIN], **OWN)
    right = stopping(scoring="accuracy").fit(X[TRAIN], Y[TRAIN], **OWN)
    np.testing.assert_allclose(1 + np.array(model.validation_scores_), right.validation_scores_)
    np.testing.assert_array_equal(model.coefs_[0], right.coefs_[0])


def test_verbose_says_the_score(capsys):
    model = stopping(scoring="f1_micro", verbose=1, max_iter=300).fit(X[TRAIN], Y[TRAIN], **OWN)
    assert f"validation score {model.validation_scores_[0]:.6g}" in capsys.readouterr().out
