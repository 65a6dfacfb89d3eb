"""
===================================
What the losses charge, and to whom
===================================

A sample has a few labels and lacks all others, so nearly every element of a multi-label loss is a negative, and most
of these are easy: their logit is far below zero already. These curves show what each loss does with them, for the
commonest and the rarest label of a training set.
"""

import matplotlib.pyplot as plt

from skbalance.datasets import make_long_tailed_multilabel
from skbalance.losses import ClassBalancedFocalLoss
from skbalance.plotting import LossDisplay

_, y = make_long_tailed_multilabel(3000, 90, labels_per_sample=1.5, tail_exponent=1.6, random_state=0)

# %%
# From binary cross-entropy to the distribution-balanced loss
# ------------------------------------------------------------
# The focal loss takes weight off everything that is easy. The negative-tolerant loss makes negatives easy at a higher
# logit, and shifts that logit by how rare the label is. The distribution-balanced loss does both, and takes weight off
# the common label where the sample is there for another one.

losses = {"BCE": "bce", "focal": "focal", "negative-tolerant": "ntr_focal", "distribution-balanced": "db"}
LossDisplay.from_targets(losses, y)
plt.show()

# %%
# Easy negatives
# --------------
# On a logarithmic scale it shows how little is left of a negative that is easy: at a logit of -3 the losses differ by
# orders of magnitude.

LossDisplay.from_targets(losses, y, rows="gradient", yscale="log")
plt.show()

# %%
# A parameter
# -----------
# The same plot compares settings of one loss: here how far class-balanced weights lower the commonest label.

losses = {f"β = {beta}": ClassBalancedFocalLoss(beta=beta, scale=1.0) for beta in (0.0, 0.9, 0.99)}
LossDisplay.from_targets(losses, y, rows="loss")
plt.show()
