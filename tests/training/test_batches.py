"""Batches cut out of CSR."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from skbalance.training import _batches
from skbalance.training._batches import BatchIterator, ResidentData, SparseRows, TrainingData, row_blocks


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = sp.csr_array((rng.random((23, 11)) < 0.2) * rng.random((23, 11)))
    y = sp.csr_array((rng.random((23, 4)) < 0.3).astype(np.int8))
    return TrainingData(X, y, rng.random(23))


@pytest.mark.parametrize("height", [7, 1 << 13])
@pytest.mark.parametrize("columns", [2, 256])
@pytest.mark.parametrize("block", [5, 1 << 18])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_products_with_the_rows_and_their_transpose(data, dtype, block, columns, height, monkeypatch):
    monkeypatch.setattr(_batches, "BLOCK_NUMBERS", block)
    monkeypatch.setattr(_batches, "BLOCK_COLUMNS", columns)
    monkeypatch.setattr(_batches, "BLOCK_ROWS", height)
    rows = SparseRows.from_scipy(data.X.astype(dtype), "cpu")
    assert [(t.rows.start, t.rows.stop) for t in rows.transposes] == (
        [(0, 7), (7, 14), (14, 21), (21, 23)] if height == 7 else [(0, 23)]
    )
    expected = torch.from_numpy(data.X.toarray().astype(dtype))
    dense = torch.from_numpy(np.random.default_rng(1).normal(size=(11, 3)).astype(dtype))
    out = torch.full((23, 3), torch.nan, dtype=dense.dtype)
    for part, wide, product in rows.rows.products(dense):
        out[part, wide] = product
    torch.testing.assert_close(out, expected @ dense)
    back = torch.from_numpy(np.random.default_rng(1).normal(size=(23, 3)).astype(dtype))
    found = rows.multiply_transposed(back, torch.full((11, 3), torch.nan, dtype=back.dtype))
    torch.testing.assert_close(found, expected.T @ back)


def test_blocks_of_rows(monkeypatch):
    monkeypatch.setattr(_batches, "BLOCK_NUMBERS", 200_000)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert row_blocks(0, 5, "cpu") == []
    assert row_blocks(7, 100_000, "cpu") == [slice(0, 2), slice(2, 4), slice(4, 6), slice(6, 7)]
    assert row_blocks(2, 10**6, "cpu") == [slice(0, 1), slice(1, 2)]
    assert row_blocks(1 << 20, 1 << 20, "cuda") == [slice(0, 1 << 20)]
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    assert row_blocks(7, 100_000, "cpu") == [slice(0, 7)]


@pytest.mark.parametrize("dense", [True, False])
def test_scaled_features(data, dense):
    data = TrainingData(data.X.toarray(), data.y, data.weight) if dense else data
    before, scale, mean = data.X.copy(), np.arange(11.0), np.arange(11.0) / 5
    scaled = data.scale_features(scale, mean).X
    assert sp.issparse(scaled) != dense
    for now, expected in ((scaled, (before - mean) * scale if dense else before * scale), (data.X, before)):
        np.testing.assert_array_equal(*(a if dense else a.toarray() for a in (now, expected)))


@pytest.mark.parametrize("dense", [True, False])
def test_every_sample_comes_once(data, dense):
    if dense:
        data = TrainingData(data.X.toarray(), data.y, data.weight)
    iterator = BatchIterator(data, batch_size=5, random_state=np.random.RandomState(0))
    orders = []
    for _ in range(2):
        batches = list(iterator)
        assert [len(features) for features, _ in batches] == [5, 5, 5, 5, 3]
        weight = torch.cat([weight for _, (_, weight) in batches]).numpy()
        order = [int(np.flatnonzero(data.weight == w)[0]) for w in weight]
        assert sorted(order) == list(range(23))
        target = torch.cat([pairs.dense() for _, (pairs, _) in batches]).numpy()
        np.testing.assert_array_equal(target, data.y.toarray()[order] > 0)
        orders.append(order)
    assert orders[0] != orders[1]


def test_a_single_batch_is_built_once(data):
    iterator = BatchIterator(data, batch_size=23, random_state=np.random.RandomState(0))
    assert next(iter(iterator)) is next(iter(iterator))


def arrays(batch):
    """All that a batch consists of, as arrays."""
    features, (pairs, weight) = batch
    if isinstance(features, SparseRows):
        (transpose,) = features.transposes
        parts = [features.rows, transpose.matrix]
        found = [a for m in parts for a in (m.indptr, m.indices, m.data, torch.tensor([len(m), m.n_columns]))]
        found.append(torch.tensor([]) if transpose.present is None else transpose.present)
    else:
        found = [features]
    return [a.numpy() for a in (*found, pairs.rows, pairs.cols, torch.tensor(pairs.shape), weight)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ["sparse", "dense", "every feature occurs", "nothing occurs"])
def test_batches_cut_on_the_device_are_those_cut_before(data, kind, dtype, monkeypatch):
    X, y = data.X.astype(dtype), data.y
    if kind == "every feature occurs":
        X = sp.csr_array(X.toarray() + (np.arange(23) % 2)[:, None])
    elif kind == "nothing occurs":
        X, y = sp.csr_array(X.shape, dtype=dtype), sp.csr_array(y.shape, dtype=np.int8)
    data = TrainingData(X.toarray() if kind == "dense" else X, y, data.weight.astype(dtype))

    def batches():
        return list(BatchIterator(data, batch_size=5, random_state=np.random.RandomState(3)))

    from_host = batches()
    monkeypatch.setattr(ResidentData, "fits", lambda data, device: True)
    taken = []
    monkeypatch.setattr(TrainingData, "take", lambda self, index: taken.append(index))
    for batch, expected in zip(batches(), from_host, strict=True):
        for ours, theirs in zip(arrays(batch), arrays(expected), strict=True):
            np.testing.assert_array_equal(ours, theirs, strict=True)
    assert not taken


def test_data_stay_on_a_gpu_that_has_room(data, monkeypatch):
    size = sum(a.nbytes for m in (data.X, data.y) for a in (m.indices, m.indptr))
    size += data.X.data.nbytes + data.y.data.nbytes + data.weight.nbytes
    for free, expected in ((4 * size, True), (4 * size - 1, False)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device, free=free: (free, 10**12))
        assert ResidentData.fits(data, "cuda:0") == expected
        assert not ResidentData.fits(data, "cpu")
        assert not ResidentData.fits(data, "mps")


def test_read_only_arrays_are_copied(data):
    for array in (data.X.data, data.X.indices, data.y.indices, data.weight):
        array.flags.writeable = False
    features, (pairs, weight) = data.on_device("cpu")
    assert len(features) == len(weight) == pairs.shape[0] == 23


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_moments_in_blocks(data, kind, dtype, monkeypatch):
    monkeypatch.setattr(_batches, "BLOCK_NUMBERS", 30)
    X = data.X.toarray().astype(dtype)
    X[:, 0] += 1e4  # in single precision, squares of these keep nothing of the variance
    X[:, 1] = 7.3
    data = TrainingData(X if kind == "dense" else sp.csr_array(X), data.y, data.weight.astype(dtype))
    moments = data.moments()
    weight, exact = data.weight.astype(float), X.astype(float)
    mean = np.average(exact, axis=0, weights=weight)
    np.testing.assert_allclose(moments.mean, mean, rtol=1e-9)
    variance = np.average((exact - mean) ** 2, axis=0, weights=weight)
    np.testing.assert_allclose(moments.variance, variance, rtol=1e-4, atol=1e-9)
    deviation = np.sqrt(variance)
    deviation[1] = np.inf  # what does not vary says nothing
    assert moments.largest_offset == pytest.approx((mean / deviation).max(), rel=1e-4)


def test_features_too_large_to_square():
    data = TrainingData(np.array([[1e200], [0.0]]), sp.csr_array(np.eye(2)), np.ones(2))
    for X in (data.X, sp.csr_array(data.X)):
        moments = TrainingData(X, data.y, data.weight).moments()
        assert not np.isfinite(moments.variance).any()


def test_the_callers_arrays_are_not_changed():
    # A pair stored twice, and columns out of order.
    parts = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2, 0, 0, 1]), np.array([0, 2, 3, 4])
    X = sp.csr_array(parts, shape=(3, 3))
    twice = sp.csr_array((np.ones(4), np.array([1, 1, 0, 2]), np.array([0, 2, 3, 4])), shape=(3, 3))
    for given in (X, twice):
        kept = [a.copy() for a in (given.data, given.indices, given.indptr)]
        for array in (given.data, given.indices, given.indptr):
            array.flags.writeable = False
        data = TrainingData.from_arrays(given, sp.csr_array(np.eye(3)), np.ones(3))
        assert data.X.has_canonical_format
        np.testing.assert_array_equal(data.X.toarray(), given.toarray())
        for array, before in zip((given.data, given.indices, given.indptr), kept):
            np.testing.assert_array_equal(array, before)
