"""Strategies."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from skbalance.decisions._thresholds import (
    Choice,
    DecisionRule,
    Objective,
    global_thresholds,
    indicator_of_pairs,
    label_thresholds,
)
from tests.decisions.problems import STRATEGIES
from tests.decisions.test_thresholds import make_pairs, random_problem


def make_rule(strategy, **settings):
    choice, k = (Choice(1, 1), 1) if strategy == "top_k" else (Choice(), None)
    return DecisionRule(strategy, choice, shrinkage=20.0, k=k, **settings)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_labels_without_evidence_are_never_or_always_predicted(strategy):
    scores, targets = random_problem(0)
    targets[:, 2], targets[:, 4] = False, True
    pairs = make_pairs(scores, targets)
    thresholds = make_rule(strategy).thresholds(pairs, targets.sum(axis=0), len(targets))
    assert not np.isnan(thresholds).any()
    assert thresholds[2] == np.inf
    assert thresholds[4] == -np.inf
    assert np.isfinite(np.delete(thresholds, [2, 4])).all()
    chosen, margins = make_rule(strategy).choose(pairs, np.tile(thresholds, (len(pairs.positives), 1)))
    np.testing.assert_array_equal(margins[pairs.labels == 2], -np.inf)
    assert not chosen[pairs.labels == 2].any()
    if strategy != "top_k":
        assert chosen[pairs.labels == 4].all()


def predictions(rule, pairs, counts, n_rows):
    """What a rule predicts of rows that its thresholds were not set on, and these thresholds."""
    thresholds = rule.thresholds_without_parts(pairs, counts, n_rows)
    return indicator_of_pairs(rule.choose(pairs, thresholds)[0], pairs.labels, pairs.n_labels).toarray(), thresholds


def test_of_a_single_part_thresholds_are_set_on_that():
    scores, targets = random_problem(1)
    pairs, counts, rule = make_pairs(scores, targets, n_parts=1), targets.sum(axis=0), make_rule("per_label_shrunk")
    predicted, thresholds = predictions(rule, pairs, counts, len(targets))
    np.testing.assert_array_equal(thresholds, [rule.thresholds(pairs, counts, len(targets))])
    np.testing.assert_array_equal(predicted, scores.astype(np.float32) > thresholds[0])


def test_thresholds_are_tried_on_rows_that_they_were_not_set_on():
    rng = np.random.default_rng(0)
    scores, targets = rng.normal(size=(200, 20)), rng.random((200, 20)) < 0.02
    pairs = make_pairs(scores, targets, n_parts=5)
    counts = targets.sum(axis=0)
    rule = DecisionRule("per_label", Choice())
    predicted, _ = predictions(rule, pairs, counts, 200)
    honest = f1_score(targets, predicted, average="macro", zero_division=0)
    above = scores.astype(np.float32) > rule.thresholds(pairs, counts, 200)
    flattering = f1_score(targets, above, average="macro", zero_division=0)
    assert honest < 0.8 * flattering


@pytest.mark.parametrize("strategy", [strategy for strategy in STRATEGIES if strategy != "top_k"])
def test_without_any_evidence_the_usual_threshold_is_taken(strategy):
    scores, targets = random_problem(0)
    targets[:] = False
    pairs = make_pairs(scores, targets)
    counts = np.arange(7)
    thresholds = make_rule(strategy).thresholds(pairs, counts, 100)
    np.testing.assert_array_equal(thresholds, [np.inf] + 6 * [0.0])


def test_own_thresholds_are_those_of_each_label_and_the_global_one_where_there_is_no_evidence():
    scores, targets = random_problem(2)
    targets[:, 1] = False
    pairs, counts = make_pairs(scores, targets), targets.sum(axis=0) + 1
    objective = Objective.of(pairs, 0.0, 1.0)
    own, _ = label_thresholds(pairs, objective)
    expected = np.where(np.isnan(own), global_thresholds(pairs, objective), own)
    assert np.isnan(own[1])
    assert np.isfinite(own[[0, 2]]).all()
    thresholds = DecisionRule("per_label", Choice()).thresholds(pairs, counts, 10 * len(targets))
    np.testing.assert_array_equal(thresholds, expected)
