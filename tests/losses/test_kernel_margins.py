"""Functions of the margin: the slope is the derivative of the value."""

import pytest
import torch

from skbalance.losses._kernel import (
    AsymmetricNegative,
    Focal,
    HillNegative,
    PolynomialPositive,
    SmoothedNegative,
    SquaredHinge,
)

MARGIN_LOSSES = [
    Focal(),
    Focal(2.0, 0.5),
    SquaredHinge(),
    AsymmetricNegative(4.0, 0.05),
    HillNegative(1.5),
    PolynomialPositive(0.0, -1.0, 1.25),
    PolynomialPositive(1.5, -1.0, 1.25),
    SmoothedNegative(Focal(2.0), Focal(), 0.9, 0.1, 2.0),
]


@pytest.mark.parametrize("margin_loss", MARGIN_LOSSES, ids=repr)
def test_value_and_slope_belong_together(margin_loss):
    at = torch.linspace(-6, 6, 41, dtype=torch.float64) + 0.013
    before = at.clone()
    _, slope = margin_loss.value_and_slope(at)
    assert torch.equal(at, before)
    step = 1e-6
    rise = margin_loss.value_and_slope(at + step)[0] - margin_loss.value_and_slope(at - step)[0]
    torch.testing.assert_close(slope, rise / (2 * step), rtol=1e-6, atol=1e-8)
