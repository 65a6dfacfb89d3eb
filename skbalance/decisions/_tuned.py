"""The meta-estimator that sets the thresholds of multi-label classifiers."""

from collections.abc import Mapping
from copy import copy, deepcopy
from dataclasses import KW_ONLY, dataclass, replace
from functools import partial
from numbers import Real
from typing import Annotated, Any, Literal

import numpy as np
import scipy.sparse as sp
from scipy.special import expit, logit
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skbalance import _kinds as kinds
from skbalance._callbacks import with_callbacks
from skbalance._validation import BaseComposition, Interval, check_k, num_samples, validate_hyperparameters
from skbalance._warnings import warn
from skbalance.crossfit import FitTasks, InnerScoresMixin, MetaClassifierMixin, cross_fit, fit_all, read_fit_inputs
from skbalance.decisions._candidates import Candidates, FittedScorers, score_rows
from skbalance.decisions._decisions import OutOfFold, Scale, decide
from skbalance.decisions._label_texts import LabelMatcher, check_label_texts
from skbalance.decisions._model import LabelEvidence
from skbalance.decisions._plan import (
    Attempt,
    Plan,
    can_go_on,
    check_settings,
    results_table,
    score_of_the_best,
    settings_to_try,
)
from skbalance.decisions._thresholds import indicator_of_pairs, margins_of, read_thresholds, similar_thresholds
from skbalance.review import OutOfFoldScores, decision_features, find_issues, issues_table

# Best labels of a row whose scores are kept for a page, whether it has them or not.
_BEST = 8
# The rows of a single hold-out, or of a fitted classifier, are taken in so many parts, to try thresholds on rows that
# they were not set on.
_PARTS = 5


def _has_probabilities(tuner):
    inner = getattr(tuner, "estimator_", tuner.estimator)
    return isinstance(inner, list) or hasattr(inner, "predict_proba")


@dataclass(eq=False, repr=False)
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
        the target is binary. Of several, with names, all are fitted on the same folds, and the decision model sees
        the scores of each. Scores may be a sparse matrix of those that are known: a pair that it does not store is
        predicted only where something else speaks for it.
    strategy : {"per_label_shrunk", "per_label", "micro_macro", "global", "top_k"}, default="per_label_shrunk"
        - ``"per_label_shrunk"``: each label's own threshold, shrunk toward that of labels of similar frequency.
        - ``"per_label"``: each label's own threshold.
        - ``"micro_macro"``: each label's threshold that maximises the sum of macro-F and micro-F, after [1]_ (which
          visits the labels once, from frequent to rare; here they are visited until no threshold moves). On scores of
          the estimator it puts the tail first: more rare labels are found, for some of micro-F1. Pooled scores do that
          by themselves.
        - ``"global"``: one threshold for all labels.
        - ``"top_k"``: the same number of labels for every row.
    scores : {"pooled", "estimator"}, default="pooled"
        What thresholds are set on. ``"pooled"``: log-odds of one logistic regression over all labels, which sees the
        evidence for a pair: the score of each estimator, its lead over the best other label of the row, and with
        `label_texts` how well the row matches what the label is called. More of any of these never lowers the odds;
        what each is worth varies with the label's count. ``"estimator"``: the scores of the estimator as they are.
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
    min_precision : float, default=None
        Promise: a label is predicted only where its precision is at least this, wrong with a probability of at most
        ``1 - confidence`` for each label. A label with too few rows shares the promise with labels of similar
        frequency; where not even that stands it is not predicted (`promises_`), and :meth:`to_review` gives what the
        usual thresholds would predict. `min_labels` is 0 then, and there can be no `max_labels`. It rests on new rows
        being exchangeable with the training rows: of rows of a later time it is broken more often.
    max_missed : float, default=None
        In its place the promise that at most this share of the rows with the label is missed.
    confidence : float, default=0.9
        Of the promise.
    max_candidates : int or "auto", default="auto"
        Labels of a row with the highest scores that can be predicted; those whose text matches best come in addition.
        ``"auto"`` is all of up to 256 labels; with more labels 64, or four times as many as a row has labels.
    parents : mapping from int to int or list of int, default=None
        Columns of the parents of each column that has any, for a `y` where no row has a label without its ancestors.
        So is what is predicted, whatever the bounds. Where the log-odds of a label are above its parent's, both meet
        half way, and so do decision values; and a label is predicted where a descendant is. A threshold above all
        scores takes the descendants with it. With `min_precision` a label is left out where an ancestor is not above
        its threshold: its promise is that of the rows that are above its own, of which it gets the surer ones.
    label_texts : list, mapping from int, array or sparse of shape (n_labels, n_features), or "columns", default=None
        What the labels are called, in the order of the columns of y or by column: a text for each, or a list of texts
        (name, synonym, description), of which the best match counts. ``"columns"`` takes the names of the columns of
        y, a frame. Or these texts in the space of the features. Texts go through the transformers of the (first)
        estimator, a pipeline, as fitted in each fold; each part of a FeatureUnion is matched apart. Where the
        estimator is no pipeline and X holds texts, a TF-IDF is made for them. ``"CastorOil"``, ``"castor-oil"`` and
        ``"castor/oil"`` are read as ``"castor oil"``, and each text is tried with singulars and plurals exchanged.
        What a match is worth is learnt: texts that are mere codes do no harm. Needs ``scores="pooled"``.
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
        Shuffles the folds, and draws the rows of the decision model where there are more than 200,000 pairs.
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
        ``"top_k"``, where they play no part otherwise. With `min_precision` or `max_missed`, those that keep the
        promise.
    promises_ : Promises
        Of each label the threshold, the kind of the promise, and what it rests on. Only with `min_precision` or
        `max_missed`.
    best_score_ : float
        Value of `scoring` with thresholds set on all folds but one and tried on that one. Where several settings are
        tried, each fold is predicted by the one that is best on the others: the best of them flatters itself. With a
        promise, of the usual thresholds.
    best_params_ : dict
        What was chosen of `param_grid`. Only if that is given.
    cv_results_ : dict of ndarray
        The settings tried, `params`, `micro_weight`, `beta`, `threshold` and `k`, and their `score`. Only if
        `store_cv_results`.
    decisions_ : Decisions
        The decision model with its weights, the settings and the thresholds, as they are used inside.
    out_of_fold_ : OutOfFoldScores
        Scores of the training rows by models that had not seen them, for the pairs of a row and a label that may
        matter: those that the row has or may have.
    min_labels_ : int
        Least number of labels a row.
    k_ : int or None
        Labels a row, for ``"top_k"``.
    n_candidates_ : int
        Labels of a row that are looked at, by their scores; those whose text matches come in addition.
    label_counts_ : ndarray of shape (n_labels,)
        Positives of each label in the training data, or the sum of their weights.
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

    estimator: kinds.Scorer | list
    _: KW_ONLY
    strategy: Literal["per_label_shrunk", "per_label", "micro_macro", "global", "top_k"] = "per_label_shrunk"
    scores: Literal["pooled", "estimator"] = "pooled"
    scoring: kinds.TunerScoring = "f1_micro_macro"
    micro_weight: kinds.Share = 0.25
    beta: Annotated[float, Interval(Real, 0, 1e100, closed="neither")] = 1.0  # its square is a float too
    shrinkage: kinds.NotNegative = 20.0
    k: kinds.Count | None = None
    min_labels: kinds.Auto | kinds.CountFromZero = "auto"
    max_labels: kinds.Count | None = None
    min_precision: kinds.InnerShare | None = None
    max_missed: kinds.InnerShare | None = None
    confidence: kinds.InnerShare = 0.9
    max_candidates: kinds.Auto | kinds.Count = "auto"
    parents: Mapping | None = None
    label_texts: Any = None
    predict_unseen: bool = False
    param_grid: dict | list | None = None
    response_method: kinds.ResponseMethod = "auto"
    cv: Any = None
    refit: bool = True
    n_jobs: kinds.Jobs | None = None
    store_cv_results: bool = False
    random_state: kinds.RandomState = None
    verbose: kinds.Verbosity = 0

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
            (`sample_weight`), or as metadata routing says. In the decision model, the thresholds and `scoring`, too, a
            row of weight 2 counts as two rows, and one of weight 0 as none; a metric of yours is given `sample_weight`
            if it takes it.

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
        given, plan, matcher, to_try = self._read(X, y, params)
        tasks = FitTasks(self, given, n_settings=len(to_try), refit=self.refit)
        attempts = self._attempts(given, plan, matcher, to_try, tasks)
        best = max(attempts, key=lambda attempt: attempt.decisions.score)  # the first of equally good ones
        refit = given.splits is not None and self.refit
        fitted = fit_all(best.scorers, given, tasks) if refit else best.fitted
        self._store(given.encoding, fitted, self._state(plan, matcher, attempts, best, fitted))
        tasks.end()
        return self

    def _read(self, X, y, params):
        """Read rows and targets, plan, label texts and settings to try, and raise whatever is wrong with them."""
        validate_hyperparameters(self)
        check_settings(self)
        given = read_fit_inputs(self, X, y, params)
        plan = Plan.of(self, given)
        matcher = None
        if self.label_texts is not None:
            texts = check_label_texts(self.label_texts, given.encoding.n_outputs, given.encoding.names)
            matcher = LabelMatcher(texts).fit(self._scorers()[0][1], given.X)
        return given, plan, matcher, settings_to_try(self)

    def _attempts(self, given, plan, matcher, to_try, tasks):
        """Score each of the settings on rows that its models did not see."""
        tests, parts, attempts = given.tests, None, []
        if len(tests) == 1:
            parts = given.rng.permutation(len(tests[0])) % min(_PARTS, len(tests[0]))
        seed = given.rng.randint(np.iinfo(np.int32).max)
        for params, scorers, methods in to_try:
            settings = {"methods": methods, "matcher": matcher, "width": plan.width, "hierarchy": plan.hierarchy}
            use = partial(score_rows, X=given.X, **settings)
            results, models, seen = cross_fit(scorers, given, use, tasks=tasks, keep=not self.refit, n_jobs=self.n_jobs)
            oof = OutOfFold.gather(results, tests, seen, given.labels, parts)
            decided = decide(oof, plan, np.random.RandomState(seed))
            attempts.append(Attempt(params, scorers, methods, oof.labels, *decided, models[0]))
        return attempts

    def _state(self, plan, matcher, attempts, best, fitted):
        decisions, kept = best.decisions, best.decisions.out_of_fold
        if not (kept.targets & (kept.scores > -np.inf)).any():
            warn(
                "No label has a positive among rows scored by a model that had seen the label: thresholds are "
                "the usual ones, not tuned. Folds in which every label occurs in both parts give evidence."
            )
        state = {
            **self._decided(decisions, fitted, best.methods, matcher, plan.width),
            "best_score_": score_of_the_best(attempts, plan),
            "min_labels_": 0 if decisions.promises else plan.rule.choice.min_labels,
        }
        if self.param_grid is not None:
            state["best_params_"] = best.params
        if self.store_cv_results:
            state["cv_results_"] = results_table(attempts)
        return state

    def _decided(self, decisions, fitted, methods, matcher, width):
        """What is stored of decisions on the labels that there are, and of the scorers that they take."""
        scale = Scale(methods[0] == "predict_proba" or decisions.model is not None)
        trained, thresholds = decisions.label_counts > 0, (decisions.promises or decisions).thresholds
        state = {
            "thresholds_": scale.show_thresholds(thresholds),
            "decisions_": decisions,
            "out_of_fold_": decisions.out_of_fold,
            "k_": decisions.rule.k,
            "label_counts_": decisions.label_counts,
            "n_candidates_": width,
            "_scale": scale,
            "_fitted": FittedScorers.of(fitted, methods, trained, matcher, decisions.hierarchy),
        }
        if decisions.promises is not None:
            state["promises_"] = replace(decisions.promises, thresholds=state["thresholds_"])
        return state

    def _thresholds(self):
        return read_thresholds(self.thresholds_, self.n_labels_, "thresholds_")

    def _blocks(self, X, thresholds):
        """Candidates of a block of rows at a time, with their scores inside."""
        always = thresholds <= 0 if self._scale.probabilities else thresholds == -np.inf
        blank, commonest = self._blank_rows(X), self._commonest()
        forced = np.union1d(np.flatnonzero(always), commonest) if blank.any() else np.flatnonzero(always)
        for block, candidates in self._fitted.candidates(X, self.n_candidates_, forced=forced, ranked=False):
            scores, rows = self.decisions_.scores(candidates), np.flatnonzero(blank[block])
            if len(rows):  # nothing speaks for any label
                usual = logit((self.label_counts_ + 1) / (self.label_counts_.sum() + 2))[candidates.labels[rows]]
                scores[rows] = np.where(np.isin(candidates.labels[rows], commonest), usual, -np.inf)
            yield block, candidates, scores

    def _blank_rows(self, X) -> np.ndarray:
        """Rows of a sparse X without any feature, for which there is no evidence."""
        if self.decisions_.model is None or not sp.issparse(X):
            return np.zeros(num_samples(X), dtype=bool)
        return np.diff(sp.csr_array(X).indptr) == 0

    def _commonest(self) -> np.ndarray:
        least = self.min_labels_ if self.k_ is None else self.k_
        counts, hierarchy = self.label_counts_.astype(float), self.decisions_.hierarchy
        if hierarchy is not None:
            counts = hierarchy.raised(np.arange(self.n_labels_)[None], counts[None])[0]
        return np.argsort(-counts, kind="stable")[:least]

    def _choose(self, candidates, scores, thresholds, *, usual=False):
        """Which candidates to predict, and their scores less thresholds."""
        margins = margins_of(scores, self._scale.read_thresholds(thresholds)[candidates.labels])
        top_k = self.k_ is not None
        chosen = margins > 0 if top_k else self._scale.show(scores) > thresholds[candidates.labels]
        return self.decisions_.choose(chosen, margins, candidates.labels, usual=usual), margins

    @available_if(_has_probabilities)
    def predict_proba(self, X):
        """Probabilities of `estimator_`, as they are, in one array; of several, those of :meth:`decision_scores`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_labels) or (n_samples, 2)
            Of each label, or of both classes of a binary target.
        """
        if not isinstance(self.estimator, list):
            return super().predict_proba(X)
        scores = self.decision_scores(X)
        scores = scores if self._scale.probabilities else expit(scores)
        return np.stack([1 - scores, scores], axis=1) if self._encoding.kind == "binary" else scores

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
        return self._indicator(
            X, thresholds, lambda candidates, scores: self._choose(candidates, scores, thresholds)[0]
        )

    def _indicator(self, X, thresholds, choose):
        """The target of rows as `choose` has it, given candidates and their scores."""
        blocks = [sp.csr_array((0, self.n_labels_), dtype=np.int8)]
        for _, candidates, scores in self._blocks(X, thresholds):
            blocks.append(indicator_of_pairs(choose(candidates, scores), candidates.labels, self.n_labels_))
        positive = sp.csr_array(sp.vstack(blocks, format="csr"))
        return self._encoding.decode(positive if self._encoding.sparse else positive.toarray())

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
            of the estimator. A label that was not trained, or is not among the candidates of the row, has 0 as a
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
        k = check_k(k, self.n_candidates_, "labels that are looked at")
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
        thresholds, blank = self._thresholds(), self._blank_rows(X)
        rows: list[list[LabelEvidence]] = []
        for block, candidates, values in self._blocks(X, thresholds):
            (chosen, _), shown = self._choose(candidates, values, thresholds), self._scale.show(values)
            through = self.decisions_.descendants(candidates, self._scale.read_thresholds(thresholds), chosen, values)
            for i, (row, below) in enumerate(zip(chosen, through)):
                pairs = sorted(np.flatnonzero(row), key=lambda j: -values[i, j])
                known = not blank[block.start + i]
                evidence = self.decisions_.evidence(candidates.take([i]), pairs) if known else [{}] * len(pairs)
                labels = candidates.labels[i, pairs]
                found = zip(labels.tolist(), shown[i, pairs].tolist(), thresholds[labels].tolist(), evidence)
                rows.append([LabelEvidence(*each, descendant=below.get(each[0])) for each in found])
        return rows

    def doubt(self, X):
        """How many of a row's labels are likely to be wrong, given or missed.

        Learnt in `fit` on rows that neither the models nor the thresholds had seen, from how sure the decision was:
        how low the lowest score of a predicted label is, how high the highest of another one, and how many labels are
        wrong as probabilities go.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        doubt : ndarray of shape (n_samples,)
            Expected number of wrong labels. For a row without any feature, what is expected of the commonest labels.
        """
        check_is_fitted(self)
        thresholds, doubt = self._thresholds(), np.empty(num_samples(X))
        for block, candidates, scores in self._blocks(X, thresholds):
            doubt[block] = self._doubt_of(scores, *self._choose(candidates, scores, thresholds))
        doubt[self._blank_rows(X)] = self.decisions_.doubt.blank
        return doubt

    def _doubt_of(self, scores, chosen, margins):
        return np.minimum(self.decisions_.doubt(decision_features(scores, margins, chosen)), self.n_labels_)

    def review_order(self, X):
        """Rows in the order in which they are worth a look, the most doubtful first.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        order : ndarray of int of shape (n_samples,)
            Row numbers, by :meth:`doubt`.
        """
        return np.argsort(-self.doubt(X), kind="stable")

    def label_issues(self, k=20, *, rare=False, confirmed=None):
        """Labels that training rows probably lack, and labels that they probably have by mistake.

        Each row is judged by models that had not seen it. How likely it has a label is told by its score, by how many
        other labels it is given, and by how frequent the label is.

        Parameters
        ----------
        k : int, default=20
            Labels of either kind, at most.
        rare : bool, default=False
            Whether to look at labels with fewer than 35 positives only, which come late among all.
        confirmed : frame, or list of (row, label), default=None
            What is right as it is, and left out: rows of what this method gave, or pairs.

        Returns
        -------
        issues : pandas.DataFrame, or list of dict where pandas is not installed
            With `row` (of what `fit` was given), `label` (column of the target), `given` (whether the row has it),
            `probability` (that it has, as the others do) and `margin` (score less threshold). A missing label and a
            wrong one in turn, those that are most likely first.

        Raises
        ------
        ValueError
            If `k` or `confirmed` is not what is allowed, or no label has both a positive and a negative among rows
            scored by a model that had seen the label.
        """
        check_is_fitted(self)
        return issues_table(find_issues(self.out_of_fold_, self.label_counts_, k, rare=rare, confirmed=confirmed))

    def review_rows(self, X, y):
        """Predict rows whose labels are known, and keep of them what `fit` keeps of training rows, in one pass.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : csr_array of bool of shape (n_samples, n_labels)
            Their labels.

        Returns
        -------
        kept : OutOfFoldScores
            Scores of the labels that each row has or gets, and of its best.
        chosen : ndarray of bool of shape (n_pairs,)
            Whether each of these pairs is predicted.
        doubt : ndarray of shape (n_samples,)
            As :meth:`doubt` gives it.
        """
        check_is_fitted(self)
        thresholds, doubt, parts = self._thresholds(), np.empty(y.shape[0]), []
        for block, candidates, scores in self._blocks(X, thresholds):
            labels = candidates.labels
            chosen, margins = self._choose(candidates, scores, thresholds)
            doubt[block] = self._doubt_of(scores, chosen, margins)
            targets = np.take_along_axis(y[block].toarray(), labels, axis=1)
            keep, n_best = chosen | targets, min(_BEST, labels.shape[1])
            np.put_along_axis(keep, np.argpartition(-scores, n_best - 1, axis=1)[:, :n_best], True, axis=1)
            keep &= scores > -np.inf
            parts.append((keep.sum(axis=1), labels[keep], scores[keep], targets[keep], chosen[keep]))
        doubt[self._blank_rows(X)] = self.decisions_.doubt.blank
        sizes, labels, scores, targets, chosen = map(np.concatenate, zip(*parts))
        rows, indptr = np.arange(len(doubt)), np.append(0, sizes.cumsum())
        usual = self.decisions_.thresholds[None]
        return OutOfFoldScores(rows, np.zeros_like(rows), indptr, labels, scores, targets, usual), chosen, doubt

    def review_training_rows(self):
        """The same of the training rows, with what models and thresholds said that had not seen them.

        Returns
        -------
        kept : OutOfFoldScores
            `out_of_fold_`.
        chosen : ndarray of bool of shape (n_pairs,)
            Whether each of its pairs is predicted.
        doubt : ndarray of shape (n_rows,)
            Expected number of wrong labels of each row.
        """
        check_is_fitted(self)
        kept, decisions, promises = self.out_of_fold_, self.decisions_, self.decisions_.promises
        sizes = np.diff(kept.indptr)
        places = np.arange(sizes.max(initial=1)) < sizes[:, None]
        labels, scores = np.zeros(places.shape, dtype=int), np.full(places.shape, -np.inf)
        labels[places], scores[places] = kept.labels, kept.scores
        thresholds = kept.thresholds if promises is None else np.tile(promises.thresholds, (len(kept.thresholds), 1))
        margins = margins_of(scores, thresholds[kept.parts[:, None], labels])
        chosen = decisions.choose(margins > 0, margins, labels)
        return kept, chosen[places], self._doubt_of(scores, chosen, margins)

    def to_review(self, X):
        """Labels that the usual thresholds predict, and that no promise covers: for a person to look at.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        y : {ndarray, sparse matrix} of shape (n_samples, n_labels) or (n_samples,)
            As :meth:`predict` gives them: what it would predict without `min_precision` or `max_missed`, less what it
            predicts.

        Raises
        ------
        ValueError
            If nothing is promised.
        """
        check_is_fitted(self)
        if self.decisions_.promises is None:
            raise ValueError("to_review gives what no promise covers: set min_precision or max_missed before fit.")
        promised, usual = self._thresholds(), self._scale.show_thresholds(self.decisions_.thresholds)

        def lack(candidates, scores):
            suggested, _ = self._choose(candidates, scores, usual, usual=True)
            return suggested & ~self._choose(candidates, scores, promised)[0]

        return self._indicator(X, usual, lack)

    @available_if(can_go_on)
    def partial_fit(self, X, y, **params):
        """Learn from further rows; the first ones are fitted.

        The models say what they make of the rows before they learn from them: so these are evidence for the decision
        model and the thresholds, together with the rows that are kept of those before, 20,000 at most. A refit on all
        rows is a little better, and takes all of them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows, one or more.
        y : {array-like, sparse matrix} of shape (n_samples, n_labels) or (n_samples,)
            As in `fit`, of the same labels.
        **params
            As in `fit`; for `partial_fit` of the estimators, all of which need it.

        Returns
        -------
        self : TunedThresholdMultiLabelClassifierCV
            The object, of which estimators, thresholds and all else are as if of all rows so far.

        Raises
        ------
        ValueError
            If a parameter, X or y is not what is allowed, or y has other labels than before. The object is then as it
            was before.

        Examples
        --------
        >>> from sklearn.datasets import make_multilabel_classification
        >>> from skbalance import BalancedMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV
        >>> X, y = make_multilabel_classification(n_samples=600, n_classes=4, n_labels=1, random_state=0)
        >>> tuned = TunedThresholdMultiLabelClassifierCV(BalancedMultiLabelClassifier(), random_state=0)
        >>> for start in range(0, 600, 200):
        ...     tuned = tuned.partial_fit(X[start : start + 200], y[start : start + 200])
        >>> tuned.label_counts_.tolist() == y.sum(axis=0).tolist()
        True
        """
        if not hasattr(self, "decisions_"):
            return self.fit(X, y, **params)
        validate_hyperparameters(self)
        check_settings(self)
        given = read_fit_inputs(self, X, y, params, split=False)
        before, now = self._encoding, given.encoding
        if now.kind != before.kind or not np.array_equal(now.classes, before.classes):
            raise ValueError(f"partial_fit needs the labels of the rows before, {_shown(before)}; got {_shown(now)}.")
        if before.names and now.names and now.names != before.names:
            raise ValueError(f"partial_fit needs the columns of y before, {before.names}; got {now.names}.")
        blocks = self._fitted.candidates(given.X, self.n_candidates_)
        kept = self.decisions_.kept.append(Candidates.concatenate([block for _, block in blocks]), given.labels)
        fitted = [
            deepcopy(estimator).partial_fit(given.X, given.y, **given.params[name])
            for (name, _), estimator in zip(self._scorers(), self._fitted.estimators)
        ]
        ndim = 0 if self._encoding.sparse else given.y.ndim
        plan = Plan.of(self, replace(given, labels=kept.labels, encoding=self._encoding))
        plan = replace(plan, ndim=ndim, updatable=False)
        decisions, predicted = decide(kept.in_full(), plan, check_random_state(self.random_state))
        decisions, params = replace(decisions, kept=kept), getattr(self, "best_params_", {})
        attempt = Attempt(params, self._scorers(), self._fitted.methods, kept.labels, decisions, predicted, None)
        self._store(self._encoding, fitted, self._state(plan, self._fitted.matcher, [attempt], attempt, fitted))
        return self

    def _changed(self, label_texts, change=None, *, labels=None, more=()):
        """A copy with other labels, or for other features; what it predicts of labels that stay does not change.

        Parameters
        ----------
        label_texts : LabelVectors or None
            What all labels are called.
        change : callable or None
            What an estimator with these labels needs besides, such as other features.
        labels : ndarray of int or None
            Numbers of the labels that stay; None is all.
        more : array-like
            Positives of each further label. Its threshold is that of labels of similar frequency.
        """
        before, tuner = self.decisions_, copy(self)
        labels, more = np.arange(self.n_labels_) if labels is None else labels, np.asarray(more, dtype=float)
        numbers, counts = np.append(labels, np.full(len(more), -1)), np.append(self.label_counts_[labels], more)
        own = similar_thresholds(before.thresholds, self.label_counts_, more)
        decisions = replace(
            before,
            model=before.model and before.model.of_rivals(labels),
            label_counts=counts,
            thresholds=np.append(before.thresholds[labels], own),
            out_of_fold=before.out_of_fold.of_labels(numbers, own),
            promises=before.promises and before.promises._of_labels(numbers),
            kept=before.kept and before.kept.of_labels(numbers, counts),
        )
        fitted = [deepcopy(estimator)._of_labels(numbers) for estimator in self._fitted.estimators]
        fitted = fitted if change is None else [change(estimator) for estimator in fitted]
        matcher = None if label_texts is None else LabelMatcher(label_texts)
        width = max(1, self.n_candidates_ + len(numbers) - self.n_labels_)
        encoding = replace(self._encoding, classes=np.tile([0, 1], (len(numbers), 1)), names=())
        state = self._decided(decisions, fitted, self._fitted.methods, matcher, width)
        # Thresholds of labels that stay are those that are set, whoever set them.
        thresholds = np.append(self.thresholds_[labels], state["thresholds_"][len(labels) :])
        state |= {"thresholds_": thresholds, "label_texts": label_texts}
        tuner._store(encoding, fitted, {**vars(self), **state})
        return tuner


def _shown(encoding):
    return f"{len(encoding.classes)} columns" if encoding.kind == "multilabel" else encoding.classes.tolist()
