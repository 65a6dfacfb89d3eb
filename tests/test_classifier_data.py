"""What makes no difference to a fit: the unit of the features, and a weight in place of repeated rows."""

import re

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from skbalance import BalancedMultiLabelClassifier
from skbalance.losses import ClassBalancedFocalLoss, DistributionBalancedLoss

LOSSES = ["balanced_ntr", "bce", "db", "squared_hinge", "zlpr"]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 10))
    return X, (X[:, :4] + 0.5 * rng.normal(size=(120, 4)) > 0.7).astype(int)


# Units

UNITS = [1e-12, 1e-6, 1e-5, 3.0, 1e4, 1e12]


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("loss", LOSSES)
def test_features_may_have_any_unit(data, loss, dtype, container):
    X, y = data
    X = np.where(np.abs(X) > 0.5, X, 0)
    fitted = [BalancedMultiLabelClassifier(loss).fit(container((X * unit).astype(dtype)), y) for unit in [1.0, *UNITS]]
    proba = [model.predict_proba((X * unit).astype(dtype)) for model, unit in zip(fitted, [1.0, *UNITS])]
    for found, model, unit in zip(proba[1:], fitted[1:], UNITS):
        np.testing.assert_allclose(found, proba[0], atol=1e-4)
        assert model.alpha_ == pytest.approx(unit**2 * fitted[0].alpha_, rel=1e-5)


def test_a_penalty_that_was_given_has_the_unit_of_the_features(data):
    X, y = data
    params = {"tol": 1e-9, "max_iter": 1000}
    fitted = [
        BalancedMultiLabelClassifier("bce", alpha=1e-2 * unit**2, **params).fit(X * unit, y) for unit in [1.0, *UNITS]
    ]
    for model, unit in zip(fitted, [1.0, *UNITS]):
        np.testing.assert_allclose(model.coefs_[0] * unit, fitted[0].coefs_[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_column_of_a_unit_of_its_own_costs_little(loss):
    """No more than it costs scikit-learn's LogisticRegression, of which the penalty has no unit, give or take."""
    scores = {1.0: [], 100.0: [], 1e9: []}
    for seed in range(4):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(600, 20))
        y = (X @ rng.normal(size=(20, 4)) + rng.normal(size=(600, 4)) > [0, 2, 4, 6]).astype(int)
        for unit, found in scores.items():
            X_unit = X * np.r_[unit, np.ones(19)]
            predicted = BalancedMultiLabelClassifier(loss).fit(X_unit[:400], y[:400]).predict(X_unit[400:])
            found.append(f1_score(y[400:], predicted, average="macro"))
    usual, *others = (np.mean(found) for found in scores.values())
    assert min(others) > usual - 0.01


# Weights

WEIGHTED = [
    *LOSSES,
    "two_way",
    ClassBalancedFocalLoss(mode="average_n"),
    DistributionBalancedLoss(reweight_norm="batch"),
]


@st.composite
def weighted_rows(draw):
    """Features, labels, some soft or unknown, and whole weights."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_rows, n_features, n_labels = draw(st.integers(8, 30)), draw(st.integers(1, 6)), draw(st.integers(1, 4))
    X = rng.poisson(0.7, (n_rows, n_features)) * 10.0 ** draw(st.integers(-6, 6))
    y = (rng.random((n_rows, n_labels)) < draw(st.floats(0.1, 0.6))).astype(float)
    y[rng.random(y.shape) < draw(st.sampled_from([0.0, 0.1]))] = np.nan
    weight = rng.integers(0, 4, n_rows)
    y[0], y[1], weight[:2] = 1, 0, (1, 2)
    return X, y, weight


@pytest.mark.filterwarnings("ignore:.*labels have:UserWarning")
@settings(max_examples=40, deadline=None)
@given(
    rows=weighted_rows(),
    loss=st.sampled_from(WEIGHTED),
    term_weighting=st.sampled_from([None, "rf"]),
    container=st.sampled_from([np.asarray, sp.csr_array]),
)
def test_a_weight_is_a_number_of_rows(rows, loss, term_weighting, container):
    X, y, weight = rows
    repeats = np.repeat(np.arange(len(X)), weight)
    params = {"term_weighting": term_weighting, "uncertain_labels": True}
    weighted = BalancedMultiLabelClassifier(loss, **params).fit(container(X), y, sample_weight=weight)
    repeated = BalancedMultiLabelClassifier(loss, **params).fit(container(X[repeats]), y[repeats])
    assert weighted.alpha_ == pytest.approx(repeated.alpha_, rel=1e-9)
    np.testing.assert_allclose(weighted.label_counts_, repeated.label_counts_)
    assert weighted.n_samples_fit_ == repeated.n_samples_fit_ == weight.sum()
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*labels have:UserWarning", "ignore::sklearn.exceptions.ConvergenceWarning")
@settings(max_examples=40, deadline=None)
@given(
    rows=weighted_rows(),
    loss=st.sampled_from(WEIGHTED),
    params=st.sampled_from(
        [
            {},
            {"solver": "adam", "batch_size": 4},
            {"early_stopping": True},
            {"hidden_layer_sizes": (3,), "dropout": 0.2},
        ]
    ),
)
def test_a_row_without_weight_is_not_there(rows, loss, params):
    """To the last bit: in counts, batches, the hold-out and the penalty."""
    X, y, weight = rows
    model = BalancedMultiLabelClassifier(loss, uncertain_labels=True, max_iter=20, random_state=0, **params)
    kept = weight > 0
    try:
        there, refused = model.fit(X[kept], y[kept], sample_weight=weight[kept]).predict_proba(X), None
    except ValueError as error:  # too few rows to hold some out
        there, refused = None, re.escape(str(error))
    if refused:
        with pytest.raises(ValueError, match=refused):
            model.fit(X, y, sample_weight=weight)
    else:
        np.testing.assert_array_equal(model.fit(X, y, sample_weight=weight).predict_proba(X), there)
