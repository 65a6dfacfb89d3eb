"""Strategies and the choice among settings."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.metrics import f1_score, make_scorer

from skbalance.decisions._decision_rules import (
    STRATEGIES,
    DecisionRule,
    candidate_rules,
    cross_fitted_score,
    get_metric,
)
from tests.decisions.test_threshold_search import make_pairs, random_problem


def make_rule(strategy, **settings):
    return DecisionRule(strategy, 0, None, shrinkage=20.0, k=1 if strategy == "top_k" else None, **settings)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_labels_without_evidence_are_never_or_always_predicted(strategy):
    scores, targets = random_problem(0)
    targets[:, 2], targets[:, 4] = False, True
    pairs = make_pairs(scores, targets)
    cuts = make_rule(strategy).cuts(pairs, targets.sum(axis=0), len(targets))
    assert not np.isnan(cuts).any()
    assert cuts[2] == np.inf
    assert cuts[4] == -np.inf
    assert np.isfinite(np.delete(cuts, [2, 4])).all()
    chosen = make_rule(strategy).choose(pairs.labels, pairs.scores, cuts)
    assert not chosen[pairs.labels == 2].any()
    if strategy != "top_k":
        assert chosen[pairs.labels == 4].all()


def test_score_of_a_rule_is_that_of_its_predictions():
    scores, targets = random_problem(1)
    pairs = make_pairs(scores, targets, n_parts=1)
    counts = targets.sum(axis=0)
    rule = make_rule("per_label_shrunk")
    cuts = rule.cuts(pairs, counts, len(targets))
    predicted = scores.astype(np.float32) > cuts
    micro, macro = (f1_score(targets, predicted, average=a, zero_division=0) for a in ("micro", "macro"))
    arguments = (rule, pairs, counts, len(targets))
    mixed = cross_fitted_score(*arguments, metric=None, micro_weight=0.25, y_true=sp.csr_array(targets))
    assert mixed == pytest.approx(0.25 * micro + 0.75 * macro)

    def metric(y_true, y_pred):
        return f1_score(y_true, y_pred, average="macro", zero_division=0)

    for truth in (targets.astype(int), sp.csr_array(targets.astype(int))):
        assert cross_fitted_score(*arguments, metric=metric, micro_weight=0.0, y_true=truth) == pytest.approx(macro)


def test_cuts_are_tried_on_rows_that_they_were_not_set_on():
    rng = np.random.default_rng(0)
    scores, targets = rng.normal(size=(200, 20)), rng.random((200, 20)) < 0.02
    pairs = make_pairs(scores, targets, n_parts=5)
    counts = targets.sum(axis=0)
    rule = DecisionRule("per_label", 0, None)
    honest = cross_fitted_score(rule, pairs, counts, 200, metric=None, micro_weight=0.0, y_true=sp.csr_array(targets))
    above = scores.astype(np.float32) > rule.cuts(pairs, counts, 200)
    flattering = f1_score(targets, above, average="macro", zero_division=0)
    assert honest < 0.8 * flattering


def test_metric_that_is_not_finite_is_named():
    scores, targets = random_problem(1)
    pairs = make_pairs(scores, targets)
    with pytest.raises(ValueError, match="scoring gave nan"):
        cross_fitted_score(
            make_rule("global"),
            pairs,
            targets.sum(axis=0),
            len(targets),
            metric=lambda y_true, y_pred: np.nan,
            micro_weight=0.0,
            y_true=targets,
        )


@pytest.mark.parametrize(
    ("strategy", "micro_weight", "shrinkage", "expected"),
    [
        ("pooled", 0.25, 20.0, 1),
        ("pooled", None, 20.0, 12),
        ("per_label_shrunk", 0.25, "auto", 4),
        ("per_label_shrunk", None, "auto", 48),
        ("per_label", None, "auto", 12),
        ("micro_macro", None, "auto", 4),
        ("global", 0.5, "auto", 1),
        ("top_k", None, "auto", 3),
    ],
)
def test_what_is_tried(strategy, micro_weight, shrinkage, expected):
    pairs = make_pairs(*random_problem(0))
    rules = candidate_rules(
        DecisionRule(strategy, 0, None), pairs, micro_weight=micro_weight, shrinkage=shrinkage, k_range=range(1, 4)
    )
    assert len(rules) == expected
    assert len(set(rules)) == expected


def test_global_cut_for_another_metric_is_tried_at_many_levels():
    pairs = make_pairs(*random_problem(0, decimals=5))
    rules = candidate_rules(DecisionRule("global", 0, None), pairs, micro_weight=None, shrinkage=1.0, k_range=range(1))
    assert len({rule.cut for rule in rules}) == 50


def test_metric_by_name_and_callable():
    assert get_metric("f1_micro") is None
    assert get_metric(f1_score) is f1_score
    y = np.array([[1, 0], [1, 1]])
    assert get_metric("f1_samples")(y, y) == 1
    with pytest.raises(ValueError, match=r"f1_samples.*got 'accuracy'"):
        get_metric("accuracy")
    with pytest.raises(ValueError, match="pass the metric itself"):
        get_metric(make_scorer(f1_score))
