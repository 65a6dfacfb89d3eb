"""The embedder as a transformer, and how often it encodes."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from skbalance.text import SentenceEmbedder, clear_models
from skbalance.text._models import LoadedModel
from tests.text.counting import CountingEmbedder
from tests.text.tagged import CHECKS

TEXTS = ["wheat and corn", "crude oil", "", "wheat and corn", "x" * 300, "Öl 7"]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_estimator_checks(check, encoder_folder):
    check("SentenceEmbedder", SentenceEmbedder(encoder_folder, device="cpu"))


def test_tags():
    tags = get_tags(SentenceEmbedder())
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert not tags.requires_fit
    check_is_fitted(SentenceEmbedder())


def test_vectors_are_the_models(encoder_folder):
    from sentence_transformers import SentenceTransformer

    expected = SentenceTransformer(str(encoder_folder), device="cpu").encode(TEXTS)
    embedder = SentenceEmbedder(encoder_folder, device="cpu", batch_size=2, normalize=False)
    vectors = embedder.fit_transform(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (6, 16)
    assert vectors.flags.c_contiguous
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
    np.testing.assert_array_equal(vectors[0], vectors[3])
    normalized = embedder.set_params(normalize=True).transform(TEXTS)
    np.testing.assert_allclose(np.linalg.norm(normalized, axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(normalized, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-6)
    truncated = embedder.set_params(truncate_dim=5).transform(TEXTS)
    np.testing.assert_allclose(
        truncated, expected[:, :5] / np.linalg.norm(expected[:, :5], axis=1, keepdims=True), atol=1e-6
    )


def test_prompt_is_put_before_each_text(embedder):
    prompted = embedder.set_params(prompt="about: ").transform(["wheat"])
    plain = embedder.set_params(prompt=None).transform(["about: wheat", "wheat"])
    np.testing.assert_allclose(prompted[0], plain[0], atol=1e-6)
    assert np.abs(prompted[0] - plain[1]).max() > 0.01


def test_kinds_of_input_agree(embedder):
    expected = embedder.transform(TEXTS)
    for X in (pd.Series(TEXTS), pd.DataFrame({"body": TEXTS}), np.array(TEXTS), np.array(TEXTS, dtype=object)):
        np.testing.assert_array_equal(embedder.transform(X), expected)


def test_bad_texts_reach_no_encoder(embedder, encoded):
    for method in (embedder.fit, embedder.transform, embedder.fit_transform):
        with pytest.raises(ValueError, match="first in row 2"):
            method(["a", "b", None])
    assert encoded == []


@pytest.mark.parametrize("params", [{"model": ""}, {"model": "a\0b"}, {"prompt": "\ud800"}])
def test_text_that_is_no_name_or_prompt(embedder, encoded, params):
    (name,) = params
    with pytest.raises(ValueError, match=f"^{name} (must be the name|holds what cannot)"):
        embedder.set_params(**params).transform(TEXTS)
    assert encoded == []


@pytest.mark.parametrize(("folder", "error"), [("a\0b", ValueError), ("", ValueError), (3, TypeError)])
def test_a_cache_folder_that_is_none(folder, error):
    with pytest.raises(error, match=r"^cache_dir must be"):
        SentenceEmbedder("x", cache_dir=folder).cache_info()


@pytest.mark.parametrize(
    "params",
    [{"batch_size": 0}, {"truncate_dim": 0}, {"model": None}, {"normalize": "yes"}, {"cache_dir": 3}, {"prompt": 1}],
)
def test_bad_parameters(embedder, encoded, params):
    embedder.set_params(**params)
    with pytest.raises(ValueError, match=f"The '{next(iter(params))}' parameter of SentenceEmbedder must be"):
        embedder.fit(TEXTS)
    with pytest.raises(ValueError, match=f"The '{next(iter(params))}' parameter of SentenceEmbedder must be"):
        embedder.transform(TEXTS)
    assert encoded == []


def test_truncating_to_more_than_there_is(embedder, encoded):
    embedder.set_params(truncate_dim=17)
    for cache_dir in (embedder.cache_dir, None):
        with pytest.raises(ValueError, match="truncate_dim=17 is more than the 16 dimensions of the model"):
            embedder.set_params(cache_dir=cache_dir).transform(TEXTS)
    assert encoded == []


def test_a_model_that_gives_nan(embedder, monkeypatch):
    monkeypatch.setattr(LoadedModel, "encode", lambda self, texts, prompt: np.full((len(texts), 16), np.nan))
    with pytest.raises(ValueError, match="gave NaN or infinite values"):
        embedder.transform(TEXTS)
    assert embedder.cache_info().n_vectors == 0


def test_feature_names(embedder):
    names = embedder.get_feature_names_out()
    assert names[0] == "sentenceembedder0"
    assert len(names) == 16
    assert len(embedder.set_params(truncate_dim=3).get_feature_names_out()) == 3


def test_set_output(embedder):
    frame = pd.DataFrame({"body": TEXTS}, index=list("uvwxyz"))
    expected = embedder.transform(frame)
    embedder.set_output(transform="pandas")
    for X in (frame, frame["body"]):
        out = embedder.fit_transform(X)
        # The oldest scikit-learn carries over the index of a frame only.
        assert list(out.index) in ([list("uvwxyz")] if X is frame else [list("uvwxyz"), list(range(6))])
        assert list(out.columns) == list(embedder.get_feature_names_out())
        assert set(out.dtypes) == {np.dtype("float32")}
        np.testing.assert_array_equal(out.to_numpy(), expected)


@pytest.mark.parametrize("column", ["body", ["body"]])
def test_column_transformer(embedder, column):
    frame = pd.DataFrame({"body": TEXTS, "year": range(6)})
    columns = ColumnTransformer([("text", embedder, column), ("number", "passthrough", ["year"])])
    out = columns.fit_transform(frame)
    np.testing.assert_allclose(out[:, :16], embedder.transform(TEXTS))
    assert list(columns.get_feature_names_out()[15:]) == ["text__sentenceembedder15", "number__year"]


def test_pickle_holds_no_model(embedder):
    vectors = embedder.transform(TEXTS)
    data = pickle.dumps(embedder)
    assert len(data) < 1000
    copy = pickle.loads(data)
    np.testing.assert_array_equal(copy.transform(TEXTS), vectors)
    assert vars(clone(embedder)) == vars(embedder)


@pytest.mark.slow
def test_display_and_completion_load_nothing(encoder_folder, monkeypatch):
    def load(*args):
        raise AssertionError("the model was loaded")

    monkeypatch.setattr("skbalance.text._sentence.load", load)
    monkeypatch.setattr("skbalance.text._sentence.identify", load)
    embedder = SentenceEmbedder(encoder_folder, device="cpu")
    assert "get_feature_names_out" in dir(embedder)
    assert f"{encoder_folder}" in embedder._repr_html_()
    assert "text/html" in embedder._repr_mimebundle_()
    with pytest.raises(AssertionError, match="the model was loaded"):
        embedder.get_feature_names_out()


def test_nothing_is_imported_or_started_before_it_is_needed(encoder_folder):
    """Neither by an embedder nor by a classifier that is fine-tuned; one process for both, as imports take seconds."""
    code = (
        "import sys, torch; threads = torch.get_num_threads()\n"
        "from skbalance.text import FineTunedMultiLabelClassifier, SentenceEmbedder\n"
        f"embedder = SentenceEmbedder({str(encoder_folder)!r}).fit(['a'])\n"
        f"model = FineTunedMultiLabelClassifier({str(encoder_folder)!r}, max_iter=1, device='cpu')\n"
        "assert 'sentence_transformers' not in sys.modules and 'transformers' not in sys.modules\n"
        "assert not torch.cuda.is_initialized()\n"
        "model.fit(['a', 'b'], ['x', 'y'])\n"
        "assert 'sentence_transformers' not in sys.modules\n"
        "embedder.set_params(device='cpu').transform(['a'])\n"
        "assert not torch.cuda.is_initialized() and torch.get_num_threads() == threads\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_each_text_is_encoded_once(embedder, encoded):
    embedder.transform(TEXTS)
    assert sorted(encoded) == sorted(set(TEXTS))
    embedder.transform([*TEXTS, "new"])
    assert len(encoded) == 6
    embedder.set_params(cache_dir=None).transform(TEXTS)
    assert len(encoded) == 11


def test_cache_and_encoder_agree(embedder):
    expected = clone(embedder).set_params(cache_dir=None).transform(TEXTS)
    for _ in range(2):
        np.testing.assert_allclose(embedder.transform(TEXTS), expected, atol=1e-6)
    mixed = embedder.transform(["new", *TEXTS[::-1]])
    np.testing.assert_allclose(mixed[1:], expected[::-1], atol=1e-6)


def test_what_changes_the_vector_changes_the_key(embedder, other_encoder_folder, encoded):
    embedder.transform(["wheat"])
    for params in ({"prompt": "about: "}, {"prompt": ""}, {"trust_remote_code": True}, {"model": other_encoder_folder}):
        clone(embedder).set_params(**params).transform(["wheat"])
    assert embedder.cache_info().n_vectors == len(encoded) == 5


def test_what_comes_after_the_model_does_not(embedder, encoded):
    for params in ({}, {"normalize": False}, {"truncate_dim": 4}, {"batch_size": 1}, {"device": "auto"}):
        clone(embedder).set_params(**params).transform(["wheat"])
    assert len(encoded) == 1


def test_full_cache_needs_no_model(embedder, monkeypatch):
    vectors = embedder.transform(TEXTS)
    clear_models()
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    np.testing.assert_array_equal(embedder.transform(TEXTS), vectors)
    assert len(embedder.get_feature_names_out()) == 16


def test_cache_info_and_clear(embedder, encoded):
    assert embedder.cache_info().n_vectors == 0
    embedder.transform(TEXTS)
    info = embedder.cache_info()
    assert info.n_vectors == 5
    assert info.size > 0
    assert embedder.clear_cache() == 5
    encoded.clear()
    embedder.transform(TEXTS)
    assert len(encoded) == 5
    for method in (SentenceEmbedder().cache_info, SentenceEmbedder().clear_cache):
        with pytest.raises(ValueError, match="no cache: cache_dir=None"):
            method()


def test_interrupting_keeps_what_was_done(embedder, encoded, monkeypatch):
    texts = [f"text {number}" for number in range(20)]
    counting = LoadedModel.encode

    def interrupted(self, batch, prompt=None):
        if len(encoded) >= 12:
            raise KeyboardInterrupt
        return counting(self, batch, prompt)

    with monkeypatch.context() as patch:
        patch.setattr(LoadedModel, "encode", interrupted)
        with pytest.raises(KeyboardInterrupt):
            embedder.transform(texts)
    assert embedder.cache_info().n_vectors == 12
    vectors = embedder.transform(texts)
    assert sorted(encoded) == sorted(texts)
    np.testing.assert_allclose(vectors, clone(embedder).set_params(cache_dir=None).transform(texts), atol=1e-6)


def test_progress_bar(embedder, capsys):
    embedder.transform(TEXTS)
    assert capsys.readouterr().err == ""
    embedder.set_params(verbose=1).transform([*TEXTS, "new", "newer"])
    assert "2/2" in capsys.readouterr().err
    embedder.transform(TEXTS)
    assert capsys.readouterr().err == ""


def search(embedder, n_jobs):
    texts = [f"{'wheat' if number % 2 else 'oil'} {number}" for number in range(100)]
    pipeline = make_pipeline(embedder, LogisticRegression())
    grid = {"logisticregression__C": [0.1, 1.0, 10.0, 100.0]}
    found = GridSearchCV(pipeline, grid, cv=5, n_jobs=n_jobs, error_score="raise")
    return texts, found.fit(texts, np.arange(100) % 2)


def test_a_search_encodes_each_text_once(embedder, encoded):
    texts, found = search(embedder, n_jobs=None)
    assert found.n_splits_ * len(found.cv_results_["params"]) == 20
    assert sorted(encoded) == sorted(texts)


def test_a_search_without_a_cache_encodes_every_time(embedder, encoded):
    search(embedder.set_params(cache_dir=None), n_jobs=None)
    assert len(encoded) == 4 * 5 * (80 + 20) + 100


@pytest.mark.slow
def test_processes_share_the_work(encoder_folder, tmp_path):
    (tmp_path / "encoded.txt").touch()
    embedder = CountingEmbedder(encoder_folder, device="cpu", batch_size=8, cache_dir=tmp_path)
    texts, _ = search(embedder, n_jobs=2)
    assert sorted((tmp_path / "encoded.txt").read_text().splitlines()) == sorted(texts)


def test_texts_that_can_be_gone_through_once(embedder):
    np.testing.assert_array_equal(embedder.fit_transform(iter(["a", "b"])), embedder.transform(["a", "b"]))
