"""Balancing losses for long-tailed multi-label text classification, as ordinary scikit-learn."""

from ._classifier import BalancedMultiLabelClassifier
from ._tags import TagClassifier
from .embedding import SentenceEmbedder

__version__ = "0.1.0.dev0"

__all__ = ["BalancedMultiLabelClassifier", "SentenceEmbedder", "TagClassifier", "__version__"]
