"""Thresholds that keep a promise on precision or recall, and labels that nothing can be promised of."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.stats import beta, binom

from skbalance._lazy import import_optional
from skbalance.decisions._thresholds import ScoredPairs, sorted_by_label

# Precision is tested at so many best pairs of a label: so many times as many as could pass without a miss, then growing
# by a ratio, up to more than the label has positives.
_FIRST, _RATIO, _BEYOND = 1.5, 1.2, 1.25
# Labels with too few positives share a promise where the numbers of these differ by no more than a factor.
_SIMILAR = 8.0
_HALVINGS = 30


@dataclass(frozen=True)
class Promises:
    """What is promised of each label, in arrays of one entry a label.

    A promise holds for new rows that are exchangeable with the training rows: drawn from the same source, in any order.
    The precision of a label of kind ``"own"`` (or its recall, for ``max_missed``) is below `least` with a probability
    of at most 1 - `confidence`, over draws of the training rows. Of kind ``"shared"`` that is said of labels of similar
    frequency together, for each of them has too few rows: one of them may well be worse.

    Parameters
    ----------
    measure : {"precision", "recall"}
        What is promised.
    least : float
        The least value of it.
    confidence : float
        Least probability that the promise holds.
    labels : ndarray
        Columns of the target, or tags.
    thresholds : ndarray of float
        As `thresholds_`; inf (or 1 as a probability) where nothing is promised: the label is not applied.
    kinds : ndarray of str
        ``"own"``, ``"shared"`` or ``"none"``.
    rows : ndarray of int
        Rows that the promise rests on: of precision those that would get the label (or one of those that share), of
        recall those that have it. They were scored by models that had not seen them.
    bounds : ndarray of float
        Lower bound of precision (or recall), at the given confidence; NaN where nothing is promised.
    recall : ndarray of float
        Share of the rows with the label that get it, by these scores: what to expect. 0 where nothing is promised.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.multiclass import OneVsRestClassifier
    >>> from skbalance import TunedThresholdMultiLabelClassifierCV
    >>> X, y = make_multilabel_classification(n_samples=1000, n_classes=4, n_labels=1, random_state=0)
    >>> model = OneVsRestClassifier(LogisticRegression())
    >>> careful = TunedThresholdMultiLabelClassifierCV(model, min_precision=0.9, random_state=0).fit(X, y)
    >>> careful.promises_
    Promises(precision >= 0.9, confidence 0.9: 4 labels on their own, 0 shared, 0 none)
    >>> careful.promises_.kinds.tolist()
    ['own', 'own', 'own', 'own']
    """

    measure: str
    least: float
    confidence: float
    labels: np.ndarray
    thresholds: np.ndarray
    kinds: np.ndarray
    rows: np.ndarray
    bounds: np.ndarray
    recall: np.ndarray

    def __repr__(self):
        own, shared, none = (np.count_nonzero(self.kinds == kind) for kind in ("own", "shared", "none"))
        what = f"{self.measure} >= {self.least:.4g}, confidence {self.confidence:.4g}"
        return f"Promises({what}: {own} labels on their own, {shared} shared, {none} none)"

    def _of_labels(self, labels) -> Promises:
        """Of some labels, by their numbers; nothing is promised of -1, a label that is new."""
        nothing: Any = {"thresholds": np.inf, "kinds": "none", "rows": 0, "bounds": np.nan, "recall": 0.0}
        arrays = {name: np.append(getattr(self, name), value)[labels] for name, value in nothing.items()}
        return replace(self, labels=np.arange(len(labels)), **arrays)

    def to_frame(self):
        """The arrays as a pandas DataFrame, a row for each label.

        Returns
        -------
        frame : pandas.DataFrame
            Indexed by label.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        pandas = import_optional("pandas", "Promises.to_frame needs pandas: pip install pandas")
        columns = {name: getattr(self, name) for name in ("thresholds", "kinds", "rows", "bounds", "recall")}
        return pandas.DataFrame(columns, index=pandas.Index(self.labels, name="label"))


@dataclass(frozen=True)
class Promise:
    """What is to be promised.

    Attributes
    ----------
    measure : {"precision", "recall"}
    least : float
        In (0, 1).
    confidence : float
        In (0, 1).
    """

    measure: str
    least: float
    confidence: float

    @classmethod
    def of(cls, tuner) -> Promise | None:
        """Read a tuner's parameters; None if it promises nothing.

        Raises
        ------
        ValueError
            If they contradict each other.
        """
        names = ("min_precision", "max_missed")
        given = {name: value for name in names if (value := getattr(tuner, name)) is not None}
        if not given:
            return None
        if len(given) > 1:
            raise ValueError(f"One promise can be kept, min_precision or max_missed; got {given}.")
        ((name, value),) = given.items()
        if tuner.strategy == "top_k" or tuner.max_labels is not None or tuner.min_labels not in ("auto", 0):
            raise ValueError(
                f"{name}={value!r} promises something of every label that is above its threshold: it needs a strategy "
                f"other than 'top_k', min_labels='auto' or 0, and max_labels=None; got strategy={tuner.strategy!r}, "
                f"min_labels={tuner.min_labels!r}, max_labels={tuner.max_labels!r}."
            )
        measure, least = ("precision", float(value)) if name == "min_precision" else ("recall", 1 - float(value))
        return cls(measure, least, float(tuner.confidence))

    @property
    def fewest(self) -> int:
        """Rows that a promise can stand on if none of them is wrong."""
        return _fewest(self.least, 1 - self.confidence)

    def keep(self, pairs: ScoredPairs) -> Promises:
        """Set thresholds that keep the promise.

        Parameters
        ----------
        pairs : ScoredPairs
            Scores of rows that the models did not see.

        Returns
        -------
        promises : Promises
            On the scale of the scores.

        Raises
        ------
        ValueError
            If some rows count more than others: a promise counts rows.
        """
        if pairs.weight is not None and np.ptp(pairs.weight):
            raise ValueError(
                f"A promise on {self.measure} counts rows, each once: sample_weight must be 0 or one other number; it "
                f"goes from {pairs.weight.min():.4g} to {pairs.weight.max():.4g}."
            )
        pairs = pairs if pairs.weight is None else replace(pairs, positives=pairs.positives / pairs.weight[0])
        positives = pairs.positives.sum(axis=0).round().astype(int)
        few = int(np.ceil(_FIRST * self.fewest)) if self.measure == "precision" else self.fewest
        own, level = positives >= few, np.floor(np.log(few / np.maximum(positives, 1)) / np.log(_SIMILAR)).astype(int)
        unit = np.arange(pairs.n_labels)
        for each in np.unique(level[~own]):
            members = np.flatnonzero(~own & (level == each) & (positives > 0))
            unit[members] = members[:1]
        together = np.bincount(unit, weights=positives, minlength=pairs.n_labels).astype(int)
        units, scores, targets, _, below = sorted_by_label(replace(pairs, labels=unit[pairs.labels]))
        starts = np.searchsorted(units, np.arange(pairs.n_labels + 1))
        found = np.full((4, pairs.n_labels), [[np.inf], [0], [np.nan], [0]])
        for i in np.flatnonzero((together >= few) & (np.diff(starts) > 0)):
            part = slice(starts[i], starts[i + 1])
            found[:, i] = self._of_one(np.append(scores[part], below[i]), np.cumsum(targets[part]), together[i])
        thresholds, rows, bounds, recall = found[:, unit]
        kinds = np.where(thresholds == np.inf, "none", np.where(own, "own", "shared"))
        of_labels = np.arange(pairs.n_labels), thresholds, kinds, rows.astype(int), bounds, recall
        return Promises(self.measure, self.least, self.confidence, *of_labels)

    def _of_one(self, scores, hits, positives):
        """Threshold, rows, bound and recall of one label, or of several together.

        Takes falling scores, one more than there are hits above them.
        """
        ends = np.searchsorted(-scores[:-1], -scores[:-1], side="right")  # of those with the same score all or none
        if self.measure == "precision":
            sizes, level = _tests(self.least, 1 - self.confidence, int(_BEYOND * positives - 1).bit_length())
            within = sizes[sizes <= len(hits)]
            sizes = np.append(ends[within - 1], sizes[len(within) :])  # where no hit is left there are misses only
            passed = sizes[hits[np.minimum(sizes, len(hits)) - 1] >= _hits_needed(sizes, self.least, level)]
            rows = passed[-1] if len(passed) else 0
            size = min(rows, len(hits))
        else:
            # A tolerance bound: the lowest score of so many positives that fewer would be too few.
            rows, level = positives, 1 - self.confidence
            first = np.searchsorted(hits, _hits_needed(rows, self.least, level))
            size = ends[first] if first < len(hits) else 0
        if not size:
            return np.inf, 0, np.nan, 0
        upper, lower = scores[size - 1], scores[size]
        lower = lower if lower > -np.inf else np.nextafter(upper, type(upper)(-np.inf))
        threshold = (float(upper) + float(lower)) / 2
        found = hits[size - 1]
        return threshold, rows, beta.ppf(level, found, rows - found + 1), found / positives


def _fewest(least, alpha) -> int:
    """The fewest rows, none of them wrong, that are as seldom as that where a share of `least` is right."""
    if least == 1:
        return sys.maxsize  # nobody can tell
    return max(1, int(np.ceil(np.log(alpha) / np.log(least) - 1e-9)))


@lru_cache(maxsize=256)
def _tests(least, alpha, doublings):
    """Numbers of best pairs at which precision is tested, and the level of each test.

    The level is the largest at which pairs of that precision pass any of the tests with a probability of at most alpha:
    what Bonferroni's correction would bound, exactly.
    """
    grid = [int(np.ceil(_FIRST * _fewest(least, alpha)))]
    while grid[-1] * _RATIO <= 2**doublings:
        grid.append(int(np.ceil(grid[-1] * _RATIO)))
    sizes = np.array(grid)
    low, high = np.log(alpha / len(sizes)), np.log(alpha)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _chance_to_pass(sizes, _hits_needed(sizes, least, np.exp(middle)), least) <= alpha:
            low = middle
        else:
            high = middle
    return sizes, float(np.exp(low))


def _hits_needed(sizes, least, level):
    return binom.isf(level, sizes, least).astype(int) + 1


def _chance_to_pass(sizes, needed, least) -> float:
    """Probability that independent pairs, each a hit with probability `least`, have enough hits at any of the sizes."""
    waiting, passed = np.ones(1), 0.0
    for size, step, enough in zip(sizes, np.diff(sizes, prepend=0), needed):
        widest = int(size * (1 - least) + 10 * np.sqrt(size))  # more misses than that never pass
        misses = binom.pmf(np.arange(min(step, widest) + 1), step, 1 - least)
        waiting = np.convolve(waiting, misses)[: widest + 1]
        passed += waiting[: size - enough + 1].sum()
        waiting[: max(0, size - enough + 1)] = 0
    return passed
