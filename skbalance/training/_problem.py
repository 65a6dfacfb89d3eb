"""What is trained, and how: the data and the parameters of the classifier, with nothing left open."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from .._targets import warn_of_constant_labels
from ..losses import BaseLoss, Criterion, LabelStatistics, get_loss
from ._batches import TrainingData
from ._options import (
    check_device,
    check_hidden_layer_sizes,
    resolve_alpha,
    resolve_batch_size,
    resolve_term_weighting,
    training_dtype,
    warn_of_units,
)

# Coefficients that L-BFGS fits at a time, of which it holds some 17 arrays: 2 GiB in single precision.
BLOCK_COEFS = 1 << 25
# Labels that it fits at a time, of which it holds the logits of all samples.
BLOCK_LABELS = 256


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


@dataclass(frozen=True)
class Problem:
    """What a head is trained for.

    Attributes
    ----------
    sizes : list of int
        Number of features, of units in each hidden layer, and of outputs.
    data : TrainingData
        Training samples.
    statistics : LabelStatistics
        Their label counts.
    criterion : Criterion
        The bound loss, of reduction ``"row_sum"``; cast to the type of the data and set to overwrite its logits.
    blocks : sequence of slice, default=(slice(None),)
        The labels that L-BFGS fits at a time, see :func:`label_blocks`.
    validation : TrainingData, default=None
        Samples whose loss decides when to stop.
    """

    sizes: list[int]
    data: TrainingData
    statistics: LabelStatistics
    criterion: Criterion
    blocks: Sequence[slice] = (slice(None),)
    validation: TrainingData | None = None


def choose_solver(solver, sizes, *, early_stopping, separable) -> str:
    """Resolve ``solver="auto"``: L-BFGS for a linear head that it can fit, else Adam.

    The sizes of the model decide, which are the same in all folds of a training set and in the whole of it.

    Parameters
    ----------
    solver : {"auto", "lbfgs", "adam"}
        The classifier's parameter.
    sizes : list of int
        Number of features, of units in each hidden layer, and of outputs.
    early_stopping : bool
        Whether validation data decides when to stop, which only Adam does.
    separable : bool
        Whether the labels can be fitted in blocks. Else L-BFGS has to hold them all at a time.

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
    fits = len(sizes) == 2 and (separable or sizes[0] * sizes[1] <= BLOCK_COEFS)
    return "lbfgs" if fits and not early_stopping else "adam"


def label_blocks(sizes, solver, separable) -> list[slice]:
    """Blocks of labels, of about the same size, that L-BFGS fits one after the other; one of all of them otherwise.

    Where the loss is separable each label of a linear head has a problem of its own, and a block has so many as keep
    memory bounded. How many these are does not depend on the samples.
    """
    most = n_labels = sizes[-1]
    if solver == "lbfgs" and separable and len(sizes) == 2:
        most = min(BLOCK_LABELS, max(BLOCK_COEFS // sizes[0], 1))
    n_blocks = -(-n_labels // most)
    ends = [n_labels * i // n_blocks for i in range(n_blocks + 1)]
    return [slice(first, last) for first, last in itertools.pairwise(ends)]


def bind_loss(loss: BaseLoss, y, weight, multilabel: bool, label_smoothing: float):
    """Bind a loss to the labels that it is trained on, and warn of those that are never or always there.

    Parameters
    ----------
    loss : BaseLoss
        The loss.
    y : csr_array of shape (n_samples, n_outputs)
        Indicator of the training samples, without those held out.
    weight : ndarray of shape (n_samples,)
        Their weights.
    multilabel : bool
        Whether the labels are some that do not exclude each other.
    label_smoothing : float
        See :meth:`BaseLoss.bind`.

    Returns
    -------
    loss : BaseLoss
        With the parameters that the labels set.
    statistics : LabelStatistics
    criterion : Criterion
        Of reduction ``"row_sum"``.

    Raises
    ------
    ValueError
        If the loss is not for such labels.
    """
    if loss.exclusive and multilabel:
        raise ValueError(f"{loss!r} is for classes that exclude each other; y is a label indicator.")
    statistics = LabelStatistics.from_targets(y, weight)
    if multilabel:
        warn_of_constant_labels(statistics.counts, statistics.n_known)
    loss = loss.resolve(statistics)
    return loss, statistics, loss.bind(statistics, reduction="row_sum", label_smoothing=label_smoothing)


def resolve_problem(settings, X, y, weight, multilabel: bool, random_state):
    """Resolve all that the parameters leave open by the data.

    Parameters
    ----------
    settings : object
        Has the parameters of the classifier.
    X : ndarray or CSR of shape (n_samples, n_features)
        Features.
    y : csr_array of shape (n_samples, n_outputs)
        Indicator.
    weight : ndarray of shape (n_samples,)
        Weights that are not all zero.
    multilabel : bool
        Whether the labels are some that do not exclude each other.
    random_state : RandomState
        Decides which samples are held out.

    Returns
    -------
    loss : BaseLoss
        With the parameters that the data set.
    problem : Problem
    options : TrainingOptions

    Raises
    ------
    ValueError
        If a parameter is not allowed, also with these data.
    """
    loss, hidden = get_loss(settings.loss), check_hidden_layer_sizes(settings.hidden_layer_sizes)
    device, sizes = check_device(settings.device), [X.shape[1], *hidden, y.shape[1]]
    data = TrainingData.from_arrays(X, y, weight)
    moments = data.moments()
    tol = loss.default_tol if settings.tol == "auto" else settings.tol
    alpha = resolve_alpha(settings.alpha, moments, data.weight, loss.penalty_strength)
    data, validation = data.astype(training_dtype(X.dtype, sizes, tol, moments)), None
    if settings.early_stopping:
        data, validation = data.hold_out(settings.validation_fraction, random_state)
    loss, statistics, criterion = bind_loss(loss, data.y, data.weight, multilabel, settings.label_smoothing)
    early_stopping, separable = settings.early_stopping, criterion.separable
    solver = choose_solver(settings.solver, sizes, early_stopping=early_stopping, separable=separable)
    if solver == "adam":
        warn_of_units(moments)
    options = TrainingOptions(
        solver=solver,
        alpha=alpha,
        learning_rate_init=settings.learning_rate_init,
        batch_size=resolve_batch_size(settings.batch_size, len(data)),
        max_iter=settings.max_iter,
        tol=tol,
        n_iter_no_change=settings.n_iter_no_change,
        dropout=settings.dropout,
        device=device,
        verbose=int(settings.verbose),
        penalty_exponent=loss.penalty_exponent,
        term_weighting=resolve_term_weighting(settings.term_weighting, data, hidden, solver),
    )
    blocks = label_blocks(sizes, solver, separable)
    return loss, Problem(sizes, data, statistics, criterion, blocks, validation), options
