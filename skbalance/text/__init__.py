"""What takes texts or tags: lists of tags, sentence embeddings cached on disk, and features for text."""

from skbalance.text._cache import CacheInfo
from skbalance.text._finetuned import FineTunedMultiLabelClassifier
from skbalance.text._models import clear_models
from skbalance.text._sentence import SentenceEmbedder, make_text_features
from skbalance.text._tags import TagClassifier

__all__ = [
    "CacheInfo",
    "FineTunedMultiLabelClassifier",
    "SentenceEmbedder",
    "TagClassifier",
    "clear_models",
    "make_text_features",
]
