"""Sentence-transformers models: found, told apart, and loaded once per process."""

import json
import os
import threading
from functools import cache
from pathlib import Path

import joblib
import numpy as np

from skbalance._lazy import import_optional
from skbalance.finetuning import ModelSource, digest_of, not_loaded, quiet_loading
from skbalance.training import check_device

_INSTALL_HINT = 'SentenceEmbedder needs sentence-transformers: pip install "skbalance[text]"'
DEVICE_KINDS = ("cpu", "cuda", "mps", "xpu")
_ORGANISATION = "sentence-transformers"
# Parts of a model's folder that do not change its vectors with the torch backend.
_IGNORED_FOLDERS = ("onnx", "openvino")

_loaded: dict[ModelSource, "LoadedModel"] = {}  # by source
_lock = threading.RLock()


class LoadedModel:
    """A model in memory.

    Parameters
    ----------
    encoder : sentence_transformers.SentenceTransformer
        The model itself.
    identity : str or None
        See `identify`.
    """

    def __init__(self, encoder, identity):
        self.encoder = encoder
        self.identity = identity
        self._lock = threading.Lock()  # fast tokenizers refuse to be used by two threads at once

    @property
    def dimension(self):
        """Number of dimensions of the model's vectors."""
        told = getattr(self.encoder, "get_embedding_dimension", None) or self.encoder.get_sentence_embedding_dimension
        return told() or self.encode([""]).shape[1]

    def encode(self, texts, prompt=None):
        """Encode one batch: list of str -> float32 array of shape (n_texts, dimension)."""
        with self._lock:
            vectors = self.encoder.encode(
                texts, prompt=prompt, batch_size=len(texts), show_progress_bar=False, convert_to_tensor=True
            )
        return vectors.float().cpu().numpy()


def load(source):
    """Load a model, or hand back the one that this process has already loaded.

    Parameters
    ----------
    source : ModelSource
        What to load.

    Returns
    -------
    loaded : LoadedModel
        Shared by all callers in the process.

    Raises
    ------
    ImportError
        If sentence-transformers is not installed.
    ValueError
        If the device is unknown or absent.
    OSError
        If there is no such model here and it could not be downloaded.
    """
    with _lock:
        identity = identify(source)
        loaded = _loaded.get(source)
        if loaded is None or loaded.identity != identity:
            encoder = _load_encoder(source, identity)
            # Known at last, if it has just been downloaded.
            loaded = _loaded[source] = LoadedModel(encoder, identity or identify(source))
        return loaded


def clear_models():
    """Forget the models that this process has loaded, to free their memory.

    The next call that needs one loads it again. Embeddings kept in a `cache_dir` are not touched.

    Examples
    --------
    >>> from skbalance.text import clear_models
    >>> clear_models()
    """
    with _lock:
        _loaded.clear()


def identify(source):
    """Name the exact weights and settings behind a model's name.

    A local folder is named by the hash of its files' names and contents, so a copy of it elsewhere has the
    same identity and a change in it another one. A Hub model is named by its commit in the Hub's local cache; the
    network is never asked.

    Parameters
    ----------
    source : ModelSource
        Where the model comes from.

    Returns
    -------
    identity : str or None
        None for a Hub model that has not been downloaded yet.
    """
    if os.path.isdir(source.model):
        return "folder:" + _digest_folder(source.model)
    hub = import_optional("huggingface_hub", _INSTALL_HINT)
    home = os.getenv("SENTENCE_TRANSFORMERS_HOME")
    for name in [source.model] if "/" in source.model else [f"{_ORGANISATION}/{source.model}", source.model]:
        try:
            path = hub.try_to_load_from_cache(name, "config.json", cache_dir=home, revision=source.revision)
        except ValueError:  # a path, or no possible name at all
            return None
        if isinstance(path, str):
            return f"hub:{name}@{Path(path).parent.name}"
    return None


def _load_encoder(source, identity):
    sentence_transformers = import_optional("sentence_transformers", _INSTALL_HINT)
    # The weights are those that the identity names.
    revision = identity.rpartition("@")[2] if (identity or "").startswith("hub:") else source.revision
    device = None if source.device == "auto" else check_device(source.device, DEVICE_KINDS)  # None lets it choose
    try:
        if not source.trust_remote_code:
            _check_modules(source.model)
        with quiet_loading(identity is not None):
            return sentence_transformers.SentenceTransformer(
                source.model,
                device=device,
                revision=revision,
                local_files_only=source.local_files_only,
                trust_remote_code=source.trust_remote_code,
            )
    except (KeyError, OSError, TypeError, ValueError) as error:
        raise not_loaded(source, "a sentence-transformers model", "SentenceTransformer.save", error) from error


def _check_modules(folder):
    """Refuse a folder whose parts are classes from elsewhere: sentence-transformers before 6.0 imports any of them."""
    modules = Path(folder, "modules.json")
    parts = json.loads(modules.read_text(encoding="utf-8")) if modules.is_file() else []
    for part in parts:
        if not str(part["type"]).startswith("sentence_transformers."):
            raise ValueError(f"modules.json names {part['type']!r:.80}, code that trust_remote_code=True alone runs")


def _digest_folder(folder):
    root = Path(folder).resolve()
    files = sorted(path for path in root.rglob("*") if path.is_file() and _counts(path.relative_to(root)))
    stats = [path.stat() for path in files]
    return _digest(root, tuple((path, stat.st_size, stat.st_mtime_ns) for path, stat in zip(files, stats)))


@cache
def _digest(root, files):
    """The hash of files that are as they were if their names, sizes and times are."""
    return joblib.hash([(path.relative_to(root).as_posix(), digest_of(path.read_bytes())) for path, *_ in files])


def _counts(path):
    hidden = any(part.startswith(".") for part in path.parts)
    return not hidden and path.parts[0] not in _IGNORED_FOLDERS and path.suffix != ".md"


def check_finite(vectors, model):
    """Raise if a model gave NaN or infinity.

    Parameters
    ----------
    vectors : ndarray of shape (n_texts, dimension)
        What the model gave.
    model : str
        Its name, for the message.

    Raises
    ------
    ValueError
        If a value is not finite.
    """
    if not np.isfinite(vectors).all():
        raise ValueError(f"The model {model!r} gave NaN or infinite values; its weights may be damaged.")
