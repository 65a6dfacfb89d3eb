"""A text model, and its training, on a tiny random encoder."""

import numpy as np
import scipy.sparse as sp
import torch

from skbalance import FineTunedMultiLabelClassifier
from skbalance.finetuning import Checkpoints, TextModel, fine_tune, fingerprint
from skbalance.finetuning import _training as training_module
from skbalance.losses import LabelStatistics, get_loss
from tests.text.tagged import make_texts

OPTIONS = {
    "batch_size": 16,
    "max_iter": 2,
    "learning_rate_init": 3e-3,
    "head_learning_rate_init": 0.1,
    "weight_decay": 0.01,
    "warmup_fraction": 0.1,
    "max_grad_norm": 1.0,
    "max_tokens": None,
    "n_iter_no_change": 2,
}


def make_text_model(folder, pooling="mean", max_length=20, **options):
    return TextModel.pretrained(
        FineTunedMultiLabelClassifier(folder, max_length=max_length, pooling=pooling),
        **{"log_odds": np.zeros(3), "label_texts": None, "device": "cpu", "seed": 0} | options,
    )


class Training:
    """A model, its data, and what training needs of them."""

    def __init__(self, folder, dropout=True, **options):
        texts, y = make_texts()
        y = sp.csr_array(y)
        statistics = LabelStatistics.from_targets(y)
        model = make_text_model(folder, max_length=32, log_odds=statistics.log_odds)
        self.model = model
        if not dropout:
            for module in model.modules():
                if isinstance(module, torch.nn.Dropout):
                    module.p = 0.0
            model.encoder.config.attention_probs_dropout_prob = 0.0
        self.data = model.read(texts, y, np.linspace(0.5, 1.5, len(texts), dtype=np.float32))
        self.criterion = get_loss("bce").bind(statistics, reduction="row_sum")
        self.settings = FineTunedMultiLabelClassifier(**OPTIONS | options)

    def run(self, **more):
        return fine_tune(self.model, self.criterion, self.data, settings=self.settings, seeds=(0, 3), **more)

    def run_scored(self, scores, **more):
        """Train with these scores of texts held out, and tell the weights of the head after each epoch.

        Where the scores end, Ctrl-C is pressed.
        """
        left, kept = list(scores), []

        def score(logits):
            kept.append(self.model.head.weight.detach().clone())
            if not left:
                raise KeyboardInterrupt
            return left.pop(0)

        return self.run(validation=self.data, score=score, **more), kept

    def weights(self):
        return {name: tensor.clone() for name, tensor in self.model.state_dict().items()}

    def checkpoints(self, folder):
        return Checkpoints(folder, fingerprint(self.model, self.data, None, 3, "settings"))


def kill_at(monkeypatch, step):
    """Press Ctrl-C at the end of a step, before it is counted, with a checkpoint written after each."""
    monkeypatch.setattr("skbalance.finetuning._checkpoints.SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    on_batch_end = training_module.FineTuningNet.on_batch_end

    def kill(self, net, **batch):
        if self.run.step == step - 1:
            raise KeyboardInterrupt
        on_batch_end(self, net, **batch)

    monkeypatch.setattr(training_module.FineTuningNet, "on_batch_end", kill)


def count_steps(monkeypatch):
    """The numbers of the steps that are taken, as a list that grows."""
    steps, on_batch_end = [], training_module.FineTuningNet.on_batch_end

    def count(self, net, **batch):
        steps.append(self.run.step + 1)
        on_batch_end(self, net, **batch)

    monkeypatch.setattr(training_module.FineTuningNet, "on_batch_end", count)
    return steps
