"""What is global is as it was after `fit` and `predict`, and whatever it is, the model is the same."""

import contextlib
import warnings

import numpy as np
import pytest
import sklearn
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import MultiLabelBinarizer

from skbalance import BalancedMultiLabelClassifier, TagClassifier

TEXTS = ["wheat and corn", "crude oil", "wheat harvest", "oil and gas", "nothing", "corn"] * 4
TAGS = [["wheat", "corn"], ["oil"], ["wheat"], ["oil", "gas"], [], ["corn"]] * 4
X, Y = TfidfVectorizer().fit_transform(TEXTS), MultiLabelBinarizer().fit_transform(TAGS)
NETWORK = {"solver": "adam", "hidden_layer_sizes": (4,), "dropout": 0.2, "tol": 0.3, "n_iter_no_change": 1}
MODELS = {
    "tags": (lambda: TagClassifier(random_state=0), TEXTS, TAGS),
    "L-BFGS": (lambda: BalancedMultiLabelClassifier(random_state=0), X, Y),
    "Adam": (lambda: BalancedMultiLabelClassifier(random_state=0, **NETWORK), X, Y),
}


@contextlib.contextmanager
def set_to(change, value, back):
    before = change(value)
    try:
        yield
    finally:
        change(back if before is None else before)


WORLDS = {
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "double precision": lambda: set_to(torch.set_default_dtype, torch.float64, torch.float32),
    "deterministic algorithms": lambda: set_to(torch.use_deterministic_algorithms, True, False),
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "another device": lambda: torch.device("meta"),
    "NumPy raises": lambda: np.errstate(all="raise"),
    "two threads": lambda: set_to(torch.set_num_threads, 2, torch.get_num_threads()),
    "metadata routing": lambda: sklearn.config_context(enable_metadata_routing=True),
    "arrays of SciPy": lambda: sklearn.config_context(sparse_interface="sparray"),
}
if "sparse_interface" not in sklearn.get_config():  # before scikit-learn 1.9
    del WORLDS["arrays of SciPy"]


def world():
    return {
        "NumPy's generator": str(np.random.get_state()),
        "torch's generator": torch.get_rng_state().tolist(),
        "grad mode": torch.is_grad_enabled(),
        "inference mode": torch.is_inference_mode_enabled(),
        "warning filters": list(warnings.filters),
        "threads": torch.get_num_threads(),
        "type": torch.get_default_dtype(),
        "device": torch.empty(0).device,
        "deterministic algorithms": torch.are_deterministic_algorithms_enabled(),
        "autocast": (torch.ones(1, 1) @ torch.ones(1, 1)).dtype,
        "NumPy's errors": np.geterr(),
        "scikit-learn's settings": sklearn.get_config(),
    }


def run(model):
    make, X, y = MODELS[model]
    before = world()
    fitted = make().fit(X, y)
    assert world() == before
    if model == "tags":
        scores = [[score for _, score in row] for row in fitted.predict_topk(X, k=4)]
        assert fitted.predict(X) == [tuple(sorted(row)) for row in TAGS]
    else:
        scores = fitted.decision_function(X)
    assert world() == before
    return np.asarray(scores)


@pytest.fixture(scope="module")
def expected():
    return {model: run(model) for model in MODELS}


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("model", MODELS)
def test_world_outside(model, name, expected):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with WORLDS[name]():
            scores = run(model)
    np.testing.assert_allclose(scores, expected[model], atol=1e-6)
