"""Decisions: thresholds on scores and other evidence, set on rows that the models did not see."""

from skbalance.decisions._fixed import FixedThresholdMultiLabelClassifier
from skbalance.decisions._label_texts import label_vectors, read_label_text, readable
from skbalance.decisions._model import LabelEvidence
from skbalance.decisions._promises import Promises
from skbalance.decisions._tuned import TunedThresholdMultiLabelClassifierCV

__all__ = [
    "FixedThresholdMultiLabelClassifier",
    "LabelEvidence",
    "Promises",
    "TunedThresholdMultiLabelClassifierCV",
    "label_vectors",
    "read_label_text",
    "readable",
]
