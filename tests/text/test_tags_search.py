"""`TagClassifier` in searches and cross-validation, and around them."""

from collections import Counter

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import config_context
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MultiLabelBinarizer

from skbalance import BalancedMultiLabelClassifier
from skbalance.metrics import MultilabelScorer, group_f1_scorer
from skbalance.model_selection import MultilabelStratifiedKFold, multilabel_train_test_split
from skbalance.text._tags import TagClassifier

from .grain import NAMES, TAGS, TEXTS, Recorder


def test_around_a_search(pipeline):
    grid = {"onevsrestclassifier__estimator__C": [1e-3, 100.0]}
    search = GridSearchCV(pipeline, grid, cv=KFold(3), scoring="f1_micro", error_score="raise")
    classifier = TagClassifier(search).fit(TEXTS, TAGS)
    assert classifier.estimator_.best_params_ == {"onevsrestclassifier__estimator__C": 100.0}
    y = MultiLabelBinarizer().fit_transform(TAGS)
    predicted = MultiLabelBinarizer(classes=NAMES).fit_transform(classifier.predict(TEXTS))
    assert classifier.score(TEXTS, TAGS) == f1_score(y, predicted, average="micro")


def test_inside_a_search(pipeline):
    grid = {"estimator__onevsrestclassifier__estimator__C": [1e-3, 100.0]}
    search = GridSearchCV(TagClassifier(pipeline), grid, cv=KFold(3), error_score="raise")
    assert search.fit(TEXTS, TAGS).best_score_ == 1.0


def test_metadata_routing():
    weight = np.arange(1.0, 31)
    with config_context(enable_metadata_routing=True):
        asked = TagClassifier(Recorder().set_fit_request(sample_weight=True)).fit(TEXTS, TAGS, sample_weight=weight)
        np.testing.assert_array_equal(asked.estimator_.sample_weight_, weight)
        search = GridSearchCV(
            TagClassifier(Recorder().set_fit_request(sample_weight=True)),
            {"classes": [None]},
            cv=KFold(3),
            scoring=lambda estimator, X, y: len(estimator.estimator_.sample_weight_),
        )
        assert search.fit(TEXTS, TAGS, sample_weight=weight).best_score_ == 20
        with pytest.raises(TypeError, match="sample_weight"):
            TagClassifier(Recorder().set_fit_request(sample_weight=False)).fit(TEXTS, TAGS, sample_weight=weight)


def test_weights_of_the_one_call_need_no_request():
    def scores(**params):
        model = TagClassifier(random_state=0).fit(TEXTS, TAGS, **params)
        wrong = model.score(TEXTS[:2], [TAGS[0], []], **{name: [3, 1] for name in params})
        return np.array([wrong, *(row[0][1] for row in model.predict_topk(TEXTS, 1))])

    weight = np.arange(30) % 3
    plain = scores(sample_weight=weight)
    with config_context(enable_metadata_routing=True):
        np.testing.assert_array_equal(scores(sample_weight=weight), plain)
        assert scores()[0] == 0.5
    assert plain[0] == 0.75
    assert (scores()[1:] != plain[1:]).any()


def test_one_call_in_cross_validation():
    scores = cross_val_score(TagClassifier(random_state=0), TEXTS, TAGS, cv=KFold(2))
    assert scores.min() > 0.6


STRINGS = [" ; ".join(row) for row in TAGS]


@pytest.mark.parametrize("y", [STRINGS, pd.Series(STRINGS, index=range(50, 80)), np.array(STRINGS), pl.Series(STRINGS)])
def test_strings_of_tags_are_a_target_like_any_other(pipeline, y):
    model = TagClassifier(pipeline, sep=";")
    assert cross_val_score(model, TEXTS, y, cv=5, error_score="raise").tolist() == [1] * 5
    predicted = cross_val_predict(model, TEXTS, y, cv=5)
    assert predicted.tolist() == [";".join(sorted(row)) for row in TAGS]
    search = GridSearchCV(model, {"classes": [None, NAMES[::-1]]}, cv=3, error_score="raise").fit(TEXTS, y)
    assert search.best_score_ == 1
    assert search.score(TEXTS, y) == search.score(TEXTS, TAGS) == 1
    train, test, y_train, y_test = multilabel_train_test_split(TEXTS, y, test_size=0.5, random_state=0, stratify=y)
    assert model.fit(train, y_train).score(test, y_test) == 1


def test_strings_of_tags_by_default_and_back():
    model = TagClassifier(sep=";", random_state=0).fit(TEXTS, STRINGS)
    assert list(model.classes_) == NAMES
    predicted = model.predict(["wheat and corn", "the price of oil", "and"])
    assert predicted.dtype == object
    assert predicted.tolist()[:2] == ["corn;wheat", "oil"]
    assert [tag for tag, _ in model.predict_topk(["crude oil"], k=1)[0]] == ["oil"]
    with pytest.raises(ValueError, match="'sep' parameter of TagClassifier must be"):
        TagClassifier(sep=3).fit(TEXTS, STRINGS)
    with pytest.raises(ValueError, match="sep must be a string of at least one character, or None; got ''"):
        TagClassifier(sep="").fit(TEXTS, STRINGS)


def test_lists_of_tags_in_cross_validation(pipeline):
    model, folds = TagClassifier(pipeline), MultilabelStratifiedKFold(5)
    predicted = cross_val_predict(model, TEXTS, TAGS, cv=folds)
    assert predicted.shape == (30,)
    assert predicted.tolist() == [tuple(sorted(row)) for row in TAGS]
    assert (model.fit(TEXTS, TAGS).tag_indicator(predicted) != model.tag_indicator(TAGS)).nnz == 0
    scorer = MultilabelScorer(f1_score, average="macro")
    assert cross_val_score(model, TEXTS, TAGS, cv=folds, scoring=scorer, error_score="raise").tolist() == [1] * 5
    search = GridSearchCV(model, {"sparse_output": [True, False]}, cv=folds, scoring=scorer, error_score="raise")
    assert search.fit(TEXTS, pd.Series(TAGS)).score(TEXTS, TAGS) == 1
    counted = TagClassifier(make_pipeline(TfidfVectorizer(), BalancedMultiLabelClassifier()))
    tail = cross_val_score(counted, TEXTS, TAGS, cv=folds, scoring=group_f1_scorer("tail", boundaries=(5, 50)))
    assert len(tail) == 5
    _, _, train, test = multilabel_train_test_split(TEXTS, TAGS, test_size=0.5, random_state=0, stratify=TAGS)
    counts, counts_test = (Counter(tag for row in part for tag in row) for part in (train, test))
    assert all(abs(counts[tag] - counts_test[tag]) <= 1 for tag in NAMES)


def test_indicators_for_metrics_of_scikit_learn(pipeline):
    model = TagClassifier(pipeline, sparse_output=False).fit(TEXTS, TAGS)
    truth, predicted = model.tag_indicator(TAGS), model.tag_indicator(model.predict(TEXTS))
    np.testing.assert_array_equal(truth, MultiLabelBinarizer(classes=NAMES).fit_transform(TAGS))
    assert f1_score(truth, predicted, average="macro") == 1
    with pytest.raises(NotFittedError):
        TagClassifier(pipeline).tag_indicator(TAGS)
