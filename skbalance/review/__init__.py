"""After the fit: which texts to look at, which labels to doubt."""

from skbalance.review._doubt import DoubtModel, decision_features
from skbalance.review._issues import find_issues, issues_table
from skbalance.review._out_of_fold import OutOfFoldScores

__all__ = ["DoubtModel", "OutOfFoldScores", "decision_features", "find_issues", "issues_table"]
