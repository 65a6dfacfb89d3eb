"""Groups of parameters, and learning rates."""

import pytest
import torch
from torch import nn

from skbalance import FineTunedMultiLabelClassifier
from skbalance.finetuning._modules import TextNetwork
from skbalance.finetuning._net import FineTuningNet, learning_rate_factor
from skbalance.finetuning._processes import Processes

RATES = FineTunedMultiLabelClassifier(learning_rate_init=1e-3, head_learning_rate_init=1e-2, weight_decay=0.1)


def groups_of(network):
    net = FineTuningNet(
        network, criterion=nn.MSELoss, optimizer=torch.optim.AdamW, run=None, settings=RATES, n_steps=1,
        processes=Processes(),
    )  # fmt: skip
    return net.initialize().optimizer_.param_groups


def test_groups():
    network = TextNetwork(nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2), nn.Linear(2, 2)), nn.Linear(2, 4))
    network.encoder[0].requires_grad_(False)
    found = {(g["lr"], g["peak"], g["weight_decay"]): [id(p) for p in g["params"]] for g in groups_of(network)}
    encoder, head = network.encoder, network.head
    assert found == {
        (1e-3, 1e-3, 0.1): [id(encoder[2].weight)],
        (1e-3, 1e-3, 0.0): [id(p) for p in (encoder[1].weight, encoder[1].bias, encoder[2].bias)],
        (1e-2, 1e-2, 0.1): [id(head.weight)],
        (1e-2, 1e-2, 0.0): [id(head.bias)],
    }
    encoder.requires_grad_(False)
    assert [g["lr"] for g in groups_of(network)] == [1e-2, 1e-2]


@pytest.mark.parametrize(("n_steps", "warmup"), [(20, 0.1), (20, 0.0), (7, 0.5), (1, 0.1), (3, 0.99)])
def test_learning_rates_rise_and_fall(n_steps, warmup):
    factors = [learning_rate_factor(step, n_steps, warmup) for step in range(n_steps)]
    assert max(factors) == 1
    assert min(factors) > 0
    top = factors.index(1)
    assert factors[: top + 1] == sorted(factors[: top + 1])
    assert factors[top:] == sorted(factors[top:], reverse=True)
    if n_steps == 20:
        assert top == (1 if warmup else 0)
        assert factors[-1] == pytest.approx(1 / 18 if warmup else 1 / 20)
