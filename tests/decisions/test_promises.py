"""Promises: that they hold on data drawn as they assume, who shares one, and what the tuner makes of them."""

import pickle
from itertools import product

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import binom
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from skbalance.decisions import TunedThresholdMultiLabelClassifierCV
from skbalance.decisions._promises import Promise, _chance_to_pass, _hits_needed, _tests
from skbalance.decisions._thresholds import ScoredPairs
from tests.decisions.problems import RIDGE, Scores

N_LABELS = 300


def make_pairs(scores, targets, labelled=None):
    """All labels of all rows."""
    labels = np.broadcast_to(np.arange(scores.shape[1], dtype=np.int32), scores.shape)
    known = targets if labelled is None else targets & labelled
    parts = np.zeros(len(scores), dtype=int)
    return ScoredPairs(labels, scores.astype(np.float32), targets, known.sum(axis=0)[None], parts, labelled)


def draw(rng, chance, n_rows=400, n_labels=N_LABELS):
    """Scores and targets of labels that are alike; `chance` is the share of positives among pairs of a score."""
    scores = rng.normal(size=(n_rows, n_labels))
    return make_pairs(scores, rng.random(scores.shape) < chance(scores))


def true_values(chance, thresholds):
    """Precision and recall of thresholds, by a fine grid of normal scores."""
    grid = np.linspace(-6, 6, 4001)
    weight, positive = np.exp(-(grid**2) / 2), np.exp(-(grid**2) / 2) * chance(grid)
    above = grid[:, None] > thresholds
    hits, predicted = (positive[:, None] * above).sum(axis=0), (weight[:, None] * above).sum(axis=0)
    return hits / np.maximum(predicted, 1e-300), hits / positive.sum()


def n_broken(promise, chance, rng):
    """Labels, of N_LABELS drawn alike, whose promise is false."""
    promises = promise.keep(draw(rng, chance))
    applied = promises.thresholds < np.inf
    value = true_values(chance, promises.thresholds)[promise.measure == "recall"]
    return np.count_nonzero(applied & (value < promise.least - 1e-3))


def most_broken(confidence):
    """More than so many of N_LABELS, each with a probability of 1 - confidence, happen once in a million."""
    return binom.isf(1e-6, N_LABELS, 1 - confidence)


@seed(0)
@settings(max_examples=15, deadline=None, database=None)
@given(
    st.sampled_from(["precision", "recall"]),
    st.floats(0.6, 0.95),
    st.sampled_from([0.6, 0.8, 0.9, 0.95]),
    st.floats(0.2, 4),
    st.floats(-1, 4),
    st.integers(0, 1000),
)
def test_promises_hold_on_rows_drawn_alike(measure, least, confidence, slope, level, number):
    def chance(scores):
        return expit(slope * scores + level)

    broken = n_broken(Promise(measure, least, confidence), chance, np.random.default_rng(number))
    assert broken <= most_broken(confidence)


def just_below(scores):
    """Wherever the threshold lies, precision is less than 0.8 by a little: the hardest case."""
    return np.full(np.shape(scores), 0.798)


def test_promises_hold_in_the_hardest_case_and_not_without_correction(monkeypatch):
    promise = Promise("precision", 0.8, 0.9)
    broken = [n_broken(promise, just_below, np.random.default_rng(number)) for number in range(5)]
    assert max(broken) <= most_broken(0.9)
    assert np.mean(broken) > 0.05 * N_LABELS  # not by making none

    def uncorrected(least, alpha, doublings):
        return _tests(least, alpha, doublings)[0], alpha

    monkeypatch.setattr("skbalance.decisions._promises._tests", uncorrected)
    assert n_broken(promise, just_below, np.random.default_rng(0)) > most_broken(0.9)


def test_recall_that_is_missed_by_a_row_is_not_promised():
    """Of 22 positives none may be missed at (.9, .9): 0.9^22 is less than .1, and with one missed the tail is .34."""
    scores, targets = np.arange(100.0)[:, None], np.arange(100)[:, None] >= 78
    kept = Promise("recall", 0.9, 0.9).keep(make_pairs(scores, targets))
    assert kept.kinds.tolist() == ["own"]
    assert kept.rows.tolist() == [22]
    assert 77 < kept.thresholds[0] < 78
    assert kept.bounds[0] == pytest.approx(0.1 ** (1 / 22))
    assert kept.recall.tolist() == [1]
    scores[99] = -np.inf
    assert Promise("recall", 0.9, 0.9).keep(make_pairs(scores, targets)).kinds.tolist() == ["none"]


@pytest.mark.parametrize("level", [0.03, 0.1, 0.4])
def test_chance_to_pass_any_of_several_tests_is_exact(level):
    sizes = np.array([3, 4, 6, 9, 12])
    needed = _hits_needed(sizes, 0.7, level)
    hits = np.array(list(product([0, 1], repeat=12)))
    chances = 0.7 ** hits.sum(axis=1) * 0.3 ** (12 - hits.sum(axis=1))
    passed = (np.cumsum(hits, axis=1)[:, sizes - 1] >= needed).any(axis=1)
    assert _chance_to_pass(sizes, needed, 0.7) == pytest.approx(chances[passed].sum())


@pytest.mark.parametrize(("least", "alpha"), [(0.9, 0.1), (0.95, 0.05), (0.5, 0.3), (0.99, 0.5)])
@pytest.mark.parametrize("doublings", [1, 7, 12])
def test_level_of_the_tests_is_all_that_is_allowed_and_more_than_bonferronis(least, alpha, doublings):
    sizes, level = _tests(least, alpha, doublings)
    assert (np.diff(sizes) > 0).all()
    assert len(sizes) == 1 or sizes[-1] <= 2**doublings
    assert _chance_to_pass(sizes, _hits_needed(sizes, least, level), least) <= alpha
    assert alpha / len(sizes) <= level * (1 + 1e-6)
    if len(sizes) > 5:
        assert level > 1.5 * alpha / len(sizes)
        assert _chance_to_pass(sizes, _hits_needed(sizes, least, level * 1.3), least) > alpha


def test_who_has_a_promise_who_shares_one_and_who_has_none():
    """Label 0 is common and right, 1 common and wrong, 2 to 9 rare and right, 10 to 17 rarer and wrong, 18 never."""
    rng = np.random.default_rng(0)
    targets = rng.random((2000, 19)) < np.repeat([0.1, 0.1, 0.01, 0, 0], [1, 1, 8, 8, 1])
    targets[:3, 10:18] = True
    right = np.repeat([True, False, True, False, False], [1, 1, 8, 8, 1])
    scores = np.where(right, 5 * targets, 0) + rng.normal(size=targets.shape)
    promise = Promise("precision", 0.9, 0.9)
    kept = promise.keep(make_pairs(scores, targets))
    assert promise.fewest == 22
    assert kept.kinds.tolist() == ["own", "none"] + 8 * ["shared"] + 9 * ["none"]
    assert len(set(kept.thresholds[2:10])) == len(set(kept.bounds[2:10])) == len(set(kept.rows[2:10])) == 1
    assert kept.bounds[kept.kinds != "none"].min() >= 0.9
    assert kept.recall[kept.kinds != "none"].min() > 0.8
    nothing = kept.kinds == "none"
    assert (kept.thresholds[nothing] == np.inf).all()
    assert np.isnan(kept.bounds[nothing]).all()
    assert not kept.rows[nothing].any()
    assert not kept.recall[nothing].any()
    above = scores[:, 2:10].astype(np.float32) > kept.thresholds[2]
    assert above.sum() == kept.rows[2]
    assert (above & targets[:, 2:10]).sum() / targets[:, 2:10].sum() == kept.recall[2]
    assert repr(kept) == "Promises(precision >= 0.9, confidence 0.9: 1 labels on their own, 8 shared, 10 none)"
    frame = kept.to_frame()
    assert frame.index.tolist() == list(range(19))
    assert frame.loc[0, "kinds"] == "own"
    assert list(frame) == ["thresholds", "kinds", "rows", "bounds", "recall"]


def test_equal_scores_are_all_applied_or_none():
    promise = Promise("precision", 0.9, 0.9)
    targets = np.arange(200)[:, None] % 20 > 0
    kept = promise.keep(make_pairs(np.zeros((200, 1)), targets))
    assert (kept.kinds[0], kept.rows[0], kept.recall[0]) == ("own", 200, 1)
    assert kept.thresholds[0] < 0
    targets = np.arange(200)[:, None] < 80
    kept = promise.keep(make_pairs(1.0 * targets, targets))
    assert (kept.kinds[0], kept.rows[0], kept.recall[0]) == ("own", 80, 1)
    assert 0 <= kept.thresholds[0] < 1
    assert promise.keep(make_pairs(np.zeros((200, 1)), targets)).kinds.tolist() == ["none"]


def test_promises_hold_on_scores_of_few_values():
    promise, broken = Promise("precision", 0.8, 0.9), []
    for number in range(5):
        rng = np.random.default_rng(number)
        scores = np.round(rng.normal(size=(400, N_LABELS)), 1)
        kept = promise.keep(make_pairs(scores, rng.random(scores.shape) < just_below(scores)))
        broken.append(np.count_nonzero(kept.kinds != "none"))
    assert max(broken) <= most_broken(0.9)
    assert np.mean(broken) > 0.05 * N_LABELS


def test_what_is_unknown_counts_neither_way():
    rng = np.random.default_rng(0)
    pairs = draw(rng, lambda scores: expit(3 * scores), n_labels=2)
    scores, targets = np.tile(pairs.scores, (2, 1)), np.tile(pairs.targets, (2, 1))
    labelled = np.repeat([True, False], 400)[:, None] & np.ones((1, 2), dtype=bool)
    promise = Promise("precision", 0.9, 0.9)
    expected, kept = promise.keep(pairs), promise.keep(make_pairs(scores, targets, labelled))
    assert (expected.kinds == "own").all()
    for name in ("thresholds", "kinds", "rows", "bounds", "recall"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(expected, name))


@pytest.fixture(scope="module")
def problem():
    """Twelve labels, four of them rare."""
    rng = np.random.default_rng(0)
    y = (rng.random((2500, 12)) < np.repeat([0.2, 0.08, 0.01], 4)).astype(int)
    y[np.arange(2500), rng.integers(0, 3, 2500)] = 1  # every row has a label
    X = rng.normal(size=y.shape) + 6 * y
    return X[:1500], y[:1500], X[1500:], y[1500:]


@pytest.mark.parametrize("scores", ["pooled", "estimator"])
@pytest.mark.parametrize("promise", [{"min_precision": 0.9}, {"max_missed": 0.1}])
def test_only_what_is_promised_is_predicted_and_the_rest_is_for_review(problem, scores, promise):
    X, y, X_test, y_test = problem
    model = TunedThresholdMultiLabelClassifierCV(RIDGE, scores=scores, cv=3, random_state=0)
    usual = clone(model).fit(X, y)
    careful = model.set_params(**promise).fit(X, y)
    promises = careful.promises_
    assert {"own", "shared"} <= set(promises.kinds)
    np.testing.assert_array_equal(careful.thresholds_, promises.thresholds)
    assert (careful.thresholds_ == (1 if scores == "pooled" else np.inf))[promises.kinds == "none"].all()
    predicted, review = careful.predict(X_test), careful.to_review(X_test)
    np.testing.assert_array_equal(predicted, careful.decision_scores(X_test) > promises.thresholds)
    np.testing.assert_array_equal(review, usual.predict(X_test) & ~predicted)
    assert usual.min_labels_ == 1
    assert careful.min_labels_ == 0
    hits = (predicted & y_test).sum(axis=0)
    of = (predicted if "min_precision" in promise else y_test).sum(axis=0)
    assert (hits / np.maximum(of, 1))[promises.kinds == "own"].min() > 0.85
    assert hits.sum() / y_test.sum() == pytest.approx(
        (promises.recall * y_test.sum(axis=0)).sum() / y_test.sum(), abs=0.05
    )
    copy = pickle.loads(pickle.dumps(careful))
    assert repr(copy.promises_) == repr(promises)
    np.testing.assert_array_equal(copy.to_review(X_test), review)
    assert not hasattr(model.set_params(min_precision=None, max_missed=None).fit(X, y), "promises_")


def test_kinds_of_targets(problem):
    X, y, X_test, _ = problem
    model = TunedThresholdMultiLabelClassifierCV(RIDGE, scores="estimator", min_precision=0.8, cv=3, random_state=0)
    expected = model.fit(X, y)
    sparse = clone(model).fit(X, sp.csr_array(y))
    np.testing.assert_array_equal(sparse.thresholds_, expected.thresholds_)
    for result, dense in zip(
        (sparse.predict(X_test), sparse.to_review(X_test)), (expected.predict(X_test), expected.to_review(X_test))
    ):
        assert sp.issparse(result)
        np.testing.assert_array_equal(result.toarray(), dense)
    frame = clone(model).fit(X, pd.DataFrame(y, columns=list("abcdefghijkl")))
    assert frame.promises_.labels.tolist() == list(range(12))


def test_binary_target(problem):
    X, y, X_test, _ = problem
    named = np.where(y[:, 3], "yes", "no")
    model = TunedThresholdMultiLabelClassifierCV(LogisticRegression(), min_precision=0.999, cv=3, random_state=0).fit(
        X, named
    )
    assert model.promises_.kinds.tolist() == ["none"]
    assert set(model.predict(X_test)) == {"no"}
    assert set(model.to_review(X_test)) == {"yes", "no"}
    assert model.set_params(min_precision=0.9).fit(X, named).promises_.kinds.tolist() == ["own"]
    assert not ((model.to_review(X_test) == "yes") & (model.predict(X_test) == "yes")).any()


def test_fitted_classifier_and_unknown_labels():
    rng = np.random.default_rng(0)
    y = (rng.random((900, 3)) < [0.3, 0.2, 0.05]).astype(float)
    X = rng.normal(size=y.shape) + 4 * y
    y[rng.random(y.shape) < 0.3] = np.nan
    fitted = Scores().fit(X, np.nan_to_num(y))
    for scores in ("pooled", "estimator"):
        model = TunedThresholdMultiLabelClassifierCV(
            FrozenEstimator(fitted), cv="prefit", scores=scores, min_precision=0.9, random_state=0
        ).fit(X, y)
        promises = model.promises_
        assert promises.kinds[:2].tolist() == ["own", "own"]
        assert (promises.rows <= 1.3 * np.nansum(y, axis=0)).all()


def test_every_row_with_one_label():
    """Of 10,000 rows all but three have the first label: it is promised, the other is not."""
    X, y = np.random.default_rng(0).normal(size=(10_000, 3)), np.zeros((10_000, 2), dtype=int)
    y[:, 0] = 1
    y[:3] = [0, 1]
    model = TunedThresholdMultiLabelClassifierCV(Scores(2), scores="estimator", min_precision=0.9, random_state=0).fit(
        X, y
    )
    assert model.promises_.kinds.tolist() == ["own", "none"]
    assert model.promises_.bounds[0] > 0.99
    y[:3] = [1, 0]
    with pytest.raises(ValueError, match="No label of y has both classes"):
        model.fit(X, y)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"min_precision": 1.0}, r"'min_precision' parameter .* must be a float in the range \(0.0, 1.0\) or None"),
        ({"min_precision": 0}, "'min_precision' parameter"),
        ({"max_missed": 0.0}, "'max_missed' parameter"),
        ({"min_precision": 0.9, "confidence": 1.0}, "'confidence' parameter"),
        ({"min_precision": 0.9, "max_missed": 0.1}, "min_precision or max_missed; got"),
        ({"min_precision": 0.9, "min_labels": 1}, "min_precision=0.9 promises .*min_labels=1"),
        ({"max_missed": 0.2, "max_labels": 3}, "max_missed=0.2 promises .*max_labels=3"),
        ({"min_precision": 0.9, "strategy": "top_k"}, "other than 'top_k'"),
    ],
)
def test_promises_that_cannot_be_made(problem, params, message):
    X, y, _, _ = problem
    model = TunedThresholdMultiLabelClassifierCV(RIDGE, **params)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert not hasattr(model, "thresholds_")


def test_nobody_can_promise_to_miss_none(problem):
    X, y, X_test, _ = problem
    model = TunedThresholdMultiLabelClassifierCV(RIDGE, max_missed=1e-320, cv=2, random_state=0).fit(X, y)
    assert set(model.promises_.kinds) == {"none"}
    assert not model.predict(X_test).any()


def test_review_needs_a_promise(problem):
    X, y, X_test, _ = problem
    model = TunedThresholdMultiLabelClassifierCV(RIDGE, cv=2, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="set min_precision or max_missed before fit"):
        model.to_review(X_test)
