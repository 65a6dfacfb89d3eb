"""Strategies and the choice among settings."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.metrics import f1_score, make_scorer

from skbalance.decisions._choice import Choice
from skbalance.decisions._rules import DecisionRule, candidate_rules
from skbalance.decisions._scoring import (
    cross_fitted_predictions,
    get_metric,
    score_predictions,
    thresholds_without_parts,
)
from skbalance.decisions._search import Objective, global_thresholds, label_thresholds
from tests.decisions.problems import STRATEGIES
from tests.decisions.test_search import make_pairs, random_problem


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


def test_score_of_a_rule_is_that_of_its_predictions():
    scores, targets = random_problem(1)
    pairs = make_pairs(scores, targets, n_parts=1)
    counts = targets.sum(axis=0)
    rule = make_rule("per_label_shrunk")
    thresholds = thresholds_without_parts(rule, pairs, counts, len(targets))
    np.testing.assert_array_equal(thresholds, [rule.thresholds(pairs, counts, len(targets))])
    above = scores.astype(np.float32) > thresholds[0]
    predicted = cross_fitted_predictions(rule, pairs, thresholds)
    np.testing.assert_array_equal(predicted.toarray(), above)
    micro, macro = (f1_score(targets, above, average=a, zero_division=0) for a in ("micro", "macro"))
    mixed = score_predictions(predicted, sp.csr_array(targets.astype(int)), metric=None, micro_weight=0.25, beta=1.0)
    assert mixed == pytest.approx(0.25 * micro + 0.75 * macro)

    def metric(y_true, y_pred):
        return f1_score(y_true, y_pred, average="macro", zero_division=0)

    for truth in (targets.astype(int), sp.csr_array(targets.astype(int))):
        assert score_predictions(predicted, truth, metric=metric, micro_weight=0.0, beta=1.0) == pytest.approx(macro)


def test_thresholds_are_tried_on_rows_that_they_were_not_set_on():
    rng = np.random.default_rng(0)
    scores, targets = rng.normal(size=(200, 20)), rng.random((200, 20)) < 0.02
    pairs = make_pairs(scores, targets, n_parts=5)
    counts = targets.sum(axis=0)
    rule = DecisionRule("per_label", Choice())
    predicted = cross_fitted_predictions(rule, pairs, thresholds_without_parts(rule, pairs, counts, 200))
    honest = f1_score(targets, predicted.toarray(), average="macro", zero_division=0)
    above = scores.astype(np.float32) > rule.thresholds(pairs, counts, 200)
    flattering = f1_score(targets, above, average="macro", zero_division=0)
    assert honest < 0.8 * flattering


def test_metric_that_is_not_finite_is_named():
    predicted = sp.csr_array(np.eye(3, dtype=np.int8))
    with pytest.raises(ValueError, match="scoring gave nan"):
        score_predictions(predicted, np.eye(3), metric=lambda y_true, y_pred: np.nan, micro_weight=0.0, beta=1.0)


@pytest.mark.parametrize("strategy", [strategy for strategy in STRATEGIES if strategy != "top_k"])
def test_without_any_evidence_the_usual_threshold_is_taken(strategy):
    scores, targets = random_problem(0)
    targets[:] = False
    pairs = make_pairs(scores, targets)
    counts = np.arange(7)
    thresholds = make_rule(strategy).thresholds(pairs, counts, 100)
    np.testing.assert_array_equal(thresholds, [np.inf] + 6 * [0.0])


@pytest.mark.parametrize(
    ("strategy", "micro_weight", "expected"),
    [
        ("per_label_shrunk", 0.25, 1),
        ("per_label_shrunk", None, 12),
        ("per_label", None, 12),
        ("micro_macro", None, 4),
        ("global", 0.5, 1),
        ("top_k", None, 3),
    ],
)
def test_what_is_tried(strategy, micro_weight, expected):
    pairs = make_pairs(*random_problem(0))
    rule = DecisionRule(strategy, Choice(), shrinkage=7.0)
    rules = candidate_rules(rule, pairs, micro_weight=micro_weight, k_range=range(1, 4))
    assert len(rules) == len(set(rules)) == expected
    assert {rule.shrinkage for rule in rules} == {7.0}
    if (
        expected > 3
    ):  # a share of micro-F from none to all, F-measures that favour precision and one that favours recall
        assert {rule.beta for rule in rules} == {1 / 4, 1 / 2, 1, 2}
        assert {rule.micro_weight for rule in rules} == ({0} if strategy == "micro_macro" else {0, 0.5, 1})


def test_global_threshold_for_another_metric_is_tried_at_many_levels():
    pairs = make_pairs(*random_problem(0, decimals=5))
    rules = candidate_rules(DecisionRule("global", Choice()), pairs, micro_weight=None, k_range=range(1))
    assert len({rule.threshold for rule in rules}) == 50


def test_metric_by_name_and_callable():
    assert get_metric("f1_micro") is None
    assert get_metric(f1_score) is f1_score
    y = np.array([[1, 0], [1, 1]])
    assert get_metric("f1_samples")(y, y) == 1
    with pytest.raises(ValueError, match="pass the metric itself"):
        get_metric(make_scorer(f1_score))


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


def test_global_thresholds_are_tried_among_the_scores_of_positives():
    scores, targets = random_problem(3)
    pairs = make_pairs(scores, targets)
    rule = DecisionRule("global", Choice())
    tried = [each.threshold for each in candidate_rules(rule, pairs, micro_weight=None, k_range=range(1, 3))]
    positive = np.asarray(scores, dtype=np.float32)[targets]
    assert (min(tried), max(tried)) == pytest.approx((positive.min(), positive.max()))
    nothing = make_pairs(scores, np.zeros_like(targets))
    tried = [each.threshold for each in candidate_rules(rule, nothing, micro_weight=None, k_range=range(1, 3))]
    every = np.asarray(scores, dtype=np.float32)
    assert (min(tried), max(tried)) == pytest.approx((every.min(), every.max()))
