"""Scores of every shape that scikit-learn's classifiers hand out."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import make_multilabel_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skbalance._responses import choose_response_method, log_odds, response, scoring_blocks

X, Y = make_multilabel_classification(n_samples=60, n_classes=3, random_state=0)
CLASSIFIERS = [
    OneVsRestClassifier(LogisticRegression()),
    OneVsRestClassifier(LinearSVC()),
    MultiOutputClassifier(LogisticRegression()),
    RandomForestClassifier(5, random_state=0),
    KNeighborsClassifier(),
    make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=0)),
]


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda c: type(c).__name__)
@pytest.mark.parametrize("n_labels", [2, 3])
def test_one_column_a_label(classifier, n_labels):
    fitted = classifier.fit(X, Y[:, :n_labels])
    method = choose_response_method(fitted, "auto")
    scores = response(fitted, X, method, n_labels)
    assert scores.shape == (60, n_labels)
    level = 0.5 if method == "predict_proba" else 0
    decided = scores != level
    np.testing.assert_array_equal((scores > level)[decided], fitted.predict(X)[decided] == 1)


@pytest.mark.parametrize("classifier", [LogisticRegression(), LinearSVC(), KNeighborsClassifier()])
def test_one_column_for_a_binary_target(classifier):
    fitted = classifier.fit(X, Y[:, 0])
    scores = response(fitted, X, choose_response_method(fitted, "auto"), 1)
    assert scores.shape == (60, 1)


def test_label_that_a_forest_never_saw():
    y = Y.copy()
    y[:, 1] = 0
    y[:, 2] = 1
    scores = response(RandomForestClassifier(5, random_state=0).fit(X, y), X, "predict_proba", 3)
    assert (scores[:, 1] == 0).all()
    assert (scores[:, 2] == 1).all()


def test_wrong_width_is_named():
    with pytest.raises(ValueError, match=r"shape \(60, 3\).*4 labels"):
        response(CLASSIFIERS[0].fit(X, Y), X, "decision_function", 4)


def test_nan_is_named():
    class Nan:
        def decision_function(self, X):
            return np.full((len(X), 2), np.nan)

    with pytest.raises(ValueError, match="NaN"):
        response(Nan(), X, "decision_function", 2)


@pytest.mark.parametrize("container", [sp.csr_matrix, sp.csr_array, sp.coo_array, sp.csc_matrix])
def test_what_a_sparse_matrix_does_not_store_is_unknown(container):
    class Sparse:
        def predict_proba(self, X):
            # A zero that is stored is a score, and one place is held twice.
            return container(sp.coo_array(([0.5, 0.0, 0.25, 0.5], ([0, 1, 2, 2], [1, 0, 3, 3])), shape=(3, 4)))

    scores = response(Sparse(), X[:3], "predict_proba", 4)
    expected = np.full((3, 4), np.nan)
    expected[[0, 1, 2], [1, 0, 3]] = [0.5, 0, 0.75]
    np.testing.assert_array_equal(scores, expected)
    np.testing.assert_array_equal(np.isnan(log_odds(scores, "predict_proba")), np.isnan(expected))
    assert sp.issparse(response(Sparse(), X[:3], "predict_proba", 4, keep_sparse=True))
    with pytest.raises(ValueError, match=r"shape \(3, 4\).*5 labels"):
        response(Sparse(), X[:3], "predict_proba", 5)


def test_nan_that_is_stored_is_named():
    class Sparse:
        def decision_function(self, X):
            return sp.csr_array(([np.nan], ([0], [1])), shape=(3, 4))

    with pytest.raises(ValueError, match="NaN"):
        response(Sparse(), X[:3], "decision_function", 4)


def test_no_scores_is_named():
    with pytest.raises(ValueError, match="LinearSVC has no predict_proba"):
        choose_response_method(LinearSVC(), "predict_proba")


def test_log_odds_are_finite_and_keep_order():
    values = log_odds(np.array([[0.0, 0.2, 0.5, 1.0]]), "predict_proba")
    assert np.isfinite(values).all()
    assert (np.diff(values) > 0).all()
    assert values[0, 2] == pytest.approx(0)
    given = np.array([[-3.0, 4.0]], dtype=np.float32)
    np.testing.assert_array_equal(log_odds(given, "decision_function"), given)


def test_blocks_cover_every_row_once():
    blocks = list(scoring_blocks(10_000, 18_211))
    assert len(blocks) > 5
    np.testing.assert_array_equal(np.concatenate([np.r_[block] for block in blocks]), np.arange(10_000))
