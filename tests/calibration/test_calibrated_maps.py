"""The maps alone."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from skbalance.calibration._calibrated import CalibrationSample, fit_maps


def make_sample(seed=0, n_rows=2000, n_labels=6, share=0.1):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n_rows, n_labels)) * 2
    targets = rng.random(scores.shape) < expit(scores + np.log(share))
    rows, labels = targets.nonzero()
    hits = labels, scores[rows, labels], np.ones(len(labels))
    return CalibrationSample(n_rows, scores, targets, np.ones(n_rows), *hits), targets.sum(axis=0)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
@pytest.mark.parametrize("shrinkage", [0.0, 20.0, 1e9])
def test_maps_rise_and_are_about_right(method, shrinkage):
    share = 1.0 if method == "temperature" else 0.1  # it cannot shift
    sample, counts = make_sample(share=share)
    maps = fit_maps(sample, counts, sample.total, method, shrinkage, np.random.RandomState(0))
    grid = np.repeat(np.linspace(-4, 4, 30)[:, None], 6, axis=1)
    found = maps(grid)
    assert (np.diff(found, axis=0) >= -1e-12).all()
    assert abs(found - expit(grid + np.log(share))).mean() < 0.05


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
def test_unlearnt_scores_are_left_out(method):
    sample, counts = make_sample()
    whole = fit_maps(sample, counts, sample.total, method, 0.0, np.random.RandomState(0))
    scores = sample.scores.copy()
    scores[:200, 0] = np.nan
    part = replace(sample, scores=scores)
    found = fit_maps(part, counts, part.total, method, 0.0, np.random.RandomState(0))
    grid = np.zeros((1, 6))
    assert np.isfinite(found(grid)).all()
    assert found(grid)[0, 1] == whole(grid)[0, 1]


def test_weight_of_the_own_map():
    sample, counts = make_sample()
    maps = fit_maps(sample, counts, sample.total, "sigmoid", 50.0, np.random.RandomState(0))
    np.testing.assert_allclose(maps.weight, counts / (counts + 50.0))


def test_temperature_is_that_of_the_least_log_loss():
    sample, counts = make_sample(n_labels=2, share=1.0)
    sharp = replace(sample, scores=4 * sample.scores, positives=4 * sample.positives)
    maps = fit_maps(sharp, counts, sharp.total, "temperature", 0.0, np.random.RandomState(0))
    temperatures = np.linspace(2, 8, 2401)
    for label in range(2):
        margins = np.where(sample.targets[:, label], 1, -1) * sharp.scores[:, label]
        losses = [np.logaddexp(0, -margins / t).mean() for t in temperatures]
        best = temperatures[np.argmin(losses)]
        assert 3.5 < best < 4.5
        np.testing.assert_allclose(maps(np.full((1, 2), 3.0))[0, label], expit(3.0 / best), rtol=1e-3)
    np.testing.assert_array_equal(maps(np.zeros((1, 2))), 0.5)


def test_temperature_of_scores_that_separate_is_finite():
    targets = np.arange(20)[:, None] >= 10
    scores = np.where(targets, 1.0, -1.0)
    rows, labels = targets.nonzero()
    sample = CalibrationSample(20, scores, targets, np.ones(20), labels, scores[rows, labels], np.ones(10))
    maps = fit_maps(sample, targets.sum(axis=0), sample.total, "temperature", 20.0, np.random.RandomState(0))
    np.testing.assert_array_equal(maps(np.array([[-1.0], [0.0], [1.0]])), [[0.0], [0.5], [1.0]])
