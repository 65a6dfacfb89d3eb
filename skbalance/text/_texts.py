"""From what a user calls a column of texts to a list of strings, or an error that says what was given."""

from collections.abc import Mapping
from typing import Any

from sklearn.utils import get_tags

from skbalance._tag_lists import column_items
from skbalance._targets import is_missing
from skbalance._validation import short
from skbalance.decisions import readable


def check_texts(X: Any, name: str = "X") -> list[str]:
    """Take texts from whatever holds one column of them.

    Parameters
    ----------
    X : list, tuple, generator, Series or array of str, of length n_samples, or a frame or array of one column
        The texts. Bytes are read as UTF-8. An empty string is a text like any other.
    name : str, default="X"
        What the messages call it.

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
    advice = (
        f'Its columns are {short(list(X.columns))}; select one, X["text"], or use a '
        'ColumnTransformer([("text", SentenceEmbedder(), "text")]).'
        if hasattr(X, "columns")
        else "For one text, pass [text]."
    )
    rows = column_items(X, name, "texts", advice)
    if not rows:
        raise ValueError(f"{name} has no rows; at least one text is needed.")
    return [_read_text(number, row, rows, name) for number, row in enumerate(rows)]


def takes_texts(estimator: Any) -> bool:
    """Whether an estimator begins with what reads texts, and reads them in the usual way.

    Parameters
    ----------
    estimator : estimator, or list of tuple
        Pipelines, unions, searches and lists of named estimators are looked into. Documents for a tokenizer of the
        user's own need be no texts.
    """
    if isinstance(estimator, list):
        return all(takes_texts(part[1]) for part in estimator)
    if hasattr(estimator, "steps"):
        steps = [step for _, step in estimator.steps if step not in (None, "passthrough")]
        return bool(steps) and takes_texts(steps[0])
    for inner in ("transformer_list", "estimators", "estimator"):
        if hasattr(estimator, inner):
            return takes_texts(getattr(estimator, inner))
    if not hasattr(estimator, "__sklearn_tags__") or not get_tags(estimator).input_tags.string:
        return False
    own = (getattr(estimator, name, None) for name in ("tokenizer", "preprocessor"))
    usual = getattr(estimator, "input", "content") == "content" and isinstance(getattr(estimator, "analyzer", ""), str)
    return usual and not any(map(callable, own))


def _read_text(number: int, text: Any, rows: list, name: str) -> str:
    where = f"Row {number} (counted from 0) of {name}"
    if not isinstance(text, str):
        text = text.as_py() if hasattr(text, "as_py") else text  # a scalar of pyarrow
        if is_missing(text):
            n_missing = sum(map(is_missing, rows))
            raise ValueError(
                f"{name} has {n_missing} missing text(s), the first in row {number} (counted from 0): {text!r}. Every "
                'row must be a string; drop the rows or fill them first, for example with fillna("").'
            )
        if not isinstance(text, (str, bytes)):
            raise TypeError(f"{where} is a {type(text).__name__}: {short(text)}. Every row must be a string.")
    try:
        if isinstance(text, bytes):
            return text.decode()
        if not text.isascii():
            text.encode()
    except UnicodeError as error:
        raise ValueError(
            f"{where} holds what cannot be {'read' if isinstance(text, bytes) else 'encoded'} as UTF-8: {error}."
        ) from None
    return str.__str__(text)


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
        If a text is no string, nor a list of strings.
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
    return [None if text is None else _label_text(text) for text in texts]


def _label_text(given):
    """A label's text, or its texts one after another; "castor-oil" is read as words, a description stays as it is."""
    parts = list(given) if isinstance(given, list | tuple) else [given]
    if not all(isinstance(part, str) for part in parts):
        raise TypeError(f"label_texts must hold strings, or None; got {given!r:.80}.")
    return ", ".join(part if " " in part else readable(part) for part in parts) if parts else None
