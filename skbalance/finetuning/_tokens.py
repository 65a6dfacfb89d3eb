"""Texts as token numbers, each text split into tokens once, and batches of texts of like length."""

import hashlib
import threading
from dataclasses import dataclass
from functools import cached_property

import joblib
import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

# Tokens that a process remembers: 64 MiB of them.
REMEMBERED_TOKENS = 1 << 24
# Texts that the tokenizer is given at once.
TEXTS_AT_ONCE = 1 << 10
# Batches among which texts are sorted by length; between them, and the batches themselves, they are shuffled.
BATCHES_IN_A_POOL = 50


@dataclass(frozen=True)
class Tokens:
    """Token numbers of some texts.

    Parameters
    ----------
    ids : list of ndarray of int32
        Those of each text, one at least.
    """

    ids: list[np.ndarray]

    @cached_property
    def lengths(self) -> np.ndarray:
        """Number of tokens of each text."""
        return np.array([len(ids) for ids in self.ids], dtype=np.int64)

    def padded(self, rows, device) -> tuple[Tensor, Tensor]:
        """Token numbers and mask of some texts, both of shape (n_rows, longest)."""
        ids = pad_sequence([torch.from_numpy(self.ids[row]) for row in rows], batch_first=True)
        mask = torch.arange(ids.shape[1]) < torch.from_numpy(self.lengths[rows])[:, None]
        return ids.long().to(device), mask.long().to(device)


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
        ids_alone = {"return_attention_mask": False, "return_token_type_ids": False}
        with self._lock:
            return self.tokenizer(texts, truncation=True, max_length=self.max_length, **ids_alone)["input_ids"]


# Tokens by key; they are forgotten once there are too many.
_remembered: dict[bytes, np.ndarray] = {}


def batches_of(lengths, batch_size: int, seeds) -> list[np.ndarray]:
    """Split texts into the batches of an epoch; the order depends on the seeds alone, so that training can resume.

    Parameters
    ----------
    lengths : ndarray of shape (n_texts,)
        Tokens of each text.
    batch_size : int
        Texts of a batch, of which the last one may have fewer.
    seeds : list of int
        Those of the training and the epoch.

    Returns
    -------
    batches : list of ndarray
        Rows of each, texts of like length.
    """
    random_state = np.random.RandomState(seeds)
    order = random_state.permutation(len(lengths))
    pools = np.arange(len(order)) // (batch_size * BATCHES_IN_A_POOL)
    rows = order[np.lexsort((lengths[order], pools))]
    batches = [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    return [batches[i] for i in random_state.permutation(len(batches))]


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
