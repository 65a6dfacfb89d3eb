"""Metrics, and the settings to choose among."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import f1_score, jaccard_score, make_scorer

from skbalance import TunedThresholdMultiLabelClassifierCV
from skbalance.crossfit import TrainingLabels
from skbalance.decisions._plan import Plan, can_go_on, get_metric, typical_size
from skbalance.decisions._thresholds import Choice, DecisionRule
from skbalance.memory import CosineCentroidClassifier
from tests.decisions.test_thresholds import make_pairs, random_problem

TRUE = np.array([[1, 0, 1], [0, 0, 0], [1, 0, 0]])
PREDICTED = np.array([[1, 0, 0], [0, 0, 0], [1, 1, 0]])


@pytest.mark.parametrize("name", ["f1_samples", "f1_weighted", "jaccard_macro", "jaccard_micro", "jaccard_samples"])
def test_metrics_are_those_of_scikit_learn_and_nothing_counts_0(name):
    measure, average = name.split("_")
    expected = {"f1": f1_score, "jaccard": jaccard_score}[measure](TRUE, PREDICTED, average=average, zero_division=0)
    assert get_metric(name)(TRUE, PREDICTED) == expected > 0
    assert get_metric(name)(np.zeros_like(TRUE), np.zeros_like(TRUE)) == 0


def make_plan(rule, *, metric=None, micro_weight=None, ndim=2):
    return Plan(
        ndim=ndim, width=3, fit_width=8, rule=rule, scorers=["a"], pooled=True, metric=metric,
        micro_weight=micro_weight, k_range=range(1, 4), unseen=False, promise=None, updatable=False,
    )  # fmt: skip


RULE = DecisionRule("per_label", Choice())


def test_metric_by_name_and_callable():
    assert get_metric("f1_micro") is None
    assert get_metric(f1_score) is f1_score
    y = np.array([[1, 0], [1, 1]])
    assert get_metric("f1_samples")(y, y) == 1
    with pytest.raises(ValueError, match="pass the metric itself"):
        get_metric(make_scorer(f1_score))


def test_score_is_the_mixture_of_micro_and_macro_f1_or_the_metric():
    scores, targets = random_problem(1)
    labels, above = TrainingLabels.of(sp.csr_array(targets.astype(np.int8))), (scores > 0.5).astype(np.int8)
    micro, macro = (f1_score(targets, above, average=a, zero_division=0) for a in ("micro", "macro"))
    mixed = make_plan(RULE, micro_weight=0.25).score(sp.csr_array(above), labels)
    assert mixed == pytest.approx(0.25 * micro + 0.75 * macro)
    for ndim in (0, 2):
        found = []
        plan = make_plan(RULE, metric=lambda y, z, found=found: found.append((y, z)) or macro, ndim=ndim)
        assert plan.score(sp.csr_array(above), labels) == pytest.approx(macro)
        for given, expected in zip(found[0], (targets, above)):
            assert sp.issparse(given) == (ndim == 0)
            np.testing.assert_array_equal(given.toarray() if sp.issparse(given) else given, expected)


def test_metric_that_is_not_finite_is_named():
    plan = make_plan(RULE, metric=lambda y_true, y_pred: np.nan)
    with pytest.raises(ValueError, match="scoring gave nan"):
        plan.score(sp.csr_array(np.eye(3, dtype=np.int8)), TrainingLabels.of(sp.csr_array(np.eye(3, dtype=np.int8))))


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
    rules = make_plan(rule, micro_weight=micro_weight).rules(pairs)
    assert len(rules) == len(set(rules)) == expected
    assert {rule.shrinkage for rule in rules} == {7.0}
    if (
        expected > 3
    ):  # a share of micro-F from none to all, F-measures that favour precision and one that favours recall
        assert {rule.beta for rule in rules} == {1 / 4, 1 / 2, 1, 2}
        assert {rule.micro_weight for rule in rules} == ({0} if strategy == "micro_macro" else {0, 0.5, 1})


def test_global_threshold_for_another_metric_is_tried_at_many_levels():
    pairs = make_pairs(*random_problem(0, decimals=5))
    rules = make_plan(DecisionRule("global", Choice())).rules(pairs)
    assert len({rule.threshold for rule in rules}) == 50


def test_global_thresholds_are_tried_among_the_scores_of_positives():
    scores, targets = random_problem(3)
    pairs = make_pairs(scores, targets)
    plan = make_plan(DecisionRule("global", Choice()))
    tried = [each.threshold for each in plan.rules(pairs)]
    positive = np.asarray(scores, dtype=np.float32)[targets]
    assert (min(tried), max(tried)) == pytest.approx((positive.min(), positive.max()))
    nothing = make_pairs(scores, np.zeros_like(targets))
    tried = [each.threshold for each in plan.rules(nothing)]
    every = np.asarray(scores, dtype=np.float32)
    assert (min(tried), max(tried)) == pytest.approx((every.min(), every.max()))


def test_a_typical_row_has_as_many_labels_as_all_but_one_in_a_hundred():
    y = np.zeros((200, 40), dtype=int)
    y[:, 0] = 1
    y[:10, :3] = 1
    y[0] = 1
    assert typical_size(TrainingLabels.of(sp.csr_array(y))) == 3
    y[:10, :7] = 1
    assert typical_size(TrainingLabels.of(sp.csr_array(y))) == 7


def test_scorers_go_on_where_all_of_them_can():
    first, second = ("centroid", CosineCentroidClassifier()), ("ridge", RidgeClassifier())
    assert can_go_on(TunedThresholdMultiLabelClassifierCV([first])) is True
    assert can_go_on(TunedThresholdMultiLabelClassifierCV([first, second])) is False
