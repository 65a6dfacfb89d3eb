"""Fitting a head: full-batch L-BFGS or mini-batch Adam, both run by skorch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..losses import Criterion, LabelStatistics
from ._batches import BatchIterator, Moments, TrainingData
from ._heads import Head, Units, initial_weights
from ._lbfgs import LBFGS
from ._net import Net, PlateauStop
from ._term_weighting import term_weights

__all__ = ["FitResult", "TrainingOptions", "choose_solver", "fit_head"]

# Pairs of steps and gradients that L-BFGS remembers; more save no iterations at the default tol.
LBFGS_HISTORY = 5
# Arrays of the weights' size: these, the weights, their gradient, the one before, the direction, the copy that is
# returned, and one to spare.
LBFGS_ARRAYS = 2 * LBFGS_HISTORY + 6
# L-BFGS is chosen by itself up to this much memory.
LBFGS_BYTES = 2**31


@dataclass(frozen=True)
class TrainingOptions:
    """The classifier's parameters that training needs, see there, and the ``penalty_exponent`` of its loss."""

    solver: str
    alpha: float
    learning_rate_init: float
    batch_size: int
    max_iter: int
    tol: float
    n_iter_no_change: int
    dropout: float
    device: str
    verbose: int = 0
    penalty_exponent: float = 1.0
    term_weighting: str | None = None


@dataclass
class FitResult:
    """What training gives: the weights, and how it went."""

    coefs: list
    intercepts: list
    n_iter: int
    loss_curve: list
    validation_loss_curve: list
    converged: bool
    rose: bool


def choose_solver(
    solver, *, hidden_layer_sizes, early_stopping, weighted, n_samples, n_features, n_outputs, itemsize, device
) -> str:
    """Resolve ``solver="auto"``: L-BFGS for a linear head whose working memory is at most 2 GiB, else Adam.

    On a GPU it is at most half of the free memory, too.

    Parameters
    ----------
    solver : {"auto", "lbfgs", "adam"}
        The classifier's parameter.
    hidden_layer_sizes : tuple of int
        Units of the hidden layers.
    early_stopping : bool
        Whether validation data decides when to stop, which only Adam does.
    weighted : bool
        Whether there are term weights, which are as large as the coefficients, and so are their products.
    n_samples, n_features, n_outputs, itemsize : int
        Size of the problem, and of a number in bytes.
    device : str
        Where to train.

    Returns
    -------
    solver : {"lbfgs", "adam"}

    Raises
    ------
    ValueError
        If L-BFGS is asked for together with early stopping.
    """
    if solver == "lbfgs" and early_stopping:
        raise ValueError("early_stopping=True is for solver='adam', or 'auto', which is Adam then; got solver='lbfgs'.")
    if solver != "auto":
        return solver
    n_numbers = ((LBFGS_ARRAYS + 2 * weighted) * n_features + n_samples) * n_outputs
    limit = LBFGS_BYTES
    if torch.device(device).type == "cuda":
        limit = min(limit, torch.cuda.mem_get_info(device)[0] // 2)
    fits = n_numbers * itemsize <= limit
    return "lbfgs" if not hidden_layer_sizes and not early_stopping and fits else "adam"


def fit_head(
    sizes,
    criterion: Criterion,
    data: TrainingData,
    *,
    statistics: LabelStatistics,
    options: TrainingOptions,
    random_state,
    validation: TrainingData | None = None,
    start: tuple | None = None,
    monitor=None,
) -> FitResult:
    """Train a head.

    Parameters
    ----------
    sizes : list of int
        Number of features, of units in each hidden layer, and of outputs.
    criterion : Criterion
        The bound loss, of reduction ``"row_sum"``; cast to the type of the data and set to overwrite its logits.
    data : TrainingData
        Training samples.
    statistics : LabelStatistics
        Label counts of the training samples.
    options : TrainingOptions
        Solver and its parameters.
    random_state : RandomState
        Source of the initial weights, the order of the batches and the dropout.
    validation : TrainingData, default=None
        Samples whose loss decides when to stop.
    start : tuple of (coefs, intercepts), default=None
        Weights to start from.
    monitor : object, default=None
        See :class:`PlateauStop`.

    Returns
    -------
    result : FitResult

    Raises
    ------
    ValueError
        If the objective or a weight is not finite.
    """
    lbfgs = options.solver == "lbfgs"
    coefs, intercepts = start or initial_weights(
        sizes, log_odds=statistics.log_odds, random_state=random_state, dtype=data.X.dtype
    )
    units, by_term = None, term_weights(options.term_weighting, data)
    if lbfgs and len(sizes) == 2:
        moments = data.moments()
        units = _curvature_units(moments, statistics, options.alpha, data.X.dtype)
        data = data.scale_features(units.by_feature, moments.mean)
    order = np.random.RandomState(random_state.randint(2**31))
    seed = int(random_state.randint(2**31))
    head = Head(coefs, intercepts, dropout=options.dropout, seed=seed, units=units, term_weights=by_term)
    stop = PlateauStop(
        tol=options.tol,
        window=min(options.n_iter_no_change, options.max_iter),
        restore_best=validation is not None,
        verbose=options.verbose,
        monitor=monitor,
    )
    dtype = torch.from_numpy(np.empty(0, data.X.dtype)).dtype
    strengths = [s.to(options.device, dtype) for s in penalty_strengths(sizes, statistics, options)]
    criterion = criterion.to(dtype=dtype)
    criterion.overwrite_logits = True
    net = Net(
        head,
        criterion=criterion,
        max_epochs=options.max_iter,
        batch_size=len(data) if lbfgs else options.batch_size,
        iterator_train=BatchIterator,
        iterator_train__random_state=order,
        iterator_train__device=options.device,
        iterator_valid=BatchIterator,
        iterator_valid__device=options.device,
        train_split=None if validation is None else _Split(validation),
        callbacks=[("stop", stop)],
        device=options.device,
        strengths=strengths,
        penalty_in_loss=lbfgs,
        verbose=0,
        **(_lbfgs() if lbfgs else _adam(options)),
    )
    try:
        net.train(data)
        if stop.best_state is not None:
            net.module_.load_state_dict(stop.best_state)
        coefs, intercepts = net.module_.to_numpy()
        if not all(np.isfinite(array).all() for array in (*coefs, *intercepts)):
            raise FloatingPointError("a coefficient is not finite")
    except FloatingPointError as error:
        raise ValueError(_advice(error, data, options)) from error
    return FitResult(
        coefs=coefs,
        intercepts=intercepts,
        n_iter=stop.n_iter,
        loss_curve=stop.curve,
        validation_loss_curve=stop.validation_curve,
        converged=stop.converged,
        rose=stop.rose,
    )


def _advice(error, data: TrainingData, options: TrainingOptions) -> str:
    """What went wrong in training, and what to change."""
    values = data.X if isinstance(data.X, np.ndarray) else data.X.data
    rate = f" a smaller learning_rate_init (it is {options.learning_rate_init:g})," if options.solver == "adam" else ""
    return (
        f"Training diverged: {error}. Give{rate} another alpha (it is {options.alpha:g}) or parameters of the loss, or "
        f"features of about unit size (the largest that training saw is {np.abs(values).max(initial=0):.0e})."
    )


def penalty_strengths(sizes, statistics: LabelStatistics, options: TrainingOptions) -> list:
    """Strength of the penalty on each layer: ``alpha`` times the variance of each label, or of all of them together.

    The data say as much about a label as it varies, n / N (1 - n / N). A penalty in proportion holds common and rare
    labels equally tight, where one strength for all would be too little for some or too much for others. Of losses
    for which that is too steep the variance is raised to a power first.
    """
    strength = torch.from_numpy(options.alpha * statistics.variance**options.penalty_exponent)
    return [strength.sum()] * (len(sizes) - 2) + [strength]


def _curvature_units(moments: Moments, statistics: LabelStatistics, alpha: float, dtype) -> Units:
    """Units for a linear head in which its curvature varies less.

    The objective's curvature along a coefficient grows with the variance of its feature and with the share of
    samples in which its label is at stake. Dividing by a power of their product cuts L-BFGS's iterations to less
    than a third on TF-IDF features; powers below one half did best on every loss tried. Coefficients of rare labels are
    held by the penalty more than by samples; intercepts are not, and are divided by a larger power of the share. Of
    features with a mean, above all non-negative ones, every coefficient is at odds with the intercept; centred, they
    are not.
    """
    share = statistics.clipped_counts / statistics.clipped_n_known
    by_feature, by_label = (moments.variance + max(alpha, 1e-12)) ** -0.25, share**-0.2
    by_intercept = 0.75 * share**-0.1
    parts = by_feature, by_label, by_intercept, moments.mean * by_feature
    return Units(*(part.astype(dtype) for part in parts))


def _lbfgs() -> dict:
    return {"optimizer": LBFGS, "lr": 1.0, "optimizer__history_size": LBFGS_HISTORY}


def _adam(options) -> dict:
    return {
        "optimizer": torch.optim.Adam,
        "lr": options.learning_rate_init,
        "optimizer__fused": True,
    }


class _Split:
    """skorch's train_split: the validation samples are given."""

    def __init__(self, validation):
        self.validation = validation

    def __call__(self, data, **fit_params):
        return data, self.validation
