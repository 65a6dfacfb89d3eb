"""Fine-tuning encoders: tokens, batches by length, networks, and training through skorch."""

from ._batches import TrainingTexts
from ._checkpoints import Checkpoints, fingerprint
from ._encoders import EncoderSource, load_encoder, quiet_loading
from ._models import TextModel, adapted, uses_bfloat16
from ._modules import HEADS, predict_logits
from ._tokens import clear_tokens
from ._training import FineTuningOptions, fine_tune

__all__ = [
    "HEADS",
    "Checkpoints",
    "EncoderSource",
    "FineTuningOptions",
    "TextModel",
    "TrainingTexts",
    "adapted",
    "clear_tokens",
    "fine_tune",
    "fingerprint",
    "load_encoder",
    "predict_logits",
    "quiet_loading",
    "uses_bfloat16",
]
