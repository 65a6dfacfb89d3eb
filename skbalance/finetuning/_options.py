"""What the estimator asks of training; nothing here needs torch."""

from __future__ import annotations

from dataclasses import dataclass, field

HEADS = ("mean", "cls", "label_attention")


@dataclass(frozen=True)
class FineTuningOptions:
    """The estimator's parameters that training needs, see there."""

    batch_size: int
    max_iter: int
    learning_rate_init: float
    head_learning_rate_init: float
    weight_decay: float
    warmup_fraction: float
    max_grad_norm: float | None
    max_tokens: int | None
    n_iter_no_change: int
    device: str = field(repr=False)  # these do not tell one training from another
    compile: bool = field(default=False, repr=False)
    verbose: int = field(default=0, repr=False)
