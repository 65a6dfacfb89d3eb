"""Models in ONNX: onnxruntime predicts what they predict."""

import subprocess
import sys

import numpy as np
import onnxruntime
import pytest
import scipy.sparse as sp
from skl2onnx import to_onnx
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skbalance.onnx  # noqa: F401
from skbalance import (
    BalancedMultiLabelClassifier,
    FixedThresholdMultiLabelClassifier,
    TagClassifier,
    TunedThresholdMultiLabelClassifierCV,
)
from skbalance.losses import ClassBalancedFocalLoss
from tests.test_serving import TAGS, TEXTS

SOFTMAX = ClassBalancedFocalLoss(mode="average_w", base="softmax")
# What scikit-learn takes for a word, in any script; a locale that every machine has.
WORDS = {TfidfVectorizer: {"tokenexp": r"[\p{L}\p{N}_]{2,}", "locale": "C.UTF-8"}}
pytestmark = pytest.mark.filterwarnings("ignore:Training did not converge")


@pytest.fixture(scope="module")
def data():
    """Features, an indicator of eight labels of falling frequency, the last one without a positive."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 6)).astype(np.float32)
    scores = X @ rng.normal(size=(6, 8)) + rng.normal(size=(400, 8))
    y = (scores > np.linspace(0, 6, 8)).astype(int)
    y[:, 7] = 0
    y[:, 0] |= y.sum(axis=1) == 0
    return X, y


def linear(**params):
    return BalancedMultiLabelClassifier(**{"random_state": 0, "max_iter": 30, **params})


def tuned(estimator=None, **params):
    return TunedThresholdMultiLabelClassifierCV(estimator or linear(), **{"cv": 2, "random_state": 0, **params})


def run(model, inputs, kind=FloatTensorType, **options):
    converted = to_onnx(model, initial_types=[("X", kind([None, inputs.shape[1]]))], **options)
    return onnxruntime.InferenceSession(converted.SerializeToString()).run(None, {"X": inputs})


def check(model, X, inputs=None, **options):
    """That onnxruntime gives what the model predicts, and return that."""
    label, proba = run(model, X if inputs is None else inputs, **options)
    expected, likely = model.predict(X), model.predict_proba(X)
    np.testing.assert_array_equal(label, expected.toarray() if sp.issparse(expected) else expected)
    np.testing.assert_allclose(proba, likely, atol=1e-5)
    assert proba.shape == likely.shape
    return label


@pytest.mark.filterwarnings("ignore:1 of 8 labels have no positive sample")
@pytest.mark.parametrize(
    "params", [{}, {"coef_threshold": 0.2}, {"loss": "db"}, {"hidden_layer_sizes": (7, 5)}], ids=str
)
def test_indicators(data, params):
    X, y = data
    assert 0 < check(linear(**params).fit(X, y), X).mean() < 1
    check(linear(**params).fit(X, sp.csr_array(y)), X)
    check(linear(**params).fit(X.astype(float), y), X.astype(float), kind=DoubleTensorType)


@pytest.mark.parametrize("kind", [int, str, float])
@pytest.mark.parametrize(
    ("n_classes", "params"), [(2, {}), (3, {}), (3, {"hidden_layer_sizes": (7,)}), (3, {"loss": SOFTMAX})], ids=str
)
def test_classes(data, n_classes, params, kind):
    X, y = data
    target = (y[:, :2].sum(axis=1) % n_classes).astype(kind)
    assert len(np.unique(check(linear(**params).fit(X, target), X))) == n_classes


def test_probabilities_far_out(data):
    X, y = data
    model = linear().fit(X, y[:, :2].sum(axis=1))
    check(model, 1000 * X)


def test_single_label(data):
    X, y = data
    check(linear().fit(X, y[:, :1]), X)
    check(tuned().fit(X, y[:, 0]), X)
    check(tuned().fit(X, np.where(y[:, 0], "yes", "no")), X)
    check(FixedThresholdMultiLabelClassifier(linear(), thresholds=0.7).fit(X, y[:, 0]), X)
    for model in (FixedThresholdMultiLabelClassifier(linear(), thresholds=0.7), tuned()):
        label = check(model.fit(X, sp.csr_array(y[:, [0]])), X)
        assert label.shape == (len(X), 1)


@pytest.mark.parametrize("words", [(1, 1), (1, 2)])
def test_texts(words):
    y = np.array([[tag in row for tag in ("corn", "gas", "oil", "wheat")] for row in TAGS], dtype=int)
    texts = [f"{text} {more}" for text, more in zip(TEXTS, ["in a Café", "ÄRGER, x-ray", "it's 5 o'clock"] * 12)]
    model = make_pipeline(TfidfVectorizer(ngram_range=words), linear()).fit(texts, y)
    new = ["ärger about corn", "wheat wheat OIL!", "nothing known", "", *texts]
    column = np.array(new)[:, None]
    check(model, new, column, kind=StringTensorType, options=WORDS)
    pipeline = make_pipeline(TfidfVectorizer(ngram_range=words), linear())
    check(tuned(pipeline).fit(texts, y), new, column, kind=StringTensorType, options=WORDS)


@pytest.mark.filterwarnings("ignore:1 of 8 labels have no positive sample")
@pytest.mark.parametrize("method", ["predict_proba", "decision_function"])
@pytest.mark.parametrize("bounds", [{}, {"min_labels": 2}, {"max_labels": 1}, {"min_labels": 1, "max_labels": 2}])
def test_given_thresholds(data, method, bounds):
    X, y = data
    thresholds = {0: np.inf, 1: -np.inf, 2: 0.4, 3: 0.1}
    frozen = FrozenEstimator(make_pipeline(StandardScaler(), linear()).fit(X, y))
    model = FixedThresholdMultiLabelClassifier(frozen, thresholds=thresholds, response_method=method, **bounds)
    label = check(model.fit(X, y), X)
    assert not label[:, 0].any()
    assert label[:, 1].all() or bounds.get("max_labels")


@pytest.mark.filterwarnings("ignore:1 of 8 labels have no positive sample")
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"scores": "estimator"},
        {"scores": "estimator", "response_method": "predict_proba", "min_labels": 0},
        {"min_labels": 2, "max_labels": 3},
        {"strategy": "top_k", "k": 2},
        {"max_candidates": 3},
        {"max_candidates": 3, "scores": "estimator"},
        {"min_precision": 0.7},
    ],
    ids=str,
)
def test_tuned_thresholds(data, params):
    X, y = data
    model = tuned(**params).fit(X, y)
    label = check(model, X)
    assert not label[:, 7].any()
    for edited in ([0, 1], [1, 5]):  # always and never, as users edit them
        always, never = (-0.1, 1) if model._scale.probabilities else (-np.inf, np.inf)
        model.thresholds_[edited] = always, never
        check(model, X)


@pytest.mark.filterwarnings("ignore:1 of 8 labels have no positive sample")
def test_equal_scores_take_the_first_labels(data):
    X, y = data
    model = linear().fit(X, y)
    model.coefs_[0][:], model.intercepts_[0][:] = 0, -1
    fixed = FixedThresholdMultiLabelClassifier(FrozenEstimator(model), min_labels=3).fit(X, y)
    assert check(fixed, X).sum(axis=0).tolist() == [400] * 3 + [0] * 5


def test_inside_pipelines_and_searches(data):
    X, y = data
    check(make_pipeline(StandardScaler(), tuned()).fit(X, y[:, :4]), X)
    search = GridSearchCV(linear(), {"loss": ["bce", "db"]}, cv=2, scoring="f1_micro").fit(X, y[:, :4])
    check(search, X)
    check(tuned(search, cv=2).fit(X, y[:, :4]), X)


def test_what_cannot_be_converted_says_so(data):
    X, y = data[0], data[1][:, :4]
    names = {"label_texts": ["wheat", "corn", "oil", "gas"]}
    indicator = np.array([[tag in row for tag in names["label_texts"]] for row in TAGS], dtype=int)
    pipeline = make_pipeline(TfidfVectorizer(), linear())
    for model, reason in [
        (tuned(pipeline, **names).fit(TEXTS, indicator), "its decision model reads label_texts"),
        (tuned(parents={1: 0}).fit(X, np.maximum(y, y[:, [1]] * [1, 0, 0, 0])), "its labels have parents"),
        (tuned([("one", linear()), ("two", linear(loss="db"))]).fit(X, y), "its estimator is a list"),
        (tuned(OneVsRestClassifier(LogisticRegression())).fit(X, y), "its estimator is a OneVsRestClassifier"),
        (TagClassifier().fit(TEXTS, TAGS), "ONNX has no lists of tags"),
    ]:
        with pytest.raises(ValueError, match=f"{type(model).__name__} cannot be converted to ONNX: {reason}"):
            run(model, X)
    with pytest.raises(ValueError, match="not fitted"):
        run(linear(), X)


def test_how_to_install_it():
    code = "import sys; sys.modules['skl2onnx'] = None; import skbalance.onnx"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert 'pip install "skbalance[onnx]"' in done.stderr
