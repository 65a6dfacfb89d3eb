"""Batches: rows of the features and of the targets, cut out whole from their CSR arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import Dataset

from ..losses import PositivePairs

__all__ = ["BatchIterator", "SparseRows", "TrainingData"]


class SparseMatrix:
    """A CSR matrix on a device that multiplies dense matrices.

    Parameters
    ----------
    matrix : csr_array of shape (n_rows, n_columns)
        The matrix.
    device : str
        Where it goes.
    """

    def __init__(self, matrix, device):
        self.shape = matrix.shape
        # The bag of embeddings below gathers every row first where it is not in single precision on the CPU.
        self.scipy = matrix if matrix.dtype == np.float64 and torch.device(device).type == "cpu" else None
        if self.scipy is None:
            self.indptr = tensor(matrix.indptr.astype(np.int64, copy=False)).to(device)
            self.indices = tensor(matrix.indices.astype(np.int64, copy=False)).to(device)
            self.data = tensor(matrix.data).to(device)

    def __matmul__(self, dense: Tensor) -> Tensor:
        """Product with a dense matrix of shape (n_columns, k), without a gradient."""
        if self.scipy is not None:
            return torch.from_numpy(self.scipy @ dense.numpy())
        # The weighted sum of the rows of `dense` that each row names; about twice as fast as torch's sparse product.
        return F.embedding_bag(
            self.indices, dense, self.indptr, mode="sum", per_sample_weights=self.data, include_last_offset=True
        )


class SparseRows:
    """Rows of a sparse matrix on a device, with their transpose for the backward pass.

    Parameters
    ----------
    matrix : csr_array of shape (n_samples, n_features)
        The rows.
    device : str
        Where they go.

    Attributes
    ----------
    rows : SparseMatrix of shape (n_samples, n_features)
        The rows.
    columns : SparseMatrix of shape (n_present, n_samples)
        The transpose, without the features that do not occur in these rows.
    present : Tensor of shape (n_present,), int64, or None
        The features that do; None if all do.
    """

    def __init__(self, matrix, device):
        columns = sp.csr_array(matrix.T)
        counts = np.diff(columns.indptr)
        self.present = None
        if not counts.all():
            kept = np.flatnonzero(counts)
            self.present = torch.from_numpy(kept).to(device)
            indptr = np.concatenate([[0], np.cumsum(counts[kept])])
            columns = sp.csr_array((columns.data, columns.indices, indptr), shape=(len(kept), matrix.shape[0]))
        self.rows = SparseMatrix(matrix, device)
        self.columns = SparseMatrix(columns, device)

    def __len__(self):
        return self.rows.shape[0]


def tensor(array) -> Tensor:
    """Tensor of an array; a copy of a read-only one, as memory-mapped ones are, for torch takes none."""
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))


@dataclass
class TrainingData(Dataset):
    """Features, targets and weights of the training samples.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
        Features in the type of the computation.
    y : csr_array of shape (n_samples, n_labels)
        Indicator; only its sparsity pattern is read.
    weight : ndarray of shape (n_samples,)
        Positive weights in the type of the computation.
    """

    X: np.ndarray | sp.csr_array
    y: sp.csr_array
    weight: np.ndarray

    def __len__(self):
        return self.X.shape[0]

    def take(self, index) -> TrainingData:
        """Return some of the samples."""
        return TrainingData(self.X[index], self.y[index], self.weight[index])

    def hold_out(self, fraction, random_state) -> tuple[TrainingData, TrainingData]:
        """Split at random into training samples and a fraction to validate on.

        Parameters
        ----------
        fraction : float
            Share of the samples to hold out, in (0, 1); at least one is.
        random_state : RandomState
            Decides which.

        Returns
        -------
        train, held_out : TrainingData

        Raises
        ------
        ValueError
            If no sample would be left to train on.
        """
        n_held = max(1, round(fraction * len(self)))
        if n_held >= len(self):
            raise ValueError(f"validation_fraction={fraction} of {len(self)} samples leaves none to train on.")
        order = random_state.permutation(len(self))
        return self.take(order[n_held:]), self.take(order[:n_held])

    def on_device(self, device) -> tuple:
        """All samples as one batch, ``(features, (pairs, weight))``."""
        X = self.X
        features = SparseRows(X, device) if sp.issparse(X) else tensor(X).to(device)
        rows = np.repeat(np.arange(len(self)), np.diff(self.y.indptr))
        cols = tensor(self.y.indices.astype(np.int64, copy=False))
        pairs = PositivePairs(torch.from_numpy(rows), cols, self.y.shape).to(device)
        return features, (pairs, tensor(self.weight).to(device))


class BatchIterator:
    """Iterate over batches of training data: the iterator that skorch is given.

    Parameters
    ----------
    dataset : TrainingData
        What is cut into batches.
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

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self):
        if len(self) == 1:
            # One batch is the same in every pass: it is built once and stays on the device.
            if self._single is None:
                self._single = self.dataset.on_device(self.device)
            yield self._single
            return
        n = len(self.dataset)
        order = np.arange(n) if self.random_state is None else self.random_state.permutation(n)
        for start in range(0, n, self.batch_size):
            yield self.dataset.take(order[start : start + self.batch_size]).on_device(self.device)
