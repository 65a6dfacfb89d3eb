"""Labels without a training row: what the match of their text is worth."""

import numpy as np

from skbalance.decisions._pairs import Candidates, ScoredPairs
from skbalance.decisions._unseen import _LIKELY, UnseenModel


def problem(seed=0, n_rows=300, width=12, strength=4.0):
    """Two blocks of matches, many of them 0; a pair is the likelier, the better the first block matches."""
    rng = np.random.default_rng(seed)
    matches = rng.random((n_rows, width, 2)) * (rng.random((n_rows, width, 2)) < 0.5)
    scores = -np.sort(-rng.normal(size=(n_rows, width)), axis=1)
    targets = rng.random((n_rows, width)) < 1 / (1 + np.exp(3 - strength * matches[..., 0]))
    labels = np.tile(np.arange(width), (n_rows, 1))
    candidates = Candidates(labels, scores[..., None], matches)
    pairs = ScoredPairs(labels, scores, targets, targets.sum(axis=0)[None], np.zeros(n_rows, dtype=int))
    return candidates, pairs


def fit(candidates, pairs, told=None):
    told = np.ones(pairs.targets.shape, dtype=bool) if told is None else told
    return UnseenModel.fit(candidates, told, pairs.scores, pairs, np.random.RandomState(0))


def test_a_better_match_is_likelier_and_none_impossible():
    candidates, pairs = problem()
    log_odds = fit(candidates, pairs).log_odds(candidates, pairs.scores)
    matched = (candidates.matches[..., 0] > 0) | (candidates.matches[..., 1] > 0)
    np.testing.assert_array_equal(np.isfinite(log_odds), matched)
    truth = 4 * candidates.matches[..., 0] - 3
    assert np.corrcoef(log_odds[matched], truth[matched])[0, 1] > 0.9


def test_the_threshold_is_best_for_macro_f1_of_what_matches():
    candidates, pairs = problem()
    told = np.random.default_rng(1).random(pairs.targets.shape) < 0.8
    model = fit(candidates, pairs, told)
    log_odds = np.where(told, model.log_odds(candidates, pairs.scores), -np.inf)

    def macro(threshold):
        above = log_odds > threshold
        return np.mean(2 * (above & pairs.targets).sum(axis=0) / (above.sum(axis=0) + pairs.targets.sum(axis=0)))

    best = max(macro(c) for c in log_odds[np.isfinite(log_odds)])
    assert macro(model.threshold) > best - 0.01
    assert macro(model.threshold) > macro(-np.inf) + 0.01


def test_how_sure_the_best_label_is_counts_where_scores_are_known():
    candidates, pairs = problem()
    targets = pairs.targets & (pairs.scores.max(axis=1, keepdims=True) < 1.5)
    sure = ScoredPairs(pairs.labels, pairs.scores, targets, targets.sum(axis=0)[None], pairs.parts)
    model = fit(candidates, sure)
    matched = np.isfinite(model.log_odds(candidates, pairs.scores))
    lower, higher = (model.log_odds(candidates, pairs.scores + by)[matched] for by in (0, 1))
    assert (higher - lower).mean() < -0.5
    unknown = model.log_odds(candidates, np.full(pairs.scores.shape, -np.inf))
    np.testing.assert_array_equal(unknown, model.log_odds(candidates, np.zeros(pairs.scores.shape)))


def test_nothing_that_matches_and_is_right_is_no_model():
    candidates, pairs = problem()
    matched = (candidates.matches > 0).any(axis=-1)
    for targets in (pairs.targets & ~matched, np.zeros_like(matched), np.ones_like(matched)):
        wrong = ScoredPairs(pairs.labels, pairs.scores, targets, targets.sum(axis=0)[None], pairs.parts)
        assert fit(candidates, wrong) is None
    assert fit(candidates, pairs, told=~matched) is None


def test_of_pairs_without_a_match_only_the_likely_ones_are_learnt_from():
    candidates, pairs = problem(width=_LIKELY + 2)
    candidates.matches[:, _LIKELY - 1 : _LIKELY + 1] = 0
    before = fit(candidates, pairs).log_odds(candidates, pairs.scores)
    for place, counts in ((_LIKELY - 1, True), (_LIKELY, False)):
        targets = pairs.targets.copy()
        targets[:, place] = ~targets[:, place]
        other = ScoredPairs(pairs.labels, pairs.scores, targets, pairs.positives, pairs.parts)
        after = fit(candidates, other).log_odds(candidates, pairs.scores)
        assert np.array_equal(before, after) != counts
