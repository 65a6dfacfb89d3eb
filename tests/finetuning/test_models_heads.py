"""Pooling, heads, and predictions by passes."""

import numpy as np
import pytest
import torch

from skbalance.finetuning import ModelSource
from skbalance.finetuning._encoders import load_encoder
from skbalance.finetuning._models import LABEL_TEXT_SCALE, LinearHead, TextModel, directions_of, head_of
from skbalance.finetuning._tokens import Tokens
from tests.finetuning.trainings import make_text_model


@pytest.fixture
def hidden():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(3, 5, 4, generator=generator), torch.tensor([[1] * 5, [1, 1, 0, 0, 0], [1, 0, 0, 0, 0]])


def make_head(pooling):
    generator = torch.Generator().manual_seed(1)
    weight, query = torch.randn(2, 2, 4, generator=generator)
    weights = {"weight": weight, "bias": torch.randn(2, generator=generator)}
    return head_of(pooling, **weights | ({"query": query} if pooling == "label_attention" else {}))


@pytest.mark.parametrize("pooling", ["mean", "cls", "label_attention"])
def test_heads(pooling, hidden):
    vectors, mask = hidden
    head = make_head(pooling)
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
    head = make_head(pooling)
    changed = torch.where(mask[:, :, None] == 1, vectors, 1e3)
    torch.testing.assert_close(head(changed, mask), head(vectors, mask))


def test_a_new_head(encoder_folder):
    log_odds = np.array([2.0, -1.0])
    head = make_text_model(encoder_folder, log_odds=log_odds).head
    assert not head.weight.any()
    np.testing.assert_allclose(head.bias.detach(), -0.5 * log_odds)
    first, second, other = (
        make_text_model(encoder_folder, "label_attention", seed=seed).head.query for seed in (0, 0, 1)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert 0.5 / 16 < first.std() < 2 / 16  # of 16 dimensions


def test_directions_of_label_texts():
    vectors = np.array([[3.0, 0, 0, 1], [0, 3, 0, 1]], dtype=np.float32)
    weight = directions_of(vectors)
    np.testing.assert_allclose(weight[0], -weight[1])  # what they have in common tells nothing
    assert weight[0] @ vectors[0] - weight[0] @ vectors[1] > 0.5 * LABEL_TEXT_SCALE
    np.testing.assert_allclose(directions_of(vectors[:1])[0] @ vectors[0], LABEL_TEXT_SCALE, rtol=1e-5)
    assert not directions_of(np.zeros((2, 4), dtype=np.float32)).any()


@pytest.mark.parametrize("pooling", ["mean", "cls", "label_attention"])
def test_weights_from_label_texts(pooling, encoder_folder):
    texts = ["ab", None, "cd", None]
    head = make_text_model(encoder_folder, pooling, log_odds=np.zeros(4), label_texts=texts).head
    lengths = head.weight.detach().norm(dim=1)
    assert (lengths > 0).tolist() == [True, False, True, False]
    torch.testing.assert_close(head.weight[0], -head.weight[2])
    if pooling == "label_attention":
        plain = make_text_model(encoder_folder, pooling, log_odds=np.zeros(4)).head
        torch.testing.assert_close(head.query - plain.query, head.weight / 4)  # the root of 16 dimensions


def test_predictions_do_not_depend_on_passes(encoder_folder):
    encoder, files = load_encoder(ModelSource(str(encoder_folder)))
    random_state = np.random.RandomState(0)
    model = TextModel(encoder, LinearHead(torch.ones(2, 16), torch.zeros(2), "cls"), None, files)
    model.train()
    tokens = Tokens([random_state.randint(5, 40, size=n) for n in random_state.randint(1, 20, size=17)])
    logits = model.predict(tokens)
    assert logits.shape == (17, 2)
    assert logits.dtype == np.float32
    assert not model.training
    for max_tokens in (1, 30):
        model.max_tokens = max_tokens
        np.testing.assert_allclose(model.predict(tokens), logits, atol=1e-5)
