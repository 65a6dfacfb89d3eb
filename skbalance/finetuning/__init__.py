"""Fine-tuning encoders: tokens, batches by length, models, and training through skorch."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names
from ._encoders import HEADS, ModelSource, check_files, digest_of, not_loaded, quiet_loading

if TYPE_CHECKING:
    from ._checkpoints import Checkpoints, tell_apart
    from ._models import TextModel
    from ._training import fine_tune, fingerprint

__all__ = [
    "HEADS",
    "Checkpoints",
    "ModelSource",
    "TextModel",
    "check_files",
    "digest_of",
    "fine_tune",
    "fingerprint",
    "not_loaded",
    "quiet_loading",
    "tell_apart",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    _checkpoints=["Checkpoints", "tell_apart"],
    _models=["TextModel"],
    _training=["fine_tune", "fingerprint"],
)
