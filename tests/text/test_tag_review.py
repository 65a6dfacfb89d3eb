"""TagClassifier after the fit: which texts to look at, which tags to doubt."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from skbalance import TagClassifier, TunedThresholdMultiLabelClassifierCV

from .tickets import described, tickets

OVR = OneVsRestClassifier(LogisticRegression())


@pytest.fixture(scope="module")
def data():
    """Texts, their tags, and the same with tags of every tenth text taken away."""
    texts, tags = tickets(300)
    return texts, tags, [[] if i % 10 == 0 else row for i, row in enumerate(tags)]


@pytest.fixture(scope="module")
def model(data):
    return TagClassifier(random_state=0).fit(data[0], data[2])


def test_doubtful_texts_come_first(model, data):
    sure, mixed = described("invoices", 6), "hello " + " ".join(described(tag, 1) for tag in ("privacy", "contracts"))
    texts = [sure, mixed, sure]
    doubt = model.doubt(texts)
    assert doubt[1] > 2 * doubt[0]
    assert doubt[0] == doubt[2] > 0
    assert model.review_order(texts).tolist() == [1, 0, 2]


def test_a_text_without_a_known_word_is_among_the_doubtful(model, data):
    doubt = model.doubt(["xyzzy", *data[0]])
    assert doubt[0] > np.quantile(doubt, 0.9)


def test_tags_that_were_taken_away_are_found(model, data):
    texts, tags, fewer = data
    issues = model.label_issues(20, texts=texts)
    assert list(issues.columns) == ["row", "tag", "given", "probability", "margin", "text", "words"]
    assert issues.given.tolist() == [False, True] * 20
    missing = issues[~issues.given]
    assert np.mean([tag in tags[row] for row, tag in zip(missing.row, missing.tag)]) > 0.9
    assert (missing.row % 10 == 0).all()
    assert all(tag in fewer[row] for row, tag in zip(issues[issues.given].row, issues[issues.given].tag))
    assert [texts[row] for row in issues.row] == issues.text.tolist()
    assert all(word in text.split() for text, words in zip(missing.text, missing.words) for word in words.split(", "))
    assert "text" not in model.label_issues(1)


def test_what_is_confirmed_is_not_asked_again(model):
    issues = model.label_issues(5)
    again = model.label_issues(5, confirmed=issues)
    assert not set(zip(issues.row, issues.tag)) & set(zip(again.row, again.tag))
    assert model.label_issues(5, confirmed=list(zip(issues.row, issues.tag))).equals(again)
    rare = model.label_issues(50, rare=True).tag.unique()
    counts = model.estimator_[-1].label_counts_
    assert set(rare) == {tag for tag, n in zip(model.classes_, counts) if n < 35}


def test_rows_are_counted_as_fit_was_given_them(data):
    texts, tags, fewer = data
    weight = np.ones(300)
    weight[:100] = 0
    model = TagClassifier(random_state=0).fit(texts, fewer, sample_weight=weight)
    issues = model.label_issues(10)
    assert issues.row.min() >= 100
    missing = issues[~issues.given]
    assert np.mean([tag in tags[row] for row, tag in zip(missing.row, missing.tag)]) > 0.8


def test_around_a_tuner(data):
    texts, _, fewer = data
    tuner = TunedThresholdMultiLabelClassifierCV(OVR, random_state=0)
    model = TagClassifier(make_pipeline(TfidfVectorizer(), tuner)).fit(texts, fewer)
    last = model.estimator_[-1]
    X = model.estimator_[0].transform(texts)
    np.testing.assert_array_equal(model.doubt(texts), last.doubt(X))
    np.testing.assert_array_equal(model.review_order(texts), last.review_order(X))
    issues = model.label_issues(3, texts=texts)
    assert set(issues.words) == {""}
    assert issues.row.tolist() == last.label_issues(3).row.tolist()


@pytest.mark.parametrize("call", [("doubt", ["a"]), ("review_order", ["a"]), ("label_issues", 5)])
def test_estimators_without_scores_of_unseen_rows_are_refused(call, data):
    model = TagClassifier(make_pipeline(TfidfVectorizer(), OVR)).fit(data[0], data[1])
    with pytest.raises(ValueError, match=f"{call[0]} needs scores of training rows .* and Pipeline keeps none"):
        getattr(model, call[0])(call[1])
    with pytest.raises(NotFittedError):
        getattr(TagClassifier(), call[0])(call[1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 0}, "k must be a number of labels"),
        ({"texts": ["one"]}, "texts must be all that fit was given, 300 or more; got 1"),
        ({"confirmed": [(0, "nothing")]}, r"confirmed has a tag that is none of the model's: \['nothing'\]"),
        ({"confirmed": 5}, "confirmed must be rows of what label_issues gave, or pairs of a row and a tag"),
    ],
)
def test_bad_input(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        model.label_issues(**arguments)


def test_only_texts_are_read(model):
    with pytest.raises(TypeError):
        model.doubt([1, 2])
