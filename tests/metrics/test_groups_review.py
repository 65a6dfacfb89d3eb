"""What is gained by mending rows, against scikit-learn's F1 of mended predictions."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.metrics import f1_score

from skbalance.metrics import doubt_gain, review_curve

RNG = np.random.default_rng(0)
Y_TRUE = (RNG.random((60, 5)) < 0.3).astype(int)
Y_PRED = np.where(RNG.random((60, 5)) < 0.2, 1 - Y_TRUE, Y_TRUE)
DOUBT = RNG.random(60)
SHARES = [0, 0.1, 0.25, 0.5, 1]


def mended_f1(order, n, average, truth=Y_TRUE, predicted=Y_PRED):
    mended = predicted.copy()
    mended[order[:n]] = truth[order[:n]]
    return f1_score(truth, mended, average=average)


@pytest.mark.parametrize("average", ["micro", "macro"])
@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_the_curve_is_f1_of_mended_rows(average, make):
    curve = review_curve(make(Y_TRUE), make(Y_PRED), DOUBT, shares=SHARES, average=average)
    order, numbers = np.argsort(-DOUBT), [0, 6, 15, 30, 60]
    np.testing.assert_allclose(curve.by_doubt, [mended_f1(order, n, average) for n in numbers])
    worst = np.argsort(-(Y_TRUE != Y_PRED).sum(axis=1), kind="stable")
    np.testing.assert_allclose(curve.best, [mended_f1(worst, n, average) for n in numbers])
    draws = [np.random.default_rng(seed).permutation(60) for seed in range(300)]
    expected = [np.mean([mended_f1(each, n, average) for each in draws]) for n in numbers]
    np.testing.assert_allclose(curve.random, expected, atol=0.02)
    gain = doubt_gain(Y_TRUE, Y_PRED, DOUBT, share=0.25, average=average)
    assert gain == pytest.approx(np.diff(curve.by_doubt[[0, 2]])[0] / np.diff(curve.random[[0, 2]])[0])


def test_the_whole_curve():
    curve = review_curve(Y_TRUE, Y_PRED, DOUBT)
    np.testing.assert_allclose(curve.shares, np.arange(101) / 100)
    for name in ("by_doubt", "random", "best"):
        assert curve[name].shape == (101,)
        assert curve[name][-1] == 1
    assert (curve.best >= curve.random - 1e-12).all()


def test_unknown_labels_and_labels_that_no_row_has_are_left_out():
    truth = np.column_stack([Y_TRUE, np.zeros(60)]).astype(float)
    truth[:20, 0] = np.nan
    predicted = np.column_stack([Y_PRED, Y_PRED[:, 0]])
    known = truth.copy()
    known[:20, 0] = 0
    expected = f1_score(known[:, :5], np.where(np.isnan(truth), 0, predicted)[:, :5], average="macro")
    curve = review_curve(truth, predicted, DOUBT, shares=[0, 1], average="macro")
    np.testing.assert_allclose(curve.by_doubt, [expected, 1])


def test_where_nothing_is_to_be_gained():
    assert np.isnan(doubt_gain(Y_TRUE, Y_TRUE, DOUBT))
    assert np.isnan(doubt_gain(Y_TRUE, Y_PRED, DOUBT, share=0.001))
    nothing = np.zeros_like(Y_TRUE)
    assert np.isnan(review_curve(nothing, nothing, DOUBT, average="macro").by_doubt).all()
    assert np.isnan(review_curve(nothing, nothing, DOUBT).by_doubt).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"average": "samples"}, "average must be one of"),
        ({"shares": [0.5, 0.1]}, "shares must be numbers from 0 to 1 in increasing order"),
        ({"shares": [-0.1]}, "shares must be numbers from 0 to 1"),
        ({"shares": 0.5}, "shares must be numbers from 0 to 1"),
        ({"doubt": DOUBT[:5]}, "doubt must hold one number for each of 60 rows"),
        ({"doubt": np.full(60, np.nan)}, "doubt must hold one number for each of 60 rows"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        review_curve(Y_TRUE, Y_PRED, **{"doubt": DOUBT, **arguments})


@pytest.mark.parametrize("share", [0, 1.5, True, "a", np.nan])
def test_shares_that_are_refused(share):
    with pytest.raises(ValueError, match="share must be a number above 0, and 1 at most"):
        doubt_gain(Y_TRUE, Y_PRED, DOUBT, share=share)
