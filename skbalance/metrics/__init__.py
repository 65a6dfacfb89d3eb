"""Metrics and scorers for long-tailed multi-label classification."""

from skbalance._indicators import label_propensities
from skbalance.metrics._groups import (
    doubt_gain,
    group_f1_score,
    group_precision_score,
    group_recall_score,
    hierarchical_precision_recall_fscore,
    label_groups,
    review_curve,
)
from skbalance.metrics._probabilities import expected_calibration_error, multilabel_brier_score_loss
from skbalance.metrics._ranking import (
    ndcg_at_k_score,
    precision_at_k_score,
    propensity_scored_ndcg_at_k_score,
    propensity_scored_precision_at_k_score,
    r_precision_score,
    recall_at_k_score,
)
from skbalance.metrics._scorers import (
    MultilabelScorer,
    fitted_label_counts,
    get_scorer,
    get_scorer_names,
    group_f1_scorer,
    multilabel_scorers,
)

__all__ = [
    "MultilabelScorer",
    "doubt_gain",
    "expected_calibration_error",
    "fitted_label_counts",
    "get_scorer",
    "get_scorer_names",
    "group_f1_score",
    "group_f1_scorer",
    "group_precision_score",
    "group_recall_score",
    "hierarchical_precision_recall_fscore",
    "label_groups",
    "label_propensities",
    "multilabel_brier_score_loss",
    "multilabel_scorers",
    "ndcg_at_k_score",
    "precision_at_k_score",
    "propensity_scored_ndcg_at_k_score",
    "propensity_scored_precision_at_k_score",
    "r_precision_score",
    "recall_at_k_score",
    "review_curve",
]
