"""Heads: their forward pass, their gradient, their units."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from skbalance.training import _batches
from skbalance.training._batches import SparseRows
from skbalance.training._heads import Head, Units, initial_weights


def weights(sizes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=s) for s in itertools.pairwise(sizes)], [rng.normal(size=n) for n in sizes[1:]]


@pytest.mark.parametrize("columns", [3, 256])
@pytest.mark.parametrize(
    ("sizes", "scaled", "weighted"),
    [
        ([9, 4], False, False),
        ([9, 6, 4], False, False),
        ([9, 6, 5, 4], False, False),
        ([9, 4], True, False),
        ([9, 7], True, False),
        ([9, 7], False, True),
        ([9, 7], True, True),
    ],
)
def test_sparse_and_dense_gradients_agree(sizes, scaled, weighted, columns, monkeypatch):
    monkeypatch.setattr(_batches, "BLOCK_COLUMNS", columns)
    rng = np.random.default_rng(0)
    X = sp.csr_array((rng.random((12, 9)) < 0.3) * rng.random((12, 9)))
    coefs, intercepts = weights(sizes)
    units = Units(*(rng.random(n) + 0.5 for n in (9, sizes[1], sizes[1], 9, 9))) if scaled else None
    if weighted:
        terms = rng.random((9, sizes[1])) + 0.5
        units = units.of_labels(slice(None), terms) if scaled else Units.of_terms(terms)
    scaled_X = X.multiply(units.by_feature).tocsr() if units else X
    results = []
    dense_X = scaled_X.toarray() - (units.center if units else 0)
    for features in (torch.from_numpy(dense_X), SparseRows.from_scipy(scaled_X, "cpu")):
        head = Head(coefs, intercepts, units=units)
        out = head(features)
        (out**2).sum().backward()
        results.append([out, *(p.grad for p in head.parameters())])
    for dense, sparse in zip(*results, strict=True):
        torch.testing.assert_close(dense, sparse)
    expected = X.toarray()
    for i, (coef, intercept) in enumerate(zip(coefs, intercepts)):
        expected = (np.maximum(expected, 0) if i else expected) @ coef + intercept
    np.testing.assert_allclose(results[0][0].detach(), expected)
    if units:
        by_coef, by_intercept = X.T @ (2 * expected), (2 * expected).sum(axis=0)
        by_coef = by_coef * units.by_feature[:, None] - np.outer(units.center, by_intercept)
        np.testing.assert_allclose(results[0][1], by_coef * units.by_coef)
        np.testing.assert_allclose(results[0][2], by_intercept * units.by_intercept)


def test_gradients_of_batches_do_not_mix():
    rng = np.random.default_rng(0)
    batches = [sp.csr_array((rng.random((3, 9)) < 0.2) * rng.random((3, 9))) for _ in range(3)]
    sums = [np.repeat(X.sum(axis=0)[:, None], 4, axis=1) for X in batches]
    head = Head(*weights([9, 4]))
    for X, expected in zip(batches, sums):
        head.zero_grad()
        head(SparseRows.from_scipy(X, "cpu")).sum().backward()
        np.testing.assert_allclose(head.coefs[0].grad, expected)
    # Without zero_grad they add up, as torch's do.
    head.zero_grad()
    for X in batches:
        head(SparseRows.from_scipy(X, "cpu")).sum().backward()
    np.testing.assert_allclose(head.coefs[0].grad, sum(sums))


TERMS = np.array([[1.0, 2.0], [3.0, 1.0], [4.0, 0.5]])


@pytest.mark.parametrize("block", [2, 1 << 18])
@pytest.mark.parametrize("terms", [None, TERMS])
def test_units_do_not_change_the_weights_nor_the_penalty(terms, block, monkeypatch):
    """But for the weights of terms, by which the penalty sees coefficients divided."""
    monkeypatch.setattr(_batches, "BLOCK_NUMBERS", block)
    coefs, intercepts = weights([3, 2])
    by_feature, by_label = np.array([5.0, 0.5, 2.0]), np.array([0.1, 3.0])
    units = Units(by_feature, by_label, np.array([0.5, 2.0]), np.array([1.0, -2.0, 0.5]), by_feature**2)
    head = Head(coefs, intercepts, units=units.of_labels(slice(0, 2), terms))
    for given, back in zip((coefs[0], intercepts[0]), (g[0] for g in head.to_numpy())):
        np.testing.assert_allclose(back, given)
    strength = np.array([2.0, 3.0])
    head.coefs[0].grad = torch.ones(3, 2, dtype=torch.float64)
    penalty = head.penalty([torch.from_numpy(strength * by_label**2)], add_gradient=True)
    penalised = coefs[0] / (1.0 if terms is None else terms)
    assert penalty.item() == pytest.approx(0.5 * (penalised**2 * strength).sum())
    np.testing.assert_allclose(head.coefs[0].grad, 1 + penalised * strength * by_feature[:, None] * by_label)


def test_units_of_some_labels():
    units = Units(*(np.arange(1.0, n + 1) for n in (3, 4, 4, 3, 3)))
    part = units.of_labels(slice(1, 3), TERMS)
    np.testing.assert_array_equal(part.by_coef, TERMS * [2, 3])
    np.testing.assert_array_equal(part.by_intercept, [2, 3])
    assert part.by_feature is units.by_feature


def test_units_of_terms_leave_all_else():
    coefs, intercepts = weights([3, 2])
    head = Head(coefs, intercepts, units=Units.of_terms(TERMS))
    np.testing.assert_allclose(head.coefs[0].detach(), coefs[0] / TERMS)
    np.testing.assert_array_equal(head.intercepts[0].detach(), intercepts[0])
    strength = np.array([2.0, 3.0])
    expected = 0.5 * ((coefs[0] / TERMS) ** 2 * strength).sum()
    assert head.penalty([torch.from_numpy(strength)]).item() == pytest.approx(expected)


@pytest.mark.parametrize("add_gradient", [True, False])
def test_penalty_of_several_layers(add_gradient):
    coefs, intercepts = weights([3, 4, 2])
    strengths = [torch.tensor(5.0), torch.tensor([2.0, 3.0], dtype=torch.float64)]
    head = Head(coefs, intercepts)
    for parameter in head.parameters():
        parameter.grad = torch.ones_like(parameter)
    expected = 0.5 * (5 * (coefs[0] ** 2).sum() + (coefs[1] ** 2 * [2.0, 3.0]).sum())
    assert head.penalty(strengths, add_gradient=add_gradient).item() == pytest.approx(expected)
    for coef, strength, parameter in zip(coefs, (5, [2, 3]), head.coefs):
        np.testing.assert_allclose(parameter.grad, 1 + add_gradient * coef * strength)
    assert all((intercept.grad == 1).all() for intercept in head.intercepts)


def test_initial_weights():
    log_odds = np.array([4.0, 0.0])
    random_state = np.random.RandomState(0)
    coefs, intercepts = initial_weights([5, 2], log_odds=log_odds, random_state=random_state, dtype=np.float32)
    assert not coefs[0].any()
    np.testing.assert_array_equal(intercepts[0], [-2, 0])
    coefs, intercepts = initial_weights([5, 3, 2], log_odds=log_odds, random_state=random_state, dtype=np.float32)
    assert 0 < np.abs(coefs[0]).max() <= np.sqrt(6 / 8)
    assert not intercepts[0].any()
    assert coefs[1].dtype == np.float32


def test_dropout_acts_in_training_only():
    head = Head(*weights([4, 50, 2]), dropout=0.5)
    x = torch.ones(3, 4, dtype=torch.float64)
    assert not torch.equal(head.train()(x), head.eval()(x))
    assert torch.equal(head.eval()(x), head.eval()(x))


def test_dropout_draws_from_its_own_generator():
    x = torch.ones(100, 50)
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first, again, other = (Head(*weights([4, 2]), dropout=0.25, seed=seed).drop(x) for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)
    assert first.unique().tolist() == pytest.approx([0, 4 / 3])
    assert float((first == 0).float().mean()) == pytest.approx(0.25, abs=0.02)
    head = Head(*weights([4, 2]), dropout=0.25, seed=3)
    assert not torch.equal(head.drop(x), head.drop(x))
    assert Head(*weights([4, 2])).drop(x) is x
    assert head.eval().drop(x) is x
