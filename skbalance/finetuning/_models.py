"""A text model: an encoder, a head that pools its vectors and scores the labels, and a tokenizer."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ._encoders import ModelSource, load_encoder, max_positions, rebuild_encoder
from ._tokens import TextTokenizer, Tokens, TrainingTexts, passes_of

# Where head weights start from label texts, the logits of a text that reads as a label's does differ by about this.
LABEL_TEXT_SCALE = 5.0


class LinearHead(nn.Module):
    """Scores of labels from one vector of a text: the mean of its tokens', or that of the first.

    Parameters
    ----------
    weight : Tensor of shape (n_labels, n_dimensions)
        Initial weights.
    bias : Tensor of shape (n_labels,)
        Initial biases.
    pooling : {"mean", "cls"}
        Which vector.
    """

    def __init__(self, weight, bias, pooling):
        super().__init__()
        self.weight, self.bias, self.pooling = nn.Parameter(weight), nn.Parameter(bias), pooling

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Logits of shape (n_texts, n_labels)."""
        if self.pooling == "cls":
            pooled = hidden[:, 0]
        else:
            shown = mask[:, :, None].to(hidden.dtype)
            pooled = (hidden * shown).sum(dim=1) / shown.sum(dim=1)
        return torch.addmm(self.bias, pooled, self.weight.T)


class LabelAttentionHead(nn.Module):
    """Scores of labels, each from its own weighted mean of the tokens' vectors.

    Label l has a query q and weights w. The weights of the tokens are the softmax of q h over the text's tokens h,
    and its score is the sum of w h, so weighted, plus a bias: label-wise attention of Mullenbach et al., "Explainable
    Prediction of Medical Codes from Clinical Text", NAACL 2018, without its convolution.

    Parameters
    ----------
    weight, query : Tensor of shape (n_labels, n_dimensions)
        Initial weights and queries.
    bias : Tensor of shape (n_labels,)
        Initial biases.
    """

    def __init__(self, weight, bias, query):
        super().__init__()
        self.weight, self.bias, self.query = nn.Parameter(weight), nn.Parameter(bias), nn.Parameter(query)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Logits of shape (n_texts, n_labels)."""
        attention = hidden @ self.query.T
        attention = attention.masked_fill(mask[:, :, None] == 0, -torch.inf).softmax(dim=1)
        return (attention * (hidden @ self.weight.T)).sum(dim=1) + self.bias


def head_of(pooling, **weights: Tensor) -> nn.Module:
    """A head of a kind of pooling, with these weights."""
    if pooling == "label_attention":
        return LabelAttentionHead(**weights)
    return LinearHead(**weights, pooling=pooling)


def directions_of(vectors) -> np.ndarray:
    """What sets each label's vector apart from the others', at a length that makes logits differ visibly."""
    length = np.linalg.norm(vectors, axis=1).mean()
    apart = vectors - vectors.mean(axis=0) if len(vectors) > 1 else vectors
    norms = np.linalg.norm(apart, axis=1, keepdims=True)
    return LABEL_TEXT_SCALE * apart / np.maximum(norms, 1e-12) / max(length, 1e-12)


class TextModel(nn.Module):
    """An encoder with a head and a tokenizer.

    Parameters
    ----------
    encoder : torch.nn.Module
        Gives a vector for each token, as ``last_hidden_state``.
    head : torch.nn.Module
        Gives logits from the vectors, in single precision, and the mask.
    tokenizer : TextTokenizer
        Splits texts into tokens.
    files : dict of bytes
        Contents of the configuration's file and those of the tokenizer.

    Attributes
    ----------
    low_precision : bool
        Whether the encoder computes in bfloat16.
    max_tokens : int
        Tokens that are predicted at once, at most.
    """

    encoder: Any
    head: Any
    low_precision = False
    max_tokens = 1 << 12

    def __init__(self, encoder, head, tokenizer: TextTokenizer, files: dict[str, bytes]):
        super().__init__()
        self.encoder, self.head, self.tokenizer, self.files = encoder, head, tokenizer, files

    @classmethod
    def pretrained(cls, settings, log_odds, label_texts, device, seed) -> TextModel:
        """A pretrained encoder with a new head.

        Weights of the head are zero, so that the encoder is not moved by random ones; or, of a label with a text, along
        the text's vector. Biases start half way to the log-odds of the labels.

        Parameters
        ----------
        settings : object
            Has the parameters of the classifier: where the encoder comes from, most tokens of a text, which the
            encoder's own limit may lower, and the pooling.
        log_odds : ndarray of shape (n_labels,)
            Log-odds of the labels being negative.
        label_texts : list of str or None
            A text for each label, or None for one without; None for no texts.
        device : str
            Where label texts are encoded.
        seed : int
            Of the head's random queries.

        Returns
        -------
        model : TextModel
        """
        trusted = bool(settings.trust_remote_code)
        own = os.fspath(settings.model), settings.revision, bool(settings.local_files_only), trusted
        encoder, files = load_encoder(ModelSource(*own))
        _, plain = rebuild_encoder(files, trust_remote_code=trusted)
        tokenizer = TextTokenizer(plain, files, min(settings.max_length, max_positions(encoder, plain)))
        width = encoder.config.hidden_size
        directions = torch.zeros(len(log_odds), width)
        texts = {label: text for label, text in enumerate(label_texts or []) if text is not None}
        if texts:
            pooled = LinearHead(torch.eye(width), torch.zeros(width), "mean")  # it hands on what it pools
            vectors = cls(encoder, pooled, tokenizer, files).to(device).scores(list(texts.values()))
            directions[list(texts)] = torch.from_numpy(directions_of(vectors))
        weights = {"weight": directions, "bias": torch.from_numpy(-0.5 * log_odds).float()}
        if settings.pooling == "label_attention":
            noise = torch.randn(directions.shape, generator=torch.Generator().manual_seed(seed))
            weights["query"] = noise / width + directions / width**0.5
        return cls(encoder, head_of(settings.pooling, **weights), tokenizer, files)

    @classmethod
    def from_arrays(cls, files, weights, pooling, max_length, *, trust_remote_code=False) -> TextModel:
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
        head = head_of(pooling, **parts["head"])
        if parts["head"]["weight"].shape[1] != encoder.config.hidden_size:
            raise ValueError("The weights of the head are for another encoder: its vectors have another length.")
        return cls(encoder, head, TextTokenizer(plain, files, max_length), files)

    def place(self, device: str, settings) -> TextModel:
        """Move it to a device, where it computes as the parameters of a classifier say."""
        self.low_precision = uses_bfloat16(settings.precision, device)
        self.max_tokens = settings.max_tokens or int(settings.batch_size) * int(settings.max_length)
        return self.to(device)

    def read(self, texts, y, weight) -> TrainingTexts:
        """Texts, their indicator and weights as what is trained on."""
        return TrainingTexts(self.tokenizer(texts), y, weight)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits of shape (n_texts, n_labels)."""
        with torch.autocast(ids.device.type, torch.bfloat16, enabled=self.low_precision):
            hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return self.head(hidden.float(), mask)

    @torch.no_grad()
    def predict(self, tokens: Tokens) -> np.ndarray:
        """Logits of texts, of shape (n_texts, n_labels), in passes of texts of like length."""
        bias = self.head.bias
        out = np.empty((len(tokens.ids), len(bias)), dtype=np.float32)
        self.eval()  # each step of training switches back
        for rows in passes_of(tokens.lengths, self.max_tokens):
            out[rows] = self(*tokens.padded(rows, bias.device)).cpu().numpy()
        return out

    def scores(self, texts) -> np.ndarray:
        """Logits of a list of texts; equal texts have equal ones."""
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        return self.predict(self.tokenizer(list(places)))[[places[text] for text in texts]]

    def arrays(self) -> dict[str, np.ndarray]:
        """Weights by name; on the CPU they share their memory with the model."""
        return {name: tensor.detach().cpu().numpy() for name, tensor in self.state_dict().items()}


def uses_bfloat16(precision: str, device: str) -> bool:
    """Whether the encoder computes in bfloat16."""
    if precision == "auto":
        # Older GPUs only emulate it, which is slow.
        return torch.device(device).type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
    return precision == "bfloat16"
