"""The estimator inside scikit-learn: scorers, cross-validation, pipelines, searches, routing."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import get_scorer
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    RandomizedSearchCV,
    cross_val_predict,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import make_long_tailed_multilabel
from skbalance.losses import FocalLoss

AVERAGES = ("micro", "macro", "weighted", "samples")
SCORERS = [f"{metric}_{average}" for metric in ("f1", "precision", "recall", "jaccard") for average in AVERAGES]
SCORERS += ["accuracy", "roc_auc", "roc_auc_ovr", "roc_auc_ovr_weighted", "average_precision", "neg_log_loss"]
HIGHER_IS_CHANCE = {"roc_auc": 0.5, "roc_auc_ovr": 0.5, "roc_auc_ovr_weighted": 0.5, "neg_log_loss": -1.2}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 5))
    y = (X @ rng.normal(size=(5, 3)) + rng.normal(size=(120, 3)) > 0.3).astype(int)
    return X, y


def small(**params):
    return BalancedMultiLabelClassifier(**{"alpha": 1e-2, "random_state": 0, **params})


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.filterwarnings("ignore:The y_prob values do not sum to one")
@pytest.mark.parametrize("n_labels", [2, 3])
@pytest.mark.parametrize("name", SCORERS)
def test_every_scorer_for_indicators(data, name, n_labels):
    X, y = data[0], data[1][:, :n_labels]
    assert HIGHER_IS_CHANCE.get(name, 0.3) < get_scorer(name)(small().fit(X, y), X, y) <= 1


@pytest.mark.parametrize("name", ["f1_micro", "f1_macro", "roc_auc", "average_precision", "neg_log_loss", "accuracy"])
def test_scorers_for_a_single_label(data, name):
    X, y = data[0], data[1][:, :1]
    value = get_scorer(name)(small().fit(X, y), X, y)
    assert value == pytest.approx(get_scorer(name)(small().fit(X, y.ravel()), X, y.ravel()), abs=0.2)
    assert np.isfinite(value)


@pytest.mark.parametrize("name", ["f1", "roc_auc", "average_precision", "neg_log_loss", "neg_brier_score"])
def test_scorers_for_binary_classes(data, name):
    X, y = data[0], data[1][:, 0]
    assert np.isfinite(get_scorer(name)(small().fit(X, y), X, y))


@pytest.mark.parametrize("n_labels", [1, 2, 3])
@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_cross_val_predict(data, n_labels, method):
    X, y = data[0], data[1][:, :n_labels]
    out = cross_val_predict(small(), X, y, cv=KFold(3), method=method)
    assert out.shape == (120, n_labels)
    train, test = next(KFold(3).split(X))
    np.testing.assert_allclose(out[test], getattr(small().fit(X[train], y[train]), method)(X[test]))


def test_grid_over_losses_and_their_parameters(data):
    X, y = data
    grid = [{"loss": ["bce", "db"]}, {"loss": [FocalLoss()], "loss__gamma": [1, 2, 3]}]
    search = GridSearchCV(small(), grid, scoring="f1_macro", cv=3, n_jobs=2, error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) == 5
    direct = cross_validate(small(loss=FocalLoss(gamma=3)), X, y, cv=3, scoring="f1_macro")["test_score"].mean()
    assert search.cv_results_["mean_test_score"][4] == pytest.approx(direct)


def test_randomized_search(data):
    X, y = data
    space = {"alpha": loguniform(1e-4, 1e-1), "loss": ["db", "cb_ntr"]}
    search = RandomizedSearchCV(small(), space, n_iter=3, scoring="f1_micro", cv=3, random_state=0, error_score="raise")
    assert 0 < search.fit(X, y).best_score_ <= 1


def test_text_pipeline_and_search_through_it():
    texts, y = make_long_tailed_multilabel(200, 6, return_text=True, random_state=0)
    pipe = make_pipeline(TfidfVectorizer(), small(alpha=1e-4))
    search = GridSearchCV(pipe, {"balancedmultilabelclassifier__loss": ["bce", "db"]}, cv=3, scoring="f1_micro")
    predicted = search.fit(texts, y).predict(texts)
    assert sp.issparse(predicted)
    assert predicted.shape == y.shape


def test_frames_and_set_output(data):
    X, y = data
    frame = pd.DataFrame(X, columns=list("abcde"))
    pipe = make_pipeline(StandardScaler(), small()).set_output(transform="pandas").fit(frame, pd.DataFrame(y))
    assert pipe[-1].feature_names_in_.tolist() == list("abcde")
    assert pipe.predict(frame).shape == y.shape


def test_sample_weight_is_routed(data):
    X, y = data
    weight = np.random.default_rng(0).integers(0, 3, 120).astype(float)
    with sklearn.config_context(enable_metadata_routing=True):
        model = small().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        # scikit-learn 1.6.0 does not route to the score of a pipeline, hence the scorer.
        scorer = get_scorer("f1_macro").set_score_request(sample_weight=True)
        train, _ = next(KFold(3).split(X))
        for estimator, scoring in ((make_pipeline(MinMaxScaler(), model), scorer), (model, None)):
            routed = cross_validate(
                estimator, X, y, cv=3, scoring=scoring, params={"sample_weight": weight}, return_estimator=True
            )
            fitted = routed["estimator"][0]
            fitted = fitted if scoring is None else fitted[-1]
            np.testing.assert_array_equal(fitted.label_counts_, weight[train] @ y[train])


def test_clone_and_repr(data):
    model = small(loss=FocalLoss(gamma=3), hidden_layer_sizes=(4,))
    copy = clone(model)
    assert copy.loss is not model.loss
    assert copy.get_params()["loss__gamma"] == 3
    assert "FocalLoss(gamma=3)" in repr(model)
    assert "FocalLoss" in model._repr_html_()
