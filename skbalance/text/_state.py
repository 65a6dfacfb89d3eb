"""State in files: what of a classifier is written into a folder, and what of files of others is taken or refused."""

import json
import os
import re
import secrets
import shutil
from contextvars import ContextVar
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from skbalance._targets import TargetEncoding
from skbalance._validation import DocLinkMixin, read_path, validate_hyperparameters
from skbalance.finetuning import HEADS, check_files, digest_of
from skbalance.losses import BaseLoss, loss_from_state, loss_to_state

# Names on the Hugging Face Hub, and of its branches, tags and commits.
_HUB_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?", re.ASCII)
# In the state of any estimator.
_ANY_STATE = ("_metadata_request", "_sklearn_output_config", "_skbalance_version")
# What a fine-tuned classifier learns; all of it is there, but for scores of texts that were held out.
FINE_TUNED: dict[str, Any] = {
    "classes_": np.ndarray,
    "n_outputs_": Integral,
    "label_counts_": np.ndarray,
    "n_samples_fit_": Real,
    "weights_": dict,
    "loss_curve_": list,
    "n_iter_": Integral,
    "max_length_": Integral,
    "validation_scores_": list,
    "_fitted_loss": (tuple, BaseLoss),
    "_target": tuple,
    "_pooling": str,
    "_files": dict,
}
_FORMAT = 1
_DESCRIPTION, _ENCODER, _HEAD = "skbalance.json", "model.safetensors", "head.safetensors"
# Parameters that are of one place or one fit, or run code.
LEFT_OUT = (
    "checkpoint_dir", "device", "label_texts", "local_files_only", "model", "random_state", "revision",
    "trust_remote_code",
)  # fmt: skip


class CheckedStateMixin(DocLinkMixin):
    """An estimator whose state is checked when it comes in by ``__setstate__``, as out of a file of skops.

    A flag that runs code and the name of a place are never taken from there, nor written there. A pickle keeps them: it
    is code itself, and for those who wrote it.
    """

    # What takes the place of every name of a model in a state, for those who read files of others.
    _model_given: ClassVar[ContextVar[dict | None]] = ContextVar("_model_given", default=None)
    _of_this_machine: tuple[str, ...] = ()
    _learned: dict[str, Any] = {}

    def __reduce__(self):
        return _of_pickle, (type(self), super().__getstate__())

    def __getstate__(self):
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name not in self._of_this_machine} | _hub_model(state)

    def __setstate__(self, state):
        state = dict(state)
        of_any = {name: state.pop(name) for name in _ANY_STATE if name in state}
        checked = self._checked_state(state)
        if not isinstance(of_any.get("_sklearn_output_config", {}), dict):
            raise ValueError(f"_sklearn_output_config in the state of a {type(self).__name__} is no dictionary.")
        super().__setstate__(checked | of_any)

    def _checked_state(self: Any, state, *, trust_remote_code=False) -> dict:
        """What of a state is taken; a ValueError if there is anything in it that is not this estimator's."""
        name = type(self).__name__
        names = set(self._get_param_names())
        fresh = type(self)(**{key: state[key] for key in names & state.keys() - {*self._of_this_machine}})
        validate_hyperparameters(fresh)
        given = self._model_given.get()
        fresh.set_params(**{"model": None} | (_hub_model(state) if given is None else given))
        learned = {key: value for key, value in state.items() if key not in names}
        if wrong := sorted(learned.keys() - self._learned.keys()):
            raise ValueError(f"{wrong[0]!r:.80} in the state of a {name} is none of its attributes.")
        if learned:
            check_learned(learned, self._learned, trust_remote_code=trust_remote_code)
        return vars(fresh) | learned


def _of_pickle(kind, state):
    estimator = kind.__new__(kind)
    DocLinkMixin.__setstate__(estimator, state)
    return estimator


def _hub_model(state) -> dict:
    """A model of the Hub and its revision, if these are what a state names, and no folder is called the same."""
    model, revision = state.get("model"), state.get("revision")
    given = [model] if revision is None else [model, revision]
    named = all(isinstance(name, str) and _HUB_NAME.fullmatch(name) for name in given)
    return {"model": model, "revision": revision} if named and not os.path.exists(model) else {}


def check_learned(learned, kinds, *, trust_remote_code):
    """Raise a ValueError that names the attribute if no fine-tuned classifier can have learned this."""
    for name in sorted(kinds.keys() - {"validation_scores_"} | learned.keys()):
        value = learned.get(name)
        if not isinstance(value, kinds[name]) or isinstance(value, bool):
            raise ValueError(f"{name} of a FineTunedMultiLabelClassifier is missing or a {type(value).__name__}.")
    if not trust_remote_code:
        check_files(learned["_files"])
    for name, holds in _conditions(learned):
        try:
            right = holds()
        except (IndexError, KeyError, TypeError, ValueError):
            right = False
        if not right:
            raise ValueError(f"{name} of a FineTunedMultiLabelClassifier does not go with the rest of its state.")


def _conditions(learned):
    """Name and condition of learned attributes that are of the right types; each relies on those before it."""
    n_outputs, classes, weights = learned["n_outputs_"], learned["classes_"], learned["weights_"]
    yield "_target", lambda: _is_target(*learned["_target"])
    kind, dtype, sparse = learned["_target"]
    shape = {"multilabel": (n_outputs, 2), "multiclass": (n_outputs,), "binary": (2,)}[kind]
    yield "classes_", lambda: classes.shape == shape and classes.dtype.kind in "biufUSO"
    yield "n_outputs_", lambda: n_outputs == TargetEncoding(kind, classes, dtype, sparse).n_outputs >= 1
    yield "loss_curve_", lambda: all(isinstance(loss, Real) for loss in learned["loss_curve_"])
    yield "validation_scores_", lambda: all(isinstance(score, Real) for score in learned.get("validation_scores_", ()))
    yield "n_iter_", lambda: learned["n_iter_"] == len(learned["loss_curve_"])
    yield "max_length_", lambda: 1 <= learned["max_length_"] < 2**31
    counts = learned["label_counts_"]
    yield "label_counts_", lambda: counts.shape == (n_outputs,) and _finite(counts)
    yield "_pooling", lambda: learned["_pooling"] in HEADS
    yield "_fitted_loss", lambda: validate_hyperparameters(loss_from_state(learned["_fitted_loss"])) is None
    yield "weights_", lambda: all(isinstance(array, np.ndarray) and _finite(array) for array in weights.values())
    head = {name: array.shape for name, array in weights.items() if not str(name).startswith("encoder.")}
    of_labels = (n_outputs, *head.get("head.weight", ())[-1:])
    of_query = {"head.query": of_labels} if learned["_pooling"] == "label_attention" else {}
    yield "weights_", lambda: head == {"head.weight": of_labels, "head.bias": (n_outputs,)} | of_query


def _is_target(kind, dtype, sparse) -> bool:
    known = kind in ("binary", "multiclass", "multilabel") and sparse in ("", "matrix", "array")
    return known and isinstance(dtype, str) and (kind != "multilabel" or np.dtype(dtype).kind in "biuf")


def _finite(array) -> bool:
    return array.dtype.kind in "biuf" and bool(np.isfinite(array).all())


def write_folder(classifier, folder):
    """Write a fitted classifier: into a folder beside, which then takes the place of the one that is there.

    Parameters
    ----------
    classifier : FineTunedMultiLabelClassifier
        Fitted.
    folder : str or path
        Made if it does not exist. What is in it and no part of a model is kept.

    Raises
    ------
    ValueError
        If its loss is no registered one, or the folder is the working directory.
    OSError
        If the folder cannot be written; what was there is then as it was.
    """
    from safetensors.numpy import save_file

    description = _describe(classifier)
    folder = read_path(folder, "folder").resolve()
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"{str(folder)!r} is a file; save_pretrained writes a folder.")
    if folder == Path.cwd():
        raise ValueError("folder is the working directory, which cannot be replaced; give a folder in it.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    for leftover in folder.parent.glob(f".{folder.name}.*.part"):  # of a process that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    beside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
    beside.mkdir()
    try:
        for name, content in classifier._files.items():
            (beside / name).write_bytes(content)
        arrays = {name: np.ascontiguousarray(array) for name, array in classifier.weights_.items()}
        head = {name: array for name, array in arrays.items() if name.startswith("head.")}
        encoder = {name.removeprefix("encoder."): array for name, array in arrays.items() if name not in head}
        save_file(encoder, beside / _ENCODER, metadata={"format": "pt"})
        save_file(head, beside / _HEAD)
        description["files"] = {path.name: digest_of(path.read_bytes()) for path in beside.iterdir()}
        (beside / _DESCRIPTION).write_text(json.dumps(description, indent=1), encoding="utf-8")
        for path in beside.iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        before = _before(folder)
        _clear(before, folder)
        if folder.exists():
            os.rename(folder, before)
        try:
            os.rename(beside, folder)
        finally:
            _clear(before, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _before(folder) -> Path:
    """Where the old folder is while the new one takes its place."""
    return folder.with_name(f".{folder.name}.before")


def _clear(before, folder):
    """Take the old folder away, but for what is no part of its model; where none took its place, put it back."""
    if not before.exists():
        return
    if not folder.exists():
        os.rename(before, folder)
        return
    try:
        parts = {_DESCRIPTION, *json.loads((before / _DESCRIPTION).read_text(encoding="utf-8"))["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        parts = set()
    for path in list(before.iterdir()):
        if path.name not in parts and not (folder / path.name).exists():
            os.rename(path, folder / path.name)
    shutil.rmtree(before, ignore_errors=True)


def read_folder(folder) -> dict:
    """What :func:`write_folder` wrote.

    Parameters
    ----------
    folder : str or path
        Where.

    Returns
    -------
    state : dict
        Parameters of the classifier, and what it learned.

    Raises
    ------
    OSError
        If it is no such folder, or a file of it is missing, is a link, or is not the one that was written.
    ValueError
        If it was written in another format, or does not describe a classifier.
    """
    from safetensors.numpy import load_file

    folder = read_path(folder, "folder").resolve()
    if not folder.exists() and _before(folder).exists():  # save_pretrained was killed in between
        folder = _before(folder)
    if not (folder / _DESCRIPTION).is_file():
        raise OSError(f"{str(folder)!r} holds no {_DESCRIPTION}; give a folder that save_pretrained made.")
    try:
        description = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise OSError(f"{_DESCRIPTION} in {str(folder)!r} is damaged: it is no JSON.") from error
    version = description.get("format") if isinstance(description, dict) else None
    if version != _FORMAT:
        raise ValueError(
            f"{str(folder)!r} was written in format {version!r:.80} by another version of skbalance; this one reads "
            f"format {_FORMAT}."
        )
    try:
        params, state, digests = (dict(description[part]) for part in ("params", "state", "files"))
        params["loss"] = params["loss"] if isinstance(params["loss"], str) else loss_from_state(params["loss"])
        for name in ("_fitted_loss", "_target"):
            state[name] = tuple(state[name])
        state["classes_"] = _classes(**state["classes_"])
        state["label_counts_"] = np.array(state["label_counts_"], dtype=float)
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"{_DESCRIPTION} in {str(folder)!r} does not describe a classifier.") from error
    for name, digest in digests.items():
        path = folder / name
        plain = re.fullmatch(r"\w[\w.-]*", name) and path.is_file() and not path.is_symlink()
        if not plain or digest_of(path.read_bytes()) != digest:
            raise OSError(f"{name!r:.80} in {str(folder)!r} is missing, a link, or not the file that was written.")
    try:
        encoder = {f"encoder.{name}": array for name, array in load_file(folder / _ENCODER).items()}
        state["weights_"] = encoder | load_file(folder / _HEAD)
    except Exception as error:
        raise OSError(f"The weights in {str(folder)!r} cannot be read.") from error
    kept = digests.keys() - {_ENCODER, _HEAD}
    return params | state | {"_files": {name: (folder / name).read_bytes() for name in sorted(kept)}}


def _classes(values, dtype) -> np.ndarray:
    """Classes of a target from a list; their type is one of numbers or of strings no longer than theirs."""
    classes = np.array(values, dtype=object if dtype == "O" else None)
    wanted = np.dtype(dtype)
    if wanted.kind not in "biufUO" or (wanted.kind == "U" and wanted.itemsize > 4 * max(map(len, values))):
        raise ValueError(f"classes of type {dtype!r}")
    return classes.astype(wanted)


def _describe(classifier) -> dict:
    params = {name: value for name, value in classifier.get_params(deep=False).items() if name not in LEFT_OUT}
    if isinstance(params["loss"], BaseLoss):
        params["loss"] = loss_to_state(params["loss"])
    written = FINE_TUNED.keys() & vars(classifier).keys() - {"weights_", "_files"}  # these are files of their own
    state, classes = {name: vars(classifier)[name] for name in sorted(written)}, classifier.classes_
    state["classes_"] = {"values": classes.tolist(), "dtype": "O" if classes.dtype == object else classes.dtype.str}
    try:
        return json.loads(json.dumps({"format": _FORMAT, "params": params, "state": state}, default=_plain))
    except TypeError as error:
        raise ValueError(
            f"{error}: save_pretrained keeps losses of the package and plain parameters; use pickle."
        ) from None


def _plain(value):
    """NumPy's numbers and arrays as Python's."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise TypeError(f"{value!r} cannot be written as JSON")
