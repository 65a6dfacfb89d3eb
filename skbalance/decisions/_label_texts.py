"""What labels are called, and how well a row matches their names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import normalize
from sklearn.utils import check_array

from skbalance._packing import dense, pack, unpack
from skbalance._validation import check_sparse, summed

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


def check_label_texts(label_texts: Any, n_labels: int, names: Sequence = ()) -> Any:
    """Check that there is a text, or several, or a row of a matrix for each label.

    Parameters
    ----------
    label_texts : sequence or mapping from int of str or lists of str, array or sparse, LabelVectors or "columns"
        As given by the user. Keys of a mapping are numbers of columns of the target.
    n_labels : int
        Labels of the target.
    names : sequence of str, default=()
        Of the columns of the target, for ``"columns"``.

    Returns
    -------
    label_texts : list of list of str, or LabelVectors

    Raises
    ------
    TypeError
        If it is none of these.
    ValueError
        If there is not one for each label, or no text has a word.
    """
    if isinstance(label_texts, str):
        if label_texts != "columns":
            raise TypeError(
                f"label_texts must hold one text for each of {n_labels} labels, or be 'columns'; got {label_texts!r}."
            )
        if not len(names):
            raise ValueError("label_texts='columns' needs a y whose columns have names, as those of a DataFrame.")
        label_texts = [str(name) for name in names]
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
        label_texts = LabelVectors((_block("", matrix, 0, np.arange(matrix.shape[0])),))
    if isinstance(label_texts, LabelVectors):
        if label_texts.n_labels != n_labels:
            raise ValueError(f"label_texts must have a row for each of {n_labels} labels; got {label_texts.n_labels}.")
        return label_texts
    if not isinstance(label_texts, Sequence) and not hasattr(label_texts, "__array__"):
        raise TypeError(
            "label_texts must be a list of texts in the order of the columns of y, a mapping from column to text, or a "
            f"matrix with a row for each label; got {type(label_texts).__name__}."
        )
    texts = list(label_texts)
    if len(texts) != n_labels:
        raise ValueError(f"label_texts must hold one text for each of {n_labels} labels; got {len(texts)}.")
    texts = [read_label_text(text, label) for label, text in enumerate(texts)]
    if not any(map(any, texts)):
        raise ValueError("label_texts holds no word: every text is empty, or has punctuation only.")
    return texts


def read_label_text(text: Any, label: Any) -> list[str]:
    """What one label is called, a text or several, as :func:`readable` gives it.

    Parameters
    ----------
    text : str or list of str
        The text, or several: name, synonym, description.
    label : int or str
        The label, for messages.

    Returns
    -------
    texts : list of str
        As words.

    Raises
    ------
    TypeError
        If `text` is neither a string nor a list of strings.
    ValueError
        If `text` is an empty list.

    Examples
    --------
    >>> from skbalance.decisions import read_label_text
    >>> read_label_text(["CastorOil", "ricinus-oil"], label=3)
    ['castor oil', 'ricinus oil']
    """
    texts = [text] if isinstance(text, str) else text
    if not isinstance(texts, (list, tuple)) or not all(isinstance(each, str) for each in texts):
        raise TypeError(f"label_texts must hold strings, or lists of them; that of label {label!r} is {text!r}.")
    if not texts:
        raise ValueError(f"label_texts has an empty list for label {label!r}; a text is needed, '' for none.")
    return [readable(each) for each in texts]


@dataclass(frozen=True)
class LabelBlock:
    """Texts of labels in one block of the features.

    Attributes
    ----------
    names : tuple of str
        What each way of matching is called.
    start, end : int
        Columns of the block.
    texts : csr_array or ndarray of shape (n_texts, end - start)
        Rows of length 1, or 0.
    owners : ndarray of int of shape (n_texts,)
        Label of each text, in ascending order; each has one or more.
    """

    names: tuple[str, ...]
    start: int
    end: int
    texts: Any
    owners: np.ndarray

    @cached_property
    def _by_feature(self):
        """The texts, turned once for all blocks of rows."""
        return self.texts.T.tocsr() if sp.issparse(self.texts) else self.texts.T

    @cached_property
    def _shares(self):
        """Share of each text's squared length in each feature, of shape (n_features, n_texts)."""
        return self.texts.multiply(self.texts).T.tocsr()

    def __getstate__(self):
        # Without what is made again.
        return {name: value for name, value in vars(self).items() if name[0] != "_"} | {"texts": pack(self.texts)}

    def __setstate__(self, state):
        self.__dict__.update(state, texts=unpack(state["texts"]))

    def match(self, features) -> list[np.ndarray]:
        """How well each row matches each label, by its best text: the cosine, and the share of the text found.

        The share of a text is that of its squared length that lies in features which the row has. Other features of the
        row do not lower it. It is given for pieces of words: of whole words it tells no more than the cosine.

        Parameters
        ----------
        features : array or sparse of shape (n_rows, n_features)

        Returns
        -------
        matches : list of ndarray of float32 of shape (n_rows, n_labels)
            0 where the row or the text has no feature here.
        """
        rows = normalize(summed(features[:, self.start : self.end]))
        matches = [self._best(rows @ self._by_feature)]
        if len(self.names) > 1:
            found = sp.csr_array(((rows.data != 0).astype(np.float32), rows.indices, rows.indptr), shape=rows.shape)
            matches.append(self._best(found @ self._shares))
        return matches

    def _best(self, values):
        values = dense(values).astype(np.float32, copy=False)
        starts = np.flatnonzero(np.append(True, self.owners[1:] != self.owners[:-1]))
        return values if len(starts) == len(self.owners) else np.maximum.reduceat(values, starts, axis=1)


@dataclass(frozen=True)
class LabelVectors:
    """Labels' texts in the space of the features.

    Attributes
    ----------
    blocks : tuple of LabelBlock
        Each block of the features that texts are matched in.
    """

    blocks: tuple[LabelBlock, ...]

    @property
    def n_labels(self) -> int:
        """Number of labels."""
        return int(self.blocks[0].owners[-1]) + 1

    @property
    def names(self) -> list[str]:
        """What each way of matching is called."""
        return [name for block in self.blocks for name in block.names]

    def match(self, features) -> list[np.ndarray]:
        """How well each row matches each label, in each way; see :meth:`LabelBlock.match`.

        Raises
        ------
        ValueError
            If the features are of another width.
        """
        width = self.blocks[-1].end
        if features.shape[1] != width:
            raise ValueError(
                f"label_texts is a matrix of {width} columns, and the rows have {features.shape[1]} features."
            )
        features = sp.csr_array(features) if sp.issparse(features) else np.asarray(features)
        return [matches for block in self.blocks for matches in block.match(features)]


def _block(name, texts, start, owners, found=False) -> LabelBlock:
    texts = normalize(sp.csr_array(texts, dtype=np.float32) if sp.issparse(texts) else np.asarray(texts, np.float32))
    of = f" of {name}" if name else ""
    names = (f"match{of}", f"found{of}") if found and sp.issparse(texts) else (f"match{of}",)
    return LabelBlock(names, start, start + texts.shape[1], texts, np.asarray(owners))


class LabelMatcher:
    """Puts labels' texts into the space of the features of rows.

    Texts go through the transformers of a pipeline as they are fitted. Where the classifier is no such pipeline, rows
    that are texts are matched by a TF-IDF of their own; a matrix is taken as it is.

    Parameters
    ----------
    label_texts : list of list of str, or LabelVectors
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
        if not isinstance(self.label_texts, list) or transformers(scorer) is not None:
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
        steps = transformers(scorer)
        return (X, False) if steps is None else (steps.transform(X), True)

    def vectors(self, scorer) -> LabelVectors:
        """The labels in the space of the features of a fitted scorer."""
        if isinstance(self.label_texts, LabelVectors):
            return self.label_texts
        transformer = self.vectorizer_ if self.vectorizer_ is not None else transformers(scorer)
        try:
            return label_vectors(transformer, self.label_texts)
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError(
                f"label_texts are texts, and the steps before the classifier do not take a list of them: {error}. Pass "
                "a matrix in the space of the features, or give the classifier's pipeline texts as X."
            ) from error


def label_vectors(transformer, texts: list, *, plurals: bool | tuple[str, ...] = True) -> LabelVectors:
    """Texts of labels, with singulars and plurals as they are and exchanged, put through a fitted transformer.

    Parameters
    ----------
    transformer : transformer or Pipeline of transformers
        Takes texts. The parts of a FeatureUnion that it is, or ends in, are blocks of their own.
    texts : list of str or list of list of str
        What each label is called, one text or several, as :func:`readable` gives them.
    plurals : bool or tuple of str, default=True
        Whether to try each text with singulars and plurals exchanged besides, or the parts in which to do so. Of texts
        that are sparse and taken as they are the share that is found is told too.

    Returns
    -------
    vectors : LabelVectors
        Can be given to a tuner as `label_texts`.
    """
    given = [[each] if isinstance(each, str) else list(each) for each in texts]
    blocks: list[LabelBlock] = []
    for name, steps in _parts(transformer):
        both = plurals if isinstance(plurals, bool) else name in plurals
        tried = [list(dict.fromkeys([*each, *map(other_number, each)] if both else each)) for each in given]
        owners = np.repeat(np.arange(len(tried)), [len(each) for each in tried])
        start = blocks[-1].end if blocks else 0
        features = [text for each in tried for text in each]
        for step in steps:
            features = step.transform(features) if hasattr(step, "transform") else features
        blocks.append(_block(name, features, start, owners, found=not both))
    return LabelVectors(tuple(blocks))


def _parts(transformer):
    """Name and steps of what transforms texts: each part of a FeatureUnion at the end, or else the whole."""
    steps = [step for _, step in transformer.steps] if isinstance(transformer, Pipeline) else [transformer]
    if not isinstance(steps[-1], FeatureUnion):
        return [("", steps)]
    return [(name, [*steps[:-1], step]) for name, step in steps[-1].transformer_list if step != "drop"]


def transformers(scorer) -> Pipeline | None:
    """The steps of a pipeline before the last one that change rows at prediction; None if there are none.

    Resamplers act in `fit` only.
    """
    steps = scorer.steps[:-1] if isinstance(scorer, Pipeline) else []
    steps = [(name, step) for name, step in steps if hasattr(step, "transform")]
    return Pipeline(steps) if steps else None
