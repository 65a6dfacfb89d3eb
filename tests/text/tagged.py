"""Texts whose words are their labels, a fine-tuned classifier of them, and the checks of what takes texts."""

import numpy as np
from sklearn.utils import estimator_checks

from skbalance.text import FineTunedMultiLabelClassifier

# The checks of scikit-learn that hand over no data. All others give arrays of numbers where texts are taken.
CHECKS = [
    estimator_checks.check_estimator_cloneable,
    estimator_checks.check_estimator_repr,
    estimator_checks.check_estimator_tags_renamed,
    estimator_checks.check_valid_tag_types,
    estimator_checks.check_no_attributes_set_in_init,
    estimator_checks.check_mixin_order,
    estimator_checks.check_parameters_default_constructible,
    estimator_checks.check_get_params_invariance,
    estimator_checks.check_set_params,
    estimator_checks.check_param_validation,
]

WORDS = ["aaa", "bbb", "ccc", "ddd"]


def make_texts(n_texts=60, seed=0):
    random_state = np.random.RandomState(seed)
    y = (random_state.rand(n_texts, 4) < [0.5, 0.4, 0.3, 0.2]).astype(int)
    y[0] = 1
    texts = [
        " ".join([word for word, positive in zip(WORDS, row) if positive] + ["xyz"[number % 3]] * (number % 7))
        for number, row in enumerate(y)
    ]
    return texts, y


def make_model(folder, **params):
    quick = {"max_iter": 2, "learning_rate_init": 3e-3, "head_learning_rate_init": 0.1, "random_state": 0}
    return FineTunedMultiLabelClassifier(str(folder), device="cpu", **quick | params)
