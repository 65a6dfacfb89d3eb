"""Learning from more samples: what a model knows of those before, and how much that holds its coefficients."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.utils.extmath import safe_sparse_dot

from ..losses import LabelStatistics, PositivePairs
from ._batches import Moments
from ._heads import Hold
from ._problem import Past, Problem, label_blocks, resolve_problem
from ._solvers import fit_head

# Least curvature of a loss along a coefficient whose feature has variance 1, in units of its ``penalty_strength``, of a
# label whose variance to the power ``penalty_exponent`` is 1.
LEAST = 1.0
# The part of the curvature that holds an intercept.
INTERCEPT_SHARE = 0.2
# Logits that are there at a time.
BLOCK_LOGITS = 1 << 22


def fit_more(model: Any, X, y, weight, multilabel: bool, random_state):
    """Train a model on more samples, or on the first ones, of the features that occur in them.

    Parameters
    ----------
    model : BalancedMultiLabelClassifier
        Fitted or not.
    X, y, weight, multilabel, random_state
        As :func:`resolve_problem` takes them.

    Returns
    -------
    result : FitResult
        With the coefficients of these features in the first layer.
    columns : ndarray of int
        The features that occur.
    problem : Problem
        With the statistics of all samples so far.
    options : object
        The parameters, in which every "auto" is what the data set, of the loss too.

    Raises
    ------
    ValueError
        If a parameter is not allowed, also with these data, or training diverges.
    """
    past = start = hold = None
    if hasattr(model, "coefs_"):
        n_known, center, mean, variance = model._seen
        before = LabelStatistics(model.label_counts_, model.n_samples_fit_, center, n_known)
        past = Past(before, Moments(mean, variance))
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
            hold = _hold(past, problem, options, columns, start)
    data, sizes = replace(data, X=data.X[:, columns]), [len(columns), *sizes[1:]]
    moments = Moments(moments.mean[columns], moments.variance[columns])
    blocks = label_blocks(sizes, options.solver, problem.criterion.separable, options.n_jobs)
    part = replace(problem, sizes=sizes, data=data, moments=moments, hold=hold, blocks=blocks)
    result = fit_head(part, options, random_state=random_state, start=start)
    result.coefs[0] = result.coefs[0][: len(used)]
    return result, used, problem, options


def _hold(past: Past, problem: Problem, options, columns, start) -> Hold:
    """How much the samples before hold a linear head.

    Were their loss a quadratic function around its minimum, whose curvature along a coefficient is in proportion to the
    variance of its feature and, to a power, of its label, and to the share of the label's positives that are among
    them, then to minimise it together with the loss of the new samples would be to fit all of them at once.
    """
    statistics = problem.statistics
    times = statistics.n_samples / problem.data.weight.sum(dtype=np.float64)
    known = past.statistics.counts / statistics.clipped_counts
    variance = statistics.variance**options.loss.penalty_exponent
    curvature = np.maximum(_curvature(problem, columns, start), LEAST * options.loss.penalty_strength * variance)
    by_intercept = INTERCEPT_SHARE * times * known * curvature
    by_label = times * known * curvature / variance
    return Hold(times * options.alpha, past.moments.variance[columns], by_label, by_intercept)


def _curvature(problem: Problem, columns, start) -> np.ndarray:
    """Mean over the samples of each label's second derivative of the loss, at the logits of a linear head."""
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
    return total / data.weight.sum(dtype=np.float64)
