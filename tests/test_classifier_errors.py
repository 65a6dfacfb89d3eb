"""The estimator: what is refused, in which words, and that nothing changes then."""

import re

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.exceptions import NotFittedError

from skbalance.losses import (
    BinaryCrossEntropy,
    ClassBalancedFocalLoss,
    FocalLoss,
)
from tests.classifiers import make_data, small


@pytest.fixture(scope="module")
def data():
    return make_data()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"loss": "focall"}, r"'bce', 'focal'.*got 'focall'"),
        ({"loss": BinaryCrossEntropy(reweight="inv")}, r"'reweight'.*'inverse'.*Got 'inv'"),
        ({"loss": FocalLoss(gamma=-1)}, r"'gamma'.*Got -1"),
        ({"solver": "sgd"}, r"'solver'.*'lbfgs'.*Got 'sgd'"),
        ({"alpha": -1}, "'alpha'.*Got -1"),
        ({"alpha": "best"}, "'alpha'.*'auto'.*Got 'best'"),
        ({"tol": "best"}, "'tol'.*'auto'.*Got 'best'"),
        ({"term_weighting": "idf"}, r"'term_weighting'.*'rf'.*None.*Got 'idf'"),
        ({"term_weighting": "rf", "hidden_layer_sizes": (5,)}, r"'rf' is for linear models; got.*\(5,\)"),
        ({"hidden_layer_sizes": (0,)}, r"positive integers up to 1048576; got \(0,\)"),
        ({"hidden_layer_sizes": (2.5,)}, r"positive integers up to 1048576; got \(2.5,\)"),
        ({"hidden_layer_sizes": True}, "'hidden_layer_sizes'.*array-like or an int.*Got True"),
        ({"alpha": True}, "'alpha'.*float in the range.*Got True"),
        ({"max_iter": np.True_}, "'max_iter'.*int in the range.*Got .*True"),
        ({"solver": "lbfgs", "early_stopping": True}, "early_stopping=True is for solver='adam'"),
        ({"dropout": 1.0}, "'dropout'"),
        ({"batch_size": 0}, "'batch_size'"),
        ({"max_iter": 0}, "'max_iter'"),
        ({"validation_fraction": 1.0}, "'validation_fraction'"),
        ({"device": "tpu"}, "device='tpu' cannot be used here"),
        ({"device": "meta"}, "device='meta' cannot be used here"),
        ({"loss": ClassBalancedFocalLoss(base="softmax")}, "exclude each other; y is a label indicator"),
    ],
)
def test_bad_parameters(data, params, message):
    X, y = data
    model = small(**params)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert vars(model) == {**vars(model), **params}
    assert not hasattr(model, "n_features_in_")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (np.where(X.toarray() > 0, np.nan, 0), y), "NaN"),
        (lambda X, y: (np.full(X.shape, np.inf), y), "infinity"),
        (lambda X, y: (X, y * 2), r"holds only 0 and 1; it holds \[2\]"),
        (lambda X, y: (X, sp.csr_array(y * 3)), r"holds only 0 and 1; it holds \[3\]"),
        (lambda X, y: (X, y - 0.5), r"holds only 0 and 1; it holds \[-0.5, 0.5\]"),
        (lambda X, y: (X, np.where(y == 1, "yes", "no")), "MultiLabelBinarizer"),
        (lambda X, y: (X, y[:-1]), "inconsistent numbers of samples"),
        (lambda X, y: (X, np.zeros(300)), "only one class is present"),
        (lambda X, y: (X, np.linspace(0, 1, 300)), "Unknown label type: continuous"),
        (lambda X, y: (X[:0], y[:0]), "0 sample"),
    ],
)
def test_bad_data_leaves_the_estimator_as_it_was(data, change, message):
    X, y = data
    model = small().fit(X, y)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=message):
        model.fit(*change(X, y))
    assert vars(model) == before
    model.predict(X)


def test_bad_weights(data):
    X, y = data
    with pytest.raises(ValueError, match="zero"):
        small().fit(X, y, sample_weight=np.zeros(300))
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        small().fit(X, y, sample_weight=np.linspace(-1, 1, 300))
    with pytest.raises(ValueError, match=r"finite.*got array"):
        small().fit(X, y, sample_weight=np.full(300, np.nan))


def test_parameters_of_a_loss_named_by_a_string():
    model = small(loss="db")
    before = model.get_params()
    with pytest.raises(ValueError, match=re.escape("loss=FocalLoss()")):
        model.set_params(loss="focal", loss__gamma=1)
    with pytest.raises(ValueError, match=re.escape("loss=DistributionBalancedLoss()")):
        model.set_params(loss__gamma=1)
    assert model.get_params() == before
    model.set_params(loss=FocalLoss(), loss__gamma=1)
    assert model.loss.gamma == 1
    with pytest.raises(ValueError, match="Invalid parameter 'gama'"):
        model.set_params(loss__gama=1)


@pytest.mark.parametrize("device", ["cuda:99"] if torch.cuda.is_available() else ["cuda", "cuda:99"])
def test_a_gpu_that_is_not_there(data, device):
    X, y = data
    with pytest.raises(ValueError, match=f"device='{device}' cannot be used here"):
        small(device=device).fit(X, y)


def test_bad_predictions(data):
    X, y = data
    with pytest.raises(NotFittedError):
        small().predict(X)
    with pytest.raises(ValueError, match="60 features"):
        small().fit(X, y).predict(X[:, :59])
