"""TunedThresholdMultiLabelClassifierCV: the contract, the shapes, the limits."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import DataConversionWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import KFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import (
    check_classifiers_multilabel_representation_invariance,
    check_classifiers_train,
    parametrize_with_checks,
)

from skbalance import BalancedMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV

from .problems import OVR, RIDGE, STRATEGIES, make_data


@parametrize_with_checks(
    [
        TunedThresholdMultiLabelClassifierCV(LogisticRegression()),
        TunedThresholdMultiLabelClassifierCV(OVR, strategy="per_label_shrunk"),
    ]
)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("check", [check_classifiers_train, check_classifiers_multilabel_representation_invariance])
def test_two_checks_around_a_classifier_of_the_package(check):
    # What it does with data, the checks around scikit-learn's classifiers have shown.
    # The first wants the thresholds of a binary target at zero, where only those of well fitted scores are.
    check("Tuned", TunedThresholdMultiLabelClassifierCV(BalancedMultiLabelClassifier("bce", alpha=1e-5), cv=3))


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("sparse", [None, sp.csr_matrix, sp.csr_array, sp.csc_matrix])
def test_predictions_are_of_the_kind_of_the_target(strategy, sparse):
    X, y, X_test, _ = make_data()
    y = y.astype(np.int32)
    dense = TunedThresholdMultiLabelClassifierCV(RIDGE, strategy=strategy, random_state=0).fit(X, y).predict(X_test)
    assert dense.dtype == np.int32
    assert dense.shape == (200, 8)
    assert set(np.unique(dense)) == {0, 1}
    if sparse is not None:
        model = TunedThresholdMultiLabelClassifierCV(RIDGE, strategy=strategy, random_state=0).fit(X, sparse(y))
        predicted = model.predict(X_test)
        assert sp.issparse(predicted)
        assert isinstance(predicted, sp.sparray) == (sparse is sp.csr_array)
        np.testing.assert_array_equal(predicted.toarray(), dense)


@pytest.mark.parametrize(
    "estimator",
    [
        OneVsRestClassifier(LinearSVC(random_state=0)),
        MultiOutputClassifier(LogisticRegression()),
        RandomForestClassifier(20, random_state=0),
        KNeighborsClassifier(),
        MLPClassifier((10,), solver="lbfgs", max_iter=15, tol=1e9, random_state=0),
        BalancedMultiLabelClassifier("bce"),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_around_any_classifier(estimator):
    X, y, X_test, y_test = make_data()
    plain = clone(estimator).fit(X, y)
    model = TunedThresholdMultiLabelClassifierCV(estimator, random_state=0).fit(X, y)
    averages = [f1_score(y_test, m.predict(X_test), average="macro", zero_division=0) for m in (plain, model)]
    assert averages[1] > averages[0] - 0.02
    assert model.thresholds_.shape == (8,)
    assert np.isfinite(model.thresholds_).all()
    assert model.n_features_in_ == 20
    assert len(model.classes_) == 8
    for method in ("predict_proba", "decision_function"):
        assert hasattr(model, method) == hasattr(plain, method)
        if hasattr(model, method):
            assert getattr(model, method)(X_test).shape == (200, 8)


@pytest.mark.parametrize("n_labels", [1, 2, 3])
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
def test_few_labels(n_labels, strategy):
    X, y, X_test, _ = make_data()
    model = TunedThresholdMultiLabelClassifierCV(RIDGE, strategy=strategy, min_labels=0).fit(X, y[:, :n_labels])
    assert model.predict(X_test).shape == (200, n_labels)
    assert model.predict_proba(X_test).shape == (200, n_labels)


def test_single_column_is_taken_as_one_label_with_a_warning():
    X, y, X_test, _ = make_data()
    with pytest.warns(DataConversionWarning, match="one label"):
        column = TunedThresholdMultiLabelClassifierCV(RIDGE, cv=KFold(5), random_state=0).fit(X, y[:, :1])
    flat = TunedThresholdMultiLabelClassifierCV(RIDGE, cv=KFold(5), random_state=0).fit(X, y[:, 0])
    np.testing.assert_array_equal(column.predict(X_test)[:, 0], flat.predict(X_test))
    assert flat.predict_proba(X_test).shape == (200, 2)


def test_probabilities_of_several_classifiers_are_those_of_both_classes():
    X, y, X_test, _ = make_data()
    model = TunedThresholdMultiLabelClassifierCV([("a", RIDGE), ("b", RIDGE)], random_state=0).fit(X, y[:, 0])
    probabilities = model.predict_proba(X_test)
    assert probabilities.shape == (len(X_test), 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    scores = model.decision_scores(X_test)
    order = np.argsort(scores, kind="stable")
    assert (np.diff(probabilities[order, 1]) >= 0).all()


def test_binary_target_keeps_its_classes():
    X, y, X_test, y_test = make_data()
    names = np.array(["no", "yes"])
    model = TunedThresholdMultiLabelClassifierCV(LogisticRegression(), random_state=0).fit(X, names[y[:, 0]])
    np.testing.assert_array_equal(model.classes_, names)
    assert set(model.predict(X_test)) == {"no", "yes"}
    assert f1_score(names[y_test[:, 0]], model.predict(X_test), pos_label="yes") > 0.5


@pytest.mark.parametrize("strategy", ["per_label_shrunk", "per_label", "micro_macro", "global"])
@pytest.mark.parametrize("scores", ["pooled", "estimator"])
@pytest.mark.parametrize("method", ["decision_function", "predict_proba"])
def test_predict_compares_decision_scores_with_thresholds(strategy, scores, method):
    X, y, X_test, _ = make_data()
    model = TunedThresholdMultiLabelClassifierCV(
        RIDGE, strategy=strategy, scores=scores, response_method=method, min_labels=0
    ).fit(X, y)
    found = model.decision_scores(X_test)
    np.testing.assert_array_equal(model.predict(X_test), found > model.thresholds_)
    if scores == "estimator":
        np.testing.assert_allclose(found, getattr(model, method)(X_test), rtol=1e-5)
    if scores == "pooled" or method == "predict_proba":
        assert ((model.thresholds_ > 0) & (model.thresholds_ < 1)).all()
        assert ((found > 0) & (found < 1)).all()
    before = model.predict(X_test).sum(axis=0)
    model.thresholds_ = model.thresholds_ + 0.05
    after = model.predict(X_test).sum(axis=0)
    assert (after <= before).all()
    assert after.sum() < before.sum()


@pytest.mark.parametrize("bounds", [{"min_labels": 8}, {"max_labels": 8}, {"strategy": "top_k", "k": 8}])
def test_all_labels_may_be_asked_for(bounds):
    X, y, X_test, _ = make_data()
    predicted = TunedThresholdMultiLabelClassifierCV(RIDGE, **bounds).fit(X, y).predict(X_test)
    assert predicted.all() == ("max_labels" not in bounds)


@pytest.mark.parametrize(("scores", "none"), [("pooled", 0.0), ("estimator", -np.inf)])
def test_a_label_that_is_no_candidate_has_the_lowest_score(scores, none):
    X, y, X_test, _ = make_data()
    found = TunedThresholdMultiLabelClassifierCV(RIDGE, scores=scores, max_candidates=3).fit(X, y)
    assert ((found.decision_scores(X_test) != none).sum(axis=1) == 3).all()


@pytest.mark.parametrize("scores", ["pooled", "estimator"])
def test_the_best_labels_are_those_with_the_highest_scores(scores):
    X, y, X_test, _ = make_data()
    model = TunedThresholdMultiLabelClassifierCV(RIDGE, scores=scores).fit(X, y)
    labels, best = model.predict_topk(X_test, k=3)
    shown = model.decision_scores(X_test)
    np.testing.assert_array_equal(best, -np.sort(-shown, axis=1)[:, :3])
    np.testing.assert_array_equal(np.take_along_axis(shown, labels, axis=1), best)
    for k in (0, 9, True, 1.5):
        with pytest.raises(ValueError, match=r"k must be an integer from 1 to the number of .*, 8; got"):
            model.predict_topk(X_test, k=k)
    with pytest.raises(ValueError, match="labels that are looked at, 3; got 4"):
        clone(model).set_params(max_candidates=3).fit(X, y).predict_topk(X_test, k=4)


@pytest.mark.parametrize("scores", ["pooled", "estimator"])
def test_explanations_have_evidence_where_scores_are_pooled(scores):
    X, y, X_test, _ = make_data()
    model = TunedThresholdMultiLabelClassifierCV(RIDGE, scores=scores).fit(X, y)
    predicted, shown = model.predict(X_test), model.decision_scores(X_test)
    for i, row in enumerate(model.explain(X_test)):
        assert sorted(e.label for e in row) == np.flatnonzero(predicted[i]).tolist()
        assert [e.score for e in row] == sorted((shown[i, e.label] for e in row), reverse=True)
        for e in row:
            assert e.threshold == model.thresholds_[e.label]
            assert list(e.evidence) == ([c.name for c in model.decisions_.model.columns] if scores == "pooled" else [])


@pytest.mark.parametrize("bad", [[True] * 8, ["a"] * 8, [10**400] * 8, [1j] * 8, [0.5] * 7, [np.nan] * 8])
def test_edited_thresholds_must_be_a_number_for_each_label(bad):
    X, y, X_test, _ = make_data()
    model = TunedThresholdMultiLabelClassifierCV(RIDGE, cv=2).fit(X, y)
    model.thresholds_ = bad
    with pytest.raises(ValueError, match="thresholds_ must hold"):
        model.predict(X_test)


@pytest.mark.parametrize("scores", ["pooled", "estimator"])
@pytest.mark.parametrize("max_candidates", ["auto", 3])
def test_edited_thresholds_mean_what_they_say(scores, max_candidates):
    X, y, X_test, _ = make_data()
    y[:, 6] = 0
    model = TunedThresholdMultiLabelClassifierCV(RIDGE, scores=scores, max_candidates=max_candidates, min_labels=0)
    model.fit(X, y)
    lowest, highest = (0, 1) if scores == "pooled" else (-np.inf, np.inf)
    model.thresholds_[:4] = [lowest, -np.inf, highest, np.inf]
    predicted = model.predict(X_test)
    np.testing.assert_array_equal(predicted[:, :4], np.tile([1, 1, 0, 0], (200, 1)))
    assert not predicted[:, 6].any()
    if scores == "pooled":
        model.thresholds_[[5, 6]] = [-0.5, -0.5]
        assert model.predict(X_test)[:, [5, 6]].all()
    model.thresholds_[:] = -np.inf
    assert np.delete(model.predict(X_test), 6, axis=1).all()
