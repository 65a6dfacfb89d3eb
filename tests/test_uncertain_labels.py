"""Unknown and soft labels from fit to score: what is left out, what is counted, and what is refused in which words."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import make_long_tailed_multilabel
from skbalance.losses import get_loss_names

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
    alpha, solved = 1e-3, {"loss": "bce", "tol": 1e-9, "max_iter": 5000}
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
    solved = {"loss": "bce", "alpha": 1e-3, "tol": 1e-9, "max_iter": 5000}
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
    assert np.isfinite(model.validation_loss_curve_).all()
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
