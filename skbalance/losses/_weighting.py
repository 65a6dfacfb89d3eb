"""The weight w of every (sample, label) element: constant, by label, by sample, or rebalanced.

A weighting is a module that holds what the training counts determine; :meth:`for_batch` adds what the batch's
positive pairs determine. The result hands out blocks of rows, so that no weight matrix of the batch exists.
"""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor, nn

from ._closed_forms import class_balanced_weight, rebalanced_weight
from ._positives import PositivePairs

__all__ = [
    "ClassBalancedSampleWeighting",
    "FixedWeighting",
    "LabelWeight",
    "LabelWeighting",
    "RebalancedWeight",
    "RebalancedWeighting",
    "SampleWeight",
    "Weighting",
]


class LabelWeight:
    """One weight a label, of shape (n_labels,)."""

    def __init__(self, weight: Tensor):
        self.weight = weight

    def times(self, factor: float) -> LabelWeight:
        """Return the weights multiplied by a constant."""
        return LabelWeight(self.weight * factor)

    def of_labels(self, labels: slice) -> LabelWeight:
        """Return the weights of some of the labels."""
        return LabelWeight(self.weight[labels])

    def block(self, start: int, stop: int) -> Tensor:
        """Weights of rows start to stop, of shape (1, n_labels)."""
        return self.weight[None, :]

    def at(self, rows: Tensor, cols: Tensor) -> Tensor:
        """Weights of single elements."""
        return self.weight[cols]


class SampleWeight:
    """One weight a sample, of shape (n_samples,)."""

    def __init__(self, weight: Tensor):
        self.weight = weight

    def times(self, factor: float) -> SampleWeight:
        """Return the weights multiplied by a constant."""
        return SampleWeight(self.weight * factor)

    def of_labels(self, labels: slice) -> SampleWeight:
        """Return the weights of some of the labels."""
        return self

    def block(self, start: int, stop: int) -> Tensor:
        """Weights of rows start to stop, of shape (stop - start, 1)."""
        return self.weight[start:stop, None]

    def at(self, rows: Tensor, cols: Tensor) -> Tensor:
        """Weights of single elements."""
        return self.weight[rows]


class RebalancedWeight:
    """The rebalanced weight times a factor of the row."""

    def __init__(self, inverse_counts: Tensor, inverse_row_sum: Tensor, row_factor: Tensor | None, mapping: dict):
        self.inverse_counts = inverse_counts
        self.inverse_row_sum = inverse_row_sum
        self.row_factor = row_factor
        self.mapping = mapping

    def times(self, factor: float) -> RebalancedWeight:
        """Return the weights multiplied by a constant."""
        mapping = {**self.mapping, "factor": factor}
        return RebalancedWeight(self.inverse_counts, self.inverse_row_sum, self.row_factor, mapping)

    def of_labels(self, labels: slice) -> RebalancedWeight:
        """Return the weights of some of the labels."""
        return RebalancedWeight(self.inverse_counts[labels], self.inverse_row_sum, self.row_factor, self.mapping)

    def block(self, start: int, stop: int) -> Tensor:
        """Weights of rows start to stop, of shape (stop - start, n_labels)."""
        weight = rebalanced_weight(self.inverse_row_sum[start:stop, None], self.inverse_counts, **self.mapping)
        return weight if self.row_factor is None else weight.mul_(self.row_factor[start:stop, None])

    def at(self, rows: Tensor, cols: Tensor) -> Tensor:
        """Weights of single elements."""
        weight = rebalanced_weight(self.inverse_row_sum[rows], self.inverse_counts[cols], **self.mapping)
        return weight if self.row_factor is None else weight.mul_(self.row_factor[rows])


class Weighting(nn.Module):
    """What the training counts determine of the weights."""

    @abstractmethod
    def for_batch(self, pairs: PositivePairs, dtype: torch.dtype) -> LabelWeight | SampleWeight | RebalancedWeight:
        """Return the weights of one batch."""


class FixedWeighting(Weighting):
    """The weights of one batch, whatever the batch is."""

    def __init__(self, weight: LabelWeight | SampleWeight | RebalancedWeight):
        super().__init__()
        self.weight = weight

    def for_batch(self, pairs: PositivePairs, dtype: torch.dtype) -> LabelWeight | SampleWeight | RebalancedWeight:
        """Return the weights."""
        return self.weight


class LabelWeighting(Weighting):
    """A weight by label. Its largest is the same in every row, so both norms divide by it."""

    label_weight: Tensor

    def __init__(self, label_weight, reweight_norm: str | None):
        super().__init__()
        weight = torch.as_tensor(label_weight, dtype=torch.float64)
        self.register_buffer("label_weight", weight if reweight_norm is None else weight / weight.max())

    def for_batch(self, pairs: PositivePairs, dtype: torch.dtype) -> LabelWeight:
        """Return the weights of one batch."""
        return LabelWeight(self.label_weight.to(dtype))


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

    def for_batch(self, pairs: PositivePairs, dtype: torch.dtype) -> SampleWeight:
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
        return SampleWeight(weight)


class RebalancedWeighting(Weighting):
    """The rebalanced weight; a sample without a positive label has its limit, map_alpha + 1."""

    inverse_counts: Tensor

    def __init__(self, counts, *, map_alpha: float, map_beta: float, mu: float, reweight_norm: str | None):
        super().__init__()
        self.register_buffer("inverse_counts", 1 / torch.as_tensor(counts, dtype=torch.float64))
        self.mapping = {"map_alpha": map_alpha, "map_beta": map_beta, "mu": mu}
        self.reweight_norm = reweight_norm

    def for_batch(self, pairs: PositivePairs, dtype: torch.dtype) -> RebalancedWeight:
        """Return the weights of one batch."""
        inverse_counts = self.inverse_counts.to(dtype)
        inverse_row_sum = pairs.row_sum(inverse_counts).reciprocal_()
        row_factor = None
        if self.reweight_norm is not None:
            # The mapping rises with 1 / n: a row's largest weight is that of the rarest label.
            row_factor = rebalanced_weight(inverse_row_sum, inverse_counts.max(), **self.mapping)
            if self.reweight_norm == "batch":
                row_factor = row_factor.max().expand_as(row_factor)
            row_factor = row_factor.reciprocal()
        return RebalancedWeight(inverse_counts, inverse_row_sum, row_factor, self.mapping)
