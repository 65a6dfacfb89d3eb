"""
===============================
Thresholds, and what they bring
===============================

A classifier predicts a label where its score is above a threshold, usually a probability of one half. For rare labels
that is seldom a good one. Here the thresholds are set by cross-validation, and the plot shows where they lie and what
each label gains or loses.
"""

import matplotlib.pyplot as plt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline

from skbalance import BalancedMultiLabelClassifier, TunedThresholdMultiLabelClassifierCV
from skbalance.datasets import load_web_features
from skbalance.model_selection import multilabel_train_test_split
from skbalance.plotting import LabelScoreDisplay

web = load_web_features()
texts, texts_test, y, y_test = multilabel_train_test_split(web.data, web.target, test_size=0.4, random_state=0)

# %%
# Set a threshold for each label on out-of-fold scores, shrunk toward the threshold of labels of similar frequency.

model = make_pipeline(TfidfVectorizer(sublinear_tf=True), BalancedMultiLabelClassifier("bce"))
tuned = TunedThresholdMultiLabelClassifierCV(model, scores="estimator", cv=3, random_state=0)
tuned.fit(texts, y)

# %%
# The rarer the label, the lower its threshold.

_, ax = plt.subplots()
ax.semilogx(tuned.label_counts_, tuned.thresholds_, "o", alpha=0.5)
ax.axhline(0.5, linestyle=":", color="grey")
ax.set(xlabel="training texts of the label", ylabel="threshold")
plt.show()

# %%
# The F1 of each label on test data, beside that of the same model at its usual threshold.

LabelScoreDisplay.from_estimator(
    {"usual threshold": tuned.estimator_, "tuned": tuned}, texts_test, y_test, label_counts=tuned.label_counts_
)
plt.show()

# %%
# In one number each:

for name, model in {"usual threshold": tuned.estimator_, "tuned": tuned}.items():
    predicted = model.predict(texts_test)
    scores = [f1_score(y_test, predicted, average=average, zero_division=0) for average in ("micro", "macro")]
    print(f"{name:15} micro-F1 {scores[0]:.3f}  macro-F1 {scores[1]:.3f}")
