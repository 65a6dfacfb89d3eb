"""Evidence and the model on it: more of what speaks for a label never lowers its odds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from skbalance.decisions import _model
from skbalance.decisions._candidates import Candidates, rank_pairs
from skbalance.decisions._model import DecisionModel, Lead, Match, Score, _Problem, _shares, evidence_columns

COLUMNS = evidence_columns(["a"], ["match"])


def make_pairs(seed=0, n_pairs=4000, weights=(2.0, 0.5, 1.0), intercept=-1.0, most=300):
    """Evidence of three columns, counts of labels, and targets drawn from log-odds that are linear in the evidence."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0.5, size=(n_pairs, 3))
    log_odds = values @ weights + intercept
    counts = rng.integers(1, most, n_pairs)
    return values, counts, rng.random(n_pairs) < expit(log_odds), log_odds


def candidates_of(scores, matches=None):
    labels, ranked = rank_pairs(np.asarray(scores, dtype=np.float32), np.shape(scores)[1])
    matches = np.zeros(labels.shape) if matches is None else np.take_along_axis(np.asarray(matches), labels, axis=1)
    return Candidates(labels, ranked[..., None], matches[..., None].astype(np.float32), ("match",))


def odds_of(model, values, counts):
    """Log-odds of pairs, in float64."""
    weights, intercepts = model.of_labels(counts)
    return (values * weights).sum(axis=1) + intercepts


def test_recovers_log_odds():
    values, counts, targets, log_odds = make_pairs(n_pairs=40_000)
    found = odds_of(DecisionModel.fit(COLUMNS, values, counts, targets), values, counts)
    assert np.corrcoef(found, log_odds)[0, 1] > 0.99
    assert abs(found - log_odds).mean() < 0.1


def random_model(seed):
    """A model of anything: evidence of any scale, that speaks for or against, or tells nothing."""
    rng = np.random.default_rng(seed)
    n_columns = rng.integers(1, 4)
    columns = (*(Score(i) for i in range(n_columns)), Match())
    n_pairs = int(rng.integers(2, 300))
    values = rng.normal(rng.normal(), rng.choice([1e-3, 1, 100], n_columns + 1), size=(n_pairs, n_columns + 1))
    counts = np.ceil(rng.exponential(rng.choice([1, 20, 5000]), n_pairs)).astype(int).clip(1)
    odds = values / values.std(axis=0) @ rng.normal(0, 2, n_columns + 1) + rng.normal()
    targets = rng.random(n_pairs) < expit(odds)
    targets[:2] = True, False
    return DecisionModel.fit(columns, values, counts, targets, unseen=bool(rng.integers(2))), values


FITTED = [random_model(seed) for seed in range(40)]


def assert_more_is_never_less(model, values, counts, column, more):
    raised = values.copy()
    raised[:, column] += more
    before, after = odds_of(model, values, counts), odds_of(model, raised, counts)
    assert np.isfinite(before).all()
    assert np.isfinite(after).all()
    assert (after >= before).all()


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(
    st.sampled_from(FITTED), st.integers(0, 3), st.integers(0, 10**6), st.floats(-1e4, 1e4), st.floats(0, 1e6),
    st.integers(0, 10**6),
)  # fmt: skip
def test_more_evidence_never_lowers_the_odds(fitted, column, count, value, more, pair):
    model, values = fitted
    column, row = column % len(model.columns), values[[pair % len(values)]].copy()
    row[:, column] = value
    assert_more_is_never_less(model, row, np.array([count]), column, more)


@pytest.mark.parametrize("seed", range(40))
def test_no_case_of_many_drawn_is_lowered_in_and_out_of_range(seed):
    """12,000 cases together."""
    model, values = FITTED[seed]
    rng = np.random.default_rng(seed)
    rows = values[rng.integers(0, len(values), 300)] * rng.choice([-1000, -1, 0, 1, 1000], (300, 1))
    counts = np.floor(10 ** rng.uniform(0, 6, 300)).astype(int) - 1
    more = values.std() * 10 ** rng.uniform(-6, 6, 300)
    assert (model.weights >= 0).all()
    for column in range(len(model.columns)):
        assert_more_is_never_less(model, rows, counts, column, more)


def test_candidates_with_more_evidence_have_no_lower_odds():
    """The same on what the estimator calls: more score is more lead besides, and less lead of others."""
    values, counts, targets, _ = make_pairs()
    model = DecisionModel.fit(COLUMNS, values, counts, targets)
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(5), (400, 1))
    scores, matches = rng.normal(0, 5, (400, 5, 1)), rng.random((400, 5, 1))
    label_counts = np.array([1, 4, 20, 300, 10**6])
    for kind in range(2):
        more = scores.copy(), matches.copy()
        more[kind][:, 2] += 10 ** rng.uniform(-3, 5, (400, 1))
        before, after = (
            model.log_odds(Candidates(labels, *(a.astype(np.float32) for a in arrays), ("match",)), label_counts)
            for arrays in ((scores, matches), more)
        )
        assert np.isfinite(after).all()
        assert (after[:, 2] >= before[:, 2]).all()


def test_shares_and_intercept_sum_to_the_log_odds():
    values, counts, targets, _ = make_pairs()
    model = DecisionModel.fit(COLUMNS, values, counts, targets, unseen=True)
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(50, 4))
    scores[:, 3] = -np.inf
    rows, label_counts = candidates_of(scores, rng.random((50, 4))), np.array([3, 1, 200, 0])
    evidence, shares = model.shares(rows, label_counts)
    assert evidence.shape == shares.shape == (50, 4, 3)
    np.testing.assert_array_equal(evidence[..., 2], rows.matches[..., 0])
    weights, intercepts = model.of_labels(label_counts)
    np.testing.assert_allclose(shares, evidence * weights[rows.labels], rtol=1e-12)
    odds = model.log_odds(rows, label_counts)
    np.testing.assert_allclose(odds, shares.sum(axis=-1) + intercepts[rows.labels], rtol=1e-5, atol=1e-5)


def test_of_one_count_it_is_a_logistic_regression():
    """Weights that are positive anyway are those of scikit-learn with the same penalty."""
    values, _, targets, _ = make_pairs()
    model = DecisionModel.fit(COLUMNS, values, np.ones(len(values), dtype=int), targets)
    assert (model.weights[0] > 0.1).all()
    deviation = values.std(axis=0)
    # All pairs are at the first count: the weights at the second one differ from it by what the two penalties balance.
    ridge, smooth, intercept_ridge = _model._RIDGE, _model._SMOOTHNESS, _model._INTERCEPT_RIDGE
    penalty = ridge + ridge * smooth / (ridge + smooth)
    np.testing.assert_allclose(model.weights[1], model.weights[0] * smooth / (ridge + smooth), rtol=1e-3)
    assert intercept_ridge < 0.01
    expected = LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=1000).fit(values / deviation, targets)
    np.testing.assert_allclose(model.weights[0] * deviation, expected.coef_[0], rtol=1e-3)
    np.testing.assert_allclose(model.intercepts[0], expected.intercept_[0], rtol=1e-3)


@pytest.mark.parametrize("n_counts", [1, 2, 5])
def test_the_gradient_is_that_of_finite_differences(n_counts):
    values, counts, targets, _ = make_pairs(n_pairs=200)
    shares = np.ones((200, 1)) if n_counts == 1 else _shares(counts, 4 ** np.arange(n_counts))
    problem = _Problem(values, shares, targets, np.ones(len(targets)))
    problem.ridge += 2.0  # so that the penalty is seen
    rng = np.random.default_rng(0)
    for _ in range(3):
        at = rng.normal(size=n_counts * 4)
        expected = approx_fprime(at, lambda flat: problem(flat)[0], 1e-6)
        np.testing.assert_allclose(problem(at)[1], expected, rtol=1e-4, atol=1e-3)


def test_weights_vary_with_the_count():
    """A match says all of rare labels and nothing of frequent ones, a score the other way about."""
    rng = np.random.default_rng(0)
    values, counts = rng.normal(size=(20_000, 3)), rng.choice([1, 1000], 20_000)
    log_odds = np.where(counts == 1, 3 * values[:, 2], 3 * values[:, 0]) - 1
    model = DecisionModel.fit(COLUMNS, values, counts, rng.random(20_000) < expit(log_odds))
    (rare, frequent), _ = model.of_labels(np.array([1, 1000]))
    assert rare[2] > 2 > 0.5 > rare[0]
    assert frequent[0] > 2 > 0.5 > frequent[2]
    between = model.of_labels(np.array([1, 4, 16, 64, 256]))[0]
    assert (np.diff(between[:, 2]) < 0).all()
    # Beyond the counts that were seen the weights stay.
    np.testing.assert_array_equal(model.of_labels([10**6])[0], model.of_labels([10**9])[0])


def test_mixtures_are_of_the_counts_next_to_it_on_a_line_over_the_logarithm():
    at = np.array([0, 1, 4, 16])
    np.testing.assert_allclose(_shares(at, at), np.eye(4), atol=1e-12)
    mixed = _shares(np.array([2, 100]), at)
    share = (np.log(3) - np.log(2)) / (np.log(5) - np.log(2))
    np.testing.assert_allclose(mixed, [[0, 1 - share, share, 0], [0, 0, 0, 1]])


def test_labels_without_a_positive_are_judged_by_what_they_are_called_alone():
    values, counts, targets, _ = make_pairs()
    assert DecisionModel.fit(COLUMNS, values, counts, targets).counts[0] == 1
    model = DecisionModel.fit(COLUMNS, values, counts, targets, unseen=True)
    assert model.counts[0] == 0
    (weights,), _ = model.of_labels([0])
    np.testing.assert_array_equal(weights[:2], [0, 0])
    assert weights[2] > 0.1
    assert (model.of_labels([1])[0][0] > 0.1).all()
    # It changes nothing for labels that have one.
    without = DecisionModel.fit(COLUMNS, values, counts, targets)
    np.testing.assert_array_equal(model.weights[1:], without.weights)
    np.testing.assert_array_equal(model.intercepts[1:], without.intercepts)


@pytest.mark.parametrize("unseen", [False, True])
@pytest.mark.parametrize("targets", [np.zeros(5, dtype=bool), np.ones(5, dtype=bool), np.zeros(0, dtype=bool)])
def test_a_single_class_is_nothing_to_model(targets, unseen):
    values = np.random.default_rng(0).normal(size=(len(targets), 3))
    assert DecisionModel.fit(COLUMNS, values, np.ones(len(targets), dtype=int), targets, unseen=unseen) is None


def test_the_order_of_pairs_does_not_matter():
    values, counts, targets, _ = make_pairs()
    order = np.random.default_rng(1).permutation(len(values))
    first = DecisionModel.fit(COLUMNS, values, counts, targets)
    second = DecisionModel.fit(COLUMNS, values[order], counts[order], targets[order])
    np.testing.assert_allclose(odds_of(first, values, counts), odds_of(second, values, counts), rtol=1e-3, atol=1e-3)
    again = DecisionModel.fit(COLUMNS, values, counts, targets)
    np.testing.assert_array_equal(first.weights, again.weights)


def test_started_from_another_model_it_ends_at_the_same():
    values, counts, targets, _ = make_pairs(most=1000)
    other = DecisionModel.fit(COLUMNS, *make_pairs(seed=1, most=1000)[:3], unseen=True)
    found = DecisionModel.fit(COLUMNS, values, counts, targets, start=other)
    np.testing.assert_array_equal(found.counts, other.counts)
    expected = DecisionModel.fit(COLUMNS, values, counts, targets, unseen=True)
    np.testing.assert_allclose(odds_of(found, values, counts), odds_of(expected, values, counts), rtol=1e-2, atol=1e-2)


def test_evidence_that_is_the_same_everywhere_has_no_weight():
    values, counts, targets, _ = make_pairs()
    values[:, 1] = 0
    model = DecisionModel.fit(COLUMNS, values, counts, targets)
    assert np.isfinite(model.weights).all()
    np.testing.assert_array_equal(model.weights[:, 1], 0)


def test_leads_are_over_the_best_other_label():
    rows = candidates_of([[3.0, 5.0, 1.0], [2.0, 2.0, -np.inf], [0.0, -np.inf, -np.inf]])
    np.testing.assert_array_equal(Lead()(rows), [[2, -2, -4], [0, 0, 0], [0, 0, 0]])


def test_of_two_labels_each_leads_by_the_difference_and_a_single_one_by_nothing():
    np.testing.assert_array_equal(Lead()(candidates_of([[3.0, 1.0]])), [[2, -2]])
    np.testing.assert_array_equal(Lead()(candidates_of([[3.0], [1.0]])), [[0], [0]])


def test_columns_are_named_by_scorer_and_way_of_matching():
    assert [column.name for column in evidence_columns(["a"], [])] == ["score", "lead"]
    columns = {column.name: column for column in evidence_columns(["a", "b"], ["match of x", "found of x"])}
    assert list(columns) == ["score of a", "lead of a", "score of b", "lead of b", "match of x", "found of x"]
    assert [column.trained for column in columns.values()] == [True] * 4 + [False] * 2
    rng = np.random.default_rng(0)
    labels = np.argsort(rng.random((5, 3)), axis=1)
    rows = Candidates(labels, rng.normal(size=(5, 3, 2)), rng.random((5, 3, 2)))
    for i, names in enumerate((("score of a", "match of x"), ("score of b", "found of x"))):
        np.testing.assert_array_equal(columns[names[0]](rows), rows.scores[..., i])
        np.testing.assert_array_equal(columns[names[1]](rows), rows.matches[..., i])
        lead = columns[names[0].replace("score", "lead")](rows)
        _, second, best = np.sort(rows.scores[..., i], axis=1).T
        np.testing.assert_array_equal(lead.max(axis=1), best - second)


def test_a_label_that_was_not_trained_has_no_score():
    rows = candidates_of([[2.0, -np.inf, 1.0]])
    for column in (Score(), Lead()):
        values = column(rows)
        assert np.isfinite(values).all()
        assert values[0, 2] == 0


def test_a_score_that_is_not_given_is_the_lowest_one():
    rows = candidates_of([[2.0, 1.0, np.nan], [np.nan, np.nan, np.nan]])
    score, lead = (column(missing=-3.0)(rows) for column in (Score, Lead))
    np.testing.assert_array_equal(score, [[2, 1, -3], [-3, -3, -3]])
    np.testing.assert_array_equal(lead, [[1, -1, -5], [0, 0, 0]])
    found = evidence_columns(["a", "b"], ["match"], lowest=[-1.0, -2.0])
    assert [column.missing for column in found[:4]] == [-1, -1, -2, -2]
