"""A text network with its tokenizer: begun from a pretrained encoder, or put together from arrays."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from .._lazy import import_optional
from ._encoders import ModelSource, encoder_layers, load_encoder, max_positions, rebuild_encoder
from ._modules import LabelAttentionHead, LinearHead, TextNetwork, make_head, predict_logits
from ._tokens import TextTokenizer

_PEFT_HINT = 'lora_rank needs peft: pip install "skbalance[lora]"'


class TextModel:
    """A text network, its tokenizer, and the files that describe both.

    Parameters
    ----------
    network : TextNetwork
        Encoder and head.
    tokenizer : TextTokenizer
        Splits texts into tokens.
    files : dict of bytes
        Contents of the configuration's file and those of the tokenizer.
    """

    def __init__(self, network: TextNetwork, tokenizer: TextTokenizer, files: dict[str, bytes]):
        self.network, self.tokenizer, self.files = network, tokenizer, files

    @classmethod
    def pretrained(cls, source: ModelSource, *, max_length, pooling, log_odds, label_texts, device, seed) -> TextModel:
        """A pretrained encoder with a new head.

        Parameters
        ----------
        source : ModelSource
            Where the encoder comes from.
        max_length : int
            Most tokens of a text; the encoder's own limit if that is lower.
        pooling : {"mean", "cls", "label_attention"}
            Kind of the head.
        log_odds : ndarray of shape (n_labels,)
            Log-odds of the labels being negative.
        label_texts : list of str or None
            A text for each label, or None for one without; None for no texts.
        device : str
            Where label texts are encoded.
        seed : int
            Of the head's random weights.

        Returns
        -------
        model : TextModel
        """
        encoder, files = load_encoder(source)
        _, plain = rebuild_encoder(files, trust_remote_code=source.trust_remote_code)
        tokenizer = TextTokenizer(plain, files, min(max_length, max_positions(encoder, plain)))
        vectors, width = None, encoder.config.hidden_size
        if label_texts is not None:
            vectors = np.full((len(label_texts), width), np.nan, dtype=np.float32)
            given = [place for place, text in enumerate(label_texts) if text is not None]
            tokens = tokenizer([label_texts[place] for place in given])
            # A head that hands on what it pools.
            pooling_alone = TextNetwork(encoder, LinearHead(torch.eye(width), torch.zeros(width), pooling="mean"))
            vectors[given] = predict_logits(pooling_alone.to(device), tokens, max_tokens=1 << 12, device=device)
        head = make_head(
            pooling,
            n_dimensions=width,
            log_odds=log_odds,
            generator=torch.Generator().manual_seed(seed),
            label_vectors=vectors,
        )
        return cls(TextNetwork(encoder, head), tokenizer, files)

    @classmethod
    def from_arrays(cls, files, weights, *, pooling, max_length, trust_remote_code=False) -> TextModel:
        """The model that :meth:`arrays` was taken of; the arrays are not written to.

        Parameters
        ----------
        files : dict of bytes
            Its files.
        weights : dict of ndarray
            Its arrays.
        pooling : {"mean", "cls", "label_attention"}
            Kind of its head.
        max_length : int
            Most tokens of a text.
        trust_remote_code : bool, default=False
            Run code that comes with the encoder.

        Returns
        -------
        model : TextModel
        """
        parts: dict[str, dict] = {"encoder": {}, "head": {}}
        for name, array in weights.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = torch.tensor(array)
        encoder, plain = rebuild_encoder(files, parts["encoder"], trust_remote_code=trust_remote_code)
        head = parts["head"]
        if head["weight"].shape[1] != encoder.config.hidden_size:
            raise ValueError("The weights of the head are for another encoder: its vectors have another length.")
        if pooling == "label_attention":
            network = TextNetwork(encoder, LabelAttentionHead(**head))
        else:
            network = TextNetwork(encoder, LinearHead(**head, pooling=pooling))
        return cls(network, TextTokenizer(plain, files, max_length), files)

    def arrays(self) -> dict[str, np.ndarray]:
        """Weights by name; on the CPU they share their memory with the network."""
        return {name: tensor.detach().cpu().numpy() for name, tensor in self.network.state_dict().items()}

    def scores(self, texts, *, max_tokens, device) -> np.ndarray:
        """Logits of a list of texts, of shape (n_texts, n_labels); equal texts have equal ones."""
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        logits = predict_logits(self.network, self.tokenizer(list(places)), max_tokens=max_tokens, device=device)
        return logits[[places[text] for text in texts]]

    def check(self, texts, *, max_tokens, device):
        """Raise a ValueError if the logits of some texts are no finite numbers: training has diverged."""
        if not np.isfinite(self.scores(texts, max_tokens=max_tokens, device=device)).all():
            raise ValueError(
                "Fine-tuning diverged: scores are no finite numbers any more. Give a smaller learning_rate_init, "
                "head_learning_rate_init or weight_decay."
            )


@contextmanager
def adapted(network: TextNetwork, settings, seed: int):
    """Context in which only parts of an encoder are trained, or parts beside it; afterwards it is a plain one again.

    Parameters
    ----------
    network : TextNetwork
        Whose encoder is changed, in place.
    settings : object
        Has the parameters of the classifier: of `n_frozen_layers`, the lowest, nothing is trained, nor what is below
        them; `lora_rank` is that of the matrices that are trained beside those of the encoder, or None; and
        `gradient_checkpointing` says whether activations are computed anew in the backward pass.
    seed : int
        Of new matrices.

    Raises
    ------
    ValueError
        If there are not so many layers, or the encoder is narrower than `lora_rank`.
    ImportError
        If peft is needed and not installed.
    """
    n_frozen_layers, lora_rank = settings.n_frozen_layers, settings.lora_rank
    layers = encoder_layers(network.encoder) if n_frozen_layers else []
    if n_frozen_layers > len(layers):
        raise ValueError(f"n_frozen_layers={n_frozen_layers} is more than the encoder's {len(layers)} layers.")
    width = getattr(network.encoder.config, "hidden_size", lora_rank)
    if lora_rank is not None and lora_rank > width:
        raise ValueError(f"lora_rank={lora_rank} is more than the width of the encoder, {width}.")
    if settings.gradient_checkpointing:
        _checkpoint_activations(network.encoder, True)
    if lora_rank is not None:
        network.encoder = _with_lora(network.encoder, lora_rank, seed)
    if n_frozen_layers:
        _freeze(network.encoder, layers[n_frozen_layers:])
    try:
        yield
    finally:
        if lora_rank is not None:
            network.encoder = network.encoder.merge_and_unload()
        if settings.gradient_checkpointing:
            _checkpoint_activations(network.encoder, False)
        network.requires_grad_(True)
        network.zero_grad(set_to_none=True)


def _checkpoint_activations(encoder, wanted: bool):
    """Switch it on or off, by the name that it has in this version of transformers."""
    kind = "activation" if hasattr(encoder, "activation_checkpointing_enable") else "gradient"
    if wanted:
        getattr(encoder, f"{kind}_checkpointing_enable")({"use_reentrant": False})
    else:
        getattr(encoder, f"{kind}_checkpointing_disable")()


def _freeze(encoder: nn.Module, upper: list):
    """Freeze what comes before the first of the upper layers; of all parameters, if there is none."""
    first = {id(p) for layer in upper[:1] for p in layer.parameters()}
    for parameter in encoder.parameters():
        if id(parameter) in first:
            break
        parameter.requires_grad_(False)


def _with_lora(encoder: nn.Module, rank: int, seed: int) -> nn.Module:
    peft = import_optional("peft", _PEFT_HINT)
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(seed)
        return peft.get_peft_model(encoder, peft.LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear"))


def uses_bfloat16(precision: str, device: str) -> bool:
    """Whether the encoder computes in bfloat16."""
    if precision == "auto":
        # Older GPUs only emulate it, which is slow.
        return torch.device(device).type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
    return precision == "bfloat16"
