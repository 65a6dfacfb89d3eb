"""Labels between 0 and 1, and labels that nobody knows, in the kernel and in the counts."""

import numpy as np
import pytest
import torch

from skbalance.losses import (
    BinaryCrossEntropy,
    ClassBalancedFocalLoss,
    DistributionBalancedLoss,
    LabelStatistics,
    PositivePairs,
    ZLPRLoss,
    get_loss,
)

from .variants import OF_MARGINS

STATISTICS = LabelStatistics([120, 60, 9, 2, 1], 200)
each_of_margins = pytest.mark.parametrize("loss", OF_MARGINS.values(), ids=OF_MARGINS.keys())
# The weight of an element does not depend on the other labels of its row.
BY_LABEL = (
    "bce-balanced",
    "focal",
    "cb_focal",
    "ntr_focal",
    "squared_hinge",
    "asymmetric",
    "hill",
    "robust_asymmetric",
)


def batch(seed=0, n_samples=8):
    rng = np.random.default_rng(seed)
    targets = torch.tensor(rng.random((n_samples, 5)) < 0.4, dtype=torch.float64)
    return torch.tensor(rng.normal(scale=3.0, size=(n_samples, 5))), targets


@pytest.mark.parametrize("name", BY_LABEL)
def test_a_soft_label_is_a_mixture(name):
    logits, _ = batch()
    soft = torch.rand(logits.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    criterion = OF_MARGINS[name].bind(STATISTICS, "none")
    logits.requires_grad_()
    value = criterion(logits, soft)
    expected = soft * criterion(logits, torch.ones_like(soft)) + (1 - soft) * criterion(logits, torch.zeros_like(soft))
    torch.testing.assert_close(value, expected, rtol=1e-12, atol=1e-300)
    gradients = [torch.autograd.grad(part.sum(), logits)[0] for part in (value, expected)]
    torch.testing.assert_close(*gradients, rtol=1e-10, atol=1e-14)


def test_soft_cross_entropy_is_that_of_torch():
    logits, _ = batch(1)
    soft = torch.rand(logits.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, soft)
    torch.testing.assert_close(BinaryCrossEntropy().bind(STATISTICS)(logits, soft), expected, rtol=1e-12, atol=0)


@each_of_margins
@pytest.mark.parametrize("reduction", ["none", "row_sum"])
def test_what_is_unknown_is_left_out(loss, reduction):
    logits, targets = batch(2)
    unknown = torch.zeros_like(targets, dtype=torch.bool)
    unknown[0, 1] = unknown[3, :] = unknown[5, 4] = True
    unknown &= targets == 0  # the positives of a row, and so its weight, are as they were
    criterion = loss.bind(STATISTICS, reduction)
    logits.requires_grad_()
    elements = loss.bind(STATISTICS, "none")(logits, targets).detach().masked_fill(unknown, 0)
    kept = torch.autograd.grad(loss.bind(STATISTICS, "sum")(logits, targets), logits)[0].masked_fill(unknown, 0)
    for mark in (torch.nan, -100.0):
        value = criterion(logits, targets.masked_fill(unknown, mark))
        torch.testing.assert_close(value, elements if reduction == "none" else elements.sum(1), rtol=1e-12, atol=1e-14)
        (gradient,) = torch.autograd.grad(value.sum(), logits)
        torch.testing.assert_close(gradient, kept, rtol=1e-12, atol=1e-300)
    integers = targets.long().masked_fill(unknown, -100)
    torch.testing.assert_close(criterion(logits, integers), criterion(logits, targets.masked_fill(unknown, torch.nan)))


@each_of_margins
def test_gradient_of_soft_and_unknown_labels_agrees_with_finite_differences(loss):
    logits, targets = batch(3, n_samples=3)
    targets[0, 0], targets[1, 1], targets[2, 2] = 0.3, torch.nan, 0.9
    criterion = loss.bind(STATISTICS)
    torch.autograd.gradcheck(lambda z: criterion(z, targets), logits.requires_grad_(), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    "loss",
    [
        DistributionBalancedLoss(mu=0.5),
        *(ClassBalancedFocalLoss(mode=mode) for mode in ("average_n", "average_w", "min_n")),
    ],
    ids=repr,
)
def test_an_unknown_label_is_no_positive_of_its_row(loss):
    logits, targets = batch(4)
    targets[:, 3] = 0
    criterion = loss.bind(STATISTICS, "none")
    expected = criterion(logits, targets)
    expected[:, 3] = 0
    targets[:, 3] = torch.nan
    torch.testing.assert_close(criterion(logits, targets), expected, rtol=1e-12, atol=0)


def test_hard_labels_carry_no_values():
    _, targets = batch(5)
    assert PositivePairs.from_targets(targets).values is None
    targets[0, 0] = 0.5
    pairs = PositivePairs.from_targets(targets)
    assert pairs.to("cpu").values[0] == 0.5


def test_losses_of_rows_take_neither():
    logits, targets = batch(6)
    targets[0, 0] = torch.nan
    for loss in (ZLPRLoss(), get_loss("two_way"), ClassBalancedFocalLoss(base="softmax")):
        with pytest.raises(ValueError, match="takes labels of 0 and 1 only"):
            loss.bind(STATISTICS)(logits, targets)


def test_counts_are_sums_of_what_is_known():
    y = np.array([[1.0, 0.25, np.nan], [np.nan, 0.5, 0.0], [1.0, 0.0, np.nan]])
    statistics = LabelStatistics.from_targets(y, [1, 2, 3])
    np.testing.assert_allclose(statistics.counts, [4, 1.25, 0])
    assert statistics.n_samples == 6
    hard = np.array([[1, 0], [1, 1], [0, 1]])
    again = LabelStatistics.from_targets(hard.astype(float))
    assert LabelStatistics.from_targets(hard).rebalance_center == again.rebalance_center
    assert np.isnan(y).sum() == 3
