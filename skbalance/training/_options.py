"""Resolving the classifier's parameters that leave something open."""

from __future__ import annotations

import itertools
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from .._warnings import warn

if TYPE_CHECKING:
    from ._batches import Moments

__all__ = [
    "SOLVERS",
    "check_device",
    "check_hidden_layer_sizes",
    "check_range",
    "check_start",
    "resolve_alpha",
    "resolve_batch_size",
    "resolve_term_weighting",
    "training_dtype",
    "warn_of_offsets",
]

SOLVERS = ("lbfgs", "adam")

# From this many coefficients on, float64 features are trained on in single precision.
SINGLE_PRECISION_COEFS = 1 << 18
# Features whose means are larger than this many of their deviations lose too many digits in single precision.
LARGEST_SINGLE_OFFSET = 1e4
# Most units of a hidden layer.
MOST_UNITS = 1 << 20


def training_dtype(dtype, sizes, tol, moments) -> np.dtype:
    """Single precision for float64 features where it is much faster and its rounding far below ``tol``.

    Parameters
    ----------
    dtype : numpy dtype
        Type of the features.
    sizes : list of int
        Number of features, of units in each hidden layer, and of outputs.
    tol : float
        Relative improvement at which training stops.
    moments : Moments
        Of the features; those far from zero need double precision.

    Returns
    -------
    dtype : numpy dtype
    """
    n_coefs = sum(n_in * n_out for n_in, n_out in itertools.pairwise(sizes))
    enough = tol >= 1e-6 and moments.largest_offset <= LARGEST_SINGLE_OFFSET
    return np.dtype(np.float32 if n_coefs >= SINGLE_PRECISION_COEFS and enough else dtype)


def check_range(dtype, moments: Moments, alpha):
    """Raise a ValueError if the features, or ``alpha``, have squares that are no finite numbers of this type."""
    limit = float(np.sqrt(np.finfo(dtype).max))
    with np.errstate(invalid="ignore"):
        size = np.sqrt(moments.variance) + np.abs(moments.mean)
    if not np.all(size < limit):
        raise ValueError(
            f"X holds values too large to train on in {dtype}: their squares pass {np.finfo(dtype).max:.0e}. Scale "
            "them to about unit size."
        )
    if not alpha < limit:
        raise ValueError(f"alpha must be less than {limit:.0e} to train in {dtype}; got {alpha!r}.")


def warn_of_offsets(dtype, moments: Moments):
    """Warn of single-precision features that are far from zero for how little they vary."""
    if dtype == np.float32 and moments.largest_offset > LARGEST_SINGLE_OFFSET:
        warn(
            f"A feature of X has a mean of {moments.largest_offset:.0e} times its standard deviation, of which float32 "
            "keeps too few digits. Give X as float64, or standardise it (sklearn.preprocessing.StandardScaler)."
        )


def check_hidden_layer_sizes(sizes) -> tuple[int, ...]:
    """Return the sizes as a tuple; a ValueError if they are not positive integers."""
    array = np.atleast_1d(np.asarray(sizes, dtype=object))
    found = array.tolist()
    integers = all(isinstance(size, Integral) and not isinstance(size, bool) for size in found)
    if array.ndim != 1 or not integers or not all(1 <= size <= MOST_UNITS for size in found):
        raise ValueError(f"hidden_layer_sizes must hold positive integers up to {MOST_UNITS}; got {sizes!r}.")
    return tuple(int(size) for size in found)


def check_start(coefs, intercepts, sizes, dtype) -> tuple[list, list]:
    """Return the weights of a previous fit to start from; a ValueError if they are not of these sizes."""
    fitted = [coefs[0].shape[0], *(coef.shape[1] for coef in coefs)]
    if fitted != sizes:
        raise ValueError(
            f"warm_start=True needs the features, hidden layers and labels of the previous fit, {fitted}; got {sizes}."
        )
    return [coef.astype(dtype) for coef in coefs], [intercept.astype(dtype) for intercept in intercepts]


def check_device(device: str, kinds=("cpu", "cuda")) -> str:
    """Return the device that is meant, a GPU with its number; a ValueError if it cannot be used here."""
    import torch

    n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == "auto":
        device = "cuda" if n_gpus else "cpu"
    try:
        found = torch.device(device)
        if found.type not in kinds:
            raise ValueError(f"it is none of the kinds {', '.join(kinds)}.")
        if found.type == "cpu":
            return "cpu"
        # Not every function of torch takes a GPU without its number.
        if found.type == "cuda" and found.index is None:
            found = torch.device("cuda", torch.cuda.current_device())
        torch.empty(0, device=found)
    except Exception as error:  # whatever torch, or a driver, has to say
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        gpus = f", 'cuda' and 'cuda:0' to 'cuda:{n_gpus - 1}'" if n_gpus else "; there is no CUDA GPU"
        raise ValueError(
            f"device={device!r} cannot be used here: {reason} Allowed are 'auto' and 'cpu'{gpus}."
        ) from error
    return str(found)


def resolve_batch_size(batch_size, n_samples: int) -> int:
    """Return the samples in a batch; ``"auto"`` is all of up to 512, else 256."""
    if batch_size == "auto":
        batch_size = 512 if n_samples <= 512 else 256
    return min(int(batch_size), n_samples)


def resolve_alpha(alpha, moments: Moments, weight, strength: float) -> float:
    r"""Return the strength of the penalty; ``"auto"`` is told by the samples.

    .. math:: \frac{c}{\sqrt N} \sum_j \operatorname{Var}(x_j)

    with c the ``penalty_strength`` of the loss and N the number of samples, or the sum of their weights. More samples
    need less of a penalty; the variance of the features, summed over them, makes their unit one that does not matter.

    Parameters
    ----------
    alpha : float or "auto"
        The classifier's parameter.
    moments : Moments
        Mean and variance of the features.
    weight : ndarray of shape (n_samples,)
        Weights of the samples.
    strength : float
        The ``penalty_strength`` of the loss.

    Returns
    -------
    alpha : float
    """
    if not isinstance(alpha, str):
        return float(alpha)
    return float(strength * moments.variance.sum() / np.sqrt(weight.sum(dtype=np.float64)))


def resolve_term_weighting(term_weighting, data, *, linear, solver) -> str | None:
    """Return the kind of term weights; ``"auto"`` is relevance frequency for a linear model of mostly zeros.

    What is never zero occurs with every label alike: of embeddings there is nothing to weigh. Where L-BFGS does not fit
    in memory the weights would not either: they are as many as the coefficients.
    """
    if term_weighting != "auto":
        return term_weighting
    if not linear or solver != "lbfgs":
        return None
    present = np.asarray((data.X != 0).sum(axis=1)).ravel()
    return "rf" if np.average(present, weights=data.weight) < data.X.shape[1] / 2 else None
