"""Thresholds against exhaustive search, and their limits."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skbalance.decisions._candidates import rank_pairs
from skbalance.decisions._thresholds import (
    Objective,
    ScoredPairs,
    frequency_thresholds,
    global_thresholds,
    label_thresholds,
    micro_macro_thresholds,
    shrink_thresholds,
    similar_thresholds,
    weighted_quantiles,
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
    """Best value over all thresholds of one label."""
    thresholds = np.append(np.unique(score), score.min() - 1)
    return max(
        value((score > threshold)[target].sum(), (score > threshold).sum(), target.sum()) for threshold in thresholds
    )


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("micro_weight", "beta"), [(0.0, 1.0), (0.25, 1.0), (1.0, 1.0), (0.0, 2.0), (0.5, 0.5)])
def test_label_thresholds_are_the_best_of_all(seed, micro_weight, beta):
    scores, targets = random_problem(seed)
    pairs = make_pairs(scores, targets)
    objective = Objective.of(pairs, micro_weight, beta)
    thresholds, evidence = label_thresholds(pairs, objective)
    for label, threshold in enumerate(thresholds):
        score, target = scores[:, label].astype(np.float32), targets[:, label]
        if not target.any():
            assert np.isnan(threshold)
            assert evidence[label] == 0
            continue
        above = score > threshold
        reached = objective(above[target].sum(), above.sum(), target.sum())
        assert reached == pytest.approx(exhaustive(score, target, objective))
        assert evidence[label] == target.sum()


@given(
    st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=25),
)
@settings(max_examples=150, deadline=None)
def test_label_threshold_of_any_scores_with_ties(rows):
    score = np.array([[s] for s, _ in rows], dtype=float)
    target = np.array([[t] for _, t in rows])
    pairs = make_pairs(score, target)
    thresholds, _ = label_thresholds(pairs, lambda hits, predicted, n: 2 * hits / np.maximum(n + predicted, 1e-12))
    if not target.any() or len(np.unique(score)) == 1:
        assert np.isnan(thresholds[0])
    else:
        above = score[:, 0] > thresholds[0]
        reached = f_score(above[target[:, 0]].sum(), above.sum(), target.sum())
        assert reached == pytest.approx(exhaustive(score[:, 0], target[:, 0], f_score))


def test_threshold_lies_halfway_between_scores():
    pairs = make_pairs(np.array([[3.0], [2.0], [0.0], [-1.0]]), np.array([[True], [True], [False], [False]]))
    thresholds, _ = label_thresholds(pairs, Objective.of(pairs, 0.0, 1.0))
    assert thresholds == pytest.approx([1.0])


def test_unlearnt_pairs_do_not_count():
    scores = np.array([[3.0], [2.0], [0.0], [-np.inf]])
    targets = np.array([[True], [False], [False], [True]])
    pairs = make_pairs(scores, targets, n_parts=1)
    pairs.positives[:] = 1
    thresholds, evidence = label_thresholds(pairs, Objective.of(pairs, 0.0, 1.0))
    assert thresholds == pytest.approx([2.5])
    assert evidence == [1]


@pytest.mark.parametrize("seed", range(5))
def test_global_threshold_is_near_the_best(seed):
    scores, targets = random_problem(seed, decimals=4)
    pairs = make_pairs(scores, targets)
    threshold = global_thresholds(pairs, Objective.of(pairs, 1.0, 1.0))
    assert len(np.unique(threshold)) == 1

    def micro(c):
        above = scores > c
        return f_score((above & targets).sum(), above.sum(), targets.sum())

    assert micro(threshold[0]) > max(micro(c) for c in scores.ravel()) - 0.02


@pytest.mark.parametrize("beta", [1.0, 2.0, 0.5])
def test_objective_is_the_f_score_at_its_ends(beta):
    scores, targets = random_problem(3)
    pairs = make_pairs(scores, targets)

    def counts(threshold):
        above = scores > threshold
        return (above & targets).sum(axis=0), above.sum(axis=0), targets.sum(axis=0)

    macro = np.mean([f_score(*label, beta) for label in zip(*counts(0.5)) if label[2]])
    assert Objective.of(pairs, 0.0, beta)(*counts(0.5)).sum() == pytest.approx(macro)
    objective = Objective.of(pairs, 1.0, beta)
    micro = [f_score(*(each.sum() for each in counts(c)), beta) for c in np.unique(scores)]
    best = np.unique(scores)[np.argmax(micro)]
    assert objective(*counts(best)).sum() == pytest.approx(0, abs=1e-12)
    assert objective(*counts(0.5)).sum() <= 1e-12
    # A tangent: near the best threshold it changes as micro-F does.
    label = np.argmax(targets.sum(axis=0))
    hits, predicted, positives = counts(best)
    nearby = hits.copy(), predicted + (np.arange(7) == label), positives
    change = f_score(*(each.sum() for each in nearby), beta) - max(micro)
    assert objective(*nearby).sum() == pytest.approx(change, rel=0.02)


def test_frequency_thresholds_depend_on_the_count_alone():
    scores, targets = random_problem(0, n_rows=300, n_labels=12)
    scores[:, 6:] += 3
    targets[:, 6:] = targets[:, 6:] & (np.random.default_rng(1).random((300, 6)) < 0.1)
    pairs = make_pairs(scores, targets)
    counts = np.repeat([5, 100], 6)
    thresholds = frequency_thresholds(pairs, counts, Objective.of(pairs, 0.0, 1.0))
    assert len(np.unique(thresholds[:6])) == len(np.unique(thresholds[6:])) == 1
    assert thresholds[0] != thresholds[6]


@pytest.mark.parametrize("seed", range(6))
def test_frequency_thresholds_are_the_best_for_the_average_of_labels_of_similar_frequency(seed):
    rng = np.random.default_rng(seed)
    log_counts = np.array([0, 6, 7, 15, 15, 30, 45]) / 10  # multiples of the step to which they are rounded
    counts = np.expm1(log_counts)
    targets = rng.random((40, 7)) < [0, 0.05, 0.05, 0.1, 0.1, 0.2, 0.4]
    scores = (rng.normal(size=targets.shape) + targets + log_counts / 2).astype(np.float32).astype(float)
    scores[:, 0] = -np.inf  # not learnt
    pairs = make_pairs(scores, targets)
    objective = Objective.of(pairs, 0.5, 2.0)
    found = frequency_thresholds(pairs, counts, objective)
    for label in range(7):
        weights = np.exp(-0.5 * (log_counts - log_counts[label]) ** 2)
        weights = weights / weights[1:].sum()

        def value(threshold, weights=weights):
            above = scores > threshold
            return objective(*(weights @ each.sum(axis=0) for each in (above & targets, above, targets)))

        exhaustive = max(value(c) for c in [*scores[:, 1:].ravel(), scores[:, 1:].min() - 1])
        assert value(found[label]) == pytest.approx(exhaustive, rel=1e-9)


def test_shrinkage_between_target_and_own():
    own, target = np.array([1.0, 1.0, np.nan]), np.array([0.0, 0.0, 0.5])
    evidence = np.array([10, 1000, 0])
    assert shrink_thresholds(own, evidence, target, 10.0) == pytest.approx([0.5, 1000 / 1010, 0.5])
    assert shrink_thresholds(own, evidence, target, 0.0) == pytest.approx([1.0, 1.0, 0.5])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("beta", [1.0, 2.0, 0.5])
def test_micro_macro_thresholds_cannot_be_bettered_label_by_label(seed, beta):
    scores, targets = random_problem(seed)
    thresholds, _ = micro_macro_thresholds(make_pairs(scores, targets), beta)

    def value(label, threshold):
        moved = np.where(np.isnan(thresholds), np.inf, thresholds)
        moved[label] = threshold
        above = scores.astype(np.float32) > moved
        hits, predicted, positives = (above & targets).sum(axis=0), above.sum(axis=0), targets.sum(axis=0)
        own = f_score(hits[label], predicted[label], positives[label], beta) / np.count_nonzero(positives)
        return own + f_score(hits.sum(), predicted.sum(), positives.sum(), beta)

    for label in np.flatnonzero(~np.isnan(thresholds)):
        best = max(value(label, threshold) for threshold in np.unique(scores[:, label]))
        assert value(label, thresholds[label]) >= best - 0.01


def test_of_a_label_that_is_better_never_predicted_no_pair_counts_in_micro_f1():
    """The last label's only positive has its lowest score: all its pairs would cost the others' more than it gains."""
    rng = np.random.default_rng(0)
    targets = rng.random((400, 3)) < [0.3, 0.2, 0]
    scores = rng.normal(size=targets.shape) + 2 * targets
    targets[0, 2], scores[:, 2] = True, np.where(np.arange(400) == 0, -1.0, 0.0)
    pairs = make_pairs(scores, targets)
    found, _ = micro_macro_thresholds(pairs)
    assert found[2] == 0
    scores[:, 2] = np.linspace(-1, 0, 400)
    np.testing.assert_array_equal(micro_macro_thresholds(make_pairs(scores, targets))[0][:2], found[:2])


def test_of_equally_good_thresholds_the_middle_is_taken():
    """Two well separated groups of scores: one threshold for all labels lies halfway between them."""
    rng = np.random.default_rng(0)
    targets = rng.random((60, 4)) < 0.3
    scores = np.where(targets, 2.0, -2.0) + rng.uniform(-0.5, 0.5, targets.shape)
    pairs = make_pairs(scores, targets)
    middle = (scores[targets].min() + scores[~targets].max()) / 2
    for objective in (Objective.of(pairs, 0.0, 1.0), Objective.of(pairs, 1.0, 1.0)):
        assert global_thresholds(pairs, objective) == pytest.approx(np.full(4, middle), abs=0.02)
        by_frequency = frequency_thresholds(pairs, targets.sum(axis=0), objective)
        assert by_frequency == pytest.approx(np.full(4, middle), abs=0.02)


def one_label(rows):
    """Pairs of a label from its rows' scores, and whether each has it."""
    return make_pairs(np.array([[score] for score, _ in rows], dtype=float), np.array([[has] for _, has in rows]))


def test_of_stretches_of_equally_good_thresholds_the_widest_is_taken():
    # F is 2/3 with one label predicted, and again with four; of five thresholds in a row each is the worse.
    for rows, middle in (
        ([(10, True), (9, False), (8, False), (7, True), (1, False)], (1 + 7) / 2),
        ([(10, True), (3, False), (2, False), (1, True), (0, False)], (3 + 10) / 2),
    ):
        pairs = one_label(rows)
        assert global_thresholds(pairs, Objective.of(pairs, 0.0, 1.0)) == pytest.approx([middle])
    # Several neighbours may be equally good: they are one stretch.
    pairs = one_label([(score, score % 3 == 0) for score in range(10)])
    assert global_thresholds(pairs, lambda hits, predicted, n: np.minimum(predicted, 3)) == pytest.approx([3.5])
    assert global_thresholds(pairs, lambda hits, predicted, n: np.maximum(predicted, 7)) == pytest.approx([0], abs=1e-6)


def test_all_or_nothing_may_be_best():
    scores = np.random.default_rng(0).normal(size=(10, 3)).astype(np.float32)
    pairs = make_pairs(scores, np.ones(scores.shape, dtype=bool))
    assert global_thresholds(pairs, Objective.of(pairs, 0.0, 1.0)).max() < scores.min()
    assert global_thresholds(pairs, lambda hits, predicted, n: -predicted).min() >= scores.max()
    own, _ = label_thresholds(pairs, lambda hits, predicted, n: hits)
    assert (own < scores.min(axis=0)).all()
    # Ten wrong labels for a right one are half a unit too many.
    pairs = one_label([*((score, False) for score in range(10)), (-1, True)])
    for gain, is_worth_it in ((10.5, False), (11.5, True)):
        (threshold,), _ = label_thresholds(pairs, lambda hits, predicted, n, gain=gain: gain * hits - predicted)
        assert (threshold < -1) == is_worth_it == (threshold < 9)


def test_pairs_without_a_part():
    scores, targets = random_problem(0)
    pairs = replace(make_pairs(scores, targets, n_parts=4), weight=np.arange(len(scores)))
    others = pairs.without(1)
    keep = np.arange(len(scores)) % 4 != 1
    for name in ("labels", "scores", "targets", "parts", "weight"):
        np.testing.assert_array_equal(getattr(others, name), getattr(pairs, name)[keep])
    np.testing.assert_array_equal(others.positives.sum(axis=0), targets[keep].sum(axis=0))


def test_thousands_of_labels_take_seconds():
    rng = np.random.default_rng(0)
    n_rows, n_labels, width = 20_000, 18_000, 32
    labels = np.sort(rng.integers(0, n_labels, (n_rows, width)), axis=1).astype(np.int32)
    scores = -np.sort(-rng.normal(size=labels.shape), axis=1).astype(np.float32)
    targets = rng.random(labels.shape) < 0.2
    positives = np.bincount(labels[targets], minlength=n_labels)[None]
    pairs = ScoredPairs(labels, scores, targets, positives, np.zeros(n_rows, dtype=int))
    objective = Objective.of(pairs, 0.25, 1.0)
    own, evidence = label_thresholds(pairs, objective)
    thresholds = shrink_thresholds(own, evidence, frequency_thresholds(pairs, positives[0], objective), 20.0)
    assert np.isfinite(thresholds).all()


def test_unknown_labels_get_the_mean_threshold_of_those_of_similar_frequency():
    weight = np.exp(-0.5 * np.log(4) ** 2)
    known, counts = np.array([0.2, np.nan, 0.6]), np.array([1, 5, 7])
    expected = [0.4, (0.6 + 0.2 * weight) / (1 + weight)]
    np.testing.assert_allclose(similar_thresholds(known, counts, np.array([3, 7])), expected)
    np.testing.assert_array_equal(similar_thresholds(np.full(3, np.nan), counts, np.array([3, 7])), [0, 0])


@pytest.mark.parametrize("method", ["linear", "inverted_cdf"])
@pytest.mark.parametrize("n_values", [1, 2, 30])
def test_weighted_quantiles_are_those_of_copies(method, n_values):
    rng = np.random.default_rng(0)
    values, shares = rng.normal(size=n_values).astype(np.float32).round(1), np.linspace(0, 1, 77)
    for weights in (np.ones(n_values), np.full(n_values, 2.0), rng.integers(1, 4, n_values)):
        expected = np.quantile(np.repeat(values, weights.astype(int)), shares, method=method)
        np.testing.assert_array_equal(weighted_quantiles(values, weights, shares, method), expected)
        assert weighted_quantiles(values, weights, 0.5, method) == np.quantile(
            np.repeat(values, weights.astype(int)), 0.5, method=method
        )
    # Weights that sum up to less than one value are scaled up.
    small = weighted_quantiles(values, rng.integers(1, 4, n_values) / 2**30, np.array([0.0, 1.0]), method)
    np.testing.assert_array_equal(small, [values.min(), values.max()])


def test_the_weight_of_a_row_is_that_of_its_pairs():
    scores = np.array([[3.0, 2.0, -np.inf], [1.0, 5.0, 4.0]])
    pairs = replace(make_pairs(scores, scores > 2), weight=np.array([7.0, 9.0]))
    labels, found, targets, weights = pairs.flat()
    assert labels.tolist() == [0, 1, 1, 2, 0]
    assert found.tolist() == [3, 2, 5, 4, 1]
    assert targets.tolist() == [True, False, True, True, False]
    assert weights.tolist() == [7, 7, 9, 9, 9]
