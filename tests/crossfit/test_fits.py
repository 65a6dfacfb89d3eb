"""Fits of each split."""

import threading
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.utils.parallel import Parallel

from skbalance import (
    BalancedMultiLabelClassifier,
    CalibratedMultiLabelClassifierCV,
    TunedThresholdMultiLabelClassifierCV,
)
from skbalance.crossfit import FitTasks, TrainingLabels, _fits, cross_fit, fit_all
from skbalance.crossfit._fits import _quiet
from skbalance.crossfit._rows import FitInputs

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 5))
Y = (X[:, :4] + RNG.normal(size=(60, 4)) > 0.8).astype(int)
OVR = OneVsRestClassifier(LogisticRegression())


def use(fitted, rows, seen):
    return [each.decision_function(X[rows]) for each in fitted], rows, seen


def run(y, splits, estimator=OVR, **options):
    scorers = [("estimator", estimator)]
    given = FitInputs(X, y, None, TrainingLabels.of(sp.csr_array(y)), splits, {"estimator": {}}, None)
    tasks = FitTasks(CalibratedMultiLabelClassifierCV(estimator, verbose=1), given, refit=False)
    return cross_fit(scorers, given, use, tasks=tasks, **options)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_scores_are_those_of_models_that_had_not_seen_the_row(n_jobs, capsys):
    splits = list(KFold(3).split(X))
    results, models, seen = run(Y, splits, keep=True, n_jobs=n_jobs)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["Fit 1 of 3", "Fit 2 of 3", "Fit 3 of 3"]
    assert lines[2].endswith("about 0 s left.")
    assert len(results) == 3
    for (train, test), ((scores,), rows, counts), (model,), counted in zip(splits, results, models, seen):
        expected = OVR.fit(X[train], Y[train]).decision_function(X[test])
        np.testing.assert_allclose(scores, expected)
        np.testing.assert_allclose(model.decision_function(X[test]), expected)
        np.testing.assert_array_equal(rows, test)
        np.testing.assert_array_equal(counts, Y[train].sum(axis=0))
        np.testing.assert_array_equal(counts, counted)


@pytest.mark.parametrize(("n_jobs", "used"), [(None, None), (2, 2), (100, 3), (-1, -1)])
def test_no_more_processes_than_fits(monkeypatch, n_jobs, used):
    given = []

    def parallel(n_jobs, return_as):
        given.append(n_jobs)
        return Parallel(n_jobs=1, return_as=return_as)

    monkeypatch.setattr(_fits, "Parallel", parallel)
    run(Y, list(KFold(3).split(X)), n_jobs=n_jobs)
    assert given == [used]


def test_nothing_is_fitted_where_no_row_has_a_label():
    y = Y.copy()
    y[:40] = 0
    results, models, _ = run(y, [(np.arange(40), np.arange(40, 60)), (np.arange(20, 60), np.arange(20))])
    assert results[0][0] == []
    assert len(results[1][0]) == 1
    assert models == [None, None]


@pytest.mark.parametrize("estimator", [OVR, BalancedMultiLabelClassifier("bce")], ids=["OVR", "ours"])
def test_folds_do_not_warn_of_missing_labels(estimator):
    y = Y.copy()
    y[:, 0] = 0
    y[:, 1] = 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(y, list(KFold(3).split(X)), estimator)


def test_threads_leave_no_filter_behind():
    """The first thread to come is the first to go, and the second one is still inside."""
    before = list(warnings.filters)
    first_in, second_in, first_out = threading.Event(), threading.Event(), threading.Event()

    def first():
        with _quiet:
            first_in.set()
            second_in.wait(10)
        first_out.set()

    def second():
        first_in.wait(10)
        with _quiet:
            second_in.set()
            first_out.wait(10)
            assert len(warnings.filters) > len(before)

    threads = [threading.Thread(target=each) for each in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warnings.filters == before


def test_fit_all_takes_each_scorer_its_parameters():
    params = {"a": {}, "b": {"sample_weight": Y[:, 1] + 1}}
    scorers = [("a", LogisticRegression()), ("b", LogisticRegression())]
    given = FitInputs(X, Y[:, 0], None, None, list(KFold(2).split(X)), params, None)
    a, b = fit_all(scorers, given, FitTasks(TunedThresholdMultiLabelClassifierCV(scorers), given))
    assert not np.allclose(a.coef_, b.coef_)
