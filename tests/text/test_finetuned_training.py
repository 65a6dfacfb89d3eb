"""Ways to fine-tune: early stopping, label texts, parts of the encoder."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.metrics import get_scorer

from tests.text.tagged import WORDS, make_model, make_texts


@pytest.fixture(scope="module")
def data():
    return make_texts()


def test_warm_start(encoder_folder, data):
    texts, y = data
    model = make_model(encoder_folder, warm_start=True, max_iter=4).fit(texts, y)
    weights = {name: array.copy() for name, array in model.weights_.items()}
    first = model.loss_curve_
    kept = model.weights_
    model.fit(texts, y)
    assert model.loss_curve_[0] < 0.7 * first[0]
    for name, array in kept.items():  # what was learned before is not written to
        np.testing.assert_array_equal(array, weights[name])
    with pytest.raises(ValueError, match="needs the labels and the pooling of the previous fit, 4 and 'mean'"):
        model.fit(texts, y[:, :3])


@pytest.mark.parametrize("scoring", ["loss", "f1_micro", "average_precision"])
def test_early_stopping(scoring, encoder_folder, data):
    texts, y = data
    model = make_model(
        encoder_folder, early_stopping=True, scoring=scoring, max_iter=20, n_iter_no_change=1, validation_fraction=0.3
    ).fit(texts, y)
    scores = model.validation_scores_
    assert len(scores) == model.n_iter_
    assert model.n_iter_ < 20
    assert max(scores) == scores[-2]  # one epoch without a better score, and it stopped
    assert not hasattr(model.set_params(early_stopping=False, max_iter=1).fit(texts, y), "validation_scores_")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.parametrize("scoring", ["loss", "f1_micro", "average_precision"])
def test_early_stopping_by_texts_of_ones_own(scoring, encoder_folder, data):
    texts, y = data
    own = {"X_val": texts[-15:], "y_val": y[-15:], "sample_weight_val": np.arange(15) % 3}
    model = make_model(encoder_folder, early_stopping=True, scoring=scoring, max_iter=4).fit(
        texts[:-15], y[:-15], **own
    )
    assert model.n_samples_fit_ == len(texts) - 15
    assert len(model.validation_scores_) == model.n_iter_
    if scoring != "loss":
        found = get_scorer(scoring)(model, own["X_val"], own["y_val"], sample_weight=own["sample_weight_val"])
        assert max(model.validation_scores_) == pytest.approx(found)
    there = np.flatnonzero(own["sample_weight_val"])
    fewer = {name: [values[row] for row in there] for name, values in own.items()}
    other = clone(model).fit(texts[:-15], y[:-15], **fewer)
    np.testing.assert_allclose(other.validation_scores_, model.validation_scores_, rtol=1e-5)


@pytest.mark.parametrize(
    ("params", "own", "message"),
    [
        ({"early_stopping": False}, {}, "are for early_stopping=True"),
        ({}, {"X_val": [3]}, "X_val is not as X: Row 0"),
        ({}, {"y_val": np.ones((15, 2), dtype=int)}, "y_val must have the model's . labels; got 2 columns"),
        ({}, {"y_val": None}, "X_val and y_val go together; there is no y_val"),
        ({"scoring": "best"}, {}, "scoring"),
        ({"scoring": lambda *args: np.nan}, {}, "must give a finite number for the validation rows; got nan"),
    ],
)
def test_validation_texts_that_are_refused(params, own, message, encoder_folder, data, monkeypatch):
    texts, y = data
    monkeypatch.setattr("skbalance.finetuning.fine_tune", lambda *args, **options: pytest.fail("it was trained"))
    model = make_model(encoder_folder, **{"early_stopping": True} | params)
    with pytest.raises(ValueError, match=message):
        model.fit(texts, y, **{"X_val": texts[:15], "y_val": y[:15]} | own)


def test_a_rare_label_keeps_a_text_to_train_on(encoder_folder, data):
    texts, y = data
    y = np.zeros((len(texts), 3), dtype=int)
    y[::2, 0], y[0, 1], y[1, 2] = 1, 1, 1
    for seed in range(4):
        model = make_model(
            encoder_folder, early_stopping=True, validation_fraction=0.4, max_iter=1, random_state=seed
        ).fit(texts, y)
        assert model.label_counts_[1:].tolist() == [1, 1]
        assert model.n_samples_fit_ < len(texts)


@pytest.mark.parametrize("params", [{"learning_rate_init": 1e8}, {"weight_decay": 1e30}])
def test_fine_tuning_that_diverges_is_an_error(encoder_folder, data, params):
    model = make_model(encoder_folder, max_iter=2)
    with pytest.raises(ValueError, match="Fine-tuning diverged"):
        model.set_params(**params).fit(*data)
    assert not hasattr(model, "weights_")


def test_early_stopping_keeps_the_best(encoder_folder, data, monkeypatch):
    texts, y = data
    left, kept = [1.0, 3.0, 2.0, 2.5], []

    def score(logits):
        kept.append(logits)
        return left.pop(0)

    monkeypatch.setattr("skbalance.text._finetuned.make_score", lambda *args: score)
    model = make_model(encoder_folder, early_stopping=True, scoring="f1_micro", max_iter=9)
    model.fit(texts, y, X_val=texts[:15], y_val=y[:15])
    assert model.validation_scores_ == [1.0, 3.0, 2.0, 2.5]
    np.testing.assert_allclose(model.decision_function(texts[:15]), kept[1], atol=1e-5)
    assert np.abs(kept[1] - kept[3]).max() > 1e-3


# peft asks transformers for a property by its former name.
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
@pytest.mark.parametrize(
    "params",
    [
        {"pooling": "cls"},
        {"pooling": "label_attention"},
        {"precision": "bfloat16"},
        {"gradient_checkpointing": True},
        {"n_frozen_layers": 1},
        {"lora_rank": 2},
        {"max_tokens": 64},
        {"max_grad_norm": None, "weight_decay": 0.0, "warmup_fraction": 0.0},
    ],
    ids=str,
)
def test_ways_to_train(params, encoder_folder, data):
    texts, y = data
    model = make_model(encoder_folder, max_iter=4, **params).fit(texts, y)
    assert model.loss_curve_[-1] < 0.9 * model.loss_curve_[0]
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.decision_function(texts), model.decision_function(texts))


def test_label_texts(encoder_folder, data):
    texts, y = data
    still = {"learning_rate_init": 0.0, "head_learning_rate_init": 0.0, "max_iter": 1}
    model = make_model(encoder_folder, label_texts=WORDS, **still).fit(texts, y)
    weight = model.weights_["head.weight"]
    assert (np.linalg.norm(weight, axis=1) > 0.1).all()
    scores = model.decision_function(WORDS)
    np.testing.assert_array_equal(scores.argmax(axis=0), np.arange(4))
    by_column = make_model(encoder_folder, label_texts={2: "ccc", 0: "aaa"}, **still).fit(texts, y)
    assert (np.abs(by_column.weights_["head.weight"]).sum(axis=1) > 0).tolist() == [True, False, True, False]
    without = make_model(encoder_folder, **still).fit(texts, y)
    assert not without.weights_["head.weight"].any()
    by_class = make_model(encoder_folder, label_texts={"yes": "aaa", "no": "ddd"}, **still)
    by_class.fit(texts, np.where(y[:, 0], "yes", "no"))
    assert by_class.decision_function(["aaa"]).shape == (1,)


def test_names_of_labels_are_read_as_words(encoder_folder, data):
    texts, y = data
    still = {"learning_rate_init": 0.0, "head_learning_rate_init": 0.0, "max_iter": 1}
    first, second = (
        make_model(encoder_folder, label_texts=[name, "b", "c", "d"], **still).fit(texts, y).weights_["head.weight"]
        for name in ("castor-oil", "castor oil")
    )
    np.testing.assert_array_equal(first, second)


def test_several_texts_of_a_label(encoder_folder, data):
    still = {"learning_rate_init": 0.0, "head_learning_rate_init": 0.0, "max_iter": 1}
    several, one = [["castor-oil", "aaa"], [], None, "d"], ["castor oil, aaa", None, None, "d"]
    first, second = (
        make_model(encoder_folder, label_texts=texts, **still).fit(*data).weights_["head.weight"]
        for texts in (several, one)
    )
    np.testing.assert_array_equal(first, second)


def test_progress_bar(encoder_folder, data, capsys):
    make_model(encoder_folder, max_iter=1).fit(*data)
    assert capsys.readouterr().err == ""
    make_model(encoder_folder, verbose=1).fit(*data)
    shown = capsys.readouterr().err
    assert "Fine-tuning" in shown
    assert "8/8" in shown
    assert "epoch 2, loss" in shown


def test_compiling(encoder_folder, data, monkeypatch):
    compiled = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self, **options: compiled.append((type(self), options)))
    model = make_model(encoder_folder, compile=True, max_iter=1).fit(*data)
    assert [(kind.__name__, options) for kind, options in compiled] == [("BertModel", {"dynamic": True})]
    plain = make_model(encoder_folder, max_iter=1).fit(*data)
    np.testing.assert_array_equal(plain.weights_["head.weight"], model.weights_["head.weight"])
