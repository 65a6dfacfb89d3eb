"""Pooling, heads, and predictions by passes."""

import numpy as np
import pytest
import torch

from skbalance.finetuning import ModelSource
from skbalance.finetuning._encoders import load_encoder
from skbalance.finetuning._modules import (
    LABEL_TEXT_SCALE,
    LabelAttentionHead,
    LinearHead,
    TextNetwork,
    make_head,
    predict_logits,
)
from skbalance.finetuning._tokens import Tokens


@pytest.fixture
def hidden():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(3, 5, 4, generator=generator), torch.tensor([[1] * 5, [1, 1, 0, 0, 0], [1, 0, 0, 0, 0]])


def head_of(pooling, n_labels=2):
    generator = torch.Generator().manual_seed(1)
    weight, query = torch.randn(2, n_labels, 4, generator=generator)
    bias = torch.randn(n_labels, generator=generator)
    return (
        LabelAttentionHead(weight, bias, query)
        if pooling == "label_attention"
        else LinearHead(weight, bias, pooling=pooling)
    )


@pytest.mark.parametrize("pooling", ["mean", "cls", "label_attention"])
def test_heads(pooling, hidden):
    vectors, mask = hidden
    head = head_of(pooling)
    logits = head(vectors, mask)
    for row in range(3):
        h = vectors[row, : mask[row].sum()]
        for label in range(2):
            if pooling == "mean":
                pooled = h.mean(dim=0)
            elif pooling == "cls":
                pooled = h[0]
            else:
                pooled = (h @ head.query[label]).softmax(dim=0) @ h
            expected = pooled @ head.weight[label] + head.bias[label]
            torch.testing.assert_close(logits[row, label], expected)


@pytest.mark.parametrize("pooling", ["mean", "cls", "label_attention"])
def test_padding_changes_nothing(pooling, hidden):
    vectors, mask = hidden
    head = head_of(pooling)
    changed = torch.where(mask[:, :, None] == 1, vectors, 1e3)
    torch.testing.assert_close(head(changed, mask), head(vectors, mask))


def test_a_new_head():
    log_odds = np.array([2.0, -1.0])
    new = {"n_dimensions": 4, "log_odds": log_odds}
    head = make_head("mean", generator=torch.Generator().manual_seed(0), **new)
    assert not head.weight.any()
    np.testing.assert_allclose(head.bias.detach(), -0.5 * log_odds)
    first, second, other = (
        make_head("label_attention", generator=torch.Generator().manual_seed(seed), **new).query for seed in (0, 0, 1)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_weights_from_label_texts():
    vectors = np.array([[3.0, 0, 0, 1], [0, 3, 0, 1], [np.nan] * 4], dtype=np.float32)
    for pooling in ("mean", "label_attention"):
        head = make_head(
            pooling, n_dimensions=4, log_odds=np.zeros(3), generator=torch.Generator(), label_vectors=vectors
        )
        weight = head.weight.detach().numpy()
        assert not weight[2].any()
        np.testing.assert_allclose(weight[0], -weight[1])  # what they have in common tells nothing
        assert weight[0] @ vectors[0] - weight[0] @ vectors[1] > 0.5 * LABEL_TEXT_SCALE
    one = make_head(
        "mean", n_dimensions=4, log_odds=np.zeros(1), generator=torch.Generator(), label_vectors=vectors[:1]
    )
    np.testing.assert_allclose(one.weight.detach().numpy()[0] @ vectors[0], LABEL_TEXT_SCALE, rtol=1e-5)


def test_predictions_do_not_depend_on_passes(encoder_folder):
    encoder, _ = load_encoder(ModelSource(str(encoder_folder)))
    random_state = np.random.RandomState(0)
    network = TextNetwork(encoder, LinearHead(torch.ones(2, 16), torch.zeros(2), pooling="cls"))
    network.train()
    tokens = Tokens([random_state.randint(5, 40, size=n) for n in random_state.randint(1, 20, size=17)])
    logits = predict_logits(network, tokens, max_tokens=1000, device="cpu")
    assert logits.shape == (17, 2)
    assert logits.dtype == np.float32
    assert network.training
    for max_tokens in (1, 30):
        np.testing.assert_allclose(
            predict_logits(network, tokens, max_tokens=max_tokens, device="cpu"), logits, atol=1e-5
        )
