"""
====================================
Compare two losses, label by label
====================================

One number for all labels hides where a loss helps. This plot shows the F1 of every label against how often it was
seen in training, for two losses, with the mean of the head, medium and tail labels.
"""

import matplotlib.pyplot as plt
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.pipeline import make_pipeline

from skbalance import BalancedMultiLabelClassifier
from skbalance.datasets import make_long_tailed_multilabel
from skbalance.model_selection import multilabel_train_test_split
from skbalance.plotting import LabelScoreDisplay

X, y = make_long_tailed_multilabel(
    4000, 90, n_features=3000, labels_per_sample=1.5, tail_exponent=1.6, length=30, noise=0.6, random_state=0
)
X_train, X_test, y_train, y_test = multilabel_train_test_split(X, y, test_size=0.4, random_state=0)

# %%
# Fit one model with binary cross-entropy and one with the distribution-balanced loss; all else is the same.

models = {
    name: make_pipeline(TfidfTransformer(sublinear_tf=True), BalancedMultiLabelClassifier(loss)).fit(X_train, y_train)
    for name, loss in {"BCE": "bce", "distribution-balanced": "db"}.items()
}

# %%
# Each label is a point for either model, and the two are joined. Labels of the same count stand side by side.

LabelScoreDisplay.from_estimator(models, X_test, y_test)
plt.show()

# %%
# The difference is one of recall: at the same threshold the balancing loss predicts rare labels more readily.
# Thresholds tuned for each label narrow it, see :ref:`sphx_glr_auto_examples_plot_thresholds.py`.

figure, axes = plt.subplots(1, 2, figsize=(13, 4.6), layout="constrained")
for ax, scoring in zip(axes, ("precision", "recall")):
    LabelScoreDisplay.from_estimator(models, X_test, y_test, scoring=scoring, ax=ax)
plt.show()
