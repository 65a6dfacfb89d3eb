"""
===============================
Thresholds, and what they bring
===============================

A classifier predicts a label where its score is above a threshold, usually a probability of one half. For rare labels
that is seldom a good one. Here the thresholds are set by cross-validation, and the plot shows where they lie and what
each label gains or loses.
"""

import matplotlib.pyplot as plt
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline

from skbalance import BalancedMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.datasets import make_long_tailed_multilabel
from skbalance.model_selection import multilabel_train_test_split
from skbalance.plotting import ThresholdDisplay

X, y = make_long_tailed_multilabel(
    4000, 90, n_features=3000, labels_per_sample=1.5, tail_exponent=1.6, length=30, noise=0.6, random_state=0
)
X_train, X_test, y_train, y_test = multilabel_train_test_split(X, y, test_size=0.4, random_state=0)

# %%
# Set a threshold for each label on out-of-fold scores, shrunk toward the threshold of labels of similar frequency.

model = make_pipeline(TfidfTransformer(sublinear_tf=True), BalancedMultiLabelClassifier("bce"))
tuned = TunedThresholdMultiLabelClassifierCV(model, scores="estimator", cv=3, random_state=0)
tuned.fit(X_train, y_train)

# %%
# Above, the thresholds: the rarer the label, the lower its threshold. Below, the F1 of each label on test data, against
# that of the same model at its usual threshold.

ThresholdDisplay.from_estimator(tuned, X_test, y_test)
plt.show()

# %%
# In one number each:

for name, predicted in {"usual threshold": tuned.estimator_.predict(X_test), "tuned": tuned.predict(X_test)}.items():
    scores = [f1_score(y_test, predicted, average=average, zero_division=0) for average in ("micro", "macro")]
    print(f"{name:15} micro-F1 {scores[0]:.3f}  macro-F1 {scores[1]:.3f}")
