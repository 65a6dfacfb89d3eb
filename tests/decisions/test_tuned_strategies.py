"""TunedThresholdMultiLabelClassifierCV: strategies, bounds, scoring, and what is done without evidence."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, fbeta_score, hamming_loss
from sklearn.model_selection import PredefinedSplit
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline

from skbalance import BalancedMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV

from .problems import OVR, RIDGE, STRATEGIES, Scores, make_data, rare_problem


def test_shrinkage_zero_and_infinite():
    X, y, *_ = make_data()
    kwargs = {"scoring": "f1_macro", "scores": "estimator", "random_state": 0}
    own = TunedThresholdMultiLabelClassifierCV(RIDGE, strategy="per_label", **kwargs).fit(X, y)
    none = TunedThresholdMultiLabelClassifierCV(RIDGE, strategy="per_label_shrunk", shrinkage=0, **kwargs).fit(X, y)
    much = TunedThresholdMultiLabelClassifierCV(RIDGE, strategy="per_label_shrunk", shrinkage=1e9, **kwargs).fit(X, y)
    np.testing.assert_allclose(none.thresholds_, own.thresholds_)
    assert np.ptp(much.thresholds_) < np.ptp(own.thresholds_) / 2


def test_shrinkage_saves_rare_labels():
    X, y, X_test, y_test = rare_problem()
    scores = {}
    settings = {
        "pooled": {},
        "shrunk": {"scores": "estimator"},
        "own": {"scores": "estimator", "strategy": "per_label"},
    }
    for name, given in settings.items():
        model = TunedThresholdMultiLabelClassifierCV(Scores(60), scoring="f1_macro", random_state=0, **given).fit(X, y)
        predicted = model.predict(X_test)
        scores[name] = [f1_score(y_test, predicted, average=a, zero_division=0) for a in ("micro", "macro")]
    for name in ("pooled", "shrunk"):
        assert scores[name][0] > scores["own"][0] + 0.01
        assert scores[name][1] > scores["own"][1] + 0.01


def test_rare_and_absent_labels_have_a_fallback():
    X, y, X_test, _ = make_data(600, 8)
    y[:, 0] = 0
    y[:, 1] = 0
    y[7, 1] = 1
    y[:, 2] = 1
    with pytest.warns(UserWarning, match="present in all training examples"):
        model = TunedThresholdMultiLabelClassifierCV(OVR, random_state=0).fit(X, y)
    predicted = model.predict(X_test)
    assert not np.isnan(model.thresholds_).any()
    assert not predicted[:, 0].any()
    assert predicted[:, 2].all()
    assert predicted[:, 1].mean() < 0.2
    np.testing.assert_array_equal(model.label_counts_, y.sum(axis=0))


def test_fold_without_a_label_that_the_estimator_cannot_take_is_explained():
    X, y, *_ = make_data()
    y[:, 1] = 0
    y[7, 1] = 1
    with pytest.raises(ValueError, match=r"1 of 8 labels .the first is 1. have one class only"):
        TunedThresholdMultiLabelClassifierCV(MultiOutputClassifier(LogisticRegression())).fit(X, y)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(("least", "most"), [(0, None), (1, None), (2, 3), (0, 1)])
def test_bounds_on_labels_a_row(strategy, least, most):
    X, y, X_test, _ = make_data()
    model = TunedThresholdMultiLabelClassifierCV(RIDGE, strategy=strategy, min_labels=least, max_labels=most)
    found = model.fit(X, y).predict(X_test).sum(axis=1)
    assert found.min() >= least
    assert found.max() <= (most or 8)


def test_min_labels_is_chosen_from_the_training_rows():
    X, y, X_test, _ = make_data()
    assert TunedThresholdMultiLabelClassifierCV(RIDGE).fit(X, y).min_labels_ == 0
    labelled = y.sum(axis=1) > 0
    model = TunedThresholdMultiLabelClassifierCV(RIDGE).fit(X[labelled], y[labelled])
    assert model.min_labels_ == 1
    assert model.predict(X_test).any(axis=1).all()


def test_top_k():
    X, y, X_test, _ = make_data()
    given = TunedThresholdMultiLabelClassifierCV(RIDGE, strategy="top_k", k=2).fit(X, y)
    assert (given.predict(X_test).sum(axis=1) == 2).all()
    best = np.sort(given.decision_scores(X_test), axis=1)[:, -2:]
    np.testing.assert_array_equal(given.predict(X_test), given.decision_scores(X_test) >= best[:, :1])
    chosen = TunedThresholdMultiLabelClassifierCV(RIDGE, strategy="top_k", store_cv_results=True).fit(X, y)
    results = chosen.cv_results_
    assert chosen.k_ == results["k"][results["score"].argmax()]


def negative_hamming_loss(y_true, y_pred):
    return -hamming_loss(y_true, y_pred)


@pytest.mark.parametrize("strategy", ["per_label_shrunk", "global", "per_label"])
def test_scoring_is_what_is_maximised(strategy):
    X, y, *_ = make_data(800)
    predicted = {}
    for scoring in ("f1_micro", "f1_macro", "f1_samples", negative_hamming_loss):
        model = TunedThresholdMultiLabelClassifierCV(
            RIDGE, strategy=strategy, scoring=scoring, min_labels=0, store_cv_results=True, random_state=0
        ).fit(X, y)
        tried = model.cv_results_["score"]
        assert model.best_score_ <= tried.max()
        assert model.best_score_ > np.median(tried) or len(tried) == 1
        predicted[scoring] = model.predict(X).sum()
    # Errors of either kind cost alike: fewer labels than for F1, where a miss costs more.
    assert predicted[negative_hamming_loss] < predicted["f1_macro"]


def test_beta_moves_the_thresholds():
    X, y, X_test, _ = make_data()
    predicted = [
        TunedThresholdMultiLabelClassifierCV(RIDGE, scoring="f1_micro", beta=beta, random_state=0)
        .fit(X, y)
        .predict(X_test)
        .sum()
        for beta in (0.5, 1.0, 2.0)
    ]
    assert predicted[0] < predicted[1] < predicted[2]
    assert fbeta_score(y, y, beta=2, average="micro") == 1


def test_micro_weight_trades_one_for_the_other():
    X, y, *_ = rare_problem(n_labels=30)
    micro, macro = (
        TunedThresholdMultiLabelClassifierCV(Scores(30), micro_weight=weight, random_state=0).fit(X, y)
        for weight in (1.0, 0.0)
    )
    assert micro.predict(X)[:, 3:].sum() < macro.predict(X)[:, 3:].sum()
    named = TunedThresholdMultiLabelClassifierCV(Scores(30), scoring="f1_micro", random_state=0).fit(X, y)
    np.testing.assert_array_equal(named.thresholds_, micro.thresholds_)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_one_label_of_constant_score_falls_back_on_labels_of_similar_frequency(strategy):
    X, y, *_ = make_data()
    X = np.random.default_rng(0).normal(size=(len(y), 8)) + y
    X[:, 3] = 0.5
    model = TunedThresholdMultiLabelClassifierCV(Scores(8), strategy=strategy).fit(X, y)
    assert np.isfinite(model.thresholds_).all()


@pytest.mark.parametrize("thresholds", [np.zeros(7), np.zeros((8, 1)), 0.5, np.full(8, np.nan)])
def test_thresholds_of_another_width_are_refused(thresholds):
    X, y, *_ = make_data()
    model = TunedThresholdMultiLabelClassifierCV(RIDGE).fit(X, y)
    model.thresholds_ = thresholds
    with pytest.raises(ValueError, match="one number for each of 8 labels"):
        model.predict(X)


@pytest.mark.parametrize("strategy", ["per_label_shrunk", "per_label", "micro_macro", "global"])
@pytest.mark.parametrize("scores", ["pooled", "estimator"])
def test_without_evidence_thresholds_are_the_usual_ones(strategy, scores):
    """Each group has labels of its own, so that no model of a fold has seen the labels of the rows it scores."""
    rng = np.random.default_rng(0)
    group, X = np.repeat([0, 1, 2], 60), rng.normal(size=(180, 6))
    y = ((X > 0.5) & (np.repeat(np.arange(3), 2) == group[:, None])).astype(int)
    model = TunedThresholdMultiLabelClassifierCV(
        BalancedMultiLabelClassifier("bce"), strategy=strategy, scores=scores, cv=PredefinedSplit(group), min_labels=0
    )
    with pytest.warns(UserWarning, match="thresholds are the usual ones"):
        model.fit(X, y)
    np.testing.assert_array_equal(model.predict(X), model.estimator_.predict(X))


def test_two_rows_of_each_label_do_not_end_in_all_labels():
    X = np.repeat(np.eye(10), 2, axis=0)
    y = X.astype(int)
    for strategy in ("per_label_shrunk", "per_label", "global", "micro_macro"):
        for scores in ("pooled", "estimator"):
            model = TunedThresholdMultiLabelClassifierCV(
                BalancedMultiLabelClassifier(), strategy=strategy, scores=scores, cv=2, random_state=0
            ).fit(X, y)
            np.testing.assert_array_equal(model.predict(X), y)


@pytest.mark.parametrize("scores", ["pooled", "estimator"])
def test_a_text_without_a_known_word_does_not_get_all_labels(scores):
    texts = ["wheat and corn", "wheat rises", "oil rises", "corn falls", "oil and gas", "gas falls"] * 10
    words = ["wheat", "oil", "gas", "corn"]
    y = np.array([[word in text for word in words] for text in texts]).astype(int)
    tuned = TunedThresholdMultiLabelClassifierCV(BalancedMultiLabelClassifier(), scores=scores, random_state=0)
    model = make_pipeline(TfidfVectorizer(sublinear_tf=True), tuned).fit(texts, y)
    predicted = model.predict(["unheard of", ""])
    assert (predicted.sum(axis=1) <= 1).all()


def sparse_rows(n_blank, least):
    """A tuner on words of labels, and rows of which some have no word."""
    rng = np.random.default_rng(0)
    y = (rng.random((300, 5)) < [0.2, 0.5, 0.1, 0.3, 0.05]).astype(int)
    X = sp.csr_matrix(y * rng.random(y.shape) + (rng.random(y.shape) < 0.1) + 0.01)
    model = TunedThresholdMultiLabelClassifierCV(Scores(5), min_labels=least, random_state=0)
    return model, X, y, sp.vstack([X[:10], sp.csr_matrix((n_blank, 5)), X[10:12]], format="csr")


class SparseScores(Scores):
    def decision_function(self, X):
        return super().decision_function(X.toarray())


@pytest.mark.parametrize("k", [1, 3])
def test_rows_without_any_feature_get_k_of_the_commonest_labels(k):
    model, X, y, rows = sparse_rows(3, 0)
    model = model.set_params(estimator=SparseScores(5), strategy="top_k", k=k).fit(X, y)
    predicted = model.predict(rows)
    assert (predicted.sum(axis=1) == k).all()
    np.testing.assert_array_equal(predicted[10:13].any(axis=0), y.sum(axis=0) >= np.sort(y.sum(axis=0))[-k])


@pytest.mark.parametrize("least", [0, 1, 2])
def test_rows_without_any_feature_get_as_many_of_the_commonest_labels_as_a_row_must_have(least):
    model, X, y, rows = sparse_rows(3, least)
    model = model.set_params(estimator=SparseScores(5)).fit(X, y)
    commonest = np.argsort(-y.sum(axis=0))[:least]
    asked = {
        "predict": lambda: model.predict(rows),
        "decision_scores": lambda: model.decision_scores(rows),
        "explain": lambda: model.explain(rows),
    }
    found = {name: call() for name, call in asked.items()}
    blank = np.zeros(5, dtype=int)
    blank[commonest] = 1
    np.testing.assert_array_equal(found["predict"][10:13], np.tile(blank, (3, 1)))
    np.testing.assert_array_equal(found["decision_scores"][10:13] > 0, np.tile(blank, (3, 1)))
    assert [sorted(e.label for e in row) for row in found["explain"][10:13]] == [sorted(commonest.tolist())] * 3
    assert not any(e.evidence for row in found["explain"][10:13] for e in row)
    # Others are what they are without such rows.
    others = np.r_[:10, 13:15]
    np.testing.assert_array_equal(found["predict"][others], model.predict(rows[others]))
    np.testing.assert_array_equal(found["decision_scores"][others], model.decision_scores(rows[others]))
