"""A row of weight 0 is as if it were not there, and one of weight 2 as two rows, in every metric and scorer."""

import inspect

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from skbalance import metrics

COUNTS = [60, 40, 20, 5, 1]
GROUPED = {"label_counts": COUNTS, "boundaries": (8, 35)}
PROPENSITIES = {"propensities": [1, 0.5, 0.4, 0.2, 0.1]}
SETTINGS = {
    "group_f1_score": [GROUPED | {"average": average} for average in ("macro", "micro")],
    "group_precision_score": [GROUPED | {"zero_division": np.nan}],
    "group_recall_score": [GROUPED | {"zero_division": 1}],
    "precision_at_k_score": [{"k": 2}],
    "recall_at_k_score": [{"k": 2}, {"k": 2, "zero_division": np.nan}],
    "ndcg_at_k_score": [{"k": 3}],
    "r_precision_score": [{}],
    "propensity_scored_precision_at_k_score": [PROPENSITIES | {"k": 2}],
    "propensity_scored_ndcg_at_k_score": [PROPENSITIES | {"k": 2}],
    "multilabel_brier_score_loss": [{}],
    "expected_calibration_error": [{"average": average, "n_bins": 3} for average in ("macro", "micro")],
}


class Known:
    """A fitted model whose answers are known beforehand, a row of X each."""

    label_counts_, n_samples_fit_ = np.array(COUNTS), 100

    def predict_proba(self, X):
        return X

    def predict(self, X):
        return (X > 0.5).astype(int)


def problem(seed, unknown=0.0):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 12))
    y, proba, weight = (rng.random((n, 5)) < 0.4).astype(float), rng.random((n, 5)), rng.integers(0, 3, n)
    weight[rng.integers(n)] = 1
    y[rng.random(y.shape) < unknown] = np.nan
    return y, proba, weight


def values(score):
    return list(score.values()) if isinstance(score, dict) else score


def test_every_metric_of_rows_is_tried():
    public = {name: getattr(metrics, name) for name in metrics.__all__}
    assert set(SETTINGS) == {name for name, thing in public.items() if name.endswith(("_score", "_loss", "_error"))}
    assert all("sample_weight" in inspect.signature(public[name]).parameters for name in SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    unknown=st.sampled_from([0.0, 0.3]),
    container=st.sampled_from([np.array, sp.csr_array]),
)
def test_metrics(name, seed, unknown, container):
    y, proba, weight = problem(seed, unknown)
    answer = (proba > 0.5).astype(int) if name.startswith(("group", "tail")) else proba
    metric, twice = getattr(metrics, name), np.repeat(np.arange(len(y)), weight)
    for given_settings in SETTINGS[name]:
        weighted = metric(container(y), answer, sample_weight=weight, **given_settings)
        repeated = metric(container(y[twice]), answer[twice], **given_settings)
        assert_allclose(values(weighted), values(repeated), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", metrics.get_scorer_names())
@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_scorers(name, seed):
    y, proba, weight = problem(seed)
    twice = np.repeat(np.arange(len(y)), weight)
    scorer = metrics.get_scorer(name)
    weighted = scorer(Known(), proba, y, sample_weight=weight)
    assert_allclose(weighted, scorer(Known(), proba[twice], y[twice]), rtol=1e-12, atol=1e-14)
