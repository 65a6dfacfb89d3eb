"""The weight w of every (sample, label) element: constant, by label, by sample, or rebalanced.

A weighting is a module that holds what the training counts determine; :meth:`for_batch` adds what the batch's
positive pairs determine. The result hands out blocks of rows, so that no weight matrix of the batch exists.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from skbalance.losses._margins import THRESHOLD
from skbalance.losses._positives import PositivePairs


@dataclass(frozen=True)
class OuterWeight:
    """One weight for each label, or one for each sample, to be broadcast to all elements of a batch."""

    weight: Tensor
    shape: tuple[int, int]

    def times(self, factor: float) -> OuterWeight:
        """Return the weights multiplied by a constant."""
        return OuterWeight(self.weight * factor, self.shape)

    def of_labels(self, labels: slice) -> OuterWeight:
        """Return the weights of some of the labels."""
        weight = self.weight[labels] if self.weight.ndim == 1 else self.weight
        return OuterWeight(weight, (self.shape[0], len(range(self.shape[1])[labels])))

    def block(self, start: int, stop: int) -> Tensor:
        """Weights of rows start to stop, of shape (stop - start, n_labels)."""
        return self.weight.expand(self.shape)[start:stop]

    def at(self, rows: Tensor, cols: Tensor) -> Tensor:
        """Weights of single elements."""
        return self.weight.expand(self.shape)[rows, cols]


@dataclass(frozen=True)
class RebalancedWeight:
    """The rebalanced weight, factor * (map_alpha + sigmoid(map_beta * (ratio - mu))), times a factor of the row.

    The ratio is the product of the two tensors.
    """

    inverse_counts: Tensor
    inverse_row_sum: Tensor
    map_alpha: float
    map_beta: float
    mu: float
    row_factor: Tensor | None = None
    factor: float = 1.0

    def times(self, factor: float) -> RebalancedWeight:
        """Return the weights multiplied by a constant."""
        return replace(self, factor=self.factor * factor)

    def of_labels(self, labels: slice) -> RebalancedWeight:
        """Return the weights of some of the labels."""
        return replace(self, inverse_counts=self.inverse_counts[labels])

    def block(self, start: int, stop: int) -> Tensor:
        """Weights of rows start to stop, of shape (stop - start, n_labels)."""
        weight = self.mapped(self.inverse_row_sum[start:stop, None], self.inverse_counts)
        return weight if self.row_factor is None else weight.mul_(self.row_factor[start:stop, None])

    def at(self, rows: Tensor, cols: Tensor) -> Tensor:
        """Weights of single elements."""
        weight = self.mapped(self.inverse_row_sum[rows], self.inverse_counts[cols])
        return weight if self.row_factor is None else weight.mul_(self.row_factor[rows])

    def mapped(self, inverse_row_sum: Tensor, inverse_counts: Tensor) -> Tensor:
        """Weights by 1 / n and its inverse sum over the row's positives, without the factor of the row."""
        # A vector, for with two scalars to broadcast torch's loop takes five times as long.
        shift = torch.full_like(inverse_counts, -self.map_beta * self.mu)
        mapped = torch.addcmul(shift, inverse_row_sum, inverse_counts, value=self.map_beta)
        # The ratio may be in the thousands, where torch's sigmoid takes five times as long.
        mapped.clamp_(max=THRESHOLD).sigmoid_()
        return torch.add(inverse_counts.new_tensor(self.factor * self.map_alpha), mapped, alpha=self.factor)


class Weighting(nn.Module):
    """What the training counts determine of the weights."""

    @abstractmethod
    def for_batch(self, pairs: PositivePairs, dtype: torch.dtype) -> OuterWeight | RebalancedWeight:
        """Return the weights of one batch."""


class LabelWeighting(Weighting):
    """A weight by label. Its largest is the same in every row, so both norms divide by it."""

    label_weight: Tensor

    def __init__(self, label_weight, reweight_norm: str | None):
        super().__init__()
        weight = torch.as_tensor(label_weight, dtype=torch.float64)
        self.register_buffer("label_weight", weight if reweight_norm is None else weight / weight.max())

    def for_batch(self, pairs: PositivePairs, dtype: torch.dtype) -> OuterWeight:
        """Return the weights of one batch."""
        return OuterWeight(self.label_weight.to(dtype), pairs.shape)


class ClassBalancedSampleWeighting(Weighting):
    """The class-balanced weight of a sample from its positive labels: of their mean n, mean w or smallest n.

    A sample without a positive label is weighted as one whose labels are all abundant (n to infinity): 1 - beta.
    """

    counts: Tensor

    def __init__(self, counts, *, beta: float, mode: str, factor: float, reweight_norm: str | None):
        super().__init__()
        self.register_buffer("counts", torch.as_tensor(counts, dtype=torch.float64))
        self.beta = beta
        self.mode = mode
        self.factor = factor
        self.reweight_norm = reweight_norm

    def for_batch(self, pairs: PositivePairs, dtype: torch.dtype) -> OuterWeight:
        """Return the weights of one batch."""
        counts = self.counts.to(dtype)
        n_positive = pairs.row_sum(torch.ones_like(counts))
        if self.mode == "average_w":
            weight = pairs.row_sum(class_balanced_weight(counts, beta=self.beta)) / n_positive
        else:
            n = pairs.row_min(counts) if self.mode == "min_n" else pairs.row_sum(counts) / n_positive
            weight = class_balanced_weight(n, beta=self.beta)
        weight = torch.where(n_positive > 0, weight, 1 - self.beta) * self.factor
        if self.reweight_norm == "instance":
            weight = torch.ones_like(weight)
        elif self.reweight_norm == "batch":
            weight = weight / weight.max()
        return OuterWeight(weight[:, None], pairs.shape)


class RebalancedWeighting(Weighting):
    """The rebalanced weight; a sample without a positive label has its limit, map_alpha + 1."""

    inverse_counts: Tensor

    def __init__(self, counts, *, map_alpha: float, map_beta: float, mu: float, reweight_norm: str | None):
        super().__init__()
        self.register_buffer("inverse_counts", 1 / torch.as_tensor(counts, dtype=torch.float64))
        self.map_alpha, self.map_beta, self.mu = map_alpha, map_beta, mu
        self.reweight_norm = reweight_norm

    def for_batch(self, pairs: PositivePairs, dtype: torch.dtype) -> RebalancedWeight:
        """Return the weights of one batch."""
        inverse_counts = self.inverse_counts.to(dtype)
        inverse_row_sum = pairs.row_sum(inverse_counts).reciprocal_()
        weight = RebalancedWeight(inverse_counts, inverse_row_sum, self.map_alpha, self.map_beta, self.mu)
        if self.reweight_norm is None:
            return weight
        # The mapping rises with 1 / n: the largest weight of a row is that of the rarest label.
        largest = weight.mapped(inverse_row_sum, inverse_counts.max())
        if self.reweight_norm == "batch":
            largest = largest.max().expand_as(largest)
        return replace(weight, row_factor=largest.reciprocal())


def class_balanced_weight(counts, *, beta):
    """(1 - beta) / (1 - beta ** n), exact for beta near 1; an array or a tensor as ``counts`` is."""
    if 1 - beta == 1:
        return counts * 0 + 1.0
    lib = torch if isinstance(counts, Tensor) else np
    return (1 - beta) / -lib.expm1(counts * float(np.log1p(-(1 - beta))))
