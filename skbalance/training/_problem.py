"""What is trained, and how: the data and the parameters of the classifier, with nothing left open.

Of a model that has learnt from samples before, also how much these hold its coefficients.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from types import SimpleNamespace
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.extmath import safe_sparse_dot

from .._targets import rounded, warn_of_constant_labels
from .._warnings import warn
from ..losses import BaseLoss, Criterion, LabelStatistics, PositivePairs, get_loss
from ..model_selection import MultilabelStratifiedShuffleSplit
from ._batches import Moments, TrainingData
from ._device import check_device
from ._heads import Hold
from ._negatives import NegativeSampling, resolve_negative_sampling

# Coefficients that L-BFGS fits at a time, of which it holds some 17 arrays: 2 GiB in single precision.
BLOCK_COEFS = 1 << 25
# Labels that it fits at a time, of which it holds the logits of all samples.
BLOCK_LABELS = 256
# Where blocks go side by side there are so many of them, of so many labels or more; how many go at a time does not
# count, so that it changes no result.
SIDE_BY_SIDE, LEAST_LABELS = 4, 32
# Share of the largest coefficient of a label below which "auto" leaves others out.
SMALL_COEF = 0.003
# From this many coefficients on, float64 features are trained on in single precision.
SINGLE_PRECISION_COEFS = 1 << 18
# Features whose means are larger than this many of their deviations lose too many digits in single precision.
LARGEST_SINGLE_OFFSET = 1e4
# Most units of a hidden layer.
MOST_UNITS = 1 << 20
# Least curvature of a loss along a coefficient whose feature has variance 1, in units of its ``penalty_strength``, of a
# label whose variance to the power ``penalty_exponent`` is 1.
LEAST = 1.0
# The part of the curvature that holds an intercept.
INTERCEPT_SHARE = 0.2
# Logits that are there at a time.
BLOCK_LOGITS = 1 << 22


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
        Samples that decide when to stop, by their loss.
    held_out : ndarray of int, default=None
        Which these were of the samples, where they were taken from them.
    evaluate : callable, default=None
        Decides instead of that loss: from what gives coefficients and intercepts to a score, larger for a better one.
    moments : Moments, default=None
        Of the features, where they are known already.
    hold : Hold, default=None
        Holds a linear head to the weights that it starts from.
    sampling : NegativeSampling, default=None
        How negatives are sampled; None takes them all.
    """

    sizes: list[int]
    data: TrainingData
    statistics: LabelStatistics
    criterion: Criterion
    blocks: Sequence[slice] = (slice(None),)
    validation: TrainingData | None = None
    held_out: np.ndarray | None = None
    evaluate: Callable | None = None
    moments: Moments | None = None
    hold: Hold | None = None
    sampling: NegativeSampling | None = None


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


def resolve_term_weighting(term_weighting, data, hidden_layer_sizes, solver) -> str | None:
    """Return the kind of term weights; ``"auto"`` is relevance frequency for a linear model of mostly zeros.

    What is never zero occurs with every label alike: of embeddings there is nothing to weigh. With mini-batches all
    coefficients would be multiplied anew for each of them.
    """
    if term_weighting != "auto":
        return term_weighting
    if hidden_layer_sizes or solver != "lbfgs":
        return None
    present = np.asarray((data.X != 0).sum(axis=1)).ravel()
    return "rf" if np.average(present, weights=data.weight) < data.X.shape[1] / 2 else None


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


def label_blocks(sizes, solver, separable, n_jobs=None) -> list[slice]:
    """Blocks of labels, of about the same size, that L-BFGS fits by themselves; one of all of them otherwise.

    Where the loss is separable each label of a linear head has a problem of its own, and a block has so many as keep
    memory bounded. How many these are does not depend on the samples, nor on how many blocks are fitted at a time.
    """
    n_labels, n_blocks = sizes[-1], 1
    if solver == "lbfgs" and separable and len(sizes) == 2:
        n_blocks = -(-n_labels // min(BLOCK_LABELS, max(BLOCK_COEFS // sizes[0], 1)))
        if n_jobs not in (None, 1):
            n_blocks = max(n_blocks, min(SIDE_BY_SIDE, n_labels // LEAST_LABELS))
    ends = [n_labels * i // n_blocks for i in range(n_blocks + 1)]
    return [slice(first, last) for first, last in itertools.pairwise(ends)]


def hold_out_rows(y: sp.csr_array, fraction: float, random_state) -> tuple[np.ndarray, np.ndarray]:
    """Split the samples into those to train on and a fraction to validate on, which has the same share of every label.

    A label keeps one positive sample at least to train on.

    Parameters
    ----------
    y : csr_array of shape (n_samples, n_labels)
        Canonical indicator. Soft labels are positive from 0.5 on, unknown ones never.
    fraction : float
        Share of the samples to hold out, in (0, 1); about so many are, but at least one.
    random_state : RandomState
        Decides which.

    Returns
    -------
    train, held_out : ndarray of int
        The samples of each part.

    Raises
    ------
    ValueError
        If no sample would be left for one of the parts.
    """
    n_samples = y.shape[0]
    n_held = max(1, round(fraction * n_samples))
    if n_held >= n_samples:
        raise ValueError(f"validation_fraction={fraction} of {n_samples} samples leaves none to train on.")
    y = rounded(y)
    splitter = MultilabelStratifiedShuffleSplit(1, test_size=n_held, random_state=random_state)
    train, held_out = next(splitter.split(y, y))
    seen = np.bincount(y[train].indices, minlength=y.shape[1]) > 0
    back = np.zeros(held_out.size, dtype=bool)
    for place in np.flatnonzero(y[held_out] @ (~seen).astype(np.int64)):
        labels = y.indices[y.indptr[held_out[place]] : y.indptr[held_out[place] + 1]]
        back[place] = not seen[labels].all()
        seen[labels] = True
    train, held_out = np.append(train, held_out[back]), held_out[~back]
    if not held_out.size:
        raise ValueError(
            f"early_stopping=True has no sample to hold out: with validation_fraction={fraction} each of the {n_held} "
            "would be the last positive one of a label. Give more samples, or early_stopping=False."
        )
    return train, held_out


def bind_loss(loss: BaseLoss, y, weight, multilabel: bool, label_smoothing: float, before=None):
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
    before : LabelStatistics, default=None
        Of samples that were learnt before, which count too.

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
    if before is not None:
        statistics = before.joined(statistics)
    if multilabel:
        warn_of_constant_labels(statistics.counts, statistics.n_known)
    loss = loss.resolve(statistics)
    return loss, statistics, loss.bind(statistics, reduction="row_sum", label_smoothing=label_smoothing)


def resolve_problem(settings: Any, X, y, weight, multilabel: bool, random_state, own=None, past=None):
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
    own : tuple of X, y and weight, default=None
        Samples to validate on; None holds some out where `early_stopping` is set.
    past : tuple of LabelStatistics and Moments, default=None
        Of the labels and the features of samples that were learnt before, which count too.

    Returns
    -------
    problem : Problem
    options : object
        The parameters, in which every "auto" is what the data set, of the loss too.

    Raises
    ------
    ValueError
        If a parameter is not allowed, also with these data.
    """
    loss, hidden = get_loss(settings.loss), check_hidden_layer_sizes(settings.hidden_layer_sizes)
    for name, allowed in (("term_weighting", (None, "auto")), ("coef_threshold", (None,))):
        given = getattr(settings, name)
        if hidden and given not in allowed:
            raise ValueError(f"{name}={given!r} is for linear models; got hidden_layer_sizes={hidden}.")
    device, sizes = check_device(settings.device), [X.shape[1], *hidden, y.shape[1]]
    data = TrainingData.from_arrays(X, y, weight)
    moments, n_samples, before = data.moments(), data.weight.sum(dtype=np.float64), None
    if past is not None:
        before, moments_before = past
        moments = moments_before.joined(moments, before.n_samples, n_samples)
        n_samples += before.n_samples
    tol = loss.default_tol if settings.tol == "auto" else settings.tol
    # c / sqrt(N) V: more samples need less of a penalty, and V makes the unit of the features one that does not matter.
    auto_alpha = loss.penalty_strength * moments.spread / np.sqrt(n_samples)
    alpha = float(auto_alpha if settings.alpha == "auto" else settings.alpha)
    data, validation, held_out = data.astype(training_dtype(X.dtype, sizes, tol, moments)), None, None
    if own is not None:
        validation = TrainingData.from_arrays(*own).astype(data.X.dtype)
    elif settings.early_stopping:
        train, held = hold_out_rows(data.y, settings.validation_fraction, random_state)
        data, validation, held_out = data.take(train), data.take(held), np.flatnonzero(weight)[held]
    loss, statistics, criterion = bind_loss(loss, data.y, data.weight, multilabel, settings.label_smoothing, before)
    early_stopping, separable = settings.early_stopping, criterion.separable
    solver = choose_solver(settings.solver, sizes, early_stopping=early_stopping, separable=separable)
    if solver == "adam":
        warn_of_units(moments)
    options = SimpleNamespace(**settings.get_params(deep=False))
    options.loss, options.solver, options.alpha, options.tol, options.device = loss, solver, alpha, tol, device
    usual = 512 if len(data) <= 512 else 256
    options.batch_size = min(usual if settings.batch_size == "auto" else int(settings.batch_size), len(data))
    options.term_weighting = resolve_term_weighting(settings.term_weighting, data, hidden, solver)
    options.coef_threshold = SMALL_COEF if settings.coef_threshold == "auto" else settings.coef_threshold
    blocks = label_blocks(sizes, solver, separable, settings.n_jobs)
    n_negatives = resolve_negative_sampling(settings.negative_sampling, data, options, hidden, separable)
    sampling = None
    if n_negatives is not None and past is None:
        options.device, sampling = "cpu", NegativeSampling(n_negatives, int(random_state.randint(2**31)))
        blocks = sampling.blocks(data)
    problem = Problem(sizes, data, statistics, criterion, blocks, validation, held_out=held_out, moments=moments)
    return replace(problem, sampling=sampling), options


def resolve_update(model: Any, X, y, weight, multilabel: bool, random_state):
    """Resolve what a model is trained for on more samples, or on the first ones, of the features that occur in them.

    Parameters
    ----------
    model : BalancedMultiLabelClassifier
        Fitted or not.
    X, y, weight, multilabel, random_state
        As :func:`resolve_problem` takes them.

    Returns
    -------
    problem : Problem
        Of all features, with the statistics of all samples so far.
    options : object
        The parameters, in which every "auto" is what the data set.
    part : Problem
        Of the features that occur, of one at least.
    start : tuple of (coefs, intercepts) or None
        Weights of these features to start from.
    used : ndarray of int
        The features that occur.

    Raises
    ------
    ValueError
        If a parameter is not allowed, also with these data.
    """
    past = start = hold = None
    if hasattr(model, "coefs_"):
        n_known, center, *moments_before = model._seen
        statistics = LabelStatistics(model.label_counts_, model.n_samples_fit_, center, n_known)
        past = statistics, Moments(*moments_before)
    problem, options = resolve_problem(model, X, y, weight, multilabel, random_state, past=past)
    data, sizes, moments = problem.data, problem.sizes, problem.moments
    if options.solver == "lbfgs" and len(sizes) > 2:
        raise ValueError("partial_fit of hidden layers is for solver='adam', or 'auto', which is Adam then.")
    if past is None and len(sizes) > 2:
        used = np.arange(sizes[0])  # all of them, for none starts at 0
    else:
        used = np.unique(data.X.indices) if sp.issparse(data.X) else np.flatnonzero(data.X.any(axis=0))
    columns = used if len(used) else np.array([0])  # a head has one at least
    if past is not None:
        coefs = [model.coefs_[0][columns].astype(data.X.dtype, copy=False)]
        coefs += [each.astype(data.X.dtype) for each in model.coefs_[1:]]
        start = coefs, [each.astype(data.X.dtype) for each in model.intercepts_]
        if options.solver == "adam":
            options.max_iter = 1
        else:
            hold = _hold(*past, problem, options, columns, start)
    data, sizes = replace(data, X=data.X[:, columns]), [len(columns), *sizes[1:]]
    moments = Moments(moments.mean[columns], moments.variance[columns])
    blocks = label_blocks(sizes, options.solver, problem.criterion.separable, options.n_jobs)
    part = replace(problem, sizes=sizes, data=data, moments=moments, hold=hold, blocks=blocks)
    return problem, options, part, start, used


def _hold(before: LabelStatistics, moments: Moments, problem: Problem, options, columns, start) -> Hold:
    """How much the samples before hold a linear head.

    Were their loss a quadratic function around its minimum, whose curvature along a coefficient is in proportion to the
    variance of its feature and, to a power, of its label, and to the share of the label's positives that are among
    them, then to minimise it together with the loss of the new samples would be to fit all of them at once.
    """
    statistics = problem.statistics
    times = statistics.n_samples / problem.data.weight.sum(dtype=np.float64)
    known = before.counts / statistics.clipped_counts
    variance = statistics.variance**options.loss.penalty_exponent
    data, ((coef,), (intercept,)) = problem.data, start
    step, total = max(1, BLOCK_LOGITS // len(intercept)), np.zeros(len(intercept))
    for first in range(0, len(data), step):
        part = data.take(slice(first, first + step))
        logits, slopes = torch.from_numpy(safe_sparse_dot(part.X[:, columns], coef, dense_output=True) + intercept), []
        pairs, weight = PositivePairs.from_csr(part.y, "cpu"), torch.from_numpy(part.weight)
        for shift in (0.5, -0.5):
            at = (logits + shift).requires_grad_()
            loss = problem.criterion(at, pairs, weight) @ weight
            slopes.append(torch.autograd.grad(loss, at)[0].sum(dim=0, dtype=torch.float64).numpy())
        total += slopes[0] - slopes[1]
    mean = total / data.weight.sum(dtype=np.float64)  # of each label's second derivative of the loss, at these logits
    curvature = np.maximum(mean, LEAST * options.loss.penalty_strength * variance)
    by_intercept = INTERCEPT_SHARE * times * known * curvature
    by_label = times * known * curvature / variance
    return Hold(times * options.alpha, moments.variance[columns], by_label, by_intercept)
