"""Where torch trains, and under which settings of its own."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


def check_device(device: str, kinds=("cpu", "cuda")) -> str:
    """Return the device that is meant, a GPU with its number; a ValueError if it cannot be used here."""
    import torch

    n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == "auto":
        device = "cuda" if n_gpus else "cpu"
    try:
        found = torch.device(device)
        if found.type not in kinds:
            raise ValueError(f"it is none of the kinds {', '.join(kinds)}.")
        if found.type == "cpu":
            return "cpu"
        # Not every function of torch takes a GPU without its number.
        if found.type == "cuda" and found.index is None:
            found = torch.device("cuda", torch.cuda.current_device())
        torch.empty(0, device=found)
    except Exception as error:  # whatever torch, or a driver, has to say
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        gpus = f", 'cuda' and 'cuda:0' to 'cuda:{n_gpus - 1}'" if n_gpus else "; there is no CUDA GPU"
        raise ValueError(
            f"device={device!r} cannot be used here: {reason} Allowed are 'auto' and 'cpu'{gpus}."
        ) from error
    return str(found)


@contextmanager
def isolated_torch() -> Iterator[None]:
    """Let nothing in that the caller set in this thread: default device, inference mode, gradients off, autocast.

    All of these belong to the thread, and are as they were on leaving. What belongs to the process, such as the default
    dtype or the random generators, is neither read nor set by training.
    """
    import torch

    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for kind in ("cpu", "cuda"):
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        if torch.empty(0).device.type != "cpu":  # torch 2.4 does not name the device of a context as the default
            stack.enter_context(torch.device("cpu"))
        yield
