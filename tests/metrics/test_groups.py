import pickle

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.metrics import f1_score, precision_score, recall_score
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, cross_validate
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skbalance.metrics import (
    fitted_label_counts,
    group_f1_score,
    group_f1_scorer,
    group_precision_score,
    group_recall_score,
    label_groups,
)


class CountingTree(ClassifierMixin, BaseEstimator):
    """A tree for indicator targets that counts its labels, as the package's classifier does."""

    def __init__(self, max_depth=None):
        self.max_depth = max_depth

    def fit(self, X, y, sample_weight=None):
        y = y.toarray() if sp.issparse(y) else np.asarray(y)
        self.tree_ = DecisionTreeClassifier(max_depth=self.max_depth, random_state=0).fit(X, y)
        self.label_counts_ = y.sum(axis=0)
        self.classes_ = [np.array([0, 1])] * y.shape[1]
        return self

    def predict(self, X):
        return self.tree_.predict(X)


class Wrapped(ClassifierMixin, BaseEstimator):
    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y):
        self.estimator_ = clone(self.estimator).fit(X, y)
        return self

    def predict(self, X):
        return self.estimator_.predict(X)


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 4))
    thresholds = [0.0, 0.5, 1.3]
    noisy = X + rng.normal(scale=0.5, size=X.shape)
    y = np.column_stack([noisy[:, j] > threshold for j, threshold in enumerate(thresholds)]).astype(int)
    return X, y


@pytest.mark.parametrize(
    ("boundaries", "head", "medium", "tail"),
    [((8, 35), [35, 7000], [9, 34], [0, 1, 8]), ((15, 50), [50], [16, 49], [15])],
)
def test_paper_boundaries(boundaries, head, medium, tail):
    groups = label_groups(head + medium + tail, boundaries)
    assert list(groups) == ["head", "medium", "tail"]
    labels = np.repeat([0, 1, 2], [len(head), len(medium), len(tail)])
    for number, mask in enumerate(groups.values()):
        assert_array_equal(mask, labels == number)


@given(
    arrays(float, st.integers(0, 30), elements=st.floats(0, 100)),
    st.floats(0, 40),
    st.floats(0.1, 40),
)
def test_groups_are_a_partition(counts, lower, width):
    groups = label_groups(counts, (lower, lower + width))
    assert_array_equal(sum(mask.astype(int) for mask in groups.values()), 1)


@pytest.mark.parametrize(
    ("counts", "boundaries", "match"),
    [
        ([[1, 2]], (8, 35), "vector"),
        (["a"], (8, 35), "numbers"),
        ([1, np.nan], (8, 35), "finite"),
        ([1, -1], (8, 35), "at least 0"),
        ([1], (35, 8), "increasing"),
        ([1], (8, 8), "increasing"),
        ([1], 8, "increasing"),
        ([1], (1, 2, 3), "increasing"),
        ([1], ("a", "b"), "increasing"),
    ],
)
def test_label_groups_errors(counts, boundaries, match):
    with pytest.raises(ValueError, match=match):
        label_groups(counts, boundaries)


def test_hand_computed():
    y_true = np.array([[1, 0, 1, 0], [1, 1, 0, 0], [0, 1, 0, 1], [1, 0, 0, 0]])
    y_pred = np.array([[1, 0, 0, 0], [1, 1, 1, 0], [1, 0, 0, 1], [0, 1, 0, 0]])
    # hits 2 1 0 1, predicted 3 2 1 1, positives 3 2 1 1
    counts = [40, 36, 20, 2]
    macro = group_f1_score(y_true, y_pred, label_counts=counts)
    assert_allclose(list(macro.values()), [(2 / 3 + 1 / 2) / 2, 0, 1])
    micro = group_f1_score(y_true, y_pred, label_counts=counts, average="micro")
    assert_allclose(list(micro.values()), [6 / 10, 0, 1])
    weight = [1, 2, 3, 4]
    # head, weighted: hits 3 + 2, predicted 6 + 6, positives 7 + 5
    weighted = group_f1_score(y_true, y_pred, label_counts=counts, group="head", average="micro", sample_weight=weight)
    assert_allclose(weighted, 10 / 24)


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array, sp.csc_matrix, sp.coo_array])
@pytest.mark.parametrize("average", ["macro", "micro"])
@pytest.mark.parametrize("zero_division", [0.0, 1.0, np.nan])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (group_f1_score, f1_score),
        (group_precision_score, precision_score),
        (group_recall_score, recall_score),
    ],
)
def test_agrees_with_sklearn_on_each_group(ours, theirs, average, zero_division, container):
    rng = np.random.default_rng(1)
    y_true, y_pred = rng.integers(0, 2, (2, 30, 12)) * rng.integers(0, 2, (2, 30, 12))
    y_true[:, [0, 5]] = 0
    y_pred[:, [0, 7]] = 0
    weight = rng.uniform(0.5, 2, 30)
    counts = rng.integers(0, 60, 12)
    kwargs = {"average": average, "zero_division": zero_division, "sample_weight": weight}
    got = ours(container(y_true), container(y_pred), label_counts=counts, **kwargs)
    for name, mask in label_groups(counts).items():
        assert_allclose(got[name], theirs(y_true[:, mask], y_pred[:, mask], **kwargs))


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_sparse_equals_dense_and_labels_may_be_permuted(seed):
    rng = np.random.default_rng(seed)
    y_true, y_pred = rng.integers(0, 2, (2, 8, 6))
    counts = rng.integers(0, 60, 6)
    order = rng.permutation(6)
    dense = group_f1_score(y_true, y_pred, label_counts=counts)
    mixed = group_f1_score(sp.csr_array(y_true), y_pred, label_counts=counts)
    permuted = group_f1_score(y_true[:, order], y_pred[:, order], label_counts=counts[order])
    assert_allclose(list(mixed.values()), list(dense.values()))
    assert_allclose(list(permuted.values()), list(dense.values()))
    perfect = group_f1_score(y_true, y_true, label_counts=counts, zero_division=1)
    assert {score for score in perfect.values() if not np.isnan(score)} <= {1.0}


def test_input_is_left_alone():
    data = np.ones(4, dtype=int)
    data[1] = 0
    y = sp.csr_matrix((data, [1, 0, 2, 1], [0, 2, 4]), shape=(2, 3))
    before = y.data.copy(), y.indices.copy()
    y_dense = y.toarray()
    got = group_f1_score(y, y_dense, label_counts=[1, 1, 1], average="micro", group="tail")
    assert got == 1.0
    assert_array_equal(y.data, before[0])
    assert_array_equal(y.indices, before[1])


def test_groups_of_ones_own_and_an_empty_group():
    y_true, y_pred = [[1, 0, 1]], [[1, 1, 0]]
    got = group_f1_score(y_true, y_pred, groups={"a": [0], "b": [False, True, True], "none": []})
    assert got.a == 1.0
    assert got.b == 0.0
    assert np.isnan(got.none)


@pytest.mark.parametrize(
    ("kwargs", "match"),
    [
        ({}, "either label_counts"),
        ({"label_counts": [1, 1], "groups": {"a": [0]}}, "either label_counts"),
        ({"label_counts": [1, 1, 1]}, "3 entries.*2 labels"),
        ({"label_counts": [1, 1], "average": "samples"}, "average.*'samples'"),
        ({"label_counts": [1, 1], "group": "middle"}, "'medium'.*'middle'"),
        ({"label_counts": [1, 1], "zero_division": 0.5}, "zero_division.*0.5"),
        ({"label_counts": [1, 1], "zero_division": "warn"}, "zero_division.*'warn'"),
        ({"label_counts": [1, 1], "sample_weight": [1.0]}, "sample_weight"),
        ({"label_counts": [1, 1], "sample_weight": [0, 0]}, "all zero"),
        ({"groups": {"a": [2]}}, r"outside 0\.\.1"),
        ({"groups": {"a": [True]}}, "mask"),
        ({"groups": {"a": [0.5]}}, "mask or label indices"),
        ({"groups": {}}, "groups must map"),
    ],
)
def test_group_score_errors(kwargs, match):
    with pytest.raises(ValueError, match=match):
        group_f1_score([[1, 0], [0, 1]], [[1, 0], [0, 1]], **kwargs)


@pytest.mark.parametrize(
    ("y_true", "match"),
    [
        ([0, 1], r"shape \(2,\)"),
        ([0, 1, 2], r"shape \(3,\)"),
        ([[0, 2]], r"holds \[2\]"),
        ([[0, np.inf]], "infinity"),
        ([["a", "b"]], "TagClassifier"),
        ([[0], [0, 1]], "y_true holds lists of tags"),
        (sp.csr_array([[0, 3]]), r"holds \[3\]"),
        ([[0, 1, 1]], "one shape"),
    ],
)
def test_indicator_errors(y_true, match):
    with pytest.raises(ValueError, match=match):
        group_f1_score(y_true, [[0, 1]], label_counts=[1, 1])


def nested(estimator):
    return [
        estimator,
        Pipeline([("scale", StandardScaler()), ("model", estimator)]),
        Wrapped(estimator),
        make_pipeline(StandardScaler(), Wrapped(make_pipeline(StandardScaler(), estimator))),
        GridSearchCV(make_pipeline(estimator), {"countingtree__max_depth": [2]}, cv=2, scoring="accuracy"),
    ]


@pytest.mark.parametrize("which", range(5))
def test_scorer_finds_the_counts(data, which):
    X, y = data
    model = nested(CountingTree(max_depth=1))[which].fit(X, y)
    assert_array_equal(fitted_label_counts(model), y.sum(axis=0))
    scorer = group_f1_scorer("head", "micro")
    expected = group_f1_score(y, model.predict(X), label_counts=y.sum(axis=0), group="head", average="micro")
    assert scorer(model, X, y) == expected
    assert scorer(model, X, sp.csr_array(y)) == expected


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_scorer_in_model_selection(data, n_jobs):
    X, y = data
    boundaries = (10, 20)
    scoring = {
        "tail": group_f1_scorer("tail", boundaries=boundaries),
        "head": group_f1_scorer("head", "micro", boundaries=boundaries),
        "accuracy": "accuracy",
    }
    search = GridSearchCV(
        make_pipeline(StandardScaler(), CountingTree()),
        {"countingtree__max_depth": [1, 3]},
        scoring=scoring,
        refit="tail",
        cv=KFold(3),
        n_jobs=n_jobs,
    )
    search = clone(search).fit(X, y)
    by_hand = []
    for train, test in KFold(3).split(X):
        model = clone(search.estimator).set_params(countingtree__max_depth=3).fit(X[train], y[train])
        counts = y[train].sum(axis=0)
        by_hand.append(
            group_f1_score(y[test], model.predict(X[test]), label_counts=counts, boundaries=boundaries, group="tail")
        )
    got = [search.cv_results_[f"split{i}_test_tail"][1] for i in range(3)]
    assert_allclose(got, by_hand)
    single = cross_val_score(search.best_estimator_, X, y, scoring=scoring["tail"], cv=3, n_jobs=n_jobs)
    assert single.shape == (3,)


def test_scorer_pickles_clones_and_prints():
    scorer = group_f1_scorer("tail", boundaries=(3, 9))
    assert repr(scorer) == "get_scorer('tail_f1_macro', boundaries=(3, 9), label_counts=None, zero_division=0.0)"
    again = pickle.loads(pickle.dumps(scorer))
    assert repr(again) == repr(scorer)
    assert "tail_f1_macro" in repr(clone(GridSearchCV(CountingTree(), {}, scoring=scorer)))


def test_scorer_without_counts(data):
    X, y = data
    model = make_pipeline(StandardScaler(), OneVsRestClassifier(DecisionTreeClassifier(max_depth=1))).fit(X, y)
    with pytest.raises(
        AttributeError, match=r"label_counts_.*Pipeline -> steps\[-1\].*OneVsRestClassifier.*label_counts="
    ):
        group_f1_scorer()(model, X, y)
    with_counts = group_f1_scorer("head", label_counts=y.sum(axis=0))
    assert 0 < with_counts(model, X, y) <= 1
    with pytest.raises(AttributeError, match="Is the estimator fitted"):
        group_f1_scorer()(CountingTree(), X, y)


@pytest.mark.parametrize(
    ("kwargs", "match"),
    [
        ({"group": "middle"}, "'middle_f1_macro' is no scorer"),
        ({"average": "samples"}, "'tail_f1_samples' is no scorer"),
        ({"boundaries": (9, 3)}, "increasing"),
        ({"label_counts": [-1]}, "at least 0"),
    ],
)
def test_scorer_options_are_checked_at_once(kwargs, match):
    with pytest.raises(ValueError, match=match):
        group_f1_scorer(**kwargs)


def test_sample_weight_reaches_the_scorer(data):
    X, y = data
    weight = np.random.default_rng(0).uniform(size=len(X))
    model = CountingTree(max_depth=1).fit(X, y)
    scorer = group_f1_scorer("head", boundaries=(5, 15))
    assert scorer(model, X, y, sample_weight=weight) != scorer(model, X, y)
    search = GridSearchCV(CountingTree(max_depth=1), {}, scoring={"head": scorer}, refit="head", cv=2)
    assert 0 < search.fit(X, y, sample_weight=weight).best_score_ <= 1


def test_metadata_routing(data):
    X, y = data
    weight = np.random.default_rng(0).uniform(size=len(X))
    with sklearn.config_context(enable_metadata_routing=True):
        estimator = CountingTree(max_depth=1).set_fit_request(sample_weight=False)
        scorer = group_f1_scorer("head", boundaries=(5, 15)).set_score_request(sample_weight=True)
        for scoring in (scorer, {"head": scorer}):
            scores = cross_validate(estimator, X, y, cv=2, scoring=scoring, params={"sample_weight": weight})
            got = scores["test_score" if scoring is scorer else "test_head"]
            by_hand = [
                scorer(estimator.fit(X[train], y[train]), X[test], y[test], sample_weight=weight[test])
                for train, test in KFold(2).split(X)
            ]
            assert_allclose(got, by_hand)
        unset = group_f1_scorer("head", boundaries=(5, 15))
        with pytest.raises(ValueError, match="sample_weight"):
            cross_validate(estimator, X, y, cv=2, scoring=unset, params={"sample_weight": weight})


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"tail": [0, 1, 1, 0]}, "names labels twice; a mask must be boolean"),
        ({1: [0]}, "groups must map names"),
    ],
)
def test_a_mask_of_integers_is_no_mask(groups, message):
    y = np.array([[1, 0, 1, 0], [0, 1, 1, 0]])
    with pytest.raises(ValueError, match=message):
        group_f1_score(y, y, groups=groups)


@pytest.mark.parametrize("given", [{"average": np.array(["macro", "micro"])}, {"group": []}, {"group": np.array([1])}])
@pytest.mark.parametrize("metric", [group_f1_score, group_precision_score, group_recall_score])
def test_options_of_any_kind_are_compared(metric, given):
    with pytest.raises(ValueError, match=f"^{next(iter(given))} must be one of .*; got "):
        metric([[1, 0]], [[1, 0]], label_counts=[9, 1], **given)
