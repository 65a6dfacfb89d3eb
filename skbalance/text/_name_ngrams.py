"""Pieces of words that occur in names of tags."""

from __future__ import annotations

from copy import copy

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.utils.validation import check_is_fitted

_LENGTHS = (3, 4, 5)
# Texts, at most, in which it is counted how common a piece is before it is left out.
_SAMPLE = 10_000


def ngrams(word: str) -> list[str]:
    """The pieces of 3 to 5 characters of a word, with a blank before and after it."""
    padded = f" {word} "
    return [padded[i : i + n] for n in _LENGTHS for i in range(len(padded) - n + 1)]


class NameNgrams(TransformerMixin, BaseEstimator):
    """TF-IDF of those pieces of words that occur in names of tags.

    "oilseed" in a text speaks for the tag "seeds", and so does a word that no training text has. Each word is cut
    once for all texts that have it.

    Parameters
    ----------
    names : list of str
        What tags are called, in lower case.
    max_df : float, default=1.0
        Share of the texts above which a piece is left out: most of what a text has are a few thousand pieces that
        tell little.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        Columns of the pieces.
    """

    def __init__(self, names, max_df=1.0):
        self.names = names
        self.max_df = max_df

    def fit(self, texts, y=None):
        """Learn how common each piece is."""
        self.fit_transform(texts)
        return self

    def fit_transform(self, texts, y=None):
        """Learn how common each piece is, and give the texts' features."""
        pieces = {piece for name in self.names for word in name.split() for piece in ngrams(word)}
        self.vocabulary_ = {piece: column for column, piece in enumerate(sorted(pieces))}
        if self.max_df < 1:
            some = [texts[i] for i in range(0, len(texts), 1 + len(texts) // _SAMPLE)]
            often = np.bincount(self._counts(some).indices, minlength=len(self.vocabulary_)) > self.max_df * len(some)
            kept = (piece for piece, column in self.vocabulary_.items() if not often[column])
            self.vocabulary_ = {piece: column for column, piece in enumerate(kept)}
        counts = self._counts(texts)
        self._idf = TfidfTransformer(sublinear_tf=True).fit(counts).idf_.astype(np.float32)
        return self._weighted(counts)

    def with_names(self, names, texts, n_before):
        """A copy with the pieces of further names, of which it is known how common they are in further texts only."""
        grown, pieces = copy(self), {piece for name in names for word in name.split() for piece in ngrams(word)}
        new = sorted(pieces.difference(self.vocabulary_))
        if not new:
            return self
        grown.names, before = names, len(self.vocabulary_)
        grown.vocabulary_ = {**self.vocabulary_, **{piece: before + i for i, piece in enumerate(new)}}
        frequencies = np.bincount(grown._counts(texts).indices, minlength=len(grown.vocabulary_))[before:]
        idf = np.log((1 + n_before + len(texts)) / (1 + frequencies)) + 1
        grown._idf = np.append(self._idf, idf).astype(np.float32)
        return grown

    def transform(self, texts):
        """The texts' features, a csr_array of float32 of shape (n_texts, n_pieces), rows of length 1."""
        check_is_fitted(self)
        return self._weighted(self._counts(texts))

    def _counts(self, texts):
        vectorizer = CountVectorizer(token_pattern=r"(?u)\b\w+\b", dtype=np.float32)
        try:
            words = vectorizer.fit_transform(texts)
        except ValueError:  # no text has a word
            return sp.csr_array((len(texts), len(self.vocabulary_)), dtype=np.float32)
        columns: list[int] = []
        indptr = [0]
        for word in vectorizer.get_feature_names_out():
            columns += [self.vocabulary_[piece] for piece in ngrams(word) if piece in self.vocabulary_]
            indptr.append(len(columns))
        shape = (len(indptr) - 1, len(self.vocabulary_))
        return sp.csr_array(words @ sp.csr_array((np.ones(len(columns), np.float32), columns, indptr), shape=shape))

    def _weighted(self, counts):
        """The counts, which become weights."""
        counts.data = (np.log(counts.data) + 1) * self._idf[counts.indices]
        squares = sp.csr_array((counts.data**2, counts.indices, counts.indptr), shape=counts.shape)
        counts.data /= np.repeat(np.sqrt(squares.sum(axis=1)).astype(np.float32), np.diff(counts.indptr))
        return counts
