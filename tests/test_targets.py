"""Targets in and out."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.exceptions import DataConversionWarning

from skbalance._targets import encode_targets


@pytest.mark.parametrize("container", [np.asarray, sp.csr_matrix, sp.csr_array])
def test_indicator_round_trip(container):
    y = container(np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0]], dtype=np.int32))
    encoding, indicator = encode_targets(y)
    assert encoding.kind == "multilabel"
    assert encoding.n_outputs == 3
    back = encoding.decode(indicator.toarray() - 0.5)
    assert type(back) is type(y)
    assert back.dtype == np.int32
    assert not (back != y).sum()


def test_the_callers_sparse_target_is_not_changed():
    y = sp.csr_matrix((np.array([1, 0]), np.array([0, 1]), np.array([0, 1, 2])), shape=(2, 2))
    _, indicator = encode_targets(y)
    assert indicator.nnz == 1
    assert y.nnz == 2


def test_classes_round_trip():
    for y in (np.array(["b", "a", "b"]), np.array(["c", "a", "b"]), np.array([7, 3, 7])):
        encoding, indicator = encode_targets(y)
        np.testing.assert_array_equal(encoding.decode(indicator.toarray() - 0.5), y)
    assert encode_targets(np.array([0, 1, 1]))[0].n_outputs == 1


def test_columns():
    encoding, _ = encode_targets(np.array([[0], [1]]))
    assert encoding.kind == "multilabel"
    with pytest.warns(DataConversionWarning, match="column-vector"):
        encoding, _ = encode_targets(np.array([[3], [5]]))
    assert encoding.kind == "binary"


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array([[0, 2], [1, 0]]), r"got \[2\]"),
        (sp.csr_array(np.array([[0, 2.5], [1, 0]])), r"got \[2.5\]"),
        (np.array([["a", "b"], ["c", "d"]]), r"got .*'a'.*MultiLabelBinarizer"),
        (np.array(["x", "x"]), r"only one class is present; y holds only .*'x'"),
    ],
)
def test_bad_targets(y, message):
    with pytest.raises(ValueError, match=message):
        encode_targets(y)
