"""Fitting a head: full-batch L-BFGS or mini-batch Adam, both run by skorch."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from skorch.helper import predefined_split

from ..losses import LabelStatistics, PositivePairs
from ._batches import BatchIterator, Moments, TrainingData, relevance_frequency
from ._blocks import BlockWeights, drop_small, side_by_side
from ._heads import Head, Hold, Units, initial_weights
from ._lbfgs import LBFGS
from ._negatives import NegativeSampling, stack_labels
from ._net import Net, PlateauStop
from ._problem import Problem

# Pairs of steps and gradients that L-BFGS remembers; more save no iterations at the default tol.
LBFGS_HISTORY = 5
# One thread makes what blocks of labels share.
_PLACING = Lock()


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
    data, threshold = problem.data, options.coef_threshold
    in_blocks = options.solver == "lbfgs" and len(problem.sizes) == 2
    as_sparse = in_blocks and threshold is not None
    coefs, intercepts = start or initial_weights(
        problem.sizes,
        log_odds=problem.statistics.log_odds,
        random_state=random_state,
        dtype=data.X.dtype,
        zeros=sp.csc_array if as_sparse else np.zeros,
    )
    if as_sparse:
        coefs[0] = sp.csc_array(coefs[0])
    elif sp.issparse(coefs[0]):
        coefs[0] = coefs[0].toarray(order="C")
    try:
        if in_blocks:
            return _fit_linear(problem, options, coefs[0], intercepts[0], monitor)
        by_term = relevance_frequency(data) if options.term_weighting else None
        order = np.random.RandomState(random_state.randint(2**31))
        seed = int(random_state.randint(2**31))
        units = None if by_term is None else Units.of_terms(by_term)
        head = Head(coefs, intercepts, dropout=options.dropout, seed=seed, units=units)
        strengths = penalty_strengths(problem.sizes, problem.statistics, options)
        validation = problem.validation if problem.evaluate is None else None
        watch = {"validation": validation, "evaluate": problem.evaluate, "monitor": monitor}
        result = _train(head, data, problem.criterion, options, strengths, order=order, **watch)
    except FloatingPointError as error:
        raise ValueError(_advice(error, data, options)) from error
    if threshold is not None:
        moments = problem.moments or data.moments()
        coef, result.intercepts[0] = drop_small(result.coefs[0], result.intercepts[0], moments.mean, threshold)
        result.coefs[0] = sp.csr_matrix(coef)
    return result


def _fit_linear(problem: Problem, options, coef, intercept, monitor) -> FitResult:
    """Fit a linear head with L-BFGS, one block of labels after the other or several side by side."""
    shared, weights = SharedByBlocks.of_problem(problem, options), BlockWeights(coef, intercept, problem.blocks)
    criteria = [problem.criterion]
    if problem.criterion.separable:
        dtype = torch.from_numpy(intercept).dtype
        whole: Any = problem.criterion.to(options.device, dtype)
        criteria = whole.parts(PositivePairs.from_csr(problem.data.y, options.device), dtype, problem.blocks)
    blocks = [
        (labels, problem.data.y[:, labels], criterion, *weights.of(i))
        for i, (labels, criterion) in enumerate(zip(problem.blocks, criteria, strict=True))
    ]
    if monitor is None and options.n_jobs not in (None, 1) and len(blocks) > 1:
        blocks = [(*told, sp.csc_array(coef), intercept) for *told, coef, intercept in blocks]  # zeros are not sent
        fits = side_by_side(fit_block, shared, blocks, options.n_jobs)
    else:
        watches = [None if monitor is None else _BlockMonitor(monitor, weights, i, shared) for i in range(len(blocks))]
        fits = (fit_block(shared, *block, monitor=watch) for block, watch in zip(blocks, watches, strict=True))
    runs: list[PlateauStop] = []
    for i, (found, by_intercept, run) in enumerate(fits):
        weights.put(i, found, by_intercept)
        runs.append(run)
        if run.asked:
            break
    return FitResult([weights.coef], [weights.intercept], runs)


@dataclass
class SharedByBlocks:
    """What blocks of labels of a linear head have in common, to be sent to another process once.

    Attributes
    ----------
    data : TrainingData
        Training samples, without labels.
    mean : ndarray of shape (n_features,)
        Mean of each feature.
    options : object
        The classifier's parameters, with nothing left open.
    units : Units
        Those in which the optimizer sees the head.
    strength : Tensor of shape (n_outputs,)
        Strength of the penalty in these units.
    hold : Hold or None
        Holds the head to the weights that it starts from.
    sampling : NegativeSampling or None
        How negatives are sampled.
    """

    data: TrainingData
    mean: np.ndarray
    options: Any
    units: Units
    strength: torch.Tensor
    hold: Hold | None
    sampling: NegativeSampling | None

    @classmethod
    def of_problem(cls, problem: Problem, options) -> SharedByBlocks:
        """Take what all labels need out of a problem."""
        moments, hold, dtype = problem.moments or problem.data.moments(), problem.hold, problem.data.X.dtype
        ridge = options.alpha
        if hold is not None:
            ridge = hold.alpha + hold.by_feature * hold.by_label.mean()
            options = copy.copy(options)
            options.alpha = 1.0
        units, strength = _curvature_units(moments, problem.statistics, options, ridge, dtype)
        return cls(problem.data.of_labels(slice(0)), moments.mean, options, units, strength, hold, problem.sampling)

    def __post_init__(self):
        self._placed = None

    def __getstate__(self):
        return {**vars(self), "_placed": None}

    def __sizeof__(self):
        return self.data.nbytes

    @property
    def placed(self) -> TrainingData:
        """The samples in these units, with their features on the device; made once in a process."""
        with _PLACING:
            if self._placed is None:
                scaled = self.data.scale_features(self.units.by_feature, self.mean)
                self._placed = scaled if self.sampling is not None else scaled.placed(self.options.device)
            return self._placed

    def finish(self, coef, intercept):
        """Coefficients without small ones, if there is a threshold, and intercepts."""
        threshold = self.options.coef_threshold
        return (coef, intercept) if threshold is None else drop_small(coef, intercept, self.mean, threshold)


def fit_block(shared: SharedByBlocks, labels, y, criterion, coef, intercept, monitor=None):
    """Fit a block of the labels of a linear head.

    Parameters
    ----------
    shared : SharedByBlocks
        What it has in common with the others.
    labels : slice
        Its labels.
    y : csr_array of shape (n_samples, n_labels)
        Their indicator.
    criterion : Criterion
        Their loss.
    coef, intercept : ndarray or sparse of shape (n_features, n_labels), ndarray of shape (n_labels,)
        Weights to start from.
    monitor : _BlockMonitor, default=None
        Is told of the iterations.

    Returns
    -------
    coef : ndarray or csc_array of shape (n_features, n_labels)
        Sparse where there is a threshold for coefficients.
    intercept : ndarray of shape (n_labels,)
    run : PlateauStop
        How it went.
    """
    options, units, pull = shared.options, shared.units, None
    by_term = relevance_frequency(replace(shared.data, y=y)) if options.term_weighting else None
    units = units.of_labels(labels, by_term)
    if shared.hold is not None:
        units, pull = shared.hold.enter(units, labels, by_term)
    coef = coef.toarray(order="C") if sp.issparse(coef) else coef
    data = replace(shared.placed, y=y)
    if shared.sampling is None:
        head = Head([coef], [intercept], units=units, hold=pull)
    else:
        given = coef, intercept, units, by_term
        head, data, criterion = stack_labels(data, criterion, labels.start, shared.sampling, *given)
    result = _train(head, data, criterion, options, [shared.strength[labels]], monitor=monitor)
    (coef,), (intercept,), (run,) = result.coefs, result.intercepts, result.runs
    return *shared.finish(coef, intercept), run


class _BlockMonitor:
    """Hands the iterations of a block of labels on to a monitor, with the weights of all labels."""

    def __init__(self, monitor, weights: BlockWeights, i: int, shared: SharedByBlocks):
        self.monitor, self.weights, self.i, self.shared = monitor, weights, i, shared
        self.begin = monitor.begin

    def end(self, to_numpy) -> bool:
        """End an iteration."""

        def all_labels():
            (coef,), (intercept,) = to_numpy()
            return self.weights.with_block(self.i, *self.shared.finish(coef, intercept))

        return self.monitor.end(all_labels)


def _train(
    head, data: TrainingData, criterion, options, strengths, *, validation=None, evaluate=None, order=None, monitor=None
) -> FitResult:
    """Let skorch train a head."""
    lbfgs, stop = options.solver == "lbfgs", PlateauStop(options, monitor, evaluate)
    dtype = torch.from_numpy(np.empty(0, data.X.dtype)).dtype
    criterion = criterion.to(dtype=dtype)
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
