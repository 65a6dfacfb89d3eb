"""Fine-tuning that is interrupted, and resumes from checkpoints."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score, make_scorer

from skbalance.losses import FocalLoss
from tests.finetuning.trainings import count_steps, kill_at
from tests.text.tagged import WORDS, make_model, make_texts


@pytest.fixture(scope="module")
def data():
    return make_texts()


@pytest.fixture(scope="module")
def fitted(encoder_folder, data):
    return make_model(encoder_folder, max_iter=2).fit(*data)


def test_interrupting_changes_nothing(fitted, data, monkeypatch):
    texts, y = data
    before, proba = dict(vars(fitted)), fitted.predict_proba(texts)
    state = torch.get_rng_state()

    with monkeypatch.context() as patch:
        kill_at(patch, 3)
        for warm_start in (False, True):
            fitted.warm_start = warm_start
            with pytest.raises(KeyboardInterrupt):
                fitted.fit(texts, y)
    fitted.warm_start = False
    assert vars(fitted) == before
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(fitted.predict_proba(texts), proba)


@pytest.mark.slow
def test_going_on_after_the_process_was_killed(encoder_folder, data, tmp_path):
    """Another process knows the checkpoint by its name, and comes to the same weights."""
    params = {"checkpoint_dir": tmp_path / "checkpoints", "max_iter": 3, "early_stopping": True, "scoring": "f1_macro"}
    code = (
        "import os, signal, sys, torch\n"
        "from skbalance.finetuning import _checkpoints, _training\n"
        "from tests.text.tagged import make_model, make_texts\n"
        "torch.set_num_threads(1)\n"
        "_checkpoints.SECONDS_BETWEEN_CHECKPOINTS = 0.0\n"
        "count = _training.FineTuningNet.on_batch_end\n"
        "def kill(self, net, **batch):\n"
        "    if self.run.step == 5:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    count(self, net, **batch)\n"
        "_training.FineTuningNet.on_batch_end = kill\n"
        "make_model(sys.argv[1], checkpoint_dir=sys.argv[2], max_iter=3, early_stopping=True, scoring='f1_macro')"
        ".fit(*make_texts())\n"
    )
    command = [sys.executable, "-c", code, str(encoder_folder), str(params["checkpoint_dir"])]
    done = subprocess.run(command, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == -signal.SIGKILL
    assert len(list(params["checkpoint_dir"].iterdir())) == 2  # the last one, and the one before
    with pytest.MonkeyPatch.context() as patch:
        steps = count_steps(patch)
        again = make_model(encoder_folder, **params).fit(*data)
    assert steps[0] == 6
    assert list(params["checkpoint_dir"].iterdir()) == []
    whole = make_model(encoder_folder, **params | {"checkpoint_dir": None}).fit(*data)
    assert again.loss_curve_ == whole.loss_curve_
    for name, array in whole.weights_.items():
        np.testing.assert_array_equal(array, again.weights_[name])


CHANGES = [
    {"pooling": "cls"}, {"loss": "bce"}, {"loss": FocalLoss(gamma=1.0)}, {"loss": FocalLoss(gamma=1.5)},
    {"max_length": 9}, {"batch_size": 8}, {"max_tokens": 64}, {"max_iter": 3}, {"learning_rate_init": 0.1},
    {"weight_decay": 0.1},
    {"head_learning_rate_init": 0.2}, {"warmup_fraction": 0.2}, {"max_grad_norm": None}, {"label_texts": WORDS},
    {"n_frozen_layers": 1}, {"lora_rank": 2}, {"gradient_checkpointing": True}, {"precision": "bfloat16"},
    {"early_stopping": True}, {"early_stopping": True, "scoring": "f1_micro"}, {"random_state": 1},
    {"early_stopping": True, "scoring": make_scorer(f1_score, average="micro")}, {"n_iter_no_change": 3},
    {"early_stopping": True, "scoring": make_scorer(f1_score, average="macro")}, {"label_smoothing": 0.1},
    {"early_stopping": True, "validation_fraction": 0.3},
]  # fmt: skip


def name_of_checkpoints(monkeypatch, model, texts, y, sample_weight=None, **validation):
    """What the checkpoints of a training would be called, which is not run."""
    names = []

    def capture(*args, checkpoints, **kwargs):
        names.append(checkpoints.name)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("skbalance.finetuning.fine_tune", capture)
        with pytest.raises(KeyboardInterrupt):
            model.fit(texts, y, sample_weight=sample_weight, **validation)
    return names[0]


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_whatever_changes_a_training_begins_it_anew(encoder_folder, data, tmp_path, monkeypatch):
    texts, y = data
    shared = {"checkpoint_dir": tmp_path}
    config = shutil.copytree(encoder_folder, tmp_path / "other") / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"attention_probs_dropout_prob": 0.3}))
    trainings = [(make_model(encoder_folder, **shared, **change), texts, y) for change in ({}, *CHANGES)]
    trainings += [
        (make_model(config.parent, **shared), texts, y),
        (make_model(encoder_folder, **shared), texts[::-1], y),
        (make_model(encoder_folder, **shared), texts, 1 - y),
        (make_model(encoder_folder, **shared), texts, y, np.linspace(1, 2, len(y))),
    ]
    names = [name_of_checkpoints(monkeypatch, *training) for training in trainings]
    stopping = make_model(encoder_folder, early_stopping=True, **shared)
    for own in (
        {"X_val": texts[:5], "y_val": y[:5]},
        {"X_val": texts[1:6], "y_val": y[:5]},
        {"X_val": texts[:5], "y_val": 1 - y[:5]},
        {"X_val": texts[:5], "y_val": y[:5], "sample_weight_val": np.arange(5)},
    ):
        names.append(name_of_checkpoints(monkeypatch, stopping, texts, y, **own))
    assert len(set(names)) == len(names)
    for same in ({"verbose": 0}, {"checkpoint_dir": tmp_path / "elsewhere"}):
        assert name_of_checkpoints(monkeypatch, make_model(encoder_folder, **shared | same), texts, y) == names[0]
    moved = shutil.copytree(encoder_folder, tmp_path / "moved")
    assert name_of_checkpoints(monkeypatch, make_model(moved, **shared), texts, y) == names[0]


@pytest.mark.parametrize("name", ["scoring", "loss"])
def test_what_cannot_be_told_apart_needs_no_checkpoints(name, encoder_folder, data, tmp_path):
    class OwnLoss(FocalLoss):
        pass

    params = {"early_stopping": True, "max_iter": 1, name: OwnLoss() if name == "loss" else lambda *args: 1.0}
    make_model(encoder_folder, **params).fit(*data)
    model = make_model(encoder_folder, checkpoint_dir=tmp_path / "made", **params)
    with pytest.raises(ValueError, match=f"checkpoint_dir needs a {name} that tells one training from another"):
        model.fit(*data)
    assert not (tmp_path / "made").exists()
