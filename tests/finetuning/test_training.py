"""Training by skorch: passes, schedule, checkpoints, and going on after a kill."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from skbalance.finetuning import (
    Checkpoints,
    EncoderSource,
    FineTuningOptions,
    TextModel,
    TrainingTexts,
    fine_tune,
    fingerprint,
)
from skbalance.finetuning import _training as training_module
from skbalance.finetuning._training import Run
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
    "device": "cpu",
}


class Training:
    """A model, its data, and what training needs of them."""

    def __init__(self, folder, dropout=True, **options):
        texts, y = make_texts()
        y = sp.csr_array(y)
        statistics = LabelStatistics.from_targets(y)
        model = TextModel.pretrained(
            EncoderSource(str(folder)),
            max_length=32,
            pooling="mean",
            log_odds=statistics.log_odds,
            label_texts=None,
            device="cpu",
            seed=0,
        )
        self.network = model.network
        if not dropout:
            for module in self.network.modules():
                if isinstance(module, torch.nn.Dropout):
                    module.p = 0.0
            self.network.encoder.config.attention_probs_dropout_prob = 0.0
        self.data = TrainingTexts(model.tokenizer(texts), y, np.linspace(0.5, 1.5, len(texts), dtype=np.float32))
        self.criterion = get_loss("bce").bind(statistics, reduction="row_sum")
        self.options = FineTuningOptions(**OPTIONS | options)

    def run(self, **more):
        return fine_tune(self.network, self.criterion, self.data, options=self.options, seed=3, **more)

    def weights(self):
        return {name: tensor.clone() for name, tensor in self.network.state_dict().items()}

    def checkpoints(self, folder):
        return Checkpoints(folder, fingerprint(self.network, self.data, None, 3, self.options))


def test_it_is_a_plain_loop_of_torch(encoder_folder):
    """The same batches through a loop without skorch give the same weights."""
    training, plain = Training(encoder_folder, dropout=False), Training(encoder_folder, dropout=False)
    run = training.run()
    network = plain.network.train()
    names = dict(network.named_parameters())
    optimizer = torch.optim.AdamW(
        [
            {
                "params": [parameter],
                "weight_decay": 0.01 if parameter.ndim > 1 else 0.0,
                "rate": 0.1 if name.startswith("head") else 3e-3,
            }
            for name, parameter in names.items()
        ]
    )
    lengths, steps, losses = plain.data.tokens.lengths, 8, []
    for step in range(steps):
        if step % 4 == 0:
            random_state = np.random.RandomState([3, step // 4])
            order = random_state.permutation(60)
            order = order[np.argsort(lengths[order], kind="stable")]
            batches = [order[i : i + 16] for i in range(0, 60, 16)]
            shuffled = [batches[i] for i in random_state.permutation(4)]
        rows = shuffled[step % 4]
        weight = torch.from_numpy(plain.data.weight[rows])
        logits = network(*plain.data.tokens.padded(rows, "cpu"))
        loss = plain.criterion(logits, torch.from_numpy(plain.data.y[rows].toarray())) @ weight / weight.sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        factor = 1.0 if step == 0 else (steps - step) / (steps - 1)
        for group in optimizer.param_groups:
            group["lr"] = factor * group["rate"]
        optimizer.step()
        losses.append((loss.item(), float(weight.sum())))
    for name, tensor in training.weights().items():
        torch.testing.assert_close(tensor, plain.weights()[name], rtol=1e-3, atol=1e-5)
    first = np.average([loss for loss, _ in losses[:4]], weights=[weight for _, weight in losses[:4]])
    assert run.loss_curve[0] == pytest.approx(first, rel=1e-4)


def test_losses_of_a_whole_batch_are_given_the_weights(encoder_folder):
    training, given = Training(encoder_folder, max_iter=1), []
    forward = training.criterion.forward
    training.criterion.forward = lambda logits, pairs, weight: given.append(weight) or forward(logits, pairs, weight)
    training.run()
    np.testing.assert_allclose(np.sort(np.concatenate(given)), training.data.weight, rtol=1e-6)


def test_several_passes_are_one_batch(encoder_folder):
    whole, split = (Training(encoder_folder, dropout=False, max_tokens=n) for n in (None, 40))
    assert len(list(zip(whole.run().loss_curve, split.run().loss_curve))) == 2
    for name, tensor in whole.weights().items():
        torch.testing.assert_close(split.weights()[name], tensor, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("killed_at", [3, 6])
def test_going_on_after_a_kill(killed_at, encoder_folder, tmp_path, monkeypatch):
    """Within the first epoch, and within the second; dropout and all."""
    expected = Training(encoder_folder)
    curve = expected.run().loss_curve
    monkeypatch.setattr("skbalance.finetuning._checkpoints.SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    update = training_module.Progress.update

    def kill(self, run):
        if run.step == killed_at:
            raise KeyboardInterrupt
        update(self, run)

    with monkeypatch.context() as patch:
        patch.setattr(training_module.Progress, "update", kill)
        killed = Training(encoder_folder)
        with pytest.raises(KeyboardInterrupt):
            killed.run(checkpoints=killed.checkpoints(tmp_path))
    again, steps = Training(encoder_folder), []
    monkeypatch.setattr(training_module.Progress, "update", lambda self, run: steps.append(run.step))
    run = again.run(checkpoints=again.checkpoints(tmp_path))
    assert steps == list(range(killed_at, 9))  # the step that was lost is done again
    assert run.loss_curve == curve
    for name, tensor in expected.weights().items():
        assert torch.equal(again.weights()[name], tensor)


def test_early_stopping_goes_on_after_a_kill(encoder_folder, tmp_path):
    options = {"max_iter": 9, "n_iter_no_change": 2}

    def scored(scores, kept):
        def evaluate(network):
            kept.append(network.head.weight.detach().clone())
            if not scores:
                raise KeyboardInterrupt
            return scores.pop(0)

        return evaluate

    whole, kept = Training(encoder_folder, **options), []
    run = whole.run(evaluate=scored([1.0, 4.0, 2.0, 3.0], kept))
    assert run.validation_scores == [1.0, 4.0, 2.0, 3.0]
    killed = Training(encoder_folder, **options)
    with pytest.raises(KeyboardInterrupt):
        killed.run(evaluate=scored([1.0, 4.0, 2.0], []), checkpoints=killed.checkpoints(tmp_path))
    again = Training(encoder_folder, **options)
    run = again.run(evaluate=scored([3.0], []), checkpoints=again.checkpoints(tmp_path))
    assert run.validation_scores == [1.0, 4.0, 2.0, 3.0]
    assert torch.equal(again.network.head.weight, kept[1])
    assert torch.equal(whole.network.head.weight, kept[1])


def test_a_checkpoint_is_whole_or_not_there(encoder_folder, tmp_path, monkeypatch):
    training = Training(encoder_folder)
    checkpoints = training.checkpoints(tmp_path / "made")
    assert checkpoints.read() is None
    training.run(checkpoints=checkpoints)
    content = checkpoints.path.read_bytes()

    def fail(state, path):
        path.write_bytes(b"half")
        raise OSError("no room")

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(OSError, match="no room"):
        Training(encoder_folder).run(checkpoints=Checkpoints(tmp_path / "made", checkpoints.path.stem + "x"))
    assert [path.name for path in (tmp_path / "made").iterdir()] == [checkpoints.path.name]
    assert checkpoints.path.read_bytes() == content
    checkpoints.remove()
    assert checkpoints.read() is None


def test_what_tells_trainings_apart(encoder_folder, deep_encoder_folder):
    training = Training(encoder_folder)
    network, data, options = training.network, training.data, training.options

    names = [
        fingerprint(network, data, None, 3, options),
        fingerprint(network, data, None, 4, options),
        fingerprint(network, data.take(np.arange(59)), None, 3, options),
        fingerprint(network, data.take(np.arange(60)[::-1]), None, 3, options),
        fingerprint(network, data, data.take(np.arange(2)), 3, options),
        fingerprint(network, data, None, 3, Training(encoder_folder, max_iter=3).options),
        fingerprint(Training(deep_encoder_folder).network, data, None, 3, options),
    ]
    assert len(set(names)) == 7
    same = Training(encoder_folder, verbose=1)
    assert fingerprint(same.network, same.data, None, 3, same.options) == names[0]


def test_stale():
    run = Run(0)
    for score, stale in ((1.0, False), (2.0, False), (1.5, False), (2.0, True)):
        run.validation_scores.append(score)
        assert run.stale(2) is stale
