"""The fine-tuned classifier as a scikit-learn estimator."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
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


def test_clone_is_unfitted(fitted):
    assert set(vars(clone(fitted))) == set(fitted.get_params())


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


def test_lists_of_tags(encoder_folder, data):
    texts, y = data
    tags = [[word for word, positive in zip(WORDS, row) if positive] for row in y]
    classifier = TagClassifier(make_model(encoder_folder, max_iter=12)).fit(texts, tags)
    predicted = classifier.predict(texts)
    assert np.mean([set(a) == set(b) for a, b in zip(predicted, tags)]) > 0.9


def test_numbers_of_numpy_are_read_as_pythons(encoder_folder, data):
    texts, y = data[:2]
    of_numpy = {"batch_size": np.uint8(16), "max_iter": np.uint8(1), "local_files_only": np.True_}
    models = [
        make_model(encoder_folder, **params).fit(texts, y)
        for params in ({"max_iter": 1, "local_files_only": True}, of_numpy)
    ]
    np.testing.assert_array_equal(*(model.decision_function(texts) for model in models))
