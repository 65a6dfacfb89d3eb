"""What is decided on out-of-fold scores, and by which metric."""

import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import f1_score
from sklearn.model_selection import KFold

from skbalance import TunedThresholdMultiLabelClassifierCV
from skbalance.crossfit import TrainingLabels
from skbalance.decisions import _decisions
from skbalance.decisions._candidates import Candidates
from skbalance.decisions._decisions import OutOfFold, Scale, fit_models
from skbalance.decisions._plan import typical_size


class Scores(ClassifierMixin, BaseEstimator):
    """Gives the columns of X as scores; nothing to fit."""

    def fit(self, X, y):
        self.classes_ = [np.array([0, 1])] * X.shape[1]
        return self

    def decision_function(self, X):
        return X


def problem(seed=0, n_rows=100, n_labels=5):
    rng = np.random.default_rng(seed)
    y = (rng.random((n_rows, n_labels)) < np.linspace(0.1, 0.6, n_labels)).astype(int)
    return rng.normal(size=y.shape) + y, y


def tuned(X, y, **settings):
    settings = {"scores": "estimator", "cv": KFold(5), "random_state": 0, **settings}
    return TunedThresholdMultiLabelClassifierCV(Scores(), **settings).fit(X, y)


@pytest.mark.parametrize(("scoring", "share"), [("f1_micro", 1.0), ("f1_macro", 0.0), ("f1_micro_macro", 0.25)])
def test_the_best_score_is_that_of_the_metric(scoring, share):
    X, y = problem()
    # Of one label for each row, which no threshold changes.
    first = (X.max(axis=1, keepdims=True) == X).astype(int)
    micro, macro = (f1_score(y, first, average=average) for average in ("micro", "macro"))
    model = tuned(X, y, strategy="top_k", k=1, scoring=scoring)
    assert model.best_score_ == pytest.approx(share * micro + (1 - share) * macro)
    assert tuned(X, sp.csr_array(y), strategy="top_k", k=1, scoring=scoring).best_score_ == model.best_score_


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_a_metric_is_called_with_targets_of_the_kind_of_y(kind):
    X, y = problem()
    seen = []
    tuned(X, kind(y), scoring=lambda y_true, y_pred: seen.append((y_true, y_pred)) or 0.5)
    for pair in seen:
        assert [type(each) for each in pair] == [type(kind(y))] * 2
        assert pair[0].shape == pair[1].shape
    truth = seen[0][0]
    assert truth.shape == y.shape
    np.testing.assert_array_equal(truth.toarray() if sp.issparse(truth) else truth, y)


def test_rows_of_a_single_split_stand_in_parts_of_their_own():
    labels, scores = np.zeros((4, 1), dtype=int), np.zeros((4, 1, 1), dtype=np.float32)
    half = Candidates(labels, scores, np.zeros((4, 1, 0)))
    y = TrainingLabels.of(sp.csr_array(np.array([[1], [0]] * 4)))
    rows, seen = [np.array([4, 5, 6, 7]), np.array([3, 2, 1, 0])], np.ones((2, 1), dtype=int)
    single = OutOfFold.gather([half], rows[:1], seen[:1], y, np.array([2, 0, 1, 0]))
    assert (single.parts.tolist(), single.labels.numbers.tolist()) == ([2, 0, 1, 0], [4, 5, 6, 7])
    assert single.targets[:, 0].tolist() == [True, False, True, False]
    both = OutOfFold.gather([half, half], rows, seen, y, None)
    assert (both.parts.tolist(), both.labels.numbers.tolist()) == ([0] * 4 + [1] * 4, [4, 5, 6, 7, 3, 2, 1, 0])
    np.testing.assert_array_equal(both.targets[:, 0], [True, False, True, False, False, True, False, True])
    np.testing.assert_array_equal(both.positives, [[2], [2]])


def test_probabilities_are_shown_strictly_between_0_and_1():
    shown = Scale(True).show(np.array([-np.inf, -1e4, 0.0, 1e4]))
    assert shown[0] == 0
    assert 0 < shown[1] < 1e-300
    assert shown[2] == 0.5
    assert 1 - 1e-15 < shown[3] < 1


def test_texts_speak_for_unseen_labels_only_where_asked_and_there_are_any():
    X, y = problem()
    y[:, 4] = 0
    for columns, unseen, expected in ((5, True, True), (5, False, False), (4, True, False)):
        settings = {"scores": "pooled", "label_texts": np.eye(columns), "predict_unseen": unseen}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            model = tuned(np.maximum(X[:, :columns], 0), y[:, :columns], **settings)
        assert model.decisions_.unseen == expected
        assert (model.decisions_.model.counts[0] == 0) == expected


def pairs_for_the_model(seed=0, n_rows=3000, n_labels=20):
    """Rows that scorers did not see, and a plan for them."""
    rng = np.random.default_rng(seed)
    y = sp.csr_array((rng.random((n_rows, n_labels)) < 0.2).astype(int))
    labels = np.array([rng.permutation(n_labels) for _ in range(n_rows)])
    targets = np.take_along_axis(y.toarray() > 0, labels, axis=1)
    scores = (rng.normal(size=(*labels.shape, 1)) + 2 * targets[..., None]).astype(np.float32)
    candidates = Candidates(labels, scores, np.zeros((*labels.shape, 0), dtype=np.float32))
    oof = OutOfFold(candidates, TrainingLabels.of(y), np.full((5, n_labels), 50), np.arange(n_rows) % 5)
    return oof, SimpleNamespace(fit_width=max(8, 2 * typical_size(oof.labels)), scorers=["a"], hierarchy=None)


def with_targets(oof, targets, labelled=None):
    """The same rows with other labels, by pairs."""
    indicator, unknown = (
        np.zeros(oof.labels.indicator.shape, dtype=int),
        np.zeros(oof.labels.indicator.shape, dtype=int),
    )
    np.put_along_axis(indicator, oof.candidates.labels, targets.astype(int), axis=1)
    if labelled is not None:
        np.put_along_axis(unknown, oof.candidates.labels, (~labelled).astype(int), axis=1)
    unknown = None if labelled is None else sp.csr_array(unknown)
    return replace(oof, labels=TrainingLabels.of(sp.csr_array(indicator), unknown))


def test_a_part_of_the_rows_is_enough_and_reproducible(monkeypatch):
    oof, plan = pairs_for_the_model()
    found = []
    for most in (10**6, 8000, 8000):
        monkeypatch.setattr(_decisions, "_MAX_PAIRS", most)
        model = fit_models(oof, plan, False, np.random.RandomState(0))[0]
        found.append(model.log_odds(oof.candidates, oof.seen[0]))
    whole, *parts = found
    np.testing.assert_array_equal(*parts)
    assert not np.array_equal(parts[0], whole)
    assert abs(parts[0] - whole).mean() < 0.2


@pytest.mark.parametrize("step", [2, 4, 8])
def test_models_of_parts_learn_from_pairs_of_all_ranks(monkeypatch, step):
    oof, plan = pairs_for_the_model()
    order = np.argsort(-oof.candidates.scores, axis=1)
    scores, labels = np.take_along_axis(oof.candidates.scores, order, axis=1), oof.candidates.labels
    oof = replace(
        oof, candidates=replace(oof.candidates, scores=scores, labels=np.take_along_axis(labels, order[..., 0], axis=1))
    )
    taught, fit = [], _decisions.DecisionModel.fit
    monkeypatch.setattr(
        _decisions.DecisionModel, "fit", lambda *args, **kwargs: taught.append(args) or fit(*args, **kwargs)
    )
    n_pairs = len(labels) * 4 // 5 * plan.fit_width
    monkeypatch.setattr(_decisions, "_MAX_PAIRS_OF_PARTS", int(n_pairs / (step - 0.5)))
    fit_models(oof, plan, False, None)
    (_, whole, *_), *parts = taught
    assert len(parts) == 5
    for columns, values, *_ in parts:
        assert columns[1].name == "lead"
        assert len(values) < len(whole) / (step - 1)
        assert (values[:, 1] < 0).mean() == pytest.approx(1 - 1 / plan.fit_width, abs=0.01)


def test_pairs_that_are_not_usable_teach_nothing():
    oof, plan = pairs_for_the_model()
    models = []
    labelled = np.random.default_rng(1).random(oof.targets.shape) < 0.7
    for seed in range(2):
        noise = np.random.default_rng(seed)
        targets = np.where(labelled, oof.targets, noise.random(labelled.shape) < 0.5)
        models.append(fit_models(with_targets(oof, targets, labelled), plan, False, None)[0])
    expected = fit_models(oof, plan, False, None)[0]
    np.testing.assert_array_equal(models[0].weights, models[1].weights)
    np.testing.assert_allclose(models[0].weights, expected.weights, rtol=0.1, atol=0.01)
    scores = np.where(labelled[..., None], oof.candidates.scores, -np.inf)
    untrained = replace(oof, candidates=replace(oof.candidates, scores=scores))
    np.testing.assert_array_equal(untrained.usable, labelled)
    assert (with_targets(oof, oof.targets, labelled).usable == labelled).all()


@pytest.mark.parametrize("n_parts", [1, 2, 5])
def test_counts_are_those_that_the_scorers_of_the_part_had_seen(n_parts):
    oof, plan = pairs_for_the_model(n_rows=20, n_labels=3)
    rows, seen = np.array_split(np.arange(20), n_parts), np.random.default_rng(0).integers(1, 100, (n_parts, 3))
    candidates = [oof.candidates.take(part) for part in rows]
    found = OutOfFold.gather(candidates, rows, seen, oof.labels, np.arange(20) % 2)
    # A single fit serves the rows of every part.
    fits = np.repeat(np.arange(n_parts), 20 // n_parts)
    assert len(np.unique(found.parts)) == max(n_parts, 2)
    np.testing.assert_array_equal(
        found.seen[found.parts[:, None], found.candidates.labels], seen[fits[:, None], found.candidates.labels]
    )


def test_what_thresholds_are_set_on_does_not_know_the_targets_of_its_part():
    oof, plan = pairs_for_the_model()
    _, of_parts = fit_models(oof, plan, False, None)
    assert len(of_parts) == oof.parts.max() + 1 > 1
    part = oof.parts == 1
    other = oof.targets.copy()
    other[part] = ~other[part]
    _, changed = fit_models(with_targets(oof, other), plan, False, None)
    np.testing.assert_allclose(changed[1].weights, of_parts[1].weights, rtol=0.05, atol=0.02)
    assert abs(changed[0].weights - of_parts[0].weights).max() > 0.1


def test_of_too_many_parts_the_smallest_neighbours_become_one(monkeypatch):
    monkeypatch.setattr(_decisions, "_MOST_PARTS", 3)
    parts = np.repeat([0, 1, 2, 3], [5, 1, 3, 5])
    oof = OutOfFold(None, None, np.array([[1.0], [2.0], [6.0], [8.0]]), parts)._fewer_parts()
    assert np.bincount(oof.parts).tolist() == [5, 4, 5]
    assert oof.seen.tolist() == [[1], [5], [8]]
