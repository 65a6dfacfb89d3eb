"""The training loop against a bare one: the same losses, the same weights."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from skbalance import BalancedMultiLabelClassifier
from skbalance.losses import DistributionBalancedLoss, LabelStatistics
from skbalance.training import fit_head
from skbalance.training._batches import BatchIterator, TrainingData
from skbalance.training._heads import Head, initial_weights
from skbalance.training._problem import Problem
from skbalance.training._solvers import penalty_strengths

OPTIONS = {
    "alpha": 1e-3,
    "learning_rate_init": 0.01,
    "batch_size": 16,
    "max_iter": 4,
    "tol": 0.0,
    "n_iter_no_change": 10,
    "term_weighting": None,
    "device": "cpu",
}


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    X = sp.csr_array((rng.random((50, 12)) < 0.3) * rng.random((50, 12)))
    y = sp.csr_array((rng.random((50, 4)) < 0.3).astype(np.int8))
    data = TrainingData(X, y, rng.random(50) + 0.5)
    statistics = LabelStatistics.from_targets(y, data.weight)
    return data, statistics, DistributionBalancedLoss().bind(statistics, "row_sum")


@pytest.mark.parametrize("sizes", [[12, 4], [12, 6, 4]])
def test_adam_is_that_of_a_bare_loop(problem, sizes):
    data, statistics, criterion = problem
    options = BalancedMultiLabelClassifier(DistributionBalancedLoss(), solver="adam", **OPTIONS)
    result = fit_head(Problem(sizes, *problem), options, random_state=np.random.RandomState(5))
    random_state = np.random.RandomState(5)
    coefs, intercepts = initial_weights(
        sizes, log_odds=statistics.log_odds, random_state=random_state, dtype=np.float64
    )
    head = Head(coefs, intercepts)
    batches = BatchIterator(data, batch_size=16, random_state=np.random.RandomState(random_state.randint(2**31)))
    optimizer = torch.optim.Adam(head.parameters(), lr=0.01)
    strengths = penalty_strengths(sizes, statistics, options)
    curve = []
    for _ in range(4):
        total = 0.0
        for features, (pairs, weight) in batches:
            optimizer.zero_grad()
            loss = (criterion(head(features), pairs) * weight).sum() / weight.sum()
            total += loss.item() * len(weight)
            squares = [(coef.square() * s).sum() for coef, s in zip(head.coefs, strengths)]
            (loss + 0.5 * sum(squares)).backward()
            optimizer.step()
        curve.append(total / 50 + head.penalty(strengths).item())
    np.testing.assert_allclose(result.loss_curve, curve, rtol=1e-9)
    for ours, theirs in zip(result.coefs, head.coefs):
        np.testing.assert_allclose(ours, theirs.detach(), rtol=1e-7, atol=1e-10)


def test_stops_when_flat(problem):
    options = BalancedMultiLabelClassifier(
        DistributionBalancedLoss(), solver="lbfgs", **{**OPTIONS, "tol": 1e-5, "max_iter": 500}
    )
    result = fit_head(Problem([12, 4], *problem), options, random_state=np.random.RandomState(0))
    (run,) = result.runs
    assert run.converged
    assert not any((run.rose, run.stuck, run.asked))
    curve = np.array(result.loss_curve)
    assert curve[-11] - curve[-1] <= 1e-5 * 10 * curve[-11]
    # Not one iteration too late.
    assert curve[-12] - curve[-2] > 1e-5 * 10 * curve[-12]
    assert result.n_iter == len(curve) < 500
