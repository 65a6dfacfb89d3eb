"""L-BFGS in few passes over its memory."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.linalg import solve_triangular
from torch import Tensor

# Sufficient decrease, and how far the slope must flatten: the strong Wolfe conditions.
DECREASE, FLATTENING = 1e-4, 0.9
# It is stuck where the slope promises this share of the loss, and no step along it gains anything.
PROMISE = 1e-3


class LBFGS(torch.optim.Optimizer):
    """L-BFGS with a line search for the strong Wolfe conditions; a step is one iteration.

    With one closure throughout, no point is evaluated twice: a step starts from the loss and gradient that the one
    before it ended with. :class:`torch.optim.LBFGS` makes a vector operation of every term of the direction, and new
    arrays for most. Here the direction is Byrd, Nocedal and Schnabel's compact form: the last changes of the weights
    and of the gradient are the rows of one matrix, read once for its products with the gradient and once for their
    combination; all else is arithmetic on small matrices in double precision. Nothing is allocated after the first
    step.

    Parameters
    ----------
    params : iterable of Tensor
        What to optimize, all on one device.
    lr : float, default=1.0
        First step length that each line search tries.
    history_size : int, default=6
        Changes to remember.
    max_trials : int, default=25
        Most evaluations of a line search.

    Attributes
    ----------
    stuck : bool
        Whether the last step moved nothing although the gradient is not small.

    References
    ----------
    Byrd, Nocedal and Schnabel, "Representations of quasi-Newton matrices and their use in limited memory methods",
    Mathematical Programming 63, 1994, theorem 2.2 and section 3.2.
    """

    def __init__(self, params, lr=1.0, *, history_size=6, max_trials=25):
        super().__init__(params, {"lr": lr})
        self._size = history_size
        self._max_trials = max_trials
        self._memory: list[_Memory] = []
        self._scale: float | None = None
        self.stuck = False

    @torch.no_grad()
    def step(self, closure: Callable[[], Any]) -> float:  # type: ignore[override]
        """Do one iteration.

        Parameters
        ----------
        closure : callable
            Evaluates the loss and its gradient anew.

        Returns
        -------
        loss : float
            Loss at the point that was reached.

        Raises
        ------
        FloatingPointError
            If the gradient is not finite.
        """
        closure = torch.enable_grad()(closure)
        if not self._memory:
            self._memory = [_Memory(p, self._size) for p in self.param_groups[0]["params"]]
            self._forget()
            self._loss = float(closure())
            self._take_gradient()
        slope = self._find_direction()
        if not slope < 0:
            self._forget()
            slope = self._find_direction()
        if not math.isfinite(slope):
            raise FloatingPointError("the gradient is not finite")
        if not slope < 0:
            # A minimum, to the last digit.
            self._loss = float(closure())
            return self._loss

        position = 0.0

        def evaluate(step):
            nonlocal position
            for memory in self._memory:
                memory.param.add_(memory.direction, alpha=step - position)
            position = step
            return float(closure()), sum(float(memory.slope()) for memory in self._memory)

        first = self.param_groups[0]["lr"]
        if self._scale is None:
            # No weight is moved by more than 1; a norm that sums would start the shorter, the more labels there are.
            first *= min(1.0, 1 / max(float(memory.gradient.abs().max()) for memory in self._memory))
        rounding = torch.finfo(self._memory[0].param.dtype).eps * abs(self._loss)
        step, loss, met = line_search(
            evaluate, self._loss, slope, first=first, max_trials=self._max_trials, rounding=rounding
        )
        if step != position:
            evaluate(step)
        gained, self._loss = self._loss - loss > rounding, loss
        self.stuck = not (met or gained or self._order) and -slope * first > PROMISE * abs(loss)
        if met:
            self._take_change(step)
        else:
            self._forget()
            self._take_gradient()
        return loss

    def _forget(self):
        """Start anew from steepest descent."""
        # Rows of the remembered changes, the oldest first.
        self._order: list[int] = []
        # Products of the weights' changes [0] and the gradient's [1] with the gradient's changes, and with it.
        self._gram = np.zeros((2, self._size, self._size))
        self._with_gradient = np.zeros((2, self._size))

    def _take_gradient(self):
        for memory in self._memory:
            memory.gradient.copy_(memory.new_gradient())

    def _take_change(self, step):
        """Remember the change from the last point to the present one, in place of the oldest."""
        row = self._order.pop(0) if len(self._order) == self._size else len(self._order)
        taken = [memory.take_change(step, row) for memory in self._memory]
        gradient = np.sum([products.cpu().double().numpy() for products, _, _ in taken], axis=0).reshape(2, self._size)
        # Products with the change of the gradient are the changes of those with the gradient; the newest are computed.
        change = gradient - self._with_gradient
        change[:, row] = [sum(float(newest[i]) for newest in taken) for i in (1, 2)]
        self._with_gradient = gradient
        self._gram[:, :, row] = change
        self._gram[1, row] = change[1]
        self._order.append(row)
        along, square = change[:, row]
        if along > 0 and square > 0:
            self._scale = along / square
        else:
            # Only rounding can do this to a change that meets the Wolfe conditions, or a gradient whose square is 0.
            self._forget()

    def _find_direction(self) -> float:
        """Set the direction, minus the inverse Hessian's estimate times the gradient; return the slope along it."""
        scale = 1.0 if self._scale is None else self._scale
        coefs = np.zeros((2, self._size))
        if self._order:
            order = np.ix_(self._order, self._order)
            upper = np.triu(self._gram[0][order])
            middle = np.diag(np.diag(upper)) + scale * self._gram[1][order]
            by_step, by_change = self._with_gradient[:, self._order]
            solved = solve_triangular(upper, by_step)
            coefs[0, self._order] = -solve_triangular(upper, middle @ solved - scale * by_change, trans="T")
            coefs[1, self._order] = scale * solved
        return sum(float(memory.combine(coefs.ravel(), scale)) for memory in self._memory)


class _Memory:
    """What is kept of one parameter: its gradient, the direction, and the last changes."""

    def __init__(self, param: Tensor, size: int):
        n = param.numel()
        self.param = param
        # The weights' changes, then the gradient's.
        self.changes = param.new_zeros((2 * size, n))
        self.gradient = param.new_zeros(n)
        self.direction = torch.zeros_like(param)

    def new_gradient(self) -> Tensor:
        """Gradient at the point that was evaluated last, flat."""
        assert self.param.grad is not None
        return self.param.grad.flatten()

    def slope(self) -> Tensor:
        """Slope along the direction at the point that was evaluated last."""
        return torch.dot(self.new_gradient(), self.direction.flatten())

    def take_change(self, step: float, row: int) -> tuple[Tensor, Tensor, Tensor]:
        """Store the changes.

        Returns the products of the gradient with all changes, and of its own change with the weights' and with itself.
        """
        new, size = self.new_gradient(), len(self.changes) // 2
        weights_change, gradient_change = self.changes[row], self.changes[size + row]
        torch.mul(self.direction.flatten(), step, out=weights_change)
        torch.sub(new, self.gradient, out=gradient_change)
        self.gradient.copy_(new)
        square = torch.dot(gradient_change, gradient_change)
        return self.changes @ new, torch.dot(weights_change, gradient_change), square

    def combine(self, coefs: np.ndarray, scale: float) -> Tensor:
        """Set the direction to a combination of the changes, less the scaled gradient; return the slope along it."""
        direction = self.direction.flatten()
        weights = torch.from_numpy(coefs).to(direction)
        torch.addmv(self.gradient, self.changes.T, weights, beta=-scale, out=direction)
        return torch.dot(self.gradient, direction)


def line_search(evaluate, loss, slope, *, first, max_trials, rounding=0.0) -> tuple[float, float, bool]:
    """Step length that meets the strong Wolfe conditions.

    Parameters
    ----------
    evaluate : callable
        Gives the loss and the slope at a step length.
    loss, slope : float
        Those at 0; the slope is negative.
    first : float
        Length to try first.
    max_trials : int
        Most evaluations.
    rounding : float, default=0.0
        Differences of the loss below this mean nothing.

    Returns
    -------
    step, loss : float
        Step length, and the loss there.
    met : bool
        Whether the conditions were met; else the step is the best one found with a lower loss, or 0.
    """
    # The conditions are met somewhere between a point that is low enough but still falls steeply, and one that is
    # not low enough or rises.
    low, high = (0.0, loss, slope), None
    step = first
    for _ in range(max_trials):
        trial = (step, *evaluate(step))
        before = low
        if not trial[1] <= loss + DECREASE * step * slope + rounding:
            high = trial
        elif abs(trial[2]) <= -FLATTENING * slope:
            return step, trial[1], True
        elif trial[2] > 0:
            high = trial
        else:
            low = trial
        if high is None:
            step = _cubic_minimum(before, low, low[0] + 0.01 * (low[0] - before[0]), 10 * low[0])
        else:
            margin = 0.1 * (high[0] - low[0])
            if -low[2] * margin <= 0.1 * rounding:
                break
            step = _cubic_minimum(low, high, low[0] + margin, high[0] - margin)
    return low[0], low[1], False


def _cubic_minimum(a, b, least, most) -> float:
    """Minimum, between bounds, of the cubic through two points of (step, loss, slope), the left one first.

    The mean of the bounds if there is none.
    """
    with np.errstate(all="ignore"):
        (x, f, g), (y, e, h) = np.array(a), np.array(b)
        mean = g + h - 3 * (f - e) / (x - y)
        root = np.sqrt(mean**2 - g * h)
        step = y - (y - x) * (h + root - mean) / (h - g + 2 * root)
    return float(np.clip(step, least, most)) if math.isfinite(step) else 0.5 * (least + most)
