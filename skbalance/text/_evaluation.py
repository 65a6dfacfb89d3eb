"""Scores of a network on texts that were held out, while it is trained."""

from __future__ import annotations

from skbalance import finetuning
from skbalance._early_stopping import make_score


def make_evaluation(rows, tokens, *, target, criterion, scoring, max_tokens, device):
    """Make the function that scores a network after each epoch.

    Parameters
    ----------
    rows : Rows
        The texts.
    tokens : finetuning.Tokens
        Of these.
    target : TargetEncoding, LabelStatistics and BaseLoss
        What the target is, and what is learnt of it.
    criterion : Criterion
        The bound loss, of reduction ``"row_sum"``.
    scoring : str or callable
        ``"loss"``, or a scorer of scikit-learn.
    max_tokens : int
        Most tokens of a pass.
    device : str
        Where the network is.

    Returns
    -------
    evaluate : callable
        From a network to a score, higher for a better one.
    """
    import torch

    from skbalance.losses import PositivePairs

    pairs = PositivePairs.from_csr(rows.indicator, device)
    weight = torch.from_numpy(rows.weight).to(device)
    score = None if scoring == "loss" else make_score(rows, scoring, *target)

    def evaluate(network):
        logits = finetuning.predict_logits(network, tokens, max_tokens=max_tokens, device=device)
        if score is not None:
            return score(logits)
        loss = criterion(torch.from_numpy(logits).to(device), pairs, weight) @ weight
        return -float(loss / weight.sum())

    return evaluate
