"""Checkpoints: how far training is, in a folder, written whole or not at all."""

import inspect
import io
import os
import time
from contextlib import suppress
from pathlib import Path

import joblib
import torch

from .._files import whole_file
from .._validation import read_path
from .._warnings import warn
from ._encoders import digest_of

# Within an epoch a checkpoint is written this often.
SECONDS_BETWEEN_CHECKPOINTS = 600.0
# Checkpoints of a training that are kept: the last one, and the one before should that be damaged.
KEPT = 2


class Checkpoints:
    """The checkpoints of one training in a folder that several may share.

    A file is named by training, epoch, step and a hash of its content: a damaged one is not taken for whole.

    Parameters
    ----------
    folder : str or path
        Made if it does not exist.
    name : str
        Tells this training from others: a hash of all that decides its result.

    Raises
    ------
    OSError
        If it is no folder and none can be made.
    """

    def __init__(self, folder, name: str):
        self.folder, self.name = read_path(folder, "checkpoint_dir"), name
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OSError(
                error.errno, f"checkpoint_dir={str(folder)!r} is no folder and none can be made: {error.strerror}"
            ) from error
        self.failed = False
        self._written = time.monotonic()

    @property
    def paths(self) -> list[Path]:
        """Files of this training, the last one first."""
        return sorted(self.folder.glob(f"{self.name}.*.pt"), reverse=True)

    def read(self) -> dict | None:
        """The state that was written last and is whole; None if there is none. Damaged ones are warned of and removed.

        What processes that were killed have left half written is removed too.
        """
        for path in self.folder.glob(f".*.{self.name}.*"):
            path.unlink(missing_ok=True)
        for path in self.paths:
            try:
                content = path.read_bytes()
                if path.name.split(".")[-2] == digest_of(content):
                    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
                path.unlink(missing_ok=True)
                found = "it is damaged"
            except OSError as error:
                found = f"it cannot be read, {error.strerror}"
            warn(
                f"The checkpoint {path.name!r} in checkpoint_dir={str(self.folder)!r} is not used: {found}. Training "
                "resumes from the one before, or begins anew."
            )
        return None

    @property
    def due(self) -> bool:
        """Whether the last one was long ago."""
        return time.monotonic() - self._written >= SECONDS_BETWEEN_CHECKPOINTS

    def write(self, run, net):
        """Write the state of a training beside the last ones; where that fails, warn, and write no more."""
        if self.failed:
            return
        state = {"run": dict(vars(run)), "module": net.module_.state_dict(), "optimizer": net.optimizer_.state_dict()}
        buffer = io.BytesIO()
        try:
            torch.save(state, buffer)
            content = buffer.getbuffer()
            at = f"{run.epoch:06d}-{run.step:012d}"
            with whole_file(self.folder / f"{self.name}.{at}.{digest_of(content)}.pt") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            for path in self.paths[KEPT:]:
                path.unlink(missing_ok=True)
        except (OSError, RuntimeError) as error:  # torch turns some of the former into the latter
            self.failed = True
            reason = getattr(error, "strerror", None) or "torch could not save it"
            warn(
                f"No checkpoint could be written to checkpoint_dir={str(self.folder)!r} ({reason}). Training goes on "
                "without; if it is interrupted, it resumes from the last one there, if any."
            )
        self._written = time.monotonic()

    def remove(self):
        """Remove the files of a training that is done."""
        for path in self.folder.glob(f"*{self.name}.*"):
            with suppress(OSError):
                path.unlink()


def tell_apart(value, parameter: str) -> str:
    """Hash of a parameter that may be an object or a function: of what it holds, and of the source that it runs.

    Raises
    ------
    ValueError
        If it cannot be told from others, as a lambda.
    """
    code = inspect.unwrap(getattr(value, "_score_func", value))  # a scorer's own function
    try:
        source = "" if isinstance(value, str) else inspect.getsource(code if inspect.isroutine(code) else type(code))
        return f"{joblib.hash(value)} {source}"
    except Exception as error:
        raise ValueError(
            f"checkpoint_dir needs a {parameter} that tells one training from another: a name, or an object or "
            f"function that a module defines; got {value!r}."
        ) from error
