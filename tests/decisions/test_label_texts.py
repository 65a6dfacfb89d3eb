"""What labels are called: reading, matching, and what it does to decisions."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, clone
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from skbalance import TunedThresholdMultiLabelClassifierCV
from skbalance.decisions import label_vectors, readable
from skbalance.decisions._label_texts import LabelMatcher, check_label_texts, other_number

OVR = OneVsRestClassifier(LogisticRegression())


@pytest.mark.parametrize("text", ["castor-oil", "CastorOil", "castor/oil", "castor_oil", " Castor  oil.", "castorOil"])
def test_names_are_read_as_words(text):
    assert readable(text) == "castor oil"


def test_capitals_that_stand_together_stay_together():
    assert readable("CPI") == "cpi"
    assert readable("DNARepair") == "dna repair"


@pytest.mark.parametrize(
    ("one", "many"),
    [("soybean", "soybeans"), ("crude oil", "crudes oils"), ("berry", "berries"), ("box", "boxes"), ("day", "days")],
)
def test_numbers_are_exchanged(one, many):
    assert other_number(one) == many
    assert other_number(many) == one


def test_words_that_only_look_like_plurals_stay():
    assert other_number("grass virus 42 of") == "grass virus 42 of"


def test_one_text_for_each_label():
    assert check_label_texts(["a", "B-c"], 2) == [["a"], ["b c"]]
    assert check_label_texts(np.array(["a", "b"], dtype=object), 2) == [["a"], ["b"]]
    assert check_label_texts({1: "b", 0: "a"}, 2) == [["a"], ["b"]]
    assert check_label_texts([["a", "B-c"], ("d",)], 2) == [["a", "b c"], ["d"]]
    assert check_label_texts({1: "b", 0: ["a", ""]}, 2) == [["a", ""], ["b"]]
    assert check_label_texts("columns", 2, names=("CastorOil", 7)) == [["castor oil"], ["7"]]
    vectors = check_label_texts(sp.csr_matrix(np.eye(2)), 2)
    np.testing.assert_array_equal(vectors.match(sp.csr_array(np.eye(2)))[0], np.eye(2))
    assert check_label_texts(["a", ""], 2) == [["a"], [""]]
    assert check_label_texts(vectors, 2) is vectors
    with pytest.raises(ValueError, match="a row for each of 3 labels; got 2"):
        check_label_texts(vectors, 3)


@pytest.mark.parametrize(
    ("texts", "error", "match"),
    [
        (["a"], ValueError, "one text for each of 2 labels; got 1"),
        ("ab", TypeError, "one text for each of 2 labels, or be 'columns'; got 'ab'"),
        ("columns", ValueError, "needs a y whose columns have names"),
        (["a", []], ValueError, "has an empty list for label 1"),
        ({0: [], 1: "a"}, ValueError, "has an empty list for label 0"),
        (["a", ["b", None]], TypeError, r"that of label 1 is \['b', None\]"),
        (["a", {"b"}], TypeError, "that of label 1 is {'b'}"),
        ([["", "--"], "."], ValueError, "holds no word"),
        (["a", None], TypeError, "that of label 1 is None"),
        ({0: "a"}, ValueError, r"without a text are \[1\]"),
        ({0: "a", 1: "b", 7: "c"}, ValueError, r"no column are \[7\]"),
        (["", "--"], ValueError, "holds no word"),
        (np.eye(3), ValueError, "a row for each of 2 labels; got 3"),
        (np.full((2, 2), np.nan), ValueError, "NaN"),
        (5, TypeError, "got int"),
    ],
)
def test_bad_texts_are_named(texts, error, match):
    with pytest.raises(error, match=match):
        check_label_texts(texts, 2)


def test_a_malformed_matrix_is_refused():
    matrix = sp.csr_matrix(np.eye(2))
    matrix.indptr[1] = 2**30
    with pytest.raises(ValueError, match="label_texts is a malformed CSR matrix"):
        check_label_texts(matrix, 2)


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_match_is_the_cosine(container):
    rows = np.array([[1.0, 1, 0, 2], [0, 0, 0, 0]])
    vectors = check_label_texts(container(np.array([[1.0, 0, 0, 1], [0, 0, 1, 0], [0, 0, 0, 0]])), 3)
    assert vectors.n_labels == 3
    (cosines,) = vectors.match(container(rows))
    np.testing.assert_allclose(cosines, [[3 / np.sqrt(12), 0, 0], [0, 0, 0]], rtol=1e-6)
    assert vectors.names == ["match"]
    with pytest.raises(ValueError, match="matrix of 4 columns, and the rows have 3"):
        vectors.match(container(rows[:, :3]))


def test_found_is_the_share_of_a_text_whatever_else_the_row_says():
    letters = CountVectorizer(analyzer="char", vocabulary="abcd")
    vectors = label_vectors(letters, ["aaabbbb", "c"], plurals=False)
    assert vectors.names == ["match", "found"]
    _, found = vectors.match(letters.transform(["addddddddd", "aaaaaaab", "ccd"]))
    np.testing.assert_allclose(found, [[0.36, 0], [1, 0], [0, 1]], rtol=1e-6)


def test_rows_that_hold_a_place_twice_or_zeros_match_as_others():
    letters = CountVectorizer(analyzer="char", vocabulary="abcd")
    vectors = label_vectors(letters, ["aab", "c"], plurals=False)
    rows = letters.transform(["aaad", "bc"])
    values, columns = [1.5, 0, 1.5, 1, 0.5, 1, 0.5, 0], [0, 2, 0, 3, 1, 2, 1, 0]
    odd = sp.csr_array((values, columns, [0, 4, 8]), shape=(2, 4))
    assert (odd != rows).nnz == 0
    for of_rows, of_odd in zip(vectors.match(rows), vectors.match(odd)):
        np.testing.assert_allclose(of_odd, of_rows, rtol=1e-6)


@pytest.mark.parametrize("dense", [False, True])
def test_of_several_texts_the_best_counts(dense):
    words = CountVectorizer().fit(["wheat grain corn maize oil"])
    transform = make_pipeline(words, FunctionTransformer(lambda X: X.toarray())) if dense else words
    vectors = label_vectors(transform, [["corn", "maize"], "oil", ["wheat", "grain", "nothing"]], plurals=False)
    assert vectors.n_labels == 3
    rows = transform.transform(["maize maize", "corn oil", "grain wheat", ""])
    half = np.sqrt(0.5)
    np.testing.assert_allclose(vectors.match(rows)[0], [[1, 0, 0], [half, half, 0], [0, 0, half], [0, 0, 0]], rtol=1e-6)
    # It is what the best of the labels with one text each has.
    alone = label_vectors(transform, ["corn", "maize", "oil", "wheat", "grain", "nothing"], plurals=False)
    for many, one in zip(vectors.match(rows), alone.match(rows)):
        np.testing.assert_array_equal(many, np.maximum.reduceat(one, [0, 2, 3], axis=1))


def test_plurals_are_tried_where_they_are_asked_for():
    words = CountVectorizer().fit(["apples apple pears"])
    union = FeatureUnion([("a", words), ("b", CountVectorizer().fit(["apples apple pears"]))])
    rows = union.transform(["apples", "pears"])
    for plurals, expected in ((True, [1, 1]), (False, [0, 0]), (("b",), [0, 1])):
        vectors = label_vectors(union, ["apple", "pear"], plurals=plurals)
        matches = dict(zip(vectors.names, vectors.match(rows)))
        assert [matches[f"match of {name}"][1, 1] for name in "ab"] == expected
        # Where texts are matched as they are, the share that is found is told too.
        as_they_are = {"a", "b"} if plurals is False else {"a", "b"} - set(plurals) if plurals is not True else set()
        assert {name for name in "ab" if f"found of {name}" in matches} == as_they_are


def test_texts_go_through_the_transformers_of_a_pipeline():
    texts = ["red apples fall", "green pears", "an apple a day", "pear trees"]
    y = np.array([[1, 0], [0, 1], [1, 0], [0, 1]])
    words = TfidfVectorizer()
    union = FeatureUnion([("words", words), ("skip", "drop"), ("letters", CountVectorizer(analyzer="char"))])
    as_they_are = FeatureUnion([("plain", "passthrough")])
    for features, names in (
        ([words], ["match"]),
        ([union], ["match of words", "match of letters"]),
        ([words, as_they_are], ["match of plain"]),
    ):
        scorer = make_pipeline(*features, OVR).fit(texts, y)
        matcher = LabelMatcher(check_label_texts(["Apple", "Pear"], 2)).fit(scorer, texts)
        rows, shared = matcher.features(scorer, texts)
        assert shared
        vectors = matcher.vectors(scorer)
        assert vectors.names == names
        matches = vectors.match(rows)
        assert len(matches) == len(names)
        np.testing.assert_array_equal(matches[0] > 0, y == 1)


def test_texts_without_a_pipeline_have_a_vectorizer_of_their_own():
    matcher = LabelMatcher([["apple"], ["pear"]]).fit(OVR, ["red apples", "pears"])
    rows, shared = matcher.features(OVR, ["apples and pears", "nothing"])
    assert not shared
    np.testing.assert_array_equal(matcher.vectors(OVR).match(rows)[0] > 0, [[True, True], [False, False]])
    with pytest.raises(ValueError, match="a Pipeline is needed whose transformers take texts"):
        LabelMatcher([["apple"]]).fit(OVR, np.eye(3))


WORDS = [f"w{chr(97 + i // 26)}{chr(97 + i % 26)}x" for i in range(60)]


def corpus(n_rows=700, seed=0):
    """Texts of one or two of 60 labels, most of them rare, whose name stands in two of three of their texts."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, 61) ** 1.3
    y = np.zeros((n_rows, 60), dtype=int)
    texts = []
    for row in y:
        labels = rng.choice(60, rng.integers(1, 3), replace=False, p=share / share.sum())
        row[labels] = 1
        words = [WORDS[label] for label in labels if rng.random() < 0.7]
        words += [f"s{label}k{rng.integers(3)}" for label in labels if rng.random() < 0.5]
        texts.append(" ".join([*words, *(f"noise{i}" for i in rng.integers(0, 80, 8))]))
    return texts, y


def fit(label_texts, y=None, **settings):
    texts, target = corpus()
    model = make_pipeline(TfidfVectorizer(), OVR)
    tuned = TunedThresholdMultiLabelClassifierCV(model, label_texts=label_texts, cv=3, random_state=0, **settings)
    return tuned.fit(texts, target if y is None else y)


@pytest.mark.filterwarnings("ignore:Label .* is present in all training examples")
def test_names_find_rare_labels_and_codes_do_no_harm():
    test, y_test = corpus(seed=1)
    macro = {}
    for kind, names in (("none", None), ("names", WORDS), ("codes", [f"class-{i}" for i in range(60)])):
        macro[kind] = f1_score(y_test, fit(names).predict(test), average="macro", zero_division=0)
    assert macro["names"] > macro["none"] + 0.05
    assert macro["codes"] == pytest.approx(macro["none"], abs=0.02)


@pytest.mark.filterwarnings("ignore:Label .* is present in all training examples")
def test_labels_without_a_training_row():
    texts, y = corpus()
    test, y_test = corpus(seed=1)
    unseen = [3, 11, 17]
    y[:, unseen] = 0
    never = fit(WORDS, y)
    assert not never.predict(test)[:, unseen].any()
    model = fit(WORDS, y, predict_unseen=True)
    predicted = model.predict(test)
    np.testing.assert_array_equal(np.delete(predicted, unseen, axis=1), np.delete(never.predict(test), unseen, axis=1))
    assert f1_score(y_test[:, unseen], predicted[:, unseen], average="micro") > 0.6
    assert (model.decision_scores(test) > model.thresholds_)[:, unseen].sum() == predicted[:, unseen].sum()


@pytest.mark.filterwarnings("ignore:Label .* is present in all training examples")
def test_a_label_is_a_candidate_for_its_name_alone():
    """With two candidates of 60 by score, those whose name stands in the text can be predicted all the same."""
    test, _ = corpus(seed=1)
    few = fit(WORDS, max_candidates=2)
    scores = few.decision_scores(test)
    vocabulary = few.estimator_[0].vocabulary_
    named = np.array([[word in text.split() and word in vocabulary for word in WORDS] for text in test])
    assert (scores[named & (few.label_counts_ > 0)] > 0).all()
    assert (scores > 0).sum(axis=1).max() <= 2 + 8


@pytest.mark.filterwarnings("ignore:Label .* is present in all training examples")
def test_explanations_name_the_match():
    model = fit(WORDS)
    text = f"noise1 {WORDS[5]} noise2"
    (found,) = model.explain([text])
    assert [evidence.label for evidence in found] == np.flatnonzero(model.predict([text])[0]).tolist() == [5]
    assert found[0].score > found[0].threshold
    assert found[0].evidence["match"][0] > 0
    assert "match" in str(found[0])
    labels, scores = model.predict_topk([text], k=3)
    assert labels[0, 0] == 5
    np.testing.assert_array_equal(scores[0], model.decision_scores([text])[0, labels[0]])
    with pytest.raises(ValueError, match="k must be an integer from 1"):
        model.predict_topk([text], k=0)


@pytest.mark.filterwarnings("ignore:Label .* is present in all training examples")
def test_a_matrix_in_the_space_of_the_features():
    texts, y = corpus()
    vectorizer = TfidfVectorizer().fit(texts)
    X, names = vectorizer.transform(texts), vectorizer.transform(WORDS)
    plain = TunedThresholdMultiLabelClassifierCV(OVR, label_texts=names, cv=3, random_state=0)
    plain.fit(X, y)
    assert plain.best_score_ > 0.5
    with pytest.raises(ValueError, match="matrix of 3 columns"):
        plain.set_params(label_texts=np.ones((60, 3))).fit(X, y)


@pytest.mark.filterwarnings("ignore:Label .* is present in all training examples")
def test_names_of_the_columns_of_a_frame():
    texts, y = corpus(300)
    model = TunedThresholdMultiLabelClassifierCV(make_pipeline(TfidfVectorizer(), OVR), cv=3, random_state=0)
    named = clone(model).set_params(label_texts="columns").fit(texts, pd.DataFrame(y, columns=WORDS))
    given = clone(model).set_params(label_texts=WORDS).fit(texts, y)
    np.testing.assert_array_equal(named.predict(texts), given.predict(texts))
    for nameless in (y, sp.csr_array(y)):
        with pytest.raises(ValueError, match="needs a y whose columns have names"):
            named.fit(texts, nameless)


@pytest.mark.filterwarnings("ignore:Label .* is present in all training examples")
def test_of_name_synonym_and_description_the_best_counts():
    """A code and a word that stands in no text do no harm beside the name."""
    test, y_test = corpus(seed=1)
    several = fit([[f"class-{i}", word, "unheardof"] for i, word in enumerate(WORDS)])
    macro = f1_score(y_test, several.predict(test), average="macro", zero_division=0)
    alone = f1_score(y_test, fit(WORDS).predict(test), average="macro", zero_division=0)
    assert macro == pytest.approx(alone, abs=0.02)


class TakeOut(BaseEstimator):
    """In place of a resampler: acts in `fit` only."""

    def fit_resample(self, X, y):
        return X[::2], y[::2]


class Resampling(Pipeline):
    """A pipeline as that of imbalanced-learn, as far as it is needed here."""

    def _validate_steps(self):
        pass

    def fit(self, X, y):
        for _, step in self.steps[:-1]:
            X, y = step.fit_resample(X, y) if hasattr(step, "fit_resample") else (step.fit_transform(X), y)
        self.steps[-1][1].fit(X, y)
        return self

    def decision_function(self, X):
        return self.steps[-1][1].decision_function(self.steps[0][1].transform(X))


@pytest.mark.filterwarnings("ignore:Label .* is present in all training examples")
def test_resamplers_change_no_row_at_prediction():
    texts, y = corpus()
    resampling = Resampling([("words", TfidfVectorizer()), ("fewer", TakeOut()), ("model", clone(OVR))])
    model = TunedThresholdMultiLabelClassifierCV(resampling, label_texts=WORDS, cv=3, random_state=0).fit(texts, y)
    half = make_pipeline(TfidfVectorizer().fit(texts), clone(OVR))
    half.steps[1][1].fit(half[0].transform(texts)[::2], y[::2])
    np.testing.assert_allclose(model.decision_function(texts), half.decision_function(texts))
    assert [column.name for column in model.decisions_.model.columns] == ["score", "lead", "match"]
    ((_, candidates),) = model._fitted.candidates(texts, 60, ranked=False)
    expected = np.where(model.label_counts_ > 0, half.decision_function(texts), -np.inf)
    np.testing.assert_allclose(candidates.scores[..., 0], expected, rtol=1e-5)
    named = np.array([[word in text.split() for word in WORDS] for text in texts])
    known = [word in half[0].vocabulary_ for word in WORDS]
    np.testing.assert_array_equal((candidates.matches[..., 0] > 0)[:, known], named[:, known])


@pytest.mark.parametrize("column", ["text", ["text"]])
def test_what_takes_no_texts_says_what_to_pass(column):
    texts, y = corpus(100)
    frame = pd.DataFrame({"text": texts, "length": [*map(len, texts)]})
    words = TfidfVectorizer() if column == "text" else OneHotEncoder(handle_unknown="ignore")
    pipeline = make_pipeline(ColumnTransformer([("text", words, column)]), OVR)
    model = TunedThresholdMultiLabelClassifierCV(pipeline, label_texts=WORDS, cv=2)
    message = (
        "the steps before the classifier do not take a list of them: .* Pass a matrix in the space of the features"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with pytest.raises(ValueError, match=f"(?s){message}"):
            model.fit(frame, y)
    assert not hasattr(model, "estimator_")


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"scores": "estimator", "label_texts": WORDS}, "need scores='pooled'"),
        ({"predict_unseen": True}, "needs label_texts"),
    ],
)
def test_settings_that_do_not_go_together(settings, match):
    texts, y = corpus()
    with pytest.raises(ValueError, match=match):
        TunedThresholdMultiLabelClassifierCV(make_pipeline(TfidfVectorizer(), OVR), **settings).fit(texts, y)
