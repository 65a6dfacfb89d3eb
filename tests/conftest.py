"""Fixtures and settings shared by the whole suite."""

import torch

# Two test workers on two cores: one thread each. The package itself never touches this setting.
torch.set_num_threads(1)
