"""Bounds on the labels of a row."""

import numpy as np
import pytest

from skbalance.decisions._choice import Choice, one_for_each


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


@pytest.mark.parametrize("thresholds", [[0.5, 0.5], [[0.5, 0.5, 0.5]], [0.5, np.nan, 0.5]])
def test_thresholds_are_one_number_for_each_label(thresholds):
    with pytest.raises(ValueError, match="thresholds must hold one number for each of 3 labels"):
        one_for_each(np.array(thresholds), 3, "thresholds")


def test_thresholds_for_each_label_are_returned():
    np.testing.assert_array_equal(one_for_each(np.array([0.1, np.inf]), 2, "thresholds"), [0.1, np.inf])
