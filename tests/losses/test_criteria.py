"""What a criterion takes: tensors, and weights that may be 0."""

import numpy as np
import pytest
import torch

from skbalance.losses import LabelStatistics, PositivePairs, get_loss, get_loss_names

STATISTICS = LabelStatistics.from_targets(np.array([[1, 0], [1, 1], [0, 1], [0, 0]]))
LOGITS = torch.tensor([[0.3, -0.2], [1.0, 0.5]], dtype=torch.float64)
TARGETS = torch.tensor([[1, 0], [1, 1]])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([[0.3, -0.2]], TARGETS), TypeError, "logits must be a dense tensor of a floating type; got list"),
        ((TARGETS, TARGETS), TypeError, "logits must be a dense tensor of a floating type; got torch.int64"),
        ((TARGETS.float().to_sparse(), TARGETS), TypeError, r"logits must be a dense tensor .* torch\.sparse_coo"),
        ((LOGITS, [[1, 0], [1, 1]]), TypeError, "targets must be a tensor or PositivePairs; got list"),
        ((LOGITS, torch.tensor(1)), ValueError, "targets must be real, of shape .* of shape ()"),
        ((LOGITS, TARGETS[None]), ValueError, r"of shape \(1, 2, 2\)"),
        ((LOGITS, TARGETS.to(torch.complex64)), ValueError, "targets must be real"),
        ((LOGITS, TARGETS, [1.0, 2.0]), TypeError, "sample_weight must be a tensor; got list"),
        ((LOGITS, TARGETS, torch.ones(3)), ValueError, r"sample_weight must have shape \(n_samples,\) = \(2,\)"),
    ],
)
def test_other_things_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        get_loss("bce").bind(STATISTICS)(*arguments)


@pytest.mark.parametrize("name", get_loss_names())
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_a_batch_without_any_weight_has_no_loss(name, reduction):
    criterion = get_loss(name).bind(STATISTICS, reduction=reduction)
    logits = LOGITS.clone().requires_grad_()
    loss = criterion(logits, PositivePairs.from_targets(TARGETS), torch.zeros(2))
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()
