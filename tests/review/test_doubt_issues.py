"""Tests of the search for labels that are missing or wrong."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest

from skbalance.review import OutOfFoldScores, find_issues, issues_table

N_ROWS, N_LABELS = 300, 6
COUNTS = np.array([200, 100, 60, 30, 20, 10])


def make_kept(seed=0, repeats=1):
    """Scores that tell labels nearly always, and targets of which one in ten is the other way round."""
    rng = np.random.default_rng(seed)
    truth = rng.random((N_ROWS, N_LABELS)) < 0.3
    scores = np.where(truth, 3.0, -3.0) + rng.normal(size=truth.shape)
    spoilt = rng.random(truth.shape) < 0.1
    kept = OutOfFoldScores(
        rows=np.tile(np.arange(N_ROWS) + 1000, repeats),
        parts=np.zeros(N_ROWS * repeats, dtype=int),
        indptr=np.arange(N_ROWS * repeats + 1) * N_LABELS,
        labels=np.tile(np.arange(N_LABELS), N_ROWS * repeats),
        scores=np.tile(scores.ravel(), repeats).astype(np.float16),
        targets=np.tile((truth ^ spoilt).ravel(), repeats),
        thresholds=np.full((1, N_LABELS), 0.5, dtype=np.float32),
    )
    return kept, truth, spoilt


def test_what_is_missing_and_what_is_wrong_come_in_turn():
    kept, truth, spoilt = make_kept()
    issues = find_issues(kept, COUNTS, 40)
    assert [issue["given"] for issue in issues] == [False, True] * 40
    assert np.mean([spoilt[issue["row"] - 1000, issue["label"]] for issue in issues]) > 0.9
    for given, direction in ((False, -1), (True, 1)):
        of_kind = [issue["probability"] for issue in issues if issue["given"] == given]
        assert of_kind == sorted(of_kind, key=lambda value: direction * value)
    first = issues[0]
    assert truth[first["row"] - 1000, first["label"]]
    pair = (first["row"] - 1000) * N_LABELS + first["label"]
    assert first["margin"] == pytest.approx(float(kept.scores[pair]) - 0.5)


def test_no_more_than_there_are():
    kept, _, _ = make_kept()
    issues = find_issues(kept, COUNTS, 10**6)
    assert len(issues) == N_ROWS * N_LABELS
    assert sum(issue["given"] for issue in issues) == kept.targets.sum()


def test_a_row_without_a_label_lacks_one_sooner():
    kept, _, _ = make_kept()
    targets = kept.targets.reshape(N_ROWS, N_LABELS).copy()
    targets[:] = False
    targets[:, 0] = np.arange(N_ROWS) % 10 > 0  # all but every tenth row have the first label
    scores = np.full(targets.shape, -2.0)
    scores[:, 0], scores[:2, 1] = np.random.default_rng(0).normal(size=N_ROWS), 1.0
    scores[0, 0] = 1.0
    fields = {name: getattr(kept, name) for name in ("rows", "parts", "indptr", "labels", "thresholds")}
    kept = OutOfFoldScores(**fields, scores=scores.ravel().astype(np.float16), targets=targets.ravel())
    odds = {(i["row"], i["label"]): i["probability"] for i in find_issues(kept, np.full(6, 50), 10**4)}
    assert odds[1000, 1] > odds[1001, 1]


def test_rare_labels_have_a_list_of_their_own():
    issues = find_issues(make_kept()[0], COUNTS, 30, rare=True)
    assert len(issues) == 60
    assert {issue["label"] for issue in issues} == {3, 4, 5}


def test_what_is_confirmed_makes_room():
    kept, _, _ = make_kept()
    issues = find_issues(kept, COUNTS, 10)
    again = find_issues(kept, COUNTS, 10, confirmed=issues[:4])
    assert again[:16] == issues[4:]
    assert len(again) == 20


def test_rows_that_were_left_out_twice_are_named_once():
    issues = find_issues(make_kept(repeats=2)[0], COUNTS, 10**6)
    assert len(issues) == N_ROWS * N_LABELS == len({(issue["row"], issue["label"]) for issue in issues})


@pytest.mark.parametrize("k", [0, -1, 2.0, True, "3", None])
def test_numbers_of_issues_that_are_refused(k):
    with pytest.raises(ValueError, match="k must be a number of labels, 1 or more; got"):
        find_issues(make_kept()[0], COUNTS, k)


@pytest.mark.parametrize("given", [False, True])
def test_where_nothing_tells(given):
    kept, _, _ = make_kept()
    kept.targets[:] = given
    with pytest.raises(ValueError, match="nothing to tell wrong labels from right ones by"):
        find_issues(kept, COUNTS, 5)


RECORDS = [{"row": 1003, "label": 1, "given": True}, {"row": 1005, "label": 0, "given": False}]


@pytest.mark.parametrize(
    "make",
    [
        list,
        pd.DataFrame,
        pl.DataFrame,
        lambda records: iter([(1003, 1), [1005, 0]]),
        lambda records: np.array([[1003, 1], [1005, 0]]),
    ],
)
def test_what_may_be_confirmed(make):
    issues = find_issues(make_kept()[0], COUNTS, 10**6, confirmed=make(RECORDS))
    assert len(issues) == N_ROWS * N_LABELS - 2
    assert not {(1003, 1), (1005, 0)} & {(issue["row"], issue["label"]) for issue in issues}


def test_labels_may_have_names():
    names = [*"abcdef"]
    issues = find_issues(make_kept()[0], COUNTS, 10**6, confirmed=[(1003, "b")], name="tag", labels=names)
    assert {issue["tag"] for issue in issues} == set(names)
    assert (1003, "b") not in {(issue["row"], issue["tag"]) for issue in issues}


@pytest.mark.parametrize("confirmed", [7, [7], [(1, 2, 3)], [{"row": 1}], pd.DataFrame({"row": [1]}), [("a", 1)]])
def test_what_may_not(confirmed):
    with pytest.raises(
        ValueError, match=r"confirmed must be rows of what label_issues gave, or pairs of a row and a lab"
    ):
        find_issues(make_kept()[0], COUNTS, 5, confirmed=confirmed)
    with pytest.raises(ValueError, match=r"confirmed has a label that is none of the model's: \[6\]"):
        find_issues(make_kept()[0], COUNTS, 5, confirmed=[(1003, 6)])


def test_the_table(monkeypatch):
    issues = find_issues(make_kept()[0], COUNTS, 5)
    assert issues_table(issues).to_dict("records") == issues
    assert list(issues_table([], "tag", "text").columns) == ["row", "tag", "given", "probability", "margin", "text"]
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert issues_table(issues) is issues
