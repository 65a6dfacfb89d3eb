"""A fine-tuned classifier as a folder, whose encoder other tools load too."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from pathlib import Path

import numpy as np

from skbalance._validation import read_path
from skbalance.finetuning import digest_of
from skbalance.losses import BaseLoss, loss_from_state, loss_to_state
from skbalance.text._state import FINE_TUNED

_FORMAT = 1
_DESCRIPTION, _ENCODER, _HEAD = "skbalance.json", "model.safetensors", "head.safetensors"
# Parameters that are of one place or one fit, or run code.
LEFT_OUT = (
    "checkpoint_dir", "device", "label_texts", "local_files_only", "model", "random_state", "revision",
    "trust_remote_code",
)  # fmt: skip
# Attributes that are written apart.
_ARRAYS = ("weights_", "_files", "label_counts_", "classes_")


def write_folder(classifier, model, folder):
    """Write a fitted classifier: into a folder beside, which then takes the place of the one that is there.

    Parameters
    ----------
    classifier : FineTunedMultiLabelClassifier
        Fitted.
    model : finetuning.TextModel
        Its model.
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
        for name, content in model.files.items():
            (beside / name).write_bytes(content)
        arrays = {name: np.ascontiguousarray(array) for name, array in model.arrays().items()}
        head = {name: array for name, array in arrays.items() if name.startswith("head.")}
        encoder = {name.removeprefix("encoder."): array for name, array in arrays.items() if name not in head}
        save_file(encoder, beside / _ENCODER, metadata={"format": "pt"})
        save_file(head, beside / _HEAD)
        description["files"] = {path.name: digest_of(path.read_bytes()) for path in beside.iterdir()}
        (beside / _DESCRIPTION).write_text(json.dumps(description, indent=1), encoding="utf-8")
        for path in beside.iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        _put_in_place(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _before(folder) -> Path:
    """Where the old folder is while the new one takes its place."""
    return folder.with_name(f".{folder.name}.before")


def _put_in_place(beside, folder):
    before = _before(folder)
    _clear(before, folder)
    if folder.exists():
        os.rename(folder, before)
    try:
        os.rename(beside, folder)
    finally:
        _clear(before, folder)


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
    learned = FINE_TUNED.keys() & vars(classifier).keys() - set(_ARRAYS)
    state = {name: vars(classifier)[name] for name in sorted(learned)}
    state["label_counts_"] = classifier.label_counts_.tolist()
    classes = classifier.classes_
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
