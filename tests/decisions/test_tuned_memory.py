"""TunedThresholdMultiLabelClassifierCV with thousands of labels: nothing of its size is made dense."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin

from skbalance import TunedThresholdMultiLabelClassifierCV


class HashedScores(ClassifierMixin, BaseEstimator):
    """Cheap scores of many labels: a random projection, higher where the row's own labels are."""

    def __init__(self, n_labels):
        self.n_labels = n_labels

    def fit(self, X, y):
        self.weights_ = (X.T @ y).toarray().astype(np.float32) / (1 + np.asarray(y.sum(axis=0)).ravel())
        return self

    def decision_function(self, X):
        return X @ self.weights_


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["per_label_shrunk", "micro_macro", "top_k"])
def test_many_labels_stay_sparse(strategy):
    n_rows, n_labels = 6000, 2500
    y = sp.csr_array(sp.random(n_rows, n_labels, density=8 / n_labels, random_state=0))
    y = (y > 0).astype(np.int8)
    X = (y @ sp.csr_array(sp.random(n_labels, 200, density=0.05, random_state=1))).tocsr()
    model = TunedThresholdMultiLabelClassifierCV(HashedScores(n_labels), strategy=strategy, cv=3, random_state=0)
    tracemalloc.start()
    predicted = model.fit(X, y).predict(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sp.issparse(predicted)
    assert predicted.shape == (n_rows, n_labels)
    assert predicted.nnz > 0
    # All scores as float64 with their targets would be 135 MB a copy, and ranking them takes several.
    assert peak < 320e6
