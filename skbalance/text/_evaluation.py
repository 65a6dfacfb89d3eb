"""Scores of a network on texts that were held out, while it is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import check_scoring

from skbalance import finetuning
from skbalance._targets import TargetEncoding


def make_evaluation(validation, y, *, encoding, criterion, scoring, exclusive, max_tokens, device):
    """Make the function that scores a network after each epoch.

    Parameters
    ----------
    validation : finetuning.TrainingTexts
        The texts.
    y : array-like
        Their target as it was given.
    encoding : TargetEncoding
        What it is.
    criterion : Criterion
        The bound loss, of reduction ``"row_sum"``.
    scoring : str or callable
        ``"loss"``, or a scorer of scikit-learn.
    exclusive : bool
        Whether classes exclude each other in the loss.
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
    scorer = None
    if scoring != "loss":
        scorer = check_scoring(ScoredTexts(encoding, exclusive, None), scoring=scoring)

    def evaluate(network):
        logits = finetuning.predict_logits(network, validation.tokens, max_tokens=max_tokens, device=device)
        if scorer is not None:
            return float(scorer(ScoredTexts(encoding, exclusive, logits), None, y))
        loss = criterion(torch.from_numpy(logits).to(device), pairs, weight) @ weight
        return -float(loss / weight.sum())

    return evaluate


@dataclass(eq=False, repr=False)
class ScoredTexts(ClassifierMixin, BaseEstimator):
    """What a scorer needs of a classifier whose scores of the texts are known."""

    encoding: TargetEncoding
    exclusive: bool
    scores: Any

    def fit(self, X, y):
        """It is fitted as it is."""
        return self

    @property
    def classes_(self):
        """Those of the target."""
        return self.encoding.classes

    def decision_function(self, X):
        """The scores."""
        return self.scores[:, 0] if self.encoding.kind == "binary" else self.scores

    def predict_proba(self, X):
        """Probabilities of the scores."""
        return self.encoding.probabilities(self.scores.copy(), exclusive=self.exclusive)

    def predict(self, X):
        """Predictions of the scores."""
        return self.encoding.decode(self.scores)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
