"""Texts of help-desk tickets: each tag has six words of its own, and the later tags are rare."""

import numpy as np

WORDS = {
    "invoices": "charge refund payment card receipt billing",
    "passwords": "login account locked signin reset expired",
    "delivery": "parcel courier late tracking address customs",
    "crashes": "freeze error bug stacktrace hang restart",
    "wishes": "feature idea add improve option propose",
    "privacy": "gdpr erase data consent export cookies",
    "mobile": "phone android ios app tablet touch",
    "interface": "endpoint token rest api webhook json",
    "printers": "paper toner jam ink cartridge tray",
    "contracts": "clause lawyer court sue liability notice",
}
TAGS = list(WORDS)
FILL = [
    "the",
    "a",
    "please",
    "today",
    "we",
    "our",
    "still",
    "since",
    "morning",
    "team",
    "again",
    "hello",
    "thanks",
    "help",
]


def tickets(n_texts, seed=0):
    """Texts of one to three tags; each has six common words, and three of the six of every tag."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, 11) ** 1.3
    texts, tags = [], []
    for _ in range(n_texts):
        chosen = rng.choice(TAGS, size=1 + rng.binomial(2, 0.25), replace=False, p=share / share.sum()).tolist()
        words = [*rng.choice(FILL, 6), *(word for tag in chosen for word in rng.choice(WORDS[tag].split(), 3))]
        texts.append(" ".join(rng.permutation(words)))
        tags.append(chosen)
    return texts, tags


def described(tag, n_words, common="please help"):
    """A text of the first words of one tag."""
    return " ".join([common, *WORDS[tag].split()[:n_words]])
