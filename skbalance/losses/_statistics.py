"""Statistics of the training labels: how often each occurs, and how they occur together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from skbalance._indicators import check_row_weight
from skbalance._targets import UNCERTAIN, kept_pairs, read_indicator
from skbalance._validation import read_numbers


@dataclass(frozen=True, eq=False)
class LabelStatistics:
    """Label counts of a training set.

    Parameters
    ----------
    counts : array-like of shape (n_labels,)
        Number of positive samples of each label; the sum of their weights where samples are weighted.
    n_samples : float
        Number of samples; the sum of their weights where samples are weighted.
    rebalance_center : float, default=None
        Centre of the rebalancing ratio over all positive (sample, label) pairs, above 0: the mean of its mean
        and its median. It is what ``mu="auto"`` of :class:`RebalancedFocalLoss` and
        :class:`DistributionBalancedLoss` resolves to. :meth:`from_targets` computes it, as 1 where there is no
        positive pair; counts alone do not determine it.
    n_known : array-like of shape (n_labels,), default=None
        Number of samples for which each label is known; None is ``n_samples`` for all. The frequency of a label is its
        count divided by this number.

    Raises
    ------
    ValueError
        If a count is negative, above ``n_known`` or not finite, or if ``n_samples`` is not positive.

    See Also
    --------
    LabelStatistics.from_targets : The statistics of a label matrix.

    Examples
    --------
    >>> from skbalance.losses import LabelStatistics
    >>> statistics = LabelStatistics([50, 10, 0], n_samples=100)
    >>> statistics.n_labels
    3
    >>> statistics.clipped_counts
    array([50., 10.,  1.])
    """

    counts: np.ndarray
    n_samples: float
    rebalance_center: float | None = None
    n_known: np.ndarray = None  # type: ignore[assignment]  # an array once it is made

    def __post_init__(self):
        counts = read_numbers(self.counts, "counts").copy()
        n_samples = read_numbers(self.n_samples, "n_samples")
        if counts.ndim != 1 or counts.size == 0:
            raise ValueError(f"counts must have shape (n_labels,) with at least one label; got {counts.shape}.")
        center = 1.0 if self.rebalance_center is None else self.rebalance_center
        for name, number in (("n_samples", n_samples), ("rebalance_center", read_numbers(center, "rebalance_center"))):
            if number.ndim or not 0 < number < np.inf:
                raise ValueError(f"{name} must be a positive finite number; got {getattr(self, name)!r}.")
        n_samples, known = float(n_samples), np.full(counts.shape, float(n_samples))
        if self.n_known is not None:
            known = read_numbers(self.n_known, "n_known").copy()
        if known.shape != counts.shape or not np.all((known >= 0) & (known <= n_samples * (1 + 1e-9))):
            raise ValueError(
                f"n_known must hold a number from 0 to n_samples={n_samples:g} for each of {len(counts)} labels; got "
                f"{known.ravel()[:5].tolist()}."
            )
        # Weighted sums of the same weights may differ in their last digits.
        good = (counts >= 0) & (counts <= known + 1e-9 * n_samples)
        if not good.all():
            most = f"n_samples={n_samples:g}" if self.n_known is None else "n_known"
            raise ValueError(f"counts must lie between 0 and {most}; got {counts[~good][:5].tolist()}.")
        for name, array in (("counts", counts), ("n_known", known)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        object.__setattr__(self, "n_samples", n_samples)

    def joined(self, other: LabelStatistics) -> LabelStatistics:
        """Statistics of these samples and others together; of ``rebalance_center`` the mean by positive pairs.

        Parameters
        ----------
        other : LabelStatistics
            Those of the others, of the same labels.

        Returns
        -------
        statistics : LabelStatistics
            Of all of them.
        """
        pairs, others = self.counts.sum(), other.counts.sum()
        center = None
        if self.rebalance_center is not None and other.rebalance_center is not None:
            share = others / max(pairs + others, 1e-300)
            center = (1 - share) * self.rebalance_center + share * other.rebalance_center
        return LabelStatistics(
            self.counts + other.counts, self.n_samples + other.n_samples, center, self.n_known + other.n_known
        )

    @property
    def n_labels(self) -> int:
        """Number of labels."""
        return self.counts.shape[0]

    @property
    def _floor(self) -> float:
        """Lower limit of the counts: one sample, or the smallest positive count if sample weights make that less."""
        seen = self.counts[self.counts > 0]
        floor = min(1.0, seen.min()) if seen.size else 1.0
        return min(max(floor, 1e-12 * self.n_samples), self.n_samples / 2)

    @property
    def clipped_counts(self) -> np.ndarray:
        """Counts in which labels without positives count as 1, so that 1 / n is finite."""
        return np.maximum(self.counts, self._floor)

    @property
    def clipped_n_known(self) -> np.ndarray:
        """Number of samples N for which each label is known, at least one positive and one negative."""
        return np.maximum(self.n_known, 2 * self._floor)

    @property
    def log_odds(self) -> np.ndarray:
        """Log of negatives over positives, log(N / n - 1), with n kept one sample away from 0 and from N."""
        share = self._inner_share
        return np.log((1 - share) / share)

    @property
    def variance(self) -> np.ndarray:
        """Variance n / N (1 - n / N) of each label, with n kept one sample away from 0 and from N."""
        share = self._inner_share
        return share * (1 - share)

    @property
    def _inner_share(self) -> np.ndarray:
        known = self.clipped_n_known
        return np.clip(self.counts, self._floor, known - self._floor) / known

    @classmethod
    def from_targets(cls, y: Any, sample_weight: Any = None) -> LabelStatistics:
        """Statistics of a label indicator matrix.

        Parameters
        ----------
        y : {array-like, sparse, frame} of shape (n_samples, n_labels)
            Indicator of 0 and 1. A label in between counts as that share of a sample; NaN is an unknown one, and counts
            for nothing: ``n_known`` is the number of the others.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights. An integer weight counts as that many copies of the sample.

        Returns
        -------
        statistics : LabelStatistics
            Counts, number of samples and the centre of the rebalancing ratio.

        Raises
        ------
        ValueError
            If `y` is no indicator, or the weights are negative, not finite, all zero or not one for each row.

        Examples
        --------
        >>> import numpy as np
        >>> from skbalance.losses import LabelStatistics
        >>> statistics = LabelStatistics.from_targets(np.array([[1, 0], [1, 1], [1, 0], [0, 0]]))
        >>> statistics.counts
        array([3., 1.])
        >>> round(statistics.rebalance_center, 4)  # ratios 1, 1/4, 3/4, 1: mean 0.75, median 0.875
        0.8125
        """
        y = sp.csr_array(read_indicator(y, name="y", also=UNCERTAIN))
        weight: Any = check_row_weight(np.ones(y.shape[0]) if sample_weight is None else sample_weight, y.shape[0])
        n_known: Any = None
        if y.dtype.kind == "f" and np.isnan(y.data).any():
            n_known = np.maximum(weight.sum() - weight @ kept_pairs(y, np.isnan(y.data)), 0)
            y = sp.csr_array((np.nan_to_num(y.data), y.indices, y.indptr), shape=y.shape, copy=True)
            y.eliminate_zeros()
        rows = np.repeat(np.arange(y.shape[0]), np.diff(y.indptr))
        pair_weight = weight[rows] * y.data
        counts = np.bincount(y.indices, weights=pair_weight, minlength=y.shape[1])
        inverse = 1.0 / np.where(counts > 0, counts, 1.0)[y.indices]
        ratio = inverse / np.bincount(rows, weights=inverse * y.data, minlength=y.shape[0])[rows]
        return cls(counts, weight.sum(), _center(ratio, pair_weight), n_known)


def _center(values: np.ndarray, weights: np.ndarray) -> float:
    """Mean of the weighted mean and the weighted median; 1, the ratio of a single label, if all weights are 0."""
    values, weights = values[weights > 0], weights[weights > 0]
    if values.size == 0:
        return 1.0
    order = np.argsort(values, kind="stable")
    values, cumulative = values[order], np.cumsum(weights[order])
    half, last = cumulative[-1] / 2, values.size - 1
    low = values[min(np.searchsorted(cumulative, half * (1 - 1e-12), side="left"), last)]
    high = values[min(np.searchsorted(cumulative, half * (1 + 1e-12), side="right"), last)]
    return float((np.average(values, weights=weights[order]) + (low + high) / 2) / 2)
