"""Tools that know nothing of the package: SHAP, eli5, scikit-learn's selection of features, MLflow."""

import os
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.datasets import make_multilabel_classification
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import RFE, RFECV, SelectFromModel
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skbalance import BalancedMultiLabelClassifier, TagClassifier
from tests.test_serving import INDICATOR, TAGS, TEXTS

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # read when it is imported

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of their own imports
    import eli5.sklearn
    import mlflow.pyfunc
    import mlflow.sklearn
    import shap
    from eli5.sklearn.explain_weights import explain_linear_classifier_weights

KINDS = ["indicator", "one label", "binary", "multiclass"]


@pytest.fixture(scope="module")
def data():
    """Ten features, of which the last five are noise, and three labels."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 10))
    y = (X[:, :5] @ rng.normal(size=(5, 3)) + 0.3 * rng.normal(size=(200, 3)) > 0.3).astype(int)
    return X, y


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to save models in; MLflow of some versions writes to the working folder too."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def small(**params):
    return BalancedMultiLabelClassifier(**{"random_state": 0, **params})


def target_of(kind, y):
    return {"indicator": y, "one label": y[:, :1], "binary": y[:, 0], "multiclass": y[:, :2].sum(axis=1)}[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_coefficients_have_the_shape_that_scikit_learn_gives_them(data, kind):
    X, y = data
    model = small().fit(X, target_of(kind, y))
    n_rows = {"one label": 1, "binary": 1}.get(kind, 3)
    assert model.coef_.shape == (n_rows, 10)
    assert model.intercept_.shape == (n_rows,)
    scores = X @ model.coef_.T + model.intercept_
    np.testing.assert_allclose(model.decision_function(X), scores[:, 0] if kind == "binary" else scores)


@pytest.mark.parametrize("kind", KINDS)
def test_shap_values_add_up_to_the_scores(data, kind):
    X, y = data
    model = small().fit(X, target_of(kind, y))
    explainer = shap.LinearExplainer(model, X[:100])
    values, scores = explainer.shap_values(X), model.decision_function(X)
    expected = (X - X[:100].mean(axis=0))[:, :, None] * model.coef_.T
    if kind in ("one label", "binary"):
        scores, expected = scores.reshape(-1), expected[..., 0]
    np.testing.assert_allclose(values.sum(axis=1) + explainer.expected_value, scores)
    np.testing.assert_allclose(values, expected, atol=1e-12)


def test_shap_values_of_words():
    vectorizer = TfidfVectorizer()
    X = vectorizer.fit_transform(TEXTS)
    model = small().fit(X, INDICATOR)
    explainer = shap.LinearExplainer(model, X)
    values = explainer.shap_values(X)
    np.testing.assert_allclose(values.sum(axis=1) + explainer.expected_value, model.decision_function(X))
    corn, wheat, oil = (vectorizer.vocabulary_[word] for word in ("corn", "wheat", "oil"))
    assert values[0, corn, 0] > 0 > values[2, oil, 0]  # "wheat and corn" and "oil rises", for corn
    assert values[0, wheat, 3] == values[0, :, 3].max()


def test_eli5_permutation_importance(data):
    X, y = data
    importance = eli5.sklearn.PermutationImportance(small(), scoring="f1_macro", cv=3, random_state=0).fit(X, y)
    assert importance.feature_importances_[:5].min() > importance.feature_importances_[5:].max()
    assert eli5.explain_weights(importance, top=3).feature_importances.remaining == 7


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_eli5_weights(data, kind):
    X, y = data
    model = small().fit(X, target_of(kind, y))
    told = explain_linear_classifier_weights(model, top=None)
    told_of = [each.target for each in told.targets]
    assert told_of == (model.classes_[1:] if kind == "binary" else model.classes_).tolist()
    for each, coef, intercept in zip(told.targets, model.coef_, model.intercept_):
        weights = {str(f.feature): f.weight for f in [*each.feature_weights.pos, *each.feature_weights.neg]}
        assert weights.pop("<BIAS>") == pytest.approx(intercept)
        assert weights == pytest.approx({f"x{i}": value for i, value in enumerate(coef)})


@pytest.mark.parametrize("kind", KINDS)
def test_select_from_model_finds_what_matters(data, kind):
    X, y = data
    target = target_of(kind, y)
    for selector in (
        SelectFromModel(small(), max_features=3, threshold=-np.inf).fit(X, target),
        SelectFromModel(small().fit(X, target), prefit=True, max_features=3, threshold=-np.inf).fit(X),
    ):
        assert selector.get_support()[:5].sum() == 3


@pytest.mark.parametrize("kind", KINDS)
def test_rfe_finds_what_matters(data, kind):
    X, y = data
    selector = RFE(small(), n_features_to_select=3).fit(X, target_of(kind, y))
    assert selector.support_[:5].sum() == 3
    assert selector.predict(X).shape == target_of(kind, y).shape


def test_rfe_inside_a_search(data):
    X, y = data
    grid = {"n_features_to_select": [1, 5], "estimator__loss": ["bce", "db"]}
    search = GridSearchCV(RFE(small(), step=5), grid, cv=2, scoring="f1_macro", error_score="raise").fit(X, y)
    assert search.best_params_["n_features_to_select"] == 5
    assert search.best_estimator_.support_.tolist() == [True] * 5 + [False] * 5
    assert search.predict_proba(X).shape == y.shape
    chosen = RFECV(small(), step=5, cv=2, scoring="f1_macro").fit(X, y)
    assert chosen.support_[:5].all()


def test_mlflow_model_of_features_takes_frames(folder):
    X, y = make_multilabel_classification(100, 4, n_classes=3, random_state=0)
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = small(hidden_layer_sizes=(3,), learning_rate_init=0.05).fit(frame, pd.DataFrame(y))
    types = ["skbalance._classifier.BalancedMultiLabelClassifier"]
    signature = mlflow.models.infer_signature(frame, model.predict(frame))
    mlflow.sklearn.save_model(
        model, folder / "model", pip_requirements=["skbalance"], skops_trusted_types=types, signature=signature
    )
    loaded = mlflow.pyfunc.load_model(str(folder / "model"))
    np.testing.assert_array_equal(loaded.predict(frame[list("dcba")]), model.predict(frame))


def test_mlflow_pipeline_takes_frames_with_a_column_of_texts(folder):
    frame = pd.DataFrame({"id": range(len(TEXTS)), "text": TEXTS})
    model = make_pipeline(ColumnTransformer([("text", TfidfVectorizer(), "text")]), small()).fit(frame, INDICATOR)
    types = skops.io.get_untrusted_types(data=skops.io.dumps(model))
    mlflow.sklearn.save_model(model, folder / "model", pip_requirements=["skbalance"], skops_trusted_types=types)
    loaded = mlflow.pyfunc.load_model(str(folder / "model"))
    np.testing.assert_array_equal(loaded.predict(frame), model.predict(frame))
    assert INDICATOR.shape == loaded.predict(frame).shape


class FromJoblib(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        self.model = joblib.load(context.artifacts["model"])

    def predict(self, context, model_input: pd.DataFrame, params=None):
        return self.model.predict(model_input)


@pytest.mark.parametrize("way", ["skops", "joblib"])
def test_mlflow_model_of_tags_takes_a_frame_of_one_column(folder, way):
    model = TagClassifier(sep=";", random_state=0).fit(TEXTS, [";".join(tags) for tags in TAGS])
    if way == "skops":
        types = skops.io.get_untrusted_types(data=skops.io.dumps(model))
        mlflow.sklearn.save_model(model, folder / "model", pip_requirements=["skbalance"], skops_trusted_types=types)
    else:
        joblib.dump(model, folder / "tags.joblib", compress=3)
        artifacts = {"model": str(folder / "tags.joblib")}
        mlflow.pyfunc.save_model(
            folder / "model", python_model=FromJoblib(), artifacts=artifacts, pip_requirements=["skbalance"]
        )
    loaded = mlflow.pyfunc.load_model(str(folder / "model"))
    new = ["oil and gas fall", "wheat"]
    assert loaded.predict(pd.DataFrame({"text": new})).tolist() == model.predict(new).tolist()
    assert model.predict(new).tolist() == ["gas;oil", "wheat"]
