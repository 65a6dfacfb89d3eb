"""Where to train, and that what the caller set in torch does not reach into it."""

import pytest
import torch

from skbalance.training import check_device, isolated_torch


def test_device():
    assert check_device("auto") in ("cpu", "cuda:0")
    assert check_device("cpu") == check_device("cpu:0") == "cpu"
    for device in ("nowhere", "", "meta", "mps", "cuda:99", "cuda:-1", "cpu:x"):
        with pytest.raises(ValueError, match=f"device='{device}' cannot be used here: .*Allowed are 'auto' and 'cpu'"):
            check_device(device)


def test_a_gpu_gets_its_number(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    empty, made = torch.empty, []
    monkeypatch.setattr(torch, "empty", lambda *size, device: made.append(device) or empty(0))
    assert check_device("auto") == check_device("cuda") == "cuda:1"
    assert check_device("cuda:0") == "cuda:0"
    assert made == [torch.device("cuda:1"), torch.device("cuda:1"), torch.device("cuda:0")]
    with pytest.raises(ValueError, match="Allowed are 'auto' and 'cpu', 'cuda' and 'cuda:0' to 'cuda:1'"):
        check_device("mps")


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
