"""Resolving the classifier's parameters that leave something open."""

from __future__ import annotations

import itertools

import numpy as np

__all__ = ["SOLVERS", "check_device", "check_hidden_layer_sizes", "check_start", "resolve_batch_size", "training_dtype"]

SOLVERS = ("lbfgs", "adam")

# From this many coefficients on, float64 features are trained on in single precision.
SINGLE_PRECISION_COEFS = 1 << 18


def training_dtype(dtype, sizes, tol) -> np.dtype:
    """Single precision for float64 features where it is much faster and its rounding far below ``tol``.

    Parameters
    ----------
    dtype : numpy dtype
        Type of the features.
    sizes : list of int
        Number of features, of units in each hidden layer, and of outputs.
    tol : float
        Relative improvement at which training stops.

    Returns
    -------
    dtype : numpy dtype
    """
    n_coefs = sum(n_in * n_out for n_in, n_out in itertools.pairwise(sizes))
    return np.dtype(np.float32 if n_coefs >= SINGLE_PRECISION_COEFS and tol >= 1e-6 else dtype)


def check_hidden_layer_sizes(sizes) -> tuple[int, ...]:
    """Return the sizes as a tuple; a ValueError if they are not positive integers."""
    sizes = np.atleast_1d(np.asarray(sizes, dtype=object)).tolist()
    if not all(isinstance(size, int) and size > 0 for size in sizes):
        raise ValueError(f"hidden_layer_sizes must hold positive integers; got {sizes}.")
    return tuple(sizes)


def check_start(coefs, intercepts, sizes, dtype) -> tuple[list, list]:
    """Return the weights of a previous fit to start from; a ValueError if they are not of these sizes."""
    fitted = [coefs[0].shape[0], *(coef.shape[1] for coef in coefs)]
    if fitted != sizes:
        raise ValueError(
            f"warm_start=True needs the features, hidden layers and labels of the previous fit, {fitted}; got {sizes}."
        )
    return [coef.astype(dtype) for coef in coefs], [intercept.astype(dtype) for intercept in intercepts]


def check_device(device: str) -> str:
    """Return the device that is meant; a ValueError if it cannot be used here."""
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(f"device={device!r} cannot be used here: {str(error).splitlines()[0]}") from error
    return device


def resolve_batch_size(batch_size, n_samples: int) -> int:
    """Return the samples in a batch; ``"auto"`` is all of up to 512, else 256."""
    if batch_size == "auto":
        batch_size = 512 if n_samples <= 512 else 256
    return min(int(batch_size), n_samples)
