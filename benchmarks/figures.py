"""Pictures of the README: what the losses and the thresholds do to the tail of Reuters-21578.

Run ``SKBALANCE_DATA=folder python benchmarks/figures.py``. Writes `docs/images/tail.png`.
"""

import os
from pathlib import Path

import matplotlib
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

from skbalance import BalancedMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.datasets import fetch_reuters21578
from skbalance.plotting import LabelScoreDisplay

matplotlib.use("Agg")
IMAGES = Path(__file__).parents[1] / "docs" / "images"


def main():
    folder = os.environ.get("SKBALANCE_DATA")
    train, test = (fetch_reuters21578(subset=part, data_home=folder) for part in ("train", "test"))
    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=2)
    X_train, X_test = vectorizer.fit_transform(train.data), vectorizer.transform(test.data)
    models = {
        "LinearSVC": OneVsRestClassifier(LinearSVC(random_state=0)),
        "squared_hinge, term weights, thresholds by cross-validation": TunedThresholdMultiLabelClassifierCV(
            BalancedMultiLabelClassifier("squared_hinge", term_weighting="rf", tol=1e-4), random_state=0
        ),
    }
    predicted = {name: model.fit(X_train, train.target).predict(X_test) for name, model in models.items()}
    counts = np.asarray(train.target.sum(axis=0)).ravel()
    display = LabelScoreDisplay.from_predictions(test.target, predicted, label_counts=counts)
    display.ax_.set_title("Reuters-21578: F1 of each of 90 topics, and the means of tail, medium and head")
    IMAGES.mkdir(parents=True, exist_ok=True)
    display.figure_.savefig(IMAGES / "tail.png", dpi=110, bbox_inches="tight")


if __name__ == "__main__":
    main()
