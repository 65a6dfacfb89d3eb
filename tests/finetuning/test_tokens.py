"""Texts as tokens: padded, taken, remembered."""

import numpy as np
import pytest

from skbalance.finetuning import ModelSource
from skbalance.finetuning import _tokens as tokens_module
from skbalance.finetuning._encoders import load_encoder, rebuild_encoder
from skbalance.finetuning._tokens import TextTokenizer, Tokens

TEXTS = ["ab c", "", "abcdefgh", "ab c"]


@pytest.fixture(scope="module")
def parts(encoder_folder):
    _, files = load_encoder(ModelSource(str(encoder_folder)))
    return rebuild_encoder(files)[1], files


@pytest.fixture
def encoded(monkeypatch):
    """The texts that reach the tokenizer itself."""
    tokens_module._remembered.clear()
    texts = []
    encode = TextTokenizer._encode

    def counting(self, batch):
        texts.extend(batch)
        return encode(self, batch)

    monkeypatch.setattr(TextTokenizer, "_encode", counting)
    yield texts
    tokens_module._remembered.clear()


def test_tokens_are_the_tokenizers(parts):
    plain, files = parts
    tokens = TextTokenizer(plain, files, 5)(TEXTS)
    expected = plain(TEXTS, truncation=True, max_length=5)["input_ids"]
    assert [ids.tolist() for ids in tokens.ids] == expected
    assert tokens.lengths.tolist() == [5, 2, 5, 5]


def test_each_text_is_cut_once(parts, encoded, monkeypatch):
    monkeypatch.setattr(tokens_module, "TEXTS_AT_ONCE", 2)
    tokenizer = TextTokenizer(*parts, 8)
    first = tokenizer(TEXTS)
    assert encoded == ["ab c", "", "abcdefgh"]
    again = TextTokenizer(*parts, 8)([*TEXTS, "new"])
    assert encoded[3:] == ["new"]
    assert all(one is other for one, other in zip(first.ids, again.ids))
    TextTokenizer(*parts, 4)(TEXTS[:1])
    TextTokenizer(parts[0], {**parts[1], "more": b""}, 8)(TEXTS[:1])
    assert encoded[4:] == ["ab c", "ab c"]  # another length, another tokenizer


def test_memory_is_bounded(parts, encoded, monkeypatch):
    monkeypatch.setattr(tokens_module, "REMEMBERED_TOKENS", 10)
    tokenizer = TextTokenizer(*parts, 8)
    tokenizer(["a", "b", "c"])  # three tokens each
    tokenizer(["b", "c"])
    assert encoded == ["a", "b", "c"]
    assert tokenizer(["d"]).lengths.tolist() == [3]  # one too many: all are forgotten
    assert not tokens_module._remembered
    tokenizer(["b", "a"])
    assert encoded == ["a", "b", "c", "d", "b", "a"]


def test_padded():
    tokens = Tokens([np.array([5, 6, 7]), np.array([8])])
    ids, mask = tokens.padded([1, 0], "cpu")
    assert ids.tolist() == [[8, 0, 0], [5, 6, 7]]
    assert mask.tolist() == [[1, 0, 0], [1, 1, 1]]
    assert tokens.lengths.tolist() == [3, 1]


def test_a_text_without_tokens_is_one_of_padding(parts, encoded, monkeypatch):
    monkeypatch.setattr(TextTokenizer, "_encode", lambda self, texts: [[] for _ in texts])
    ids, mask = TextTokenizer(*parts, 8)([""]).padded([0], "cpu")
    assert ids.tolist() == [[0]]
    assert mask.tolist() == [[1]]
