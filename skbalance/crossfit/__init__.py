"""What the meta-estimators share: rows, splits, routing, and scores of rows that no model has seen."""

from skbalance.crossfit._cross_scores import (
    check_rows,
    encode_tuning_targets,
    fit_quietly,
    label_counts,
    out_of_sample_pairs,
    resolve_splits,
    route_fit_params,
)
from skbalance.crossfit._pairs import ScoredPairs, rank_pairs
from skbalance.crossfit._responses import choose_response_method, log_odds, response, scoring_blocks

__all__ = [
    "ScoredPairs",
    "check_rows",
    "choose_response_method",
    "encode_tuning_targets",
    "fit_quietly",
    "label_counts",
    "log_odds",
    "out_of_sample_pairs",
    "rank_pairs",
    "resolve_splits",
    "response",
    "route_fit_params",
    "scoring_blocks",
]
