"""Classifiers that need no training: they remember the rows of each label."""

from skbalance.memory._classifiers import CosineCentroidClassifier, CosineNeighborsClassifier

__all__ = ["CosineCentroidClassifier", "CosineNeighborsClassifier"]
