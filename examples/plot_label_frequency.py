"""
===========================
See the tail of your labels
===========================

Before any model: how often does each label occur, and which labels come together? Both decide how hard the rare
labels will be. Put your own indicator matrix in place of ``y``.
"""

import matplotlib.pyplot as plt

from skbalance.datasets import load_web_features, make_long_tailed_multilabel
from skbalance.plotting import LabelCooccurrenceDisplay, LabelFrequencyDisplay

texts, y = load_web_features(return_X_y=True)

# %%
# The long tail
# -------------
# Labels are sorted by frequency, and the counts are on a logarithmic scale. The background shows the groups of
# Huang et al. (2021): head labels have 35 samples or more, tail labels 8 or fewer.

LabelFrequencyDisplay.from_targets(y)
plt.show()

# %%
# Which labels come together
# --------------------------
# Column j shows the share of the samples of label j that also have label i. A tail label that hardly ever comes
# without a certain head label has a dark cell at the top of its column. Whoever draws more samples of such a tail
# label draws more of the head label too, which is what rebalanced losses correct for. The texts above have one label
# each, most of them; these labels are generated, each rare one linked to a common one.

X, y = make_long_tailed_multilabel(3000, 90, labels_per_sample=1.5, tail_exponent=1.6, linkage=0.7, random_state=0)
LabelCooccurrenceDisplay.from_targets(y)
plt.show()

# %%
# Many labels
# -----------
# With thousands of labels a cell is the mean over two groups of labels of neighbouring rank. No matrix of labels by
# labels is formed on the way.

_, y_large = make_long_tailed_multilabel(20_000, 5000, labels_per_sample=8, length=1, n_features=20, random_state=0)
LabelCooccurrenceDisplay.from_targets(y_large, boundaries=(15, 50))
plt.show()
