"""The fine-tuned classifier as a scikit-learn estimator."""

import json
import pickle
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import skops.io
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score, get_scorer, make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags

from skbalance import BalancedMultiLabelClassifier, FineTunedMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.losses import DistributionBalancedLoss, FocalLoss, get_loss_names
from skbalance.text import TagClassifier
from tests.text.tagged import CHECKS, WORDS, make_model, make_texts


@pytest.fixture(scope="module")
def data():
    return make_texts()


@pytest.fixture(scope="module")
def fitted(encoder_folder, data):
    return make_model(encoder_folder, max_iter=12).fit(*data)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_estimator_checks(check, encoder_folder):
    check("FineTunedMultiLabelClassifier", make_model(encoder_folder))


def test_tags(encoder_folder):
    tags = get_tags(make_model(encoder_folder))
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert tags.classifier_tags.multi_label


def test_it_learns(fitted, data):
    texts, y = data
    assert (fitted.predict(texts) == y).mean() > 0.97
    assert fitted.loss_curve_[-1] < 0.1 * fitted.loss_curve_[0]
    assert fitted.n_iter_ == len(fitted.loss_curve_) == 12
    assert fitted.max_length_ == 64  # the encoder's own limit
    np.testing.assert_array_equal(fitted.label_counts_, y.sum(axis=0))
    assert isinstance(fitted.loss_, DistributionBalancedLoss)
    assert 0 < fitted.loss_.mu < 1


def test_outputs_agree(fitted, data):
    texts, y = data
    scores, proba = fitted.decision_function(texts), fitted.predict_proba(texts)
    assert scores.shape == proba.shape == y.shape
    assert scores.dtype == proba.dtype == np.float32
    np.testing.assert_allclose(proba, 1 / (1 + np.exp(-scores)), rtol=1e-5)
    predicted = fitted.predict(texts)
    assert predicted.dtype == y.dtype
    np.testing.assert_array_equal(predicted, scores > 0)
    top = fitted.predict_topk(texts, 2)
    np.testing.assert_array_equal(np.diff(top.indptr), 2)
    np.testing.assert_allclose(top.max(axis=1).toarray().ravel(), proba.max(axis=1), rtol=1e-5)
    for k in (0, 5, 1.5):
        with pytest.raises(ValueError, match="k must be an integer from 1 to the number of labels, 4"):
            fitted.predict_topk(texts, k)


def test_each_text_is_scored_for_itself(fitted, data, monkeypatch):
    texts, _ = data
    scores = fitted.decision_function(texts)
    alone = np.concatenate([fitted.decision_function([text]) for text in texts[:5]])
    np.testing.assert_allclose(scores[:5], alone, atol=1e-4)
    np.testing.assert_allclose(fitted.decision_function(texts[::-1]), scores[::-1], atol=1e-4)
    twice = fitted.decision_function([texts[0], *texts, texts[0]])
    np.testing.assert_array_equal(twice[0], twice[-1])
    monkeypatch.setattr("skbalance._responses.BLOCK_ELEMENTS", 4 * 7)
    np.testing.assert_allclose(fitted.decision_function(texts), scores, atol=1e-4)
    np.testing.assert_array_equal(fitted.predict(texts), scores > 0)


@pytest.mark.parametrize("loss", get_loss_names())
def test_every_loss(loss, encoder_folder, data):
    texts, y = data
    model = make_model(encoder_folder, loss=loss).fit(texts, y)
    assert np.isfinite(model.decision_function(texts)).all()
    assert model.loss_curve_[1] < model.loss_curve_[0]


def test_same_seed_same_model_and_no_generator_touched(encoder_folder, data):
    torch.manual_seed(1)
    np.random.seed(1)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    first = make_model(encoder_folder, pooling="label_attention").fit(*data)
    assert torch.equal(before[0], torch.get_rng_state())
    np.testing.assert_array_equal(before[1], np.random.get_state()[1])
    torch.manual_seed(2)
    second = make_model(encoder_folder, pooling="label_attention").fit(*data)
    other = make_model(encoder_folder, pooling="label_attention", random_state=1).fit(*data)
    for name, array in first.weights_.items():
        np.testing.assert_array_equal(array, second.weights_[name])
    assert np.abs(first.weights_["head.weight"] - other.weights_["head.weight"]).max() > 1e-3


def test_parameters_and_texts_stay_as_they_are(encoder_folder, data):
    texts, y = data
    model = make_model(encoder_folder, loss=FocalLoss(gamma=1.0))
    params, given, wanted = model.get_params(), list(texts), y.copy()
    assert model.fit(texts, y) is model
    assert model.get_params() == params
    assert texts == given
    np.testing.assert_array_equal(y, wanted)
    before = {name: id(value) for name, value in vars(model).items()}
    model.predict_proba(texts)
    assert {name: id(value) for name, value in vars(model).items()} == before


def test_unfitted(encoder_folder, data):
    model = make_model(encoder_folder)
    for method in (model.predict, model.predict_proba, model.decision_function):
        with pytest.raises(NotFittedError):
            method(data[0])
    with pytest.raises(NotFittedError):
        model.predict_topk(data[0], 1)


def test_kinds_of_texts_and_targets_agree(encoder_folder, data):
    texts, y = data
    expected = make_model(encoder_folder, max_iter=1).fit(texts, y)
    for X, target in ((pd.Series(texts), sp.csr_array(y)), (pd.DataFrame({"body": texts}), pd.DataFrame(y))):
        model = make_model(encoder_folder, max_iter=1).fit(X, target)
        np.testing.assert_array_equal(model.decision_function(X), expected.decision_function(texts))
        assert sp.issparse(model.predict(X)) == sp.issparse(target)


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_unknown_and_soft_labels(container, encoder_folder, data):
    texts, y = data
    y = np.asarray(y, dtype=float)
    options = {"max_iter": 1, "uncertain_labels": True}
    hard = make_model(encoder_folder, max_iter=1).fit(texts, y)
    np.testing.assert_array_equal(
        make_model(encoder_folder, **options).fit(texts, container(y)).decision_function(texts),
        hard.decision_function(texts),
    )
    uncertain = y.copy()
    uncertain[::5, 0], uncertain[1::5] = np.nan, 0.8 * y[1::5]
    model = make_model(encoder_folder, **options, label_smoothing=0.1).fit(texts, container(uncertain))
    np.testing.assert_allclose(model.label_counts_, np.nansum(uncertain, axis=0), rtol=1e-6)
    assert np.isfinite(model.decision_function(texts)).all()
    assert np.abs(model.decision_function(texts) - hard.decision_function(texts)).max() > 1e-3
    with pytest.raises(ValueError, match="uncertain_labels=True"):
        make_model(encoder_folder).fit(texts, container(uncertain))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_classes(n_classes, encoder_folder, data):
    texts, y = data
    names = np.array(["no", "yes", "perhaps"])
    classes = names[np.minimum(y[:, 0] + y[:, 1], n_classes - 1)]
    model = make_model(encoder_folder, max_iter=12).fit(texts, classes)
    proba = model.predict_proba(texts)
    assert proba.shape == (len(texts), n_classes)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(model.classes_[proba.argmax(axis=1)], model.predict(texts))
    assert (model.predict(texts) == classes).mean() > 0.9
    assert model.decision_function(texts).shape == ((len(texts),) if n_classes == 2 else (len(texts), 3))
    with pytest.raises(ValueError, match="predict_topk is for label indicators"):
        model.predict_topk(texts, 1)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_rows_of_weight_zero_are_as_if_removed(encoder_folder, data, early_stopping):
    texts, y = data
    weight = np.arange(len(texts)) % 3
    kept = weight > 0
    model = make_model(encoder_folder, early_stopping=early_stopping, validation_fraction=0.2)
    weighted = clone(model).fit(texts, y, sample_weight=weight)
    without = model.fit([text for text, keep in zip(texts, kept) if keep], y[kept], sample_weight=weight[kept])
    np.testing.assert_array_equal(weighted.weights_["head.weight"], without.weights_["head.weight"])
    np.testing.assert_array_equal(weighted.label_counts_, without.label_counts_)
    assert vars(weighted).get("validation_scores_") == vars(without).get("validation_scores_")


def test_weights(encoder_folder, data):
    texts, y = data
    weight = np.arange(len(texts)) % 3
    weighted = make_model(encoder_folder).fit(texts, y, sample_weight=weight)
    np.testing.assert_array_equal(weighted.label_counts_, weight @ y)
    assert weighted.n_samples_fit_ == weight.sum()
    plain = make_model(encoder_folder).fit(texts, y)
    assert np.abs(plain.weights_["head.weight"] - weighted.weights_["head.weight"]).max() > 1e-4


def test_bad_input_loads_nothing_and_changes_nothing(encoder_folder, data, fitted, monkeypatch):
    texts, y = data

    def load(*args, **kwargs):
        raise AssertionError("the encoder was loaded")

    monkeypatch.setattr("skbalance.finetuning._models.TextModel.pretrained", load)
    before = dict(vars(fitted))
    wrong = [
        ([*texts[:-1], None], y, {}, ValueError, "1 missing text"),
        (texts[0], y, {}, TypeError, "X is a str"),
        (texts, y[:-1], {}, ValueError, "inconsistent numbers of samples"),
        (texts, 2 * y, {}, ValueError, "holds only 0 and 1"),
        (texts, y, {"loss": "fokal"}, ValueError, "loss must be"),
        (texts, y, {"device": "gpu0"}, ValueError, "device='gpu0' cannot be used here"),
        (texts, y, {"pooling": "max"}, ValueError, "'pooling' parameter"),
        (texts, y, {"warmup_fraction": 1.0}, ValueError, "'warmup_fraction' parameter"),
        (texts, y, {"checkpoint_dir": "x", "random_state": None}, ValueError, "checkpoint_dir needs a random_state"),
        (texts, y, {"label_texts": ["a"]}, ValueError, "a text for each of 4 labels; got 1"),
        (texts, y, {"label_texts": {4: "a"}}, ValueError, r"must be column numbers from 0 to 3; got \[4\]"),
        (texts, y, {"label_texts": [1, 2, 3, 4]}, TypeError, "must hold strings, or None; got 1"),
    ]
    params = fitted.get_params()
    for X, target, changed, error, message in wrong:
        fitted.set_params(**changed)
        with pytest.raises(error, match=message):
            fitted.fit(X, target)
        fitted.set_params(**params)
        assert vars(fitted) == before
    with pytest.raises(ValueError, match="zero"):
        fitted.fit(texts, y, sample_weight=np.zeros(len(texts)))


@pytest.mark.parametrize(
    "model", ["/no/such/folder", pytest.param("no-such-organisation/no-such-model", marks=pytest.mark.slow)]
)
def test_a_model_that_is_not_there(model, data):
    with pytest.raises(OSError, match=f"The model '{model}' is no local folder"):
        FineTunedMultiLabelClassifier(model, local_files_only=True).fit(*data)


def test_home_folder(encoder_folder, data, monkeypatch):
    monkeypatch.setenv("HOME", str(encoder_folder.parent))
    make_model(f"~/{encoder_folder.name}", max_iter=1).fit(*data)


def test_labels_without_texts_are_warned_of(encoder_folder, data):
    texts, y = data
    with pytest.warns(UserWarning, match="1 of 5 labels have no positive sample"):
        make_model(encoder_folder, max_iter=1).fit(texts, np.hstack([y, np.zeros((len(y), 1), int)]))


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


def test_clone_is_unfitted(fitted):
    assert set(vars(clone(fitted))) == set(fitted.get_params())


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


def test_interrupting_changes_nothing(fitted, data, monkeypatch):
    texts, y = data
    before, proba = dict(vars(fitted)), fitted.predict_proba(texts)
    state = torch.get_rng_state()

    def interrupt(self, run):
        if run.step == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("skbalance.finetuning._training.Progress.update", interrupt)
        for warm_start in (False, True):
            fitted.warm_start = warm_start
            with pytest.raises(KeyboardInterrupt):
                fitted.fit(texts, y)
    fitted.warm_start = False
    assert vars(fitted) == before
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(fitted.predict_proba(texts), proba)


@pytest.mark.slow
def test_going_on_after_the_process_was_killed(encoder_folder, data, tmp_path):
    """Another process knows the checkpoint by its name, and comes to the same weights."""
    params = {"checkpoint_dir": tmp_path / "checkpoints", "max_iter": 3, "early_stopping": True, "scoring": "f1_macro"}
    code = (
        "import os, signal, sys, torch\n"
        "from skbalance.finetuning import _checkpoints, _training\n"
        "from tests.text.tagged import make_model, make_texts\n"
        "torch.set_num_threads(1)\n"
        "_checkpoints.SECONDS_BETWEEN_CHECKPOINTS = 0.0\n"
        "def kill(self, run):\n"
        "    if run.step == 6:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "_training.Progress.update = kill\n"
        "make_model(sys.argv[1], checkpoint_dir=sys.argv[2], max_iter=3, early_stopping=True, scoring='f1_macro')"
        ".fit(*make_texts())\n"
    )
    command = [sys.executable, "-c", code, str(encoder_folder), str(params["checkpoint_dir"])]
    done = subprocess.run(command, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == -signal.SIGKILL
    assert len(list(params["checkpoint_dir"].iterdir())) == 2  # the last one, and the one before
    steps = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skbalance.finetuning._training.Progress.update", lambda self, run: steps.append(run.step))
        again = make_model(encoder_folder, **params).fit(*data)
    assert steps[0] == 6
    assert list(params["checkpoint_dir"].iterdir()) == []
    whole = make_model(encoder_folder, **params | {"checkpoint_dir": None}).fit(*data)
    assert again.loss_curve_ == whole.loss_curve_
    for name, array in whole.weights_.items():
        np.testing.assert_array_equal(array, again.weights_[name])


CHANGES = [
    {"pooling": "cls"}, {"loss": "bce"}, {"loss": FocalLoss(gamma=1.0)}, {"loss": FocalLoss(gamma=1.5)},
    {"max_length": 9}, {"batch_size": 8}, {"max_tokens": 64}, {"max_iter": 3}, {"learning_rate_init": 0.1},
    {"weight_decay": 0.1},
    {"head_learning_rate_init": 0.2}, {"warmup_fraction": 0.2}, {"max_grad_norm": None}, {"label_texts": WORDS},
    {"n_frozen_layers": 1}, {"lora_rank": 2}, {"gradient_checkpointing": True}, {"precision": "bfloat16"},
    {"early_stopping": True}, {"early_stopping": True, "scoring": "f1_micro"}, {"random_state": 1},
    {"early_stopping": True, "scoring": make_scorer(f1_score, average="micro")}, {"n_iter_no_change": 3},
    {"early_stopping": True, "scoring": make_scorer(f1_score, average="macro")}, {"label_smoothing": 0.1},
    {"early_stopping": True, "validation_fraction": 0.3},
]  # fmt: skip


def name_of_checkpoints(monkeypatch, model, texts, y, sample_weight=None, **validation):
    """What the checkpoints of a training would be called, which is not run."""
    names = []

    def capture(*args, checkpoints, **kwargs):
        names.append(checkpoints.name)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("skbalance.finetuning.fine_tune", capture)
        with pytest.raises(KeyboardInterrupt):
            model.fit(texts, y, sample_weight=sample_weight, **validation)
    return names[0]


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_whatever_changes_a_training_begins_it_anew(encoder_folder, data, tmp_path, monkeypatch):
    texts, y = data
    shared = {"checkpoint_dir": tmp_path}
    config = shutil.copytree(encoder_folder, tmp_path / "other") / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"attention_probs_dropout_prob": 0.3}))
    trainings = [(make_model(encoder_folder, **shared, **change), texts, y) for change in ({}, *CHANGES)]
    trainings += [
        (make_model(config.parent, **shared), texts, y),
        (make_model(encoder_folder, **shared), texts[::-1], y),
        (make_model(encoder_folder, **shared), texts, 1 - y),
        (make_model(encoder_folder, **shared), texts, y, np.linspace(1, 2, len(y))),
    ]
    names = [name_of_checkpoints(monkeypatch, *training) for training in trainings]
    stopping = make_model(encoder_folder, early_stopping=True, **shared)
    for own in (
        {"X_val": texts[:5], "y_val": y[:5]},
        {"X_val": texts[1:6], "y_val": y[:5]},
        {"X_val": texts[:5], "y_val": 1 - y[:5]},
        {"X_val": texts[:5], "y_val": y[:5], "sample_weight_val": np.arange(5)},
    ):
        names.append(name_of_checkpoints(monkeypatch, stopping, texts, y, **own))
    assert len(set(names)) == len(names)
    for same in ({"verbose": 0}, {"checkpoint_dir": tmp_path / "elsewhere"}):
        assert name_of_checkpoints(monkeypatch, make_model(encoder_folder, **shared | same), texts, y) == names[0]
    moved = shutil.copytree(encoder_folder, tmp_path / "moved")
    assert name_of_checkpoints(monkeypatch, make_model(moved, **shared), texts, y) == names[0]


@pytest.mark.parametrize("name", ["scoring", "loss"])
def test_what_cannot_be_told_apart_needs_no_checkpoints(name, encoder_folder, data, tmp_path):
    class OwnLoss(FocalLoss):
        pass

    params = {"early_stopping": True, "max_iter": 1, name: OwnLoss() if name == "loss" else lambda *args: 1.0}
    make_model(encoder_folder, **params).fit(*data)
    model = make_model(encoder_folder, checkpoint_dir=tmp_path / "made", **params)
    with pytest.raises(ValueError, match=f"checkpoint_dir needs a {name} that tells one training from another"):
        model.fit(*data)
    assert not (tmp_path / "made").exists()


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
    scores = iter([1.0, 3.0, 2.0, 2.5])
    kept = []

    def evaluation(*args, **options):
        def evaluate(network):
            kept.append(network.head.weight.detach().clone().numpy())
            return next(scores)

        return evaluate

    monkeypatch.setattr(FineTunedMultiLabelClassifier, "_evaluation", evaluation)
    model = make_model(encoder_folder, early_stopping=True, max_iter=9).fit(texts, y)
    assert model.validation_scores_ == [1.0, 3.0, 2.0, 2.5]
    np.testing.assert_array_equal(model.weights_["head.weight"], kept[1])
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


def test_searching_over_losses(encoder_folder, data):
    texts, y = data
    search = GridSearchCV(make_model(encoder_folder), {"loss": ["bce", "cb_ntr"]}, cv=2, scoring="f1_micro")
    search.fit(texts, y)
    assert set(search.cv_results_["param_loss"]) == {"bce", "cb_ntr"}
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    nested = make_model(encoder_folder, loss=FocalLoss()).set_params(loss__gamma=1.0)
    assert nested.loss.gamma == 1.0
    with pytest.raises(ValueError, match="cannot be set while loss='db' is a string"):
        make_model(encoder_folder).set_params(loss__gamma=1.0)


def test_tuned_thresholds_on_a_hold_out(encoder_folder, data):
    texts, y = data
    tuned = TunedThresholdMultiLabelClassifierCV(make_model(encoder_folder, max_iter=6), cv=0.3, random_state=0)
    tuned.fit(texts, y)
    assert tuned.predict(texts).shape == y.shape
    assert tuned.thresholds_.shape == (4,)


def test_beside_words_as_a_second_scorer(encoder_folder, data):
    texts, y = data
    words = make_pipeline(TfidfVectorizer(), BalancedMultiLabelClassifier())
    scorers = [("words", words), ("encoder", make_model(encoder_folder, max_iter=6))]
    tuned = TunedThresholdMultiLabelClassifierCV(scorers, cv=0.3, random_state=0).fit(texts, y)
    assert (tuned.predict(texts) == y).mean() > 0.9


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


def test_lists_of_tags(encoder_folder, data):
    texts, y = data
    tags = [[word for word, positive in zip(WORDS, row) if positive] for row in y]
    classifier = TagClassifier(make_model(encoder_folder, max_iter=12)).fit(texts, tags)
    predicted = classifier.predict(texts)
    assert np.mean([set(a) == set(b) for a, b in zip(predicted, tags)]) > 0.9


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


def test_numbers_of_numpy_are_read_as_pythons(encoder_folder, data):
    texts, y = data[:2]
    of_numpy = {"batch_size": np.uint8(16), "max_iter": np.uint8(1), "local_files_only": np.True_}
    models = [
        make_model(encoder_folder, **params).fit(texts, y)
        for params in ({"max_iter": 1, "local_files_only": True}, of_numpy)
    ]
    np.testing.assert_array_equal(*(model.decision_function(texts) for model in models))
