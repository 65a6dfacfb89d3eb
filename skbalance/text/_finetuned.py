"""An encoder that is fine-tuned with a balancing loss, as a scikit-learn classifier."""

from __future__ import annotations

import copy
import os
import weakref
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Annotated, Literal

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skbalance import _kinds as kinds
from skbalance import finetuning
from skbalance._loss_classifier import LossClassifierMixin, LossParameter, Rows, make_score, read_validation_rows
from skbalance._validation import StrOptions, validate_hyperparameters
from skbalance.losses import get_loss
from skbalance.text._state import FINE_TUNED, LEFT_OUT, CheckedStateMixin, read_folder, write_folder
from skbalance.text._texts import check_label_texts, check_texts
from skbalance.training import check_device

# Where an encoder may be trained and predict.
DEVICE_KINDS = ("cpu", "cuda", "mps")
# Parameters that do not tell one training from another: its encoder, texts, seed, loss and scoring are told anyway.
_TELL_NOTHING = (*LEFT_OUT, "compile", "loss", "scoring", "verbose")


@dataclass(eq=False, repr=False)
class FineTunedMultiLabelClassifier(CheckedStateMixin, LossClassifierMixin, ClassifierMixin, BaseEstimator):
    """Text classifier that trains an encoder of Hugging Face end to end with a balancing loss.

    Texts go in, labels come out. The encoder starts from its pretrained weights, a head that scores the labels is put
    on top, and both are trained through skorch with AdamW, whose learning rates rise over the first steps and then fall
    toward zero. What the loss needs to know of the labels is counted in ``fit``.

    It minimises the loss [1]_, summed over labels and averaged over the texts of a batch.

    Parameters
    ----------
    model : str or path, default="sentence-transformers/all-MiniLM-L6-v2"
        A local folder, or a name on the Hugging Face Hub, of any encoder that ``transformers.AutoModel`` loads.
    loss : str or loss object, default="db"
        A name of :func:`skbalance.losses.get_loss_names` or an object of :mod:`skbalance.losses`, whose parameters
        can be searched as ``loss__gamma`` and so on.
    max_length : int, default=256
        Most tokens of a text; what is beyond is dropped, as is what is beyond the encoder's own limit.
    batch_size : int, default=16
        Texts in a step of the optimizer. Texts of like length come together.
    max_tokens : int, default=None
        Most tokens, padding counted, that go through the encoder at once. The gradients of a batch of more are
        accumulated over several passes: it takes less memory, and gives the same weights but for rounding and for what
        a loss computes of the batch as a whole. None takes a batch at once.
    max_iter : int, default=6
        Most epochs; the learning rates reach zero at their end.
    learning_rate_init : float, default=2e-4
        Highest learning rate of the encoder. This suits small ones; for those of BERT's size, take 2e-5 to 5e-5.
    head_learning_rate_init : float, default=2e-3
        Highest learning rate of the head.
    warmup_fraction : float, default=0.1
        Share of the steps over which the learning rates rise.
    weight_decay : float, default=0.01
        Of AdamW, for matrices only.
    max_grad_norm : float, default=1.0
        Gradients that are longer, over all weights, are shortened to this. None leaves them.
    pooling : {"mean", "cls", "label_attention"}, default="mean"
        What the labels are scored from: the mean of the vectors of a text's tokens, the first token's, or for each
        label a mean of its own, by attention [2]_.
    label_texts : list of str or mapping, default=None
        What the labels are called or what they mean. Their weights in the head start along the vectors that the encoder
        gives these texts, in place of zero; a name in one piece, "castor-oil", is read as words. A list is in the
        order of the columns of y, or of the classes, None for a label without a text; a mapping is by column number,
        or by class.
    n_frozen_layers : int, default=0
        Lowest layers of the encoder that stay as they are, and with them its embeddings.
    lora_rank : int, default=None
        Train matrices of this rank beside those of the encoder, and no others in it, by the package peft; they are
        added up in the end. They want higher learning rates. None trains the encoder itself.
    gradient_checkpointing : bool, default=False
        Compute the encoder's activations twice rather than keep them: less memory, a third more time.
    compile : bool, default=False
        Compile the encoder for training with ``torch.compile``. Needs a C++ compiler, or Triton on a GPU.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Numbers that the encoder computes with; ``"auto"`` is bfloat16 on a GPU that has it, else float32. Weights are
        float32 in any case.
    early_stopping : bool, default=False
        Score texts that are not trained on after each epoch: those that `fit` is given as ``X_val`` and ``y_val``, or
        ``validation_fraction`` of the texts, stratified by label. Training stops when ``n_iter_no_change`` epochs have
        not raised the score, and the weights of the best epoch are kept.
    validation_fraction : float, default=0.1
        Share of the texts held out for early stopping, in (0, 1).
    n_iter_no_change : int, default=2
        Epochs without a better score after which early stopping stops.
    scoring : str or callable, default="loss"
        The score of early stopping: ``"loss"``, or any scorer of scikit-learn.
    device : str, default="auto"
        Where to train and predict: ``"auto"`` is ``"cuda"`` where there is one, else ``"cpu"``; or any device of torch.
    uncertain_labels : bool, default=False
        Whether an indicator may hold NaN where a label is unknown, and soft labels between 0 and 1; see
        :class:`~skbalance.BalancedMultiLabelClassifier`. A ``scoring`` other than ``"loss"`` must take them too.
    label_smoothing : float, default=0.0
        A label y is trained as ``(1 - label_smoothing) * y + label_smoothing / 2``, in [0, 1).
    revision : str, default=None
        Branch, tag or commit of a Hub model.
    local_files_only : bool, default=False
        Never ask the network.
    trust_remote_code : bool, default=False
        Run code that comes with the model.
    checkpoint_dir : str or path, default=None
        A folder in which the state of training is kept after each epoch and every ten minutes. The same ``fit`` after
        the process was killed resumes there, to the same weights as without; at its end the file is removed.
        Needs a ``random_state``.
    random_state : int, RandomState instance or None, default=None
        Decides the order of the texts, dropout, the validation texts and new weights.
    warm_start : bool, default=False
        Start from the weights of the previous fit.
    verbose : int, default=0
        Show a progress bar with the loss and the time left.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,) or (n_labels, 2)
        The classes of a 1-D target; a row ``[0, 1]`` for each label of an indicator.
    weights_ : dict of ndarray
        Weights of the encoder and the head, by name.
    label_counts_ : ndarray of shape (n_outputs_,)
        Number of positive training texts of each label, or the sum of their weights.
    loss_ : loss object
        The loss that was trained, its ``"auto"`` parameters resolved.
    loss_curve_ : list of float
        Mean training loss of each epoch.
    validation_scores_ : list of float
        Score of the validation texts after each epoch, minus the loss for ``scoring="loss"``; only with early stopping.
    max_length_ : int
        Most tokens of a text.
    n_iter_ : int
        Number of epochs.
    n_samples_fit_ : float
        Number of training texts, or the sum of their weights.
    n_outputs_ : int
        Number of labels; of classes for a 1-D target, 1 for a binary one.

    See Also
    --------
    skbalance.BalancedMultiLabelClassifier : Trains on features that are fixed; a thousand times as fast on a CPU.

    Notes
    -----
    ``fit`` leaves torch's generators of random numbers as they were, and uses as many threads as torch is set to. If it
    is interrupted, or fails, the classifier is as it was before.

    Where ``torch.distributed`` is initialised, as by Accelerate in a script that its launcher starts, the processes
    train together, each on its share of every batch: each calls ``fit`` with the same texts and an equal
    ``random_state``, and each has the same weights afterwards.

    References
    ----------
    .. [1] Huang et al., "Balancing Methods for Multi-label Text Classification with Long-Tailed Class Distribution",
       EMNLP 2021, arXiv:2109.04712.
    .. [2] Mullenbach et al., "Explainable Prediction of Medical Codes from Clinical Text", NAACL 2018,
       arXiv:1802.05695.

    Examples
    --------
    Nothing is loaded before ``fit``:

    >>> from skbalance import FineTunedMultiLabelClassifier
    >>> model = FineTunedMultiLabelClassifier(loss="cb_ntr", max_iter=10, random_state=0)
    >>> model.fit(["wheat and corn", None], [[1, 0], [0, 1]])
    Traceback (most recent call last):
    ...
    ValueError: X has 1 missing text(s), the first in row 1 (counted from 0): None. ...
    """

    model: str | os.PathLike = "sentence-transformers/all-MiniLM-L6-v2"
    _: KW_ONLY
    loss: LossParameter = "db"
    max_length: kinds.Count = 256
    batch_size: kinds.Count = 16
    max_tokens: kinds.Count | None = None
    max_iter: kinds.Count = 6
    learning_rate_init: kinds.NotNegative = 2e-4
    head_learning_rate_init: kinds.NotNegative = 2e-3
    warmup_fraction: kinds.ShareBelowOne = 0.1
    weight_decay: kinds.NotNegative = 0.01
    max_grad_norm: kinds.Positive | None = 1.0
    pooling: Annotated[str, StrOptions(set(finetuning.HEADS))] = "mean"
    label_texts: kinds.ArrayLike | Mapping | None = None
    n_frozen_layers: kinds.CountFromZero = 0
    lora_rank: kinds.Count | None = None
    gradient_checkpointing: bool = False
    compile: bool = False
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    early_stopping: bool = False
    validation_fraction: kinds.InnerShare = 0.1
    n_iter_no_change: kinds.Count = 2
    scoring: str | Callable = "loss"
    device: str = "auto"
    uncertain_labels: bool = False
    label_smoothing: kinds.ShareBelowOne = 0.0
    revision: str | None = None
    local_files_only: bool = False
    trust_remote_code: bool = False
    checkpoint_dir: str | os.PathLike | None = None
    random_state: kinds.RandomState = None
    warm_start: bool = False
    verbose: kinds.Verbosity = 0

    _of_this_machine = ("model", "revision", "checkpoint_dir", "trust_remote_code")
    _learned = FINE_TUNED
    _read_rows = staticmethod(check_texts)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Train the encoder and the head.

        Parameters
        ----------
        X : list, Series, single-column DataFrame or array of str, of length n_samples
            Texts.
        y : {array-like, sparse} of shape (n_samples, n_labels) or (n_samples,)
            Label indicator of 0 and 1, dense or sparse; or classes. With ``uncertain_labels=True`` also soft labels,
            and NaN where a label is unknown.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights. They also weigh the label counts.
        X_val : list, Series, single-column DataFrame or array of str, of length n_val, default=None
            Texts that early stopping scores, in place of ``validation_fraction`` of X; all of X is trained on then.
        y_val : {array-like, sparse} of shape (n_val, n_labels) or (n_val,), default=None
            Their labels, with the columns of y; or classes, all among those of y.
        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights, for the loss or the scorer.

        Returns
        -------
        self : FineTunedMultiLabelClassifier
            The fitted classifier.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data is not allowed; the classifier is then as it was before.
        ImportError
            If transformers is needed and not installed.
        OSError
            If the model cannot be had, or there can be no folder `checkpoint_dir`. A checkpoint that cannot be written
            is warned of, and training goes on.
        """
        validate_hyperparameters(self)
        learner = copy.copy(self)  # it stores what it learns; here all of it is stored last, at once
        model, checkpoints = learner._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val))
        self.__dict__ = learner.__dict__
        _in_memory[self] = self.weights_, model
        if checkpoints is not None:
            checkpoints.remove()
        return self

    def _fit(self, X, y, sample_weight, own):
        """Learn; return the model, and the checkpoints or None."""
        from skbalance.training import bind_loss  # it loads torch

        loss, device = get_loss(self.loss), check_device(self.device, DEVICE_KINDS)
        told = () if self.checkpoint_dir is None else self._told()
        encoding, rows, own, label_texts, seeds = self._read(X, y, sample_weight, own)
        multilabel = encoding.kind == "multilabel"
        loss, statistics, criterion = bind_loss(loss, rows.indicator, rows.weight, multilabel, self.label_smoothing)
        model = self._start(statistics, label_texts, device, seeds[1])
        data, validation, score = model.read(*rows[:3]), None, None
        if own is not None:
            validation = model.read(*own[:3])
            score = None if self.scoring == "loss" else make_score(own, self.scoring, encoding, statistics, loss)
        checkpoints = self._checkpoints(model, data, validation, encoding, seeds[2], told)
        run = finetuning.fine_tune(
            model, criterion, data, validation, settings=self, seeds=seeds[1:], score=score, checkpoints=checkpoints
        )
        if not np.isfinite(model.scores(rows.X[:8])).all():
            raise ValueError(
                "Fine-tuning diverged: scores are no finite numbers any more. Give a smaller learning_rate_init, "
                "head_learning_rate_init or weight_decay."
            )
        self._store_target(encoding, statistics, loss)
        self._store_run(model, run)
        return model, checkpoints

    def _checkpoints(self, model, data, validation, encoding, seed, told):
        """Where training is kept that was interrupted; None without a folder."""
        if self.checkpoint_dir is None:
            return None
        settings = self.get_params(deep=False) | dict.fromkeys(_TELL_NOTHING)
        told = *told, settings, model.low_precision, encoding.kind, encoding.classes.tolist()
        name = finetuning.fingerprint(model, data, validation, seed, told)
        return finetuning.Checkpoints(self.checkpoint_dir, name)

    def _store_run(self, model, run):
        """Keep what was learnt."""
        self.weights_ = model.arrays()
        self.loss_curve_ = run.loss_curve
        self.n_iter_ = run.epoch
        self.max_length_ = model.tokenizer.max_length
        self._pooling = self.pooling
        self._files = model.files
        self.__dict__.pop("validation_scores_", None)
        if run.validation_scores:
            self.validation_scores_ = run.validation_scores

    def _told(self):
        """What tells the loss and the scoring from others, for checkpoints."""
        if self.random_state is None:
            raise ValueError("checkpoint_dir needs a random_state, or the same fit could not resume from a checkpoint.")
        return tuple(finetuning.tell_apart(getattr(self, name), name) for name in ("loss", "scoring"))

    def _read(self, X, y, sample_weight, own):
        """The target, rows to train on and to validate on or None, texts of the labels or None, and seeds."""
        texts = check_texts(X)
        encoding, indicator, weight = self._read_target(texts, y, sample_weight, np.float32)
        label_texts = check_label_texts(self.label_texts, encoding)
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=3).tolist()
        rows = Rows(texts, indicator, weight, sample_weight is not None).take(np.flatnonzero(weight))
        own = read_validation_rows(self, encoding, np.float32, *own)
        if self.early_stopping and own is None:
            from skbalance.training import hold_out_rows  # it loads torch

            random_state = np.random.RandomState(seeds[0])
            train, held = hold_out_rows(rows.indicator, self.validation_fraction, random_state)
            rows, own = rows.take(train), rows.take(held)
        return encoding, rows, own, label_texts, seeds

    def _start(self, statistics, label_texts, device, seed) -> finetuning.TextModel:
        """The model as training starts with it."""
        if not self.warm_start or not hasattr(self, "weights_"):
            model = finetuning.TextModel.pretrained(self, statistics.log_odds, label_texts, device, seed)
        elif (self.n_outputs_, self._pooling) == (statistics.n_labels, self.pooling):
            model = self._rebuilt()
        else:
            raise ValueError(
                f"warm_start=True needs the labels and the pooling of the previous fit, {self.n_outputs_} and "
                f"{self._pooling!r}; got {statistics.n_labels} and {self.pooling!r}."
            )
        return model.place(device, self)

    def _rebuilt(self) -> finetuning.TextModel:
        learned = self._files, self.weights_, self._pooling, self.max_length_
        return finetuning.TextModel.from_arrays(*learned, trust_remote_code=self.trust_remote_code)

    def _model(self, device) -> finetuning.TextModel:
        """The fitted model, from memory where it is there."""
        weights, model = _in_memory.get(self, (None, None))
        if weights is not self.weights_:
            model = self._rebuilt()
            _in_memory[self] = self.weights_, model
        return model.place(device, self)

    def _scores(self, texts):
        return self._model(check_device(self.device, DEVICE_KINDS)).scores(texts)

    def save_pretrained(self, folder):
        """Write the classifier into a folder, from which transformers and sentence-transformers load its encoder.

        Parameters that belong to one machine or one fit (``checkpoint_dir``, ``device``, ``label_texts``,
        ``random_state`` and where the model came from) are left out; a pickle keeps all.

        Parameters
        ----------
        folder : str or path
            Made if it does not exist. An older classifier in it is replaced, all at once, and other files are kept.

        Raises
        ------
        ValueError
            If the loss is not one of the package's, or the folder is the working directory.
        OSError
            If the folder cannot be written; it is then as it was.
        """
        check_is_fitted(self)
        write_folder(self, folder)

    @classmethod
    def from_pretrained(cls, folder, *, device="auto", trust_remote_code=False):
        """Read a classifier that :meth:`save_pretrained` wrote.

        Parameters
        ----------
        folder : str or path
            Where it is.
        device : str, default="auto"
            Parameter of the classifier.
        trust_remote_code : bool, default=False
            Run code that comes with the encoder.

        Returns
        -------
        classifier : FineTunedMultiLabelClassifier
            Fitted.

        Raises
        ------
        OSError
            If the folder holds no such classifier, or a file of it is missing, a link, or damaged.
        ValueError
            If it was written in another format, or holds what no fitted classifier does.
        """
        read = read_folder(folder)
        classifier = cls(os.fspath(folder))
        state = classifier._checked_state(read, trust_remote_code=trust_remote_code)
        own = {"model": os.fspath(folder), "device": device, "trust_remote_code": trust_remote_code}
        classifier.__dict__.update(state | own)
        return classifier


# Networks of fitted classifiers: they are no part of these, so that pickles hold arrays and plain values only.
_in_memory: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
