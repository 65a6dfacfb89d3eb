"""Texts as token numbers, each text split into tokens once."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass

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
        digest = hashlib.blake2b(repr(max_length).encode(), digest_size=16)
        for name, content in sorted(files.items()):
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
        self._digest = digest
        self._lock = threading.Lock()  # fast tokenizers refuse to be used by two threads at once

    def __call__(self, texts) -> Tokens:
        """Tokens of a list of texts."""
        keys = [self._key(text) for text in texts]
        known = {key: _remembered.entries.get(key) for key in keys}
        missing = {key: text for key, text in zip(keys, texts) if known[key] is None}
        names, distinct = list(missing), list(missing.values())
        for start in range(0, len(names), TEXTS_AT_ONCE):
            for key, ids in zip(names[start:], self._encode(distinct[start : start + TEXTS_AT_ONCE])):
                known[key] = np.asarray(ids, dtype=np.int32)
                _remembered.put(key, known[key])
        return Tokens.from_lists([known[key] for key in keys])

    def _key(self, text):
        key = self._digest.copy()
        key.update(text.encode())
        return key.digest()

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


class _Memory:
    """Tokens by key; the oldest are dropped once there are too many."""

    def __init__(self):
        self.entries: OrderedDict[bytes, np.ndarray] = OrderedDict()
        self.n_tokens = 0
        self.lock = threading.Lock()

    def put(self, key, ids):
        with self.lock:
            if key in self.entries:
                return
            self.entries[key] = ids
            self.n_tokens += len(ids)
            while self.n_tokens > REMEMBERED_TOKENS:
                _, oldest = self.entries.popitem(last=False)
                self.n_tokens -= len(oldest)

    def clear(self):
        with self.lock:
            self.entries.clear()
            self.n_tokens = 0


_remembered = _Memory()


def clear_tokens():
    """Forget the tokens that this process remembers."""
    _remembered.clear()
