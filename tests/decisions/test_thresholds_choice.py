"""Bounds on the labels of a row."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skbalance._hierarchy import Hierarchy
from skbalance.decisions._thresholds import Choice, read_thresholds
from tests.test_hierarchy import graphs


@pytest.mark.parametrize(("least", "most"), [(0, None), (1, None), (2, 3), (0, 1), (3, 3)])
def test_labels_of_a_row_keep_within_bounds(least, most):
    margins = np.random.default_rng(0).normal(size=(50, 6)) - 0.5
    above = margins > 0
    chosen = Choice(least, most)(above, margins)
    found = chosen.sum(axis=1)
    assert found.min() >= least
    assert most is None or found.max() <= most
    for row, mask in zip(margins, chosen):
        if mask.any() and not mask.all():
            assert row[mask].min() >= row[~mask].max()
    free = (above.sum(axis=1) >= least) & (above.sum(axis=1) <= (most or 6))
    np.testing.assert_array_equal(chosen[free], above[free])


def test_what_must_not_be_predicted_is_not_filled_in():
    margins = np.array([[-np.inf, -2.0, -np.inf]])
    np.testing.assert_array_equal(Choice(2)(margins > 0, margins), [[False, True, False]])


def test_what_is_above_its_threshold_goes_first_whatever_its_margin():
    above, margins = np.array([[True, False, False]]), np.array([[-np.inf, -0.1, -0.2]])
    np.testing.assert_array_equal(Choice(2)(above, margins), [[True, True, False]])
    np.testing.assert_array_equal(Choice(0, 1)(above, margins), [[True, False, False]])


def test_a_row_with_as_many_as_it_may_have_is_left_alone_whatever_its_margins():
    above, margins = np.array([[True, False], [False, True]]), np.array([[0.0, 0.2], [0.3, 0.1]])
    for choice in (Choice(), Choice(1), Choice(0, 1), Choice(1, 1)):
        np.testing.assert_array_equal(choice(above, margins), above)


def test_what_is_not_above_its_threshold_stays_out_of_a_hierarchy_whatever_its_margin():
    choice = Choice(hierarchy=Hierarchy.of_columns({1: 0}, 2))
    assert not choice(np.array([[False, False]]), np.array([[0.5, 0.0]]), np.array([[0, 1]])).any()


def test_bounds_are_read_from_the_settings():
    def read(least, most=None, **more):
        return Choice.of(SimpleNamespace(min_labels=least, max_labels=most, **more), 3)

    assert read("auto") == read(0) == Choice()
    assert read(1, 2, parents={1: 0}) == Choice(1, 2, Hierarchy.of_columns({1: 0}, 3))
    assert read(3, 3) == Choice(3, 3)
    with pytest.raises(ValueError, match="min_labels=2 is more than max_labels=1"):
        read(2, 1)
    with pytest.raises(ValueError, match="k=4 is more than y has labels, 3"):
        read(0, k=4)


@pytest.mark.parametrize("thresholds", [[0.5, 0.5], [[0.5, 0.5, 0.5]], [0.5, np.nan, 0.5]])
def test_thresholds_are_one_number_for_each_label(thresholds):
    with pytest.raises(ValueError, match="thresholds must hold one number for each of 3 labels"):
        read_thresholds(thresholds, 3, "thresholds")


def test_thresholds_are_numbers_and_no_booleans():
    np.testing.assert_array_equal(read_thresholds([0.1, np.inf], 2, "thresholds"), [0.1, np.inf])
    with pytest.raises(ValueError, match=r"thresholds must hold numbers; got \[True, False\]"):
        read_thresholds([True, False], 2, "thresholds")


def test_one_threshold_stands_for_all_where_it_may():
    np.testing.assert_array_equal(read_thresholds(0.1, 2, "thresholds", same=True), [0.1, 0.1])
    with pytest.raises(ValueError, match=r"for each of 2 labels, none of them NaN; got shape \(\)"):
        read_thresholds(0.1, 2, "thresholds")


MARGINS = st.sampled_from([-np.inf, -1e300, -2.0, -1.0, -1e-320, 0.0, 1e-320, 0.5, 1.0, 1e300, np.inf])


@given(st.data())
def test_no_label_is_chosen_without_its_ancestors_whatever_the_settings(data):
    parents, shape = data.draw(graphs(6)), (4, 6)
    hierarchy = Hierarchy.of_columns(parents, 6)
    margins = data.draw(arrays(float, shape, elements=MARGINS))
    above = data.draw(arrays(bool, shape)) if data.draw(st.booleans()) else margins > 0
    labels = np.array([data.draw(st.permutations(range(6))) for _ in range(4)])
    most = data.draw(st.one_of(st.none(), st.integers(1, 6)))
    least = data.draw(st.integers(0, most or 6))
    chosen = Choice(least, most, hierarchy)(above, margins, labels)
    indicator = np.zeros(shape, dtype=bool)
    np.put_along_axis(indicator, labels, chosen, axis=1)
    np.testing.assert_array_equal(hierarchy.close(indicator), indicator)
    assert chosen.sum(axis=1).max() <= (most or 6)
    allowed = (margins > -np.inf) | above
    assert not (chosen & ~allowed).any()
    if allowed.all():
        assert chosen.sum(axis=1).min() >= least
    if not parents:
        np.testing.assert_array_equal(chosen.sum(axis=1), Choice(least, most)(above, margins).sum(axis=1))


def test_an_ancestor_is_chosen_where_a_descendant_is_and_dropped_last():
    hierarchy = Hierarchy.of_columns({1: 0, 2: 1}, 4)
    margins, labels = np.array([[-3.0, -2.0, 2.0, 1.0]]), np.arange(4)[None]
    for most, wanted in [(None, [1, 1, 1, 1]), (3, [1, 1, 1, 0]), (2, [1, 1, 0, 0]), (1, [1, 0, 0, 0])]:
        np.testing.assert_array_equal(Choice(0, most, hierarchy)(margins > 0, margins, labels), [wanted])


def test_what_must_not_be_chosen_takes_its_descendants_with_it():
    hierarchy = Hierarchy.of_columns({1: 0, 2: 1}, 4)
    margins, labels = np.array([[2.0, -np.inf, 2.0, 1.0]]), np.arange(4)[None]
    np.testing.assert_array_equal(Choice(3, None, hierarchy)(margins > 0, margins, labels), [[1, 0, 0, 1]])
