"""Files of models."""

import contextvars
import importlib
import warnings
import zipfile
from typing import Any, BinaryIO


def save_model(model: Any, file: BinaryIO, name: str) -> None:
    """Write a model: with joblib where `name`, what the file is called, ends in ``.joblib``, else with skops."""
    if name.endswith(".joblib"):
        import joblib

        joblib.dump(model, file, compress=3)
    else:
        import skops.io

        skops.io.dump(model, file, compression=zipfile.ZIP_DEFLATED, compresslevel=6)


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
    from skbalance.text import SentenceEmbedder, TagClassifier

    open(path, "rb").close()  # what cannot be read says so itself
    try:
        if path.endswith(".joblib"):
            import joblib

            model = joblib.load(path)
        else:
            model = _load_skops(path, embedder)
        if not isinstance(model, TagClassifier):
            raise ValueError(f"it holds a {type(model).__name__}")
        for one in vars(model).get("estimator_", model).get_params().values():
            if isinstance(one, SentenceEmbedder):
                one.set_params(model=embedder or one.model)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.set_params(sep=None).predict(["lists of tags, whatever it was trained on"])
    except Exception as error:
        told = isinstance(error, ValueError) or not isinstance(error, (AttributeError, LookupError, TypeError))
        reason = error if told else "it is damaged, or of another version"
        raise ValueError(f"{path} is no model that can be used: {reason}") from error
    return model


def _load_skops(path: str, embedder: str | None):
    import skops.io

    from skbalance.text import SentenceEmbedder

    types = skops.io.get_untrusted_types(file=path)
    strange = [name for name in types if not _is_own_class(name)]
    if strange:
        raise ValueError(f"it holds {strange[0]:.80}, which is no class of this package, and was not loaded")
    if embedder is None and f"{SentenceEmbedder.__module__}.SentenceEmbedder" in types:
        raise ValueError("it needs the folder of its encoder, --embedder")
    # A name on the Hub is not taken from a file that others may have written: it would be downloaded.
    context = contextvars.copy_context()
    context.run(SentenceEmbedder._model_given.set, {"model": embedder})
    return context.run(skops.io.load, path, trusted=types)


def _is_own_class(name: str) -> bool:
    """Whether a type that a file names is defined in this package."""
    module, _, kind = name.rpartition(".")
    found = getattr(importlib.import_module(module), kind, None) if module.startswith("skbalance.") else None
    return isinstance(found, type) and found.__module__ == module
