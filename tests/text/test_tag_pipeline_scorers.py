"""On which features and for which tags each scorer is trained."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.preprocessing import normalize

from skbalance import BalancedMultiLabelClassifier
from skbalance.memory import CosineCentroidClassifier
from skbalance.text import _tag_pipeline
from skbalance.text._tag_pipeline import FeatureBlockClassifier, FrequentLabelsClassifier

RNG = np.random.default_rng(0)
X = sp.csr_matrix(RNG.random((80, 10)) * (RNG.random((80, 10)) < 0.5))
COUNTS = [40, 12, 3, 2, 1]
Y = np.zeros((80, 5), dtype=int)
for _label, _count in enumerate(COUNTS):
    Y[RNG.choice(80, _count, replace=False), _label] = 1


class Recorder(ClassifierMixin, BaseEstimator):
    """Keeps what it was given; the sum of a row is its score for every label."""

    def fit(self, X, y, sample_weight=None):
        self.X_, self.y_, self.sample_weight_ = X, y, sample_weight
        self.classes_ = np.tile([0, 1], (y.shape[1], 1))
        return self

    def decision_function(self, X):
        scores = np.repeat(np.asarray(X.sum(axis=1)).reshape(-1, 1), self.y_.shape[1], axis=1)
        return scores[:, 0] if scores.shape[1] == 1 else scores


@pytest.fixture
def needed(monkeypatch):
    """Set how many rows a label needs for a linear model; of five labels it is 2."""
    return lambda least: monkeypatch.setattr(_tag_pipeline, "_min_positives", lambda n_labels: least)


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array, sp.csr_matrix])
@pytest.mark.parametrize(("least", "frequent"), [(None, 4), (3, 3), (1, 5), (13, 1)])
def test_frequent_labels_are_trained_and_rare_ones_remembered(make, least, frequent, needed):
    if least is not None:
        needed(least)
    model = FrequentLabelsClassifier(Recorder()).fit(X, make(Y))
    given = model.estimator_.y_
    np.testing.assert_array_equal(given.toarray() if sp.issparse(given) else given, Y[:, :frequent])
    scores = model.decision_function(X)
    assert scores.shape == (80, 5)
    assert len(model.classes_) == 5
    np.testing.assert_allclose(scores[:, :frequent], np.tile(X.sum(axis=1), (1, frequent)))
    for label in range(frequent, 5):
        mean = normalize(np.asarray(normalize(X)[Y[:, label] > 0].mean(axis=0)).reshape(1, -1))[0]
        np.testing.assert_allclose(scores[:, label], 2 * (normalize(X) @ mean) - 1.2, rtol=1e-10)


def test_frequent_labels_may_stand_anywhere(needed):
    needed(3)
    order = np.array([3, 0, 4, 2, 1])
    model = FrequentLabelsClassifier(Recorder())
    expected = model.fit(X, Y).decision_function(X)
    np.testing.assert_array_equal(clone(model).fit(X, Y[:, order]).decision_function(X), expected[:, order])


@pytest.mark.parametrize(("n_labels", "least"), [(1, 1), (10, 2), (100, 2), (101, 3), (1000, 3), (10_000, 4)])
def test_how_many_rows_a_linear_model_needs_by_itself(n_labels, least):
    y = np.zeros((6, n_labels), dtype=int)
    for label in range(n_labels):
        y[: 1 + label % 6, label] = 1
    model = FrequentLabelsClassifier(Recorder()).fit(sp.csr_matrix(np.eye(6)), sp.csr_array(y))
    np.testing.assert_array_equal(model.frequent_, y.sum(axis=0) >= least)


def test_where_all_are_rare_the_most_frequent_ones_are_trained(needed):
    needed(1000)
    model = FrequentLabelsClassifier(Recorder()).fit(X, Y)
    np.testing.assert_array_equal(model.frequent_, [True, False, False, False, False])
    assert model.decision_function(X).shape == (80, 5)


@pytest.mark.parametrize("least", [2, 13])
def test_a_weight_is_so_many_rows_and_0_none(least, needed):
    """With one linear model, and with four of them."""
    needed(least)
    weight = np.ones(80)
    weight[::3] = 0
    used = np.repeat(np.arange(80), weight.astype(int))
    model = FrequentLabelsClassifier(BalancedMultiLabelClassifier("squared_hinge", random_state=0))
    weighted = clone(model).fit(X, sp.csr_matrix(Y), sample_weight=weight)
    without = clone(model).fit(X[used], sp.csr_matrix(Y[used]))
    np.testing.assert_array_equal(weighted.frequent_, without.frequent_)
    np.testing.assert_allclose(weighted.decision_function(X), without.decision_function(X), atol=1e-4)


def test_the_linear_model_alone_where_no_label_is_rare(needed):
    needed(1)
    inner = BalancedMultiLabelClassifier("squared_hinge", random_state=0)
    found = FrequentLabelsClassifier(inner).fit(X, Y).decision_function(X)
    np.testing.assert_array_equal(found, clone(inner).fit(X, Y).decision_function(X))
    single = FrequentLabelsClassifier(inner).fit(X, sp.csr_matrix(Y[:, :1])).decision_function(X)
    expected = clone(inner).fit(X, sp.csr_matrix(Y[:, :1])).decision_function(X)
    np.testing.assert_array_equal(single, expected)


@pytest.mark.parametrize("make", [sp.csr_matrix, sp.csr_array])
@pytest.mark.parametrize(("start", "stop"), [(0, 4), (4, 10), (0, 10)])
def test_a_block_of_the_features(make, start, stop):
    model = FeatureBlockClassifier(CosineCentroidClassifier(), start, stop).fit(make(X), Y)
    expected = CosineCentroidClassifier().fit(X[:, start:stop], Y).decision_function(X[:, start:stop])
    np.testing.assert_array_equal(model.decision_function(make(X)), expected)
    assert len(model.classes_) == 5
    with pytest.raises(ValueError, match="features"):
        model.decision_function(make(X)[:, : stop - 1])


def test_weights_reach_the_classifier_of_a_block():
    weight = RNG.random(80)
    model = FeatureBlockClassifier(FrequentLabelsClassifier(Recorder()), 2, 5).fit(X, Y, sample_weight=weight)
    inner = model.estimator_.estimator_
    np.testing.assert_array_equal(inner.sample_weight_, weight)
    np.testing.assert_array_equal(inner.X_.toarray(), X[:, 2:5].toarray())


def hinge():
    return BalancedMultiLabelClassifier("squared_hinge", random_state=0)


def in_chunks(model, make=sp.csr_matrix):
    first, *others = np.array_split(np.arange(80), 4)
    model.fit(X[first], make(Y[first]))
    for rows in others:
        model.partial_fit(X[rows], make(Y[rows]))
    return model


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_chunks_teach_what_all_of_them_do(make, needed):
    needed(3)
    model, whole = in_chunks(FrequentLabelsClassifier(hinge()), make), FrequentLabelsClassifier(hinge()).fit(X, Y)
    np.testing.assert_array_equal(model.counts_, COUNTS)
    np.testing.assert_array_equal(model.frequent_, whole.frequent_)
    np.testing.assert_array_equal(model.estimator_.label_counts_, COUNTS[:3])
    found, expected = model.decision_function(X), whole.decision_function(X)
    np.testing.assert_allclose(found[:, 3:], expected[:, 3:], rtol=1e-10)
    assert np.corrcoef(found[:, 0], expected[:, 0])[0, 1] > 0.85


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_label_that_becomes_frequent_starts_as_its_mean(place, needed):
    """The chunk that it reaches the number with has none of the features that its mean has."""
    needed(3)
    rows = normalize(sp.csr_matrix(np.hstack([X[:, :5].toarray(), np.zeros((80, 1))])))
    order = np.insert([0, 1], place, 3)
    y = Y[:, order].copy()
    y[:, place] = 0
    y[:2, place] = 1
    model = FrequentLabelsClassifier(hinge()).fit(rows, y)
    assert np.flatnonzero(~model.frequent_).tolist() == [place]
    before = model.decision_function(rows)
    chunk, labels = sp.csr_matrix(np.eye(1, 6, 5)), np.zeros((1, 3), dtype=int)
    labels[0, place] = 1
    model.partial_fit(chunk, labels)
    assert model.frequent_.all()
    after = model.decision_function(rows)
    np.testing.assert_allclose(after - after[0], before - before[0], atol=1e-6)
    assert np.abs(after - before)[:, place].max() < 0.7
    assert model.decision_function(chunk)[0, place] > 0


def test_what_a_chunk_is_refused_for_changes_nothing(needed):
    needed(3)
    model = FrequentLabelsClassifier(hinge()).fit(X[:20], Y[:20])
    before = vars(model).copy(), model.decision_function(X)
    for bad in ((X[:, :4], Y), (X * np.nan, Y), (X[:5], 2 * Y[:5]), (X[:0], Y[:0])):
        with pytest.raises(ValueError):
            model.partial_fit(*bad)
        assert vars(model).keys() == before[0].keys()
        np.testing.assert_allclose(model.decision_function(X), before[1], rtol=1e-12)
        np.testing.assert_array_equal(model.counts_, before[0]["counts_"])


def test_blocks_of_features_that_come_later(needed):
    needed(3)
    first, second = (
        FeatureBlockClassifier(FrequentLabelsClassifier(hinge()), *block).fit(X, Y) for block in ((0, 4), (4, 10))
    )
    places = np.r_[np.arange(4), np.arange(6, 12)]
    wider = np.zeros((80, 13))
    wider[:, places] = X.toarray()
    wider = sp.csr_matrix(wider)
    for model, block in ((first, (0, 6)), (second, (6, 13))):
        before = model.decision_function(X)
        model._widen(places, 13)
        assert (model.start, model.stop) == block
        np.testing.assert_allclose(model.decision_function(wider), before, rtol=1e-10, atol=1e-12)
        assert model.partial_fit(wider, Y) is model


def test_a_block_learns_in_chunks():
    model = in_chunks(FeatureBlockClassifier(CosineCentroidClassifier(), 2, 7))
    expected = FeatureBlockClassifier(CosineCentroidClassifier(), 2, 7).fit(X, Y)
    np.testing.assert_allclose(model.decision_function(X), expected.decision_function(X), rtol=1e-10)
