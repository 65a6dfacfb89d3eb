"""Predictions as a frame of fixed columns and types: of rows in memory, or of a Dask collection part by part."""

import importlib
import sys
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_is_fitted

from ._lazy import import_optional
from ._validation import check_k, check_option, num_samples, short

__all__ = ["predict_frame"]

_METHODS = ("predict", "predict_topk", "doubt")
_HINT = 'predict_frame needs pandas and pyarrow, and for Dask collections Dask: pip install "skbalance[dask]"'


def predict_frame(X, model, method="predict", *, k=None):
    """Predict labels, the k best labels or doubt as a frame whose columns and types are always the same.

    Rows in memory give a frame of pandas, at once; a Dask collection gives a Dask DataFrame, lazily, with a partition
    for each of its own. No rows are well too: they give an empty frame. So the function can be handed to whatever maps
    over partitions.

    Parameters
    ----------
    X : frame or Series of pandas or polars, table of pyarrow, list, array, sparse, or Dask collection
        What the `predict` of the model takes; or a Dask DataFrame, Series, Array, Bag, Delayed or list of Delayed of
        such. Select the columns of a frame that the model takes.
    model : fitted classifier of this package, or a pipeline or search that ends in one
        Dask sends it to each worker once.
    method : {"predict", "predict_topk", "doubt"}, default="predict"
        What to predict; `predict_topk` and `doubt` where the classifier has them.
    k : int or None, default=None
        Labels a row, for ``"predict_topk"``, from 1 to the number of labels.

    Returns
    -------
    frame : DataFrame of pandas or Dask
        A row for each of X, with its index if it has one. Columns are of Arrow types:

        - ``tags``, a list for each row, of a :class:`~skbalance.text.TagClassifier`; with `sep`, and for
          ``"predict"``, a string;
        - ``labels``, a list of column numbers, of other models of an indicator;
        - ``label``, a class, of models of a 1-D target;
        - ``scores`` for ``"predict_topk"``, of the tags or labels, which are in their order, the highest first;
        - ``doubt``, a number, and nothing else, for ``"doubt"``.

    Raises
    ------
    TypeError
        If the model is none of this package.
    ValueError
        If the model has no such method, `k` is out of its range, or the model gives another number of rows than X has;
        and whatever the model raises for X, of a Dask collection when it is computed.
    ImportError
        If pandas, pyarrow or, for its collections, Dask is missing, or a worker of the cluster cannot import this
        package.
    OSError
        If the scheduler of the cluster is gone.

    Examples
    --------
    >>> from skbalance import TagClassifier
    >>> from skbalance.partitions import predict_frame
    >>> texts = ["wheat and corn prices", "crude oil", "wheat harvest", "oil and gas", "corn", "gas prices"] * 5
    >>> tags = [["wheat", "corn"], ["crude"], ["wheat"], ["crude", "gas"], ["corn"], ["gas"]] * 5
    >>> model = TagClassifier(random_state=0).fit(texts, tags)
    >>> predict_frame(["crude oil", "corn"], model)
          tags
    0  ['crude']
    1   ['corn']
    >>> predict_frame([], model, "predict_topk", k=2).dtypes
    tags      list<item: string>[pyarrow]
    scores    list<item: double>[pyarrow]
    dtype: object
    """
    arrow, pandas = import_optional("pyarrow", _HINT), import_optional("pandas", _HINT)
    transformers, classifier = _take_apart(model)
    fields = _fields(arrow, classifier, method, k)
    if hasattr(X[0] if isinstance(X, list) and X else X, "__dask_graph__"):
        return _lazy_frame(X, model, method, k)
    if hasattr(X, "to_pandas"):
        X = X.to_pandas()
    elif not hasattr(X, "shape") and not hasattr(X, "__len__"):
        X = list(X)  # partitions of bags are iterators
    index, n_rows = X.index if hasattr(X, "iloc") else None, num_samples(X)
    columns: Any = [[] for _ in fields]
    if n_rows:
        for transformer in transformers:
            X = transformer.transform(X)
        found = getattr(classifier, method)(X, **({} if k is None else {"k": k}))
        columns = _columns(found, method)
        if len(columns[0]) != n_rows:
            raise ValueError(
                f"The model gave {len(columns[0])} predictions for {n_rows} rows. Pass what its predict takes: of a "
                'frame with a column of texts that column, X["text"].'
            )
    typed = [arrow.array(column, kind) for column, kind in zip(columns, fields.values())]
    return pandas.DataFrame(dict(zip(fields, map(pandas.arrays.ArrowExtensionArray, typed))), index=index)


def _lazy_frame(X, model, method, k):
    """A Dask DataFrame with a partition for each partition of a collection."""
    delayed, frames = import_optional("dask.delayed", _HINT), import_optional("dask.dataframe", _HINT)
    _check_workers()
    meta, shared = predict_frame([], model, method, k=k), delayed.delayed(model, traverse=False)
    if isinstance(X, frames.DataFrame | frames.Series):
        return X.map_partitions(predict_frame, shared, method, k=k, meta=meta)
    if isinstance(X, delayed.Delayed):
        X = [X]
    if not isinstance(X, list):
        X = X.rechunk({1: -1}) if getattr(X, "ndim", 1) == 2 else X  # a row is scored as a whole
        X = np.ravel(X.to_delayed()).tolist()
    return frames.from_delayed([delayed.delayed(predict_frame)(part, shared, method, k=k) for part in X], meta=meta)


def _check_workers():
    """Have workers without the package say so at once: one that cannot read its tasks stops, and its tasks wait."""
    try:
        client = sys.modules["distributed"].default_client()
    except (KeyError, ValueError):  # there is no cluster
        return
    try:
        if not client.asynchronous:
            client.run(importlib.import_module, __name__)
    except ImportError as error:
        raise ImportError(f"A worker cannot import skbalance; install there what is installed here: {error}") from error
    except OSError as error:
        raise OSError(f"The Dask client cannot reach the scheduler of its cluster: {error}") from error


def _take_apart(model):
    """The transformers inside of a model, and the classifier behind them."""
    transformers: list = []
    while True:
        model = getattr(model, "best_estimator_", model)
        if not hasattr(model, "steps"):
            return transformers, model
        transformers += [step for _, step in model.steps[:-1] if hasattr(step, "transform")]
        model = model.steps[-1][1]


def _fields(arrow, classifier, method, k) -> dict:
    """The columns of the frame with their types."""
    check_option(method, _METHODS, "method")
    check_is_fitted(classifier)
    tags = hasattr(classifier, "tag_indicator")
    if not tags and not hasattr(classifier, "_encoding"):
        raise TypeError(
            "model must be a classifier of skbalance, or a pipeline or search that ends in one; got "
            f"{short(classifier)}."
        )
    if not hasattr(classifier, method):
        raise ValueError(f"{type(classifier).__name__} has no {method}.")
    if (k is not None) != (method == "predict_topk"):
        raise ValueError(f'k is for method="predict_topk", which needs it; got k={k!r} for {method!r}.')
    if method == "doubt":
        return {"doubt": arrow.float64()}
    if k is not None:
        check_k(k, len(classifier.classes_), "tags" if tags else "labels")
    if not tags and classifier._encoding.kind == "multilabel":
        name, kind = "labels", arrow.int32()
    else:
        name, kind = "tags" if tags else "label", arrow.array(classifier.classes_.tolist()).type
    if method == "predict_topk":
        return {name: arrow.list_(kind), "scores": arrow.list_(arrow.float64())}
    joined = tags and classifier.sep is not None
    return {name: kind if name == "label" or joined else arrow.list_(kind)}


def _columns(found, method) -> list:
    """What each column of the frame holds, by what the model gave."""
    if method == "predict_topk":
        if isinstance(found, list):  # of tags with their scores
            return [[[pair[i] for pair in row] for row in found] for i in (0, 1)]
        labels, scores = found if isinstance(found, tuple) else _best_first(found)
        return [list(labels), list(scores)]
    if getattr(found, "ndim", 1) == 2:
        indicator = sp.csr_array(found)
        return [np.split(indicator.indices, indicator.indptr[1:-1])]
    return [found]


def _best_first(proba):
    """Labels and probabilities of a sparse array with as many entries in each row, the highest first."""
    labels, values = (each.reshape(proba.shape[0], -1) for each in (proba.indices, proba.data))
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(labels, order, axis=1), np.take_along_axis(values, order, axis=1).astype(float)
