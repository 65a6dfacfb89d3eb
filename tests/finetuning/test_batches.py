"""Batches of texts of like length, and their passes."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from skbalance import FineTunedMultiLabelClassifier
from skbalance.finetuning._batches import LengthBatches, TrainingTexts, passes_of
from skbalance.finetuning._processes import Processes
from skbalance.finetuning._tokens import Tokens
from skbalance.finetuning._training import Run

N = 103


@pytest.fixture(scope="module")
def texts():
    random_state = np.random.RandomState(0)
    tokens = Tokens([np.arange(length) for length in random_state.randint(1, 30, size=N)])
    y = sp.random(N, 5, density=0.3, format="csr", random_state=random_state)
    return TrainingTexts(tokens, y, random_state.uniform(0.5, 2, size=N).astype(np.float32))


def make_batches(texts, max_tokens=None, processes=None, **run):
    settings = FineTunedMultiLabelClassifier(batch_size=8, max_tokens=max_tokens)
    return LengthBatches(texts, Run(**{"seed": 0} | run), settings, "cpu", processes or Processes())


def test_every_text_once_an_epoch(texts):
    rows = make_batches(texts).rows()
    assert len(rows) == 13
    assert sorted(len(part) for part in rows) == [7] + [8] * 12
    assert sorted(np.concatenate(rows)) == list(range(N))


def test_order_depends_on_seed_and_epoch(texts):
    def order(**options):
        return np.concatenate(make_batches(texts, **options).rows()).tolist()

    assert order() == order()
    assert order() != order(epoch=1)
    assert order() != order(seed=1)
    assert np.concatenate([part.passes[0].weight for part in make_batches(texts, batch=10)]).size < 30


def test_it_begins_with_any_batch(texts):
    whole, rest = list(make_batches(texts)), list(make_batches(texts, batch=10))
    assert len(rest) == 3
    for expected, batch in zip(whole[10:], rest):
        assert torch.equal(expected.passes[0].ids, batch.passes[0].ids)


def test_like_lengths_come_together(texts):
    lengths = texts.tokens.lengths
    spread = [np.ptp(lengths[rows]) for rows in make_batches(texts).rows()]
    assert np.mean(spread) < 4  # of 29
    padded = sum(part.ids.numel() for batch in make_batches(texts) for part in batch.passes)
    assert padded < 1.1 * lengths.sum()


def test_what_a_pass_holds(texts):
    for batch, rows in zip(make_batches(texts), make_batches(texts).rows()):
        assert len(batch) == len(rows)
        assert batch.weight == pytest.approx(texts.weight[rows].sum())
        (part,) = batch.passes
        order = rows[np.argsort(-texts.tokens.lengths[rows], kind="stable")]
        assert part.mask.sum(dim=1).tolist() == texts.tokens.lengths[order].tolist()
        assert part.ids.shape[1] == texts.tokens.lengths[rows].max()
        np.testing.assert_array_equal(part.pairs.dense().numpy(), texts.y[order].toarray() != 0)
        np.testing.assert_allclose(part.weight, texts.weight[order] / texts.weight[rows].sum(), rtol=1e-6)


def test_passes_hold_so_many_tokens(texts):
    lengths = texts.tokens.lengths
    for max_tokens in (1, 40, 200):
        passes = passes_of(lengths, max_tokens)
        assert sorted(np.concatenate(passes)) == list(range(N))
        assert all(len(places) == 1 or len(places) * lengths[places].max() <= max_tokens for places in passes)
    assert len(passes_of(lengths, None)) == 1
    for batch in make_batches(texts, max_tokens=40):
        assert sum(float(part.weight.sum()) for part in batch.passes) == pytest.approx(1)
        assert all(len(part.ids) == 1 or part.ids.numel() <= 40 for part in batch.passes)


@pytest.mark.parametrize("count", [2, 10])
def test_processes_share_every_batch(texts, count):
    shares = [list(make_batches(texts, processes=Processes(rank, count))) for rank in range(count)]
    for batches in zip(*shares):
        weights = torch.cat([part.weight for batch in batches for part in batch.passes])
        assert float(weights.sum()) == pytest.approx(1)
        assert int((weights > 0).sum()) == len(batches[0])
        assert all(len(batch.passes) == 1 for batch in batches)  # each takes part in every step
