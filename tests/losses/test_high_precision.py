"""The losses beyond the paper, and their derivatives, against their papers' formulas in 50 digits and more."""

import mpmath
import numpy as np
import pytest
import torch
from mpmath import mp

from skbalance.losses import (
    AsymmetricLoss,
    AsymmetricPolynomialLoss,
    HillLoss,
    LabelStatistics,
    PropensityScoredCrossEntropy,
    RobustAsymmetricLoss,
    SigmoidF1Loss,
    TwoWayLoss,
    ZLPRLoss,
)

from .oracle import asymmetric, log_sigmoid, propensity, sigmoid, sigmoid_f1, two_way, zlpr

DIGITS = 120  # 50 of a difference at 1e20
LOGITS = [0.0, 1e-8, 0.3, -0.7, 1.0, -2.5, 6.0, -9.0, 30.0, -40.0, 800.0, -800.0, 1e4, -1e4, 1e20, -1e20]
STATISTICS = LabelStatistics([40, 3, 1, 60], 100)


LOSSES = [
    AsymmetricLoss(),
    AsymmetricLoss(gamma_pos=1.0, gamma_neg=2.0, clip=0.0),
    AsymmetricLoss(gamma_pos=0.5, gamma_neg=1.5, clip=0.3),
    AsymmetricPolynomialLoss(),
    AsymmetricPolynomialLoss(gamma_pos=2.0, poly_linear=3.0, poly_square=-0.5, clip=0.01),
    RobustAsymmetricLoss(),
    RobustAsymmetricLoss(gamma_neg=1.0, clip=0.0, hill=1.0),
    HillLoss(),
    HillLoss(hill=2.0, margin=0.5, gamma=0.0),
]


def assert_agrees(actual, expected):
    expected = np.array([float(value) for value in expected])
    np.testing.assert_allclose(actual.detach().numpy(), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("target", [0, 1])
def test_functions_of_the_margin(loss, target):
    p = loss.get_params()
    z = torch.tensor(LOGITS, dtype=torch.float64)[:, None].requires_grad_()
    value = loss.bind(LabelStatistics([40], 100), "none")(z, torch.full((len(LOGITS), 1), target))
    value.sum().backward()
    with mp.workdps(DIGITS):
        assert_agrees(value[:, 0], [asymmetric(mp.mpf(x), target, p, mp) for x in LOGITS])
        assert_agrees(z.grad[:, 0], [mp.diff(lambda x: asymmetric(x, target, p, mp), mp.mpf(x)) for x in LOGITS])


@pytest.mark.parametrize("shape", [(0.55, 1.5), (0.5, 0.4)])
def test_propensity_scores(shape):
    A, B = map(mp.mpf, map(str, shape))
    logits = torch.tensor(LOGITS, dtype=torch.float64)[:, None].repeat(1, 4).requires_grad_()
    loss = PropensityScoredCrossEntropy(A=shape[0], B=shape[1])
    with mp.workdps(DIGITS):
        weight = [2 / propensity(int(n), 100, A, B, mp) - 1 for n in STATISTICS.counts]
        for target in (0, 1):
            value = loss.bind(STATISTICS, "none")(logits, torch.full(logits.shape, target))
            (gradient,) = torch.autograd.grad(value.sum(), logits)
            for i, w in enumerate(weight):
                factor, sign = (w, -1) if target else (mp.mpf(1), 1)
                assert_agrees(value[:, i], [factor * -log_sigmoid(-sign * mp.mpf(x), mp) for x in LOGITS])
                assert_agrees(gradient[:, i], [sign * factor * sigmoid(sign * mp.mpf(x), mp) for x in LOGITS])


SET_LOSSES = [
    (ZLPRLoss(), zlpr),
    (SigmoidF1Loss(), sigmoid_f1),
    (TwoWayLoss(), two_way),
    (TwoWayLoss(pos_temperature=0.5, neg_temperature=2.0), two_way),
]


@pytest.mark.parametrize(("loss", "definition"), SET_LOSSES, ids=[repr(loss) for loss, _ in SET_LOSSES])
@pytest.mark.parametrize("spread", [1.0, 30.0, 1e20])
@pytest.mark.parametrize("weighted", [False, True])
def test_sums_over_rows_and_columns(loss, definition, spread, weighted):
    rng = np.random.default_rng(int(weighted))
    logits = torch.tensor(rng.normal(size=(4, 3)) * spread).requires_grad_()
    y = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 0]])
    weight = np.array([2.0, 0.5, 3.0, 1.0]) if weighted else np.ones(4)
    criterion = loss.bind(LabelStatistics([2, 2, 0], 4))
    value = criterion(logits, torch.tensor(y), torch.tensor(weight) if weighted else None)
    value.backward()
    with mp.workdps(DIGITS):
        z = [[mp.mpf(v) for v in row] for row in logits.tolist()]
        w = [mp.mpf(v) for v in weight]

        def moved(k, i, x):
            other = [[x if (a, b) == (k, i) else v for b, v in enumerate(row)] for a, row in enumerate(z)]
            return definition(other, y, w, p, mp)

        p = {name: mp.mpf(value) for name, value in loss.get_params().items()}
        expected = float(definition(z, y, w, p, mp))
        assert value.item() == pytest.approx(expected, rel=1e-10, abs=1e-10)
        # The derivative by the last label, which no row has, too.
        for k, i in np.ndindex(4, 3):
            slope = mp.diff(lambda x, k=k, i=i: moved(k, i, x), z[k][i])
            assert logits.grad[k, i].item() == pytest.approx(float(slope), rel=1e-10, abs=1e-10)


def test_mpmath_is_as_precise_as_it_should_be():
    with mp.workdps(DIGITS):
        assert abs(mp.diff(lambda x: log_sigmoid(x, mp), -(mp.mpf(10) ** 20)) - 1) < mpmath.mpf(10) ** -50
