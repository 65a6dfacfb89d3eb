import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import LabelBinarizer
from sklearn.svm import LinearSVC

from skbalance.datasets import make_long_tailed_multilabel
from skbalance.datasets._generator import _label_frequencies, _make_vocabulary


def counts_of(y):
    return np.asarray(y.sum(axis=0), dtype=np.int64).ravel()


def test_defaults():
    X, y = make_long_tailed_multilabel(random_state=0)
    assert sparse.isspmatrix_csr(X)
    assert sparse.isspmatrix_csr(y)
    assert (X.shape, X.dtype, y.shape, y.dtype) == ((1000, 1000), np.float64, (1000, 50), np.int64)
    assert X.has_canonical_format
    assert y.has_canonical_format
    assert set(y.data) == {1}
    assert X.sum(axis=1).min() >= 1
    assert y.sum(axis=1).min() >= 1
    assert counts_of(y).min() >= 1
    np.testing.assert_array_equal(X.data, np.round(X.data))


def test_bunch():
    dataset = make_long_tailed_multilabel(n_labels=12, return_X_y=False, random_state=3)
    X, y = make_long_tailed_multilabel(n_labels=12, random_state=3)
    assert (dataset.data != X).nnz == (dataset.target != y).nnz == 0
    assert dataset.target_names.tolist()[:2] == ["label_00", "label_01"]
    assert len(set(dataset.feature_names)) == X.shape[1]
    assert dataset.label_frequencies.shape == dataset.label_parents.shape == (12,)
    assert "simulation" in dataset.DESCR


def test_dense_and_sparse_are_the_same_data():
    options = {"n_samples": 80, "n_labels": 7, "n_features": 60, "random_state": 1}
    X, y = make_long_tailed_multilabel(**options)
    X_dense, y_dense = make_long_tailed_multilabel(**options, sparse=False, return_indicator="dense")
    assert type(X_dense) is type(y_dense) is np.ndarray
    np.testing.assert_array_equal(X_dense, X.toarray())
    np.testing.assert_array_equal(y_dense, y.toarray())


def test_text_and_counts_are_the_same_data():
    options = {"n_samples": 200, "n_features": 300, "random_state": 5}
    dataset = make_long_tailed_multilabel(**options, return_X_y=False)
    text, y = make_long_tailed_multilabel(**options, return_text=True)
    assert text.shape == (200,)
    assert all(type(item) is str for item in text)
    assert (y != dataset.target).nnz == 0
    counted = CountVectorizer(vocabulary=dataset.feature_names).transform(text)
    assert (counted != dataset.data).nnz == 0
    # none of the made-up words is an English stop word
    assert TfidfVectorizer(stop_words="english").fit_transform(text).nnz == dataset.data.nnz


@pytest.mark.parametrize("return_text", [True, False])
def test_seed(return_text):
    def make(random_state):
        X, y = make_long_tailed_multilabel(300, 20, return_text=return_text, random_state=random_state)
        return (X if return_text else X.toarray()), y.toarray()

    for first, second in zip(make(0), make(0)):
        np.testing.assert_array_equal(first, second)
    for first, second in zip(make(np.random.RandomState(0)), make(np.random.RandomState(0))):
        np.testing.assert_array_equal(first, second)
    for first, second in zip(make(0), make(1)):
        assert (first != second).any()


def test_global_seed_is_used_when_none_is_given():
    np.random.seed(4)
    _, first = make_long_tailed_multilabel(50, 5)
    np.random.seed(4)
    _, second = make_long_tailed_multilabel(50, 5)
    assert (first != second).nnz == 0


@pytest.mark.parametrize("linkage", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("allow_unlabeled", [True, False])
@pytest.mark.parametrize("tail_exponent", [0.0, 0.7, 1.3])
def test_label_counts_follow_the_power_law(linkage, allow_unlabeled, tail_exponent):
    """Counts are binomial around the stated frequencies: the mean squared z-score is one, the mean is right."""
    n_samples, n_labels = 20_000, 200
    dataset = make_long_tailed_multilabel(
        n_samples,
        n_labels,
        labels_per_sample=4.0,
        tail_exponent=tail_exponent,
        linkage=linkage,
        allow_unlabeled=allow_unlabeled,
        min_label_count=0,
        length=1,
        return_X_y=False,
        random_state=0,
    )
    p = dataset.label_frequencies
    assert p.sum() == pytest.approx(4.0)
    assert (np.diff(p) <= 0).all()
    z = (counts_of(dataset.target) - n_samples * p) / np.sqrt(n_samples * p * (1 - p))
    assert 0.7 < np.mean(z**2) < 1.4
    assert abs(z.mean()) < 0.3
    assert dataset.target.nnz / n_samples == pytest.approx(4.0, abs=0.06)
    unlabeled = np.diff(dataset.target.indptr) == 0
    assert unlabeled.any() == allow_unlabeled


def test_power_law():
    frequencies = _label_frequencies(1000, 3.0, 0.8, 0.9)
    slope = np.diff(np.log(frequencies)) / np.diff(np.log(np.arange(1, 1001)))
    np.testing.assert_allclose(slope, -0.8)
    capped = _label_frequencies(1000, 12.0, 1.2, 0.4)
    assert capped[0] == pytest.approx(0.4)
    assert capped.sum() == pytest.approx(12.0)
    assert (np.diff(capped) < 0).all()
    np.testing.assert_allclose(_label_frequencies(8, 2.0, 0.0, 0.5), 0.25)
    np.testing.assert_allclose(_label_frequencies(8, 4.0, 1.0, 0.5), 0.5)


@pytest.mark.parametrize("linkage", [0.0, 0.3, 0.9, 1.0])
def test_linkage(linkage):
    dataset = make_long_tailed_multilabel(
        20_000, 100, linkage=linkage, labels_per_sample=3.0, length=1, return_X_y=False, random_state=2
    )
    parents, y = dataset.label_parents, dataset.target.tocsc()
    heads, tail = np.flatnonzero(parents < 0), np.flatnonzero(parents >= 0)
    np.testing.assert_array_equal(heads, np.arange(len(heads)))
    share = np.cumsum(dataset.label_frequencies) / 3.0
    assert share[len(heads) - 1] >= 0.5
    assert len(heads) == 1 or share[len(heads) - 2] < 0.5
    assert set(parents[tail]) <= set(heads)
    children = np.bincount(parents[tail], weights=dataset.label_frequencies[tail])
    assert (children < 1.05 * dataset.label_frequencies[: len(children)]).all()
    together = np.asarray(y[:, tail].multiply(y[:, parents[tail]]).sum(axis=0)).ravel()
    given_child = together.sum() / y[:, tail].sum()
    by_chance = np.average(dataset.label_frequencies[parents[tail]], weights=dataset.label_frequencies[tail])
    expected = linkage + (1 - linkage) * by_chance
    assert given_child == pytest.approx(expected, abs=0.09)
    if linkage == 1.0:
        assert given_child == 1.0


@pytest.mark.parametrize("min_label_count", [0, 1, 10, 40])
def test_min_label_count(min_label_count):
    _, y = make_long_tailed_multilabel(40, 300, tail_exponent=1.5, min_label_count=min_label_count, random_state=0)
    assert counts_of(y).min() == min_label_count
    assert y.max() == 1


def test_unlabeled_rows_are_noise():
    X, y = make_long_tailed_multilabel(
        500, 5, labels_per_sample=0.1, allow_unlabeled=True, min_label_count=0, noise=0.0, random_state=0
    )
    unlabeled = np.diff(y.indptr) == 0
    assert unlabeled.mean() > 0.8
    assert X[unlabeled].sum() > 0
    labeled_words = np.flatnonzero(np.asarray(X[~unlabeled].sum(axis=0)).ravel())
    assert len(labeled_words) <= 5 * 20


@pytest.mark.parametrize("noise", [0.0, 0.5, 1.0])
def test_length_and_noise(noise):
    X, y = make_long_tailed_multilabel(
        2000, 4, labels_per_sample=1.5, length=30, noise=noise, n_features=5000, random_state=0
    )
    assert X.sum(axis=1).mean() == pytest.approx(30, abs=0.5)
    words = np.asarray(X.sum(axis=0)).ravel()
    own = np.sort(words)[::-1][: 4 * 20].sum() / words.sum()
    assert (own > 0.99) if noise == 0.0 else (own < 0.9)


def test_head_is_learned_better_than_tail():
    options = {"labels_per_sample": 2.0, "tail_exponent": 1.2}
    X, y = make_long_tailed_multilabel(4000, 60, **options, random_state=0)
    X = TfidfTransformer().fit_transform(X)
    model = OneVsRestClassifier(LinearSVC()).fit(X[:2000], y[:2000])
    scores = f1_score(y[2000:], model.predict(X[2000:]), average=None, zero_division=0)
    assert scores[:10].mean() > 0.8
    assert 0.1 < scores[-20:].mean() < scores[:10].mean() - 0.1


def test_a_block_boundary_changes_nothing(monkeypatch):
    from skbalance.datasets import _generator

    monkeypatch.setattr(_generator, "_BLOCK", 64)
    X, y = make_long_tailed_multilabel(200, 10, random_state=0)
    text, _ = make_long_tailed_multilabel(200, 10, return_text=True, random_state=0)
    assert X.shape == (200, 1000)
    assert X.has_canonical_format
    counted = CountVectorizer(vocabulary=_make_vocabulary(1000)).transform(text)
    assert (counted != X).nnz == 0


@pytest.mark.parametrize("n_features", [1, 2704, 2705, 200_000])
def test_vocabulary(n_features):
    words = _make_vocabulary(n_features)
    assert len(set(words)) == n_features
    assert len({len(word) for word in words}) == 1
    assert all(word.isalpha() for word in words)


@settings(max_examples=40, deadline=None)
@given(
    n_samples=st.integers(1, 60),
    n_labels=st.integers(2, 40),
    tail_exponent=st.floats(0, 3),
    linkage=st.floats(0, 1),
    allow_unlabeled=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_small_shapes(n_samples, n_labels, tail_exponent, linkage, allow_unlabeled, seed):
    X, y = make_long_tailed_multilabel(
        n_samples,
        n_labels,
        n_features=20,
        labels_per_sample=0.5 * n_labels * 0.5 if allow_unlabeled else 0.9 * n_labels,
        max_label_frequency=0.95,
        tail_exponent=tail_exponent,
        linkage=linkage if allow_unlabeled else 0.0,
        allow_unlabeled=allow_unlabeled,
        length=3,
        random_state=seed,
    )
    assert X.shape == (n_samples, 20)
    assert y.shape == (n_samples, n_labels)
    assert counts_of(y).min() >= 1
    if not allow_unlabeled:
        assert np.diff(y.indptr).min() >= 1


def test_labels_beyond_255_survive_the_label_binarizer():
    _, y = make_long_tailed_multilabel(300, 400, n_features=50, random_state=0)
    np.testing.assert_array_equal(LabelBinarizer().fit_transform(y), y.toarray())


@pytest.mark.slow
def test_large_label_set_stays_sparse():
    """A tenth of the published PubMed rows, all of its labels: y is never made dense."""
    tracemalloc.start()
    X, y = make_long_tailed_multilabel(
        22_490,
        18_211,
        n_features=100_000,
        labels_per_sample=12.3,
        tail_exponent=1.15,
        length=118,
        random_state=0,
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert y.shape == (22_490, 18_211)
    assert X.nnz / 22_490 == pytest.approx(100, abs=2)
    assert y.nnz / 22_490 == pytest.approx(12.3, abs=0.3)
    assert peak < 22_490 * 18_211  # bytes of a dense indicator, at one a label


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_samples": 0}, "'n_samples' parameter"),
        ({"n_labels": 1}, "'n_labels' parameter"),
        ({"n_features": 5}, "'n_features' parameter"),
        ({"labels_per_sample": 0}, "'labels_per_sample' parameter"),
        ({"tail_exponent": -1.0}, "'tail_exponent' parameter"),
        ({"max_label_frequency": 1.0}, "'max_label_frequency' parameter"),
        ({"linkage": 1.5}, "'linkage' parameter"),
        ({"noise": -0.1}, "'noise' parameter"),
        ({"length": 1e300}, "'length' parameter"),
        ({"return_indicator": "csr"}, "'return_indicator' parameter"),
        ({"random_state": "seed"}, "'random_state' parameter"),
        ({"labels_per_sample": 30.0}, r"labels_per_sample=30.0 cannot be reached .* at most 25"),
        ({"labels_per_sample": 1.0}, r"labels_per_sample=1 is too few .* more than 1\.3"),
        ({"min_label_count": 1001}, r"min_label_count=1001 .* n_samples=1000"),
    ],
)
def test_bad_parameters(parameters, words):
    with pytest.raises(ValueError, match=words):
        make_long_tailed_multilabel(**parameters)


def test_numbers_of_numpy_are_read_as_pythons():
    given = {"n_samples": 200, "n_labels": 20, "n_features": 100, "min_label_count": 2, "linkage": 1, "noise": 0.5}
    kinds = dict.fromkeys(given, np.uint8) | {"noise": np.longdouble}
    of_numpy = {name: kinds[name](value) for name, value in given.items()}
    for plain, other in zip(*(make_long_tailed_multilabel(**given, random_state=0) for given in (given, of_numpy))):
        np.testing.assert_array_equal(plain.toarray(), other.toarray())
