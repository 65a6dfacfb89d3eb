"""What holds of every classifier that remembers."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.utils.estimator_checks import parametrize_with_checks

from skbalance.memory import CosineCentroidClassifier, CosineNeighborsClassifier


@parametrize_with_checks([CosineCentroidClassifier(), CosineCentroidClassifier(1), CosineNeighborsClassifier()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("classifier", [CosineCentroidClassifier(), CosineNeighborsClassifier(3)])
def test_a_place_that_is_held_twice_is_the_sum(classifier):
    rng = np.random.default_rng(0)
    X, y = rng.random((30, 5)) * (rng.random((30, 5)) < 0.6), rng.integers(2, size=(30, 3))
    once = sp.csr_array(X)
    parts = np.column_stack([share := rng.random(once.nnz), 1 - share]) * once.data[:, None]
    twice = sp.csr_array((parts.ravel(), np.repeat(once.indices, 2), 2 * once.indptr), shape=once.shape)
    expected = classifier.fit(once, y).decision_function(once)
    np.testing.assert_allclose(classifier.decision_function(twice), expected, atol=1e-12)
    np.testing.assert_allclose(classifier.fit(twice, y).decision_function(once), expected, atol=1e-12)
    assert twice.nnz == 2 * once.nnz


@pytest.mark.parametrize("classifier", [CosineCentroidClassifier(), CosineNeighborsClassifier(3)])
def test_what_fails_changes_nothing(classifier):
    rng = np.random.default_rng(0)
    X, y = rng.random((30, 5)), rng.integers(2, size=(30, 3))
    before = classifier.fit(X, y).decision_function(X)
    with pytest.raises(ValueError, match="sample_weight must be finite"):
        classifier.fit(X[:, :3], y, sample_weight=-np.ones(30))
    np.testing.assert_array_equal(classifier.decision_function(X), before)
