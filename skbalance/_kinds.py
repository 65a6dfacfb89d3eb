"""What a parameter may be, where its type alone does not say so; see `validate_hyperparameters`, `validate_params`."""

from collections.abc import Callable
from numbers import Integral, Real
from typing import Annotated, Any, Literal

import numpy as np

from ._validation import HasMethods, Interval

# Beyond it squares are no numbers in double precision, nor their sums in single precision.
LARGEST = 1e30

Count = Annotated[int, Interval(Integral, 1, None, closed="left")]
CountFromZero = Annotated[int, Interval(Integral, 0, None, closed="left")]
Finite = Annotated[float, Interval(Real, -LARGEST, LARGEST, closed="both")]
NotNegative = Annotated[float, Interval(Real, 0, LARGEST, closed="both")]
Positive = Annotated[float, Interval(Real, 0, LARGEST, closed="right")]
# Its inverse is a number in single precision too.
Invertible = Annotated[float, Interval(Real, 1e-30, LARGEST, closed="both")]
Share = Annotated[float, Interval(Real, 0, 1, closed="both")]
ShareBelowOne = Annotated[float, Interval(Real, 0, 1, closed="left")]
InnerShare = Annotated[float, Interval(Real, 0, 1, closed="neither")]
Auto = Literal["auto"]
ArrayLike = Annotated[Any, "array-like"]
Jobs = Annotated[int, Interval(Integral, None, None, closed="neither")]
RandomState = Annotated[Any, Interval(Integral, 0, 2**32 - 1, closed="both"), np.random.RandomState, None]
ResponseMethod = Literal["auto", "decision_function", "predict_proba"]
Scorer = Annotated[Any, HasMethods(["fit", "predict_proba"]), HasMethods(["fit", "decision_function"])]
TunerScoring = (
    Literal["f1_micro_macro", "f1_micro", "f1_macro", "f1_samples", "f1_weighted"]
    | Literal["jaccard_macro", "jaccard_micro", "jaccard_samples"]
    | Callable
)
Verbosity = Annotated[int, "verbose"]
