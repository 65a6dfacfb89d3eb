"""Searches on a Dask cluster of two worker processes of this machine."""

import itertools
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from distributed import Client, LocalCluster
from joblib import parallel_config
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import make_long_tailed_multilabel
from skbalance.metrics import multilabel_scorers
from skbalance.model_selection import MultilabelStratifiedKFold, loss_grid
from tests.encoders import save_encoder
from tests.text.counting import CountingEmbedder

pytestmark = pytest.mark.slow

PREFIX = "balancedmultilabelclassifier__"
SCORES = ("f1_micro", "f1_macro")


class CountedTexts(list):
    """Texts that count how often they are pickled in this process; otherwise as a list, without weak references."""

    __slots__ = ()
    n_pickled = 0

    def __reduce__(self):
        type(self).n_pickled += 1
        return (list, (list(self),))


class DeadlyOnce(TransformerMixin, BaseEstimator):
    """Hand the features on; the first to be fitted kills its process, as running out of memory does."""

    def __init__(self, marker=None):
        self.marker = marker

    def fit(self, X, y=None):
        try:
            with Path(self.marker).open("x") as file:
                file.write(str(os.getpid()))
        except FileExistsError:
            return self
        os.kill(os.getpid(), signal.SIGKILL)

    def transform(self, X):
        return X

    def __sklearn_is_fitted__(self):
        return True


@pytest.fixture
def client():
    # One for each test: what is scattered is named by its content, and may be on its way out still after the last test.
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        client.amm.stop()  # it would drop the copies of what is scattered, every two seconds
        yield client


@pytest.fixture(scope="module")
def data():
    texts, y = make_long_tailed_multilabel(200, 8, n_features=200, return_text=True, random_state=0)
    return list(texts), y


def search_over(features, data, losses=("bce", "focal", "ntr_focal", "db")):
    splits = list(MultilabelStratifiedKFold(2, shuffle=True, random_state=0).split(*data))
    search = GridSearchCV(
        make_pipeline(*features, BalancedMultiLabelClassifier(tol=0.05, max_iter=400)),
        loss_grid(losses, alpha=[1e-5], size="small", prefix=PREFIX),
        scoring=multilabel_scorers(*SCORES),
        refit="f1_macro",
        cv=splits,
        error_score="raise",
    )
    return search, list(itertools.chain.from_iterable(splits))


def assert_same_results(search, expected):
    for score in SCORES:
        np.testing.assert_allclose(
            search.cv_results_[f"mean_test_{score}"], expected.cv_results_[f"mean_test_{score}"], atol=0.02
        )


def test_a_search_finds_the_same_and_ships_its_data_once(client, data):
    texts, y = CountedTexts(data[0]), data[1]
    search, indices = search_over([TfidfVectorizer()], (texts, y))
    pids = set(client.run(os.getpid).values())
    assert len(pids) == 2
    assert os.getpid() not in pids
    CountedTexts.n_pickled = 0
    with parallel_config(backend="dask", scatter=[texts, y, *indices]):
        search.fit(texts, y)
    # To be sent, and perhaps to be named by its content; not for each of the 8 fits.
    assert CountedTexts.n_pickled <= 2
    assert_same_results(search, search_over([TfidfVectorizer()], data)[0].fit(*data))


def test_a_search_survives_the_death_of_a_worker(client, data, tmp_path):
    marker = tmp_path / "died"
    features = [TfidfVectorizer(), DeadlyOnce(marker)]
    search, indices = search_over(features, data)
    before = set(client.run(os.getpid).values())
    with parallel_config(backend="dask", scatter=[*data, *indices]):
        # The last fit, on all data, is done in this process: by then the marker is there.
        search.fit(*data)
    assert int(marker.read_text()) in before
    client.wait_for_workers(2, timeout=120)
    assert int(marker.read_text()) not in set(client.run(os.getpid).values())
    assert_same_results(search, search_over(features, data)[0].fit(*data))


def test_workers_share_the_cached_embeddings(client, data, tmp_path):
    texts, y = data
    embedder = CountingEmbedder(save_encoder(tmp_path), device="cpu", cache_dir=tmp_path / "cache")
    (tmp_path / "cache").mkdir()
    embedder.fit_transform(texts)  # fills the cache
    search, indices = search_over([embedder], data)
    with parallel_config(backend="dask", scatter=[texts, y, *indices]):
        search.fit(texts, y)
    encoded = (tmp_path / "cache" / "encoded.txt").read_text().splitlines()
    assert sorted(encoded) == sorted(set(texts))
    assert np.isfinite(search.cv_results_["mean_test_f1_macro"]).all()
