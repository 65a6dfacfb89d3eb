"""TF-IDF of the pieces of words that occur in names of tags."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer

from skbalance.decisions import label_vectors
from skbalance.text import _tag_names
from skbalance.text._tag_names import NameNgrams, ngrams

NAMES = [["crude oil"], ["seeds"], ["wheat"], ["oil"]]
# Words of two letters or more, parted by single blanks: there is one way to read them.
TEXTS = [
    "the price of oil rose and the price of wheat fell",
    "wheat wheat wheat harvest",
    "oilseed and rapeseed crude",
    "nothing of the kind",
    "seedlings of wheaten bread",
]


def test_pieces_of_a_word():
    assert ngrams("oil") == [" oi", "oil", "il ", " oil", "oil ", " oil "]
    assert ngrams("a") == [" a "]


def reference(names, texts):
    pieces = sorted({piece for each in names for name in each for word in name.split() for piece in ngrams(word)})
    settings = {"analyzer": "char_wb", "ngram_range": (3, 5), "sublinear_tf": True}
    return TfidfVectorizer(vocabulary=pieces, **settings).fit(texts)


def test_features_are_those_of_scikit_learn():
    model = NameNgrams(NAMES).fit(TEXTS)
    expected = reference(NAMES, TEXTS)
    assert model.vocabulary_ == expected.vocabulary_
    later = [*TEXTS, "unheard of oilcloth", ""]
    for texts in (TEXTS, later):
        found = model.transform(texts)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found.toarray(), expected.transform(texts).toarray(), rtol=1e-5, atol=1e-6)
    lengths = np.linalg.norm(model.transform(later).toarray(), axis=1)
    np.testing.assert_allclose(lengths[[0, 1, 2, 4, 5]], 1, rtol=1e-6)
    assert lengths[-1] == 0


def test_fit_and_transform_at_once_is_the_same():
    at_once = clone(model := NameNgrams(NAMES)).fit_transform(TEXTS)
    assert (at_once != model.fit(TEXTS).transform(TEXTS)).nnz == 0
    again = pickle.loads(pickle.dumps(model))
    assert (again.transform(TEXTS) != at_once).nnz == 0


def test_a_word_that_no_training_text_has_matches_a_name_all_the_same():
    model = NameNgrams(NAMES).fit(TEXTS)
    vectors = label_vectors(model, NAMES, plurals=False)
    match, found = vectors.match(model.transform(["oilfields", "seedbed", "zzz"]))
    np.testing.assert_array_equal(match[:2].argmax(axis=1), [3, 1])
    np.testing.assert_array_equal(found[:2].argmax(axis=1), [3, 1])
    assert not match[2].any()
    assert not found[2].any()


@pytest.mark.parametrize("texts", [["", "!?"], [".", "--"]])
def test_texts_without_a_word_have_no_feature(texts):
    model = NameNgrams(NAMES).fit(TEXTS)
    for found in (model.transform(texts), NameNgrams(NAMES).fit_transform(texts)):
        assert found.shape == (2, len(model.vocabulary_))
        assert found.nnz == 0


def test_case_does_not_matter():
    model = NameNgrams(NAMES).fit(TEXTS)
    assert (model.transform(["OIL and Wheat"]) != model.transform(["oil and wheat"])).nnz == 0


def test_rows_of_another_width_are_refused():
    model = NameNgrams(NAMES).fit(TEXTS)
    vectors = label_vectors(model, NAMES)
    width = len(model.vocabulary_)
    with pytest.raises(ValueError, match=f"matrix of {width} columns, and the rows have {width - 1} features"):
        vectors.match(model.transform(TEXTS)[:, :-1])
    with pytest.raises(NotFittedError):
        NameNgrams(NAMES).transform(TEXTS)


@pytest.mark.parametrize("sample", [15, 10_000])
def test_pieces_of_many_texts_are_left_out(sample, monkeypatch):
    monkeypatch.setattr(_tag_names, "_SAMPLE", sample)
    texts = [each for text in (*TEXTS, "wheat", "wheat", "wheaten", "of wheat", "nothing") for each in (text, text)]
    every = NameNgrams(NAMES).fit(texts)
    has = {piece: np.mean([piece in f" {' '.join(text.split())} " for text in texts]) for piece in every.vocabulary_}
    model = NameNgrams(NAMES, max_df=0.3)
    found = model.fit_transform(texts)
    assert set(model.vocabulary_) == {piece for piece, share in has.items() if share <= 0.3}
    assert "whe" not in model.vocabulary_
    assert "oil" in model.vocabulary_
    assert found.shape == (len(texts), len(model.vocabulary_))
    np.testing.assert_array_equal(model.transform(texts).toarray(), found.toarray())
    weights = every.transform(texts).toarray()[:, [every.vocabulary_[piece] for piece in model.vocabulary_]]
    weights /= np.maximum(np.linalg.norm(weights, axis=1, keepdims=True), 1e-9)
    np.testing.assert_allclose(found.toarray(), weights, rtol=1e-5, atol=1e-6)
