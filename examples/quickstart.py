"""
From texts to tags on Reuters-21578
===================================

Prints micro- and macro-F1 for all labels and macro-F1 for head, medium and tail labels: first of linear models on
TF-IDF at the usual threshold, scikit-learn's and those of some of the losses; then with the thresholds set on the
training documents; last of `TagClassifier`, which does all of that by itself and uses what the labels are called.

Reuters-21578 is read from ``SKBALANCE_DATA`` or the home folder, or downloaded; where neither works, generated text
takes its place, and the first line of output says so.
"""

import argparse
import time
import warnings

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.svm import LinearSVC

from skbalance import BalancedMultiLabelClassifier, TagClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.datasets import fetch_reuters21578, make_long_tailed_multilabel
from skbalance.metrics import group_f1_score


def load(download=True):
    """Training texts and labels, test texts and labels, what the labels are called, and a sentence on what it is."""
    try:
        train = fetch_reuters21578(subset="train", download_if_missing=download)
        test = fetch_reuters21578(subset="test", download_if_missing=download)
    except OSError as error:
        texts, y = make_long_tailed_multilabel(
            5000, 90, n_features=5000, labels_per_sample=1.5, tail_exponent=1.6, noise=0.75, return_text=True,
            random_state=0,
        )  # fmt: skip
        what = f"GENERATED text, not real: Reuters-21578 is not at hand ({str(error).splitlines()[0]})"
        return texts[:3500], y[:3500], texts[3500:], y[3500:], list(range(90)), what
    return train.data, train.target, test.data, test.target, list(train.target_names), "Reuters-21578, ModApte split"


def report(name, model, X_train, y_train, X_test, y_test):
    """Fit, predict, and print one line of the table."""
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # labels of generated text may lack a positive document
        model.fit(X_train, y_train)
        seconds = time.perf_counter() - start
        predicted = model.predict(X_test)
        if isinstance(model, TagClassifier):
            names = MultiLabelBinarizer(classes=model.classes_)
            y_train, predicted = names.fit_transform(y_train), names.fit_transform(predicted)
        counts = np.asarray(y_train.sum(axis=0)).ravel()
        groups = group_f1_score(y_test, predicted, label_counts=counts)
        micro, macro = (f1_score(y_test, predicted, average=average, zero_division=0) for average in ("micro", "macro"))
    scores = (micro, macro, groups["head"], groups["medium"], groups["tail"])
    print(f"{name:<44}" + "".join(f"{100 * score:>8.1f}" for score in scores) + f"{seconds:>8.1f}s", flush=True)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[1])
    parser.add_argument("--no-download", action="store_true", help="never download; generate text instead")
    arguments = parser.parse_args()
    train, y_train, test, y_test, names, what = load(download=not arguments.no_download)
    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=2)
    X_train, X_test = vectorizer.fit_transform(train), vectorizer.transform(test)
    data = (X_train, y_train, X_test, y_test)
    print(f"{what}: {X_train.shape[0]} + {X_test.shape[0]} documents, {y_train.shape[1]} labels.\n")
    heads = "".join(f"{head:>8}" for head in ("micro", "macro", "head", "medium", "tail", "fit"))
    print(f"{'F1 in per cent, threshold at 0.5':<44}{heads}")
    report("LinearSVC, one-vs-rest", OneVsRestClassifier(LinearSVC(random_state=0)), *data)
    logistic = LogisticRegression(class_weight="balanced", max_iter=1000)
    report('LogisticRegression, class_weight="balanced"', OneVsRestClassifier(logistic), *data)
    for loss in ("bce", "db", "cb_ntr", "balanced_ntr"):
        report(f"BalancedMultiLabelClassifier({loss!r})", BalancedMultiLabelClassifier(loss), *data)
    print("\nWith thresholds set on the training documents by cross-validation")
    for name, model in (
        ("LinearSVC, one-vs-rest", OneVsRestClassifier(LinearSVC(random_state=0))),
        ("BalancedMultiLabelClassifier()", BalancedMultiLabelClassifier()),
    ):
        report(name, TunedThresholdMultiLabelClassifierCV(model, random_state=0), *data)
    print("\nTexts in, tags out: thresholds, and what the labels are called if that says something")
    tags = MultiLabelBinarizer(classes=names).fit([names]).inverse_transform(y_train)
    report("TagClassifier()", TagClassifier(classes=names, random_state=0), train, tags, test, y_test)


if __name__ == "__main__":
    main()
