"""Metrics and scorers for long-tailed multi-label classification."""

from skbalance.metrics._groups import (
    group_f1_score,
    group_f1_scorer,
    group_precision_score,
    group_recall_score,
    label_groups,
)
from skbalance.metrics._scorer import MultilabelScorer, fitted_label_counts

__all__ = [
    "MultilabelScorer",
    "fitted_label_counts",
    "group_f1_score",
    "group_f1_scorer",
    "group_precision_score",
    "group_recall_score",
    "label_groups",
]
