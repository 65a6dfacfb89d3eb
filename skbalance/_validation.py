"""What the package takes from scikit-learn's private parts, in one place.

No other file imports a private name of scikit-learn; where a name moves between versions, only this file
knows.
"""

from sklearn.utils._param_validation import Interval, StrOptions, validate_params

__all__ = ["Interval", "StrOptions", "validate_params"]
