import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_multilabel_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skbalance import metrics
from skbalance.metrics import (
    MultilabelScorer,
    get_scorer,
    get_scorer_names,
    multilabel_scorers,
    precision_at_k_score,
    r_precision_score,
    recall_at_k_score,
)


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
    for from_fit in (3, [["classes"]], "label_counts"):
        with pytest.raises(ValueError, match=r"from_fit must name some of .*, in a tuple"):
            MultilabelScorer(r_precision_score, from_fit=from_fit)
    for sign in (0, None, "1", np.array([1, -1])):
        with pytest.raises(ValueError, match="sign must be 1 or -1"):
            MultilabelScorer(r_precision_score, sign=sign)
    with pytest.raises(TypeError, match="metric must be a function; got 'f1'"):
        MultilabelScorer("f1")

    class Silent:
        def predict(self, X):
            return y

    with pytest.raises(ValueError, match="Silent has no decision_function or predict_proba"):
        MultilabelScorer(r_precision_score, response_method="scores")(Silent(), X, y)
    with pytest.raises(ValueError, match="Silent has no predict_proba"):
        MultilabelScorer(r_precision_score, response_method="predict_proba")(Silent(), X, y)


class Counting(ClassifierMixin, BaseEstimator):
    def __init__(self, C=1.0):
        self.C = C

    def fit(self, X, y):
        self.model_ = OneVsRestClassifier(LogisticRegression(C=self.C)).fit(X, y)
        self.classes_ = self.model_.classes_
        self.label_counts_ = y.sum(axis=0)
        self.n_samples_fit_ = len(y)
        return self

    def predict(self, X):
        return self.model_.predict(X)

    def predict_proba(self, X):
        return self.model_.predict_proba(X)


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 6))
    y = (X + rng.normal(scale=0.5, size=X.shape) > [0.0, 0.2, 0.4, 0.8, 1.0, 1.4]).astype(int)
    return X, y


@pytest.mark.parametrize("name", get_scorer_names())
def test_every_name_scores(data, name):
    X, y = data
    model = make_pipeline(StandardScaler(), Counting()).fit(X, y)
    settings = {"boundaries": (25, 45)} if name.split("_")[0] in ("head", "medium", "tail") else {}
    scorer = get_scorer(name, **settings)
    value = scorer(model, X, y)
    low, high = (-1, 0) if name.startswith("neg_") else (0, 1)
    assert low <= value <= high
    assert value != 0
    again = pickle.loads(pickle.dumps(scorer))
    assert again(model, X, y) == value
    assert repr(again) == repr(scorer)
    assert repr(scorer).startswith(f"get_scorer('{name}'")


@pytest.mark.parametrize(
    ("name", "metric"), [("precision_at_2", "precision_at_k_score"), ("ndcg_at_6", "ndcg_at_k_score")]
)
def test_any_k(data, name, metric):
    X, y = data
    model = Counting().fit(X, y)
    expected = getattr(metrics, metric)(y, model.predict_proba(X), k=int(name[-1]))
    assert get_scorer(name)(model, X, y) == expected


def test_in_a_search(data):
    X, y = data
    scoring = multilabel_scorers("f1_micro", "head_f1_macro", "ps_ndcg_at_3", "roc_auc")
    search = GridSearchCV(Counting(), {"C": [0.01, 1.0]}, cv=3, scoring=scoring, refit="head_f1_macro", n_jobs=2).fit(
        X, y
    )
    for name in scoring:
        assert np.isfinite(search.cv_results_[f"mean_test_{name}"]).all()
    assert search.best_params_ == {"C": 1.0}
    single = GridSearchCV(Counting(), {"C": [0.01, 1.0]}, cv=3, scoring=get_scorer("head_f1_macro")).fit(X, y)
    assert single.best_score_ == search.best_score_
    plain = cross_validate(Counting(), X, y, cv=3, scoring=multilabel_scorers("f1_micro"), return_estimator=True)
    assert len(plain["test_f1_micro"]) == 3


def test_f1_is_scikit_learns(data):
    X, y = data
    model = Counting().fit(X, y)
    for average in ("micro", "macro", "samples"):
        expected = f1_score(y, model.predict(X), average=average, zero_division=0)
        assert get_scorer(f"f1_{average}")(model, X, y) == expected


def test_missing_number_of_samples(data):
    X, y = data
    model = Counting().fit(X, y)
    kept = get_scorer("ps_precision_at_3")(model, X, y)
    del model.n_samples_fit_
    with pytest.raises(AttributeError, match=r"n_samples_fit_.*n_samples=len"):
        get_scorer("ps_precision_at_3")(model, X, y)
    assert get_scorer("ps_precision_at_3", n_samples=150)(model, X, y) == kept


@pytest.mark.parametrize("name", ["f1_makro", "precision_at_0", "precision_at_", "f1_at_3", None, []])
def test_unknown_names(name):
    with pytest.raises(ValueError, match=r"is no scorer of skbalance; allowed are .*tail_f1_macro"):
        get_scorer(name)
    with pytest.raises(ValueError, match="is no scorer of skbalance"):
        multilabel_scorers("f1_micro", name)


def test_no_names():
    with pytest.raises(ValueError, match="at least one name"):
        multilabel_scorers()


def test_scikit_learns_registry_is_left_alone():
    import sklearn.metrics

    assert "tail_f1_macro" not in sklearn.metrics.get_scorer_names()
