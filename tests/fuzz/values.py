"""Odd values: of parameters, features, targets, scores and weights."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import scipy.sparse as sp

N, N_FEATURES, N_LABELS = 24, 4, 3
_RNG = np.random.default_rng(0)
X = _RNG.normal(size=(N, N_FEATURES))
Y = (X[:, :N_LABELS] + _RNG.normal(size=(N, N_LABELS)) > 0.3).astype(int)
PROBA = 1 / (1 + np.exp(-X[:, :N_LABELS]))
COUNTS = Y.sum(axis=0)
WORDS = np.array(["wheat", "corn", "oil", "gas"])
TEXTS = [" ".join(WORDS[row > 0]) + " news" for row in X]
TAGS = [tuple(WORDS[:N_LABELS][row == 1]) for row in Y]


def _csr(data, indices, indptr, shape):
    made = sp.csr_array(shape)
    made.data, made.indices, made.indptr = (
        np.array(data, float),
        np.array(indices, np.int32),
        np.array(indptr, np.int32),
    )
    return made


def _read_only(values):
    values = values.copy()
    values.flags.writeable = False
    return values


ODD = [
    None,
    True,
    False,
    np.True_,
    0,
    1,
    2,
    3,
    -1,
    10**400,
    -(2**70),
    2**31,
    2**63,
    0.0,
    -0.0,
    0.5,
    1.0,
    0.25,
    -0.5,
    1.5,
    1e-320,
    1e-8,
    1e8,
    1e300,
    -1e300,
    float("nan"),
    float("inf"),
    -float("inf"),
    "",
    "x",
    "auto",
    "macro",
    b"x",
    [],
    [0],
    [1, 2],
    (),
    (1, 2),
    (2, 1),
    (0.5,),
    ("a", "b", "c"),
    ["a", None],
    {},
    {"a": [1]},
    {0},
    np.int64(2),
    np.uint8(1),
    np.float32(0.5),
    np.float16(1),
    np.array(2),
    np.array([1.0, 2.0, 3.0]),
    np.array([0.1, np.nan, 0.2]),
    np.zeros((0,)),
    np.zeros((2, 2)),
    np.array(["a", "b", "c"]),
    Fraction(1, 3),
    Decimal("0.5"),
    1 + 2j,
    pd.NA,
    pd.NaT,
    np.datetime64("2020-01-01"),
    object(),
    len,
    int,
    range(3),
    slice(None),
]


def _matrix_forms(good):
    """A good matrix of N rows in other containers, and bad ones."""
    frame = pd.DataFrame(good)
    poisoned = {}
    for name, value in {"nan": np.nan, "inf": np.inf, "huge": 1e200, "float max": 1.7e308, "small": 1e-310}.items():
        poisoned[name] = good.astype(float)
        poisoned[name][3, 1] = value
    width = good.shape[1]
    return [
        good,
        good.astype(np.float32),
        good.astype(np.float16),
        good.astype(np.longdouble),
        good.astype(np.int8),
        good.astype(bool),
        good.astype(complex),
        good.astype(object),
        good.astype(str),
        np.asfortranarray(good),
        good[::-1, ::-1],
        _read_only(good),
        good.tolist(),
        tuple(map(tuple, good.tolist())),
        np.ma.masked_array(good, good > 0.5),
        sp.csr_matrix(good),
        sp.csr_array(good),
        sp.csc_array(good),
        sp.coo_matrix(good),
        sp.coo_array(good),
        sp.lil_array(good),
        sp.dok_array(good),
        sp.dia_array(good),
        sp.bsr_array(good),
        sp.csr_array(good.astype(np.int8)),
        sp.csr_array(good.astype(bool)),
        frame,
        frame.astype("Float64"),
        frame.astype(str),
        frame.astype("category"),
        frame.set_axis([f"f{i}" for i in range(width)], axis=1),
        pl.DataFrame(good.astype(float)),
        frame[0],
        *poisoned.values(),
        *(sp.csr_array(values) for values in poisoned.values()),
        np.zeros_like(good),
        np.ones_like(good),
        -good,
        good[:, :1],
        good[:, :2],
        good[:, 0],
        good[:5],
        good[:1],
        good[:0],
        good[:, :0],
        good[:2],
        good[None],
        np.full(good.shape, None),
        np.full(good.shape, ""),
        np.array(0.0),
        sp.csr_array((N, width)),
        sp.csr_array((0, width)),
        sp.csr_array((N, 0)),
        _csr(np.ones(N), [width] * N, range(N + 1), (N, width)),
        _csr(np.ones(N), [-1] * N, range(N + 1), (N, width)),
        _csr(np.ones(N), [0] * N, [0, *range(5, N + 5)], (N, width)),
        _csr(np.ones(2 * N), [1, 1] * N, range(0, 2 * N + 1, 2), (N, width)),
        TEXTS,
        np.array(TEXTS),
        np.array(TEXTS, dtype=object),
        pd.Series(TEXTS),
        pd.Series(TEXTS, dtype="string"),
        pl.Series(TEXTS),
        [None, *TEXTS[1:]],
        [3, *TEXTS[1:]],
        [""] * N,
        "text",
        TAGS,
        [list(row) for row in TAGS],
        [set(row) for row in TAGS],
        pd.Series(TAGS),
        pl.Series([list(row) for row in TAGS]),
        [[]] * N,
        [[1, 2], [3]] * (N // 2),
        [None] * N,
        [["a", None]] * N,
        [[]],
        [],
        range(N),
        (row for row in ()),
        np.arange(N) % 2,
        np.arange(N) % 3,
        np.array(["a", "b"])[np.arange(N) % 2],
        np.array(["a", "b", None])[np.arange(N) % 3],
        np.full(N, 1),
        np.linspace(0, 1, N),
        np.where(Y == 1, 1, -1),
        np.where(Y == 1, 1, -100),
        Y * 2,
        Y * 0.9,
    ]


FEATURES = _matrix_forms(X)
TARGETS = _matrix_forms(Y)
SCORES = _matrix_forms(PROBA)
WEIGHTS = [
    None,
    np.ones(N),
    np.arange(N),
    np.arange(N) % 2,
    np.zeros(N),
    -np.ones(N),
    np.full(N, np.nan),
    np.full(N, np.inf),
    np.full(N, 1e300),
    np.full(N, 1e-300),
    np.ones(N - 1),
    np.ones((N, 1)),
    np.ones(N).tolist(),
    pd.Series(np.ones(N)),
    ["a"] * N,
    2.0,
    "balanced",
    {0: 1},
    np.ones(N, dtype=complex),
    np.r_[1.0, np.zeros(N - 1)],
    np.array([None] * N),
    np.ones(N, bool),
    np.full(N, 2**60),
]
