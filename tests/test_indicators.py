import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal

from skbalance._indicators import (
    align_indicators,
    check_indicator,
    check_row_weight,
    label_confusion,
    label_sums,
)

Y = np.array([[1, 0, 1], [0, 0, 1]])


@pytest.mark.parametrize("convert", [list, pd.DataFrame, np.float32, bool, object])
def test_dense(convert):
    y = Y.astype(convert) if convert in (np.float32, bool, object) else convert(Y)
    got = check_indicator(y)
    assert got.dtype == bool
    assert_array_equal(got, Y.astype(bool))


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csc_array, sp.coo_array, sp.lil_matrix])
def test_sparse(kind):
    got = check_indicator(kind(Y))
    assert isinstance(got, sp.csr_array)
    assert_array_equal(got.toarray(), Y)


def test_stored_zeros_and_unsorted_entries_are_put_in_order_in_a_copy():
    y = sp.csr_matrix((np.array([1, 0, 1]), np.array([2, 1, 0]), np.array([0, 3, 3])), shape=(2, 3))
    got = check_indicator(y)
    assert got.nnz == 2
    assert got.has_canonical_format
    assert_array_equal(y.data, [1, 0, 1])
    assert_array_equal(y.indices, [2, 1, 0])


def test_a_pair_that_is_stored_twice_counts_once():
    y = sp.csr_matrix((np.array([1, 1]), np.array([1, 1]), np.array([0, 2])), shape=(1, 3))
    assert_array_equal(check_indicator(y).toarray(), [[0, 1, 0]])
    with pytest.raises(ValueError, match=r"holds \[2\]"):
        check_indicator(2 * y)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -1, 0.5])
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_other_values(value, kind):
    y = Y.astype(float)
    y[0, 0] = value
    with pytest.raises(ValueError, match="y_true must be a label indicator that holds only 0 and 1"):
        check_indicator(kind(y))


def test_infinities_of_both_signs():
    with pytest.raises(ValueError, match="NaN and infinity"):
        check_indicator([[np.inf, -np.inf]])


@pytest.mark.parametrize("weight", [None, np.array([2.0, 0.5])])
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_sums(weight, kind):
    w = np.ones(2) if weight is None else weight
    other = np.array([[1, 1, 0], [0, 1, 1]])
    truth, guess = align_indicators(kind(Y), other)
    assert_array_equal(label_sums(truth, weight), w @ Y)
    for got, expected in zip(label_confusion(truth, guess, weight), (Y & other, other, Y)):
        assert_array_equal(got, w @ expected)


@pytest.mark.parametrize("weight", [[1, 2, 3], [[1], [2]], [1, -1], [0, 0], [1, np.nan], ["a", "b"], [None, {}]])
def test_bad_weights(weight):
    with pytest.raises(ValueError, match="sample_weight"):
        check_row_weight(weight, 2)
