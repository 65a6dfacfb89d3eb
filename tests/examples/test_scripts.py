"""The scripts in examples/ run, and show what they say."""

import os
import runpy
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from skbalance import FineTunedMultiLabelClassifier
from tests.encoders import save_encoder
from tests.examples.fine_tuning_worker import SETTINGS, learned
from tests.text.tagged import make_texts

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples"
WORKER = Path(__file__).with_name("distributed_worker.py")
FINE_TUNING_WORKER = Path(__file__).with_name("fine_tuning_worker.py")


# optuna-integration calls a part of Optuna that Optuna 5 has marked as deprecated.
@pytest.mark.filterwarnings("ignore:`optuna.terminator` module has been deprecated:FutureWarning")
def test_optuna():
    from optuna.exceptions import ExperimentalWarning

    with pytest.warns(ExperimentalWarning, match="OptunaSearchCV is experimental"):
        example = runpy.run_path(str(EXAMPLES / "optuna_search.py"))
    search, study, model = example["search"], example["study"], example["model"]
    assert len(search.trials_) == 8
    assert search.best_score_ == max(trial.value for trial in search.trials_)
    assert 0 < search.best_score_ <= 1
    assert len({trial.params["loss"] for trial in study.trials}) > 2
    fitted = model[-1].loss_.get_params()
    for name in example["RANGES"].keys() & study.best_params.keys():
        assert fitted[name] == study.best_params[name]
    assert model.predict(example["texts"]).shape == example["y"].shape


def test_hugging_face_trainer():
    example = runpy.run_path(str(EXAMPLES / "hugging_face_trainer.py"))
    first, last = example["history"][0], example["history"][-1]
    assert last["eval_loss"] < 0.9 * first["eval_loss"]
    assert last["eval_head_f1"] > first["eval_head_f1"]
    # Batches that are accumulated add up to the mean over all of them.
    targets = torch.tensor(example["y"][:12].toarray())
    logits = torch.randn(targets.shape, generator=torch.Generator().manual_seed(0))

    def loss_of(rows, **kwargs):
        outputs = type("Outputs", (), {"logits": logits[rows]})
        return example["compute_loss"](outputs, targets[rows], **kwargs)

    parts = [loss_of(slice(start, start + 4), num_items_in_batch=targets.numel()) for start in (0, 4, 8)]
    torch.testing.assert_close(sum(parts), loss_of(slice(None)))


def launch(worker, *arguments):
    """Run a worker in two processes of this machine, on the processor: they are to agree to the last digits."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node=2"]
    launcher += ["--master-addr=127.0.0.1", f"--master-port={port}"]
    command = [sys.executable, *launcher, str(worker), *map(str, arguments)]
    environment = os.environ | {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    environment["PYTHONPATH"] = os.pathsep.join([str(EXAMPLES.parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


def test_two_processes_train_to_the_weights_of_one(tmp_path):
    example = EXAMPLES / "distributed_training.py"
    with torch.random.fork_rng():
        alone = runpy.run_path(str(example))["train"](torch.device("cpu"), 0, 1, n_epochs=2, dtype=torch.float64)
    launch(WORKER, tmp_path, example, "copy", "shard")
    for how in ("copy", "shard"):
        together = torch.load(tmp_path / f"{how}.pt")
        assert together.keys() == alone.keys()
        for name, weight in alone.items():
            np.testing.assert_allclose(together[name].numpy(), weight.numpy(), rtol=1e-9, atol=1e-12, err_msg=name)


def test_two_processes_fine_tune_to_the_weights_of_one(tmp_path):
    encoder = save_encoder(tmp_path, dropout=0.0)
    model = FineTunedMultiLabelClassifier(encoder, device="cpu", random_state=0, **SETTINGS)
    alone = learned(model.fit(*make_texts()))
    launch(FINE_TUNING_WORKER, tmp_path / "together", EXAMPLES / "distributed_fine_tuning.py", encoder)
    first, second = (dict(np.load(tmp_path / f"together-{number}.npz")) for number in range(2))
    assert first.keys() == second.keys() == alone.keys()
    for name, weight in alone.items():
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)
        np.testing.assert_allclose(first[name], weight, rtol=1e-3, atol=1e-4, err_msg=name)
