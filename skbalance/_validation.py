"""What the package takes from scikit-learn's private parts, in one place.

No other file imports a private name of scikit-learn; where a name moves between versions, only this file
knows.
"""

from sklearn.calibration import _SigmoidCalibration as SigmoidCalibration
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    StrOptions,
    validate_parameter_constraints,
    validate_params,
)
from sklearn.utils.validation import _check_method_params as check_method_params
from sklearn.utils.validation import _check_sample_weight as check_sample_weight
from sklearn.utils.validation import _num_samples as num_samples

__all__ = [
    "HasMethods",
    "Interval",
    "SigmoidCalibration",
    "StrOptions",
    "_safe_indexing",
    "check_method_params",
    "check_sample_weight",
    "num_samples",
    "validate_hyperparameters",
    "validate_params",
]


def validate_hyperparameters(estimator):
    """Hold an estimator's own parameters to its ``_parameter_constraints``.

    Raises
    ------
    ValueError
        Naming the parameter, what it must be and what it is.
    """
    validate_parameter_constraints(
        estimator._parameter_constraints,
        estimator.get_params(deep=False),
        caller_name=type(estimator).__name__,
    )
