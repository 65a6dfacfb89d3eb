"""The network on top of the features: linear, or with hidden layers."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ._batches import SparseRows, row_blocks

__all__ = ["Head", "Units", "initial_weights"]


@dataclass(frozen=True)
class Units:
    """Units in which the optimizer sees a linear head, so that its curvature varies less.

    Attributes
    ----------
    by_feature : ndarray of shape (n_features,)
        Factors that the features come multiplied by.
    by_label : ndarray of shape (n_outputs,)
        Factors of the logits.
    by_intercept : ndarray of shape (n_outputs,)
        Factors of the intercepts, besides those of the logits.
    center : ndarray of shape (n_features,)
        What is subtracted from the features so multiplied. Dense features come without it; sparse ones stay as they
        are, and it is taken from the intercepts.
    """

    by_feature: np.ndarray
    by_label: np.ndarray
    by_intercept: np.ndarray
    center: np.ndarray


class Scratch:
    """Memory for an output and a gradient, kept between batches: to get fresh memory takes longer than to fill it."""

    def __init__(self):
        self.memory: dict[str, Tensor] = {}

    def output(self, like: Tensor, shape: torch.Size) -> Tensor:
        """Memory for an output, which is lost at the next."""
        size = shape.numel()
        memory = self.memory.get("output")
        if memory is None or memory.numel() < size:
            memory = self.memory["output"] = like.new_empty(size)
        # No view of the memory, for autograd would let no layer work on it in place.
        return like.new_empty(0).set_(memory.untyped_storage(), 0, shape, (shape[1], 1))

    def gradient(self, coef: Tensor) -> Tensor:
        """Memory for the gradient of ``coef``; fresh memory while another gradient of it may be there."""
        if coef.is_leaf and coef.grad is not None:
            return torch.empty_like(coef)
        if "gradient" not in self.memory:
            self.memory["gradient"] = torch.empty_like(coef)
        # A tensor of its own, which autograd takes as the gradient without a copy.
        return self.memory["gradient"].detach()

    def weighted(self, coef: Tensor, term_weights: Tensor) -> Tensor:
        """Coefficients times the weights of their features, lost at the next."""
        if "weighted" not in self.memory:
            self.memory["weighted"] = torch.empty_like(term_weights)
        return torch.mul(coef.detach(), term_weights, out=self.memory["weighted"])


class FirstLayer(torch.autograd.Function):
    """Centred features times (weighted) coefficients, plus intercepts, then the units of the outputs.

    There are gradients by the weights only.
    """

    @staticmethod
    def forward(
        ctx,
        coef,
        intercept,
        features: Tensor | SparseRows,
        units: Tensor | None,
        center: Tensor | None,
        term_weights: Tensor | None,
        scratch: Scratch,
    ):
        """Multiply."""
        ctx.coef, ctx.features, ctx.units, ctx.center, ctx.scratch = coef, features, units, center, scratch
        ctx.term_weights = term_weights
        if term_weights is not None:
            coef = scratch.weighted(coef, term_weights)
        if center is not None:
            intercept = intercept - center @ coef
        out = scratch.output(coef, torch.Size((len(features), coef.shape[1])))
        if isinstance(features, SparseRows):
            offset = intercept if units is None else intercept * units
            for rows, columns, product in features.rows.products(coef):
                if units is None:
                    torch.add(product, offset[columns], out=out[rows, columns])
                else:
                    torch.addcmul(offset[columns], product, units[columns], out=out[rows, columns])
        else:
            torch.addmm(intercept, features, coef, out=out)
            if units is not None:
                out *= units
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad):
        """Multiply the transpose by the gradient."""
        by_coef, sums = ctx.scratch.gradient(ctx.coef), grad.sum(dim=0)
        if isinstance(ctx.features, SparseRows):
            ctx.features.multiply_transposed(grad, by_coef)
        else:
            torch.mm(ctx.features.T, grad, out=by_coef)
        if ctx.units is not None or ctx.term_weights is not None:
            for rows in row_blocks(by_coef.shape[0], by_coef.shape[1], by_coef.device):
                part = by_coef[rows]
                if ctx.center is not None:
                    part.addr_(ctx.center[rows], sums, alpha=-1)
                if ctx.units is not None:
                    part *= ctx.units
                if ctx.term_weights is not None:
                    part *= ctx.term_weights[rows]
        return by_coef, sums if ctx.units is None else sums * ctx.units, None, None, None, None, None


def initial_weights(sizes, *, log_odds, random_state, dtype) -> tuple[list, list]:
    """Initial coefficients and intercepts.

    Coefficients are zero for a linear head, else Glorot's uniform ones. The output's intercepts start half way to
    the log-odds of the labels, so that no iteration is spent on learning that most labels are mostly absent.

    Parameters
    ----------
    sizes : list of int
        Number of features, of units in each hidden layer, and of outputs.
    log_odds : ndarray of shape (n_outputs,)
        Log-odds of the outputs being negative.
    random_state : RandomState
        Source of the random weights.
    dtype : numpy dtype
        Type of the weights.

    Returns
    -------
    coefs, intercepts : list of ndarray
        Arrays of shape (n_in, n_out) and (n_out,), one a layer.
    """
    coefs, intercepts = [], []
    for n_in, n_out in itertools.pairwise(sizes):
        if len(sizes) == 2:
            coefs.append(np.zeros((n_in, n_out), dtype=dtype))
        else:
            bound = np.sqrt(6.0 / (n_in + n_out))
            coefs.append(random_state.uniform(-bound, bound, (n_in, n_out)).astype(dtype, copy=False))
        intercepts.append(np.zeros(n_out, dtype=dtype))
    intercepts[-1] -= 0.5 * log_odds.astype(dtype)
    return coefs, intercepts


class Dropout(nn.Module):
    """Dropout that draws from a generator of its own: torch's global ones stay as they are, and threads do not mix.

    Parameters
    ----------
    share : float
        Share of the units that is dropped in training.
    seed : int
        Of the generator, which is made on the device of the first batch.
    """

    def __init__(self, share: float, seed: int):
        super().__init__()
        self.share, self.seed = share, seed
        self.generator: torch.Generator | None = None

    def forward(self, units: Tensor) -> Tensor:
        """Drop some of the units, and make up for it in the others."""
        if not self.training or self.share == 0:
            return units
        if self.generator is None:
            self.generator = torch.Generator(device=units.device).manual_seed(self.seed)
        kept = torch.empty_like(units).bernoulli_(1 - self.share, generator=self.generator)
        return units * kept.div_(1 - self.share)


class Head(nn.Module):
    """Layers of rectified linear units, dropout after each, and a linear output.

    Parameters
    ----------
    coefs, intercepts : list of ndarray
        Initial weights of shape (n_in, n_out) and (n_out,); copied.
    dropout : float
        Share of the hidden units that is dropped in training.
    seed : int, default=0
        Decides which.
    units : Units, default=None
        Of a linear head: the optimizer sees coefficients divided by the factors of features and labels, and the
        intercepts of centred features, divided by those of labels and intercepts.
    term_weights : ndarray of shape (n_features, n_outputs), default=None
        Of a linear head: the optimizer and the penalty see coefficients divided by these.
    """

    feature_scale: Tensor
    label_scale: Tensor
    intercept_scale: Tensor
    center: Tensor
    term_weights: Tensor | None

    def __init__(self, coefs, intercepts, *, dropout=0.0, seed=0, units: Units | None = None, term_weights=None):
        super().__init__()
        self.dropout = Dropout(dropout, seed)
        self.scratch = Scratch()
        self.scaled = units is not None
        if units is not None:
            coefs = [coefs[0] / units.by_feature[:, None] / units.by_label]
            intercepts = [(intercepts[0] / units.by_label + units.center @ coefs[0]) / units.by_intercept]
            self.register_buffer("feature_scale", torch.from_numpy(units.by_feature))
            self.register_buffer("label_scale", torch.from_numpy(units.by_label))
            self.register_buffer("intercept_scale", torch.from_numpy(units.by_intercept))
            self.register_buffer("center", torch.from_numpy(units.center))
        weights = None
        if term_weights is not None:
            coefs, weights = [coefs[0] / term_weights], torch.from_numpy(term_weights)
        self.register_buffer("term_weights", weights, persistent=False)  # no part of what early stopping keeps
        self.coefs = nn.ParameterList(torch.tensor(coef) for coef in coefs)
        self.intercepts = nn.ParameterList(torch.tensor(intercept) for intercept in intercepts)

    def forward(self, features: Tensor | SparseRows) -> Tensor:
        """Logits of a batch, which are lost at the next."""
        units, center = (self.label_scale, self.center) if self.scaled else (None, None)
        center = center if isinstance(features, SparseRows) else None
        intercept = self.intercepts[0] * self.intercept_scale if self.scaled else self.intercepts[0]
        out = FirstLayer.apply(self.coefs[0], intercept, features, units, center, self.term_weights, self.scratch)
        for coef, intercept in zip(self.coefs[1:], self.intercepts[1:]):
            out = self.dropout(out.relu_())
            out = torch.addmm(intercept, out, coef)
        return out

    @torch.no_grad()
    def penalty(self, strengths, *, add_gradient=False) -> Tensor:
        """Half the sum of the squared coefficients, times their strengths; intercepts are not penalised.

        Parameters
        ----------
        strengths : list of Tensor
            Strength of each layer's penalty, or of each of its outputs, on coefficients in their own units, divided by
            the term weights.
        add_gradient : bool, default=False
            Whether to add its gradient to that of the coefficients; autograd would take several times as long.

        Returns
        -------
        penalty : Tensor
        """
        total = strengths[0].new_zeros(())
        if self.scaled:
            strengths = [strengths[0] * self.label_scale.square()]
        for coef, strength in zip(self.coefs, strengths):
            for block in row_blocks(coef.shape[0], coef.shape[1], coef.device):
                part = coef[block]
                pull = part * strength
                if self.scaled:
                    pull *= self.feature_scale[block, None].square()
                total += 0.5 * torch.dot(part.flatten(), pull.flatten())
                if add_gradient:
                    coef.grad[block] += pull
        return total

    def to_numpy(self) -> tuple[list, list]:
        """Coefficients and intercepts as arrays."""
        coefs, intercepts = [_array(c) for c in self.coefs], [_array(b) for b in self.intercepts]
        if self.term_weights is not None:
            coefs[0] *= _array(self.term_weights)
        if self.scaled:
            by_feature, by_label = _array(self.feature_scale), _array(self.label_scale)
            intercepts[0] *= _array(self.intercept_scale)
            intercepts[0] -= _array(self.center) @ coefs[0]
            coefs[0] *= by_feature[:, None]
            coefs[0] *= by_label
            intercepts[0] *= by_label
        return coefs, intercepts


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy().copy()
