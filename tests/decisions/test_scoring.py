"""The metrics that have a name."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, jaccard_score

from skbalance.decisions._scoring import _METRICS, get_metric

TRUE = np.array([[1, 0, 1], [0, 0, 0], [1, 0, 0]])
PREDICTED = np.array([[1, 0, 0], [0, 0, 0], [1, 1, 0]])


@pytest.mark.parametrize("name", sorted(_METRICS))
def test_metrics_are_those_of_scikit_learn_and_nothing_counts_0(name):
    measure, average = name.split("_")
    expected = {"f1": f1_score, "jaccard": jaccard_score}[measure](TRUE, PREDICTED, average=average, zero_division=0)
    assert get_metric(name)(TRUE, PREDICTED) == expected > 0
    assert get_metric(name)(np.zeros_like(TRUE), np.zeros_like(TRUE)) == 0
