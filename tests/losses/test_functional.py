"""The plain functions: the criteria agree with them, and they with the definitions, in value and gradient."""

import inspect

import numpy as np
import pytest
import torch

from skbalance.losses import (
    AsymmetricLoss,
    AsymmetricPolynomialLoss,
    BinaryCrossEntropy,
    ClassBalancedFocalLoss,
    ClassBalancedNTRFocalLoss,
    DistributionBalancedLoss,
    FocalLoss,
    HillLoss,
    LabelStatistics,
    LogitAdjustedCrossEntropy,
    NegativeTolerantFocalLoss,
    PropensityScoredCrossEntropy,
    RebalancedFocalLoss,
    RobustAsymmetricLoss,
    SigmoidF1Loss,
    SquaredHingeLoss,
    TwoWayLoss,
    ZLPRLoss,
    functional,
    get_loss_names,
)
from skbalance.metrics import label_propensities

from .oracle import elementwise_loss

COUNTS, N = [120, 60, 9, 2, 1], 200
STATISTICS = LabelStatistics(COUNTS, N)
counts = torch.tensor(COUNTS, dtype=torch.float64)
common = {"counts": counts, "n_samples": N}
propensities = torch.from_numpy(label_propensities(COUNTS, N))
# Default parameters, and others.
ELEMENTWISE = [
    (functional.bce, {}, BinaryCrossEntropy()),
    (functional.bce, {"pos_weight": N / counts - 1}, BinaryCrossEntropy(pos_weight="balanced")),
    (functional.squared_hinge, {}, SquaredHingeLoss(scale=1.0)),
    (functional.focal, {}, FocalLoss()),
    (functional.focal, {"gamma": 0.5, "alpha": None}, FocalLoss(gamma=0.5, alpha=None)),
    (functional.cb_focal, {"counts": counts}, ClassBalancedFocalLoss()),
    (
        functional.cb_focal,
        {"counts": counts, "beta": 0.99, "gamma": 1.0, "alpha": 0.25, "scale": 1.0},
        ClassBalancedFocalLoss(beta=0.99, gamma=1.0, alpha=0.25, scale=1.0),
    ),
    (functional.r_focal, {"counts": counts, "mu": 0.7}, RebalancedFocalLoss(mu=0.7)),
    (
        functional.r_focal,
        {"counts": counts, "mu": 0.2, "map_alpha": 0.5, "map_beta": 3.0, "gamma": 1.0, "alpha": None},
        RebalancedFocalLoss(mu=0.2, map_alpha=0.5, map_beta=3.0, gamma=1.0, alpha=None),
    ),
    (functional.ntr_focal, common, NegativeTolerantFocalLoss()),
    (
        functional.ntr_focal,
        {**common, "neg_scale": 3.0, "kappa": 0.2, "gamma": 1.0, "alpha": 0.25},
        NegativeTolerantFocalLoss(neg_scale=3.0, kappa=0.2, gamma=1.0, alpha=0.25),
    ),
    (functional.cb_ntr, common, ClassBalancedNTRFocalLoss()),
    (functional.cb_ntr, {**common, "beta": 0.5, "scale": 2.0}, ClassBalancedNTRFocalLoss(beta=0.5, scale=2.0)),
    (functional.db, {**common, "mu": 0.7}, DistributionBalancedLoss(mu=0.7)),
    (
        functional.db,
        {**common, "mu": 0.7, "gamma": 0.0, "alpha": None, "neg_scale": 5.0, "kappa": 0.1, "map_alpha": 0.3},
        DistributionBalancedLoss(mu=0.7, gamma=0.0, alpha=None, neg_scale=5.0, kappa=0.1, map_alpha=0.3),
    ),
    (functional.asymmetric, {}, AsymmetricLoss()),
    (
        functional.asymmetric,
        {"gamma_pos": 1.0, "gamma_neg": 2.0, "clip": 0.2},
        AsymmetricLoss(gamma_pos=1.0, gamma_neg=2.0, clip=0.2),
    ),
    (functional.asymmetric_polynomial, {}, AsymmetricPolynomialLoss()),
    (
        functional.asymmetric_polynomial,
        {"gamma_pos": 1.5, "poly_linear": 2.0, "poly_square": -0.5, "clip": 0.1},
        AsymmetricPolynomialLoss(gamma_pos=1.5, poly_linear=2.0, poly_square=-0.5, clip=0.1),
    ),
    (functional.robust_asymmetric, {}, RobustAsymmetricLoss()),
    (
        functional.robust_asymmetric,
        {"hill": 2.0, "gamma_neg": 1.0, "gamma_pos": 2.0},
        RobustAsymmetricLoss(hill=2.0, gamma_neg=1.0, gamma_pos=2.0),
    ),
    (functional.hill, {}, HillLoss()),
    (functional.hill, {"hill": 2.0, "margin": 0.5, "gamma": 1.0}, HillLoss(hill=2.0, margin=0.5, gamma=1.0)),
    (functional.logit_adjusted, common, LogitAdjustedCrossEntropy()),
    (functional.logit_adjusted, {**common, "tau": 0.5}, LogitAdjustedCrossEntropy(tau=0.5)),
    (functional.propensity_scored, {"propensities": propensities}, PropensityScoredCrossEntropy()),
]
OF_BATCHES = [
    (functional.zlpr, {}, ZLPRLoss()),
    (functional.two_way, {}, TwoWayLoss()),
    (
        functional.two_way,
        {"pos_temperature": 0.5, "neg_temperature": 2.0},
        TwoWayLoss(pos_temperature=0.5, neg_temperature=2.0),
    ),
    (functional.sigmoid_f1, {}, SigmoidF1Loss()),
]


def name(case):
    return getattr(case, "__name__", None) or ("" if isinstance(case, dict) else repr(case))


def batch(seed, n_samples=12):
    rng = np.random.default_rng(seed)
    targets = rng.random((n_samples, 5)) < 0.4
    targets[np.arange(n_samples), np.arange(n_samples) % 5] = True
    targets[np.arange(n_samples), (np.arange(n_samples) + 1) % 5] = False
    logits = torch.tensor(rng.normal(scale=4.0, size=targets.shape), requires_grad=True)
    return logits, torch.tensor(targets, dtype=torch.float64)


def assert_same(logits, first, second):
    torch.testing.assert_close(first, second, rtol=1e-10, atol=1e-13)
    gradients = [torch.autograd.grad(part.sum(), logits)[0] for part in (first, second)]
    torch.testing.assert_close(*gradients, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("function", "parameters", "loss"), ELEMENTWISE, ids=name)
def test_criteria_are_the_functions(function, parameters, loss):
    logits, targets = batch(0)
    assert_same(logits, loss.bind(STATISTICS, "none")(logits, targets), function(logits, targets, **parameters))


@pytest.mark.parametrize(("function", "parameters", "loss"), ELEMENTWISE, ids=name)
def test_functions_are_the_definitions(function, parameters, loss):
    logits, targets = batch(1)
    base = "squared_hinge" if function is functional.squared_hinge else "focal"
    expected = elementwise_loss(logits.tolist(), targets.tolist(), COUNTS, N, loss.get_params(), base)
    value = function(logits, targets, **parameters).detach().numpy()
    np.testing.assert_allclose(value, expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(("function", "parameters", "loss"), ELEMENTWISE, ids=name)
def test_soft_labels_are_the_same_mixture(function, parameters, loss):
    logits, targets = batch(2)
    targets = targets * 0.7 + 0.1
    assert_same(logits, loss.bind(STATISTICS, "none")(logits, targets), function(logits, targets, **parameters))


@pytest.mark.parametrize(("function", "parameters", "loss"), OF_BATCHES, ids=name)
def test_criteria_of_batches_are_the_functions(function, parameters, loss):
    logits, targets = batch(3)
    value = function(logits, targets, **parameters)
    reduction = "row_sum" if value.ndim else "mean"
    assert_same(logits, loss.bind(STATISTICS, reduction)(logits, targets), value)


def test_every_loss_has_its_function():
    # These two are others with parameters of their own.
    assert set(get_loss_names()) - {"balanced_ntr", "db_0fl"} == set(functional.__all__)
    assert {function.__name__ for function, _, _ in (*ELEMENTWISE, *OF_BATCHES)} == set(functional.__all__)


@pytest.mark.parametrize("function", [getattr(functional, each) for each in functional.__all__], ids=name)
def test_all_but_logits_and_targets_is_named(function):
    parameters = list(inspect.signature(function).parameters.values())
    assert [each.name for each in parameters[:2]] == ["logits", "targets"]
    assert all(each.kind == inspect.Parameter.KEYWORD_ONLY for each in parameters[2:])
    body = inspect.getsource(function).split('"""')[-1].strip().splitlines()
    assert len(body) <= 15
