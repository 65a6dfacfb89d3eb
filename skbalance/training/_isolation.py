"""Training under torch settings of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch


@contextmanager
def isolated_torch() -> Iterator[None]:
    """Let nothing in that the caller set in this thread: default device, inference mode, gradients off, autocast.

    All of these belong to the thread, and are as they were on leaving. What belongs to the process, such as the default
    dtype or the random generators, is neither read nor set by training.
    """
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for kind in ("cpu", "cuda"):
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        if torch.get_default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        yield
