"""The pairs of a batch that a loss needs of its targets, and the weight w of every (sample, label) element.

The weight is constant, by label, by sample, or rebalanced. The weights of a batch hand out blocks of its rows, so that
no matrix of them exists.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

# Label of an element that is to be left out, as in PyTorch's losses of classes; NaN is another.
IGNORE_INDEX = -100
# softplus(s) = s and sigmoid(s) = 1 past this point, to the last digit of float64.
THRESHOLD = 40.0


@dataclass(frozen=True)
class PositivePairs:
    """The positive pairs of an indicator matrix, ordered by row, and its soft and unknown ones.

    A criterion takes these in place of a dense target, so that no dense label matrix need exist.

    Parameters
    ----------
    rows, cols : Tensor of shape (n_pairs,), int64
        Row and label of each pair, the rows ascending.
    shape : tuple of (n_samples, n_labels)
        Shape of the indicator.
    values : Tensor of shape (n_pairs,), default=None
        Label of each pair, in [0, 1], or NaN where it is unknown; None if all are 1.

    Examples
    --------
    >>> import torch
    >>> from skbalance.losses import PositivePairs
    >>> PositivePairs.from_targets(torch.tensor([[0, 1], [1, 1]])).cols
    tensor([1, 0, 1])
    """

    rows: Tensor
    cols: Tensor
    shape: tuple[int, int]
    values: Tensor | None = None

    @classmethod
    def from_targets(cls, targets: Tensor, n_labels: int | None = None) -> PositivePairs:
        """Pairs of a dense, sparse COO or sparse CSR indicator, or of a vector of class indices.

        Parameters
        ----------
        targets : Tensor of shape (n_samples, n_labels) or (n_samples,)
            Labels of 0 and 1, or anything between, of any dtype; NaN or -100 where a label is unknown. Or, with one
            dimension, integer class indices.
        n_labels : int, default=None
            Number of labels, for class indices.

        Returns
        -------
        pairs : PositivePairs

        Raises
        ------
        TypeError
            If it is no tensor.
        ValueError
            If a label is not within 0 and 1 and not unknown, or a class index is out of range.
        """
        if not isinstance(targets, Tensor):
            raise TypeError(f"targets must be a tensor or PositivePairs; got {type(targets).__name__}.")
        if targets.ndim not in (1, 2) or targets.is_complex():
            raise ValueError(
                "targets must be real, of shape (n_samples, n_labels) or (n_samples,); got "
                f"{targets.dtype} of shape {tuple(targets.shape)}."
            )
        if targets.layout == torch.sparse_csr:
            targets = targets.to_sparse_coo()
        if targets.layout == torch.sparse_coo:
            targets = targets.coalesce()
            (rows, cols), values = targets.indices(), targets.values()
            rows, cols, values = rows[values != 0], cols[values != 0], values[values != 0]
        elif targets.ndim == 1:
            if n_labels is None or targets.is_floating_point() or targets.dtype == torch.bool:
                raise ValueError(
                    f"1-D targets must be integer class indices; got dtype {targets.dtype}. "
                    "A multi-label target has shape (n_samples, n_labels)."
                )
            if targets.numel() and not 0 <= int(targets.min()) <= int(targets.max()) < n_labels:
                raise ValueError(f"class indices must lie in [0, {n_labels}); got {targets.unique()[:5].tolist()}.")
            rows = torch.arange(targets.shape[0], device=targets.device)
            return cls(rows, targets.long(), (targets.shape[0], n_labels))
        else:
            rows, cols = _nonzero(targets)
            values = targets[rows, cols]
        shape = (targets.shape[0], targets.shape[1])
        if bool((values == 1).all()):
            return cls(rows, cols, shape)
        values = values.to(torch.get_default_dtype()) if not values.is_floating_point() else values
        values = values.masked_fill(values == IGNORE_INDEX, torch.nan)
        bad = values[(values < 0) | (values > 1)].unique()[:5].tolist()
        if bad:
            raise ValueError(f"targets must lie in [0, 1], or be NaN or {IGNORE_INDEX} where unknown; got {bad}.")
        return cls(rows, cols, shape, values)

    @classmethod
    def from_csr(cls, y, device: str | torch.device = "cpu") -> PositivePairs:
        """Pairs of an indicator that is canonical, a csr_array of ones, soft labels and NaN.

        Parameters
        ----------
        y : csr_array of shape (n_samples, n_labels)
            Indicator.
        device : str or torch.device, default="cpu"
            Where the pairs are put.

        Returns
        -------
        pairs : PositivePairs
        """
        rows = torch.from_numpy(np.repeat(np.arange(y.shape[0]), np.diff(y.indptr)))
        cols = torch.from_numpy(y.indices.astype(np.int64))
        values = torch.from_numpy(y.data.copy()) if y.dtype.kind == "f" else None
        return cls(rows, cols, y.shape, values).to(device)

    def row_sum(self, values: Tensor) -> Tensor:
        """Sum of ``values[label]`` over each row's positive labels, each times its label if that is soft.

        Parameters
        ----------
        values : Tensor of shape (n_labels,)
            A number for each label.

        Returns
        -------
        sums : Tensor of shape (n_samples,)
            Zero for a row without a positive label.
        """
        values = values[self.cols]
        if self.values is not None:
            values = values * self.values.to(values.dtype).nan_to_num(0)
        return values.new_zeros(self.shape[0]).index_add_(0, self.rows, values)

    def row_min(self, values: Tensor) -> Tensor:
        """Smallest ``values[label]`` among each row's positive labels.

        Parameters
        ----------
        values : Tensor of shape (n_labels,)
            A number for each label.

        Returns
        -------
        least : Tensor of shape (n_samples,)
            Infinity for a row without a positive label.
        """
        start = values.new_full((self.shape[0],), torch.inf)
        values = values[self.cols]
        if self.values is not None:
            values = values.masked_fill(self.values.isnan(), torch.inf)
        return start.scatter_reduce_(0, self.rows, values, "amin")

    def dense(self) -> Tensor:
        """Boolean indicator.

        Returns
        -------
        indicator : Tensor of bool of shape (n_samples, n_labels)
            True where the row has the label.
        """
        out = torch.zeros(self.shape, dtype=torch.bool, device=self.rows.device)
        out[self.rows, self.cols] = True
        return out

    def to(self, device: str | torch.device) -> PositivePairs:
        """Return the same pairs on another device.

        Parameters
        ----------
        device : str or torch.device
            Where to put them.

        Returns
        -------
        pairs : PositivePairs
            A copy, or views where they are there already.
        """
        values = None if self.values is None else self.values.to(device)
        return PositivePairs(self.rows.to(device), self.cols.to(device), self.shape, values)

    def split_unknown(self, what: str) -> tuple[PositivePairs, tuple[Tensor, Tensor]]:
        """Separate positive pairs from unknown ones, for losses without a form for soft labels.

        Parameters
        ----------
        what : str
            What the message names.

        Returns
        -------
        positive : PositivePairs
            The pairs whose label is 1.
        unknown : tuple of (rows, cols)
            Those whose label is unknown.

        Raises
        ------
        ValueError
            If a label is soft.
        """
        if self.values is None:
            return self, (self.rows[:0], self.cols[:0])
        unknown = self.values.isnan()
        if not bool((unknown | (self.values == 1)).all()):
            raise ValueError(f"{what} takes labels of 0 and 1 and unknown ones, but no soft ones.")
        positive = PositivePairs(self.rows[~unknown], self.cols[~unknown], self.shape)
        return positive, (self.rows[unknown], self.cols[unknown])

    def require_hard(self, what: str) -> None:
        """Raise a ValueError if there are soft or unknown labels, for losses without a form for them.

        Parameters
        ----------
        what : str
            What the message names.

        Raises
        ------
        ValueError
            If a label is neither 0 nor 1.
        """
        if self.values is not None:
            raise ValueError(f"{what} takes labels of 0 and 1 only, neither soft nor unknown ones.")


def _nonzero(targets: Tensor) -> tuple[Tensor, ...]:
    """Rows and columns of the non-zero elements; on CPUs through NumPy, which is several times as fast."""
    if targets.device.type != "cpu" or targets.shape[1] == 0:
        return targets.nonzero(as_tuple=True)
    flat = torch.from_numpy(np.flatnonzero((targets != 0).numpy()))
    rows = torch.div(flat, targets.shape[1], rounding_mode="floor")
    return rows, flat - rows * targets.shape[1]


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
    """Weights by what the training counts determine, a number for each label, and by what the pairs of a batch do.

    Parameters
    ----------
    numbers : array-like of shape (n_labels,)
        A number for each label.
    rule : callable
        From these, in the type of the computation, and the pairs to the weights of the batch.
    """

    numbers: Tensor

    def __init__(self, numbers, rule: Callable[[Tensor, PositivePairs], OuterWeight | RebalancedWeight]):
        super().__init__()
        self.register_buffer("numbers", torch.as_tensor(numbers, dtype=torch.float64))
        self.rule = rule

    def for_batch(self, pairs: PositivePairs, dtype: torch.dtype) -> OuterWeight | RebalancedWeight:
        """Return the weights of one batch."""
        return self.rule(self.numbers.to(dtype), pairs)


def by_label(weight: Tensor, pairs: PositivePairs) -> OuterWeight:
    """A weight for each label, the same in every batch."""
    return OuterWeight(weight, pairs.shape)


def class_balanced_by_sample(
    counts: Tensor, pairs: PositivePairs, *, beta: float, mode: str, factor: float, reweight_norm: str | None
) -> OuterWeight:
    """The class-balanced weight of a sample from its positive labels: of their mean n, mean w or smallest n.

    A sample without a positive label is weighted as one whose labels are all abundant (n to infinity): 1 - beta.
    """
    n_positive = pairs.row_sum(torch.ones_like(counts))
    if mode == "average_w":
        weight = pairs.row_sum(class_balanced_weight(counts, beta=beta)) / n_positive
    else:
        n = pairs.row_min(counts) if mode == "min_n" else pairs.row_sum(counts) / n_positive
        weight = class_balanced_weight(n, beta=beta)
    weight = torch.where(n_positive > 0, weight, 1 - beta) * factor
    if reweight_norm == "instance":
        weight = torch.ones_like(weight)
    elif reweight_norm == "batch":
        weight = weight / weight.max()
    return OuterWeight(weight[:, None], pairs.shape)


def rebalanced(
    inverse_counts: Tensor, pairs: PositivePairs, *, map_alpha: float, map_beta: float, mu: float, reweight_norm
) -> RebalancedWeight:
    """The rebalanced weight; a sample without a positive label has its limit, map_alpha + 1."""
    inverse_row_sum = pairs.row_sum(inverse_counts).reciprocal_()
    weight = RebalancedWeight(inverse_counts, inverse_row_sum, map_alpha, map_beta, mu)
    if reweight_norm is None:
        return weight
    # The mapping rises with 1 / n: the largest weight of a row is that of the rarest label.
    largest = weight.mapped(inverse_row_sum, inverse_counts.max())
    if reweight_norm == "batch":
        largest = largest.max().expand_as(largest)
    return replace(weight, row_factor=largest.reciprocal())


def class_balanced_weight(counts, *, beta):
    """(1 - beta) / (1 - beta ** n), exact for beta near 1; an array or a tensor as ``counts`` is."""
    if 1 - beta == 1:
        return counts * 0 + 1.0
    lib = torch if isinstance(counts, Tensor) else np
    return (1 - beta) / -lib.expm1(counts * float(np.log1p(-(1 - beta))))
