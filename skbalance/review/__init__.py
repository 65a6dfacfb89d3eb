"""After the fit: which texts to look at, which labels to doubt, and a page that shows it."""

from skbalance.review._doubt import DoubtModel, decision_features, find_issues, issues_table
from skbalance.review._out_of_fold import OutOfFoldScores
from skbalance.review._page import DOUBTFUL, ReportData, TagReport, report_page

__all__ = [
    "DOUBTFUL",
    "DoubtModel",
    "OutOfFoldScores",
    "ReportData",
    "TagReport",
    "decision_features",
    "find_issues",
    "issues_table",
    "report_page",
]
