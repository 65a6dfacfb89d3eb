"""Every registered loss and every option of it, and batches, for the tests that all losses face."""

import numpy as np
import torch

from skbalance.losses import (
    AsymmetricLoss,
    AsymmetricPolynomialLoss,
    BinaryCrossEntropy,
    ClassBalancedFocalLoss,
    ClassBalancedNTRFocalLoss,
    DistributionBalancedLoss,
    FocalLoss,
    HillLoss,
    LabelStatistics,
    NegativeTolerantFocalLoss,
    PropensityScoredCrossEntropy,
    RebalancedFocalLoss,
    RobustAsymmetricLoss,
    SquaredHingeLoss,
    TwoWayLoss,
    get_loss,
    get_loss_names,
)

MODES = ("by_class", "average_n", "average_w", "min_n")
NORMS = (None, "instance", "batch")
STATISTICS = LabelStatistics([120, 60, 9, 2, 1], 200)


def variants():
    """Name and loss, mu fixed where it would be automatic."""
    for name in get_loss_names():
        loss = get_loss(name)
        if loss.elementwise:
            yield name, loss.set_params(mu=0.7) if "mu" in loss.get_params() else loss
    yield "bce-pos_weight", BinaryCrossEntropy(pos_weight=3.0)
    for weight in ("balanced", "sqrt_balanced"):
        yield f"bce-{weight}", BinaryCrossEntropy(pos_weight=weight)
        yield f"focal-{weight}", FocalLoss(pos_weight=weight, alpha=None, reweight="sqrt_inverse")
    yield "cb-balanced", ClassBalancedFocalLoss(pos_weight="balanced", mode="min_n")
    yield "cb_ntr-balanced", ClassBalancedNTRFocalLoss(pos_weight="balanced", neg_weight=1.0)
    yield "r_focal-balanced", RebalancedFocalLoss(pos_weight="balanced", mu=0.7, reweight_norm="batch")
    yield "ntr_focal-balanced", NegativeTolerantFocalLoss(pos_weight="balanced")
    yield "db-sqrt_balanced", DistributionBalancedLoss(pos_weight="sqrt_balanced", mu=0.7)
    yield "hinge-balanced", SquaredHingeLoss(pos_weight="balanced")
    yield "hinge-pos_weight", SquaredHingeLoss(pos_weight=3.0, scale=2.0)
    for norm in NORMS:
        for reweight in ("inverse", "sqrt_inverse"):
            yield f"bce-{reweight}-{norm}", BinaryCrossEntropy(reweight=reweight, reweight_norm=norm)
            yield f"hinge-{reweight}-{norm}", SquaredHingeLoss(reweight=reweight, reweight_norm=norm)
        for mode in MODES:
            yield f"cb-{mode}-{norm}", ClassBalancedFocalLoss(mode=mode, reweight_norm=norm, beta=0.99)
        yield f"r_focal-{norm}", RebalancedFocalLoss(mu=0.7, reweight_norm=norm)
        yield f"db-{norm}", DistributionBalancedLoss(mu=0.7, reweight_norm=norm)
        yield f"cb_ntr-{norm}", ClassBalancedNTRFocalLoss(mode="min_n", reweight_norm=norm, neg_weight=1.0)
    yield "cb-normalize", ClassBalancedFocalLoss(normalize=True, mode="average_w")
    yield "cb-sigmoid", ClassBalancedFocalLoss(base="sigmoid")
    yield "cb-softmax", ClassBalancedFocalLoss(base="softmax", mode="average_w", normalize=True)
    yield "focal-sqrt_inverse", FocalLoss(reweight="sqrt_inverse", gamma=0.5, alpha=0.25)
    yield "ntr-neg_weight", NegativeTolerantFocalLoss(neg_weight=1.0, gamma=1.0)
    yield "asymmetric-gammas", AsymmetricLoss(gamma_pos=1.0, gamma_neg=0.5, clip=0.2, pos_weight="balanced")
    yield "asymmetric-plain", AsymmetricLoss(gamma_pos=0.5, gamma_neg=2.0, clip=0.0)
    yield "asymmetric-clip", AsymmetricLoss(gamma_neg=0.0, clip=0.3, scale=2.0)
    yield "polynomial-gammas", AsymmetricPolynomialLoss(gamma_pos=1.5, poly_linear=2.0, poly_square=-0.5)
    yield "robust-plain", RobustAsymmetricLoss(gamma_pos=2.0, gamma_neg=1.0, clip=0.0, hill=1.0)
    yield "hill-margin", HillLoss(hill=2.0, margin=0.0, gamma=1.0, pos_weight=3.0)
    yield "propensity-shape", PropensityScoredCrossEntropy(A=0.6, B=2.6)
    yield "db-scale", DistributionBalancedLoss(mu=0.3, neg_scale=5.0, gamma=3.5, scale=2.0)


def set_variants():
    """Name and loss, of those whose sums run over rows or columns."""
    for name in get_loss_names():
        loss = get_loss(name)
        if not loss.elementwise:
            yield name, loss
    yield "two_way-temperatures", TwoWayLoss(pos_temperature=0.5, neg_temperature=2.0, scale=3.0)


VARIANTS = dict(variants())
SETS = dict(set_variants())
# Functions of the margin, through one kernel.
OF_MARGINS = {name: loss for name, loss in VARIANTS.items() if name != "cb-softmax"}
# Every way through the kernel once: each function of the margin, and weights of labels, rows and pairs with each norm.
PATHS = {
    name: VARIANTS[name]
    for name in (
        "bce",
        "bce-inverse-batch",
        "focal-sqrt_balanced",
        "cb-average_n-instance",
        "cb-min_n-batch",
        "r_focal-balanced",
        "db-instance",
        "db-scale",
        "cb_ntr-balanced",
        "hinge-inverse-instance",
        "asymmetric-gammas",
        "asymmetric-clip",
        "polynomial-gammas",
        "robust_asymmetric",
        "hill-margin",
        "propensity-shape",
    )
}


def batch(seed, n_samples=7, n_labels=5, spread=4.0, dtype=torch.float64):
    rng = np.random.default_rng(seed)
    logits = torch.tensor(rng.normal(scale=spread, size=(n_samples, n_labels)), dtype=dtype)
    targets = rng.random((n_samples, n_labels)) < 0.4
    targets[np.arange(n_samples), rng.integers(n_labels, size=n_samples)] = True
    return logits, torch.tensor(targets)
