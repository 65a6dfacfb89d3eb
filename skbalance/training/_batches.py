"""Batches: rows of the features and of the targets, cut out whole from their CSR arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import Dataset

from ..losses import PositivePairs

# Numbers of each thread in a block of rows on the CPU: what is computed of it is still in that core's cache when it is
# read again, and its memory comes from the heap, where large arrays have fresh memory that the system must zero.
BLOCK_NUMBERS = 1 << 17
# Columns of a dense matrix that a sparse one on the CPU multiplies at a time: of thousands, the rows that are read many
# times would not stay in the caches.
BLOCK_COLUMNS = 256
# Rows of a dense matrix that a transpose on the CPU multiplies at a time, for the same reason.
BLOCK_ROWS = 1 << 13


def row_blocks(n_rows, n_columns, device) -> list[slice]:
    """Slices of the rows of an array that is worked on block by block; on a GPU one of them all."""
    step = max(1, n_rows)
    if torch.device(device).type == "cpu":
        step = max(1, BLOCK_NUMBERS * torch.get_num_threads() // max(n_columns, 1))
    return _slices(n_rows, step)


def _slices(n, step) -> list[slice]:
    """Cut ``n`` into slices of ``step``, the last one of what is left."""
    return [slice(start, min(start + step, n)) for start in range(0, n, step)]


class SparseMatrix:
    """A CSR matrix on a device that multiplies dense matrices.

    Parameters
    ----------
    indptr, indices, data : Tensor
        The arrays of CSR, the first two of one integer type.
    n_columns : int
        Width of the matrix.
    """

    def __init__(self, indptr: Tensor, indices: Tensor, data: Tensor, n_columns: int):
        self.indptr, self.indices, self.data, self.n_columns = indptr, indices, data, n_columns
        self.scipy = None
        if data.device.type == "cpu" and data.dtype != torch.float32:
            # The bag of embeddings below gathers every row first where it is not in single precision on the CPU.
            self.scipy = sp.csr_array((data.numpy(), indices.numpy(), indptr.numpy()), shape=(len(self), n_columns))

    def __len__(self):
        return len(self.indptr) - 1

    @classmethod
    def from_scipy(cls, matrix, device) -> SparseMatrix:
        """Copy of a csr_array on a device, with short indices where they fit."""
        index = np.int32 if max(*matrix.shape, matrix.nnz) < 2**31 else np.int64
        indptr, indices = (tensor(a.astype(index, copy=False)).to(device) for a in (matrix.indptr, matrix.indices))
        return cls(indptr, indices, tensor(matrix.data).to(device), matrix.shape[1])

    def row_numbers(self) -> Tensor:
        """Row of each stored element."""
        numbers = torch.arange(len(self), dtype=self.indices.dtype, device=self.indices.device)
        return numbers.repeat_interleave(self.indptr.diff())

    def take(self, index: Tensor) -> SparseMatrix:
        """Some of the rows, cut out on the device."""
        starts = self.indptr[index]
        counts = self.indptr[index + 1] - starts
        indptr = _starts(counts, self.indptr)
        shift = (starts - indptr[:-1]).repeat_interleave(counts)
        places = torch.arange(len(shift), device=shift.device) + shift
        return SparseMatrix(indptr, self.indices[places], self.data[places], self.n_columns)

    def products(self, dense: Tensor) -> Iterator[tuple[slice, slice, Tensor]]:
        """Product with a dense matrix of shape (n_columns, k), without a gradient: rows, columns, and that block."""
        step = BLOCK_COLUMNS if dense.device.type == "cpu" else dense.shape[1]
        for columns in _slices(dense.shape[1], step):
            part = dense[:, columns].contiguous()
            for rows in row_blocks(len(self), part.shape[1], part.device):
                yield rows, columns, self._product(rows, part)

    def _product(self, rows: slice, dense: Tensor) -> Tensor:
        whole = rows == slice(0, len(self))
        if self.scipy is not None:
            return torch.from_numpy((self.scipy if whole else self.scipy[rows]) @ dense.numpy())
        indptr, indices, data = self.indptr, self.indices, self.data
        if not whole:
            indptr = indptr[rows.start : rows.stop + 1]
            first, last = int(indptr[0]), int(indptr[-1])
            indptr, indices, data = indptr - first, indices[first:last], data[first:last]
        # The weighted sum of the rows of `dense` that each row names; about twice as fast as torch's product.
        return F.embedding_bag(indices, dense, indptr, mode="sum", per_sample_weights=data, include_last_offset=True)


@dataclass(frozen=True)
class Transpose:
    """Transpose of some rows of a matrix, without the features that do not occur in them.

    Attributes
    ----------
    rows : slice
        The rows.
    matrix : SparseMatrix of shape (n_present, n_rows)
        Their transpose.
    present : Tensor of shape (n_present,), int64, or None
        The features that occur; None if all do.
    """

    rows: slice
    matrix: SparseMatrix
    present: Tensor | None


class SparseRows:
    """Rows of a sparse matrix on a device, with their transpose for the backward pass.

    Parameters
    ----------
    rows : SparseMatrix of shape (n_samples, n_features)
        The rows.
    transposes : list of Transpose
        The transpose, by blocks of the rows.
    """

    def __init__(self, rows: SparseMatrix, transposes: list[Transpose]):
        self.rows, self.transposes = rows, transposes

    @classmethod
    def from_scipy(cls, matrix, device) -> SparseRows:
        """Rows of a csr_array, transposed before they are sent to the device."""
        n_rows = matrix.shape[0]
        step, transposes = BLOCK_ROWS if torch.device(device).type == "cpu" else max(1, n_rows), []
        for rows in _slices(n_rows, step):
            columns, present = sp.csr_array((matrix if n_rows <= step else matrix[rows]).T), None
            kept = np.flatnonzero(np.diff(columns.indptr))
            if len(kept) < len(columns.indptr) - 1:
                columns, present = columns[kept], torch.from_numpy(kept).to(device)
            transposes.append(Transpose(rows, SparseMatrix.from_scipy(columns, device), present))
        return cls(SparseMatrix.from_scipy(matrix, device), transposes)

    @classmethod
    def from_matrix(cls, rows: SparseMatrix) -> SparseRows:
        """Rows that are on the device already, transposed there."""
        features, order = torch.sort(rows.indices, stable=True)
        present, counts = torch.unique_consecutive(features, return_counts=True)
        matrix = SparseMatrix(_starts(counts, rows.indptr), rows.row_numbers()[order], rows.data[order], len(rows))
        present = None if len(present) == rows.n_columns else present.long()
        return cls(rows, [Transpose(slice(0, len(rows)), matrix, present)])

    def multiply_transposed(self, dense: Tensor, out: Tensor) -> Tensor:
        """Product of the transpose with a dense matrix, without a gradient, into ``out``."""
        sole = len(self.transposes) == 1
        if not sole or self.transposes[0].present is not None:
            out.zero_()
        for transpose in self.transposes:
            for rows, columns, product in transpose.matrix.products(dense[transpose.rows]):
                features, part = rows if transpose.present is None else transpose.present[rows], out[:, columns]
                if sole:
                    part[features] = product
                else:
                    part[features] += product
        return out

    def __len__(self):
        return len(self.rows)


def _starts(counts: Tensor, like: Tensor) -> Tensor:
    """Where each run of so many elements starts, and the last ends, in the type of ``like``."""
    return F.pad(counts.cumsum(0), (1, 0)).to(like.dtype)


def tensor(array) -> Tensor:
    """Tensor of an array; a copy of a read-only one, as memory-mapped ones are, for torch takes none."""
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))


@dataclass(frozen=True)
class Moments:
    """Weighted mean and variance of the features.

    Attributes
    ----------
    mean, variance : ndarray of shape (n_features,), float64
        Those of each feature.
    """

    mean: np.ndarray
    variance: np.ndarray

    @cached_property
    def spread(self) -> float:
        """Sum of the variances, of which no feature has more than a share 1 / sqrt(n_features).

        So a few features of large units of their own do not set that of all; those that do not vary are not counted.
        """
        rising = np.sort(self.variance[self.variance > 0])
        rest = np.cumsum(rising)[::-1]  # without the k largest
        capped = np.arange(len(rest)) / max(np.sqrt(len(rest)), 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            total = rest / (1 - capped)
        fits = (capped < 1) & (rising[::-1] <= total / np.sqrt(len(rest)) * (1 + 1e-9))
        return float(total[fits.argmax()]) if len(rest) else 0.0

    def joined(self, other: Moments, n_samples: float, n_others: float) -> Moments:
        """Moments of these samples and others together, of which there are so many."""
        share = n_others / (n_samples + n_others)
        away = other.mean - self.mean
        variance = (1 - share) * self.variance + share * other.variance + share * (1 - share) * away**2
        return Moments(self.mean + share * away, variance)

    @property
    def largest_offset(self) -> float:
        """Largest mean of a feature in units of its own deviation; of features that do not vary, 0."""
        size = np.abs(self.mean)
        deviation = np.sqrt(self.variance)
        varies = deviation > np.finfo(np.float32).eps * size
        return float((size[varies] / deviation[varies]).max(initial=0.0))


@dataclass
class TrainingData(Dataset):
    """Features, targets and weights of the training samples.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
        Features in the type of the computation.
    y : csr_array of shape (n_samples, n_labels)
        Indicator: of a floating type where labels are soft or unknown, else only its sparsity pattern is read.
    weight : ndarray of shape (n_samples,)
        Positive weights in the type of the computation.
    features : Tensor or SparseRows, default=None
        X on the device, see :meth:`placed`.
    """

    X: np.ndarray | sp.csr_array
    y: sp.csr_array
    weight: np.ndarray
    features: Tensor | SparseRows | None = None

    @classmethod
    def from_arrays(cls, X, y, weight) -> TrainingData:
        """Samples, in arrays that training only reads; one of weight zero is one that is not there."""
        if sp.issparse(X):
            X = sp.csr_array(X)
            if not X.has_canonical_format:
                X = X.copy()
                X.sum_duplicates()
        data = cls(X, y, weight)
        return data if weight.all() else data.take(np.flatnonzero(weight))

    def astype(self, dtype) -> TrainingData:
        """Return the samples in the type of the computation."""
        with np.errstate(over="ignore"):  # what becomes infinite is refused with the loss that follows
            return replace(self, X=self.X.astype(dtype, copy=False), weight=self.weight.astype(dtype, copy=False))

    def __len__(self):
        return self.X.shape[0]

    @property
    def nbytes(self) -> int:
        """Size of the arrays that training reads."""
        X = [self.X] if isinstance(self.X, np.ndarray) else [self.X.data, self.X.indices, self.X.indptr]
        return sum(array.nbytes for array in (*X, self.y.data, self.y.indices, self.y.indptr, self.weight))

    def take(self, index) -> TrainingData:
        """Return some of the samples."""
        return TrainingData(self.X[index], self.y[index], self.weight[index])

    def moments(self) -> Moments:
        """Weighted mean and variance of each feature."""
        weight = self.weight.astype(np.float64)
        weight /= weight.sum()
        with np.errstate(over="ignore", invalid="ignore"):  # of features too large for a square
            if not isinstance(self.X, np.ndarray):
                mean = self.X.T @ weight
                square = self.X.power(2, dtype=np.float64)
                return Moments(mean, np.maximum(square.T @ weight - mean**2, 0))
            mean, variance = np.zeros(self.X.shape[1]), np.zeros(self.X.shape[1])
            blocks = row_blocks(len(self), self.X.shape[1], "cpu")
            for rows in blocks:
                mean += weight[rows] @ self.X[rows]
            for rows in blocks:
                variance += weight[rows] @ (self.X[rows] - mean) ** 2
        return Moments(mean, variance)

    def scale_features(self, scale, mean) -> TrainingData:
        """Return the samples with every feature multiplied by its scale; dense ones after its mean was subtracted."""
        X = self.X
        if isinstance(X, np.ndarray):
            out = np.empty_like(X)
            for rows in row_blocks(len(X), X.shape[1], "cpu"):
                np.multiply(X[rows] - mean, scale, out=out[rows], casting="same_kind")
            return replace(self, X=out)
        X = sp.csr_array((X.data * scale[X.indices], X.indices, X.indptr), shape=X.shape)
        return replace(self, X=X)

    def placed(self, device) -> TrainingData:
        """Return the samples with their features on the device, once for all labels that they are trained for."""
        X = self.X
        return replace(self, features=SparseRows.from_scipy(X, device) if sp.issparse(X) else tensor(X).to(device))

    def of_labels(self, labels: slice) -> TrainingData:
        """Return the samples with some of their labels."""
        return replace(self, y=self.y[:, labels])

    def on_device(self, device) -> tuple:
        """All samples as one batch, ``(features, (pairs, weight))``."""
        features = self.placed(device).features if self.features is None else self.features
        return features, (PositivePairs.from_csr(self.y, device), tensor(self.weight).to(device))


class ResidentData:
    """Training data that stay on a device, where batches are cut out of them.

    Parameters
    ----------
    data : TrainingData
        The samples.
    device : str
        Where they go.
    """

    def __init__(self, data: TrainingData, device):
        self.X = SparseMatrix.from_scipy(data.X, device) if sp.issparse(data.X) else tensor(data.X).to(device)
        self.y = SparseMatrix.from_scipy(data.y, device)
        self.weight = tensor(data.weight).to(device)

    @staticmethod
    def fits(data: TrainingData, device) -> bool:
        """Whether the device is a GPU of which the data take a quarter of the free memory at most."""
        if torch.device(device).type != "cuda":
            return False
        free, _ = torch.cuda.mem_get_info(device)
        return 4 * data.nbytes <= free

    def take(self, index: Tensor) -> tuple:
        """Some of the samples as a batch, ``(features, (pairs, weight))``."""
        X = SparseRows.from_matrix(self.X.take(index)) if isinstance(self.X, SparseMatrix) else self.X[index]
        y = self.y.take(index)
        values = y.data if y.data.is_floating_point() else None
        pairs = PositivePairs(y.row_numbers().long(), y.indices.long(), (len(y), y.n_columns), values)
        return X, (pairs, self.weight[index])


class BatchIterator:
    """Iterate over batches of training data: the iterator that skorch is given.

    Parameters
    ----------
    dataset : TrainingData
        What is split into batches.
    batch_size : int
        Samples in a batch; the last one may be smaller.
    random_state : RandomState or None
        Shuffles the samples anew for each pass; None leaves them in order.
    device : str
        Where the batches go.
    """

    def __init__(self, dataset, *, batch_size, random_state=None, device="cpu"):
        self.dataset = dataset
        self.batch_size = batch_size
        self.random_state = random_state
        self.device = device
        self._single = None
        self._resident: ResidentData | None = None

    def __iter__(self):
        n = len(self.dataset)
        if self.batch_size >= n:
            # One batch is the same in every pass: it is built once and stays on the device.
            if self._single is None:
                self._single = self.dataset.on_device(self.device)
            yield self._single
            return
        order = np.arange(n) if self.random_state is None else self.random_state.permutation(n)
        if self._resident is None and ResidentData.fits(self.dataset, self.device):
            self._resident = ResidentData(self.dataset, self.device)
        for part in _slices(n, self.batch_size):
            if self._resident is None:
                yield self.dataset.take(order[part]).on_device(self.device)
            else:
                yield self._resident.take(torch.from_numpy(order[part]).to(self.device))


def relevance_frequency(data: TrainingData) -> np.ndarray:
    """Relevance frequency of each feature for each label, ``log2(2 + a / max(1, c))``.

    The feature is present, that is not zero, in `a` samples of the label, and in `c` others; both are sums of weights,
    times the label where it is soft. Samples of which the label is unknown are neither.

    Parameters
    ----------
    data : TrainingData
        Training samples.

    Returns
    -------
    weights : ndarray of shape (n_features, n_labels)
        At least 1, of the type of the features.

    References
    ----------
    Lan, Tan, Su and Lu, "Supervised and Traditional Term Weighting Methods for Automatic Text Categorization", IEEE
    Transactions on Pattern Analysis and Machine Intelligence 31(4), 2009.
    """
    y, weight = data.y, np.asarray(data.weight, dtype=np.float64)
    pair_weight = np.repeat(weight, np.diff(y.indptr))
    present = sp.csr_array(data.X != 0).astype(np.float64)
    # The labels first: of few of them the product reads the samples that have one, and no more.
    inside = (sp.csr_array(_like(y, pair_weight * np.nan_to_num(y.data)).T) @ present).tocoo()
    labels, features = inside.coords
    outside = (weight @ present)[features] - inside.data
    if y.dtype.kind == "f" and np.isnan(y.data).any():
        outside -= (_like(y, pair_weight * np.isnan(y.data)).T @ present).toarray()[labels, features]
    weights = np.ones((present.shape[1], y.shape[1]), dtype=data.X.dtype)
    weights[features, labels] = np.log2(2 + inside.data / np.maximum(outside, 1))
    return weights


def _like(y, values):
    return sp.csr_array((values, y.indices, y.indptr), shape=y.shape)
