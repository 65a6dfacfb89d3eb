"""Resolving the classifier's parameters that leave something open."""

from __future__ import annotations

import itertools
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .._warnings import warn

if TYPE_CHECKING:
    from ._batches import Moments

# From this many coefficients on, float64 features are trained on in single precision.
SINGLE_PRECISION_COEFS = 1 << 18
# Features whose means are larger than this many of their deviations lose too many digits in single precision.
LARGEST_SINGLE_OFFSET = 1e4
# Most units of a hidden layer.
MOST_UNITS = 1 << 20


def training_dtype(dtype, sizes, tol, moments: Moments) -> np.dtype:
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
        Of the features; very large and small ones need double precision, and so do those far from zero for how little
        they vary, which are warned of if they come in single precision.

    Returns
    -------
    dtype : numpy dtype

    Raises
    ------
    ValueError
        If the squares of the features are no finite numbers of this type.
    """
    far = moments.largest_offset > LARGEST_SINGLE_OFFSET
    n_coefs = sum(n_in * n_out for n_in, n_out in itertools.pairwise(sizes))
    with np.errstate(invalid="ignore"):
        size = np.sqrt(moments.variance) + np.abs(moments.mean)
    within = np.sqrt(moments.spread) >= 1e-15 and bool(np.all(size <= 1e15))
    single = n_coefs >= SINGLE_PRECISION_COEFS and tol >= 1e-6 and within and not far
    found = np.dtype(np.float32 if single else dtype)
    if not np.all(size < np.sqrt(np.finfo(found).max)):
        raise ValueError(
            f"X holds values too large to train on in {found}: their squares pass {np.finfo(found).max:.0e}. Scale "
            "them to about unit size."
        )
    if found == np.float32 and far:
        warn(
            f"A feature of X has a mean of {moments.largest_offset:.0e} times its standard deviation, of which float32 "
            "keeps too few digits. Give X as float64, or standardise it (sklearn.preprocessing.StandardScaler)."
        )
    return found


def warn_of_units(moments: Moments):
    """Warn of features that are no match for the steps of Adam, whose size is fixed."""
    size = np.sqrt(moments.spread)
    if not (1e-2 <= size <= 1e3 or size == 0):
        warn(
            f"Adam takes features of about unit size; the standard deviation of X is {size:.0e}. Scale it, or take "
            "solver='lbfgs', for which the unit makes no difference.",
            ConvergenceWarning,
        )


def check_hidden_layer_sizes(sizes) -> tuple[int, ...]:
    """Return the sizes as a tuple; a ValueError if they are not positive integers."""
    array = np.atleast_1d(np.asarray(sizes, dtype=object))
    found = array.tolist()
    integers = all(isinstance(size, Integral) and not isinstance(size, bool) for size in found)
    if array.ndim != 1 or not integers or not all(1 <= size <= MOST_UNITS for size in found):
        raise ValueError(f"hidden_layer_sizes must hold positive integers up to {MOST_UNITS}; got {sizes!r}.")
    return tuple(int(size) for size in found)


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

    .. math:: \frac{c}{\sqrt N} V

    with c the ``penalty_strength`` of the loss, N the number of samples, or the sum of their weights, and V the
    variance of the features, see :attr:`Moments.spread`. More samples need less of a penalty; V makes the unit of the
    features one that does not matter.

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
    return float(strength * moments.spread / np.sqrt(weight.sum(dtype=np.float64)))


def resolve_term_weighting(term_weighting, data, hidden_layer_sizes, solver) -> str | None:
    """Return the kind of term weights; ``"auto"`` is relevance frequency for a linear model of mostly zeros.

    What is never zero occurs with every label alike: of embeddings there is nothing to weigh. With mini-batches all
    coefficients would be multiplied anew for each of them. A ValueError if there are weights for a model that is not
    linear.
    """
    if term_weighting not in (None, "auto") and hidden_layer_sizes:
        raise ValueError(
            f"term_weighting={term_weighting!r} is for linear models; got hidden_layer_sizes={hidden_layer_sizes}."
        )
    if term_weighting != "auto":
        return term_weighting
    if hidden_layer_sizes or solver != "lbfgs":
        return None
    present = np.asarray((data.X != 0).sum(axis=1)).ravel()
    return "rf" if np.average(present, weights=data.weight) < data.X.shape[1] / 2 else None
