"""Checkpoints: whole or not at all, known by their training, and what is done with damaged ones."""

import errno
import functools
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, make_scorer

from skbalance.finetuning import Checkpoints, tell_apart
from skbalance.losses import BinaryCrossEntropy, FocalLoss
from tests.finetuning.trainings import Training, count_steps, kill_at


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
    training = Training(encoder_folder)
    with monkeypatch.context() as patch:
        steps = count_steps(patch)
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
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", fail)
        with pytest.warns(UserWarning, match="is not used: it cannot be read, Permission denied"):
            assert Checkpoints(interrupted, names[0].name.split(".")[0]).read() is None
    assert sorted(interrupted.iterdir()) == names


def test_what_a_killed_process_has_left_half_written_goes(interrupted, encoder_folder, monkeypatch):
    name = next(interrupted.iterdir()).name.split(".")[0]
    (interrupted / f".4711.{name}.1.pt").write_bytes(b"half")
    (interrupted / ".4711.another.1.pt").write_bytes(b"half")
    assert resumed_at(interrupted, encoder_folder, monkeypatch)[0] == 5
    assert not (interrupted / f".4711.{name}.1.pt").exists()
    assert (interrupted / ".4711.another.1.pt").exists()


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
