"""Groups of parameters, and how their learning rates go."""

from __future__ import annotations

import math

from ._modules import TextNetwork


def parameter_groups(network: TextNetwork, *, learning_rate, head_learning_rate, weight_decay) -> list[dict]:
    """Groups for AdamW: encoder and head apart, and in both the matrices, which decay, apart from the vectors.

    Parameters
    ----------
    network : TextNetwork
        Parameters that need no gradient are in no group.
    learning_rate, head_learning_rate : float
        Highest learning rates.
    weight_decay : float
        Of the matrices.

    Returns
    -------
    groups : list of dict
        Each with its highest learning rate as ``peak``.
    """
    groups = []
    for module, rate in ((network.encoder, learning_rate), (network.head, head_learning_rate)):
        trained = [p for p in module.parameters() if p.requires_grad]
        for decay, members in (
            (weight_decay, [p for p in trained if p.ndim > 1]),
            (0.0, [p for p in trained if p.ndim <= 1]),
        ):
            if members:
                groups.append({"params": members, "lr": rate, "peak": rate, "weight_decay": decay})
    return groups


def learning_rate_factor(step: int, n_steps: int, warmup_fraction: float) -> float:
    """Share of the highest learning rate at a step: it rises over the first steps, then falls toward 0.

    Parameters
    ----------
    step : int
        From 0.
    n_steps : int
        Steps of the whole training.
    warmup_fraction : float
        Share of the steps over which it rises.

    Returns
    -------
    factor : float
        In (0, 1].
    """
    n_warmup = math.ceil(warmup_fraction * n_steps)
    if step < n_warmup:
        return (step + 1) / n_warmup
    return (n_steps - step) / (n_steps - n_warmup)
