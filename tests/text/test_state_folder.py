"""The folder of a fine-tuned classifier: all of it or nothing, and nothing of it trusted."""

import hashlib
import json
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import skops.io

from skbalance import FineTunedMultiLabelClassifier
from tests.text.tagged import make_model, make_texts

TEXTS, Y = make_texts()


@pytest.fixture(scope="module")
def first(encoder_folder):
    return make_model(encoder_folder, max_iter=1).fit(TEXTS, Y)


@pytest.fixture(scope="module")
def second(encoder_folder):
    return make_model(encoder_folder, max_iter=2, pooling="cls").fit(TEXTS, Y)


@pytest.fixture
def folder(first, tmp_path):
    first.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def read(folder):
    return FineTunedMultiLabelClassifier.from_pretrained(folder, device="cpu")


def scores(folder):
    return read(folder).decision_function(TEXTS)


def change(folder, **parts):
    """Change the description: parts of its state, its parameters, its files."""
    description = json.loads((folder / "skbalance.json").read_text())
    for part, changes in parts.items():
        description[part] |= changes
    (folder / "skbalance.json").write_text(json.dumps(description))


def put(folder, name, content):
    """Put a file in, with its hash in the description."""
    (folder / name).write_bytes(content)
    change(folder, files={name: hashlib.blake2b(content, digest_size=16).hexdigest()})


def test_one_takes_the_place_of_the_other(folder, second):
    (folder / "README.md").write_text("mine")
    (folder / "more").mkdir()
    second.save_pretrained(folder)
    np.testing.assert_array_equal(scores(folder), second.decision_function(TEXTS))
    assert (folder / "README.md").read_text() == "mine"
    assert (folder / "more").is_dir()
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


@pytest.mark.parametrize("steps", range(24))
def test_cut_short_anywhere_it_is_the_old_one_or_the_new_one(folder, first, second, steps, monkeypatch):
    """As by a kill: nothing after that is done, no clearing up either."""
    left = [steps]

    def counted(function):
        def call(*args, **kwargs):
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return function(*args, **kwargs)

        return call

    (folder / "README.md").write_text("mine")
    with monkeypatch.context() as patch:
        for owner, name in (
            (Path, "write_bytes"), (Path, "write_text"), (Path, "mkdir"), (os, "fsync"), (os, "rename"),
            (shutil, "rmtree"),
        ):  # fmt: skip
            patch.setattr(owner, name, counted(getattr(owner, name)))
        try:
            second.save_pretrained(folder)
        except KeyboardInterrupt:
            done = False
        else:
            done = True
    found = scores(folder)
    old, new = (model.decision_function(TEXTS) for model in (first, second))
    assert np.array_equal(found, new) or (np.array_equal(found, old) and not done)
    second.save_pretrained(folder)
    np.testing.assert_array_equal(scores(folder), new)
    assert (folder / "README.md").read_text() == "mine"
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_an_error_leaves_what_was_there(folder, first, second, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safetensors.numpy.save_file", full)
    with pytest.raises(OSError, match="No space left"):
        second.save_pretrained(folder)
    np.testing.assert_array_equal(scores(folder), first.decision_function(TEXTS))
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_a_file_is_no_folder(first, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(NotADirectoryError, match="is a file; save_pretrained writes a folder"):
        first.save_pretrained(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("name", ["model.safetensors", "head.safetensors", "config.json", "tokenizer.json"])
@pytest.mark.parametrize("damage", ["other", "gone", "link", "folder"])
def test_a_file_that_was_not_written_is_refused(folder, name, damage):
    path, content = folder / name, (folder / name).read_bytes()
    path.unlink()
    if damage == "other":
        path.write_bytes(content[:-1] + b"\0")
    elif damage == "link":
        (folder.parent / "elsewhere").write_bytes(content)
        path.symlink_to(folder.parent / "elsewhere")
    elif damage == "folder":
        path.mkdir()
    with pytest.raises(OSError, match=f"'{name}' in .* is missing, a link, or not the file that was written"):
        read(folder)


@pytest.mark.parametrize("name", ["../model/config.json", "/etc/passwd", "a/b", "..\\x", "C:\\x", "x\0", ".hidden", ""])
def test_names_with_separators_are_refused(folder, name):
    change(folder, files={name: "0" * 32})
    with pytest.raises(OSError, match="is missing, a link, or not the file that was written"):
        read(folder)


@pytest.mark.parametrize("name", ["evil.py", "pytorch_model.bin", "modules.json"])
def test_other_files_are_refused(folder, name):
    put(folder, name, b"{}")
    with pytest.raises(ValueError, match="An encoder is described by the contents of "):
        read(folder)


def test_settings_that_run_code_are_refused(folder, monkeypatch):
    config = json.loads((folder / "config.json").read_text()) | {"auto_map": {"AutoConfig": "evil.Config"}}
    put(folder, "config.json", json.dumps(config).encode())
    with pytest.raises(ValueError, match="'auto_map', by which transformers would run code"):
        read(folder)


def test_flags_and_places_are_not_taken(folder):
    change(folder, params={"trust_remote_code": True, "checkpoint_dir": "/somewhere", "model": "x", "device": "cuda:7"})
    model = read(folder)
    assert not model.trust_remote_code
    assert model.checkpoint_dir is None
    assert (model.model, model.device) == (str(folder), "cpu")


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"state": {"predict": "x"}}, "'predict' in the state"),
        ({"params": {"predict": "x"}}, "'predict' in the state"),
        ({"params": {"_skbalance_version": "x"}}, "'_skbalance_version' in the state"),
        ({"state": {"n_outputs_": 5}}, "does not go with the rest"),
        ({"state": {"_target": ["multilabel"]}}, "_target of"),
        ({"state": {"_target": 7}}, "does not describe a classifier"),
        ({"state": {"classes_": [1]}}, "does not describe a classifier"),
        ({"state": {"classes_": {"values": ["a"], "dtype": "U1000000000"}}}, "does not describe a classifier"),
        ({"state": {"classes_": {"values": 7, "dtype": "O"}}}, "classes_ of"),
        ({"state": {"classes_": {"values": [[0, 1]] * 4, "dtype": "no"}}}, "does not describe a classifier"),
        ({"state": {"classes_": {"values": [[0, 10**30]] * 4, "dtype": "<i8"}}}, "does not describe a classifier"),
        ({"state": {"max_length_": 10**30}}, "max_length_ of"),
        ({"state": {"label_counts_": ["x"]}}, "does not describe a classifier"),
        ({"state": {"_fitted_loss": ["NoLoss", {}]}}, "_fitted_loss of"),
        ({"params": {"loss": ["NoLoss", {}]}}, "does not describe a classifier"),
        ({"params": {"loss": 7}}, "does not describe a classifier"),
        ({"params": {"batch_size": 0}}, "'batch_size' parameter"),
    ],
    ids=str,
)
def test_a_description_that_no_fit_makes_is_refused(folder, parts, words):
    change(folder, **parts)
    with pytest.raises(ValueError, match=words):
        read(folder)


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, "\ud800"])
def test_a_description_that_is_no_json(folder, content):
    (folder / "skbalance.json").write_text(content, errors="surrogatepass")
    with pytest.raises(OSError, match="is damaged: it is no JSON"):
        read(folder)


@pytest.mark.parametrize("content", ["[]", "7", "{}", '{"format": [1]}'])
def test_a_description_of_another_kind(folder, content):
    (folder / "skbalance.json").write_text(content)
    with pytest.raises(ValueError, match=r"was written in format .* by another version"):
        read(folder)


def test_weights_that_are_none(folder):
    put(folder, "head.safetensors", b"\xff" * 100)
    with pytest.raises(OSError, match=r"The weights in .* cannot be read"):
        read(folder)


def test_an_encoder_with_code_of_its_own(encoder_folder, tmp_path, monkeypatch):
    """Its code runs where the flag is given, and goes through a pickle and a folder; through nothing else."""
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    folder = shutil.copytree(encoder_folder, tmp_path / "own")
    own = {"auto_map": {"AutoConfig": "own.OwnConfig", "AutoModel": "own.OwnModel"}, "model_type": "own"}
    (folder / "config.json").write_text(json.dumps(json.loads((folder / "config.json").read_text()) | own))
    (folder / "own.py").write_text(
        "from pathlib import Path\nfrom transformers import BertConfig, BertModel\n"
        f"Path({str(tmp_path / 'ran')!r}).touch()\n"
        "class OwnConfig(BertConfig):\n    model_type = 'own'\n"
        "class OwnModel(BertModel):\n    config_class = OwnConfig\n"
    )
    with pytest.raises(OSError, match="could not be loaded as an encoder"):
        make_model(folder, max_iter=1).fit(TEXTS, Y)
    assert not (tmp_path / "ran").exists()
    model = make_model(folder, max_iter=1, trust_remote_code=True).fit(TEXTS, Y)
    assert (tmp_path / "ran").exists()
    expected = model.decision_function(TEXTS)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).decision_function(TEXTS), expected)
    model.save_pretrained(tmp_path / "saved")
    copy = FineTunedMultiLabelClassifier.from_pretrained(tmp_path / "saved", device="cpu", trust_remote_code=True)
    np.testing.assert_array_equal(copy.decision_function(TEXTS), expected)
    (tmp_path / "ran").unlink()
    with pytest.raises(ValueError, match="'auto_map', by which transformers would run code"):
        read(tmp_path / "saved")
    with pytest.raises(ValueError, match="'auto_map', by which transformers would run code"):
        skops.io.loads(skops.io.dumps(model), trusted=["skbalance.text._finetuned.FineTunedMultiLabelClassifier"])
    assert not (tmp_path / "ran").exists()


def test_the_working_directory_is_not_replaced(first, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="folder is the working directory"):
        first.save_pretrained(".")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", [None, 3, b"x"])
def test_what_is_no_folder(first, folder):
    with pytest.raises(TypeError, match="folder must be a str or a path"):
        first.save_pretrained(folder)
    with pytest.raises(TypeError, match="folder must be a str or a path"):
        read(folder)
