"""Negative sampling: which samples a label is trained on, and for how many each stands."""

import numpy as np
import pytest
import scipy.sparse as sp
from joblib import parallel_config

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import make_long_tailed_multilabel
from skbalance.losses import ClassBalancedFocalLoss, DistributionBalancedLoss
from skbalance.training import _negatives
from skbalance.training._batches import TrainingData
from skbalance.training._negatives import NegativeSampling, choose_samples, near_samples

EXACT = {"solver": "lbfgs", "tol": 1e-12, "max_iter": 3000, "random_state": 0}
# One of each kind of weights, with what belongs to labels and what to samples.
SEPARABLE = [
    "balanced_ntr",
    "squared_hinge",
    ClassBalancedFocalLoss(mode="min_n"),
    DistributionBalancedLoss(reweight_norm="batch"),
    "asymmetric",
]


@pytest.fixture(scope="module")
def data():
    X, y = make_long_tailed_multilabel(300, 12, n_features=80, length=12, random_state=0)
    return sp.csr_matrix(X / sp.linalg.norm(X, axis=1)[:, None]), y.toarray()


def chosen(known, n_negatives, near=(), scores=(), weight=None, seed=0):
    weight = np.ones(100) if weight is None else weight
    generator = np.random.default_rng(seed)
    known, near, scores = np.array(known, int), np.array(near, int), np.array(scores, float)
    return choose_samples(known, near, scores, weight, n_negatives, generator)


def test_positives_near_and_drawn_samples_are_chosen():
    near = [3, 50, 60, 70, 80, 90]
    rows, factor = chosen([3, 7], 10, near, [9, 1, 5, 3, 2, 4])
    assert len(rows) == 12
    assert np.all(np.diff(rows) > 0)
    assert {3, 7, 60, 70, 90} <= set(rows[factor == 1])  # three of ten are the nearest that do not have the label
    assert np.sum(factor == 1) == 5
    np.testing.assert_allclose(factor[factor != 1], 95 / 7)


@pytest.mark.parametrize("seed", range(3))
def test_weights_add_up_to_those_of_all_samples(seed):
    weight = np.random.default_rng(seed).uniform(0.5, 2, 100)
    rows, factor = chosen([1, 40, 99], 20, [2, 41], [1, 1], weight, seed)
    assert factor @ weight[rows] == pytest.approx(weight.sum())


def test_every_other_sample_is_drawn_as_often():
    drawn = np.zeros(100)
    for seed in range(2000):
        rows, factor = chosen([0, 50], 10, [99], [1.0], seed=seed)
        drawn[rows] += 1
    assert np.all(drawn[[0, 50, 99]] == 2000)
    rest = np.delete(drawn, [0, 50, 99]) / 2000
    assert rest.mean() == pytest.approx(9 / 97)
    assert np.abs(rest - 9 / 97).max() < 5 * np.sqrt(9 / 97 / 2000)


def test_of_no_more_samples_than_asked_for_all_are_chosen():
    rows, factor = chosen([3, 7], 98)
    np.testing.assert_array_equal(rows, np.arange(100))
    assert np.all(factor == 1)


def test_labels_of_many_positives_have_more_negatives():
    np.testing.assert_array_equal(NegativeSampling(10, 0).of_label(np.array([0, 5, 6, 50])), [10, 10, 12, 100])


def test_near_samples_have_what_is_typical_for_the_label():
    X = sp.csr_array(np.array([[1.0, 0, 0], [0, 1, 0], [2, 0, 1], [0, 0, 1]]))
    y = sp.csr_array(np.array([[1, 0], [0, 0], [0, 0], [0, 0]]))
    np.testing.assert_array_equal(near_samples(X, y, None).toarray(), [[1, 0], [0, 0], [2, 0], [0, 0]])
    by_term = np.array([[3.0, 1], [1, 1], [1, 1]])
    np.testing.assert_array_equal(near_samples(X, y, by_term).toarray()[:, 0], [9, 0, 18, 0])


def test_few_typical_features_are_enough(monkeypatch):
    monkeypatch.setattr(_negatives, "NEAR_FEATURES", 1)
    X = sp.csr_array(np.array([[1.0, 3, 2], [1, 0, 0], [0, 1, 0], [0, 0, 1]]))
    y = sp.csr_array(np.array([[1], [0], [0], [0]]))
    np.testing.assert_array_equal(near_samples(X, y, None).toarray().ravel(), [9, 0, 3, 0])


def test_blocks_hold_about_as_many_values(monkeypatch):
    monkeypatch.setattr(_negatives, "BLOCK_VALUES", 100)
    y = sp.csr_array(np.eye(50, 20, dtype=int))
    blocks = NegativeSampling(5, 0).blocks(TrainingData(sp.csr_array(np.ones((50, 4))), y, np.ones(50)))
    assert [(block.start, block.stop) for block in blocks] == [(0, 4), (4, 8), (8, 12), (12, 16), (16, 20)]
    assert NegativeSampling(10**6, 0).blocks(TrainingData(sp.csr_array(np.ones((50, 4))), y, np.ones(50)))[0].stop == 1


@pytest.mark.parametrize("loss", SEPARABLE, ids=str)
@pytest.mark.parametrize("term_weighting", [None, "rf"])
def test_all_negatives_have_the_minimum_of_the_full_fit(data, loss, term_weighting):
    X, y = data
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y))
    params = {**EXACT, "loss": loss, "term_weighting": term_weighting, "alpha": 1e-3}
    full = BalancedMultiLabelClassifier(**params).fit(X, y, weight)
    sampled = BalancedMultiLabelClassifier(**params, negative_sampling=300).fit(X, y, weight)
    np.testing.assert_allclose(sampled.decision_function(X), full.decision_function(X), atol=2e-3)
    np.testing.assert_allclose(sampled.coefs_[0], full.coefs_[0], atol=2e-3 * np.abs(full.coefs_[0]).max())
    assert sampled.loss_curve_[-1] == pytest.approx(full.loss_curve_[-1], rel=1e-5)


def test_unknown_soft_and_smoothed_labels(data):
    X, y = data[0], data[1].astype(float)
    y[::7, 1], y[::5, 2], y[3::11, 0] = np.nan, 0.3, np.nan
    params = {**EXACT, "uncertain_labels": True, "label_smoothing": 0.1, "alpha": 1e-3}
    full = BalancedMultiLabelClassifier(**params).fit(X, y)
    sampled = BalancedMultiLabelClassifier(**params, negative_sampling=300).fit(X, y)
    np.testing.assert_allclose(sampled.decision_function(X), full.decision_function(X), atol=2e-3)


def test_it_learns_the_labels_from_some_negatives():
    X, y = make_long_tailed_multilabel(2000, 20, n_features=500, random_state=0)
    X = sp.csr_matrix(X / sp.linalg.norm(X, axis=1)[:, None])
    full, sampled = (
        BalancedMultiLabelClassifier(negative_sampling=negatives, random_state=0).fit(X[:1500], y[:1500])
        for negatives in (None, 100)
    )
    truth = y[1500:].toarray()
    right, wrong = ((model.predict(X[1500:]).toarray() != truth).mean() for model in (sampled, full))
    assert right < 1.3 * wrong
    assert np.abs(sampled.coefs_[0] - full.coefs_[0]).max() > 1e-2


def test_seeds_decide_and_blocks_do_not(data, monkeypatch):
    X, y = data

    def coef(seed):
        params = {**EXACT, "random_state": seed}
        return BalancedMultiLabelClassifier(**params, negative_sampling=40).fit(X, y).coefs_[0]

    first = coef(0)
    np.testing.assert_array_equal(coef(0), first)
    assert np.abs(coef(1) - first).max() > 1e-2
    monkeypatch.setattr(_negatives, "BLOCK_VALUES", 1000)
    np.testing.assert_allclose(coef(0), first, atol=2e-3 * np.abs(first).max())


def test_a_label_without_a_positive(data):
    X, y = data
    y = np.column_stack([y, np.zeros(len(y), int)])
    with pytest.warns(UserWarning, match="label"):
        model = BalancedMultiLabelClassifier(negative_sampling=40, random_state=0).fit(X, y)
    assert not model.predict(X)[:, -1].any()
    assert not model.coefs_[0][:, -1].any()


def test_warm_start_goes_on_from_the_weights(data):
    X, y = data
    model = BalancedMultiLabelClassifier(negative_sampling=300, warm_start=True, **EXACT).fit(X, y)
    first, last = model.loss_curve_[0], model.loss_curve_[-1]
    model.fit(X, y)
    assert model.loss_curve_[0] == pytest.approx(last, rel=1e-6)
    assert first > 1.1 * last


def test_auto_samples_where_there_are_many_labels_and_samples(data, monkeypatch):
    X, y = data

    def same(**params):
        full = BalancedMultiLabelClassifier(device="cpu", random_state=0).fit(X, y)
        auto = BalancedMultiLabelClassifier(device="cpu", random_state=0, negative_sampling="auto", **params).fit(X, y)
        return np.array_equal(auto.coefs_[0], full.coefs_[0])

    assert same()
    for name, value in (("NEGATIVES", 40), ("MANY_LABELS", 12), ("MANY_SAMPLES", 300)):
        monkeypatch.setattr(_negatives, name, value)
    assert not same()
    monkeypatch.setattr(_negatives, "MANY_LABELS", 13)
    assert same()


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"solver": "adam"}, "solver='adam'"),
        ({"hidden_layer_sizes": (4,)}, r"hidden_layer_sizes=\(4,\)"),
        ({"loss": "zlpr"}, "ZLPR"),
        ({}, "dense X"),
    ],
)
def test_what_has_no_sampling_is_refused(data, params, told):
    X, y = data
    X = X if params else X.toarray()
    model = BalancedMultiLabelClassifier(negative_sampling=10, **params)
    with pytest.raises(ValueError, match=f"negative_sampling=10 is for sparse X and a linear model.*{told}"):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")


def test_blocks_side_by_side_and_small_coefficients(data, monkeypatch):
    X, y = data
    monkeypatch.setattr(_negatives, "BLOCK_VALUES", 2000)
    params = {**EXACT, "negative_sampling": 40, "coef_threshold": 0.0}
    alone = BalancedMultiLabelClassifier(**params).fit(X, y)
    with parallel_config("threading"):
        model = BalancedMultiLabelClassifier(**params, n_jobs=2).fit(X, y)
    assert sp.issparse(model.coefs_[0])
    np.testing.assert_array_equal(model.coefs_[0].toarray(), alone.coefs_[0].toarray())
    dense = BalancedMultiLabelClassifier(**EXACT, negative_sampling=40).fit(X, y)
    np.testing.assert_allclose(model.decision_function(X), dense.decision_function(X), atol=1e-8)
