"""L-BFGS: its directions, its line search, where it ends."""

import numpy as np
import pytest
import torch
from scipy.optimize import rosen, rosen_der

from skbalance.training._lbfgs import DECREASE, LBFGS, _cubic_minimum, line_search


def two_loops(gradient, steps, changes):
    """Direction of L-BFGS by the recursion of Nocedal 1980."""
    q, factors = -gradient, []
    for s, y in zip(steps[::-1], changes[::-1]):
        factors.append(s @ q / (s @ y))
        q = q - factors[-1] * y
    q = q * (steps[-1] @ changes[-1]) / (changes[-1] @ changes[-1])
    for s, y, factor in zip(steps, changes, factors[::-1]):
        q = q + (factor - y @ q / (s @ y)) * s
    return q


def logistic(n_parameters=2, seed=0):
    """Parameters and closure of a penalised logistic regression; the closure lists the points it is called at."""
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(80, 6, dtype=torch.float64, generator=generator) * torch.logspace(0, -2, 6, dtype=torch.float64)
    y = (torch.rand(80, 3, generator=generator) < 0.3).double()
    coef = torch.zeros(6, 3, dtype=torch.float64, requires_grad=True)
    intercept = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    params, points = [coef, intercept][:n_parameters], []

    def closure():
        points.append(torch.cat([p.detach().flatten() for p in params]))
        for p in params:
            p.grad = None
        loss = torch.nn.functional.binary_cross_entropy_with_logits(X @ coef + intercept, y)
        loss = loss + 1e-3 * coef.square().sum()
        loss.backward()
        return loss.detach()

    return params, closure, points


def flat(tensors):
    return torch.cat([t.detach().flatten() for t in tensors]).numpy()


@pytest.mark.parametrize("n_parameters", [1, 2])
def test_directions_are_those_of_the_two_loop_recursion(n_parameters):
    params, closure, _ = logistic(n_parameters)
    optimizer = LBFGS(params, history_size=3)
    optimizer.step(closure)
    weights, gradients = [np.zeros(sum(p.numel() for p in params))], []
    optimizer_start, start_closure, _ = logistic(n_parameters)
    start_closure()
    gradients.append(flat([p.grad for p in optimizer_start]))
    for _ in range(9):
        weights.append(flat(params))
        gradients.append(flat([p.grad for p in params]))
        steps, changes = np.diff(weights, axis=0)[-3:], np.diff(gradients, axis=0)[-3:]
        expected = two_loops(gradients[-1], steps, changes)
        optimizer.step(closure)
        moved = flat(params) - weights[-1]
        # Along the direction, by the step length.
        np.testing.assert_allclose(moved / np.abs(moved).max(), expected / np.abs(expected).max(), atol=1e-9)


def test_a_step_that_is_accepted_at_once_costs_one_evaluation():
    params, closure, points = logistic()
    optimizer = LBFGS(params)
    losses, counts = [], []
    for _ in range(12):
        losses.append(optimizer.step(closure))
        counts.append(len(points))
    assert np.all(np.diff(losses) < 0)
    assert min(np.diff(counts)) == 1
    assert np.mean(np.diff(counts)) < 1.5
    # The last point evaluated is where the parameters are.
    np.testing.assert_array_equal(points[-1], flat(params))
    assert closure().item() == losses[-1]


@pytest.mark.parametrize("n_parameters", [1, 10_000])
@pytest.mark.parametrize(("steepness", "moved"), [(4.0, 1.0), (0.3, 0.3)])
def test_first_step_is_as_long_with_many_parameters(n_parameters, steepness, moved):
    # Two tensors, whose largest gradients are `steepness` and half of that.
    shares = [torch.linspace(1, 0.1, n_parameters, dtype=torch.float64), torch.tensor([0.5], dtype=torch.float64)]
    params = [torch.ones_like(share, requires_grad=True) for share in shares]
    trials = []

    def closure():
        trials.append([p.detach().clone() for p in params])
        for p, share in zip(params, shares):
            p.grad = steepness * share * p.detach()
        return sum(0.5 * steepness * (share * p.detach().square()).sum() for p, share in zip(params, shares))

    LBFGS(params).step(closure)
    # No element moves by more than 1, nor by more than its gradient.
    for before, after, share in zip(*trials[:2], shares):
        np.testing.assert_allclose(before - after, moved * share)


def test_six_changes_are_remembered_and_twenty_five_lengths_tried():
    given, usual = (logistic()[:2] for _ in range(2))
    optimizers = [LBFGS(given[0], lr=1.0, history_size=6, max_trials=25), LBFGS(usual[0])]
    for _ in range(12):
        assert optimizers[0].step(given[1]) == optimizers[1].step(usual[1])
    x = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    calls = []

    def falls_forever():
        calls.append(1)
        x.grad = -torch.ones_like(x)
        return -x.detach().sum()

    LBFGS([x]).step(falls_forever)
    assert len(calls) == 1 + 25


@pytest.mark.parametrize(("first", "gradients"), [(100.0, (2e-162, 1.6e-162)), (5e-324, (1.0, 0.9))])
def test_a_change_whose_products_vanish_is_forgotten(first, gradients):
    # The square of the gradient's change is 0 in double precision, or its product with the weights' change is.
    x = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    left = list(gradients)

    def closure():
        x.grad = torch.full_like(x, left.pop(0) if len(left) > 1 else left[0])
        return torch.zeros(())

    optimizer = LBFGS([x], lr=first)
    assert optimizer.step(closure) == optimizer.step(closure) == 0.0
    assert torch.isfinite(x).all()


def test_without_changes_the_direction_is_steepest_descent():
    params, closure, _ = logistic()
    optimizer = LBFGS(params)
    for _ in range(3):
        optimizer.step(closure)
    optimizer._forget()
    optimizer._find_direction()
    for memory in optimizer._memory:
        assert memory.changes.any()
        torch.testing.assert_close(memory.direction.flatten(), -optimizer._scale * memory.gradient)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_minimum(dtype):
    # Rosenbrock's valley, not convex: the line search has to work.
    x = torch.full((4,), -1.5, dtype=dtype, requires_grad=True)
    optimizer = LBFGS([x])

    def closure():
        point = x.detach().double().numpy()
        x.grad = torch.from_numpy(rosen_der(point)).to(dtype)
        return torch.tensor(rosen(point), dtype=dtype)

    for _ in range(100):
        loss = optimizer.step(closure)
    np.testing.assert_allclose(x.detach(), 1, atol=1e-3 if dtype == torch.float32 else 1e-10)
    # And there it stays.
    before = x.detach().clone()
    assert optimizer.step(closure) <= loss
    np.testing.assert_allclose(x.detach(), before, atol=1e-4)


def test_a_zero_gradient_ends_nothing():
    x = torch.zeros(2, requires_grad=True)
    calls = []

    def closure():
        calls.append(1)
        x.grad = 2 * x.detach()
        return x.detach().square().sum()

    optimizer = LBFGS([x])
    assert [optimizer.step(closure) for _ in range(3)] == [0.0, 0.0, 0.0]
    # Each step calls the closure, as whoever counts its calls expects.
    assert len(calls) == 4
    assert not x.any()


def function(f, slope):
    return lambda t: (f(t), slope(t))


@pytest.mark.parametrize(
    "evaluate",
    [
        # A minimum far out, close by, behind a bump, and beside values that are not numbers.
        function(lambda t: (t - 300) ** 2, lambda t: 2 * (t - 300)),
        function(lambda t: (t - 0.003) ** 2, lambda t: 2 * (t - 0.003)),
        function(lambda t: np.cos(3 * t) + 0.1 * t - t, lambda t: -3 * np.sin(3 * t) - 0.9),
        function(lambda t: t - np.log(t + 0.1) if t < 0.5 else np.nan, lambda t: 1 - 1 / (t + 0.1)),
        function(lambda t: -t if t < 0.7 else np.inf, lambda t: -1.0 if t < 0.6 else 40 * (t - 0.6) - 1),
    ],
)
def test_line_search_meets_the_strong_wolfe_conditions(evaluate):
    loss, slope = evaluate(0.0)
    step, found, met = line_search(evaluate, loss, slope, first=1.0, max_trials=25)
    assert met
    assert found == evaluate(step)[0] <= loss + 1e-4 * step * slope
    assert abs(evaluate(step)[1]) <= -0.9 * slope


def test_line_search_gives_up():
    # Falls forever: the lowest point is kept.
    step, loss, met = line_search(lambda t: (-t, -1.0), 0.0, -1.0, first=1.0, max_trials=5)
    assert not met
    assert loss == -step < 0
    # A slope that does not tell the truth: nothing is lower.
    assert line_search(lambda t: (1 + t, -1.0), 1.0, -1.0, first=1.0, max_trials=5) == (0.0, 1.0, False)
    # Rounding: no trial is spent on a fall that cannot be seen.
    trials = []
    line_search(lambda t: (trials.append(t), (2.0, 1e-20))[1], 1.0, -1e-20, first=1.0, max_trials=25, rounding=1e-16)
    assert len(trials) == 1


def test_a_step_that_hardly_lowers_the_loss_is_not_taken():
    limit = -DECREASE  # what a step of 1 must reach from a loss of 0 with a slope of -1

    def evaluate(at_one):
        return lambda step: (at_one, 0.0) if step == 1 else (-step, 0.0)

    for at_one in (0.5 * limit, 0.99 * limit):
        step, _, met = line_search(evaluate(at_one), 0.0, -1.0, first=1.0, max_trials=5)
        assert met
        assert step < 1
    for at_one in (limit, 2 * limit):
        assert line_search(evaluate(at_one), 0.0, -1.0, first=1.0, max_trials=5) == (1.0, at_one, True)


def trials_of(evaluate, loss, slope, **settings):
    """Step lengths that a line search tries."""
    trials = []
    line_search(
        lambda t: (trials.append(t), evaluate(t))[1], loss, slope, **{"first": 1.0, "max_trials": 5, **settings}
    )
    return trials


def test_a_slope_nine_tenths_of_the_first_is_flat_enough():
    assert line_search(lambda t: (-t, -0.9), 0.0, -1.0, first=1.0, max_trials=5) == (1.0, -1.0, True)
    assert line_search(lambda t: (-t, 0.9), 0.0, -1.0, first=1.0, max_trials=5) == (1.0, -1.0, True)
    assert len(trials_of(lambda t: (-t, -0.91), 0.0, -1.0)) == 5


def test_the_second_length_is_the_minimum_of_a_cubic():
    # Slopes of -1 at 0, -0.95 at 1, 0 at 1.5; then of -1 at 0, 0.95 at 1.
    beyond = np.polynomial.Polynomial([0, -1, -1.18333333333333333 / 2, 1.23333333333333333 / 3])
    before = np.polynomial.Polynomial([0, -1, 0.975])
    for f, minimum in ((beyond, 1.5), (before, 1 / 1.95)):
        assert trials_of(function(f, f.deriv()), 0.0, -1.0) == pytest.approx([1.0, minimum], rel=1e-12)


def test_beyond_a_steep_fall_lengths_grow_by_a_hundredth_at_least_and_tenfold_at_most():
    # A straight line has no minimum: the middle between both.
    first, second, third, *_ = trials_of(lambda t: (-t, -1.0), 0.0, -1.0)
    assert second == pytest.approx((first + 0.01 * first + 10 * first) / 2)
    assert third == pytest.approx((second + 0.01 * (second - first) + 10 * second) / 2)
    # Steeper and steeper: the cubic's minimum is far out, or there is none.
    assert trials_of(function(lambda t: (t - 300) ** 2, lambda t: 2 * (t - 300)), 9e4, -600.0)[1] == 10


def test_between_two_lengths_a_tenth_is_kept_from_both():
    # From a wall at 1 the search comes back by steps that are no shorter than a tenth, and no longer than nine.
    trials = trials_of(lambda t: (1e9, 1e9), 0.0, -1.0)
    np.testing.assert_allclose(np.divide(trials[1:], trials[:-1]), 0.1, rtol=1e-6)
    trials = trials_of(lambda t: (-t, -1.0) if t < 2 else (1e9, 5e8), 0.0, -1.0)
    assert trials[2] == pytest.approx(1 + 0.1 * (trials[1] - 1), rel=1e-6)
    # Slopes of -1 at 0, 0 at 0.95, 0.95 at 1.
    square = (0.95 * 1.95 - 1) / (0.95 - 0.95**2)
    f = np.polynomial.Polynomial([0, -1, (1.95 - square) / 2, square / 3])
    assert f.deriv()(0.95) == pytest.approx(0)
    assert trials_of(function(f, f.deriv()), 0.0, -1.0)[1] == pytest.approx(0.9)


def test_rounding_of_the_loss_is_no_rise():
    met = line_search(lambda t: (1 + 1e-9, 0.0), 1.0, -1e-12, first=1.0, max_trials=5, rounding=1e-8)
    assert met == (1.0, 1 + 1e-9, True)
    assert not line_search(lambda t: (1 + 2e-8, 0.0), 1.0, -1e-12, first=1.0, max_trials=5, rounding=1e-8)[2]
    # The search ends where the fall within a tenth of the bracket is no more than a tenth of what rounding does.
    assert len(trials_of(lambda t: (2.0, 1.0), 0.0, -1.0, rounding=1.0, max_trials=2)) == 1
    assert len(trials_of(lambda t: (2.0, 1.0), 0.0, -1.0, rounding=0.5, max_trials=2)) == 2


@pytest.mark.parametrize(("left", "right"), [(0.0, 2.0), (0.25, 3.0), (-0.5, 1.5)])
def test_the_minimum_of_a_cubic_is_exact_and_kept_within_bounds(left, right):
    points = [(x, x**3 - 3 * x, 3 * x**2 - 3) for x in (left, right)]
    assert _cubic_minimum(*points, -10, 10) == pytest.approx(1.0, rel=1e-12)
    assert _cubic_minimum(*points, 1.5, 10) == 1.5
    assert _cubic_minimum(*points, -10, 0.5) == 0.5


def test_without_a_minimum_the_cubic_gives_the_middle():
    assert _cubic_minimum((0.0, 0.0, -1.0), (1.0, -1.0, -1.0), 2.0, 6.0) == 4.0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_says_where_it_cannot_move(dtype):
    weight = torch.full((2,), 3.0, dtype=dtype, requires_grad=True)

    def closure(sign=1.0):
        weight.grad = 2 * sign * weight.detach()
        return weight.detach().square().sum()

    optimizer = LBFGS([weight])
    optimizer.step(lambda: closure(-1.0))  # the gradient points the wrong way
    assert optimizer.stuck
    torch.testing.assert_close(weight.detach(), torch.full((2,), 3.0, dtype=dtype))
    optimizer = LBFGS([weight])
    for _ in range(20):  # long after the minimum
        optimizer.step(closure)
        assert not optimizer.stuck
    assert weight.abs().max() < 1e-6
