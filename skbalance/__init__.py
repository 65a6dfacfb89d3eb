"""Balancing losses for long-tailed multi-label text classification, as ordinary scikit-learn."""

from ._classifier import BalancedMultiLabelClassifier
from ._tags import TagClassifier
from .embedding import SentenceEmbedder
from .model_selection import TunedThresholdMultiLabelClassifierCV

__version__ = "0.1.0.dev0"

__all__ = [
    "BalancedMultiLabelClassifier",
    "SentenceEmbedder",
    "TagClassifier",
    "TunedThresholdMultiLabelClassifierCV",
    "__version__",
]
