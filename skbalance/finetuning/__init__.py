"""Fine-tuning encoders: tokens, batches by length, networks, and training through skorch."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names
from ._encoders import EncoderSource, check_files, digest_of, load_encoder, quiet_loading
from ._options import HEADS, FineTuningOptions

if TYPE_CHECKING:
    from ._batches import TrainingTexts
    from ._checkpoints import Checkpoints, fingerprint, tell_apart
    from ._models import TextModel, adapted, uses_bfloat16
    from ._modules import predict_logits
    from ._tokens import clear_tokens
    from ._training import fine_tune

__all__ = [
    "HEADS",
    "Checkpoints",
    "EncoderSource",
    "FineTuningOptions",
    "TextModel",
    "TrainingTexts",
    "adapted",
    "check_files",
    "clear_tokens",
    "digest_of",
    "fine_tune",
    "fingerprint",
    "load_encoder",
    "predict_logits",
    "quiet_loading",
    "tell_apart",
    "uses_bfloat16",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Checkpoints": "_checkpoints",
        "TextModel": "_models",
        "TrainingTexts": "_batches",
        "adapted": "_models",
        "clear_tokens": "_tokens",
        "fine_tune": "_training",
        "fingerprint": "_checkpoints",
        "predict_logits": "_modules",
        "tell_apart": "_checkpoints",
        "uses_bfloat16": "_models",
    },
)
