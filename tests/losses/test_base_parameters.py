"""Parameters of losses and arguments of criteria: what is refused, and what is at the edge."""

import numpy as np
import pytest
import torch

from skbalance.losses import (
    BinaryCrossEntropy,
    ClassBalancedFocalLoss,
    DistributionBalancedLoss,
    FocalLoss,
    LabelStatistics,
    NegativeTolerantFocalLoss,
    RebalancedFocalLoss,
    TwoWayLoss,
)

from .variants import STATISTICS


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (FocalLoss(gamma=-1), "'gamma'.*FocalLoss.*Got -1"),
        (FocalLoss(alpha=1.5), "'alpha'.*Got 1.5"),
        (FocalLoss(reweight="inv"), "'reweight'.*'inverse'.*Got 'inv'"),
        (FocalLoss(reweight_norm="by_instance"), "'reweight_norm'.*'batch'"),
        (BinaryCrossEntropy(pos_weight=0), "'pos_weight'"),
        (ClassBalancedFocalLoss(beta=1.0), "'beta'"),
        (ClassBalancedFocalLoss(mode="average"), "'mode'.*'average_n'.*Got 'average'"),
        (ClassBalancedFocalLoss(base="hinge"), "'base'"),
        (NegativeTolerantFocalLoss(neg_scale=0), "'neg_scale'"),
        (NegativeTolerantFocalLoss(neg_scale=1e-320), "'neg_scale'"),
        (TwoWayLoss(neg_temperature=1e-320), "'neg_temperature'"),
        (NegativeTolerantFocalLoss(kappa=float("nan")), "'kappa'"),
        (RebalancedFocalLoss(mu="mean"), "'mu'"),
        (DistributionBalancedLoss(map_beta=-1), "'map_beta'"),
        (DistributionBalancedLoss(scale=0), "'scale'"),
    ],
)
def test_bad_hyperparameters_raise_at_bind(loss, message):
    with pytest.raises(ValueError, match=message):
        loss.bind(STATISTICS)


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.float16, np.float32, np.longdouble])
def test_numbers_of_numpy_are_read_as_pythons(kind):
    logits, targets = torch.randn(2, 5, generator=torch.Generator().manual_seed(0)), torch.ones(2, 5)
    of_numpy, plain = (RebalancedFocalLoss(map_beta=number, mu=kind(1)) for number in (kind(10), 10))
    losses = [loss.bind(STATISTICS, "none")(logits, targets) for loss in (of_numpy, plain)]
    torch.testing.assert_close(losses[0], losses[1], rtol=0, atol=0)
    assert type(of_numpy.map_beta) is kind
    NegativeTolerantFocalLoss(neg_scale=kind(1)).bind(STATISTICS)


@pytest.mark.parametrize("neg_scale", [1e-30, 1e30])
def test_extreme_scales_of_negatives_are_finite(neg_scale):
    logits = torch.tensor([[-3.0, 0.0, 3.0, 1.0, -1.0]], requires_grad=True)
    loss = NegativeTolerantFocalLoss(neg_scale=neg_scale).bind(STATISTICS)(logits, torch.eye(5)[:1])
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def test_bad_bind_and_call():
    with pytest.raises(TypeError, match="LabelStatistics; got list"):
        FocalLoss().bind([1, 2])
    with pytest.raises(ValueError, match=r"'row_sum'.*got 'average'"):
        FocalLoss().bind(STATISTICS, reduction="average")
    with pytest.raises(ValueError, match="reduction must be one of"):
        FocalLoss().bind(STATISTICS, reduction=np.array(["mean", "sum"]))
    with pytest.raises(ValueError, match="three or more exclusive classes; got 2"):
        ClassBalancedFocalLoss(base="softmax").bind(LabelStatistics([1, 2], 3))
    criterion = FocalLoss().bind(STATISTICS)
    with pytest.raises(ValueError, match=r"logits must have shape \(n_samples, 5\); got \(2, 3\)"):
        criterion(torch.zeros(2, 3), torch.zeros(2, 3))
    with pytest.raises(ValueError, match="shape of the logits"):
        criterion(torch.zeros(2, 5), torch.zeros(3, 5))
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\], or be NaN or -100 where unknown; got \[1.5"):
        criterion(torch.zeros(2, 5), torch.full((2, 5), 1.5))
    with pytest.raises(ValueError, match=r"\[0, 5\)"):
        criterion(torch.zeros(2, 5), torch.tensor([0, 5]))
    with pytest.raises(ValueError, match="integer class indices"):
        criterion(torch.zeros(2, 5), torch.zeros(2))
