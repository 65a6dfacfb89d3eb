"""TunedThresholdMultiLabelClassifierCV: what fit takes, and on which rows thresholds are set."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from joblib import parallel_config
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    ShuffleSplit,
    TimeSeriesSplit,
    cross_val_predict,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from skbalance import TunedThresholdMultiLabelClassifierCV

from .problems import OVR, RIDGE, STRATEGIES, Ridge, Scores, make_data


@pytest.mark.parametrize("cv", [3, KFold(3), ShuffleSplit(2, test_size=0.5, random_state=0), 0.3, None])
@pytest.mark.parametrize("binary", [False, True])
def test_splits(cv, binary):
    X, y, X_test, _ = make_data()
    y = y[:, 0] if binary else y
    model = TunedThresholdMultiLabelClassifierCV(RIDGE, cv=cv, random_state=0)
    predicted = model.fit(X, y).predict(X_test)
    np.testing.assert_array_equal(predicted, clone(model).fit(X, y).predict(X_test))
    assert 0 < model.best_score_ < 1


def test_iterable_of_splits_and_masks():
    X, y, X_test, _ = make_data()
    half = np.arange(len(X)) < 100
    by_index = TunedThresholdMultiLabelClassifierCV(RIDGE, cv=[(np.flatnonzero(half), np.flatnonzero(~half))])
    by_mask = TunedThresholdMultiLabelClassifierCV(RIDGE, cv=[(half, ~half)])
    for model in (by_index, by_mask):
        model.set_params(random_state=0).fit(X, y)
    np.testing.assert_array_equal(by_index.predict(X_test), by_mask.predict(X_test))


def test_prefit_leaves_the_estimator_alone():
    X, y, X_test, y_test = make_data()
    fitted = clone(RIDGE).fit(X, y)
    model = TunedThresholdMultiLabelClassifierCV(fitted, cv="prefit", random_state=0).fit(X_test, y_test)
    assert model.estimator_ is fitted
    assert model.score(X_test, y_test) > 0
    with pytest.raises(NotFittedError):
        TunedThresholdMultiLabelClassifierCV(RIDGE, cv="prefit").fit(X, y)


def test_refit_false_keeps_the_model_of_the_split():
    X, y, *_ = make_data()
    model = TunedThresholdMultiLabelClassifierCV(RIDGE, cv=0.5, refit=False, random_state=0).fit(X, y)
    again = clone(RIDGE).fit(X, y)
    assert not np.allclose(model.decision_function(X), again.decision_function(X))
    refitted = clone(model).set_params(refit=True).fit(X, y)
    np.testing.assert_allclose(refitted.decision_function(X), again.decision_function(X))
    with pytest.raises(ValueError, match="single split"):
        TunedThresholdMultiLabelClassifierCV(RIDGE, refit=False).fit(X, y)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"strategy": "best"}, "strategy"),
        ({"scoring": "accuracy"}, "scoring"),
        ({"micro_weight": 2}, "micro_weight"),
        ({"shrinkage": -1}, "shrinkage"),
        ({"min_labels": 9}, "min_labels=9 is more than y has labels, 8"),
        ({"max_labels": 9}, "max_labels=9"),
        ({"strategy": "top_k", "k": 9}, "k=9"),
        ({"min_labels": 3, "max_labels": 2}, "min_labels=3 is more than max_labels=2"),
        ({"cv": 1.5}, "between 0 and 1; got 1.5"),
        ({"cv": "fit"}, "prefit"),
        ({"beta": 1e155}, "beta"),
        ({"beta": True}, "beta"),
        ({"random_state": True}, "random_state"),
        ({"param_grid": []}, "param_grid must hold at least one setting"),
        ({"estimator": LinearSVC()}, None),
        ({"estimator": TfidfVectorizer()}, "estimator"),
        ({"estimator": KNeighborsClassifier(), "response_method": "decision_function"}, "no decision_function"),
    ],
)
def test_bad_parameters_are_named(params, match):
    X, y, *_ = make_data()
    model = TunedThresholdMultiLabelClassifierCV(RIDGE).set_params(**params)
    with pytest.raises(ValueError, match=match):
        model.fit(X, y)
    assert not hasattr(model, "estimator_")


@pytest.mark.parametrize(
    ("make_target", "match"),
    [
        (lambda y: y * 2, "0 and 1"),
        (lambda y: y * 0, "No label of y has both classes"),
        (lambda y: np.arange(len(y)) % 3, "multiclass"),
        (lambda y: y[:-1], "inconsistent numbers of samples"),
        (lambda y: np.where(y == 1, np.inf, 0.0), "NaN and infinity are no labels"),
        (lambda y: None, "requires y"),
    ],
)
def test_bad_targets_are_named(make_target, match):
    X, y, *_ = make_data()
    with pytest.raises(ValueError, match=match):
        TunedThresholdMultiLabelClassifierCV(RIDGE).fit(X, make_target(y))


def test_constant_scores_are_refused():
    X, y, *_ = make_data()
    with pytest.raises(ValueError, match="gives the same score"):
        TunedThresholdMultiLabelClassifierCV(Scores(8)).fit(np.ones_like(X), y)


def test_rows_of_weight_zero_are_left_out():
    X, y, X_test, _ = make_data()
    weight = np.ones(len(X))
    weight[::4] = 0
    keep = weight > 0
    weighted = TunedThresholdMultiLabelClassifierCV(Scores(8), random_state=0).fit(X, y, sample_weight=weight)
    without = TunedThresholdMultiLabelClassifierCV(Scores(8), random_state=0).fit(X[keep], y[keep])
    np.testing.assert_array_equal(weighted.predict(X_test), without.predict(X_test))
    np.testing.assert_array_equal(weighted.estimator_.sample_weight_, weight[keep])
    with pytest.raises(ValueError, match="not all zero"):
        weighted.fit(X, y, sample_weight=np.zeros(len(X)))


def test_metadata_routing():
    X, y, *_ = make_data()
    groups = np.arange(len(X)) % 5
    with config_context(enable_metadata_routing=True):
        inner = Scores(8).set_fit_request(sample_weight=True)
        model = TunedThresholdMultiLabelClassifierCV(inner, cv=GroupKFold(5))
        model.fit(X, y, sample_weight=groups + 1.0, groups=groups)
        np.testing.assert_array_equal(model.estimator_.sample_weight_, groups + 1.0)
        weighted = make_pipeline("passthrough", model.set_score_request(sample_weight=True)).fit(X, y, groups=groups)
        assert weighted.score(X, y) == model.score(X, y)
        assert weighted.score(X, y, sample_weight=groups) == model.score(X, y, sample_weight=groups)


def test_texts_in_a_pipeline_and_a_search():
    texts = ["wheat prices", "oil and gas", "wheat and oil", "gas exports", "corn harvest", "corn and wheat"] * 10
    words = ["wheat", "oil", "gas", "corn"]
    y = np.array([[word in text for word in words] for text in texts]).astype(int)
    model = TunedThresholdMultiLabelClassifierCV(make_pipeline(TfidfVectorizer(), OVR), cv=3, random_state=0)
    assert model.fit(texts, y).score(texts, y) == 1
    search = GridSearchCV(model, {"strategy": ["per_label_shrunk", "global"]}, cv=KFold(2), scoring="f1_macro").fit(
        texts, y
    )
    assert search.best_score_ > 0.9
    assert cross_val_predict(model, texts, y, cv=KFold(2), method="predict_proba").shape == (60, 4)


def test_pickle_and_repeat():
    X, y, X_test, _ = make_data()
    model = TunedThresholdMultiLabelClassifierCV(RIDGE, random_state=0).fit(X, y)
    expected = model.predict(X_test)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X_test), expected)
    np.testing.assert_array_equal(model.fit(X, y).predict(X_test), expected)
    np.testing.assert_array_equal(model.predict(X_test[:7]), expected[:7])
    with parallel_config("threading"):
        parallel = clone(model).set_params(n_jobs=2).fit(X, y)
    np.testing.assert_array_equal(parallel.predict(X_test), expected)


def test_several_estimators_on_the_same_folds():
    X, y, X_test, y_test = make_data()
    pair = [("ridge", RIDGE), ("neighbours", KNeighborsClassifier())]
    model = TunedThresholdMultiLabelClassifierCV(pair, random_state=0).fit(X, y)
    assert [type(each) for each in model.estimator_] == [Ridge, KNeighborsClassifier]
    names = [column.name for column in model.decisions_.model.columns]
    assert names[:4] == ["score of ridge", "lead of ridge", "score of neighbours", "lead of neighbours"]
    single = TunedThresholdMultiLabelClassifierCV(RIDGE, random_state=0).fit(X, y)
    both, one = (f1_score(y_test, each.predict(X_test), average="macro") for each in (model, single))
    assert both > one - 0.03
    assert model.get_params()["neighbours__n_neighbors"] == 5
    assert clone(model).set_params(neighbours__n_neighbors=3).estimator[1][1].n_neighbors == 3
    assert not hasattr(model, "decision_function")


@pytest.mark.parametrize(
    ("estimator", "match"),
    [
        ([], "pairs"),
        ([RIDGE], "pairs"),
        ([("a", RIDGE), RIDGE], "pairs"),
        ([("a", RIDGE), ("a", RIDGE)], r"Names provided are not unique: \['a', 'a'\]"),
        ([("cv", RIDGE)], "conflict with constructor arguments"),
        ([("a", "b")], "a classifier is needed"),
    ],
)
def test_bad_lists_of_estimators_are_named(estimator, match):
    X, y, *_ = make_data()
    with pytest.raises(ValueError, match=match):
        TunedThresholdMultiLabelClassifierCV(RIDGE).set_params(estimator=estimator).fit(X, y)


def test_scores_of_a_single_estimator_are_no_scores_of_several():
    X, y, *_ = make_data()
    with pytest.raises(ValueError, match="needs a single estimator; there are 2"):
        TunedThresholdMultiLabelClassifierCV([("a", RIDGE), ("b", RIDGE)], scores="estimator").fit(X, y)


def test_parameters_are_chosen_on_the_folds_that_are_there():
    X, y, X_test, _ = make_data()
    grid = {"estimator__C": [1e-5, 1.0]}
    model = TunedThresholdMultiLabelClassifierCV(OVR, param_grid=grid, random_state=0, store_cv_results=True).fit(X, y)
    alone = [
        TunedThresholdMultiLabelClassifierCV(clone(OVR).set_params(estimator__C=C), random_state=0).fit(X, y)
        for C in grid["estimator__C"]
    ]
    scores = [each.best_score_ for each in alone]
    np.testing.assert_allclose(model.cv_results_["score"], scores)
    best = alone[int(np.argmax(scores))]
    assert model.best_params_ == {"estimator__C": grid["estimator__C"][int(np.argmax(scores))]}
    assert model.best_score_ == max(scores)
    np.testing.assert_array_equal(model.predict(X_test), best.predict(X_test))
    tie = TunedThresholdMultiLabelClassifierCV(OVR, param_grid={"n_jobs": [None, 1]}, random_state=0).fit(X, y)
    assert tie.best_params_ == {"n_jobs": None}
    with pytest.raises(ValueError, match="cv='prefit' makes none"):
        TunedThresholdMultiLabelClassifierCV(alone[0].estimator_, param_grid=grid, cv="prefit").fit(X, y)
    several = TunedThresholdMultiLabelClassifierCV(
        [("a", OVR), ("b", RIDGE)], param_grid={"a__estimator__C": [0.1, 1.0]}, random_state=0
    ).fit(X, y)
    assert set(several.best_params_) == {"a__estimator__C"}


def test_the_best_of_several_settings_does_not_flatter_itself():
    flattery, honest = [], []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(100, 10)), (rng.random((100, 4)) < 0.25).astype(int)
        grid = {"estimator__C": [1e-3, 1e-1, 1e1, 1e3]}
        model = TunedThresholdMultiLabelClassifierCV(OVR, param_grid=grid, random_state=seed, store_cv_results=True)
        model.fit(X, y)
        X_test, y_test = rng.normal(size=(4000, 10)), (rng.random((4000, 4)) < 0.25).astype(int)
        predicted = model.predict(X_test)
        micro, macro = (f1_score(y_test, predicted, average=average) for average in ("micro", "macro"))
        honest.append(model.best_score_ - 0.25 * micro - 0.75 * macro)
        flattery.append(model.cv_results_["score"].max() - model.best_score_)
    assert min(flattery) >= 0
    assert max(flattery) > 0
    assert abs(np.mean(honest)) < 0.02


def test_progress_is_printed(capsys):
    X, y, *_ = make_data()
    TunedThresholdMultiLabelClassifierCV(RIDGE, cv=3, verbose=1).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("Fit 1 of 4: ")
    assert lines[3].endswith("about 0 s left.")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_labels_that_begin_late_in_time(strategy):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 6))
    y = (X[:, :3] + 0.5 * rng.normal(size=(120, 3)) > 0.8).astype(int)
    y[:60] = 0
    model = TunedThresholdMultiLabelClassifierCV(OVR, strategy=strategy, cv=TimeSeriesSplit(3)).fit(X, y)
    predicted = model.predict(X)
    assert predicted.any()
    assert not predicted.all(axis=0).any()


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_folds_in_time_leave_the_first_rows_unscored(make):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = (X + rng.normal(size=X.shape) > 0.5).astype(int)

    def thresholds(first, last):
        """With the labels of some rows in another order: that counts, where these rows are scored."""
        mixed = y.copy()
        mixed[first:last] = rng.permutation(mixed[first:last])
        tuner = TunedThresholdMultiLabelClassifierCV(Scores(), scores="estimator", cv=TimeSeriesSplit(3))
        return tuner.fit(X, make(mixed)).thresholds_

    np.testing.assert_array_equal(thresholds(0, 50), thresholds(0, 0))
    assert (thresholds(50, 100) != thresholds(0, 0)).any()


def test_a_fit_that_fails_changes_nothing():
    X, y, X_test, _ = make_data()

    def failing(y_true, y_pred):
        raise RuntimeError("no score")

    new = TunedThresholdMultiLabelClassifierCV(RIDGE, scoring=failing, random_state=0)
    with pytest.raises(RuntimeError, match="no score"):
        new.fit(X, y)
    with pytest.raises(NotFittedError):
        new.predict(X)
    fitted = TunedThresholdMultiLabelClassifierCV(RIDGE, random_state=0, store_cv_results=True).fit(X, y)
    before = fitted.predict(X_test)
    with pytest.raises(RuntimeError, match="no score"):
        fitted.set_params(scoring=failing, strategy="global").fit(X, y[:, ::-1])
    np.testing.assert_array_equal(fitted.predict(X_test), before)
    fitted.set_params(scoring="f1_micro", store_cv_results=False).fit(X, y)
    assert not hasattr(fitted, "cv_results_")
