"""Cuts against exhaustive search, and their limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skbalance.crossfit import ScoredPairs, rank_pairs
from skbalance.decisions._threshold_search import (
    Objective,
    choose_labels,
    frequency_cuts,
    global_cuts,
    label_cuts,
    micro_macro_cuts,
    shrink_cuts,
)


def make_pairs(scores, targets, width=None, n_parts=2):
    labels, ranked = rank_pairs(scores.astype(np.float32), width or scores.shape[1])
    parts = np.arange(len(scores)) % n_parts
    positives = np.array([targets[parts == part].sum(axis=0) for part in range(n_parts)])
    return ScoredPairs(labels, ranked, np.take_along_axis(targets, labels, axis=1), positives, parts)


def random_problem(seed, n_rows=80, n_labels=7, decimals=1):
    rng = np.random.default_rng(seed)
    targets = rng.random((n_rows, n_labels)) < np.linspace(0.02, 0.5, n_labels)
    return np.round(rng.normal(size=targets.shape) + targets, decimals), targets


def f_score(hits, predicted, positives, beta=1.0):
    return (1 + beta**2) * hits / max(beta**2 * positives + predicted, 1e-12)


def exhaustive(score, target, value):
    """Best value over all cuts of one label."""
    cuts = np.append(np.unique(score), score.min() - 1)
    return max(value((score > cut)[target].sum(), (score > cut).sum(), target.sum()) for cut in cuts)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("micro_weight", "beta"), [(0.0, 1.0), (0.25, 1.0), (1.0, 1.0), (0.0, 2.0), (0.5, 0.5)])
def test_label_cuts_are_the_best_of_all(seed, micro_weight, beta):
    scores, targets = random_problem(seed)
    pairs = make_pairs(scores, targets)
    objective = Objective.of(pairs, micro_weight, beta)
    cuts, evidence = label_cuts(pairs, objective)
    for label, cut in enumerate(cuts):
        score, target = scores[:, label].astype(np.float32), targets[:, label]
        if not target.any():
            assert np.isnan(cut)
            assert evidence[label] == 0
            continue
        above = score > cut
        reached = objective(above[target].sum(), above.sum(), target.sum())
        assert reached == pytest.approx(exhaustive(score, target, objective))
        assert evidence[label] == target.sum()


@given(
    st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=25),
)
@settings(max_examples=150, deadline=None)
def test_label_cut_of_any_scores_with_ties(rows):
    score = np.array([[s] for s, _ in rows], dtype=float)
    target = np.array([[t] for _, t in rows])
    pairs = make_pairs(score, target)
    cuts, _ = label_cuts(pairs, lambda hits, predicted, n: 2 * hits / np.maximum(n + predicted, 1e-12))
    if not target.any() or len(np.unique(score)) == 1:
        assert np.isnan(cuts[0])
    else:
        above = score[:, 0] > cuts[0]
        reached = f_score(above[target[:, 0]].sum(), above.sum(), target.sum())
        assert reached == pytest.approx(exhaustive(score[:, 0], target[:, 0], f_score))


def test_cut_lies_halfway_between_scores():
    pairs = make_pairs(np.array([[3.0], [2.0], [0.0], [-1.0]]), np.array([[True], [True], [False], [False]]))
    cuts, _ = label_cuts(pairs, Objective.of(pairs, 0.0, 1.0))
    assert cuts == pytest.approx([1.0])


def test_unlearnt_pairs_do_not_count():
    scores = np.array([[3.0], [2.0], [0.0], [-np.inf]])
    targets = np.array([[True], [False], [False], [True]])
    pairs = make_pairs(scores, targets, n_parts=1)
    pairs.positives[:] = 1
    cuts, evidence = label_cuts(pairs, Objective.of(pairs, 0.0, 1.0))
    assert cuts == pytest.approx([2.5])
    assert evidence == [1]


@pytest.mark.parametrize("seed", range(5))
def test_global_cut_is_near_the_best(seed):
    scores, targets = random_problem(seed, decimals=4)
    pairs = make_pairs(scores, targets)
    cut = global_cuts(pairs, Objective.of(pairs, 1.0, 1.0))
    assert len(np.unique(cut)) == 1

    def micro(c):
        above = scores > c
        return f_score((above & targets).sum(), above.sum(), targets.sum())

    assert micro(cut[0]) > max(micro(c) for c in scores.ravel()) - 0.02


def test_objective_is_the_f_score_at_its_ends():
    scores, targets = random_problem(3)
    pairs = make_pairs(scores, targets)
    above = scores > 0.5
    counts = (above & targets).sum(axis=0), above.sum(axis=0), targets.sum(axis=0)
    macro = np.mean([f_score(*label) for label in zip(*counts) if label[2]])
    assert Objective.of(pairs, 0.0, 1.0)(*counts).sum() == pytest.approx(macro)
    objective = Objective.of(pairs, 1.0, 1.0)
    best = max(scores.ravel(), key=lambda c: f_score(targets[scores > c].sum(), (scores > c).sum(), targets.sum()))
    above = scores > best
    at_best = objective((above & targets).sum(axis=0), above.sum(axis=0), targets.sum(axis=0)).sum()
    assert at_best == pytest.approx(0, abs=1e-12)
    assert objective(*counts).sum() <= 1e-12


def test_frequency_cuts_depend_on_the_count_alone():
    scores, targets = random_problem(0, n_rows=300, n_labels=12)
    scores[:, 6:] += 3
    targets[:, 6:] = targets[:, 6:] & (np.random.default_rng(1).random((300, 6)) < 0.1)
    pairs = make_pairs(scores, targets)
    counts = np.repeat([5, 100], 6)
    cuts = frequency_cuts(pairs, counts, Objective.of(pairs, 0.0, 1.0), bandwidth=0.3)
    assert len(np.unique(cuts[:6])) == len(np.unique(cuts[6:])) == 1
    assert cuts[0] != cuts[6]


def test_shrinkage_between_target_and_own():
    own, target = np.array([1.0, 1.0, np.nan]), np.array([0.0, 0.0, 0.5])
    evidence = np.array([10, 1000, 0])
    assert shrink_cuts(own, evidence, target, 10.0) == pytest.approx([0.5, 1000 / 1010, 0.5])
    assert shrink_cuts(own, evidence, target, 0.0) == pytest.approx([1.0, 1.0, 0.5])


@pytest.mark.parametrize("seed", range(5))
def test_micro_macro_cuts_cannot_be_bettered_label_by_label(seed):
    scores, targets = random_problem(seed)
    cuts, _ = micro_macro_cuts(make_pairs(scores, targets))

    def value(label, cut):
        moved = np.where(np.isnan(cuts), np.inf, cuts)
        moved[label] = cut
        above = scores.astype(np.float32) > moved
        hits, predicted, positives = (above & targets).sum(axis=0), above.sum(axis=0), targets.sum(axis=0)
        own = f_score(hits[label], predicted[label], positives[label]) / np.count_nonzero(positives)
        return own + f_score(hits.sum(), predicted.sum(), positives.sum())

    for label in np.flatnonzero(~np.isnan(cuts)):
        best = max(value(label, cut) for cut in np.unique(scores[:, label]))
        assert value(label, cuts[label]) >= best - 0.01


@pytest.mark.parametrize("width", [1, 3, 7])
def test_rank_pairs_keeps_the_best(width):
    scores, _ = random_problem(0)
    labels, ranked = rank_pairs(scores, width)
    np.testing.assert_array_equal(ranked, -np.sort(-scores, axis=1)[:, :width])
    np.testing.assert_array_equal(np.take_along_axis(scores, labels, axis=1), ranked)


@pytest.mark.parametrize(("least", "most"), [(0, None), (1, None), (2, 3), (0, 1), (3, 3)])
def test_choose_labels_keeps_within_bounds(least, most):
    margins = np.random.default_rng(0).normal(size=(50, 6)) - 0.5
    chosen = choose_labels(margins.copy(), least, most)
    found = chosen.sum(axis=1)
    assert found.min() >= least
    assert most is None or found.max() <= most
    for row, mask in zip(margins, chosen):
        if mask.any() and not mask.all():
            assert row[mask].min() >= row[~mask].max()
    free = ((margins > 0).sum(axis=1) >= least) & ((margins > 0).sum(axis=1) <= (most or 6))
    np.testing.assert_array_equal(chosen[free], margins[free] > 0)


def test_what_must_not_be_predicted_is_not_filled_in():
    chosen = choose_labels(np.array([[-np.inf, -2.0, -np.inf]]), 2, None)
    np.testing.assert_array_equal(chosen, [[False, True, False]])


def test_parts_of_pairs():
    scores, targets = random_problem(0)
    pairs = make_pairs(scores, targets, n_parts=4)
    inside, outside = pairs.rows(1, without=False), pairs.rows(1, without=True)
    assert len(inside.scores) + len(outside.scores) == len(scores)
    np.testing.assert_array_equal(inside.positives.sum(axis=0), targets[1::4].sum(axis=0))
    np.testing.assert_array_equal((inside.positives + outside.positives).sum(axis=0), targets.sum(axis=0))


def test_thousands_of_labels_take_seconds():
    rng = np.random.default_rng(0)
    n_rows, n_labels, width = 20_000, 18_000, 32
    labels = np.sort(rng.integers(0, n_labels, (n_rows, width)), axis=1).astype(np.int32)
    scores = -np.sort(-rng.normal(size=labels.shape), axis=1).astype(np.float32)
    targets = rng.random(labels.shape) < 0.2
    positives = np.bincount(labels[targets], minlength=n_labels)[None]
    pairs = ScoredPairs(labels, scores, targets, positives, np.zeros(n_rows, dtype=int))
    objective = Objective.of(pairs, 0.25, 1.0)
    own, evidence = label_cuts(pairs, objective)
    cuts = shrink_cuts(own, evidence, frequency_cuts(pairs, positives[0], objective), 20.0)
    assert np.isfinite(cuts).all()
