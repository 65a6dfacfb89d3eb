"""Corpora with a long tail of labels, real and generated.

Loaders follow `sklearn.datasets`: they return a :class:`~sklearn.utils.Bunch`, or ``(data, target)`` with
``return_X_y=True``.
"""

from skbalance.datasets._bioasq import load_bioasq
from skbalance.datasets._generator import make_long_tailed_multilabel
from skbalance.datasets._reuters import fetch_reuters21578
from skbalance.datasets._web_features import load_web_features

__all__ = ["fetch_reuters21578", "load_bioasq", "load_web_features", "make_long_tailed_multilabel"]
