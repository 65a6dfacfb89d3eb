"""A tuner that knows parents of labels."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from skbalance import TunedThresholdMultiLabelClassifierCV
from skbalance._hierarchy import Hierarchy
from skbalance.decisions._candidates import Candidates
from skbalance.decisions._model import Lead

# Two roots with three children each, of which the last has the child 8 and the second both roots.
PARENTS = {2: 0, 3: [0, 1], 4: 0, 5: 1, 6: 1, 7: 1, 8: 7}
N_LABELS = 9
HIERARCHY = Hierarchy.of_columns(PARENTS, N_LABELS)


def problem(n_rows=200, seed=0, noise=1.2):
    """Noisy features of labels and their ancestors."""
    rng = np.random.default_rng(seed)
    own = rng.random((n_rows, N_LABELS)) < [0.1, 0.05, 0.2, 0.1, 0.1, 0.2, 0.05, 0.03, 0.1]
    y = HIERARCHY.close(own.astype(int))
    return np.hstack([y, y @ rng.normal(size=(N_LABELS, 6))]) + noise * rng.normal(size=(n_rows, N_LABELS + 6)), y


def tuner(estimator=None, **settings):
    model = OneVsRestClassifier(LinearSVC(random_state=0)) if estimator is None else estimator
    return TunedThresholdMultiLabelClassifierCV(model, parents=PARENTS, cv=3, random_state=0, **settings)


def dense(y):
    return y.toarray() if sp.issparse(y) else y


def assert_closed(predicted):
    predicted = dense(predicted)
    np.testing.assert_array_equal(HIERARCHY.close(predicted), predicted)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"scores": "estimator"},
        {"scores": "estimator", "estimator": OneVsRestClassifier(LogisticRegression())},
        {"min_labels": 3},
        {"max_labels": 2},
        {"min_labels": 2, "max_labels": 2},
        {"strategy": "top_k", "k": 2},
        {"strategy": "top_k"},
        {"strategy": "global"},
        {"strategy": "micro_macro"},
        {"strategy": "per_label", "scoring": "f1_samples"},
        {"min_precision": 0.7},
        {"max_missed": 0.3},
        {"max_candidates": 3},
        {"max_candidates": 3, "max_labels": 2, "min_labels": 1},
    ],
)
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix])
def test_predictions_are_closed(settings, kind):
    X, y = problem()
    model = tuner(**settings).fit(X, kind(y))
    other, _ = problem(seed=1)
    predicted = model.predict(other)
    assert sp.issparse(predicted) == (kind is sp.csr_matrix)
    assert_closed(predicted)
    sizes = dense(predicted).sum(axis=1)
    assert sizes.max() <= (settings.get("max_labels") or settings.get("k") or N_LABELS)
    if "min_precision" not in settings and "max_missed" not in settings:
        assert sizes.min() >= (settings.get("min_labels") or settings.get("k") or 0)
    kept, chosen, _ = model.review_training_rows()
    rows = sp.csr_array((chosen.astype(int), (kept.row_of_pair, kept.labels)), shape=(len(kept.rows), N_LABELS))
    assert_closed(rows)


def test_a_parent_is_as_likely_as_its_children_and_stands_before_them():
    X, y = problem()
    model = tuner().fit(X, y)
    scores, (labels, _) = model.decision_scores(X), model.predict_topk(X, 4)
    for label, parents in HIERARCHY.parents.items():
        assert (scores[:, parents] >= scores[:, [label]]).all()
    for row in labels.tolist():
        assert {parent for label in row for parent in HIERARCHY.parents.get(label, ())} <= set(row)


def test_scores_that_no_child_contradicts_are_the_decision_models_own():
    X, y = problem(noise=0.2)
    model = tuner(scores="estimator").fit(X, y)
    own, scores = model.estimator_.decision_function(X), model.decision_scores(X)
    agree = np.all([own[:, label] <= own[:, parent] for label, parent in HIERARCHY.edges], axis=0)
    assert 0 < agree.sum() < len(X)
    np.testing.assert_allclose(scores[agree], own[agree], rtol=1e-5)
    assert (np.abs(scores[~agree] - own[~agree]).max(axis=1) > 0).all()


def test_a_promise_on_precision_drops_a_child_and_one_on_recall_adds_a_parent():
    X, y = problem(400)
    for settings in ({"min_precision": 0.7}, {"max_missed": 0.3}):
        model = tuner(**settings).fit(X, y)
        above = (model.decision_scores(X) > model.thresholds_).astype(int)
        assert (HIERARCHY.close(above) != above).any()
        difference = model.predict(X) - above
        assert set(np.unique(difference)) == ({-1, 0} if "min_precision" in settings else {0, 1})
        assert_closed(model.predict(X) + model.to_review(X))


def test_thresholds_that_are_edited():
    X, y = problem()
    model = tuner(max_candidates=3).fit(X, y)
    model.thresholds_[8] = -1
    assert model.predict(X)[:, [8, 7, 1]].all()
    assert_closed(model.predict(X))
    model.thresholds_[0] = np.inf
    assert not model.predict(X)[:, [0, 2, 3, 4]].any()
    assert_closed(model.predict(X))


NAMES = ["grain", "wheat", "corn", "fuel", "oil", "gas", "tea", "green tea"]
GROUPS = {1: 0, 2: 0, 4: 3, 5: 3, 7: 6}


def named_problem():
    texts = ["wheat corn", "wheat", "oil gas", "gas", "corn", "oil"] * 10
    y = np.array([[int(name in text) for name in NAMES] for text in texts])
    return texts, Hierarchy.of_columns(GROUPS, 8).close(y)


def test_rows_without_a_feature_get_labels_with_their_ancestors():
    texts, y = named_problem()
    y = y[:, [5, 1, 2, 4, 0, 3]]  # parents last, and as frequent as some children
    y[:, 4] = y[:, [1, 2, 4]].any(axis=1)
    parents = {1: 4, 2: 4, 0: 5, 3: 5}
    for least in (1, 2, 3):
        model = tuner(min_labels=least).set_params(parents=parents).fit(TfidfVectorizer().fit_transform(texts), y)
        nothing = model.predict(sp.csr_matrix((1, 4)))
        assert nothing.sum() == least
        np.testing.assert_array_equal(Hierarchy.of_columns(parents, 6).close(nothing), nothing)


@pytest.mark.filterwarnings("ignore:Label not .* is present in all training examples")
def test_labels_that_no_row_has_are_predicted_from_their_names_with_their_ancestors():
    texts, y = named_problem()
    pipeline = make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LinearSVC(random_state=0)))
    model = tuner(pipeline, label_texts=NAMES, predict_unseen=True).set_params(parents=GROUPS)
    model.fit([f"{text} green" if "oil" in text else text for text in texts], y)
    assert model.label_counts_[6] == model.label_counts_[7] == 0
    predicted = model.predict(["green", "wheat green", "tea", "green tea"])
    assert predicted[0, [6, 7]].all()
    np.testing.assert_array_equal(Hierarchy.of_columns(GROUPS, 8).close(predicted), predicted)


def test_explain_names_the_descendant():
    X, y = problem()
    model = tuner().fit(X, y)
    ((_, candidates, _),), found = model._blocks(X, model.thresholds_), 0
    for row, each in zip(model.decisions_.own_scores(candidates), model.explain(X)):
        labels = [evidence.label for evidence in each]
        for evidence in each:
            if evidence.descendant is None:
                continue
            found += 1
            assert evidence.descendant in labels
            assert HIERARCHY.reach[evidence.descendant, evidence.label]
            assert 1 / (1 + np.exp(-row[evidence.label])) <= evidence.threshold
            assert f"for it is an ancestor of {evidence.descendant}" in str(evidence)
    assert found


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_a_target_that_is_not_closed_is_refused(kind):
    X, y = problem()
    y[5, 0], y[5, 4] = 0, 1
    with pytest.raises(ValueError, match="Rows of y have descendants of label 0 without that label"):
        tuner().fit(X, kind(y))


@pytest.mark.parametrize(
    ("parents", "message"),
    [
        ({0: 0}, "in a circle: 0 -> 0"),
        ({0: 9}, "must be a column, from 0 to 8; got 9"),
        ([1], "'parents' parameter of TunedThresholdMultiLabelClassifierCV must be"),
    ],
)
def test_refused_parents(parents, message):
    X, y = problem()
    with pytest.raises(ValueError, match=message):
        tuner().set_params(parents=parents).fit(X, y)


@pytest.mark.filterwarnings("ignore:Label not .* is present in all training examples")
def test_candidates_are_closed_with_matches_too():
    texts, y = named_problem()
    pipeline = make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LinearSVC(random_state=0)))
    model = tuner(pipeline, label_texts=NAMES, predict_unseen=True, max_candidates=1).set_params(parents=GROUPS)
    model.fit(texts, y)
    hierarchy = Hierarchy.of_columns(GROUPS, 8)
    for forced in ([], [5]):
        for _, candidates in model._fitted.candidates([*texts, "green tea", "corn gas"], 1, forced=forced):
            found = np.zeros((len(candidates.labels), 8), dtype=int)
            np.put_along_axis(found, candidates.labels, 1, axis=1)
            np.testing.assert_array_equal(hierarchy.close(found), found)


def test_a_lead_is_over_labels_that_are_no_relatives():
    rng = np.random.default_rng(0)
    labels = np.array([rng.permutation(N_LABELS) for _ in range(20)])
    scores = rng.normal(size=(20, N_LABELS, 1)).round(1)
    scores[0] = -np.inf
    lead = Lead(0, "lead", hierarchy=HIERARCHY)(Candidates(labels, scores, np.zeros((20, N_LABELS, 0))))
    reach = HIERARCHY.reach.toarray()
    for row in range(1, 20):
        for pair, label in enumerate(labels[row]):
            others = ~(reach[label] | reach[:, label])[labels[row]].astype(bool)
            assert lead[row, pair] == scores[row, pair, 0] - scores[row, others, 0].max()
    np.testing.assert_array_equal(lead[0], 0)
