"""Folds that keep groups together."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, cross_val_score

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import make_long_tailed_multilabel
from skbalance.model_selection import MultilabelStratifiedGroupKFold

X, Y = make_long_tailed_multilabel(600, 12, n_features=20, return_indicator="dense", random_state=0)
GROUPS = np.random.RandomState(0).geometric(0.02, 600) % 90


def unevenness(splits, y):
    """Mean relative deviation of the labels' shares and of the sizes from even ones."""
    y = np.column_stack([y, np.ones(len(y))])
    splits = list(splits)
    found = np.array([y[test].sum(axis=0) for _, test in splits])
    even = y.sum(axis=0) / len(splits)
    return (np.abs(found - even) / np.maximum(even, 1)).mean()


def test_every_row_is_tested_once_and_no_group_is_parted():
    splits = list(MultilabelStratifiedGroupKFold(4).split(X, Y, GROUPS))
    assert sorted(np.concatenate([test for _, test in splits])) == list(range(600))
    for train, test in splits:
        assert not set(GROUPS[train]) & set(GROUPS[test])
        assert len(train) + len(test) == 600
        assert (np.diff(test) > 0).all()


def test_more_even_than_folds_that_do_not_look_at_labels():
    ours = unevenness(MultilabelStratifiedGroupKFold(5).split(X, Y, GROUPS), Y)
    assert ours < 0.6 * unevenness(GroupKFold(5).split(X, Y, GROUPS), Y)


@pytest.mark.filterwarnings("ignore:The least populated class")
def test_about_as_even_as_scikit_learn_on_classes():
    y = Y.argmax(axis=1)
    one_hot = np.eye(Y.shape[1])[y]
    found = []
    for seed in range(12):
        groups = np.random.RandomState(seed).geometric(0.02, 600) % 90
        splitters = MultilabelStratifiedGroupKFold(3), StratifiedGroupKFold(3)
        found.append([unevenness(splitter.split(X, y, groups), one_hot) for splitter in splitters])
    ours, peer = np.mean(found, axis=0)
    assert ours < 1.1 * peer


def test_groups_of_one_row():
    ours = unevenness(MultilabelStratifiedGroupKFold(5).split(X, Y, np.arange(600)), Y)
    assert ours < 0.1


@pytest.mark.parametrize("container", [sp.csr_array, sp.csr_matrix, sp.coo_array])
def test_sparse_targets_and_names_of_groups(container):
    names = np.array([f"document {group}" for group in GROUPS])
    dense = MultilabelStratifiedGroupKFold(3).split(X, Y, GROUPS)
    # The order of the groups' first rows decides, not that of their names.
    for (_, test), (_, other) in zip(dense, MultilabelStratifiedGroupKFold(3).split(X, container(Y), names)):
        np.testing.assert_array_equal(test, other)


def test_shuffling():
    def tests(**params):
        return [test for _, test in MultilabelStratifiedGroupKFold(3, **params).split(X, Y, np.arange(600) // 2)]

    first, same, other = (tests(shuffle=True, random_state=seed) for seed in (0, 0, 1))
    assert all((a == b).all() for a, b in zip(first, same))
    assert any(len(a) != len(b) or (a != b).any() for a, b in zip(first, other))


def test_no_fold_is_empty():
    y = np.zeros((6, 2), dtype=int)
    y[:5] = 1
    splits = list(MultilabelStratifiedGroupKFold(3).split(y, y, [0, 0, 0, 0, 1, 2]))
    assert sorted(len(test) for _, test in splits) == [1, 1, 4]


def test_in_a_scikit_learn_search():
    cv = MultilabelStratifiedGroupKFold(2)
    scores = cross_val_score(
        BalancedMultiLabelClassifier("bce"), X, Y, groups=GROUPS, cv=cv, scoring="f1_micro", error_score="raise"
    )
    assert scores.shape == (cv.get_n_splits(),)


@pytest.mark.parametrize(
    ("params", "groups", "message"),
    [
        ({}, None, "groups must be given"),
        ({"n_splits": 1}, GROUPS, "n_splits=2 or more, got n_splits=1"),
        ({"n_splits": 100}, GROUPS, "n_splits=100 must not exceed the number of groups"),
        ({"shuffle": 1}, GROUPS, "shuffle must be True or False; got 1"),
        ({"random_state": 0}, GROUPS, "random_state has no effect since shuffle is False"),
        ({}, GROUPS[:, None].repeat(2, axis=1), r"y should be a 1d array, got an array of shape \(600, 2\)"),
    ],
)
def test_what_is_not_allowed(params, groups, message):
    with pytest.raises((TypeError, ValueError), match=message):
        MultilabelStratifiedGroupKFold(**params).split(X, Y, groups)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (np.r_[np.arange(4.0), np.nan, np.nan], "groups contains NaN"),
        (["a", "b", None, "a", "b", "c"], "one type, and have a value in each row"),
        (
            np.array([1, "a", 2, "b", 3, "c"], dtype=object),
            "one type, and have a value in each row",
        ),
    ],
)
def test_each_row_needs_a_group(groups, message):
    y = np.tile([[1, 0], [0, 1]], (3, 1))
    with pytest.raises((TypeError, ValueError), match=message):
        list(MultilabelStratifiedGroupKFold(2).split(y, y, groups))
