"""Balancing losses for long-tailed multi-label text classification, as ordinary scikit-learn."""

__version__ = "0.1.0.dev0"

__all__ = ["__version__"]
