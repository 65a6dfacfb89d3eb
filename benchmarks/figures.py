"""The pictures of the documentation: what `TagClassifier()` does to the tail of Reuters-21578, and a report.

Run ``SKBALANCE_DATA=folder python benchmarks/figures.py``. Writes `docs/images/tail.png`, `curves.png` and, where
Chromium is found, `report.png`, the page on the web features.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from corpora import tfidf
from PIL import Image
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from skbalance import TagClassifier
from skbalance.datasets import fetch_reuters21578, load_web_features
from skbalance.plotting import LabelPrecisionRecallDisplay, LabelRocDisplay, LabelScoreDisplay

matplotlib.use("Agg")
IMAGES = Path(__file__).parents[1] / "docs" / "images"


def main():
    folder = os.environ.get("SKBALANCE_DATA")
    train, test = (fetch_reuters21578(subset=part, data_home=folder) for part in ("train", "test"))
    names = train.target_names
    tags = [[names[j] for j in row.indices] for row in train.target]
    words = tfidf()
    plain = make_pipeline(words, OneVsRestClassifier(LinearSVC(random_state=0))).fit(train.data, train.target)
    tagger = TagClassifier(classes=list(names), random_state=0).fit(list(train.data), tags)
    predicted = {
        "LinearSVC, default settings": plain.predict(test.data),
        "TagClassifier()": tagger.estimator_.predict(list(test.data)),
    }
    counts = np.asarray(train.target.sum(axis=0)).ravel()
    display = LabelScoreDisplay.from_predictions(test.target, predicted, label_counts=counts)
    display.ax_.set_title("Reuters-21578: F1 of each of 90 topics, and the means of tail, medium and head")
    IMAGES.mkdir(parents=True, exist_ok=True)
    display.figure_.savefig(IMAGES / "tail.png", dpi=110, bbox_inches="tight")
    draw_curves(test.target, tagger.predict_proba(list(test.data)), counts)
    draw_report(IMAGES / "report.png")


def draw_curves(target, scores, counts):
    """Draw the curves of all topics and of each group of them, beside each other."""
    figure, axes = plt.subplots(1, 2, figsize=(9.6, 4.6), layout="constrained")
    for display, ax in zip((LabelPrecisionRecallDisplay, LabelRocDisplay), axes):
        display.from_predictions(target, scores, label_counts=counts, ax=ax)
    figure.savefig(IMAGES / "curves.png", dpi=110)


def draw_report(picture):
    """Take a picture of a report's first screen."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-headless-shell", "google-chrome"))), None)
    if browser is None:
        print(f"{picture.name} is left as it is: there is no Chromium.")
        return
    web = load_web_features()
    model = TagClassifier(random_state=0).fit(web.data, web.tags)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "report.html")
        model.report(page, texts=web.data)
        options = ["--headless", "--no-sandbox", "--hide-scrollbars", "--window-size=1100,1400"]
        subprocess.run([browser, *options, f"--screenshot={picture.resolve()}", page.as_uri()], check=True)
    Image.open(picture).quantize(64).save(picture, optimize=True)


if __name__ == "__main__":
    main()
