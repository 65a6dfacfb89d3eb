"""Texts as token numbers, each text split into tokens once."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from functools import cached_property

import joblib
import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

# Tokens that a process remembers: 64 MiB of them.
REMEMBERED_TOKENS = 1 << 24
# Texts that the tokenizer is given at once.
TEXTS_AT_ONCE = 1 << 10


@dataclass(frozen=True)
class Tokens:
    """Token numbers of some texts.

    Parameters
    ----------
    ids : list of ndarray of int32
        Those of each text, one at least.
    """

    ids: list[np.ndarray]

    def __len__(self):
        return len(self.ids)

    @cached_property
    def lengths(self) -> np.ndarray:
        """Number of tokens of each text."""
        return np.array([len(ids) for ids in self.ids], dtype=np.int64)

    def padded(self, rows, device) -> tuple[Tensor, Tensor]:
        """Token numbers and mask of some texts, both of shape (n_rows, longest)."""
        ids = pad_sequence([torch.from_numpy(self.ids[row]) for row in rows], batch_first=True)
        mask = torch.arange(ids.shape[1]) < torch.from_numpy(self.lengths[rows])[:, None]
        return ids.long().to(device), mask.long().to(device)


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
        known = dict(_remembered)
        missing = {key: text for key, text in zip(keys, texts) if key not in known}
        names, distinct = list(missing), list(missing.values())
        for start in range(0, len(names), TEXTS_AT_ONCE):
            encoded = self._encode(distinct[start : start + TEXTS_AT_ONCE])
            # Of a text without tokens, one of padding.
            known |= {key: np.asarray(ids or [0], dtype=np.int32) for key, ids in zip(names[start:], encoded)}
        if sum(map(len, known.values())) <= REMEMBERED_TOKENS:
            _remembered.update(known)
        else:
            _remembered.clear()
        return Tokens([known[key] for key in keys])

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


# Tokens by key; they are forgotten once there are too many.
_remembered: dict[bytes, np.ndarray] = {}
