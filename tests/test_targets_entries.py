"""Every public entry reads the same targets, and refuses the same in the same words."""

import matplotlib
import matplotlib.pyplot
import numpy as np
import pandas as pd
import pytest

from skbalance import (
    BalancedMultiLabelClassifier,
    CalibratedMultiLabelClassifierCV,
    TunedThresholdMultiLabelClassifierCV,
)
from skbalance.losses import LabelStatistics
from skbalance.metrics import group_f1_score, multilabel_brier_score_loss, precision_at_k_score
from skbalance.model_selection import (
    MultilabelStratifiedKFold,
    MultilabelStratifiedShuffleSplit,
    RepeatedMultilabelStratifiedKFold,
    multilabel_train_test_split,
)
from skbalance.plotting import (
    LabelCooccurrenceDisplay,
    LabelFrequencyDisplay,
    LabelPrecisionRecallDisplay,
    LabelScoreDisplay,
)
from tests.test_targets import INDICATORS, REFUSED, Y


@pytest.fixture(autouse=True)
def _no_windows():
    matplotlib.use("Agg")
    yield
    matplotlib.pyplot.close("all")


X = np.random.default_rng(0).normal(size=(40, 4))


def tuned(y):
    TunedThresholdMultiLabelClassifierCV(BalancedMultiLabelClassifier(loss="bce"), cv=2).fit(X, y)


def calibrated(y):
    CalibratedMultiLabelClassifierCV(BalancedMultiLabelClassifier(loss="bce"), cv=2).fit(X, y)


ENTRIES = {
    "classifier": lambda y: BalancedMultiLabelClassifier().fit(X, y),
    "tuner": tuned,
    "calibrator": calibrated,
    "folds": lambda y: list(MultilabelStratifiedKFold(2).split(X, y)),
    "repeated folds": lambda y: list(RepeatedMultilabelStratifiedKFold(n_splits=2, n_repeats=1).split(X, y)),
    "shuffled splits": lambda y: list(MultilabelStratifiedShuffleSplit(1, random_state=0).split(X, y)),
    "train and test": lambda y: multilabel_train_test_split(X, y, random_state=0),
}
INDICATOR_ENTRIES = {
    "statistics": LabelStatistics.from_targets,
    "F1": lambda y: group_f1_score(y, y, label_counts=[90, 20, 3]),
    "ranking": lambda y: precision_at_k_score(y, np.tile([0.3, 0.2, 0.1], (40, 1)), k=1),
    "Brier": lambda y: multilabel_brier_score_loss(y, np.full((40, 3), 0.5)),
    "frequency": LabelFrequencyDisplay.from_targets,
    "co-occurrence": LabelCooccurrenceDisplay.from_targets,
    "curves": lambda y: LabelPrecisionRecallDisplay.from_predictions(y, np.tile([0.3, 0.2, 0.1], (40, 1))),
    "scores": lambda y: LabelScoreDisplay.from_predictions(y, y, label_counts=[90, 20, 3]),
}
# These count shares, or round them, and leave out what is unknown.
SPLITTERS_AND_STATISTICS = ["statistics", "folds", "repeated folds", "shuffled splits", "train and test"]
TAKEN_BY = {
    "statistics": ("nan", "smoothed"),
    **dict.fromkeys(
        ("folds", "repeated folds", "shuffled splits", "train and test"),
        ("nan", "smoothed", "lists of tags", "Series of tags"),
    ),
    **dict.fromkeys(("F1", "ranking", "Brier", "curves", "scores"), ("nan",)),
}


@pytest.mark.filterwarnings("ignore:A column-vector")
@pytest.mark.parametrize(
    ("entry", "name"),
    [
        (entry, name)
        for entry in [*ENTRIES, *INDICATOR_ENTRIES]
        for name in ["lists of tags", "Series of tags", "strings", "signs", "nan", "smoothed", "ignored"]
        if name not in TAKEN_BY.get(entry, ())
    ],
)
def test_every_entry_refuses_in_the_same_words(entry, name):
    y, message = REFUSED[name]
    y = pd.concat([y] * 10) if isinstance(y, pd.Series) else y * 10 if isinstance(y, list) else np.tile(y, (10, 1))
    with pytest.raises(ValueError, match=message):
        (ENTRIES | INDICATOR_ENTRIES)[entry](y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("entry", [*ENTRIES, *INDICATOR_ENTRIES])
@pytest.mark.parametrize("name", ["lists", "csr_array twice", "sparse csc", "frame object", "polars", "arrow"])
def test_every_entry_reads_the_same(entry, name):
    (ENTRIES | INDICATOR_ENTRIES)[entry](INDICATORS[name])


@pytest.mark.parametrize("name", INDICATORS)
def test_models_and_statistics_of_every_form_are_those_of_an_array(name):
    expected = BalancedMultiLabelClassifier().fit(X, Y).decision_function(X)
    np.testing.assert_array_equal(
        BalancedMultiLabelClassifier().fit(X, INDICATORS[name]).decision_function(X), expected
    )
    statistics = LabelStatistics.from_targets(INDICATORS[name])
    np.testing.assert_array_equal(statistics.counts, Y.sum(axis=0))
    assert statistics.rebalance_center == LabelStatistics.from_targets(Y).rebalance_center


@pytest.mark.parametrize("entry", INDICATOR_ENTRIES)
def test_one_dimension_is_no_indicator(entry):
    with pytest.raises(ValueError, match=r"indicator of shape \(n_samples, n_labels\).*shape \(40,\)"):
        INDICATOR_ENTRIES[entry](["a", "b", "c", "d"] * 10)
