"""The corpora of the benchmarks as texts or counts of words, with labels and what they are called."""

import gzip
import json
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer

from skbalance.datasets import fetch_reuters21578, load_bioasq, load_web_features

FILES = {
    "reuters": "reuters21578.tar.gz",
    "goemotions": "goemotions.json.gz",
    "tmc2007": "tmc2007-500.npz",
    "bioasq": "bioasq_sample.json.gz",
    "medical": "medical.npz",
    "langlog": "langlog.npz",
}
PARTS = {"": 1, "-tenth": 10, "-fortieth": 40}


@dataclass(frozen=True)
class Corpus:
    """Rows with labels.

    Parameters
    ----------
    rows : ndarray of str, or csr_array
        Texts, or counts of words.
    y : ndarray of shape (n_rows, n_labels)
        Indicator.
    names : list of str or None
        What each label is called, if that says something.
    """

    rows: object
    y: np.ndarray
    names: list | None = None

    def take(self, rows):
        """The corpus of some rows, with the same labels."""
        return Corpus(self.rows[rows], self.y[rows], self.names)


@lru_cache(maxsize=2)
def load(folder, corpus):
    """The rows to train on and those to test on (None where there is no test part) of a whole corpus."""
    if corpus == "reuters":
        parts = [fetch_reuters21578(subset=part, data_home=folder) for part in ("train", "test")]
        return tuple(
            Corpus(np.array(part.data, dtype=object), _dense(part.target), list(part.target_names)) for part in parts
        )
    if corpus == "goemotions":
        with gzip.open(folder / FILES[corpus], "rt", encoding="utf-8") as stream:
            data = json.load(stream)
        return tuple(
            Corpus(
                np.array([row["text"] for row in data[part]], dtype=object),
                np.array([[label in row["labels"] for label in data["labels"]] for row in data[part]], dtype=np.int64),
                list(data["labels"]),
            )
            for part in ("train", "test")
        )
    if corpus == "web":
        data = load_web_features()
        return Corpus(np.array(data.data, dtype=object), _dense(data.target), list(data.target_names)), None
    if corpus == "bioasq":
        data = load_bioasq(folder / FILES[corpus])
        y = _dense(data.target)
        often = y.sum(axis=0) >= 2
        names = np.array(data.target_names, dtype=object)[often].tolist()
        return Corpus(np.array(data.data, dtype=object), y[:, often], names), None
    with np.load(folder / FILES[corpus]) as parts:
        suffixes = ("_train", "_test") if corpus == "tmc2007" else ("",)
        arrays = [
            sp.csr_array(
                tuple(parts[f"{name}{suffix}_{part}"] for part in ("data", "indices", "indptr")), shape=tuple(shape)
            )
            for (suffix, name), shape in zip([(s, n) for s in suffixes for n in "XY"], parts["shapes"])
        ]
    found = [Corpus(X, _dense(y)) for X, y in zip(arrays[::2], arrays[1::2])]
    return found[0], found[1] if len(found) > 1 else None


def training_rows(folder, corpus, seed):
    """Rows to train on; of "reuters-tenth" and the like a part, drawn by the seed, and the labels that it has."""
    name = corpus.partition("-")[0]
    whole = load(folder, name)[0]
    parts = PARTS[corpus.removeprefix(name)]
    if parts == 1:
        return whole
    n_rows = len(whole.y)
    return whole.take(np.random.default_rng(seed).permutation(n_rows)[: n_rows // parts])


def available(folder, corpora):
    """The corpora whose files are there."""
    for corpus in corpora:
        file = FILES.get(corpus.partition("-")[0])
        if file is None or (folder / file).is_file():
            yield corpus
        else:
            print(f"{corpus}: no {file}, left out")


def tfidf(dtype=np.float64):
    """TF-IDF of texts: sublinear, words in two of them or more."""
    return TfidfVectorizer(sublinear_tf=True, min_df=2, dtype=dtype)


def vectorise(train, *others, dtype=np.float64):
    """TF-IDF of texts, or of counts of words, to train on, and of others."""
    if sp.issparse(train):
        weights = TfidfTransformer(sublinear_tf=True)
    else:
        weights = tfidf(dtype)
    return tuple(X.tocsr() for X in (weights.fit_transform(train), *map(weights.transform, others)))


def penalty_unit(X):
    """What ``alpha="auto"`` is for a loss whose strength is 1: the variance of a row over the root of their number."""
    square = X.multiply(X) if sp.issparse(X) else np.square(X)
    return float((square.mean(axis=0) - np.square(X.mean(axis=0))).sum()) / np.sqrt(X.shape[0])


def _dense(y):
    return np.asarray(y.toarray() if sp.issparse(y) else y, dtype=np.int64)
