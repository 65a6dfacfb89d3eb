"""
====================================
Compare two losses, label by label
====================================

One number for all labels hides where a loss helps. This plot shows the F1 of every label against how often it was
seen in training, for two losses, with the mean of the head, medium and tail labels.
"""

import matplotlib.pyplot as plt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import load_web_features
from skbalance.model_selection import multilabel_train_test_split
from skbalance.plotting import LabelScoreDisplay

web = load_web_features()
texts, texts_test, y, y_test = multilabel_train_test_split(web.data, web.target, test_size=0.4, random_state=0)

# %%
# Fit one model with binary cross-entropy and one with the distribution-balanced loss; all else is the same.

models = {
    name: make_pipeline(TfidfVectorizer(sublinear_tf=True), BalancedMultiLabelClassifier(loss)).fit(texts, y)
    for name, loss in {"BCE": "bce", "distribution-balanced": "db"}.items()
}

# %%
# Each label is a point for either model, and the two are joined. Labels of the same count stand side by side.

LabelScoreDisplay.from_estimator(models, texts_test, y_test)
plt.show()

# %%
# The difference is one of recall: at the same threshold the balancing loss predicts rare labels more readily.
# Thresholds tuned for each label narrow it, see :ref:`sphx_glr_auto_examples_plot_thresholds.py`.

figure, axes = plt.subplots(1, 2, figsize=(13, 4.6), layout="constrained")
for ax, scoring in zip(axes, ("precision", "recall")):
    LabelScoreDisplay.from_estimator(models, texts_test, y_test, scoring=scoring, ax=ax)
plt.show()
