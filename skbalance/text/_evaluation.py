"""Scores of a network on texts that were held out, while it is trained."""

from __future__ import annotations

from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import check_scoring

from skbalance import finetuning
from skbalance._loss_classifier import LossClassifierMixin


def make_evaluation(validation, y, *, target, criterion, scoring, max_tokens, device):
    """Make the function that scores a network after each epoch.

    Parameters
    ----------
    validation : finetuning.TrainingTexts
        The texts.
    y : array-like
        Their target as it was given.
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

    pairs = PositivePairs.from_csr(validation.y, device)
    weight = torch.from_numpy(validation.weight).to(device)
    scored, scorer = ScoredTexts(), None
    if scoring != "loss":
        scored._store_target(*target)
        scorer = check_scoring(scored, scoring=scoring)

    def evaluate(network):
        logits = finetuning.predict_logits(network, validation.tokens, max_tokens=max_tokens, device=device)
        if scorer is not None:
            scored.scores = logits
            return float(scorer(scored, None, y))
        loss = criterion(torch.from_numpy(logits).to(device), pairs, weight) @ weight
        return -float(loss / weight.sum())

    return evaluate


class ScoredTexts(LossClassifierMixin, ClassifierMixin, BaseEstimator):
    """What a scorer needs of a classifier whose scores of the texts are known."""

    def fit(self, X, y):
        """It is fitted as it is."""
        return self

    def _score_blocks(self, X):
        yield self.scores
