"""Batches of texts of like length, and their passes."""

import numpy as np

from skbalance.finetuning._tokens import batches_of, passes_of

N = 103
LENGTHS = np.random.RandomState(0).randint(1, 30, size=N)


def test_every_text_once_an_epoch():
    rows = batches_of(LENGTHS, 8, [0, 0])
    assert len(rows) == 13
    assert sorted(len(part) for part in rows) == [7] + [8] * 12
    assert sorted(np.concatenate(rows)) == list(range(N))


def test_order_depends_on_the_seeds():
    def order(*seeds):
        return np.concatenate(batches_of(LENGTHS, 8, seeds)).tolist()

    assert order(0, 0) == order(0, 0)
    assert order(0, 0) != order(0, 1)
    assert order(0, 0) != order(1, 0)


def test_like_lengths_come_together():
    batches = batches_of(LENGTHS, 8, [0, 0])
    assert np.mean([np.ptp(LENGTHS[rows]) for rows in batches]) < 4  # of 29
    assert sum(len(rows) * LENGTHS[rows].max() for rows in batches) < 1.1 * LENGTHS.sum()
    assert np.any(np.diff([LENGTHS[rows].mean() for rows in batches]) < 0)  # but not from short to long


def test_passes_hold_so_many_tokens():
    for max_tokens in (1, 40, 200):
        passes = passes_of(LENGTHS, max_tokens)
        assert sorted(np.concatenate(passes)) == list(range(N))
        assert all(len(places) == 1 or len(places) * LENGTHS[places].max() <= max_tokens for places in passes)
    assert len(passes_of(LENGTHS, None)) == 1
