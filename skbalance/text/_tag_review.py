"""What a fitted TagClassifier says of its own work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sklearn.utils.validation import check_is_fitted

from skbalance._tag_lists import tags_of_indicator

__all__ = ["TagReviewMixin"]


class TagReviewMixin:
    """Methods of `TagClassifier` that tell which tags can be trusted, and where to look."""

    @property
    def promises_(self: Any):
        """What is promised of each tag."""
        check_is_fitted(self)
        decisions = self._decisions()
        if getattr(decisions, "promises_", None) is None:
            raise AttributeError("promises_ is there after fit with min_precision or max_missed only.")
        return replace(decisions.promises_, labels=self.classes_)

    def to_review(self: Any, X):
        """The tags that the usual thresholds would predict, and that no promise covers: for a person to look at.

        Parameters
        ----------
        X : list of str, or any
            What `fit` took, of length n_samples.

        Returns
        -------
        rows : list of (int, list of str or int)
            Number of each row that has such tags, and these, in the order of `classes_`.

        Raises
        ------
        ValueError
            If nothing is promised: `fit` needs `min_precision` or `max_missed`.
        """
        X = self._read_fitted(X)
        if self._decisions() is None:
            raise ValueError(
                f"{type(self.estimator_).__name__} promises nothing: pass no estimator, or one that ends in a "
                "TunedThresholdMultiLabelClassifierCV with min_precision or max_missed."
            )
        rows = tags_of_indicator(self._decided("to_review", X), self.classes_.tolist())
        return [(i, list(row)) for i, row in enumerate(rows) if row]
