"""Models are found, told apart and loaded once."""

import json
import shutil
import sys
import threading

import numpy as np
import pytest
import torch

from skbalance.finetuning import ModelSource
from skbalance.text import SentenceEmbedder, _models, clear_models
from skbalance.text._models import identify, load


@pytest.fixture
def loads(monkeypatch):
    """The sources that were loaded from disk, as a list that grows."""
    sources = []
    load_encoder = _models._load_encoder

    def counting(source, identity):
        sources.append(source)
        return load_encoder(source, identity)

    monkeypatch.setattr(_models, "_load_encoder", counting)
    return sources


def hub_model(home, folder, commit):
    """Lay a model out as a download from the Hub would."""
    repository = home / "models--acme--tiny"
    shutil.copytree(folder, repository / "snapshots" / commit)
    (repository / "refs").mkdir(exist_ok=True)
    (repository / "refs" / "main").write_text(commit)


def test_loaded_once_per_process(encoder_folder, loads):
    for normalize in (True, False):
        SentenceEmbedder(encoder_folder, device="cpu", normalize=normalize).transform(["a"])
    assert len(loads) == 1
    SentenceEmbedder(encoder_folder, device="cpu", trust_remote_code=True).transform(["a"])
    assert len(loads) == 2
    clear_models()
    SentenceEmbedder(encoder_folder, device="cpu").transform(["a"])
    assert len(loads) == 3


def test_threads_share_one_model(encoder_folder, loads):
    embedder = SentenceEmbedder(encoder_folder, device="cpu", batch_size=3)
    texts = [f"text {number}" for number in range(40)]
    expected = embedder.transform(texts)
    clear_models()
    loads.clear()
    results = {}

    def work(number):
        results[number] = embedder.transform(texts)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    assert sorted(results) == [0, 1, 2, 3]
    for vectors in results.values():
        np.testing.assert_array_equal(vectors, expected)


def test_folder_is_known_by_its_contents(encoder_folder, other_encoder_folder, tmp_path):
    copy = shutil.copytree(encoder_folder, tmp_path / "copy")
    identity = identify(ModelSource(str(encoder_folder)))
    assert identify(ModelSource(str(copy))) == identity
    assert identify(ModelSource(str(other_encoder_folder))) != identity
    (copy / "README.md").write_text("notes")
    (copy / "onnx").mkdir()
    (copy / "onnx" / "model.onnx").write_text("x")
    assert identify(ModelSource(str(copy))) == identity
    (copy / "config_sentence_transformers.json").write_text("{}")
    assert identify(ModelSource(str(copy))) != identity


def test_new_weights_in_the_same_folder(encoder_folder, other_encoder_folder, tmp_path, loads):
    copy = shutil.copytree(encoder_folder, tmp_path / "copy")
    embedder = SentenceEmbedder(copy, device="cpu", cache_dir=tmp_path / "cache")
    first = embedder.transform(["wheat"])
    shutil.copytree(other_encoder_folder, copy, dirs_exist_ok=True)
    second = embedder.transform(["wheat"])
    assert np.abs(first - second).max() > 0.01
    np.testing.assert_array_equal(second, SentenceEmbedder(other_encoder_folder, device="cpu").transform(["wheat"]))
    assert len(_models._loaded) == 2  # the copy's old weights are let go


def test_hub_model_is_known_by_its_commit(encoder_folder, other_encoder_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(tmp_path / "hub"))
    source = ModelSource("acme/tiny", device="cpu", local_files_only=True)
    assert identify(source) is None
    hub_model(tmp_path / "hub", encoder_folder, "1" * 40)
    assert identify(source) == "hub:acme/tiny@" + "1" * 40
    embedder = SentenceEmbedder("acme/tiny", device="cpu", local_files_only=True, cache_dir=tmp_path / "cache")
    first = embedder.transform(["wheat"])
    hub_model(tmp_path / "hub", other_encoder_folder, "2" * 40)
    second = embedder.transform(["wheat"])
    assert np.abs(first - second).max() > 0.01
    assert embedder.cache_info().n_vectors == 2
    np.testing.assert_array_equal(embedder.set_params(revision="1" * 40).transform(["wheat"]), first)
    assert embedder.cache_info().n_vectors == 2


def test_hub_model_of_the_default_organisation(encoder_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(tmp_path))
    hub_model(tmp_path, encoder_folder, "1" * 40)
    (tmp_path / "models--acme--tiny").rename(tmp_path / "models--sentence-transformers--tiny")
    embedder = SentenceEmbedder("tiny", device="cpu", local_files_only=True)
    assert embedder.transform(["wheat"]).shape == (1, 16)
    assert identify(ModelSource("tiny")) == "hub:sentence-transformers/tiny@" + "1" * 40


def test_model_without_a_known_commit_is_not_cached(embedder, monkeypatch):
    monkeypatch.setattr("skbalance.text._models.identify", lambda source: None)
    monkeypatch.setattr("skbalance.text._sentence.identify", lambda source: None)
    with pytest.warns(UserWarning, match="commit of .* is unknown, so the cache is not used"):
        vectors = embedder.transform(["wheat"])
    assert vectors.shape == (1, 16)
    assert embedder.cache_info().n_vectors == 0


@pytest.mark.parametrize("model", ["no-such-model", "acme/no-such-model", "/no/such/folder"])
def test_unknown_model_offline(model, tmp_path, monkeypatch):
    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(tmp_path))
    with pytest.raises(OSError, match=f"(?s){model}.*local_files_only=True.*the path of a local folder"):
        SentenceEmbedder(model, local_files_only=True).transform(["wheat"])


def test_folder_without_a_model(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(OSError, match="could not be loaded as a sentence-transformers model"):
        SentenceEmbedder(tmp_path).transform(["wheat"])


def test_devices(encoder_folder, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match=r"device='cuda:1' cannot be used here.* there is no CUDA GPU"):
        load(ModelSource(str(encoder_folder), device="cuda:1"))
    with pytest.raises(ValueError, match="device='gpu' cannot be used here"):
        load(ModelSource(str(encoder_folder), device="gpu"))
    assert load(ModelSource(str(encoder_folder), device="auto")).dimension == 16


def test_hint_when_the_extra_is_missing(embedder, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ImportError, match=r'pip install "skbalance\[text\]"'):
        embedder.transform(["wheat"])
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match=r'pip install "skbalance\[text\]"'):
        SentenceEmbedder().transform(["wheat"])


def test_no_bar_for_local_weights(encoder_folder, capfd):
    from transformers.utils import logging

    before = logging.is_progress_bar_enabled()
    SentenceEmbedder(encoder_folder, device="cpu").transform(["wheat"])
    assert "Loading" not in capfd.readouterr().err
    assert logging.is_progress_bar_enabled() == before


@pytest.mark.parametrize(
    "modules",
    [
        [{"type": "os.system", "path": ""}],
        [{"type": "sklearn.utils.parallel.joblib", "path": "x.pkl"}],
        [{"path": ""}],
        [7],
    ],
)
def test_parts_from_elsewhere_are_not_imported(encoder_folder, tmp_path, modules):
    folder = shutil.copytree(encoder_folder, tmp_path / "model")
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(OSError, match="could not be loaded as a sentence-transformers model"):
        SentenceEmbedder(folder, device="cpu").transform(["text"])
