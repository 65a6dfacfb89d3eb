"""TagClassifier as a whole: more of what speaks for a tag, no words at all, and many tags."""

import tracemalloc

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from skbalance import TagClassifier

from .tickets import FILL, TAGS, WORDS, described, tickets

N_TAGS = 300


@pytest.mark.parametrize(("n_texts", "seed"), [(80, 0), (150, 1), (300, 2)])
def test_a_text_with_more_words_of_a_tag_never_loses_it(n_texts, seed):
    model = TagClassifier(random_state=0).fit(*tickets(n_texts, seed))
    rng = np.random.default_rng(seed)
    found = []
    for tag in model.classes_:
        for _ in range(10):
            common, words = rng.choice(FILL, 4).tolist(), rng.permutation(WORDS[tag].split()).tolist()
            predicted = model.predict([" ".join(common + words[:n]) for n in range(2, 7)])
            found.append([tag in tags for tags in predicted])
    has = np.array(found)
    assert not (has[:, :-1] & ~has[:, 1:]).any()
    assert has[:, -1].mean() > 0.9


UNSEEN = {"parking": "garage barrier permit bay kerb meter", "catering": "lunch menu canteen coffee tray buffet"}


@pytest.mark.parametrize("seed", [0, 1])
def test_nor_does_one_without_any_training_text(seed):
    texts, tags = tickets(150, seed)
    described_by = {tag: f"{tag} {words}" for tag, words in {**WORDS, **UNSEEN}.items()}
    names = {"classes": [*TAGS, *UNSEEN], "label_texts": described_by, "random_state": 0}
    model = TagClassifier(predict_unseen=True, **names).fit(texts, tags)
    for tag, words in UNSEEN.items():
        own = [tag, *words.split()]
        predicted = model.predict([" ".join(own[:n]) for n in range(1, 8)])
        has = [tag in tags for tags in predicted]
        assert has == sorted(has)
        assert has[-1]
    predicted, without = model.predict(texts), TagClassifier(**names).fit(texts, tags).predict(texts)
    # Other tags are what they are where such tags are not predicted, and such tags are rare among texts of others.
    assert [tuple(tag for tag in row if tag not in UNSEEN) for row in predicted] == without
    assert np.mean([tag in row for row in predicted for tag in UNSEEN]) < 0.03


def test_where_names_tell_nothing_a_tag_without_a_training_text_is_not_predicted():
    """Nothing of what tags are called stands in these texts, but for pieces of words."""
    texts, tags = tickets(150)
    model = TagClassifier(classes=[*TAGS, *UNSEEN], predict_unseen=True, random_state=0).fit(texts, tags)
    assert not any(tag in row for row in model.predict([*texts, "parking", "catering"]) for tag in UNSEEN)


def test_explanations_sum_to_the_score():
    texts, tags = tickets(300)
    model = TagClassifier(random_state=0).fit(texts, tags)
    decisions = model.estimator_[-1].decisions_
    _, intercepts = decisions.model.of_labels(decisions.label_counts)
    for row in model.explain(texts[:50]):
        for evidence in row:
            added = sum(share for _, share in evidence.evidence.values())
            odds = added + intercepts[model.classes_.tolist().index(evidence.label)]
            assert 1 / (1 + np.exp(-odds)) == pytest.approx(evidence.score, rel=1e-3)


@pytest.mark.parametrize("texts", [["", "zzqq xxyy", "!!"], ["zzqq"]])
@pytest.mark.parametrize(
    ("settings", "tags"), [({}, 1), ({"min_labels": 0}, 0), ({"min_labels": 2, "max_labels": 2}, 2)]
)
def test_texts_without_a_known_word(settings, tags, texts):
    model = TagClassifier(random_state=0, **settings).fit(*tickets(150))
    commonest = model.estimator_[-1].label_counts_.argsort()[::-1][:tags]
    expected = [tuple(model.classes_[np.sort(commonest)])] * len(texts)
    n = len(texts)
    given = ["no tag", "the commonest tag", "the 2 commonest tags"][tags]
    message = rf"{n} of {n + 1} texts have no known word, the first is row 0 \(counted from 0\); they get {given}\."
    with pytest.warns(UserWarning, match=message):
        predicted = model.predict([*texts, described("invoices", 3)])
    assert predicted[:-1] == expected
    assert "invoices" in predicted[-1]
    ranked = model.predict_topk([*texts, described("invoices", 3)], k=3)
    assert [tuple(sorted(tag for tag, _ in row)) for row in ranked[:-1]] == [tuple(sorted(row)) for row in expected]
    assert len(ranked[-1]) == 3


@pytest.mark.parametrize(("least", "most"), [(0, 1), (1, 1), (2, 2), (2, 3), (0, None)])
def test_bounds_on_tags_a_text(least, most):
    texts, tags = tickets(150)
    predicted = TagClassifier(min_labels=least, max_labels=most, random_state=0).fit(texts, tags).predict(texts)
    sizes = [*map(len, predicted)]
    assert min(sizes) >= least
    assert max(sizes) <= (most or 10)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"min_labels": 3, "max_labels": 2}, "min_labels=3 is more than max_labels=2"),
        ({"min_labels": 11}, "min_labels=11 is more than y has labels, 10"),
        ({"max_labels": 11}, "max_labels=11 is more than y has labels, 10"),
        ({"max_labels": 0}, "'max_labels' parameter of TagClassifier"),
        ({"min_labels": "all"}, "'min_labels' parameter of TagClassifier"),
    ],
)
def test_bad_bounds_are_named(settings, match):
    texts, tags = tickets(150)
    model = TagClassifier(classes=TAGS, **settings)
    with pytest.raises(ValueError, match=match):
        model.fit(texts, tags)
    assert not hasattr(model, "estimator_")


def many_tags(n_texts=900):
    """Texts of two of 300 tags, whose name and another word stand in it."""
    rng = np.random.default_rng(0)
    tags = [[f"tag{a:03}", f"tag{b:03}"] for a, b in (rng.choice(N_TAGS, 2, replace=False) for _ in range(n_texts))]
    return [" ".join([*row, *(f"word{tag[3:]}" for tag in row), *rng.choice(FILL, 3)]) for row in tags], tags


def test_of_many_tags_those_that_were_not_looked_at_are_not_spoken_of():
    texts, tags = many_tags()
    model = TagClassifier(random_state=0).fit(texts, tags)
    width = model.estimator_[-1].n_candidates_
    assert width < N_TAGS == len(model.classes_)
    predicted = model.predict(texts[:40])
    assert np.mean([set(row) == set(found) for row, found in zip(tags, predicted)]) > 0.9
    whole = model.predict_topk(texts[:40], k=N_TAGS)
    for row, found in zip(whole, predicted):
        names, scores = zip(*row)
        assert width == len(row) == len(set(names))
        assert list(scores) == sorted(scores, reverse=True)
        assert min(scores) > 0
        assert set(found) <= set(names)
    for k in (1, 5):
        assert model.predict_topk(texts[:40], k=k) == [row[:k] for row in whole]


def test_the_best_tags_need_no_array_of_rows_and_tags():
    texts, tags = many_tags()
    model = TagClassifier(random_state=0).fit(texts, tags)
    rows = texts[:40] * 250
    tracemalloc.start()
    found = model.predict_topk(rows, k=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == 10_000
    # A float64 for every text and tag would be 24 MB a scorer and a match.
    assert peak < 100e6


class Lengths(BaseEstimator):
    """Random numbers, the same for texts of the same length."""

    def __init__(self, width=6):
        self.width = width

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return np.array([np.random.default_rng(len(text)).normal(size=self.width) for text in X])


class FewerRows(TransformerMixin, Lengths):
    def transform(self, X):
        return super().transform(X)[:-1]


class OneColumn(TransformerMixin, Lengths):
    def transform(self, X):
        return super().transform(X)[:, 0]


@pytest.mark.parametrize("label_texts", ["tags", None])
def test_an_embedder_gives_evidence_and_keeps_its_width(label_texts):
    texts, tags = tickets(150)
    embedder = Lengths()
    model = TagClassifier(embedder=embedder, label_texts=label_texts, random_state=0).fit(texts, tags)
    names = [column.name for column in model.estimator_[-1].decisions_.model.columns]
    for name in ("score of linear_embedding", "score of centroid_embedding", "score of linear", "score of centroid"):
        assert name in names
    assert ("match of embedding" in names) == (label_texts == "tags")
    assert not hasattr(embedder, "fitted_")
    assert np.mean([set(row) == set(found) for row, found in zip(tags, model.predict(texts))]) > 0.5
    dict(model.estimator_[0].transformer_list)["embedding"].width = 5
    for ask in (model.predict, model.explain, lambda rows: model.predict_topk(rows, k=2)):
        with pytest.raises(ValueError, match="features"):
            ask(texts)


@pytest.mark.parametrize(("embedder", "shape"), [(FewerRows(), r"\(149, 6\)"), (OneColumn(), r"\(150,\)")])
def test_an_embedder_gives_a_row_for_each_text(embedder, shape):
    with pytest.raises(ValueError, match=f"embedding of 150 texts must have a row for each; got .* {shape}"):
        TagClassifier(embedder=embedder).fit(*tickets(150))


class NoEstimator:
    """A transformer without what scikit-learn's own have."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.ones((len(X), 2))


def test_an_embedder_that_is_no_estimator_is_refused_before_anything_is_fitted():
    with pytest.raises(ValueError, match="The 'embedder' parameter of TagClassifier must be"):
        TagClassifier(embedder=NoEstimator()).fit(["a", "b"], [["a"], ["b"]])


class Stateless(BaseEstimator):
    """A transformer that sets nothing when it is fitted."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.array([[len(text), text.count("a")] for text in X], dtype=float)


def test_an_embedder_need_not_say_that_it_is_fitted():
    texts, tags = tickets(100)
    model = TagClassifier(embedder=Stateless(), random_state=0).fit(texts, tags)
    assert (
        len(model.predict(texts[:3])) == len(model.predict_topk(texts[:3], k=2)) == len(model.explain(texts[:3])) == 3
    )


def test_top_words_are_those_of_the_linear_score_or_the_mean_of_the_texts():
    texts = ["wheat harvest", "crude oil", "wheat falls", "oil rises", "wheat rises", "crude falls"] * 4 + ["tin mine"]
    tags = [["grain"], ["oil"], ["grain"], ["oil"], ["grain"], ["oil"]] * 4 + [["metal"]]
    model = TagClassifier(random_state=0).fit(texts, tags)
    assert [word for word, _ in model.top_words("grain", 2)] == ["wheat", "harvest"]
    (first, second) = model.top_words("metal", k=2)
    assert {first[0], second[0]} == {"tin", "mine"}
    assert first[1] >= second[1] > 0
    weights = [weight for _, weight in model.top_words("oil")]
    assert len(weights) == 8
    assert weights == sorted(weights, reverse=True)
    with pytest.raises(ValueError, match="tag must be one of classes_; got 'gas'"):
        model.top_words("gas")
    with pytest.raises(ValueError, match="number of words, 10; got 11"):
        model.top_words("oil", 11)
    around = TagClassifier(make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LinearSVC()))).fit(texts, tags)
    with pytest.raises(ValueError, match="pass no estimator"):
        around.top_words("oil")
