"""Rows and targets of every kind."""

import numpy as np
import scipy.sparse as sp

RNG = np.random.default_rng(0)
X = RNG.random((60, 12)) * (RNG.random((60, 12)) < 0.4)
ROWS = RNG.random((90, 12)) * (RNG.random((90, 12)) < 0.4)
Y = (RNG.random((60, 5)) < [0.5, 0.3, 0.2, 0.1, 0.0]).astype(int)
BINARY = np.array(["no", "yes"])[Y[:, 0]]
CLASSES = np.array(["a", "b", "c"])[np.arange(60) % 3]
TARGETS = {
    "labels": Y,
    "sparse labels": sp.csr_array(Y),
    "matrix": sp.csr_matrix(Y),
    "binary": BINARY,
    "classes": CLASSES,
}
CONTAINERS = {"dense": np.asarray, "csr_array": sp.csr_array, "csr_matrix": sp.csr_matrix, "csc_matrix": sp.csc_matrix}


def unit(rows):
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)


def memberships(y):
    """A column of 0 and 1 for each label or class."""
    y = y.toarray() if sp.issparse(y) else y
    return y if y.ndim == 2 else (y[:, None] == np.unique(y)).astype(int)


def assert_same(found, expected):
    if sp.issparse(expected):
        assert type(found) is type(expected)
        found, expected = found.toarray(), expected.toarray()
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
