"""Batches of texts of like length, split into passes of so many tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ..losses import PositivePairs
from ._processes import Processes
from ._tokens import Tokens

# Batches among which texts are sorted by length; between them, and the batches themselves, they are shuffled.
BATCHES_IN_A_POOL = 50


@dataclass
class TrainingTexts(Dataset):
    """Tokens, targets and weights of the training texts.

    Parameters
    ----------
    tokens : Tokens
        Of n_samples texts.
    y : csr_array of shape (n_samples, n_labels)
        Indicator: of a floating type where labels are soft or unknown, else only its sparsity pattern is read.
    weight : ndarray of float32 of shape (n_samples,)
        Positive weights.
    """

    tokens: Tokens
    y: sp.csr_array
    weight: np.ndarray

    def __len__(self):
        return len(self.tokens)


@dataclass(frozen=True)
class Pass:
    """What goes through the encoder at once.

    Parameters
    ----------
    ids, mask : Tensor of shape (n_texts, n_tokens)
        Token numbers, and 1 where they are no padding.
    pairs : PositivePairs
        Positive labels of the texts.
    weight : Tensor of shape (n_texts,)
        Share of each text in its batch; over all passes of the batch they sum to 1.
    """

    ids: Tensor
    mask: Tensor
    pairs: PositivePairs
    weight: Tensor


@dataclass(frozen=True)
class Batch:
    """The texts of one step of the optimizer: their number, their weight, and their passes."""

    size: int
    weight: float
    passes: list[Pass]

    def __len__(self):
        return self.size


def passes_of(lengths, max_tokens: int | None) -> list[np.ndarray]:
    """Split texts into passes of at most so many tokens, padding counted; a text of more is a pass of its own.

    Parameters
    ----------
    lengths : ndarray of shape (n_texts,)
        Tokens of each text.
    max_tokens : int or None
        Most tokens of a pass; None for one pass of them all.

    Returns
    -------
    passes : list of ndarray
        Places of the texts, the longest first.
    """
    order = np.argsort(-lengths, kind="stable")
    if max_tokens is None:
        return [order]
    passes, start = [], 0
    while start < len(order):
        n_texts = max(1, max_tokens // int(lengths[order[start]]))
        passes.append(order[start : start + n_texts])
        start += n_texts
    return passes


@dataclass
class LengthBatches:
    """The batches of an epoch: the iterator that skorch is given.

    Which texts come together depends on the seed and the epoch alone, so that training can resume at any batch.

    Parameters
    ----------
    data : TrainingTexts
        What is split into batches.
    run : Run
        Its seed and epoch decide the order; its batch is the one to begin with.
    settings : object
        Has the parameters of the classifier: `batch_size`, the texts in a batch, of which the last one may have fewer,
        and `max_tokens`, the most tokens of a pass.
    device : str
        Where the batches go.
    processes : Processes
        Those that train together; each gets its share of every batch.
    """

    data: TrainingTexts
    run: Any
    settings: Any
    device: str | torch.device
    processes: Processes

    def rows(self) -> list[np.ndarray]:
        """Rows of each batch of the epoch, in order."""
        random_state = np.random.RandomState([self.run.seed, self.run.epoch])
        order = random_state.permutation(len(self.data))
        lengths = self.data.tokens.lengths
        batches, size = [], int(self.settings.batch_size)
        pool = size * BATCHES_IN_A_POOL
        for start in range(0, len(order), pool):
            rows = order[start : start + pool]
            rows = rows[np.argsort(lengths[rows], kind="stable")]
            batches += [rows[i : i + size] for i in range(0, len(rows), size)]
        return [batches[i] for i in random_state.permutation(len(batches))]

    def __iter__(self) -> Iterator[Batch]:
        for rows in self.rows()[self.run.batch :]:
            yield self._batch(rows)

    def _batch(self, rows) -> Batch:
        data, total = self.data, float(self.data.weight[rows].sum())
        share = rows[self.processes.rank :: self.processes.count]
        weight = data.weight[share] / total
        if not len(share):  # every process takes part in every step
            share, weight = rows[:1], np.zeros(1, dtype=np.float32)
        passes = []
        for places in passes_of(data.tokens.lengths[share], self.settings.max_tokens):
            ids, mask = data.tokens.padded(share[places], self.device)
            parts = torch.from_numpy(weight[places]).to(self.device)
            pairs = PositivePairs.from_csr(data.y[share[places]], self.device)
            passes.append(Pass(ids, mask, pairs, parts))
        return Batch(len(rows), total, passes)
