"""Data of pages, made at random."""

import shutil

import numpy as np
import scipy.sparse as sp

from skbalance.review import ReportData

_NAMES = ("chromium", "chromium-headless-shell", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, _NAMES)), None)


def make_data(n_rows=60, n_tags=12, seed=0, **other):
    """Rows of about two tags of a long tail, a fifth of which are missed, and as many wrongly given."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, n_tags + 1)
    truth, predicted = [np.zeros((n_rows, 2), dtype=int) for _ in range(2)]
    truth[:] = rng.choice(n_tags, size=truth.shape, p=share / share.sum())
    predicted[:] = np.where(rng.random(truth.shape) < 0.8, truth, rng.permutation(truth.ravel()).reshape(truth.shape))
    truth, predicted = (
        sp.csr_array((np.ones(2 * n_rows), labels.ravel(), np.arange(0, 2 * n_rows + 1, 2)), shape=(n_rows, n_tags))
        for labels in (truth, predicted)
    )
    truth, predicted = (matrix.astype(bool) for matrix in (truth, predicted))
    for matrix in (truth, predicted):
        matrix.sum_duplicates()
    words = np.array([f"word{number}" for number in range(500)])
    texts = [" ".join(rng.choice(words, 120)) for _ in range(n_rows)]
    data = {
        "title": "Report",
        "source": "Drawn at random.",
        "tags": [f"tag {number} of many" for number in range(n_tags)],
        "counts": np.asarray(truth.sum(axis=0)),
        "truth": truth,
        "predicted": predicted,
        "rows": np.arange(n_rows),
        "texts": texts,
        "thresholds": rng.random(n_tags),
        "promises": ["0.90 own" if number < 4 else "–" for number in range(n_tags)],
        "doubt": rng.exponential(size=n_rows),
        "words": {row: {0: texts[row].split()[:3]} for row in range(n_rows)},
        "issues": [(row, row % n_tags, row % 2 == 0, rng.random()) for row in range(min(n_rows, 50))],
    }
    return ReportData(**data | other)
