import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from skbalance.metrics import label_propensities, propensity_scored_precision_at_k_score


@pytest.mark.parametrize(("A", "B"), [(0.55, 1.5), (0.5, 0.4), (0.6, 2.6)])
def test_formula(A, B):
    C = (math.log(7770) - 1) * (B + 1) ** A
    expected = [1 / (1 + C * math.exp(-A * math.log(n + B))) for n in (0, 1, 2877)]
    assert_allclose(label_propensities([0, 1, 2877], 7770, A=A, B=B), expected)


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=9, unique=True), st.integers(1, 10**7))
def test_between_zero_and_one_and_growing(counts, n_samples):
    p = label_propensities(sorted(counts), n_samples)
    assert ((p > 0) & (p <= 1)).all()
    assert (np.diff(p) >= 0).all()


@pytest.mark.parametrize(
    ("args", "kwargs", "match"),
    [
        (([[1]], 5), {}, "vector"),
        (([-1], 5), {}, "at least 0"),
        (([np.nan], 5), {}, "finite"),
        (([1], 0), {}, "n_samples.*0"),
        (([1], "many"), {}, "n_samples.*'many'"),
        (([1], 5), {"A": -1}, "A must"),
        (([1], 5), {"B": np.inf}, "B must"),
    ],
)
def test_bad_input(args, kwargs, match):
    with pytest.raises(ValueError, match=match):
        label_propensities(*args, **kwargs)


@pytest.mark.parametrize(
    ("kwargs", "match"),
    [
        ({}, "either propensities or label_counts"),
        ({"propensities": [1, 1], "label_counts": [1, 1]}, "either propensities or label_counts"),
        ({"label_counts": [1, 1]}, "needs n_samples"),
        ({"propensities": [1, 1, 1]}, r"2 labels.*\(3,\)"),
        ({"propensities": [0, 1]}, "greater than 0"),
        ({"propensities": [1.5, 1]}, "at most 1"),
        ({"propensities": [np.nan, 1]}, "at most 1"),
    ],
)
def test_bad_propensities(kwargs, match):
    with pytest.raises(ValueError, match=match):
        propensity_scored_precision_at_k_score([[1, 0]], [[0.5, 0.2]], k=1, **kwargs)
