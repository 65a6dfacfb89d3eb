import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_auc_score, roc_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skbalance import TagClassifier
from skbalance.metrics import label_groups
from skbalance.plotting import LabelPrecisionRecallDisplay, LabelRocDisplay

from .tidy import assert_tidy

RNG = np.random.default_rng(0)
COUNTS = np.array([900, 40, 30, 9, 8, 2])
Y = (RNG.random((300, 6)) < [0.5, 0.3, 0.2, 0.1, 0.05, 0.03]).astype(int)
SCORES = Y + RNG.normal(scale=0.8, size=Y.shape)
BOTH = pytest.mark.parametrize("display", [LabelPrecisionRecallDisplay, LabelRocDisplay])
SKLEARN = {LabelPrecisionRecallDisplay: average_precision_score, LabelRocDisplay: roc_auc_score}


def areas(drawn):
    return drawn.average_precision if isinstance(drawn, LabelPrecisionRecallDisplay) else drawn.roc_auc


class Fitted:
    """A model whose scores are known beforehand."""

    def __init__(self, scores=SCORES, **learned):
        self.scores = scores
        vars(self).update(learned)

    def decision_function(self, X):
        return self.scores


@BOTH
@pytest.mark.parametrize("container", [np.asarray, sp.csr_matrix, sp.coo_array, pd.DataFrame])
@pytest.mark.parametrize("weight", [None, RNG.integers(0, 3, 300)])
def test_areas_are_those_of_scikit_learn(display, container, weight):
    drawn = display.from_predictions(container(Y), SCORES, label_counts=COUNTS, sample_weight=weight)
    score = SKLEARN[display]
    expected = {kind: score(Y, SCORES, average=kind, sample_weight=weight) for kind in ("micro", "macro")}
    for group, members in label_groups(COUNTS).items():
        expected[group] = score(Y[:, members], SCORES[:, members], average="macro", sample_weight=weight)
    assert areas(drawn) == pytest.approx(expected)
    assert list(areas(drawn)) == ["micro", "macro", "head", "medium", "tail"]
    assert list(drawn.lines_) == list(expected)


def test_curves_of_labels_and_of_all_pairs_are_those_of_scikit_learn():
    drawn = LabelPrecisionRecallDisplay.from_predictions(Y, SCORES, curves=[2, "micro"])
    for name, truth, scores in (("label 2", Y[:, 2], SCORES[:, 2]), ("micro", Y.ravel(), SCORES.ravel())):
        precision, recall, _ = precision_recall_curve(truth, scores, drop_intermediate=True)
        np.testing.assert_array_equal(drawn.precision[name], precision)
        np.testing.assert_array_equal(drawn.lines_[name].get_xdata(), recall)
    drawn = LabelRocDisplay.from_predictions(Y, SCORES, curves=[2, "micro"])
    for name, truth, scores in (("label 2", Y[:, 2], SCORES[:, 2]), ("micro", Y.ravel(), SCORES.ravel())):
        fpr, tpr, _ = roc_curve(truth, scores)
        np.testing.assert_array_equal(drawn.fpr[name], fpr)
        np.testing.assert_array_equal(drawn.lines_[name].get_ydata(), tpr)


def test_the_mean_curve_has_the_mean_area():
    drawn = LabelPrecisionRecallDisplay.from_predictions(Y, SCORES, curves="macro")
    recall, precision = drawn.recall["macro"], drawn.precision["macro"]
    assert recall[0] == 1
    assert recall[-1] == 0
    assert -np.sum(np.diff(recall) * precision[:-1]) == pytest.approx(drawn.average_precision["macro"], abs=2e-3)
    at = np.flatnonzero(np.isclose(recall, 0.25))
    best = [max(p for p, r in zip(*precision_recall_curve(Y[:, j], SCORES[:, j])[:2]) if r >= 0.25) for j in range(6)]
    assert 0 < precision[at] <= np.mean(best)
    drawn = LabelRocDisplay.from_predictions(Y, SCORES, curves="macro")
    fpr, tpr = drawn.fpr["macro"], drawn.tpr["macro"]
    assert (fpr[0], tpr[0], fpr[-1], tpr[-1]) == (0, 0, 1, 1)
    assert (np.diff(tpr) >= 0).all()
    assert auc(fpr, tpr) == pytest.approx(drawn.roc_auc["macro"], abs=2e-3)


def test_the_mean_precision_at_a_recall():
    y, scores = np.array([[1, 0], [0, 1], [1, 0], [0, 1]]), np.array([[4, 9], [3, 3], [2, 1], [1, 2]])
    drawn = LabelPrecisionRecallDisplay.from_predictions(y, scores, curves="macro")
    at = {level: drawn.precision["macro"][np.isclose(drawn.recall["macro"], level)] for level in (0.3, 0.5, 0.8, 1)}
    assert {level: value.item() for level, value in at.items()} == pytest.approx(
        {0.3: (1 + 1 / 2) / 2, 0.5: (1 + 1 / 2) / 2, 0.8: 2 / 3, 1: 2 / 3}
    )


@BOTH
def test_labels_without_a_curve_are_left_out_and_told(display):
    y = np.column_stack([Y, np.zeros(300, dtype=int), np.ones(300, dtype=int)])
    scores = np.column_stack([SCORES, SCORES[:, :2]])
    drawn = display.from_predictions(y, scores, label_counts=[*COUNTS, 1, 300])
    assert drawn.left_out.tolist() == ([6] if display is LabelPrecisionRecallDisplay else [6, 7])
    seen = [j for j in range(8) if j not in drawn.left_out]
    assert areas(drawn)["macro"] == pytest.approx(SKLEARN[display](y[:, seen], scores[:, seen], average="macro"))
    title = drawn.ax_.get_legend().get_title().get_text()
    assert title.startswith(f"{len(drawn.left_out)} label")
    assert "without a positive" in title
    assert_tidy(drawn.figure_)
    with pytest.raises(ValueError, match=r"'label 6' has no curve: it is without a positive .*in y_true"):
        display.from_predictions(y, scores, curves=[0, 6])
    with pytest.raises(ValueError, match=r"'micro' has no curve"):
        display.from_predictions(y[:, [6]], scores[:, [6]])


@BOTH
def test_a_group_without_a_curve_is_left_out_unless_it_is_asked_for(display):
    y = np.column_stack([Y[:, :2], np.zeros(300, dtype=int)])
    asked = {"y_true": y, "y_score": SCORES[:, :3], "label_counts": [90, 80, 3]}
    assert list(areas(display.from_predictions(**asked))) == ["micro", "macro", "head"]
    with pytest.raises(ValueError, match="'tail' has no curve"):
        display.from_predictions(**asked, curves=["tail"])


@BOTH
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_unknown_pairs_are_left_out(display, container):
    unknown = RNG.random(Y.shape) < 0.2
    drawn = display.from_predictions(container(np.where(unknown, np.nan, Y)), SCORES, curves=["micro", "macro", 1])
    score, known = SKLEARN[display], ~unknown
    each = [score(Y[known[:, j], j], SCORES[known[:, j], j]) for j in range(6)]
    expected = {"micro": score(Y[known], SCORES[known]), "macro": np.mean(each), "label 1": each[1]}
    assert areas(drawn) == pytest.approx(expected)


@BOTH
def test_names_of_labels(display):
    frame = pd.DataFrame(Y, columns=["a", "b", "c", "d", "e", "macro"])
    assert list(areas(display.from_predictions(frame, SCORES, curves=["b", 0, "macro"]))) == ["b", "a", "macro"]
    named = display.from_predictions(frame, SCORES, curves=["y", 5], display_labels=list("xyzuvw"))
    assert list(named.lines_) == ["y", "w"]
    np.testing.assert_allclose(areas(named)["w"], SKLEARN[display](Y[:, 5], SCORES[:, 5]))


@BOTH
def test_from_estimator(display):
    drawn = display.from_estimator(Fitted(label_counts_=COUNTS), None, Y)
    assert areas(drawn) == areas(display.from_predictions(Y, SCORES, label_counts=COUNTS))
    assert list(areas(display.from_estimator(Fitted(), None, Y))) == ["micro", "macro"]
    given = display.from_estimator(Fitted(), None, Y, label_counts=COUNTS, curves="head", line_kw={"lw": 5})
    assert list(given.lines_) == ["head"]
    assert given.lines_["head"].get_linewidth() == 5


@BOTH
def test_tags(display):
    texts = ["wheat and corn prices", "crude oil", "wheat harvest", "oil and gas", "corn", "gas prices"] * 5
    tags = [["wheat", "corn"], ["crude"], ["wheat"], ["crude", "gas"], ["corn"], ["gas"]] * 5
    model = TagClassifier(random_state=0).fit(texts, tags)
    piped = make_pipeline(FunctionTransformer(), model)
    expected = SKLEARN[display](model.tag_indicator(tags).toarray(), model.predict_proba(texts), average="micro")
    for estimator in (model, piped):
        drawn = display.from_estimator(estimator, texts, tags, curves=["micro", "crude"])
        assert areas(drawn)["micro"] == pytest.approx(expected)
        assert list(drawn.lines_) == ["micro", "crude"]


@BOTH
@pytest.mark.parametrize("n_curves", [1, 6])
def test_tidy_on_given_axes(display, n_curves):
    ax = plt.subplots()[1]
    drawn = display.from_predictions(Y, SCORES, curves=range(n_curves), ax=ax)
    assert drawn.ax_ is ax
    assert drawn.figure_ is ax.figure
    assert_tidy(drawn.figure_)


@BOTH
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"y_score": SCORES[:, :2]}, r"y_score must have the shape of y_true, \(300, 6\); got \(300, 2\)"),
        ({"y_score": np.where(Y, np.nan, SCORES)}, "y_score must be finite"),
        ({"curves": ["tail"]}, r"got 'tail'. The groups head, medium and tail need label_counts"),
        ({"curves": ["a", "nobody"]}, r"columns from 0 to 5; got 'a'"),
        ({"curves": [6]}, "got 6"),
        ({"curves": [-1]}, "got -1"),
        ({"curves": [True]}, "columns from 0 to 5; got True"),
        ({"curves": []}, "curves must hold one at least"),
        ({"display_labels": ["a"]}, "one name for each of 6 labels"),
        ({"label_counts": [1, 2]}, "label_counts has 2 entries, but there are 6 labels"),
        ({"sample_weight": [1, 2]}, "sample_weight must have shape"),
    ],
)
def test_what_is_refused(display, given, message):
    with pytest.raises(ValueError, match=message):
        display.from_predictions(**{"y_true": Y, "y_score": SCORES, **given})


def test_constructors_refuse_what_are_no_curves():
    with pytest.raises(ValueError, match="tpr must map the names of curves, those of all the others"):
        LabelRocDisplay({"a": [0, 1]}, {"b": [0, 1]}, roc_auc={"a": 1})
    with pytest.raises(ValueError, match="recall must map the names of curves"):
        LabelPrecisionRecallDisplay([0, 1], [0, 1], average_precision=1)
    with pytest.raises(ValueError, match=r"'a' has shapes \(2,\), \(3,\), \(\)"):
        LabelRocDisplay({"a": [0, 1]}, {"a": [0, 1, 1]}, roc_auc={"a": 1})


@BOTH
def test_without_matplotlib(display, no_matplotlib):
    with pytest.raises(ImportError, match=rf"{display.__name__}.plot needs matplotlib"):
        display.from_predictions(Y, SCORES)
