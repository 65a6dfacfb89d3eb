"""
Every loss on Reuters-21578
===========================

Trains a linear model on TF-IDF features with each loss, and prints micro- and macro-F1 for all labels and macro-F1
for head, medium and tail labels, beside two of scikit-learn's own models. The last lines set the thresholds on the
training documents too, instead of one threshold at the middle of the scores.

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
from sklearn.svm import LinearSVC

from skbalance import BalancedMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.datasets import fetch_reuters21578, make_long_tailed_multilabel
from skbalance.losses import get_loss_names
from skbalance.metrics import group_f1_score


def load(download=True):
    """Training texts and labels, test texts and labels, and a sentence on what they are."""
    try:
        train = fetch_reuters21578(subset="train", download_if_missing=download)
        test = fetch_reuters21578(subset="test", download_if_missing=download)
    except OSError as error:
        texts, y = make_long_tailed_multilabel(
            5000, 60, labels_per_sample=2.0, tail_exponent=1.2, return_text=True, random_state=0
        )
        what = f"GENERATED text, not real: Reuters-21578 is not at hand ({str(error).splitlines()[0]})"
        return texts[:3500], y[:3500], texts[3500:], y[3500:], what
    return train.data, train.target, test.data, test.target, "Reuters-21578, ModApte split"


def report(name, model, X_train, y_train, X_test, y_test):
    """Fit, predict, and print one line of the table."""
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # labels of generated text may lack a positive document
        model.fit(X_train, y_train)
        seconds = time.perf_counter() - start
        predicted = model.predict(X_test)
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
    train, y_train, test, y_test, what = load(download=not arguments.no_download)
    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=2)
    X_train, X_test = vectorizer.fit_transform(train), vectorizer.transform(test)
    data = (X_train, y_train, X_test, y_test)
    print(f"{what}: {X_train.shape[0]} + {X_test.shape[0]} documents, {y_train.shape[1]} labels.\n")
    heads = "".join(f"{head:>8}" for head in ("micro", "macro", "head", "medium", "tail", "fit"))
    print(f"{'F1 in per cent, threshold at 0.5':<44}{heads}")
    report("LinearSVC, one-vs-rest", OneVsRestClassifier(LinearSVC(random_state=0)), *data)
    logistic = LogisticRegression(class_weight="balanced", max_iter=1000)
    report('LogisticRegression, class_weight="balanced"', OneVsRestClassifier(logistic), *data)
    for loss in get_loss_names():
        report(f"BalancedMultiLabelClassifier({loss!r})", BalancedMultiLabelClassifier(loss), *data)
    print("\nWith thresholds set on the training documents by cross-validation")
    tuned = {
        "LinearSVC": OneVsRestClassifier(LinearSVC(random_state=0)),
        "BalancedMultiLabelClassifier('db')": BalancedMultiLabelClassifier("db", tol=1e-4),
        "'squared_hinge', term_weighting='rf'": BalancedMultiLabelClassifier(
            "squared_hinge", term_weighting="rf", tol=1e-4
        ),
    }
    for name, model in tuned.items():
        report(name, TunedThresholdMultiLabelClassifierCV(model, random_state=0), *data)


if __name__ == "__main__":
    main()
