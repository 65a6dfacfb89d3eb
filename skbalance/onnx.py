r"""Models of this package in ONNX: converters for skl2onnx, registered when this module is imported.

There are converters for :class:`~skbalance.BalancedMultiLabelClassifier`, and for
:class:`~skbalance.decisions.FixedThresholdMultiLabelClassifier` and
:class:`~skbalance.decisions.TunedThresholdMultiLabelClassifierCV` around one, or around a pipeline that ends in one.
The outputs are those of ``predict`` and ``predict_proba``, each one array.

skl2onnx splits texts in a way of its own unless it is told what scikit-learn takes for a word, and asks for a locale
that few servers have: hence the options in the example.

Examples
--------
>>> import onnxruntime
>>> import skbalance.onnx
>>> from skbalance import BalancedMultiLabelClassifier
>>> from skl2onnx import to_onnx
>>> from skl2onnx.common.data_types import StringTensorType
>>> from sklearn.feature_extraction.text import TfidfVectorizer
>>> from sklearn.pipeline import make_pipeline
>>> texts = ["wheat and corn", "wheat", "oil rises", "corn", "oil and gas", "gas"]
>>> tags = [[1, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1], [0, 0, 1]]
>>> model = make_pipeline(TfidfVectorizer(), BalancedMultiLabelClassifier()).fit(texts, tags)
>>> options = {TfidfVectorizer: {"tokenexp": r"[\p{L}\p{N}_]{2,}", "locale": "C.UTF-8"}}
>>> converted = to_onnx(model, initial_types=[("texts", StringTensorType([None, 1]))], options=options)
>>> session = onnxruntime.InferenceSession(converted.SerializeToString())
>>> label, probabilities = session.run(None, {"texts": [["oil"], ["wheat, corn"]]})
>>> label.tolist()
[[0, 0, 1], [1, 1, 0]]
"""

import numpy as np
from scipy.special import logit
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ._classifier import BalancedMultiLabelClassifier
from ._lazy import import_optional
from ._packing import dense
from .decisions import FixedThresholdMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV
from .text import TagClassifier

__all__: list[str] = []

_HINT = 'Models are converted to ONNX by skl2onnx, which is not installed: pip install "skbalance[onnx]"'
_skl2onnx = import_optional("skl2onnx", _HINT)
_onnx = import_optional("onnx", _HINT)
_parse = import_optional("skl2onnx._parse", _HINT)
_types = import_optional("skl2onnx.common.data_types", _HINT)
_ALIAS = "SkbalanceClassifier"
# Probabilities closer to 0 or 1 than this are no more certain, where thresholds are set on their log-odds.
_CLIP = 1e-6


class _Graph:
    """Nodes are called by their type: inputs, names of tensors or arrays, and attributes in, names of outputs out."""

    def __init__(self, scope, container, dtype):
        self.scope, self.container, self.dtype = scope, container, dtype

    def __call__(self, kind, *inputs, into=None, n_outputs=1, **attributes):
        """Name of the output, or a list of several."""
        outputs = [into or self.scope.get_unique_variable_name(kind.lower()) for _ in range(n_outputs)]
        names = [each if isinstance(each, str) else self.constant(each) for each in inputs]
        self.container.add_node(kind, names, outputs, **attributes)
        return outputs[0] if n_outputs == 1 else outputs

    def constant(self, values):
        """Name of a constant; numbers that are no integers have the type of the graph."""
        values, name = np.asarray(values), self.scope.get_unique_variable_name("constant")
        if values.dtype.kind == "f":
            values = values.astype(self.dtype)
        tensor = _onnx.numpy_helper.from_array(values)
        texts = [each.encode() for each in values] if values.dtype.kind == "U" else None
        self.container.add_initializer(name, tensor.data_type, list(values.shape), texts or tensor)
        return name

    def best(self, values, k):
        """Whether each value is among the k largest of its row, of equal ones the first."""
        _, places = self("TopK", values, np.array([k]), n_outputs=2)
        no, yes = self("Less", values, values), self("Equal", places, places)
        return self("ScatterElements", no, places, yes, axis=1)


def _take_apart(model):
    """The transformers inside of a model, and the BalancedMultiLabelClassifier behind them."""
    check_is_fitted(model)
    head, before = getattr(model, "estimator_", model), []
    while not isinstance(head, BalancedMultiLabelClassifier):
        if isinstance(head, Pipeline):
            before += [step for _, step in head.steps[:-1] if step not in (None, "passthrough")]
            head = head.steps[-1][1]
        elif isinstance(head, FrozenEstimator):
            head = head.estimator
        elif hasattr(head, "best_estimator_"):
            head = head.best_estimator_
        else:
            raise _refused(model, f"its estimator is a {type(head).__name__}", "BalancedMultiLabelClassifier can be.")
    if isinstance(model, TunedThresholdMultiLabelClassifierCV):
        if model._fitted.matcher is not None:
            raise _refused(model, "its decision model reads label_texts", "Fit one without them.")
        if model._fitted.hierarchy is not None:
            raise _refused(model, "its labels have parents", "Fit one without them.")
    return before, head


def _refused(model, reason, remedy):
    return ValueError(f"{type(model).__name__} cannot be converted to ONNX: {reason}. {remedy}")


def _refuse_tags(scope, model, inputs, custom_parsers=None):
    raise _refused(
        model, "ONNX has no lists of tags, nor the names and texts that speak for them",
        "Convert a TunedThresholdMultiLabelClassifierCV of a pipeline of TfidfVectorizer and "
        "BalancedMultiLabelClassifier, fitted to tag_indicator(tags).",
    )  # fmt: skip


def _parser(scope, model, inputs, custom_parsers=None):
    """Declare the transformers inside of a model, then the model; its outputs are arrays, with zipmap or without."""
    before, head = _take_apart(model)
    for step in before:
        inputs = _parse._parse_sklearn(scope, step, inputs, custom_parsers=custom_parsers)
    operator = scope.declare_local_operator(_ALIAS, model)
    operator.inputs = inputs
    multilabel = model._encoding.kind == "multilabel"  # that of one label has a binary head
    width = head.n_outputs_ if multilabel else max(2, head.n_outputs_)
    label = _types.StringTensorType if head.classes_.dtype.kind == "U" else _types.Int64TensorType
    label = label([None, width] if multilabel else [None])
    probabilities = type(_types.guess_tensor_type(inputs[0].type))([None, width])
    for name, kind in {"label": label, "probabilities": probabilities}.items():
        operator.outputs.append(scope.declare_local_variable(name, kind))
    return operator.outputs


def _convert(scope, operator, container):
    """Write a model as nodes: scores, probabilities, and which labels are predicted."""
    model, (features, *_), (label, proba) = operator.raw_operator, operator.inputs, operator.outputs
    _, head = _take_apart(model)
    kind, number = model._encoding.kind, _types.guess_proto_type(proba.type)
    graph = _Graph(scope, container, np.float64 if number == _onnx.TensorProto.DOUBLE else np.float32)
    scores = graph("Cast", features.full_name, to=number)
    for i, (coef, intercept) in enumerate(zip(head.coefs_, head.intercepts_)):
        scores = graph("Relu", scores) if i else scores
        scores = graph("Add", graph("MatMul", scores, dense(coef)), intercept)
    _probabilities(graph, head, kind, scores, into=proba.full_name)
    if kind == "multiclass":
        positive = graph("ArgMax", scores, axis=1, keepdims=0)
    elif model is head:
        positive = graph("Greater", scores, np.zeros(1))
    else:
        positive = _decide(graph, model, scores)
    if kind == "multilabel":
        graph("Cast", positive, to=_onnx.TensorProto.INT64, into=label.full_name)
        return
    if kind == "binary":
        positive = graph("Reshape", graph("Cast", positive, to=_onnx.TensorProto.INT64), np.array([-1]))
    classes = head.classes_ if head.classes_.dtype.kind == "U" else head.classes_.astype(np.int64)
    graph("Gather", classes, positive, into=label.full_name)


def _probabilities(graph, head, kind, scores, into):
    """Write the probabilities of labels or classes, as `TargetEncoding.probabilities` defines them."""
    info = np.finfo(graph.dtype)
    low, high = np.array(info.tiny), np.nextafter(graph.dtype(1), graph.dtype(0))
    if kind == "binary":
        scores = graph("Concat", graph("Neg", scores), scores, axis=1)
    exclusive = head.loss_.exclusive
    proba = graph("Softmax", scores, axis=1) if exclusive else graph("Sigmoid", scores)
    if kind == "multiclass" and not exclusive:
        proba = graph("Clip", proba, low, high)
        proba = graph("Div", proba, graph("MatMul", proba, np.ones((head.n_outputs_, 1))))
    graph("Clip", proba, low, high, into=into)


def _decide(graph, model, scores):
    """Which labels are above their thresholds, within the bounds on their number."""
    if isinstance(model, FixedThresholdMultiLabelClassifier):
        least, most = model.min_labels, model.max_labels
        scores = graph("Sigmoid", scores) if model._method == "predict_proba" else scores
        margins = graph("Sub", scores, model.thresholds_)
    else:
        choice = model.decisions_.rule.choice
        least, most = (0, None) if model.decisions_.promises else (choice.min_labels, choice.max_labels)
        margins = _tuned_margins(graph, model, scores)
    positive = graph("Greater", margins, np.zeros(1))
    if most is not None:
        positive = graph("And", positive, graph.best(margins, most))
    if least:
        possible = graph("Greater", margins, np.array([-np.inf]))
        positive = graph("Or", positive, graph("And", possible, graph.best(margins, least)))
    return positive


def _tuned_margins(graph, model, scores):
    """Scores or log-odds less thresholds; -inf for what cannot be predicted."""
    trained, shown, probable = model.label_counts_ > 0, np.asarray(model.thresholds_), model._scale.probabilities
    if model._fitted.methods == ["predict_proba"]:
        scores = graph("Clip", scores, *logit([_CLIP, 1 - _CLIP]))
    known = scores if trained.all() else graph("Where", trained, scores, np.array([-np.inf]))
    odds = scores
    if (decision := model.decisions_.model) is not None:
        weights, intercepts = decision.of_labels(model.label_counts_)
        odds = graph("Add", graph("Mul", scores, weights[:, 0]), intercepts)
        if trained.sum() > 1:
            two, _ = graph("TopK", known, np.array([2]), n_outputs=2)
            best, second = (graph("Gather", two, np.array([place]), axis=1) for place in (0, 1))
            other = graph("Where", graph("Equal", scores, best), second, best)
            odds = graph("Add", odds, graph("Mul", graph("Sub", scores, other), weights[:, 1]))
    never = np.where(probable & (shown < 0), -np.inf, np.inf)
    margins = graph("Sub", odds, np.where(trained, model._scale.read_thresholds(shown), never))
    always = shown <= 0 if probable else shown == -np.inf
    width = model.n_candidates_ + always.sum()
    if model.n_candidates_ < model.n_labels_ and width < model.n_labels_:
        seen = graph.best(graph("Where", always, np.array([np.inf]), known), width)
        margins = graph("Where", seen, margins, np.array([-np.inf]))
    return margins


for _class in (BalancedMultiLabelClassifier, FixedThresholdMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV):
    _skl2onnx.update_registered_converter(
        _class, _ALIAS, lambda operator: None, _convert, parser=_parser, options={"zipmap": [True, False]}
    )
_skl2onnx.update_registered_parser(TagClassifier, _refuse_tags)
