"""The estimator: parameters, fit to learned arrays, predictions from them."""

import copy
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.extmath import safe_sparse_dot

from . import _kinds as kinds
from ._callbacks import CallbackSupportMixin, IterationTasks, with_callbacks
from ._loss_classifier import LossClassifierMixin, LossParameter, Rows, make_score, read_validation_rows
from ._packing import PackedStateMixin, dense
from ._responses import scoring_blocks
from ._targets import read_targets
from ._validation import validate_features, validate_hyperparameters
from ._warnings import warn
from .training import isolated_torch

# Attributes that one fit has and the next one may not.
NOT_OF_EVERY_FIT = {"feature_names_in_", "validation_scores_"}


@dataclass(eq=False, repr=False)
class BalancedMultiLabelClassifier(
    PackedStateMixin, LossClassifierMixin, CallbackSupportMixin, ClassifierMixin, BaseEstimator
):
    r"""Linear or neural multi-label classifier trained with a balancing loss.

    The labels of a training set are rarely alike: a few have thousands of samples, most a handful. The losses of
    this classifier weigh and shape the error of each (sample, label) pair by how often the labels occur, counted
    in ``fit`` on the samples that it is given.

    It minimises the loss [1]_, summed over labels and averaged over samples, plus ``alpha / 2`` times the squared norm
    of each label's coefficients, in proportion to a power of the label's variance.

    Parameters
    ----------
    loss : str or loss object, default="balanced_ntr"
        A name of :func:`skbalance.losses.get_loss_names` or an object of :mod:`skbalance.losses`, whose parameters
        can be searched as ``loss__gamma`` and so on. The default is the negative-tolerant focal loss with positives
        weighted label by label, which at the usual threshold was best on the mean of six corpora.
    hidden_layer_sizes : int or array-like of int, default=()
        Units of each hidden layer; none makes a linear model.
    dropout : float, default=0.0
        Share of the hidden units dropped in training, in [0, 1).
    solver : {"auto", "lbfgs", "adam"}, default="auto"
        ``"lbfgs"`` takes all samples at once, ``"adam"`` mini-batches. ``"auto"`` is L-BFGS for a linear model without
        early stopping, else Adam; see Notes.
    alpha : float or "auto", default="auto"
        Strength of the L2 penalty; ``"auto"`` sets it by the training data, see Notes. The coefficients of label i are
        penalised by ``alpha`` times
        :math:`n_i / N (1 - n_i / N)`, where it has :math:`n_i` positives among N samples, to the power of the loss's
        ``penalty_exponent``, usually 1, and 0 where positives are balanced; those of hidden layers by the sum of these
        over the labels.
    term_weighting : {"auto", "rf"} or None, default="auto"
        Weights that a linear model multiplies the features by, for each label its own, so that the penalty holds the
        coefficients of telling features less tight. ``"rf"`` is relevance frequency [2]_, ``log2(2 + a / max(1, c))``,
        of a feature that is not zero in `a` samples of the label and in `c` others; ``coefs_`` has it in it.
        ``"auto"`` is ``"rf"`` for a linear model trained by L-BFGS if more than half of X are zeros, and None else.
    negative_sampling : int, "auto" or None, default=None
        Negatives that each label is trained on, of a linear model of sparse X with L-BFGS: those that have most of what
        is typical for its positives, and some that are drawn, each of which stands for many. Labels of many positives
        have twice as many negatives as these. ``"auto"`` is 7 times the root of the number of samples from 2,000 labels
        and 20,000 samples on, on the CPU, and None, which is all of them, else; see Notes.
    learning_rate_init : float, default=0.003
        Step size of Adam.
    batch_size : int or "auto", default="auto"
        Samples in a mini-batch of Adam; ``"auto"`` is all of up to 512, else 256.
    max_iter : int, default=200
        Most iterations of L-BFGS, or epochs of Adam.
    tol : float or "auto", default="auto"
        Training stops once the objective falls by less than this share of itself an iteration, on average over the
        last ``n_iter_no_change``. ``"auto"`` is 1e-4 for the squared hinge loss and 3e-3 for the others.
    early_stopping : bool, default=False
        Watch samples that are not trained on instead, by ``scoring``; the weights of the best epoch are kept. They are
        those that `fit` is given as ``X_val`` and ``y_val``, or ``validation_fraction`` of the samples: every label has
        its share of positives in both parts then, and one at least to train on. Only with Adam.
    validation_fraction : float, default=0.1
        Share of the samples held out for early stopping, in (0, 1).
    n_iter_no_change : int, default=10
        Iterations over which the fall of the objective is averaged.
    scoring : str or callable, default="loss"
        What early stopping watches: ``"loss"``, or any scorer of scikit-learn, larger for better. With a scorer
        training stops once ``n_iter_no_change`` epochs have not raised the score, whatever ``tol`` is.
    device : str, default="auto"
        Where to train: ``"cpu"``, or a GPU as ``"cuda"`` or ``"cuda:1"``; ``"auto"`` is a GPU where there is one.
        Prediction is on the CPU.
    uncertain_labels : bool, default=False
        Whether an indicator may hold labels that are not certain: NaN where a label is unknown, which is left out of
        counts and loss, and numbers between 0 and 1, soft labels, which are trained as a mixture of both and counted as
        such a share of a sample. They are refused otherwise, for NaN is an accident more often than not.
    label_smoothing : float, default=0.0
        A label y is trained as ``(1 - label_smoothing) * y + label_smoothing / 2``, in [0, 1). Not for zlpr, two_way,
        sigmoid_f1 and the softmax loss.
    coef_threshold : float, "auto" or None, default=None
        Small coefficients of a linear model to leave out, which makes ``coefs_`` sparse: those whose absolute value is
        below this share of the largest one of their label, in [0, 1). What they add to the mean score goes to the
        intercept. ``"auto"`` is 0.003; None keeps all of them, in a dense array.
    n_jobs : int or None, default=None
        Blocks of labels to fit at a time, by the backend that `joblib.parallel_config` sets: processes, threads or a
        cluster; -1 is as many as it has processors. None is 1 whatever is set there. For linear models with L-BFGS, see
        Notes.
    random_state : int, RandomState instance or None, default=None
        Decides the initial weights of hidden layers, the mini-batches, dropout, the validation samples, and the
        negatives that are drawn; nothing else of a linear model trained with L-BFGS.
    warm_start : bool, default=False
        Start from the weights of the previous fit, which must have had the same features, layers and classes.
    verbose : int, default=0
        Print the objective as training goes.

    Attributes
    ----------
    alpha_ : float
        The strength of the penalty that was used.
    classes_ : ndarray of shape (n_classes,) or (n_labels, 2)
        The classes of a 1-D target; a row ``[0, 1]`` for each label of an indicator.
    coefs_ : list of ndarray
        Coefficients of each layer, of shape (n_in, n_out); with ``coef_threshold`` a csr_matrix.
    coef_threshold_ : float or None
        The threshold for coefficients that was used.
    intercepts_ : list of ndarray
        Intercepts of each layer, of shape (n_out,).
    coef_ : ndarray of shape (n_outputs_, n_features_in_)
        Coefficients of a linear model, for `RFE`, `SelectFromModel` and explainers; without hidden layers only.
    intercept_ : ndarray of shape (n_outputs_,)
        Intercepts of a linear model; without hidden layers only.
    label_counts_ : ndarray of shape (n_outputs_,)
        Number of positive training samples of each label, or the sum of their weights; without those held out.
    loss_ : loss object
        The loss that was trained, its ``"auto"`` parameters resolved.
    loss_curve_ : list of float
        Objective at each iteration.
    validation_scores_ : list of float
        Score of the validation samples after each epoch, minus the loss for ``scoring="loss"``; only with early
        stopping.
    n_iter_ : int
        Number of iterations of L-BFGS, or epochs of Adam.
    n_samples_fit_ : float
        Number of training samples, or the sum of their weights; without those held out.
    n_outputs_ : int
        Number of labels; of classes for a 1-D target, 1 for a binary one.
    solver_ : {"lbfgs", "adam"}
        The solver that was used.
    term_weighting_ : {"rf"} or None
        The weights of features that were used.
    tol_ : float
        The tolerance that was used.
    n_features_in_ : int
        Number of features seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where they were strings.

    See Also
    --------
    skbalance.losses : The losses and their parameters.

    Notes
    -----
    ``alpha="auto"`` is

    .. math:: \alpha = \frac{c}{\sqrt N} V,

    with N the number of samples, or the sum of their weights, c the ``penalty_strength`` of the loss, and V the sum of
    the variances of the d features, none of which is taken for more than :math:`V / \sqrt d`: a feature in a large unit
    of its own does not set the penalty on the others. So features may have any unit that all of them share, and the
    more samples there are, the less the penalty holds. The constants were chosen on training parts of corpora of 194
    to 43,410 documents. Adam takes steps of a fixed size and needs features of about unit size all the same.

    L-BFGS fits up to 256 labels at a time, fewer where there are more than 131,072 features, so that its memory does
    not grow with the number of labels; the labels of most losses have nothing to do with each other but counts and
    weights of samples, which are those of all labels. ``n_iter_`` is the largest number of iterations among the blocks,
    and ``loss_curve_`` their sum. With ``n_jobs`` other than 1 there are up to 4 blocks also of fewer labels, at least
    32 each, whatever the number of jobs; callbacks watch one block after the other. Losses that compare the labels of a
    sample (zlpr, two_way, sigmoid_f1 and the softmax loss) have one block for any ``n_jobs``, and ``solver="auto"``
    takes Adam for more than :math:`2^{25}` coefficients, which gives up the term weights. None of this depends on the
    samples: folds of a training set are trained as the whole of it.

    With ``negative_sampling`` a label is trained on its positives, on 30 % as many negatives as that number, those
    nearest to it, and on others drawn at random, with weights that add up to those of all that were not chosen. Counts,
    penalty and term weights are those of all samples, so the loss is an unbiased estimate of that on all of them, and
    time no longer grows with the product of samples and labels. Features that occur in none of a label's positives and
    near negatives have no coefficient for it. `partial_fit` takes all samples of a chunk.

    Training computes in the type of X. A model of 2 ** 18 coefficients or more is trained in single precision all
    the same unless ``tol`` is below 1e-6: it takes about a third of the time, and its rounding is far below ``tol``.
    Coefficients and scores are of the type of X in any case.

    References
    ----------
    .. [1] Huang et al., "Balancing Methods for Multi-label Text Classification with Long-Tailed Class Distribution",
       EMNLP 2021, arXiv:2109.04712.
    .. [2] Lan, Tan, Su and Lu, "Supervised and Traditional Term Weighting Methods for Automatic Text Categorization",
       IEEE Transactions on Pattern Analysis and Machine Intelligence 31(4), 2009.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn.pipeline import make_pipeline
    >>> from skbalance import BalancedMultiLabelClassifier
    >>> texts = ["wheat and corn", "wheat", "oil rises", "corn", "oil and gas", "gas"]
    >>> tags = [[1, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1], [0, 0, 1]]
    >>> model = make_pipeline(TfidfVectorizer(), BalancedMultiLabelClassifier()).fit(texts, tags)
    >>> model.predict(["oil", "wheat, corn"])
    array([[0, 0, 1],
           [1, 1, 0]])
    """

    _packed, _unpacked_as = ("coefs_",), sp.csr_matrix
    loss: LossParameter = "balanced_ntr"
    _: KW_ONLY
    hidden_layer_sizes: kinds.ArrayLike | kinds.Count = ()
    dropout: kinds.ShareBelowOne = 0.0
    solver: Literal["auto", "lbfgs", "adam"] = "auto"
    alpha: kinds.Auto | kinds.NotNegative = "auto"
    term_weighting: Literal["auto", "rf"] | None = "auto"
    negative_sampling: kinds.Auto | kinds.Count | None = None
    learning_rate_init: kinds.Positive = 0.003
    batch_size: kinds.Auto | kinds.Count = "auto"
    max_iter: kinds.Count = 200
    tol: kinds.Auto | kinds.NotNegative = "auto"
    early_stopping: bool = False
    validation_fraction: kinds.InnerShare = 0.1
    n_iter_no_change: kinds.Count = 10
    scoring: str | Callable = "loss"
    device: str = "auto"
    uncertain_labels: bool = False
    label_smoothing: kinds.ShareBelowOne = 0.0
    coef_threshold: kinds.Auto | kinds.ShareBelowOne | None = None
    n_jobs: kinds.Jobs | None = None
    random_state: kinds.RandomState = None
    warm_start: bool = False
    verbose: kinds.Verbosity = 0

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @with_callbacks
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Fit the model to features and labels.

        Parameters
        ----------
        X : {array-like, sparse} of shape (n_samples, n_features)
            Features. float32 and float64 stay what they are, others become float64.
        y : {array-like, sparse, frame} of shape (n_samples, n_labels) or (n_samples,)
            Label indicator of 0 and 1, dense or sparse; or classes. Frames of pandas and polars and tables of pyarrow
            are read too. Lists of tags are for :class:`~skbalance.text.TagClassifier`. With ``uncertain_labels=True``
            also soft labels, and NaN (in a sparse indicator a stored NaN) where a label is unknown.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights. They also weigh the label counts.
        X_val : {array-like, sparse} of shape (n_val, n_features), default=None
            Features of the samples that early stopping watches, in place of ``validation_fraction`` of X; all of X is
            trained on then. In a `Pipeline` they are features of its last step, unless
            ``Pipeline(..., transform_input=["X_val"])`` transforms them as X, for which metadata routing must be on.
        y_val : {array-like, sparse, frame} of shape (n_val, n_labels) or (n_val,), default=None
            Their labels, with the columns of y; or classes, all among those of y.
        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights, for the loss or the scorer.

        Returns
        -------
        self : BalancedMultiLabelClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter or the data is not allowed, or training diverges. The classifier is then as it was before,
            as it is if training is interrupted.
        """
        validate_hyperparameters(self)
        learner = copy.copy(self)  # it stores what it learns; here all of it is stored last, at once
        with isolated_torch():
            tasks = learner._fit(X, y, sample_weight, self, (X_val, y_val, sample_weight_val))
        self._take(learner)
        if tasks is not None:
            tasks.end_all()
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Learn from more samples, as they come in chunks.

        The first chunk is fitted like any data. From then on, or after a `fit`, a linear model is trained on the new
        samples, and held to the coefficients that it has by how much the samples before said of each. Hidden
        layers, and linear models of ``solver="adam"``, do one pass over the new samples. Either way only coefficients
        of features that occur in these are changed, and no samples are kept.

        Parameters
        ----------
        X : {array-like, sparse} of shape (n_samples, n_features)
            Features.
        y : {array-like, sparse, frame} of shape (n_samples, n_labels) or (n_samples,)
            Label indicator, or classes, as `fit` takes them.
        classes : array-like of shape (n_classes,), default=None
            All classes of a 1-D target, which the first call needs. Labels of an indicator are its columns; their
            numbers may be given.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights.

        Returns
        -------
        self : BalancedMultiLabelClassifier
            The classifier.

        Raises
        ------
        ValueError
            If a parameter or the data is not allowed, with ``early_stopping``, or if training diverges. The classifier
            is then as it was before.

        Notes
        -----
        ``label_counts_`` and ``n_samples_fit_`` add up, and ``alpha_`` and ``loss_`` follow them. ``n_iter_`` and
        ``loss_curve_`` are those of the last chunk. With ``max_iter`` of 5 or so a chunk takes less time, and rare
        labels learn less from it.

        Examples
        --------
        >>> from skbalance import BalancedMultiLabelClassifier
        >>> model = BalancedMultiLabelClassifier().partial_fit([[0, 1], [1, 0]], [[1, 0], [0, 1]])
        >>> model.partial_fit([[1, 1], [1, 0]], [[1, 1], [0, 1]]).label_counts_
        array([2., 3.])
        """
        validate_hyperparameters(self)
        if self.early_stopping:
            raise ValueError("partial_fit has no samples to hold out of a chunk: it takes early_stopping=False.")
        learner = copy.copy(self)
        with isolated_torch():
            learner._learn_more(X, y, classes, sample_weight)
        self._take(learner)
        return self

    def _take(self, learner):
        """Become what the learner is, at once."""
        kept = {name: value for name, value in vars(self).items() if name not in NOT_OF_EVERY_FIT}
        self.__dict__ = {**kept, **vars(learner)}

    def _fit(self, X, y, sample_weight, estimator, validation=(None, None, None)):
        """Learn, and return the tasks of the callbacks of the estimator, to which this is the learner."""
        from .training import fit_head, resolve_problem  # they load torch

        random_state = check_random_state(self.random_state)
        X = self._read_rows(X, reset=not self._goes_on)
        encoding, indicator, weight = self._read_target(X, y, sample_weight, X.dtype)
        multilabel = encoding.kind == "multilabel"
        own = read_validation_rows(self, encoding, X.dtype, *validation)
        problem, options = resolve_problem(self, X, indicator, weight, multilabel, random_state, own and own[:3])
        start = self._start(encoding, problem) if self._goes_on else None
        self._store_problem(encoding, problem, options.loss)
        if self.early_stopping and self.scoring != "loss":
            held = own or Rows(X, indicator, weight, sample_weight is not None).take(problem.held_out)
            score = make_score(held, self.scoring, encoding, problem.statistics, options.loss)
            problem = replace(problem, evaluate=lambda to_numpy: score(self._scores(held.X, to_numpy())))
        n_iterations, tasks = self.max_iter * len(problem.blocks), None
        context = estimator._init_callback_context(max_subtasks=n_iterations)
        if getattr(self, "_skl_callbacks", None):
            metadata = None if sample_weight is None else {"sample_weight": weight}
            told = {"X": X, "y": read_targets(y, also=self._also), "metadata": metadata}
            tasks = IterationTasks(context, estimator, self, **told)
        result = fit_head(problem, options, random_state=random_state, start=start, monitor=tasks)
        self._store_result(result, options, X.dtype)
        return tasks

    def _learn_more(self, X, y, classes, sample_weight):
        """Learn from a chunk."""
        from .training import fit_head, resolve_update  # they load torch

        random_state, fitted = check_random_state(self.random_state), hasattr(self, "coefs_")
        X = self._read_rows(X, reset=not fitted)
        chunk = self._encoding if fitted else None, classes
        encoding, indicator, weight = self._read_target(X, y, sample_weight, X.dtype, chunk)
        read = X, indicator, weight, encoding.kind == "multilabel"
        problem, options, part, start, columns = resolve_update(self, *read, random_state)
        result = fit_head(part, options, random_state=random_state, start=start)
        first = result.coefs[0][: len(columns)]
        zeros = sp.csr_matrix if sp.issparse(first) else np.zeros
        result.coefs[0] = self.coefs_[0] if fitted else zeros((X.shape[1], first.shape[1]), dtype=X.dtype)
        self._store_problem(encoding, problem, options.loss)
        self._store_result(result, options, result.coefs[0].dtype, one_pass=fitted and options.solver == "adam")
        self.coefs_[0] = _with_rows(self.coefs_[0], columns, first)  # last, for it may be in place

    def _store_problem(self, encoding, problem, loss):
        """Store what is known of the samples."""
        statistics, moments = problem.statistics, problem.moments
        self._store_target(encoding, statistics, loss)
        self._seen = statistics.n_known, statistics.rebalance_center, moments.mean, moments.variance

    def _widen(self, places, n_features):
        """Take wider features, among which those before have these places."""

        def wider(values):
            shape = (n_features, *values.shape[1:])
            found = sp.csr_matrix(shape, dtype=values.dtype) if sp.issparse(values) else np.zeros(shape, values.dtype)
            return _with_rows(found, places, values)

        n_known, center, *moments = self._seen
        self.coefs_: list[Any] = [wider(self.coefs_[0]), *self.coefs_[1:]]
        self._seen = n_known, center, *map(wider, moments)
        self.n_features_in_ = n_features
        self.__dict__.pop("feature_names_in_", None)
        return self

    def _of_outputs(self, labels, coef=(), intercept=(), counts=(), n_samples=0):
        """Take labels of an indicator by their numbers, among those so far and then these, of weights and positives.

        `n_samples` is how many samples the latter were learnt from, if from more than the others.
        """
        n_known, *more = self._seen
        self.n_samples_fit_ = max(self.n_samples_fit_, n_samples)
        n_known = np.append(n_known, np.full(len(counts), self.n_samples_fit_))
        last, intercept = self.coefs_[-1], np.append(self.intercepts_[-1], intercept)
        if len(counts):
            last = sp.hstack([last, coef], format="csr") if sp.issparse(last) else np.hstack([last, dense(coef)])
        self.coefs_ = [*self.coefs_[:-1], last[:, labels].astype(self.coefs_[-1].dtype)]
        self.intercepts_: list[np.ndarray] = [*self.intercepts_[:-1], intercept[labels].astype(self.coefs_[-1].dtype)]
        self.label_counts_, self._seen = np.append(self.label_counts_, counts)[labels], (n_known[labels], *more)
        self.n_outputs_, self.classes_ = len(labels), np.tile([0, 1], (len(labels), 1))

    @property
    def coef_(self) -> np.ndarray:
        """Coefficients of a linear model, a row for each label, as scikit-learn's linear models have them.

        Raises
        ------
        AttributeError
            If there are hidden layers, or before `fit`.
        """
        if len(self.coefs_) > 1:
            raise AttributeError("coef_ is that of a linear model; with hidden layers there are coefs_.")
        return self.coefs_[0].T

    @property
    def intercept_(self) -> np.ndarray:
        """Intercepts of a linear model, one for each label; see ``coef_``."""
        if len(self.intercepts_) > 1:
            raise AttributeError("intercept_ is that of a linear model; with hidden layers there are intercepts_.")
        return self.intercepts_[0]

    @property
    def _goes_on(self) -> bool:
        return self.warm_start and hasattr(self, "coefs_")

    def _start(self, encoding, problem):
        """Weights of the previous fit, if they mean the same."""
        kind, before = self._target[0], self.classes_
        if encoding.kind != kind or not (kind == "multilabel" or np.array_equal(encoding.classes, before)):
            raise ValueError(
                f"warm_start=True needs the classes of the previous fit, {before.tolist()} of a {kind} target; got "
                f"{encoding.classes.tolist()} of a {encoding.kind} one."
            )
        fitted, dtype = [self.coefs_[0].shape[0], *map(len, self.intercepts_)], problem.data.X.dtype
        if fitted != problem.sizes:
            raise ValueError(
                f"warm_start=True needs the features, hidden layers and labels of the previous fit, {fitted}; got "
                f"{problem.sizes}."
            )
        return [coef.astype(dtype) for coef in self.coefs_], [each.astype(dtype) for each in self.intercepts_]

    def _store_result(self, result, options, dtype, one_pass=False):
        self.coefs_ = [coef.astype(dtype, copy=False) for coef in result.coefs]
        self.intercepts_ = [intercept.astype(dtype, copy=False) for intercept in result.intercepts]
        self.solver_, self.alpha_, self.tol_ = options.solver, options.alpha, options.tol
        self.term_weighting_, self.coef_threshold_ = options.term_weighting, options.coef_threshold
        self.n_iter_ = result.n_iter
        self.loss_curve_ = result.loss_curve
        self.__dict__.pop("validation_scores_", None)
        if result.runs[0].validation_scores:
            self.validation_scores_ = result.runs[0].validation_scores
        if any(run.rose for run in result.runs):
            warn(
                "Training ended at a larger objective than it had before. Give a smaller learning_rate_init (it is "
                f"{self.learning_rate_init:g}), or features of about unit size.",
                ConvergenceWarning,
            )
        elif any(run.stuck for run in result.runs):
            warn(
                "L-BFGS stopped where no step along the gradient lowers the objective, though the gradient is not "
                "small. Give X as float64, or standardise it (sklearn.preprocessing.StandardScaler).",
                ConvergenceWarning,
            )
        elif not (one_pass or all(run.converged for run in result.runs)):
            warn(
                f"Training did not converge in max_iter={self.max_iter} iterations. Give it more, or a larger tol.",
                ConvergenceWarning,
            )

    def _read_rows(self, X, reset=False):
        return validate_features(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=reset)

    def _scores(self, X, weights=None):
        coefs, intercepts = weights or (self.coefs_, self.intercepts_)
        with np.errstate(over="ignore", invalid="ignore"):
            out = _product(X, coefs[0])
            out += intercepts[0]
            for coef, intercept in zip(coefs[1:], intercepts[1:]):
                np.maximum(out, 0, out=out)
                out = out @ coef + intercept
            finite = np.isfinite(out.sum()) or np.isfinite(out).all()
        if not finite:
            raise ValueError("X holds values so large that the scores overflow: scale them as those of the fit.")
        return out

    def _all_scores(self, X):
        return self._scores(self._read_rows(X))


def _product(X, coef) -> np.ndarray:
    """Features times coefficients; of two sparse matrices a block of rows at a time."""
    if not (sp.issparse(X) and sp.issparse(coef)):
        return safe_sparse_dot(X, coef, dense_output=True)
    out = np.empty((X.shape[0], coef.shape[1]), np.result_type(X, coef))
    for rows in scoring_blocks(*out.shape):
        (X[rows] @ coef).toarray(out=out[rows])
    return out


def _with_rows(array, places, rows):
    """An array, dense or sparse, with these rows at these places: itself where it can be written to, else a copy."""
    if sp.issparse(array):
        order = np.arange(array.shape[0])
        order[places] = len(order) + np.arange(len(places))
        return sp.vstack([array, sp.csr_matrix(rows)], format="csr")[order]
    array = array if array.flags.writeable else array.copy()  # memory-mapped
    array[places] = dense(rows)
    return array
