"""Sentence embeddings, cached on disk, and features for text."""

from skbalance.embedding._cache import CacheInfo
from skbalance.embedding._features import make_text_features
from skbalance.embedding._models import clear_models
from skbalance.embedding._sentence import SentenceEmbedder

__all__ = ["CacheInfo", "SentenceEmbedder", "clear_models", "make_text_features"]
