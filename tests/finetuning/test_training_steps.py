"""Steps: batches and their passes, groups of parameters, and learning rates."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch import nn

from skbalance import FineTunedMultiLabelClassifier
from skbalance.finetuning._models import TextModel
from skbalance.finetuning._tokens import Tokens, TrainingTexts
from skbalance.finetuning._training import FineTuningNet, Processes, Run, learning_rate_factor

N = 103


@pytest.fixture(scope="module")
def texts():
    random_state = np.random.RandomState(0)
    tokens = Tokens([np.arange(length) for length in random_state.randint(1, 30, size=N)])
    y = sp.random(N, 5, density=0.3, format="csr", random_state=random_state)
    return TrainingTexts(tokens, y, random_state.uniform(0.5, 2, size=N).astype(np.float32))


def make_net(data=None, model=None, processes=None, run=None, **params):
    model = TextModel(nn.Linear(3, 2), nn.Linear(2, 4), None, {}) if model is None else model
    settings = FineTunedMultiLabelClassifier(**{"batch_size": 8} | params)
    return FineTuningNet(
        model, nn.MSELoss(), data=data, run=run or Run(0, 26), settings=settings,
        processes=processes or Processes(), checkpoints=None, bar=None,
    ).initialize()  # fmt: skip


def test_it_begins_with_any_batch(texts):
    def batches(**progress):
        run = Run(0, 26)
        vars(run).update(progress)
        return [rows.tolist() for rows in make_net(texts, run=run).get_iterator(texts, training=True)]

    whole = batches()
    assert len(whole) == 13
    assert batches(batch=10) == whole[10:]
    assert batches(epoch=1) != whole
    assert batches(seed=1) != whole


def test_what_a_pass_holds(texts):
    net = make_net(texts)
    for rows in net.get_iterator(texts):
        ((ids, mask, pairs, weight),) = net.passes(rows)
        order = rows[np.argsort(-texts.tokens.lengths[rows], kind="stable")]
        assert mask.sum(dim=1).tolist() == texts.tokens.lengths[order].tolist()
        assert ids.shape == (len(rows), texts.tokens.lengths[rows].max())
        np.testing.assert_array_equal(pairs.dense().numpy(), texts.y[order].toarray() != 0)
        np.testing.assert_allclose(weight, texts.weight[order] / texts.weight[rows].sum(), rtol=1e-6)


def test_passes_hold_so_many_tokens(texts):
    net = make_net(texts, max_tokens=40)
    for rows in net.get_iterator(texts):
        passes = list(net.passes(rows))
        assert sum(float(weight.sum()) for *_, weight in passes) == pytest.approx(1)
        assert all(len(ids) == 1 or ids.numel() <= 40 for ids, *_ in passes)


@pytest.mark.parametrize("count", [2, 10])
def test_processes_share_every_batch(texts, count):
    nets = [make_net(texts, processes=Processes(rank, count)) for rank in range(count)]
    for rows in nets[0].get_iterator(texts):
        shares = [list(net.passes(rows)) for net in nets]
        assert all(len(share) == 1 for share in shares)  # each takes part in every step
        weights = torch.cat([weight for ((*_, weight),) in shares])
        assert float(weights.sum()) == pytest.approx(1)
        assert int((weights > 0).sum()) == len(rows)


def test_groups():
    def groups():
        rates = {"learning_rate_init": 1e-3, "head_learning_rate_init": 1e-2, "weight_decay": 0.1}
        return make_net(model=model, **rates).optimizer_.param_groups

    model = TextModel(nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2), nn.Linear(2, 2)), nn.Linear(2, 4), None, {})
    model.encoder[0].requires_grad_(False)
    found = {(g["lr"], g["peak"], g["weight_decay"]): [id(p) for p in g["params"]] for g in groups()}
    encoder, head = model.encoder, model.head
    assert found == {
        (1e-3, 1e-3, 0.1): [id(encoder[2].weight)],
        (1e-3, 1e-3, 0.0): [id(p) for p in (encoder[1].weight, encoder[1].bias, encoder[2].bias)],
        (1e-2, 1e-2, 0.1): [id(head.weight)],
        (1e-2, 1e-2, 0.0): [id(head.bias)],
    }
    encoder.requires_grad_(False)
    assert [g["lr"] for g in groups()] == [1e-2, 1e-2]


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
