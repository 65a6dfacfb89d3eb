"""Fine-tuning a text network, run by skorch."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from skorch.callbacks import Callback
from tqdm.auto import tqdm

from ..losses import Criterion
from ._batches import TrainingTexts
from ._checkpoints import Checkpoints
from ._modules import TextNetwork
from ._net import FineTuningNet
from ._processes import Processes


@dataclass
class Run:
    """How far a training is: all that decides how it resumes, besides the weights and the optimizer.

    Attributes
    ----------
    seed : int
        Decides the order of the texts and dropout.
    epoch, batch : int
        The epoch that training is in, and the batch of it that comes next.
    step : int
        Steps of the optimizer so far.
    loss_sum, weight_sum : float
        Of the batches of this epoch.
    loss_curve : list of float
        Mean loss of each epoch.
    validation_scores : list of float
        Score of the texts held out after each epoch; higher is better.
    best : dict or None
        Weights of the best epoch.
    """

    seed: int
    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    weight_sum: float = 0.0
    loss_curve: list = field(default_factory=list)
    validation_scores: list = field(default_factory=list)
    best: dict | None = None

    def end_epoch(self):
        """Put down the epoch's mean loss and begin the next."""
        self.loss_curve.append(self.loss_sum / self.weight_sum)
        self.loss_sum = self.weight_sum = 0.0
        self.batch, self.epoch = 0, self.epoch + 1

    def stale(self, n_iter_no_change: int) -> bool:
        """Whether the score has not risen for so many epochs."""
        scores = self.validation_scores
        return len(scores) > n_iter_no_change and len(scores) - 1 - scores.index(max(scores)) >= n_iter_no_change


def fine_tune(
    network: TextNetwork,
    criterion: Criterion,
    data: TrainingTexts,
    *,
    settings: Any,
    device: str,
    seed: int,
    evaluate: Callable[[TextNetwork], float] | None = None,
    checkpoints: Checkpoints | None = None,
) -> Run:
    """Train a network, in place.

    Parameters
    ----------
    network : TextNetwork
        Trained, and on the device afterwards.
    criterion : Criterion
        The bound loss, of reduction ``"row_sum"``.
    data : TrainingTexts
        Texts to train on.
    settings : object
        Has the parameters of the classifier, which say how.
    device : str
        Where.
    seed : int
        Decides the order of the texts and dropout.
    evaluate : callable, default=None
        Gives a score of the network after each epoch. Training stops when it rises no more, and the weights of the best
        epoch are kept.
    checkpoints : Checkpoints, default=None
        Where the state is kept; training resumes from the one that is there.

    Returns
    -------
    run : Run
        How it went.
    """
    processes = Processes.joined()
    checkpoints = checkpoints if processes.first else None
    saved = processes.agree(None if checkpoints is None else checkpoints.read())
    run = Run(seed) if saved is None else Run(**saved["run"])
    network.to(device)
    n_steps = int(settings.max_iter) * -(-len(data) // int(settings.batch_size))
    hidden = not (settings.verbose and processes.first)
    # Dropout inside an encoder draws from the generators of torch, which are as they were afterwards.
    gpus = [torch.device(device)] if torch.device(device).type == "cuda" else []
    with (
        tqdm(total=n_steps, initial=run.step, desc="Fine-tuning", unit="step", disable=hidden) as bar,
        torch.random.fork_rng(devices=gpus),
        _compiled(network, settings.compile),
    ):
        net = FineTuningNet(
            network,
            criterion=criterion.float(),
            optimizer=torch.optim.AdamW,
            train_split=None,
            callbacks=[("progress", Progress(run, checkpoints, bar))],
            device=device,
            verbose=0,
            run=run,
            settings=settings,
            n_steps=n_steps,
            processes=processes,
        )
        net.initialize()
        if saved is not None:
            network.load_state_dict(saved["module"])
            net.optimizer_.load_state_dict(saved["optimizer"])
        _run_epochs(net, data, evaluate, checkpoints)
    if run.best is not None:
        network.load_state_dict(run.best)
    return run


def _run_epochs(net: FineTuningNet, data, evaluate, checkpoints):
    """Train to the last epoch, or until the score rises no more."""
    run, network = net.run, net.module_
    while run.epoch < net.settings.max_iter and not run.stale(net.settings.n_iter_no_change):
        net.fit_loop(data, epochs=1)
        run.end_epoch()
        if evaluate is not None:
            run.validation_scores.append(net.processes.agree(evaluate(network)))
            if run.validation_scores[-1] >= max(run.validation_scores):
                run.best = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
        if checkpoints is not None:
            checkpoints.write(run, net)


@dataclass(eq=False)
class Progress(Callback):
    """Counts steps, writes checkpoints within an epoch, and shows the epoch's loss so far and the time left.

    Parameters
    ----------
    run : Run
        How far it is already.
    checkpoints : Checkpoints or None
        Where to write.
    bar : tqdm.tqdm
        Where to show it.
    """

    run: Run
    checkpoints: Checkpoints | None
    bar: Any

    def on_batch_end(self, net, batch=None, loss=None, **kwargs):
        """Count a batch."""
        run = self.run
        run.batch += 1
        run.step += 1
        run.loss_sum += loss.item() * batch.weight
        run.weight_sum += batch.weight
        self.update(run)
        if self.checkpoints is not None and self.checkpoints.due:
            self.checkpoints.write(run, net)

    def update(self, run: Run):
        """Show one step more."""
        shown = f"epoch {run.epoch + 1}, loss {run.loss_sum / run.weight_sum:.4g}"
        if run.validation_scores:
            shown += f", validation {run.validation_scores[-1]:.4g}"
        self.bar.set_postfix_str(shown, refresh=False)
        self.bar.update()


@contextmanager
def _compiled(network: TextNetwork, wanted: bool):
    """Context in which the encoder of a network is compiled, for any length of the texts."""
    encoder = network.encoder
    if wanted:
        encoder.compile(dynamic=True)
    try:
        yield
    finally:
        if wanted:
            encoder._compiled_call_impl = None
