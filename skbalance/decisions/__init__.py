"""Decisions: thresholds on scores, set on rows that the models did not see."""

from skbalance.decisions._thresholds import TunedThresholdMultiLabelClassifierCV

__all__ = ["TunedThresholdMultiLabelClassifierCV"]
