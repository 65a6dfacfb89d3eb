"""State that may come out of a file of others: what of it is taken, and what is refused."""

from __future__ import annotations

import os
import re
from contextvars import ContextVar
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np

from skbalance._targets import TargetEncoding
from skbalance._validation import DocLinkMixin, validate_hyperparameters
from skbalance.finetuning import HEADS, check_files
from skbalance.losses import BaseLoss, loss_from_state

# Names on the Hugging Face Hub, and of its branches, tags and commits.
_HUB_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?", re.ASCII)
# In the state of any estimator.
_ANY_STATE = ("_metadata_request", "_sklearn_output_config", "_skbalance_version")
# What a fine-tuned classifier learns; all of it is there, but for scores of texts that were held out.
FINE_TUNED: dict[str, Any] = {
    "classes_": np.ndarray,
    "n_outputs_": Integral,
    "label_counts_": np.ndarray,
    "n_samples_fit_": Real,
    "weights_": dict,
    "loss_curve_": list,
    "n_iter_": Integral,
    "max_length_": Integral,
    "validation_scores_": list,
    "_fitted_loss": (tuple, BaseLoss),
    "_target": tuple,
    "_pooling": str,
    "_files": dict,
}


class CheckedStateMixin(DocLinkMixin):
    """An estimator whose state is checked when it comes in by ``__setstate__``, as out of a file of skops.

    A flag that runs code and the name of a place are never taken from there, nor written there. A pickle keeps them: it
    is code itself, and for those who wrote it.
    """

    # What takes the place of every name of a model in a state, for those who read files of others.
    _model_given: ClassVar[ContextVar[dict | None]] = ContextVar("_model_given", default=None)
    _of_this_machine: tuple[str, ...] = ()
    _learned: dict[str, Any] = {}

    def __reduce__(self):
        return _of_pickle, (type(self), super().__getstate__())

    def __getstate__(self):
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name not in self._of_this_machine} | _hub_model(state)

    def __setstate__(self, state):
        of_any = {name: value for name, value in dict(state).items() if name in _ANY_STATE}
        checked = self._checked_state({name: value for name, value in dict(state).items() if name not in of_any})
        if not isinstance(of_any.get("_sklearn_output_config", {}), dict):
            raise ValueError(f"_sklearn_output_config in the state of a {type(self).__name__} is no dictionary.")
        super().__setstate__(checked | of_any)

    def _checked_state(self: Any, state, *, trust_remote_code=False) -> dict:
        """What of a state is taken; a ValueError if there is anything in it that is not this estimator's."""
        name = type(self).__name__
        names = set(self._get_param_names())
        fresh = type(self)(**{key: state[key] for key in names & state.keys() - {*self._of_this_machine}})
        validate_hyperparameters(fresh)
        given = self._model_given.get()
        fresh.set_params(**{"model": None} | (_hub_model(state) if given is None else given))
        learned = {key: value for key, value in state.items() if key not in names}
        if wrong := sorted(learned.keys() - self._learned.keys()):
            raise ValueError(f"{wrong[0]!r:.80} in the state of a {name} is none of its attributes.")
        if learned:
            check_learned(learned, self._learned, trust_remote_code=trust_remote_code)
        return vars(fresh) | learned


def _of_pickle(kind, state):
    estimator = kind.__new__(kind)
    DocLinkMixin.__setstate__(estimator, state)
    return estimator


def _hub_model(state) -> dict:
    """A model of the Hub and its revision, if these are what a state names, and no folder is called the same."""
    model, revision = state.get("model"), state.get("revision")
    if not isinstance(model, str) or not _HUB_NAME.fullmatch(model) or os.path.exists(model):
        return {}
    if revision is not None and not (isinstance(revision, str) and _HUB_NAME.fullmatch(revision)):
        return {}
    return {"model": model, "revision": revision}


def check_learned(learned, kinds, *, trust_remote_code):
    """Raise a ValueError that names the attribute if no fine-tuned classifier can have learned this."""
    for name in sorted(kinds.keys() - {"validation_scores_"} | learned.keys()):
        value = learned.get(name)
        if not isinstance(value, kinds[name]) or isinstance(value, bool):
            raise ValueError(f"{name} of a FineTunedMultiLabelClassifier is missing or a {type(value).__name__}.")
    if not trust_remote_code:
        check_files(learned["_files"])
    for name, right in _conditions(learned):
        if not right:
            raise ValueError(f"{name} of a FineTunedMultiLabelClassifier does not go with the rest of its state.")


def _conditions(learned):
    """Name and truth of what must hold of learned attributes that are of the right types."""
    n_outputs, classes, weights = learned["n_outputs_"], learned["classes_"], learned["weights_"]
    yield "_target", _is_target(learned["_target"])
    kind, dtype, sparse = learned["_target"]
    shape = {"multilabel": (n_outputs, 2), "multiclass": (n_outputs,), "binary": (2,)}[kind]
    yield "classes_", classes.shape == shape and classes.dtype.kind in "biufUSO"
    yield "n_outputs_", n_outputs == TargetEncoding(kind, classes, dtype, sparse).n_outputs >= 1
    for name in ("loss_curve_", "validation_scores_"):
        yield name, all(isinstance(value, Real) for value in learned.get(name, ()))
    yield "n_iter_", learned["n_iter_"] == len(learned["loss_curve_"])
    yield "max_length_", 1 <= learned["max_length_"] < 2**31
    counts = learned["label_counts_"]
    yield "label_counts_", counts.shape == (n_outputs,) and _finite(counts)
    yield "_pooling", learned["_pooling"] in HEADS
    yield "_fitted_loss", _is_loss(learned["_fitted_loss"])
    yield "weights_", all(isinstance(array, np.ndarray) and _finite(array) for array in weights.values())
    head = {name: array.shape for name, array in weights.items() if not str(name).startswith("encoder.")}
    of_labels = (n_outputs, *head.get("head.weight", ())[-1:])
    of_query = {"head.query": of_labels} if learned["_pooling"] == "label_attention" else {}
    yield "weights_", head == {"head.weight": of_labels, "head.bias": (n_outputs,)} | of_query


def _finite(array) -> bool:
    return array.dtype.kind in "biuf" and bool(np.isfinite(array).all())


def _is_target(target) -> bool:
    if len(target) != 3 or not all(isinstance(part, str) for part in target):
        return False
    kind, dtype, sparse = target
    try:
        numeric = kind != "multilabel" or np.dtype(dtype).kind in "biuf"
    except TypeError:
        return False
    return kind in ("binary", "multiclass", "multilabel") and numeric and sparse in ("", "matrix", "array")


def _is_loss(state) -> bool:
    try:
        validate_hyperparameters(loss_from_state(state))
    except (IndexError, KeyError, TypeError, ValueError):
        return False
    return True
