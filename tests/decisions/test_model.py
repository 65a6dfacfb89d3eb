"""Evidence and the model on it: what it learns, what it leaves out."""

import numpy as np
import pytest
import scipy.sparse as sp
from skbalance.decisions._cooccurrence import LabelCooccurrence

from skbalance.decisions._evidence import Count, LabelKnowledge, Lead, Lift, MatchLead, evidence_columns
from skbalance.decisions._model import DecisionModel, evidence_out_of_fold
from skbalance.decisions._pairs import Candidates, rank_pairs


def make_evidence(seed=0, n_rows=2000, width=4):
    rng = np.random.default_rng(seed)
    evidence = rng.normal(0.5, size=(n_rows, width, 3))
    log_odds = 2 * evidence[..., 0] + 0.5 * evidence[..., 1] + evidence[..., 2] * evidence[..., 0] - 1
    return evidence, rng.random(log_odds.shape) < 1 / (1 + np.exp(-log_odds)), log_odds


def fit(evidence, targets, known=None, seed=0):
    known = np.ones(targets.shape, dtype=bool) if known is None else known
    columns = evidence_columns(["a"], 0)[:3]
    return DecisionModel.fit(columns, evidence, targets, known, np.random.RandomState(seed))


def candidates_of(scores, matches=None):
    labels, ranked = rank_pairs(np.asarray(scores, dtype=np.float32), np.shape(scores)[1])
    matches = np.zeros(labels.shape) if matches is None else np.take_along_axis(np.asarray(matches), labels, axis=1)
    return Candidates(labels, ranked[..., None], matches[..., None].astype(np.float32))


def test_recovers_log_odds():
    evidence, targets, log_odds = make_evidence(n_rows=20_000)
    found = fit(evidence, targets).log_odds(evidence)
    assert np.corrcoef(found.ravel(), log_odds.ravel())[0, 1] > 0.99
    assert abs(found - log_odds).mean() < 0.1


def test_pairs_that_are_not_known_do_not_count():
    evidence, targets, _ = make_evidence()
    known = np.random.default_rng(1).random(targets.shape) < 0.7
    spoilt, wrong = evidence.copy(), targets.copy()
    spoilt[~known], wrong[~known] = 1e6, True
    np.testing.assert_allclose(fit(spoilt, wrong, known).coefficients, fit(evidence, targets, known).coefficients)


def test_a_part_of_the_rows_is_enough_and_reproducible(monkeypatch):
    evidence, targets, _ = make_evidence(n_rows=20_000)
    whole = fit(evidence, targets).log_odds(evidence)
    monkeypatch.setattr("skbalance.decisions._model._MAX_PAIRS", 20_000)
    first, second = fit(evidence, targets).log_odds(evidence), fit(evidence, targets).log_odds(evidence)
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, whole)
    assert abs(first - whole).mean() < 0.2


@pytest.mark.parametrize("targets", [np.zeros((5, 2), dtype=bool), np.ones((5, 2), dtype=bool)])
def test_nothing_to_model(targets):
    assert fit(np.random.default_rng(0).normal(size=(5, 2, 3)), targets) is None


def test_weights_are_what_the_log_odds_would_lose():
    evidence, targets, _ = make_evidence()
    model = fit(evidence, targets)
    weights = model.weights(evidence)
    usual = evidence.copy()
    usual[..., 1] = evidence[..., 1].mean()
    np.testing.assert_allclose(weights[..., 1], model.log_odds(evidence) - model.log_odds(usual))
    assert abs(weights[..., 0]).mean() > abs(weights[..., 1]).mean()


def test_leads_are_over_the_best_other_label():
    rows = candidates_of([[3.0, 5.0, 1.0], [2.0, 2.0, -np.inf], [0.0, -np.inf, -np.inf]])
    np.testing.assert_array_equal(Lead()(rows, None), [[2, -2, -4], [0, 0, 0], [0, 0, 0]])
    matched = candidates_of([[3.0, 2.0, 1.0]], [[0.0, 0.5, 0.2]])
    np.testing.assert_allclose(MatchLead()(matched, None), [[-0.5, 0.3, -0.3]], rtol=1e-6)


def test_lifts_are_those_given_the_best_other_label():
    y = np.random.default_rng(0).random((200, 4)) < 0.4
    counted = LabelCooccurrence.of(sp.csr_array(y))
    rows = candidates_of([[2.0, 0.0, 3.0, 1.0], [1.0, 0.5, -np.inf, -np.inf], [-np.inf, 0.0, -np.inf, -np.inf]])
    found = Lift()(rows, LabelKnowledge(y.sum(axis=0), counted))
    np.testing.assert_array_equal(found[0], counted.log_lift(rows.labels[0], rows.labels[0][[1, 0, 0, 0]]))
    np.testing.assert_array_equal(found[1, :2], counted.log_lift(rows.labels[1, :2], rows.labels[1][[1, 0]]))
    assert found[2, 0] == 0


def test_of_two_labels_each_leads_by_the_difference_and_a_single_one_by_nothing():
    np.testing.assert_array_equal(Lead()(candidates_of([[3.0, 1.0]]), None), [[2, -2]])
    np.testing.assert_array_equal(Lead()(candidates_of([[3.0], [1.0]]), None), [[0], [0]])


def test_columns_are_named_by_scorer_and_block():
    assert [column.name for column in evidence_columns(["a"], 1)] == [
        "score", "lead", "count", "lift", "match", "match lead",
    ]  # fmt: skip
    columns = {column.name: column for column in evidence_columns(["a", "b"], 2)}
    assert list(columns) == [
        "score of a", "lead of a", "score of b", "lead of b", "count", "lift",
        "match 1", "match lead 1", "match 2", "match lead 2",
    ]  # fmt: skip
    rng = np.random.default_rng(0)
    labels = np.argsort(rng.random((5, 3)), axis=1)
    rows = Candidates(labels, rng.normal(size=(5, 3, 2)), rng.random((5, 3, 2)))
    for i, names in enumerate((("score of a", "match 1"), ("score of b", "match 2"))):
        np.testing.assert_array_equal(columns[names[0]](rows, None), rows.scores[..., i])
        np.testing.assert_array_equal(columns[names[1]](rows, None), rows.matches[..., i])
        lead = columns[names[0].replace("score", "lead")](rows, None)
        _, second, best = np.sort(rows.scores[..., i], axis=1).T
        np.testing.assert_array_equal(lead.max(axis=1), best - second)
    single = {column.name: column for column in evidence_columns(["a"], 1)}
    np.testing.assert_array_equal(single["score"](rows, None), rows.scores[..., 0])
    np.testing.assert_array_equal(single["match"](rows, None), rows.matches[..., 0])


@pytest.mark.parametrize("n_parts", [1, 2, 5])
def test_counts_are_those_that_the_scorers_of_the_part_had_seen(n_parts):
    rng = np.random.default_rng(0)
    y, rows = sp.csr_array(rng.integers(0, 2, (20, 3))), candidates_of(rng.normal(size=(20, 3)))
    parts = np.arange(20) % max(n_parts, 2)
    # A single fit serves the rows of every part.
    seen = rng.integers(1, 100, (n_parts, 3))
    _, others = LabelCooccurrence.with_and_without_parts(y, np.arange(20), parts)
    evidence = evidence_out_of_fold((Count(),), rows, seen, parts, others)
    expected = np.log1p(np.broadcast_to(seen, (len(others), 3))[parts[:, None], rows.labels])
    np.testing.assert_allclose(evidence[..., 0], expected, rtol=1e-6)


def out_of_fold(y, scores):
    """Evidence of all pairs, in parts of every fifth row."""
    rows = candidates_of(scores)
    parts = np.arange(len(y)) % 5
    seen = np.array([y[parts != part].sum(axis=0) for part in range(5)])
    columns = evidence_columns(["a"], 0)
    indicator = sp.csr_array(y.astype(int))
    _, others = LabelCooccurrence.with_and_without_parts(indicator, np.arange(len(y)), parts)
    evidence = evidence_out_of_fold(columns, rows, seen, parts, others)
    return columns, rows, evidence, np.take_along_axis(y, rows.labels, axis=1)


def test_a_companion_is_told_from_an_exclusive_label():
    """Label 1 comes with label 0 only, label 2 never does; the scores of both are the same."""
    rng = np.random.default_rng(0)
    y = np.zeros((3000, 3), dtype=bool)
    y[:1500, 0] = True
    y[:600, 1] = True
    y[1500:2100, 2] = True
    scores = np.where(y, 1.0, -1.0) + rng.normal(size=y.shape)
    scores[:, 0] += np.where(y[:, 0], 3, 0)
    order = rng.permutation(len(y))
    y, scores = y[order], scores[order]
    columns, rows, evidence, targets = out_of_fold(y, scores)
    model = DecisionModel.fit(columns, evidence, targets, rows.known, rng)
    log_odds = np.empty(y.shape)
    np.put_along_axis(log_odds, rows.labels, model.log_odds(evidence), axis=1)
    with_0 = y[:, 0] & (abs(scores[:, 1] - scores[:, 2]) < 0.2)
    assert with_0.sum() > 50
    # Score, lead and count are as good as the same: without lifts the mean is near 0.
    assert (log_odds[with_0, 1] - log_odds[with_0, 2]).mean() > 2


def test_evidence_of_a_row_does_not_know_its_labels():
    """Whatever the targets of a part are, the evidence of its rows is counted on the others."""
    rng = np.random.default_rng(0)
    y, scores = rng.random((200, 4)) < 0.3, rng.normal(size=(200, 4))
    _, _, evidence, _ = out_of_fold(y, scores)
    part = np.arange(200) % 5 == 2
    other = y.copy()
    other[part] = rng.random((40, 4)) < 0.7
    _, _, changed, _ = out_of_fold(other, scores)
    np.testing.assert_array_equal(evidence[part], changed[part])
    assert not np.array_equal(evidence[~part], changed[~part])
