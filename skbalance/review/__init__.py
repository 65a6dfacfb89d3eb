"""After the fit: which texts to look at, which labels to doubt, and a page that shows it."""

from skbalance.review._out_of_fold import OutOfFoldScores
from skbalance.review._page import DOUBTFUL, report_page
from skbalance.review._report import ReportData, TagReport, replacing

__all__ = ["DOUBTFUL", "OutOfFoldScores", "ReportData", "TagReport", "replacing", "report_page"]
