"""Embedders on tiny random encoders, and models of tags."""

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from skbalance.text import SentenceEmbedder, TagClassifier, clear_models
from skbalance.text._models import LoadedModel
from tests.encoders import save_encoder

from .grain import TAGS, TEXTS


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


@pytest.fixture
def pipeline():
    return make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression(C=100.0)))


@pytest.fixture(scope="module")
def default():
    return TagClassifier(random_state=0).fit(TEXTS, TAGS)
