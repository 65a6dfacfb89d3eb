"""From what a user calls a column of texts to a list of strings, or an error that says what was given."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from skbalance.decisions import readable

__all__ = ["check_documents", "check_label_texts", "check_texts"]


def check_texts(X):
    """Take texts from a list, Series, single-column frame or array.

    Parameters
    ----------
    X : list, tuple, Series, single-column DataFrame or array of str, of length n_samples
        The texts. An array is 1-D, or 2-D with one column. An empty string is a text like any other.

    Returns
    -------
    texts : list of str
        One text per row.

    Raises
    ------
    TypeError
        If `X` is no column of texts, or a row is something other than a string.
    ValueError
        If there are no rows, several columns, or a row is missing (None, NaN, ``pandas.NA``) or holds
        characters that cannot be encoded as UTF-8.
    """
    texts = _to_list(X)
    if not texts:
        raise ValueError("X has no rows; at least one text is needed.")
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise _not_a_text(row, text, texts)
        if not text.isascii():
            _check_encodable(row, text)
    return [str(text) for text in texts]


def check_documents(estimator, X):
    """Name the row that is no text before a vectorizer of scikit-learn fails on it in its own words.

    Parameters
    ----------
    estimator : estimator
        Only one that begins with such a vectorizer, with its own tokens of its own documents, is looked at.
    X : object
        What it is to be given.

    Raises
    ------
    TypeError
        If a row is no string and no bytes.
    ValueError
        If a row is missing.
    """
    while hasattr(estimator, "steps") or hasattr(estimator, "estimator"):
        estimator = estimator.steps[0][1] if hasattr(estimator, "steps") else estimator.estimator
    own = [getattr(estimator, name, None) for name in ("tokenizer", "preprocessor")]
    usual = getattr(estimator, "input", None) == "content" and isinstance(getattr(estimator, "analyzer", None), str)
    if not hasattr(estimator, "build_analyzer") or not usual or own != [None, None]:
        return
    if hasattr(X, "columns") or getattr(X, "ndim", 1) != 1:
        raise ValueError(f"X has the shape {getattr(X, 'shape', None)}; one column of texts is needed.")
    if isinstance(X, Iterator):
        return  # it can be gone through only once
    rows = _to_list(X)
    for row, text in enumerate(rows):
        if not isinstance(text, str | bytes):
            raise _not_a_text(row, text, rows)


def check_label_texts(label_texts, encoding):
    """Texts of the labels as a list, None for a label without one.

    Parameters
    ----------
    label_texts : list, mapping or None
        The estimator's parameter.
    encoding : TargetEncoding
        What the labels are.

    Raises
    ------
    ValueError
        If there are more or fewer than labels, or a key is none of theirs.
    TypeError
        If a text is no string.
    """
    if label_texts is None:
        return None
    multilabel = encoding.kind == "multilabel"
    names = list(range(encoding.n_outputs)) if multilabel else encoding.classes.tolist()
    if isinstance(label_texts, Mapping):
        unknown = [key for key in label_texts if key not in names]
        if unknown:
            what = f"column numbers from 0 to {len(names) - 1}" if multilabel else f"the classes {names[:5]!r:.200}"
            raise ValueError(f"The keys of label_texts must be {what}; got {unknown[:5]!r:.200}.")
        texts = [label_texts.get(name) for name in names[-encoding.n_outputs :]]
    else:
        texts = list(label_texts)
        if len(texts) != encoding.n_outputs:
            raise ValueError(f"label_texts must have a text for each of {encoding.n_outputs} labels; got {len(texts)}.")
    for text in texts:
        if text is not None and not isinstance(text, str):
            raise TypeError(f"label_texts must hold strings, or None; got {text!r:.80}.")
    # A name in one piece, as "castor-oil", is read as words; a description stays as it is.
    return [text if text is None or " " in text else readable(text) for text in texts]


def _to_list(X):
    if isinstance(X, (str, bytes)):
        raise TypeError(
            f"X is a single {type(X).__name__} ({_short(X)}); a list, Series, single-column DataFrame or array "
            "of strings is needed. For one text, pass [text]."
        )
    if hasattr(X, "columns") and hasattr(X, "shape"):
        columns = list(X.columns)
        if len(columns) != 1:
            raise ValueError(
                f"X is a DataFrame of {len(columns)} columns {_short(columns)}; one column of texts is needed. "
                'Select it, X["text"], or use a ColumnTransformer([("text", SentenceEmbedder(), "text")]).'
            )
        X = X[columns[0]]
    if isinstance(X, np.ndarray):
        if X.ndim == 2 and X.shape[1] == 1:
            X = X[:, 0]
        if X.ndim != 1:
            raise ValueError(
                f"X is an array of shape {X.shape}; a 1-D array of strings, or a 2-D one with a single column, "
                "is needed."
            )
        return X.tolist()
    if hasattr(X, "to_list"):
        return X.to_list()
    if isinstance(X, Sequence) or (hasattr(X, "__array__") and hasattr(X, "__len__")):
        return list(X)
    raise TypeError(
        f"X is a {type(X).__name__} ({_short(X)}); a list, Series, single-column DataFrame or array of strings "
        "is needed."
    )


def _not_a_text(row, text, texts):
    if _is_missing(text):
        n_missing = sum(map(_is_missing, texts))
        return ValueError(
            f"X has {n_missing} missing text(s), the first in row {row} (counted from 0): {text!r}. Every row must "
            'be a string; drop the rows or fill them first, for example with fillna("").'
        )
    return TypeError(
        f"Row {row} (counted from 0) of X is a {type(text).__name__}: {_short(text)}. Every row must be a string."
    )


def _is_missing(text):
    if text is None or (isinstance(text, float) and math.isnan(text)):
        return True
    return type(text).__name__ in ("NAType", "NaTType")  # pandas, without importing it


def _check_encodable(row, text):
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(
            f"Row {row} (counted from 0) of X holds {text[error.start]!r} at position {error.start}, which cannot be "
            "encoded as UTF-8; every row must be valid Unicode text."
        ) from error


def _short(value, limit=80):
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."
