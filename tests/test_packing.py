"""Saved decisions hold no type but the package's own."""

import copy

import numpy as np
import pytest
import scipy.sparse as sp
import skops.io

from skbalance import BalancedMultiLabelClassifier, TagClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance._packing import pack, unpack
from skbalance.decisions._label_texts import check_label_texts
from skbalance.memory import CosineCentroidClassifier, CosineNeighborsClassifier

RNG = np.random.default_rng(0)
X, Y = RNG.random((40, 6)), (RNG.random((40, 3)) < 0.4).astype(int)
TEXTS = ["wheat and corn", "crude oil", "wheat harvest", "oil and gas", "corn"] * 5
TAGS = [["wheat", "corn"], ["oil"], ["wheat"], ["oil", "gas"], ["corn"]] * 5


@pytest.mark.parametrize("make", [sp.csr_array, sp.csr_matrix, sp.csc_array, np.asarray])
def test_a_matrix_comes_out_as_it_went_in(make):
    found = unpack(pack(make(np.eye(2, 3))))
    assert isinstance(found, np.ndarray if make is np.asarray else sp.csr_array)
    np.testing.assert_array_equal(found.toarray() if sp.issparse(found) else found, np.eye(2, 3))


def test_of_a_list_each_is_packed_and_comes_out_as_the_type_that_is_asked_for():
    packed = pack([sp.csc_array(np.eye(2)), np.ones(3)])
    assert [type(each) for each in packed] == [tuple, np.ndarray]
    matrix, plain = unpack(packed, sp.csr_matrix)
    assert isinstance(matrix, sp.csr_matrix)
    np.testing.assert_array_equal(matrix.toarray(), np.eye(2))
    np.testing.assert_array_equal(plain, np.ones(3))


KINDS = [{}, {"scores": "estimator"}, {"label_texts": np.eye(3, 6)}, {"strategy": "top_k"}]


@pytest.mark.parametrize("settings", KINDS)
def test_skops_lists_types_of_the_package_alone(settings):
    tuner = TunedThresholdMultiLabelClassifierCV(BalancedMultiLabelClassifier(), cv=2, **settings)
    check(tuner.fit(X, sp.csr_array(Y)), X, lambda predicted: predicted.toarray().tolist())


def test_skops_lists_types_of_the_package_alone_for_tags():
    check(TagClassifier(random_state=0).fit(TEXTS, TAGS), TEXTS, list)


@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix])
@pytest.mark.parametrize("model", [CosineCentroidClassifier(), CosineNeighborsClassifier(3)], ids=["mean", "nearest"])
def test_skops_lists_types_of_the_package_alone_for_what_is_remembered(make, model):
    check(model.fit(make(X), Y), make(X), lambda predicted: predicted.tolist())


def check(model, rows, plain):
    blob = skops.io.dumps(model)
    untrusted = skops.io.get_untrusted_types(data=blob)
    assert all(name.startswith("skbalance.") for name in untrusted)
    loaded = skops.io.loads(blob, trusted=untrusted)
    assert plain(loaded.predict(rows)) == plain(model.predict(rows))


@pytest.mark.parametrize("make", [sp.csr_array, np.asarray])
def test_label_vectors_can_be_copied(make):
    vectors = check_label_texts(make(np.eye(2)), 2)
    again = copy.deepcopy(vectors)
    assert (again.names, again.n_labels) == (vectors.names, 2)
    (block,) = again.blocks
    assert (block.start, block.end, block.owners.tolist()) == (0, 2, [0, 1])
    assert sp.issparse(block.texts) == (make is sp.csr_array)
    np.testing.assert_array_equal(block.texts.toarray() if sp.issparse(block.texts) else block.texts, np.eye(2))
