"""Labels in blocks: their weights, dense or sparse, and fits that go side by side."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError
from typing import Any

import numpy as np
import scipy.sparse as sp
from joblib.parallel import get_active_backend
from sklearn.utils.parallel import Parallel, delayed

from ._device import isolated_torch

# Times that a fit goes on after it lost a worker.
MOST_LOST = 3


def drop_small(coef, intercept, mean, threshold) -> tuple[sp.csc_array, np.ndarray]:
    """Leave out small coefficients of a linear head.

    Parameters
    ----------
    coef : ndarray of shape (n_features, n_outputs)
        Coefficients; what is left out becomes 0 in it.
    intercept : ndarray of shape (n_outputs,)
        Intercepts.
    mean : ndarray of shape (n_features,)
        Mean of each feature.
    threshold : float
        Those go whose absolute value is below this share of the largest of their output.

    Returns
    -------
    coef : csc_array of shape (n_features, n_outputs)
        What is left.
    intercept : ndarray of shape (n_outputs,)
        With what the others added to the mean score.
    """
    size = np.abs(coef)
    small = size < threshold * size.max(axis=0)
    intercept = intercept + mean.astype(coef.dtype) @ np.where(small, coef, 0)
    coef[small] = 0
    return sp.csc_array(coef), intercept


class BlockWeights:
    """Weights of a linear head, block by block of its labels: columns of one array, or sparse ones.

    Parameters
    ----------
    coef : ndarray or sparse of shape (n_features, n_outputs)
        Coefficients to start from; an array is written to.
    intercept : ndarray of shape (n_outputs,)
        Intercepts, which are written to.
    blocks : sequence of slice
        The labels of each block.
    """

    def __init__(self, coef, intercept, blocks: Sequence[slice]):
        self.intercept, self.blocks = intercept, blocks
        self._dense = None if sp.issparse(coef) else coef
        columns = coef if self._dense is not None else sp.csc_array(coef)
        self._parts = [columns[:, labels] for labels in blocks]

    def of(self, i: int) -> tuple[Any, np.ndarray]:
        """Coefficients and intercepts of a block."""
        return self._parts[i], self.intercept[self.blocks[i]]

    def put(self, i: int, coef, intercept):
        """Take those that a block was fitted to."""
        self.intercept[self.blocks[i]] = intercept
        if self._dense is None:
            self._parts[i] = coef
        else:
            self._parts[i][...] = coef

    @property
    def coef(self) -> Any:
        """Coefficients of all labels."""
        return sp.csr_matrix(sp.hstack(self._parts)) if self._dense is None else self._dense

    def with_block(self, i: int, coef, intercept) -> tuple[list, list]:
        """Copies of the weights of all labels, with those of a block that is being fitted."""
        other = BlockWeights(self.coef.copy(), self.intercept.copy(), self.blocks)
        other.put(i, coef, intercept)
        return [other.coef], [other.intercept]


def side_by_side(fit: Callable, shared, blocks: list[tuple], n_jobs: int) -> Iterator:
    """Fit blocks of labels with joblib; where a worker is lost with what it had, the fit goes on without it.

    Parameters
    ----------
    fit : callable
        ``fit(shared, *block)``.
    shared : object
        What all blocks have in common. Its `__sizeof__` says how large it is, so that Dask sends it once.
    blocks : list of tuple
        The blocks.
    n_jobs : int
        Blocks to fit at a time.

    Yields
    ------
    result : object
        What `fit` returned, in the order of the blocks.
    """
    backend, _ = get_active_backend()
    return_as = "generator" if backend.supports_return_generator else "list"  # Ray's has no generator
    done = lost = 0
    while done < len(blocks):
        fits = Parallel(n_jobs=n_jobs, return_as=return_as)
        try:
            results = fits(delayed(_fit_apart)(fit, shared, block) for block in blocks[done:])
            for result in results:
                done += 1
                yield result
        except (BrokenExecutor, CancelledError):
            lost += 1
            if lost > MOST_LOST:
                raise


def _fit_apart(fit, shared, block):
    with isolated_torch():
        return fit(shared, *block)
