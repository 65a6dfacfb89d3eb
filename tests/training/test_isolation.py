"""What the caller set in torch does not reach into training."""

import torch

from skbalance.training import isolated_torch


def test_settings_of_the_thread():
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16), torch.device("meta"):
        with isolated_torch():
            assert torch.is_grad_enabled()
            assert not torch.is_inference_mode_enabled()
            assert not torch.is_autocast_enabled("cpu")
            assert torch.zeros(1).device.type == "cpu"
        assert torch.is_inference_mode_enabled()
        assert torch.is_autocast_enabled("cpu")
        assert torch.zeros(1).device.type == "meta"
    with torch.no_grad():
        with isolated_torch():
            assert torch.is_grad_enabled()
        assert not torch.is_grad_enabled()


def test_it_ends_with_an_error_too():
    try:
        with torch.device("meta"), isolated_torch():
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert torch.zeros(1).device.type == "cpu"
    assert not torch.is_inference_mode_enabled()
