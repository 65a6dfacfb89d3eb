"""The network on top of the features: linear, or with hidden layers."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from ._batches import SparseRows, row_blocks


@dataclass(frozen=True)
class Units:
    """Units in which the optimizer sees a linear head.

    Attributes
    ----------
    by_feature : ndarray of shape (n_features,)
        Factors that the features come multiplied by.
    by_coef : ndarray of shape (n_outputs,) or (n_features, n_outputs)
        Factors of the coefficients of features so multiplied: of the labels, of the terms for each label, or of both.
    by_intercept : ndarray of shape (n_outputs,)
        Factors of the intercepts.
    center : ndarray of shape (n_features,)
        What is subtracted from the features so multiplied. Dense features come without it; sparse ones stay as they
        are, and it is taken from the intercepts.
    pull : ndarray of shape (n_features,) or (n_features, n_outputs)
        Factors of the penalty on the coefficients that the optimizer sees.
    """

    by_feature: np.ndarray
    by_coef: np.ndarray
    by_intercept: np.ndarray
    center: np.ndarray
    pull: np.ndarray

    @classmethod
    def of_terms(cls, term_weights) -> Units:
        """Units in which only the weights of the terms are taken out."""
        one, zero = (np.full(term_weights.shape[0], value, dtype=term_weights.dtype) for value in (1, 0))
        return cls(one, term_weights, np.ones_like(term_weights[0]), zero, one)

    def of_labels(self, labels: slice, term_weights=None) -> Units:
        """Units of some of the labels, with the weights of the terms for each of them."""
        by_coef = self.by_coef[labels]
        by_coef = by_coef if term_weights is None else term_weights * by_coef
        return replace(self, by_coef=by_coef, by_intercept=self.by_intercept[labels])

    def enter(self, coef, intercept) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients and intercepts in these units."""
        coef = coef / self.by_feature[:, None]
        intercept = (intercept + self.center @ coef) / self.by_intercept
        coef /= self.by_coef
        return coef, intercept

    def leave(self, coef, intercept) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients and intercepts of the features as they were, in the memory of those given."""
        coef *= self.by_coef
        intercept *= self.by_intercept
        intercept -= self.center @ coef
        coef *= self.by_feature[:, None]
        return coef, intercept


@dataclass(frozen=True)
class Hold:
    """A pull of a linear head to the weights that it starts from, by what is known of them.

    Attributes
    ----------
    alpha : float
        Strength on all coefficients.
    by_feature : ndarray of shape (n_features,)
        Strength on those of each feature besides, times that of each label.
    by_label : ndarray of shape (n_outputs,)
        See `by_feature`.
    by_intercept : ndarray of shape (n_outputs,)
        Strength on the intercepts.
    """

    alpha: float
    by_feature: np.ndarray
    by_label: np.ndarray
    by_intercept: np.ndarray

    def enter(self, units: Units, labels: slice, term_weights=None) -> tuple[Units, np.ndarray]:
        """Units of some of the labels, with the factors of this pull; and its strength on their intercepts."""
        dtype = units.pull.dtype
        by_label = self.by_label[labels]
        pull = np.empty((len(self.by_feature), len(by_label)), dtype)
        np.multiply.outer(self.by_feature, by_label, out=pull, casting="same_kind")
        for _ in range(0 if term_weights is None else 2):
            pull *= term_weights
        pull += self.alpha
        pull *= units.pull[:, None]
        return replace(units, pull=pull), (self.by_intercept[labels] * units.by_intercept**2).astype(dtype)


def kept_memory(scratch: dict[str, Tensor], name: str, like: Tensor, shape: torch.Size) -> Tensor:
    """Memory whose numbers are lost at the next call: to get fresh memory takes longer than to fill it."""
    memory = scratch.get(name)
    if memory is None or memory.numel() < shape.numel():
        memory = scratch[name] = like.new_empty(shape.numel())
    # No view of it: autograd would let no layer work on one in place.
    return like.new_empty(0).set_(memory.untyped_storage(), 0, shape, (shape[1], 1))


class FirstLayer(torch.autograd.Function):
    """Centred features times coefficients, which have factors, plus intercepts; with gradients by the weights only."""

    @staticmethod
    def forward(ctx, coef, intercept, features, factors, center, scratch):
        """Multiply."""
        ctx.coef, ctx.features, ctx.factors, ctx.center, ctx.scratch = coef, features, factors, center, scratch
        if factors is not None:
            coef = torch.mul(coef.detach(), factors, out=kept_memory(scratch, "product", coef, coef.shape))
        if center is not None:
            intercept = intercept - center @ coef
        out = kept_memory(scratch, "output", coef, torch.Size((len(features), coef.shape[1])))
        if isinstance(features, SparseRows):
            for rows, columns, product in features.rows.products(coef):
                torch.add(product, intercept[columns], out=out[rows, columns])
        else:
            torch.addmm(intercept, features, coef, out=out)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad):
        """Multiply the transpose by the gradient."""
        coef, sums = ctx.coef, grad.sum(dim=0)
        # Fresh memory while another gradient of the coefficients may be there.
        fresh = coef.is_leaf and coef.grad is not None
        by_coef = torch.empty_like(coef) if fresh else kept_memory(ctx.scratch, "gradient", coef, coef.shape)
        if isinstance(ctx.features, SparseRows):
            ctx.features.multiply_transposed(grad, by_coef)
        else:
            torch.mm(ctx.features.T, grad, out=by_coef)
        if ctx.factors is not None:
            factors = ctx.factors.expand_as(by_coef)
            for rows in row_blocks(by_coef.shape[0], by_coef.shape[1], by_coef.device):
                if ctx.center is not None:
                    by_coef[rows].addr_(ctx.center[rows], sums, alpha=-1)
                by_coef[rows] *= factors[rows]
        return by_coef, sums, None, None, None, None


def initial_weights(sizes, *, log_odds, random_state, dtype, zeros=np.zeros) -> tuple[list, list]:
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
    zeros : callable, default=numpy.zeros
        Makes the coefficients of a linear head, of a shape and a ``dtype``.

    Returns
    -------
    coefs, intercepts : list of ndarray
        Arrays of shape (n_in, n_out) and (n_out,), one a layer.
    """
    coefs, intercepts = [], []
    for n_in, n_out in itertools.pairwise(sizes):
        if len(sizes) == 2:
            coefs.append(zeros((n_in, n_out), dtype=dtype))
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
    seed : int, default=0
        Decides which.
    units : Units, default=None
        Those in which the optimizer sees a linear head.
    hold : ndarray of shape (n_outputs,), default=None
        Strength of a pull to the initial intercepts; the penalty then pulls to the initial coefficients, not to 0.
    """

    by_coef: Tensor | None
    by_intercept: Tensor | None
    center: Tensor | None
    pull: Tensor | None
    hold: Tensor | None
    start_coef: Tensor
    start_intercept: Tensor

    def __init__(self, coefs, intercepts, *, dropout=0.0, seed=0, units: Units | None = None, hold=None):
        super().__init__()
        self.dropout, self.seed, self.units = dropout, seed, units
        self.generator: torch.Generator | None = None  # made on the device of the first batch
        self.scratch: dict[str, Tensor] = {}
        if units is not None:
            (coef,), (intercept,) = coefs, intercepts
            coefs, intercepts = ([array] for array in units.enter(coef, intercept))
        given = {} if units is None else vars(units)
        for name in ("by_coef", "by_intercept", "center", "pull"):  # no part of what early stopping keeps
            array = given.get(name)
            self.register_buffer(name, None if array is None else torch.from_numpy(array), persistent=False)
        self.coefs = nn.ParameterList(torch.tensor(coef) for coef in coefs)
        self.intercepts = nn.ParameterList(torch.tensor(intercept) for intercept in intercepts)
        for name, start in (("hold", hold), ("start_coef", coefs[0]), ("start_intercept", intercepts[0])):
            self.register_buffer(name, None if hold is None else torch.as_tensor(start), persistent=False)

    def forward(self, features: Tensor | SparseRows) -> Tensor:
        """Logits of a batch, which are lost at the next."""
        intercept = self.intercepts[0] if self.by_intercept is None else self.intercepts[0] * self.by_intercept
        center = self.center if isinstance(features, SparseRows) else None
        out = FirstLayer.apply(self.coefs[0], intercept, features, self.by_coef, center, self.scratch)
        for coef, intercept in zip(self.coefs[1:], self.intercepts[1:]):
            out = self.drop(out.relu_())
            out = torch.addmm(intercept, out, coef)
        return out

    def drop(self, hidden: Tensor) -> Tensor:
        """Drop some of the hidden units in training, and make up for it in the others.

        They are drawn from a generator of its own: torch's global ones stay as they are, and threads do not mix.
        """
        if not self.training or self.dropout == 0:
            return hidden
        if self.generator is None:
            self.generator = torch.Generator(device=hidden.device).manual_seed(self.seed)
        kept = torch.empty_like(hidden).bernoulli_(1 - self.dropout, generator=self.generator)
        return hidden * kept.div_(1 - self.dropout)

    @torch.no_grad()
    def penalty(self, strengths, *, add_gradient=False) -> Tensor:
        """Half the sum of the squared coefficients, times their strengths; intercepts are not, unless they are held.

        Parameters
        ----------
        strengths : list of Tensor
            Strength of each layer's penalty, or of each of its outputs, on coefficients as the optimizer sees them.
        add_gradient : bool, default=False
            Whether to add its gradient to that of the coefficients; autograd would take several times as long.

        Returns
        -------
        penalty : Tensor
        """
        total = strengths[0].new_zeros(())
        for coef, strength in zip(self.coefs, strengths):
            for block in row_blocks(coef.shape[0], coef.shape[1], coef.device):
                part = coef[block] if self.hold is None else coef[block] - self.start_coef[block]
                pull = part * strength
                if self.pull is not None:
                    pull *= self.pull[block].reshape(len(pull), -1)
                total += 0.5 * torch.dot(part.flatten(), pull.flatten())
                if add_gradient:
                    coef.grad[block] += pull
        if self.hold is not None:
            away = self.intercepts[0] - self.start_intercept
            total += 0.5 * torch.dot(away, self.hold * away)
            if add_gradient:
                self.intercepts[0].grad += self.hold * away
        return total

    def to_numpy(self) -> tuple[list, list]:
        """Coefficients and intercepts as arrays."""
        coefs, intercepts = (
            [each.detach().cpu().numpy().copy() for each in weights] for weights in (self.coefs, self.intercepts)
        )
        if self.units is not None:
            coefs[0], intercepts[0] = self.units.leave(coefs[0], intercepts[0])
        return coefs, intercepts
