"""Several processes that train one model together."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import distributed


@dataclass(frozen=True)
class Processes:
    """The processes of ``torch.distributed``, if it is initialised, else one.

    Parameters
    ----------
    rank : int, default=0
        Number of this process.
    count : int, default=1
        How many there are.
    """

    rank: int = 0
    count: int = 1

    @classmethod
    def joined(cls) -> Processes:
        """The processes that this one has joined, by Accelerate or ``torch.distributed.init_process_group``."""
        if distributed.is_available() and distributed.is_initialized():
            return cls(distributed.get_rank(), distributed.get_world_size())
        return cls()

    @property
    def first(self) -> bool:
        """Whether this is the one that writes and shows."""
        return self.rank == 0

    def add(self, tensors):
        """Sum tensors over the processes, in place, all in one message."""
        if self.count == 1:
            return
        message = torch.cat([tensor.flatten() for tensor in tensors])
        distributed.all_reduce(message)
        for tensor, part in zip(tensors, message.split([tensor.numel() for tensor in tensors])):
            tensor.copy_(part.view_as(tensor))

    def agree(self, value):
        """What the first process says."""
        if self.count == 1:
            return value
        said = [value]
        distributed.broadcast_object_list(said, src=0)
        return said[0]
