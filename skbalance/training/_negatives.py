"""Negative sampling: each label of a linear head is trained on few of the samples that do not have it."""

import itertools
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from ..losses import PositivePairs
from ._batches import TrainingData
from ._heads import Units

# ``negative_sampling="auto"``: so many times the root of the number of samples, from so many labels and samples on.
TIMES_ROOT, MANY_LABELS, MANY_SAMPLES = 7, 2000, 20_000
# A label is trained on so many negatives for each positive at least.
NEGATIVES_PER_POSITIVE = 2
# Share of a label's negatives that are those nearest to it; the others are drawn.
NEAR_SHARE = 0.3
# Features of a label by which those are found: the ones that its positives have most of.
NEAR_FEATURES = 100
# Non-zero features of the samples that are trained on at a time, about.
BLOCK_VALUES = 1 << 24


@dataclass(frozen=True)
class NegativeSampling:
    """How negatives are sampled.

    Attributes
    ----------
    n_negatives : int
        Negatives of a label, or more if it has many positives.
    seed : int
        Decides which are drawn, with the number of the label.
    """

    n_negatives: int
    seed: int

    def of_label(self, n_positives):
        """Negatives of a label of so many positives."""
        return np.maximum(self.n_negatives, NEGATIVES_PER_POSITIVE * n_positives)

    def blocks(self, data: TrainingData) -> list[slice]:
        """Blocks of labels whose samples have about ``BLOCK_VALUES`` non-zero features together."""
        positives = np.bincount(data.y.indices, minlength=data.y.shape[1])
        rows = np.minimum(positives + self.of_label(positives), len(data))
        values_per_row = sp.csr_array(data.X).nnz / len(data)
        number = np.cumsum(rows * values_per_row) // BLOCK_VALUES
        ends = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(rows)]
        return [slice(first, last) for first, last in itertools.pairwise(ends)]


def resolve_negative_sampling(given, data: TrainingData, options, hidden, separable) -> int | None:
    """Return the negatives of a label, or None to train on all; a ValueError for what has no sampling."""
    allowed = options.solver == "lbfgs" and not hidden and separable and sp.issparse(data.X)
    if given == "auto":
        large = data.y.shape[1] >= MANY_LABELS and len(data) >= MANY_SAMPLES
        on_cpu = torch.device(options.device).type == "cpu"
        return int(TIMES_ROOT * np.sqrt(len(data))) if allowed and large and on_cpu else None
    if given is not None and not allowed:
        raise ValueError(
            f"negative_sampling={given!r} is for sparse X and a linear model trained by L-BFGS, with a loss that is a "
            f"sum over labels; got {'sparse' if sp.issparse(data.X) else 'dense'} X, hidden_layer_sizes={hidden}, "
            f"solver={options.solver!r} and {options.loss!r}."
        )
    return given


def near_samples(X, y, by_term) -> sp.csc_array:
    """How much of what is typical for each label the samples have, of shape (n_samples, n_labels); most are 0."""
    typical = sp.csr_array(y.T.astype(X.dtype) @ X)
    if by_term is not None:
        labels = np.repeat(np.arange(typical.shape[0]), np.diff(typical.indptr))
        typical.data *= by_term[typical.indices, labels] ** 2
    for first, last in itertools.pairwise(typical.indptr):
        values = typical.data[first:last]
        if len(values) > NEAR_FEATURES:
            values[np.argpartition(values, -NEAR_FEATURES)[:-NEAR_FEATURES]] = 0
    typical.eliminate_zeros()
    return sp.csc_array(X @ typical.T)


def choose_samples(known, near, scores, weight, n_negatives, generator) -> tuple[np.ndarray, np.ndarray]:
    """Choose the samples that a label is trained on.

    Parameters
    ----------
    known : ndarray of int
        The samples that have it, or of which it is unknown; all are chosen.
    near, scores : ndarray
        Other samples, or these too, and how near they are to it.
    weight : ndarray of shape (n_samples,)
        Weights of all samples.
    n_negatives : int
        Samples to choose besides.
    generator : Generator
        Draws those that are not near.

    Returns
    -------
    rows : ndarray of int
        The samples, in order.
    factor : ndarray
        How many times its weight each stands for; those that were not drawn for themselves, 1.
    """
    n_samples = len(weight)
    if n_negatives >= n_samples - len(known):
        return np.arange(n_samples), np.ones(n_samples)
    others = ~np.isin(near, known)
    near, scores, n_near = near[others], scores[others], int(NEAR_SHARE * n_negatives)
    if len(near) > n_near:
        near = near[np.argpartition(scores, len(near) - n_near)[len(near) - n_near :]]
    taken = np.sort(np.concatenate([known, near]))
    drawn = generator.choice(n_samples - len(taken), n_negatives - len(near), replace=False)
    # The numbers of the samples, without those that are taken.
    drawn += np.searchsorted(taken - np.arange(len(taken)), drawn, side="right")
    rest = weight.sum(dtype=np.float64) - weight[taken].sum(dtype=np.float64)
    stands_for = rest / weight[drawn].sum(dtype=np.float64)
    rows = np.concatenate([taken, drawn])
    order = np.argsort(rows)
    return rows[order], np.repeat([1.0, stands_for], [len(taken), len(drawn)])[order]


class StackedData(Dataset):
    """The pairs of samples and labels that are trained on, label after label, as one sample with a label for each."""

    def __init__(self, dtype, pairs: PositivePairs):
        self.X, self.pairs = np.empty(0, dtype), pairs

    def __len__(self):
        return 1

    def on_device(self, device) -> tuple:
        """All of them as one batch, ``(features, (pairs, weight))``; the head has the features."""
        one = torch.from_numpy(self.X).new_ones(1)
        return one, (self.pairs, one)


class StackedLayer(torch.autograd.Function):
    """Logits of the pairs of a :class:`StackedHead`, with gradients by the weights."""

    @staticmethod
    def forward(ctx, coef, intercept, head):
        """Multiply."""
        ctx.head, coef = head, coef.numpy()
        out = head.features @ coef
        out += (intercept.numpy() - head.centers @ coef)[head.label_of_pair]
        return torch.from_numpy(out)[None]

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad):
        """Multiply the transpose by the gradient."""
        head, grad = ctx.head, grad[0].numpy()
        sums = head.sums @ grad
        by_coef = head.features.T @ grad
        by_coef -= head.centers.T @ sums
        return torch.from_numpy(by_coef), torch.from_numpy(sums), None


class StackedHead(nn.Module):
    """A linear head of labels that have samples and features of their own.

    The features that do not occur in a label's positives and near samples have no coefficient for it: what drawn
    samples would say of them is said of these samples, and not of those that they stand for.

    Parameters
    ----------
    coef, intercept : ndarray of shape (n_features, n_labels) and (n_labels,)
        Weights to start from.
    units : Units
        Those in which the optimizer sees the head, of these labels.
    samples : list of tuple of csr_array of shape (n_chosen, n_features) and ndarray of int
        For each label the samples that it is trained on, and the features that have coefficients.
    """

    def __init__(self, coef, intercept, units: Units, samples):
        super().__init__()
        self.shape, self.units, n_labels = coef.shape, units, len(samples)
        n_rows, n_columns = [rows.shape[0] for rows, _ in samples], [len(columns) for _, columns in samples]
        self.label_of_pair = np.repeat(np.arange(n_labels), n_rows)
        self.label = np.repeat(np.arange(n_labels), n_columns)
        self.feature = np.concatenate([columns for _, columns in samples])
        by_coef = units.by_coef if units.by_coef.ndim == 2 else np.broadcast_to(units.by_coef, self.shape)
        self.by_coef = by_coef[self.feature, self.label]
        starts, place = np.cumsum([0, *n_columns]), np.zeros(self.shape[0], dtype=np.int32)
        parts = []
        for (rows, columns), start in zip(samples, starts):
            place[:] = -1
            place[columns] = np.arange(start, start + len(columns))
            found = place[rows.indices]
            kept = found >= 0
            kept_before = np.concatenate([[0], np.cumsum(kept)])
            parts.append((rows.data[kept], found[kept], np.diff(kept_before[rows.indptr])))
        values, indices, lengths = map(np.concatenate, zip(*parts))
        values *= self.by_coef[indices]
        indptr = np.append(0, np.cumsum(lengths)).astype(np.int32)
        self.features = sp.csr_array((values, indices, indptr), shape=(sum(n_rows), starts[-1]))
        center = units.center[self.feature] * self.by_coef
        self.centers = _rows_one_after_the_other(center, n_columns)
        self.sums = _rows_one_after_the_other(np.ones(sum(n_rows), coef.dtype), n_rows)
        self.pull, self.by_intercept = torch.from_numpy(units.pull[self.feature]), torch.from_numpy(units.by_intercept)
        coef = coef[self.feature, self.label] / units.by_feature[self.feature] / self.by_coef
        self.coefs = nn.ParameterList([torch.from_numpy(coef)])
        self.intercepts = nn.ParameterList([torch.from_numpy((intercept + self.centers @ coef) / units.by_intercept)])

    def forward(self, features) -> Tensor:
        """Logits of the pairs, a row."""
        return StackedLayer.apply(self.coefs[0], self.intercepts[0] * self.by_intercept, self)

    @torch.no_grad()
    def penalty(self, strengths, *, add_gradient=False) -> Tensor:
        """See :meth:`Head.penalty`."""
        coef = self.coefs[0]
        pull = strengths[0][self.label].mul_(self.pull).mul_(coef)
        if add_gradient:
            coef.grad += pull
        return 0.5 * torch.dot(coef, pull)

    def to_numpy(self) -> tuple[list, list]:
        """Coefficients and intercepts as arrays, in the units of the features."""
        coef = self.coefs[0].detach().numpy()
        intercept = self.intercepts[0].detach().numpy() * self.units.by_intercept - self.centers @ coef
        out = np.zeros(self.shape, coef.dtype)
        out[self.feature, self.label] = coef * self.by_coef * self.units.by_feature[self.feature]
        return [out], [intercept]


def _rows_one_after_the_other(values, lengths) -> sp.csr_array:
    """A matrix whose rows have these values, one after the other, in columns that no other row has."""
    indptr = np.cumsum([0, *lengths])
    return sp.csr_array((values, np.arange(len(values)), indptr), shape=(len(lengths), len(values)))


def stack_labels(data, criterion, first, sampling: NegativeSampling, coef, intercept, units: Units, by_term):
    """Choose samples for each label of a block, and make their problem.

    Parameters
    ----------
    data : TrainingData
        All samples with these labels, in the units of the features.
    criterion : BalancedCriterion
        The loss of these labels.
    first : int
        Number of the first label.
    sampling : NegativeSampling
        How negatives are sampled.
    coef, intercept : ndarray of shape (n_features, n_labels) and (n_labels,)
        Weights to start from.
    units : Units
        Those in which the optimizer sees the head, of these labels.
    by_term : ndarray of shape (n_features, n_labels) or None
        Weights of the terms.

    Returns
    -------
    head : StackedHead
    data : StackedData
        The pairs that are trained on.
    criterion : BalancedCriterion
        Their loss, in which each stands for as many as it was drawn for.
    """
    X, y, weight = data.X, sp.csc_array(data.y), data.weight
    near = near_samples(X, data.y, by_term)
    samples, pairs, start = [], [], 0
    for label in range(y.shape[1]):
        known = y.indices[y.indptr[label] : y.indptr[label + 1]]
        span = slice(near.indptr[label], near.indptr[label + 1])
        generator = np.random.default_rng([sampling.seed, first + label])
        n_negatives = int(sampling.of_label(len(known)))
        rows, factor = choose_samples(known, near.indices[span], near.data[span], weight, n_negatives, generator)
        mask, chosen = np.zeros(X.shape[1], dtype=bool), X[rows]
        mask[chosen[np.flatnonzero(factor == 1)].indices] = True
        samples.append((chosen, np.flatnonzero(mask)))
        pairs.append((rows, factor * weight[rows], start + np.searchsorted(rows, known)))
        start += len(rows)
    head = StackedHead(coef, intercept, units, samples)
    rows, weights, places = map(np.concatenate, zip(*pairs))
    share = torch.from_numpy((weights / weight.sum(dtype=np.float64)).astype(coef.dtype))
    criterion = criterion.of_pairs(torch.from_numpy(rows), torch.from_numpy(head.label_of_pair), share)
    values = torch.from_numpy(y.data.copy()) if y.dtype.kind == "f" else None
    cols = torch.from_numpy(places)
    stacked = PositivePairs(torch.zeros_like(cols), cols, (1, start), values)
    return head, StackedData(coef.dtype, stacked), criterion
