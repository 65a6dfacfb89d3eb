"""Trees of labels, for hundreds of thousands of them: omikuji as a classifier with sparse scores."""

import os
import tempfile
import threading
from contextlib import nullcontext
from copy import copy
from dataclasses import KW_ONLY, dataclass
from itertools import pairwise
from numbers import Integral
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import scipy.sparse as sp
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.preprocessing import normalize
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted

from ._indicators import label_sums
from ._kinds import Invertible, Jobs, NotNegative, Verbosity
from ._lazy import import_optional
from ._targets import read_labels, warn_of_constant_labels
from ._validation import (
    DocLinkMixin,
    Interval,
    check_k,
    sparse_kind,
    validate_features,
    validate_hyperparameters,
)

__all__ = ["OmikujiClassifier"]

_HINT = 'OmikujiClassifier needs omikuji, which is not installed: pip install "skbalance[xml]"'
# What the library takes: integers of 32 bits.
Count32 = Annotated[int, Interval(Integral, 1, 2**31 - 1, closed="both")]


class _Quiet:
    """Without what the library writes to the streams of the process, where it cannot be told to be quiet.

    The streams are put back when the last thread leaves.
    """

    def __init__(self):
        self._lock, self._inside, self._kept = threading.Lock(), 0, {}

    def __enter__(self):
        with self._lock, open(os.devnull, "wb") as nowhere:
            if not self._inside:
                self._kept = {stream: os.dup(stream) for stream in (1, 2)}
                for stream in self._kept:
                    os.dup2(nowhere.fileno(), stream)
            self._inside += 1

    def __exit__(self, *error):
        with self._lock:
            self._inside -= 1
            if not self._inside:
                for stream, kept in self._kept.items():
                    os.dup2(kept, stream)
                    os.close(kept)


_quiet = _Quiet()


@dataclass(eq=False, repr=False)
class OmikujiClassifier(DocLinkMixin, ClassifierMixin, BaseEstimator):
    """Trees of labels by omikuji, which score the best few labels of a row.

    Labels whose rows are alike share a branch, and a row is scored by the linear models of the branches that it goes
    down: time grows with the logarithm of the number of labels. What comes out are scores of the `top_k` best labels,
    as a sparse matrix. In :class:`~skbalance.decisions.TunedThresholdMultiLabelClassifierCV` they are evidence beside
    other scores and the names of labels, and a label that is not among the best of a row is one of which the trees say
    nothing.

    Parameters
    ----------
    n_trees : int, default=3
        Trees, whose scores are averaged.
    top_k : int, default=64
        Labels of a row that have a score.
    beam_size : int, default=10
        Branches of each level that a row goes down. More find more of the labels, in more time.
    loss : {"hinge", "log"}, default="hinge"
        Of the linear models: squared hinge or logistic.
    C : float, default=1.0
        Inverse of their penalty.
    tol : float, default=0.1
        Where they stop.
    max_passes : int, default=20
        Most passes over the rows of each.
    weight_threshold : float, default=0.1
        Smaller weights are left out. 0 keeps all of them, which takes much memory.
    max_depth : int, default=20
        Deepest branch.
    min_branch_size : int, default=100
        Labels below which a branch is not parted any more.
    n_branches : int, default=2
        Branches that a branch is parted into, no more than `min_branch_size`.
    balanced : bool, default=True
        Whether they have equally many labels.
    cluster_tol : float, default=1e-4
        Where their k-means stops.
    min_cluster_size : int, default=2
        Smaller branches are given to others, where they are not balanced.
    centroid_threshold : float, default=0.0
        Smaller entries of the means of the labels' rows are left out before labels are parted.
    collapse_every_n_layers : int, default=0
        Layers that become one, for wider and shallower trees.
    n_jobs : int, default=None
        Threads; None is 1, and -1 all processors.
    verbose : int, default=0
        Above 0, the library writes what it does to the streams of the process.

    Attributes
    ----------
    model_ : omikuji.Model
        The trees.
    n_labels_ : int
        Number of labels; 1 for a binary target.
    label_counts_ : ndarray of shape (n_labels,)
        Positives of each label in the training data.
    classes_ : ndarray of shape (n_labels, 2) or (2,)
        0 and 1 for each label, or the classes of a binary target.
    n_features_in_ : int
        Features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if X has names that are all strings.

    See Also
    --------
    skbalance.memory.CosineCentroidClassifier : Finds rare labels that the trees miss, with scores of all labels.

    Notes
    -----
    The library draws random numbers that cannot be seeded: two fits differ a little. It reads its data from a file,
    which is written to the folder for temporary files. Rows are scaled to length 1. Labels without a row in the
    training data have no score.

    References
    ----------
    .. [1] Prabhu et al., "Parabel: Partitioned Label Trees for Extreme Classification with Application to Dynamic
       Search Advertising", WWW 2018.
    .. [2] Khandagale et al., "Bonsai: Diverse and Shallow Trees for Extreme Multi-label Classification", Machine
       Learning 2020.

    Examples
    --------
    >>> from skbalance.datasets import make_long_tailed_multilabel
    >>> from skbalance.omikuji import OmikujiClassifier
    >>> X, y = make_long_tailed_multilabel(500, 40, n_features=300, labels_per_sample=2, length=30, random_state=0)
    >>> model = OmikujiClassifier(top_k=5).fit(X, y)
    >>> scores = model.predict_proba(X)
    >>> scores.shape, scores.nnz
    ((500, 40), 2500)
    """

    n_trees: Count32 = 3
    _: KW_ONLY
    top_k: Count32 = 64
    beam_size: Count32 = 10
    loss: Literal["hinge", "log"] = "hinge"
    C: Invertible = 1.0
    tol: Invertible = 0.1
    max_passes: Count32 = 20
    weight_threshold: NotNegative = 0.1
    max_depth: Count32 = 20
    min_branch_size: Annotated[int, Interval(Integral, 2, 2**31 - 1, closed="both")] = 100
    n_branches: Annotated[int, Interval(Integral, 2, 2**31 - 1, closed="both")] = 2
    balanced: bool = True
    cluster_tol: Invertible = 1e-4
    min_cluster_size: Count32 = 2
    centroid_threshold: NotNegative = 0.0
    collapse_every_n_layers: Annotated[int, Interval(Integral, 0, 2**31 - 1, closed="both")] = 0
    n_jobs: Jobs | None = None
    verbose: Verbosity = 0

    def fit(self, X, y):
        """Train the trees.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.
        y : {array-like, sparse matrix} of shape (n_samples, n_labels) or (n_samples,)
            Indicator of 0 and 1, or a binary target.

        Returns
        -------
        self : OmikujiClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter, `X` or `y` is not what is allowed, or no row has a label.
        ImportError
            If omikuji is not installed.
        """
        validate_hyperparameters(self)
        if self.n_branches > self.min_branch_size:
            raise ValueError(
                f"n_branches must be at most min_branch_size, {self.min_branch_size}; got {self.n_branches}."
            )
        library = import_optional("omikuji", _HINT)
        _, encoding, indicator = read_labels(y)
        if encoding.kind == "multiclass":
            raise ValueError(
                f"Unknown label type: multiclass, with {len(encoding.classes)} classes. An indicator of labels is "
                "needed. Only binary classification is supported for a 1-D y."
            )
        check_consistent_length(X, indicator)
        learner = copy(self)  # all that is learnt is stored at once
        X = _unit_rows(validate_features(learner, X, accept_sparse="csr", dtype=[np.float64, np.float32]))
        if not indicator.nnz:
            raise ValueError("No row of y has a label: there is nothing that trees could be trained on.")
        learner.label_counts_ = label_sums(indicator)
        warn_of_constant_labels(learner.label_counts_, X.shape[0])
        settings, n_jobs = self._settings(library), effective_n_jobs(self.n_jobs)
        with tempfile.TemporaryDirectory() as folder, nullcontext() if self.verbose else _quiet:
            path = os.path.join(folder, "rows.txt")
            _write(path, X, indicator)
            learner.model_ = library.Model.train_on_data(path, settings, n_threads=n_jobs)
        learner.model_.init_prediction_thread_pool(n_jobs)
        learner.n_labels_, learner.classes_, learner._encoding = encoding.n_outputs, encoding.classes, encoding
        self.__dict__ = vars(learner)  # type: ignore[assignment]
        return self

    def _settings(self, library):
        """The parameters by the names of the library."""
        settings = library.Model.default_hyper_param()
        for name in ("n_trees", "min_branch_size", "max_depth", "centroid_threshold", "collapse_every_n_layers"):
            setattr(settings, name, getattr(self, name))
        settings.linear_loss_type = library.LossType[self.loss.upper()].value
        settings.linear_c, settings.linear_eps, settings.linear_max_iter = self.C, self.tol, self.max_passes
        settings.linear_weight_threshold = self.weight_threshold
        settings.cluster_k, settings.cluster_balanced = self.n_branches, self.balanced
        settings.cluster_eps, settings.cluster_min_size = self.cluster_tol, self.min_cluster_size
        return settings

    def predict_topk(self, X, k):
        """Scores of the k best labels of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.
        k : int
            Labels a row, from 1 to the number of labels. There are fewer where the beam reaches fewer.

        Returns
        -------
        scores : sparse of shape (n_samples, n_labels)
            Of the best labels, each between 0 and 1.

        Raises
        ------
        ValueError
            If `k` is out of its range.
        """
        check_is_fitted(self)
        return self._best(X, check_k(k, self.n_labels_))

    def _best(self, X, k):
        X = _unit_rows(validate_features(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False))
        rows = [self.model_.predict(list(zip(*row)), self.beam_size, k) for row in _rows(X)]
        found = np.array([pair for row in rows for pair in row], dtype=np.float64).reshape(-1, 2)
        ends = np.append(0, np.cumsum([len(row) for row in rows], dtype=int))
        parts = found[:, 1].astype(np.float32), found[:, 0].astype(int), ends
        scores = sparse_kind()(parts, shape=(len(rows), self.n_labels_))
        scores.sort_indices()
        return scores

    def predict_proba(self, X):
        """Scores of the `top_k` best labels of each row.

        They rise with the probability that the row has the label, and are no more than that before thresholds or
        calibration maps are put on them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        scores : sparse of shape (n_samples, n_labels) or ndarray of shape (n_samples, 2)
            Of the best labels, each between 0 and 1; nothing is stored for other labels. Of a binary target, those of
            both classes.
        """
        check_is_fitted(self)
        scores = self._best(X, min(self.top_k, self.n_labels_))
        if self._encoding.kind == "binary":
            second = scores.toarray()
            return np.hstack([1 - second, second])
        return scores

    def predict(self, X):
        """Predict labels whose score is above 0.5.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        y : {ndarray, sparse matrix} of shape (n_samples, n_labels) or (n_samples,)
            Indicator of the type of the y that was fitted, or classes.
        """
        scores = self.predict_proba(X)
        if self._encoding.kind == "binary":
            return self._encoding.decode(scores[:, 1:] - 0.5)
        positive = scores > 0.5
        return self._encoding.indicator(positive if self._encoding.sparse else positive.toarray())

    def __getstate__(self) -> Any:
        state: Any = dict(super().__getstate__())
        if "model_" in state:  # the library knows no more than to save it to a folder
            with tempfile.TemporaryDirectory() as folder, _quiet:
                self.model_.save(folder)
                state["model_"] = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        if "model_" in state:
            library = import_optional("omikuji", _HINT)
            with tempfile.TemporaryDirectory() as folder, _quiet:
                for name, content in state["model_"].items():
                    Path(folder, name).write_bytes(content)
                self.model_ = library.Model.load(folder)
            self.model_.init_prediction_thread_pool(effective_n_jobs(self.n_jobs))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        tags.classifier_tags.multi_class = False
        tags.non_deterministic = True
        return tags


def _unit_rows(X):
    """Rows of length 1, of what is stored."""
    X = sp.csr_array(normalize(X), dtype=np.float32)
    X.eliminate_zeros()
    return X


def _rows(matrix):
    """Columns and values of each row of a CSR matrix."""
    ends, columns, values = matrix.indptr.tolist(), matrix.indices.tolist(), matrix.data.tolist()
    for start, end in pairwise(ends):
        yield columns[start:end], values[start:end]


def _write(path, X, y):
    """Write rows in the format of the Extreme Classification Repository."""
    with open(path, "w", encoding="ascii") as file:
        file.write(f"{X.shape[0]} {X.shape[1]} {y.shape[1]}\n")
        for row, (labels, _) in zip(_rows(X), _rows(y)):
            features = [f"{column}:{value:.8g}" for column, value in zip(*row)]
            file.write(" ".join([",".join(map(str, labels)), *features]) + "\n")
