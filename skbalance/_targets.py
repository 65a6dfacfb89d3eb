"""The one reading of every target: 1-D classes, dense and sparse indicators, frames; all one CSR indicator inside."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.special import expit, softmax
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.multiclass import check_classification_targets

from skbalance._validation import check_k, check_sparse, sparse_kind
from skbalance._warnings import warn

_TAGS_HINT = (
    "TagClassifier fits lists of tags as they are; scikit-learn's MultiLabelBinarizer makes an indicator of them."
)
_UNKNOWN_HINT = "Where a label is unknown, give NaN, and uncertain_labels=True to the classifier."


class TagListsError(ValueError):
    """Lists of tags were given where a target of classes or an indicator is needed."""


# Types of objects, and of the array that holds them.
_TYPES_OF_OBJECTS: dict = {
    (bool, np.bool_): bool,
    (bool, np.bool_, Integral): np.int64,
    (bool, np.bool_, Real): np.float64,
    str: object,
}
# What an indicator may hold besides 0 and 1: NaN where a label is unknown, and soft labels, between 0 and 1.
UNKNOWN = ("unknown",)
UNCERTAIN = ("unknown", "soft")


@dataclass(frozen=True)
class TargetEncoding:
    """How a target was given, so that predictions are given back alike.

    Parameters
    ----------
    kind : {"binary", "multiclass", "multilabel"}
        What the target is.
    classes : ndarray of shape (n_classes,) or (n_labels, 2)
        The classes; of each label, 0 and 1, for a multi-label target.
    dtype : str
        Type of a multi-label target.
    sparse : {"", "matrix", "array"}
        SciPy container of a sparse target.
    names : tuple
        Of the columns, where the target has some.
    """

    kind: str
    classes: np.ndarray
    dtype: str = ""
    sparse: str = ""
    names: tuple = ()

    @property
    def n_outputs(self) -> int:
        """Width of the indicator inside."""
        return 1 if self.kind == "binary" else len(self.classes)

    def decode(self, scores: np.ndarray):
        """Predictions, of the kind of the target, from scores that are above 0 for what is predicted.

        Parameters
        ----------
        scores : ndarray of shape (n_samples, n_outputs)
            Raw scores.

        Returns
        -------
        y : ndarray or sparse
            Classes of shape (n_samples,), or an indicator of shape (n_samples, n_labels).
        """
        if self.kind == "binary":
            return self.classes[(scores[:, 0] > 0).astype(int)]
        if self.kind == "multiclass":
            return self.classes[scores.argmax(axis=1)]
        return self.indicator(scores > 0)

    def probabilities(self, scores: np.ndarray, *, exclusive: bool = False) -> np.ndarray:
        """Probabilities of the labels, or classes, from scores, which may be overwritten.

        Parameters
        ----------
        scores : ndarray of shape (n_samples, n_outputs)
            Raw scores.
        exclusive : bool, default=False
            Whether classes exclude each other in the loss, and their probabilities are a softmax.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_labels) or (n_samples, n_classes)
            Strictly between 0 and 1. Those of classes sum to one in each row.
        """
        info = np.finfo(scores.dtype)
        low, high = info.tiny, np.nextafter(scores.dtype.type(1), scores.dtype.type(0))
        if self.kind == "binary":
            scores = np.hstack([-scores, scores])
        if exclusive:
            return softmax(scores, axis=1).clip(low, high)
        proba = expit(scores, out=scores).clip(low, high, out=scores)
        if self.kind == "multiclass":
            proba = (proba / proba.sum(axis=1, keepdims=True)).clip(low, high)
        return proba

    def top_probabilities(self, score_blocks, k: int, *, exclusive: bool = False) -> sp.csr_array | sp.csr_matrix:
        """Probabilities of the k labels of the highest scores in each row, of blocks of rows.

        Parameters
        ----------
        score_blocks : iterable of ndarray of shape (n_rows, n_labels)
            Raw scores.
        k : int
            Labels a row.
        exclusive : bool, default=False
            See :meth:`probabilities`.

        Returns
        -------
        proba : csr_matrix or csr_array of shape (n_samples, n_labels)
            ``k`` entries in each row, in the order of the labels.

        Raises
        ------
        ValueError
            If ``k`` is out of its range, or the target is 1-D.
        """
        if self.kind != "multilabel":
            raise ValueError("predict_topk is for label indicators; this model was fitted to a 1-D target.")
        k, labels, proba = check_k(k, self.n_outputs), [], []
        for scores in score_blocks:
            top = np.sort(np.argpartition(scores, -k, axis=1)[:, -k:], axis=1)
            labels.append(top)
            proba.append(self.probabilities(np.take_along_axis(scores, top, axis=1), exclusive=exclusive))
        n_rows = sum(map(len, labels))
        parts = np.concatenate(proba).ravel(), np.concatenate(labels).ravel(), k * np.arange(n_rows + 1)
        return sparse_kind()(parts, shape=(n_rows, self.n_outputs))

    def stack(self, blocks: list):
        """Predictions of blocks of rows, one below the other."""
        if len(blocks) == 1:
            return blocks[0]
        return type(blocks[0])(sp.vstack(blocks, format="csr")) if self.sparse else np.concatenate(blocks)

    def indicator(self, positive):
        """Indicator of the type of a multi-label target from a boolean one, dense or sparse."""
        if not self.sparse:
            return positive.astype(self.dtype)
        return sparse_kind(self.sparse)(positive, dtype=self.dtype)


class _Checked:
    """An indicator that was read: it, and rows or columns of it in order, are passed on without a second reading.

    `holds` says what is stored besides 1; it is None for what came out of arithmetic, which is read like any other.
    """

    holds: tuple[str, ...] | None = None
    names: tuple = ()

    def __getitem__(self, key):
        part = super().__getitem__(key)  # type: ignore[misc]
        rows, columns = key if isinstance(key, tuple) and len(key) == 2 else (key, slice(None))
        if columns is ... or isinstance(columns, slice) or (isinstance(rows, slice) and np.ndim(columns) == 1):
            places = np.arange(self.shape[1])[columns]  # type: ignore[attr-defined]
            if isinstance(part, type(self)) and part.ndim == 2 and (np.diff(places) > 0).all():  # type: ignore[attr-defined]
                part.holds, part.names = self.holds, tuple(self.names[j] for j in places if self.names)
        return part

    def __setitem__(self, key, value):
        self.holds = None
        super().__setitem__(key, value)  # type: ignore[misc]


class CheckedMatrix(_Checked, sp.csr_matrix):
    """A checked indicator that is a matrix of SciPy."""


class CheckedArray(_Checked, sp.csr_array):
    """A checked indicator that is an array of SciPy."""


def checked(csr: Any, names: Sequence = (), holds: tuple[str, ...] = ()) -> Any:
    """Mark a canonical CSR of ones, and of what else it `holds`, as read; the arrays are shared."""
    y = (CheckedArray if isinstance(csr, sp.sparray) else CheckedMatrix)(csr)
    y.names, y.holds = tuple(names), holds
    return y


def read_targets(y: Any, *, name: str = "y", also: tuple[str, ...] = ()) -> Any:
    """Read a target, whatever holds it; the caller's data is never changed.

    Parameters
    ----------
    y : {array-like, sparse matrix, frame} of shape (n_samples,) or (n_samples, n_labels)
        Classes, or a label indicator: lists, arrays, any sparse format, Series and frames of pandas (nullable, boolean,
        object and category columns too) and polars, tables of pyarrow. A pair that a sparse indicator stores more than
        once, each time as 1, counts once. A single column of anything but 0 and 1 is taken as classes, with a
        warning.
    name : str, default="y"
        What the messages call it.
    also : tuple of {"unknown", "soft"}, default=()
        What an indicator may hold besides 0 and 1: NaN (None or NA in a frame) for a label that is unknown, which a
        sparse one stores, and numbers in between for a soft one.

    Returns
    -------
    y : ndarray or CSR
        Classes of shape (n_samples,); or an indicator of the numbers 0 and 1 of shape (n_samples, n_labels), of the
        type that it had: an array, or a canonical CSR matrix or array that stores nothing but ones and what else is
        allowed.

    Raises
    ------
    ValueError
        If something is missing, if an indicator holds anything but 0 and 1, or if it is no such target.
    """
    if y is None:
        raise ValueError(f"{name} is missing: this requires {name} to be passed, but the target {name} is None.")
    values = _read(y, name, also)
    column = values.ndim == 2 and values.shape[1] == 1 and not sp.issparse(values)
    if column and _others(values, also).size:
        warn(
            "A column-vector y was passed when a 1d array was expected. Please change the shape of y to "
            "(n_samples,), for example using ravel().",
            DataConversionWarning,
        )
        values = values.ravel()
    if values.ndim == 1:
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ValueError(f"{name} contains NaN or infinity.")
        if values.size:
            check_classification_targets(values)
    elif not sp.issparse(values):
        _check_zero_one(values, name, also)
    return values


def read_indicator(y: Any, *, name: str = "y", also: tuple[str, ...] = ()) -> Any:
    """Read a label indicator, whatever holds it; the caller's data is never changed.

    Parameters
    ----------
    y : {array-like, sparse matrix, frame} of shape (n_samples, n_labels)
        Label indicator of 0 and 1, as :func:`read_targets` takes it.
    name : str, default="y"
        What the messages call it.
    also : tuple of {"unknown", "soft"}, default=()
        What it may hold besides 0 and 1.

    Returns
    -------
    y : ndarray or CSR of shape (n_samples, n_labels)
        The indicator, of the type that it had: an array, or a canonical CSR that stores nothing but ones and what else
        is allowed.

    Raises
    ------
    ValueError
        If it is not two-dimensional or holds anything but 0 and 1.
    """
    values = _read(y, name, also)
    if values.ndim != 2:
        raise ValueError(
            f"{name} must be a label indicator of shape (n_samples, n_labels), dense or sparse; got a target of shape "
            f"{values.shape}. {_TAGS_HINT}"
        )
    if not sp.issparse(values):
        _check_zero_one(values, name, also)
    return values


def read_labels(
    y: Any, *, also: tuple[str, ...] = (), chunk: tuple[Any, Any] | None = None, name: str = "y"
) -> tuple[Any, TargetEncoding, sp.csr_array]:
    """Read a target, and what it is, at once.

    Parameters
    ----------
    y : array-like, sparse or frame of shape (n_samples,) or (n_samples, n_labels)
        Classes, or an indicator of 0 and 1; see :func:`read_targets`.
    also : tuple of {"unknown", "soft"}, default=()
        What an indicator may hold besides.
    chunk : (TargetEncoding or None, array-like or None), default=None
        Of some of the rows of a target: the encoding of the others, if there are any before, and all classes of a 1-D
        target, which the first rows need; of an indicator the numbers of its columns.
    name : str, default="y"
        What messages call it.

    Returns
    -------
    y : ndarray or CSR
        As :func:`read_targets` gives it.
    encoding : TargetEncoding
        How to give predictions back.
    indicator : csr_array of shape (n_samples, n_outputs)
        Canonical, without explicit zeros: int8 ones, or of a floating type where labels are unknown or soft.

    Raises
    ------
    ValueError
        If there is only one class, if an indicator holds anything but 0 and 1, or if the target is none of these; of a
        chunk also if there are no rows, or other classes or labels than before.
    """
    names = column_names(y)
    y = read_targets(y, name=name, also=also)
    if chunk is not None:
        return _read_chunk(y, *chunk, also, name)
    if y.ndim == 2:
        # A row a label, as the lists of scikit-learn's multi-output classifiers hold. With two labels, one array
        # [0, 1] would make scikit-learn's scorers and cross-validation take the model for a binary one.
        classes = np.tile([0, 1], (y.shape[1], 1))
        sparse = ("array" if isinstance(y, sp.sparray) else "matrix") if sp.issparse(y) else ""
        indicator = sp.csr_array(y)
        if not _others(indicator.data).size:
            indicator = kept_pairs(indicator, np.ones(indicator.nnz, dtype=bool))
        encoding = TargetEncoding("multilabel", classes, y.dtype.str, sparse, names)
        return y, encoding, checked(indicator, names, _held(indicator.data))
    classes, indicator = class_indicator(y)
    if len(classes) == 0:
        raise ValueError("y has no rows; at least two samples of two classes are needed.")
    if len(classes) < 2:
        raise ValueError(f"Classifier can't train when only one class is present; y holds only {classes[0]!r}.")
    if len(classes) == 2:
        second = indicator.indices.reshape(-1, 1)
        return y, TargetEncoding("binary", classes), sp.csr_array(second)
    return y, TargetEncoding("multiclass", classes), indicator


def _read_chunk(y, known: TargetEncoding | None, classes: Any, also, name: str):
    """What :func:`read_labels` gives, of the kind of the other rows."""
    if not y.shape[0]:
        raise ValueError(f"{name} has no rows; one is needed at least.")
    if known is not None and (known.kind == "multilabel") != (y.ndim == 2):
        raise ValueError(f"{name} must be of the kind that the model knows, {known.kind}; got shape {y.shape}.")
    given = None if classes is None else class_indicator(read_targets(np.ravel(classes), name="classes"))[0]
    if y.ndim == 2:
        _, encoding, indicator = read_labels(y, also=also)
        if known is not None and len(known.classes) != y.shape[1]:
            raise ValueError(f"{name} must have the model's {len(known.classes)} labels; got {y.shape[1]} columns.")
        if given is not None and not np.array_equal(given, np.arange(y.shape[1])):
            raise ValueError(f"classes of an indicator are the numbers of its {y.shape[1]} columns; got {classes!r}.")
        return y, known or encoding, indicator
    if given is None and known is None:
        raise ValueError("classes must name all classes of a 1-D target, for the first rows may not have all of them.")
    wanted: Any = given if known is None else known.classes
    if given is not None and not np.array_equal(given, wanted):
        raise ValueError(f"classes must be those of the model, {wanted.tolist()}; got {given.tolist()}.")
    if len(wanted) < 2:
        raise ValueError(f"classes must name two classes or more; got {wanted.tolist()}.")
    if len(new := np.setdiff1d(y, wanted)):
        raise ValueError(f"{name} holds classes that are none of the model's, {wanted.tolist()}: {new.tolist()}.")
    _, encoding, indicator = read_labels(np.concatenate([wanted, y]))  # all classes on top, as y may lack one
    return y, known or encoding, indicator[len(wanted) :]


def class_indicator(y: np.ndarray) -> tuple[np.ndarray, sp.csr_array]:
    """The classes of a 1-D target that :func:`read_targets` gave, sorted, and a column of 0 and 1 for each of them."""
    try:
        classes, index = np.unique(y, return_inverse=True)
    except TypeError:
        kinds = sorted({type(value).__name__ for value in y})
        raise ValueError(f"The classes of y must be of one type to be sorted; got {' and '.join(kinds)}.") from None
    n = len(y)
    return classes, sp.csr_array((np.ones(n, np.uint8), index, np.arange(n + 1)), shape=(n, len(classes)))


def kept_pairs(indicator: sp.csr_array, keep: np.ndarray) -> sp.csr_array:
    """Some of the stored pairs of an indicator, as ones."""
    indptr = np.append(0, np.cumsum(keep))[indicator.indptr]
    return sp.csr_array((np.ones(indptr[-1], np.int8), indicator.indices[keep], indptr), shape=indicator.shape)


def split_unknown(indicator: sp.csr_array) -> tuple[sp.csr_array, sp.csr_array | None]:
    """The positives of an indicator of 0, 1 and NaN, and the pairs that are unknown, each as ones; None for none."""
    unknown = np.isnan(indicator.data) if indicator.dtype.kind == "f" else np.zeros(0, dtype=bool)
    if not unknown.any():
        return indicator, None
    return kept_pairs(indicator, ~unknown), kept_pairs(indicator, unknown)


def rounded(indicator: sp.csr_array) -> sp.csr_array:
    """An indicator in which soft labels are 1 from 0.5 on, and unknown ones 0."""
    return kept_pairs(indicator, indicator.data >= 0.5) if indicator.dtype.kind == "f" else indicator


def warn_of_constant_labels(counts: np.ndarray, n_samples: float | np.ndarray):
    """Warn of labels with no positive sample, and of those with no other; unknown ones do not count."""
    for label_is, what in (
        (counts == 0, "no positive sample and will hardly ever be predicted"),
        ((counts > 0) & (counts >= n_samples), "every sample positive and will nearly always be predicted"),
    ):
        if label_is.any():
            first = np.flatnonzero(label_is)[:5].tolist()
            warn(
                f"{label_is.sum()} of {len(counts)} labels have {what}: columns {first}"
                f"{' and so on' if label_is.sum() > 5 else ''}."
            )


def is_missing(value: Any) -> bool:
    """Whether a value of a list or an object column stands for none: None, NaN, NaT or ``pandas.NA``."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):  # pandas, without importing it
        return True
    return isinstance(value, (float, np.floating)) and bool(np.isnan(value))


def _read(y: Any, name: str, also: tuple[str, ...]) -> Any:
    """An array of numbers, booleans or strings of one or two dimensions, or a canonical CSR."""
    if isinstance(y, _Checked) and y.holds is not None and set(y.holds) <= set(also):
        return y
    values = _to_array(y, name)
    if sp.issparse(values):
        return _read_sparse(values, name, also)
    if values.ndim not in (1, 2):
        raise ValueError(
            f"{name} must be classes of shape (n_samples,) or a label indicator of shape (n_samples, n_labels); got a "
            f"{type(y).__name__} of shape {values.shape}."
        )
    if values.dtype == np.float16:
        values = values.astype(np.float32)  # of which SciPy has sparse matrices
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))  # and of the other order of bytes it has none
    if values.dtype.kind in "OT":
        values = _from_objects(values, name, also if values.ndim == 2 else ())
    if values.ndim == 2 and values.shape[1] == 0:
        raise ValueError(f"{name} has no labels: its shape is {values.shape}. {_TAGS_HINT}")
    if isinstance(y, (list, tuple)) and values.ndim == 2 and values.dtype.kind in "OUS":
        raise _tag_lists(name)
    return values


def _to_array(y: Any, name: str) -> Any:
    """An array, or a sparse matrix where it holds one."""
    if sp.issparse(y):
        return y
    if isinstance(y, np.ma.MaskedArray) and np.ma.is_masked(y):
        raise ValueError(f"{name} holds masked values; fill them, or leave these rows out.")
    if hasattr(y, "iloc") and getattr(y, "ndim", 1) == 2:  # a frame of pandas
        if hasattr(y, "sparse"):  # what is left out need not be 0
            return y.sparse.to_coo() if all(dtype.fill_value == 0 for dtype in y.dtypes) else y.sparse.to_dense().values
        if y.shape[1] and not all(isinstance(dtype, np.dtype) for dtype in y.dtypes):
            return np.column_stack([np.asarray(y.iloc[:, i]) for i in range(y.shape[1])])
        return np.asarray(y)
    try:
        return np.asarray(y)
    except ValueError:  # ragged
        raise _tag_lists(name) from None
    except Exception as error:
        raise ValueError(f"{name} is a {type(y).__name__} that NumPy cannot read: {error}") from error


def _from_objects(values: np.ndarray, name: str, also: tuple[str, ...]) -> np.ndarray:
    """Numbers or booleans where all objects are; strings as they are; else an error."""
    values = values.astype(object)
    missing = np.frompyfunc(is_missing, 1, 1)(values).astype(bool)
    if missing.any() and "unknown" not in also:
        raise ValueError(
            f"{name} holds missing values (None, NaN or NA), the first in row {np.argwhere(missing)[0, 0]} (counted "
            "from 0); fill them, or leave these rows or labels out. "
            f"{_UNKNOWN_HINT if values.ndim == 2 else ''}".rstrip()
        )
    values = np.where(missing, np.nan, values)
    kinds = sorted(set(map(type, values.ravel())), key=lambda kind: kind.__name__)
    if any(not issubclass(kind, (str, bytes)) and hasattr(kind, "__iter__") for kind in kinds):
        raise _tag_lists(name)
    for types, dtype in _TYPES_OF_OBJECTS.items():
        if all(issubclass(kind, types) for kind in kinds):
            try:
                return values.astype(dtype)
            except OverflowError:
                raise ValueError(f"{name} holds numbers that do not fit into 64 bits.") from None
    raise ValueError(
        f"{name} must hold values of one type, numbers or strings; got {', '.join(kind.__name__ for kind in kinds)}."
    )


def _read_sparse(y: Any, name: str, also: tuple[str, ...]) -> Any:
    if y.ndim != 2:
        raise ValueError(f"A sparse {name} must be an indicator of shape (n_samples, n_labels); got shape {y.shape}.")
    if y.shape[1] == 0:
        raise ValueError(f"{name} has no labels: its shape is {y.shape}.")
    if y.format not in ("csr", "csc", "coo", "bsr"):
        y = y.tocsr()
    check_sparse(y, name)
    certain = not also or not _others(y.data).size
    if certain:
        _check_zero_one(y.data, name)  # as stored: a pair that is there twice is still there
    container = sp.csr_array if isinstance(y, sp.sparray) else sp.csr_matrix
    csr = container(y) if y.format == "csr" and y.data.all() else None
    if csr is None or not csr.has_canonical_format:
        csr = container(y.astype(bool) if certain else y, copy=True)  # in booleans True and True make True
        csr.sum_duplicates()
        csr.eliminate_zeros()
        csr = csr.astype(y.dtype)
    if not certain:
        _check_zero_one(csr.data, name, also)
    return checked(csr, holds=_held(csr.data))


def column_names(y: Any) -> tuple:
    """Names of the columns of a frame of pandas, polars or pyarrow, or of a checked indicator."""
    kinds = ("columns",) if hasattr(y, "iloc") else ("column_names", "columns", "names")
    return next((tuple(getattr(y, kind)) for kind in kinds if hasattr(y, kind)), ())


def _held(values: np.ndarray) -> tuple[str, ...]:
    """What the stored values of an indicator are besides 1."""
    kinds = {"unknown": np.isnan(values), "soft": (values > 0) & (values < 1)}
    return tuple(kind for kind, found in kinds.items() if found.any())


def _others(values: np.ndarray, also: tuple[str, ...] = ()) -> np.ndarray:
    """Values that are neither the number 0 nor 1, nor what is allowed besides: the one place that says what is."""
    if values.dtype.kind not in "biuf":
        return values.ravel()
    # Two counts need no temporary of more than a byte an element.
    if values.dtype.kind == "b" or np.count_nonzero(values == 1) == np.count_nonzero(values):
        return np.empty(0)
    others = values[(values != 0) & (values != 1)]
    if "unknown" in also:
        others = others[~np.isnan(others)]
    return others[(others <= 0) | (others >= 1) | np.isnan(others)] if "soft" in also else others


def _check_zero_one(values: np.ndarray, name: str, also: tuple[str, ...] = ()) -> None:
    others = _others(values, also)
    if not others.size:
        return
    if values.dtype.kind not in "iuf":
        found = sorted({repr(v) for v in others[:1000].tolist()})[:5]
        raise ValueError(f"{name} must be a label indicator of the numbers 0 and 1; it holds {found}. {_TAGS_HINT}")
    what = {"unknown": "NaN where a label is unknown", "soft": "soft labels in between"}
    besides = "".join(f", and {what[kind]}" for kind in also)
    found = np.unique(others)[:5].tolist()
    raise ValueError(
        f"{name} must be a label indicator that holds only 0 and 1{besides}; it holds {found}. {_remedy(others)}"
    )


def _remedy(others: np.ndarray) -> str:
    """What to do about values that are not 0 and 1."""
    if not np.isfinite(others).all():
        return f"NaN and infinity are no labels: fill them with 0, or leave these rows or labels out. {_UNKNOWN_HINT}"
    if (others == -1).all():
        return "Where -1 stands for no, use (y > 0).astype(int)."
    if (others == -100).all():
        return (
            "-100 stands for ignored labels in some libraries: fill it with 0, or leave these rows or labels out. "
            f"{_UNKNOWN_HINT}"
        )
    if ((others > 0) & (others < 1)).all():
        return (
            "Smoothed or soft labels are not taken here: use (y >= 0.5).astype(int). BalancedMultiLabelClassifier and "
            "FineTunedMultiLabelClassifier train on them with uncertain_labels=True."
        )
    return _TAGS_HINT


def _tag_lists(name: str) -> TagListsError:
    return TagListsError(
        f"{name} holds lists of tags, or rows of different lengths, where a label indicator of 0 and 1 of shape "
        f"(n_samples, n_labels) is needed. {_TAGS_HINT}"
    )
