"""Checkpoints: how far training is, in a folder, written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import numpy as np
import torch

__all__ = ["Checkpoints", "fingerprint"]

# Within an epoch a checkpoint is written this often.
SECONDS_BETWEEN_CHECKPOINTS = 600.0


class Checkpoints:
    """The checkpoint of one training in a folder that several may share.

    Parameters
    ----------
    folder : str or path
        Made if it does not exist.
    name : str
        Tells this training from others: a hash of all that decides its result.
    """

    def __init__(self, folder, name: str):
        self.folder = Path(os.path.expanduser(folder))
        self.path = self.folder / f"{name}.pt"
        self._written = time.monotonic()

    def read(self) -> dict | None:
        """The state that was written last; None if there is none."""
        if not self.path.is_file():
            return None
        return torch.load(self.path, map_location="cpu", weights_only=True)

    @property
    def due(self) -> bool:
        """Whether the last one was long ago."""
        return time.monotonic() - self._written >= SECONDS_BETWEEN_CHECKPOINTS

    def write(self, run, net):
        """Write the state of a training, beside the last one and then in its place."""
        self.folder.mkdir(parents=True, exist_ok=True)
        state = {
            "run": dict(vars(run)),
            "module": net.module_.state_dict(),
            "optimizer": net.optimizer_.state_dict(),
        }
        beside = self.path.with_suffix(f".{os.getpid()}")
        try:
            torch.save(state, beside)
            os.replace(beside, self.path)
        finally:
            beside.unlink(missing_ok=True)
        self._written = time.monotonic()

    def remove(self):
        """Remove the checkpoint of a training that is done."""
        self.path.unlink(missing_ok=True)


def fingerprint(network, data, validation, seed, settings) -> str:
    """Hash of all that decides the result of a training: initial weights, texts, labels, seed and settings.

    Parameters
    ----------
    network : TextNetwork
        As it is before training.
    data, validation : TrainingTexts
        Texts to train on, and those held out or None.
    seed : int
        Decides the order of the texts.
    settings : object
        Whose ``repr`` tells all else.

    Returns
    -------
    name : str
    """
    digest = hashlib.blake2b(f"{seed} {settings!r}".encode(), digest_size=16)
    for texts in (data, validation):
        if texts is not None:
            y = texts.y
            for array in (texts.tokens.ids, texts.tokens.starts, y.data, y.indices, y.indptr, texts.weight):
                digest.update(np.ascontiguousarray(array).tobytes())
    for name, tensor in network.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
