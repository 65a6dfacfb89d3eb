"""What the meta-estimators say of themselves to scikit-learn."""

from __future__ import annotations

from typing import Any

from sklearn.base import ClassifierMixin, MetaEstimatorMixin
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skbalance._callbacks import CallbackSupportMixin
from skbalance._responses import response
from skbalance._validation import DocLinkMixin


class MetaClassifierMixin(CallbackSupportMixin, DocLinkMixin, ClassifierMixin, MetaEstimatorMixin):
    """Routing and tags of a classifier around others that are fitted on splits."""

    estimator: Any
    cv: Any

    def _scorers(self) -> list:
        """The classifiers inside, with names."""
        return [("estimator", self.estimator)]

    def _store(self, encoding, fitted: list, state: dict):
        """Take on a fitted state as a whole, with the target and the classifiers; nothing of an earlier one stays."""
        parameters = self.get_params(deep=False)
        kept = {name: value for name, value in vars(self).items() if not name.endswith("_") or name in parameters}
        features = ("n_features_in_", "feature_names_in_")
        self.__dict__ = {
            **kept,
            **state,
            "estimator_": fitted if isinstance(self.estimator, list) else fitted[0],
            "n_labels_": encoding.n_outputs,
            "classes_": encoding.classes,
            "_encoding": encoding,
            **{name: getattr(fitted[0], name) for name in features if hasattr(fitted[0], name)},
        }

    def get_metadata_routing(self):
        """Say where the parameters of `fit` go when metadata routing is on.

        Returns
        -------
        routing : MetadataRouter
            To the `fit` of the estimators, and the `split` of the splitter if there is one.
        """
        fit_to = MethodMapping().add(caller="fit", callee="fit")
        split_to = MethodMapping().add(caller="fit", callee="split")
        router = MetadataRouter(owner=self)
        for name, estimator in self._scorers():
            router = router.add(**{name: estimator}, method_mapping=fit_to)
        return router.add(splitter=self.cv, method_mapping=split_to) if hasattr(self, "cv") else router

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


def _estimator_has(method):
    def check(self):
        getattr(getattr(self, "estimator_", self.estimator), method)
        return True

    return check


class InnerScoresMixin:
    """The scores of the classifier inside, where it has them, in one array."""

    estimator: Any
    estimator_: Any
    n_labels_: int
    _encoding: Any

    @available_if(_estimator_has("predict_proba"))
    def predict_proba(self, X):
        """Probabilities of `estimator_`, as they are, in one array.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        probabilities : {ndarray, sparse matrix} of shape (n_samples, n_labels) or (n_samples, 2)
            Of each label, or of both classes of a binary target; sparse where those of `estimator_` are.
        """
        return self._inner_scores(X, "predict_proba")

    @available_if(_estimator_has("decision_function"))
    def decision_function(self, X):
        """Decision values of `estimator_`, as they are.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        scores : {ndarray, sparse matrix} of shape (n_samples, n_labels) or (n_samples,)
            Of each label, or of the second class of a binary target; sparse where those of `estimator_` are.
        """
        return self._inner_scores(X, "decision_function")

    def _inner_scores(self, X, method):
        check_is_fitted(self)
        if self._encoding.kind == "binary":
            return getattr(self.estimator_, method)(X)
        return response(self.estimator_, X, method, self.n_labels_, keep_sparse=True)
