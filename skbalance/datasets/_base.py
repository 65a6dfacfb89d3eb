"""What all loaders share: the indicator of lists of labels, and the form of what they return."""

from collections.abc import Collection, Sequence
from importlib.resources import files
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import Bunch

from skbalance._tag_lists import indicator_of_tags
from skbalance._validation import sparse_kind


def tag_matrix(rows: Sequence[Collection[str]], names: Sequence[str]) -> sparse.csr_matrix:
    """Return the 0/1 CSR matrix (int64) of the labels of each row, with a column for each name."""
    return sparse_kind()(indicator_of_tags(rows, names))


def as_returned(corpus: str, return_X_y: bool, *, data: Any, target: Any, target_names: Any, **more) -> Any:
    """Return ``(data, target)``, or a Bunch of all with the description ``descr/<corpus>.rst`` beside the code."""
    if return_X_y:
        return data, target
    descr = files("skbalance.datasets").joinpath("descr", f"{corpus}.rst").read_text(encoding="utf-8")
    names = np.array(target_names, dtype=object)
    return Bunch(data=data, target=target, target_names=names, **more, DESCR=descr)
