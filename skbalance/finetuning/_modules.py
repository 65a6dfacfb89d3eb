"""The network: an encoder, and a head that pools its vectors and scores the labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ._batches import passes_of
from ._tokens import Tokens

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

    def __init__(self, weight, bias, *, pooling):
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


def make_head(pooling, *, n_dimensions, log_odds, generator, label_vectors=None) -> nn.Module:
    """A head with its initial weights.

    Weights are zero, so that the encoder is not moved by random ones; or, of a label with a text, along the text's
    vector. Biases start half way to the log-odds of the labels.

    Parameters
    ----------
    pooling : {"mean", "cls", "label_attention"}
        Kind of the head.
    n_dimensions : int
        Length of the encoder's vectors.
    log_odds : ndarray of shape (n_labels,)
        Log-odds of the labels being negative.
    generator : torch.Generator
        Source of the queries.
    label_vectors : ndarray of shape (n_labels, n_dimensions), default=None
        Vectors of the labels' texts, a row of NaN for a label without one.

    Returns
    -------
    head : torch.nn.Module
    """
    bias = torch.from_numpy(-0.5 * np.asarray(log_odds)).float()
    weight = torch.zeros(len(bias), n_dimensions)
    if label_vectors is not None:
        weight += torch.from_numpy(_directions(label_vectors)).float()
    if pooling != "label_attention":
        return LinearHead(weight, bias, pooling=pooling)
    query = torch.randn(weight.shape, generator=generator) / n_dimensions
    return LabelAttentionHead(weight, bias, query + weight / n_dimensions**0.5)


def _directions(vectors) -> np.ndarray:
    """What sets each label's vector apart from the others', at a length that makes logits differ visibly."""
    given = np.isfinite(vectors).all(axis=1)
    out = np.zeros_like(vectors)
    if given.any():
        known = vectors[given]
        length = np.linalg.norm(known, axis=1).mean()
        apart = known - known.mean(axis=0) if len(known) > 1 else known
        norms = np.linalg.norm(apart, axis=1, keepdims=True)
        out[given] = LABEL_TEXT_SCALE * apart / np.maximum(norms, 1e-12) / max(length, 1e-12)
    return out


class TextNetwork(nn.Module):
    """An encoder with a head.

    Parameters
    ----------
    encoder : torch.nn.Module
        Gives a vector for each token, as ``last_hidden_state``.
    head : torch.nn.Module
        Gives logits from the vectors and the mask.
    """

    encoder: Any
    head: Any

    def __init__(self, encoder: nn.Module, head: nn.Module):
        super().__init__()
        self.encoder = encoder
        self.head = head
        self.low_precision = False  # whether the encoder computes in bfloat16

    def hidden(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Vectors of the tokens, in single precision."""
        with torch.autocast(ids.device.type, torch.bfloat16, enabled=self.low_precision):
            return self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state.float()

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits of shape (n_texts, n_labels)."""
        return self.head(self.hidden(ids, mask), mask)


@torch.no_grad()
def predict_logits(network: TextNetwork, tokens: Tokens, *, max_tokens: int, device) -> np.ndarray:
    """Logits of texts, in passes of texts of like length.

    Parameters
    ----------
    network : TextNetwork
        On the device.
    tokens : Tokens
        The texts.
    max_tokens : int
        Most tokens of a pass.
    device : str
        Where the network is.

    Returns
    -------
    logits : ndarray of float32 of shape (n_texts, n_labels)
    """
    out = np.empty((len(tokens), len(network.head.bias)), dtype=np.float32)
    training = network.training
    network.eval()
    try:
        for rows in passes_of(tokens.lengths, max_tokens):
            out[rows] = network(*tokens.padded(rows, device)).float().cpu().numpy()
    finally:
        network.train(training)
    return out
