"""After the fit: which texts to look at, which labels to doubt."""

from skbalance.review._out_of_fold import OutOfFoldScores

__all__ = ["OutOfFoldScores"]
