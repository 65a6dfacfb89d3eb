"""
From a CSV file to tags
=======================

Reads a CSV file with a column of texts and a column of tags, holds a fifth of the rows out, trains
:class:`~skbalance.text.TagClassifier` on the rest, and prints how well it tags what it has not seen. Then it trains on
all rows and writes the model into a file::

    python examples/tag_csv.py tickets.csv --text body --tags labels --separator ";"

``examples/tag_service.py`` serves the file over HTTP.
"""

import argparse
import csv
import sys
import time
from collections import Counter
from pathlib import Path

import joblib
import numpy as np
from sklearn.metrics import f1_score
from sklearn.preprocessing import MultiLabelBinarizer

from skbalance import TagClassifier
from skbalance.metrics import group_f1_score
from skbalance.model_selection import multilabel_train_test_split


def read(path, text_column, tag_column, separator):
    """Texts and lists of tags."""
    csv.field_size_limit(sys.maxsize)
    with open(path, newline="", encoding="utf-8-sig") as stream:
        reader = csv.DictReader(stream)
        missing = [column for column in (text_column, tag_column) if column not in (reader.fieldnames or [])]
        if missing:
            raise ValueError(f"{path} has no column {missing[0]!r}; its columns are {reader.fieldnames}.")
        rows = [row for row in reader if (row[text_column] or "").strip()]
    tags = [[tag.strip() for tag in (row[tag_column] or "").split(separator) if tag.strip()] for row in rows]
    return [row[text_column] for row in rows], tags


def evaluate(texts, tags, random_state=0):
    """F1 on a fifth of the rows of a model that is trained on the others: micro, macro, head, medium, tail."""
    binarizer = MultiLabelBinarizer(sparse_output=True)
    y = binarizer.fit_transform(tags)
    parts = multilabel_train_test_split(texts, y, tags, test_size=0.2, random_state=random_state)
    texts_train, texts_test, y_train, y_test, tags_train, _ = parts
    model = TagClassifier(classes=list(binarizer.classes_), random_state=random_state, verbose=1)
    predicted = binarizer.transform(model.fit(texts_train, tags_train).predict(texts_test))
    scores = {average: f1_score(y_test, predicted, average=average, zero_division=0) for average in ("micro", "macro")}
    return scores | group_f1_score(y_test, predicted, label_counts=np.asarray(y_train.sum(axis=0)).ravel())


def main(arguments=None):
    """Read, try, train, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[1])
    parser.add_argument("file", help="a CSV file, its first line the names of the columns")
    parser.add_argument("--text", default="text", help="the column of texts (default: text)")
    parser.add_argument("--tags", default="tags", help="the column of tags (default: tags)")
    parser.add_argument("--separator", default=";", help="what stands between two tags of a row (default: ;)")
    parser.add_argument("--model", default="tags.joblib", help="the file to write (default: tags.joblib)")
    options = parser.parse_args(arguments)

    texts, tags = read(options.file, options.text, options.tags, options.separator)
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
