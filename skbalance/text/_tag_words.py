"""The words of a text that spoke for a tag, and those that match the tag's name."""

from __future__ import annotations

import numpy as np

from skbalance.text._name_ngrams import ngrams

_MOST_WORDS = 5


class TagWords:
    """Words behind the evidence of a fitted pipeline of :func:`fit_tag_pipeline`.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted.
    names : list of list of str or None
        What each tag is called.
    """

    def __init__(self, pipeline, names):
        self.names = names
        self.vectorizer = pipeline.named_steps["features"].transformer_list[0][1]
        self.linear = pipeline.named_steps["decisions"].estimator_[0]
        self.vocabulary = self.vectorizer.get_feature_names_out()

    def __call__(self, texts, rows):
        """Words that speak for tags of texts.

        Parameters
        ----------
        texts : list of str
            The texts.
        rows : list of list of int
            Columns of the tags of each text.

        Returns
        -------
        rows : list of list of (words, matched)
            For each of them what :class:`~skbalance.decisions.LabelEvidence` calls so.
        """
        features, analyze = self.vectorizer.transform(texts), self.vectorizer.build_analyzer()
        found = []
        for i, labels in enumerate(rows):
            part = slice(features.indptr[i], features.indptr[i + 1])
            columns, values = features.indices[part], features.data[part]
            words = set(analyze(texts[i]))
            found.append([(self._words(label, columns, values), self._matched(label, words)) for label in labels])
        return found

    def strongest(self, label, k):
        """The k words of the largest weights for a label, with these, the largest first."""
        weights = self.linear.weights(label, slice(None))
        return [(str(self.vocabulary[j]), float(weights[j])) for j in np.argsort(-weights, kind="stable")[:k]]

    def _words(self, label, columns, values):
        added = values * self.linear.weights(label, columns)
        best = [j for j in np.argsort(-added, kind="stable")[:_MOST_WORDS] if added[j] > 0]
        return tuple((str(self.vocabulary[columns[j]]), float(added[j])) for j in best)

    def _matched(self, label, words):
        if self.names is None:
            return ()
        own = list(dict.fromkeys(word for name in self.names[label] for word in name.split()))
        whole = tuple(word for word in own if word in words)
        if whole:
            return whole
        pieces = {piece for word in own for piece in ngrams(word)}
        shared = {word: len(pieces.intersection(ngrams(word))) for word in sorted(words)}
        nearest = max(shared, key=lambda word: shared[word], default=None)
        return (nearest,) if nearest is not None and shared[nearest] else ()
