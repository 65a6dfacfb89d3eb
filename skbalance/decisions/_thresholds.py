"""The meta-estimator that sets the cuts of a multi-label classifier."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
import scipy.sparse as sp
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.utils import check_random_state, get_tags, indexable
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skbalance._validation import (
    DocLinkMixin,
    HasMethods,
    Interval,
    StrOptions,
    _safe_indexing,
    num_samples,
    validate_hyperparameters,
)
from skbalance.crossfit import (
    check_rows,
    choose_response_method,
    encode_tuning_targets,
    label_counts,
    log_odds,
    out_of_sample_pairs,
    rank_pairs,
    resolve_splits,
    response,
    route_fit_params,
    scoring_blocks,
)
from skbalance.decisions._cooccurrence import LabelCooccurrence
from skbalance.decisions._decision_model import pool, rival_lifts
from skbalance.decisions._decision_rules import (
    MICRO_WEIGHTS,
    SCORING_NAMES,
    STRATEGIES,
    DecisionRule,
    candidate_rules,
    cross_fitted_score,
    get_metric,
)

__all__ = ["TunedThresholdMultiLabelClassifierCV"]

# All labels of a row are looked at up to so many, else the best few.
_DENSE_LABELS = 256
_MIN_WIDTH = 64
_MIN_POOLED_WIDTH = 8


def _estimator_has(method):
    def check(self):
        getattr(getattr(self, "estimator_", self.estimator), method)
        return True

    return check


class TunedThresholdMultiLabelClassifierCV(DocLinkMixin, ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Multi-label classifier that sets the cuts of another one by cross-validation.

    A classifier gives every pair of a row and a label a score, and predicts the label if the score is above a
    cut: 0, or a probability of 0.5. That cut is seldom a good one for rare labels. This meta-estimator scores the
    training rows with models that did not see them, and sets the cuts on these scores.

    A label with thousands of positives shows well where its cut should lie, one with three does not: the cut that
    is best on three positives is mostly luck, and on new rows lets hundreds of wrong ones pass. Here each label's
    own cut is drawn toward the one that is best for labels about as frequent as it, the more so the fewer
    positives it has,

        cut_l = (n_l own_l + shrinkage like(n_l)) / (n_l + shrinkage).

    Parameters
    ----------
    estimator : classifier
        With `decision_function` or `predict_proba`: any multi-label classifier or pipeline, or a binary one if
        the target is binary.
    strategy : {"pooled", "per_label_shrunk", "per_label", "micro_macro", "global", "top_k"}, default="pooled"
        - ``"pooled"``: scores are first replaced by the log-odds of one logistic regression over all labels, which
          sees the score, its lead over the best other label of the row, how much more often the label occurs beside
          that one than elsewhere, and the log of the label's count; then as ``"per_label_shrunk"``.
        - ``"per_label_shrunk"``: each label's own cut, drawn toward that of labels about as frequent.
        - ``"per_label"``: each label's own cut. Poor for labels with few positives.
        - ``"micro_macro"``: each label's cut that maximises the sum of macro-F and micro-F, after [1]_ (which visits
          the labels once, from frequent to rare; here they are visited until no cut moves).
        - ``"global"``: one cut for all labels.
        - ``"top_k"``: the same number of labels for every row.
    scoring : str or callable, default="f1_micro_macro"
        What to maximise. ``"f1_micro"``, ``"f1_macro"``, or ``"f1_micro_macro"``, the mean of both weighted by
        `micro_weight`, are maximised directly. Others (``"f1_samples"``, ``"f1_weighted"``, ``"jaccard_micro"``,
        ``"jaccard_macro"``, ``"jaccard_samples"``, or a metric called as ``scoring(y_true, y_pred)``, larger being
        better) choose among the cuts that several values of `micro_weight` and `beta` give, or among 50 global ones.
    micro_weight : float, default=0.25
        Share of micro-F1 in ``"f1_micro_macro"``. Used for that name only.
    beta : float, default=1.0
        Of the F-measure, where `scoring` is maximised directly: above 1 recall counts more, below 1 precision.
    shrinkage : float or "auto", default=20.0
        Positives at which a label's own cut weighs as much as that of its like; 0 is no shrinkage. ``"auto"``
        chooses among 3, 10, 30 and 100 by `scoring`.
    k : int, default=None
        Labels a row for ``"top_k"``; None chooses by `scoring`.
    min_labels : int or "auto", default="auto"
        Rows with fewer labels above their cuts are given those that are closest to it. ``"auto"`` is 1 if every
        training row has a label, else 0; and 0 for a binary target.
    max_labels : int, default=None
        Rows with more labels above their cuts keep those that are farthest above.
    response_method : {"auto", "decision_function", "predict_proba"}, default="auto"
        Where scores come from; ``"auto"`` prefers `decision_function`. Probabilities are turned into log-odds to
        set the cuts.
    cv : int, float, splitter, iterable or "prefit", default=None
        - int: folds of :class:`MultilabelStratifiedKFold`, shuffled (of scikit-learn's StratifiedKFold for a
          binary target); None is 5.
        - float in (0, 1): a single stratified hold-out of that share.
        - splitter or iterable of (train, test): as it is.
        - ``"prefit"``: `estimator` is fitted already, and all rows given to `fit` set the cuts. They should be
          others than it was fitted on.
    refit : bool, default=True
        Whether to fit `estimator_` on all rows. False, possible with a single split, keeps the model of that
        split. Without effect on ``"prefit"``.
    n_jobs : int, default=None
        Folds to fit at a time.
    store_cv_results : bool, default=False
        Whether to keep `cv_results_`.
    random_state : int, RandomState instance or None, default=None
        Shuffles the folds, and chooses the rows of the pooled model where there are more than a million pairs.

    Attributes
    ----------
    estimator_ : classifier
        The fitted classifier.
    thresholds_ : ndarray of shape (n_labels,)
        Cuts on the scale of the scores: decision values or probabilities; for ``"pooled"``, probabilities that
        `decision_model_` gives. A label is predicted if its score is above. Where the training data have no
        positive of a label the cut is such that it is never predicted (inf or 1), where all rows have it, that it
        always is (-inf or 0). Zeros for ``"top_k"``, where they play no part otherwise.
    best_score_ : float
        Value of `scoring` with cuts set on all folds but one and tried on that one.
    cv_results_ : dict of ndarray
        The settings tried, `micro_weight`, `beta`, `shrinkage`, `cut` and `k`, and their `score`. Only if
        `store_cv_results`.
    decision_model_ : PooledDecisionModel or None
        The model of ``"pooled"``; None if another strategy is used, or if there is one label only.
    min_labels_ : int
        Least number of labels a row.
    k_ : int or None
        Labels a row, for ``"top_k"``.
    micro_weight_, beta_, shrinkage_ : float
        What the cuts were set with.
    label_counts_ : ndarray of shape (n_labels,)
        Positives of each label in the training data.
    n_labels_ : int
        Number of labels; 1 for a binary target.
    classes_ : ndarray of shape (2,) or list of n_labels ndarray
        Classes of a binary target, or of every label.
    n_features_in_ : int
        Features seen in `fit`, if `estimator_` tells.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if `estimator_` tells.

    See Also
    --------
    sklearn.model_selection.TunedThresholdClassifierCV : For binary targets.
    CalibratedMultiLabelClassifierCV : Makes probabilities of scores.

    Notes
    -----
    "About as frequent": hits, predictions and positives of all labels are averaged with the weights
    ``exp(-(log(1 + n_l) - log(1 + n))^2 / 2)``, and ``like(n)`` is the cut that is best for the average.

    Scores of a fold in which a label has no positive tell nothing and are left out. A label that has no positive
    left takes the cut of its like.

    Up to 256 labels all scores are kept; with more, the 64 best labels of each row, or four times as many as a row
    has labels, if that is more. Only these can be predicted. Targets stay sparse, and scores are formed in blocks
    of rows, so that memory grows with rows times kept labels.

    References
    ----------
    .. [1] Lin et al., "On the Thresholding Strategy for Infrequent Labels in Multi-label Classification",
       CIKM 2023.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.metrics import f1_score
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.multiclass import OneVsRestClassifier
    >>> from skbalance import TunedThresholdMultiLabelClassifierCV
    >>> X, y = make_multilabel_classification(n_samples=600, n_classes=8, n_labels=1, random_state=0)
    >>> X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    >>> plain = OneVsRestClassifier(LogisticRegression()).fit(X, y)
    >>> tuned = TunedThresholdMultiLabelClassifierCV(plain, random_state=0).fit(X, y)
    >>> plain_f1 = f1_score(y_test, plain.predict(X_test), average="macro")
    >>> tuned_f1 = f1_score(y_test, tuned.predict(X_test), average="macro")
    >>> bool(tuned_f1 > plain_f1)
    True
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict_proba"]), HasMethods(["fit", "decision_function"])],
        "strategy": [StrOptions(set(STRATEGIES))],
        "scoring": [StrOptions(set(SCORING_NAMES)), callable],
        "micro_weight": [Interval(Real, 0, 1, closed="both")],
        "beta": [Interval(Real, 0, None, closed="neither")],
        "shrinkage": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "k": [Interval(Integral, 1, None, closed="left"), None],
        "min_labels": [StrOptions({"auto"}), Interval(Integral, 0, None, closed="left")],
        "max_labels": [Interval(Integral, 1, None, closed="left"), None],
        "response_method": [StrOptions({"auto", "decision_function", "predict_proba"})],
        "cv": "no_validation",
        "refit": ["boolean"],
        "n_jobs": [Integral, None],
        "store_cv_results": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator,
        *,
        strategy="pooled",
        scoring="f1_micro_macro",
        micro_weight=0.25,
        beta=1.0,
        shrinkage=20.0,
        k=None,
        min_labels="auto",
        max_labels=None,
        response_method="auto",
        cv=None,
        refit=True,
        n_jobs=None,
        store_cv_results=False,
        random_state=None,
    ):
        self.estimator = estimator
        self.strategy = strategy
        self.scoring = scoring
        self.micro_weight = micro_weight
        self.beta = beta
        self.shrinkage = shrinkage
        self.k = k
        self.min_labels = min_labels
        self.max_labels = max_labels
        self.response_method = response_method
        self.cv = cv
        self.refit = refit
        self.n_jobs = n_jobs
        self.store_cv_results = store_cv_results
        self.random_state = random_state

    def fit(self, X, y, **params):
        """Fit the classifier and set the cuts.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data, whatever `estimator` takes.
        y : {array-like, sparse matrix} of shape (n_samples, n_labels) or (n_samples,)
            Indicator of 0 and 1, or a binary target.
        **params : dict
            For `estimator.fit`, cut to each fold if there is a value for each row (`sample_weight`); to the
            splitter too with metadata routing. The cuts leave rows of weight 0 out and
            count the others alike.

        Returns
        -------
        self : TunedThresholdMultiLabelClassifierCV
            The fitted object.

        Raises
        ------
        ValueError
            If a parameter or `y` is not what is allowed, no label has both classes, or all scores are the same.
        sklearn.exceptions.NotFittedError
            If `cv` is ``"prefit"`` and `estimator` is not fitted.
        """
        validate_hyperparameters(self)
        metric = get_metric(self.scoring)
        fit_params, split_params = route_fit_params(self, params)
        X, y = indexable(X, y)
        X, y, fit_params = check_rows(X, y, fit_params)
        y, encoding, indicator = encode_tuning_targets(y)
        n_labels = encoding.n_outputs
        min_labels = self._check_bounds(indicator, n_labels)
        random_state = check_random_state(self.random_state)
        splits = resolve_splits(self.cv, self.estimator, X, y, encoding.kind, random_state, split_params)
        if not self.refit and splits is not None and len(splits) > 1:
            raise ValueError(f"refit=False needs a single split; cv={self.cv!r} makes {len(splits)}.")

        counts, n_rows = label_counts(indicator), num_samples(X)
        if not ((counts > 0) & (counts < n_rows)).any():
            raise ValueError("No label of y has both classes: there is nothing to cut between.")
        method = choose_response_method(self.estimator, self.response_method)
        sizes = np.diff(indicator.indptr)
        typical = int(np.quantile(sizes, 0.99))
        width = n_labels if n_labels <= _DENSE_LABELS else max(_MIN_WIDTH, 4 * typical)
        width = min(n_labels, max(width, min_labels, self.k or 0))

        fitted, pairs, seen, tested = out_of_sample_pairs(
            self.estimator, X, y, indicator, splits, fit_params, method=method, width=width, refit=self.refit,
            n_jobs=self.n_jobs, random_state=random_state,
        )  # fmt: skip
        known = pairs.scores[pairs.scores > -np.inf]
        if not len(known) or known.min() == known.max():
            raise ValueError(
                f"{type(self.estimator).__name__} gives the same score to every pair of a row and a label: "
                "cuts cannot be set."
            )

        self.decision_model_ = self._cooccurrence = None
        if self.strategy == "pooled":
            width = min(pairs.scores.shape[1], max(_MIN_POOLED_WIDTH, 2 * typical, min_labels))
            self.decision_model_, pairs = pool(pairs, seen, tested, indicator, width, random_state)
        if self.decision_model_ is not None:
            self._cooccurrence = LabelCooccurrence.of(indicator)
        rule = self._tune(pairs, counts, n_rows, min_labels, metric, indicator[tested], y, typical)
        cuts = rule.cuts(pairs, counts, n_rows)
        self.estimator_ = fitted
        self.thresholds_ = expit(cuts) if self._on_probabilities(method) else cuts
        self.label_counts_ = counts
        self.n_labels_ = n_labels
        self.classes_ = encoding.classes
        self.min_labels_ = min_labels
        self.micro_weight_, self.beta_, self.shrinkage_, self.k_ = rule.micro_weight, rule.beta, rule.shrinkage, rule.k
        self._rule, self._encoding, self._method = rule, encoding, method
        self._width = pairs.scores.shape[1]
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(fitted, name):
                setattr(self, name, getattr(fitted, name))
        return self

    def _check_bounds(self, indicator, n_labels):
        bounds = {"min_labels": self.min_labels, "max_labels": self.max_labels, "k": self.k}
        for name, value in bounds.items():
            if value is not None and value != "auto" and value > n_labels:
                raise ValueError(f"{name}={value} is more than y has labels, {n_labels}.")
        if self.min_labels == "auto":
            return int(n_labels > 1 and (np.diff(indicator.indptr) > 0).all())
        if self.max_labels is not None and self.min_labels > self.max_labels:
            raise ValueError(f"min_labels={self.min_labels} is more than max_labels={self.max_labels}.")
        return int(self.min_labels)

    def _on_probabilities(self, method):
        return method == "predict_proba" or self.decision_model_ is not None

    def _tune(self, pairs, counts, n_rows, min_labels, metric, truth, y, typical):
        weight = MICRO_WEIGHTS.get(self.scoring) if isinstance(self.scoring, str) else None
        if self.scoring == "f1_micro_macro":
            weight = self.micro_weight
        base = DecisionRule(self.strategy, min_labels, self.max_labels, beta=self.beta)
        most = min(pairs.scores.shape[1], self.max_labels or max(10, 2 * typical))
        k_range = range(self.k, self.k + 1) if self.k else range(max(1, min_labels), max(1, min_labels, most) + 1)
        rules = candidate_rules(
            base, pairs, micro_weight=None if metric else weight, shrinkage=self.shrinkage, k_range=k_range
        )
        if metric is not None and not sp.issparse(y):
            truth = truth.toarray().reshape(len(pairs.scores), *y.shape[1:])
        scores = [
            cross_fitted_score(rule, pairs, counts, n_rows, metric=metric, micro_weight=weight or 0.0, y_true=truth)
            for rule in rules
        ]
        best = int(np.argmax(scores))
        self.best_score_ = scores[best]
        if self.store_cv_results:
            names = ("micro_weight", "beta", "shrinkage", "cut", "k")
            columns = {name: [getattr(rule, name) for rule in rules] for name in names}
            self.cv_results_ = {
                name: np.array([np.nan if v is None else v for v in values], dtype=float)
                for name, values in columns.items()
            }
            self.cv_results_["score"] = np.array(scores)
        elif hasattr(self, "cv_results_"):
            del self.cv_results_
        return rules[best]

    def predict(self, X):
        """Predict labels by the cuts.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        y : {ndarray, sparse matrix} of shape (n_samples, n_labels) or (n_samples,)
            Indicator of the type of the training target, sparse if that was; or classes.

        Raises
        ------
        ValueError
            If `thresholds_` has not one finite or infinite number for each label.
        """
        check_is_fitted(self)
        cuts = np.asarray(self.thresholds_, dtype=float)
        if cuts.shape != (self.n_labels_,) or np.isnan(cuts).any():
            raise ValueError(
                f"thresholds_ must hold one number for each of {self.n_labels_} labels, none of them NaN; got "
                f"shape {cuts.shape}."
            )
        if self._on_probabilities(self._method):
            cuts = logit(cuts)
        rows, columns = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.int32)]
        for block in scoring_blocks(num_samples(X), self.n_labels_):
            X_block = X if block.stop - block.start == num_samples(X) else _safe_indexing(X, np.r_[block])
            values = log_odds(response(self.estimator_, X_block, self._method, self.n_labels_), self._method)
            values[:, self.label_counts_ == 0] = -np.inf
            labels, scores = rank_pairs(values, self._width)
            if self.decision_model_ is not None:
                lifts = rival_lifts(labels, scores, self._cooccurrence)
                scores = self.decision_model_.decision_function(scores, self.label_counts_[labels], lifts)
            chosen = self._rule.choose(labels, scores, cuts)
            rows.append(np.repeat(np.arange(block.start, block.stop), chosen.sum(axis=1)))
            columns.append(labels[chosen])
        index = (np.concatenate(rows), np.concatenate(columns))
        shape = (num_samples(X), self.n_labels_)
        positive = sp.csr_array((np.ones(len(index[0]), dtype=np.int8), index), shape=shape)
        if self._encoding.kind == "binary":
            return self.classes_[positive.toarray()[:, 0].astype(int)]
        return self._encoding.indicator(positive if self._encoding.sparse else positive.toarray())

    @available_if(_estimator_has("predict_proba"))
    def predict_proba(self, X):
        """Probabilities of `estimator_`, as they are, in one array.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_labels) or (n_samples, 2)
            Of each label, or of both classes of a binary target.
        """
        check_is_fitted(self)
        if self._encoding.kind == "binary":
            return self.estimator_.predict_proba(X)
        return response(self.estimator_, X, "predict_proba", self.n_labels_)

    @available_if(_estimator_has("decision_function"))
    def decision_function(self, X):
        """Decision values of `estimator_`, as they are.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_labels) or (n_samples,)
            Of each label, or of the second class of a binary target.
        """
        check_is_fitted(self)
        if self._encoding.kind == "binary":
            return self.estimator_.decision_function(X)
        return response(self.estimator_, X, "decision_function", self.n_labels_)

    def get_metadata_routing(self):
        """Say where the parameters of `fit` go when metadata routing is on.

        Returns
        -------
        routing : MetadataRouter
            To the `fit` of the estimator and the `split` of the splitter.
        """
        fit_to = MethodMapping().add(caller="fit", callee="fit")
        split_to = MethodMapping().add(caller="fit", callee="split")
        router = MetadataRouter(owner=self).add(estimator=self.estimator, method_mapping=fit_to)
        return router.add(splitter=self.cv, method_mapping=split_to)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.target_tags.multi_output = False
        tags.non_deterministic = inner.non_deterministic
        tags.classifier_tags.multi_class = False
        if inner.classifier_tags is not None:
            tags.classifier_tags.multi_label = inner.classifier_tags.multi_label
        return tags
