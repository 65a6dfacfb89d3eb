"""Trees of labels: sparse scores, files, errors, and their place in decisions."""

import pickle
import subprocess
import sys

import numpy as np
import omikuji
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import estimator_checks_generator

from skbalance import FixedThresholdMultiLabelClassifier, TagClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.datasets import make_long_tailed_multilabel
from skbalance.decisions import label_vectors
from skbalance.memory import CosineCentroidClassifier
from skbalance.omikuji import OmikujiClassifier
from tests.test_serving import TAGS, TEXTS

# So trained, two fits give the same scores; of two trees the sum is the same in either order.
EXACT = OmikujiClassifier(2, tol=1e-8, max_passes=100_000, weight_threshold=0.0)
NOT_MEANT = {
    "check_classifiers_multilabel_output_format_predict_proba": "its probabilities are sparse",
    "check_supervised_y_2d": "a column is the indicator of one label, not a 1-D target",
}


def named(check):
    return getattr(check, "func", check).__name__


@pytest.mark.parametrize(
    "check", [each for _, each in estimator_checks_generator(EXACT) if named(each) not in NOT_MEANT], ids=named
)
def test_scikit_learn_checks(check):
    check(clone(EXACT))


@pytest.fixture(scope="module")
def data():
    return make_long_tailed_multilabel(
        400, 30, n_features=200, labels_per_sample=2, length=30, noise=0.2, random_state=0
    )


@pytest.fixture(scope="module")
def model(data):
    return OmikujiClassifier(top_k=6, min_branch_size=4).fit(*data)


def test_scores_are_those_of_the_library(data, model):
    X, y = data
    scores = model.predict_proba(X)
    assert sp.issparse(scores)
    assert scores.shape == y.shape
    assert np.diff(scores.indptr).max() == 6
    assert ((scores.data >= 0) & (scores.data <= 1)).all()
    for i in range(5):
        features = list(zip(X[i].indices.tolist(), X[i].data.tolist()))
        expected = dict(model.model_.predict(features, 10, 6))
        assert dict(zip(scores[[i]].indices.tolist(), scores[[i]].data)) == pytest.approx(expected, rel=1e-5)
    assert f1_score(y, model.predict(X), average="micro") > 0.7
    np.testing.assert_array_equal(model.label_counts_, y.sum(axis=0).A1)


def test_the_unit_of_the_rows_does_not_matter(data, model):
    X, _ = data
    expected = model.predict_proba(X).toarray()
    for factor in (1e-30, 1e30):
        np.testing.assert_allclose(model.predict_proba(X.astype(float) * factor).toarray(), expected, rtol=1e-4)
    np.testing.assert_allclose(model.predict_proba(X.toarray()).toarray(), expected, rtol=1e-6)


def test_the_best_k_are_those_with_the_highest_scores(data, model):
    X, y = data
    best, more = model.predict_topk(X, 2), model.predict_topk(X, y.shape[1]).toarray()
    assert (np.diff(best.indptr) == 2).all()
    lowest = np.sort(more, axis=1)[:, -2]
    assert (best.data >= np.repeat(lowest, 2) - 1e-6).all()
    for k in (0, 31, 1.5):
        with pytest.raises((ValueError, TypeError), match="k must be"):
            model.predict_topk(X, k)


@pytest.mark.parametrize("container", [np.asarray, sp.csr_matrix, sp.csr_array])
def test_predictions_are_of_the_kind_of_the_target(data, container):
    X, y = data
    y = container(y.toarray())
    predicted = OmikujiClassifier(1).fit(X, y).predict(X)
    assert type(predicted) is type(y)
    assert predicted.dtype == y.dtype
    assert predicted.shape == y.shape


def test_hyper_parameters_reach_the_library():
    given = {"n_trees": 5, "min_branch_size": 7, "max_depth": 3, "centroid_threshold": 0.5}
    given["collapse_every_n_layers"] = 2
    ours = {"loss": "log", "C": 2.0, "tol": 0.5, "max_passes": 9, "weight_threshold": 0.25}
    ours |= {"n_branches": 4, "balanced": False, "cluster_tol": 0.125, "min_cluster_size": 3}
    settings = OmikujiClassifier(**given, **ours)._settings(omikuji)
    assert {name: getattr(settings, name) for name in given} == given
    linear = (settings.linear_c, settings.linear_eps, settings.linear_max_iter, settings.linear_weight_threshold)
    assert linear == (2.0, 0.5, 9, 0.25)
    assert settings.linear_loss_type == omikuji.LossType.LOG.value
    cluster = (settings.cluster_k, settings.cluster_balanced, settings.cluster_eps, settings.cluster_min_size)
    assert cluster == (4, False, 0.125, 3)
    defaults, own = OmikujiClassifier()._settings(omikuji), omikuji.Model.default_hyper_param()
    for name in dir(own):
        assert getattr(defaults, name) == getattr(own, name)


def test_pickles_hold_the_trees(data, model):
    X, _ = data
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_allclose(again.predict_proba(X).toarray(), model.predict_proba(X).toarray(), rtol=1e-5)
    assert pickle.loads(pickle.dumps(OmikujiClassifier(7))).n_trees == 7


def test_labels_and_rows_without_anything(data):
    X, y = (matrix.toarray() for matrix in data)
    X[:3], y[2:6], y[:, 4] = 0, 0, 0
    with pytest.warns(UserWarning, match="1 of 30 labels have no positive sample"):
        model = OmikujiClassifier(1, top_k=30).fit(X, y)
    scores = model.predict_proba(X).toarray()
    assert (scores[:, 4] == 0).all()
    assert np.isfinite(scores).all()
    assert np.ptp(scores[:3], axis=0).max() == 0  # a row without a feature has the scores of a blank one


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_branches": 101}, "n_branches must be at most min_branch_size, 100; got 101"),
        ({"n_trees": 0}, "'n_trees' parameter"),
        ({"loss": "squared"}, "'loss' parameter"),
        ({"C": 0.0}, "'C' parameter"),
        ({"top_k": 2**40}, "'top_k' parameter"),
    ],
)
def test_parameters_that_are_refused(data, parameters, message):
    with pytest.raises(ValueError, match=message):
        OmikujiClassifier(**parameters).fit(*data)


def test_what_fails_changes_nothing(data):
    X, y = data
    model = OmikujiClassifier(1).fit(X, y)
    before = model.predict_proba(X)
    for bad_X, bad_y, message in (
        (X, sp.csr_matrix(y.shape, dtype=int), "No row of y has a label"),
        (X[:9], y, "inconsistent numbers of samples"),
        (X, np.arange(400) % 3, "multiclass, with 3 classes"),
        (X, y.toarray() * 2, "y must"),
        (np.full(X.shape, np.nan), y, "NaN"),
    ):
        with pytest.raises(ValueError, match=message):
            model.fit(bad_X, bad_y)
    assert (model.predict_proba(X) != before).nnz == 0
    with pytest.raises(ValueError, match="200 features"):
        model.predict(X[:, :5])
    with pytest.raises(NotFittedError):
        OmikujiClassifier().predict_proba(X)


def test_hint_where_the_extra_is_missing(data, model, monkeypatch):
    saved = pickle.dumps(model)
    monkeypatch.setitem(sys.modules, "omikuji", None)
    for call in (lambda: OmikujiClassifier().fit(*data), lambda: pickle.loads(saved)):
        with pytest.raises(ImportError, match=r'pip install "skbalance\[xml\]"'):
            call()


def test_the_library_is_quiet_unless_it_is_asked():
    code = (
        "import sys\nfrom skbalance.omikuji import OmikujiClassifier\n"
        "OmikujiClassifier(1, verbose=int(sys.argv[1])).fit([[0, 1], [1, 0]], [[0, 1], [1, 0]])\n"
        "print('after', flush=True)"
    )
    quiet, loud = (
        subprocess.run([sys.executable, "-c", code, verbose], capture_output=True, text=True, check=True)
        for verbose in "01"
    )
    assert (quiet.stdout, quiet.stderr) == ("after\n", "")
    assert "omikuji" in loud.stdout


def test_thresholds_and_cross_validation_take_sparse_scores(data):
    X, y = data
    fixed = FixedThresholdMultiLabelClassifier(OmikujiClassifier(1), thresholds=0.3).fit(X, y)
    scores = fixed.predict_proba(X)
    assert sp.issparse(scores)
    np.testing.assert_array_equal(fixed.predict(X).toarray(), scores.toarray() > 0.3)
    often = y.toarray()[:, :8]
    found = cross_val_predict(OmikujiClassifier(1), X, often, cv=3, method="predict_proba")
    assert sp.issparse(found)
    assert found.shape == often.shape


def test_tags_by_trees_and_names():
    trees, centroid = OmikujiClassifier(), CosineCentroidClassifier()
    inside = [
        ("trees", make_pipeline(TfidfVectorizer(), trees)),
        ("centroid", make_pipeline(TfidfVectorizer(), centroid)),
    ]
    by_texts = TagClassifier(TunedThresholdMultiLabelClassifierCV(inside, cv=2, random_state=0)).fit(TEXTS, TAGS)
    words, names = TfidfVectorizer().fit(TEXTS), sorted({tag for row in TAGS for tag in row})
    last = TunedThresholdMultiLabelClassifierCV(
        [("trees", trees), ("centroid", centroid)], label_texts=label_vectors(words, names), cv=2, random_state=0
    )
    by_features = TagClassifier(make_pipeline(words, last)).fit(TEXTS, TAGS)
    for model in (by_texts, by_features):
        right = sum(set(found) == set(tags) for found, tags in zip(model.predict(TEXTS), TAGS))
        assert right > 0.7 * len(TEXTS)
        ((best, _),) = model.predict_topk(TEXTS[:1], 1)[0]
        assert best in TAGS[0]
        evidence = model.explain(TEXTS[:1])[0][0].evidence
        assert {"score of trees", "score of centroid"} < evidence.keys()
        assert any(name.startswith("match") for name in evidence)


def test_the_best_tags_are_those_that_have_a_score():
    trees = TagClassifier(make_pipeline(TfidfVectorizer(), OmikujiClassifier(top_k=2))).fit(TEXTS, TAGS)
    rows = trees.predict_topk(TEXTS, 4)
    assert {len(row) for row in rows} == {2}
    assert all(row[0][1] >= row[1][1] > 0 for row in rows)
    assert all(row[0][0] in tags for row, tags in zip(rows, TAGS))
