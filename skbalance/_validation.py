"""Input checks that all rooms share, and the private names of scikit-learn that the package uses.

No other file imports a private name of scikit-learn; where a name moves between versions, only this file
knows.
"""

import functools
import inspect
import os
import sys
import types
from collections.abc import Callable
from numbers import Integral
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import numpy as np
import scipy.sparse as sp
from sklearn import get_config
from sklearn.utils import _safe_indexing  # noqa: F401
from sklearn.utils._param_validation import (  # noqa: F401
    HasMethods,
    InvalidParameterError,
    StrOptions,
    make_constraint,
)
from sklearn.utils._param_validation import Interval as _Interval
from sklearn.utils.metaestimators import _BaseComposition as BaseComposition  # noqa: F401
from sklearn.utils.validation import _check_method_params as check_method_params  # noqa: F401
from sklearn.utils.validation import _num_samples as num_samples
from sklearn.utils.validation import validate_data as _validate_data

try:
    from sklearn.utils._repr_html.estimator import _VisualBlock as VisualBlock
except ImportError:  # scikit-learn 1.6
    from sklearn.utils._estimator_html_repr import _VisualBlock as VisualBlock  # noqa: F401

DOCUMENTATION_URL = "https://skbalance.readthedocs.io/en/stable"

# A model saved by an older release than this cannot be read: (major, minor).
OLDEST_READABLE = (0, 1)


class Interval(_Interval):
    """Numbers between two limits, as scikit-learn has them; booleans are none, nor are integers beyond 64 bits."""

    def is_satisfied_by(self, val):
        """Whether a value is such a number."""
        if isinstance(val, bool | np.bool_) or (isinstance(val, Integral) and abs(int(val)) >= 2**63):
            return False
        try:
            with np.errstate(over="ignore"):  # limits as half-precision numbers
                return super().is_satisfied_by(val)
        except (TypeError, ValueError):  # what NumPy says of a number that it does not know
            return False


class _Constraints:
    """What each parameter of an estimator may be, where scikit-learn's checks look for it."""

    def __get__(self, estimator, kind):
        allowed = constraints_of(kind)
        return {name: allowed.get(name, "no_validation") for name in kind._get_param_names()}


class DocLinkMixin:
    """Mixin of all estimators: link to the documentation, and the release that saved a pickle.

    Its HTML display links to the page of its class, and its pickle says which release made it.
    """

    _parameter_constraints: Any = _Constraints()
    _doc_link_module = "skbalance"
    _doc_link_template = f"{DOCUMENTATION_URL}/generated/{{estimator_module}}.{{estimator_name}}.html"

    def __getstate__(self):
        state = super().__getstate__()
        return {**state, "_skbalance_version": _version()}  # type: ignore[dict-item]

    def __setstate__(self, state):
        state = dict(state)
        shadowing = [name for name in state if callable(getattr(type(self), str(name), None))]
        if shadowing:
            raise ValueError(f"{shadowing[0]!r:.80} in the state of a {type(self).__name__} is a method's name.")
        _check_version(type(self).__name__, state.pop("_skbalance_version", None))
        super().__setstate__(state)  # type: ignore[misc]


def _version() -> str:
    return sys.modules[__package__].__version__


def _check_version(name, saved):
    """Refuse the state of an object saved by a release that this one cannot read."""
    current = _version()
    try:
        release, newest = (tuple(int(part) for part in version.split(".")[:2]) for version in (saved, current))
    except (AttributeError, ValueError):
        raise ValueError(f"This {name} says that skbalance {saved!r} saved it, which is no release.") from None
    if not OLDEST_READABLE <= release <= newest:
        raise ValueError(
            f"This {name} was saved by skbalance {saved}, which skbalance {current} cannot read: load it with that "
            "release, or fit it again."
        )


def check_sparse(matrix, name):
    """Refuse a sparse matrix whose arrays contradict its shape: compiled code would read and write out of bounds.

    Parameters
    ----------
    matrix : object
        Anything; what is not a sparse matrix of coordinates or in compressed form passes.
    name : str
        What the message calls it.

    Raises
    ------
    ValueError
        If an index is negative or past the end, or the pointers do not rise from 0 to the number of the indices.
    """
    if not sp.issparse(matrix) or matrix.ndim != 2 or matrix.format not in ("csr", "csc", "bsr", "coo"):
        return
    try:
        shared = type(matrix)(matrix)  # its arrays, without a copy: the check cuts off what is not used
        if matrix.format != "coo":  # whose coordinates were checked just now
            shared.check_format(full_check=True)
            if (np.diff(matrix.indptr) < 0).any():  # which SciPy does not look at where nothing is stored
                raise ValueError("indptr must be a non-decreasing sequence")
    except ValueError as error:
        raise ValueError(f"{name} is a malformed {matrix.format.upper()} matrix: {error}.") from None


def summed(matrix):
    """Add up what a sparse matrix holds twice of a place, for squares of parts are not the square of their sum.

    Parameters
    ----------
    matrix : object
        Anything; what is not a sparse matrix passes.

    Returns
    -------
    matrix : object
        The same, or a copy where there is something to add up or to sort.
    """
    if sp.issparse(matrix) and not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    return matrix


def sparse_kind(like=""):
    """SciPy's container for a sparse output.

    Parameters
    ----------
    like : {"matrix", "array", ""}
        Of what kind the input was that it follows; empty if it follows none.

    Returns
    -------
    container : type
        `csr_array` if scikit-learn's setting `sparse_interface`, of release 1.9, is ``"sparray"``, or `like` is
        ``"array"``; else `csr_matrix`, as the setting is ``"spmatrix"`` by default.
    """
    arrays = like == "array" or get_config().get("sparse_interface") == "sparray"
    return sp.csr_array if arrays else sp.csr_matrix


def validate_hyperparameters(estimator):
    """Check an estimator's parameters against their types.

    Raises
    ------
    ValueError
        Naming the parameter, what it must be and what it is.
    """
    kind: Any = type(estimator)
    _check_parameters(constraints_of(kind), estimator.get_params(deep=False), kind.__name__)


def validate_params(function):
    """Decorate a function to check its arguments against their types; booleans are not numbers.

    Parameters
    ----------
    function : callable
        What is called after the check, with Python's numbers in place of NumPy's, the smaller of which overflow.

    Returns
    -------
    call : callable
        The same with the check.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args, **kwargs):
        given = signature.bind(*args, **kwargs)
        _check_parameters(constraints_of(function), given.arguments, function.__qualname__)
        for name, value in given.arguments.items():
            given.arguments[name] = value.item() if isinstance(value, np.generic) else value
        return function(*given.args, **given.kwargs)

    return call


@functools.cache
def constraints_of(owner: Any) -> dict[str, list]:
    """What each parameter may be by its type, as scikit-learn writes it.

    Parameters
    ----------
    owner : callable or type
        A function, or a class; what a base of another package says of its own is left aside.

    Returns
    -------
    constraints : dict of str to list
        Of the parameters that may not be just anything.
    """
    parts = [part for part in getattr(owner, "__mro__", [owner]) if part.__module__.startswith(f"{__package__}.")]
    hints: dict[str, Any] = {}
    for part in reversed(parts):
        hints |= inspect.get_annotations(part, eval_str=True)
    return {name: allowed for name, hint in hints.items() if (allowed := _allowed(hint))}


def _allowed(hint) -> list:
    """What the type of a parameter allows; nothing where it may be anything."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return [one for part in parts for one in _allowed(part)]
    if origin is Annotated:
        return [each for each in hint.__metadata__ if each != "no_validation"]
    if origin is Literal:
        return [StrOptions(set(parts))]
    plain: dict[Any, list] = {Any: [], bool: ["boolean"], types.NoneType: [None], Callable: [callable]}
    return plain.get(hint, [origin or hint])


def _check_parameters(constraints, parameters, caller):
    for name in filter(parameters.__contains__, constraints):
        wanted = [make_constraint(each) for each in constraints[name]]
        if not any(each.is_satisfied_by(parameters[name]) for each in wanted):
            raise InvalidParameterError(
                f"The {name!r} parameter of {caller} must be {' or '.join(map(str, wanted))}. "
                f"Got {short(parameters[name])} instead."
            )


def validate_features(estimator, X, **settings):
    """scikit-learn's ``validate_data`` for features, with a ValueError for numbers that are too large for a float.

    Parameters
    ----------
    estimator : estimator
        Whose number and names of features are set, or compared.
    X : {array-like, sparse} of shape (n_samples, n_features)
        Features.
    **settings
        For ``validate_data``.

    Returns
    -------
    X : {ndarray, sparse} of shape (n_samples, n_features)
        The features.

    Raises
    ------
    ValueError
        If they cannot be used.
    """
    check_sparse(X, "X")
    try:
        return summed(_validate_data(estimator, X, **settings))
    except OverflowError as error:
        raise ValueError(f"X holds a number that is too large for a float: {error}.") from None
    except (TypeError, ValueError) as error:
        if str(error).startswith(("could not convert", "float() argument")):  # Python's own, which may quote a text
            raise type(error)(f"X must hold numbers: {_cut(str(error))}") from None
        raise


def sigmoid_calibration(scores, targets, weights):
    """Slope and intercept of Platt's sigmoid, as scikit-learn fits it.

    Parameters
    ----------
    scores, targets, weights : ndarray of shape (n,)
        Each score, whether it is that of a positive, and its weight.

    Returns
    -------
    slope, intercept : float
        Of the exponent: probabilities are 1 / (1 + exp(slope * score + intercept)).
    """
    from sklearn.calibration import _sigmoid_calibration  # a sixth of a second, for those who calibrate alone

    slope, intercept = _sigmoid_calibration(scores, targets, weights)
    return float(slope), float(intercept)


def check_option(value, allowed, name):
    """Refuse what is not one of some strings, whatever it is.

    Parameters
    ----------
    value : object
        As given.
    allowed : iterable of str
        The strings.
    name : str
        What the message calls it.

    Raises
    ------
    ValueError
        If it is none of them.
    """
    allowed = tuple(allowed)
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {allowed}; got {short(value)}.")


def check_k(k, most, of="labels"):
    """Read how many of something are asked for.

    Parameters
    ----------
    k : int
        As given.
    most : int
        The largest number that is allowed.
    of : str, default="labels"
        What they are, for the message.

    Returns
    -------
    k : int

    Raises
    ------
    ValueError
        If it is no integer from 1 to `most`.
    """
    if isinstance(k, bool) or not isinstance(k, Integral) or not 1 <= int(k) <= most:
        raise ValueError(f"k must be an integer from 1 to the number of {of}, {most}; got {k!r}.")
    return int(k)


def check_sample_weight(sample_weight, X, *, name="sample_weight", dtype=np.float64):
    """Check how much each sample weighs.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), number or None
        Weights; a number is that of every sample, and None is 1.
    X : array-like of length n_samples
        What they weigh.
    name : str, default="sample_weight"
        What the messages call them.
    dtype : type, default=float64
        Of what is returned.

    Returns
    -------
    sample_weight : ndarray of shape (n_samples,)
        One weight for each sample.

    Raises
    ------
    ValueError
        If they are not one number for each sample, or not finite, negative or all zero.
    """
    n_samples = num_samples(X)
    with np.errstate(over="ignore"):
        weight = read_numbers(1 if sample_weight is None else sample_weight, name).astype(dtype, copy=False)
    weight = np.full(n_samples, weight) if weight.ndim == 0 else weight
    if weight.shape != (n_samples,):
        raise ValueError(f"{name} must have shape (n_samples,) = ({n_samples},); got {weight.shape}.")
    if not np.isfinite(weight).all() or (weight < 0).any() or not weight.any():
        raise ValueError(f"{name} must be finite, not negative and not all zero; got {short(sample_weight)}.")
    return weight


def read_numbers(values, name):
    """Read numbers of any container as float64; text and complex numbers are refused.

    Parameters
    ----------
    values : array-like
        The numbers.
    name : str
        What the message calls them.

    Returns
    -------
    numbers : ndarray of float64
        Of the shape that they had.

    Raises
    ------
    ValueError
        If they are no numbers, ragged, or too large for a float.
    """
    try:
        numbers = np.asarray(values)
        if numbers.dtype.kind in "biufO":
            return numbers.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"{name} must hold numbers; got {short(values)}.")


def read_path(path, name):
    """Read the path of a file or folder, whether it exists or not; ``~`` is the user's home.

    Parameters
    ----------
    path : str or path-like
        As given.
    name : str
        What the messages call it.

    Returns
    -------
    path : Path

    Raises
    ------
    TypeError
        If it is neither a string nor a path.
    ValueError
        If no file can be called so.
    """
    text = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(text, str):
        raise TypeError(f"{name} must be a str or a path; got {short(path)}.")
    try:
        good = text and b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        good = False
    if not good:
        raise ValueError(f"{name} must be the name of a file or folder; got {short(text)}.")
    return Path(os.path.expanduser(text))


def short(value):
    """What a message shows of a value: 80 characters of its repr."""
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python writes out
        return "an integer of thousands of digits"
    return _cut(text)


def _cut(text):
    return text if len(text) <= 80 else f"{text[:77]}..."
