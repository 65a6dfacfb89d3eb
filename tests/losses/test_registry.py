"""Losses by name."""

import numpy as np
import pytest
import torch

from skbalance.losses import (
    BinaryCrossEntropy,
    DistributionBalancedLoss,
    FocalLoss,
    LabelStatistics,
    NegativeTolerantFocalLoss,
    RebalancedFocalLoss,
    get_loss,
    get_loss_names,
    loss_from_state,
    loss_to_state,
)


@pytest.mark.parametrize("name", get_loss_names())
def test_each_name_gives_a_fresh_loss(name):
    first, second = get_loss(name), get_loss(name)
    assert first is not second
    assert repr(first) == repr(second)


def test_the_papers_defaults():
    assert get_loss("db_0fl").get_params() == DistributionBalancedLoss(gamma=0.0, alpha=None, scale=0.5).get_params()
    assert repr(get_loss("balanced_ntr")) == repr(NegativeTolerantFocalLoss(pos_weight="sqrt_balanced"))
    assert get_loss("focal").get_params()["gamma"] == 2.0
    assert get_loss("cb_focal").scale == get_loss("cb_ntr").scale == 10.0


def test_a_name_means_the_same_in_every_loss():
    defaults = {}
    for name in get_loss_names():
        if name in ("db_0fl", "balanced_ntr"):  # settings of another loss
            continue
        for parameter, value in get_loss(name).get_params().items():
            if parameter != "scale":
                assert defaults.setdefault(parameter, value) == value, (name, parameter)


def test_logit_adjusted_is_cross_entropy_of_shifted_logits():
    statistics, logits = LabelStatistics([30, 5], 100), torch.tensor([[0.5, -1.0], [2.0, 0.0]], dtype=torch.float64)
    targets = torch.tensor([[1, 0], [0, 1]])
    shift = torch.tensor([np.log(70 / 30), np.log(95 / 5)])
    expected = BinaryCrossEntropy().bind(statistics, "none")(logits - shift, targets)
    tolerant = NegativeTolerantFocalLoss(neg_scale=1, neg_weight=1, gamma=0, alpha=None, kappa=1)
    for loss in (get_loss("logit_adjusted"), tolerant):
        torch.testing.assert_close(loss.bind(statistics, "none")(logits, targets), expected, rtol=1e-13, atol=0)


def test_a_loss_object_is_copied():
    loss = FocalLoss(gamma=3)
    assert get_loss(loss) is not loss
    assert get_loss(loss).gamma == 3


def test_bad_losses():
    with pytest.raises(ValueError, match=r"'bce', 'focal'.*got 'focall'"):
        get_loss("focall")
    with pytest.raises(TypeError, match=r"did you mean FocalLoss\(\)"):
        get_loss(FocalLoss)
    with pytest.raises(TypeError, match="got 3"):
        get_loss(3)
    with pytest.raises(ValueError, match="'gamma'"):
        get_loss(FocalLoss(gamma=-1))


def test_auto_resolves_to_the_center():
    statistics = LabelStatistics.from_targets([[1, 0], [1, 1], [1, 0], [0, 1]])
    for loss in (RebalancedFocalLoss(), DistributionBalancedLoss()):
        assert loss.resolve(statistics).mu == statistics.rebalance_center
        assert loss.mu == "auto"
        with pytest.raises(ValueError, match="counts only"):
            loss.bind(LabelStatistics([1, 2], 4))
    assert DistributionBalancedLoss(mu=0.3).resolve(statistics).mu == 0.3
    assert FocalLoss().resolve(statistics).gamma == 2.0


def test_state_of_a_loss_is_read_again():
    """Registered losses as names and numbers, which any loader trusts; a loss of somebody else's as it is."""
    loss = FocalLoss(gamma=0.5)
    state = loss_to_state(loss)
    assert state == ("FocalLoss", loss.get_params())
    assert repr(loss_from_state(state)) == repr(loss)

    class Mine(FocalLoss):
        pass

    mine = Mine()
    assert loss_from_state(loss_to_state(mine)) is mine
