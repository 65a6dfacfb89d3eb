"""Files of models, and files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import importlib
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["load_model", "replacing", "save_model"]


@contextlib.contextmanager
def replacing(path: str) -> Iterator[str]:
    """A file that takes the place of another when it is written, and leaves no trace where that fails.

    Parameters
    ----------
    path : str
        The file to be.

    Yields
    ------
    temporary : str
        Path of an empty file in the same folder.

    Raises
    ------
    OSError
        If nothing can be written there; at once.
    """
    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        raise OSError(f"{path} is no file, and cannot be written.")
    temporary = target.with_name(f".{os.getpid()}.{target.name}")
    try:
        temporary.open("xb").close()
    except OSError as error:
        raise OSError(f"{path} cannot be written: {error.strerror}.") from None
    try:
        yield str(temporary)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def save_model(model, path: str, name: str) -> None:
    """Write a model: with joblib where `name`, what the file will be called, ends in ``.joblib``, else with skops."""
    if name.endswith(".joblib"):
        import joblib

        joblib.dump(model, path, compress=3)
    else:
        import skops.io

        skops.io.dump(model, path, compression=zipfile.ZIP_DEFLATED, compresslevel=6)


def load_model(path: str, embedder: str | None = None):
    """Read a model.

    Parameters
    ----------
    path : str
        A file of skops, of which only classes of this package are taken, or a ``.joblib``, which is a program.
    embedder : str, default=None
        Folder of the encoder, which a file of skops does not keep.

    Returns
    -------
    model : TagClassifier

    Raises
    ------
    ValueError
        If it holds no such model, or what is not of this package.
    OSError
        If it cannot be read.
    """
    from sklearn.utils.validation import check_is_fitted

    from skbalance.text import SentenceEmbedder, TagClassifier

    with open(path, "rb"):  # what cannot be read says so itself
        pass
    try:
        model = _load_joblib(path) if path.endswith(".joblib") else _load_skops(path)
        if not isinstance(model, TagClassifier):
            raise ValueError(f"it holds a {type(model).__name__}")
        check_is_fitted(model)
    except Exception as error:
        raise ValueError(f"{path} is no model of `skbalance fit`: {error}") from error
    embedders = [one for one in model.estimator_.get_params().values() if isinstance(one, SentenceEmbedder)]
    for one in embedders:
        one.set_params(model=embedder or one.model)
        if one.model is None:
            raise ValueError(f"{path} needs the folder of its encoder: give --embedder, as when it was trained.")
    return model.set_params(sep=None)  # lists of tags, whatever it was trained on


def _load_joblib(path: str):
    import joblib

    return joblib.load(path)


def _load_skops(path: str):
    import skops.io

    types = skops.io.get_untrusted_types(file=path)
    strange = [name for name in types if not _is_own_class(name)]
    if strange:
        raise ValueError(f"it holds {strange[0]:.80}, which is no class of this package, and was not loaded")
    return skops.io.load(path, trusted=types)


def _is_own_class(name: str) -> bool:
    """Whether a type that a file names is defined in this package."""
    module, _, kind = name.rpartition(".")
    found = getattr(importlib.import_module(module), kind, None) if module.startswith("skbalance.") else None
    return isinstance(found, type) and found.__module__ == module
