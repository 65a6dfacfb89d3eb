"""A small classifier that converges, and what the tests of it share."""

import numpy as np
import scipy.sparse as sp

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import make_long_tailed_multilabel


def make_data():
    X, y = make_long_tailed_multilabel(300, 8, n_features=60, random_state=0)
    X = sp.csr_array(X, dtype=np.float64)
    return X / sp.linalg.norm(X, axis=1).max(), y.toarray()


def small(**params):
    settings = {"loss": "db", "alpha": 1e-3, "term_weighting": None, "max_iter": 1000, "tol": 1e-5, "random_state": 0}
    return BalancedMultiLabelClassifier(**{**settings, **params})
