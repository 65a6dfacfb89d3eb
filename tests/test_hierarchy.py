"""Parents of labels."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skbalance._hierarchy import Hierarchy

# A chain 3 - 1 - 0, a label with two parents, 4, and one without any relative, 2.
PARENTS = {1: 0, 3: [1], 4: (0, 5)}


@st.composite
def graphs(draw, n_labels):
    """Parents by column, in any order of columns."""
    order = draw(st.permutations(range(n_labels)))
    chosen = [draw(st.sets(st.sampled_from(order[:i]), max_size=3)) if i else set() for i in range(n_labels)]
    return {label: sorted(parents) for label, parents in zip(order, chosen) if parents}


def ancestors(parents, label):
    found = set()
    for parent in parents.get(label, ()):
        found |= {parent} | ancestors(parents, parent)
    return found


@given(st.data())
def test_reach_is_what_following_parents_finds(data):
    parents = data.draw(graphs(6))
    hierarchy = Hierarchy.of_columns(parents, 6)
    reach = hierarchy.reach.toarray()
    assert {label: sorted(each) for label, each in hierarchy.parents.items()} == parents
    for label in range(6):
        assert set(np.flatnonzero(reach[label])) == ancestors(parents, label) | {label}


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix, sp.csr_array])
@pytest.mark.parametrize("dtype", [bool, np.int64, float])
def test_closed_indicators_keep_their_type(kind, dtype):
    given = kind(np.array([[0, 0, 0, 1, 0, 0], [0, 0, 1, 0, 1, 0], [0, 0, 0, 0, 0, 0]], dtype=dtype))
    closed = Hierarchy.of_columns(PARENTS, 6).close(given)
    assert type(closed) is type(given)
    assert closed.dtype == dtype
    dense = closed.toarray() if sp.issparse(closed) else closed
    assert_array_equal(dense, [[1, 1, 0, 1, 0, 0], [1, 0, 1, 0, 1, 1], [0, 0, 0, 0, 0, 0]])


def test_scores_meet_half_way_where_a_child_is_above_its_parent():
    hierarchy = Hierarchy.of_columns({1: 0}, 3)
    labels = np.array([[0, 1, 2], [2, 1, 0]])
    scores = np.array([[1.0, 3.0, 9.0], [9.0, -1.0, 3.0]])
    agreed = hierarchy.agreed(labels, scores)
    np.testing.assert_allclose(agreed, [[2, 2, 9], [9, -1, 3]])
    assert agreed[0, 0] > agreed[0, 1]


def test_a_parent_of_which_nothing_is_known_takes_the_score_of_its_child():
    agreed = Hierarchy.of_columns({1: 0}, 2).agreed(np.array([[0, 1]]), np.array([[-np.inf, 3.0]]))
    np.testing.assert_allclose(agreed, [[3, 3]])


@pytest.mark.parametrize(
    ("parents", "error", "message"),
    [
        ({1: 1}, ValueError, "must not go in a circle: 1 -> 1"),
        ({0: 1, 1: [2], 2: 0}, ValueError, "must not go in a circle: "),
        ({1: 6}, ValueError, r"parents\[1\] must be a column, from 0 to 5; got 6"),
        ({-1: 2}, ValueError, "A key of parents must be a column, from 0 to 5; got -1"),
        ({1: [True]}, ValueError, "must be a column, from 0 to 5; got True"),
        ({1: "0"}, ValueError, "must be a column, from 0 to 5; got '0'"),
        ([0, 1], TypeError, "parents must map each label to its parent, or a list of them"),
    ],
)
def test_refused_parents(parents, error, message):
    with pytest.raises(error, match=message):
        Hierarchy.of_columns(parents, 6)


def test_a_circle_is_told_from_child_to_parent():
    with pytest.raises(ValueError, match=r"0 -> 1 -> 2 -> 0|1 -> 2 -> 0 -> 1|2 -> 0 -> 1 -> 2"):
        Hierarchy.of_columns({0: 1, 1: 2, 2: 0}, 3)
