"""A tiny random encoder on disk: sixteen dimensions, one layer, letters for a vocabulary."""

import string

import pytest
import torch

from skbalance.text import SentenceEmbedder, clear_models
from skbalance.text._models import LoadedModel


def save_encoder(folder, seed=0):
    from sentence_transformers import SentenceTransformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    bert = folder / "bert"
    bert.mkdir(parents=True)
    letters = list(string.ascii_lowercase + string.digits)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *["##" + letter for letter in letters]]
    (bert / "vocab.txt").write_text("\n".join(vocabulary))
    tokenizer = BertTokenizerFast(str(bert / "vocab.txt"), model_max_length=64)
    tokenizer.save_pretrained(bert)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        BertModel(config).save_pretrained(bert)
    SentenceTransformer(str(bert), device="cpu").save(str(folder / "encoder"), create_model_card=False)
    return folder / "encoder"


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="session")
def other_encoder_folder(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("other"), seed=1)


@pytest.fixture
def embedder(encoder_folder, tmp_path):
    """An embedder with an empty cache."""
    return SentenceEmbedder(encoder_folder, device="cpu", batch_size=4, cache_dir=tmp_path / "cache")


@pytest.fixture
def encoded(monkeypatch):
    """The texts that reach the encoder, as a list that grows."""
    texts = []
    encode = LoadedModel.encode

    def counting(self, batch, prompt=None):
        texts.extend(batch)
        return encode(self, batch, prompt)

    monkeypatch.setattr(LoadedModel, "encode", counting)
    return texts


@pytest.fixture(autouse=True)
def _no_models_left_over():
    yield
    clear_models()
