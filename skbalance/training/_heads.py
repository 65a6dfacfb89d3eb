"""The network on top of the features: linear, or with hidden layers."""

from __future__ import annotations

import itertools

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ._batches import SparseRows

__all__ = ["Head", "initial_weights"]


class Scratch:
    """Memory for one gradient, kept between batches: to get fresh memory for it takes longer than to fill it."""

    def __init__(self):
        self.memory = None

    def zeros_like(self, coef: Tensor) -> Tensor:
        """Zeros in that memory, or in fresh memory while a gradient of ``coef`` may occupy it."""
        if coef.is_leaf and coef.grad is not None:
            return torch.zeros_like(coef)
        if self.memory is None:
            self.memory = torch.empty_like(coef)
        # A tensor of its own, which autograd takes as the gradient without a copy.
        return self.memory.detach().zero_()


class SparseMatmul(torch.autograd.Function):
    """Rows of a sparse matrix times a weight matrix; the gradient by the weights uses the ready transpose."""

    @staticmethod
    def forward(ctx, coef, features: SparseRows, scratch: Scratch):
        """Multiply."""
        ctx.coef, ctx.features, ctx.scratch = coef, features, scratch
        return features.rows @ coef

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad):
        """Multiply the transpose by the gradient."""
        product = ctx.features.columns @ grad.contiguous()
        if ctx.features.present is not None:
            product = ctx.scratch.zeros_like(ctx.coef).index_copy_(0, ctx.features.present, product)
        return product, None, None


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


class Head(nn.Module):
    """Layers of rectified linear units, dropout after each, and a linear output.

    Parameters
    ----------
    coefs, intercepts : list of ndarray
        Initial weights of shape (n_in, n_out) and (n_out,); copied.
    dropout : float
        Share of the hidden units that is dropped in training.
    scales : tuple of (ndarray, ndarray), default=None
        Units in which the optimizer sees the coefficients and intercepts of a linear head.
    """

    coef_scale: Tensor
    intercept_scale: Tensor

    def __init__(self, coefs, intercepts, *, dropout=0.0, scales=None):
        super().__init__()
        self.dropout = dropout
        self.scratch = Scratch()
        self.scaled = scales is not None
        if self.scaled:
            coefs, intercepts = [coefs[0] / scales[0]], [intercepts[0] / scales[1]]
            self.register_buffer("coef_scale", torch.from_numpy(scales[0]))
            self.register_buffer("intercept_scale", torch.from_numpy(scales[1]))
        self.coefs = nn.ParameterList(torch.tensor(coef) for coef in coefs)
        self.intercepts = nn.ParameterList(torch.tensor(intercept) for intercept in intercepts)

    def weights(self) -> tuple[list, list]:
        """Coefficients and intercepts in their own units."""
        if self.scaled:
            return [self.coefs[0] * self.coef_scale], [self.intercepts[0] * self.intercept_scale]
        return list(self.coefs), list(self.intercepts)

    def forward(self, features: Tensor | SparseRows) -> Tensor:
        """Logits of a batch."""
        coefs, intercepts = self.weights()
        if isinstance(features, SparseRows):
            out = SparseMatmul.apply(coefs[0], features, self.scratch) + intercepts[0]
        else:
            out = torch.addmm(intercepts[0], features, coefs[0])
        for coef, intercept in zip(coefs[1:], intercepts[1:]):
            out = F.dropout(out.relu_(), self.dropout, self.training)
            out = torch.addmm(intercept, out, coef)
        return out

    def penalty(self, strengths, *, add_gradient=False) -> Tensor:
        """Half the sum of the squared coefficients, times their strengths; intercepts are not penalised.

        Parameters
        ----------
        strengths : list of Tensor
            Strength of each layer's penalty, or of each of its outputs, in the units of :meth:`unit_strengths`.
        add_gradient : bool, default=False
            Whether to add its gradient to that of the coefficients; autograd would take several times as long.

        Returns
        -------
        penalty : Tensor
        """
        total = strengths[0].new_zeros(())
        with torch.no_grad():
            for coef, strength in zip(self.coefs, strengths):
                pull = coef * strength
                total += 0.5 * torch.dot(coef.flatten(), pull.flatten())
                if add_gradient:
                    coef.grad += pull
        return total

    def unit_strengths(self, strengths) -> list:
        """Strengths for coefficients in the optimizer's units, from those for coefficients in their own."""
        return [strengths[0] * self.coef_scale.square()] if self.scaled else strengths

    def to_numpy(self) -> tuple[list, list]:
        """Coefficients and intercepts as arrays."""
        coefs, intercepts = self.weights()
        return [_array(c) for c in coefs], [_array(b) for b in intercepts]


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy().copy()
