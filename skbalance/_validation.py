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
from sklearn.utils.metaestimators import _BaseComposition as BaseComposition
from sklearn.utils.validation import _check_method_params as check_method_params
from sklearn.utils.validation import _check_sample_weight as check_sample_weight
from sklearn.utils.validation import _num_samples as num_samples

try:
    from sklearn.utils._repr_html.estimator import _VisualBlock as VisualBlock
except ImportError:  # scikit-learn 1.6
    from sklearn.utils._estimator_html_repr import _VisualBlock as VisualBlock

__all__ = [
    "DOCUMENTATION_URL",
    "BaseComposition",
    "DocLinkMixin",
    "HasMethods",
    "Interval",
    "SigmoidCalibration",
    "StrOptions",
    "VisualBlock",
    "_safe_indexing",
    "check_method_params",
    "check_sample_weight",
    "num_samples",
    "validate_hyperparameters",
    "validate_params",
]


DOCUMENTATION_URL = "https://skbalance.readthedocs.io/en/stable"


class DocLinkMixin:
    """Makes the HTML display of an estimator link to the page of its class."""

    _doc_link_module = "skbalance"
    _doc_link_template = f"{DOCUMENTATION_URL}/generated/{{estimator_module}}.{{estimator_name}}.html"


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
