"""The one reading of every target: what is taken, what is refused in which words, in every public entry."""

import warnings

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from sklearn.exceptions import DataConversionWarning

from skbalance import (
    BalancedMultiLabelClassifier,
)
from skbalance._targets import (
    UNCERTAIN,
    UNKNOWN,
    read_indicator,
    read_labels,
    read_targets,
    warn_of_constant_labels,
)

Y = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 1, 0]] * 10)
FRAME = pd.DataFrame(Y, columns=["a", "b", "c"])


def stored_twice(container):
    """Pairs out of order, each of them stored twice, and zeros stored."""
    rows, columns = np.nonzero(Y)
    none = np.flatnonzero(Y.ravel() == 0)[:5]
    rows, columns = np.r_[rows, rows, none // 3][::-1], np.r_[columns, columns, none % 3][::-1]
    values = Y[rows, columns].astype(np.int8)
    if container is sp.coo_array:
        return container((values, (rows, columns)), shape=Y.shape)
    outer, inner = (rows, columns) if container is sp.csr_array else (columns, rows)
    order = np.argsort(outer, kind="stable")
    return container((values[order], inner[order], np.r_[0, np.bincount(outer).cumsum()]), shape=Y.shape)


def read_only(container, folder):
    """A matrix in a file, as joblib hands it to its workers."""
    matrix = stored_twice(container)
    joblib.dump(matrix, folder / "y.joblib")
    return joblib.load(folder / "y.joblib", mmap_mode="r")


INDICATORS = {
    "lists": Y.tolist(),
    "tuples": tuple(map(tuple, Y.tolist())),
    "list of arrays": list(Y),
    "bool": Y.astype(bool),
    "float": Y.astype(float),
    "objects": Y.astype(object),
    "objects of booleans": Y.astype(bool).astype(object),
    "fortran": np.asfortranarray(Y),
    **{f"sparse {fmt}": sp.csr_matrix(Y).asformat(fmt) for fmt in ("csr", "csc", "coo", "lil", "dok", "dia", "bsr")},
    "sparse array": sp.csr_array(Y),
    **{f"{kind.__name__} twice": stored_twice(kind) for kind in (sp.csr_array, sp.csc_array, sp.coo_array)},
    "frame": FRAME,
    "frame Int64": FRAME.astype("Int64"),
    "frame boolean": FRAME.astype(bool).astype("boolean"),
    "frame object": FRAME.astype(object),
    "frame category": FRAME.astype("category"),
    "frame arrow": FRAME.astype("int8[pyarrow]"),
    "frame mixed": FRAME.astype({"a": "Int64", "b": bool, "c": "float32"}),
    "frame sparse": FRAME.astype(pd.SparseDtype(int, 0)),
    "frame of one name": FRAME.set_axis(["a", "a", "a"], axis=1).astype("Int8"),
    "polars": pl.DataFrame(FRAME.to_dict("list")),
    "polars boolean": pl.DataFrame(FRAME.astype(bool).to_dict("list")),
    "polars array": pl.Series(Y.tolist(), dtype=pl.Array(pl.Int8, 3)),
    "arrow": pa.Table.from_pandas(FRAME),
    "arrow boolean": pa.Table.from_pandas(FRAME.astype(bool)),
}


@pytest.mark.parametrize("name", INDICATORS)
def test_indicators(name):
    y = INDICATORS[name]
    _, encoding, indicator = read_labels(y)
    assert encoding.kind == "multilabel"
    assert encoding.n_outputs == 3
    assert indicator.has_canonical_format
    np.testing.assert_array_equal(indicator.toarray(), Y)
    assert indicator.nnz == 50
    back = encoding.decode(indicator.toarray() - 0.5)
    assert sp.issparse(back) == (sp.issparse(y) or name == "frame sparse")
    assert back.dtype == read_targets(y).dtype
    np.testing.assert_array_equal(sp.csr_array(back).toarray(), Y)


@pytest.mark.parametrize("container", [sp.csr_array, sp.csc_array, sp.coo_array])
def test_sparse_targets_of_the_caller_are_not_changed_and_may_be_read_only(container, tmp_path):
    y = read_only(container, tmp_path)
    before = y.data.copy()
    np.testing.assert_array_equal(read_targets(y).toarray(), Y)
    np.testing.assert_array_equal(y.data, before)
    assert len(y.data) == 105


def test_three_hundred_times_the_same_pair():
    """More than an 8-bit count holds."""
    y = sp.coo_array((np.ones(512, np.int8), (np.zeros(512, int), np.zeros(512, int))), shape=(2, 2))
    for form in (y, sp.csr_array((y.data, y.col, [0, 512, 512]), shape=(2, 2))):
        np.testing.assert_array_equal(read_indicator(form).toarray(), [[1, 0], [0, 0]])


CLASSES = {
    "strings": ["b", "a", "c", "a"],
    "tuple": ("b", "a", "c", "a"),
    "objects": np.array(["b", "a", "c", "a"], dtype=object),
    "series": pd.Series(["b", "a", "c", "a"]),
    "category": pd.Series(["b", "a", "c", "a"], dtype="category"),
    "frame of one column": pd.DataFrame({"y": ["b", "a", "c", "a"]}),
    "column": np.array([["b"], ["a"], ["c"], ["a"]]),
    "polars": pl.Series(["b", "a", "c", "a"]),
    "polars category": pl.Series(["b", "a", "c", "a"], dtype=pl.Categorical),
    "arrow": pa.array(["b", "a", "c", "a"]),
    "arrow dictionary": pa.chunked_array([pa.array(["b", "a", "c", "a"]).dictionary_encode()]),
}


@pytest.mark.parametrize("name", CLASSES)
def test_classes(name):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _, encoding, indicator = read_labels(CLASSES[name])
    assert [w.category for w in caught] == [DataConversionWarning] * ("column" in name)
    assert encoding.kind == "multiclass"
    assert encoding.decode(indicator.toarray() - 0.5).tolist() == ["b", "a", "c", "a"]


@pytest.mark.parametrize(
    "y",
    [
        [7, 3, 7],
        np.array([7.0, 3.0, 7.0]),
        np.array([7, 3, 7], dtype=object),
        pd.Series([7, 3, 7], dtype="Int64"),
        pd.Series([7, 3, 7], dtype="category"),
        pd.Series([7, 3, 7], dtype="int16[pyarrow]"),
        pl.Series([7, 3, 7]),
        pa.array([7, 3, 7]),
    ],
    ids=lambda y: f"{type(y).__module__}-{getattr(y, 'dtype', '')}",
)
def test_binary(y):
    _, encoding, indicator = read_labels(y)
    assert encoding.kind == "binary"
    np.testing.assert_array_equal(encoding.decode(indicator.toarray() - 0.5), [7, 3, 7])
    assert encoding.classes.dtype.kind in "if"


def test_booleans_are_two_classes():
    for y in (
        [True, False],
        pd.Series([True, False], dtype="boolean"),
        pl.Series([True, False]),
        pa.array([1 > 0, 0 > 1]),
    ):
        _, encoding, _ = read_labels(y)
        assert encoding.classes.tolist() == [False, True]
        assert encoding.classes.dtype == bool


def test_a_column_of_zero_and_one_is_one_label():
    for y in (np.array([[0], [1]]), pd.DataFrame({"a": [0, 1]}), sp.csr_array([[0], [1]])):
        _, encoding, _ = read_labels(y)
        assert encoding.kind == "multilabel"
        assert encoding.n_outputs == 1
    with pytest.warns(DataConversionWarning, match="column-vector") as caught:
        _, encoding, _ = read_labels(np.array([[3], [5]]))
    assert encoding.kind == "binary"
    assert caught[0].filename == __file__


def test_warnings_name_the_line_of_the_caller():
    X, y = np.random.default_rng(0).normal(size=(20, 2)), np.array([[0, 1], [0, 0]] * 10)
    with pytest.warns(UserWarning, match="no positive sample") as caught:
        BalancedMultiLabelClassifier().fit(X, y)
    with pytest.warns(UserWarning, match="every sample positive .* and so on") as more:
        warn_of_constant_labels(np.full(9, 4), 4)
    assert {w.filename for w in [*caught, *more]} == {__file__}


def damaged(container, indices, indptr=(0, 1, 2)):
    y = container(np.eye(2, dtype=int))
    if container is sp.coo_array:
        y.coords = (np.array(indices), np.array([0, 1]))
        return y
    y.indices, y.indptr = np.array(indices, dtype=np.int32), np.array(indptr, dtype=np.int32)
    return y


TAGS = r"lists of tags.*TagClassifier.*MultiLabelBinarizer"
REFUSED = {
    "none": (None, "requires y to be passed"),
    "lists of tags": ([["a"], ["a", "b"], ["b"], []], TAGS),
    "one tag each": ([["a"], ["b"], ["a"], ["c"]], TAGS),
    "two tags each": ([["a", "b"], ["b", "c"], ["a", "c"], ["c", "b"]], TAGS),
    "numbers of tags": ([[3], [3, 7], [7], []], TAGS),
    "sets": ([{"a"}, {"a", "b"}, {"b"}, set()], TAGS),
    "tuples": ([("a",), ("a", "b"), ("b",), ()], TAGS),
    "no tags at all": ([[], [], [], []], "no labels.*TagClassifier"),
    "Series of tags": (pd.Series([["a"], ["a", "b"], ["b"], []]), TAGS),
    "frame of tags": (pd.DataFrame({"tags": [["a"], ["a", "b"], ["b"], []]}), TAGS),
    "polars tags": (pl.Series([["a"], ["a", "b"], ["b"], []]), TAGS),
    "arrow tags": (pa.array([["a"], ["a", "b"], ["b"], []]), TAGS),
    "strings": (np.array([["a", "b"]] * 4), "holds .*'a'.*TagClassifier.*MultiLabelBinarizer"),
    "digits": (np.array([["0", "1"]] * 4), "holds .*'0'"),
    "frame of strings": (pd.DataFrame({"a": ["x"] * 4, "b": ["y"] * 4}), "holds .*'x'"),
    "twos": (np.array([[0, 2], [1, 0], [0, 1], [1, 1]]), r"holds only 0 and 1; it holds \[2\].*MultiLabelBinarizer"),
    "sparse": (sp.csr_array([[0, 2.5], [1, 0], [0, 1], [1, 1]]), r"it holds \[2.5\]"),
    "halves stored twice": (sp.coo_array(([0.5, 0.5], ([0, 0], [0, 0])), shape=(4, 2)), r"it holds \[0.5\]"),
    "signs": (np.array([[-1, 1], [1, -1], [1, 1], [-1, -1]]), r"it holds \[-1\].*\(y > 0\)"),
    "ignored": (np.array([[-100, 1], [1, 0], [1, 1], [0, 0]]), r"it holds \[-100\].*ignored"),
    "smoothed": (np.array([[0.05, 0.95], [0.95, 0.05], [0.05, 0.05], [0.95, 0.95]]), "Smoothed.*y >= 0.5"),
    "nan": (np.array([[np.nan, 1], [1, 0], [1, 1], [0, 0]]), "NaN and infinity are no labels"),
    "infinity": (np.array([[np.inf, 1], [1, 0], [1, 1], [0, 0]]), "NaN and infinity are no labels"),
    "sparse nan": (sp.csr_array([[np.nan, 1], [1, 0], [1, 1], [0, 0]]), "NaN and infinity are no labels"),
    "missing in a frame": (pd.DataFrame({"a": [1, None, 0, 1], "b": [1, 0, 1, 0]}, dtype="Int64"), "NaN"),
    "missing boolean": (pd.DataFrame({"a": [True, None] * 2, "b": [True] * 4}, dtype="boolean"), "missing.*row 1"),
    "missing in polars": (pl.DataFrame({"a": [True, None] * 2, "b": [True] * 4}), "missing.*row 1"),
    "missing in arrow": (pa.table({"a": [True, None] * 2, "b": [True] * 4}), "missing.*row 1"),
    "None": ([[1, None], [0, 1], [1, 1], [0, 0]], "missing.*row 0"),
    "masked": (np.ma.array(np.eye(4), mask=np.eye(4)), "masked"),
    "mixed": ([[1, "a"], [0, 1], [1, 1], [0, 0]], "TagClassifier"),
    "objects": (np.array([[1, "a"]] * 4, dtype=object), "one type.*int, str"),
    "huge": (np.array([[1, 2**80]] * 4, dtype=object), "64 bits"),
    "complex": (np.ones((4, 2), dtype=complex), "numbers 0 and 1"),
    "dates": (np.full((4, 2), np.datetime64("2020-01-01")), "numbers 0 and 1"),
    "cube": (np.zeros((4, 2, 2)), r"shape \(4, 2, 2\)"),
    "scalar": (3, r"a int of shape \(\)"),
    "mapping": ({"a": [1, 0]}, r"a dict of shape \(\)"),
    "no columns": (np.empty((4, 0)), "no labels"),
    "no sparse columns": (sp.csr_array((4, 0)), "no labels"),
    "sparse vector": (sp.coo_array(np.ones(4)), r"indicator of shape"),
    "index below": (damaged(sp.csr_array, [-1, 0]), "malformed"),
    "index past the end": (damaged(sp.csr_array, [0, 2]), "malformed"),
    "csc index": (damaged(sp.csc_array, [0, 2]), "malformed"),
    "coo index": (damaged(sp.coo_array, [0, 2]), "malformed"),
    "pointers": (damaged(sp.csr_array, [0, 1], (0, 2, 1)), "malformed"),
    "long pointers": (damaged(sp.csr_array, [0, 1], (0, 1, 9)), "malformed"),
}
REFUSED_CLASSES = {
    "continuous": (np.linspace(0, 1, 4), "Unknown label type: continuous"),
    "nan": (np.array([0, 1, np.nan, 1]), "NaN"),
    "missing": (pd.Series(["a", None, "b", "a"]), "missing.*row 1"),
    "missing boolean": (pd.Series([True, None, False, True], dtype="boolean"), "missing.*row 1"),
    "mixed": (np.array(["a", 1, "b", 2], dtype=object), "one type.*int, str"),
    "column of NaN": (np.array([[0.0], [1], [np.nan], [1]]), "NaN"),
}


def test_half_precision_is_read():
    y = np.array([[1, 0], [0, 1], [1, 1]])
    _, encoding, indicator = read_labels(y.astype(np.float16))
    np.testing.assert_array_equal(indicator.toarray(), y)
    assert np.dtype(encoding.dtype) == np.float32


@pytest.mark.parametrize("fill", [0, 1])
def test_a_frame_of_sparse_columns_is_read_whatever_is_left_out(fill):
    y = np.array([[1, 0], [0, 1], [1, 1]])
    frame = pd.DataFrame({name: pd.arrays.SparseArray(y[:, i], fill_value=fill) for i, name in enumerate("ab")})
    np.testing.assert_array_equal(read_labels(frame)[2].toarray(), y)


@pytest.mark.filterwarnings("ignore:A column-vector")
@pytest.mark.parametrize("name", [*REFUSED, *(f"1-D {name}" for name in REFUSED_CLASSES)])
def test_refused(name):
    y, message = REFUSED[name] if name in REFUSED else REFUSED_CLASSES[name.removeprefix("1-D ")]
    with pytest.raises(ValueError, match=message):
        read_labels(y)


@pytest.mark.parametrize(
    ("y", "message"), [(["x", "x"], "only one class is present; y holds only .*'x'"), ([], "no rows")]
)
def test_too_few_classes(y, message):
    with pytest.raises(ValueError, match=message):
        read_labels(y)


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array, sp.coo_matrix])
def test_shares_and_unknown_labels_where_they_are_asked_for(container):
    y = np.array([[0.5, 1.0], [np.nan, 0.0], [0.25, 1.0]])
    got = read_indicator(container(y), also=UNCERTAIN)
    np.testing.assert_array_equal(got.toarray() if sp.issparse(got) else got, y)
    for wrong in (-1, 1.5, np.inf):
        with pytest.raises(ValueError, match=f"holds only 0 and 1, and NaN .*, and soft labels.*it holds .{wrong}"):
            read_indicator(container(np.where(y == 1, wrong, y)), also=UNCERTAIN)
    with pytest.raises(ValueError, match=r"and NaN where a label is unknown; it holds \[0.25, 0.5\]. Smoothed or soft"):
        read_indicator(container(y), also=UNKNOWN)


@pytest.mark.parametrize("name", ["missing in a frame", "missing boolean", "missing in polars", "missing in arrow"])
def test_what_a_frame_lacks_is_unknown_where_that_is_asked_for(name):
    _, encoding, indicator = read_labels(REFUSED[name][0], also=UNKNOWN)
    assert encoding.dtype == np.dtype(float).str
    assert np.isnan(indicator.toarray()[1, 0])
    assert np.isnan(indicator.data).sum() == np.count_nonzero(pd.DataFrame(np.asarray(REFUSED[name][0])).isna())


def test_one_column_is_of_classes_unless_it_holds_uncertain_labels():
    assert read_labels([[0.0], [1], [np.nan]], also=UNCERTAIN)[1].kind == "multilabel"
    with pytest.warns(DataConversionWarning):
        assert read_labels([[3], [5]], also=UNCERTAIN)[1].kind == "binary"
    with pytest.raises(ValueError, match="NaN"):
        read_labels([0, 1, np.nan], also=UNCERTAIN)


def test_hard_indicators_are_stored_as_a_byte_each():
    for y in (Y, Y.astype(float), sp.csr_matrix(Y.astype(float))):
        for also in ((), UNCERTAIN):
            assert read_labels(y, also=also)[2].data.dtype == np.int8


@pytest.mark.parametrize(
    "y", [FRAME, FRAME.astype("Int8"), FRAME.astype(pd.SparseDtype(int, 0)), INDICATORS["polars"], INDICATORS["arrow"]]
)
def test_names_of_columns_are_kept(y):
    _, encoding, indicator = read_labels(y)
    assert encoding.names == ("a", "b", "c")
    assert read_labels(indicator[:7])[1].names == ("a", "b", "c")


def test_what_has_no_names_of_columns():
    for y in (Y, sp.csr_array(Y), Y.tolist(), pd.Series(["a", "b"]), pl.Series(["a", "b"]), pa.array(["a", "b"])):
        assert read_labels(y)[1].names == ()
    odd = pd.DataFrame(Y, columns=["names", "columns", "column_names"])
    assert read_labels(odd)[1].names == ("names", "columns", "column_names")


@pytest.mark.parametrize("dtype", [">i4", ">f8"])
def test_the_other_order_of_bytes_is_read(dtype):
    y = np.array([[0, 1], [1, 0], [1, 1]])
    assert read_labels(y.astype(dtype))[2].toarray().tolist() == y.tolist()
