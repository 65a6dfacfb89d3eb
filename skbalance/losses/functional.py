r"""The losses as plain functions, element by element, that read as their formulas do.

They are for reading, for teaching and for copying: each stands for itself, needs nothing but torch, and is
differentiated by autograd. For training take :meth:`~skbalance.losses.BaseLoss.bind`, which computes the same in one
pass, stays finite wherever logits may be, and counts for itself what these functions are given.

In all of them z is a logit, y its label, p = :math:`\sigma(z)`; ``counts`` are the positives :math:`n_i` of each label
among ``n_samples`` N, all of them above 0 and below N.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

__all__ = [
    "asymmetric",
    "asymmetric_polynomial",
    "bce",
    "cb_focal",
    "cb_ntr",
    "db",
    "focal",
    "hill",
    "logit_adjusted",
    "ntr_focal",
    "propensity_scored",
    "r_focal",
    "robust_asymmetric",
    "sigmoid_f1",
    "squared_hinge",
    "two_way",
    "zlpr",
]


def bce(logits: Tensor, targets: Tensor, *, pos_weight: float | Tensor = 1.0) -> Tensor:
    r"""Binary cross-entropy.

    .. math:: L = -y\, c_i \log p - (1 - y) \log(1 - p)

    Parameters
    ----------
    logits, targets : Tensor of shape (n_samples, n_labels)
        z and y.
    pos_weight : float or Tensor of shape (n_labels,), default=1.0
        :math:`c_i`, factor of the positives.

    Returns
    -------
    loss : Tensor of shape (n_samples, n_labels)
        Of each element.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import functional
    >>> functional.bce(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]), pos_weight=2.0)
    tensor([[1.3863, 0.6931]])
    """
    return -targets * pos_weight * logsigmoid(logits) - (1 - targets) * logsigmoid(-logits)


def squared_hinge(logits: Tensor, targets: Tensor) -> Tensor:
    r"""Squared hinge loss, that of scikit-learn's ``LinearSVC``.

    .. math:: L = y \max(0, 1 - z)^2 + (1 - y) \max(0, 1 + z)^2

    Parameters
    ----------
    logits, targets : Tensor of shape (n_samples, n_labels)
        z and y.

    Returns
    -------
    loss : Tensor of shape (n_samples, n_labels)
        Of each element.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import functional
    >>> functional.squared_hinge(torch.tensor([[0.5, 0.5]]), torch.tensor([[1.0, 0.0]]))
    tensor([[0.2500, 2.2500]])
    """
    positive, negative = (1 - logits).clamp(min=0) ** 2, (1 + logits).clamp(min=0) ** 2
    return targets * positive + (1 - targets) * negative


def focal(logits: Tensor, targets: Tensor, *, gamma: float = 2.0, alpha: float | None = 0.5) -> Tensor:
    r"""Focal loss (Lin et al., ICCV 2017, arXiv:1708.02002).

    .. math:: L = -y\, \alpha (1 - p)^\gamma \log p - (1 - y) (1 - \alpha) p^\gamma \log(1 - p)

    Parameters
    ----------
    logits, targets : Tensor of shape (n_samples, n_labels)
        z and y.
    gamma : float, default=2.0
        Focusing exponent.
    alpha : float or None, default=0.5
        Share of the positives; None leaves both factors out.

    Returns
    -------
    loss : Tensor of shape (n_samples, n_labels)
        Of each element.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import functional
    >>> functional.focal(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]))  # log 2 / 8
    tensor([[0.0866, 0.0866]])
    """
    p = torch.sigmoid(logits)
    of_positives, of_negatives = (1.0, 1.0) if alpha is None else (alpha, 1 - alpha)
    positive = -of_positives * (1 - p) ** gamma * logsigmoid(logits)
    negative = -of_negatives * p**gamma * logsigmoid(-logits)
    return targets * positive + (1 - targets) * negative


def cb_focal(
    logits: Tensor,
    targets: Tensor,
    *,
    counts: Tensor,
    beta: float = 0.9,
    gamma: float = 2.0,
    alpha: float | None = 0.5,
    scale: float = 10.0,
) -> Tensor:
    r"""Class-balanced focal loss (Cui et al., CVPR 2019, arXiv:1901.05555; for labels, Huang et al., EMNLP 2021).

    .. math:: L = w_i L_{focal}, \quad w_i = \frac{1 - \beta}{1 - \beta^{n_i}}

    Parameters
    ----------
    logits, targets : Tensor of shape (n_samples, n_labels)
        z and y.
    counts : Tensor of shape (n_labels,)
        :math:`n_i`.
    beta : float, default=0.9
        How far a further sample of a label counts.
    gamma, alpha : see :func:`focal`
        Of the focal loss.
    scale : float, default=10.0
        Factor on the whole loss.

    Returns
    -------
    loss : Tensor of shape (n_samples, n_labels)
        Of each element.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import functional
    >>> functional.cb_focal(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]), counts=torch.tensor([5.0, 1.0]))
    tensor([[0.2116, 0.8664]])
    """
    weight = (1 - beta) / (1 - beta**counts)
    return scale * weight * focal(logits, targets, gamma=gamma, alpha=alpha)


def r_focal(
    logits: Tensor,
    targets: Tensor,
    *,
    counts: Tensor,
    mu: float,
    map_alpha: float = 0.1,
    map_beta: float = 10.0,
    gamma: float = 2.0,
    alpha: float | None = 0.5,
) -> Tensor:
    r"""Rebalanced focal loss (Wu et al., ECCV 2020, arXiv:2007.09654).

    .. math:: L = w L_{focal}, \quad w = \alpha_{map} + \sigma(\beta_{map} (r - \mu)), \quad
              r = \frac{1 / n_i}{\sum_j y_j / n_j}

    Parameters
    ----------
    logits, targets : Tensor of shape (n_samples, n_labels)
        z and y.
    counts : Tensor of shape (n_labels,)
        :math:`n_i`.
    mu : float
        Centre of the mapping; ``LabelStatistics.rebalance_center`` is the one of a training set.
    map_alpha, map_beta : float, default=0.1, 10.0
        Smallest weight, and steepness of the mapping.
    gamma, alpha : see :func:`focal`
        Of the focal loss.

    Returns
    -------
    loss : Tensor of shape (n_samples, n_labels)
        Of each element.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import functional
    >>> functional.r_focal(torch.zeros(1, 2), torch.ones(1, 2), counts=torch.tensor([50.0, 5.0]), mu=0.9)
    tensor([[0.0087, 0.0540]])
    """
    ratio = (1 / counts) / (targets / counts).sum(dim=1, keepdim=True)
    weight = map_alpha + torch.sigmoid(map_beta * (ratio - mu))
    return weight * focal(logits, targets, gamma=gamma, alpha=alpha)


def ntr_focal(
    logits: Tensor,
    targets: Tensor,
    *,
    counts: Tensor,
    n_samples: float,
    neg_scale: float = 2.0,
    kappa: float = 0.05,
    gamma: float = 2.0,
    alpha: float | None = 0.5,
) -> Tensor:
    r"""Negative-tolerant focal loss (Wu et al., ECCV 2020, arXiv:2007.09654).

    .. math:: L = y\, L_{focal}(z - v_i, 1) + (1 - y) \frac{1}{\lambda} L_{focal}(\lambda (z - v_i), 0), \quad
              v_i = \kappa \log(N / n_i - 1)

    Parameters
    ----------
    logits, targets : Tensor of shape (n_samples, n_labels)
        z and y.
    counts : Tensor of shape (n_labels,)
        :math:`n_i`.
    n_samples : float
        N.
    neg_scale : float, default=2.0
        :math:`\lambda`.
    kappa : float, default=0.05
        Size of the shift.
    gamma, alpha : see :func:`focal`
        Of the focal loss.

    Returns
    -------
    loss : Tensor of shape (n_samples, n_labels)
        Of each element.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import functional
    >>> logits, targets = torch.zeros(1, 2), torch.tensor([[1.0, 0.0]])
    >>> functional.ntr_focal(logits, targets, counts=torch.tensor([5.0, 1.0]), n_samples=10)
    tensor([[0.0866, 0.0292]])
    """
    shifted = logits - kappa * torch.log(n_samples / counts - 1)
    positive = focal(shifted, torch.ones_like(targets), gamma=gamma, alpha=alpha)
    negative = focal(neg_scale * shifted, torch.zeros_like(targets), gamma=gamma, alpha=alpha) / neg_scale
    return targets * positive + (1 - targets) * negative


def cb_ntr(
    logits: Tensor, targets: Tensor, *, counts: Tensor, n_samples: float, beta: float = 0.9, scale: float = 10.0
) -> Tensor:
    r"""Class-balanced negative-tolerant focal loss (Huang et al., EMNLP 2021, arXiv:2109.04712).

    .. math:: L = w_i L_{ntr}, \quad w_i = \frac{1 - \beta}{1 - \beta^{n_i}}

    Parameters
    ----------
    logits, targets : Tensor of shape (n_samples, n_labels)
        z and y.
    counts, n_samples : see :func:`ntr_focal`
        :math:`n_i` and N.
    beta, scale : see :func:`cb_focal`
        Of the weights.

    Returns
    -------
    loss : Tensor of shape (n_samples, n_labels)
        Of each element.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import functional
    >>> logits, targets = torch.zeros(1, 2), torch.tensor([[1.0, 0.0]])
    >>> functional.cb_ntr(logits, targets, counts=torch.tensor([5.0, 1.0]), n_samples=10)
    tensor([[0.2116, 0.2921]])
    """
    weight = (1 - beta) / (1 - beta**counts)
    return scale * weight * ntr_focal(logits, targets, counts=counts, n_samples=n_samples)


def db(
    logits: Tensor,
    targets: Tensor,
    *,
    counts: Tensor,
    n_samples: float,
    mu: float,
    map_alpha: float = 0.1,
    map_beta: float = 10.0,
    neg_scale: float = 2.0,
    kappa: float = 0.05,
    gamma: float = 2.0,
    alpha: float | None = 0.5,
) -> Tensor:
    r"""Distribution-balanced loss (Wu et al., ECCV 2020, arXiv:2007.09654).

    .. math:: L = w L_{ntr}, \quad w = \alpha_{map} + \sigma(\beta_{map} (r - \mu)), \quad
              r = \frac{1 / n_i}{\sum_j y_j / n_j}

    Parameters
    ----------
    logits, targets : Tensor of shape (n_samples, n_labels)
        z and y.
    counts, n_samples : see :func:`ntr_focal`
        :math:`n_i` and N.
    mu, map_alpha, map_beta : see :func:`r_focal`
        Of the weights.
    neg_scale, kappa, gamma, alpha : see :func:`ntr_focal`
        Of the negative-tolerant loss. ``gamma=0, alpha=None``, and half the loss, is the paper's DB-0FL.

    Returns
    -------
    loss : Tensor of shape (n_samples, n_labels)
        Of each element.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import functional
    >>> logits, targets = torch.zeros(1, 2), torch.tensor([[1.0, 0.0]])
    >>> functional.db(logits, targets, counts=torch.tensor([5.0, 1.0]), n_samples=10, mu=0.9)
    tensor([[0.0720, 0.0321]])
    """
    ratio = (1 / counts) / (targets / counts).sum(dim=1, keepdim=True)
    weight = map_alpha + torch.sigmoid(map_beta * (ratio - mu))
    tolerant = ntr_focal(
        logits, targets, counts=counts, n_samples=n_samples, neg_scale=neg_scale, kappa=kappa, gamma=gamma, alpha=alpha
    )
    return weight * tolerant


def asymmetric(
    logits: Tensor, targets: Tensor, *, gamma_pos: float = 0.0, gamma_neg: float = 4.0, clip: float = 0.05
) -> Tensor:
    r"""Asymmetric loss (Ridnik et al., ICCV 2021, arXiv:2009.14119).

    .. math:: L = -y (1 - p)^{\gamma_+} \log p - (1 - y)\, q^{\gamma_-} \log(1 - q), \quad q = \max(p - c, 0)

    Parameters
    ----------
    logits, targets : Tensor of shape (n_samples, n_labels)
        z and y.
    gamma_pos, gamma_neg : float, default=0.0, 4.0
        Focusing exponents.
    clip : float, default=0.05
        c, above 0.

    Returns
    -------
    loss : Tensor of shape (n_samples, n_labels)
        Of each element.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import functional
    >>> functional.asymmetric(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]))
    tensor([[0.6931, 0.0245]])
    """
    p = torch.sigmoid(logits)
    q = (p - clip).clamp(min=0)
    positive = -((1 - p) ** gamma_pos) * logsigmoid(logits)
    negative = -(q**gamma_neg) * torch.log(1 - q)
    return targets * positive + (1 - targets) * negative


def asymmetric_polynomial(
    logits: Tensor,
    targets: Tensor,
    *,
    gamma_pos: float = 0.0,
    gamma_neg: float = 4.0,
    clip: float = 0.05,
    poly_linear: float = -1.0,
    poly_square: float = 1.25,
) -> Tensor:
    r"""Asymmetric polynomial loss (Huang et al., ICASSP 2023, arXiv:2304.05361).

    .. math:: L = y (1 - p)^{\gamma_+} [-\log p + a (1 - p) + b (1 - p)^2] - (1 - y)\, q^{\gamma_-} \log(1 - q), \quad
              q = \max(p - c, 0)

    Parameters
    ----------
    logits, targets : Tensor of shape (n_samples, n_labels)
        z and y.
    gamma_pos, gamma_neg, clip : see :func:`asymmetric`
        Of the asymmetric loss.
    poly_linear, poly_square : float, default=-1.0, 1.25
        a and b.

    Returns
    -------
    loss : Tensor of shape (n_samples, n_labels)
        Of each element.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import functional
    >>> functional.asymmetric_polynomial(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]))
    tensor([[0.5056, 0.0245]])
    """
    p = torch.sigmoid(logits)
    polynomial = poly_linear * (1 - p) + poly_square * (1 - p) ** 2
    plain = asymmetric(logits, targets, gamma_pos=gamma_pos, gamma_neg=gamma_neg, clip=clip)
    return plain + targets * (1 - p) ** gamma_pos * polynomial


def robust_asymmetric(
    logits: Tensor,
    targets: Tensor,
    *,
    gamma_pos: float = 0.0,
    gamma_neg: float = 4.0,
    clip: float = 0.05,
    poly_linear: float = -1.0,
    poly_square: float = 1.25,
    hill: float = 1.5,
) -> Tensor:
    r"""Robust asymmetric loss (Park et al., ICCV Workshops 2023, arXiv:2308.05542).

    The asymmetric polynomial loss, that of its negatives times :math:`\lambda - p`.

    Parameters
    ----------
    logits, targets : Tensor of shape (n_samples, n_labels)
        z and y.
    gamma_pos, gamma_neg, clip, poly_linear, poly_square : see :func:`asymmetric_polynomial`
        Of the asymmetric polynomial loss.
    hill : float, default=1.5
        :math:`\lambda`.

    Returns
    -------
    loss : Tensor of shape (n_samples, n_labels)
        Of each element.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import functional
    >>> functional.robust_asymmetric(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]), hill=2.5)
    tensor([[0.5056, 0.0490]])
    """
    p = torch.sigmoid(logits)
    polynomial = {"poly_linear": poly_linear, "poly_square": poly_square}
    positive = asymmetric_polynomial(logits, torch.ones_like(logits), gamma_pos=gamma_pos, **polynomial)
    negative = asymmetric(logits, torch.zeros_like(logits), gamma_neg=gamma_neg, clip=clip)
    return targets * positive + (1 - targets) * (hill - p) * negative


def hill(logits: Tensor, targets: Tensor, *, hill: float = 1.5, margin: float = 1.0, gamma: float = 2.0) -> Tensor:
    r"""Hill loss (Zhang et al. 2021, arXiv:2112.07368).

    .. math:: L = -y (1 - p_m)^\gamma \log p_m + (1 - y) (\lambda - p)\, p^2, \quad p_m = \sigma(z - m)

    Parameters
    ----------
    logits, targets : Tensor of shape (n_samples, n_labels)
        z and y.
    hill : float, default=1.5
        :math:`\lambda`.
    margin : float, default=1.0
        m.
    gamma : float, default=2.0
        Focusing exponent of the positives.

    Returns
    -------
    loss : Tensor of shape (n_samples, n_labels)
        Of each element.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import functional
    >>> functional.hill(torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0]]))
    tensor([[0.1733, 0.2500]])
    """
    p, p_m = torch.sigmoid(logits), torch.sigmoid(logits - margin)
    positive = -((1 - p_m) ** gamma) * logsigmoid(logits - margin)
    return targets * positive + (1 - targets) * (hill - p) * p**2


def logit_adjusted(logits: Tensor, targets: Tensor, *, counts: Tensor, n_samples: float, tau: float = 1.0) -> Tensor:
    r"""Logit-adjusted binary cross-entropy (after Menon et al., ICLR 2021, arXiv:2007.07314).

    .. math:: L = L_{bce}(z - \tau \log(N / n_i - 1), y)

    Parameters
    ----------
    logits, targets : Tensor of shape (n_samples, n_labels)
        z and y.
    counts, n_samples : see :func:`ntr_focal`
        :math:`n_i` and N.
    tau : float, default=1.0
        Size of the shift.

    Returns
    -------
    loss : Tensor of shape (n_samples, n_labels)
        Of each element.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import functional
    >>> functional.logit_adjusted(torch.zeros(1, 2), torch.ones(1, 2), counts=torch.tensor([5.0, 1.0]), n_samples=10)
    tensor([[0.6931, 2.3026]])
    """
    return bce(logits - tau * torch.log(n_samples / counts - 1), targets)


def propensity_scored(logits: Tensor, targets: Tensor, *, propensities: Tensor) -> Tensor:
    r"""Propensity-scored binary cross-entropy (Qaraei et al., The Web Conference 2021).

    .. math:: L = -y \left(\frac{2}{\pi_i} - 1\right) \log p - (1 - y) \log(1 - p)

    Parameters
    ----------
    logits, targets : Tensor of shape (n_samples, n_labels)
        z and y.
    propensities : Tensor of shape (n_labels,)
        :math:`\pi_i`, the chance that a true label was given, see :func:`skbalance.metrics.label_propensities`.

    Returns
    -------
    loss : Tensor of shape (n_samples, n_labels)
        Of each element.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import functional
    >>> functional.propensity_scored(torch.zeros(1, 2), torch.ones(1, 2), propensities=torch.tensor([1.0, 0.5]))
    tensor([[0.6931, 2.0794]])
    """
    return bce(logits, targets, pos_weight=2 / propensities - 1)


def zlpr(logits: Tensor, targets: Tensor) -> Tensor:
    r"""ZLPR loss (Su et al. 2022, arXiv:2208.02955).

    .. math:: L = \log\Big(1 + \sum_{j:\, y_j = 0} e^{z_j}\Big) + \log\Big(1 + \sum_{i:\, y_i = 1} e^{-z_i}\Big)

    Parameters
    ----------
    logits, targets : Tensor of shape (n_samples, n_labels)
        z and y, which must be 0 or 1.

    Returns
    -------
    loss : Tensor of shape (n_samples,)
        Of each sample.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import functional
    >>> functional.zlpr(torch.zeros(1, 3), torch.tensor([[1.0, 0.0, 0.0]]))  # log 3 and log 2
    tensor([1.7918])
    """
    zero = torch.zeros_like(logits[:, :1])
    negative = torch.where(targets == 0, logits, -torch.inf)
    positive = torch.where(targets == 1, -logits, -torch.inf)
    above, below = (torch.cat([zero, side], dim=1).logsumexp(dim=1) for side in (negative, positive))
    return above + below


def two_way(logits: Tensor, targets: Tensor, *, pos_temperature: float = 4.0, neg_temperature: float = 1.0) -> Tensor:
    r"""Two-way loss (Kobayashi, CVPR 2023).

    .. math:: L = \operatorname{softplus}\Big(T_n \log \sum_{j:\, y_j = 0} e^{z_j / T_n} +
              T_p \log \sum_{i:\, y_i = 1} e^{-z_i / T_p}\Big)

    averaged over the samples that have a positive, plus the same along the samples of each label, averaged over the
    labels that have one.

    Parameters
    ----------
    logits, targets : Tensor of shape (n_samples, n_labels)
        z and y, which must be 0 or 1. No sample and no label may be without a negative.
    pos_temperature, neg_temperature : float, default=4.0, 1.0
        :math:`T_p` and :math:`T_n`.

    Returns
    -------
    loss : Tensor of shape ()
        Of the batch.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import functional
    >>> functional.two_way(torch.zeros(2, 2), torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    tensor(1.3863)
    """
    negative = torch.where(targets == 0, logits, -torch.inf) / neg_temperature
    positive = torch.where(targets == 1, -logits, -torch.inf) / pos_temperature
    loss = logits.new_zeros(())
    for dim in (1, 0):
        there = targets.sum(dim=dim) > 0
        positives, negatives = (side.movedim(dim, -1)[there].logsumexp(dim=-1) for side in (positive, negative))
        loss = loss + softplus(neg_temperature * negatives + pos_temperature * positives).mean()
    return loss


def sigmoid_f1(logits: Tensor, targets: Tensor) -> Tensor:
    r"""SigmoidF1 loss (Bénédict et al., TMLR 2022, arXiv:2108.10566).

    .. math:: L = \sum_i \Big(1 - \frac{2 \sum_k p_{ki} y_{ki}}{\sum_k (p_{ki} + y_{ki})}\Big)

    Parameters
    ----------
    logits, targets : Tensor of shape (n_samples, n_labels)
        z and y, which must be 0 or 1.

    Returns
    -------
    loss : Tensor of shape ()
        Of the batch.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import functional
    >>> functional.sigmoid_f1(torch.zeros(2, 1), torch.tensor([[1.0], [0.0]]))  # 1 - 2 * 0.5 / (1 + 1)
    tensor(0.5000)
    """
    p = torch.sigmoid(logits)
    f1 = 2 * (p * targets).sum(dim=0) / (p + targets).sum(dim=0)
    return (1 - f1).sum()
