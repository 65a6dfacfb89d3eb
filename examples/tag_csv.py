"""
From a CSV file to tags
=======================

Reads a CSV file, as spreadsheets write it, with a column of texts and a column of tags, holds a fifth of the rows out,
trains :class:`~skbalance.text.TagClassifier` on the rest, and prints how well it tags what it has not seen. Then it
trains on all rows and writes the model into a file::

    python examples/tag_csv.py tickets.csv --text body --tags labels --separator ";"

``examples/tag_service.py`` serves the file over HTTP.
"""

import argparse
import codecs
import csv
import io
import re
import sys
import time
from collections import Counter
from pathlib import Path

import joblib
import numpy as np
from sklearn.metrics import f1_score

from skbalance import TagClassifier
from skbalance.metrics import group_f1_score
from skbalance.model_selection import multilabel_train_test_split

BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def decode(path, encoding=None):
    """What a file says: UTF-8, what its byte order mark tells, or the encoding that is given."""
    data = Path(path).read_bytes()
    if data[:4] == b"PK\3\4":
        raise ValueError(f"{path} is a workbook; save its sheet as CSV.")
    marked = next((name for mark, name in BYTE_ORDER_MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding or marked)
        if "\0" in text:
            raise UnicodeError("it holds zeros")
    except (UnicodeError, LookupError) as error:
        raise ValueError(
            f"{path} cannot be read as {encoding or marked}: {error}. Give its encoding, as in --encoding cp1252 or "
            "--encoding latin-1, which many spreadsheets write, or utf-16-le; or save it as CSV UTF-8."
        ) from None
    return text


def rows_of(text, delimiter, strict=False):
    """Rows as dicts. Between tabs quote marks may be parts of the texts, and do not come in pairs then."""
    unquoted = delimiter == "\t" and text.count('"') % 2
    quoting = csv.QUOTE_NONE if unquoted else csv.QUOTE_MINIMAL
    return csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=strict)


def read(path, text_column, tag_column, separator, encoding=None):
    """Texts and lists of tags, of a file whose columns stand between commas, semicolons, tabs or bars."""
    csv.field_size_limit(sys.maxsize)
    text = decode(path, encoding)
    told = re.match(r"sep=(.)\r?\n", text)  # a line for spreadsheets
    text = text[told.end() :] if told else text
    wanted = (text_column, tag_column)
    columns = {delimiter: rows_of(text, delimiter).fieldnames or [] for delimiter in (told[1] if told else ",;\t|")}
    delimiter = max(columns, key=lambda one: (set(wanted) <= set(columns[one]), len(columns[one])))
    missing = [column for column in wanted if column not in columns[delimiter]]
    if missing:
        raise ValueError(f"{path} has no column {missing[0]!r}; its columns are {columns[delimiter]}.")
    reader = rows_of(text, delimiter, strict=True)
    texts, tags = [], []
    try:
        for row in reader:
            if any(row.get(None, [])):
                raise ValueError(f"it has more fields than there are columns; a text with {delimiter!r} must be quoted")
            if (row[text_column] or "").strip():
                texts.append(row[text_column])
                tags.append([tag.strip() for tag in (row[tag_column] or "").split(separator) if tag.strip()])
    except (csv.Error, ValueError) as error:
        raise ValueError(f"{path}, line {reader.reader.line_num + bool(told)}: {error}.") from None
    return texts, tags


def evaluate(texts, tags, random_state=0):
    """F1 on a fifth of the rows of a model that is trained on the others: micro, macro, head, medium, tail."""
    texts_train, texts_test, tags_train, tags_test = multilabel_train_test_split(
        texts, tags, test_size=0.2, random_state=random_state
    )
    model = TagClassifier(classes=sorted({tag for row in tags for tag in row}), random_state=random_state, verbose=1)
    predicted = model.fit(texts_train, tags_train).predict(texts_test)
    y_train, y_test, predicted = (model.tag_indicator(rows) for rows in (tags_train, tags_test, predicted))
    scores = {average: f1_score(y_test, predicted, average=average, zero_division=0) for average in ("micro", "macro")}
    return scores | group_f1_score(y_test, predicted, label_counts=np.asarray(y_train.sum(axis=0)).ravel())


def main(arguments=None):
    """Read, try, train, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[1])
    parser.add_argument("file", help="a CSV file, its first line the names of the columns")
    parser.add_argument("--text", default="text", help="the column of texts (default: text)")
    parser.add_argument("--tags", default="tags", help="the column of tags (default: tags)")
    parser.add_argument("--separator", default=";", help="what stands between two tags of a row (default: ;)")
    parser.add_argument("--encoding", help="the encoding of the file (default: UTF-8, or as its byte order mark tells)")
    parser.add_argument("--model", default="tags.joblib", help="the file to write (default: tags.joblib)")
    options = parser.parse_args(arguments)

    texts, tags = read(options.file, options.text, options.tags, options.separator, options.encoding)
    counts = Counter(tag for row in tags for tag in set(row))
    rare = sum(count <= 8 for count in counts.values())
    print(f"{len(texts)} texts, {len(counts)} tags, {rare} of them with at most 8 texts.")

    scores = evaluate(texts, tags)
    known = {name: score for name, score in scores.items() if not np.isnan(score)}  # a group may have no tags
    print("F1 on a fifth that was held out: " + ", ".join(f"{name} {score:.3f}" for name, score in known.items()))

    start = time.perf_counter()
    model = TagClassifier(random_state=0).fit(texts, tags)
    joblib.dump(model, options.model, compress=3)
    megabytes = Path(options.model).stat().st_size / 1e6
    print(f"Trained on all rows in {time.perf_counter() - start:.0f} s: {options.model}, {megabytes:.1f} MB.")
    for text, best in zip(texts[:3], model.predict_topk(texts[:3], k=min(3, len(counts)))):
        print(f"  {text[:60]!r}: " + ", ".join(f"{tag} {score:+.1f}" for tag, score in best))
    return scores


if __name__ == "__main__":
    main()
