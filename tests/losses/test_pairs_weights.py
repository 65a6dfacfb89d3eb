"""Weights of a batch: blocks and single elements are the same weights, and factors multiply."""

from functools import partial

import pytest
import torch

from skbalance.losses import PositivePairs
from skbalance.losses._pairs import Weighting, by_label, class_balanced_by_sample, rebalanced

OF_SAMPLES = {"beta": 0.9, "mode": "min_n", "factor": 1.0, "reweight_norm": None}
OF_ELEMENTS = {"map_alpha": 0.1, "map_beta": 10.0, "mu": 0.5, "reweight_norm": None}
WEIGHTINGS = {
    "by label": Weighting([1.0, 2.0, 3.0], by_label),
    "by sample": Weighting([9.0, 4.0, 1.0], partial(class_balanced_by_sample, **OF_SAMPLES)),
    "rebalanced": Weighting([1 / 9, 1 / 4, 1.0], partial(rebalanced, **OF_ELEMENTS)),
    "rebalanced, by row": Weighting(
        [1 / 9, 1 / 4, 1.0], partial(rebalanced, **OF_ELEMENTS | {"reweight_norm": "instance"})
    ),
}
TARGETS = torch.tensor([[1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 0, 0]])


@pytest.mark.parametrize("weighting", WEIGHTINGS.values(), ids=WEIGHTINGS.keys())
@pytest.mark.parametrize("n_samples", [1, 4])
def test_factors_multiply_and_single_elements_are_those_of_blocks(weighting, n_samples):
    pairs = PositivePairs.from_targets(TARGETS[:n_samples])
    weight = weighting.for_batch(pairs, torch.float64)
    whole = weight.block(0, n_samples)
    assert whole.shape == (n_samples, 3)
    torch.testing.assert_close(weight.times(2.0).times(3.0).block(0, n_samples), 6 * whole)
    for scaled, factor in ((weight, 1), (weight.times(2.0), 2), (weight.times(2.0).times(3.0), 6)):
        rows, cols = (
            index.ravel() for index in torch.meshgrid(torch.arange(n_samples), torch.arange(3), indexing="ij")
        )
        torch.testing.assert_close(scaled.at(rows, cols).reshape(n_samples, 3), factor * whole)
        torch.testing.assert_close(scaled.block(n_samples - 1, n_samples), factor * whole[-1:])
