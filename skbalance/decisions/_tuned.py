"""The meta-estimator that sets the thresholds of multi-label classifiers."""

from __future__ import annotations

from functools import partial
from numbers import Integral, Real

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skbalance._callbacks import with_callbacks
from skbalance._validation import (
    BaseComposition,
    HasMethods,
    Interval,
    StrOptions,
    num_samples,
    validate_hyperparameters,
)
from skbalance._warnings import warn
from skbalance.crossfit import (
    FitTasks,
    InnerScoresMixin,
    MetaClassifierMixin,
    choose_response_method,
    cross_fit,
    features_seen,
    fit_all,
    is_prefit,
    read_fit_inputs,
)
from skbalance.decisions._choice import Choice, one_for_each, read_thresholds
from skbalance.decisions._decisions import OutOfFold, Scale, random_parts, typical_size
from skbalance.decisions._explain import LabelEvidence
from skbalance.decisions._label_texts import LabelMatcher, check_label_texts
from skbalance.decisions._pairs import Candidates
from skbalance.decisions._rules import STRATEGIES, DecisionRule, margins_of
from skbalance.decisions._scorers import FittedScorers
from skbalance.decisions._scoring import MICRO_WEIGHTS, SCORING_NAMES, get_metric
from skbalance.decisions._task import Task, check_estimators, results_table, score_rows, settings_to_try

__all__ = ["TunedThresholdMultiLabelClassifierCV"]

# All labels of a row are candidates up to so many, else the best few.
_DENSE_LABELS = 256
_MIN_WIDTH = 64


class TunedThresholdMultiLabelClassifierCV(InnerScoresMixin, MetaClassifierMixin, BaseComposition, BaseEstimator):
    """Multi-label classifier that sets the thresholds of others by cross-validation.

    A classifier gives every pair of a row and a label a score, and predicts the label if the score is above a
    threshold: 0, or a probability of 0.5. That is seldom a good one for rare labels. This meta-estimator scores the
    training rows with models that did not see them, learns from these scores and other evidence how likely each pair
    is, and sets a threshold for each label.

    A label with thousands of positives shows well where its threshold should lie, one with three does not: what
    is best on three positives is mostly luck, and on new rows lets hundreds of wrong ones pass. Here each label's
    own threshold is shrunk toward the one that is best for labels of similar frequency, the more so the fewer
    positives it has,

        threshold_l = (n_l own_l + shrinkage similar(n_l)) / (n_l + shrinkage).

    Parameters
    ----------
    estimator : classifier or list of (str, classifier)
        With `decision_function` or `predict_proba`: any multi-label classifier or pipeline, or a binary one if
        the target is binary. Of several, with names, all are fitted on the same folds, and the pooled model sees the
        scores of each.
    strategy : {"per_label_shrunk", "per_label", "micro_macro", "global", "top_k", "pooled"}, default="per_label_shrunk"
        - ``"per_label_shrunk"``: each label's own threshold, shrunk toward that of labels of similar frequency.
        - ``"per_label"``: each label's own threshold.
        - ``"micro_macro"``: each label's threshold that maximises the sum of macro-F and micro-F, after [1]_ (which
          visits the labels once, from frequent to rare; here they are visited until no threshold moves). On scores of
          the estimator it puts the tail first: more rare labels are found, for some of micro-F1. Pooled scores do that
          by themselves.
        - ``"global"``: one threshold for all labels.
        - ``"top_k"``: the same number of labels for every row.
        - ``"pooled"``: another name of ``"per_label_shrunk"`` on pooled scores.
    scores : {"pooled", "estimator"}, default="pooled"
        What thresholds are set on. ``"pooled"``: log-odds of one logistic regression over all labels, which sees the
        evidence for a pair: the score of each estimator, its lead over the best other label of the row, how much more
        often the label occurs beside that one than elsewhere, the log of the label's count, and with `label_texts` how
        well the row matches the label's text. ``"estimator"``: the scores of the estimator as they are.
    scoring : str or callable, default="f1_micro_macro"
        What to maximise. ``"f1_micro"``, ``"f1_macro"``, or ``"f1_micro_macro"``, the mean of both weighted by
        `micro_weight`, are maximised directly. Others (``"f1_samples"``, ``"f1_weighted"``, ``"jaccard_micro"``,
        ``"jaccard_macro"``, ``"jaccard_samples"``, or a metric called as ``scoring(y_true, y_pred)``, larger being
        better) choose among the thresholds that several values of `micro_weight` and `beta` give, or among 50 global
        ones.
    micro_weight : float, default=0.25
        Share of micro-F1 in ``"f1_micro_macro"``. Used for that name only.
    beta : float, default=1.0
        Of the F-measure, where `scoring` is maximised directly: above 1 recall counts more, below 1 precision.
    shrinkage : float, default=20.0
        Positives at which a label's own threshold weighs as much as that of labels of similar frequency; 0 is no
        shrinkage.
    k : int, default=None
        Labels a row for ``"top_k"``; None chooses by `scoring`.
    min_labels : int or "auto", default="auto"
        Rows with fewer labels above their thresholds are given those that are closest to it. ``"auto"`` is 1 if every
        training row has a label, else 0; and 0 for a binary target.
    max_labels : int, default=None
        Rows with more labels above their thresholds keep those that are farthest above.
    max_candidates : int or "auto", default="auto"
        Labels of a row with the highest scores that can be predicted; those whose text matches best come in addition.
        ``"auto"`` is all of up to 256 labels; with more labels 64, or four times as many as a row has labels.
    label_texts : list of str, mapping from int to str, array or sparse of shape (n_labels, n_features), default=None
        What the labels are called, in the order of the columns of y or by column; or these texts in the space of the
        features. Texts go through the transformers of the (first) estimator, a pipeline, as fitted in each fold; each
        part of a FeatureUnion is matched apart. Where the estimator is no pipeline and X holds texts, a TF-IDF is made
        for them. ``"CastorOil"``, ``"castor-oil"`` and ``"castor/oil"`` are read as ``"castor oil"``, and each text is
        tried with singulars and plurals exchanged. What a match is worth is learnt: texts that are mere codes do no
        harm. Needs ``scores="pooled"``.
    predict_unseen : bool, default=False
        Whether labels without a training row can be predicted from their text. Needs `label_texts`.
    param_grid : dict or list of dict, default=None
        Parameters of `estimator` to choose among, as for
        :class:`~sklearn.model_selection.GridSearchCV`, by the `scoring` that decisions on the same folds reach: no
        nested cross-validation is needed. Of equally good ones the first is taken.
    response_method : {"auto", "decision_function", "predict_proba"}, default="auto"
        Where scores come from; ``"auto"`` prefers `decision_function`. Probabilities are turned into log-odds to
        set thresholds.
    cv : int, float, splitter, iterable or "prefit", default=None
        - int: folds of :class:`~skbalance.model_selection.MultilabelStratifiedKFold`, shuffled (of scikit-learn's
          StratifiedKFold for a binary target); None is 5.
        - float in (0, 1): a single stratified hold-out of that share.
        - splitter or iterable of (train, test): as it is, on all rows; rows of weight 0 are dropped from what it gives.
        - ``"prefit"``: `estimator` is fitted already, and all rows given to `fit` set the thresholds. They should be
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
    verbose : int, default=0
        Above 0, each fit is printed with the time that is left.

    Attributes
    ----------
    estimator_ : classifier or list of classifiers
        Fitted, a list if `estimator` is one.
    thresholds_ : ndarray of shape (n_labels,)
        On the scale of :meth:`decision_scores`: a label is predicted if its score is above. They may be edited: -inf,
        or for probabilities a number below 0, always predicts the label; inf, or 1, never. Where the training data have
        no positive of a label it is never predicted (inf or 1), where all rows have it, always (-inf or 0). Zeros for
        ``"top_k"``, where they play no part otherwise.
    best_score_ : float
        Value of `scoring` with thresholds set on all folds but one and tried on that one.
    best_params_ : dict
        What was chosen of `param_grid`. Only if that is given.
    cv_results_ : dict of ndarray
        The settings tried, `params`, `micro_weight`, `beta`, `threshold` and `k`, and their `score`. Only if
        `store_cv_results`.
    decisions_ : Decisions
        The decision model with its coefficients, the settings and the thresholds, as they are used inside.
    min_labels_ : int
        Least number of labels a row.
    k_ : int or None
        Labels a row, for ``"top_k"``.
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
    skbalance.calibration.CalibratedMultiLabelClassifierCV : Makes probabilities of scores.

    Notes
    -----
    "Of similar frequency": hits, predictions and positives of all labels are averaged with the weights
    ``exp(-(log(1 + n_l) - log(1 + n))^2 / 2)``, and ``similar(n)`` is the threshold that is best for the average. Of
    equally good thresholds the middle is taken.

    Scores of a fold in which a label has no positive tell nothing and are left out. A label that has no positive
    left takes the threshold of labels of similar frequency. Where that holds for all labels there is no evidence at
    all: a warning says so, and the threshold is the usual one, 0 or a probability of 0.5.

    Targets stay sparse, and scores are formed in blocks of rows, so that memory grows with rows times candidates.

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
        "estimator": [HasMethods(["fit", "predict_proba"]), HasMethods(["fit", "decision_function"]), list],
        "strategy": [StrOptions({*STRATEGIES, "pooled"})],
        "scores": [StrOptions({"pooled", "estimator"})],
        "scoring": [StrOptions(set(SCORING_NAMES)), callable],
        "micro_weight": [Interval(Real, 0, 1, closed="both")],
        "beta": [Interval(Real, 0, 1e100, closed="neither")],  # its square is a float too
        "shrinkage": [Interval(Real, 0, None, closed="left")],
        "k": [Interval(Integral, 1, None, closed="left"), None],
        "min_labels": [StrOptions({"auto"}), Interval(Integral, 0, None, closed="left")],
        "max_labels": [Interval(Integral, 1, None, closed="left"), None],
        "max_candidates": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "label_texts": "no_validation",
        "predict_unseen": ["boolean"],
        "param_grid": [dict, list, None],
        "response_method": [StrOptions({"auto", "decision_function", "predict_proba"})],
        "cv": "no_validation",
        "refit": ["boolean"],
        "n_jobs": [Integral, None],
        "store_cv_results": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator,
        *,
        strategy="per_label_shrunk",
        scores="pooled",
        scoring="f1_micro_macro",
        micro_weight=0.25,
        beta=1.0,
        shrinkage=20.0,
        k=None,
        min_labels="auto",
        max_labels=None,
        max_candidates="auto",
        label_texts=None,
        predict_unseen=False,
        param_grid=None,
        response_method="auto",
        cv=None,
        refit=True,
        n_jobs=None,
        store_cv_results=False,
        random_state=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.strategy = strategy
        self.scores = scores
        self.scoring = scoring
        self.micro_weight = micro_weight
        self.beta = beta
        self.shrinkage = shrinkage
        self.k = k
        self.min_labels = min_labels
        self.max_labels = max_labels
        self.max_candidates = max_candidates
        self.label_texts = label_texts
        self.predict_unseen = predict_unseen
        self.param_grid = param_grid
        self.response_method = response_method
        self.cv = cv
        self.refit = refit
        self.n_jobs = n_jobs
        self.store_cv_results = store_cv_results
        self.random_state = random_state
        self.verbose = verbose

    def get_params(self, deep=True):
        """Get the parameters, those of the estimators too.

        Parameters
        ----------
        deep : bool, default=True
            Whether to give the parameters of `estimator`, as ``estimator__name``, or ``name_of_estimator__name`` for
            each of several.

        Returns
        -------
        params : dict
            Parameters by name.
        """
        return self._get_params("estimator", deep=deep)

    def set_params(self, **params):
        """Set parameters, those of the estimators too.

        Parameters
        ----------
        **params : dict
            As :meth:`get_params` names them.

        Returns
        -------
        self : TunedThresholdMultiLabelClassifierCV
            The estimator itself.
        """
        return self._set_params("estimator", **params)

    def _scorers(self):
        return self.estimator if isinstance(self.estimator, list) else [("estimator", self.estimator)]

    @with_callbacks
    def fit(self, X, y, **params):
        """Fit the classifiers and set the thresholds.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data, whatever `estimator` takes.
        y : {array-like, sparse matrix} of shape (n_samples, n_labels) or (n_samples,)
            Indicator of 0 and 1, or a binary target. NaN where a label is unknown, if `estimator` takes it: such pairs
            of a row and a label are left out of the evidence, the thresholds and `scoring`.
        **params : dict
            `groups` for the splitter; others for `estimator.fit`, sliced to each fold if there is a value for each row
            (`sample_weight`), or as metadata routing says. Thresholds leave rows of weight 0 out, and count the others
            alike.

        Returns
        -------
        self : TunedThresholdMultiLabelClassifierCV
            The fitted object.

        Raises
        ------
        ValueError
            If a parameter or `y` is not what is allowed, no label has both classes, or all scores are the same. The
            object is then as it was before.
        sklearn.exceptions.NotFittedError
            If `cv` is ``"prefit"`` and `estimator` is not fitted.
        """
        validate_hyperparameters(self)
        self._check_scorers()
        metric = get_metric(self.scoring)
        given = read_fit_inputs(self, X, y, params)
        X, y, splits, labels, rng = given.X, given.y, given.splits, given.labels, given.rng
        task = self._task(given, metric)

        matcher = None
        if self.label_texts is not None:
            matcher = LabelMatcher(check_label_texts(self.label_texts, task.n_labels)).fit(self._scorers()[0][1], X)
        methods = [choose_response_method(estimator, self.response_method) for _, estimator in self._scorers()]
        candidates = [] if splits is None else settings_to_try(self)
        tasks = FitTasks(
            self, X, y, n_splits=len(splits or ()), n_scorers=len(methods), n_settings=len(candidates),
            refit=self.refit,
        )  # fmt: skip
        if splits is None:
            fitted, best_params = [estimator for _, estimator in self._scorers()], None
            for estimator in fitted:
                check_is_fitted(estimator)
            score = partial(score_rows, X=X, methods=methods, matcher=matcher, width=task.width)
            rows, seen = np.arange(given.n_rows), labels.counts
            oof = OutOfFold.gather(
                [score(fitted, rows, seen)], [rows], seen[None], labels, random_parts(len(rows), rng)
            )
            decisions = task.decide(oof, rng)
            tried: list = [({}, decisions)]
        else:
            parts = random_parts(len(splits[0][1]), rng) if len(splits) == 1 else None
            seed = rng.randint(np.iinfo(np.int32).max)
            best: tuple = ()
            tried = []
            for settings, scorers in candidates:
                score = partial(score_rows, X=X, methods=methods, matcher=matcher, width=task.width)
                results, models, seen = cross_fit(
                    scorers, X, y, labels.indicator, splits, given.params, score,
                    tasks=tasks, keep=not self.refit, n_jobs=self.n_jobs,
                )  # fmt: skip
                oof = OutOfFold.gather(results, [test for _, test in splits], seen, labels, parts)
                decisions = task.decide(oof, np.random.RandomState(seed))
                tried.append((settings, decisions))
                if not best or decisions.score > best[1].score:
                    best = settings, decisions, scorers, models[0]
            best_params, decisions, scorers, fitted = best
            if self.refit:
                fitted = fit_all(scorers, X, y, given.params, tasks)
        if not decisions.evident:
            warn(
                "No label has a positive among rows scored by a model that had seen the label: thresholds are "
                "the usual ones, not tuned. Folds in which every label occurs in both parts give evidence."
            )
        scale = Scale(probabilities=methods[0] == "predict_proba" or decisions.model is not None)
        state = {
            "estimator_": fitted if isinstance(self.estimator, list) else fitted[0],
            "thresholds_": scale.show_thresholds(decisions.thresholds),
            "best_score_": decisions.score,
            "decisions_": decisions,
            "min_labels_": task.rule.choice.min_labels,
            "k_": decisions.rule.k,
            "label_counts_": labels.counts,
            "n_labels_": task.n_labels,
            "classes_": given.encoding.classes,
            "_encoding": given.encoding,
            "_scale": scale,
            "_width": task.width,
            "_fitted": FittedScorers.of(fitted, methods, labels.counts > 0, matcher),
            **features_seen(fitted[0]),
        }
        if self.param_grid is not None:
            state["best_params_"] = best_params
        if self.store_cv_results:
            state["cv_results_"] = results_table(tried)
        self._store(state)
        tasks.end()
        return self

    def _check_scorers(self):
        """Hold what cannot be said by constraints of single parameters."""
        if isinstance(self.estimator, list):
            check_estimators(self.estimator, taken=set(self.get_params(deep=False)))
            if len(self.estimator) > 1 and self.scores == "estimator":
                raise ValueError(f"scores='estimator' needs a single estimator; there are {len(self.estimator)}.")
        if self.strategy == "pooled" and self.scores == "estimator":
            raise ValueError("strategy='pooled' sets thresholds on pooled scores: it needs scores='pooled'.")
        if self.label_texts is not None and self.scores == "estimator":
            raise ValueError(
                "label_texts are evidence for the pooled model: they need scores='pooled', not 'estimator'."
            )
        if self.predict_unseen and self.label_texts is None:
            raise ValueError("predict_unseen=True predicts labels from their text: it needs label_texts.")
        if self.param_grid is not None and is_prefit(self.cv):
            raise ValueError("param_grid needs fits, and cv='prefit' makes none.")

    def _task(self, given, metric):
        """Settings that depend on the target."""
        n_labels, labels, splits = given.encoding.n_outputs, given.labels, given.splits
        bounds = {"min_labels": self.min_labels, "max_labels": self.max_labels, "k": self.k}
        for name, value in bounds.items():
            if value is not None and value != "auto" and value > n_labels:
                raise ValueError(f"{name}={value} is more than y has labels, {n_labels}.")
        min_labels = int(n_labels > 1 and labels.every_row_has_one) if self.min_labels == "auto" else self.min_labels
        if self.max_labels is not None and min_labels > self.max_labels:
            raise ValueError(f"min_labels={min_labels} is more than max_labels={self.max_labels}.")
        if not self.refit and splits is not None and len(splits) > 1:
            raise ValueError(f"refit=False needs a single split; cv={self.cv!r} makes {len(splits)}.")
        if not labels.vary.any():
            raise ValueError("No label of y has both classes: there is nothing to decide between.")
        typical = typical_size(labels.indicator)
        width = self.max_candidates
        if width == "auto":
            width = n_labels if n_labels <= _DENSE_LABELS else max(_MIN_WIDTH, 4 * typical)
        width = min(n_labels, max(int(width), min_labels, self.k or 0))
        weight = MICRO_WEIGHTS.get(self.scoring) if isinstance(self.scoring, str) else None
        if self.scoring == "f1_micro_macro":
            weight = self.micro_weight
        most = min(width, self.max_labels or max(10, 2 * typical))
        least = max(1, min_labels)
        k_range = range(self.k, self.k + 1) if self.k else range(least, max(least, most) + 1)
        choice = Choice(int(min_labels), None if self.max_labels is None else int(self.max_labels))
        strategy = "per_label_shrunk" if self.strategy == "pooled" else self.strategy
        rule = DecisionRule(strategy, choice, beta=self.beta, shrinkage=float(self.shrinkage))
        settings = {
            "pooled": self.scores == "pooled", "names": [name for name, _ in self._scorers()], "metric": metric,
            "micro_weight": weight, "k_range": k_range, "usual": 0.0, "unseen": self.predict_unseen,
        }  # fmt: skip
        return Task(given.y, labels, width, rule, settings)

    def _thresholds(self):
        return one_for_each(read_thresholds(self.thresholds_, "thresholds_"), self.n_labels_, "thresholds_")

    def _blocks(self, X, thresholds):
        """Candidates of a block of rows at a time, with their scores inside."""
        always = thresholds <= 0 if self._scale.probabilities else thresholds == -np.inf
        for block, candidates in self._fitted.candidates(X, self._width, forced=np.flatnonzero(always)):
            yield block, candidates, self.decisions_.scores(candidates)

    def _choose(self, candidates, scores, thresholds):
        margins = margins_of(scores, self._scale.read_thresholds(thresholds)[candidates.labels])
        if self.k_ is not None:
            return Choice(self.k_, self.k_)(margins > 0, margins)
        above = self._scale.show(scores) > thresholds[candidates.labels]
        return self.decisions_.rule.choice(above, margins)

    def predict(self, X):
        """Predict labels by the thresholds.

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
        thresholds = self._thresholds()
        rows, columns = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.int32)]
        for block, candidates, scores in self._blocks(X, thresholds):
            chosen = self._choose(candidates, scores, thresholds)
            rows.append(np.repeat(np.arange(block.start, block.stop), chosen.sum(axis=1)))
            columns.append(candidates.labels[chosen])
        index = (np.concatenate(rows), np.concatenate(columns))
        shape = (num_samples(X), self.n_labels_)
        positive = sp.csr_array((np.ones(len(index[0]), dtype=np.int8), index), shape=shape)
        if self._encoding.kind == "binary":
            return self.classes_[positive.toarray()[:, 0].astype(int)]
        return self._encoding.indicator(positive if self._encoding.sparse else positive.toarray())

    def decision_scores(self, X):
        """Scores that :meth:`predict` compares with `thresholds_`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_labels) or (n_samples,)
            With ``scores="pooled"`` probabilities that the decision model gives, else decision values or probabilities
            of the estimator. A label that was not learnt, or is not among the candidates of the row, has 0 as a
            probability, -inf as a decision value.
        """
        check_is_fitted(self)
        thresholds = self._thresholds()
        scores = np.full((num_samples(X), self.n_labels_), 0.0 if self._scale.probabilities else -np.inf)
        for block, candidates, values in self._blocks(X, thresholds):
            np.put_along_axis(scores[block], candidates.labels, self._scale.show(values), axis=1)
        return scores[:, 0] if self._encoding.kind == "binary" else scores

    def predict_topk(self, X, k):
        """The k labels with the highest scores of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        k : int
            Labels a row, from 1 to the number of labels.

        Returns
        -------
        labels : ndarray of int of shape (n_samples, k)
            Columns of the target, the one with the highest score first.
        scores : ndarray of shape (n_samples, k)
            Of these, those of :meth:`decision_scores`.

        Raises
        ------
        ValueError
            If `k` is out of its range.
        """
        check_is_fitted(self)
        most = min(self.n_labels_, self._width)
        if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or not 1 <= k <= most:
            raise ValueError(
                f"k must be an integer from 1 to the number of labels that are looked at, {most}; got {k!r}."
            )
        labels, scores = [np.empty((0, k), dtype=np.int32)], [np.empty((0, k))]
        for _, candidates, values in self._blocks(X, self._thresholds()):
            best = np.argsort(-values, axis=1, kind="stable")[:, :k]
            labels.append(np.take_along_axis(candidates.labels, best, axis=1))
            scores.append(np.take_along_axis(self._scale.show(values), best, axis=1))
        return np.concatenate(labels), np.concatenate(scores)

    def explain(self, X):
        """Why the predicted labels are predicted.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        explanations : list of list of LabelEvidence, of length n_samples
            For each row its predicted labels with their evidence, the one with the highest score first.
        """
        check_is_fitted(self)
        thresholds, model = self._thresholds(), self.decisions_.model
        rows: list[list[LabelEvidence]] = []
        for _, candidates, values in self._blocks(X, thresholds):
            chosen = self._choose(candidates, values, thresholds)
            shown = self._scale.show(values)
            evidence = weights = None
            if model is not None:
                evidence = model.evidence(candidates, self.decisions_.known)
                weights = model.weights(evidence)
            for i in range(len(shown)):
                pairs = sorted(np.flatnonzero(chosen[i]), key=lambda j: -values[i, j])
                rows.append([self._explain(candidates, shown, thresholds, evidence, weights, i, j) for j in pairs])
        return rows

    def _explain(self, candidates: Candidates, shown, thresholds, evidence, weights, i, j):
        label = int(candidates.labels[i, j])
        columns = {}
        if evidence is not None and candidates.known[i, j]:
            names = [column.name for column in self.decisions_.model.columns]
            columns = {n: (float(e), float(w)) for n, e, w in zip(names, evidence[i, j], weights[i, j])}
        return LabelEvidence(label, float(shown[i, j]), float(thresholds[label]), columns)
