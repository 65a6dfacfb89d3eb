"""What the meta-estimators say of themselves to scikit-learn."""

from __future__ import annotations

from typing import Any

from sklearn.base import ClassifierMixin, MetaEstimatorMixin
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping

from skbalance._callbacks import CallbackSupportMixin
from skbalance._validation import DocLinkMixin

__all__ = ["MetaClassifierMixin"]


class MetaClassifierMixin(CallbackSupportMixin, DocLinkMixin, ClassifierMixin, MetaEstimatorMixin):
    """Routing and tags of a classifier around others that are fitted on splits."""

    estimator: Any
    cv: Any

    def _scorers(self) -> list:
        """The classifiers inside, with names."""
        return [("estimator", self.estimator)]

    def _store(self, state: dict):
        """Take on a fitted state as a whole; nothing of an earlier one stays."""
        parameters = self.get_params(deep=False)
        for name in [name for name in vars(self) if name.endswith("_") and name not in parameters]:
            delattr(self, name)
        self.__dict__.update(state)

    def get_metadata_routing(self):
        """Say where the parameters of `fit` go when metadata routing is on.

        Returns
        -------
        routing : MetadataRouter
            To the `fit` of the estimators and the `split` of the splitter.
        """
        fit_to = MethodMapping().add(caller="fit", callee="fit")
        split_to = MethodMapping().add(caller="fit", callee="split")
        router = MetadataRouter(owner=self)
        for name, estimator in self._scorers():
            router = router.add(**{name: estimator}, method_mapping=fit_to)
        return router.add(splitter=self.cv, method_mapping=split_to)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = [get_tags(estimator) for _, estimator in self._scorers()]
        tags.input_tags = inner[0].input_tags
        tags.input_tags.sparse = all(each.input_tags.sparse for each in inner)
        tags.target_tags.multi_output = False
        tags.non_deterministic = any(each.non_deterministic for each in inner)
        tags.classifier_tags.multi_class = False
        if inner[0].classifier_tags is not None:
            tags.classifier_tags.multi_label = inner[0].classifier_tags.multi_label
        return tags


def features_seen(fitted) -> dict:
    """The attributes on features that a fitted classifier has."""
    names = ("n_features_in_", "feature_names_in_")
    return {name: getattr(fitted, name) for name in names if hasattr(fitted, name)}
