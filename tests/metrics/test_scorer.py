import numpy as np
import pytest
from sklearn.datasets import make_multilabel_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import LinearSVC

from skbalance.metrics import MultilabelScorer, precision_at_k_score, r_precision_score, recall_at_k_score


@pytest.fixture(params=[2, 3])
def problem(request):
    return make_multilabel_classification(60, n_classes=request.param, n_labels=1, random_state=0)


@pytest.mark.parametrize(
    ("model", "method"),
    [
        (OneVsRestClassifier(LinearSVC()), "decision_function"),
        (OneVsRestClassifier(LogisticRegression()), "decision_function"),
        (MLPClassifier(max_iter=2000, alpha=1, tol=1e-2, random_state=0), "predict_proba"),
    ],
)
def test_scores_of_two_and_three_labels(problem, model, method):
    X, y = problem
    model.fit(X, y)
    response = getattr(model, method)(X)
    expected = r_precision_score(y, np.reshape(response, y.shape))
    assert MultilabelScorer(r_precision_score, response_method="scores")(model, X, y) == expected


@pytest.mark.parametrize(
    "model", [RandomForestClassifier(5, random_state=0), MultiOutputClassifier(LogisticRegression())]
)
def test_lists_of_probabilities(model):
    X, y = make_multilabel_classification(60, n_classes=4, random_state=0)
    model.fit(X, y)
    expected = np.column_stack([p[:, 1] for p in model.predict_proba(X)])
    scorer = MultilabelScorer(r_precision_score, response_method="scores")
    assert scorer(model, X, y) == r_precision_score(y, expected)


def test_constant_labels_of_a_forest():
    X, y = make_multilabel_classification(60, n_classes=4, random_state=0)
    y[:, 0], y[:, 1] = 0, 1
    scorer = MultilabelScorer(recall_at_k_score, response_method="scores", k=1)
    model = RandomForestClassifier(5, random_state=0).fit(X, y)
    assert scorer(model, X, y) == pytest.approx(np.mean(1 / y.sum(axis=1)))


def test_sign_and_repr():
    scorer = MultilabelScorer(precision_at_k_score, response_method="scores", sign=-1, k=1)
    assert repr(scorer) == "MultilabelScorer(precision_at_k_score, response_method='scores', sign=-1, k=1)"
    X, y = make_multilabel_classification(60, n_classes=4, random_state=0)
    model = OneVsRestClassifier(LogisticRegression()).fit(X, y)
    assert scorer(model, X, y) == -precision_at_k_score(y, model.decision_function(X), k=1)


def test_errors():
    X, y = make_multilabel_classification(60, n_classes=4, random_state=0)
    with pytest.raises(ValueError, match=r"response_method.*'proba'"):
        MultilabelScorer(r_precision_score, response_method="proba")
    with pytest.raises(ValueError, match=r"from_fit.*'classes'"):
        MultilabelScorer(r_precision_score, from_fit=("classes",))

    class Silent:
        def predict(self, X):
            return y

    with pytest.raises(ValueError, match="Silent has no decision_function or predict_proba"):
        MultilabelScorer(r_precision_score, response_method="scores")(Silent(), X, y)
    with pytest.raises(ValueError, match="Silent has no predict_proba"):
        MultilabelScorer(r_precision_score, response_method="predict_proba")(Silent(), X, y)
