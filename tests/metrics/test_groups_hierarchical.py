"""Hierarchical precision, recall and F-score."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from sklearn.metrics import precision_recall_fscore_support

from skbalance.metrics import hierarchical_precision_recall_fscore
from tests.test_hierarchy import ancestors, graphs

# 0 has the children 1 and 2, and 3 the child 4.
PARENTS = {1: 0, 2: 0, 4: [3]}


def of(*labels):
    return [[int(i in labels) for i in range(5)]]


@pytest.mark.parametrize(
    ("predicted", "wanted"),
    [
        (of(1), (1, 1, 1)),
        (of(0), (1, 1 / 2, 2 / 3)),
        (of(2), (1 / 2, 1 / 2, 1 / 2)),
        (of(4), (0, 0, 0)),
        (of(1, 4), (1 / 2, 1, 2 / 3)),
    ],
)
def test_a_near_miss_counts_as_such(predicted, wanted):
    assert_allclose(hierarchical_precision_recall_fscore(of(1), predicted, PARENTS), wanted)


@given(st.data())
def test_sets_of_labels_with_their_ancestors(data):
    parents = data.draw(graphs(5))
    true, predicted = (data.draw(arrays(bool, (4, 5))) for _ in range(2))
    weight = data.draw(arrays(float, 4, elements=st.sampled_from([0.5, 1.0, 3.0])))
    sets = [
        [set(np.flatnonzero(row)).union(*(ancestors(parents, i) for i in np.flatnonzero(row))) for row in rows]
        for rows in (true, predicted)
    ]
    hits = sum(w * len(t & p) for w, t, p in zip(weight, *sets))
    n_true, n_predicted = (sum(w * len(each) for w, each in zip(weight, rows)) for rows in sets)
    wanted = [a / b if b else 0 for a, b in ((hits, n_predicted), (hits, n_true), (2 * hits, n_true + n_predicted))]
    for kind in (np.asarray, sp.csr_matrix):
        got = hierarchical_precision_recall_fscore(kind(true), kind(predicted), parents, sample_weight=weight)
        assert_allclose(got, wanted)


def test_without_parents_it_is_the_micro_average():
    rng = np.random.default_rng(0)
    true, predicted = rng.integers(0, 2, (2, 20, 5))
    wanted = precision_recall_fscore_support(true, predicted, average="micro")[:3]
    assert_allclose(hierarchical_precision_recall_fscore(true, sp.csr_array(predicted), {}), wanted)


def test_where_a_denominator_is_zero():
    nothing = of()
    assert hierarchical_precision_recall_fscore(nothing, of(1), PARENTS, zero_division=1) == (0, 1, 0)
    assert np.isnan(hierarchical_precision_recall_fscore(nothing, nothing, PARENTS, zero_division=np.nan)).all()


@pytest.mark.parametrize(
    ("true", "parents", "message"),
    [
        (of(1), {1: 7}, "must be a column, from 0 to 4; got 7"),
        (of(1), {1: 2, 2: 1}, "in a circle"),
        ([[1, 0]], {}, "must have one shape"),
        ([[np.nan, 1, 0, 0, 0]], {}, "holds only 0 and 1"),
    ],
)
def test_refused(true, parents, message):
    with pytest.raises(ValueError, match=message):
        hierarchical_precision_recall_fscore(true, of(1), parents)
