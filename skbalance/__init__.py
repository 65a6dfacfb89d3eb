"""Balancing losses for long-tailed multi-label text classification, as ordinary scikit-learn."""

from ._classifier import BalancedMultiLabelClassifier
from .calibration import CalibratedMultiLabelClassifierCV
from .decisions import TunedThresholdMultiLabelClassifierCV
from .text import FineTunedMultiLabelClassifier, SentenceEmbedder, TagClassifier

__version__ = "0.1.0.dev0"

__all__ = [
    "BalancedMultiLabelClassifier",
    "CalibratedMultiLabelClassifierCV",
    "FineTunedMultiLabelClassifier",
    "SentenceEmbedder",
    "TagClassifier",
    "TunedThresholdMultiLabelClassifierCV",
    "__version__",
]
