"""Texts whose words are their labels, and a fine-tuned classifier of them."""

import numpy as np

from skbalance.text import FineTunedMultiLabelClassifier

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
