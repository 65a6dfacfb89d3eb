"""Of a file of a model no code is run, unless it is a file of joblib."""

import json
import pathlib
import pickle
import zipfile

import joblib
import pytest
import skops.io
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from skbalance import SentenceEmbedder, TagClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.cli import _models
from skbalance.cli._models import load_model, save_model
from tests.cli.conftest import TAGS, TEXTS


@pytest.fixture(scope="module")
def fitted():
    return TagClassifier(random_state=0, sep=";").fit(TEXTS * 5, [";".join(tags) for tags in TAGS * 5])


@pytest.mark.parametrize("name", ["model.skops", "model.joblib"])
def test_a_model_comes_out_as_it_went_in(tmp_path, fitted, name):
    write(fitted, tmp_path / name)
    assert load_model(str(tmp_path / name)).predict(TEXTS) == [tuple(sorted(tags)) for tags in TAGS]


def write(model, path):
    with open(path, "wb") as file:
        save_model(model, file, path.name)


class Program:
    def __reduce__(self):
        return pathlib.Path.touch, (pathlib.Path("touched"),)


@pytest.mark.parametrize("name", ["model.skops", "model.pkl", "model"])
def test_a_pickle_is_not_run_whatever_its_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(pickle.dumps(Program()))
    with pytest.raises(ValueError, match=f"{name} is no model that can be used: File is not a zip file"):
        load_model(name)
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize(
    ("held", "match"),
    [
        (TagClassifier(DummyClassifier()), "no model that can be used: .* not fitted yet"),
        (DummyClassifier(), "it holds a DummyClassifier"),
        ({"a": 1}, "it holds a dict"),
        (TagClassifier(label_texts=pathlib.PurePosixPath("x")), "it holds pathlib.* no class of this package"),
        (TagClassifier(scoring=_models.load_model), "it holds skbalance.cli._models.load_model, which is no class"),
        (TagClassifier(estimator=TagClassifier(scoring=pathlib.Path.touch)), "is no class of this package"),
    ],
)
def test_what_is_no_model(tmp_path, held, match):
    skops.io.dump(held, tmp_path / "model.skops")
    with pytest.raises(ValueError, match=match):
        load_model(str(tmp_path / "model.skops"))


@pytest.mark.parametrize("name", ["model.skops", "model.joblib"])
@pytest.mark.parametrize("content", [b"", b"PK\3\4 and no more", b"\x80\x05 cut"])
def test_what_is_damaged(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{name} is no model that can be used: "):
        load_model(str(tmp_path / name))


def test_what_is_changed_inside(tmp_path, fitted):
    """No message of others' insides."""
    write(fitted, tmp_path / "model.skops")
    with zipfile.ZipFile(tmp_path / "model.skops") as file:
        parts = {name: file.read(name) for name in file.namelist()}
    schema = json.loads(parts["schema.json"])
    schema["content"]["content"] = None
    parts["schema.json"] = json.dumps(schema).encode()
    with zipfile.ZipFile(tmp_path / "changed.skops", "w") as file:
        for name, part in parts.items():
            file.writestr(name, part)
    with pytest.raises(ValueError, match=r"model that can be used: it is damaged, or of another version$"):
        load_model(str(tmp_path / "changed.skops"))


def test_a_class_that_was_imported_is_not_the_package_s_own():
    assert _models._is_own_class("skbalance.text._tags.TagClassifier")
    assert not _models._is_own_class("skbalance.text._tags.Pipeline")
    assert not _models._is_own_class("skbalance.text._tags.clone")
    assert not _models._is_own_class("skbalance.text._tags.none")
    assert not _models._is_own_class("os.system")


def test_a_file_of_skops_is_told_the_folder_of_its_encoder(tmp_path, encoder_folder):
    model = TagClassifier(embedder=SentenceEmbedder(str(encoder_folder)), random_state=0).fit(TEXTS * 5, TAGS * 5)
    for name in ("model.skops", "model.joblib"):
        write(model, tmp_path / name)
        loaded = load_model(str(tmp_path / name), str(encoder_folder))
        assert loaded.predict(TEXTS) == model.predict(TEXTS)
    assert load_model(str(tmp_path / "model.joblib")).predict(TEXTS) == model.predict(TEXTS)
    for embedder in (model.embedder, model.estimator_["features"].get_params()["embedding"]):
        embedder.set_params(model="someone/model")  # would be downloaded
    write(model, tmp_path / "model.skops")
    with pytest.raises(
        ValueError, match=r"model\.skops is no model that can be used: it needs the folder of its encoder, --embedder"
    ):
        load_model(str(tmp_path / "model.skops"))


def test_every_encoder_in_a_file_of_skops_is_that_of_the_folder(tmp_path, encoder_folder):
    """Those of fitted parts too, which are no parameters: none is asked for on the Hub."""
    inside = make_pipeline(SentenceEmbedder(str(encoder_folder)), OneVsRestClassifier(LogisticRegression()))
    tuned = TunedThresholdMultiLabelClassifierCV(inside, random_state=0)
    model = TagClassifier(tuned).fit(TEXTS * 5, TAGS * 5)
    expected = model.predict(TEXTS)
    model.estimator_.estimator_[0].set_params(model="someone/model")
    write(model, tmp_path / "model.skops")
    with pytest.raises(ValueError, match="it needs the folder of its encoder, --embedder"):
        load_model(str(tmp_path / "model.skops"))
    loaded = load_model(str(tmp_path / "model.skops"), str(encoder_folder))
    assert loaded.estimator_.estimator_[0].model == str(encoder_folder)
    assert loaded.predict(TEXTS) == expected


def test_joblib_runs_what_it_holds(tmp_path, monkeypatch):
    """What the documentation warns of."""
    monkeypatch.chdir(tmp_path)
    joblib.dump(Program(), "model.joblib")
    with pytest.raises(ValueError, match="it holds a NoneType"):
        load_model("model.joblib")
    assert (tmp_path / "touched").exists()
