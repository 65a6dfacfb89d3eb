"""Fine-tuning a text model, run by skorch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import joblib
import numpy as np
import torch
from skorch import NeuralNet
from torch import Tensor, distributed, nn
from tqdm.auto import tqdm

from .._lazy import import_optional
from ..losses import Criterion, PositivePairs
from ._checkpoints import Checkpoints
from ._encoders import encoder_layers
from ._models import TextModel
from ._tokens import TrainingTexts, batches_of, passes_of

_PEFT_HINT = 'lora_rank needs peft: pip install "skbalance[lora]"'


@dataclass(frozen=True)
class Processes:
    """The processes of ``torch.distributed``, if it is initialised, else one.

    Parameters
    ----------
    rank : int, default=0
        Number of this process; the first writes and shows.
    count : int, default=1
        How many there are.
    """

    rank: int = 0
    count: int = 1

    @classmethod
    def joined(cls) -> Processes:
        """The processes that this one has joined, by Accelerate or ``torch.distributed.init_process_group``."""
        if distributed.is_available() and distributed.is_initialized():
            return cls(distributed.get_rank(), distributed.get_world_size())
        return cls()

    def add(self, tensors):
        """Sum tensors over the processes, in place, all in one message."""
        if self.count > 1:
            message = nn.utils.parameters_to_vector(tensors)
            distributed.all_reduce(message)
            nn.utils.vector_to_parameters(message, tensors)

    def agree(self, value):
        """What the first process says."""
        said = [value]
        if self.count > 1:
            distributed.broadcast_object_list(said, src=0)
        return said[0]


@dataclass
class Run:
    """How far a training is: all that decides how it resumes, besides the weights and the optimizer.

    Attributes
    ----------
    seed : int
        Decides the order of the texts and dropout.
    n_steps : int
        Steps of the optimizer in the whole training.
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
    n_steps: int
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


class FineTuningNet(NeuralNet):
    """A skorch net that trains a text model, a batch of several passes a step; a batch is the rows of its texts.

    Parameters
    ----------
    model : TextModel
        Trained, in place.
    criterion : Criterion
        The bound loss, of reduction ``"row_sum"``.
    data : TrainingTexts
        Texts to train on.
    run : Run
        How far training is; where batches begin, and the seeds.
    settings : object
        Has the parameters of the classifier, which say what the steps are like.
    processes : Processes
        Those that train together; each gets its share of every batch.
    checkpoints : Checkpoints or None
        Where the state is kept.
    bar : tqdm.tqdm
        Where progress is shown.
    """

    def __init__(self, model, criterion, *, data, run, settings, processes, checkpoints, bar):
        options = {"optimizer": torch.optim.AdamW, "train_split": None, "callbacks": "disable"}
        super().__init__(model, criterion.float(), device=model.head.bias.device, **options)
        self.data, self.run, self.settings = data, run, settings
        self.processes, self.checkpoints, self.bar = processes, checkpoints, bar

    def get_params_for_optimizer(self, prefix, named_parameters):
        """Encoder and head have their own learning rates; in both the matrices decay, and the vectors do not."""
        rates = {"encoder": self.settings.learning_rate_init, "head": self.settings.head_learning_rate_init}
        groups = []
        for part, rate in rates.items():
            trained = [p for p in getattr(self.module_, part).parameters() if p.requires_grad]
            for decay, matrices in ((self.settings.weight_decay, True), (0.0, False)):
                members = [p for p in trained if (p.ndim > 1) == matrices]
                groups += [{"params": members, "lr": rate, "peak": rate, "weight_decay": decay}] if members else []
        return (groups,), {"fused": torch.device(self.device).type in ("cpu", "cuda")}

    def get_iterator(self, dataset, training=False):
        """Batches of the epoch that training is in, from the batch that comes next."""
        run = self.run
        batches = batches_of(dataset.tokens.lengths, int(self.settings.batch_size), [run.seed, run.epoch])
        return batches[run.batch :]

    def passes(self, rows) -> Iterator[tuple[Tensor, Tensor, PositivePairs, Tensor]]:
        """What goes through the encoder at once: token numbers, mask, positive labels and shares of the batch's weight.

        Over all passes of the batch, in all processes, the shares sum to 1.
        """
        data, total = self.data, self._weight(rows)
        share = rows[self.processes.rank :: self.processes.count]
        weight = data.weight[share] / total
        if not len(share):  # every process takes part in every step
            share, weight = rows[:1], np.zeros(1, dtype=np.float32)
        for places in passes_of(data.tokens.lengths[share], self.settings.max_tokens):
            ids, mask = data.tokens.padded(share[places], self.device)
            pairs = PositivePairs.from_csr(data.y[share[places]], self.device)
            yield ids, mask, pairs, torch.from_numpy(weight[places]).to(self.device)

    def _weight(self, rows) -> float:
        return float(self.data.weight[rows].sum())

    def train_step_single(self, batch, **fit_params):
        """The gradient of a batch, added up over passes and processes, and clipped; and the learning rates."""
        self._set_training(True)
        settings, step, weight = self.settings, self.run.step, self._weight(batch)
        seed_dropout([self.run.seed, step, self.processes.rank], self.device)
        total = torch.zeros((), device=self.device)
        for ids, mask, pairs, share in self.passes(batch):
            loss = self.criterion_(self.module_(ids, mask), pairs, share * weight) @ share
            loss.backward()
            total += loss.detach()
        parameters = [p for group in self.optimizer_.param_groups for p in group["params"]]
        self.processes.add([total, *(p.grad for p in parameters if p.grad is not None)])
        if settings.max_grad_norm is not None:
            nn.utils.clip_grad_norm_(parameters, settings.max_grad_norm)
        factor = learning_rate_factor(step, self.run.n_steps, settings.warmup_fraction)
        for group in self.optimizer_.param_groups:
            group["lr"] = factor * group["peak"]
        return {"loss": total, "y_pred": None}

    def on_batch_end(self, net, batch=None, loss=None, **kwargs):
        """Count a batch, show it, and write a checkpoint if the last one was long ago."""
        run, weight = self.run, self._weight(batch)
        run.batch += 1
        run.step += 1
        run.loss_sum += loss.item() * weight
        run.weight_sum += weight
        shown = f"epoch {run.epoch + 1}, loss {run.loss_sum / run.weight_sum:.4g}"
        if run.validation_scores:
            shown += f", validation {run.validation_scores[-1]:.4g}"
        self.bar.set_postfix_str(shown, refresh=False)
        self.bar.update()
        if self.checkpoints is not None and self.checkpoints.due:
            self.checkpoints.write(run, self)

    def validate(self, data: TrainingTexts, score) -> float:
        """Score of texts that are held out: that of their logits, or minus their mean loss; larger is better."""
        logits = self.module_.predict(data.tokens)
        if score is not None:
            return score(logits)
        pairs, weight = PositivePairs.from_csr(data.y, self.device), torch.from_numpy(data.weight).to(self.device)
        loss = self.criterion_(torch.from_numpy(logits).to(self.device), pairs, weight) @ weight
        return -float(loss / weight.sum())


def fine_tune(
    model: TextModel,
    criterion: Criterion,
    data: TrainingTexts,
    validation: TrainingTexts | None = None,
    *,
    settings: Any,
    seeds: tuple[int, int],
    score: Callable[[np.ndarray], float] | None = None,
    checkpoints: Checkpoints | None = None,
) -> Run:
    """Train a model, in place.

    Parameters
    ----------
    model : TextModel
        Trained, on the device where it is.
    criterion : Criterion
        The bound loss, of reduction ``"row_sum"``.
    data : TrainingTexts
        Texts to train on.
    validation : TrainingTexts, default=None
        Texts that are scored after each epoch. Training stops when the score rises no more, and the weights of the best
        epoch are kept.
    settings : object
        Has the parameters of the classifier, which say how.
    seeds : tuple of two int
        The first is of new matrices beside those of the encoder; the second decides the order of the texts and dropout.
    score : callable, default=None
        Gives the score of their logits, larger is better; None for minus the loss.
    checkpoints : Checkpoints, default=None
        Where the state is kept; training resumes from the one that is there.

    Returns
    -------
    run : Run
        How it went.

    Raises
    ------
    ValueError
        If there are not so many layers as are to be frozen, or the encoder is narrower than `lora_rank`.
    ImportError
        If peft is needed and not installed.
    """
    processes, device = Processes.joined(), model.head.bias.device
    checkpoints = checkpoints if processes.rank == 0 else None
    saved = processes.agree(None if checkpoints is None else checkpoints.read())
    run = Run(seeds[1], int(settings.max_iter) * math.ceil(len(data.weight) / int(settings.batch_size)))
    if saved is not None:
        vars(run).update(saved["run"])
    hidden = not settings.verbose or processes.rank > 0
    with (
        # Dropout inside an encoder draws from the generators of torch, which are as they were afterwards.
        torch.random.fork_rng(devices=[device] if device.type == "cuda" else []),
        adapted(model, settings, seeds[0]),
        tqdm(total=run.n_steps, initial=run.step, desc="Fine-tuning", unit="step", disable=hidden) as bar,
    ):
        shared = {"run": run, "settings": settings, "processes": processes, "checkpoints": checkpoints, "bar": bar}
        net = FineTuningNet(model, criterion, data=data, **shared).initialize()
        if saved is not None:
            model.load_state_dict(saved["module"])
            net.optimizer_.load_state_dict(saved["optimizer"])
        while run.epoch < settings.max_iter and not run.stale(settings.n_iter_no_change):
            net.fit_loop(data, epochs=1)
            run.end_epoch()
            if validation is not None:
                run.validation_scores.append(processes.agree(net.validate(validation, score)))
                if run.validation_scores[-1] >= max(run.validation_scores):
                    run.best = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
            if checkpoints is not None:
                checkpoints.write(run, net)
        if run.best is not None:
            model.load_state_dict(run.best)
    return run


@contextmanager
def adapted(model: TextModel, settings, seed: int):
    """Context in which only parts of an encoder are trained, or parts beside it; afterwards it is a plain one again.

    Parameters
    ----------
    model : TextModel
        Whose encoder is changed, in place.
    settings : object
        Has the parameters of the classifier: of `n_frozen_layers`, the lowest, nothing is trained, nor what is below
        them; `lora_rank` is that of the matrices that are trained beside those of the encoder, or None;
        `gradient_checkpointing` says whether activations are computed anew in the backward pass; and `compile`, whether
        the encoder is compiled, for any length of the texts.
    seed : int
        Of new matrices, drawn from torch's own generator.
    """
    n_frozen, rank, width = settings.n_frozen_layers, settings.lora_rank, model.encoder.config.hidden_size
    layers = encoder_layers(model.encoder) if n_frozen else []
    if n_frozen > len(layers):
        raise ValueError(f"n_frozen_layers={n_frozen} is more than the encoder's {len(layers)} layers.")
    if rank is not None and rank > width:
        raise ValueError(f"lora_rank={rank} is more than the width of the encoder, {width}.")
    if settings.gradient_checkpointing:
        _checkpoint_activations(model.encoder, "enable", {"use_reentrant": False})
    if rank is not None:
        peft = import_optional("peft", _PEFT_HINT)
        torch.random.default_generator.manual_seed(seed)
        lora = peft.LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear")
        model.encoder = peft.get_peft_model(model.encoder, lora)
    if n_frozen:
        trained = next((p for layer in layers[n_frozen:] for p in layer.parameters()), None)
        for parameter in takewhile(lambda p: p is not trained, model.encoder.parameters()):
            parameter.requires_grad_(False)
    if settings.compile:
        model.encoder.compile(dynamic=True)
    try:
        yield
    finally:
        model.encoder._compiled_call_impl = None
        if rank is not None:
            model.encoder = model.encoder.merge_and_unload()
        if settings.gradient_checkpointing:
            _checkpoint_activations(model.encoder, "disable")
        model.requires_grad_(True)
        model.zero_grad(set_to_none=True)


def _checkpoint_activations(encoder, action: str, *options):
    """Enable or disable it, by the name that it has in this version of transformers."""
    kind = "activation" if hasattr(encoder, "activation_checkpointing_enable") else "gradient"
    getattr(encoder, f"{kind}_checkpointing_{action}")(*options)


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


def fingerprint(model, data, validation, seed, settings) -> str:
    """Hash of all that decides the result of a training: encoder, weights, texts, labels, seed, settings, versions.

    Parameters
    ----------
    model : TextModel
        As it is before training.
    data, validation : TrainingTexts
        Texts to train on, and those held out or None.
    seed : int
        Decides the order of the texts.
    settings : object
        Whose ``repr`` tells all else.

    Returns
    -------
    name : str
    """
    texts = [
        (np.concatenate(part.tokens.ids), part.tokens.lengths, part.weight, part.y.data, part.y.indices, part.y.indptr)
        for part in (data, validation)
        if part is not None
    ]
    told = torch.__version__, Processes.joined().count, seed, repr(settings), repr(model), model.files
    return joblib.hash((told, model.arrays(), texts))
