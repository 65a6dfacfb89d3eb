"""Learning from more samples: what a model knows of those before, and how much that holds its coefficients."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from ..losses import LabelStatistics
from ._batches import Moments
from ._heads import Hold
from ._problem import Past, Problem, label_blocks, resolve_problem
from ._solvers import fit_head

# Curvature of a loss along a coefficient whose feature has variance 1, in units of its ``penalty_strength``, of a label
# whose variance to the power ``penalty_exponent`` is 1. Half or twice as much makes little difference.
CURVATURE = 6.0
# The part of it along an intercept.
INTERCEPT_SHARE = 0.2


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
        A copy of the model in which every "auto" is what the data set, of the loss too.

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
    problem, options = resolve_problem(model, X, y, weight, multilabel, random_state, past)
    data, sizes, moments = problem.data, problem.sizes, problem.moments
    if options.solver == "lbfgs" and len(sizes) > 2:
        raise ValueError("partial_fit of hidden layers is for solver='adam', or 'auto', which is Adam then.")
    if past is None and len(sizes) > 2:
        columns = np.arange(sizes[0])  # all of them, for none starts at 0
    else:
        columns = np.unique(data.X.indices) if sp.issparse(data.X) else np.flatnonzero(data.X.any(axis=0))
    if past is not None:
        coefs = [each.astype(data.X.dtype) for each in (model.coefs_[0][columns], *model.coefs_[1:])]
        start = coefs, [each.astype(data.X.dtype) for each in model.intercepts_]
        if options.solver == "adam":
            options.max_iter = 1
        else:
            hold = _hold(past, problem, options, columns)
    data, sizes = replace(data, X=data.X[:, columns]), [len(columns), *sizes[1:]]
    moments = Moments(moments.mean[columns], moments.variance[columns])
    blocks = label_blocks(sizes, options.solver, problem.criterion.separable)
    part = replace(problem, sizes=sizes, data=data, moments=moments, hold=hold, blocks=blocks)
    return fit_head(part, options, random_state=random_state, start=start), columns, problem, options


def _hold(past: Past, problem: Problem, options, columns) -> Hold:
    """How much the samples before hold a linear head.

    Were their loss a quadratic function around its minimum, whose curvature along a coefficient is in proportion to the
    variance of its feature and, to a power, of its label, and to the share of the label's positives that are among
    them, then to minimise it together with the loss of the new samples would be to fit all of them at once.
    """
    statistics = problem.statistics
    times = statistics.n_samples / problem.data.weight.sum(dtype=np.float64)
    known = past.statistics.counts / statistics.clipped_counts
    by_label = times * CURVATURE * options.loss.penalty_strength * known
    by_intercept = INTERCEPT_SHARE * by_label * statistics.variance**options.loss.penalty_exponent
    return Hold(times * options.alpha, past.moments.variance[columns], by_label, by_intercept)
