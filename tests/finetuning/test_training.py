"""Training by skorch: passes, schedule, checkpoints, and going on after a kill."""

import errno
import functools
import os

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, make_scorer

from skbalance import FineTunedMultiLabelClassifier
from skbalance.finetuning import (
    Checkpoints,
    ModelSource,
    TextModel,
    TrainingTexts,
    fine_tune,
    fingerprint,
    tell_apart,
)
from skbalance.finetuning import _training as training_module
from skbalance.finetuning._tokens import Tokens
from skbalance.finetuning._training import Run
from skbalance.losses import BinaryCrossEntropy, FocalLoss, LabelStatistics, get_loss
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


class Training:
    """A model, its data, and what training needs of them."""

    def __init__(self, folder, dropout=True, **options):
        texts, y = make_texts()
        y = sp.csr_array(y)
        statistics = LabelStatistics.from_targets(y)
        model = TextModel.pretrained(
            ModelSource(str(folder)),
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
        self.settings = FineTunedMultiLabelClassifier(**OPTIONS | options)

    def run(self, **more):
        return fine_tune(self.network, self.criterion, self.data, settings=self.settings, device="cpu", seed=3, **more)

    def weights(self):
        return {name: tensor.clone() for name, tensor in self.network.state_dict().items()}

    def checkpoints(self, folder):
        return Checkpoints(folder, fingerprint(self.network, self.data, None, 3, "settings"))


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
    with monkeypatch.context() as patch:
        kill_at(patch, killed_at)
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


def kill_at(monkeypatch, step):
    """Press Ctrl-C before a step, with a checkpoint written after each."""
    monkeypatch.setattr("skbalance.finetuning._checkpoints.SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    update = training_module.Progress.update

    def kill(self, run):
        if run.step == step:
            raise KeyboardInterrupt
        update(self, run)

    monkeypatch.setattr(training_module.Progress, "update", kill)


@pytest.fixture
def interrupted(encoder_folder, tmp_path, monkeypatch):
    """The folder of a training that was interrupted at its fifth step."""
    with monkeypatch.context() as patch:
        kill_at(patch, 5)
        training = Training(encoder_folder)
        with pytest.raises(KeyboardInterrupt):
            training.run(checkpoints=training.checkpoints(tmp_path))
    return tmp_path


def resumed_at(folder, encoder_folder, monkeypatch):
    """First step of the training that goes on there, and its weights."""
    steps, training = [], Training(encoder_folder)
    with monkeypatch.context() as patch:
        patch.setattr(training_module.Progress, "update", lambda self, run: steps.append(run.step))
        training.run(checkpoints=training.checkpoints(folder))
    return steps[0], training.weights()


def test_two_checkpoints_are_kept(interrupted):
    """Of the fourth step, the last of its epoch, and of the epoch."""
    names = [path.name.split(".")[1] for path in sorted(interrupted.iterdir())]
    assert names == ["000000-000000000004", "000001-000000000004"]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=st.sampled_from(["bit", "cut", "empty"]), place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_damaged_checkpoint_is_never_taken_up(interrupted, damage, place, bit):
    """Whatever bit is turned: the one before is read, and a warning says so."""
    last, before = (path.read_bytes() for path in sorted(interrupted.iterdir(), reverse=True))
    names = sorted(interrupted.iterdir(), reverse=True)
    checkpoints = Checkpoints(interrupted, names[0].name.split(".")[0])
    at = int(place * len(last))
    content = {"bit": bytearray(last), "cut": last[:at], "empty": b""}[damage]
    if damage == "bit":
        content[at] ^= 1 << bit
    names[0].write_bytes(content)
    try:
        with pytest.warns(UserWarning, match="is not used: it is damaged"):
            assert checkpoints.read()["run"]["epoch"] == 0
        names[1].write_bytes(before[:-1])
        with pytest.warns(UserWarning, match="is not used: it is damaged"):
            assert checkpoints.read() is None
    finally:
        names[0].write_bytes(last)
        names[1].write_bytes(before)


def test_training_goes_on_from_the_checkpoint_before(interrupted, encoder_folder, monkeypatch):
    expected = Training(encoder_folder)
    expected.run()
    last = sorted(interrupted.iterdir())[-1]
    last.write_bytes(last.read_bytes()[:-1])
    with pytest.warns(UserWarning, match="resumes from the one before, or begins anew"):
        step, weights = resumed_at(interrupted, encoder_folder, monkeypatch)
    assert step == 5
    for name, tensor in expected.weights().items():
        assert torch.equal(weights[name], tensor)


def test_a_checkpoint_that_cannot_be_read_stays(interrupted, monkeypatch):
    def fail(path):
        raise PermissionError(errno.EACCES, "Permission denied")

    names = sorted(interrupted.iterdir())
    monkeypatch.setattr("skbalance.finetuning._checkpoints.digest_of", fail)
    with pytest.warns(UserWarning, match="is not used: it cannot be read, Permission denied"):
        assert Checkpoints(interrupted, names[0].name.split(".")[0]).read() is None
    assert sorted(interrupted.iterdir()) == names


def test_what_a_killed_process_has_left_half_written_goes(interrupted, encoder_folder, monkeypatch):
    name = next(interrupted.iterdir()).name.split(".")[0]
    (interrupted / f"{name}.4711.part").write_bytes(b"half")
    (interrupted / "of-another.4711.part").write_bytes(b"half")
    assert resumed_at(interrupted, encoder_folder, monkeypatch)[0] == 5
    assert not (interrupted / f"{name}.4711.part").exists()
    assert (interrupted / "of-another.4711.part").exists()


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("of torch's own")])
def test_a_full_disk_costs_the_checkpoints_and_no_training(error, encoder_folder, tmp_path, monkeypatch):
    expected, training = Training(encoder_folder), Training(encoder_folder)
    expected.run()

    def fail(state, file):
        file.write(b"half")
        raise error

    monkeypatch.setattr(torch, "save", fail)
    monkeypatch.setattr("skbalance.finetuning._checkpoints.SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    with pytest.warns(
        UserWarning, match="No checkpoint could be written to checkpoint_dir=.*Training goes on"
    ) as caught:
        training.run(checkpoints=training.checkpoints(tmp_path / "made"))
    assert len(caught) == 1
    assert list((tmp_path / "made").iterdir()) == []
    for name, tensor in expected.weights().items():
        assert torch.equal(training.weights()[name], tensor)


def test_a_checkpoint_lies_on_the_disk_before_it_has_its_name(encoder_folder, tmp_path, monkeypatch):
    order, sync, replace = [], os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda number: order.append("sync") or sync(number))
    monkeypatch.setattr(os, "replace", lambda old, new: order.append("rename") or replace(old, new))
    training = Training(encoder_folder, max_iter=1)
    checkpoints = training.checkpoints(tmp_path)
    training.run(checkpoints=checkpoints)
    assert order == ["sync", "rename"]
    checkpoints.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"checkpoint_dir=.* is no folder and none can be made"):
        Checkpoints(tmp_path / "file" / "folder", "name")


def test_what_tells_trainings_apart(encoder_folder, deep_encoder_folder):
    training = Training(encoder_folder)
    network, data, options = training.network, training.data, {"max_iter": 2}

    def some(rows):
        return TrainingTexts(Tokens([data.tokens.ids[row] for row in rows]), data.y[rows], data.weight[rows])

    names = [
        fingerprint(network, data, None, 3, options),
        fingerprint(network, data, None, 4, options),
        fingerprint(network, some(np.arange(59)), None, 3, options),
        fingerprint(network, some(np.arange(60)[::-1]), None, 3, options),
        fingerprint(network, data, some(np.arange(2)), 3, options),
        fingerprint(network, data, None, 3, {"max_iter": 3}),
        fingerprint(Training(deep_encoder_folder).network, data, None, 3, options),
    ]
    dropout = Training(encoder_folder).network
    dropout.encoder.config.attention_probs_dropout_prob = 0.2
    module = Training(encoder_folder).network
    module.encoder.embeddings.dropout.p = 0.2
    names += [fingerprint(network, data, None, 3, options) for network in (dropout, module)]
    assert len(set(names)) == 9
    same = Training(encoder_folder)
    assert fingerprint(same.network, same.data, None, 3, options) == names[0]


def of_a_module(y, scores):
    return 1.0


def test_parameters_told_apart():
    many = np.linspace(0.5, 2, 2000)
    other = many.copy()
    other[1000] = 3  # where NumPy's own words leave numbers out
    values = [
        "f1_micro", make_scorer(f1_score, average="micro"), make_scorer(f1_score, average="macro"), of_a_module,
        make_scorer(of_a_module), make_scorer(of_a_module, greater_is_better=False), FocalLoss(), FocalLoss(gamma=1),
        BinaryCrossEntropy(pos_weight=many), BinaryCrossEntropy(pos_weight=other),
    ]  # fmt: skip
    told = [tell_apart(value, "scoring") for value in values]
    assert len(set(told)) == len(values)
    assert told == [tell_apart(value, "scoring") for value in values]
    for value in (lambda y, scores: 1.0, make_scorer(lambda y, scores: 1.0), functools.partial(lambda y: 1.0)):
        with pytest.raises(ValueError, match="checkpoint_dir needs a scoring that tells one training from another"):
            tell_apart(value, "scoring")


def test_stale():
    run = Run(0)
    for score, stale in ((1.0, False), (2.0, False), (1.5, False), (2.0, True)):
        run.validation_scores.append(score)
        assert run.stale(2) is stale
