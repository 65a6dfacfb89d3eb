"""Criteria of blocks of labels add up to that of all of them."""

import numpy as np
import pytest
import torch

from skbalance.losses import (
    BinaryCrossEntropy,
    ClassBalancedFocalLoss,
    DistributionBalancedLoss,
    LabelStatistics,
    PositivePairs,
    get_loss,
    get_loss_names,
)

LOSSES = [
    *(name for name in get_loss_names() if name not in ("zlpr", "two_way", "sigmoid_f1")),
    *(ClassBalancedFocalLoss(mode=mode, reweight_norm="batch") for mode in ("average_n", "average_w", "min_n")),
    *(DistributionBalancedLoss(reweight_norm=norm) for norm in ("instance", "batch")),
    BinaryCrossEntropy(pos_weight=np.arange(1.0, 8.0)),
]


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
@pytest.mark.parametrize("loss", LOSSES)
def test_parts_add_up(loss, label_smoothing):
    rng = np.random.default_rng(0)
    y = (rng.random((20, 7)) < [0.6, 0.5, 0.3, 0.2, 0.2, 0.1, 0.1]).astype(float)
    y[:3, 1], y[4, 2] = np.nan, 0.4
    pairs = PositivePairs.from_targets(torch.from_numpy(y))
    logits = torch.from_numpy(rng.normal(size=y.shape)).requires_grad_()
    statistics = LabelStatistics.from_targets(y)
    whole = get_loss(loss).bind(statistics, "row_sum", label_smoothing=label_smoothing)
    assert whole.separable
    expected = whole(logits, pairs)
    (gradient,) = torch.autograd.grad(expected.sum(), logits)
    blocks = [slice(0, 3), slice(3, 4), slice(4, 7)]
    total, gradients = 0, []
    for labels, part in zip(blocks, whole.parts(pairs, logits.dtype, blocks), strict=True):
        own = logits[:, labels].detach().requires_grad_()
        found = part(own, PositivePairs.from_targets(torch.from_numpy(y[:, labels])))
        gradients += torch.autograd.grad(found.sum(), own)
        total = total + found.detach()
    torch.testing.assert_close(total, expected.detach())
    torch.testing.assert_close(torch.cat(gradients, dim=1), gradient)
    assert whole.n_labels == 7
    torch.testing.assert_close(whole(logits, pairs), expected)


@pytest.mark.parametrize("loss", ["zlpr", "two_way", "sigmoid_f1", ClassBalancedFocalLoss(base="softmax")])
def test_losses_that_compare_labels_have_no_parts(loss):
    assert not get_loss(loss).bind(LabelStatistics([5, 3, 2], 10), "row_sum").separable
