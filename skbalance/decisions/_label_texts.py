"""What labels are called, and how well a row matches it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import normalize
from sklearn.utils import check_array

from skbalance._validation import check_sparse
from skbalance.decisions._packing import pack, unpack

__all__ = ["LabelMatcher", "LabelVectors", "check_label_texts", "label_vectors", "other_number", "readable"]

_CAMEL_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS = re.compile(r"[\W_]+")


def readable(text: str) -> str:
    """A label's text as words.

    Parameters
    ----------
    text : str
        In camel case, with hyphens, underscores, slashes or other punctuation.

    Returns
    -------
    words : str
        In lower case, with single spaces.

    Examples
    --------
    >>> from skbalance.decisions import readable
    >>> [readable(text) for text in ("CastorOil", "castor-oil", "DNA/repair")]
    ['castor oil', 'castor oil', 'dna repair']
    """
    return _SEPARATORS.sub(" ", _CAMEL_CASE.sub(" ", text)).strip().lower()


def other_number(text: str) -> str:
    """The words of a text, singulars as plurals and plurals as singulars, by the commonest English endings."""
    return " ".join(_other_number(word) for word in text.split())


def _other_number(word):
    if len(word) < 3 or not word.isalpha():
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if word.endswith("s"):
        return word if word.endswith(("ss", "us", "is")) else word[:-1]
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("ch", "sh", "x")) else "s")


def check_label_texts(label_texts: Any, n_labels: int) -> list[str] | np.ndarray | sp.csr_array:
    """Hold label texts to one text, or one row of a matrix, for each label.

    Parameters
    ----------
    label_texts : sequence of str, mapping from int to str, array or sparse of shape (n_labels, n_features)
        As given by the user. Keys of a mapping are numbers of columns of the target.
    n_labels : int
        Labels of the target.

    Returns
    -------
    label_texts : list of str, ndarray or csr_array

    Raises
    ------
    TypeError
        If it is none of these.
    ValueError
        If there is not one for each label, or no text has a word.
    """
    if isinstance(label_texts, LabelVectors):
        n_texts = label_texts.versions[0].shape[0]
        if n_texts != n_labels:
            raise ValueError(f"label_texts must have a text for each of {n_labels} labels; got {n_texts}.")
        return label_texts
    if isinstance(label_texts, str):
        raise TypeError(
            f"label_texts must hold one text for each of {n_labels} labels; got the string {label_texts!r}."
        )
    if isinstance(label_texts, Mapping):
        missing = [label for label in range(n_labels) if label not in label_texts]
        strange = [label for label in label_texts if label not in range(n_labels)]
        if missing or strange:
            raise ValueError(
                f"label_texts must map each column of y, 0 to {n_labels - 1}, to a text; without a text are "
                f"{missing[:5]}, and no column are {strange[:5]}."
            )
        label_texts = [label_texts[label] for label in range(n_labels)]
    check_sparse(label_texts, "label_texts")
    if sp.issparse(label_texts) or (getattr(label_texts, "ndim", 1) == 2):
        matrix = check_array(label_texts, accept_sparse="csr", dtype=np.float32, input_name="label_texts")
        if matrix.shape[0] != n_labels:
            raise ValueError(f"label_texts must have a row for each of {n_labels} labels; got {matrix.shape[0]} rows.")
        return matrix
    if not isinstance(label_texts, Sequence) and not hasattr(label_texts, "__array__"):
        raise TypeError(
            "label_texts must be a list of texts in the order of the columns of y, a mapping from column to text, or a "
            f"matrix with a row for each label; got {type(label_texts).__name__}."
        )
    texts = list(label_texts)
    if len(texts) != n_labels:
        raise ValueError(f"label_texts must hold one text for each of {n_labels} labels; got {len(texts)}.")
    for label, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"label_texts must hold strings; that of label {label} is {text!r}.")
    texts = [readable(text) for text in texts]
    if not any(texts):
        raise ValueError("label_texts holds no word: every text is empty, or has punctuation only.")
    return texts


@dataclass(frozen=True)
class LabelVectors:
    """Labels' texts in the space of the features, in each block of them.

    Attributes
    ----------
    versions : list of csr_array or ndarray of shape (n_labels, n_features)
        Every text in the ways that it may be written.
    ends : tuple of int
        Where each block of features ends.
    """

    versions: list
    ends: tuple[int, ...]

    def __getstate__(self):
        return {"versions": [pack(version) for version in self.versions], "ends": self.ends}

    def __setstate__(self, state):
        self.__dict__.update(state, versions=[unpack(version) for version in state["versions"]])

    def match(self, features) -> list[np.ndarray]:
        """Cosine of each row and each label, the best one of its versions.

        Parameters
        ----------
        features : array or sparse of shape (n_rows, n_features)

        Returns
        -------
        matches : list of ndarray of float32 of shape (n_rows, n_labels)
            One for each block of features. 0 where the row or the text has no feature there.

        Raises
        ------
        ValueError
            If the features are of another width.
        """
        if features.shape[1] != self.ends[-1]:
            raise ValueError(
                f"label_texts is a matrix of {self.ends[-1]} columns, and the rows have {features.shape[1]} features."
            )
        features = sp.csr_array(features) if sp.issparse(features) else np.asarray(features)
        matches = []
        for start, end in zip((0, *self.ends), self.ends):
            rows = normalize(features[:, start:end])
            cosines = [_dense(rows @ normalize(version[:, start:end]).T) for version in self.versions]
            matches.append(np.maximum.reduce(cosines))
        return matches


def _dense(values):
    return (values.toarray() if sp.issparse(values) else values).astype(np.float32, copy=False)


class LabelMatcher:
    """Puts labels' texts where the features of rows are.

    Texts go through the transformers of a pipeline as they are fitted. Where the classifier is no such pipeline, rows
    that are texts are matched by a TF-IDF of their own; a matrix is taken as it is.

    Parameters
    ----------
    label_texts : list of str, ndarray or csr_array
        As :func:`check_label_texts` gives them.
    """

    def __init__(self, label_texts):
        self.label_texts = label_texts
        self.vectorizer_ = None

    def fit(self, scorer, X):
        """Fit a vectorizer where one is needed; raise where texts cannot be matched.

        Raises
        ------
        ValueError
            If `label_texts` are texts, and neither are the rows nor do they go through a pipeline.
        """
        if not isinstance(self.label_texts, list) or transforms(scorer):
            return self
        texts = list(X) if not hasattr(X, "shape") or np.ndim(X) == 1 else []
        if not texts or not all(isinstance(text, str) for text in texts):
            raise ValueError(
                "label_texts are texts, so a Pipeline is needed whose transformers take texts, or an X of texts. "
                "With an X of features pass a matrix in their space, vectorizer.transform(label_texts)."
            )
        self.vectorizer_ = TfidfVectorizer(sublinear_tf=True, dtype=np.float32).fit(texts)
        return self

    def features(self, scorer, X):
        """Features of rows that match those of the labels, and whether the last step of `scorer` takes them too."""
        if self.vectorizer_ is not None:
            return self.vectorizer_.transform(X), False
        return (scorer[:-1].transform(X), True) if transforms(scorer) else (X, False)

    def vectors(self, scorer) -> LabelVectors:
        """The labels in the space of the features of a fitted scorer."""
        if isinstance(self.label_texts, LabelVectors):
            return self.label_texts
        if not isinstance(self.label_texts, list):
            return LabelVectors([self.label_texts], (self.label_texts.shape[1],))
        transformer = self.vectorizer_ if self.vectorizer_ is not None else scorer[:-1]
        return label_vectors(transformer, self.label_texts)


def label_vectors(transformer, texts: list[str]) -> LabelVectors:
    """Texts of labels, with singulars and plurals as they are and exchanged, put through a fitted transformer.

    Parameters
    ----------
    transformer : transformer or Pipeline of transformers
        Takes texts. The parts of a FeatureUnion that it is, or ends in, are blocks of their own.
    texts : list of str
        One for each label, as :func:`readable` gives them.

    Returns
    -------
    vectors : LabelVectors
        Can be given to a tuner as `label_texts`.
    """
    matrices = [transformer.transform(version) for version in (texts, [other_number(text) for text in texts])]
    matrices = [sp.csr_array(m) if sp.issparse(m) else np.asarray(m) for m in matrices]
    return LabelVectors(matrices, _ends(transformer, texts, matrices[0].shape[1]))


def _ends(transformer, texts, width):
    before, last = texts[:1], transformer
    if isinstance(transformer, Pipeline):
        last = transformer.steps[-1][1]
        before = transformer[:-1].transform(before) if len(transformer.steps) > 1 else before
    if not isinstance(last, FeatureUnion):
        return (width,)
    parts = [step for _, step in last.transformer_list if step != "drop"]
    widths = [1 if step == "passthrough" else step.transform(before).shape[1] for step in parts]
    return tuple(int(end) for end in np.cumsum(widths))


def transforms(scorer) -> bool:
    """Whether a classifier is a pipeline that transforms rows before its last step."""
    return isinstance(scorer, Pipeline) and len(scorer.steps) > 1
