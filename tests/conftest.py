"""Fixtures and settings shared by the whole suite."""

import pytest
import torch

from tests.encoders import save_encoder

# Two test workers on two cores: one thread each. The package itself never touches this setting.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="session")
def deep_encoder_folder(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("deep"), n_layers=3)
