"""CalibratedMultiLabelClassifierCV: probabilities that hold, and the contract."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_multilabel_classification
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.utils.estimator_checks import (
    check_classifiers_multilabel_representation_invariance,
    check_classifiers_train,
    parametrize_with_checks,
)

from skbalance import BalancedMultiLabelClassifier
from skbalance.calibration import CalibratedMultiLabelClassifierCV, _calibrated
from skbalance.metrics import expected_calibration_error, multilabel_brier_score_loss


@parametrize_with_checks(
    [
        CalibratedMultiLabelClassifierCV(LogisticRegression()),
        CalibratedMultiLabelClassifierCV(OneVsRestClassifier(LogisticRegression()), method="isotonic"),
    ]
)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("check", [check_classifiers_train, check_classifiers_multilabel_representation_invariance])
def test_two_checks_around_a_classifier_of_the_package(check):
    # What it does with data, the checks around scikit-learn's classifiers have shown.
    check("Calibrated", CalibratedMultiLabelClassifierCV(BalancedMultiLabelClassifier(), cv=3))


class Distorted(ClassifierMixin, BaseEstimator):
    """Log-odds that are right but for a scale and a shift; nothing to fit."""

    def fit(self, X, y):
        self.classes_ = [np.array([0, 1])] * X.shape[1]
        return self

    def decision_function(self, X):
        return 0.3 * X + 2


def make_data(n_samples=3000, seed=0):
    """Five labels, the last with a handful of positives; X are the true log-odds."""
    rng = np.random.default_rng(seed)
    X = rng.normal(scale=1.5, size=(n_samples, 5)) + logit([0.4, 0.2, 0.1, 0.05, 0.001])
    return X, (rng.random(X.shape) < expit(X)).astype(int)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_probabilities_hold(method):
    X, y = make_data()
    X_test, y_test = make_data(seed=1)
    plain = expit(Distorted().fit(X, y).decision_function(X_test))
    model = CalibratedMultiLabelClassifierCV(Distorted(), method=method, random_state=0).fit(X, y)
    probabilities = model.predict_proba(X_test)
    assert probabilities.shape == (3000, 5)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    assert expected_calibration_error(y_test, plain) > 0.3
    assert expected_calibration_error(y_test, probabilities) < 0.02
    best = multilabel_brier_score_loss(y_test, expit(X_test))
    assert multilabel_brier_score_loss(y_test, probabilities) < best + 0.005
    np.testing.assert_array_equal(model.predict(X_test), probabilities > 0.5)


def test_without_shrinkage_each_map_is_scikit_learns():
    X, y = make_data()
    model = CalibratedMultiLabelClassifierCV(Distorted(), cv="prefit", shrinkage=0, random_state=0)
    model.set_params(estimator=Distorted().fit(X, y)).fit(X, y)

    class Column(ClassifierMixin, BaseEstimator):
        classes_ = np.array([0, 1])

        def fit(self, X, y):
            return self

        def decision_function(self, X):
            return (0.3 * X[:, 1] + 2).astype(np.float32)

        def predict(self, X):
            return (self.decision_function(X) > 0).astype(int)

        def __sklearn_is_fitted__(self):
            return True

    theirs = CalibratedClassifierCV(FrozenEstimator(Column()), cv=KFold(2), ensemble=False).fit(X, y[:, 1])
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], theirs.predict_proba(X)[:, 1], atol=1e-4)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_shrinkage_helps_rare_labels(method):
    rng = np.random.default_rng(0)
    X = rng.normal(scale=1.5, size=(4000, 40)) + logit(0.005)
    y = (rng.random(X.shape) < expit(X)).astype(int)
    error = {
        shrinkage: np.mean(
            (
                CalibratedMultiLabelClassifierCV(Distorted(), method=method, shrinkage=shrinkage, random_state=0)
                .fit(X[:500], y[:500])
                .predict_proba(X[500:])
                - expit(X[500:])
            )
            ** 2
        )
        for shrinkage in (0, 20)
    }
    assert error[20] < 0.7 * error[0]


def test_labels_without_evidence():
    X, y = make_data(400)
    y[:, 0], y[:, 1], y[:, 2] = 0, 1, 0
    y[5, 2] = 1
    probabilities = CalibratedMultiLabelClassifierCV(Distorted(), random_state=0).fit(X, y).predict_proba(X)
    assert not np.isnan(probabilities).any()
    np.testing.assert_allclose(probabilities[:, 0], 0.5 / 401)
    np.testing.assert_allclose(probabilities[:, 1], 1 - 0.5 / 401)
    assert 0 < probabilities[:, 2].mean() < 0.2


def test_a_sample_of_the_rows_will_do(monkeypatch):
    X, y = make_data(6000)
    X_test, _ = make_data(seed=1)
    whole = CalibratedMultiLabelClassifierCV(Distorted(), random_state=0).fit(X, y).predict_proba(X_test)
    monkeypatch.setattr(_calibrated, "_MAX_ELEMENTS", 5 * 1500)
    sampled = CalibratedMultiLabelClassifierCV(Distorted(), random_state=0).fit(X, y).predict_proba(X_test)
    assert abs(whole - sampled).max() > 0
    assert abs(whole - sampled).mean() < 0.01


@pytest.mark.parametrize("container", [sp.csr_matrix, sp.csr_array])
def test_sparse_targets(container):
    X, y = make_data(400)
    model = CalibratedMultiLabelClassifierCV(Distorted(), random_state=0)
    dense = model.fit(X, y).predict(X)
    predicted = model.fit(X, container(y)).predict(X)
    assert isinstance(predicted, container)
    np.testing.assert_array_equal(predicted.toarray(), dense)


def test_binary_target():
    X, y = make_data(400)
    names = np.array(["no", "yes"])
    model = CalibratedMultiLabelClassifierCV(LogisticRegression(), random_state=0).fit(X, names[y[:, 0]])
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(model.predict(X), names[(probabilities[:, 1] > 0.5).astype(int)])


def test_bad_input():
    X, y = make_data(100)
    with pytest.raises(ValueError, match="method"):
        CalibratedMultiLabelClassifierCV(Distorted(), method="beta").fit(X, y)
    with pytest.raises(ValueError, match="nothing to calibrate"):
        CalibratedMultiLabelClassifierCV(Distorted()).fit(X, y * 0)
    with pytest.raises(NotFittedError):
        CalibratedMultiLabelClassifierCV(LogisticRegression(), cv="prefit").fit(X, y)
    with pytest.raises(NotFittedError):
        CalibratedMultiLabelClassifierCV(Distorted()).predict_proba(X)


def test_progress_is_printed(capsys):
    X, y = make_multilabel_classification(n_samples=100, n_classes=3, random_state=0)
    CalibratedMultiLabelClassifierCV(OneVsRestClassifier(LogisticRegression()), cv=2, verbose=1).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["Fit 1 of 3", "Fit 2 of 3", "Fit 3 of 3"]
    assert lines[2].endswith("about 0 s left.")


def test_temperature_changes_no_prediction():
    X, y = make_data()
    model = CalibratedMultiLabelClassifierCV(Distorted(), method="temperature", random_state=0).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), model.estimator_.decision_function(X) > 0)
