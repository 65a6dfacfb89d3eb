"""skorch's training loop, given our batches, our criterion and our rule of when to stop."""

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from skorch import NeuralNet
from skorch.callbacks import Callback
from skorch.utils import FirstStepAccumulator

# Training that ends this many times above the objective that it started from, or reached before, did not converge.
RISE = 2.0


class StopTraining(Exception):
    """Raised by a callback to end the training; no error."""


class Net(NeuralNet):
    """A skorch net whose loss is the weighted mean over samples, plus a penalty on the coefficients.

    Parameters
    ----------
    *args, **kwargs
        Those of :class:`skorch.NeuralNet`.
    strengths : list of Tensor
        Strengths of the penalty, as :meth:`Head.penalty` takes them.
    penalty_in_loss : bool
        Whether the penalty is part of the loss, as a line search needs it, or only of the gradient, which is cheaper.
    """

    _default_callbacks: list = []

    def __init__(self, *args, strengths, penalty_in_loss, **kwargs):
        super().__init__(*args, **kwargs)
        self.strengths = strengths
        self.penalty_in_loss = penalty_in_loss

    def train(self, data):
        """Train for ``max_epochs``, or until a callback raises :class:`StopTraining`.

        skorch's ``fit`` would take an interrupt for a wish to stop here and keep the weights; it is the caller's, and
        goes on to it.

        Parameters
        ----------
        data : TrainingData
            What to train on.
        """
        self.initialize()
        self.notify("on_train_begin", X=data, y=None)
        with suppress(StopTraining):
            self.fit_loop(data)

    def infer(self, x, **fit_params):
        """Logits of a batch, whose features are ready tensors."""
        return self.module_(x)

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Weighted mean over the samples of the loss summed over labels."""
        pairs, weight = y_true
        return (self.criterion_(y_pred, pairs, weight) @ weight) / weight.sum()

    def train_step_single(self, batch, **fit_params):
        """Compute the loss of a batch and its gradient."""
        step = super().train_step_single(batch, **fit_params)
        if self.penalty_in_loss:
            step["loss"] = step["loss"].detach() + self.module_.penalty(self.strengths, add_gradient=True)
        else:
            for coef, strength in zip(self.module_.coefs, self.strengths):
                coef.grad.addcmul_(coef.detach(), strength)
        return step

    def get_train_step_accumulator(self):
        """Of the evaluations of a line search, keep the last, which is where it ends."""
        return _LastEvaluation()


class _LastEvaluation(FirstStepAccumulator):
    """skorch's accumulator of the evaluations in one step of the optimizer."""

    def store_step(self, step):
        """Take an evaluation."""
        self.step = step


@dataclass(eq=False)
class PlateauStop(Callback):
    """Stop once the objective falls by less than a share ``tol`` of itself an iteration, over a window of them.

    Parameters
    ----------
    options : object
        The classifier's parameters, with nothing left open: ``tol``, the relative improvement an iteration below which
        training has converged; ``n_iter_no_change``, the iterations over which it is averaged; and ``verbose``, above 0
        to print the objective of each.
    monitor : object, default=None
        Its ``begin()`` is called at the start of each iteration, and at its end ``end(to_numpy)`` with what gives
        coefficients and intercepts; training stops where that returns True.
    evaluate : callable, default=None
        Gives a score of what that gives, larger for better. Training stops once ``n_iter_no_change`` epochs have not
        raised it. None takes the validation loss, where there are validation data.

    Attributes
    ----------
    curve : list of float
        Training objective of each iteration.
    validation_scores : list of float
        Score of each epoch, minus the validation loss without `evaluate`; empty without validation data. With them, the
        weights of the best epoch are kept.
    n_iter : int
        Iterations done.
    converged : bool
        Whether the rule, or the monitor, stopped the training.
    asked : bool
        Whether it was the monitor.
    stuck : bool
        Whether the optimizer could not move although it should have.

    Raises
    ------
    FloatingPointError
        If an objective is not finite.
    """

    options: Any
    monitor: Any = None
    evaluate: Callable | None = None

    def on_train_begin(self, net, **kwargs):
        """Start afresh."""
        self.curve, self.validation_scores = [], []
        self.n_iter, self.best_state = 0, None
        self.window = min(self.options.n_iter_no_change, self.options.max_iter)
        self.converged = self.asked = self.stuck = False
        self._start_penalty = 0.0 if net.penalty_in_loss else net.module_.penalty(net.strengths).item()

    def on_epoch_begin(self, net, **kwargs):
        """Tell the monitor."""
        if self.monitor is not None:
            self.monitor.begin()

    def on_epoch_end(self, net, **kwargs):
        """Take the epoch's losses and decide."""
        epoch = net.history[-1]
        self.n_iter += 1
        objective = _mean_loss(epoch, "train")
        if not net.penalty_in_loss:
            objective += net.module_.penalty(net.strengths).item()
        if self.n_iter == 1:
            # The first batch says what the initial weights are worth, if it is large enough to say anything.
            first = epoch["batches"][0]
            told = first["train_batch_size"] >= 128 or epoch["train_batch_count"] == 1
            self.start = first["train_loss"] + self._start_penalty if told else objective
        self.curve.append(objective)
        monitored = self.curve
        if self.evaluate is not None:
            self.validation_scores.append(self.evaluate(net.module_.to_numpy))
        elif "valid_batch_count" in epoch:
            self.validation_scores.append(-_mean_loss(epoch, "valid"))
        if self.validation_scores:
            monitored = [-score for score in self.validation_scores]
            if monitored[-1] <= min(monitored):
                self.best_state = {k: v.detach().clone() for k, v in net.module_.state_dict().items()}
        if self.options.verbose:
            scores = self.validation_scores
            shown = f"{objective:.6g}" + (f", validation score {scores[-1]:.6g}" if scores else "")
            print(f"Iteration {self.n_iter}: objective {shown}")
        if not (math.isfinite(objective) and math.isfinite(monitored[-1])):
            raise FloatingPointError(f"the objective is {monitored[-1]} at iteration {self.n_iter}")
        self.asked = self.monitor is not None and self.monitor.end(net.module_.to_numpy)
        self.stuck = getattr(net.optimizer_, "stuck", False)
        self.converged = self.asked or (not self.stuck and self._flat(monitored))
        if self.converged or self.stuck:
            raise StopTraining

    @property
    def rose(self) -> bool:
        """Whether training ended well above where it started or had been before."""
        curve, window = self.curve, self.window
        if self.validation_scores and self.evaluate is None:
            curve, window = [-score for score in self.validation_scores], self.n_iter
        return min(curve[-window:]) > RISE * max(min(self.start, *curve), 0.1 * self.start)

    def _flat(self, curve):
        if len(curve) <= self.window:
            return False
        before, after = min(curve[: -self.window]), min(curve[-self.window :])
        tol = self.options.tol if self.evaluate is None else 0.0
        return before - after <= tol * self.window * abs(before)


def _mean_loss(epoch, prefix):
    """Mean of the batches' losses by their sizes."""
    batches = [b for b in epoch["batches"] if f"{prefix}_loss" in b]
    size = sum(b[f"{prefix}_batch_size"] for b in batches)
    return sum(b[f"{prefix}_loss"] * b[f"{prefix}_batch_size"] for b in batches) / size
