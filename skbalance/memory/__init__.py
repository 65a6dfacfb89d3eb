"""Classifiers that need no training: they remember the rows of each label."""

from skbalance.memory._centroid import CosineCentroidClassifier
from skbalance.memory._neighbors import CosineNeighborsClassifier

__all__ = ["CosineCentroidClassifier", "CosineNeighborsClassifier"]
