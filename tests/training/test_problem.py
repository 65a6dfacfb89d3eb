"""The choice of a solver, and blocks of labels."""

import numpy as np
import pytest

from skbalance.training._problem import choose_solver, label_blocks


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "lbfgs"),
        ({"sizes": [15_000, 5, 90]}, "adam"),
        ({"early_stopping": True}, "adam"),
        ({"sizes": [100_000, 18_211]}, "lbfgs"),
        ({"sizes": [100_000, 335], "separable": False}, "lbfgs"),
        ({"sizes": [100_000, 336], "separable": False}, "adam"),
        ({"solver": "adam"}, "adam"),
        ({"solver": "lbfgs", "sizes": [15_000, 18_211], "separable": False}, "lbfgs"),
    ],
)
def test_choice(change, expected):
    usual = {"solver": "auto", "sizes": [15_000, 90], "early_stopping": False, "separable": True}
    assert choose_solver(**{**usual, **change}) == expected


def test_lbfgs_has_no_early_stopping():
    with pytest.raises(ValueError, match=r"early_stopping=True is for solver='adam'.*got solver='lbfgs'"):
        choose_solver("lbfgs", [3, 2], early_stopping=True, separable=True)


@pytest.mark.parametrize(
    ("sizes", "change", "lengths"),
    [
        ([9, 256], {}, [256]),
        ([9, 257], {}, [128, 129]),
        ([1 << 20, 65], {}, [21, 22, 22]),
        ([1 << 26, 3], {}, [1, 1, 1]),
        ([9, 600], {"separable": False}, [600]),
        ([9, 600], {"solver": "adam"}, [600]),
        ([9, 5, 600], {}, [600]),
    ],
)
def test_blocks_of_labels(sizes, change, lengths):
    blocks = label_blocks(sizes, **{"solver": "lbfgs", "separable": True, **change})
    assert [block.stop - block.start for block in blocks] == lengths
    np.testing.assert_array_equal(np.concatenate([np.arange(sizes[-1])[block] for block in blocks]), range(sizes[-1]))
