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

DIGITS = 120  # 50 of a difference at 1e20
LOGITS = [0.0, 1e-8, 0.3, -0.7, 1.0, -2.5, 6.0, -9.0, 30.0, -40.0, 800.0, -800.0, 1e4, -1e4, 1e20, -1e20]
STATISTICS = LabelStatistics([40, 3, 1, 60], 100)


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def log(x):
    return mp.log(x) if x > 0 else -mp.inf


def positive_of(p, z):
    """-log(p) and what the papers do to it; p the parameters of a loss."""
    if "margin" in p:
        prob = sigmoid(z - p["margin"])
        return (1 - prob) ** p["gamma"] * -log(prob)
    wrong = sigmoid(-z)
    polynomial = p.get("poly_linear", 0) * wrong + p.get("poly_square", 0) * wrong**2
    return wrong ** p["gamma_pos"] * (-log(sigmoid(z)) + polynomial)


def negative_of(p, z):
    prob = sigmoid(z)
    if "clip" not in p:
        return (mp.mpf(p["hill"]) - prob) * prob**2
    if prob <= p["clip"]:
        return mp.mpf(0)
    q = prob - p["clip"]
    # 1 - q of exact parts: sigmoid(-z) in place of 1 - prob
    return q ** p["gamma_neg"] * -log(sigmoid(-z) + p["clip"]) * (p["hill"] - prob if "hill" in p else 1)


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
@pytest.mark.parametrize("function", [positive_of, negative_of])
def test_functions_of_the_margin(loss, function):
    p = loss.get_params()
    target = int(function is positive_of)
    z = torch.tensor(LOGITS, dtype=torch.float64)[:, None].requires_grad_()
    value = loss.bind(LabelStatistics([40], 100), "none")(z, torch.full((len(LOGITS), 1), target))
    value.sum().backward()
    with mp.workdps(DIGITS):
        assert_agrees(value[:, 0], [function(p, mp.mpf(x)) for x in LOGITS])
        assert_agrees(z.grad[:, 0], [mp.diff(lambda x: function(p, x), mp.mpf(x)) for x in LOGITS])


@pytest.mark.parametrize("shape", [(0.55, 1.5), (0.5, 0.4)])
def test_propensity_scores(shape):
    A, B = map(mp.mpf, map(str, shape))
    logits = torch.tensor(LOGITS, dtype=torch.float64)[:, None].repeat(1, 4).requires_grad_()
    loss = PropensityScoredCrossEntropy(A=shape[0], B=shape[1])
    with mp.workdps(DIGITS):
        C = (mp.log(100) - 1) * (B + 1) ** A
        weight = [2 * (1 + C * mp.exp(-A * mp.log(int(n) + B))) - 1 for n in STATISTICS.counts]
        for target in (0, 1):
            value = loss.bind(STATISTICS, "none")(logits, torch.full(logits.shape, target))
            (gradient,) = torch.autograd.grad(value.sum(), logits)
            for i, w in enumerate(weight):
                factor, sign = (w, -1) if target else (mp.mpf(1), 1)
                assert_agrees(value[:, i], [factor * -log(sigmoid(-sign * mp.mpf(x))) for x in LOGITS])
                assert_agrees(gradient[:, i], [sign * factor * sigmoid(sign * mp.mpf(x)) for x in LOGITS])


def softplus(x):
    return x + mp.log1p(mp.exp(-x)) if x > 0 else mp.log1p(mp.exp(x))


def log_sum(values, temperature=1):
    """T log sum of exp(v / T)."""
    top = max(values)
    return top + temperature * mp.log(mp.fsum(mp.exp((v - top) / temperature) for v in values))


def zlpr(z, y, weight):
    rows = [
        log_sum([mp.mpf(0), *(v for v, is_one in zip(row, labels) if not is_one)])
        + log_sum([mp.mpf(0), *(-v for v, is_one in zip(row, labels) if is_one)])
        for row, labels in zip(z, y)
    ]
    return mp.fdot(weight, rows) / mp.fsum(weight)


def contrast(values, labels, weight, p):
    """softplus of the two sums, each value counted as often as its weight."""
    t_n, t_p = mp.mpf(p["neg_temperature"]), mp.mpf(p["pos_temperature"])
    negative = [v + t_n * mp.log(w) for v, is_one, w in zip(values, labels, weight) if not is_one and w > 0]
    positive = [-v + t_p * mp.log(w) for v, is_one, w in zip(values, labels, weight) if is_one and w > 0]
    if not (negative and positive):
        return mp.mpf(0)
    return softplus(log_sum(negative, t_n) + log_sum(positive, t_p))


def two_way(z, y, weight, p):
    labelled = [(row, labels, w) for row, labels, w in zip(z, y, weight) if any(labels) and w > 0]
    rows = [(w, contrast(row, labels, [1] * len(row), p)) for row, labels, w in labelled]
    seen = [
        (column, labels)
        for column, labels in zip(zip(*z), zip(*y))
        if any(w > 0 and is_one for w, is_one in zip(weight, labels))
    ]
    columns = [contrast(column, labels, weight, p) for column, labels in seen]
    return mp.fdot(rows) / mp.fsum(w for w, _ in rows) + mp.fsum(columns) / len(columns)


def sigmoid_f1(z, y, weight):
    total = mp.mpf(0)
    for column, labels in zip(zip(*z), zip(*y)):
        cells = [(w, sigmoid(v), is_one) for v, is_one, w in zip(column, labels, weight)]
        tp = mp.fsum(w * p for w, p, is_one in cells if is_one)
        fp = mp.fsum(w * p for w, p, is_one in cells if not is_one)
        fn = mp.fsum(w * (1 - p) for w, p, is_one in cells if is_one)
        total += 1 - (2 * tp / (2 * tp + fp + fn) if tp + fp + fn > 0 else 0)
    return total


SET_LOSSES = [
    (ZLPRLoss(), zlpr),
    (SigmoidF1Loss(), sigmoid_f1),
    (TwoWayLoss(), lambda z, y, weight: two_way(z, y, weight, TwoWayLoss().get_params())),
    (
        TwoWayLoss(pos_temperature=0.5, neg_temperature=2.0),
        lambda z, y, weight: two_way(z, y, weight, {"pos_temperature": 0.5, "neg_temperature": 2.0}),
    ),
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
            return definition([[x if (a, b) == (k, i) else v for b, v in enumerate(r)] for a, r in enumerate(z)], y, w)

        expected = float(definition(z, y, w))
        assert value.item() == pytest.approx(expected, rel=1e-10, abs=1e-10)
        # The derivative by the last label, which no row has, too.
        for k, i in np.ndindex(4, 3):
            slope = mp.diff(lambda x, k=k, i=i: moved(k, i, x), z[k][i])
            assert logits.grad[k, i].item() == pytest.approx(float(slope), rel=1e-10, abs=1e-10)


def test_mpmath_is_as_precise_as_it_should_be():
    with mp.workdps(DIGITS):
        assert abs(mp.diff(softplus, mp.mpf(10) ** 20) - 1) < mpmath.mpf(10) ** -50
