"""Texts as token numbers, each text split into tokens once."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass

import joblib
import numpy as np
import torch
from torch import Tensor

# Tokens that a process remembers: 64 MiB of them.
REMEMBERED_TOKENS = 1 << 24
# Texts that the tokenizer is given at once.
TEXTS_AT_ONCE = 1 << 10


@dataclass(frozen=True)
class Tokens:
    """Token numbers of some texts, one after another.

    Parameters
    ----------
    ids : ndarray of int32 of shape (n_tokens,)
        The numbers.
    starts : ndarray of int64 of shape (n_texts + 1,)
        Where each text begins, and the last ends.
    """

    ids: np.ndarray
    starts: np.ndarray

    @classmethod
    def from_lists(cls, texts) -> Tokens:
        """Tokens of texts that are given as one array each."""
        starts = np.concatenate([[0], np.cumsum([len(ids) for ids in texts])]).astype(np.int64)
        return cls(np.concatenate([*texts, np.empty(0)]).astype(np.int32), starts)

    def __len__(self):
        return len(self.starts) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Number of tokens of each text."""
        return np.diff(self.starts)

    def take(self, rows) -> Tokens:
        """Tokens of some of the texts."""
        return Tokens.from_lists([self.ids[self.starts[row] : self.starts[row + 1]] for row in rows])

    def padded(self, rows, device) -> tuple[Tensor, Tensor]:
        """Token numbers and mask of some texts, both of shape (n_rows, longest)."""
        lengths = self.lengths[rows]
        ids = np.zeros((len(rows), max(1, lengths.max())), dtype=np.int64)
        for place, row in enumerate(rows):
            ids[place, : lengths[place]] = self.ids[self.starts[row] : self.starts[row + 1]]
        mask = np.arange(ids.shape[1]) < np.maximum(lengths, 1)[:, None]  # of a text without tokens, one of padding
        return torch.from_numpy(ids).to(device), torch.from_numpy(mask.astype(np.int64)).to(device)


class TextTokenizer:
    """A tokenizer that remembers: equal texts are split into tokens once in a process.

    Parameters
    ----------
    tokenizer : transformers.PreTrainedTokenizerBase
        Splits texts into tokens.
    files : dict of bytes
        What describes it; tokens are kept under a hash of these, the length and the text.
    max_length : int
        Most tokens of a text.
    """

    def __init__(self, tokenizer, files: dict[str, bytes], max_length: int):
        self.tokenizer = tokenizer
        self.max_length = max_length
        self._hash = joblib.hash((max_length, files)).encode()
        self._lock = threading.Lock()  # fast tokenizers refuse to be used by two threads at once

    def __call__(self, texts) -> Tokens:
        """Tokens of a list of texts."""
        keys = [hashlib.blake2b(text.encode(), digest_size=16, key=self._hash).digest() for text in texts]
        known = {key: _remembered.get(key) for key in keys}
        missing = {key: text for key, text in zip(keys, texts) if known[key] is None}
        names, distinct = list(missing), list(missing.values())
        for start in range(0, len(names), TEXTS_AT_ONCE):
            encoded = self._encode(distinct[start : start + TEXTS_AT_ONCE])
            new = {key: np.asarray(ids, dtype=np.int32) for key, ids in zip(names[start:], encoded)}
            known |= new
            _remember(new)
        return Tokens.from_lists([known[key] for key in keys])

    def _encode(self, texts):
        with self._lock:
            encoded = self.tokenizer(
                texts,
                truncation=True,
                max_length=self.max_length,
                return_attention_mask=False,
                return_token_type_ids=False,
            )
        return encoded["input_ids"]


# Tokens by key, the oldest first; from several threads.
_remembered: dict[bytes, np.ndarray] = {}
_remembering = threading.Lock()


def _remember(new):
    """Remember tokens by key; the oldest are dropped once there are too many."""
    with _remembering:
        _remembered.update(new)
        n_tokens = sum(map(len, _remembered.values()))
        while n_tokens > REMEMBERED_TOKENS:
            n_tokens -= len(_remembered.pop(next(iter(_remembered))))


def clear_tokens():
    """Forget the tokens that this process remembers."""
    with _remembering:
        _remembered.clear()
