"""Figures of long-tailed multi-label data and models, in scikit-learn's display convention."""

from skbalance.plotting._curves import LabelPrecisionRecallDisplay, LabelRocDisplay, ReviewCurveDisplay
from skbalance.plotting._frequency import LabelCooccurrenceDisplay, LabelFrequencyDisplay
from skbalance.plotting._score import LabelScoreDisplay
from skbalance.plotting._words import TopWordsDisplay

__all__ = [
    "LabelCooccurrenceDisplay",
    "LabelFrequencyDisplay",
    "LabelPrecisionRecallDisplay",
    "LabelRocDisplay",
    "LabelScoreDisplay",
    "ReviewCurveDisplay",
    "TopWordsDisplay",
]
