"""Fine-tuning encoders: tokens, batches by length, networks, and training through skorch."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names
from ._encoders import HEADS, ModelSource, check_files, digest_of, not_loaded, quiet_loading

if TYPE_CHECKING:
    from ._batches import TrainingTexts
    from ._checkpoints import Checkpoints, fingerprint, tell_apart
    from ._models import TextModel, adapted, uses_bfloat16
    from ._modules import predict_logits
    from ._training import fine_tune

__all__ = [
    "HEADS",
    "Checkpoints",
    "ModelSource",
    "TextModel",
    "TrainingTexts",
    "adapted",
    "check_files",
    "digest_of",
    "fine_tune",
    "fingerprint",
    "not_loaded",
    "predict_logits",
    "quiet_loading",
    "tell_apart",
    "uses_bfloat16",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    _batches=["TrainingTexts"],
    _checkpoints=["Checkpoints", "fingerprint", "tell_apart"],
    _models=["TextModel", "adapted", "uses_bfloat16"],
    _modules=["predict_logits"],
    _training=["fine_tune"],
)
