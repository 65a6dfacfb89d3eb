"""The blocks of the kernel: a batch is the same whatever the block."""

import pytest
import torch

from skbalance.losses import DistributionBalancedLoss, FocalLoss, LabelStatistics, _kernel

from .variants import VARIANTS


@pytest.mark.parametrize("loss", VARIANTS.values(), ids=VARIANTS.keys())
@pytest.mark.parametrize("block", [1, 7, 50])
def test_blocks_do_not_matter(loss, block, monkeypatch):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(23, 5, dtype=torch.float64, generator=generator).requires_grad_()
    targets = torch.rand(23, 5, generator=generator) < 0.3
    targets[[0, 22]] = False
    criterion = loss.bind(LabelStatistics([90, 40, 9, 2, 1], 100), "row_sum")
    whole = criterion(logits, targets)
    (whole_grad,) = torch.autograd.grad(whole.sum(), logits)
    monkeypatch.setitem(_kernel.BLOCK_ELEMENTS, "cpu", block)
    parts = criterion(logits, targets)
    (parts_grad,) = torch.autograd.grad(parts.sum(), logits)
    torch.testing.assert_close(parts, whole, rtol=1e-14, atol=0)
    torch.testing.assert_close(parts_grad, whole_grad, rtol=1e-14, atol=1e-300)


def test_a_large_positive_does_not_swallow_the_rest_of_its_row():
    # Subtracting the positive's loss as a negative from a sum over the row would leave only rounding.
    logits = torch.tensor([[1e4, 0.0]], dtype=torch.float32)
    rows = FocalLoss(gamma=0, alpha=None).bind(LabelStatistics([1, 1], 2), "row_sum")(logits, torch.tensor([[1, 0]]))
    torch.testing.assert_close(rows, torch.tensor([0.6931472]))


def test_nan_is_not_hidden():
    criterion = DistributionBalancedLoss(mu=0.5).bind(LabelStatistics([1, 1], 4), "none")
    logits = torch.tensor([[float("nan"), 0.0], [0.0, float("nan")]])
    value = criterion(logits, torch.tensor([[1, 0], [1, 0]]))
    assert value.isnan().tolist() == [[True, False], [False, True]]
