"""Fixtures and settings shared by the whole suite."""

import os
from importlib.util import find_spec

# Read when huggingface_hub is imported: without it even the tests of local models wait for answers from the network.
os.environ["HF_HUB_OFFLINE"] = "1"

import pytest
import torch

from tests.encoders import save_encoder

# Two test workers on two cores: one thread each. The package itself never touches this setting.
torch.set_num_threads(1)

# scikit-learn has callbacks from its release 1.9 on.
collect_ignore = [] if find_spec("sklearn.callback") else ["test_callbacks.py"]


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="session")
def deep_encoder_folder(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("deep"), n_layers=3)
