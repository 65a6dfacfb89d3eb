"""What the classifier's parameters leave open, the choice of a solver, and blocks of labels."""

import re

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

from skbalance import BalancedMultiLabelClassifier
from skbalance.losses import get_loss
from skbalance.training._batches import Moments, TrainingData
from skbalance.training._problem import (
    check_hidden_layer_sizes,
    choose_solver,
    label_blocks,
    resolve_problem,
    resolve_term_weighting,
    training_dtype,
    warn_of_units,
)


def test_large_models_train_in_single_precision():
    double, single = np.dtype(np.float64), np.dtype(np.float32)
    near, far = Moments(np.ones(3), np.ones(3)), Moments(np.array([0, 2e4, 1]), np.ones(3))
    assert training_dtype(double, [511, 512], 1e-3, near) == double
    assert training_dtype(double, [512, 512], 1e-3, near) == single
    assert training_dtype(double, [256, 512, 256], 1e-3, near) == single
    assert training_dtype(double, [512, 512], 1e-7, near) == double
    assert training_dtype(double, [512, 512], 1e-3, far) == double
    for size in (1e-20, 1e20):
        assert training_dtype(double, [512, 512], 1e-3, Moments(np.zeros(3), np.full(3, size**2))) == double
    assert training_dtype(single, [2, 2], 0, near) == single


def test_far_features_in_single_precision_are_warned_of():
    far = Moments(np.array([0, -2e4, 1]), np.ones(3))
    with pytest.warns(UserWarning, match=r"mean of 2e\+04 times its standard deviation.*float64.*StandardScaler"):
        training_dtype(np.dtype(np.float32), [2, 2], 0, far)
    training_dtype(np.dtype(np.float64), [2, 2], 0, far)
    training_dtype(np.dtype(np.float32), [2, 2], 0, Moments(np.full(2, 1e9), np.array([0.0, 1e12])))


def test_features_whose_squares_overflow_are_refused():
    for dtype, size in ((np.float32, 2e19), (np.float64, 2e154)):
        with pytest.raises(ValueError, match=f"too large to train on in {np.dtype(dtype)}: their squares pass"):
            training_dtype(np.dtype(dtype), [2, 2], 0, Moments(np.array([0, size]), np.zeros(2)))
        with np.errstate(over="ignore"), pytest.raises(ValueError, match="Scale them to about unit size"):
            training_dtype(np.dtype(dtype), [2, 2], 0, Moments(np.zeros(2), np.array([0, size]) ** 2))


def test_units_that_adam_does_not_take_are_warned_of():
    for size in (0.0, 0.02, 1.0, 500.0):
        warn_of_units(Moments(np.zeros(2), np.full(2, size**2 / 2)))
    for size in (1e-3, 1e4):
        with pytest.warns(ConvergenceWarning, match=re.escape(f"deviation of X is {size:.0e}. Scale it")):
            warn_of_units(Moments(np.zeros(2), np.full(2, size**2 / 2)))


def test_hidden_layer_sizes():
    assert check_hidden_layer_sizes(()) == ()
    assert check_hidden_layer_sizes(3) == (3,)
    assert check_hidden_layer_sizes(np.array([3, 2])) == (3, 2)
    for sizes in ((np.int64(8),), [np.uint8(8)], np.int32(8)):
        assert check_hidden_layer_sizes(sizes) == (8,)
        assert type(check_hidden_layer_sizes(sizes)[0]) is int
    for sizes in ([0], [-1, 2], [1.5], ["3"], (True,), [np.True_], [[2, 3]], [10**9], None):
        with pytest.raises(ValueError, match=re.escape(f"positive integers up to 1048576; got {sizes}")):
            check_hidden_layer_sizes(sizes)


def resolved(X, weight=None, **params):
    """The parameters of a classifier for these features and a label of every other sample."""
    y = sp.csr_array((np.arange(X.shape[0]) % 2)[:, None])
    weight = np.ones(X.shape[0]) if weight is None else weight
    model = BalancedMultiLabelClassifier("bce", **params)
    return resolve_problem(model, X, y, weight, True, np.random.RandomState(0))[1]


@pytest.mark.parametrize(
    ("given", "n_samples", "expected"),
    [("auto", 10, 10), ("auto", 512, 512), ("auto", 513, 256), (300, 10, 10), (300, 1000, 300)],
)
def test_batch_size(given, n_samples, expected):
    assert resolved(np.random.default_rng(0).normal(size=(n_samples, 2)), batch_size=given).batch_size == expected


def samples(X, weight=None):
    weight = np.ones(X.shape[0]) if weight is None else weight
    return TrainingData.from_arrays(X, sp.csr_array(np.ones((X.shape[0], 1))), weight)


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_penalty_is_told_by_the_variance_and_the_number_of_samples(container, dtype):
    X = np.random.default_rng(0).poisson(0.3, (200, 7)).astype(dtype)
    expected = get_loss("bce").penalty_strength * X.var(axis=0, dtype=np.float64).sum() / np.sqrt(200)
    assert resolved(container(X)).alpha == pytest.approx(expected, rel=1e-12)
    assert resolved(container(4 * X)).alpha == pytest.approx(16 * expected, rel=1e-12)
    assert resolved(container(X), alpha=1e-3).alpha == 1e-3


def test_the_penalty_of_weighted_samples_is_that_of_repeated_ones():
    rng = np.random.default_rng(0)
    X, weight = rng.normal(size=(30, 4)), rng.integers(0, 4, 30)
    repeated = resolved(np.repeat(X, weight, axis=0)).alpha
    assert resolved(X, weight.astype(float)).alpha == pytest.approx(repeated, rel=1e-12)


def test_constant_features_have_no_penalty():
    assert resolved(np.full((9, 2), 0.1)).alpha == pytest.approx(0, abs=1e-15)


def test_features_of_large_units_do_not_set_the_penalty():
    """None is taken for more than one part in sqrt(n_features) of the sum."""
    variance = np.r_[np.ones(19), 0.0]  # one that does not vary is none
    assert Moments(np.zeros(20), variance).spread == pytest.approx(19)
    for large in (1e4, 1e8):
        variance[0] = large
        spread = Moments(np.zeros(20), variance).spread
        assert spread == pytest.approx(18 / (1 - 1 / np.sqrt(19)))
        variance[1] = 2 * large
        assert Moments(np.zeros(20), variance).spread == pytest.approx(17 / (1 - 2 / np.sqrt(19)))
        variance[1] = 1
    few = [
        ([4.0], 4),
        ([5.0, 3.0], 8),
        ([9.0, 1.0], 1 / (1 - np.sqrt(0.5))),
        ([5.0, 0.0], 5),
        ([0.0, 0.0], 0),
        ([2.0, 2.0, 2.0], 6),
    ]
    for variance, expected in few:
        assert Moments(np.zeros(len(variance)), np.array(variance)).spread == pytest.approx(expected)


@settings(max_examples=50)
@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=40), st.floats(1e-24, 1e24))
def test_the_spread_is_its_own_limit(variance, unit):
    moments = Moments(np.zeros(len(variance)), np.array(variance))
    spread = moments.spread
    assert np.minimum(variance, spread / np.sqrt(len(variance))).sum() == pytest.approx(spread, rel=1e-6)
    assert Moments(moments.mean, moments.variance * unit).spread == pytest.approx(spread * unit, rel=1e-9)


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_term_weights_are_for_linear_models_of_mostly_zeros(container):
    words, embeddings = samples(container(np.eye(3))), samples(container(np.ones((3, 3)) - np.eye(3)))
    assert resolve_term_weighting("auto", words, (), "lbfgs") == "rf"
    assert resolve_term_weighting("auto", words, (3,), "lbfgs") is None
    assert resolve_term_weighting("auto", words, (), "adam") is None
    assert resolve_term_weighting("auto", embeddings, (), "lbfgs") is None
    assert resolve_term_weighting("rf", embeddings, (), "lbfgs") == "rf"
    assert resolve_term_weighting(None, words, (), "lbfgs") is None


def test_the_share_of_zeros_is_that_of_repeated_samples():
    X = np.array([[1.0, 0, 0], [1, 1, 1]])
    kinds = [resolve_term_weighting("auto", samples(X, np.array([n, 1.0])), (), "lbfgs") for n in (1, 9)]
    assert kinds == [None, "rf"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "lbfgs"),
        ({"sizes": [15_000, 5, 90]}, "adam"),
        ({"early_stopping": True}, "adam"),
        ({"sizes": [100_000, 18_211]}, "lbfgs"),
        ({"sizes": [100_000, 335], "separable": False}, "lbfgs"),
        ({"sizes": [100_000, 336], "separable": False}, "adam"),
        ({"solver": "adam"}, "adam"),
        ({"solver": "lbfgs", "sizes": [15_000, 18_211], "separable": False}, "lbfgs"),
    ],
)
def test_choice(change, expected):
    usual = {"solver": "auto", "sizes": [15_000, 90], "early_stopping": False, "separable": True}
    assert choose_solver(**{**usual, **change}) == expected


def test_lbfgs_has_no_early_stopping():
    with pytest.raises(ValueError, match=r"early_stopping=True is for solver='adam'.*got solver='lbfgs'"):
        choose_solver("lbfgs", [3, 2], early_stopping=True, separable=True)


@pytest.mark.parametrize(
    ("sizes", "change", "lengths"),
    [
        ([9, 256], {}, [256]),
        ([9, 257], {}, [128, 129]),
        ([1 << 20, 65], {}, [21, 22, 22]),
        ([1 << 26, 3], {}, [1, 1, 1]),
        ([9, 600], {"separable": False}, [600]),
        ([9, 600], {"solver": "adam"}, [600]),
        ([9, 5, 600], {}, [600]),
    ],
)
def test_blocks_of_labels(sizes, change, lengths):
    blocks = label_blocks(sizes, **{"solver": "lbfgs", "separable": True, **change})
    assert [block.stop - block.start for block in blocks] == lengths
    np.testing.assert_array_equal(np.concatenate([np.arange(sizes[-1])[block] for block in blocks]), range(sizes[-1]))


def test_blocks_that_go_side_by_side_do_not_depend_on_the_number_of_jobs():
    def sizes(n_labels, n_jobs, separable=True):
        return [part.stop - part.start for part in label_blocks([100, n_labels], "lbfgs", separable, n_jobs)]

    assert sizes(90, None) == sizes(90, 1) == sizes(90, 2, separable=False) == [90]
    assert sizes(90, 2) == sizes(90, -1) == [45, 45]
    assert sizes(500, 3) == [125] * 4
    assert sizes(63, 2) == [63]
    assert sizes(5000, 2) == sizes(5000, None)


@pytest.mark.parametrize(("given", "expected"), [(None, None), (0.0, 0.0), ("auto", 0.003)])
def test_coef_threshold(given, expected):
    assert resolved(np.eye(4), coef_threshold=given).coef_threshold == expected


@pytest.mark.parametrize("given", [{"coef_threshold": 0.1}, {"coef_threshold": "auto"}, {"term_weighting": "rf"}])
def test_thresholds_of_coefficients_and_weights_of_terms_are_for_linear_models(given):
    resolved(np.eye(4), hidden_layer_sizes=3, term_weighting="auto", coef_threshold=None)
    ((name, value),) = given.items()
    with pytest.raises(ValueError, match=rf"^{name}={value!r} is for linear models; got hidden_layer_sizes=\(3,\)"):
        resolved(np.eye(4), hidden_layer_sizes=3, **given)
