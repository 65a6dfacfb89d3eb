"""TF-IDF and embeddings side by side, at the same scale."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skbalance.text import SentenceEmbedder, make_text_features

TEXTS = ["wheat and corn", "wheat and oil", "crude oil", "corn, corn and oil", "sugar"]


def lengths(X):
    return np.sqrt(np.asarray(X.multiply(X).sum(axis=1)).ravel())


@pytest.mark.parametrize("weight", [1.0, 0.5, 0])
@pytest.mark.parametrize("column", [None, "body"])
def test_rows_have_both_parts_at_scale(embedder, weight, column):
    features = make_text_features(embedder, embedding_weight=weight, column=column)
    X = features.fit_transform(TEXTS if column is None else pd.DataFrame({"year": range(5), "body": TEXTS}))
    assert issparse(X)
    assert X.format == "csr"
    assert X.dtype == np.float32
    assert X.shape == (5, 4 + 16)  # and, corn, oil, wheat; the rest occurs once
    np.testing.assert_allclose(lengths(X[:, :4]), [1, 1, 1, 1, 0], rtol=1e-6)
    np.testing.assert_allclose(lengths(X[:, 4:]), np.full(5, weight), rtol=1e-6)
    np.testing.assert_allclose(X[:, 4:].toarray(), weight * embedder.transform(TEXTS), rtol=1e-6)
    assert len(features.get_feature_names_out()) == 20


def test_tfidf_settings(embedder):
    tfidf = make_text_features(embedder).transformer_list[0][1]
    expected = TfidfVectorizer(sublinear_tf=True, min_df=2, dtype=np.float32)
    assert tfidf.get_params() == expected.get_params()


def test_arguments_are_copied(embedder):
    vectorizer = TfidfVectorizer()
    features = make_text_features(embedder, vectorizer=vectorizer)
    features.fit(TEXTS)
    assert not hasattr(vectorizer, "vocabulary_")
    assert features.transformer_list[1][1] is not embedder
    assert vars(features.transformer_list[1][1]) == vars(embedder)


def test_model_by_name(encoder_folder):
    assert make_text_features().transformer_list[1][1].model == "all-MiniLM-L6-v2"
    assert make_text_features(encoder_folder).fit_transform(TEXTS).shape == (5, 20)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"embedder": SentenceEmbedder(normalize=False)}, "embedder has normalize=False; normalize=True is needed"),
        ({"vectorizer": TfidfVectorizer(norm="l1")}, "vectorizer has norm='l1'; norm='l2' is needed"),
        ({"vectorizer": TfidfVectorizer(norm=None)}, "vectorizer has norm=None; norm='l2' is needed"),
        ({"vectorizer": CountVectorizer()}, "'vectorizer' parameter of make_text_features must be"),
        ({"embedder": TfidfVectorizer()}, "'embedder' parameter of make_text_features must be"),
        ({"embedding_weight": -1}, "'embedding_weight' parameter of make_text_features must be"),
        ({"column": 3}, "'column' parameter of make_text_features must be"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_text_features(**arguments)


def test_weight_in_a_search(embedder, encoded):
    texts = [f"{'wheat' if number % 2 else 'oil'} {number}" for number in range(20)]
    pipeline = make_pipeline(make_text_features(embedder), LogisticRegression())
    grid = {"featureunion__transformer_weights": [{"embedding": weight} for weight in (0.5, 1.0)]}
    found = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(texts, np.arange(20) % 2)
    assert found.best_params_["featureunion__transformer_weights"] in grid["featureunion__transformer_weights"]
    assert sorted(encoded) == sorted(texts)
    assert clone(pipeline).get_params()["featureunion__embedding__cache_dir"] == embedder.cache_dir
