import math

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.metrics import ndcg_score

from skbalance import _responses
from skbalance.metrics import (
    label_propensities,
    ndcg_at_k_score,
    precision_at_k_score,
    propensity_scored_ndcg_at_k_score,
    propensity_scored_precision_at_k_score,
    r_precision_score,
    recall_at_k_score,
)

Y = np.array([[1, 0, 1, 1], [0, 1, 0, 0], [0, 0, 0, 0]])
S = np.array([[0.9, 0.8, 0.7, 0.1], [0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]])
# labels by rank: 0 1 2 3 / 0 1 2 3 / 3 2 1 0; hits: 1 0 1 1 / 0 1 0 0 / 0 0 0 0
LOG3 = 1 / np.log2(3)


def scores(metric):
    def with_propensities(y_true, y_score, **kwargs):
        propensities = np.linspace(0.2, 1, np.shape(y_true)[1])
        return metric(y_true, y_score, propensities=propensities, **kwargs)

    return with_propensities


AT_K = {
    "precision": precision_at_k_score,
    "recall": recall_at_k_score,
    "ndcg": ndcg_at_k_score,
    "ps_precision": scores(propensity_scored_precision_at_k_score),
    "ps_ndcg": scores(propensity_scored_ndcg_at_k_score),
}


@pytest.mark.parametrize(
    ("metric", "k", "expected"),
    [
        (precision_at_k_score, 1, 1 / 3),
        (precision_at_k_score, 2, (1 / 2 + 1 / 2) / 3),
        (precision_at_k_score, 3, (2 / 3 + 1 / 3) / 3),
        (precision_at_k_score, 4, (3 / 4 + 1 / 4) / 3),
        (recall_at_k_score, 1, (1 / 3) / 3),
        (recall_at_k_score, 2, (1 / 3 + 1) / 3),
        (ndcg_at_k_score, 1, 1 / 3),
        (ndcg_at_k_score, 2, (1 / (1 + LOG3) + LOG3) / 3),
        (ndcg_at_k_score, 4, ((1 + 1 / 2 + 1 / np.log2(5)) / (1 + LOG3 + 1 / 2) + LOG3) / 3),
    ],
)
def test_hand_computed(metric, k, expected):
    assert_allclose(metric(Y, S, k=k), expected)


def test_hand_computed_r_precision():
    # the top 3 of row 0 hold two of its three labels, the top 1 of row 1 none
    assert_allclose(r_precision_score(Y, S), (2 / 3 + 0) / 3)
    assert_allclose(r_precision_score(Y, S, zero_division=np.nan), (2 / 3 + 0) / 2)
    assert_allclose(r_precision_score(Y, S, sample_weight=[3, 1, 0]), (2 / 3 * 3) / 4)


def test_hand_computed_propensity_scores():
    p = [0.5, 0.25, 0.125, 1.0]  # worth 2 4 8 1
    # k=2: row 0 wins 2 of 10, row 1 wins 4 of 4
    assert_allclose(propensity_scored_precision_at_k_score(Y, S, propensities=p, k=2), 6 / 14)
    # row 0 wins 2 of 8 + 2 LOG3, over 1 + LOG3; row 1 wins 4 LOG3 of 4, over 1
    gained = 2 / (1 + LOG3) + 4 * LOG3
    possible = (8 + 2 * LOG3) / (1 + LOG3) + 4
    assert_allclose(propensity_scored_ndcg_at_k_score(Y, S, propensities=p, k=2), gained / possible)
    weighted = propensity_scored_precision_at_k_score(Y, S, propensities=p, k=2, sample_weight=[2, 1, 9])
    assert_allclose(weighted, 8 / 24)


@pytest.mark.parametrize("zero_division", [0, 1, np.nan])
@pytest.mark.parametrize("metric", [recall_at_k_score, ndcg_at_k_score])
def test_rows_without_labels(metric, zero_division):
    there = metric(Y[:2], S[:2], k=2)
    expected = there if np.isnan(zero_division) else (2 * there + zero_division) / 3
    assert_allclose(metric(Y, S, k=2, zero_division=zero_division), expected)
    assert np.isnan(metric(Y[2:], S[2:], k=2, zero_division=np.nan))


@pytest.mark.parametrize("k", [1, 3, 8])
def test_agrees_with_sklearn(k):
    rng = np.random.default_rng(0)
    y, s, weight = rng.integers(0, 2, (50, 8)), rng.normal(size=(50, 8)), rng.uniform(size=50)
    y[:3] = 0
    assert_allclose(ndcg_at_k_score(y, s, k=k, sample_weight=weight), ndcg_score(y, s, k=k, sample_weight=weight))


def problem(seed, n=9, n_labels=7):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, (n, n_labels)) * rng.integers(0, 2, (n, n_labels))
    return rng, y, rng.permuted(np.tile(np.arange(n_labels, dtype=float), (n, 1)), axis=1)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 7))
def test_properties(seed, k):
    rng, y, s = problem(seed)
    order = rng.permutation(7)
    for name, metric in AT_K.items():
        value = metric(y, s, k=k)
        if not y.any():
            assert np.isnan(value) or value == 0
            continue
        assert 0 <= value <= 1 + 1e-12
        assert_allclose(metric(sp.csr_array(y), s, k=k), value)
        assert_allclose(metric(y, s * 3 - 5, k=k), value)
        assert_allclose(metric(y, s, k=k, sample_weight=np.full(9, 2.5)), value)
        if not name.startswith("ps"):
            assert_allclose(metric(y[:, order], s[:, order], k=k), value)
        stored = sp.csr_array(s + 1)  # every entry stored
        assert_allclose(metric(y, stored, k=k), value)
    assert_allclose(r_precision_score(y[:, order], s[:, order]), r_precision_score(y, s))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 7))
def test_a_perfect_ranking_scores_one(seed, k):
    _, y, s = problem(seed)
    y[:, 0] = 1
    worth = 1 / np.linspace(0.2, 1, 7)
    for name, metric in AT_K.items():
        best = y * (worth + 10) if name.startswith("ps") else y * 10 + s / 10
        expected = {
            "precision": np.minimum(y.sum(axis=1), k).mean() / k,
            "recall": np.minimum(k / y.sum(axis=1), 1).mean(),
        }.get(name, 1.0)
        assert_allclose(metric(y, best, k=k), expected)
    assert_allclose(r_precision_score(y, y * 10 + s / 10), 1.0)


def test_equal_scores_rank_by_label():
    y, flat = [[0, 1, 1, 0]], np.zeros((1, 4))
    assert [precision_at_k_score(y, flat, k=k) for k in (1, 2, 3, 4)] == [0, 0.5, 2 / 3, 0.5]
    assert precision_at_k_score(y, [[0, 1, 0, 1]], k=2) == 0.5
    assert precision_at_k_score(y, [[0, 1, 0, 1]], k=3) == pytest.approx(1 / 3)


def test_entries_that_are_not_stored_never_hit():
    y = [[1, 1, 0], [0, 0, 1]]
    stored = sp.csr_array(([-2.0, 3.0], ([0, 1], [1, 1])), shape=(2, 3))
    assert precision_at_k_score(y, stored, k=3) == pytest.approx((1 / 3 + 0) / 2)
    assert recall_at_k_score(y, stored, k=3) == pytest.approx((1 / 2 + 0) / 2)
    assert ndcg_at_k_score(y, stored, k=1) == 0.5


def test_blocks_change_nothing(monkeypatch):
    _, y, s = problem(0, n=40)
    whole = [metric(y, s, k=3) for metric in AT_K.values()]
    monkeypatch.setattr(_responses, "BLOCK_ELEMENTS", 20)
    assert_allclose([metric(sp.csr_array(y), sp.csr_array(s + 1), k=3) for metric in AT_K.values()], whole)


def test_wide_targets_are_taken_in_blocks():
    rng = np.random.default_rng(0)
    n, n_labels = 1000, 18_211
    columns = rng.integers(0, n_labels, (n, 20))
    data = rng.uniform(0.1, 1, columns.shape)
    rows = np.arange(n).repeat(20)
    s = sp.csr_array((data.ravel(), (rows, columns.ravel())), shape=(n, n_labels))
    y = (s > 0.5).astype(np.int8)
    assert r_precision_score(y[:200], s[:200]) == 1.0
    assert precision_at_k_score(y, s, k=1) > 0.99


@pytest.mark.parametrize(
    ("args", "kwargs", "match"),
    [
        ((Y, S[:, :3]), {}, r"shape of y_true, \(3, 4\)"),
        ((Y, np.where(S > 0.8, np.nan, S)), {}, "NaN"),
        ((Y, np.where(S > 0.8, np.inf, S)), {}, "infinity"),
        ((Y, S.astype(str)), {}, "bytes/strings"),
        ((Y * 2, S), {}, r"holds \[2\]"),
        ((Y, S), {"k": 0}, "from 1 to the number of labels, 4; got 0"),
        ((Y, S), {"k": 5}, "got 5"),
        ((Y, S), {"k": 1.5}, "got 1.5"),
        ((Y, S), {"k": None}, "k must be an integer .*; got None"),
        ((Y, [[1], [1, 2]]), {}, "inhomogeneous shape"),
        ((Y, S), {"sample_weight": [1, 2]}, "sample_weight"),
        ((Y[:0], S[:0]), {}, "no rows"),
    ],
)
@pytest.mark.parametrize("metric", AT_K.values(), ids=AT_K)
def test_bad_input(metric, args, kwargs, match):
    with pytest.raises(ValueError, match=match):
        metric(*args, **({"k": 2} | kwargs))


@pytest.mark.parametrize("metric", [recall_at_k_score, ndcg_at_k_score])
def test_bad_zero_division(metric):
    with pytest.raises(ValueError, match=r"zero_division.*0\.3"):
        metric(Y, S, k=1, zero_division=0.3)


def test_propensities_and_counts_are_one():
    counts = [3, 1, 1, 1]
    p = label_propensities(counts, 100)
    for metric in (propensity_scored_precision_at_k_score, propensity_scored_ndcg_at_k_score):
        by_counts = metric(Y, S, label_counts=counts, n_samples=100, k=2)
        assert_allclose(by_counts, metric(Y, S, propensities=p, k=2))


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.coo_matrix])
def test_malformed_scores_are_refused(kind):
    scores = kind(np.eye(4))
    name = "indices" if kind is sp.csr_matrix else "row"
    setattr(scores, name, np.array([2**30, 1, 2, 3]))
    with pytest.raises(ValueError, match="y_score is a malformed"):
        precision_at_k_score(np.eye(4), scores, k=1)


@pytest.mark.parametrize(("A", "B"), [(0.55, 1.5), (0.5, 0.4), (0.6, 2.6)])
def test_propensities_by_the_formula(A, B):
    C = (math.log(7770) - 1) * (B + 1) ** A
    expected = [1 / (1 + C * math.exp(-A * math.log(n + B))) for n in (0, 1, 2877)]
    assert_allclose(label_propensities([0, 1, 2877], 7770, A=A, B=B), expected)


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=9, unique=True), st.integers(1, 10**7))
def test_propensities_lie_between_zero_and_one_and_grow(counts, n_samples):
    p = label_propensities(sorted(counts), n_samples)
    assert ((p > 0) & (p <= 1)).all()
    assert (np.diff(p) >= 0).all()


@pytest.mark.parametrize(
    ("args", "kwargs", "match"),
    [
        (([[1]], 5), {}, "vector"),
        (([-1], 5), {}, "at least 0"),
        (([np.nan], 5), {}, "finite"),
        (([1], 0), {}, "n_samples.*0"),
        (([1], "many"), {}, "n_samples.*'many'"),
        (([1], 5), {"A": -1}, "A must"),
        (([1], 5), {"B": np.inf}, "B must"),
    ],
)
def test_bad_arguments_of_propensities(args, kwargs, match):
    with pytest.raises(ValueError, match=match):
        label_propensities(*args, **kwargs)


@pytest.mark.parametrize(
    ("kwargs", "match"),
    [
        ({}, "either propensities or label_counts"),
        ({"propensities": [1, 1], "label_counts": [1, 1]}, "either propensities or label_counts"),
        ({"label_counts": [1, 1]}, "needs n_samples"),
        ({"propensities": [1, 1, 1]}, r"2 labels.*\(3,\)"),
        ({"propensities": [0, 1]}, "greater than 0"),
        ({"propensities": [1.5, 1]}, "at most 1"),
        ({"propensities": [np.nan, 1]}, "at most 1"),
    ],
)
def test_bad_propensities(kwargs, match):
    with pytest.raises(ValueError, match=match):
        propensity_scored_precision_at_k_score([[1, 0]], [[0.5, 0.2]], k=1, **kwargs)


@pytest.mark.parametrize("dtype", [object, "Float64"])
def test_scores_in_nullable_columns(dtype):
    for metric in AT_K.values():
        assert metric(Y, pd.DataFrame(S).astype(dtype), k=2) == metric(Y, S, k=2)
        with pytest.raises((TypeError, ValueError), match=r"y_score contains NaN|NAType"):
            metric(Y, pd.DataFrame(S).astype(dtype).mask(S > 0.8, pd.NA), k=2)
