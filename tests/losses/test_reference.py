"""All losses against reference values; collected where SKBALANCE_REFERENCE names their JSON file."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from skbalance.losses import (
    BinaryCrossEntropy,
    ClassBalancedFocalLoss,
    ClassBalancedNTRFocalLoss,
    DistributionBalancedLoss,
    FocalLoss,
    LabelStatistics,
    NegativeTolerantFocalLoss,
    RebalancedFocalLoss,
)

REFERENCE = json.loads(Path(os.environ["SKBALANCE_REFERENCE"]).read_text())


def loss_from_settings(settings):
    """Translate the reference's words into a loss object."""
    focal = settings.get("focal", {})
    gamma, alpha = (focal["gamma"], focal["alpha"]) if focal.get("focal") else (0.0, None)
    norm = {"by_instance": "instance", "by_batch": "batch", None: None}[settings.get("weight_norm")]
    reweight = settings.get("reweight_func")
    common = {"gamma": gamma, "alpha": alpha, "scale": settings.get("loss_weight", 1.0)}
    tolerant = {}
    if "logit_reg" in settings:
        tolerant = {"neg_scale": settings["logit_reg"]["neg_scale"], "kappa": settings["logit_reg"]["init_bias"]}
    if reweight == "rebalance":
        mapping = settings["map_param"]
        mapping = {"map_alpha": mapping["alpha"], "map_beta": mapping["beta"], "mu": mapping["gamma"]}
        cls = DistributionBalancedLoss if tolerant else RebalancedFocalLoss
        return cls(**common, **mapping, **tolerant, reweight_norm=norm)
    if reweight == "CB":
        balanced = {"beta": settings["CB_loss"]["CB_beta"], "mode": settings["CB_loss"]["CB_mode"]}
        cls = ClassBalancedNTRFocalLoss if tolerant else ClassBalancedFocalLoss
        return cls(**common, **balanced, **tolerant, reweight_norm=norm)
    if tolerant:
        return NegativeTolerantFocalLoss(**common, **tolerant, neg_weight=settings["neg_weight"])
    reweight = {"inv": "inverse", "sqrt_inv": "sqrt_inverse", None: None}[reweight]
    if alpha is None:
        return BinaryCrossEntropy(scale=common["scale"], reweight=reweight, reweight_norm=norm)
    return FocalLoss(**common, reweight=reweight, reweight_norm=norm)


def test_reference_is_complete():
    assert len(REFERENCE["cases"]) == 38
    assert len(REFERENCE["single_label_cases"]) == 6


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda case: f"{case['name']}-{case['n_samples']}")
def test_multi_label(case):
    loss = loss_from_settings(case["settings"])
    statistics = LabelStatistics(case["class_counts"], case["n_samples"])
    logits = torch.tensor(case["logits"], dtype=torch.float64, requires_grad=True)
    targets = torch.tensor(case["labels"], dtype=torch.float64)
    elements = loss.bind(statistics, reduction="none")(logits, targets)
    np.testing.assert_allclose(elements.detach(), case["loss_elementwise"], rtol=0, atol=1e-10)
    mean = loss.bind(statistics)(logits, targets)
    assert mean.item() == pytest.approx(case["loss_mean"], rel=0, abs=1e-10)
    mean.backward()
    np.testing.assert_allclose(logits.grad, case["grad_of_mean"], rtol=0, atol=1e-10)


@pytest.mark.parametrize("case", REFERENCE["single_label_cases"], ids=lambda case: f"{case['base']}-{case['beta']}")
def test_single_label(case):
    loss = ClassBalancedFocalLoss(
        beta=case["beta"],
        gamma=case["gamma"],
        base=case["base"],
        mode="average_w",
        normalize=True,
        alpha=None,
        scale=1.0,
    )
    logits = torch.tensor(case["logits"], dtype=torch.float64, requires_grad=True)
    targets = torch.tensor(case["labels"])
    # The focal form divides by the number of positives, one a sample; the others average over all elements.
    reduction = "sum" if case["base"] == "focal" else "mean"
    value = loss.bind(LabelStatistics(case["class_counts"], sum(case["class_counts"])), reduction)(logits, targets)
    value = value / len(targets) if case["base"] == "focal" else value
    assert value.item() == pytest.approx(case["loss"], rel=0, abs=1e-10)
    value.backward()
    np.testing.assert_allclose(logits.grad, case["grad"], rtol=0, atol=1e-10)
