"""What of a state is taken that comes out of a file of others, and what is refused."""

import copy
import json
import pickle
import zipfile

import numpy as np
import pytest
import skops.io
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from skbalance import (
    BalancedMultiLabelClassifier,
    FineTunedMultiLabelClassifier,
    TagClassifier,
    TunedThresholdMultiLabelClassifierCV,
)
from skbalance.text import SentenceEmbedder
from tests.text.tagged import make_model, make_texts

TEXTS, Y = make_texts()
# Settings by which transformers would run code or read elsewhere, each anywhere in a file.
SETTINGS = [
    {"auto_map": {"AutoConfig": "evil.Config", "AutoModel": "evil.Model", "AutoTokenizer": ["evil.Tokenizer", None]}},
    {"trust_remote_code": True},
    {"quantization_config": {"quant_method": "bitsandbytes"}},
    {"attn_implementation": "someone/kernel"},
    {"_attn_implementation_internal": "someone/kernel"},
    {"use_kernels": True},
    {"tokenizer_file": "/etc/passwd"},
    {"_name_or_path": "/somewhere"},
    {"custom_generate": "someone/code"},
]
NAMES = [
    "/absolute.json", "../beside.json", "..\\beside.json", "C:\\absolute.json", "C:config.json", "folder/config.json",
    "config.json\0", "evil.py", "pytorch_model.bin", "model.pkl", "modules.json", "", ".", "..", "CONFIG.JSON", 7,
]  # fmt: skip


@pytest.fixture(scope="module")
def fitted(encoder_folder):
    return make_model(encoder_folder, max_iter=1, early_stopping=True).fit(TEXTS, Y)


def read(state):
    """A classifier of a state, through the method that skops calls."""
    classifier = FineTunedMultiLabelClassifier.__new__(FineTunedMultiLabelClassifier)
    classifier.__setstate__(state)
    return classifier


def with_settings(state, name, changes):
    files = dict(state["_files"])
    files[name] = json.dumps(json.loads(files[name]) | changes).encode()
    return state | {"_files": files}


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("changes", SETTINGS, ids=lambda changes: next(iter(changes)))
def test_settings_that_run_code_are_refused(fitted, name, nested, changes):
    changes = {"text_config": {"parts": [changes]}} if nested else changes
    state = with_settings(fitted.__getstate__(), name, changes) | {"trust_remote_code": True}
    with pytest.raises(ValueError, match=f"{name} has '.*', by which transformers would run code or read files"):
        read(state)


@pytest.mark.parametrize("name", NAMES)
def test_files_of_other_names_are_refused(fitted, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    state = fitted.__getstate__()
    with pytest.raises(ValueError, match="An encoder is described by the contents of "):
        read(state | {"_files": state["_files"] | {name: b"{}"}})
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"[" * 100_000, "{}", None])
def test_files_that_describe_nothing_are_refused(fitted, content):
    state = fitted.__getstate__()
    with pytest.raises(ValueError, match=r"config\.json"):
        read(state | {"_files": state["_files"] | {"config.json": content}})


@pytest.mark.parametrize(
    "changes",
    [
        {"num_hidden_layers": 10**9},
        {"num_hidden_layers": 0},
        {"vocab_size": 10**12},
        {"hidden_size": -4},
        {"model_type": "no-such-model"},
    ],
    ids=str,
)
def test_an_encoder_that_its_weights_are_not_of_is_refused(fitted, changes):
    classifier = read(with_settings(fitted.__getstate__(), "config.json", changes))
    with pytest.raises(ValueError, match="cannot be put together from its files and weights"):
        classifier.predict(TEXTS)


def test_what_runs_code_or_names_a_place_is_not_taken(fitted):
    evil = {"trust_remote_code": True, "checkpoint_dir": "/somewhere", "model": "/somewhere", "revision": "../x"}
    classifier = read(fitted.__getstate__() | evil)
    assert not classifier.trust_remote_code
    assert classifier.checkpoint_dir is classifier.model is classifier.revision is None
    np.testing.assert_array_equal(classifier.predict(TEXTS), fitted.predict(TEXTS))
    with pytest.raises(ValueError, match="The 'model' parameter of FineTunedMultiLabelClassifier must be"):
        classifier.fit(TEXTS, Y)


@pytest.mark.parametrize(
    "model", ["/x", "../x", "x/../y", "..", "a\\b", "C:x", "~", "a/b/c", "a\0", "a b", "", 7, None]
)
def test_a_place_is_no_name_on_the_hub(model):
    embedder = SentenceEmbedder.__new__(SentenceEmbedder)
    embedder.__setstate__(SentenceEmbedder().__getstate__() | {"model": model, "cache_dir": "/somewhere"})
    assert embedder.model is embedder.cache_dir is None


def test_a_name_on_the_hub_is_kept_but_not_where_a_folder_has_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blob = skops.io.dumps(SentenceEmbedder("someone/model", revision="v1.0"))
    trusted = ["skbalance.text._sentence.SentenceEmbedder"]
    assert skops.io.get_untrusted_types(data=blob) == trusted
    assert skops.io.loads(blob, trusted=trusted).get_params()["model"] == "someone/model"
    assert skops.io.loads(blob, trusted=trusted).revision == "v1.0"
    (tmp_path / "someone" / "model").mkdir(parents=True)
    assert skops.io.loads(blob, trusted=trusted).model is None


def test_a_file_of_skops_that_was_changed(fitted, tmp_path):
    """The flag and the folder are not written either; put in by hand, they are not taken."""
    path, changed = tmp_path / "model.skops", tmp_path / "changed.skops"
    skops.io.dump(SentenceEmbedder(str(tmp_path), cache_dir=str(tmp_path), trust_remote_code=True), path)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
        schema = json.loads(old.read("schema.json"))
        names = schema["content"]["content"]
        assert not {"model", "cache_dir", "trust_remote_code"} & names.keys()
        names["trust_remote_code"] = names["normalize"]
        names["cache_dir"] = {**names["device"], "content": json.dumps(str(tmp_path / "made"))}
        new.writestr("schema.json", json.dumps(schema))
    embedder = skops.io.load(changed, trusted=["skbalance.text._sentence.SentenceEmbedder"])
    assert not embedder.trust_remote_code
    assert embedder.cache_dir is None


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_pickle_keeps_all(copied, tmp_path):
    for estimator in (
        SentenceEmbedder(tmp_path, cache_dir=str(tmp_path), trust_remote_code=True),
        FineTunedMultiLabelClassifier(tmp_path, checkpoint_dir=tmp_path, trust_remote_code=True),
    ):
        assert copied(estimator).get_params() == estimator.get_params()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("predict", "x"), ("_score_blocks", "x"), ("loss_", "x"), ("other", "x"), ("__class__", "x"), ("weights_", {}),
        ("weights_", []), ("_target", ("multilabel",)), ("_target", ("multilabel", "O", "")),
        ("_target", ("x", "<i8", "")),
        ("_target", (["x"], "<i8", "")), ("_fitted_loss", ("FocalLoss", {"gamma": -1.0})), ("_fitted_loss", ("x", {})),
        ("_fitted_loss", ()), ("_fitted_loss", (["x"], {})), ("_pooling", "max"), ("n_outputs_", True),
        ("max_length_", 0), ("max_length_", "64"), ("classes_", np.zeros((4, 3))),
        ("classes_", [[0, 1]] * 4), ("label_counts_", np.full(4, np.nan)), ("loss_curve_", ["x"]), ("n_iter_", 7),
        ("validation_scores_", [None]), ("_files", {}), ("batch_size", 0), ("batch_size", "x"), ("device", 7),
        ("precision", "float16"), ("_sklearn_output_config", 7),
    ],
    ids=str,
)  # fmt: skip
def test_a_state_that_none_has_learned_is_refused(fitted, name, value):
    with pytest.raises(ValueError, match=name if name != "_files" else "config.json"):
        read(fitted.__getstate__() | {name: value})


@pytest.mark.parametrize("changes", [{"_pooling": "label_attention"}, {"n_outputs_": 5}], ids=str)
def test_a_state_whose_parts_do_not_go_together_is_refused(fitted, changes):
    with pytest.raises(ValueError, match="of a FineTunedMultiLabelClassifier does not go with the rest of its state"):
        read(fitted.__getstate__() | changes)


@pytest.mark.parametrize("missing", ["weights_", "classes_", "_files", "_target"])
def test_a_state_that_lacks_something_is_refused(fitted, missing):
    state = fitted.__getstate__()
    del state[missing]
    with pytest.raises(ValueError, match=f"{missing} of a FineTunedMultiLabelClassifier is missing"):
        read(state)


@pytest.mark.parametrize("state", [None, [], {7: 7}, {"x": 1}])
def test_a_state_that_is_none(state):
    with pytest.raises((TypeError, ValueError)):
        read(state)


arrays = st.sampled_from(
    [
        np.zeros(4, np.float32),
        np.zeros((4, 5)),
        np.zeros(()),
        np.full(4, np.inf),
        np.array(list("abcd")),
        np.array([None]),
    ]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_weights_predict_the_same_or_are_refused(fitted, data):
    state = fitted.__getstate__()
    weights = dict(state["weights_"])
    name = data.draw(st.sampled_from([*weights, "encoder.more", "head.more", "more", 7]))
    value = data.draw(arrays | st.sampled_from([None, 0.0, [0.0], "gone"]))
    if isinstance(value, str):
        assume(name in weights)
        del weights[name]
    else:
        weights[name] = value
    try:
        scores = read(state | {"weights_": weights}).decision_function(TEXTS[:2])
    except ValueError:
        return
    assert scores.shape == (2, 4)
    assert name in (
        "head.bias",
        *(key for key in weights if np.shape(weights[key]) == np.shape(state["weights_"].get(key))),
    )


@pytest.mark.parametrize("kind", [BalancedMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV, TagClassifier])
@pytest.mark.parametrize("name", ["predict", "fit", "__reduce__", "get_params"])
def test_no_state_takes_the_place_of_a_method(kind, name):
    estimator = kind.__new__(kind)
    state = BalancedMultiLabelClassifier().__getstate__()
    with pytest.raises(ValueError, match=f"'{name}' in the state of a {kind.__name__} is a method's name"):
        estimator.__setstate__(state | {name: "x"})
    assert vars(estimator) == {}


def test_the_state_of_an_embedder_is_its_parameters():
    for changes in ({"x": 1}, {"transform": 1}, {"batch_size": 0}, {"normalize": "yes"}):
        embedder = SentenceEmbedder.__new__(SentenceEmbedder)
        with pytest.raises(ValueError, match=next(iter(changes))):
            embedder.__setstate__(SentenceEmbedder().__getstate__() | changes)
