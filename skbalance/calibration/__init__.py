"""Calibration: probabilities from scores, fitted on rows that the models did not see."""

from skbalance.calibration._calibrated import CalibratedMultiLabelClassifierCV

__all__ = ["CalibratedMultiLabelClassifierCV"]
