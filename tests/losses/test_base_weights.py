"""Weights of labels, of samples and of positives, and the penalty that goes with them."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skbalance.losses import (
    BinaryCrossEntropy,
    ClassBalancedFocalLoss,
    DistributionBalancedLoss,
    FocalLoss,
    LabelStatistics,
    RebalancedFocalLoss,
    SquaredHingeLoss,
    get_loss,
    get_loss_names,
)

from .variants import STATISTICS, VARIANTS, batch


def test_row_without_positive_label_has_the_limiting_weight():
    targets, logits = torch.zeros(1, 5, dtype=torch.bool), torch.zeros(1, 5, dtype=torch.float64)
    plain = FocalLoss().bind(STATISTICS, "none")(logits, targets)
    rebalanced = RebalancedFocalLoss(mu=0.5, map_alpha=0.2).bind(STATISTICS, "none")(logits, targets)
    torch.testing.assert_close(rebalanced, 1.2 * plain)
    for mode in ("average_n", "average_w", "min_n"):
        loss = ClassBalancedFocalLoss(beta=0.99, mode=mode, scale=1)
        torch.testing.assert_close(loss.bind(STATISTICS, "none")(logits, targets), 0.01 * plain)


def test_pos_weight_is_that_of_torch():
    logits, targets = batch(13)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, targets.double(), pos_weight=torch.full((5,), 2.5, dtype=torch.float64)
    )
    torch.testing.assert_close(BinaryCrossEntropy(pos_weight=2.5).bind(STATISTICS)(logits, targets), expected)


def test_pos_weight_label_by_label():
    logits, targets = batch(13)
    weight = [0.5, 1.0, 20.0, 3.0, 1e3]
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, targets.double(), pos_weight=torch.tensor(weight, dtype=torch.float64), reduction="none"
    )
    for form in (weight, np.array(weight), np.array(weight, dtype=np.float32)):
        actual = BinaryCrossEntropy(pos_weight=form).bind(STATISTICS, "none")(logits, targets)
        torch.testing.assert_close(actual, expected, rtol=1e-9, atol=1e-12)


def test_balanced_positives_weigh_as_much_as_the_negatives():
    y = torch.tensor(np.random.default_rng(0).random((50, 4)) < [0.5, 0.2, 0.1, 0.9])
    value = BinaryCrossEntropy(pos_weight="balanced").bind(LabelStatistics.from_targets(y.numpy()), "none")
    value = value(torch.zeros(50, 4, dtype=torch.float64), y)
    torch.testing.assert_close((value * y).sum(0), (value * ~y).sum(0))


@pytest.mark.parametrize("name", [name for name in get_loss_names() if "pos_weight" in get_loss(name).get_params()])
def test_pos_weight_is_a_factor_of_the_positives_in_every_loss(name):
    logits, targets = batch(17)
    loss = VARIANTS[name]
    plain = clone(loss).set_params(pos_weight=1.0).bind(STATISTICS, "none")(logits, targets)
    weighted = clone(loss).set_params(pos_weight=[0.5, 1, 2, 4, 8]).bind(STATISTICS, "none")(logits, targets)
    factor = torch.where(targets, torch.tensor([0.5, 1, 2, 4, 8], dtype=torch.float64), 1.0)
    torch.testing.assert_close(weighted, plain * factor, rtol=1e-13, atol=0)


def test_balanced_positives_have_a_stronger_penalty():
    strengths = [
        BinaryCrossEntropy(pos_weight=weight).penalty_strength for weight in (3.0, "sqrt_balanced", "balanced")
    ]
    assert strengths[1] == strengths[2] == 10 * strengths[0] > 0


def test_the_penalty_follows_what_the_positive_weights_leave_of_the_variance():
    for loss, usual in ((BinaryCrossEntropy(), 1.0), (DistributionBalancedLoss(), 1.0), (SquaredHingeLoss(), 0.25)):
        for weight, left in ((1.0, 1), (3.0, 1), ([1, 2], 1), ("sqrt_balanced", 0.5), ("balanced", 0)):
            assert clone(loss).set_params(pos_weight=weight).penalty_exponent == usual * left


@pytest.mark.parametrize("counts", [[0, 200], [200, 0], [0, 0]])
def test_balanced_weights_of_constant_labels_are_those_of_one_sample(counts):
    statistics = LabelStatistics(counts, 200)
    logits = torch.zeros(1, 2, dtype=torch.float64)
    value = BinaryCrossEntropy(pos_weight="balanced").bind(statistics, "none")(logits, torch.ones(1, 2)) / np.log(2)
    np.testing.assert_allclose(value[0], [199.0 if n == 0 else 1 / 199 for n in counts], rtol=1e-12)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1, 2], r"pos_weight must have shape \(n_labels,\) = \(5,\); got \(2,\)"),
        ([[1, 2, 3, 4, 5]], r"got \(1, 5\)"),
        ([1, 2, 0, 4, -5], r"above 0; got \[0.0, -5.0\]"),
        ([1, 2, 3, 4, np.nan], r"finite numbers above 0; got \[nan\]"),
        (["a", "b", "c", "d", "e"], "must hold numbers"),
        ("balance", "'sqrt_balanced'.*Got 'balance'"),
    ],
)
def test_bad_pos_weight(weight, message):
    with pytest.raises(ValueError, match=message):
        FocalLoss(pos_weight=weight).bind(STATISTICS)


def test_exclusive_classes_have_no_positive_weight():
    with pytest.raises(ValueError, match=r"pos_weight must be 1\.0 with base='softmax'.*got 'balanced'"):
        ClassBalancedFocalLoss(base="softmax", pos_weight="balanced").bind(STATISTICS)


def test_beta_near_one_is_exact():
    beta = 1 - 1e-8
    loss = ClassBalancedFocalLoss(beta=beta, gamma=0, alpha=None, scale=1)
    criterion = loss.bind(LabelStatistics([1, 1000, 10**7], 10**8), "none")
    weight = criterion(torch.zeros(1, 3, dtype=torch.float64), torch.ones(1, 3)) / np.log(2)
    gap = 1 - beta  # as float64 holds it
    expected = [1.0, 1.0 / (1000 * (1 - 999 / 2 * gap)), gap / -np.expm1(1e7 * np.log1p(-gap))]
    np.testing.assert_allclose(weight[0], expected, rtol=1e-9)


def test_the_smallest_beta_weights_all_labels_alike():
    losses = [
        ClassBalancedFocalLoss(beta=beta).bind(STATISTICS, "none")(torch.zeros(1, 5), torch.ones(1, 5))
        for beta in (0.0, 5e-324)
    ]
    torch.testing.assert_close(losses[0], losses[1], rtol=0, atol=0)
