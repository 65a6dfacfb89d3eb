import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.metrics import f1_score, precision_score, recall_score

from skbalance.metrics import group_f1_score
from skbalance.plotting._label_scores import (
    as_named,
    group_means,
    label_scores,
    score_title,
)

RNG = np.random.default_rng(0)
TRUE, PREDICTED = (RNG.random((2, 60, 12)) < 0.2).astype(int)
TRUE[:, 0] = PREDICTED[:, 0] = 0


@pytest.mark.parametrize(
    ("name", "metric"), [("f1", f1_score), ("precision", precision_score), ("recall", recall_score)]
)
@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("zero_division", [0, 1])
def test_scores_are_those_of_scikit_learn(name, metric, make, zero_division):
    expected = metric(TRUE, PREDICTED, average=None, zero_division=zero_division)
    np.testing.assert_allclose(label_scores(make(TRUE), make(PREDICTED), name, zero_division), expected)


def test_nan_where_there_is_nothing_to_divide_by():
    assert np.isnan(label_scores(TRUE, PREDICTED, "f1", np.nan)[0])


def test_group_means_are_group_f1():
    counts = np.array([0, 3, 8, 9, 20, 34, 35, 60, 2, 5, 100, 12])
    scores = label_scores(TRUE, PREDICTED, "f1", 0.0)
    expected = group_f1_score(TRUE, PREDICTED, label_counts=counts)
    assert group_means(scores, counts, (8, 35)) == pytest.approx(dict(expected))


def test_group_means_leave_out_nan_and_empty_groups():
    means = group_means(np.array([0.5, np.nan, np.nan]), np.array([90, 60, 4]), (8, 35))
    assert list(means) == ["head", "tail"]
    assert means["head"] == 0.5
    assert np.isnan(means["tail"])


def test_titles():
    assert score_title("f1") == "F1"
    assert score_title("recall") == "Recall"


def test_names():
    assert as_named(3, "one") == {"one": 3}
    assert as_named({"a": 1, 2: 2}, "one") == {"a": 1, "2": 2}
    with pytest.raises(ValueError, match="nothing to plot"):
        as_named({}, "one")


def test_what_cannot_be_scored():
    with pytest.raises(ValueError, match=r"scoring must be one of .* got 'f2'"):
        label_scores(TRUE, PREDICTED, "f2", 0)
    with pytest.raises(ValueError, match="one shape"):
        label_scores(TRUE, PREDICTED[:, 1:], "f1", 0)
