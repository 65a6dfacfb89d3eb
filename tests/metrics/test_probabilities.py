import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.metrics import brier_score_loss

from skbalance import _responses
from skbalance.metrics import expected_calibration_error, multilabel_brier_score_loss

Y = np.array([[1, 0], [0, 0], [1, 1], [1, 0]])
P = np.array([[0.9, 0.1], [0.6, 0.1], [0.6, 0.4], [0.9, 0.4]])


def test_hand_computed():
    # two bins: [0, .5) has p .1 .1 .4 .4 and one hit, [.5, 1] has p .9 .6 .6 .9 and three
    micro = (abs(1 - 1.0) + abs(3 - 3.0)) / 8
    assert_allclose(expected_calibration_error(Y, P, n_bins=2), micro, atol=1e-15)
    # ten bins, micro: .1: 0 of .2; .4: 1 of .8; .6: 1 of 1.2; .9: 2 of 1.8
    assert_allclose(expected_calibration_error(Y, P, n_bins=10), (0.2 + 0.2 + 0.2 + 0.2) / 8)
    # macro, by label: (.6: .2, .9: .2) / 4 and (.1: .2, .4: .2) / 4
    assert_allclose(expected_calibration_error(Y, P, n_bins=10, average="macro"), (0.4 / 4 + 0.4 / 4) / 2)
    weighted = expected_calibration_error(Y[:, :1], P[:, :1], n_bins=10, sample_weight=[1, 0, 2, 1])
    assert_allclose(weighted, (abs(2 - 1.8) + abs(2 - 1.2)) / 4)
    assert_allclose(multilabel_brier_score_loss(Y, P), (4 * 0.01 + 2 * 0.16 + 2 * 0.36) / 8)


def test_brier_agrees_with_sklearn():
    rng = np.random.default_rng(0)
    y, p, weight = rng.integers(0, 2, (40, 5)), rng.uniform(size=(40, 5)), rng.uniform(size=40)
    by_label = [brier_score_loss(y[:, j], p[:, j], sample_weight=weight) for j in range(5)]
    assert_allclose(multilabel_brier_score_loss(y, p, sample_weight=weight), np.mean(by_label))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["micro", "macro"]), st.integers(1, 20))
def test_properties(seed, average, n_bins):
    rng = np.random.default_rng(seed)
    y, p = rng.integers(0, 2, (12, 4)), rng.uniform(size=(12, 4))
    order = rng.permutation(4)
    kwargs = {"average": average, "n_bins": n_bins}
    error = expected_calibration_error(y, p, **kwargs)
    assert 0 <= error <= 1
    assert_allclose(expected_calibration_error(sp.csr_array(y), p, **kwargs), error)
    assert_allclose(expected_calibration_error(y[:, order], p[:, order], **kwargs), error)
    assert expected_calibration_error(y, y.astype(float), **kwargs) == 0
    assert expected_calibration_error(np.ones_like(y), np.zeros(y.shape), **kwargs) == 1
    assert_allclose(multilabel_brier_score_loss(sp.csr_array(y), p), np.mean((y - p) ** 2))


def test_frequencies_are_calibrated_and_blocks_change_nothing(monkeypatch):
    y = np.zeros((200, 3), dtype=int)
    y[:50, 0] = y[:100, 1] = y[:20, 2] = 1
    p = np.broadcast_to(y.mean(axis=0), y.shape)
    noisy = np.random.default_rng(0).uniform(size=y.shape).astype(np.float32)
    whole = expected_calibration_error(y, noisy), multilabel_brier_score_loss(y, noisy)
    assert_allclose(expected_calibration_error(y, p, average="macro"), 0, atol=1e-15)
    monkeypatch.setattr(_responses, "BLOCK_ELEMENTS", 10)
    assert_allclose((expected_calibration_error(y, noisy), multilabel_brier_score_loss(y, noisy)), whole)


@pytest.mark.parametrize(
    ("proba", "kwargs", "match"),
    [
        (P + 0.2, {}, "from 0 to 1; it reaches from 0.3 to 1.1"),
        (P - 0.2, {}, "from 0 to 1"),
        (P[:2], {}, "shape of y_true"),
        (np.full((4, 2), np.nan), {}, "NaN"),
        (sp.csr_array(P), {}, "dense"),
        (P, {"n_bins": 0}, "n_bins.*0"),
        (P, {"average": "samples"}, "'samples'"),
        (P, {"sample_weight": [1]}, "sample_weight"),
    ],
)
def test_bad_input(proba, kwargs, match):
    with pytest.raises(ValueError, match=match):
        expected_calibration_error(Y, proba, **kwargs)


def test_nothing_to_score():
    with pytest.raises(ValueError, match="rows and labels"):
        multilabel_brier_score_loss(Y[:0], P[:0])


@pytest.mark.parametrize("kind", [np.uint8, np.int8])
def test_small_integers_are_numbers_of_bins_like_others(kind):
    y, proba = np.tile([[0, 1, 1, 0]], (16, 40)), np.tile([[0.1, 0.9, 0.8, 0.99]], (16, 40))
    expected = expected_calibration_error(y, proba, n_bins=100, average="macro")
    assert expected_calibration_error(y, proba, n_bins=kind(100), average="macro") == expected
