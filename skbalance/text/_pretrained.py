"""A fine-tuned classifier as a folder, whose encoder other tools load too."""

from __future__ import annotations

import json
import os
from numbers import Integral
from pathlib import Path

import numpy as np

from skbalance.losses import BaseLoss, loss_from_state, loss_to_state

__all__ = ["read_folder", "write_folder"]

_FORMAT = 1
_DESCRIPTION, _HEAD = "skbalance.json", "head.safetensors"
# Parameters that are of one place or one fit.
_LEFT_OUT = ("checkpoint_dir", "device", "label_texts", "local_files_only", "model", "random_state", "revision")
_ATTRIBUTES = ("n_outputs_", "n_samples_fit_", "loss_curve_", "n_iter_", "max_length_", "_pooling")


def write_folder(classifier, model, folder):
    """Write a fitted classifier.

    Parameters
    ----------
    classifier : FineTunedMultiLabelClassifier
        Fitted.
    model : finetuning.TextModel
        Its model.
    folder : str or path
        Made if it does not exist.

    Raises
    ------
    ValueError
        If its loss is no registered one.
    """
    from safetensors.numpy import save_file

    description = _describe(classifier)
    folder = Path(os.path.expanduser(folder))
    folder.mkdir(parents=True, exist_ok=True)
    model.network.encoder.save_pretrained(folder)
    for name, content in model.files.items():
        if name != "config.json":
            (folder / name).write_bytes(content)
    arrays = {name: array for name, array in model.arrays().items() if name.startswith("head.")}
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / _HEAD)
    (folder / _DESCRIPTION).write_text(json.dumps(description, indent=1), encoding="utf-8")


def read_folder(folder) -> tuple[dict, dict]:
    """What :func:`write_folder` wrote, but for the encoder.

    Parameters
    ----------
    folder : str or path
        Where.

    Returns
    -------
    params : dict
        Parameters of the classifier.
    state : dict
        What it learned, with the weights of the head.

    Raises
    ------
    OSError
        If it is no such folder.
    ValueError
        If it was written in another format.
    """
    from safetensors.numpy import load_file

    folder = Path(os.path.expanduser(folder))
    if not (folder / _DESCRIPTION).is_file():
        raise OSError(f"{str(folder)!r} holds no {_DESCRIPTION}; give a folder that save_pretrained made.")
    description = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
    if description["format"] != _FORMAT:
        raise ValueError(
            f"{str(folder)!r} was written in format {description['format']} by another version of skbalance; this one "
            f"reads format {_FORMAT}."
        )
    params, state = description["params"], description["state"]
    params["loss"] = params["loss"] if isinstance(params["loss"], str) else loss_from_state(params["loss"])
    state["_fitted_loss"] = tuple(state["_fitted_loss"])
    state["_target"] = tuple(state["_target"])
    classes = state["classes_"]
    state["classes_"] = np.array(classes["values"], dtype=classes["dtype"])
    state["label_counts_"] = np.array(state["label_counts_"])
    state["weights_"] = load_file(folder / _HEAD)
    return params, state


def _describe(classifier) -> dict:
    params = {name: value for name, value in classifier.get_params(deep=False).items() if name not in _LEFT_OUT}
    if isinstance(params["loss"], BaseLoss):
        params["loss"] = loss_to_state(params["loss"])
    state = {name: getattr(classifier, name) for name in _ATTRIBUTES}
    state |= {name: vars(classifier)[name] for name in ("validation_scores_",) if name in vars(classifier)}
    state["_fitted_loss"] = classifier._fitted_loss
    state["_target"] = classifier._target
    state["label_counts_"] = classifier.label_counts_.tolist()
    classes = classifier.classes_
    state["classes_"] = {"values": classes.tolist(), "dtype": "O" if classes.dtype == object else classes.dtype.str}
    description = {"format": _FORMAT, "params": params, "state": state}
    try:
        return json.loads(json.dumps(description, default=_plain))
    except TypeError as error:
        raise ValueError(
            f"{error}: save_pretrained keeps losses of the package and plain parameters; use pickle."
        ) from None


def _plain(value):
    """NumPy's numbers and arrays as Python's."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, Integral):
        return int(value)
    raise TypeError(f"{value!r} cannot be written as JSON")
