"""Targets of the meta-estimators."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.exceptions import DataConversionWarning
from sklearn.preprocessing import LabelBinarizer

from skbalance.crossfit._rows import encode_tuning_targets

RNG = np.random.default_rng(0)
Y = (RNG.normal(size=(60, 4)) > 0.8).astype(int)


@pytest.mark.parametrize("container", [np.asarray, sp.csr_matrix, sp.csc_array, lambda y: y.tolist()])
def test_indicators(container):
    _, encoding, indicator = encode_tuning_targets(container(Y))
    assert encoding.kind == "multilabel"
    np.testing.assert_array_equal(indicator.toarray(), Y)


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16])
def test_more_labels_than_the_type_of_y_can_number(container, dtype):
    """The classifier inside is not fitted on a type in which scikit-learn numbers labels wrongly."""
    Y = np.tile(np.eye(300, dtype=dtype), (3, 1))
    y, encoding, indicator = encode_tuning_targets(container(Y))
    np.testing.assert_array_equal(indicator.toarray(), Y)
    np.testing.assert_array_equal(LabelBinarizer().fit_transform(y), Y)
    assert encoding.indicator(indicator.toarray()).dtype == dtype


def test_single_column():
    with pytest.warns(DataConversionWarning, match="A column-vector y was passed"):
        y, encoding, indicator = encode_tuning_targets(Y[:, :1])
    assert y.shape == (60,)
    assert encoding.n_outputs == indicator.shape[1] == 1
    y, _, _ = encode_tuning_targets(sp.csr_array(Y[:, :1]))
    np.testing.assert_array_equal(y, Y[:, 0])


@pytest.mark.parametrize(
    ("y", "match"),
    [
        (None, "requires y"),
        (np.arange(60) % 3, "Unknown label type: multiclass"),
        (np.linspace(0, 1, 60), "Unknown label type"),
        (np.full((60, 2), np.inf), "infinity"),
        (Y + 1, "0 and 1"),
    ],
)
def test_other_targets_are_refused(y, match):
    with pytest.raises(ValueError, match=match):
        encode_tuning_targets(y)
