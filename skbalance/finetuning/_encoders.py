"""Encoders of Hugging Face: loaded from a folder or the Hub, taken apart into plain values, and put together again."""

import hashlib
import json
import os
import re
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from .._lazy import import_optional

# What the labels are scored from.
HEADS = ("mean", "cls", "label_attention")
_INSTALL_HINT = 'FineTunedMultiLabelClassifier needs transformers: pip install "skbalance[text]"'
# What describes an encoder and its tokenizer; nothing of another name is taken from what others wrote.
_SETTINGS = ("config.json", "tokenizer_config.json")
_FILES = (
    *_SETTINGS, "tokenizer.json", "special_tokens_map.json", "added_tokens.json", "vocab.txt", "vocab.json",
    "merges.txt", "bpe.codes", "sentencepiece.bpe.model", "spiece.model", "spm.model", "tokenizer.model",
    "chat_template.jinja",
)  # fmt: skip
# Settings by which transformers runs code, or reads what lies elsewhere.
_REFUSED = re.compile(
    r"auto_map|trust_remote_code|quantization_config|custom_\w+|_?name_or_path|\w+_(file|path|dir|repo|repo_id)"
    r"|\w*_implementation(_internal)?|\w*kernels\w*|\w*backbone\w*|pretrained\w*"
)


class ModelSource(NamedTuple):
    """Where a model comes from and where it goes: all that decides what is loaded."""

    model: str
    revision: str | None = None
    local_files_only: bool = False
    trust_remote_code: bool = False
    device: str = "auto"


def not_loaded(source: ModelSource, kind: str, maker: str, error: Exception) -> OSError:
    """Error that says why a model of a kind, as `maker` writes it into a folder, could not be loaded."""
    if os.path.isdir(os.path.expanduser(source.model)):
        return OSError(f"The folder model={source.model!r} could not be loaded as {kind}: {error}")
    return OSError(
        f"The model {source.model!r} is no local folder and could not be had from the Hugging Face Hub "
        f"(revision={source.revision!r}, local_files_only={source.local_files_only}): {error}\n"
        f"Without a network, give model= the path of a local folder that {maker} or a download made."
    )


def load_encoder(source: ModelSource) -> tuple[Any, dict[str, bytes]]:
    """Load an encoder and the files that describe it and its tokenizer.

    Parameters
    ----------
    source : ModelSource
        A local folder, of transformers or of sentence-transformers, or a name on the Hugging Face Hub.

    Returns
    -------
    encoder : torch.nn.Module
        In single precision, on the CPU.
    files : dict of bytes
        Contents of the configuration's file and those of the tokenizer, by name.

    Raises
    ------
    ImportError
        If transformers is not installed.
    OSError
        If there is no such model here and it could not be downloaded.
    ValueError
        If it has a decoder beside the encoder.
    """
    transformers = import_optional("transformers", _INSTALL_HINT)
    folder = os.path.expanduser(source.model)
    options = {name: getattr(source, name) for name in ("revision", "local_files_only", "trust_remote_code")}
    try:
        options["subfolder"] = _subfolder(folder)
        with quiet_loading(os.path.isdir(folder)):
            encoder = transformers.AutoModel.from_pretrained(folder, **options)
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **options)
    except ImportError:
        raise
    except Exception as error:  # of any kind, where files are damaged
        raise not_loaded(source, "an encoder", "save_pretrained", error) from error
    if getattr(encoder.config, "is_encoder_decoder", False):
        raise ValueError(f"model={source.model!r} is a {type(encoder).__name__}, with a decoder; an encoder is needed.")
    return encoder.float(), _describe(encoder, tokenizer, source.trust_remote_code)


def rebuild_encoder(files: dict[str, bytes], state: dict | None = None, *, trust_remote_code=False):
    """Encoder and tokenizer from what :func:`load_encoder` returned.

    Parameters
    ----------
    files : dict of bytes
        Contents of the configuration's file and those of the tokenizer.
    state : dict of Tensor, default=None
        Weights; without them there is no encoder, only the tokenizer.
    trust_remote_code : bool, default=False
        Run code that comes with the model.

    Returns
    -------
    encoder : torch.nn.Module or None
    tokenizer : transformers.PreTrainedTokenizerBase
    """
    import torch

    transformers = import_optional("transformers", _INSTALL_HINT)
    if not trust_remote_code:
        check_files(files)
    try:
        with tempfile.TemporaryDirectory() as folder, quiet_loading():
            for name, content in files.items():
                Path(folder, name).write_bytes(content)
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=trust_remote_code)
            if state is None:
                return None, tokenizer
            config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=trust_remote_code)
            for _, name, value in _settings_within(json.loads(files["config.json"])):
                if "layer" in name and isinstance(value, int) and value > len(state):
                    raise ValueError(f"{name}={value} for {len(state)} weights: to build them would take for ever")
            with torch.device("meta"):  # takes no memory, whatever sizes the configuration names
                like = transformers.AutoModel.from_config(config, trust_remote_code=trust_remote_code)
            like.load_state_dict(state, assign=True)  # raises where these are not the weights that it names
            return type(like).from_pretrained(None, config=config, state_dict=state).float(), tokenizer
    except ImportError:
        raise
    except Exception as error:
        raise ValueError(
            f"The encoder cannot be put together from its files and weights ({type(error).__name__}): they do not "
            "belong together, or it has code of its own, which runs with trust_remote_code=True only."
        ) from error


def check_files(files):
    """Refuse files by which an encoder that others wrote would run code, or reach beyond its own folder.

    Parameters
    ----------
    files : dict of bytes
        Contents by name.

    Raises
    ------
    ValueError
        If a name is none of those that describe an encoder and its tokenizer, or a setting in them names code or a
        place.
    """
    for name, content in files.items():
        if name not in _FILES or not isinstance(content, bytes):
            raise ValueError(
                f"An encoder is described by the contents of {', '.join(_FILES)}; got {name!r:.80} "
                f"({type(content).__name__}). Other files are taken from models of your own only, as a pickle."
            )
        if name not in _SETTINGS:
            continue
        try:
            refused = _refused(dict(json.loads(content).items()))
        except (AttributeError, ValueError, RecursionError) as error:
            raise ValueError(f"{name} of the encoder is no JSON, or holds no settings by name.") from error
        for _, key in refused:
            raise ValueError(f"{name} has {key!r:.80}, by which transformers would run code or read files elsewhere.")
    if "config.json" not in files:
        raise ValueError("An encoder needs a config.json; it is not among the files.")


def _settings_within(settings):
    """Each setting, at any depth: the dictionary that holds it, its name, its value."""
    left = [settings]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            yield from ((part, name, value) for name, value in list(part.items()))
        left += part.values() if isinstance(part, dict) else part if isinstance(part, list) else []


def _refused(settings) -> list[tuple[dict, str]]:
    """Those that are refused; a number names neither code nor a place."""
    named = (bool, str, list, dict)
    found = [(part, key) for part, key, value in _settings_within(settings) if value and isinstance(value, named)]
    return [(part, key) for part, key in found if _REFUSED.fullmatch(key)]


def max_positions(encoder, tokenizer) -> int:
    """Most tokens of a text that the encoder and its tokenizer take."""
    positions = min(tokenizer.model_max_length, 1 << 30)
    limit = getattr(encoder.config, "max_position_embeddings", None)
    if limit and limit > 0:
        # RoBERTa and its kin count positions from behind the padding's.
        embeddings = [m for name, m in encoder.named_modules() if name.endswith("position_embeddings")]
        padding = getattr(embeddings[0], "padding_idx", None) if embeddings else None
        positions = min(positions, limit - (0 if padding is None else padding + 1))
    return positions


def encoder_layers(encoder) -> list:
    """The stack of layers of an encoder.

    Raises
    ------
    ValueError
        If none is found.
    """
    n_layers = getattr(encoder.config, "num_hidden_layers", None)
    for module in encoder.modules():
        if type(module).__name__ == "ModuleList" and len(module) == n_layers:
            return list(module)
    raise ValueError(f"n_frozen_layers: no stack of layers was found in a {type(encoder).__name__}.")


@contextmanager
def quiet_loading(from_disk: bool = True):
    """Keep transformers from drawing a bar for weights that it reads from the disk; one for a download is drawn."""
    from transformers.utils import logging

    hidden = from_disk and logging.is_progress_bar_enabled()
    if hidden:
        logging.disable_progress_bar()
    try:
        yield
    finally:
        if hidden:
            logging.enable_progress_bar()


def _subfolder(folder: str) -> str:
    """Where the encoder is in a folder of sentence-transformers: its root, or a part of it."""
    modules = Path(folder, "modules.json")
    if Path(folder, "config.json").is_file() or not modules.is_file():
        return ""
    part = json.loads(modules.read_text(encoding="utf-8"))[0]["path"]
    if not re.fullmatch(r"\w[\w.-]*", part):
        raise ValueError(f"modules.json has the path {part!r:.80}, which is no folder in it")
    return part


def _describe(encoder, tokenizer, trust_remote_code) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder)
        config = type(encoder.config).from_dict(encoder.config.to_dict())
        config.architectures = [type(encoder).__name__]
        config.save_pretrained(folder)
        files = {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir()) if path.is_file()}
    if trust_remote_code:
        return files
    for name in _SETTINGS:
        settings = json.loads(files[name])
        for part, key in _refused(settings):  # would be refused when it is read again
            del part[key]
        files[name] = json.dumps(settings, indent=2).encode()
    return {name: content for name, content in files.items() if name in _FILES}


def digest_of(content) -> str:
    """Hash of the content of a file."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()
