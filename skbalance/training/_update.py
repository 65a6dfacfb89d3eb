"""Learning from more samples: what a model knows of those before, and how much that holds its coefficients."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from ..losses import LabelStatistics
from ._batches import Moments
from ._heads import Hold
from ._problem import Past, label_blocks, resolve_problem
from ._solvers import fit_head

# Curvature of a loss along a coefficient whose feature has variance 1, in units of its ``penalty_strength``, of a label
# whose variance to the power ``penalty_exponent`` is 1. Half or twice as much makes little difference.
CURVATURE = 6.0
# The part of it along an intercept.
INTERCEPT_SHARE = 0.2


def fit_more(model: Any, X, y, weight, multilabel: bool, random_state):
    """Train a model on more samples, of the features that occur in them.

    Parameters
    ----------
    model : BalancedMultiLabelClassifier
        Fitted.
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
    n_known, center, mean, variance = model._seen
    counts = LabelStatistics(model.label_counts_, model.n_samples_fit_, center, n_known)
    past = Past(counts, Moments(mean, variance))
    problem, options = resolve_problem(model, X, y, weight, multilabel, random_state, past)
    if options.solver == "lbfgs" and len(problem.sizes) > 2:
        raise ValueError("partial_fit of hidden layers is for solver='adam', or 'auto', which is Adam then.")
    data, columns = problem.data, _present(problem.data.X)
    X = data.X[:, columns]
    data, moments = replace(data, X=X), Moments(problem.moments.mean[columns], problem.moments.variance[columns])
    coefs = [each.astype(X.dtype) for each in (model.coefs_[0][columns], *model.coefs_[1:])]
    intercepts = [each.astype(X.dtype) for each in model.intercepts_]
    hold = None
    if options.solver == "adam":
        options.max_iter = 1
    else:
        statistics = problem.statistics
        times = statistics.n_samples / data.weight.sum(dtype=np.float64)
        before = counts.counts / statistics.clipped_counts
        by_label = times * CURVATURE * options.loss.penalty_strength * before
        by_intercept = INTERCEPT_SHARE * by_label * statistics.variance**options.loss.penalty_exponent
        hold = Hold(times * options.alpha, variance[columns], by_label, by_intercept)
    sizes = [len(columns), *problem.sizes[1:]]
    blocks = label_blocks(sizes, options.solver, problem.criterion.separable)
    part = replace(problem, sizes=sizes, data=data, moments=moments, hold=hold, blocks=blocks)
    result = fit_head(part, options, random_state=random_state, start=(coefs, intercepts))
    return result, columns, problem, options


def _present(X):
    """The features that occur."""
    return np.unique(X.indices) if sp.issparse(X) else np.flatnonzero(X.any(axis=0))
