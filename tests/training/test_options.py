"""What the classifier's parameters leave open."""

import re

import numpy as np
import pytest

from skbalance.training import check_device, check_hidden_layer_sizes, resolve_batch_size, training_dtype


def test_large_models_train_in_single_precision():
    double, single = np.dtype(np.float64), np.dtype(np.float32)
    assert training_dtype(double, [511, 512], 1e-3) == double
    assert training_dtype(double, [512, 512], 1e-3) == single
    assert training_dtype(double, [256, 512, 256], 1e-3) == single
    assert training_dtype(double, [512, 512], 1e-7) == double
    assert training_dtype(single, [2, 2], 0) == single


def test_hidden_layer_sizes():
    assert check_hidden_layer_sizes(()) == ()
    assert check_hidden_layer_sizes(3) == (3,)
    assert check_hidden_layer_sizes(np.array([3, 2])) == (3, 2)
    for sizes in ([0], [-1, 2], [1.5], ["3"]):
        with pytest.raises(ValueError, match=re.escape(f"must hold positive integers; got {sizes}")):
            check_hidden_layer_sizes(sizes)


def test_device():
    assert check_device("auto") in ("cpu", "cuda")
    assert check_device("cpu") == "cpu"
    with pytest.raises(ValueError, match="device='nowhere' cannot be used here"):
        check_device("nowhere")


def test_batch_size():
    assert [resolve_batch_size("auto", n) for n in (10, 512, 513)] == [10, 512, 256]
    assert [resolve_batch_size(300, n) for n in (10, 1000)] == [10, 300]
