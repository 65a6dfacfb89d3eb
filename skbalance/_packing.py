"""Sparse arrays as others: dense, of other columns, and in the state of an object, for skops trusts none of SciPy."""

from typing import Any

import numpy as np
import scipy.sparse as sp


class PackedStateMixin:
    """Mixin of estimators that keep sparse arrays, or lists of some, in the attributes that `_packed` names."""

    _packed: tuple[str, ...]
    _unpacked_as = sp.csr_array

    def __getstate__(self):
        state: Any = super().__getstate__()
        return state | {name: pack(state[name]) for name in self._packed if name in state}

    def __setstate__(self, state):
        packed = {name: unpack(state[name], self._unpacked_as) for name in self._packed if name in state}
        super().__setstate__(state | packed)  # type: ignore[misc]


def pack(matrix):
    """The arrays of a csr_array and its shape; a dense array as it is, and of a list each of these."""
    if isinstance(matrix, list):
        return [pack(each) for each in matrix]
    if not sp.issparse(matrix):
        return matrix
    matrix = sp.csr_array(matrix)
    return matrix.data, matrix.indices, matrix.indptr, matrix.shape


def unpack(packed, kind=sp.csr_array):
    """What :func:`pack` was given; sparse arrays as this type."""
    if isinstance(packed, list):
        return [unpack(each, kind) for each in packed]
    return kind(packed[:3], shape=tuple(packed[3])) if isinstance(packed, tuple) else packed


def dense(array) -> np.ndarray:
    """A sparse array as a dense one; a dense array as it is."""
    return array.toarray() if sp.issparse(array) else array


def take_columns(matrix, numbers) -> sp.csr_array:
    """Columns of a sparse matrix, and where the number is -1 one of zeros."""
    blank = sp.csr_array((matrix.shape[0], 1), dtype=matrix.dtype)
    return sp.csr_array(sp.hstack([matrix, blank], format="csr")[:, numbers])


def move_columns(rows, places, n_features):
    """Rows whose columns are at these places among so many."""
    if sp.issparse(rows):
        return sp.csr_array((rows.data, places[rows.indices], rows.indptr), shape=(rows.shape[0], n_features))
    moved = np.zeros((len(rows), n_features), dtype=rows.dtype)
    moved[:, places] = rows
    return moved
