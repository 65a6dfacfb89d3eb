"""skorch's training loop, given batches of several passes and an optimizer with a schedule."""

from __future__ import annotations

import math

import numpy as np
import torch
from skorch import NeuralNet
from torch import nn

from ._batches import LengthBatches
from ._processes import Processes


class FineTuningNet(NeuralNet):
    """A skorch net that trains a text network, a batch of several passes a step.

    Parameters
    ----------
    *args, **kwargs
        Those of :class:`skorch.NeuralNet`.
    run : Run
        How far training is; where batches begin, and the seeds.
    settings : object
        Has the parameters of the classifier, which say what the steps are like.
    n_steps : int
        Steps of the whole training.
    processes : Processes
        Those that train together.
    """

    def __init__(self, *args, run, settings, n_steps, processes: Processes, **kwargs):
        super().__init__(*args, **kwargs)
        self.run = run
        self.settings = settings
        self.n_steps = n_steps
        self.processes = processes

    @property
    def _default_callbacks(self):
        return []

    def get_params_for_optimizer(self, prefix, named_parameters):
        """Encoder and head have their own learning rates; in both the matrices decay, and the vectors do not."""
        rates = {"encoder": self.settings.learning_rate_init, "head": self.settings.head_learning_rate_init}
        groups = []
        for part, rate in rates.items():
            trained = [p for p in getattr(self.module_, part).parameters() if p.requires_grad]
            matrices, vectors = [p for p in trained if p.ndim > 1], [p for p in trained if p.ndim <= 1]
            for decay, members in ((self.settings.weight_decay, matrices), (0.0, vectors)):
                groups.append({"params": members, "lr": rate, "peak": rate, "weight_decay": decay})
        groups = [group for group in groups if group["params"]]
        return (groups,), {"fused": torch.device(self.device).type in ("cpu", "cuda")}

    def get_iterator(self, dataset, training=False):
        """Batches of the epoch that training is in, from the batch that comes next."""
        return LengthBatches(dataset, self.run, self.settings, self.device, self.processes)

    def train_step(self, batch, **fit_params):
        """One step of the optimizer: the passes' gradients added up, over the processes too, and clipped."""
        self._set_training(True)
        step = self.run.step
        seed_dropout([self.run.seed, step, self.processes.rank], self.device)
        self.optimizer_.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self.device)
        for part in batch.passes:
            logits = self.module_(part.ids, part.mask)
            loss = self.criterion_(logits, part.pairs, part.weight * batch.weight) @ part.weight
            loss.backward()
            total += loss.detach()
        parameters = [p for group in self.optimizer_.param_groups for p in group["params"]]
        self.processes.add([total, *(p.grad for p in parameters if p.grad is not None)])
        if self.settings.max_grad_norm is not None:
            nn.utils.clip_grad_norm_(parameters, self.settings.max_grad_norm)
        factor = learning_rate_factor(step, self.n_steps, self.settings.warmup_fraction)
        for group in self.optimizer_.param_groups:
            group["lr"] = factor * group["peak"]
        self.optimizer_.step()
        return {"loss": total, "y_pred": None}


def learning_rate_factor(step: int, n_steps: int, warmup_fraction: float) -> float:
    """Share of the highest learning rate at a step: it rises over the first steps, then falls toward 0."""
    n_warmup = math.ceil(warmup_fraction * n_steps)
    if step < n_warmup:
        return (step + 1) / n_warmup
    return (n_steps - step) / (n_steps - n_warmup)


def seed_dropout(numbers, device):
    """Seed torch's generators for one step, by numbers that tell it from every other."""
    seed = int(np.random.SeedSequence([int(number) for number in numbers]).generate_state(1, np.uint64)[0]) >> 1
    torch.random.default_generator.manual_seed(seed)
    if torch.device(device).type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
