from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from sklearn.preprocessing import LabelBinarizer

from skbalance.datasets import _base
from skbalance.datasets._base import as_returned, tag_matrix


@pytest.mark.parametrize("name", ["reuters21578", "bioasq", "long_tailed_multilabel"])
def test_descriptions(name):
    text = as_returned(name, False, data=[], target=[], target_names=[]).DESCR
    assert text.startswith(".. _")
    assert len(text) > 300


def test_every_description_file_is_asked_for():
    folder = Path(_base.__file__).parent / "descr"
    described = {"reuters21578", "bioasq", "long_tailed_multilabel", "web_features"}
    assert {path.stem for path in folder.iterdir()} == described


def test_tag_matrix():
    target = tag_matrix([["c", "a"], [], ["b"]], ["a", "b", "c", "d"])
    assert type(target) is sparse.csr_matrix
    assert target.dtype == np.int64
    assert target.has_sorted_indices
    np.testing.assert_array_equal(target.toarray(), [[1, 0, 1, 0], [0, 0, 0, 0], [0, 1, 0, 0]])


def test_labels_beyond_255_survive_the_label_binarizer():
    """With uint8, OneVsRestClassifier would mix them up."""
    names = [str(number) for number in range(300)]
    target = tag_matrix([[name] for name in names], names)
    np.testing.assert_array_equal(LabelBinarizer().fit_transform(target), np.eye(300))
