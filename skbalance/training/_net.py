"""skorch's training loop, given our batches, our criterion and our rule of when to stop."""

from __future__ import annotations

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback

__all__ = ["Net", "PlateauStop"]


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

    def __init__(self, *args, strengths, penalty_in_loss, **kwargs):
        super().__init__(*args, **kwargs)
        self.strengths = strengths
        self.penalty_in_loss = penalty_in_loss

    @property
    def _default_callbacks(self):
        return []

    def infer(self, x, **fit_params):
        """Logits of a batch, whose features are ready tensors."""
        return self.module_(x)

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Weighted mean over the samples of the loss summed over labels."""
        pairs, weight = y_true
        return (self.criterion_(y_pred, pairs) @ weight) / weight.sum()

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
        """Record every evaluation, the line search's too."""
        return _EvaluationRecorder(self)


class _EvaluationRecorder:
    """Keeps skorch's contract (the first evaluation is the step's), and the lowest loss of each iteration."""

    def __init__(self, net):
        self.state = net.optimizer_.state
        self.curve: dict[int, float] = net.history[-1].setdefault("curve", {})
        self.first = None

    def store_step(self, step):
        """Take one evaluation of the closure."""
        self.first = step if self.first is None else self.first
        state: dict = next(iter(self.state.values()), {})
        inner = state.get("n_iter")
        if isinstance(inner, int):
            self.curve[inner] = min(step["loss"].item(), self.curve.get(inner, float("inf")))

    def get_step(self):
        """Return the first evaluation."""
        return self.first


class PlateauStop(Callback):
    """Stop once the objective falls by less than a share ``tol`` of itself an iteration, over a window of them.

    Parameters
    ----------
    tol : float
        Relative improvement an iteration below which training has converged.
    window : int
        Iterations over which it is averaged.
    max_iter : int
        Most iterations, those inside an epoch of L-BFGS counted.
    restore_best : bool
        Keep the weights of the best iteration.
    verbose : int
        Print the objective of each epoch if above 0.

    Attributes
    ----------
    curve : list of float
        Training objective of each iteration.
    validation_curve : list of float
        Validation loss of each epoch; empty without validation data.
    n_iter : int
        Iterations done.
    converged : bool
        Whether the rule stopped the training.
    """

    def __init__(self, *, tol, window, max_iter, restore_best=False, verbose=0):
        self.tol = tol
        self.window = window
        self.max_iter = max_iter
        self.restore_best = restore_best
        self.verbose = verbose

    def on_train_begin(self, net, **kwargs):
        """Start afresh."""
        self.curve, self.validation_curve = [], []
        self.n_iter, self.converged, self.best_state = 0, False, None

    def on_epoch_begin(self, net, **kwargs):
        """Leave an optimizer with iterations of its own no more of them than remain."""
        group = net.optimizer_.param_groups[0]
        if "max_iter" in group:
            group["max_iter"] = min(self.window, self.max_iter - self.n_iter)

    def on_epoch_end(self, net, **kwargs):
        """Take the epoch's losses and decide."""
        epoch = net.history[-1]
        inner = epoch.get("curve") or {}
        start = self.n_iter
        if inner:
            self.n_iter = max(inner)
            self.curve += [inner[i] for i in sorted(inner) if i > start]
        else:
            self.n_iter += 1
            with torch.no_grad():
                penalty = net.module_.penalty(net.strengths).item()
            self.curve.append(_mean_loss(epoch, "train") + penalty)
        monitored = self.curve
        if "valid_batch_count" in epoch:
            self.validation_curve.append(_mean_loss(epoch, "valid"))
            monitored = self.validation_curve
            if self.restore_best and monitored[-1] <= min(monitored):
                self.best_state = {k: v.detach().clone() for k, v in net.module_.state_dict().items()}
        if self.verbose and self.curve:
            shown = f"{self.curve[-1]:.6g}" + (f", validation {monitored[-1]:.6g}" if self.validation_curve else "")
            print(f"Iteration {self.n_iter}: objective {shown}")
        if self.n_iter == start or self._flat(monitored):
            self.converged = True
            raise KeyboardInterrupt

    def _flat(self, curve):
        if len(curve) <= self.window:
            return False
        before, after = min(curve[: -self.window]), min(curve[-self.window :])
        return before - after <= self.tol * self.window * abs(before)


def _mean_loss(epoch, prefix):
    """Mean of the batches' losses by their sizes."""
    batches = [b for b in epoch["batches"] if f"{prefix}_loss" in b]
    size = sum(b[f"{prefix}_batch_size"] for b in batches)
    return sum(b[f"{prefix}_loss"] * b[f"{prefix}_batch_size"] for b in batches) / size
