"""What of an encoder is trained."""

import numpy as np
import pytest
import torch

from skbalance import FineTunedMultiLabelClassifier
from skbalance.finetuning._training import adapted
from tests.finetuning.trainings import make_text_model


def moved(model, **parts):
    """Names of the encoder's weights that a step of training moves."""
    before = {name: tensor.clone() for name, tensor in model.encoder.state_dict().items()}
    torch.nn.init.ones_(model.head.weight)
    ids = torch.tensor([[2, 7, 8, 3]])
    with adapted(model, FineTunedMultiLabelClassifier(**parts), 0):
        trained = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.SGD(trained, lr=0.1)
        for _ in range(2):  # LoRA's first step moves one of its two matrices only, from zero
            optimizer.zero_grad()
            (model(ids, torch.ones_like(ids)) * torch.tensor([1.0, 2.0, -1.0])).sum().backward()
            optimizer.step()
    after = model.encoder.state_dict()
    assert after.keys() == before.keys()
    assert all(p.requires_grad and p.grad is None for p in model.parameters())
    return {name for name in before if (after[name] - before[name]).abs().max() > 1e-7}


def test_the_whole_encoder_is_trained(deep_encoder_folder):
    names = moved(make_text_model(deep_encoder_folder))
    assert {name.split(".")[0] for name in names} >= {"embeddings", "encoder"}
    assert any(name.startswith("encoder.layer.0.") for name in names)


@pytest.mark.parametrize("n_frozen", [1, 2, 3])
def test_frozen_layers(n_frozen, deep_encoder_folder):
    names = moved(make_text_model(deep_encoder_folder), n_frozen_layers=n_frozen)
    layers = {name.split(".")[2] for name in names if name.startswith("encoder.layer.")}
    assert layers == {str(layer) for layer in range(n_frozen, 3)}
    assert not any(name.startswith("embeddings") for name in names)


def test_more_frozen_layers_than_there_are(deep_encoder_folder):
    model = make_text_model(deep_encoder_folder)
    with (
        pytest.raises(ValueError, match="n_frozen_layers=4 is more than the encoder's 3 layers"),
        adapted(model, FineTunedMultiLabelClassifier(n_frozen_layers=4), 0),
    ):
        pass


def test_lora_is_no_wider_than_the_encoder(deep_encoder_folder):
    with pytest.raises(ValueError, match="lora_rank=17 is more than the width of the encoder, 16"):
        moved(make_text_model(deep_encoder_folder), lora_rank=17)


# peft asks transformers for a property by its former name.
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_lora(deep_encoder_folder):
    names = moved(make_text_model(deep_encoder_folder), lora_rank=2)
    assert names
    assert all(name.endswith(".weight") and name.startswith("encoder.layer.") for name in names)
    upper = moved(make_text_model(deep_encoder_folder), lora_rank=2, n_frozen_layers=2)
    assert {name.split(".")[2] for name in upper} == {"2"}


def test_gradient_checkpointing_changes_no_step(deep_encoder_folder):
    plain, saving = make_text_model(deep_encoder_folder), make_text_model(deep_encoder_folder)
    plain.eval()
    moved(plain)
    saving.eval()
    moved(saving, gradient_checkpointing=True)
    for name, array in plain.arrays().items():
        np.testing.assert_allclose(saving.arrays()[name], array, atol=1e-6)
