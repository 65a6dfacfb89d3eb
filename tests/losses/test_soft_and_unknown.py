"""Labels between 0 and 1, and labels that nobody knows, in the kernel and in the counts."""

import numpy as np
import pytest
import torch

from skbalance.losses import (
    BinaryCrossEntropy,
    ClassBalancedFocalLoss,
    DistributionBalancedLoss,
    FocalLoss,
    LabelStatistics,
    PositivePairs,
    SigmoidF1Loss,
    TwoWayLoss,
    ZLPRLoss,
)
from skbalance.losses._pairs import by_label

from .variants import OF_MARGINS, PATHS

STATISTICS = LabelStatistics([120, 60, 9, 2, 1], 200)
each_path = pytest.mark.parametrize("loss", PATHS.values(), ids=PATHS.keys())
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


@each_path
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


@each_path
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


@pytest.mark.parametrize("value", [1.0, 0.5])
def test_zeros_that_a_sparse_target_stores_are_no_pairs(value):
    targets = torch.tensor([[1.0, 0.2, 0.0], [0.0, 0.3, value]]).to_sparse_coo()
    targets.values()[[1, 2]] = 0
    pairs = PositivePairs.from_targets(targets)
    assert (pairs.rows.tolist(), pairs.cols.tolist()) == ([0, 1], [0, 2])
    assert pairs.values is None if value == 1 else pairs.values.tolist() == [1, value]


OF_SETS = (ZLPRLoss(), TwoWayLoss(), SigmoidF1Loss())


def test_losses_of_rows_take_no_soft_labels():
    logits, targets = batch(6)
    targets[0, 0] = 0.5
    for loss in OF_SETS:
        with pytest.raises(ValueError, match=f"{type(loss).__name__} takes labels of 0 and 1 and unknown ones"):
            loss.bind(STATISTICS)(logits, targets)
    with pytest.raises(ValueError, match="takes labels of 0 and 1 only"):
        ClassBalancedFocalLoss(base="softmax").bind(STATISTICS)(logits, targets)


@pytest.mark.parametrize("loss", OF_SETS, ids=repr)
def test_losses_of_rows_are_those_of_the_known_labels(loss):
    logits, targets = batch(6)
    targets[:, 3], targets[0, 0], targets[2] = torch.nan, torch.nan, torch.nan
    logits.requires_grad_()
    criterion = loss.bind(STATISTICS, "row_sum")
    weight = torch.rand(8, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 0.5
    value = criterion(logits, targets, weight)
    (grad,) = torch.autograd.grad(value.sum(), logits)
    assert bool((grad[targets.isnan()] == 0).all())
    assert bool(grad.isfinite().all())
    certain = torch.where(targets.isnan(), -1e4, logits.detach()).requires_grad_()  # negatives beyond all doubt
    expected = criterion(certain, targets.nan_to_num(0), weight)
    torch.testing.assert_close(value, expected, rtol=1e-12, atol=0)
    torch.testing.assert_close(grad, torch.autograd.grad(expected.sum(), certain)[0], rtol=1e-12, atol=1e-300)


@each_path
@pytest.mark.parametrize("reduction", ["none", "row_sum", "mean"])
def test_label_smoothing_is_a_soft_label(loss, reduction):
    logits, targets = batch(7, n_samples=3)
    targets[0, 0], targets[1, 1] = torch.nan, 0.3
    logits.requires_grad_()
    value = loss.bind(STATISTICS, reduction, label_smoothing=0.1)(logits, targets)
    hard = loss.bind(STATISTICS, "none")
    ones, zeros = torch.ones_like(targets), torch.zeros_like(targets)
    share = (0.9 * targets + 0.05).nan_to_num(0)
    # Of the same elements: a row's weight is that of its labels as they are.
    weights = loss.bind(STATISTICS, "none")
    if weights.weighting.rule is by_label:
        expected = share * hard(logits, ones) + (0.95 - 0.9 * targets).nan_to_num(0) * hard(logits, zeros)
        total = {"none": expected, "row_sum": expected.sum(dim=1), "mean": expected.mean()}[reduction]
        torch.testing.assert_close(value, total, rtol=1e-11, atol=1e-300)
    function = loss.bind(STATISTICS, reduction, label_smoothing=0.1)
    assert torch.autograd.gradcheck(lambda z: function(z, targets), logits, eps=1e-6, atol=1e-5)


def test_no_smoothing_is_the_loss_itself():
    logits, targets = batch(8)
    for loss in OF_MARGINS.values():
        torch.testing.assert_close(
            loss.bind(STATISTICS, label_smoothing=0)(logits, targets), loss.bind(STATISTICS)(logits, targets)
        )


def test_smoothed_cross_entropy_is_that_of_torch():
    logits, targets = batch(9)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, 0.8 * targets + 0.1)
    value = BinaryCrossEntropy().bind(STATISTICS, label_smoothing=0.2)(logits, targets)
    torch.testing.assert_close(value, expected, rtol=1e-12, atol=0)


def test_smoothing_where_one_side_has_no_weight():
    logits, targets = batch(10)
    for alpha in (0.0, 1.0):
        value = FocalLoss(alpha=alpha).bind(STATISTICS, label_smoothing=0.2)(logits, targets)
        assert bool(value.isfinite())


def test_smoothing_out_of_range_or_without_a_form():
    for wrong in (1, -0.1, True, "0.1"):
        with pytest.raises(ValueError, match=r"label_smoothing must be a number in \[0, 1\)"):
            BinaryCrossEntropy().bind(STATISTICS, label_smoothing=wrong)
    for loss in (*OF_SETS, ClassBalancedFocalLoss(base="softmax")):
        with pytest.raises(ValueError, match="takes no label_smoothing"):
            loss.bind(STATISTICS, label_smoothing=0.1)


def test_counts_are_sums_of_what_is_known():
    y = np.array([[1.0, 0.25, np.nan], [np.nan, 0.5, 0.0], [1.0, 0.0, np.nan]])
    statistics = LabelStatistics.from_targets(y, [1, 2, 3])
    np.testing.assert_allclose(statistics.counts, [4, 1.25, 0])
    assert statistics.n_samples == 6
    np.testing.assert_allclose(statistics.n_known, [4, 6, 2])
    np.testing.assert_allclose(LabelStatistics(statistics.counts, 6).n_known, [6, 6, 6])
    hard = np.array([[1, 0], [1, 1], [0, 1]])
    again = LabelStatistics.from_targets(hard.astype(float))
    assert LabelStatistics.from_targets(hard).rebalance_center == again.rebalance_center
    assert np.isnan(y).sum() == 3


def test_how_common_a_label_is_is_told_by_the_samples_that_are_known():
    y = np.zeros((100, 3))
    y[:10] = 1
    y[40:, 1], y[:, 2] = np.nan, np.nan
    whole, part = LabelStatistics.from_targets(y), LabelStatistics.from_targets(y[:40])
    np.testing.assert_allclose(whole.log_odds[:2], [np.log(9), part.log_odds[1]])
    np.testing.assert_allclose(whole.variance[1], 3 / 16)
    assert whole.log_odds[2] == 0  # of a label that nobody knows
    for statistics in (whole, LabelStatistics([0.25, 0, 0.5], 3, None, [0.25, 0.1, 3])):
        assert np.isfinite(statistics.log_odds).all()
        assert (statistics.variance > 0).all()
        assert (statistics.clipped_counts <= statistics.clipped_n_known).all()
    reweighted = BinaryCrossEntropy(reweight="inverse").bind(whole, "none")
    torch.testing.assert_close(
        reweighted(torch.zeros(1, 3), torch.zeros(1, 3))[0, :2] / np.log(2),
        torch.tensor([10.0, 4.0]),
        rtol=1e-6,
        atol=0,
    )


@pytest.mark.parametrize("n_known", [[1, 2], [5, 11, 11], [-1, 11, 11], [np.nan, 11, 11]])
def test_known_samples_out_of_range(n_known):
    with pytest.raises(ValueError, match="n_known must hold a number from 0 to n_samples=10 for each of 3 labels"):
        LabelStatistics([1, 1, 1], 10, n_known=n_known)
    with pytest.raises(ValueError, match=r"counts must lie between 0 and n_known; got \[3.0\]"):
        LabelStatistics([3, 1], 10, n_known=[2, 10])
