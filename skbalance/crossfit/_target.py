"""The target of a meta-estimator: binary, or an indicator."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import DataConversionWarning

from skbalance._targets import UNKNOWN, read_labels
from skbalance._warnings import warn


def encode_tuning_targets(y):
    """Encode a target, and hold it to what thresholds can be set for: binary, or an indicator.

    Parameters
    ----------
    y : array-like or sparse of shape (n_samples,) or (n_samples, n_labels)
        Target as given. An indicator may hold NaN where a label is unknown.

    Returns
    -------
    y : ndarray or CSR
        What the estimator is to be fitted on.
    encoding : TargetEncoding
        How to give predictions back.
    indicator : csr_array of shape (n_samples, n_labels)
        The target inside, with its NaN.

    Raises
    ------
    ValueError
        If it is multiclass, continuous, not finite or not 0 and 1.
    """
    y, encoding, indicator = read_labels(y, also=UNKNOWN)
    if encoding.kind == "multiclass":
        raise ValueError(
            f"Unknown label type: multiclass, with {len(encoding.classes)} classes. A binary target or an indicator of "
            "0 and 1 is needed. Only binary classification is supported for a 1-D y."
        )
    if encoding.kind == "multilabel" and encoding.n_outputs == 1 and not sp.issparse(y):
        warn(
            "A column-vector y was passed when a 1d array was expected: it is taken as the indicator of one label. "
            "Pass a 1-D y for a binary target.",
            DataConversionWarning,
        )
    if y.ndim == 2 and y.dtype.kind in "iu" and np.iinfo(y.dtype).max < encoding.n_outputs:
        # scikit-learn 1.9's LabelBinarizer, and with it OneVsRestClassifier, numbers labels in the type of y.
        y = y.astype(np.int64)
    if encoding.n_outputs == 1 and indicator.dtype.kind != "f":
        # Classifiers disagree on what a single column is; on a 1-D target they agree.
        y = y.toarray().ravel() if sp.issparse(y) else y.ravel()
    return y, encoding, indicator
