"""Figures of long-tailed multi-label data and models, in scikit-learn's display convention."""

from skbalance.plotting._cooccurrence import LabelCooccurrenceDisplay
from skbalance.plotting._frequency import LabelFrequencyDisplay, LabelSetDisplay
from skbalance.plotting._loss import LossDisplay
from skbalance.plotting._review import ReviewCurveDisplay
from skbalance.plotting._score import LabelScoreDisplay

__all__ = [
    "LabelCooccurrenceDisplay",
    "LabelFrequencyDisplay",
    "LabelScoreDisplay",
    "LabelSetDisplay",
    "LossDisplay",
    "ReviewCurveDisplay",
]
