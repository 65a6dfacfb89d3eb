"""The blocks of the kernel: a batch is the same whatever the block."""

import pytest
import torch

from skbalance.losses import DistributionBalancedLoss, FocalLoss, LabelStatistics, _kernel

from .variants import PATHS

each_path = pytest.mark.parametrize("loss", PATHS.values(), ids=PATHS.keys())


@each_path
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


@pytest.mark.parametrize(("n_threads", "rows"), [(1, [2, 2, 2, 1]), (2, [4, 3]), (4, [7])])
def test_each_thread_has_elements_of_a_block(n_threads, rows, monkeypatch):
    monkeypatch.setitem(_kernel.BLOCK_ELEMENTS, "cpu", 10)
    monkeypatch.setattr(torch, "get_num_threads", lambda: n_threads)
    plain, found = _kernel.focal, []
    monkeypatch.setattr(_kernel, "focal", lambda at, **kw: found.append(tuple(at.shape)) or plain(at, **kw))
    FocalLoss().bind(LabelStatistics([9] * 5, 100))(torch.zeros(7, 5), torch.zeros(7, 5))
    assert found == [*((n, 5) for n in rows), (0,)]  # the last are the positives


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


@pytest.mark.parametrize("reduction", ["row_sum", "mean", "none"])
@each_path
def test_overwriting_the_logits_changes_no_result(loss, reduction):
    generator = torch.Generator().manual_seed(1)
    source = torch.randn(9, 5, dtype=torch.float64, generator=generator).requires_grad_()
    targets = torch.rand(9, 5, generator=generator) < 0.3
    criterion = loss.bind(LabelStatistics([90, 40, 9, 2, 1], 100), reduction)
    kept = criterion(source * 2, targets)
    (expected,) = torch.autograd.grad((kept * kept.detach()).sum(), source)
    criterion.overwrite_logits = True
    logits = source * 2
    before = logits.detach().clone()
    value = criterion(logits, targets)
    assert not torch.equal(logits.detach(), before)
    total = (value * value.detach()).sum()
    (gradient,) = torch.autograd.grad(total, source, retain_graph=True)
    torch.testing.assert_close(value, kept, rtol=0, atol=0)
    torch.testing.assert_close(gradient, expected, rtol=0, atol=0)
    with pytest.raises(RuntimeError, match="The logits were overwritten"):
        torch.autograd.grad(total, source)
    with torch.no_grad():
        criterion(before, targets)
        assert torch.equal(before, source * 2)
