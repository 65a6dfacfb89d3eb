"""Unknown and soft labels from fit to score: what is left out, what is counted, and what is refused in which words."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import brier_score_loss, f1_score
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

from skbalance import (
    BalancedMultiLabelClassifier,
    CalibratedMultiLabelClassifierCV,
    FixedThresholdMultiLabelClassifier,
    TunedThresholdMultiLabelClassifierCV,
)
from skbalance.datasets import make_long_tailed_multilabel
from skbalance.losses import get_loss_names
from skbalance.metrics import (
    expected_calibration_error,
    group_f1_score,
    group_f1_scorer,
    multilabel_brier_score_loss,
    ndcg_at_k_score,
    precision_at_k_score,
    propensity_scored_precision_at_k_score,
    r_precision_score,
)
from skbalance.model_selection import MultilabelStratifiedKFold

X, Y = make_long_tailed_multilabel(n_samples=200, n_labels=6, n_features=40, random_state=0)
X, Y = X.toarray(), Y.toarray() if sp.issparse(Y) else np.asarray(Y)
UNKNOWN = np.random.default_rng(0).random(Y.shape) < 0.2
HIDDEN = np.where(UNKNOWN, np.nan, Y)
SOFT = np.where(Y == 1, 0.8, 0.0)
OF_SETS = ("zlpr", "two_way", "sigmoid_f1")


def fitted(y, *, uncertain_labels=True, **parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return BalancedMultiLabelClassifier(uncertain_labels=uncertain_labels, random_state=0, **parameters).fit(X, y)


@pytest.mark.parametrize(("y", "what"), [(HIDDEN, "NaN and infinity are no labels"), (SOFT, "Smoothed or soft labels")])
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_uncertain_labels_are_refused_unless_asked_for(y, what, container):
    with pytest.raises(ValueError, match=f"{what}.*uncertain_labels=True"):
        fitted(container(y), uncertain_labels=False)


def test_without_uncertain_labels_the_model_is_the_same():
    expected = fitted(Y, uncertain_labels=False)
    for y in (Y, Y.astype(float), sp.csr_array(Y)):
        np.testing.assert_array_equal(fitted(y).decision_function(X), expected.decision_function(X))


@pytest.mark.parametrize("loss", get_loss_names())
def test_every_loss_leaves_unknown_labels_out(loss):
    model = fitted(HIDDEN, loss=loss)
    np.testing.assert_allclose(model.label_counts_, np.nansum(HIDDEN, axis=0))
    assert model.n_samples_fit_ == len(Y)
    assert np.isfinite(model.decision_function(X)).all()
    assert set(np.unique(model.predict(X))) <= {0.0, 1.0}
    # A label that nobody knows of any row tells nothing, and teaches the others nothing where no sum runs over rows.
    unknown = np.column_stack([Y.astype(float), np.full(len(Y), np.nan)])
    with pytest.warns(UserWarning, match="no positive sample"):
        more = fitted(unknown, loss=loss, tol=1e-6, max_iter=1000)
    assert more.coefs_[0].shape[1] == Y.shape[1] + 1
    assert np.isfinite(more.decision_function(X)).all()


def test_a_label_learns_from_the_samples_that_are_known():
    known = ~UNKNOWN[:, 0]
    y = HIDDEN.copy()
    # The loss is averaged over all samples, so that the penalty is larger by their ratio beside that of the known.
    alpha, solved = 1e-3, {"loss": "bce", "tol": 1e-11, "max_iter": 5000}
    whole = fitted(y, alpha=alpha, **solved)
    part = BalancedMultiLabelClassifier(alpha=alpha * len(Y) / known.sum(), **solved)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        part.fit(X[known], Y[known])
    np.testing.assert_allclose(whole.coefs_[0][:, 0], part.coefs_[0][:, 0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.parametrize("y", [HIDDEN, SOFT, np.where(UNKNOWN, np.nan, SOFT)], ids=["unknown", "soft", "both"])
def test_dense_sparse_and_framed_targets_are_one(y, solver):
    expected = fitted(y, solver=solver).decision_function(X)
    frame = pd.DataFrame(y).astype("Float64")
    for other in (sp.csr_array(y), sp.csc_matrix(y), pd.DataFrame(y), frame, y.tolist()):
        np.testing.assert_array_equal(fitted(other, solver=solver).decision_function(X), expected)


def test_soft_labels_are_counted_as_shares_and_predicted_as_labels():
    model = fitted(SOFT)
    np.testing.assert_allclose(model.label_counts_, 0.8 * Y.sum(axis=0))
    assert set(np.unique(model.predict(X))) == {0.0, 1.0}
    sparse = fitted(sp.csr_matrix(SOFT)).predict(X)
    assert isinstance(sparse, sp.csr_matrix)
    assert set(sparse.data) == {1.0}


def test_a_soft_label_is_a_sample_of_both():
    solved = {"loss": "bce", "alpha": 1e-3, "tol": 1e-11, "max_iter": 5000}
    whole = fitted(SOFT, **solved)
    twice, labels = np.concatenate([X, X]), np.concatenate([Y, np.zeros_like(Y)])
    weight = np.repeat([0.8, 0.2], len(Y))
    both = BalancedMultiLabelClassifier(**solved).fit(twice, labels, sample_weight=weight)
    np.testing.assert_allclose(whole.coefs_[0], both.coefs_[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("loss", OF_SETS)
def test_losses_of_sets_take_no_soft_labels(loss):
    with pytest.raises(ValueError, match="takes labels of 0 and 1 and unknown ones, but no soft ones"):
        fitted(SOFT, loss=loss)
    with pytest.raises(ValueError, match="takes no label_smoothing"):
        fitted(Y, loss=loss, label_smoothing=0.1)


def test_label_smoothing_is_that_of_soft_labels():
    smooth = fitted(Y, loss="bce", label_smoothing=0.1, uncertain_labels=False)
    dense = fitted(0.9 * Y + 0.05, loss="bce")
    # Counts differ, and with them the start and the penalty; not what is trained towards.
    np.testing.assert_array_equal(smooth.label_counts_, Y.sum(axis=0))
    assert smooth.decision_function(X).max() < fitted(Y, loss="bce").decision_function(X).max()
    assert np.abs(smooth.predict_proba(X) - dense.predict_proba(X)).max() < 0.2
    with pytest.raises(ValueError, match=r"label_smoothing.*\[0.0, 1.0\)"):
        fitted(Y, label_smoothing=1.0)


@pytest.mark.parametrize("y", [HIDDEN, SOFT], ids=["unknown", "soft"])
def test_early_stopping_holds_known_labels_out(y):
    model = fitted(y, early_stopping=True, max_iter=20)
    assert np.isfinite(model.validation_scores_).all()
    assert 0 < model.n_samples_fit_ < len(Y)


def test_labels_of_which_all_that_is_known_is_positive_are_named():
    with pytest.warns(UserWarning, match="1 of 6 labels have every sample positive"):
        fitted(np.where(np.arange(6) == 2, np.where(Y == 1, 1.0, np.nan), Y))


def test_many_labels_in_a_sparse_target_stay_sparse(monkeypatch):
    rng = np.random.default_rng(0)
    rows, columns = np.repeat(np.arange(60), 12), rng.integers(18_211, size=720)
    y = sp.csr_array((np.where(rng.random(720) < 0.3, np.nan, 1.0), (rows, columns)), shape=(60, 18_211))
    y = sp.csr_array(sp.coo_array((y.data, y.nonzero()), shape=y.shape))
    y.sum_duplicates()
    y.data[y.data == 2] = 1

    def refuse(self, *args, **kwargs):
        raise AssertionError("a dense target")

    for kind in (sp.csr_array, sp.csr_matrix, sp.coo_array, sp.csc_array):
        monkeypatch.setattr(kind, "toarray", refuse)
        monkeypatch.setattr(kind, "todense", refuse)
    model = BalancedMultiLabelClassifier(uncertain_labels=True, max_iter=2, tol=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        predicted = model.fit(rng.normal(size=(60, 5)), y).predict(rng.normal(size=(3, 5)))
    assert sp.issparse(predicted)
    assert model.label_counts_.sum() == (y.data == 1).sum()


def one_vs_rest(**parameters):
    return BalancedMultiLabelClassifier(loss="bce", uncertain_labels=True, **parameters)


def tuner(**parameters):
    return TunedThresholdMultiLabelClassifierCV(one_vs_rest(), cv=3, random_state=0, **parameters)


METRICS = {
    "F1": lambda y, scores: group_f1_score(y, scores > 0.3, groups={"all": np.arange(6)})["all"],
    "micro": lambda y, scores: group_f1_score(y, scores > 0.3, groups={"all": np.arange(6)}, average="micro")["all"],
    "precision at 2": lambda y, scores: precision_at_k_score(y, scores, k=2),
    "r-precision": lambda y, scores: r_precision_score(y, scores),
    "nDCG": lambda y, scores: ndcg_at_k_score(y, scores, k=3),
    "propensity": lambda y, scores: propensity_scored_precision_at_k_score(y, scores, propensities=[0.5] * 6, k=2),
    "Brier": multilabel_brier_score_loss,
    "ECE": expected_calibration_error,
    "macro ECE": lambda y, scores: expected_calibration_error(y, scores, average="macro"),
}


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_metrics_leave_unknown_pairs_out(name, container):
    rng = np.random.default_rng(3)
    scores = np.clip(0.6 * Y + 0.4 * rng.random(Y.shape), 0, 1)
    whole = METRICS[name](container(HIDDEN), scores)
    # What the model says of a pair that nobody knows changes nothing.
    for other in (0.0, 1.0):
        assert METRICS[name](container(HIDDEN), np.where(UNKNOWN, other, scores)) == pytest.approx(whole, abs=1e-12)
    assert METRICS[name](container(Y.astype(float)), scores) == METRICS[name](container(Y), scores)


def test_metrics_of_what_is_known_are_those_of_scikit_learn():
    scores = np.random.default_rng(4).random(Y.shape)
    told = ~UNKNOWN
    brier = multilabel_brier_score_loss(HIDDEN, scores)
    assert brier == pytest.approx(brier_score_loss(Y[told], scores[told]))
    by_label = [f1_score(Y[told[:, i], i], scores[told[:, i], i] > 0.5, zero_division=0) for i in range(6)]
    assert group_f1_score(HIDDEN, scores > 0.5, groups={"all": np.arange(6)})["all"] == pytest.approx(np.mean(by_label))
    micro = group_f1_score(HIDDEN, scores > 0.5, groups={"all": np.arange(6)}, average="micro")["all"]
    assert micro == pytest.approx(f1_score(Y[told], scores[told] > 0.5))
    known = np.flatnonzero(~UNKNOWN.any(axis=1))
    rows = np.where(UNKNOWN.any(axis=1)[:, None], np.nan, Y)
    assert multilabel_brier_score_loss(rows, scores) == pytest.approx(
        multilabel_brier_score_loss(Y[known], scores[known])
    )
    assert np.isnan(multilabel_brier_score_loss(np.full(Y.shape, np.nan), scores))


def test_sparse_scores_keep_their_stored_zeros():
    scores = sp.csr_array(np.ones(Y.shape))
    scores.data[:] = np.where(np.arange(scores.nnz) % 6 == 5, 0.0, 1.0)
    dense = scores.toarray()
    assert precision_at_k_score(HIDDEN, scores, k=6) == precision_at_k_score(HIDDEN, dense, k=6)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"scores": "estimator", "strategy": "per_label"},
        {"strategy": "micro_macro"},
        {"strategy": "global"},
        {"strategy": "top_k"},
        {"scoring": "f1_samples"},
        {"min_labels": 1, "max_labels": 2},
    ],
    ids=str,
)
def test_thresholds_rest_on_what_is_known(options):
    model = tuner(**options).fit(X, HIDDEN)
    np.testing.assert_array_equal(model.label_counts_, np.nansum(HIDDEN, axis=0))
    assert 0 <= model.best_score_ <= 1
    assert set(np.unique(model.predict(X))) <= {0.0, 1.0}
    sparse = tuner(**options).fit(X, sp.csr_array(HIDDEN))
    np.testing.assert_allclose(sparse.thresholds_, model.thresholds_, rtol=1e-6)
    assert sparse.best_score_ == pytest.approx(model.best_score_)


def test_what_an_estimator_says_of_unknown_pairs_moves_no_threshold():
    rng = np.random.default_rng(5)
    scores = Y + rng.normal(scale=0.7, size=Y.shape)
    options = {"scores": "estimator", "cv": "prefit", "min_labels": 0, "random_state": 0}
    fits = []
    for said in (scores, np.where(UNKNOWN, scores - 1, scores)):
        model = FrozenEstimator(Told().fit(said, Y))
        fits.append(TunedThresholdMultiLabelClassifierCV(model, **options).fit(said, HIDDEN))
    np.testing.assert_array_equal(fits[0].thresholds_, fits[1].thresholds_)
    assert fits[0].best_score_ == fits[1].best_score_
    as_negatives = TunedThresholdMultiLabelClassifierCV(model, **options).fit(said, np.nan_to_num(HIDDEN))
    assert as_negatives.best_score_ < fits[1].best_score_


class Told(ClassifierMixin, BaseEstimator):
    """Gives its features as scores."""

    def fit(self, X, y):
        self.classes_ = [np.array([0, 1])] * y.shape[1]
        return self

    def decision_function(self, X):
        return np.asarray(X)


def test_a_label_of_which_only_positives_are_known_is_always_predicted():
    y = np.where(np.arange(6) == 2, np.where(Y == 1, 1.0, np.nan), Y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = tuner().fit(X, y)
        calibrated = CalibratedMultiLabelClassifierCV(one_vs_rest(), cv=3, random_state=0).fit(X, y)
    assert model.thresholds_[2] == 0
    assert (calibrated.predict_proba(X)[:, 2] > 0.99).all()


def test_rows_of_unknown_labels_are_not_known_to_have_none():
    every, some = np.eye(6)[np.arange(200) % 6], np.eye(6)[np.arange(200) % 6]
    every[:20], some[:20] = np.nan, 0
    assert tuner().fit(X, every).min_labels_ == 1
    assert tuner().fit(X, some).min_labels_ == 0


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_maps_rest_on_what_is_known(method, container):
    rng = np.random.default_rng(5)
    scores = Y + rng.normal(scale=0.7, size=Y.shape)
    options = {"method": method, "cv": "prefit", "random_state": 0}
    probabilities = []
    for said in (scores, np.where(UNKNOWN, 9.0, scores)):
        model = CalibratedMultiLabelClassifierCV(FrozenEstimator(Told().fit(said, Y)), **options)
        probabilities.append(model.fit(said, container(HIDDEN)).predict_proba(scores))
    np.testing.assert_allclose(*probabilities)
    assert np.isfinite(probabilities[0]).all()


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")  # of scikit-learn
@pytest.mark.parametrize("meta", [TunedThresholdMultiLabelClassifierCV, CalibratedMultiLabelClassifierCV])
def test_meta_estimators_leave_the_word_to_what_is_inside(meta):
    for inside in (BalancedMultiLabelClassifier(), OneVsRestClassifier(LinearSVC())):
        with pytest.raises(ValueError, match="NaN"):
            meta(inside, cv=2).fit(X, HIDDEN)
    with pytest.raises(ValueError, match=r"NaN where a label is unknown; it holds \[0.8\]. Smoothed or soft"):
        meta(one_vs_rest(), cv=2).fit(X, SOFT)
    given = FixedThresholdMultiLabelClassifier(one_vs_rest(), thresholds=0.4).fit(X, HIDDEN)
    assert set(np.unique(given.predict(X))) <= {0.0, 1.0}


def test_one_label_that_is_unknown_of_some_rows():
    y = HIDDEN[:, :1]
    with pytest.warns(DataConversionWarning, match="indicator of one label"):
        model = tuner().fit(X, y)
    assert model.predict(X).shape == (200, 1)


def test_search_with_stratified_folds_and_a_scorer_of_what_is_known():
    search = GridSearchCV(
        one_vs_rest(),
        {"alpha": [1e-4, 1e-2]},
        scoring=group_f1_scorer("tail", label_counts=[1] * 6),
        cv=MultilabelStratifiedKFold(3),
        error_score="raise",
    ).fit(X, HIDDEN)
    assert 0 < search.best_score_ <= 1
