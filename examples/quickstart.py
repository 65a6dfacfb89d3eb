"""
From texts to tags, beside other models
=======================================

Prints micro- and macro-F1 for all labels and macro-F1 for head, medium and tail labels: first of linear models on
TF-IDF at the usual threshold, scikit-learn's and those of some of the losses; then with the thresholds set on the
training texts; last of `TagClassifier`, which does all of that by itself and uses what the labels are called.

The texts are descriptions of features of the web platform, which are part of the package: 944 short texts in 104
groups, most of them with a handful of texts. Where the archive of Reuters-21578 lies in ``SKBALANCE_DATA`` or
``~/skbalance_data``, its 10,789 stories take their place, and minutes instead of seconds. Nothing is downloaded.
"""

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
from skbalance.datasets import fetch_reuters21578, load_web_features
from skbalance.metrics import group_f1_score
from skbalance.model_selection import multilabel_train_test_split


def load():
    """Training texts and labels, test texts and labels, what the labels are called, and what it is."""
    try:
        train, test = (fetch_reuters21578(subset=part, download_if_missing=False) for part in ("train", "test"))
    except OSError:
        web = load_web_features()
        texts, texts_test, y, y_test = multilabel_train_test_split(web.data, web.target, test_size=0.3, random_state=0)
        # As in Reuters' usual split: labels with a text on both sides.
        kept = np.flatnonzero((y.sum(axis=0) > 0) & (y_test.sum(axis=0) > 0))
        what = "Features of the web platform (load_web_features)"
        return texts, y[:, kept], texts_test, y_test[:, kept], web.target_names[kept].tolist(), what
    return train.data, train.target, test.data, test.target, train.target_names.tolist(), "Reuters-21578, ModApte split"


def report(name, model, X_train, y_train, X_test, y_test):
    """Fit, predict, and print one line of the table."""
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a label with one text is missing from some folds
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
    train, y_train, test, y_test, names, what = load()
    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=2)
    X_train, X_test = vectorizer.fit_transform(train), vectorizer.transform(test)
    data = (X_train, y_train, X_test, y_test)
    print(f"{what}: {X_train.shape[0]} training and {X_test.shape[0]} test texts, {y_train.shape[1]} labels.\n")
    heads = "".join(f"{head:>8}" for head in ("micro", "macro", "head", "medium", "tail", "fit"))
    print(f"{'F1 in per cent, threshold at 0.5':<44}{heads}")
    report("LinearSVC, one-vs-rest", OneVsRestClassifier(LinearSVC(random_state=0)), *data)
    logistic = LogisticRegression(class_weight="balanced", max_iter=1000)
    report('LogisticRegression, class_weight="balanced"', OneVsRestClassifier(logistic), *data)
    for loss in ("bce", "db", "cb_ntr", "balanced_ntr"):
        report(f"BalancedMultiLabelClassifier({loss!r})", BalancedMultiLabelClassifier(loss), *data)
    print("\nWith thresholds set on the training texts by cross-validation")
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
