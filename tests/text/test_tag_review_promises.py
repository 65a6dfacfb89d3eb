"""What a TagClassifier says of its own work."""

import pickle

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from skbalance import TagClassifier, TunedThresholdMultiLabelClassifierCV

RARE = ["copper", "lead", "zinc", "nickel", "tin", "silver"]


def draw_texts(n_texts, seed):
    """Texts whose tags are words of them; "maybe" is drawn without regard to the words."""
    rng = np.random.default_rng(seed)
    texts, tags = [], []
    for _ in range(n_texts):
        row = [tag for tag, share in (("wheat", 0.4), ("oil", 0.3)) if rng.random() < share]
        row += [RARE[rng.integers(6)]] if rng.random() < 0.12 else []
        filler = [f"word{i}" for i in rng.integers(30, size=4)]
        texts.append(" ".join([*row, *filler]))
        tags.append([*row, "maybe"] if rng.random() < 0.3 else row)
    return texts, tags


@pytest.fixture(scope="module")
def careful():
    texts, tags = draw_texts(500, 0)
    return TagClassifier(min_precision=0.9, random_state=0).fit(texts, tags)


def test_promises_are_those_of_tags(careful):
    promises = careful.promises_
    kinds = dict(zip(promises.labels.tolist(), promises.kinds.tolist()))
    assert list(kinds) == sorted(["wheat", "oil", "maybe", *RARE])
    assert kinds["wheat"] == kinds["oil"] == "own"
    assert {kinds[tag] for tag in RARE} == {"shared"}
    assert kinds["maybe"] == "none"
    assert promises.to_frame().loc["maybe", "thresholds"] == 1
    assert repr(promises) == "Promises(precision >= 0.9, confidence 0.9: 2 labels on their own, 6 shared, 1 none)"


def test_promised_tags_are_predicted_and_the_rest_is_for_review(careful):
    texts, tags = draw_texts(300, 1)
    predicted, review = careful.predict(texts), careful.to_review(texts)
    assert not [row for row in predicted if "maybe" in row]
    assert sum(set(row) <= set(given) for row, given in zip(predicted, tags)) > 270
    usual = TagClassifier(random_state=0).fit(*draw_texts(500, 0)).predict(texts)
    left = [(i, [tag for tag in row if tag not in predicted[i]]) for i, row in enumerate(usual)]
    assert review == [(i, row) for i, row in left if row]
    assert any(row == ["maybe"] for _, row in review)
    assert pickle.loads(pickle.dumps(careful)).to_review(texts) == review
    explained = careful.explain(texts[:20])
    assert [{each.label for each in row} for row in explained] == [set(row) for row in predicted[:20]]


def test_text_without_a_known_word_has_no_tag(careful):
    with pytest.warns(UserWarning, match="they get no tag"):
        assert careful.predict(["qqqq", "wheat"]) == [(), ("wheat",)]
    with pytest.warns(UserWarning, match="no known word"):
        assert 0 not in [i for i, _ in careful.to_review(["qqqq", "wheat"])]


def test_missed_share_and_strings_of_tags():
    texts, tags = draw_texts(300, 2)
    joined = [";".join(row) for row in tags]
    model = TagClassifier(sep=";", max_missed=0.2, random_state=0).fit(texts, joined)
    assert model.promises_.measure == "recall"
    assert model.promises_.least == 0.8
    found = sum("wheat" in row.split(";") for row, given in zip(model.predict(texts), tags) if "wheat" in given)
    assert found > 0.8 * sum("wheat" in row for row in tags)
    assert all(isinstance(row, list) for _, row in model.to_review(texts))


def test_promises_of_a_tuner_inside():
    texts, tags = draw_texts(300, 3)
    linear = OneVsRestClassifier(LogisticRegression(C=100))
    settings = {"min_precision": 0.9, "cv": 3, "random_state": 0}
    pipelines = (
        make_pipeline(TfidfVectorizer(), TunedThresholdMultiLabelClassifierCV(linear, **settings)),
        TunedThresholdMultiLabelClassifierCV(make_pipeline(TfidfVectorizer(), linear), **settings),
    )
    for estimator in pipelines:
        model = TagClassifier(estimator).fit(texts, tags)
        kinds = dict(zip(model.promises_.labels.tolist(), model.promises_.kinds.tolist()))
        assert kinds["wheat"] == "own"
        assert not [row for row in model.predict(texts) for tag in row if kinds[tag] == "none"]
        assert all(kinds[tag] in ("none", "own", "shared") for _, row in model.to_review(texts) for tag in row)


def test_where_nothing_is_promised():
    texts, tags = draw_texts(60, 4)
    with pytest.raises(NotFittedError):
        TagClassifier(min_precision=0.9).to_review(texts)
    model = TagClassifier(random_state=0).fit(texts, tags)
    assert not hasattr(model, "promises_")
    with pytest.raises(ValueError, match="set min_precision or max_missed before fit"):
        model.to_review(texts)
    plain = make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression()))
    with pytest.raises(ValueError, match=r"to_review needs scores of training rows .* and Pipeline keeps none"):
        TagClassifier(plain).fit(texts, tags).to_review(texts)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"min_precision": 1.0},
            r"'min_precision' parameter of TagClassifier must be a float in the range \(0.0, 1.0\)",
        ),
        ({"max_missed": 0}, "'max_missed' parameter"),
        ({"min_precision": 0.9, "confidence": 1}, "'confidence' parameter"),
        ({"min_precision": 0.9, "max_missed": 0.1}, "min_precision or max_missed"),
        ({"min_precision": 0.9, "min_labels": 1}, "min_labels=1"),
        ({"estimator": OneVsRestClassifier(LogisticRegression()), "min_precision": 0.9}, "without an estimator"),
    ],
)
def test_promises_that_cannot_be_made(params, message):
    model = TagClassifier(**params)
    with pytest.raises(ValueError, match=message):
        model.fit(*draw_texts(60, 5))
    assert not hasattr(model, "estimator_")
