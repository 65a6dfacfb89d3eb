"""Samples to validate on, of which no label loses all that it has."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from .._targets import rounded
from ..model_selection import MultilabelStratifiedShuffleSplit


def hold_out_rows(y: sp.csr_array, fraction: float, random_state) -> tuple[np.ndarray, np.ndarray]:
    """Split the samples into those to train on and a fraction to validate on, which has the same share of every label.

    A label keeps one positive sample at least to train on.

    Parameters
    ----------
    y : csr_array of shape (n_samples, n_labels)
        Canonical indicator. Soft labels are positive from 0.5 on, unknown ones never.
    fraction : float
        Share of the samples to hold out, in (0, 1); about so many are, but at least one.
    random_state : RandomState
        Decides which.

    Returns
    -------
    train, held_out : ndarray of int
        The samples of each part.

    Raises
    ------
    ValueError
        If no sample would be left for one of the parts.
    """
    n_samples = y.shape[0]
    n_held = max(1, round(fraction * n_samples))
    if n_held >= n_samples:
        raise ValueError(f"validation_fraction={fraction} of {n_samples} samples leaves none to train on.")
    y = rounded(y)
    splitter = MultilabelStratifiedShuffleSplit(1, test_size=n_held, random_state=random_state)
    train, held_out = next(splitter.split(y, y))
    seen = np.bincount(y[train].indices, minlength=y.shape[1]) > 0
    back = np.zeros(held_out.size, dtype=bool)
    for place in np.flatnonzero(y[held_out] @ (~seen).astype(np.int64)):
        labels = y.indices[y.indptr[held_out[place]] : y.indptr[held_out[place] + 1]]
        back[place] = not seen[labels].all()
        seen[labels] = True
    train, held_out = np.append(train, held_out[back]), held_out[~back]
    if not held_out.size:
        raise ValueError(
            f"early_stopping=True has no sample to hold out: with validation_fraction={fraction} each of the {n_held} "
            "would be the last positive one of a label. Give more samples, or early_stopping=False."
        )
    return train, held_out
