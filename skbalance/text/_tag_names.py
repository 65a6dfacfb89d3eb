"""Names of tags: what they are called, the parents in them, and the words of texts that match them."""

from collections.abc import Collection, Mapping
from copy import copy
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.utils.validation import check_is_fitted

from skbalance._hierarchy import parents_first, read_parents
from skbalance._tag_lists import read_tag
from skbalance._validation import short
from skbalance.decisions import read_label_text

_LENGTHS = (3, 4, 5)
# Texts, at most, in which it is counted how common a piece is before it is left out.
_SAMPLE = 10_000
# Words that are named for a tag of a text.
_MOST_WORDS = 5


def read_tag_names(label_texts: Any, classes: list, *, all_there: bool = True) -> list[list[str]] | None:
    """What each tag is called, as :func:`~skbalance.decisions.readable` gives it; None if that is not to be used.

    Parameters
    ----------
    label_texts : "tags", mapping or None
        As `TagClassifier` takes it.
    classes : list of str or int
        The tags.
    all_there : bool, default=True
        Whether a text of a tag that is not among them is an error.

    Raises
    ------
    TypeError, ValueError
        If `label_texts` is not what is allowed.
    """
    if label_texts is None:
        return None
    given = {} if isinstance(label_texts, str) and label_texts == "tags" else label_texts
    if not isinstance(given, Mapping):
        raise ValueError(
            f"label_texts must be 'tags', a mapping from tag to text or texts, or None; got {label_texts!r}."
        )
    known = set(classes)
    strange = [tag for tag in given if tag not in known]
    if strange and all_there:
        raise ValueError(f"label_texts has {strange[:10]}, which are no tags of the training data.")
    names = [read_label_text(given.get(tag, tag if isinstance(tag, str) else ""), tag) for tag in classes]
    return names if given or any(map(any, names)) else None


def read_tag_parents(parents: Any, hierarchy: str | None, sep: str | None, tags: Collection) -> dict:
    """Read the parents of tags and of their ancestors.

    Parameters
    ----------
    parents : mapping or None
        As `TagClassifier` takes it.
    hierarchy : str or None
        In its place, what stands between levels of a name.
    sep : str or None
        What stands between tags.
    tags : set
        All tags that there are.

    Returns
    -------
    parents : dict
        From tag to list of tags, ancestors first; with each tag that has a parent or is one.

    Raises
    ------
    TypeError, ValueError
        If it is not clear what the parents of a tag are, a tag is its own ancestor, or `parents` has a tag that is
        neither there nor an ancestor of one that is.
    """
    if parents is not None and hierarchy is not None:
        raise ValueError(f"Give parents, or hierarchy={hierarchy!r} to read them out of the names, not both.")
    if hierarchy is not None:
        return parents_first(_parents_in_names(hierarchy, sep, tags))
    given = read_parents(parents or {}, lambda tag, where: read_tag(tag, sep, where))
    if len({type(tag) for each in (tags, given, *given.values()) for tag in each}) > 1:
        raise TypeError("parents and the tags of y must all be strings, or all integers.")
    if "" in given or any("" in its_own for its_own in given.values()):
        raise ValueError(f"parents has a tag that is empty: {short(parents)}.")
    order, known = parents_first(given), set(tags)
    for tag in reversed(order):
        known.update(order[tag] if tag in known else ())
    if strange := [tag for tag in given if tag not in known]:
        raise ValueError(f"parents has {strange[:10]}, which are no tags of the training data, nor their ancestors.")
    return order


def _parents_in_names(hierarchy, sep, tags):
    """All levels but the last, as the parent of each tag that has several, and of that parent."""
    if not hierarchy or hierarchy == sep:
        raise ValueError(f"hierarchy must be what stands between levels of a name, other than sep; got {hierarchy!r}.")
    parents, left = {}, sorted(tags)
    while left:
        tag = left.pop()
        if not isinstance(tag, str):
            raise TypeError(f"hierarchy={hierarchy!r} reads the names of tags, and these are integers: give parents.")
        if not all(map(str.strip, tag.split(hierarchy))):
            raise ValueError(f"The tag {tag!r} has a level without a name; hierarchy is {hierarchy!r}.")
        parent = tag.rpartition(hierarchy)[0].strip()
        if parent:
            parents[tag] = [parent]
            left.append(parent)
    return parents


def ngrams(word: str) -> list[str]:
    """The pieces of 3 to 5 characters of a word, with a blank before and after it."""
    padded = f" {word} "
    return [padded[i : i + n] for n in _LENGTHS for i in range(len(padded) - n + 1)]


def _pieces(names):
    """The pieces of all words of the names of some tags."""
    return {piece for each in names for name in each for word in name.split() for piece in ngrams(word)}


class NameNgrams(TransformerMixin, BaseEstimator):
    """TF-IDF of those pieces of words that occur in names of tags.

    "oilseed" in a text speaks for the tag "seeds", and so does a word that no training text has. Each word is cut
    once for all texts that have it.

    Parameters
    ----------
    names : list of list of str
        What each tag is called, in lower case.
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
        self.vocabulary_ = _columns(sorted(_pieces(self.names)))
        if self.max_df < 1:
            some = [texts[i] for i in range(0, len(texts), 1 + len(texts) // _SAMPLE)]
            often = np.bincount(self._counts(some).indices, minlength=len(self.vocabulary_)) > self.max_df * len(some)
            self.vocabulary_ = _columns(piece for piece, column in self.vocabulary_.items() if not often[column])
        counts = self._counts(texts)
        self._idf = TfidfTransformer(sublinear_tf=True).fit(counts).idf_.astype(np.float32)
        return self._weighted(counts)

    def with_names(self, names, texts, n_before):
        """A copy with the pieces of further names, of which it is known how common they are in further texts only."""
        new = sorted(_pieces(names).difference(self.vocabulary_))
        if not new:
            return self
        grown, before = copy(self), len(self.vocabulary_)
        grown.names, grown.vocabulary_ = names, _columns([*self.vocabulary_, *new])
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


def _columns(pieces):
    return {piece: column for column, piece in enumerate(pieces)}


class TagWords:
    """Words behind the evidence of a fitted pipeline of :func:`~skbalance.text._tag_pipeline.fit_tag_pipeline`.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted.
    names : list of list of str or None
        What each tag is called.
    """

    def __init__(self, pipeline, names):
        self.names = names
        self.vectorizer = pipeline["features"].transformer_list[0][1]
        self.linear = pipeline["decisions"].estimator_[0].estimator_
        self.vocabulary = self.vectorizer.get_feature_names_out()

    def __call__(self, texts, rows):
        """Words that speak for tags of texts.

        Parameters
        ----------
        texts : list of str
            The texts.
        rows : list of list of int
            Columns of the tags of each text.

        Returns
        -------
        rows : list of list of dict
            For each of them what :class:`~skbalance.decisions.LabelEvidence` calls `words` and `matched`.
        """
        features, analyze = self.vectorizer.transform(texts), self.vectorizer.build_analyzer()
        found = []
        for i, labels in enumerate(rows):
            row, words = features[[i]], set(analyze(texts[i]))
            found.append([{"words": self._strongest_in(row, j), "matched": self._matched(j, words)} for j in labels])
        return found

    def strongest(self, label, k):
        """The k words of the largest weights for a label, with these, the largest first."""
        weights = self.linear.weights(label, slice(None))
        return [(str(self.vocabulary[j]), float(weights[j])) for j in np.argsort(-weights, kind="stable")[:k]]

    def _strongest_in(self, row, label):
        added = row.data * self.linear.weights(label, row.indices)
        best = [j for j in np.argsort(-added, kind="stable")[:_MOST_WORDS] if added[j] > 0]
        return tuple((str(self.vocabulary[row.indices[j]]), float(added[j])) for j in best)

    def _matched(self, label, words):
        if self.names is None:
            return ()
        own = list(dict.fromkeys(word for name in self.names[label] for word in name.split()))
        if whole := tuple(word for word in own if word in words):
            return whole
        pieces = _pieces([own])
        shared = {word: len(pieces.intersection(ngrams(word))) for word in sorted(words)}
        nearest = max(shared, key=lambda word: shared[word], default=None)
        return (nearest,) if nearest is not None and shared[nearest] else ()
