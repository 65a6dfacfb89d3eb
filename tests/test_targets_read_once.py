"""What was read is passed on without a second reading."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp

from skbalance import (
    _targets,
)
from skbalance._targets import (
    UNCERTAIN,
    UNKNOWN,
    read_indicator,
    read_labels,
    read_targets,
)
from tests.test_targets import Y


@pytest.mark.parametrize("container", [sp.csr_array, sp.csr_matrix, sp.csc_array])
def test_what_was_read_and_its_rows_are_not_read_again(container, monkeypatch):
    y = read_targets(container(Y))
    monkeypatch.setattr(_targets, "_to_array", lambda *args: pytest.fail("read again"))
    rows = np.array([3, 0, 0, 2])
    for part in (
        y,
        y[rows],
        y[5:20],
        y[rows, :],
        y[rows, ...],
        y[np.arange(40) % 3 == 0],
        joblib_copy(y),
        y[:, [0, 2]],
        y[rows, :1],
    ):
        assert read_targets(part) is part
        assert read_indicator(part, also=UNKNOWN) is part
        _, encoding, indicator = read_labels(part)
        assert indicator.dtype == np.int8
        assert encoding.sparse == ("matrix" if container is sp.csr_matrix else "array")
        assert read_indicator(indicator) is indicator
        assert type(encoding.decode(indicator.toarray() - 0.5)) is (
            sp.csr_matrix if container is sp.csr_matrix else sp.csr_array
        )
    np.testing.assert_array_equal(read_targets(y[rows]).toarray(), Y[rows])


def joblib_copy(y):
    return pickle.loads(pickle.dumps(y))


def put_two(y):
    y[0, 0] = 2
    return y


@pytest.mark.parametrize("change", [lambda y: y * 2, lambda y: y + y, lambda y: y.astype(float) / 2, put_two])
def test_what_is_made_of_it_is_read_anew(change):
    with pytest.raises(ValueError, match="holds only 0 and 1"):
        read_targets(change(read_targets(sp.csr_array(Y))))


def test_unknown_and_soft_labels_are_passed_on_only_where_they_are_asked_for():
    for value, also in ((np.nan, UNKNOWN), (0.5, UNCERTAIN)):
        y = read_targets(sp.csr_array([[value, 1.0], [1, 0]]), also=also)
        assert read_targets(y, also=UNCERTAIN) is y
        assert read_targets(y[[0]], also=also) is not None
        with pytest.raises(ValueError, match="holds only 0 and 1"):
            read_targets(y)
    assert read_targets(read_targets(sp.csr_array(Y * 1.0), also=UNCERTAIN)) is not None
