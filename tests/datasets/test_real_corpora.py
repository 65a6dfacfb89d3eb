"""The real corpora; collected only when SKBALANCE_DATA names a folder that holds them."""

import os
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

from skbalance.datasets import fetch_reuters21578, load_bioasq


@pytest.fixture(scope="module")
def reuters():
    return fetch_reuters21578(subset="all", download_if_missing=False)


def test_reuters_counts(reuters):
    train = reuters.split == "train"
    assert reuters.target.shape == (10789, 90)
    assert (train.sum(), (~train).sum()) == (7770, 3019)
    counts = np.asarray(reuters.target[train].sum(axis=0)).ravel()
    assert dict(zip(reuters.target_names, counts))["earn"] == counts.max() == 2877
    for part in (train, ~train):
        assert reuters.target[part].sum(axis=0).min() >= 1
        assert (np.diff(reuters.sample_id[part]) > 0).all()
    assert reuters.target.sum(axis=1).min() >= 1
    assert len(set(reuters.sample_id)) == len(reuters.sample_id)


def test_reuters_text(reuters):
    assert reuters.data[0].startswith("BAHIA COCOA REVIEW\nShowers continued throughout the week in\n")
    assert min(map(len, reuters.data)) > 10
    text = "".join(reuters.data)
    assert "&lt;" not in text
    assert "</" not in text
    assert not set(map(chr, range(32))) - set("\t\n\r") & set(text)


def test_reuters_subsets_agree(reuters):
    train = reuters.split == "train"
    dataset = fetch_reuters21578(subset="train")
    np.testing.assert_array_equal(dataset.data, reuters.data[train])
    assert (dataset.target != reuters.target[train]).nnz == 0
    np.testing.assert_array_equal(dataset.target_names, reuters.target_names)


@pytest.mark.slow
def test_reuters_baseline(reuters):
    """One-vs-rest LinearSVC on TF-IDF gives the figures that the literature gives for it."""
    train = reuters.split == "train"
    vectorizer = TfidfVectorizer()
    X = vectorizer.fit_transform(reuters.data[train])
    model = OneVsRestClassifier(LinearSVC()).fit(X, reuters.target[train])
    predicted = model.predict(vectorizer.transform(reuters.data[~train]))
    expected = reuters.target[~train]
    assert f1_score(expected, predicted, average="micro") == pytest.approx(0.8651, abs=5e-3)
    assert f1_score(expected, predicted, average="macro", zero_division=0) == pytest.approx(0.4227, abs=2e-2)


def test_bioasq_sample():
    path = Path(os.environ["SKBALANCE_DATA"], "bioasq_sample.json.gz")
    dataset = load_bioasq(path)
    assert dataset.target.shape == (1250, 5349)
    assert dataset.target.nnz / 1250 == pytest.approx(12.8, abs=0.05)
    assert len(set(dataset.pmids)) == 1250
    assert "Humans" in dataset.target_names
    frequent = load_bioasq(path, min_label_count=50)
    assert frequent.target.sum(axis=0).min() >= 50
