"""Functions of the margin: the slope is the derivative of the value."""

from functools import partial

import pytest
import torch

from skbalance.losses._kernel import asymmetric_negative, focal, hill_negative, polynomial_positive, squared_hinge

MARGIN_LOSSES = [
    focal,
    partial(focal, gamma=2.0, margin=0.5),
    squared_hinge,
    partial(asymmetric_negative, gamma=4.0, clip=0.05),
    partial(asymmetric_negative, gamma=4.0, clip=0.0, hill=1.5),
    partial(hill_negative, hill=1.5),
    partial(polynomial_positive, gamma=0.0, linear=-1.0, square=1.25),
    partial(polynomial_positive, gamma=1.5, linear=-1.0, square=1.25),
]


@pytest.mark.parametrize("margin_loss", MARGIN_LOSSES)
def test_value_and_slope_belong_together(margin_loss):
    at = torch.linspace(-6, 6, 41, dtype=torch.float64) + 0.013
    before = at.clone()
    _, slope = margin_loss(at)
    assert torch.equal(at, before)
    step = 1e-6
    rise = margin_loss(at + step)[0] - margin_loss(at - step)[0]
    torch.testing.assert_close(slope, rise / (2 * step), rtol=1e-6, atol=1e-8)
