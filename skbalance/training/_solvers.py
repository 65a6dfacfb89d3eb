"""Fitting a head: full-batch L-BFGS or mini-batch Adam, both run by skorch."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from skorch.helper import predefined_split

from ..losses import LabelStatistics, PositivePairs
from ._batches import BatchIterator, Moments, TrainingData
from ._heads import Head, Units, initial_weights
from ._lbfgs import LBFGS
from ._negatives import stack_labels
from ._net import Net, PlateauStop
from ._problem import Problem
from ._term_weighting import relevance_frequency

# Pairs of steps and gradients that L-BFGS remembers; more save no iterations at the default tol.
LBFGS_HISTORY = 5


@dataclass
class FitResult:
    """What training gives: the weights, and how it went, with one :class:`PlateauStop` for each block of labels."""

    coefs: list
    intercepts: list
    runs: list[PlateauStop]

    @property
    def n_iter(self) -> int:
        """Iterations done, the most of a block."""
        return max(run.n_iter for run in self.runs)

    @property
    def loss_curve(self) -> list[float]:
        """Objective at each iteration; that of a block stays what it was at its last."""
        return [sum(run.curve[min(i, run.n_iter - 1)] for run in self.runs) for i in range(self.n_iter)]


def fit_head(problem: Problem, options, *, random_state, start=None, monitor=None) -> FitResult:
    """Train a head.

    Parameters
    ----------
    problem : Problem
        What to train for.
    options : object
        The classifier's parameters, with nothing left open.
    random_state : RandomState
        Source of the initial weights, the order of the batches and the dropout.
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
    data, dtype = problem.data, problem.data.X.dtype
    start = start or initial_weights(
        problem.sizes, log_odds=problem.statistics.log_odds, random_state=random_state, dtype=dtype
    )
    try:
        if options.solver == "lbfgs" and len(problem.sizes) == 2:
            return _fit_linear(problem, options, start, monitor)
        by_term = relevance_frequency(data) if options.term_weighting else None
        order = np.random.RandomState(random_state.randint(2**31))
        seed = int(random_state.randint(2**31))
        units = None if by_term is None else Units.of_terms(by_term)
        head = Head(*start, dropout=options.dropout, seed=seed, units=units)
        strengths = penalty_strengths(problem.sizes, problem.statistics, options)
        return _train(head, problem, options, strengths, order=order, monitor=monitor)
    except FloatingPointError as error:
        raise ValueError(_advice(error, data, options)) from error


def _fit_linear(problem: Problem, options, start, monitor) -> FitResult:
    """Fit a linear head with L-BFGS, one block of labels after the other."""
    (coef,), (intercept,) = start
    moments, hold = problem.moments or problem.data.moments(), problem.hold
    ridge = options.alpha
    if hold is not None:
        ridge = hold.alpha + hold.by_feature * hold.by_label.mean()
        options = copy.copy(options)
        options.alpha = 1.0
    units, strength = _curvature_units(moments, problem.statistics, options, ridge, coef.dtype)
    data, sampling = problem.data.scale_features(units.by_feature, moments.mean), problem.sampling
    data = data if sampling is not None else data.placed(options.device)
    criteria = [problem.criterion]
    if problem.criterion.separable:
        dtype = torch.from_numpy(coef).dtype
        whole: Any = problem.criterion.to(options.device, dtype)
        criteria = whole.parts(PositivePairs.from_csr(data.y, options.device), dtype, problem.blocks)
    runs: list[PlateauStop] = []
    for labels, criterion in zip(problem.blocks, criteria, strict=True):
        by_term = relevance_frequency(problem.data.of_labels(labels)) if options.term_weighting else None
        part_units, pull = units.of_labels(labels, by_term), None
        if hold is not None:
            part_units, pull = hold.enter(part_units, labels, by_term)
        part = replace(problem, data=data.of_labels(labels), criterion=criterion)
        if sampling is None:
            head = Head([coef[:, labels]], [intercept[labels]], units=part_units, hold=pull)
        else:
            given = coef[:, labels], intercept[labels], part_units, by_term
            head, stacked, criterion = stack_labels(part.data, criterion, labels.start, sampling, *given)
            part = replace(part, data=stacked, criterion=criterion)
        watch = None if monitor is None else _BlockMonitor(monitor, coef, intercept, labels)
        result = _train(head, part, options, [strength[labels]], monitor=watch)
        (coef[:, labels],), (intercept[labels],) = result.coefs, result.intercepts
        runs += result.runs
        if runs[-1].asked:
            break
    return FitResult([coef], [intercept], runs)


class _BlockMonitor:
    """Hands the iterations of a block of labels on to a monitor, with the weights of all labels."""

    def __init__(self, monitor, coef, intercept, labels):
        self.monitor, self.coef, self.intercept, self.labels = monitor, coef, intercept, labels
        self.begin = monitor.begin

    def end(self, to_numpy) -> bool:
        """End an iteration."""

        def all_labels():
            coef, intercept = self.coef.copy(), self.intercept.copy()
            (coef[:, self.labels],), (intercept[self.labels],) = to_numpy()
            return [coef], [intercept]

        return self.monitor.end(all_labels)


def _train(head, problem: Problem, options, strengths, *, order=None, monitor=None) -> FitResult:
    """Let skorch train a head."""
    data, lbfgs = problem.data, options.solver == "lbfgs"
    validation = problem.validation if problem.evaluate is None else None
    stop = PlateauStop(options, monitor, problem.evaluate)
    dtype = torch.from_numpy(np.empty(0, data.X.dtype)).dtype
    criterion = problem.criterion.to(dtype=dtype)
    criterion.overwrite_logits = True
    optimizer: dict[str, Any] = {"optimizer": LBFGS, "lr": 1.0, "optimizer__history_size": LBFGS_HISTORY}
    if not lbfgs:
        optimizer = {"optimizer": torch.optim.Adam, "lr": options.learning_rate_init, "optimizer__fused": True}
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
        train_split=None if validation is None else predefined_split(validation),
        callbacks=[("stop", stop)],
        device=options.device,
        strengths=[strength.to(options.device, dtype) for strength in strengths],
        penalty_in_loss=lbfgs,
        verbose=0,
        **optimizer,
    )
    net.train(data)
    if stop.best_state is not None:
        net.module_.load_state_dict(stop.best_state)
    coefs, intercepts = net.module_.to_numpy()
    if not all(np.isfinite(array).all() for array in (*coefs, *intercepts)):
        raise FloatingPointError("a coefficient is not finite")
    return FitResult(coefs, intercepts, [stop])


def _advice(error, data: TrainingData, options) -> str:
    """What went wrong in training, and what to change."""
    values = data.X if isinstance(data.X, np.ndarray) else data.X.data
    rate = f" a smaller learning_rate_init (it is {options.learning_rate_init:g})," if options.solver == "adam" else ""
    return (
        f"Training diverged: {error}. Give{rate} another alpha (it is {options.alpha:g}) or parameters of the loss, or "
        f"features of about unit size (the largest that training saw is {np.abs(values).max(initial=0):.0e})."
    )


def penalty_strengths(sizes, statistics: LabelStatistics, options) -> list:
    """Strength of the penalty on each layer: ``alpha`` times the variance of each label, or of all of them together.

    The data say as much about a label as it varies, n / N (1 - n / N). A penalty in proportion holds common and rare
    labels equally tight, where one strength for all would be too little for some or too much for others. Of losses
    for which that is too steep the variance is raised to a power first.
    """
    strength = torch.from_numpy(options.alpha * statistics.variance**options.loss.penalty_exponent)
    return [strength.sum()] * (len(sizes) - 2) + [strength]


def _curvature_units(moments: Moments, statistics, options, ridge, dtype) -> tuple[Units, torch.Tensor]:
    """Units for a linear head in which its curvature varies less, and the strength of each label's penalty in them.

    The objective's curvature along a coefficient grows with the variance of its feature and with the share of
    samples in which its label is at stake. Dividing by a power of their product cuts L-BFGS's iterations to less
    than a third on TF-IDF features; powers below one half did best on every loss tried. Coefficients of rare labels are
    held by the penalty more than by samples; intercepts are not, and are divided by a larger power of the share. Of
    features with a mean, above all non-negative ones, every coefficient is at odds with the intercept; centred, they
    are not. Variances are taken in the unit of all features, so that this unit makes no difference; those of single
    features far beyond it are divided by a full half.
    """
    spread = moments.spread or 1.0
    variance = moments.variance / spread
    usual = np.minimum(variance, 1 / np.sqrt(len(variance)))
    beyond = np.sqrt(np.divide(usual, variance, out=np.ones_like(variance), where=variance > 0))
    share = statistics.clipped_counts / statistics.clipped_n_known
    by_label = share**-0.2
    by_feature = (usual + np.clip(ridge / spread, 1e-12, 1e12)) ** -0.25 * beyond / np.sqrt(spread)
    center, pull = moments.mean * by_feature, by_feature**2 * spread
    units = Units(*(part.astype(dtype) for part in (by_feature, by_label, 0.75 * share**-0.1 * by_label, center, pull)))
    (strength,) = penalty_strengths([len(variance), len(share)], statistics, options)
    return units, strength / spread * torch.from_numpy(by_label**2)
