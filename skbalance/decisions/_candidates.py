"""The labels of each row that may be predicted, with what scorers and label texts say of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from skbalance._hierarchy import Hierarchy
from skbalance._responses import log_odds, response, row_blocks
from skbalance._validation import check_sparse
from skbalance.decisions._label_texts import LabelMatcher, LabelVectors

# Labels of a row that are candidates for the match of their text alone.
_BY_MATCH = 8


@dataclass(frozen=True)
class Candidates:
    """The labels of each row that may be predicted, with what scorers and label texts say of them.

    Attributes
    ----------
    labels : ndarray of int of shape (n_rows, width)
        Label of each pair. The one with the highest scores first, where they are ranked.
    scores : ndarray of float32 of shape (n_rows, width, n_scorers)
        Of each scorer; -inf where the label was not trained, NaN where the scorer says nothing of the pair.
    matches : ndarray of float32 of shape (n_rows, width, n_matches)
        How well the row matches what the label is called, in each way.
    ways : tuple of str
        Names of the ways.
    """

    labels: np.ndarray
    scores: np.ndarray
    matches: np.ndarray
    ways: tuple[str, ...] = ()

    @property
    def trained(self) -> np.ndarray:
        """Whether the scorers had seen a positive of the label, and score the pair or it matches; (n_rows, width)."""
        spoken_of = np.isfinite(self.scores).any(axis=-1) | (self.matches > 0).any(axis=-1)
        return (self.scores[..., 0] != -np.inf) & spoken_of

    @property
    def first_scores(self) -> np.ndarray:
        """Scores of the first scorer, of shape (n_rows, width); -inf where it gives none."""
        scores = self.scores[..., 0]
        return np.where(np.isnan(scores), -np.inf, scores)

    @property
    def lowest_scores(self) -> list[float]:
        """The lowest score that each scorer gives; 0 of one that gives none."""
        lowest = np.min(self.scores, axis=(0, 1), where=np.isfinite(self.scores), initial=np.inf)
        return np.where(lowest < np.inf, lowest, 0).tolist()

    @classmethod
    def concatenate(cls, parts: list[Candidates]) -> Candidates:
        """Rows of several parts, which may differ in width and in the number of matches."""
        together = {}
        for name, blank in (("labels", 0), ("scores", -np.inf), ("matches", 0)):  # what is added is not trained
            arrays = [getattr(part, name) for part in parts]
            widest = np.max([array.shape[1:] for array in arrays], axis=0)
            missing = [[(0, 0), *((0, n) for n in widest - array.shape[1:])] for array in arrays]
            padded = [np.pad(array, more, constant_values=blank) for array, more in zip(arrays, missing)]
            together[name] = np.concatenate(padded)
        return cls(**together, ways=max((part.ways for part in parts), key=len))

    def take(self, rows) -> Candidates:
        """Some of the rows."""
        return replace(self, labels=self.labels[rows], scores=self.scores[rows], matches=self.matches[rows])

    def astype(self, of_labels, of_scores, width: int | None = None) -> Candidates:
        """In other types; of each row the first `width`."""
        return replace(
            self,
            labels=self.labels[:, :width].astype(of_labels),
            scores=self.scores[:, :width].astype(of_scores),
            matches=self.matches[:, :width].astype(of_scores),
        )


@dataclass(frozen=True)
class FittedScorers:
    """Fitted classifiers, and the texts of labels in the space of the first one's features.

    Attributes
    ----------
    estimators : list of classifiers
        Fitted.
    methods : list of {"decision_function", "predict_proba"}
        Where the scores of each come from.
    trained : ndarray of bool of shape (n_labels,)
        Labels of which they have seen a positive.
    matcher : LabelMatcher or None
        Of the label texts.
    hierarchy : Hierarchy or None
        Of labels whose ancestors are candidates wherever they are.
    """

    estimators: list
    methods: list[str]
    trained: np.ndarray
    matcher: LabelMatcher | None = None
    vectors: LabelVectors | None = None
    hierarchy: Hierarchy | None = None

    @classmethod
    def of(cls, estimators, methods, trained, matcher, hierarchy=None) -> FittedScorers:
        """Put the label texts in the space of the features."""
        vectors = None if matcher is None else matcher.vectors(estimators[0])
        return cls(list(estimators), list(methods), trained, matcher, vectors, hierarchy)

    @property
    def n_labels(self) -> int:
        """Number of labels."""
        return len(self.trained)

    def candidates(self, X, width: int, rows=None, forced=(), ranked=True):
        """The candidates of each row, a block of rows at a time.

        Parameters
        ----------
        X : array-like
            All rows.
        width : int
            Labels of each row with the highest scores. Those whose text matches the row best come in addition.
        rows : ndarray of int, default=None
            Rows to score; None is all.
        forced : array-like of int, default=()
            Labels that are candidates of every row.
        ranked : bool, default=True
            Whether the labels of a row are sorted by their scores even where all are candidates.

        Yields
        ------
        block : slice
            Of the rows.
        candidates : Candidates
        """
        check_sparse(X, "X")
        for block, part in row_blocks(X, self.n_labels, rows):
            yield block, self._score(part, width, forced, ranked)

    def _score(self, X, width, forced, ranked):
        scores, matches = self._scores_and_matches(X)
        for values in scores:
            values[:, ~self.trained] = -np.inf
        n_rows, n_labels = scores[0].shape
        if width >= n_labels and not ranked:
            labels = np.broadcast_to(np.arange(n_labels, dtype=np.int32), scores[0].shape)
        else:
            kinds = [*map(_below_where_missing, scores), *matches]
            total = np.where(self.trained, kinds[0] if len(kinds) == 1 else sum(map(_standardise, kinds)), -np.inf)
            total = self._ancestors_first(total)
            labels, _ = rank_pairs(total, min(width, n_labels))
            if width < n_labels and (matches or len(forced)):
                more = [_best_others(self._ancestors_first(values), labels) for values in matches]
                if self.hierarchy is not None:
                    forced = self.hierarchy.reach[np.asarray(forced, dtype=int)].indices
                more.append(np.tile(np.unique(forced).astype(np.int32), (len(labels), 1)))
                labels = _without_repeats(np.hstack([labels, *more]), total)
            scores, matches = (
                [np.take_along_axis(values, labels, axis=1) for values in kind] for kind in (scores, matches)
            )
        ways = () if self.vectors is None else tuple(self.vectors.names)
        return Candidates(labels, _stack(scores, n_rows), _stack(matches, n_rows, labels.shape[1]), ways)

    def _ancestors_first(self, values):
        """Values of all labels by which the best, however many, are closed under ancestors."""
        if self.hierarchy is None:
            return values
        labels = np.broadcast_to(np.arange(self.n_labels), values.shape)
        return self.hierarchy.raised(labels, np.maximum(values, np.finfo(values.dtype).min / 2))

    def _scores_and_matches(self, X):
        """Of rows, each scorer's log-odds of all labels, and how well they match each label in each way."""
        estimators, inputs, matches = [*self.estimators], [X] * len(self.estimators), []
        if self.matcher is not None and self.vectors is not None:
            features, shared = self.matcher.features(estimators[0], X)
            matches = self.vectors.match(features)
            if shared:  # the pipeline's transformers need not run twice
                estimators[0], inputs[0] = estimators[0].steps[-1][1], features
        scores = [
            np.array(log_odds(response(estimator, given, method, self.n_labels), method))
            for estimator, given, method in zip(estimators, inputs, self.methods)
        ]
        return scores, matches


def score_rows(fitted, rows, seen, *, X, methods, matcher, width, hierarchy) -> Candidates:
    """Candidates of rows; none is trained where nothing was fitted."""
    if not fitted:
        n_labels = min(width, len(seen))
        labels = np.tile(np.arange(n_labels, dtype=np.int32), (len(rows), 1))
        nothing = np.full((*labels.shape, len(methods)), -np.inf, dtype=np.float32)
        return Candidates(labels, nothing, np.zeros((*labels.shape, 0), dtype=np.float32))
    scorers = FittedScorers.of(fitted, methods, seen > 0, matcher, hierarchy)
    return Candidates.concatenate([candidates for _, candidates in scorers.candidates(X, width, rows)])


def rank_pairs(scores: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The `width` best labels of each row, best first, and their scores."""
    n_labels = scores.shape[1]
    if width < n_labels:
        labels = np.argpartition(-scores, width - 1, axis=1)[:, :width]
        labels.sort(axis=1)
        values = np.take_along_axis(scores, labels, axis=1)
    else:
        labels = np.broadcast_to(np.arange(n_labels), scores.shape)
        values = scores
    order = np.argsort(-values, axis=1, kind="stable")
    labels = np.take_along_axis(labels, order, axis=1).astype(np.int32)
    return labels, np.take_along_axis(values, order, axis=1)


def _stack(values, n_rows, width=0):
    # Each kind of value stays contiguous.
    return np.moveaxis(np.stack(values), 0, -1) if values else np.zeros((n_rows, width, 0), dtype=np.float32)


def _below_where_missing(scores):
    """Scores of a row, and for those that the scorer does not give one that is a little below all that it gives."""
    missing = np.isnan(scores)
    if not missing.any():
        return scores
    known = np.isfinite(scores)
    n = known.sum(axis=1, keepdims=True)
    low = np.where(known, scores, np.inf).min(axis=1, keepdims=True)
    high = np.where(known, scores, -np.inf).max(axis=1, keepdims=True)
    low, high = np.where(n > 0, low, 0), np.where(n > 0, high, 0)
    return np.where(missing, low - np.where(high > low, (high - low) / np.maximum(n, 1), 1), scores)


def _standardise(scores):
    """Scores of a row less their mean, in units of their deviation; -inf stays."""
    known = np.isfinite(scores)
    n = np.maximum(known.sum(axis=1, keepdims=True), 1)
    values = np.where(known, scores, 0)
    centred = np.where(known, values - values.sum(axis=1, keepdims=True) / n, 0)
    deviation = np.sqrt((centred**2).sum(axis=1, keepdims=True) / n)
    return np.where(known, centred / np.where(deviation > 0, deviation, 1), -np.inf)


def _best_others(matches, labels):
    """The labels of each row that match best, other than some."""
    matches = matches.copy()
    np.put_along_axis(matches, labels, -1, axis=1)
    return rank_pairs(matches, min(_BY_MATCH, matches.shape[1]))[0]


def _without_repeats(labels, total):
    """Labels of each row, the highest total first; a repeated label gives way to another one."""
    ordered = np.sort(labels, axis=1)
    if (ordered[:, 1:] == ordered[:, :-1]).any():
        chosen = np.zeros(total.shape, dtype=bool)
        np.put_along_axis(chosen, labels, True, axis=1)
        keys = np.where(chosen, np.inf, total)
        width = min(labels.shape[1], total.shape[1])
        labels = np.argpartition(-keys, width - 1, axis=1)[:, :width]
    totals = np.take_along_axis(total, labels, axis=1)
    return np.take_along_axis(labels, np.argsort(-totals, axis=1, kind="stable"), axis=1).astype(np.int32)
