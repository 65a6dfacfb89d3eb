"""The words of a text that spoke for a tag, and those that match the tag's name."""

from __future__ import annotations

from dataclasses import replace

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
        self.linear = pipeline.named_steps["decisions"].estimator_[0].estimator_
        self.vocabulary = self.vectorizer.get_feature_names_out()

    def explain(self, texts, rows):
        """Evidence of rows, with words.

        Parameters
        ----------
        texts : list of str
            The texts.
        rows : list of list of LabelEvidence
            Of each text; labels are columns.

        Returns
        -------
        rows : list of list of LabelEvidence
        """
        features = self.vectorizer.transform(texts)
        explained = []
        for i, row in enumerate(rows):
            part = slice(features.indptr[i], features.indptr[i + 1])
            columns, values = features.indices[part], features.data[part]
            words = set(self.vectorizer.build_analyzer()(texts[i]))
            explained.append(
                [
                    replace(
                        each, words=self._words(each.label, columns, values), matched=self._matched(each.label, words)
                    )
                    for each in row
                ]
            )
        return explained

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
