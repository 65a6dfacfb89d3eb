"""Tags for texts when most tags are rare: long-tailed multi-label text classification with scikit-learn."""

from typing import TYPE_CHECKING

from ._lazy import lazy_names

if TYPE_CHECKING:
    from ._classifier import BalancedMultiLabelClassifier
    from ._versions import show_versions
    from .calibration import CalibratedMultiLabelClassifierCV
    from .decisions import FixedThresholdMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV
    from .text import FineTunedMultiLabelClassifier, SentenceEmbedder, TagClassifier

__version__ = "0.1.0.dev0"

__all__ = [
    "BalancedMultiLabelClassifier",
    "CalibratedMultiLabelClassifierCV",
    "FineTunedMultiLabelClassifier",
    "FixedThresholdMultiLabelClassifier",
    "SentenceEmbedder",
    "TagClassifier",
    "TunedThresholdMultiLabelClassifierCV",
    "__version__",
    "show_versions",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    rooms=("calibration", "datasets", "decisions", "losses", "metrics", "model_selection", "plotting", "text"),
    _classifier=["BalancedMultiLabelClassifier"],
    _versions=["show_versions"],
    calibration=["CalibratedMultiLabelClassifierCV"],
    decisions=["FixedThresholdMultiLabelClassifier", "TunedThresholdMultiLabelClassifierCV"],
    text=["FineTunedMultiLabelClassifier", "SentenceEmbedder", "TagClassifier"],
)
