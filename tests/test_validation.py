"""What every room checks its input with."""

import ast
import copy
import pickle
import sqlite3
import warnings
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from joblib import Parallel, delayed
from sklearn import config_context, get_config
from sklearn.base import clone
from sklearn.datasets import make_multilabel_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skbalance
from skbalance import (
    BalancedMultiLabelClassifier,
    CalibratedMultiLabelClassifierCV,
    TagClassifier,
    TunedThresholdMultiLabelClassifierCV,
    _validation,
)
from skbalance._validation import check_sparse, read_numbers, read_path, validate_hyperparameters
from skbalance.datasets import make_long_tailed_multilabel
from skbalance.losses import FocalLoss
from skbalance.model_selection import MultilabelStratifiedKFold
from skbalance.text._cache import VectorStore


def csr(indptr, indices, shape=(3, 4)):
    """A CSR matrix whose arrays nobody checks."""
    matrix = sp.csr_array(shape)
    matrix.indptr, matrix.indices = np.asarray(indptr), np.asarray(indices)
    matrix.data = np.ones(len(matrix.indices))
    return matrix


# SciPy's words, which differ a little between its releases.
MALFORMED = {
    "negative index": (csr([0, 1, 2, 3], [0, -1, 2]), "must be >= 0"),
    "index past the end": (csr([0, 1, 2, 3], [0, 4, 2]), "must be < 4"),
    "falling pointers": (csr([0, 2, 1, 3], [0, 1, 2]), "non-decreasing sequence"),
    "falling pointers, and nothing stored": (csr([0, 2, 0, 0], [0, 1]), "non-decreasing sequence"),
    "first pointer": (csr([1, 2, 2, 3], [0, 1, 2]), "should start with 0"),
    "last pointer": (csr([0, 1, 2, 9], [0, 1, 2]), "index pointer should be less than"),
    "too few pointers": (csr([0, 1, 2], [0, 1]), r"index pointer size \(?3\)? should be \(?4"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_sparse_matrices(name):
    matrix, message = MALFORMED[name]
    with pytest.raises(ValueError, match=f"X is a malformed CSR matrix: .*{message}"):
        check_sparse(matrix, "X")
    turned = sp.csc_array(matrix.shape[::-1])
    turned.indptr, turned.indices, turned.data = matrix.indptr, matrix.indices, matrix.data
    with pytest.raises(ValueError, match="y is a malformed CSC matrix"):
        check_sparse(turned, "y")


def test_missing_values():
    matrix = csr([0, 1, 2, 3], [0, 1, 2])
    matrix.data = np.ones(2)
    with pytest.raises(ValueError, match="indices and data should have the same size"):
        check_sparse(matrix, "X")


@pytest.mark.parametrize(("at", "value"), [("row", -1), ("row", 3), ("col", -1), ("col", 4)])
def test_malformed_coordinates(at, value):
    matrix = sp.coo_matrix(np.eye(3, 4))
    setattr(matrix, at, np.array([0, value, 2]))
    with pytest.raises(ValueError, match=r"X is a malformed COO matrix: .*(negative|exceeds)"):
        check_sparse(matrix, "X")


def test_well_formed_matrices_pass():
    dense = np.arange(24).reshape(4, 6) % 3
    for make in (sp.csr_array, sp.csc_array, sp.coo_array, sp.lil_array, sp.csr_matrix):
        check_sparse(make(dense), "X")
    check_sparse(sp.bsr_array(dense, blocksize=(2, 3)), "X")
    check_sparse(sp.csr_array((0, 0)), "X")
    check_sparse(csr([0, 0, 0, 0], [0, 1]), "X")  # more room than is used
    for other in (dense, None, "X", [[1]]):
        check_sparse(other, "X")
    blocks = sp.bsr_array(dense, blocksize=(2, 3))
    blocks.indices = blocks.indices + 1
    with pytest.raises(ValueError, match="malformed BSR matrix: column index values must be < 2"):
        check_sparse(blocks, "X")


# Warnings


@pytest.fixture
def constant_label():
    X = np.random.default_rng(0).normal(size=(60, 4))
    y = (X[:, :3] > 0).astype(int)
    y[:, 2] = 0
    return X, y


def ways_to_fit(X, y):
    model = BalancedMultiLabelClassifier("bce", tol=0.1)
    piped = make_pipeline(FunctionTransformer(), model)
    yield lambda: model.fit(X, y)
    yield lambda: piped.fit(X, y)
    yield lambda: cross_val_score(piped, X, y, cv=2, scoring="f1_macro")
    yield lambda: Parallel(n_jobs=1)([delayed(model.fit)(X, y)])


def test_every_kind_of_warning_names_the_line_of_the_user(tmp_path):
    X, y = np.random.default_rng(0).normal(size=(40, 3)), np.tile([[1, 0], [0, 1]], (20, 1))
    folds = [(np.arange(20), np.arange(20, 40))]
    tuner = TunedThresholdMultiLabelClassifierCV(BalancedMultiLabelClassifier("bce"), cv=2)
    store = VectorStore(tmp_path)
    store.write([b"key"], np.ones((1, 2)))
    with closing(sqlite3.connect(store.path)) as database, database:
        database.execute("UPDATE vectors SET checksum = checksum + 1")
    apart = np.zeros((40, 2), dtype=int)
    apart[:10, 0] = apart[20:30, 1] = 1
    for message, call in {
        "groups parameter is ignored": lambda: list(MultilabelStratifiedKFold(2).split(X, y, groups=y[:, 0])),
        "column-vector y was passed": lambda: tuner.fit(X, y[:, :1]),
        "thresholds are the usual ones": lambda: clone(tuner).set_params(cv=folds).fit(X, apart),
        "were damaged": lambda: store.read([b"key"]),
    }.items():
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            call()
        found = {(w.filename, w.lineno) for w in seen if message in str(w.message)}
        assert found == {(__file__, call.__code__.co_firstlineno)}


@pytest.mark.parametrize("value", [10**400, 2**63, -(2**70)])
def test_integers_beyond_64_bits_are_refused(value):
    for make in (
        lambda: validate_hyperparameters(FocalLoss(gamma=value)),
        lambda: validate_hyperparameters(TagClassifier(n_jobs=value)),
        lambda: make_long_tailed_multilabel(labels_per_sample=value),
    ):
        with pytest.raises(ValueError, match=r"must fit into 64 bits|must be a"):
            make()


@pytest.mark.parametrize(("value", "written"), [(Fraction(1, 3), r"Fraction\(1, 3\)"), ("a" * 1000, "'a{76}...")])
def test_a_parameter_that_is_not_allowed_is_named_and_cut(value, written):
    wanted = r"The 'alpha' parameter of BalancedMultiLabelClassifier must be a str among {'auto'} or a float"
    with pytest.raises(ValueError, match=rf"{wanted} .*\. Got {written} instead\.$"):
        validate_hyperparameters(BalancedMultiLabelClassifier(alpha=value))


@pytest.mark.parametrize(("X", "error"), [([["a" * 1000]] * 4, ValueError), ({"a": 1}, TypeError)])
def test_features_that_are_no_numbers(X, error):
    with pytest.raises(error, match=r"^X must hold numbers: .{1,80}$"):
        BalancedMultiLabelClassifier().fit(X, [0, 1, 0, 1])


@pytest.mark.parametrize("path", ["", "a\0b", "\ud800"])
def test_what_no_file_is_called(path):
    with pytest.raises(ValueError, match=r"^folder must be the name of a file or folder; got '[\\\w]*'\.$"):
        read_path(path, "folder")


@pytest.mark.parametrize("path", [None, 3, b"x"])
def test_what_is_no_path(path):
    with pytest.raises(TypeError, match="folder must be a str or a path; got "):
        read_path(path, "folder")


def test_the_home_is_written_out():
    assert read_path(Path("~") / "x", "folder") == Path.home() / "x"


def test_booleans_are_no_numbers_of_functions():
    with pytest.raises(ValueError, match=r"'n_labels' parameter of make_long_tailed_multilabel must be .* Got True"):
        make_long_tailed_multilabel(n_labels=True)
    assert make_long_tailed_multilabel(5, 8, random_state=0)[1].shape == (5, 8)


@pytest.mark.parametrize("values", ["1", ["1"], [1j], [[1], [1, 2]], [None, "a"], [10**400], object(), b"1"])
def test_what_is_no_number_is_named(values):
    with pytest.raises(ValueError, match=r"^weights must hold numbers; got "):
        read_numbers(values, "weights")


def test_numbers_of_any_holder_are_read():
    for values in ([1, 2], (True, 2.0), np.array([1, 2], np.int8), pd.Series([1, 2], dtype="Int64"), [Fraction(1), 2]):
        read = read_numbers(values, "weights")
        assert read.dtype == np.float64
        assert read.tolist() == [1, 2]


def test_numbers_that_no_float_can_hold():
    X, y = [[0.0], [1.0]], [0, 1]
    for fit in (
        lambda: BalancedMultiLabelClassifier().fit([[10**400], [1]], y),
        lambda: BalancedMultiLabelClassifier().fit(X, y, sample_weight=10**400),
        lambda: BalancedMultiLabelClassifier().fit(X, y).predict([[10**400]]),
    ):
        with pytest.raises(ValueError, match=r"too large for a float|sample_weight must hold numbers"):
            fit()


def test_warnings_point_at_the_line_that_called(constant_label):
    for fit in ways_to_fit(*constant_label):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            fit()
        found = {(w.filename, str(w.message)[:30]) for w in seen if "no positive sample" in str(w.message)}
        assert found == {(__file__, "1 of 3 labels have no positive")}
        assert {w.lineno for w in seen if w.filename == __file__} == {fit.__code__.co_firstlineno}


# Saved objects


@pytest.fixture
def saved_by(monkeypatch):
    """Pickle an object as a release would."""

    def save(thing, release):
        with monkeypatch.context() as patch:
            patch.setattr(skbalance, "__version__", release)
            return pickle.dumps(thing)

    return save


@pytest.mark.parametrize("thing", [BalancedMultiLabelClassifier(alpha=0.5), FocalLoss(gamma=3.0)])
def test_pickles_carry_the_version(thing, saved_by):
    assert thing.__getstate__()["_skbalance_version"] == skbalance.__version__
    for again in (pickle.loads(pickle.dumps(thing)), copy.deepcopy(thing), pickle.loads(saved_by(thing, "0.1.99"))):
        assert vars(again) == vars(thing)
    for release in ("0.2.0", "0.0.9"):
        with pytest.raises(ValueError, match=f"saved by skbalance {release}, which skbalance .* cannot read"):
            pickle.loads(saved_by(thing, release))
    for nonsense in (1.0, "one"):
        with pytest.raises(ValueError, match=f"says that skbalance {nonsense!r} saved it, which is no release"):
            pickle.loads(saved_by(thing, nonsense))
    with pytest.raises(ValueError, match=f"This {type(thing).__name__} says that skbalance None saved it"):
        type(thing).__new__(type(thing)).__setstate__(vars(thing))


def test_which_private_names_of_scikit_learn_are_used():
    """Each is a risk with every new release: a new one belongs here, and in `_validation.py` alone."""
    tree = ast.parse(Path(_validation.__file__).read_text(encoding="utf-8"))
    found = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("sklearn")
        for alias in node.names
    }
    assert {name for name in found if "._" in name} == {
        "sklearn.calibration._sigmoid_calibration",
        "sklearn.utils._estimator_html_repr._VisualBlock",
        "sklearn.utils._param_validation.HasMethods",
        "sklearn.utils._param_validation.Interval",
        "sklearn.utils._param_validation.InvalidParameterError",
        "sklearn.utils._param_validation.StrOptions",
        "sklearn.utils._param_validation.make_constraint",
        "sklearn.utils._repr_html.estimator._VisualBlock",
        "sklearn.utils._safe_indexing",
        "sklearn.utils.metaestimators._BaseComposition",
        "sklearn.utils.validation._check_method_params",
        "sklearn.utils.validation._num_samples",
    }


# Where scikit-learn has no such setting, before its release 1.9, sparse outputs are matrices.
SETTINGS = ["spmatrix", "sparray"] if "sparse_interface" in get_config() else [None]


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csr_array])
def test_sparse_outputs_are_of_the_kind_that_is_set(setting, kind):
    X, y = make_multilabel_classification(n_samples=60, n_classes=3, random_state=0)
    y = kind(y)
    tuner = TunedThresholdMultiLabelClassifierCV(OneVsRestClassifier(LogisticRegression()), cv=2)
    models = [BalancedMultiLabelClassifier("bce"), tuner, CalibratedMultiLabelClassifierCV(tuner.estimator, cv=2)]
    alike = sp.csr_array if setting == "sparray" else sp.csr_matrix
    with config_context(**({} if setting is None else {"sparse_interface": setting})):
        for model in models:
            # Predictions are of the kind of y, but that arrays are given where these are asked for.
            assert type(model.fit(X, y).predict(X)) is (sp.csr_array if setting == "sparray" else kind)
        assert type(models[0].predict_topk(X, 2)) is alike
        data = make_long_tailed_multilabel(50, 5, random_state=0, min_label_count=2, return_X_y=False)
        assert type(data.data) is type(data.target) is alike
