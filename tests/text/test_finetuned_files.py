"""The fine-tuned classifier stored and read again, by pickle, skops and folders."""

import pickle

import numpy as np
import pytest
import skops.io
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import f1_score, make_scorer

from skbalance import FineTunedMultiLabelClassifier
from skbalance.losses import FocalLoss
from tests.text.tagged import make_model, make_texts


@pytest.fixture(scope="module")
def data():
    return make_texts()


@pytest.fixture(scope="module")
def fitted(encoder_folder, data):
    return make_model(encoder_folder, max_iter=2).fit(*data)


@pytest.mark.parametrize("through", ["pickle", "skops"])
def test_stored_and_read_again(through, fitted, data, tmp_path):
    texts, _ = data
    if through == "pickle":
        copy = pickle.loads(pickle.dumps(fitted))
    else:
        skops.io.dump(fitted, tmp_path / "model.skops")
        untrusted = skops.io.get_untrusted_types(file=tmp_path / "model.skops")
        assert untrusted == ["skbalance.text._finetuned.FineTunedMultiLabelClassifier"]
        copy = skops.io.load(tmp_path / "model.skops", trusted=untrusted)
    np.testing.assert_array_equal(copy.predict_proba(texts), fitted.predict_proba(texts))
    assert copy.get_params() == fitted.get_params() | ({"model": None} if through == "skops" else {})
    assert copy.loss_.get_params() == fitted.loss_.get_params()


@pytest.mark.parametrize("kind", ["multilabel", "classes", "objects"])
def test_saved_in_a_folder(kind, encoder_folder, data, tmp_path):
    from transformers import AutoModel

    texts, y = data
    if kind != "multilabel":
        y = np.array(["no", "yes"], dtype=object if kind == "objects" else None)[y[:, 0]]
    loss = FocalLoss(gamma=1.0) if kind == "classes" else "cb_ntr"
    model = make_model(encoder_folder, loss=loss, pooling="label_attention", max_length=24, early_stopping=True)
    model.fit(texts, y)
    model.save_pretrained(tmp_path / "saved")
    copy = FineTunedMultiLabelClassifier.from_pretrained(tmp_path / "saved", device="cpu")
    np.testing.assert_array_equal(copy.predict_proba(texts), model.predict_proba(texts))
    predicted = copy.predict(texts)
    assert predicted.dtype == model.predict(texts).dtype
    np.testing.assert_array_equal(predicted, model.predict(texts))
    assert copy.loss_.get_params() == model.loss_.get_params()
    assert copy.validation_scores_ == model.validation_scores_
    changed = {"model", "random_state"}
    mine, others = model.get_params(), copy.get_params()
    assert {name for name in mine if str(mine[name]) != str(others[name])} == changed
    assert set(vars(copy)) == set(vars(model))
    encoder = AutoModel.from_pretrained(tmp_path / "saved")
    for name, tensor in encoder.state_dict().items():
        np.testing.assert_array_equal(tensor.numpy(), model.weights_[f"encoder.{name}"])


def test_sentence_transformers_load_a_saved_encoder(fitted, tmp_path):
    from sentence_transformers import SentenceTransformer

    fitted.save_pretrained(tmp_path)
    assert SentenceTransformer(str(tmp_path), device="cpu").encode(["aaa"]).shape == (1, 16)


def test_what_cannot_be_saved_or_read(encoder_folder, data, fitted, tmp_path):
    with pytest.raises(OSError, match=r"holds no skbalance\.json"):
        FineTunedMultiLabelClassifier.from_pretrained(encoder_folder)
    with pytest.raises(NotFittedError):
        clone(fitted).save_pretrained(tmp_path / "unfitted")
    fitted.save_pretrained(tmp_path / "later")
    description = tmp_path / "later" / "skbalance.json"
    description.write_text(description.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(ValueError, match="was written in format 2 by another version"):
        FineTunedMultiLabelClassifier.from_pretrained(tmp_path / "later")
    model = make_model(encoder_folder, max_iter=1, early_stopping=True, scoring=make_scorer(f1_score, average="micro"))
    with pytest.raises(ValueError, match="use pickle"):
        model.fit(*data).save_pretrained(tmp_path / "callable")
    assert not (tmp_path / "callable").exists()
    assert not (tmp_path / "unfitted").exists()


def test_learned_state_is_arrays_and_plain_values(fitted):
    def check(value):
        if isinstance(value, dict):
            assert all(isinstance(name, str) for name in value)
            value = list(value.values())
        if isinstance(value, (list, tuple)):
            for part in value:
                check(part)
        else:
            assert isinstance(value, (np.ndarray, str, bytes, int, float, bool, type(None))), type(value)

    check({name: value for name, value in vars(fitted).items() if name not in fitted.get_params()})
